//! What an engine's host lets it do, whatever the service says (E-8).

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ad_directory::{Dn, SamAccountName};

use super::object::Object;
use super::translate::{Step, failed, refused};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::rules::attributes;
use crate::saga::effect::{AccountChange, AccountSpec, Effect, Reason};

const HOUR: Duration = Duration::from_hours(1);

/// What an engine may do on its host's side: where accounts may be, which groups they may join, which folders of the vault hold their secrets, which
/// effects there are, and how many changes in an hour.
///
/// It belongs to whoever runs the engine and comes from nowhere else, so that somebody who took the service over can do no more than this. What
/// it forbids is refused with E-8, and the saga waits for a person; an adoption that has changed nothing yet ends. What is not said is not limited. Protected objects are never touched, and
/// no account joins a protected group, whatever is said here: those whose `adminCount` is 1, and those that administer by their
/// [nature](ad_directory::Sid::is_administrative).
///
/// ```
/// use alm_core::engine::LocalPolicy;
///
/// let policy = LocalPolicy::new()
///     .units(["OU=Service Accounts,DC=corp,DC=example,DC=com".parse()?, "OU=Retired,DC=corp,DC=example,DC=com".parse()?])
///     .groups(["CN=App Readers,OU=Groups,DC=corp,DC=example,DC=com".parse()?])
///     .folders(["1044", "1045"])
///     .without(["delete_account"])
///     .changes_an_hour(200);
/// # let _ = policy;
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LocalPolicy {
    units: Option<Vec<Dn>>,
    groups: Option<Vec<Dn>>,
    folders: Option<BTreeSet<String>>,
    without: BTreeSet<String>,
    own_account: Option<SamAccountName>,
    an_hour: Option<u32>,
}

impl LocalPolicy {
    /// Nothing but what always holds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accounts only in these OUs or below them: where they are made, where they are changed, and where they are moved to.
    pub fn units(mut self, units: impl IntoIterator<Item = Dn>) -> Self {
        self.units = Some(units.into_iter().collect());
        self
    }

    /// Accounts may join only these groups. They may leave any.
    pub fn groups(mut self, groups: impl IntoIterator<Item = Dn>) -> Self {
        self.groups = Some(groups.into_iter().collect());
        self
    }

    /// Secrets only in these folders, by the vault's own identifiers (that of the second secrets of rotations among them, if there is one); each by itself, without those below it. No other secret is read or
    /// written. A vault that does not say where a secret is cannot be used with this.
    pub fn folders(mut self, folders: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.folders = Some(folders.into_iter().map(Into::into).collect());
        self
    }

    /// None of these effects, by [name](Effect::name). Without `delete_account` and `deactivate_secret` nothing is deleted or deactivated on the way back
    /// of another effect either.
    pub fn without(mut self, effects: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.without.extend(effects.into_iter().map(Into::into));
        self
    }

    /// The account that the engine itself signs in with: it is never touched, so that no order can lock the engine out.
    pub fn own_account(mut self, name: SamAccountName) -> Self {
        self.own_account = Some(name);
        self
    }

    /// At most so many effects in any hour that make something, give something or delete: what is over waits for its hour, and a person need do
    /// nothing. Provisioning an account takes about six of them, a rotation four. What only takes away (disabling, leaving a group,
    /// deactivating a secret) is not held up. Counted since the engine was started.
    pub const fn changes_an_hour(mut self, most: u32) -> Self {
        self.an_hour = Some(most);
        self
    }

    /// A name that no effect has would forbid nothing.
    fn check(&self) -> Result<()> {
        match self.without.iter().find(|name| !Effect::NAMES.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let message = format!("the local policy forbids {name:?}, and there is no such effect");
                Err(Error::new(ErrorKind::Config, "engine.build", message)
                    .with_advice(format!("the effects are {}", Effect::NAMES.join(", "))))
            }
        }
    }
}

fn forbidden<T>(what: impl std::fmt::Display) -> Step<T> {
    refused(Reason::LocalPolicy, format!("{what} [E-8]"))
}

/// What identifies, secures or links an account is in no order that is meant well (T-13).
fn attribute(name: &str) -> Step<()> {
    if attributes::is_allowed(name) {
        return Ok(());
    }
    forbidden(format_args!("an engine never sets the attribute {name}"))
}

/// Whether it only ends what somebody could do, and can be taken back: it must not wait behind what gives. Deleting waits.
const fn takes_away(effect: &Effect) -> bool {
    match effect {
        Effect::LeaveGroup { .. }
        | Effect::DeactivateSecret { .. }
        | Effect::SettleSecrets { .. }
        | Effect::Release { .. } => true,
        Effect::Change { change, .. } => matches!(change.enabled, Some(false)),
        _ => false,
    }
}

/// The policy of a running engine, with what it has changed in the last hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Enforced {
    policy: LocalPolicy,
    /// When each change began, by the steady clock. Shared by the engine's clones.
    changes: Arc<Mutex<VecDeque<Duration>>>,
}

impl Enforced {
    pub(super) fn new(policy: LocalPolicy) -> Self {
        Self { policy, changes: Arc::default() }
    }

    pub(super) fn check(&self) -> Result<()> {
        self.policy.check()
    }

    /// What the effect itself says. What it leads to is looked at where it is found.
    pub(super) fn effect(&self, effect: &Effect, now: Duration) -> Step<()> {
        self.deed(effect.name())?;
        match effect {
            Effect::Preflight { place, ou, groups, .. } => {
                self.unit(ou)?;
                groups.iter().try_for_each(|group| self.group(group))?;
                place.iter().try_for_each(|place| self.folder(&place.folder))?;
            }
            Effect::CreateSecret { place, .. }
            | Effect::SettleSecrets { place, .. }
            | Effect::MoveSecret { place, .. } => self.folder(&place.folder)?,
            Effect::AddAccount { account, .. } => self.unit(&account.ou)?,
            Effect::RemoveByMarker { ou, .. } | Effect::Move { ou: Some(ou), .. } => self.unit(ou)?,
            Effect::JoinGroup { group, .. } => self.group(group)?,
            Effect::EnsureGroups { groups, .. } => groups.iter().try_for_each(|group| self.group(group))?,
            _ => {}
        }
        if let Effect::AddAccount { account: AccountSpec { attributes, .. }, .. }
        | Effect::Change { change: AccountChange { attributes, .. }, .. } = effect
        {
            attributes.keys().try_for_each(|name| attribute(name))?;
        }
        if let Effect::Change { change, .. } = effect {
            change.all_values.keys().try_for_each(|name| attribute(name))?;
        }
        if effect.changes() && !takes_away(effect) { self.count(now) } else { Ok(()) }
    }

    /// What some effects do besides.
    pub(super) fn deed(&self, name: &'static str) -> Step<()> {
        if self.policy.without.contains(name) {
            return forbidden(format_args!("this engine's policy has no {name}"));
        }
        Ok(())
    }

    fn count(&self, now: Duration) -> Step<()> {
        let Some(most) = self.policy.an_hour else { return Ok(()) };
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        while changes.front().is_some_and(|at| now.saturating_sub(*at) >= HOUR) {
            changes.pop_front();
        }
        if changes.len() >= most as usize {
            let message = format!("this engine has made {most} changes within an hour, and waits [E-8]");
            return failed(Outcome::NotSent, message);
        }
        changes.push_back(now);
        Ok(())
    }

    /// Whether an account may be touched.
    pub(super) fn account(&self, account: &Object) -> Step<()> {
        if account.is_protected {
            return forbidden(format_args!("{} is a protected object of the domain", account.dn));
        }
        if self.policy.own_account.as_ref() == Some(&account.name) {
            return forbidden(format_args!("{} is the account that this engine signs in with", account.dn));
        }
        self.unit(&account.dn)
    }

    fn unit(&self, place: &Dn) -> Step<()> {
        match &self.policy.units {
            Some(units) if !units.iter().any(|unit| place == unit || place.is_below(unit)) => {
                forbidden(format_args!("this engine's policy lets it touch nothing at {place}"))
            }
            _ => Ok(()),
        }
    }

    fn group(&self, group: &Dn) -> Step<()> {
        match &self.policy.groups {
            Some(groups) if !groups.contains(group) => {
                forbidden(format_args!("this engine's policy lets nobody join {group}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it matters where secrets are.
    pub(super) const fn limits_folders(&self) -> bool {
        self.policy.folders.is_some()
    }

    /// Whether a secret may be here.
    pub(super) fn folder(&self, folder: &str) -> Step<()> {
        match &self.policy.folders {
            Some(folders) if !folders.contains(folder) => {
                forbidden(format_args!("this engine's policy lets it use no secret in folder {folder}"))
            }
            _ => Ok(()),
        }
    }
}
