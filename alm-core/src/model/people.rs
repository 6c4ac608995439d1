//! People, groups and roles (O-1 to O-4).

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::ObjectGuid;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{DomainId, GroupId, PersonId, RoleId};
use super::sync::PersonSync;

/// A person who requests, approves, owns or administers (O-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// As shown to others.
    pub display_name: String,
    /// Where notifications go: to all of them.
    pub emails: Vec<String>,
    /// A disabled person has no access, counts in no step, and owns nothing actively.
    pub enabled: bool,
    /// Roles held directly; more come through groups.
    pub roles: BTreeSet<RoleId>,
    /// The person's own accounts in directories, at most one of each domain.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub directory: BTreeMap<DomainId, ObjectGuid>,
    /// What the sync of directories has to do with them; nothing with people whom it never met (S-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<PersonSync>,
}

impl Person {
    /// An enabled person without roles of their own.
    pub fn new(id: PersonId, display_name: impl Into<String>) -> Self {
        Self {
            id,
            display_name: display_name.into(),
            emails: Vec::new(),
            enabled: true,
            roles: BTreeSet::new(),
            directory: BTreeMap::new(),
            sync: None,
        }
    }
}

/// A group of people (O-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// Which.
    pub id: GroupId,
    /// As shown to others.
    pub name: String,
    /// A disabled group gives its members nothing.
    pub enabled: bool,
    /// Who is in it. Empty for [`EVERYONE`], which has all.
    pub members: BTreeSet<PersonId>,
    /// Roles that its members hold through it.
    pub roles: BTreeSet<RoleId>,
    /// Who takes its place in approval steps, ownership and template scopes while it is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<GroupId>,
}

impl Group {
    /// An enabled group.
    pub fn new(id: GroupId, name: impl Into<String>, members: impl IntoIterator<Item = PersonId>) -> Self {
        Self {
            id,
            name: name.into(),
            enabled: true,
            members: members.into_iter().collect(),
            roles: BTreeSet::new(),
            replaced_by: None,
        }
    }

    /// Whether `person` is in it. Everybody is in [`EVERYONE`].
    pub fn has(&self, person: PersonId) -> bool {
        self.id == EVERYONE || self.members.contains(&person)
    }
}

/// What a permission is about (section P).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the table's own; there is nothing to add to them")]
pub enum Feature {
    ProvisionRequest,
    ManagedAccount,
    ProvisionApproval,
    ProvisionTemplate,
    ProvisionTemplateWorkflow,
    Group,
    User,
    Role,
    AlmEngine,
    Audit,
    DirectoryService,
    Vault,
    ApiToken,
    Configuration,
    EmailNotification,
    Webhook,
    Siem,
    Servicenow,
}

/// What a permission allows (section P).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verb {
    /// Make new ones.
    Create,
    /// See them.
    Read,
    /// Change them.
    Update,
    /// Remove them.
    Delete,
    /// Widens the other verbs from one's own objects to all; grants nothing alone.
    Manage,
}

/// One permission: a verb on a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "(Feature, Verb)", from = "(Feature, Verb)")]
#[non_exhaustive]
pub struct Permission {
    /// On what.
    pub feature: Feature,
    /// What.
    pub verb: Verb,
}

impl Permission {
    /// A verb on a feature.
    pub const fn new(feature: Feature, verb: Verb) -> Self {
        Self { feature, verb }
    }
}

impl From<(Feature, Verb)> for Permission {
    fn from((feature, verb): (Feature, Verb)) -> Self {
        Self { feature, verb }
    }
}

impl From<Permission> for (Feature, Verb) {
    fn from(permission: Permission) -> Self {
        (permission.feature, permission.verb)
    }
}

/// A named set of permissions (O-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// Which.
    pub id: RoleId,
    /// As shown to others.
    pub name: String,
    /// Built-in roles cannot be changed or removed (O-4).
    pub built_in: bool,
    /// A disabled role gives nothing.
    pub enabled: bool,
    /// Whether everybody who is added from now on gets it.
    #[serde(default)]
    pub for_new_people: bool,
    /// What it allows.
    pub permissions: BTreeSet<Permission>,
}

/// The group of all people; it always holds [`ACCOUNT_OWNER`] (O-2).
pub const EVERYONE: GroupId = GroupId::new(Uuid::from_u128(0x0001_0000_0000_0000_0000));
/// Read and update the accounts one owns (O-4).
pub const ACCOUNT_OWNER: RoleId = RoleId::new(Uuid::from_u128(0x0002_0000_0000_0000_0001));
/// Make requests (O-4).
pub const REQUESTER: RoleId = RoleId::new(Uuid::from_u128(0x0002_0000_0000_0000_0002));
/// Vote on requests (O-4).
pub const APPROVER: RoleId = RoleId::new(Uuid::from_u128(0x0002_0000_0000_0000_0003));
/// Everything (O-4).
pub const SYSTEM_ADMINISTRATOR: RoleId = RoleId::new(Uuid::from_u128(0x0002_0000_0000_0000_0004));

/// Every feature, in the order of the table.
pub const FEATURES: [Feature; 18] = [
    Feature::ProvisionRequest,
    Feature::ManagedAccount,
    Feature::ProvisionApproval,
    Feature::ProvisionTemplate,
    Feature::ProvisionTemplateWorkflow,
    Feature::Group,
    Feature::User,
    Feature::Role,
    Feature::AlmEngine,
    Feature::Audit,
    Feature::DirectoryService,
    Feature::Vault,
    Feature::ApiToken,
    Feature::Configuration,
    Feature::EmailNotification,
    Feature::Webhook,
    Feature::Siem,
    Feature::Servicenow,
];

/// The four built-in roles (O-4).
pub fn built_in_roles() -> [Role; 4] {
    use Verb::{Create, Delete, Manage, Read, Update};
    let role = |id, name: &str, permissions: BTreeSet<Permission>| Role {
        id,
        name: name.to_owned(),
        built_in: true,
        enabled: true,
        for_new_people: false,
        permissions,
    };
    let verbs = |feature, verbs: &[Verb]| -> Vec<Permission> {
        verbs.iter().map(|&verb| Permission::new(feature, verb)).collect()
    };
    let everything = FEATURES.iter().flat_map(|&feature| {
        let all: &[Verb] =
            if feature == Feature::Audit { &[Read] } else { &[Create, Read, Update, Delete, Manage] };
        verbs(feature, all)
    });
    [
        role(
            ACCOUNT_OWNER,
            "Account Owner",
            verbs(Feature::ManagedAccount, &[Read, Update]).into_iter().collect(),
        ),
        role(
            REQUESTER,
            "Requester",
            verbs(Feature::ProvisionRequest, &[Create, Read, Update, Delete]).into_iter().collect(),
        ),
        role(APPROVER, "Approver", verbs(Feature::ProvisionApproval, &[Read, Update]).into_iter().collect()),
        role(SYSTEM_ADMINISTRATOR, "System Administrator", everything.collect()),
    ]
}
