//! Searches in pages, on one connection from the first to the last: the server's cookie is good for nothing else.

use futures_util::stream;
use ldap3::{Scope, controls::RawControl};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    LdapDirectory, ber,
    call::Call,
    connection::{Connection, DOMAIN_SCOPE, Question, optional},
    diagnostic,
    entry::Entry,
    lookup, members, ranged, restore,
};
use crate::{
    Dn, ErrorKind, Filter, GroupKey, ListOptions, Query, Result,
    listing::{self, Listing},
};

const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// What a controller sends at most in one page (`MaxPageSize`), and what is asked for unless told otherwise.
pub(super) const PAGE_SIZE: u32 = 1000;

/// What is listed.
pub(super) enum Target {
    Query {
        query: Query,
        kind: Filter,
    },
    /// The members of a group; those of its groups too, when `nested`.
    Members {
        group: GroupKey,
        nested: bool,
        /// Those whose primary group it is, too.
        primary: bool,
    },
}

/// Where a list is searched for.
struct Place {
    base: String,
    filter: Filter,
    /// The group that may have members which no search of this domain finds.
    open_to_others: Option<Dn>,
}

/// One page, and whether it is the last: a task that ends without having said so has broken off.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) last: bool,
}

pub(super) struct Search {
    pub(super) operation: &'static str,
    pub(super) target: Target,
    pub(super) attributes: Vec<String>,
    pub(super) page_size: Option<u32>,
    /// Whether deleted objects are listed too.
    pub(super) deleted: bool,
}

impl Connection {
    /// One page of a subtree, and the cookie to ask for the next one with; it is empty after the last. Only the first page is asked for again
    /// when the connection is lost: a cookie belongs to its connection.
    pub(super) async fn page(
        &mut self,
        call: &Call,
        base: &str,
        filter: &str,
        attributes: &[&str],
        page: (u32, &[u8]),
        further: &[RawControl],
    ) -> Result<(Vec<Entry>, Vec<u8>)> {
        let (size, cookie) = page;
        let paged = RawControl {
            ctype: PAGED_RESULTS.to_owned(),
            crit: true,
            val: Some(ber::page_request(size, cookie)),
        };
        let controls = [paged, optional(DOMAIN_SCOPE)].into_iter().chain(further.iter().cloned()).collect();
        let repeatable = cookie.is_empty();
        let question = Question { base, scope: Scope::Subtree, filter, attributes, controls, repeatable };
        let (entries, result) = self.ask(call, &question).await?;
        match result.rc {
            0 => {}
            diagnostic::NO_SUCH_OBJECT => {
                let error = call.error(ErrorKind::NotFound).with_subject(base);
                return Err(error.with_reason("there is no such place to look below"));
            }
            // 4 among them: what a server cuts off is no list.
            _ => return Err(diagnostic::error(call, &result)),
        }
        let broken = |reason: &'static str| call.error(ErrorKind::Protocol).with_reason(reason);
        let control = result.ctrls.iter().find(|control| control.1.ctype == PAGED_RESULTS);
        let next = match control {
            Some(control) => control.1.val.as_deref().and_then(ber::page_cookie),
            None => Some(Vec::new()),
        };
        let next = next.ok_or_else(|| broken("the page of the answer has no cookie that can be read"))?;
        if !next.is_empty() && entries.is_empty() && next == cookie {
            return Err(broken("the pages of the answer do not end"));
        }
        Ok((entries, next))
    }
}

impl LdapDirectory {
    /// Runs in a task of its own, one page ahead of whoever reads.
    pub(super) fn list<T: Send + 'static>(
        &self,
        search: Search,
        convert: impl Fn(&Call, &mut Entry) -> Result<T> + Send + Sync + 'static,
    ) -> Listing<T> {
        let directory = self.clone();
        read_ahead(move |sender| {
            tokio::spawn(async move { directory.send_pages(search, convert, &sender).await })
        })
    }

    /// Lists what fits a query and is of one kind.
    pub(super) fn query<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: &Query,
        kind: Result<Filter>,
        attributes: &[&str],
        options: &ListOptions,
        convert: fn(&Call, &Entry) -> Result<T>,
    ) -> Listing<T> {
        let kind = match kind {
            Ok(kind) => kind,
            Err(error) => return listing::failed(error),
        };
        let target = Target::Query { query: query.clone(), kind };
        let attributes = attributes.iter().map(ToString::to_string).collect();
        self.list(
            Search { operation, target, attributes, page_size: options.page_size, deleted: false },
            move |call, entry| convert(call, entry),
        )
    }

    async fn send_pages<T: Send>(
        &self,
        search: Search,
        convert: impl Fn(&Call, &mut Entry) -> Result<T> + Send + Sync,
        sender: &mpsc::Sender<Result<Page<T>>>,
    ) {
        let call = Call::new(search.operation);
        let limit = self.core.limits.operation;
        let work = async {
            let mut lease = self.core.pool.lease_for_list(&call, self.pinned).await?;
            let place = self.place(&call, &mut lease, &search.target).await?;
            Ok((lease, place))
        };
        let (mut lease, place) = match call.run(limit, work).await {
            Ok(begun) => begun,
            Err(error) => {
                let _gone = sender.send(Err(error)).await;
                return;
            }
        };
        let Place { base, filter, open_to_others } = place;
        let filter = filter.to_string();
        let attributes: Vec<&str> = search.attributes.iter().map(String::as_str).collect();
        let further: Vec<_> = search.deleted.then(restore::show_deleted).into_iter().collect();
        let size = search.page_size.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE);
        let mut cookie = Vec::new();
        loop {
            // The limit is for each page: how long a list takes depends on who reads it.
            let work = async {
                let connection = lease.connection(&call)?;
                let (mut entries, next) =
                    connection.page(&call, &base, &filter, &attributes, (size, &cookie), &further).await?;
                connection.stay();
                for entry in &mut entries {
                    ranged::complete(&call, connection, entry, &further).await?;
                }
                if let Some(group) = open_to_others.as_ref().filter(|_| next.is_empty()) {
                    entries.extend(members::of_other_domains(&call, connection, group).await?);
                }
                let items = entries
                    .into_iter()
                    .map(|mut entry| convert(&call, &mut entry))
                    .collect::<Result<Vec<_>>>()?;
                Ok((items, next))
            };
            let page = call.run(limit, work).await;
            let (page, next) = match page {
                Ok((items, next)) => (Ok(Page { items, last: next.is_empty() }), next),
                Err(error) => (Err(error), Vec::new()),
            };
            let failed = page.is_err();
            if sender.send(page).await.is_err() || failed {
                return;
            }
            if next.is_empty() {
                lease.give_back();
                return;
            }
            cookie = next;
        }
    }

    async fn place(&self, call: &Call, lease: &mut super::pool::Lease<'_>, target: &Target) -> Result<Place> {
        match target {
            Target::Query { query, kind } => {
                let base = match &query.below {
                    Some(below) => below.to_string(),
                    None => self.base(call, lease).await?,
                };
                let filter = Filter::all(query.filter.iter().chain([kind]).cloned());
                Ok(Place { base, filter, open_to_others: None })
            }
            Target::Members { group, nested, primary } => {
                let group = self.existing_group(call, lease, group).await?;
                let member_of = "memberOf".parse()?;
                let mut filter = if *nested {
                    Filter::leads_to(member_of, &group.dn)
                } else {
                    Filter::equals(member_of, &group.dn)
                };
                if *primary {
                    filter = Filter::any([Some(filter), members::primary(&group)?].into_iter().flatten());
                }
                let open_to_others = group.takes_members_of_other_domains().then_some(group.dn);
                Ok(Place { base: self.base(call, lease).await?, filter, open_to_others })
            }
        }
    }
}

/// Which objects are accounts: the category leaves out computers and managed accounts, which are users by class too.
pub(super) fn accounts() -> Result<Filter> {
    Ok(Filter::all([lookup::is("objectCategory", "person")?, lookup::is("objectClass", "user")?]))
}

/// A list that a task of its own reads, one page ahead. Nothing runs before it is polled.
pub(super) fn read_ahead<T: Send + 'static>(
    start: impl FnOnce(mpsc::Sender<Result<Page<T>>>) -> JoinHandle<()> + Send + 'static,
) -> Listing<T> {
    Box::pin(stream::unfold(State::Waiting(start), State::next))
}

enum State<S, T> {
    Waiting(S),
    Running {
        task: AbortOnDrop,
        receiver: mpsc::Receiver<Result<Page<T>>>,
        items: std::vec::IntoIter<T>,
        last: bool,
    },
    Ended,
}

/// Whoever drops the list wants nothing more of it.
struct AbortOnDrop(Option<JoinHandle<()>>);

impl AbortOnDrop {
    /// Lets it end by itself.
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl<S, T> State<S, T>
where
    S: FnOnce(mpsc::Sender<Result<Page<T>>>) -> JoinHandle<()>,
{
    async fn next(self) -> Option<(Result<T>, Self)> {
        let mut state = match self {
            Self::Waiting(start) => {
                let (sender, receiver) = mpsc::channel(1);
                let task = AbortOnDrop(Some(start(sender)));
                Self::Running { task, receiver, items: Vec::new().into_iter(), last: false }
            }
            other => other,
        };
        loop {
            let Self::Running { task, mut receiver, mut items, last } = state else { return None };
            if let Some(item) = items.next() {
                return Some((Ok(item), Self::Running { task, receiver, items, last }));
            }
            if last {
                // It has only to put its connection back.
                task.finish();
                return None;
            }
            match receiver.recv().await {
                Some(Ok(page)) => {
                    state = Self::Running { task, receiver, items: page.items.into_iter(), last: page.last };
                }
                Some(Err(error)) => return Some((Err(error), Self::Ended)),
                None => {
                    let error = crate::Error::new(ErrorKind::Interrupted, "list")
                        .with_reason("the list broke off before its end");
                    return Some((Err(error), Self::Ended));
                }
            }
        }
    }
}
