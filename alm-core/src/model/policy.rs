//! Policy as code: roles, templates and settings as a file that people review, keep in version control, and apply.
//!
//! A file names what it means as people do: vaults, domains and groups by name, people by e-mail address. What a template does not say has the
//! default of [`TemplateBody`](super::template::TemplateBody::new); `false` takes such a default away, as in `reminders = { every_days = false }`.
//!
//! ```
//! # #[cfg(feature = "toml")] {
//! use alm_core::model::policy::Policy;
//!
//! let policy = Policy::from_toml(r#"
//!     version = 1
//!
//!     [[role]]
//!     name = "Auditor"
//!     permissions = ["audit:read", "managed-account:read", "managed-account:manage"]
//!
//!     [[template]]
//!     name = "Batch accounts"
//!     eol_action = "disable"
//!     periods = [{ days = 90 }, { years = 1 }]
//!     approval = [{ name = "team lead", groups = ["Team leads"], required = 1 }]
//!     vault = { vault = "Secret Server", folder = "12", secret_template = "6001" }
//!     directory = { domain = "corp.example.com", ous = ["OU=Service Accounts,DC=corp,DC=example,DC=com"], name_prefix = "svc-" }
//! "#).unwrap();
//! assert_eq!(policy.templates[0].name, "Batch accounts");
//! # }
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::people::{FEATURES, Feature, Permission, Verb};

/// The version of the form of policy files that this crate reads and writes.
pub const POLICY_VERSION: u32 = 1;

/// Roles, templates and settings, as a file says them.
///
/// It need not name everything: what it does not name stays as it is. Reads and writes through `serde`, so that any form of file will do; with feature `toml` it
/// reads and writes TOML itself (`from_toml`, `to_toml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// [`POLICY_VERSION`]: a file of another version is refused (F-1).
    pub version: u32,
    /// What the service that applies it must run with, if it says so (F-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<PolicySettings>,
    /// Roles, without the built-in ones.
    #[serde(default, rename = "role", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<PolicyRole>,
    /// Templates.
    #[serde(default, rename = "template", skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<PolicyTemplate>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { version: POLICY_VERSION, settings: None, roles: Vec::new(), templates: Vec::new() }
    }
}

impl Policy {
    /// A policy that says nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Settings of the service that a policy can ask for; what it does not say may be anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicySettings {
    /// Whether templates are published by two (T-10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_person_publishing: Option<bool>,
    /// Whether administrators are told of templates (N-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tell_of_templates: Option<bool>,
    /// How many rotations one sweep begins at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotations_at_once: Option<usize>,
    /// How many accounts a sweep changes without asking (L-39).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep_accounts: Option<u64>,
    /// Or how many percent of the Active ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep_percent: Option<u64>,
}

/// A role, as a file says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicyRole {
    /// By which it is found, without case.
    pub name: String,
    /// What it allows.
    pub permissions: BTreeSet<PolicyPermission>,
    /// Whether everybody who is added from now on gets it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_new_people: bool,
    /// A disabled role gives nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

impl PolicyRole {
    /// An enabled role that nobody gets by itself.
    pub fn new(name: impl Into<String>, permissions: impl IntoIterator<Item = Permission>) -> Self {
        let permissions = permissions.into_iter().map(PolicyPermission).collect();
        Self { name: name.into(), permissions, for_new_people: false, disabled: false }
    }
}

/// A permission as text, such as `managed-account:update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub struct PolicyPermission(pub Permission);

const VERBS: [Verb; 5] = [Verb::Create, Verb::Read, Verb::Update, Verb::Delete, Verb::Manage];

/// The word that serde writes for a variant without fields.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}

impl fmt::Display for PolicyPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", word(self.0.feature), word(self.0.verb))
    }
}

impl FromStr for PolicyPermission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("there is no permission {text:?}; one is written as managed-account:read");
        let (feature, verb) = text.split_once(':').ok_or_else(unknown)?;
        let feature: Feature = FEATURES.into_iter().find(|one| word(one) == feature).ok_or_else(unknown)?;
        let verb = VERBS.into_iter().find(|one| word(one) == verb).ok_or_else(unknown)?;
        Ok(Self(Permission::new(feature, verb)))
    }
}

impl From<PolicyPermission> for String {
    fn from(permission: PolicyPermission) -> Self {
        permission.to_string()
    }
}

impl TryFrom<String> for PolicyPermission {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A template, as a file says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PolicyTemplate {
    /// By which it is found, without case.
    pub name: String,
    /// The fields of [`TemplateBody`](super::template::TemplateBody), with names in the place of identifiers.
    #[serde(flatten)]
    pub body: Map<String, Value>,
}

impl PolicyTemplate {
    /// A template with these fields.
    pub fn new(name: impl Into<String>, body: Map<String, Value>) -> Self {
        Self { name: name.into(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_survives_its_text_form() {
        for feature in FEATURES {
            for verb in VERBS {
                let permission = PolicyPermission(Permission::new(feature, verb));
                assert_eq!(permission.to_string().parse(), Ok(permission));
            }
        }
        for wrong in ["", "audit", "audit:", "audit:write", "Audit:read", "audit:read:manage"] {
            assert!(wrong.parse::<PolicyPermission>().is_err(), "{wrong}");
        }
    }
}
