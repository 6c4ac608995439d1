//! What the server says of a dependency.

use serde::{Deserialize, Serialize};

use crate::ids::{
    DependencyGroupId, DependencyId, DependencyTemplateId, DependencyTypeId, ScriptId, SecretId, optional,
};
use crate::open_enum::open_enum;
use crate::request::{Path, Query};
use crate::resource::dependencies::DependencyDraft;
use crate::resource::{endpoint, or_default, search_endpoint};
use crate::secret_value::{SecretValue, exposed};

open_enum! {
    /// How the last run of a dependency went.
    RunResult {
        /// Well.
        Success = "Success",
        /// Not well.
        Failed = "Failed",
        /// It did not run yet.
        NotRun = "NotRun",
    }
}

/// A dependency, as lists have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DependencySummary {
    /// Its number.
    pub id: DependencyId,
    /// The secret.
    #[serde(default, deserialize_with = "optional")]
    pub secret_id: Option<SecretId>,
    /// Its group.
    #[serde(default, deserialize_with = "optional")]
    pub group_id: Option<DependencyGroupId>,
    /// That one's name. Only newer servers say it.
    #[serde(default)]
    pub group_name: Option<String>,
    /// The machine on which the password is used.
    #[serde(default, deserialize_with = "or_default")]
    pub machine_name: String,
    /// By what.
    #[serde(default, deserialize_with = "or_default")]
    pub service_name: String,
    /// What sort it is.
    #[serde(default, deserialize_with = "optional")]
    pub type_id: Option<DependencyTypeId>,
    /// The same as a name.
    #[serde(default, deserialize_with = "or_default")]
    pub type_name: String,
    /// Whether it is run at all.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// Its place among the others.
    #[serde(default)]
    pub order: i32,
    /// How its last run went.
    #[serde(default)]
    pub run_result: Option<RunResult>,
    /// Whether it can be tried out.
    #[serde(default, deserialize_with = "or_default")]
    pub can_test: bool,
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Dependency {
    /// Its number.
    pub id: DependencyId,
    /// Everything else, which is what can be replaced.
    #[serde(flatten)]
    pub draft: DependencyDraft,
    /// Whether its last run went well.
    #[serde(default, deserialize_with = "or_default")]
    pub secret_dependency_status: bool,
    /// What its last run said.
    #[serde(default)]
    pub log_message: Option<String>,
}

/// From which template a dependency was made, and with which values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TemplateOfDependency {
    /// The template.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub secret_dependency_template_id: Option<DependencyTemplateId>,
    /// What changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_dependency_changer_id: Option<i32>,
    /// The script that changes it.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub changer_script_id: Option<ScriptId>,
    /// That one's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_name: Option<String>,
    /// The values.
    #[serde(default, deserialize_with = "or_default")]
    pub dependency_scan_item_fields: Vec<ScanItemField>,
}

/// A value of a template of dependencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScanItemField {
    /// Its number.
    #[serde(default)]
    pub id: i32,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_name: Option<String>,
    /// The value. Not shown, because nobody knows what people write there.
    #[serde(default, serialize_with = "exposed")]
    pub value: SecretValue,
}

/// The script that a dependency runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunScript {
    /// The script.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub script_id: Option<ScriptId>,
    /// That one's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_name: Option<String>,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_name: Option<String>,
    /// What uses the password there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// What the script is called with.
    #[serde(default, deserialize_with = "or_default")]
    pub script_arguments: Vec<Argument>,
    /// How the script reaches a database.
    #[serde(default, deserialize_with = "or_default")]
    pub odbc_connection_arguments: Vec<Argument>,
}

/// A named value. Not shown, because it may be a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Argument {
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its sort. Not of a database.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The value.
    #[serde(default, serialize_with = "exposed")]
    pub value: SecretValue,
}

/// A setting of a dependency. Its value is not shown, because it may be a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Setting {
    /// Its number.
    #[serde(default)]
    pub setting_id: i32,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub setting_name: String,
    /// The value.
    #[serde(default, serialize_with = "exposed")]
    pub setting_value: SecretValue,
    /// The value that the changer has of its own.
    #[serde(default, serialize_with = "exposed")]
    pub changer_setting_value: SecretValue,
}

/// A template that dependencies can be made from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DependencyTemplate {
    /// Its number.
    pub id: DependencyTemplateId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether dependencies can be made from it.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// What sort they are.
    #[serde(default, deserialize_with = "optional")]
    pub dependency_type_id: Option<DependencyTypeId>,
    /// What changes them.
    #[serde(default)]
    pub dependency_changer_id: Option<i32>,
}

/// Which dependencies to find: always those of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DependencyFilter {
    /// Of this secret.
    pub secret_id: SecretId,
    /// Only of this group.
    pub group_id: Option<DependencyGroupId>,
    /// Only of this template.
    pub template_id: Option<DependencyTemplateId>,
    /// Only whose last run went so.
    pub last_run_status: Option<RunResult>,
    /// Part of the name.
    pub search_text: Option<String>,
    /// Also those that are not run.
    pub include_inactive: bool,
}

impl DependencyFilter {
    /// All that are run, of this secret.
    pub fn of(secret: SecretId) -> Self {
        Self {
            secret_id: secret,
            group_id: None,
            template_id: None,
            last_run_status: None,
            search_text: None,
            include_inactive: false,
        }
    }

    /// Also those that are not run.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive = true;
        self
    }

    fn query(&self) -> Query {
        Query::new()
            .with("filter.secretId", self.secret_id)
            .with_some("filter.groupId", self.group_id)
            .with_some("filter.templateId", self.template_id)
            .with_some("filter.lastRunStatus", self.last_run_status.as_ref())
            .with_some("filter.searchText", self.search_text.as_ref())
            .with_flag("filter.includeInactive", self.include_inactive)
    }
}

search_endpoint! {
    /// One page of `GET /v1/secret-dependencies`.
    pub struct SearchDependencies(DependencyFilter);
    "dependencies.search" => DependencySummary;
    path = |_| Path::api("v1/secret-dependencies");
    sort = crate::resource::sort::ID;
}

endpoint! {
    /// `GET /v1/secret-dependencies/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetDependency {
        /// Which.
        pub id: DependencyId,
    }
    "dependencies.get": Get => Dependency;
    path = |e| Path::api("v1/secret-dependencies").id(e.id);
}
