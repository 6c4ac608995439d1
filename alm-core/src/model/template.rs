//! Workflow templates: what a kind of service account is, who may ask for it, and who must agree (section T).

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::Dn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{DomainId, GroupId, PersonId, TemplateId, TemplateVersionId, VaultId};
use super::managed::{AccountKind, ManagedTemplate};
use super::period::Period;

/// What happens to an account at its end of life (T-1, L-1 to L-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EolAction {
    /// Nothing; its owners are told (L-1).
    Review,
    /// It is disabled, and moved to the retirement OU if there is one (L-2).
    Disable,
    /// The directory itself lets it expire at that instant (L-3).
    Expire,
    /// It is retired: disabled, renamed, moved, its secret deactivated (L-4).
    Delete,
}

impl EolAction {
    /// All four, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Review, Self::Disable, Self::Expire, Self::Delete];
}

/// Where the credential is kept (T-2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VaultPlace {
    /// In which vault.
    pub vault: VaultId,
    /// The vault's own identifier of the folder.
    pub folder: String,
    /// The vault's own identifier of the secret template.
    pub secret_template: String,
    /// Whether the requester may choose a folder below it (NM-4).
    pub allow_folder_override: bool,
    /// The vault's own identifier of the folder for the second secret of a rotation, which engines alone should be able to read; the same folder
    /// when not said (section X).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_folder: Option<String>,
    /// For a place that a requester chose: the template's folder, in or below which `folder` must lie (NM-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

impl VaultPlace {
    /// A folder and a secret template of a vault; the requester cannot choose another folder.
    pub fn new(vault: VaultId, folder: impl Into<String>, secret_template: impl Into<String>) -> Self {
        Self {
            vault,
            folder: folder.into(),
            secret_template: secret_template.into(),
            allow_folder_override: false,
            pending_folder: None,
            within: None,
        }
    }

    /// The place of the second secret of a rotation.
    #[must_use]
    pub fn pending(&self) -> Self {
        let mut place = self.clone();
        place.within = None;
        place.pending_folder = None;
        if let Some(folder) = &self.pending_folder {
            place.folder.clone_from(folder);
        }
        place
    }

    /// The place that a request chose, or this one when it chose none. Whether the folder lies below this one is the vault's to say.
    #[must_use]
    pub fn chosen(&self, folder: Option<&str>) -> Self {
        let mut place = self.clone();
        if let Some(folder) = folder.filter(|folder| *folder != self.folder) {
            place.within = Some(std::mem::replace(&mut place.folder, folder.to_owned()));
        }
        place
    }
}

/// Where and how the account is made in the directory (T-3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectoryPlace {
    /// In which domain.
    pub domain: DomainId,
    /// Put in front of every requested name (NM-1). The `$` at the end of a gMSA's is not part of prefix, name or pattern.
    pub name_prefix: String,
    /// A .NET-style regular expression that the whole name must match, if any.
    pub name_pattern: Option<String>,
    /// The OUs a requester chooses from; the first is the default.
    pub ous: Vec<Dn>,
    /// Whether an OU below one of them may be chosen (NM-4).
    pub allow_sub_ou: bool,
    /// Directory groups that every account joins.
    pub groups: Vec<Dn>,
    /// Where disabled and retired accounts are moved, if anywhere.
    pub retirement_ou: Option<Dn>,
    /// Whether the password of a user never expires in the directory; on for service accounts (T-15). That of a gMSA never does.
    pub password_never_expires: bool,
    /// Whether an account may change its own password; it may unless this says no. Then its security descriptor denies the right to the account
    /// itself and to everybody, and only who may reset passwords sets another one (T-15). For users.
    #[serde(default = "yes")]
    pub password_change_allowed: bool,
}

const fn yes() -> bool {
    true
}

impl DirectoryPlace {
    /// Accounts of `domain` in `ou`, with any lawful name, no groups, and no retirement OU.
    pub fn new(domain: DomainId, ou: Dn) -> Self {
        Self { ous: vec![ou], ..Self::nowhere(domain) }
    }

    /// Without an OU yet, which no template can be published with.
    pub(crate) const fn nowhere(domain: DomainId) -> Self {
        Self {
            domain,
            name_prefix: String::new(),
            name_pattern: None,
            ous: Vec::new(),
            allow_sub_ou: false,
            groups: Vec::new(),
            retirement_ou: None,
            password_never_expires: true,
            password_change_allowed: true,
        }
    }
}

/// Who gives accounts another password, and when (T-14, W-4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Rotation {
    /// Who does.
    pub by: Rotator,
    /// Every so many days; only on demand when not said.
    pub every_days: Option<u32>,
    /// Also when an owner is removed, who knows the password still (W-4).
    pub when_owner_leaves: bool,
    /// Whether the vault tells what depends on the secret, such as Windows services that sign in with it.
    pub tell_dependents: bool,
}

/// Who gives accounts another password (T-14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rotator {
    /// Our engine; then the vault must not do it by itself.
    #[default]
    Engine,
    /// The vault, by its own schedule, and when we ask it to.
    Vault,
}

/// Who may own an account (T-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OwnershipRule {
    /// People and groups, as many as wanted, at least one.
    Unrestricted,
    /// The requester alone.
    RequesterOnly,
    /// People only, at least `min` and at most `max` of them.
    People {
        /// At least.
        min: u32,
        /// At most.
        max: u32,
    },
}

/// Whom a step names (T-6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApprovalStep {
    /// Shown to everybody.
    pub name: String,
    /// People named one by one.
    pub people: BTreeSet<PersonId>,
    /// Groups whose members count.
    pub groups: BTreeSet<GroupId>,
    /// How many distinct people must approve.
    pub required: u32,
    /// After how many hours administrators may vote in it too, and are told; never when not said (R-11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after_hours: Option<u32>,
}

impl ApprovalStep {
    /// A step that one member of `groups` must approve.
    pub fn of_groups(name: impl Into<String>, groups: impl IntoIterator<Item = GroupId>) -> Self {
        Self { name: name.into(), groups: groups.into_iter().collect(), required: 1, ..Self::default() }
    }

    /// A step that one of `people` must approve.
    pub fn of_people(name: impl Into<String>, people: impl IntoIterator<Item = PersonId>) -> Self {
        Self { name: name.into(), people: people.into_iter().collect(), required: 1, ..Self::default() }
    }
}

/// When owners are reminded that an account nears its end (N-10 to N-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reminders {
    /// Say at the renewal date that renewing is possible (N-10).
    pub at_renewal_date: bool,
    /// Repeat every so many days after it (N-11).
    pub every_days: Option<u32>,
    /// Urgent ones every `.0` hours from `.1` days before the end of life (N-12).
    pub urgent: Option<(u32, u32)>,
    /// Tell administrators as well (N-13).
    pub include_administrators: bool,
    /// Stop so many days after the first one; this stops urgent ones too (N-14).
    pub stop_after_days: Option<u32>,
}

impl Default for Reminders {
    fn default() -> Self {
        Self {
            at_renewal_date: true,
            every_days: Some(7),
            urgent: Some((24, 3)),
            include_administrators: false,
            stop_after_days: None,
        }
    }
}

/// What a template says of one attribute of its accounts (T-3).
///
/// ```
/// use alm_core::model::template::TemplateAttribute;
///
/// let fixed: TemplateAttribute = "IT".into();
/// assert!(fixed.read_only);
/// let asked = TemplateAttribute::required();
/// let suggested = TemplateAttribute::with_default("service account");
/// # let _ = (asked, suggested);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Said", into = "Said")]
#[non_exhaustive]
pub struct TemplateAttribute {
    /// Its value when the requester gives none.
    pub default: Option<String>,
    /// Whether it must have a value, by default or by the requester.
    pub required: bool,
    /// Whether the requester gives no other one.
    pub read_only: bool,
}

impl TemplateAttribute {
    /// The same value for every account.
    pub fn fixed(value: impl Into<String>) -> Self {
        Self { default: Some(value.into()), required: false, read_only: true }
    }

    /// This value unless the requester gives another one.
    pub fn with_default(value: impl Into<String>) -> Self {
        Self { default: Some(value.into()), ..Self::default() }
    }

    /// The requester must give it.
    pub const fn required() -> Self {
        Self { default: None, required: true, read_only: false }
    }

    /// The requester may give it.
    pub const fn optional() -> Self {
        Self { default: None, required: false, read_only: false }
    }
}

impl From<&str> for TemplateAttribute {
    fn from(value: &str) -> Self {
        Self::fixed(value)
    }
}

impl From<String> for TemplateAttribute {
    fn from(value: String) -> Self {
        Self::fixed(value)
    }
}

/// As it is written: a value that is the same for all is that value.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Said {
    Fixed(String),
    Rule {
        #[serde(default)]
        default: Option<String>,
        #[serde(default)]
        required: bool,
        #[serde(default)]
        read_only: bool,
    },
}

impl From<Said> for TemplateAttribute {
    fn from(said: Said) -> Self {
        match said {
            Said::Fixed(value) => Self::fixed(value),
            Said::Rule { default, required, read_only } => Self { default, required, read_only },
        }
    }
}

impl From<TemplateAttribute> for Said {
    fn from(attribute: TemplateAttribute) -> Self {
        match attribute {
            TemplateAttribute { default: Some(value), required: false, read_only: true } => {
                Self::Fixed(value)
            }
            TemplateAttribute { default, required, read_only } => Self::Rule { default, required, read_only },
        }
    }
}

/// Everything that a template says: the part that a version freezes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateBody {
    /// Shown to requesters.
    pub purpose: String,
    /// The requester must agree to them, if there are any (T-1).
    pub terms_of_service: Option<String>,
    /// What kind of account it makes.
    #[serde(default)]
    pub kind: AccountKind,
    /// What happens at the end of life.
    pub eol_action: EolAction,
    /// Where the credential goes. For users; a gMSA's password is in no vault (T-11).
    pub vault: Option<VaultPlace>,
    /// What makes a gMSA one (T-11). For gMSAs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedTemplate>,
    /// Where the account goes.
    pub directory: DirectoryPlace,
    /// Who may own it.
    pub ownership: OwnershipRule,
    /// The life durations a requester chooses from (T-5).
    pub periods: Vec<Period>,
    /// Days before the end of life from which renewing is possible (T-5).
    pub renewal_lead_days: u32,
    /// When owners are reminded.
    pub reminders: Reminders,
    /// Who must agree, in order.
    pub approval: Vec<ApprovalStep>,
    /// Whether the requester does not see who approves (R-10).
    pub hide_approver_names: bool,
    /// The groups whose members may request with it (T-7).
    pub requesters: BTreeSet<GroupId>,
    /// Who gives accounts another password, and when (T-14).
    #[serde(default)]
    pub rotation: Rotation,
    /// The attributes that accounts get beside those that all have, by LDAP name (T-3, T-13).
    pub attributes: BTreeMap<String, TemplateAttribute>,
}

impl TemplateBody {
    /// A body for users, with the product's defaults: 15 days of lead time, owners unrestricted, anybody may request; no approval step
    /// and no period yet, so that it cannot be published before those are said.
    pub fn new(eol_action: EolAction, vault: VaultPlace, directory: DirectoryPlace) -> Self {
        Self {
            purpose: String::new(),
            terms_of_service: None,
            kind: AccountKind::User,
            eol_action,
            vault: Some(vault),
            managed: None,
            directory,
            ownership: OwnershipRule::Unrestricted,
            periods: Vec::new(),
            renewal_lead_days: 15,
            reminders: Reminders::default(),
            approval: Vec::new(),
            hide_approver_names: false,
            requesters: BTreeSet::from([super::people::EVERYONE]),
            rotation: Rotation::default(),
            attributes: BTreeMap::new(),
        }
    }

    /// A body for group managed service accounts (T-11), with the same defaults. Nothing of them goes into a vault.
    ///
    /// ```
    /// use alm_core::model::managed::{ManagedTemplate, PasswordReader};
    /// use alm_core::model::template::{DirectoryPlace, EolAction, TemplateBody};
    /// # fn example(domain: alm_core::model::ids::DomainId) -> Result<TemplateBody, Box<dyn std::error::Error>> {
    /// let place = DirectoryPlace::new(domain, "CN=Managed Service Accounts,DC=corp,DC=example".parse()?);
    /// let hosts = PasswordReader::Group("CN=web-hosts,OU=Groups,DC=corp,DC=example".parse()?);
    /// let mut body = TemplateBody::managed(EolAction::Disable, place, ManagedTemplate::new([hosts]));
    /// body.purpose = "services on the web hosts".into();
    /// # Ok(body) }
    /// ```
    pub fn managed(eol_action: EolAction, directory: DirectoryPlace, managed: ManagedTemplate) -> Self {
        let nowhere = VaultPlace::new(VaultId::new(uuid::Uuid::nil()), "", "");
        Self {
            kind: AccountKind::GroupManaged,
            vault: None,
            managed: Some(managed),
            ..Self::new(eol_action, nowhere, directory)
        }
    }

    /// Where the credential of an account goes whose request chose this folder, if it goes anywhere.
    #[must_use]
    pub fn place(&self, folder: Option<&str>) -> Option<VaultPlace> {
        self.vault.as_ref().map(|place| place.chosen(folder))
    }
}

/// Where a template stands (T-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateState {
    /// Being written; not selectable.
    Draft,
    /// Selectable; its published version cannot be changed.
    Published,
    /// Taken back to be edited.
    Unpublished,
    /// Not selectable for new requests; existing accounts keep their version.
    Disabled,
}

/// A template and its draft (T-8, T-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Template {
    /// Which.
    pub id: TemplateId,
    /// Unique among templates.
    pub name: String,
    /// Where it stands.
    pub state: TemplateState,
    /// What is being edited, if anything is.
    pub draft: Option<TemplateBody>,
    /// The version that new requests use, once there was one.
    pub current: Option<TemplateVersionId>,
    /// How many versions were published so far.
    pub versions: u32,
    /// Who wrote the draft last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafted_by: Option<PersonId>,
    /// Who wants the draft to be published, where that takes two (T-10). Editing it takes the wish back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<PersonId>,
}

/// One published version; never changed afterwards (T-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateVersion {
    /// Which.
    pub id: TemplateVersionId,
    /// Of which template.
    pub template: TemplateId,
    /// The template's name when it was published.
    pub name: String,
    /// 1 for the first.
    pub number: u32,
    /// When it was published.
    pub published_at: Timestamp,
    /// By whom.
    pub published_by: PersonId,
    /// What it says.
    pub body: TemplateBody,
}
