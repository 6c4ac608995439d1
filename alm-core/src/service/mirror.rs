//! What a domain looked like when it was last synchronized (O-12), and how its sync stands. Needs directory-service Read.

use std::collections::HashSet;

use ad_directory::ObjectGuid;

use super::alm::Alm;
use super::command::Caller;
use super::stored::{index, mirror_key, mirror_name};
use super::unit::Unit;
use crate::error::Result;
use crate::model::estate::Domain;
use crate::model::ids::DomainId;
use crate::model::mirror::{MirrorEntry, MirrorKind, key};
use crate::model::people::{Feature, Verb};
use crate::model::sync::{SyncFinding, SyncState};
use crate::port::store::{RecordKind, Stored as _};

/// How many are returned at most.
const MOST: u32 = 1_000;

impl Alm {
    async fn of_domain(
        &self,
        operation: &'static str,
        caller: &Caller,
        domain: DomainId,
    ) -> Result<(Unit<'_>, Domain)> {
        let mut unit = Unit::of(&self.0, operation, caller);
        unit.require(Feature::DirectoryService, Verb::Read, true).await?;
        let domain = unit.get(domain.uuid()).await?;
        Ok((unit, domain))
    }

    /// A domain, with how it is synchronized.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), [`NotFound`](crate::ErrorKind::NotFound), those of the store.
    pub async fn domain(&self, caller: &Caller, domain: DomainId) -> Result<Domain> {
        Ok(self.of_domain("domain.read", caller, domain).await?.1)
    }

    /// How far the sync of a domain has come, and what it asks.
    ///
    /// # Errors
    /// As [`domain`](Alm::domain).
    pub async fn sync_state(&self, caller: &Caller, domain: DomainId) -> Result<SyncState> {
        let (mut unit, domain) = self.of_domain("domain.sync_state", caller, domain).await?;
        super::sync::state(&mut unit, domain.id).await
    }

    /// What syncs of a domain leave to a person, in no particular order: those behind `after`, at most `limit` and at most 1,000. What is
    /// settled is not among them any more after the next sync.
    ///
    /// # Errors
    /// As [`domain`](Alm::domain).
    pub async fn sync_findings(
        &self,
        caller: &Caller,
        domain: DomainId,
        after: Option<ObjectGuid>,
        limit: u32,
    ) -> Result<Vec<SyncFinding>> {
        let (_, domain) = self.of_domain("domain.sync_findings", caller, domain).await?;
        let after = after.map(|object| SyncFinding::key(domain.id, object));
        let value = domain.id.to_string();
        let found = self.0.store.find(RecordKind::SyncFinding, index::DOMAIN, &value, after, limit.min(MOST));
        found.await?.iter().map(SyncFinding::read).collect()
    }

    /// Objects of a kind, in no particular order: those behind `after`, at most `limit` and at most 1,000.
    ///
    /// # Errors
    /// As [`domain`](Alm::domain).
    pub async fn mirror(
        &self,
        caller: &Caller,
        domain: DomainId,
        kind: MirrorKind,
        after: Option<ObjectGuid>,
        limit: u32,
    ) -> Result<Vec<MirrorEntry>> {
        let (_, domain) = self.of_domain("mirror.list", caller, domain).await?;
        let after = after.map(|object| key("mirror", domain.id, object));
        let value = mirror_key(domain.id, kind);
        let found = self.0.store.find(RecordKind::MirrorEntry, index::MIRROR, &value, after, limit.min(MOST));
        found.await?.iter().map(MirrorEntry::read).collect()
    }

    /// The object with this identity.
    ///
    /// # Errors
    /// As [`domain`](Alm::domain).
    pub async fn mirror_entry(
        &self,
        caller: &Caller,
        domain: DomainId,
        object: ObjectGuid,
    ) -> Result<Option<MirrorEntry>> {
        let (mut unit, domain) = self.of_domain("mirror.read", caller, domain).await?;
        unit.find(key("mirror", domain.id, object)).await
    }

    /// The account or group with this sAMAccountName, in whatever case.
    ///
    /// # Errors
    /// As [`domain`](Alm::domain).
    pub async fn mirror_named(
        &self,
        caller: &Caller,
        domain: DomainId,
        name: &str,
    ) -> Result<Option<MirrorEntry>> {
        let (mut unit, domain) = self.of_domain("mirror.read", caller, domain).await?;
        Ok(unit.find_by::<MirrorEntry>(index::NAME, &mirror_name(domain.id, name)).await?.pop())
    }

    /// Members of a group, in the order of their identities: those behind `after`, at most `limit` and at most 1,000. With `nested`, those of
    /// the groups in it too. Whose primary group it is (Domain Users, as a rule), and members of other domains, are not among them.
    ///
    /// # Errors
    /// As [`domain`](Alm::domain); [`NotFound`](crate::ErrorKind::NotFound) when there is no such group.
    pub async fn mirror_members(
        &self,
        caller: &Caller,
        domain: DomainId,
        group: ObjectGuid,
        nested: bool,
        after: Option<ObjectGuid>,
        limit: u32,
    ) -> Result<Vec<MirrorEntry>> {
        let (mut unit, domain) = self.of_domain("mirror.members", caller, domain).await?;
        let first: MirrorEntry = unit.get(key("mirror", domain.id, group)).await?;
        let mut members = first.members;
        let mut open: Vec<ObjectGuid> = members.iter().copied().filter(|_| nested).collect();
        let mut seen = HashSet::from([group]);
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            let inner = unit.find::<MirrorEntry>(key("mirror", domain.id, next)).await?;
            for member in inner.into_iter().flat_map(|entry| entry.members) {
                if members.insert(member) {
                    open.push(member);
                }
            }
        }
        let mut found = Vec::new();
        let limit = usize::try_from(limit.min(MOST)).unwrap_or(usize::MAX);
        for member in members.into_iter().filter(|member| after.is_none_or(|after| *member > after)) {
            if found.len() == limit {
                break;
            }
            found.extend(unit.find::<MirrorEntry>(key("mirror", domain.id, member)).await?);
        }
        Ok(found)
    }
}
