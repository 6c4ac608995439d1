//! Sync of a vault (S-5): accounts without a secret get the one that is theirs, and what each secret is like is brought up to date.
//!
//! The service has no vault: whoever inspects templates looks, a few accounts at a time. What is found is written account by account, each in a commit of
//! its own, and only to an account that is still what was looked at.

mod account;
mod findings;
mod look;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::stored::index;
use super::unit::{By, Unit, denial};
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::AuditResult;
use crate::model::estate::Vault;
use crate::model::event::EventKind;
use crate::model::ids::{AccountId, VaultId};
use crate::model::people::{Feature, Verb};
use crate::model::secret_link::SecretFinding;
use crate::model::sync::SyncFailure;
use crate::model::vault_sync::{VaultSync, VaultSyncCounts, VaultSyncProgress, VaultSyncState};
use crate::port::inspector::Inspector;
use crate::port::store::{DueKind, RecordKind, Stored as _};
use crate::rules::secret_link as rules;

const OPERATION: &str = "vault.sync";
/// How many vaults are looked at together.
const BATCH: u32 = 100;
/// How many findings are returned at most.
const MOST: u32 = 1_000;

/// Says when a vault is synchronized (O-8). Needs vault Update with Manage.
///
/// Refused with O-8 is a time that cannot be kept.
///
/// ```
/// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller, vault: alm_core::model::ids::VaultId) -> alm_core::Result<()> {
/// use alm_core::service::vault_sync::SetVaultSync;
///
/// alm.execute(&admin, "every six hours", SetVaultSync::new(vault).every_hours(6)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct SetVaultSync {
    /// Which vault.
    pub vault: VaultId,
    /// How many hours lie between two syncs, 1 to 168; without it none begins by itself.
    pub every_hours: Option<u32>,
}

impl SetVaultSync {
    /// No schedule.
    pub const fn new(vault: VaultId) -> Self {
        Self { vault, every_hours: None }
    }

    /// A sync every so many hours, the first at once.
    #[must_use]
    pub const fn every_hours(mut self, hours: u32) -> Self {
        self.every_hours = Some(hours);
        self
    }
}

#[async_trait]
impl Decide for SetVaultSync {
    const NAME: &'static str = "vault.set_sync";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::Vault, Verb::Update, false).await?;
        let mut vault: Vault = unit.get(self.vault.uuid()).await?;
        let after = VaultSync { every_hours: self.every_hours };
        let refusals = rules::check(after);
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let before = std::mem::replace(&mut vault.sync, after);
        let mut state = state(unit, self.vault).await?;
        let is_asleep = state.next_at.is_none() && self.every_hours.is_some();
        if before != after || is_asleep {
            state.next_at = self.every_hours.map(|_| unit.now);
        }
        unit.put(&state, format!("the next sync of {}: {:?}", vault.name, state.next_at))?;
        unit.put(&vault, format!("change when {} is synchronized", vault.name))?;
        let facts = json!({ "before": before, "after": after });
        unit.audit(Self::NAME, format!("vault {}", vault.id), facts);
        Ok(())
    }
}

/// What a sync of a vault did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VaultSyncReport {
    /// Which vault.
    pub vault: VaultId,
    /// What was done.
    pub counts: VaultSyncCounts,
}

/// One sync of one vault.
struct Run<'a> {
    alm: &'a Alm,
    by: By<'a>,
    inspector: Arc<dyn Inspector>,
    vault: Vault,
    id: Uuid,
    begun: Timestamp,
}

impl Alm {
    /// Synchronizes a vault now (S-5), through whoever inspects templates. Needs vault Update with Manage.
    ///
    /// An account whose template has this vault, and which has no secret, gets the one that is its own: when exactly one active secret in the
    /// template's folder has its user name and domain, and its password signs in to the directory. A password is tried once for each account and
    /// sync, and after it was refused not again for a day. Of an account that has a secret, what depends on it is brought up to date; and a
    /// password that a domain's sync reported as set by somebody else, and that the vault has, was changed by the vault: the report is taken
    /// back (V-8). What a person has to look at is in [`secret_findings`](Self::secret_findings). Accounts on which something is under way are left out.
    ///
    /// Each account is a commit of its own. Dropping the future in the middle loses nothing: the next sync does the rest.
    ///
    /// ```
    /// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller, vault: alm_core::model::ids::VaultId) -> alm_core::Result<()> {
    /// let report = alm.sync_vault(&admin, vault).await?;
    /// println!("{} accounts have a secret now", report.counts.linked);
    /// for finding in alm.secret_findings(&admin, vault, None, 100).await? {
    ///     println!("{}: {}", finding.name, finding.text);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied); [`NotFound`](ErrorKind::NotFound) for a vault that is not known; [`Config`](ErrorKind::Config) when nobody is
    /// there who could look; [`Vault`](ErrorKind::Vault) when the vault could not be asked, of which administrators are told once (N-7);
    /// [`Conflict`](ErrorKind::Conflict) when another sync of the vault took over.
    pub async fn sync_vault(&self, caller: &Caller, vault: VaultId) -> Result<VaultSyncReport> {
        let mut unit = Unit::of(&self.0, OPERATION, caller);
        let denied = unit.require(Feature::Vault, Verb::Update, false).await;
        if let Err(error) = denied {
            let mut unit = Unit::of(&self.0, OPERATION, caller);
            unit.audit_as(OPERATION, format!("vault {vault}"), AuditResult::Refused, denial(&error), None);
            self.0.store.commit(unit.commit).await?;
            return Err(error);
        }
        self.run_vault_sync(By::Person(caller), vault).await
    }

    /// Begins the syncs whose time has come. One that cannot be done says so and holds up no other.
    pub(super) async fn sync_vaults_due(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<VaultSyncReport>, Vec<(VaultId, Error)>)> {
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (_, id, _) in self.0.store.due(DueKind::VaultSync, now, BATCH).await? {
            let vault = VaultId::new(id);
            match self.run_vault_sync(By::Clock, vault).await {
                Ok(report) => done.push(report),
                Err(error) => failed.push((vault, error)),
            }
        }
        Ok((done, failed))
    }

    async fn run_vault_sync(&self, by: By<'_>, vault: VaultId) -> Result<VaultSyncReport> {
        let mut unit = Unit::by(&self.0, OPERATION, by);
        let vault: Vault = unit.get(vault.uuid()).await?;
        let inspector = unit.inspector()?;
        let run = Run { alm: self, by, inspector, id: unit.new_id()?, begun: unit.now, vault };
        run.take_over().await?;
        if let Err(error) = run.accounts().await {
            // Whoever took over says how it ends.
            if error.kind() != ErrorKind::Conflict {
                run.fail(&error).await?;
            }
            return Err(error);
        }
        run.finish().await
    }

    async fn of_vault(
        &self,
        operation: &'static str,
        caller: &Caller,
        vault: VaultId,
    ) -> Result<(Unit<'_>, Vault)> {
        let mut unit = Unit::of(&self.0, operation, caller);
        unit.require(Feature::Vault, Verb::Read, true).await?;
        let vault = unit.get(vault.uuid()).await?;
        Ok((unit, vault))
    }

    /// A vault, with when it is synchronized. Needs vault Read.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied), [`NotFound`](ErrorKind::NotFound), those of the store.
    pub async fn vault(&self, caller: &Caller, vault: VaultId) -> Result<Vault> {
        Ok(self.of_vault("vault.read", caller, vault).await?.1)
    }

    /// How far the sync of a vault has come. Needs vault Read.
    ///
    /// # Errors
    /// As [`vault`](Alm::vault).
    pub async fn vault_sync_state(&self, caller: &Caller, vault: VaultId) -> Result<VaultSyncState> {
        let (mut unit, vault) = self.of_vault("vault.sync_state", caller, vault).await?;
        state(&mut unit, vault.id).await
    }

    /// What the syncs of a vault leave to a person, in the order of the accounts' ids: those behind `after`, at most `limit` and at most 1,000. What is
    /// settled is not among them any more after the next sync. Needs vault Read.
    ///
    /// # Errors
    /// As [`vault`](Alm::vault).
    pub async fn secret_findings(
        &self,
        caller: &Caller,
        vault: VaultId,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<SecretFinding>> {
        let (_, vault) = self.of_vault("vault.findings", caller, vault).await?;
        let (after, value) = (after.map(AccountId::uuid), vault.id.to_string());
        let store = &self.0.store;
        let found =
            store.find(RecordKind::SecretFinding, index::VAULT, &value, after, limit.min(MOST)).await?;
        found.iter().map(SecretFinding::read).collect()
    }
}

async fn state(unit: &mut Unit<'_>, vault: VaultId) -> Result<VaultSyncState> {
    Ok(unit.find::<VaultSyncState>(vault.uuid()).await?.unwrap_or_else(|| VaultSyncState::new(vault)))
}

impl<'a> Run<'a> {
    fn unit(&self) -> Unit<'a> {
        Unit::by(&self.alm.0, OPERATION, self.by)
    }

    /// By the schedule as it is now: it may have been set while this sync was looking.
    async fn next_at(&self, unit: &mut Unit<'_>, failed: bool) -> Result<Option<Timestamp>> {
        let vault: Vault = unit.get(self.vault.id.uuid()).await?;
        Ok(rules::next_at(vault.sync, unit.now, failed))
    }

    /// This run is the vault's from now on; one that was broken off, or is elsewhere, is not any more.
    async fn take_over(&self) -> Result<()> {
        let mut unit = self.unit();
        let mut state = state(&mut unit, self.vault.id).await?;
        state.progress = Some(VaultSyncProgress::new(self.id, self.begun));
        unit.put(&state, "the sync begins")?;
        self.alm.0.store.commit(unit.commit).await
    }

    /// Adds to what this run has done, in the commit in which it does it.
    async fn count(&self, unit: &mut Unit<'_>, add: impl FnOnce(&mut VaultSyncCounts)) -> Result<()> {
        let mut state = self.own(unit).await?;
        if let Some(progress) = state.progress.as_mut() {
            add(&mut progress.counts);
        }
        unit.put(&state, "the sync goes on")
    }

    /// The state, while this run is the vault's.
    async fn own(&self, unit: &mut Unit<'_>) -> Result<VaultSyncState> {
        let state = state(unit, self.vault.id).await?;
        if state.progress.is_some_and(|progress| progress.run == self.id) {
            return Ok(state);
        }
        let message = format!("another sync of {} took over", self.vault.name);
        Err(Error::new(ErrorKind::Conflict, OPERATION, message)
            .with_advice("nothing is lost: the other one does the rest"))
    }

    /// N-7: a vault that cannot be asked is told of once, and tried again.
    async fn fail(&self, error: &Error) -> Result<()> {
        let mut unit = self.unit();
        let mut state = state(&mut unit, self.vault.id).await?;
        if state.progress.is_none_or(|progress| progress.run != self.id) {
            return Ok(());
        }
        let since = state.failed.as_ref().map_or(self.begun, |failed| failed.since);
        if state.failed.is_none() {
            let administrators = unit.administrators().await?;
            let text = format!("{} could not be synchronized: {error}", self.vault.name);
            unit.event(EventKind::VaultUnreachable, text, administrators, |_| ())?;
        }
        state.failed = Some(SyncFailure::new(since, error.to_string()));
        state.next_at = self.next_at(&mut unit, true).await?;
        state.progress = None;
        unit.put(&state, "the sync failed")?;
        let mut facts = denial(error);
        if let Some(facts) = facts.as_object_mut() {
            facts.insert("error".to_owned(), json!(error.to_string()));
        }
        unit.audit_as(OPERATION, format!("vault {}", self.vault.id), AuditResult::Failed, facts, None);
        // What another sync changed at the same moment stays.
        unit.settle().await.map(drop)
    }

    async fn finish(&self) -> Result<VaultSyncReport> {
        let mut unit = self.unit();
        let mut state = self.own(&mut unit).await?;
        state.counts = state.progress.take().map(|progress| progress.counts).unwrap_or_default();
        state.last = Some(self.begun);
        state.failed = None;
        state.next_at = self.next_at(&mut unit, false).await?;
        unit.put(&state, "the sync is done")?;
        unit.audit(OPERATION, format!("vault {}", self.vault.id), json!({ "counts": state.counts }));
        self.alm.0.store.commit(unit.commit).await?;
        Ok(VaultSyncReport { vault: self.vault.id, counts: state.counts })
    }
}
