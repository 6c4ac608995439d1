//! What the clock does: ends of life (L-1 to L-4, L-36, L-39) and reminders (N-10 to N-15).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::alm::Alm;
use super::command::Caller;
use super::stored::{index, status_key};
use super::sync::SyncReport;
use super::unit::Unit;
use super::vault_sync::VaultSyncReport;
use super::{begin, migration_end, owners};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::account::{Account, AccountStatus, OperationKind, renewal_date};
use crate::model::audit::Actor;
use crate::model::checkpoint::SignedCheckpoint;
use crate::model::event::EventKind;
use crate::model::ids::{AccountId, DomainId, EventId, VaultId};
use crate::model::people::{Feature, Verb};
use crate::model::sweep::SweepState;
use crate::model::template::{EolAction, TemplateVersion};
use crate::port::store::{DueKind, RecordKind};
use crate::rules::guard::{self, Sweep};
use crate::rules::reminders::ReminderKind;
use crate::saga::Completion;
use crate::saga::plan::Step;

/// How many due accounts are looked at together.
const BATCH: u32 = 200;
/// How often an account is decided anew because somebody changed it in between.
const DECISIONS: u32 = 16;
/// How long the end of life waits for another operation on the account (L-36).
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// What is known beside the store when the sweep runs.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SweepOptions {
    /// What other clocks say at this moment, with their names: of the database, of domain controllers (L-39).
    pub clocks: Vec<(String, Timestamp)>,
    /// A person who says, after the sweep stopped and asked, that it may go on (L-39). Needs managed-account Update with Manage.
    pub confirmed_by: Option<Caller>,
}

impl SweepOptions {
    /// Nothing more is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another clock, to compare ours with.
    #[must_use]
    pub fn clock(mut self, name: impl Into<String>, time: Timestamp) -> Self {
        self.clocks.push((name.into(), time));
        self
    }

    /// A person says that it may go on.
    #[must_use]
    pub fn confirmed_by(mut self, caller: Caller) -> Self {
        self.confirmed_by = Some(caller);
        self
    }
}

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepReport {
    /// Why it stopped before it changed anything, if it did: confirm it, or correct the clock.
    pub held: Vec<Refusal>,
    /// Accounts whose end of life was carried out or begun.
    pub ended: Vec<AccountId>,
    /// Accounts whose end of life waits for another operation (L-36).
    pub waiting: Vec<AccountId>,
    /// Accounts whose password is being changed because its time has come (T-14).
    pub rotating: Vec<AccountId>,
    /// Accounts that lose privileges whose time is over.
    pub privileges: Vec<AccountId>,
    /// How many reminders were sent.
    pub reminders: u64,
    /// How many requests went to the administrators because the time of their step was over.
    pub escalated: u64,
    /// Accounts that are being disabled because nobody decided about them in a campaign (C-4).
    pub unanswered: Vec<AccountId>,
    /// Domains whose time for a sync had come, and what each did or asks (S-1).
    pub synced: Vec<SyncReport>,
    /// Domains whose time had come and that could not be synchronized, and why. They are tried again.
    pub not_synced: Vec<(DomainId, String)>,
    /// Vaults whose time for a sync had come, and what each did (S-5).
    pub vaults_synced: Vec<VaultSyncReport>,
    /// Vaults whose time had come and that could not be synchronized, and why. They are tried again.
    pub vaults_not_synced: Vec<(VaultId, String)>,
    /// The checkpoint of the audit chain that was made, if its time had come. Made by a held sweep too.
    pub checkpoint: Option<SignedCheckpoint>,
    /// Why none could be made. It is tried again. If the chain does not hold, the administrators are told, once ([`EventKind::AuditChainBroken`]).
    pub not_checkpointed: Option<String>,
}

impl Alm {
    /// Does what the clock says: carries out or begins every end of life that has come, and sends the reminders that are due. Meant to be called every
    /// few minutes; running it twice changes nothing more (L-35).
    ///
    /// Each account is a commit of its own, so dropping the future in the middle loses nothing: the next call goes on.
    ///
    /// # Errors
    /// Those of the store; [`Denied`](ErrorKind::Denied) when the confirming person may not.
    pub async fn sweep(&self, options: SweepOptions) -> Result<SweepReport> {
        const OPERATION: &str = "clock.sweep";
        let now = self.0.clock.now();
        let mut report = SweepReport::default();
        let state = self.sweep_state().await?;
        let mut sweep = Sweep::new(
            self.0.store.count_due(DueKind::EndOfLife, now).await?
                + self.campaigns_would_disable(now).await?,
            self.0.store.count(RecordKind::Account, index::STATUS, status_key(AccountStatus::Active)).await?,
            state.last,
            now,
        );
        sweep.clocks = options.clocks;
        let reasons = guard::check(&sweep, &self.0.settings.sweep);
        match (&options.confirmed_by, reasons.is_empty()) {
            (_, true) => {}
            (None, false) => {
                self.hold(&reasons, state.asked).await?;
                report.held = reasons;
                self.keep_checkpoint(&mut report).await;
                return Ok(report);
            }
            (Some(caller), false) => self.confirm(caller, &reasons).await?,
        }

        let mut seen = BTreeSet::new();
        loop {
            let due = self
                .0
                .store
                .due(DueKind::EndOfLife, now, BATCH + u32::try_from(seen.len()).unwrap_or(u32::MAX))
                .await?;
            let fresh: Vec<_> = due.into_iter().filter(|(_, id, _)| seen.insert(*id)).collect();
            if fresh.is_empty() {
                break;
            }
            for (_, id, _) in fresh {
                let id = AccountId::new(id);
                match self.end_of_life(OPERATION, id, now).await? {
                    Tick::Ended => report.ended.push(id),
                    Tick::Waiting => report.waiting.push(id),
                    Tick::Nothing => {}
                }
            }
        }
        report.reminders = self.remind(OPERATION, now).await?;
        report.escalated = self.escalate(OPERATION, now).await?;
        report.privileges = self.end_privileges(OPERATION, now).await?;
        report.unanswered = self.end_campaigns(OPERATION, now).await?;
        report.rotating = self.rotate_due(OPERATION, now).await?;
        self.finish_sweep(OPERATION, now).await?;
        self.keep_checkpoint(&mut report).await;
        // Last, because domains may be slow: what the clock has to do does not wait for them.
        let (synced, failed) = self.sync_due(now).await?;
        report.synced = synced;
        report.not_synced = failed.into_iter().map(|(domain, error)| (domain, error.to_string())).collect();
        let (synced, failed) = self.sync_vaults_due(now).await?;
        report.vaults_synced = synced;
        report.vaults_not_synced =
            failed.into_iter().map(|(vault, error)| (vault, error.to_string())).collect();
        Ok(report)
    }

    /// Whatever hinders it, the rest of the sweep goes on.
    async fn keep_checkpoint(&self, report: &mut SweepReport) {
        match self.checkpoint_due().await {
            Ok(made) => report.checkpoint = made,
            Err(error) => {
                tracing::error!(%error, "no checkpoint of the audit chain");
                if let Err(error) = self.tell_of_broken_chain(&error).await {
                    tracing::error!(%error, "and nobody could be told");
                }
                report.not_checkpointed = Some(error.to_string());
            }
        }
    }

    async fn sweep_state(&self) -> Result<SweepState> {
        let mut unit = Unit::new(&self.0, "clock.sweep", Actor::Clock, "clock");
        Ok(unit.find::<SweepState>(SweepState::ID).await?.unwrap_or_default())
    }

    /// L-39: it asks, once.
    async fn hold(&self, reasons: &[Refusal], asked: bool) -> Result<()> {
        if asked {
            return Ok(());
        }
        let mut unit = Unit::new(&self.0, "clock.sweep", Actor::Clock, "clock");
        let mut state = unit.find::<SweepState>(SweepState::ID).await?.unwrap_or_default();
        state.asked = true;
        unit.put(&state, "the sweep asks")?;
        let error = Error::refused("clock.sweep", reasons.to_vec());
        unit.audit_as(
            "clock.sweep",
            "sweep",
            crate::model::audit::AuditResult::Refused,
            super::unit::denial(&error),
            None,
        );
        let administrators = unit.administrators().await?;
        let text = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        unit.event(EventKind::SweepHeld, text, administrators, |_| ())?;
        // Or another sweep asks at the same moment.
        unit.settle().await.map(drop)
    }

    async fn confirm(&self, caller: &Caller, reasons: &[Refusal]) -> Result<()> {
        let mut unit = Unit::of(&self.0, "clock.confirm", caller);
        unit.require(Feature::ManagedAccount, Verb::Update, false).await?;
        let error = Error::refused("clock.confirm", reasons.to_vec());
        unit.audit("clock.confirm", "sweep", super::unit::denial(&error));
        self.0.store.commit(unit.commit).await
    }

    async fn finish_sweep(&self, operation: &'static str, now: Timestamp) -> Result<()> {
        let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
        let mut state = unit.find::<SweepState>(SweepState::ID).await?.unwrap_or_default();
        state.last = Some(now);
        state.asked = false;
        unit.put(&state, "the sweep is done")?;
        // Or another sweep ended at the same moment; either instant will do.
        unit.settle().await.map(drop)
    }

    async fn end_of_life(&self, operation: &'static str, id: AccountId, now: Timestamp) -> Result<Tick> {
        for _ in 0..DECISIONS {
            let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
            let Some(account) = unit.find::<Account>(id.uuid()).await? else { return Ok(Tick::Nothing) };
            let tick = tick(&mut unit, account, now).await?;
            match self.0.store.commit(unit.commit).await {
                Ok(()) => return Ok(tick),
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict, operation, format!("others kept changing account {id}")))
    }

    async fn remind(&self, operation: &'static str, now: Timestamp) -> Result<u64> {
        let mut sent = 0;
        loop {
            let due = self.0.store.due(DueKind::Reminder, now, BATCH).await?;
            if due.is_empty() {
                return Ok(sent);
            }
            for (_, id, _) in due {
                let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
                let Some(account) = unit.find::<Account>(id).await? else { continue };
                let told = reminder(&mut unit, account, now).await?;
                match self.0.store.commit(unit.commit).await {
                    Ok(()) => sent += u64::from(told),
                    // It is looked at again with the next batch.
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    Ended,
    Waiting,
    Nothing,
}

/// Carries out or begins the end of life of one account, if it has come.
pub(super) async fn tick(unit: &mut Unit<'_>, mut account: Account, now: Timestamp) -> Result<Tick> {
    if account.eol_done || account.ends_at() > now || account.status == AccountStatus::Deleted {
        return Ok(Tick::Nothing);
    }
    // L-36: an operation in flight is waited for; a parked one is not.
    if let Some(open) = account.operation.filter(|open| !open.failed) {
        let late = now.duration_since(account.ends_at()) > PATIENCE;
        let takes_over =
            late && !matches!(
                open.kind,
                OperationKind::Renew | OperationKind::Delete | OperationKind::Erase | OperationKind::Adopt
            ) && matches!(account.eol_action, EolAction::Disable | EolAction::Delete);
        if !takes_over {
            return Ok(Tick::Waiting);
        }
        let administrators = unit.administrators().await?;
        let text = format!("{:?} of {} did not end within a day of its end of life", open.kind, account.name);
        unit.event(EventKind::OperationParked, text, administrators, |event| {
            event.account = Some(account.id);
        })?;
    }
    // L-37: the earlier end that it was being given has come, whatever became of the rest.
    if account.ends_at() < account.eol {
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        account.eol = account.ends_at();
        account.renewal_date = renewal_date(account.eol, version.body.renewal_lead_days);
    }
    account.eol_done = true;
    let text = format!("{} reached its end of life ({:?})", account.name, account.eol_action);
    unit.audit(
        "account.end_of_life",
        format!("account {}", account.id),
        json!({ "action": account.eol_action, "before": account.status, "eol": account.eol }),
    );
    let mut owners = owners::owners_to_tell(unit, &account.owners).await?;
    // W-2: an account whose owners are all gone is everybody's business.
    if owners.is_empty() {
        owners = unit.administrators().await?;
    }
    unit.event(EventKind::EndOfLife, text.clone(), owners, |event| event.account = Some(account.id))?;
    match (account.eol_action, account.status) {
        (EolAction::Disable, AccountStatus::Active) => {
            let steps = begin::disable_steps(&account);
            let then = Completion::Become { status: AccountStatus::Disabled };
            begin::operate(unit, &mut account, OperationKind::Disable, steps, Vec::new(), then, None).await?;
        }
        (EolAction::Expire, AccountStatus::Active) => {
            // L-3: it was set at provisioning; here it is verified, and set again if it drifted.
            let steps = vec![Step::Expires { expires: begin::expires(EolAction::Expire, account.eol) }];
            let then = Completion::Become { status: AccountStatus::Expired };
            begin::operate(unit, &mut account, OperationKind::Expire, steps, Vec::new(), then, None).await?;
        }
        (EolAction::Delete, AccountStatus::Active | AccountStatus::Disabled | AccountStatus::Expired) => {
            begin::delete(unit, &mut account).await?;
        }
        (EolAction::Review, _)
        | (EolAction::Disable | EolAction::Expire, AccountStatus::Disabled | AccountStatus::Expired)
        | (_, AccountStatus::Deleted) => unit.put(&account, text)?,
    }
    Ok(Tick::Ended)
}

async fn reminder(unit: &mut Unit<'_>, mut account: Account, now: Timestamp) -> Result<bool> {
    let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
    let rules = version.body.reminders;
    let schedule = migration_end::schedule(&account, &version);
    let (send, next) = schedule.due(account.reminders.last, now);
    account.reminders.last = send.map(|reminder| reminder.at).max(account.reminders.last);
    account.reminders.next = next;
    unit.put(&account, "remember the reminder")?;
    // N-15: after the end of life there is nothing left to be reminded of.
    let Some(send) = send.filter(|_| now < account.ends_at()) else { return Ok(false) };
    let (kind, text) = match send.kind {
        ReminderKind::Available => (EventKind::RenewalAvailable, "can be renewed now"),
        ReminderKind::Reminder => (EventKind::RenewalReminder, "can be renewed"),
        ReminderKind::Urgent => (EventKind::RenewalUrgent, "will soon reach its end of life"),
    };
    let mut told = owners::owners_to_tell(unit, &account.owners).await?;
    if rules.include_administrators {
        told.extend(unit.administrators().await?);
    }
    let text = format!("{} {text}; it ends at {}", account.name, account.ends_at());
    unit.event(kind, text, told, |event| {
        // N-15: whoever sends it, and however often, it is the same event.
        event.id = reminder_id(account.id, account.reminders.cycle, send.kind, send.at);
        event.account = Some(account.id);
    })?;
    Ok(true)
}

fn reminder_id(account: AccountId, cycle: u32, kind: ReminderKind, at: Timestamp) -> EventId {
    let mut hasher = Sha256::new();
    hasher.update(account.uuid().as_bytes());
    hasher.update(cycle.to_be_bytes());
    hasher.update([kind as u8]);
    hasher.update(at.as_nanosecond().to_be_bytes());
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(hasher.finalize()) {
        *byte = from;
    }
    EventId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
