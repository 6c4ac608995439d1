//! Commands about groups (O-2).

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::leaving::tell_of_leavers;
use super::remaining::{After, require_administrator, require_owners};
use super::roles::check_roles;
use super::stored::{index, owner_key};
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus, Owner};
use crate::model::ids::{GroupId, PersonId, RoleId};
use crate::model::people::{EVERYONE, Feature, Group, Person, Verb};
use crate::model::request::Request;
use crate::model::template::TemplateVersion;
use crate::rules::text;

/// Adds a group. Needs group Create.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddGroup {
    /// Unique among groups, without case.
    pub name: String,
    /// Who is in it.
    pub members: BTreeSet<PersonId>,
    /// Roles that its members hold through it; none that allows more than the caller may.
    pub roles: BTreeSet<RoleId>,
}

impl AddGroup {
    /// A group of these people, without roles.
    pub fn new(name: impl Into<String>, members: impl IntoIterator<Item = PersonId>) -> Self {
        Self { name: name.into(), members: members.into_iter().collect(), roles: BTreeSet::new() }
    }

    /// Gives a role to its members.
    #[must_use]
    pub fn role(mut self, role: RoleId) -> Self {
        self.roles.insert(role);
        self
    }
}

#[async_trait]
impl Decide for AddGroup {
    const NAME: &'static str = "group.add";
    type Output = GroupId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<GroupId> {
        unit.require(Feature::Group, Verb::Create, true).await?;
        let mut refusals: Vec<Refusal> = Vec::new();
        refusals.extend(text::check("O-2", "name", &self.name, 100, true, false).err());
        check_members(unit, &self.members, &mut refusals).await?;
        check_roles(unit, &self.roles, &mut refusals).await?;
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let mut group = Group::new(GroupId::new(unit.new_id()?), &self.name, self.members.iter().copied());
        group.roles.clone_from(&self.roles);
        require_name(unit, &self.name, None).await?;
        unit.put(&group, format!("add the group {}", self.name))?;
        unit.audit(
            Self::NAME,
            format!("group {}", group.id),
            json!({ "name": self.name, "members": self.members, "roles": self.roles }),
        );
        Ok(group.id)
    }
}

async fn require_name(unit: &mut Unit<'_>, name: &str, own: Option<GroupId>) -> Result<()> {
    let unique = format!("group:{}", name.to_lowercase());
    unit.require_free(&unique, own.map(GroupId::uuid), || {
        Refusal::new("O-2", "name", format!("a group {name:?} exists already"))
    })
    .await
}

async fn check_members(
    unit: &mut Unit<'_>,
    members: &BTreeSet<PersonId>,
    refusals: &mut Vec<Refusal>,
) -> Result<()> {
    for member in members {
        if unit.find::<Person>(member.uuid()).await?.is_none() {
            refusals.push(Refusal::new("O-2", "members", format!("person {member} does not exist")));
        }
    }
    Ok(())
}

/// A group that people may change: Everyone is what it is.
async fn changeable(unit: &mut Unit<'_>, id: GroupId) -> Result<Group> {
    unit.require(Feature::Group, Verb::Update, false).await?;
    if id == EVERYONE {
        return unit.refuse(Refusal::new("O-2", "group", "Everyone has all people and cannot be changed"));
    }
    unit.get(id.uuid()).await
}

/// Gives a group another name. Needs group Update with Manage.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RenameGroup {
    /// Which.
    pub group: GroupId,
    /// Unique among groups, without case.
    pub name: String,
}

impl RenameGroup {
    /// Another name.
    pub fn new(group: GroupId, name: impl Into<String>) -> Self {
        Self { group, name: name.into() }
    }
}

#[async_trait]
impl Decide for RenameGroup {
    const NAME: &'static str = "group.rename";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut group = changeable(unit, self.group).await?;
        if let Err(refusal) = text::check("O-2", "name", &self.name, 100, true, false) {
            return unit.refuse(refusal);
        }
        require_name(unit, &self.name, Some(group.id)).await?;
        let before = std::mem::replace(&mut group.name, self.name.clone());
        unit.put(&group, format!("rename the group {before} to {}", self.name))?;
        unit.audit(
            Self::NAME,
            format!("group {}", group.id),
            json!({ "before": before, "after": self.name }),
        );
        Ok(())
    }
}

/// Changes who is in a group. Needs group Update with Manage. Who is as wanted already is no error.
///
/// Refused with W-2 when an account would be left without an active owner, with P-2 when no administrator would remain, and with P-1 when the
/// group's roles allow more than the caller may. The owners who remain of an account that somebody thereby owns no longer are told, and its
/// password is rotated where its template says so (W-4); so it is with [`SetGroupEnabled`].
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ChangeMembers {
    /// Of which group.
    pub group: GroupId,
    /// Who joins.
    pub join: BTreeSet<PersonId>,
    /// Who leaves.
    pub leave: BTreeSet<PersonId>,
}

impl ChangeMembers {
    /// Nobody yet.
    pub const fn new(group: GroupId) -> Self {
        Self { group, join: BTreeSet::new(), leave: BTreeSet::new() }
    }

    /// These join.
    #[must_use]
    pub fn join(mut self, people: impl IntoIterator<Item = PersonId>) -> Self {
        self.join.extend(people);
        self
    }

    /// These leave.
    #[must_use]
    pub fn leave(mut self, people: impl IntoIterator<Item = PersonId>) -> Self {
        self.leave.extend(people);
        self
    }
}

#[async_trait]
impl Decide for ChangeMembers {
    const NAME: &'static str = "group.change_members";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut group = changeable(unit, self.group).await?;
        let mut refusals = Vec::new();
        if let Some(both) = self.join.intersection(&self.leave).next() {
            refusals.push(Refusal::new(
                "O-2",
                "members",
                format!("person {both} cannot both join and leave"),
            ));
        }
        check_members(unit, &self.join, &mut refusals).await?;
        if !self.join.is_subset(&group.members) {
            check_roles(unit, &group.roles, &mut refusals).await?;
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let before = group.members.clone();
        group.members.extend(&self.join);
        group.members.retain(|member| !self.leave.contains(member));
        if group.members == before {
            return Ok(());
        }
        require_administrator(unit, After::Group(&group)).await?;
        require_owners(unit, After::Group(&group)).await?;
        tell_of_leavers(unit, After::Group(&group)).await?;
        unit.put(&group, format!("change the members of {}", group.name))?;
        unit.audit(
            Self::NAME,
            format!("group {}", group.id),
            json!({
                "joined": group.members.difference(&before).collect::<Vec<_>>(),
                "left": before.difference(&group.members).collect::<Vec<_>>(),
            }),
        );
        Ok(())
    }
}

/// Disables a group, or enables one again. Needs group Update with Manage.
///
/// Its members keep what they hold otherwise. A group that a template's approval names or that owns accounts needs another in its place, which
/// counts in its stead until it is enabled again (O-2). Refused with W-2 and P-2 as [`ChangeMembers`] is.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct SetGroupEnabled {
    /// Which.
    pub group: GroupId,
    /// Enabled or not.
    pub enabled: bool,
    /// Which takes its place while it is disabled.
    pub replacement: Option<GroupId>,
}

impl SetGroupEnabled {
    /// Enables it.
    pub const fn enable(group: GroupId) -> Self {
        Self { group, enabled: true, replacement: None }
    }

    /// Disables it.
    pub const fn disable(group: GroupId) -> Self {
        Self { group, enabled: false, replacement: None }
    }

    /// Which group takes its place.
    #[must_use]
    pub const fn replaced_by(mut self, group: GroupId) -> Self {
        self.replacement = Some(group);
        self
    }
}

#[async_trait]
impl Decide for SetGroupEnabled {
    const NAME: &'static str = "group.set_enabled";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut group = changeable(unit, self.group).await?;
        if group.enabled == self.enabled && group.replaced_by == self.replacement {
            return Ok(());
        }
        if self.enabled {
            if self.replacement.is_some() {
                let message = "an enabled group is replaced by none";
                return unit.refuse(Refusal::new("O-2", "replacement", message));
            }
            // It would give its members its roles again.
            let mut refusals = Vec::new();
            check_roles(unit, &group.roles, &mut refusals).await?;
            if !refusals.is_empty() {
                return Err(Error::refused(unit.operation, refusals));
            }
        } else {
            check_replacement(unit, &group, self.replacement).await?;
        }
        group.enabled = self.enabled;
        group.replaced_by = self.replacement;
        if !self.enabled {
            require_administrator(unit, After::Group(&group)).await?;
            require_owners(unit, After::Group(&group)).await?;
        }
        // Enabled again, it ends what those in its place owned through it.
        tell_of_leavers(unit, After::Group(&group)).await?;
        let verb = if self.enabled { "enable" } else { "disable" };
        unit.put(&group, format!("{verb} the group {}", group.name))?;
        unit.audit(
            Self::NAME,
            format!("group {}", group.id),
            json!({ "enabled": self.enabled, "replaced_by": self.replacement }),
        );
        Ok(())
    }
}

async fn check_replacement(unit: &mut Unit<'_>, group: &Group, replacement: Option<GroupId>) -> Result<()> {
    let Some(replacement) = replacement else {
        let uses = uses(unit, group.id).await?;
        if uses.is_empty() {
            return Ok(());
        }
        let message = format!("is used by {}; name a group in its place", uses.join(", "));
        return unit.refuse(Refusal::new("O-2", "replacement", message));
    };
    if replacement == group.id {
        return unit.refuse(Refusal::new("O-2", "replacement", "a group cannot take its own place"));
    }
    let known = unit.find::<Group>(replacement.uuid()).await?;
    match known {
        Some(known) if known.enabled => Ok(()),
        Some(known) => {
            let message = format!("the group {} is disabled itself", known.name);
            unit.refuse(Refusal::new("O-2", "replacement", message))
        }
        None => {
            unit.refuse(Refusal::new("O-2", "replacement", format!("group {replacement} does not exist")))
        }
    }
}

/// What counts on a group: approval steps of any version, since accounts and open requests are pinned to old ones, and owned accounts.
async fn uses(unit: &mut Unit<'_>, group: GroupId) -> Result<Vec<String>> {
    let mut uses = Vec::new();
    let versions: Vec<TemplateVersion> = unit.find_by(index::GROUP, &group.to_string()).await?;
    uses.extend(
        versions.iter().map(|version| format!("the approval of {} {}", version.name, version.number)),
    );
    let key = owner_key(Owner::Group(group));
    let accounts: Vec<Account> = unit.find_by(index::OWNER, &key).await?;
    let living = accounts.iter().filter(|account| account.status != AccountStatus::Deleted);
    uses.extend(living.map(|account| format!("the account {}", account.name)));
    let requests: Vec<Request> = unit.find_by(index::OWNER, &key).await?;
    uses.extend(requests.iter().map(|request| format!("the request for {}", request.account_name)));
    let places: Vec<Group> = unit.find_by(index::REPLACED_BY, &group.to_string()).await?;
    uses.extend(places.iter().map(|other| format!("the group {}, whose place it takes", other.name)));
    Ok(uses)
}
