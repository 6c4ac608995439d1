//! Notices in the application itself (N-17).
//!
//! They are made in the commit that takes an event out of the outbox, from the event's recipients: people who are not there any more, or
//! disabled, get none. So each is made once, however often anything is delivered.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::stored::{inbox_key, index, unread_key};
use super::unit::Unit;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::event::Event;
use crate::model::ids::{InboxItemId, PersonId};
use crate::model::inbox::{Category, InboxItem};
use crate::model::people::Person;
use crate::port::store::{Commit, DueKind, Remove, Stored as _};

/// How many notices one command touches at most.
const AT_ONCE: usize = 1_000;

/// Stages the notices of these events.
pub(super) async fn fill(alm: &Alm, commit: &mut Commit, events: &[Event]) -> Result<()> {
    let keep = SignedDuration::try_from(alm.0.settings.keep_notices).unwrap_or(SignedDuration::MAX);
    let mut enabled: BTreeMap<PersonId, bool> = BTreeMap::new();
    for event in events {
        for &person in &event.to {
            let is_enabled = if let Some(known) = enabled.get(&person) {
                *known
            } else {
                let document = alm.0.store.load(Person::KIND, person.uuid()).await?;
                let there = document.as_ref().map(Person::read).transpose()?;
                let is_enabled = there.is_some_and(|person| person.enabled);
                enabled.insert(person, is_enabled);
                is_enabled
            };
            if !is_enabled {
                continue;
            }
            let item = InboxItem {
                id: InboxItem::key(person, event.id, event.at),
                person,
                event: event.id,
                kind: event.kind,
                category: Category::of(event.kind),
                text: event.text.clone(),
                at: event.at,
                until: event.at.checked_add(keep).unwrap_or(Timestamp::MAX),
                read: false,
                account: event.account,
                request: event.request,
                template: event.template,
            };
            commit.puts.push(item.put(0)?);
        }
    }
    Ok(())
}

/// Whose inbox it is. Nobody else's can be read, and none through an API token, whose permissions say nothing of inboxes.
async fn owner(unit: &mut Unit<'_>, caller: &Caller) -> Result<PersonId> {
    let enabled = unit.access().await?.enabled;
    let why = match (enabled, caller.token) {
        (true, None) => return Ok(caller.person),
        (false, _) => "is disabled and has no access",
        (true, Some(_)) => "an inbox is its person's own, and not read through an API token",
    };
    Err(Error::denied(unit.operation, Refusal::new("P-1", "caller", why)))
}

impl Alm {
    /// The caller's own notices, the newest first, those behind `after`; of one category, or of all.
    ///
    /// ```
    /// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller) -> alm_core::Result<()> {
    /// use alm_core::service::inbox::MarkRead;
    ///
    /// println!("{} unread", alm.unread_notices(&caller).await?);
    /// let page = alm.inbox(&caller, None, None, 20).await?;
    /// for notice in &page {
    ///     println!("{:?} {}", notice.category, notice.text);
    /// }
    /// let shown = page.iter().map(|notice| notice.id);
    /// alm.execute(&caller, "seen on 20 November", MarkRead::new(shown)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied) for somebody unknown or disabled, and through an API token; those of the store.
    pub async fn inbox(
        &self,
        caller: &Caller,
        category: Option<Category>,
        after: Option<InboxItemId>,
        limit: u32,
    ) -> Result<Vec<InboxItem>> {
        let mut unit = Unit::of(&self.0, "inbox.read", caller);
        let person = owner(&mut unit, caller).await?;
        let key = inbox_key(person, category);
        let after = after.map(InboxItemId::uuid);
        let found = self.0.store.find(InboxItem::KIND, index::PERSON, &key, after, limit).await?;
        found.iter().map(InboxItem::read).collect()
    }

    /// How many of the caller's own notices are not marked as read.
    ///
    /// # Errors
    /// As [`inbox`](Alm::inbox).
    pub async fn unread_notices(&self, caller: &Caller) -> Result<u64> {
        let mut unit = Unit::of(&self.0, "inbox.read", caller);
        let person = owner(&mut unit, caller).await?;
        self.0.store.count(InboxItem::KIND, index::STATUS, &unread_key(person)).await
    }

    /// Removes notices whose time is over ([`Settings::keep_notices`](super::Settings::keep_notices)); how many. Call it once a day or so.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_notices(&self) -> Result<u64> {
        let mut count = 0;
        loop {
            let due = self.0.store.due(DueKind::Notice, self.0.clock.now(), 500).await?;
            if due.is_empty() {
                return Ok(count);
            }
            let mut commit = Commit::default();
            for (kind, id, _) in due {
                if let Some(document) = self.0.store.load(kind, id).await? {
                    commit.removes.push(Remove { kind, id, expected: document.version });
                }
            }
            let removed = commit.removes.len() as u64;
            match self.0.store.commit(commit).await {
                Ok(()) => count += removed,
                // Somebody read or dismissed one of them at this moment.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
    }
}

async fn own(unit: &mut Unit<'_>, items: &BTreeSet<InboxItemId>) -> Result<Vec<InboxItem>> {
    let person = unit.person()?;
    if unit.has_token() || !unit.access().await?.enabled {
        let message = "an inbox is its enabled person's own, and not changed through an API token";
        return Err(Error::denied(unit.operation, Refusal::new("P-1", "caller", message)));
    }
    if items.len() > AT_ONCE {
        let message = format!("{} are named, at most {AT_ONCE} are allowed at once", items.len());
        return unit.refuse(Refusal::new("N-17", "items", message));
    }
    let mut found = Vec::new();
    for id in items {
        // Of others' notices nobody learns that they are there; one that was dismissed already is no error.
        found.extend(unit.find::<InboxItem>(id.uuid()).await?.filter(|item| item.person == person));
    }
    Ok(found)
}

/// Marks notices of one's own as read. Those that are not there any more, or are another's, are passed over; returns how many were unread.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MarkRead {
    /// Which; at most 1,000.
    pub items: BTreeSet<InboxItemId>,
}

impl MarkRead {
    /// These.
    pub fn new(items: impl IntoIterator<Item = InboxItemId>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

#[async_trait]
impl Decide for MarkRead {
    const NAME: &'static str = "inbox.mark_read";
    type Output = u64;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<u64> {
        let mut count = 0;
        for mut item in own(unit, &self.items).await? {
            if !item.read {
                item.read = true;
                unit.put(&item, "mark a notice as read")?;
                count += 1;
            }
        }
        audit(unit, count)
    }
}

fn audit(unit: &mut Unit<'_>, count: u64) -> Result<u64> {
    let person = unit.person()?;
    unit.audit(unit.operation, format!("person {person}"), json!({ "notices": count }));
    Ok(count)
}

/// Takes notices of one's own away, read or not. Those that are not there any more, or are another's, are passed over; returns how many went.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DismissNotices {
    /// Which; at most 1,000.
    pub items: BTreeSet<InboxItemId>,
}

impl DismissNotices {
    /// These.
    pub fn new(items: impl IntoIterator<Item = InboxItemId>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

#[async_trait]
impl Decide for DismissNotices {
    const NAME: &'static str = "inbox.dismiss";
    type Output = u64;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<u64> {
        let items = own(unit, &self.items).await?;
        for item in &items {
            unit.remove(item, "dismiss a notice");
        }
        audit(unit, items.len() as u64)
    }
}
