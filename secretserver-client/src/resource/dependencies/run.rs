//! Running dependencies, and what they can be made from.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ids::{DependencyId, ScriptId};
use crate::request::{DecodeError, Path, Reply};
use crate::resource::dependencies::{Argument, DependencyTemplate};
use crate::resource::{endpoint, or_default};

/// A list, or a list in an envelope: the document and the servers differ, so that both are read.
pub(super) fn list<T: DeserializeOwned>(reply: &Reply) -> Result<Vec<T>, DecodeError> {
    #[derive(Deserialize)]
    #[serde(bound = "T: DeserializeOwned")]
    struct Envelope<T> {
        #[serde(deserialize_with = "or_default")]
        model: Vec<T>,
    }
    if reply.bytes().trim_ascii_start().starts_with(b"[") {
        return reply.json();
    }
    reply.json::<Envelope<T>>().map(|envelope| envelope.model)
}

/// A script that dependencies can run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DependencyScript {
    /// Its number.
    pub id: ScriptId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What it is called with.
    #[serde(default, deserialize_with = "or_default")]
    pub arguments: Vec<Argument>,
    /// How it reaches a database.
    #[serde(default, deserialize_with = "or_default")]
    pub odbc_connection_arguments: Vec<Argument>,
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunProgress {
    /// The task.
    #[serde(default)]
    pub task_identifier: Option<String>,
    /// Whether it has ended.
    #[serde(deserialize_with = "or_default")]
    pub is_complete: bool,
    /// How much of it is done, of 100.
    #[serde(default)]
    pub percentage_complete: i32,
    /// What it says.
    #[serde(default)]
    pub status: Option<String>,
    /// What went wrong.
    #[serde(default, deserialize_with = "or_default")]
    pub errors: Vec<RunError>,
}

/// Something that went wrong in a task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunError {
    /// With what.
    #[serde(default)]
    pub item_name: Option<String>,
    /// How, in the server's words.
    #[serde(default)]
    pub error_message: Option<String>,
}

endpoint! {
    /// `GET /v1/secret-dependencies/templates`.
    #[derive(Clone, Copy, Debug)]
    pub struct ListDependencyTemplates;
    "dependencies.templates": Get => Vec<DependencyTemplate>;
    path = |_| Path::api("v1/secret-dependencies/templates");
    decode = list;
}

endpoint! {
    /// `GET /v1/secret-dependencies/scripts`.
    #[derive(Clone, Copy, Debug)]
    pub struct ListDependencyScripts;
    "dependencies.scripts": Get => Vec<DependencyScript>;
    path = |_| Path::api("v1/secret-dependencies/scripts");
    decode = list;
}

endpoint! {
    /// `POST /v1/secret-dependencies/run`. The answer is the task's name and nothing around it.
    #[derive(Clone, Debug)]
    pub struct RunDependencies {
        /// Which.
        pub ids: Vec<DependencyId>,
    }
    "dependencies.run": Post => String;
    path = |_| Path::api("v1/secret-dependencies/run");
    body = |e| e.ids;
}

endpoint! {
    /// `GET /v1/secret-dependencies/run/{identifier}`.
    #[derive(Clone, Debug)]
    pub struct GetRunProgress {
        /// Which task.
        pub task: String,
    }
    "dependencies.progress": Get => RunProgress;
    path = |e| Path::api("v1/secret-dependencies/run").text("identifier", &e.task);
}
