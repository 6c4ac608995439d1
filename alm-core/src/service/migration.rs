//! Bringing accounts under another template, or another version of their own (M-2).
//!
//! One account at a time; [`Alm::plan_each`](super::Alm::plan_each) and [`Alm::execute_each`](super::Alm::execute_each) give it for many (M-4).

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::{AccountExpires, Dn};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::accounts::requester_of;
use super::command::decide::Decide;
use super::requests::current_version;
use super::unit::Unit;
use super::{begin, migration_end, owners};
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, OperationKind, Owner};
use crate::model::ids::{AccountId, SagaId, TemplateId, TemplateVersionId};
use crate::model::managed::PasswordReader;
use crate::model::migration::{Migration, NewEnd};
use crate::model::people::{Feature, Verb};
use crate::model::period::Period;
use crate::model::template::{TemplateBody, TemplateVersion};
use crate::rules::{attributes, migration as rules, naming, ownership};
use crate::saga::Completion;
use crate::saga::effect::AccountChange;
use crate::saga::plan::Step;

/// Brings an account under another template, or another version of its own (M-2). Needs managed-account Update with Manage: no approver is asked.
///
/// The account goes on working. It joins the groups that the new template gives and leaves those that only the old one gave; its place, its secret's
/// folder and its end date change where the new template does not allow what they are, or where something else is chosen here. Attributes of the
/// new template are written; others keep their values. Its name, its password, the template of its secret, and privileges that requests gave it
/// stay. Until all of this is done in directory and vault its record says what it said before; an earlier end of life counts from now on (L-37).
///
/// What an engine is refused stops and waits for a person, who has it retried or gives it up: then everything is as it was. So does an emergency
/// stop. Dropping the future leaves open whether it is begun; give it again under the same key.
///
/// Refused are, all at once: accounts that are not Active or past their end of life, or with something else open; a template of another kind, domain or
/// vault; and what the new template's rules say of period, end, owners, places and attributes.
///
/// ```
/// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller, accounts: Vec<alm_core::model::ids::AccountId>,
/// #     template: alm_core::model::ids::TemplateId) -> alm_core::Result<()> {
/// use alm_core::model::migration::NewEnd;
/// use alm_core::service::migration::MigrateAccount;
///
/// let migrate = accounts.into_iter().map(|account| MigrateAccount::new(account, template).end(NewEnd::Renew));
/// let plan = alm.plan_each(&caller, migrate).await?;
/// for (account, plan) in plan.items() {
///     println!("{account}: {:?}", plan.changes);
/// }
/// let report = alm.execute_each(&caller, "to version 2, 2026-11", plan).await?;
/// println!("{} of {} are under way", report.done(), report.results.len());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MigrateAccount {
    /// Which.
    pub account: AccountId,
    /// Under which template, which must be published.
    pub template: TemplateId,
    /// Under which of its versions; its current one when not said.
    pub version: Option<TemplateVersionId>,
    /// One of that version's periods; the one the account has when not said. It says how long renewing lengthens its life.
    pub period: Option<Period>,
    /// When it ends.
    pub end: NewEnd,
    /// Who owns it from then on; those who do when not said.
    pub owners: Option<BTreeSet<Owner>>,
    /// Where it goes; when not said it stays, as far as the version allows, and goes to its first OU otherwise.
    pub ou: Option<Dn>,
    /// The vault's own identifier of the folder that its secret goes to; when not said it stays, as far as the version allows, and goes to its folder
    /// otherwise.
    pub folder: Option<String>,
    /// Values of attributes, by LDAP name; one that is not said, or empty, has the value that the account was given before where the version lets it be
    /// chosen, and the version's own otherwise.
    pub attributes: BTreeMap<String, String>,
}

impl MigrateAccount {
    /// To the current version of a template, and nothing else that the version does not ask for.
    pub const fn new(account: AccountId, template: TemplateId) -> Self {
        Self {
            account,
            template,
            version: None,
            period: None,
            end: NewEnd::Keep,
            owners: None,
            ou: None,
            folder: None,
            attributes: BTreeMap::new(),
        }
    }

    /// Another end of life.
    #[must_use]
    pub const fn end(mut self, end: NewEnd) -> Self {
        self.end = end;
        self
    }

    /// Another life duration.
    #[must_use]
    pub const fn period(mut self, period: Period) -> Self {
        self.period = Some(period);
        self
    }

    async fn target(&self, unit: &mut Unit<'_>) -> Result<TemplateVersion> {
        let current = current_version(unit, self.template).await?;
        match self.version {
            Some(version) if version != current.id => {
                let named: TemplateVersion = unit.get(version.uuid()).await?;
                if named.template == self.template {
                    return Ok(named);
                }
                let message = format!("{version} is no version of {}", current.name);
                unit.refuse(Refusal::new("T-9", "version", message))
            }
            _ => Ok(current),
        }
    }

    /// What is chosen here, and what the account was given before where the version lets it be chosen.
    fn chosen(&self, account: &Account, body: &TemplateBody) -> BTreeMap<String, String> {
        let mut chosen = attributes::offered(body, &account.attributes);
        for (name, value) in self.attributes.iter().filter(|(_, value)| !value.is_empty()) {
            chosen.retain(|known, _| !known.eq_ignore_ascii_case(name));
            chosen.insert(name.clone(), value.clone());
        }
        chosen
    }

    /// Where it goes.
    fn place(&self, account: &Account, body: &TemplateBody) -> std::result::Result<Dn, Refusal> {
        match &self.ou {
            Some(ou) => naming::choose_ou(&body.directory, Some(ou)),
            None => naming::choose_ou(&body.directory, Some(&account.ou))
                .or_else(|_| naming::choose_ou(&body.directory, None)),
        }
    }

    /// Whatever is wrong with it, and what becomes of the record.
    async fn check(
        &self,
        unit: &mut Unit<'_>,
        account: &Account,
        old: &TemplateVersion,
        new: &TemplateVersion,
    ) -> Result<Migration> {
        let body = &new.body;
        let period = self.period.unwrap_or(account.period);
        let mut refusals = rules::check_account(account, unit.now);
        refusals.extend(rules::check_target(account, old, new));
        refusals.extend(rules::check_choices(
            body,
            period,
            self.folder.as_deref(),
            &self.attributes,
            &account.attributes,
        ));
        let owners = self.owners.as_ref().unwrap_or(&account.owners);
        let (people, groups) = owners::owners_of(unit, owners).await?;
        let requester = requester_of(unit, account).await?;
        refusals.extend(ownership::check(body.ownership, requester, owners, &people, &groups));
        let ou = self.place(account, body);
        let eol = rules::end(self.end, account, period, body, unit.now);
        if refusals.is_empty()
            && let Some(inspector) = unit.alm.inspector.clone()
            && let Some(place) = body.place(self.folder.as_deref()).filter(|place| place.within.is_some())
        {
            refusals.extend(inspector.inspect_place_for(&place, body.rotation.by).await?);
        }
        match (ou, eol) {
            (Ok(ou), Ok(eol)) if refusals.is_empty() => {
                let (groups, privilege_ends) = rules::groups(account, &old.body, body);
                let mut attributes = account.attributes.clone();
                let written = attributes::values(body, &self.chosen(account, body));
                attributes
                    .retain(|name, _| written.keys().all(|written| !written.eq_ignore_ascii_case(name)));
                attributes.extend(written);
                Ok(Migration {
                    template: new.template,
                    version: new.id,
                    period,
                    eol_before: account.eol,
                    eol,
                    owners: owners.clone(),
                    ou,
                    groups,
                    attributes,
                    privilege_ends,
                })
            }
            (ou, eol) => {
                refusals.extend(ou.err().into_iter().chain(eol.err()));
                Err(Error::refused(unit.operation, refusals))
            }
        }
    }

    /// What is done outside, in this order: an earlier end first, a later one last; groups are joined before others are left.
    fn steps(
        &self,
        account: &Account,
        old: &TemplateBody,
        new: &TemplateBody,
        to: &Migration,
    ) -> (Vec<Step>, Vec<Step>) {
        let mut steps = Vec::new();
        let (before, after) =
            (begin::expires(account.eol_action, account.eol), begin::expires(new.eol_action, to.eol));
        let expires = (before != after).then_some(Step::Expires { expires: after });
        let sooner = to.eol < account.eol && after != AccountExpires::Never;
        let (first, last) = if sooner { (expires, None) } else { (None, expires) };
        steps.extend(first);
        let change = self.change(account, old, new);
        let attributes: Vec<String> = change.attributes.keys().cloned().collect();
        let security = change.password_change_denied.is_some();
        if change != AccountChange::default() {
            steps.push(Step::Update { change });
        }
        if to.ou != account.ou {
            steps.push(Step::MoveTo { ou: Some(to.ou.clone()), name: None });
        }
        let joins = to.groups.iter().filter(|group| !account.groups.contains(group));
        steps.extend(joins.map(|group| Step::JoinGroup { group: group.clone() }));
        let leaves = account.groups.iter().filter(|group| !to.groups.contains(group));
        steps.extend(leaves.map(|group| Step::LeaveGroup { group: group.clone() }));
        let moves = self.moves_secret(old, new) && account.secret.is_some();
        if let Some(place) = new.place(self.folder.as_deref()).filter(|_| moves) {
            let stay_below = self.folder.is_none() && place.allow_folder_override;
            steps.push(Step::MoveSecret { place, stay_below });
        }
        steps.extend(last);
        if steps.is_empty() {
            return (steps, Vec::new());
        }
        steps.insert(0, Step::Survey { attributes, secret: moves, security });
        let mut undo = vec![Step::Expires { expires: before }];
        if let Some(managed) = &old.managed {
            let encryption = Some(managed.encryption);
            undo.push(Step::Update { change: AccountChange { encryption, ..AccountChange::default() } });
        }
        (steps, undo)
    }

    fn moves_secret(&self, old: &TemplateBody, new: &TemplateBody) -> bool {
        let (Some(old), Some(new)) = (&old.vault, &new.vault) else { return false };
        self.folder.is_some()
            || old.folder != new.folder
            || (old.allow_folder_override && !new.allow_folder_override)
    }

    fn change(&self, account: &Account, old: &TemplateBody, new: &TemplateBody) -> AccountChange {
        let mut change = AccountChange {
            attributes: attributes::values(new, &self.chosen(account, new)),
            ..AccountChange::default()
        };
        if let (Some(old), Some(new)) = (&old.managed, &new.managed) {
            change.encryption = (old.encryption != new.encryption).then_some(new.encryption);
            let without = |these: &[PasswordReader], those: &[PasswordReader]| -> Vec<PasswordReader> {
                these.iter().filter(|one| !those.contains(*one)).cloned().collect()
            };
            change.add_readers = without(&new.readers, &old.readers);
            change.remove_readers = without(&old.readers, &new.readers);
        } else {
            let allowed = new.directory.password_change_allowed;
            change.password_change_denied =
                (old.directory.password_change_allowed != allowed).then_some(!allowed);
            let never = new.directory.password_never_expires;
            change.password_never_expires = (old.directory.password_never_expires != never).then_some(never);
        }
        change
    }
}

/// What it comes to, for whoever looks at the plan.
fn describe(
    account: &Account,
    new: &TemplateVersion,
    to: &Migration,
    steps: &[Step],
    now: Timestamp,
) -> Vec<String> {
    let name = &account.name;
    let mut lines = vec![format!("{name} comes under version {} of {}", new.number, new.name)];
    if to.eol != account.eol {
        let over = if to.eol <= now { ", which is over: its end of life comes at once" } else { "" };
        lines.push(format!("{name} ends on {} and not on {}{over}", to.eol, account.eol));
    }
    if new.body.eol_action != account.eol_action {
        lines.push(format!("at its end: {:?} and not {:?}", new.body.eol_action, account.eol_action));
    }
    if to.owners != account.owners {
        lines.push(format!("{name} has {} owner(s) that were chosen", to.owners.len()));
    }
    lines.extend(steps.iter().filter_map(|step| match step {
        Step::MoveTo { ou: Some(ou), .. } => Some(format!("{name} is moved to {ou}")),
        Step::JoinGroup { group } => Some(format!("{name} joins {group}")),
        Step::LeaveGroup { group } => Some(format!("{name} leaves {group}")),
        Step::MoveSecret { place, .. } => Some(format!("its secret belongs in folder {}", place.folder)),
        Step::Update { change } if !change.attributes.is_empty() => {
            let names = change.attributes.keys().cloned().collect::<Vec<_>>().join(", ");
            Some(format!("these attributes are written: {names}"))
        }
        _ => None,
    }));
    lines
}

#[async_trait]
impl Decide for MigrateAccount {
    const NAME: &'static str = "account.migrate";
    type Output = SagaId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SagaId> {
        unit.require(Feature::ManagedAccount, Verb::Update, false).await?;
        let mut account: Account = unit.get(self.account.uuid()).await?;
        let old: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        let new = self.target(unit).await?;
        let migration = self.check(unit, &account, &old, &new).await?;
        let (steps, undo) = self.steps(&account, &old.body, &new.body, &migration);
        unit.changes.extend(describe(&account, &new, &migration, &steps, unit.now));
        // L-37: from the intent on, an earlier end is the one that reminders and the clock go by.
        if migration.eol < account.eol {
            account.ends_by = Some(migration.eol);
            let schedule = migration_end::schedule(&account, &old);
            account.reminders.next = schedule.next_after(account.reminders.last).map(|reminder| reminder.at);
        }
        let facts = json!({
            "account": account.name, "from": old.id, "from_number": old.number, "to": new.id, "to_number": new.number,
            "template": new.template, "eol_before": account.eol, "eol": migration.eol, "owners": migration.owners, "ou": migration.ou,
            "folder": self.folder,
        });
        let then = Completion::Migrate { migration: Box::new(migration) };
        let saga =
            begin::operate(unit, &mut account, OperationKind::Migrate, steps, undo, then, None).await?;
        unit.audit(Self::NAME, format!("account {}", account.id), facts);
        Ok(saga)
    }
}
