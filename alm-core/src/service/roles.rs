//! Commands about roles, and who holds them (O-3, O-4).
//!
//! Nobody gives more than they hold: whoever may manage roles, people or groups cannot make themselves an administrator by it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::remaining::{After, require_administrator};
use super::stored::index;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::ids::{GroupId, PersonId, RoleId};
use crate::model::people::{EVERYONE, Feature, Group, Permission, Person, Role, Verb};
use crate::rules::text;

/// Checks roles that somebody is about to get through the caller.
pub(super) async fn check_roles(
    unit: &mut Unit<'_>,
    roles: &BTreeSet<RoleId>,
    refusals: &mut Vec<Refusal>,
) -> Result<()> {
    for id in roles {
        match unit.find::<Role>(id.uuid()).await? {
            None => refusals.push(Refusal::new("O-3", "roles", format!("role {id} does not exist"))),
            Some(role) if !unit.access().await?.covers(&role) => refusals.push(more_than_held(&role)),
            Some(_) => {}
        }
    }
    Ok(())
}

fn more_than_held(role: &Role) -> Refusal {
    Refusal::new("P-1", "roles", format!("the role {} allows more than the caller may", role.name))
}

/// Adds a role. Needs role Create.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddRole {
    /// Unique among roles, without case.
    pub name: String,
    /// What it allows; not more than the caller may.
    pub permissions: BTreeSet<Permission>,
    /// Whether everybody who is added from now on gets it.
    pub for_new_people: bool,
}

impl AddRole {
    /// A role that nobody gets by itself.
    pub fn new(name: impl Into<String>, permissions: impl IntoIterator<Item = Permission>) -> Self {
        Self { name: name.into(), permissions: permissions.into_iter().collect(), for_new_people: false }
    }

    /// Gives it to everybody who is added from now on.
    #[must_use]
    pub const fn for_new_people(mut self) -> Self {
        self.for_new_people = true;
        self
    }
}

#[async_trait]
impl Decide for AddRole {
    const NAME: &'static str = "role.add";
    type Output = RoleId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<RoleId> {
        unit.require(Feature::Role, Verb::Create, true).await?;
        let role = Role {
            id: RoleId::new(unit.new_id()?),
            name: self.name.clone(),
            built_in: false,
            enabled: true,
            for_new_people: self.for_new_people,
            permissions: self.permissions.clone(),
        };
        check(unit, &role).await?;
        unit.put(&role, format!("add the role {}", role.name))?;
        unit.audit(Self::NAME, format!("role {}", role.id), facts(&role));
        Ok(role.id)
    }
}

fn facts(role: &Role) -> serde_json::Value {
    json!({
        "name": role.name, "permissions": role.permissions, "enabled": role.enabled, "for_new_people": role.for_new_people,
    })
}

async fn check(unit: &mut Unit<'_>, role: &Role) -> Result<()> {
    let mut refusals = Vec::new();
    refusals.extend(text::check("O-3", "name", &role.name, 100, true, false).err());
    for permission in &role.permissions {
        if permission.feature == Feature::Audit && permission.verb != Verb::Read {
            refusals.push(Refusal::new("P-1", "permissions", "the audit can be read and nothing else"));
        }
    }
    if !unit.access().await?.covers(role) {
        refusals.push(more_than_held(role));
    }
    if !refusals.is_empty() {
        return Err(Error::refused(unit.operation, refusals));
    }
    let unique = format!("role:{}", role.name.to_lowercase());
    unit.require_free(&unique, Some(role.id.uuid()), || {
        Refusal::new("O-3", "name", format!("a role {:?} exists already", role.name))
    })
    .await
}

/// A role that can be changed by the caller: none that is built in (O-4), none that allows more than they may.
async fn changeable(unit: &mut Unit<'_>, id: RoleId, verb: Verb) -> Result<Role> {
    unit.require(Feature::Role, verb, false).await?;
    let role: Role = unit.get(id.uuid()).await?;
    if role.built_in {
        let message = format!("{} is built in and stays what it is", role.name);
        return unit.refuse(Refusal::new("O-4", "role", message));
    }
    if !unit.access().await?.covers(&role) {
        return unit.refuse(more_than_held(&role));
    }
    Ok(role)
}

/// Says anew what a role is. Needs role Update with Manage. Those who hold it have the new permissions at once.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EditRole {
    /// Which.
    pub role: RoleId,
    /// Unique among roles, without case.
    pub name: String,
    /// What it allows.
    pub permissions: BTreeSet<Permission>,
    /// Whether everybody who is added from now on gets it.
    pub for_new_people: bool,
    /// A disabled role gives nothing.
    pub enabled: bool,
}

impl EditRole {
    /// An enabled role with this name and these permissions, which nobody gets by itself.
    pub fn new(
        role: RoleId,
        name: impl Into<String>,
        permissions: impl IntoIterator<Item = Permission>,
    ) -> Self {
        Self {
            role,
            name: name.into(),
            permissions: permissions.into_iter().collect(),
            for_new_people: false,
            enabled: true,
        }
    }

    /// Gives it to everybody who is added from now on.
    #[must_use]
    pub const fn for_new_people(mut self) -> Self {
        self.for_new_people = true;
        self
    }

    /// Takes its permissions from all who hold it, until it is enabled again.
    #[must_use]
    pub const fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

#[async_trait]
impl Decide for EditRole {
    const NAME: &'static str = "role.edit";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let before = changeable(unit, self.role, Verb::Update).await?;
        let mut role = before.clone();
        role.name.clone_from(&self.name);
        role.permissions.clone_from(&self.permissions);
        role.for_new_people = self.for_new_people;
        role.enabled = self.enabled;
        check(unit, &role).await?;
        if role == before {
            return Ok(());
        }
        unit.put(&role, format!("change the role {}", before.name))?;
        unit.audit(
            Self::NAME,
            format!("role {}", role.id),
            json!({ "before": facts(&before), "after": facts(&role) }),
        );
        Ok(())
    }
}

/// Deletes a role that nobody holds. Needs role Delete with Manage.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct DeleteRole {
    /// Which.
    pub role: RoleId,
}

impl DeleteRole {
    /// Deletes it.
    pub const fn new(role: RoleId) -> Self {
        Self { role }
    }
}

#[async_trait]
impl Decide for DeleteRole {
    const NAME: &'static str = "role.delete";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let role = changeable(unit, self.role, Verb::Delete).await?;
        let key = role.id.to_string();
        let people: Vec<Person> = unit.find_by(index::ROLE, &key).await?;
        let groups: Vec<Group> = unit.find_by(index::ROLE, &key).await?;
        if !people.is_empty() || !groups.is_empty() {
            let message = format!(
                "is held by {} people and {} groups; take it from them first",
                people.len(),
                groups.len()
            );
            return unit.refuse(Refusal::new("O-3", "role", message));
        }
        unit.remove(&role, format!("delete the role {}", role.name));
        unit.audit(Self::NAME, format!("role {}", role.id), json!({ "before": facts(&role) }));
        Ok(())
    }
}

/// Who holds roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RoleHolder {
    /// One person.
    Person(PersonId),
    /// The members of a group.
    Group(GroupId),
}

/// Gives roles to a person or a group and takes them. Needs role Update with Manage, and to hold what is given or taken.
///
/// Refused with P-2 when no administrator would remain, with O-4 for what Everyone holds.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ChangeRoles {
    /// Whose.
    pub holder: RoleHolder,
    /// Roles to give.
    pub give: BTreeSet<RoleId>,
    /// Roles to take.
    pub take: BTreeSet<RoleId>,
}

impl ChangeRoles {
    /// None yet.
    pub const fn new(holder: RoleHolder) -> Self {
        Self { holder, give: BTreeSet::new(), take: BTreeSet::new() }
    }

    /// Gives one.
    #[must_use]
    pub fn give(mut self, role: RoleId) -> Self {
        self.give.insert(role);
        self
    }

    /// Takes one.
    #[must_use]
    pub fn take(mut self, role: RoleId) -> Self {
        self.take.insert(role);
        self
    }
}

#[async_trait]
impl Decide for ChangeRoles {
    const NAME: &'static str = "role.change_holder";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::Role, Verb::Update, false).await?;
        let mut refusals = Vec::new();
        if let Some(both) = self.give.intersection(&self.take).next() {
            refusals.push(Refusal::new(
                "O-3",
                "roles",
                format!("role {both} cannot be both given and taken"),
            ));
        }
        check_roles(unit, &self.give, &mut refusals).await?;
        check_roles(unit, &self.take, &mut refusals).await?;
        if self.holder == RoleHolder::Group(EVERYONE) {
            // What everybody holds would make every later grant meaningless, and Account Owner is theirs always.
            refusals.push(Refusal::new("O-2", "holder", "Everyone holds Account Owner and nothing else"));
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        match self.holder {
            RoleHolder::Person(id) => {
                let mut person: Person = unit.get(id.uuid()).await?;
                let before = person.roles.clone();
                self.apply(&mut person.roles);
                if person.roles == before {
                    return Ok(());
                }
                require_administrator(unit, After::Person(&person)).await?;
                unit.put(&person, format!("change the roles of {}", person.display_name))?;
                audit(unit, format!("person {id}"), &before, &person.roles);
            }
            RoleHolder::Group(id) => {
                let mut group: Group = unit.get(id.uuid()).await?;
                let before = group.roles.clone();
                self.apply(&mut group.roles);
                if group.roles == before {
                    return Ok(());
                }
                require_administrator(unit, After::Group(&group)).await?;
                unit.put(&group, format!("change the roles of the group {}", group.name))?;
                audit(unit, format!("group {id}"), &before, &group.roles);
            }
        }
        Ok(())
    }
}

impl ChangeRoles {
    fn apply(&self, roles: &mut BTreeSet<RoleId>) {
        roles.extend(&self.give);
        roles.retain(|role| !self.take.contains(role));
    }
}

fn audit(unit: &mut Unit<'_>, subject: String, before: &BTreeSet<RoleId>, after: &BTreeSet<RoleId>) {
    unit.audit(unit.operation, subject, json!({ "before": before, "after": after }));
}
