//! Commands about people and groups (O-1, O-2).

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::stored::{index, owner_key};
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus, Owner};
use crate::model::ids::{GroupId, PersonId, RoleId};
use crate::model::people::{Feature, Group, Person, Role, SYSTEM_ADMINISTRATOR, Verb};
use crate::model::request::Request;
use crate::rules::{ownership, text};

/// Adds a person. Needs user Create.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddPerson {
    /// As shown to others.
    pub display_name: String,
    /// Where notifications go.
    pub emails: Vec<String>,
    /// Roles held directly.
    pub roles: BTreeSet<RoleId>,
}

impl AddPerson {
    /// A person with one address and no role.
    pub fn new(display_name: impl Into<String>, email: impl Into<String>) -> Self {
        Self { display_name: display_name.into(), emails: vec![email.into()], roles: BTreeSet::new() }
    }

    /// Gives a role.
    #[must_use]
    pub fn role(mut self, role: RoleId) -> Self {
        self.roles.insert(role);
        self
    }
}

#[async_trait]
impl Decide for AddPerson {
    const NAME: &'static str = "person.add";
    type Output = PersonId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<PersonId> {
        unit.require(Feature::User, Verb::Create, true).await?;
        let mut refusals: Vec<Refusal> = Vec::new();
        refusals.extend(text::check("O-1", "display_name", &self.display_name, 200, true, false).err());
        if self.emails.is_empty() {
            refusals.push(Refusal::new("O-1", "emails", "at least one address is needed"));
        }
        for email in &self.emails {
            refusals.extend(text::check("O-1", "emails", email, 254, true, false).err());
            if !email.contains('@') {
                refusals.push(Refusal::new("O-1", "emails", "an address has an @"));
            }
        }
        require_roles(unit, &self.roles, &mut refusals).await?;
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let mut person = Person::new(PersonId::new(unit.new_id()?), &self.display_name);
        person.emails.clone_from(&self.emails);
        person.roles.clone_from(&self.roles);
        unit.put(&person, format!("add {}", self.display_name))?;
        let personal = unit.personal(format!("{} <{}>", self.display_name, self.emails.join(", ")))?;
        unit.audit_as(
            Self::NAME,
            format!("person {}", person.id),
            crate::model::audit::AuditResult::Done,
            json!({ "roles": self.roles }),
            personal,
        );
        Ok(person.id)
    }
}

async fn require_roles(
    unit: &mut Unit<'_>,
    roles: &BTreeSet<RoleId>,
    refusals: &mut Vec<Refusal>,
) -> Result<()> {
    for role in roles {
        if unit.find::<Role>(role.uuid()).await?.is_none() {
            refusals.push(Refusal::new("O-3", "roles", format!("role {role} does not exist")));
        }
    }
    Ok(())
}

/// Adds a group. Needs group Create.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddGroup {
    /// Unique among groups, without case.
    pub name: String,
    /// Who is in it.
    pub members: BTreeSet<PersonId>,
    /// Roles that its members hold through it.
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
        for member in &self.members {
            if unit.find::<Person>(member.uuid()).await?.is_none() {
                refusals.push(Refusal::new("O-2", "members", format!("person {member} does not exist")));
            }
        }
        require_roles(unit, &self.roles, &mut refusals).await?;
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let mut group = Group::new(GroupId::new(unit.new_id()?), &self.name, self.members.iter().copied());
        group.roles.clone_from(&self.roles);
        let unique = format!("group:{}", self.name.to_lowercase());
        unit.require_free(&unique, None, || {
            Refusal::new("O-2", "name", format!("a group {:?} exists already", self.name))
        })
        .await?;
        unit.put(&group, format!("add the group {}", self.name))?;
        unit.audit(
            Self::NAME,
            format!("group {}", group.id),
            json!({ "name": self.name, "members": self.members, "roles": self.roles }),
        );
        Ok(group.id)
    }
}

/// Disables a person, or enables one again. Needs user Update.
///
/// Refused with W-2 when an account would be left without an active owner, with P-2 for the last administrator.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct SetPersonEnabled {
    /// Who.
    pub person: PersonId,
    /// Enabled or not.
    pub enabled: bool,
}

impl SetPersonEnabled {
    /// Enables or disables.
    pub const fn new(person: PersonId, enabled: bool) -> Self {
        Self { person, enabled }
    }
}

#[async_trait]
impl Decide for SetPersonEnabled {
    const NAME: &'static str = "person.set_enabled";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::User, Verb::Update, false).await?;
        let mut person: Person = unit.get(self.person.uuid()).await?;
        if person.enabled == self.enabled {
            return Ok(());
        }
        if !self.enabled {
            require_other_administrator(unit, self.person).await?;
            require_other_owner(unit, &person).await?;
        }
        person.enabled = self.enabled;
        let verb = if self.enabled { "enable" } else { "disable" };
        unit.put(&person, format!("{verb} {}", person.display_name))?;
        unit.audit(Self::NAME, format!("person {}", person.id), json!({ "enabled": self.enabled }));
        Ok(())
    }
}

/// P-2.
async fn require_other_administrator(unit: &mut Unit<'_>, without: PersonId) -> Result<()> {
    let administrators = unit.administrators().await?;
    if administrators.contains(&without) && administrators.len() == 1 {
        return unit.refuse(Refusal::new("P-2", "person", "is the last enabled System Administrator"));
    }
    // The role's record is written too, so that two who disable each other at the same moment cannot both succeed.
    if administrators.contains(&without) {
        let role: Role = unit.get(SYSTEM_ADMINISTRATOR.uuid()).await?;
        unit.put(&role, "check the administrators")?;
    }
    Ok(())
}

/// W-2.
async fn require_other_owner(unit: &mut Unit<'_>, person: &Person) -> Result<()> {
    let groups = unit.find_by::<Group>(index::MEMBER, &person.id.to_string()).await?;
    let mut keys = vec![owner_key(Owner::Person(person.id))];
    keys.extend(groups.iter().map(|group| owner_key(Owner::Group(group.id))));
    let mut refusals = Vec::new();
    for key in keys {
        for account in unit.find_by::<Account>(index::OWNER, &key).await? {
            if account.status != AccountStatus::Deleted
                && !owned_without(unit, &account.owners, person.id).await?
            {
                refusals.push(Refusal::new(
                    "W-2",
                    "person",
                    format!("is the last active owner of {}; name another owner first", account.name),
                ));
            }
        }
        for request in unit.find_by::<Request>(index::OWNER, &key).await? {
            let owners = ownership::with_requester(&request.form.owners, request.requester);
            if !owned_without(unit, &owners, person.id).await? {
                refusals.push(Refusal::new(
                    "W-2",
                    "person",
                    format!(
                        "is the last active owner of {}, which is being provisioned",
                        request.account_name
                    ),
                ));
            }
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(Error::refused(unit.operation, refusals)) }
}

/// Whether there is an active owner beside `without`.
async fn owned_without(unit: &mut Unit<'_>, owners: &BTreeSet<Owner>, without: PersonId) -> Result<bool> {
    let (people, groups) = owners_of(unit, owners).await?;
    let people: Vec<Person> = people.into_iter().filter(|person| person.id != without).collect();
    Ok(ownership::has_active(owners, &people, &groups))
}

/// The people and groups that owners name, and the members of those groups.
pub(super) async fn owners_of(
    unit: &mut Unit<'_>,
    owners: &BTreeSet<Owner>,
) -> Result<(Vec<Person>, Vec<Group>)> {
    let groups = unit
        .groups(owners.iter().filter_map(|owner| match owner {
            Owner::Group(id) => Some(*id),
            Owner::Person(_) => None,
        }))
        .await?;
    let mut people = unit
        .people(owners.iter().filter_map(|owner| match owner {
            Owner::Person(id) => Some(*id),
            Owner::Group(_) => None,
        }))
        .await?;
    for member in unit.members(&groups).await? {
        if !people.iter().any(|person| person.id == member.id) {
            people.push(member);
        }
    }
    Ok((people, groups))
}
