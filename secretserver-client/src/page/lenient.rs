//! Lists in which a record that cannot be read costs that record, and not the page or the list.
//!
//! A page is read strictly first, in one pass; only when that fails it is taken apart, record by record. So a list without mistakes costs nothing more.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::page::{Page, Pages};
use crate::request::{DecodeError, EncodeError, Endpoint, Method, Path, Payload, Query, Reply};

/// A record that could not be read: where it is, and never what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordError {
    /// Its offset in the whole list.
    pub position: u32,
    /// Its place in its page, from 0.
    pub index: u32,
    /// Its number, if that could be read: with it, the record can be looked at alone.
    pub id: Option<i64>,
    /// What is wrong with it, and at which place in it.
    pub cause: DecodeError,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} of the list", self.position)?;
        if let Some(id) = self.id {
            write!(f, " (id {id})")?;
        }
        write!(f, " could not be read: {}", self.cause)
    }
}

impl std::error::Error for RecordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// One page of a list, of which the readable records are taken.
pub(crate) struct LenientPage<E> {
    pub(crate) endpoint: E,
    pub(crate) skip: u32,
}

impl<E, T> Endpoint for LenientPage<E>
where
    E: Endpoint<Response = Page<T>>,
    T: DeserializeOwned + Send,
{
    const OPERATION: &'static str = E::OPERATION;
    const METHOD: Method = E::METHOD;
    const IDEMPOTENT: bool = E::IDEMPOTENT;
    const AUTHENTICATED: bool = E::AUTHENTICATED;
    type Response = Page<T>;

    fn path(&self) -> Path {
        self.endpoint.path()
    }

    fn query(&self) -> Query {
        self.endpoint.query()
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        self.endpoint.body()
    }

    fn headers(&self) -> HeaderMap {
        self.endpoint.headers()
    }

    fn idempotent(&self) -> bool {
        self.endpoint.idempotent()
    }

    fn decode(&self, reply: &Reply) -> Result<Page<T>, DecodeError> {
        self.endpoint.decode(reply).or_else(|strict| take_apart(reply, self.skip).ok_or(strict))
    }
}

/// The readable records, and where the others are. `None` when the page around them cannot be read either.
fn take_apart<T: DeserializeOwned>(reply: &Reply, skip: u32) -> Option<Page<T>> {
    let page: Page<Value> = reply.json().ok()?;
    let mut records = Vec::new();
    let mut malformed = Vec::new();
    for (index, value) in (0_u32..).zip(&page.records) {
        match serde_path_to_error::deserialize::<_, T>(value) {
            Ok(record) => records.push(record),
            Err(error) => malformed.push(RecordError {
                position: skip.saturating_add(index),
                index,
                id: value.get("id").and_then(Value::as_i64),
                cause: DecodeError::record(&error.path().to_string()),
            }),
        }
    }
    Some(Page {
        records,
        malformed,
        skip: page.skip,
        take: page.take,
        total: page.total,
        has_next: page.has_next,
        next_skip: page.next_skip,
        success: page.success,
    })
}

/// A list that goes on after a record that cannot be read. Made by [`Pager::lenient`](crate::Pager::lenient).
///
/// An outer error ends the list, like that of a [`Pager`](crate::Pager); an inner one is one record.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// use futures_util::TryStreamExt as _;
/// let mut users = client.users().search(Default::default()).lenient();
/// while let Some(user) = users.try_next().await? {
///     match user {
///         Ok(user) => println!("{}", user.user_name),
///         Err(record) => eprintln!("left out: {record}"),
///     }
/// }
/// # Ok(()) }
/// ```
#[must_use = "streams do nothing unless you poll them"]
pub struct LenientPager<T> {
    pages: Pages<T>,
    current: VecDeque<Result<T, RecordError>>,
    position: u32,
}

impl<T> LenientPager<T> {
    pub(super) fn new(pages: Pages<T>, position: u32) -> Self {
        Self { pages, current: VecDeque::new(), position }
    }

    /// The offset of the next entry that will be given out, readable or not.
    pub fn position(&self) -> u32 {
        self.position
    }
}

/// The records and the others, each in its place.
fn in_order<T>(page: Page<T>) -> VecDeque<Result<T, RecordError>> {
    let mut malformed = page.malformed.into_iter().peekable();
    let mut records = page.records.into_iter();
    let mut all = VecDeque::new();
    for index in 0_u32.. {
        if let Some(error) = malformed.next_if(|error| error.index == index) {
            all.push_back(Err(error));
        } else if let Some(record) = records.next() {
            all.push_back(Ok(record));
        } else {
            break;
        }
    }
    all
}

impl<T: Unpin> Stream for LenientPager<T> {
    type Item = Result<Result<T, RecordError>, Error>;

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
                    self.current = in_order(page);
                }
            }
        }
    }
}

impl<T> fmt::Debug for LenientPager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LenientPager").field("position", &self.position).finish_non_exhaustive()
    }
}
