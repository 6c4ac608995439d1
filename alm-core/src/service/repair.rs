//! Mending what [`doctor`](crate::Alm::doctor) found: each time a person says so, and each time the record and the engine look once more.

use ad_directory::{Dn, ObjectGuid};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::begin;
use super::command::decide::Decide;
use super::rotation::RotateAccount;
use super::stored::{object_name, secret_name};
use super::unit::Unit;
use crate::error::{Refusal, Result};
use crate::model::account::{Account, AccountStatus, OperationKind};
use crate::model::doctor::{LeftAccount, Remedy};
use crate::model::drift::DriftKind;
use crate::model::ids::{AccountId, SagaId, SecretId, VaultId};
use crate::model::managed::AccountKind;
use crate::model::people::{Feature, Verb};
use crate::model::template::EolAction;
use crate::rules::{doctor as rules, naming};
use crate::saga::plan::{OperatePlan, Plan, Step};
use crate::saga::{Completion, SagaRecord, SagaStatus};

/// Does what [`doctor`](crate::Alm::doctor) proposed. Needs managed-account Update with Manage.
///
/// A remedy is a proposal and no permission: what it rests on is judged anew, from the record when it is given, and by the engine from directory and
/// vault before it changes anything. An account that a saga left is deleted only when it carries our marker, is disabled and in no group; a
/// secret is deactivated and never deleted. What is refused by the engine stops the operation, and a person retries it or gives it up; what a
/// saga left, and cannot be cleared away, is found again.
///
/// Refused are: with L-31, an account on which something is under way; with L-32, one whose end of life the clock has still to carry out, unless it
/// is marked or written off, which the clock needs first; with X-18, what is not, or no longer, so; and what [`RotateAccount`] refuses.
///
/// ```
/// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller, finding: alm_core::model::doctor::Finding) -> alm_core::Result<()> {
/// use alm_core::service::repair::Repair;
///
/// if let Some(remedy) = finding.remedy {
///     let saga = alm.execute(&admin, "mend-2026-11-22-1", Repair::new(remedy)).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Repair {
    /// What to do.
    pub remedy: Remedy,
}

impl Repair {
    /// Does this.
    pub const fn new(remedy: Remedy) -> Self {
        Self { remedy }
    }
}

#[async_trait]
impl Decide for Repair {
    const NAME: &'static str = "doctor.repair";
    type Output = SagaId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SagaId> {
        unit.require(Feature::ManagedAccount, Verb::Update, false).await?;
        let saga = match &self.remedy {
            Remedy::Correct { account, differences, leave } => {
                correct(unit, *account, differences, leave).await?
            }
            Remedy::Mark { account } => {
                // What the clock has to do needs the marker.
                let mut account = idle(unit, *account).await?;
                if account.erased_at.is_some() {
                    return refuse(unit, format!("{} is erased", account.name));
                }
                operate(unit, &mut account, OperationKind::Correct, vec![Step::Mark]).await?
            }
            Remedy::Rotate { account } => RotateAccount::new(*account).decide(unit).await?,
            Remedy::WriteOff { account } => write_off(unit, *account).await?,
            Remedy::DisableLeftover(left) => clear(unit, left, Step::Disable).await?,
            Remedy::RemoveLeftover(left) => clear(unit, left, Step::DeleteAccount).await?,
            Remedy::DeactivateLeftover { saga, vault, secret } => {
                clear_secret(unit, *saga, *vault, secret).await?
            }
            Remedy::DeactivateSecret { account } => {
                let mut account = quiet(unit, *account).await?;
                // An erased one has given its secret's name free: somebody else may have it.
                let has_it = account.secret.is_some() && account.erased_at.is_none();
                if account.status != AccountStatus::Deleted || !has_it {
                    return refuse(unit, format!("{} is no retired account with a secret", account.name));
                }
                operate(unit, &mut account, OperationKind::Correct, vec![Step::DeactivateSecret]).await?
            }
        };
        unit.audit(Self::NAME, "doctor", json!({ "remedy": self.remedy, "saga": saga }));
        Ok(saga)
    }
}

fn refuse<T>(unit: &Unit<'_>, message: String) -> Result<T> {
    unit.refuse(Refusal::new("X-18", "remedy", message))
}

/// An account on which nothing is under way.
async fn idle(unit: &mut Unit<'_>, id: AccountId) -> Result<Account> {
    let account: Account = unit.get(id.uuid()).await?;
    if let Some(open) = account.operation {
        let message = format!("{}: its operation {:?} must end first", account.name, open.kind);
        return unit.refuse(Refusal::new("L-31", "account", message));
    }
    Ok(account)
}

/// And for which the clock has nothing to do.
async fn quiet(unit: &mut Unit<'_>, id: AccountId) -> Result<Account> {
    let mut account = idle(unit, id).await?;
    begin::carry_out_own_tick(unit, &mut account).await?;
    Ok(account)
}

async fn operate(
    unit: &mut Unit<'_>,
    account: &mut Account,
    kind: OperationKind,
    steps: Vec<Step>,
) -> Result<SagaId> {
    let then = match kind {
        OperationKind::Erase => Completion::WrittenOff,
        _ => Completion::Become { status: account.status },
    };
    begin::operate(unit, account, kind, steps, Vec::new(), then, None).await
}

async fn correct(
    unit: &mut Unit<'_>,
    account: AccountId,
    differences: &[DriftKind],
    leave: &[Dn],
) -> Result<SagaId> {
    let mut account = quiet(unit, account).await?;
    if let Some(group) = leave.iter().find(|group| account.groups.contains(group)) {
        return refuse(unit, format!("{} belongs to {group}, as its record says", account.name));
    }
    let steps = steps(&account, differences, leave);
    if steps.is_empty() {
        return refuse(unit, format!("there is nothing to correct of {}", account.name));
    }
    operate(unit, &mut account, OperationKind::Correct, steps).await
}

/// From the record alone; whoever proposed it says only in which respects. What makes it less is done first, and it is enabled last.
fn steps(account: &Account, differences: &[DriftKind], leave: &[Dn]) -> Vec<Step> {
    let differs = |kind| rules::can_correct(kind) && differences.contains(&kind);
    let on = matches!(account.status, AccountStatus::Active | AccountStatus::Expired);
    let mut steps = Vec::new();
    if !on && differs(DriftKind::Enabled) {
        steps.push(Step::Disable);
    }
    if account.status == AccountStatus::Deleted {
        return steps;
    }
    if differs(DriftKind::Groups) {
        steps.extend(leave.iter().map(|group| Step::LeaveGroup { group: group.clone() }));
        if !account.groups.is_empty() {
            steps.push(Step::EnsureGroups { groups: account.groups.clone() });
        }
    }
    // Whoever is enabled ends when the record says (I-12).
    let enables = on && differs(DriftKind::Disabled);
    if differs(DriftKind::Expiry) || (enables && account.eol_action == EolAction::Expire) {
        steps.push(Step::Expires { expires: begin::expires(account.eol_action, account.eol) });
    }
    if differs(DriftKind::Renamed) || differs(DriftKind::Moved) {
        let place = if on { Some(&account.ou) } else { account.retirement_ou.as_ref().or(Some(&account.ou)) };
        let name = account.common_name.as_deref().unwrap_or_else(|| naming::common_name(&account.name));
        steps.push(Step::MoveTo {
            ou: place.cloned().filter(|_| differs(DriftKind::Moved)),
            name: Some(name.to_owned()).filter(|_| differs(DriftKind::Renamed)),
        });
    }
    if enables {
        steps.extend([Step::VerifyPassword, Step::Enable]);
    }
    steps
}

async fn write_off(unit: &mut Unit<'_>, account: AccountId) -> Result<SagaId> {
    // What the clock has to do is done with it.
    let mut account = idle(unit, account).await?;
    if account.erased_at.is_some() {
        return refuse(unit, format!("{} is erased already", account.name));
    }
    begin::withdraw_renewal(unit, &mut account).await?;
    let mut steps = vec![Step::ConfirmGone, Step::DeactivateSecret];
    steps.extend(account.pending.clone().map(|pending| Step::DropPending { pending }));
    operate(unit, &mut account, OperationKind::Erase, steps).await
}

/// The saga that left something, once it is over and nothing is under way on its account; and that account, if it came to be.
async fn ended(unit: &mut Unit<'_>, saga: SagaId) -> Result<(SagaRecord, Option<Account>)> {
    let saga: SagaRecord = unit.get(saga.uuid()).await?;
    let account: Option<Account> = unit.find(saga.account.uuid()).await?;
    let under_way = account.as_ref().is_some_and(|account| account.operation.is_some());
    if under_way || !matches!(saga.status, SagaStatus::Ended { .. }) {
        let message = format!("what saga {} is about is still under way", saga.id);
        return unit.refuse(Refusal::new("L-31", "saga", message));
    }
    if matches!(saga.plan, Plan::Adopt(_)) {
        let message = format!("what saga {} was to take over was there before it", saga.id);
        return unit.refuse(Refusal::new("X-18", "saga", message));
    }
    // Whoever begins something with it in this moment decides anew, or this does.
    unit.rests_on::<Account>(saga.account.uuid());
    Ok((saga, account))
}

async fn clear(unit: &mut Unit<'_>, left: &LeftAccount, step: Step) -> Result<SagaId> {
    let (saga, _) = ended(unit, left.saga).await?;
    let holder = unit.alm.store.holder(&object_name(saga.domain, left.object)).await?;
    if holder.is_some() {
        return refuse(unit, format!("{} is a managed account, and nothing that was left", left.name));
    }
    clean(unit, &saga, left, None, step)
}

async fn clear_secret(
    unit: &mut Unit<'_>,
    saga: SagaId,
    vault: VaultId,
    secret: &SecretId,
) -> Result<SagaId> {
    let (saga, account) = ended(unit, saga).await?;
    let holder = unit.alm.store.holder(&secret_name(vault, secret.as_str())).await?;
    // What an interrupted rotation left may hold the password; by which name it is known, only the vault says.
    let pending = account.is_some_and(|account| account.pending.is_some());
    if holder.is_some() || pending {
        return refuse(unit, format!("secret {secret} is an account's own, or may be"));
    }
    let nobody = ObjectGuid::new(uuid::Uuid::nil());
    let left = LeftAccount::new(saga.id, nobody, saga.account_name.clone(), AccountKind::User);
    clean(unit, &saga, &left, Some(secret.clone()), Step::DeactivateSecret)
}

/// A saga that no record waits for.
fn clean(
    unit: &mut Unit<'_>,
    before: &SagaRecord,
    left: &LeftAccount,
    secret: Option<SecretId>,
    step: Step,
) -> Result<SagaId> {
    let id = SagaId::new(unit.new_id()?);
    let mut known_sagas = before.known_sagas.clone();
    known_sagas.extend([before.id, id]);
    let plan = Plan::Operate(OperatePlan {
        operation: OperationKind::Clean,
        kind: left.kind,
        account: left.object,
        name: left.name.clone(),
        secret,
        steps: vec![step],
        undo: Vec::new(),
        inherited: Vec::new(),
    });
    let now: Timestamp = unit.now;
    begin::put_saga(
        unit,
        &SagaRecord {
            id,
            account: before.account,
            account_name: left.name.clone(),
            request: None,
            domain: before.domain,
            plan,
            known_sagas,
            inputs: 0,
            status: SagaStatus::Running,
            created_at: now,
            ready_at: now,
            findings: Vec::new(),
            then: Completion::Cleaned,
            binds: Vec::new(),
        },
    )?;
    Ok(id)
}
