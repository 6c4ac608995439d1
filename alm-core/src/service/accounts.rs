//! Commands about managed accounts: the options of section L, and owners (section W).

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::unit::Unit;
use super::{begin, owners, requests};
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus, OperationKind, Owner};
use crate::model::event::EventKind;
use crate::model::ids::{AccountId, RequestId, SagaId};
use crate::model::people::{Feature, Group, Verb};
use crate::model::period::Period;
use crate::model::request::{Request, RequestForm, RequestKind};
use crate::model::template::TemplateVersion;
use crate::rules::lifecycle::{self, AccountOption};
use crate::rules::{ownership, text};
use crate::saga::Completion;
use crate::saga::plan::Step;

/// Loads an account that the caller may update (P-4), with the clock's work on it done (L-32).
pub(super) async fn offered(unit: &mut Unit<'_>, id: AccountId, option: AccountOption) -> Result<Account> {
    let mut account = owned(unit, id, Verb::Update).await?;
    if let Err(refusal) = lifecycle::require(&account, unit.now, option) {
        return unit.refuse(refusal);
    }
    if account.operation.is_none() {
        begin::carry_out_tick(unit, &mut account).await?;
    }
    Ok(account)
}

/// Loads an account that is the caller's own, or any with Manage.
pub(super) async fn owned(unit: &mut Unit<'_>, id: AccountId, verb: Verb) -> Result<Account> {
    let account: Account = unit.get(id.uuid()).await?;
    let person = unit.person()?;
    let groups: Vec<Group> = unit
        .groups(account.owners.iter().filter_map(|owner| match owner {
            Owner::Group(id) => Some(*id),
            Owner::Person(_) => None,
        }))
        .await?;
    let own = ownership::is_owner(person, &account.owners, &groups);
    unit.require(Feature::ManagedAccount, verb, own).await?;
    Ok(account)
}

fn audit(unit: &mut Unit<'_>, account: &Account, saga: SagaId) {
    unit.audit(
        unit.operation,
        format!("account {}", account.id),
        json!({ "account": account.name, "status": account.status, "saga": saga }),
    );
}

/// Di: disables an account. Offered while Active; also while another operation is under way, which it then stops (L-31).
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct DisableAccount {
    /// Which.
    pub account: AccountId,
}

impl DisableAccount {
    /// Disables it.
    pub const fn new(account: AccountId) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Decide for DisableAccount {
    const NAME: &'static str = "account.disable";
    type Output = SagaId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SagaId> {
        let mut account = offered(unit, self.account, AccountOption::Disable).await?;
        let steps = begin::disable_steps(&account);
        let then = Completion::Become { status: AccountStatus::Disabled };
        let saga =
            begin::operate(unit, &mut account, OperationKind::Disable, steps, Vec::new(), then, None).await?;
        audit(unit, &account, saga);
        Ok(saga)
    }
}

/// En: enables a disabled account, after it was moved back and its memberships and password were checked.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct EnableAccount {
    /// Which.
    pub account: AccountId,
}

impl EnableAccount {
    /// Enables it.
    pub const fn new(account: AccountId) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Decide for EnableAccount {
    const NAME: &'static str = "account.enable";
    type Output = SagaId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SagaId> {
        let mut account = offered(unit, self.account, AccountOption::Enable).await?;
        let steps = begin::enable_steps(&account);
        let then = Completion::Become { status: AccountStatus::Active };
        // Given up halfway, it is disabled again, as its record says.
        let undo = begin::disable_steps(&account);
        let saga = begin::operate(unit, &mut account, OperationKind::Enable, steps, undo, then, None).await?;
        audit(unit, &account, saga);
        Ok(saga)
    }
}

/// R: gives an account a new end of life, counted from today (L-34); a disabled one is enabled.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct RenewAccount {
    /// Which.
    pub account: AccountId,
    /// One of its template's periods; the one it had when not said.
    pub period: Option<Period>,
}

impl RenewAccount {
    /// Renews it for as long as before.
    pub const fn new(account: AccountId) -> Self {
        Self { account, period: None }
    }

    /// Renews it for another period.
    #[must_use]
    pub const fn period(mut self, period: Period) -> Self {
        self.period = Some(period);
        self
    }
}

#[async_trait]
impl Decide for RenewAccount {
    const NAME: &'static str = "account.renew";
    type Output = SagaId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SagaId> {
        let mut account = offered(unit, self.account, AccountOption::Renew).await?;
        let period = choose_period(unit, &account, self.period).await?;
        let eol = begin::end_of_life(unit, period)?;
        let saga = begin::renew(unit, &mut account, period, eol, AccountStatus::Active, None).await?;
        audit(unit, &account, saga);
        Ok(saga)
    }
}

async fn choose_period(unit: &mut Unit<'_>, account: &Account, period: Option<Period>) -> Result<Period> {
    let Some(period) = period else { return Ok(account.period) };
    let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
    if version.body.periods.contains(&period) {
        return Ok(period);
    }
    unit.refuse(Refusal::new("T-5", "period", format!("{period} is not offered by the account's template")))
}

/// Su: asks the approvers for a new end of life; the request runs the steps of the account's own template version.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SubmitRenewal {
    /// Which.
    pub account: AccountId,
    /// One of its template's periods; the one it had when not said.
    pub period: Option<Period>,
    /// Why; may be empty.
    pub reason: String,
    /// Whether a disabled account is to be enabled as well; the approvers see it.
    pub enable: bool,
}

impl SubmitRenewal {
    /// Asks for as long as before.
    pub fn new(account: AccountId, reason: impl Into<String>) -> Self {
        Self { account, period: None, reason: reason.into(), enable: false }
    }
}

#[async_trait]
impl Decide for SubmitRenewal {
    const NAME: &'static str = "account.submit_renewal";
    type Output = RequestId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<RequestId> {
        let mut account = offered(unit, self.account, AccountOption::SubmitRenewal).await?;
        if let Err(refusal) = text::check("R-9", "reason", &self.reason, 4_000, false, true) {
            return unit.refuse(refusal);
        }
        let period = choose_period(unit, &account, self.period).await?;
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        let form = RequestForm::new(&account.name, period, &self.reason);
        let kind = RequestKind::Renewal { account: account.id, enable: self.enable };
        let mut request = requests::about(unit, &account, &version, kind, form)?;
        account.renewal = Some(request.id);
        unit.put(&account, format!("open a renewal of {}", account.name))?;
        requests::put_submitted(unit, &mut request, &version).await?;
        Ok(request.id)
    }
}

/// De: retires an account (disabled, renamed, moved, its secret deactivated), and once it is retired erases what is left of it.
///
/// Asks for confirmation unless the template deletes at the end of life anyway (P-4).
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct DeleteAccount {
    /// Which.
    pub account: AccountId,
    /// That it is meant.
    pub confirmed: bool,
}

impl DeleteAccount {
    /// Retires or erases it, unconfirmed.
    pub const fn new(account: AccountId) -> Self {
        Self { account, confirmed: false }
    }

    /// Confirms it.
    #[must_use]
    pub const fn confirmed(mut self) -> Self {
        self.confirmed = true;
        self
    }
}

#[async_trait]
impl Decide for DeleteAccount {
    const NAME: &'static str = "account.delete";
    type Output = SagaId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SagaId> {
        // Judged before the clock's work: an account that the record calls Deleted since this very command is still to be retired.
        let recorded: Account = unit.get(self.account.uuid()).await?;
        let erase = recorded.status == AccountStatus::Deleted;
        let mut account = offered(unit, self.account, AccountOption::Delete).await?;
        if !self.confirmed && (erase || account.eol_action != crate::model::template::EolAction::Delete) {
            return unit.refuse(Refusal::new("P-4", "confirmed", "deleting must be confirmed"));
        }
        let saga = if erase {
            let then = Completion::Erase;
            begin::operate(
                unit,
                &mut account,
                OperationKind::Erase,
                vec![Step::DeleteAccount],
                Vec::new(),
                then,
                None,
            )
            .await?
        } else {
            begin::delete(unit, &mut account).await?
        };
        audit(unit, &account, saga);
        Ok(saga)
    }
}

/// Retry: lets a parked operation try again (L-31).
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct RetryOperation {
    /// Of which account.
    pub account: AccountId,
}

impl RetryOperation {
    /// Tries again.
    pub const fn new(account: AccountId) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Decide for RetryOperation {
    const NAME: &'static str = "account.retry";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut account = offered(unit, self.account, AccountOption::Retry).await?;
        begin::resume(unit, &mut account, false).await
    }
}

/// Abandon: gives a parked operation up; what it can, it puts back (L-31, L-37).
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct AbandonOperation {
    /// Of which account.
    pub account: AccountId,
}

impl AbandonOperation {
    /// Gives it up.
    pub const fn new(account: AccountId) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Decide for AbandonOperation {
    const NAME: &'static str = "account.abandon";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut account = offered(unit, self.account, AccountOption::Abandon).await?;
        begin::resume(unit, &mut account, true).await
    }
}

/// Changes who owns an account (section W). Needs managed-account Update on it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SetOwners {
    /// Which.
    pub account: AccountId,
    /// Who owns it from now on.
    pub owners: BTreeSet<Owner>,
}

impl SetOwners {
    /// These from now on.
    pub fn new(account: AccountId, owners: impl IntoIterator<Item = Owner>) -> Self {
        Self { account, owners: owners.into_iter().collect() }
    }
}

#[async_trait]
impl Decide for SetOwners {
    const NAME: &'static str = "account.set_owners";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut account = owned(unit, self.account, Verb::Update).await?;
        if account.status == AccountStatus::Deleted {
            return unit.refuse(Refusal::new("I-4", "account", format!("{} is deleted", account.name)));
        }
        // Who may own it is being decided anew: what is judged by the old version now would not be judged by the new one (W-1).
        if account.operation.is_some_and(|open| open.kind == OperationKind::Migrate) {
            let message = format!("{} is being migrated; that must end first", account.name);
            return unit.refuse(Refusal::new("L-31", "owners", message));
        }
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        let (people, groups) = owners::owners_of(unit, &self.owners).await?;
        let requester = requester_of(unit, &account).await?;
        let refusals = ownership::check(version.body.ownership, requester, &self.owners, &people, &groups);
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        owners::take_on(unit, &self.owners, &people, &groups)?;
        // W-4: those who were owners are told too.
        let mut told = owners::owners_to_tell(unit, &account.owners).await?;
        let before = std::mem::replace(&mut account.owners, self.owners.clone());
        told.extend(owners::owners_to_tell(unit, &account.owners).await?);
        // W-4: who is gone knows the password still.
        let rotates = version.body.rotation.when_owner_leaves
            && account.secret.is_some()
            && before.difference(&account.owners).next().is_some();
        if rotates {
            account.rotates_at = Some(unit.now);
        }
        let text = format!("the owners of {} changed", account.name);
        unit.put(&account, &text)?;
        unit.audit(
            Self::NAME,
            format!("account {}", account.id),
            json!({ "before": before, "after": account.owners, "rotates": rotates }),
        );
        // W-3
        unit.event(EventKind::AccountOwnerChanged, text, told, |event| event.account = Some(account.id))
    }
}

/// Who asked for the account: with "requester only" it stays theirs.
pub(super) async fn requester_of(
    unit: &mut Unit<'_>,
    account: &Account,
) -> Result<crate::model::ids::PersonId> {
    let requests: Vec<Request> = unit.find_by(super::stored::index::ACCOUNT, &account.id.to_string()).await?;
    match requests.into_iter().find(|request| request.kind == RequestKind::New) {
        Some(request) => Ok(request.requester),
        None => unit.person(),
    }
}
