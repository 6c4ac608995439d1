//! The operations, one file per resource. Which of them exist, and who may call them, is said in `operation/table.rs`.

pub(super) mod access_requests;
pub(super) mod configuration;
pub(super) mod dependencies;
pub(super) mod folder_permissions;
pub(super) mod folders;
pub(super) mod groups;
pub(super) mod policies;
pub(super) mod roles;
pub(super) mod sdk_clients;
pub(super) mod secret_permissions;
pub(super) mod secrets;
pub(super) mod system;
pub(super) mod templates;
pub(super) mod token;
pub(super) mod users;

use serde_json::{Value, json};

use super::answer::{Answer, ok};

/// What is said of whatever is gone.
fn deleted(id: u32, kind: &str) -> Answer {
    // `[]` for secrets and folders, null for users (examples 17 and 25).
    let codes = if kind == "User" { Value::Null } else { json!([]) };
    ok(json!({"id": id, "objectType": kind, "responseCodes": codes}))
}

/// A number that may be missing, as the server writes it.
fn or_none(id: Option<u32>) -> i64 {
    id.map_or(-1, i64::from)
}
