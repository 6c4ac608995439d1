//! Creating, replacing and deleting dependencies.

use serde::{Deserialize, Serialize};

use crate::ids::{
    DependencyGroupId, DependencyId, DependencyTemplateId, DependencyTypeId, ScriptId, SecretId, optional,
};
use crate::request::{EncodeError, Endpoint, Method, Path, Payload, Query};
use crate::resource::dependencies::{Dependency, RunScript, Setting, TemplateOfDependency, group_or_none};
use crate::resource::{Deleted, endpoint, or_default};

/// What a dependency shall be. Start from [`Dependencies::stub`](crate::resource::dependencies::Dependencies::stub).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DependencyDraft {
    /// Whether it is run at all.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// Of which secret.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub secret_id: Option<SecretId>,
    /// That one's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,
    /// Its group; none is the default one.
    #[serde(default, deserialize_with = "optional", serialize_with = "group_or_none")]
    pub group_id: Option<DependencyGroupId>,
    /// What sort it is.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub type_id: Option<DependencyTypeId>,
    /// The same as a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// The machine on which the password is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_name: Option<String>,
    /// By what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// What people should know.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Its place among the others.
    #[serde(default)]
    pub sort_order: i32,
    /// When it is run, such as `ALWAYSRUN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_mode: Option<String>,
    /// The dependency on which that depends.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub condition_dependency_id: Option<DependencyId>,
    /// The secret whose account makes the change.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub privileged_account_secret_id: Option<SecretId>,
    /// The secret whose key is used for it.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub ssh_key_secret_id: Option<SecretId>,
    /// From which template it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency_template: Option<TemplateOfDependency>,
    /// The script that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_script: Option<RunScript>,
    /// Its settings.
    #[serde(default, deserialize_with = "or_default")]
    pub settings: Vec<Setting>,
}

/// What a new dependency is to be made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StubFor {
    /// A template.
    Template(DependencyTemplateId),
    /// A kind of dependency.
    Type(DependencyTypeId),
    /// A script.
    Script(ScriptId),
}

endpoint! {
    /// `GET /v1/secret-dependencies/stub`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetDependencyStub {
        /// Of which secret.
        pub secret: SecretId,
        /// From what.
        pub of: StubFor,
    }
    "dependencies.stub": Get => DependencyDraft;
    path = |_| Path::api("v1/secret-dependencies/stub");
    query = |e| {
        let query = Query::new().with("secretId", e.secret);
        match e.of {
            StubFor::Template(id) => query.with("templateId", id),
            StubFor::Type(id) => query.with("typeId", id),
            StubFor::Script(id) => query.with("scriptId", id),
        }
    };
}

/// `POST /v1/secret-dependencies`. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the draft")]
pub struct CreateDependency(
    /// What to make.
    pub DependencyDraft,
);

endpoint! {
    @impl CreateDependency "dependencies.create": Post => Dependency;
    path = |_| Path::api("v1/secret-dependencies");
    body = |e| e.0;
}

/// `PUT /v1/secret-dependencies/{id}`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct ReplaceDependency {
    /// Which.
    pub id: DependencyId,
    /// What it shall be.
    pub draft: DependencyDraft,
}

impl Endpoint for ReplaceDependency {
    const OPERATION: &'static str = "dependencies.replace";
    const METHOD: Method = Method::Put;
    type Response = DependencyDraft;

    fn path(&self) -> Path {
        Path::api("v1/secret-dependencies").id(self.id)
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        #[derive(Serialize)]
        struct Args<'a> {
            id: DependencyId,
            #[serde(flatten)]
            draft: &'a DependencyDraft,
        }
        Payload::json(&Args { id: self.id, draft: &self.draft })
    }
}

endpoint! {
    /// `DELETE /v1/secret-dependencies/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct DeleteDependency {
        /// Which.
        pub id: DependencyId,
    }
    "dependencies.delete": Delete => Deleted;
    path = |e| Path::api("v1/secret-dependencies").id(e.id);
}
