//! How sagas end: what becomes of account and request, in the commit that journals the last input (section X, step 10).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::unit::Unit;
use super::{migration_end, owners, pair_turns, requests};
use crate::error::{Error, ErrorKind, Result};
use crate::model::account::{Account, AccountStatus, OperationKind, ReminderState, renewal_date};
use crate::model::event::EventKind;
use crate::model::managed::AccountKind;
use crate::model::period::Period;
use crate::model::request::{Request, RequestKind, RequestStatus};
use crate::model::template::TemplateVersion;
use crate::rules::reminders::Schedule;
use crate::rules::{lifecycle, naming, ownership, privileges, rotation};
use crate::saga::plan::{Plan, Step};
use crate::saga::{Completion, Ending, Machine, SagaRecord};

/// How many of our own sign-ins are remembered of an account.
const BINDS: usize = 8;

/// Stages what follows from the end of a saga.
pub(super) async fn end(
    unit: &mut Unit<'_>,
    saga: &SagaRecord,
    machine: &Machine,
    ending: &Ending,
) -> Result<()> {
    unit.audit(
        "saga.end",
        format!("account {}", saga.account),
        json!({ "saga": saga.id, "operation": saga.plan.operation(), "ending": ending, "findings": saga.findings }),
    );
    match (&saga.then, ending) {
        // What stays in the way is found again.
        (Completion::Cleaned, _) => Ok(()),
        (Completion::Provision { eol }, Ending::Done) => provisioned(unit, saga, machine, *eol).await,
        (Completion::Provision { .. }, _) => not_provisioned(unit, saga, ending).await,
        (Completion::Adopt, Ending::Done) => adopted(unit, saga, machine).await,
        (Completion::Adopt, _) => not_adopted(unit, saga, machine, ending).await,
        (Completion::Migrate { migration }, Ending::Done) => {
            migration_end::migrated(unit, saga, migration).await
        }
        (then, Ending::Done) => operated(unit, saga, then).await,
        (_, _) => given_up(unit, saga, machine).await,
    }
}

fn damaged(saga: &SagaRecord, what: &str) -> Error {
    Error::new(ErrorKind::StoreCorrupt, "saga.end", format!("saga {} ended without {what}", saga.id))
}

async fn provisioned(
    unit: &mut Unit<'_>,
    saga: &SagaRecord,
    machine: &Machine,
    eol: Timestamp,
) -> Result<()> {
    let request_id = saga.request.ok_or_else(|| damaged(saga, "a request"))?;
    let mut request: Request = unit.get(request_id.uuid()).await?;
    let version: TemplateVersion = unit.get(request.template.uuid()).await?;
    let Plan::Provision(plan) = &saga.plan else {
        return Err(damaged(saga, "a plan to provision"));
    };
    let body = &version.body;
    let secret = machine.secret().map(ToString::to_string);
    if plan.place.is_some() && secret.is_none() {
        return Err(damaged(saga, "a secret"));
    }
    let services = plan.account.managed.iter().flat_map(|managed| &managed.service_principal_names);
    let service_principal_names = services.map(ToString::to_string).collect();
    let mut account = Account {
        id: saga.account,
        name: saga.account_name.clone(),
        common_name: None,
        kind: saga.plan.kind(),
        domain: saga.domain,
        status: AccountStatus::Active,
        owners: ownership::with_requester(&request.form.owners, request.requester),
        template: version.template,
        template_version: version.id,
        period: request.form.period,
        renewal_date: renewal_date(eol, body.renewal_lead_days),
        eol,
        ends_by: None,
        eol_action: body.eol_action,
        eol_done: false,
        description: request.form.description.clone(),
        ou: plan.account.ou.clone(),
        retirement_ou: body.directory.retirement_ou.clone(),
        groups: plan.groups.clone(),
        privilege_ends: Vec::new(),
        attributes: plan.account.attributes.clone(),
        object_guid: machine.account().ok_or_else(|| damaged(saga, "an account"))?,
        vault: plan.place.as_ref().map(|place| place.vault),
        secret,
        dependencies: Vec::new(),
        tags: BTreeSet::new(),
        service_principal_names,
        operation: None,
        renewal: None,
        reminders: ReminderState::default(),
        sagas: saga.known_sagas.clone(),
        binds: saga.binds.clone(),
        password_changed_at: unit.now,
        rotates_at: rotation::due(&body.rotation, unit.now),
        pending: None,
        pair: None,
        provisioned_at: unit.now,
        erased_at: None,
    };
    schedule_reminders(&mut account, &version);
    request.status = RequestStatus::Provisioned;
    unit.put(&account, format!("{} is Active", account.name))?;
    unit.put(&request, format!("the request for {} is Provisioned", account.name))?;
    let text = format!("{} was provisioned; its end of life is {}", account.name, account.eol);
    let mut told = owners::owners_to_tell(unit, &account.owners).await?;
    told.insert(request.requester);
    unit.event(EventKind::AccountProvisioned, text, told, |event| {
        event.account = Some(account.id);
        event.request = Some(request.id);
        event.saga = Some(saga.id);
    })
}

async fn not_provisioned(unit: &mut Unit<'_>, saga: &SagaRecord, ending: &Ending) -> Result<()> {
    let request_id = saga.request.ok_or_else(|| damaged(saga, "a request"))?;
    let mut request: Request = unit.get(request_id.uuid()).await?;
    let (status, failure) = match ending {
        Ending::Compensated { message, .. } => (RequestStatus::ProvisioningFailed, message.clone()),
        Ending::Cancelled => (RequestStatus::Abandoned, "cancelled by an administrator".to_owned()),
        Ending::Abandoned | Ending::Done => (RequestStatus::Abandoned, "given up as it was".to_owned()),
    };
    request.status = status;
    //
    request.failure = Some(failure.clone());
    unit.put(&request, format!("the request for {} is {status:?}", request.account_name))?;
    let text = format!("{} was not provisioned: {failure}", request.account_name);
    unit.event(EventKind::ProvisioningFailed, text, BTreeSet::from([request.requester]), |event| {
        event.request = Some(request.id);
        event.saga = Some(saga.id);
    })
}

/// The record as the account was found (M-1).
async fn adopted(unit: &mut Unit<'_>, saga: &SagaRecord, machine: &Machine) -> Result<()> {
    let mut account: Account = unit.get(saga.account.uuid()).await?;
    let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
    let seen = machine.seen().ok_or_else(|| damaged(saga, "what was seen"))?;
    account.status = if seen.enabled { AccountStatus::Active } else { AccountStatus::Disabled };
    account.ou.clone_from(&seen.ou);
    account.groups.clone_from(&seen.groups);
    let common_name = Some(seen.common_name.clone());
    account.common_name = common_name.filter(|name| name != naming::common_name(&account.name));
    // Those that a request or another account holds already stay with it: two in the directory are somebody's mistake from before.
    for name in seen.service_principal_names.iter().filter(|_| account.kind == AccountKind::GroupManaged) {
        if unit.alm.store.holder(&naming::service_reservation(account.domain, name)).await?.is_none() {
            account.service_principal_names.push(name.clone());
        }
    }
    if account.description.is_empty() {
        account.description = seen.description.clone().unwrap_or_default();
    }
    if account.secret.is_none()
        && let Some(secret) = machine.secret()
    {
        // It got another password, which is in a secret that was made for it.
        account.secret = Some(secret.to_string());
        account.vault = version.body.vault.as_ref().map(|place| place.vault);
        account.password_changed_at = unit.now;
    }
    // How old its password is otherwise, nobody knows; from now on it ages as its template says.
    account.rotates_at = rotation::due(&version.body.rotation, unit.now).filter(|_| account.secret.is_some());
    account.operation = None;
    account.provisioned_at = unit.now;
    remember_binds(&mut account, saga);
    schedule_reminders(&mut account, &version);
    let text =
        format!("{} was adopted; it is {:?} and ends on {}", account.name, account.status, account.eol);
    unit.put(&account, &text)?;
    let told = owners::owners_to_tell(unit, &account.owners).await?;
    unit.event(EventKind::AccountAdopted, text, told, |event| {
        event.account = Some(account.id);
        event.saga = Some(saga.id);
    })
}

/// It is not managed, and its record is gone: the audit has what was tried.
async fn not_adopted(
    unit: &mut Unit<'_>,
    saga: &SagaRecord,
    machine: &Machine,
    ending: &Ending,
) -> Result<()> {
    let account: Account = unit.get(saga.account.uuid()).await?;
    let why = match ending {
        Ending::Compensated { message, .. } => message.clone(),
        Ending::Cancelled | Ending::Abandoned | Ending::Done => "it was given up".to_owned(),
    };
    let mut text = format!("{} was not adopted: {why}", account.name);
    if let Some(secret) = machine.leaves_secret() {
        text = format!("{text}; its password was reset and is in secret {secret}");
    }
    unit.remove(&account, &text);
    let mut told = owners::owners_to_tell(unit, &account.owners).await?;
    told.extend(unit.administrators().await?);
    unit.event(EventKind::AccountAdopted, text, told, |event| event.saga = Some(saga.id))
}

async fn operated(unit: &mut Unit<'_>, saga: &SagaRecord, then: &Completion) -> Result<()> {
    let mut account: Account = unit.get(saga.account.uuid()).await?;
    let before = account.status;
    match then {
        Completion::Become { status } => {
            account.status = *status;
            if *status == AccountStatus::Deleted {
                pair_turns::retired(unit, &mut account).await?;
            }
        }
        Completion::Renew { eol, period, status } => {
            renewed(unit, &mut account, *eol, *period, *status).await?;
        }
        Completion::Erase => account.erased_at = Some(unit.now),
        Completion::WrittenOff => {
            account.status = AccountStatus::Deleted;
            account.erased_at = Some(unit.now);
            pair_turns::retired(unit, &mut account).await?;
        }
        Completion::Privilege { change } => privileges::apply(&mut account, change),
        Completion::PrivilegesEnded { ends } => privileges::end(&mut account, ends),
        Completion::Rotated => {
            let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
            account.password_changed_at = unit.now;
            account.rotates_at = rotation::due(&version.body.rotation, unit.now);
            account.pending = None;
        }
        Completion::Provision { .. }
        | Completion::Adopt
        | Completion::Migrate { .. }
        | Completion::Cleaned => {
            return Err(damaged(saga, "an operation"));
        }
    }
    end_again(&mut account);
    if let Plan::Operate(plan) = &saga.plan
        && plan.steps.iter().any(|step| matches!(step, Step::DropPending { .. }))
    {
        account.pending = None;
    }
    if account.operation.is_some_and(|open| open.saga == saga.id) {
        account.operation = None;
    }
    if let Some(request) = saga.request {
        let mut request: Request = unit.get(request.uuid()).await?;
        request.status = RequestStatus::Provisioned;
        unit.put(&request, format!("the request for {} is applied", account.name))?;
        requests::state_event(unit, &request, BTreeSet::from([request.requester]))?;
        if account.renewal == Some(request.id) {
            account.renewal = None;
        }
    }
    remember_binds(&mut account, saga);
    let text = match then {
        Completion::Renew { eol, .. } => format!("{} was renewed until {eol}", account.name),
        Completion::Erase => format!("{} was erased", account.name),
        Completion::WrittenOff => format!("{} was deleted in the directory and is written off", account.name),
        Completion::Rotated => format!("{} has another password", account.name),
        Completion::Privilege { change } => privileges::describe(&account.name, change),
        Completion::PrivilegesEnded { ends } => privileges::describe_ends(&account.name, ends, unit.now),
        _ => format!("{} is {:?}", account.name, account.status),
    };
    unit.put(&account, &text)?;
    unit.audit(
        "account.state",
        format!("account {}", account.id),
        json!({ "before": before, "after": account.status, "eol": account.eol, "saga": saga.id }),
    );
    let owners = owners::owners_to_tell(unit, &account.owners).await?;
    let kind = match then {
        Completion::Rotated => EventKind::AccountPasswordRotated,
        Completion::Privilege { .. } | Completion::PrivilegesEnded { .. } => {
            EventKind::AccountPrivilegeChanged
        }
        _ => EventKind::AccountStateChanged,
    };
    unit.event(kind, text, owners, |event| {
        event.account = Some(account.id);
        event.saga = Some(saga.id);
    })
}

/// S-8: the newest of our own sign-ins; the directory remembers one.
fn remember_binds(account: &mut Account, saga: &SagaRecord) {
    remember(account, &saga.binds);
}

/// The same for sign-ins of no saga.
pub(super) fn remember(account: &mut Account, binds: &[Timestamp]) {
    account.binds.extend(binds);
    account.binds.sort_unstable();
    let surplus = account.binds.len().saturating_sub(BINDS);
    account.binds.drain(..surplus);
}

async fn renewed(
    unit: &mut Unit<'_>,
    account: &mut Account,
    eol: Timestamp,
    period: Period,
    status: AccountStatus,
) -> Result<()> {
    let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
    account.status = status;
    account.eol = eol;
    account.period = period;
    account.eol_done = false;
    account.renewal_date = renewal_date(eol, version.body.renewal_lead_days);
    account.reminders = ReminderState { last: None, next: None, cycle: account.reminders.cycle + 1 };
    schedule_reminders(account, &version);
    Ok(())
}

pub(super) fn schedule_reminders(account: &mut Account, version: &TemplateVersion) {
    let schedule = Schedule::new(version.body.reminders, account.renewal_date, account.eol);
    account.reminders.next = schedule.next_after(account.reminders.last).map(|reminder| reminder.at);
}

/// An account that is not what its end of life makes of it ends with the next tick again (L-2 to L-4): when a person gave that up, and when one enabled it
/// because the clock had gone back behind it.
fn end_again(account: &mut Account) {
    if account.eol_done && lifecycle::after_eol(account.eol_action, account.status) != account.status {
        account.eol_done = false;
    }
}

async fn given_up(unit: &mut Unit<'_>, saga: &SagaRecord, machine: &Machine) -> Result<()> {
    let mut account: Account = unit.get(saga.account.uuid()).await?;
    if saga.plan.operation() == OperationKind::Rotate {
        let pending = account.pending.take().filter(|_| machine.leaves_pending());
        account.pending = pending.map(|mut pending| {
            pending.secret = machine.pending_secret().cloned();
            pending
        });
        // Its day comes again tomorrow: nobody keeps an old password by giving up.
        account.rotates_at = account.rotates_at.map(|at| at.max(rotation::tomorrow(unit.now)));
    }
    if account.operation.is_some_and(|open| open.saga == saga.id) {
        account.operation = None;
    }
    if let Completion::Migrate { migration } = &saga.then {
        migration_end::given_up(unit, &mut account, migration).await?;
    }
    // Nobody lives on by abandoning it.
    end_again(&mut account);
    if let Some(request) = saga.request {
        let mut request: Request = unit.get(request.uuid()).await?;
        request.status = RequestStatus::Abandoned;
        unit.put(&request, "the request is given up")?;
        if matches!(request.kind, RequestKind::Renewal { .. }) && account.renewal == Some(request.id) {
            account.renewal = None;
        }
        requests::state_event(unit, &request, BTreeSet::from([request.requester]))?;
    }
    remember_binds(&mut account, saga);
    let text = format!("{:?} of {} was given up", saga.plan.operation(), account.name);
    unit.put(&account, &text)?;
    let owners = owners::owners_to_tell(unit, &account.owners).await?;
    unit.event(EventKind::AccountStateChanged, text, owners, |event| {
        event.account = Some(account.id);
        event.saga = Some(saga.id);
    })
}
