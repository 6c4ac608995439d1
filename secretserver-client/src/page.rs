//! Long lists, page by page.
//!
//! Secret Server pages by offset (`skip`, `take`), so a list that changes while it is read may show an entry twice or not at all; every search
//! of this crate sends an explicit order, by which new entries come last. What the server says about its pages is checked: a list that does
//! not advance is an error and not an endless loop, and when it gives fewer entries than it claims, none is skipped.

mod lenient;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Outcome};
use crate::transport::BoxFuture;
pub(crate) use lenient::LenientPage;
pub use lenient::{LenientPager, RecordError};

/// One page of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<T>", bound = "T: Deserialize<'de>")]
#[non_exhaustive]
pub struct Page<T> {
    /// The entries.
    pub records: Vec<T>,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries the server was willing to give at once.
    pub take: u32,
    /// How many entries there are in all, as far as the server says.
    pub total: u32,
    /// Whether more pages follow.
    pub has_next: bool,
    /// Where the next page begins.
    pub next_skip: u32,
    /// False although the status was 200: the server could not make the list, and this is no empty one. A [`Pager`] makes an error of it.
    pub success: bool,
    /// Records that could not be read, in order, in a list that is read [leniently](Pager::lenient). Else there are none: then such a page is an error.
    pub malformed: Vec<RecordError>,
}

/// A page as the server writes it. One without records is none: taking it for an empty list would make people create what exists.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<T> {
    records: Vec<T>,
    #[serde(default)]
    skip: u32,
    #[serde(default)]
    take: u32,
    #[serde(default)]
    total: u32,
    has_next: Option<bool>,
    next_skip: Option<u32>,
    success: Option<bool>,
}

impl<T> From<Envelope<T>> for Page<T> {
    fn from(envelope: Envelope<T>) -> Self {
        let given = u32::try_from(envelope.records.len()).unwrap_or(u32::MAX);
        let end = envelope.skip.saturating_add(given);
        Self {
            records: envelope.records,
            skip: envelope.skip,
            take: envelope.take,
            total: envelope.total,
            // What is not said follows from how many there are.
            has_next: envelope.has_next.unwrap_or(end < envelope.total),
            next_skip: envelope.next_skip.unwrap_or(end),
            success: envelope.success.unwrap_or(true),
            malformed: Vec::new(),
        }
    }
}

impl<T> Page<T> {
    pub(crate) fn empty(skip: u32) -> Self {
        Self {
            records: Vec::new(),
            skip,
            take: 0,
            total: 0,
            has_next: false,
            next_skip: 0,
            success: true,
            malformed: Vec::new(),
        }
    }

    /// How many entries the server gave, readable or not.
    fn given(&self) -> u32 {
        u32::try_from(self.records.len().saturating_add(self.malformed.len())).unwrap_or(u32::MAX)
    }
}

type Fetching<T> = BoxFuture<Result<Page<T>, Error>>;
type Fetch<T> = Arc<dyn Fn(Ask) -> Fetching<T> + Send + Sync>;

/// Which page, and how it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) skip: u32,
    pub(crate) take: u32,
    pub(crate) lenient: bool,
}

/// A list that is fetched as it is read: a stream of entries. Nothing is sent before it is polled; it ends after the first error.
///
/// Dropping it abandons the pages that are under way; nothing on the server changes.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// use futures_util::TryStreamExt as _;
/// let mut found = client.secrets().search(Default::default()).page_size(500).prefetch(4);
/// while let Some(secret) = found.try_next().await? {
///     println!("{}", secret.name);
/// }
/// # Ok(()) }
/// ```
#[must_use = "streams do nothing unless you poll them"]
pub struct Pager<T> {
    pages: Pages<T>,
    current: VecDeque<T>,
    position: u32,
}

/// The same list, page by page.
#[must_use = "streams do nothing unless you poll them"]
pub struct Pages<T> {
    operation: &'static str,
    fetch: Fetch<T>,
    take: u32,
    lenient: bool,
    ahead: usize,
    /// The pages under way. Only those that something happened to are looked at.
    under_way: FuturesOrdered<Fetching<T>>,
    /// Where they begin, in order.
    offsets: VecDeque<u32>,
    /// The offset of the next page that is to be asked for; `None` when no more are.
    next: Option<u32>,
    /// How far apart pages are; known after the first.
    stride: Option<u32>,
    /// Where the list ends, as far as is known.
    total: u32,
}

impl<T> Pager<T> {
    pub(crate) fn new(
        operation: &'static str,
        fetch: impl Fn(Ask) -> Fetching<T> + Send + Sync + 'static,
    ) -> Self {
        let pages = Pages {
            operation,
            fetch: Arc::new(fetch),
            take: 200,
            lenient: false,
            ahead: 1,
            under_way: FuturesOrdered::new(),
            offsets: VecDeque::new(),
            next: Some(0),
            stride: None,
            total: 0,
        };
        Self { pages, current: VecDeque::new(), position: 0 }
    }

    /// How many entries to ask for at once; 200 by default, at least 1. The server may give fewer.
    pub fn page_size(mut self, entries: u32) -> Self {
        self.pages.take = entries.clamp(1, i32::MAX.unsigned_abs());
        self
    }

    /// How many pages may be under way at once, from 1 to 64; 1 by default. They are still given out in order. The first page always comes alone.
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.pages.ahead = pages.clamp(1, 64);
        self
    }

    /// Begins at this entry, such as the [`position`](Self::position) of an earlier reading. Only before the first entry was read.
    pub fn starting_at(mut self, entry: u32) -> Self {
        self.pages.next = Some(entry);
        self.position = entry;
        self
    }

    /// The offset of the next entry that will be given out.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// The same list, in which a record that cannot be read costs that record and not the list.
    pub fn lenient(mut self) -> LenientPager<T> {
        self.pages.lenient = true;
        LenientPager::new(self.pages, self.position)
    }

    /// The same list, page by page.
    pub fn into_pages(self) -> Pages<T> {
        self.pages
    }
}

impl<T: Unpin> Stream for Pager<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(entry) = self.current.pop_front() {
                self.position = self.position.saturating_add(1);
                return Poll::Ready(Some(Ok(entry)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    self.position = page.skip;
                    self.current = page.records.into();
                }
            }
        }
    }
}

impl<T> Pages<T> {
    fn ask(&mut self) {
        while let Some(skip) = self.next {
            // Until the first page has come, nobody knows how large pages are and how many there are.
            let allowed = if self.stride.is_some() { self.ahead } else { 1 };
            if self.offsets.len() >= allowed {
                return;
            }
            let take = self.stride.unwrap_or(self.take);
            let ask = Ask { skip, take, lenient: self.lenient };
            self.under_way.push_back((self.fetch)(ask));
            self.offsets.push_back(skip);
            self.next = match self.stride {
                Some(stride) => skip.checked_add(stride).filter(|&next| next < self.total),
                None => None,
            };
        }
    }

    fn end(&mut self) {
        self.next = None;
        self.abandon();
    }

    /// Drops the pages under way.
    fn abandon(&mut self) {
        self.under_way = FuturesOrdered::new();
        self.offsets.clear();
    }

    /// Judges a page that has come, and says where the list goes on.
    fn judge(&mut self, asked: u32, page: &mut Page<T>) -> Result<(), Error> {
        page.skip = asked;
        if !page.success {
            return Err(Error::new(ErrorKind::Server, Outcome::NotDone, self.operation)
                .with_detail("the server answered with success that it did not succeed, and not why"));
        }
        let given = page.given();
        if !page.has_next || given == 0 {
            self.end();
            return Ok(());
        }
        if page.next_skip <= asked {
            self.end();
            return Err(Error::new(ErrorKind::Decode, Outcome::NotDone, self.operation).with_detail(
                "the server's list does not advance: it claims a next page that begins where this one did",
            ));
        }
        // A server that claims to have given more than it did would make us skip entries.
        let goes_on = page.next_skip.min(asked.saturating_add(given));
        let planned = self.offsets.front().copied().or(self.next);
        self.total = page.total;
        if planned != Some(goes_on) {
            self.abandon();
            self.next = Some(goes_on);
        }
        let stride = goes_on.saturating_sub(asked);
        // Later pages may be short; only the first, or a change of plan, says how large they are.
        if self.stride.is_none() || planned != Some(goes_on) {
            self.stride = Some(stride);
        }
        Ok(())
    }
}

impl<T: Unpin> Stream for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.ask();
        let Some(result) = ready!(this.under_way.poll_next_unpin(cx)) else { return Poll::Ready(None) };
        let Some(asked) = this.offsets.pop_front() else { return Poll::Ready(None) };
        let result = result.and_then(|mut page| {
            this.judge(asked, &mut page)?;
            Ok(page)
        });
        if result.is_err() {
            this.end();
        }
        Poll::Ready(Some(result))
    }
}

impl<T> fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("position", &self.position).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("next", &self.next).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
