//! How sagas begin: the plan is fixed, and the intent is in the record, the queue and the audit in one commit.

use std::collections::BTreeSet;

use ad_directory::AccountExpires;
use jiff::Timestamp;
use serde_json::json;

use super::unit::Unit;
use super::{complete, link, migration_end, owners, requests};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::account::{Account, AccountStatus, OpenOperation, OperationKind, PendingSecret};
use crate::model::audit::AuditResult;
use crate::model::estate::Domain;
use crate::model::event::EventKind;
use crate::model::ids::SecretId;
use crate::model::ids::{AccountId, RequestId, SagaId};
use crate::model::period::Period;
use crate::model::request::{Request, RequestStatus};
use crate::model::template::{EolAction, Rotator, TemplateVersion};
use crate::rules::{attributes, lifecycle, managed, naming, ownership, privileges};
use crate::saga::effect::AccountSpec;
use crate::saga::input::Input;
use crate::saga::plan::{OperatePlan, Plan, ProvisionPlan, RotatePlan, Step, VaultRotatePlan};
use crate::saga::{Completion, Ending, SagaRecord, SagaStatus};

/// L-34, or why there is no such end.
pub(super) fn end_of_life(unit: &Unit<'_>, period: Period) -> Result<Timestamp> {
    period.end_from(unit.now).ok_or_else(|| {
        Error::refused(
            unit.operation,
            vec![Refusal::new("L-34", "period", format!("{period} from now is beyond the calendar"))],
        )
    })
}

/// L-38: the directory holds an end date for the action Expire only.
pub(super) const fn expires(action: EolAction, eol: Timestamp) -> AccountExpires {
    match action {
        EolAction::Expire => AccountExpires::At(eol),
        EolAction::Review | EolAction::Disable | EolAction::Delete => AccountExpires::Never,
    }
}

/// Begins to make the account of an approved request: Queued.
pub(super) async fn provision(
    unit: &mut Unit<'_>,
    request: &mut Request,
    version: &TemplateVersion,
) -> Result<()> {
    let body = &version.body;
    // I-6: whoever asked may have been disabled since.
    let owners = ownership::with_requester(&request.form.owners, request.requester);
    let (people, groups) = owners::owners_of(unit, &owners).await?;
    if !owners::take_on(unit, &owners, &people, &groups)? {
        let text = format!("{} would have no active owner", request.account_name);
        return unit.refuse(Refusal::new("W-2", "owners", text));
    }
    let domain: Domain = unit.get(request.domain.uuid()).await?;
    let eol = end_of_life(unit, request.form.period)?;
    let account = AccountId::new(unit.new_id()?);
    let saga = SagaId::new(unit.new_id()?);
    let ou = match naming::choose_ou(&body.directory, request.form.ou.as_ref()) {
        Ok(ou) => ou,
        Err(refusal) => return unit.refuse(refusal),
    };
    let plan = Plan::Provision(ProvisionPlan {
        secret_name: match &body.vault {
            Some(_) => naming::secret_name(&request.account_name, &domain.name, saga),
            None => String::new(),
        },
        place: body.place(request.form.folder.as_deref()),
        account: AccountSpec {
            name: request.account_name.clone(),
            domain: domain.name,
            ou,
            description: request.form.description.clone(),
            expires: expires(body.eol_action, eol),
            password_never_expires: body.directory.password_never_expires,
            password_change_denied: !body.directory.password_change_allowed,
            attributes: attributes::values(body, &request.form.attributes),
            managed: managed::spec(body, &request.form),
        },
        groups: body.directory.groups.clone(),
        settle_ms: settle_ms(unit),
        rotator: body.rotation.by,
    });
    request.status = RequestStatus::Queued;
    request.account = Some(account);
    request.saga = Some(saga);
    request.eol = Some(eol);
    let record = SagaRecord {
        id: saga,
        account,
        account_name: request.account_name.clone(),
        request: Some(request.id),
        domain: request.domain,
        plan,
        known_sagas: vec![saga],
        inputs: 0,
        status: SagaStatus::Running,
        created_at: unit.now,
        ready_at: unit.now,
        findings: Vec::new(),
        then: Completion::Provision { eol },
        binds: Vec::new(),
    };
    put_saga(unit, &record)?;
    unit.put(request, format!("queue the request for {}", request.account_name))?;
    requests::state_event(unit, request, BTreeSet::from([request.requester]))
}

pub(super) fn put_saga(unit: &mut Unit<'_>, saga: &SagaRecord) -> Result<()> {
    let operation = saga.plan.operation();
    unit.put(saga, format!("begin to {operation:?} {}", saga.account_name))?;
    // L-37: the intent, with what was computed once, before anything happens outside.
    unit.audit_as(
        "saga.begin",
        format!("account {}", saga.account),
        AuditResult::Intended,
        json!({ "saga": saga.id, "operation": operation, "account": saga.account_name, "then": saga.then }),
        None,
    );
    Ok(())
}

/// Begins an operation on a live account. One that is open already is given up: only the emergency stop and the clock come here then (L-31, L-36).
pub(super) async fn operate(
    unit: &mut Unit<'_>,
    account: &mut Account,
    kind: OperationKind,
    mut steps: Vec<Step>,
    mut undo: Vec<Step>,
    then: Completion,
    request: Option<RequestId>,
) -> Result<SagaId> {
    let mut inherited = Vec::new();
    if let Some(open) = account.operation {
        let back = Step::Expires { expires: expires(account.eol_action, account.eol) };
        // What it may have done is taken back, right after what is more pressing, as giving it up by hand would; but to the end date that the
        // record has by now.
        let mut way_back = supersede(unit, account, open).await?;
        for step in &mut way_back {
            if matches!(step, Step::Expires { .. }) {
                step.clone_from(&back);
            }
        }
        inherited.clone_from(&way_back);
        way_back.retain(|step| !steps.contains(step));
        let at = steps.len().min(1);
        steps.splice(at..at, way_back);
        // I-12, L-37: the end date that a renewal may have written is put back, right after what is more pressing.
        if open.kind == OperationKind::Renew
            && account.eol_action == EolAction::Expire
            && !steps.contains(&back)
        {
            steps.insert(steps.len().min(1), back);
        }
    }
    let secret = account.secret.clone().map(SecretId::new);
    for steps in [&mut steps, &mut undo, &mut inherited] {
        steps.retain(|step| secret.is_some() || !step.needs_secret());
    }
    let saga = SagaId::new(unit.new_id()?);
    let plan = Plan::Operate(OperatePlan {
        operation: kind,
        kind: account.kind,
        account: account.object_guid,
        name: account.name.clone(),
        secret,
        steps,
        undo,
        inherited,
    });
    open(unit, account, saga, plan, then, request)
}

/// Gives the account another password; what an earlier rotation left is gone on with (section X).
pub(super) async fn rotate(
    unit: &mut Unit<'_>,
    account: &mut Account,
    version: &TemplateVersion,
) -> Result<SagaId> {
    let (Some(secret), Some(place)) = (account.secret.clone(), version.body.vault.as_ref()) else {
        let message = format!("no vault keeps the password of {}", account.name);
        return unit.refuse(Refusal::new("T-11", "account", message));
    };
    let saga = SagaId::new(unit.new_id()?);
    // What an earlier rotation of our own left open is ended first: never a third password while it is open which of two holds.
    if version.body.rotation.by == Rotator::Vault && account.pending.is_none() {
        let patience = unit.alm.settings.vault_patience.as_millis();
        let plan = Plan::RotateByVault(VaultRotatePlan {
            account: account.object_guid,
            name: account.name.clone(),
            secret: SecretId::new(secret),
            patience_ms: u64::try_from(patience).unwrap_or(u64::MAX),
        });
        return open(unit, account, saga, plan, Completion::Rotated, None);
    }
    let domain: Domain = unit.get(account.domain.uuid()).await?;
    let pending = match account.pending.clone() {
        Some(pending) => pending,
        None => PendingSecret::new(
            place.pending(),
            naming::pending_secret_name(&account.name, &domain.name, saga),
        ),
    };
    account.pending = Some(pending.clone());
    let plan = Plan::Rotate(RotatePlan {
        account: account.object_guid,
        name: account.name.clone(),
        domain: domain.name,
        secret: SecretId::new(secret),
        resumes: pending.secret.is_some(),
        pending,
        tell_dependents: version.body.rotation.tell_dependents,
        settle_ms: settle_ms(unit),
    });
    open(unit, account, saga, plan, Completion::Rotated, None)
}

pub(super) fn settle_ms(unit: &Unit<'_>) -> u64 {
    u64::try_from(unit.alm.settings.settle.as_millis()).unwrap_or(u64::MAX)
}

/// Puts the saga into the queue, and into the account's record.
pub(super) fn open(
    unit: &mut Unit<'_>,
    account: &mut Account,
    saga: SagaId,
    plan: Plan,
    then: Completion,
    request: Option<RequestId>,
) -> Result<SagaId> {
    let kind = plan.operation();
    account.sagas.push(saga);
    account.operation = Some(OpenOperation { saga, kind, failed: false });
    let record = SagaRecord {
        id: saga,
        account: account.id,
        account_name: account.name.clone(),
        request,
        domain: account.domain,
        plan,
        known_sagas: account.sagas.clone(),
        inputs: 0,
        status: SagaStatus::Running,
        created_at: unit.now,
        ready_at: unit.now,
        findings: Vec::new(),
        then,
        binds: Vec::new(),
    };
    put_saga(unit, &record)?;
    unit.put(account, format!("{kind:?} {}", account.name))?;
    Ok(saga)
}

/// Ends an open operation because another one takes its place. Its engine loses the work with this commit, and the marker of the next
/// operation makes what it still sends fail (E-5). Returns what puts back what a change of memberships or a migration did, or one before it.
async fn supersede(unit: &mut Unit<'_>, account: &mut Account, open: OpenOperation) -> Result<Vec<Step>> {
    let mut saga: SagaRecord = unit.get(open.saga.uuid()).await?;
    if matches!(saga.status, SagaStatus::Ended { .. }) {
        return Ok(Vec::new());
    }
    let machine = link::machine(unit.alm, &saga).await?;
    // What the others do is right in itself, but they may not have put back yet what they took over.
    let is_put_back = matches!(open.kind, OperationKind::Privilege | OperationKind::Migrate);
    let way_back = if is_put_back { machine.way_back() } else { machine.inherited() };
    migration_end::superseded(unit, account).await?;
    link::lost(unit, &saga, &machine);
    saga.status = SagaStatus::Ended { ending: Ending::Abandoned };
    saga.findings.push("another operation took its place".to_owned());
    account.binds.extend(&saga.binds);
    complete::note_reset(account, &machine, unit.now);
    // What a rotation left is remembered: the directory may have the password in it.
    if let Some(pending) = &mut account.pending {
        pending.secret = machine.pending_secret().cloned().or_else(|| pending.secret.take());
    }
    unit.put(&saga, format!("give up {:?} of {}", open.kind, saga.account_name))?;
    unit.audit("saga.superseded", format!("account {}", saga.account), json!({ "saga": saga.id }));
    if let Some(request) = saga.request {
        let mut request: Request = unit.get(request.uuid()).await?;
        request.status = RequestStatus::Abandoned;
        request.failure = Some("another operation took its place".to_owned());
        unit.put(&request, "give up the request")?;
        requests::state_event(unit, &request, BTreeSet::from([request.requester]))?;
        // In the caller's copy, which is the one that is written.
        if account.renewal == Some(request.id) {
            account.renewal = None;
        }
    }
    Ok(way_back)
}

/// Disable, then move (L-2).
pub(super) fn disable_steps(account: &Account) -> Vec<Step> {
    let mut steps = vec![Step::Disable];
    if let Some(ou) = &account.retirement_ou {
        steps.push(Step::MoveTo { ou: Some(ou.clone()), name: None });
    }
    steps
}

/// Move back, check memberships and password, enable last.
pub(super) fn enable_steps(account: &Account) -> Vec<Step> {
    let mut steps = Vec::new();
    if account.retirement_ou.is_some() {
        let name =
            account.common_name.as_deref().unwrap_or_else(|| naming::common_name(&account.name)).to_owned();
        steps.push(Step::MoveTo { ou: Some(account.ou.clone()), name: Some(name) });
    }
    if !account.groups.is_empty() {
        steps.push(Step::EnsureGroups { groups: account.groups.clone() });
    }
    steps.push(Step::VerifyPassword);
    // What an interrupted rotation left is nobody's any more: the account's own secret has just been proved.
    steps.extend(account.pending.clone().map(|pending| Step::DropPending { pending }));
    steps.push(Step::Enable);
    steps
}

/// An account that goes needs no new end.
pub(super) async fn withdraw_renewal(unit: &mut Unit<'_>, account: &mut Account) -> Result<()> {
    if let Some(renewal) = account.renewal.take() {
        let mut request: Request = unit.get(renewal.uuid()).await?;
        if request.status == RequestStatus::Submitted {
            request.status = RequestStatus::Withdrawn;
            unit.put(&request, "withdraw the open renewal")?;
            requests::state_event(unit, &request, BTreeSet::from([request.requester]))?;
        }
    }
    Ok(())
}

pub(super) async fn delete(unit: &mut Unit<'_>, account: &mut Account) -> Result<SagaId> {
    withdraw_renewal(unit, account).await?;
    let domain: Domain = unit.get(account.domain.uuid()).await?;
    let name = naming::retired_name(account.id, account.kind);
    let common_name = naming::common_name(&name).to_owned();
    let mut steps = vec![
        Step::Disable,
        Step::RetireName { name, domain: domain.name },
        Step::MoveTo { ou: account.retirement_ou.clone(), name: Some(common_name) },
        Step::DeactivateSecret,
    ];
    steps.extend(account.pending.clone().map(|pending| Step::DropPending { pending }));
    let then = Completion::Become { status: AccountStatus::Deleted };
    // What the record calls disabled since this commit (L-32) is so in the directory too, when retiring it is given up.
    let undo = if account.status == AccountStatus::Disabled { vec![Step::Disable] } else { Vec::new() };
    operate(unit, account, OperationKind::Delete, steps, undo, then, None).await
}

/// Gives a new end of life. Lengthening goes to the directory before the record, and so does shortening (L-37); giving it up puts the old end
/// date back.
pub(super) async fn renew(
    unit: &mut Unit<'_>,
    account: &mut Account,
    period: Period,
    eol: Timestamp,
    status: AccountStatus,
    request: Option<RequestId>,
) -> Result<SagaId> {
    let mut steps = Vec::new();
    let mut undo = Vec::new();
    if account.eol_action == EolAction::Expire {
        steps.push(Step::Expires { expires: AccountExpires::At(eol) });
        undo.push(Step::Expires { expires: AccountExpires::At(account.eol) });
    }
    if status == AccountStatus::Active && account.status == AccountStatus::Disabled {
        steps.extend(enable_steps(account));
        undo.extend(disable_steps(account));
    }
    let then = Completion::Renew { eol, period, status };
    operate(unit, account, OperationKind::Renew, steps, undo, then, request).await
}

/// A renewal whose last step was approved: applied by a saga (R-9, results of Su).
pub(super) async fn approved_renewal(
    unit: &mut Unit<'_>,
    request: &mut Request,
    mut account: Account,
    enable: bool,
) -> Result<()> {
    if let Some(operation) = account.operation {
        return unit.refuse(Refusal::new(
            "L-31",
            "account",
            format!("{}: its operation {:?} must end first; vote again then", account.name, operation.kind),
        ));
    }
    carry_out_tick(unit, &mut account).await?;
    let eol = end_of_life(unit, request.form.period)?;
    let status = match account.status {
        AccountStatus::Active | AccountStatus::Expired => AccountStatus::Active,
        AccountStatus::Disabled if enable => AccountStatus::Active,
        other => other,
    };
    let saga = renew(unit, &mut account, request.form.period, eol, status, Some(request.id)).await?;
    request.status = RequestStatus::Queued;
    request.saga = Some(saga);
    request.eol = Some(eol);
    unit.put(request, format!("queue the renewal of {}", account.name))?;
    requests::state_event(unit, request, BTreeSet::from([request.requester]))
}

/// A change of privileges whose last step was approved.
pub(super) async fn approved_privilege(
    unit: &mut Unit<'_>,
    request: &mut Request,
    mut account: Account,
) -> Result<()> {
    if let Some(operation) = account.operation {
        return unit.refuse(Refusal::new(
            "L-31",
            "account",
            format!("{}: its operation {:?} must end first; vote again then", account.name, operation.kind),
        ));
    }
    let Some(change) = request.privilege.clone() else {
        let message = format!("request {} asks for no privilege", request.id);
        return Err(Error::new(ErrorKind::StoreCorrupt, unit.operation, message));
    };
    // What was right when it was asked for may be so no longer.
    let refusals = privileges::check(&account, &change, unit.now);
    if !refusals.is_empty() {
        return Err(Error::refused(unit.operation, refusals));
    }
    carry_out_own_tick(unit, &mut account).await?;
    let group = change.group.clone();
    let (steps, undo) = if change.joins {
        let back = if account.groups.contains(&group) {
            Vec::new()
        } else {
            vec![Step::LeaveGroup { group: group.clone() }]
        };
        (vec![Step::JoinGroup { group }], back)
    } else {
        (vec![Step::LeaveGroup { group }], Vec::new())
    };
    let then = Completion::Privilege { change };
    let saga =
        operate(unit, &mut account, OperationKind::Privilege, steps, undo, then, Some(request.id)).await?;
    request.status = RequestStatus::Queued;
    request.saga = Some(saga);
    unit.put(request, format!("queue the change of privileges of {}", account.name))?;
    requests::state_event(unit, request, BTreeSet::from([request.requester]))
}

/// L-32: a command that comes after the end of life and before the tick carries the tick out in its own commit. The record gets the status; that
/// the directory follows is the business of the command's own saga, which comes next.
pub(super) async fn carry_out_tick(unit: &mut Unit<'_>, account: &mut Account) -> Result<()> {
    if account.eol_done || unit.now < account.eol || account.status == AccountStatus::Deleted {
        return Ok(());
    }
    let before = account.status;
    // Deleted is final (I-4): an account is that when its saga has ended, and not before.
    if account.eol_action != EolAction::Delete {
        account.status = lifecycle::after_eol(account.eol_action, before);
    }
    account.eol_done = true;
    let text = format!("{} reached its end of life ({:?})", account.name, account.eol_action);
    unit.put(account, &text)?;
    unit.audit(
        "account.end_of_life",
        format!("account {}", account.id),
        json!({ "action": account.eol_action, "before": before, "after": account.status }),
    );
    let owners = owners::owners_to_tell(unit, &account.owners).await?;
    unit.event(EventKind::EndOfLife, text, owners, |event| event.account = Some(account.id))
}

/// The same for a command whose saga does not make the directory follow: what the clock would change comes first, and by itself.
pub(super) async fn carry_out_own_tick(unit: &mut Unit<'_>, account: &mut Account) -> Result<()> {
    match lifecycle::settled(account, unit.now) {
        Ok(()) => carry_out_tick(unit, account).await,
        Err(refusal) => unit.refuse(refusal),
    }
}

/// Lets a parked operation go on, or gives it up.
pub(super) async fn resume(unit: &mut Unit<'_>, account: &mut Account, abandon: bool) -> Result<()> {
    let Some(open) = account.operation.filter(|open| open.failed) else {
        return unit.refuse(Refusal::new("L-31", "account", "has no parked operation"));
    };
    let saga: SagaRecord = unit.get(open.saga.uuid()).await?;
    resume_saga(unit, saga, abandon).await?;
    account.operation = Some(OpenOperation { failed: false, ..open });
    unit.put(account, "the parked operation goes on")
}

/// Lets a parked saga go on, or gives it up: what it puts back then is the engine's work too.
pub(super) async fn resume_saga(unit: &mut Unit<'_>, mut saga: SagaRecord, abandon: bool) -> Result<()> {
    let by = unit.person()?;
    let input = if abandon { Input::Abandon { by, at: unit.now } } else { Input::Retry { by, at: unit.now } };
    let mut machine = link::machine(unit.alm, &saga).await?;
    machine.apply(&input).map_err(|misfit| {
        Error::new(ErrorKind::Conflict, unit.operation, "the operation went on in the meantime")
            .with_source(misfit)
    })?;
    unit.journal(&mut saga, &input)?;
    saga.status = SagaStatus::Running;
    saga.ready_at = unit.now;
    let verb = if abandon { "give up" } else { "retry" };
    let operation = saga.plan.operation();
    unit.put(&saga, format!("{verb} {operation:?} of {}", saga.account_name))?;
    unit.audit(
        unit.operation,
        format!("account {}", saga.account),
        json!({ "saga": saga.id, "operation": operation }),
    );
    Ok(())
}
