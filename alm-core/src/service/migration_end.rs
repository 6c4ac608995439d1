//! How migrations end: the record comes under its new template in the commit of the last input, or stays as it was (M-2).

use serde_json::json;

use super::sweep::tick;
use super::unit::Unit;
use super::{complete, owners};
use crate::error::Result;
use crate::model::account::{Account, ReminderState, renewal_date};
use crate::model::event::EventKind;
use crate::model::migration::Migration;
use crate::model::template::TemplateVersion;
use crate::rules::reminders::Schedule;
use crate::rules::rotation;
use crate::saga::SagaRecord;

/// The reminders of an account, with the earlier end that it is being given (L-37).
pub(super) fn schedule(account: &Account, version: &TemplateVersion) -> Schedule {
    let body = &version.body;
    let from = account.renewal_date.min(renewal_date(account.ends_at(), body.renewal_lead_days));
    Schedule::new(body.reminders, from, account.ends_at())
}

/// Everything outside is done.
pub(super) async fn migrated(unit: &mut Unit<'_>, saga: &SagaRecord, migration: &Migration) -> Result<()> {
    let mut account: Account = unit.get(saga.account.uuid()).await?;
    let old: TemplateVersion = unit.get(account.template_version.uuid()).await?;
    let version: TemplateVersion = unit.get(migration.version.uuid()).await?;
    let body = &version.body;
    let before = account.clone();
    account.template = migration.template;
    account.template_version = migration.version;
    account.period = migration.period;
    account.eol = migration.eol;
    account.ends_by = None;
    account.eol_action = body.eol_action;
    account.eol_done = false;
    account.renewal_date = renewal_date(account.eol, body.renewal_lead_days);
    account.ou.clone_from(&migration.ou);
    account.retirement_ou.clone_from(&body.directory.retirement_ou);
    account.groups.clone_from(&migration.groups);
    account.attributes.clone_from(&migration.attributes);
    account.privilege_ends.clone_from(&migration.privilege_ends);
    account.operation = None;
    if migration.eol != migration.eol_before {
        account.reminders = ReminderState { last: None, next: None, cycle: account.reminders.cycle + 1 };
    }
    complete::schedule_reminders(&mut account, &version);
    hand_over(unit, &mut account, migration).await?;
    // W-4: who is gone knows the password still. One that was due before stays due.
    let leaves =
        body.rotation.when_owner_leaves && before.owners.difference(&account.owners).next().is_some();
    let due = account.rotates_at.filter(|at| *at <= unit.now).or_else(|| leaves.then_some(unit.now));
    account.rotates_at = due
        .or_else(|| rotation::due(&body.rotation, account.password_changed_at))
        .filter(|_| account.secret.is_some());
    let text = format!(
        "{} is under version {} of {} (before: version {} of {}) and ends on {}",
        account.name, version.number, version.name, old.number, old.name, account.eol
    );
    unit.put(&account, &text)?;
    unit.audit(
        "account.migrated",
        format!("account {}", account.id),
        json!({
            "before": facts(&before), "after": facts(&account), "saga": saga.id,
        }),
    );
    let told = owners::owners_to_tell(unit, &account.owners).await?;
    unit.event(EventKind::AccountMigrated, text, told, |event| {
        event.account = Some(account.id);
        event.template = Some(account.template);
        event.saga = Some(saga.id);
    })?;
    // An end that is over already: what the clock would do is done at once.
    let now = unit.now;
    tick(unit, account, now).await.map(drop)
}

fn facts(account: &Account) -> serde_json::Value {
    json!({
        "template": account.template, "version": account.template_version, "eol": account.eol, "action": account.eol_action,
        "owners": account.owners, "ou": account.ou, "groups": account.groups,
    })
}

/// W-2, W-3: the owners that were chosen, unless nobody of them is active any more: then those that it had stay, and administrators are told.
async fn hand_over(unit: &mut Unit<'_>, account: &mut Account, migration: &Migration) -> Result<()> {
    if account.owners == migration.owners {
        return Ok(());
    }
    let (people, groups) = owners::owners_of(unit, &migration.owners).await?;
    if !owners::take_on(unit, &migration.owners, &people, &groups)? {
        let text = format!(
            "the owners chosen for {} when it was migrated are all disabled by now; those before stay its owners",
            account.name
        );
        let administrators = unit.administrators().await?;
        return unit.event(EventKind::AccountOwnerChanged, text, administrators, |event| {
            event.account = Some(account.id);
        });
    }
    let mut told = owners::owners_to_tell(unit, &account.owners).await?;
    account.owners.clone_from(&migration.owners);
    told.extend(owners::owners_to_tell(unit, &account.owners).await?);
    let text = format!("the owners of {} changed", account.name);
    unit.event(EventKind::AccountOwnerChanged, text, told, |event| event.account = Some(account.id))
}

/// Another operation took its place: what ends it from now on is its own end of life (L-31, L-37).
pub(super) async fn superseded(unit: &mut Unit<'_>, account: &mut Account) -> Result<()> {
    if account.ends_by.take().is_some() {
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        complete::schedule_reminders(account, &version);
    }
    Ok(())
}

/// A person gave it up: its end of life is what it was, also when the clock has gone by the earlier one meanwhile (L-37).
pub(super) async fn given_up(
    unit: &mut Unit<'_>,
    account: &mut Account,
    migration: &Migration,
) -> Result<()> {
    if account.eol != migration.eol_before {
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        account.eol = migration.eol_before;
        account.renewal_date = renewal_date(account.eol, version.body.renewal_lead_days);
        account.eol_done &= account.eol <= unit.now;
    }
    superseded(unit, account).await
}
