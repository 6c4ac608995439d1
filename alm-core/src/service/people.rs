//! Commands about people (O-1).

use std::collections::BTreeSet;

use ad_directory::ObjectGuid;
use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::leaving::tell_of_leavers;
use super::remaining::{After, require_administrator, require_owners};
use super::roles::check_roles;
use super::stored::person_link;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::audit::AuditResult;
use crate::model::estate::Domain;
use crate::model::ids::{DomainId, PersonId, RoleId};
use crate::model::people::{Feature, Person, Role, Verb};
use crate::rules::text;

/// Adds a person. Needs user Create.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddPerson {
    /// As shown to others.
    pub display_name: String,
    /// Where notifications go.
    pub emails: Vec<String>,
    /// Roles held directly; none that allows more than the caller may. Those for new people come by themselves (O-3).
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
        check(&self.display_name, &self.emails, &mut refusals);
        check_roles(unit, &self.roles, &mut refusals).await?;
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let mut person = Person::new(PersonId::new(unit.new_id()?), &self.display_name);
        person.emails.clone_from(&self.emails);
        person.roles.clone_from(&self.roles);
        let roles: Vec<Role> = unit.all().await?;
        person
            .roles
            .extend(roles.iter().filter(|role| role.for_new_people && role.enabled).map(|role| role.id));
        unit.put(&person, format!("add {}", self.display_name))?;
        let personal = unit.personal(format!("{} <{}>", self.display_name, self.emails.join(", ")))?;
        unit.audit_as(
            Self::NAME,
            format!("person {}", person.id),
            AuditResult::Done,
            json!({ "roles": person.roles }),
            personal,
        );
        Ok(person.id)
    }
}

fn check(display_name: &str, emails: &[String], refusals: &mut Vec<Refusal>) {
    refusals.extend(text::check("O-1", "display_name", display_name, 200, true, false).err());
    if emails.is_empty() {
        refusals.push(Refusal::new("O-1", "emails", "at least one address is needed"));
    }
    for email in emails {
        refusals.extend(text::check("O-1", "emails", email, 254, true, false).err());
        if !email.contains('@') {
            refusals.push(Refusal::new("O-1", "emails", "an address has an @"));
        }
    }
}

/// Says anew what a person is called and where notifications go. Needs user Update with Manage: an address is what a sign-in is
/// recognized by, so it is not one's own to change.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EditPerson {
    /// Who.
    pub person: PersonId,
    /// As shown to others.
    pub display_name: String,
    /// Where notifications go; at least one.
    pub emails: Vec<String>,
}

impl EditPerson {
    /// This name, these addresses.
    pub fn new(
        person: PersonId,
        display_name: impl Into<String>,
        emails: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let emails = emails.into_iter().map(Into::into).collect();
        Self { person, display_name: display_name.into(), emails }
    }
}

#[async_trait]
impl Decide for EditPerson {
    const NAME: &'static str = "person.edit";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::User, Verb::Update, false).await?;
        let mut person: Person = unit.get(self.person.uuid()).await?;
        let mut refusals = Vec::new();
        check(&self.display_name, &self.emails, &mut refusals);
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        person.display_name.clone_from(&self.display_name);
        person.emails.clone_from(&self.emails);
        unit.put(&person, format!("change {}", self.display_name))?;
        let personal = unit.personal(format!("{} <{}>", self.display_name, self.emails.join(", ")))?;
        unit.audit_as(
            Self::NAME,
            format!("person {}", person.id),
            AuditResult::Done,
            json!({ "addresses": self.emails.len() }),
            personal,
        );
        Ok(())
    }
}

/// Says which account of a directory is a person's own, or that none is (O-1). Needs user Update with Manage.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct LinkDirectoryAccount {
    /// Whose.
    pub person: PersonId,
    /// In which domain; a person has at most one account in each.
    pub domain: DomainId,
    /// Its objectGUID; none ends the link.
    pub object: Option<ObjectGuid>,
}

impl LinkDirectoryAccount {
    /// This account is theirs.
    pub const fn new(person: PersonId, domain: DomainId, object: ObjectGuid) -> Self {
        Self { person, domain, object: Some(object) }
    }

    /// None is theirs any more.
    pub const fn end(person: PersonId, domain: DomainId) -> Self {
        Self { person, domain, object: None }
    }
}

#[async_trait]
impl Decide for LinkDirectoryAccount {
    const NAME: &'static str = "person.link";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::User, Verb::Update, false).await?;
        let mut person: Person = unit.get(self.person.uuid()).await?;
        let domain: Domain = unit.get(self.domain.uuid()).await?;
        let before = match self.object {
            Some(object) => {
                let taken = || Refusal::new("O-1", "object", format!("{object} is another person's account"));
                unit.require_free(&person_link(self.domain, object), Some(person.id.uuid()), taken).await?;
                person.directory.insert(self.domain, object)
            }
            None => person.directory.remove(&self.domain),
        };
        // S-3: whom a person links with another account, or with none, the sync does not keep through the one before.
        if before != self.object {
            let sync = person.sync.get_or_insert_default();
            sync.domains.remove(&self.domain);
            sync.made_by = sync.made_by.filter(|made_by| *made_by != self.domain);
            sync.not.extend(before);
            if let Some(object) = self.object {
                sync.not.remove(&object);
            }
        }
        unit.put(&person, format!("link {} with an account of {}", person.display_name, domain.name))?;
        unit.audit(
            Self::NAME,
            format!("person {}", person.id),
            json!({ "domain": domain.name, "before": before, "after": self.object }),
        );
        Ok(())
    }
}

/// Disables a person, or enables one again. Needs user Update.
///
/// Refused with W-2 when an account would be left without an active owner, with P-2 for the last administrator. The other owners of
/// the accounts that a disabled person owned are told, and passwords are rotated where templates say so (W-4).
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
        // S-3: what a person decides about somebody, no sync takes back; so disabling says something of whom a sync has disabled, too.
        if person.enabled == self.enabled && !person.sync.as_ref().is_some_and(|sync| sync.disabled) {
            return Ok(());
        }
        person.enabled = self.enabled;
        if let Some(sync) = &mut person.sync {
            if self.enabled && sync.disabled {
                sync.domains.clear();
            }
            sync.disabled = false;
        }
        if !self.enabled {
            require_administrator(unit, After::Person(&person)).await?;
            require_owners(unit, After::Person(&person)).await?;
            tell_of_leavers(unit, After::Person(&person)).await?;
        }
        let verb = if self.enabled { "enable" } else { "disable" };
        unit.put(&person, format!("{verb} {}", person.display_name))?;
        unit.audit(Self::NAME, format!("person {}", person.id), json!({ "enabled": self.enabled }));
        Ok(())
    }
}
