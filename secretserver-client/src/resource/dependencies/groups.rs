//! Groups of dependencies, which share a site.

use serde::Deserialize;

use crate::ids::{DependencyGroupId, SecretId, SiteId, optional};
use crate::request::Path;
use crate::resource::dependencies::run::list;
use crate::resource::{endpoint, or_default};

/// A group of dependencies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DependencyGroup {
    /// Its number.
    pub id: DependencyGroupId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The site from which its machines are reached.
    #[serde(default, deserialize_with = "optional")]
    pub site_id: Option<SiteId>,
    /// That one's name.
    #[serde(default)]
    pub site_name: Option<String>,
    /// How many are in it.
    #[serde(default)]
    pub total_dependencies: Option<u32>,
    /// How many of them failed the last time.
    #[serde(default)]
    pub status_failed_count: Option<u32>,
    /// How many did not run yet.
    #[serde(default)]
    pub status_not_run_count: Option<u32>,
    /// How many went well.
    #[serde(default)]
    pub status_success_count: Option<u32>,
}

endpoint! {
    /// `GET /v1/secret-dependencies/groups/{secretId}`.
    #[derive(Clone, Copy, Debug)]
    pub struct ListDependencyGroups {
        /// Of which secret.
        pub secret: SecretId,
    }
    "dependencies.groups": Get => Vec<DependencyGroup>;
    path = |e| Path::api("v1/secret-dependencies/groups").id(e.secret);
    decode = list;
}

endpoint! {
    /// `POST /v1/secret-dependencies/groups/{secretId}`. Never repeated.
    #[derive(Clone, Debug)]
    pub struct CreateDependencyGroup {
        /// Of which secret.
        pub secret: SecretId,
        /// Its name.
        pub name: String,
        /// The site from which its machines are reached.
        pub site: Option<SiteId>,
    }
    "dependencies.create_group": Post => DependencyGroup;
    path = |e| Path::api("v1/secret-dependencies/groups").id(e.secret);
    body = |e| serde_json::json!({ "secretDependencyGroupName": e.name, "siteId": e.site });
}
