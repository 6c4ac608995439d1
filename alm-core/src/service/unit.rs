//! One command's work: what it has read, with versions, and what it wants to change, all in one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::alm::Inner;
use super::command::Caller;
use super::stored::index;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::api_token::ApiToken;
use crate::model::audit::{Actor, AuditEntry, AuditResult, Personal, hex};
use crate::model::event::{Event, EventKind};
use crate::model::ids::{ApiTokenId, EventId, GroupId, PersonId};
use crate::model::people::{EVERYONE, Feature, Group, Person, Role, SYSTEM_ADMINISTRATOR, Verb};
use crate::port::inspector::Inspector;
use crate::port::store::{Commit, Expect, JournalEntry, RecordKind, Remove, Stored};
use crate::rules::access::Access;
use crate::saga::SagaRecord;
use crate::saga::input::Input;

/// How many documents are read at a time where all are needed.
const PAGE: u32 = 500;

/// For whom work is done that a person may order and the clock does by itself.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    Person(&'a Caller),
    Clock,
}

/// One command's work.
#[expect(unnameable_types, reason = "named by the sealed half of the trait Command alone")]
#[derive(Debug)]
pub struct Unit<'a> {
    pub(super) alm: &'a Inner,
    pub(super) now: Timestamp,
    pub(super) operation: &'static str,
    pub(super) actor: Actor,
    source: String,
    versions: BTreeMap<(RecordKind, Uuid), u64>,
    access: Option<Access>,
    token: Option<ApiTokenId>,
    pub(super) commit: Commit,
    pub(super) changes: Vec<String>,
}

impl<'a> Unit<'a> {
    pub(super) fn new(
        alm: &'a Inner,
        operation: &'static str,
        actor: Actor,
        source: impl Into<String>,
    ) -> Self {
        Self {
            alm,
            now: alm.clock.now(),
            operation,
            actor,
            source: source.into(),
            versions: BTreeMap::new(),
            access: None,
            token: None,
            commit: Commit::default(),
            changes: Vec::new(),
        }
    }

    /// The work of a command or query that somebody gave.
    pub(super) fn of(alm: &'a Inner, operation: &'static str, caller: &Caller) -> Self {
        let mut unit = Self::new(alm, operation, Actor::Person(caller.person), caller.source.clone());
        unit.token = caller.token;
        unit
    }

    pub(super) fn by(alm: &'a Inner, operation: &'static str, by: By<'_>) -> Self {
        match by {
            By::Person(caller) => Self::of(alm, operation, caller),
            By::Clock => Self::new(alm, operation, Actor::Clock, "clock"),
        }
    }

    /// The caller. Every command of a person has one.
    pub(super) fn person(&self) -> Result<PersonId> {
        match self.actor {
            Actor::Person(person) => Ok(person),
            Actor::Clock | Actor::System => {
                Err(Error::denied(self.operation, Refusal::new("P-1", "caller", "is not a person")))
            }
        }
    }

    /// Whether the caller came with an API token.
    pub(super) const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    pub(super) fn refuse<T>(&self, refusal: Refusal) -> Result<T> {
        Err(Error::refused(self.operation, vec![refusal]))
    }

    pub(super) fn new_id(&self) -> Result<Uuid> {
        self.alm.entropy.id(self.now)
    }

    /// Whoever looks at domains and vaults.
    pub(super) fn inspector(&self) -> Result<Arc<dyn Inspector>> {
        self.alm.inspector.clone().ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                self.operation,
                "no engine is there that could look at vault and domain",
            )
            .with_advice("give the service an inspector")
        })
    }

    /// Commits, unless somebody has changed meanwhile what it rests on: then nothing of it is done. Whether it was.
    pub(super) async fn settle(self) -> Result<bool> {
        match self.alm.store.commit(self.commit).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    // Reading

    pub(super) async fn find<T: Stored>(&mut self, id: impl Into<Uuid>) -> Result<Option<T>> {
        let id = id.into();
        let Some(document) = self.alm.store.load(T::KIND, id).await? else { return Ok(None) };
        // The first version that was read is the one that decisions rest on.
        self.versions.entry((T::KIND, id)).or_insert(document.version);
        T::read(&document).map(Some)
    }

    /// A document that was read before the unit began, which decisions rest on and events tell of.
    pub(super) fn has_read<T: Stored>(&mut self, id: Uuid, version: u64) {
        self.versions.entry((T::KIND, id)).or_insert(version);
    }

    /// What is decided rests on this document, although nothing is written to it: if it changes before the commit, the command begins again.
    pub(super) fn rests_on<T: Stored>(&mut self, id: impl Into<Uuid>) {
        let id = id.into();
        let version = self.versions.get(&(T::KIND, id)).copied().unwrap_or(0);
        let expect = Expect { kind: T::KIND, id, version };
        if !self.commit.expects.contains(&expect) {
            self.commit.expects.push(expect);
        }
    }

    pub(super) async fn get<T: Stored>(&mut self, id: impl Into<Uuid>) -> Result<T> {
        let id = id.into();
        self.find(id).await?.ok_or_else(|| {
            Error::not_found(self.operation, format_args!("{} {id}", T::KIND.name().replace('_', " ")))
        })
    }

    pub(super) async fn find_by<T: Stored>(&mut self, name: &str, value: &str) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.alm.store.find(T::KIND, name, value, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.id);
            for document in &page {
                self.versions.entry((T::KIND, document.id)).or_insert(document.version);
                all.push(T::read(document)?);
            }
        }
    }

    pub(super) async fn all<T: Stored>(&mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.alm.store.list(T::KIND, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.id);
            for document in &page {
                self.versions.entry((T::KIND, document.id)).or_insert(document.version);
                all.push(T::read(document)?);
            }
        }
    }

    /// Those of these people that exist.
    pub(super) async fn people(&mut self, ids: impl IntoIterator<Item = PersonId>) -> Result<Vec<Person>> {
        let mut people = Vec::new();
        for id in ids.into_iter().collect::<BTreeSet<_>>() {
            people.extend(self.find::<Person>(id.uuid()).await?);
        }
        Ok(people)
    }

    /// Those of these groups that exist, and for each that is disabled the ones in its place (O-2).
    pub(super) async fn groups(&mut self, ids: impl IntoIterator<Item = GroupId>) -> Result<Vec<Group>> {
        let mut wanted: Vec<GroupId> = ids.into_iter().collect();
        let mut seen = BTreeSet::new();
        let mut groups = Vec::new();
        while let Some(id) = wanted.pop() {
            if !seen.insert(id) {
                continue;
            }
            if let Some(group) = self.find::<Group>(id.uuid()).await? {
                wanted.extend(group.replaced_by.filter(|_| !group.enabled));
                groups.push(group);
            }
        }
        Ok(groups)
    }

    /// Everybody in these groups; all people when [`EVERYONE`] is among them.
    pub(super) async fn members(&mut self, groups: &[Group]) -> Result<Vec<Person>> {
        if groups.iter().any(|group| group.id == EVERYONE) {
            return self.all().await;
        }
        self.people(groups.iter().flat_map(|group| group.members.iter().copied()).collect::<Vec<_>>()).await
    }

    /// The enabled people with the role System Administrator, directly or through an enabled group.
    pub(super) async fn administrators(&mut self) -> Result<BTreeSet<PersonId>> {
        let role = SYSTEM_ADMINISTRATOR.to_string();
        let mut people = self.find_by::<Person>(index::ROLE, &role).await?;
        let groups: Vec<Group> = self
            .find_by::<Group>(index::ROLE, &role)
            .await?
            .into_iter()
            .filter(|group| group.enabled)
            .collect();
        people.extend(self.members(&groups).await?);
        Ok(people.into_iter().filter(|person| person.enabled).map(|person| person.id).collect())
    }

    // Permission

    pub(super) async fn access(&mut self) -> Result<Access> {
        if let Some(access) = &self.access {
            return Ok(access.clone());
        }
        let person = self.person()?;
        let Some(person) = self.find::<Person>(person.uuid()).await? else {
            return Err(Error::denied(self.operation, Refusal::new("P-1", "caller", "is unknown")));
        };
        let mut groups = self.find_by::<Group>(index::MEMBER, &person.id.to_string()).await?;
        groups.extend(self.find::<Group>(EVERYONE.uuid()).await?);
        let roles: Vec<Role> = self.all().await?;
        let mut access = Access::of(&person, &groups, &roles);
        if let Some(id) = self.token {
            let token = self.find::<ApiToken>(id.uuid()).await?;
            let now = self.now;
            let Some(token) = token.filter(|token| token.owner == person.id && token.is_valid_at(now)) else {
                let refusal = Refusal::new("P-1", "caller", "the API token is unknown, disabled or expired");
                return Err(Error::denied(self.operation, refusal));
            };
            access = access.limited_to(&token.permissions);
        }
        self.access = Some(access.clone());
        Ok(access)
    }

    /// P-1.
    pub(super) async fn require(&mut self, feature: Feature, verb: Verb, own: bool) -> Result<()> {
        let access = self.access().await?;
        access.require(feature, verb, own).map_err(|refusal| Error::denied(self.operation, refusal))
    }

    // Changing

    pub(super) fn put<T: Stored>(&mut self, value: &T, change: impl Into<String>) -> Result<()> {
        let key = (T::KIND, value.id());
        let expected = self.versions.get(&key).copied().unwrap_or(0);
        let put = value.put(expected)?;
        // Written twice in one command: the last word counts.
        self.commit.puts.retain(|staged| (staged.kind, staged.id) != key);
        self.commit.puts.push(put);
        self.changes.push(change.into());
        Ok(())
    }

    /// Writes a document as it is: whoever has read it and writes it too comes second and decides anew.
    pub(super) fn touch<T: Stored>(&mut self, value: &T) -> Result<()> {
        let key = (T::KIND, value.id());
        if !self.commit.puts.iter().any(|staged| (staged.kind, staged.id) == key) {
            let expected = self.versions.get(&key).copied().unwrap_or(0);
            self.commit.puts.push(value.put(expected)?);
        }
        Ok(())
    }

    pub(super) fn remove<T: Stored>(&mut self, value: &T, change: impl Into<String>) {
        let expected = self.versions.get(&(T::KIND, value.id())).copied().unwrap_or(0);
        self.commit.removes.push(Remove { kind: T::KIND, id: value.id(), expected });
        self.changes.push(change.into());
    }

    /// NM-2 and the like: refuses a name that another document holds.
    pub(super) async fn require_free(
        &mut self,
        unique: &str,
        own: Option<Uuid>,
        refusal: impl FnOnce() -> Refusal,
    ) -> Result<()> {
        match self.alm.store.holder(unique).await? {
            Some((_, id)) if Some(id) != own => self.refuse(refusal()),
            _ => Ok(()),
        }
    }

    /// Adds an input to a saga's journal; the caller puts the record.
    pub(super) fn journal(&mut self, saga: &mut SagaRecord, input: &Input) -> Result<()> {
        saga.inputs += 1;
        let body = serde_json::to_string(input).map_err(|error| {
            Error::new(ErrorKind::StoreCorrupt, self.operation, "an input cannot be written")
                .with_source(error)
        })?;
        self.commit.journal.push(JournalEntry { saga: saga.id, seq: saga.inputs, body });
        Ok(())
    }

    pub(super) fn audit(&mut self, action: &str, subject: impl Into<String>, facts: Value) {
        self.audit_as(action, subject, AuditResult::Done, facts, None);
    }

    pub(super) fn audit_as(
        &mut self,
        action: &str,
        subject: impl Into<String>,
        result: AuditResult,
        facts: Value,
        personal: Option<Personal>,
    ) {
        let mut salt = [0; 16];
        // Without one the record can only be shown, never hidden in a proof: better than none of a denial.
        let salt = self.alm.entropy.fill(&mut salt).is_ok().then(|| hex(&salt));
        self.commit.audit.push(AuditEntry {
            at: self.now,
            actor: self.actor,
            source: self.source.clone(),
            action: action.to_owned(),
            subject: subject.into(),
            result,
            facts,
            personal,
            salt,
        });
    }

    /// Text that people wrote, for the audit: kept apart from the chain.
    pub(super) fn personal(&self, text: impl Into<String>) -> Result<Option<Personal>> {
        let mut salt = [0; 16];
        self.alm.entropy.fill(&mut salt)?;
        Ok(Some(Personal::new(salt, text)))
    }

    pub(super) fn event(
        &mut self,
        kind: EventKind,
        text: impl Into<String>,
        to: BTreeSet<PersonId>,
        about: impl FnOnce(&mut Event),
    ) -> Result<()> {
        let mut event = Event::new(EventId::new(self.new_id()?), self.now, kind, text);
        event.to = to;
        about(&mut event);
        // H-6: two that are equal here come from commits of which neither rests on the other.
        event.account_version = event.account.map(|account| {
            self.versions.get(&(RecordKind::Account, account.uuid())).copied().unwrap_or(0) + 1
        });
        self.commit.events.push(event);
        Ok(())
    }
}

/// The audit record of something that was refused.
pub(super) fn denial(error: &Error) -> Value {
    json!({
        "refusals": error.refusals().iter().map(|refusal| json!({
            "rule": refusal.rule(), "field": refusal.field(), "message": refusal.message(),
        })).collect::<Vec<_>>(),
    })
}
