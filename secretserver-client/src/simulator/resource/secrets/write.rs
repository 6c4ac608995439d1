//! Making, changing, deactivating and restoring secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::writable;
use super::{check, find, view};
use crate::simulator::Shared;
use crate::simulator::answer::{Answer, Args, Caller, JsonBody, Refusal, denied, member, message, refused};
use crate::simulator::permission::{FolderRole, SecretRole, right};
use crate::simulator::world::World;

fn invalid(text: &str) -> Refusal {
    message(StatusCode::BAD_REQUEST, text)
}

/// The values of a new secret, checked against its template.
fn values(world: &World, template: u32, items: &[Value]) -> Result<BTreeMap<String, String>, Refusal> {
    let template = world.template(template).ok_or_else(|| invalid("The secret template does not exist."))?;
    let mut values: BTreeMap<String, String> =
        template.fields.iter().map(|f| (f.slug.clone(), String::new())).collect();
    for item in items {
        let given = member(item, "slug").or_else(|| member(item, "fieldName")).and_then(Value::as_str);
        let by_id = member(item, "fieldId").and_then(Value::as_u64);
        let field = template.fields.iter().find(|f| match given {
            Some(name) => f.slug.eq_ignore_ascii_case(name) || f.name.eq_ignore_ascii_case(name),
            None => by_id == Some(u64::from(f.id)),
        });
        let field = field.ok_or_else(|| invalid("A field does not belong to the secret template."))?;
        let value = member(item, "itemValue").and_then(Value::as_str).unwrap_or_default();
        values.insert(field.slug.clone(), value.to_owned());
    }
    let missing =
        template.fields.iter().any(|f| f.required && values.get(&f.slug).is_none_or(String::is_empty));
    if missing { Err(invalid("A required field is missing.")) } else { Ok(values) }
}

pub(in super::super) async fn create(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Answer {
    writable(&shared)?;
    let number = |name: &str| member(&body, name).and_then(Value::as_i64).and_then(|n| u32::try_from(n).ok());
    let name = member(&body, "name").and_then(Value::as_str).map(str::trim).filter(|n| !n.is_empty());
    let name = name.ok_or_else(|| invalid("Secret name is required."))?;
    let template = number("secretTemplateId").ok_or_else(|| invalid("Secret template is required."))?;
    let items =
        member(&body, "items").and_then(Value::as_array).ok_or_else(|| invalid("Items are required."))?;
    let folder = number("folderId").filter(|f| *f > 0);
    let site = number("siteId").filter(|s| *s > 0).unwrap_or(1);
    let user = &caller.user;
    // Checks and change are one step, so that two requests cannot both take a name.
    let created = shared.change(|world| -> Result<u32, Refusal> {
        let allowed = user.has(right::ADD)
            && folder.is_none_or(|f| world.may_in_folder(user, f, FolderRole::AddSecret));
        if !allowed {
            return Err(denied());
        }
        let values = values(world, template, items)?;
        let taken = world
            .secrets
            .iter()
            .any(|s| s.active && s.folder_id == folder && s.name.eq_ignore_ascii_case(name));
        if taken && !world.settings.duplicate_names {
            return Err(refused(
                "API_DuplicateSecretName",
                "A secret with this name already exists in the folder.",
            ));
        }
        let id = world.add_secret(name, template, folder, site, values, user.id);
        world.record(user, "CREATE", id);
        Ok(id)
    })??;
    let world = shared.world();
    Ok(Json(view::full(&world, world.secret(created).ok_or_else(denied)?)))
}

pub(in super::super) async fn update_field(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path((id, slug)): Path<(i64, String)>,
    args: Args,
    JsonBody(body): JsonBody,
) -> Answer {
    writable(&shared)?;
    let value = member(&body, "value").and_then(Value::as_str).unwrap_or_default();
    shared.change(|world| -> Result<(), Refusal> {
        let secret = find(world, id, &args)?;
        check(world, &caller.user, secret, right::EDIT, SecretRole::Edit)?;
        if !secret.active {
            return Err(denied());
        }
        let field = world
            .template(secret.template_id)
            .and_then(|t| t.fields.iter().find(|f| f.slug.eq_ignore_ascii_case(&slug)));
        if field.ok_or_else(denied)?.required && value.is_empty() {
            return Err(invalid("A required field is missing."));
        }
        let id = secret.id;
        world.set_value(id, &slug, value).ok_or_else(denied)?;
        world.record(&caller.user, "EDIT", id);
        Ok(())
    })??;
    Ok(Json(Value::String(value.to_owned())))
}

/// Switches a secret off or on. What is so already is refused like an absent one.
fn switch(shared: &Shared, caller: &Caller, id: i64, args: &Args, on: bool) -> Result<u32, Refusal> {
    writable(shared)?;
    let needed = if on { right::VIEW_DELETED } else { right::DELETE };
    shared.change(|world| {
        let secret = find(world, id, args)?;
        check(world, &caller.user, secret, needed, SecretRole::Owner)?;
        if secret.active == on {
            return Err(denied());
        }
        let id = secret.id;
        if let Some(secret) = world.secrets.iter_mut().find(|s| s.id == id) {
            secret.active = on;
        }
        world.record(&caller.user, if on { "UNDELETE" } else { "DELETE" }, id);
        Ok(id)
    })?
}

pub(in super::super) async fn deactivate(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(id): Path<i64>,
    args: Args,
) -> Answer {
    let id = switch(&shared, &caller, id, &args, false)?;
    Ok(Json(json!({"id": id, "objectType": "Secret", "responseCodes": []})))
}

/// Known since version 11.
pub(in super::super) async fn activate(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(id): Path<i64>,
    args: Args,
) -> Answer {
    let before_11 = {
        let world = shared.world();
        world.settings.version.split('.').next().and_then(|v| v.parse::<u32>().ok()).is_some_and(|v| v < 11)
    };
    if before_11 {
        return Err(message(
            StatusCode::NOT_FOUND,
            "No HTTP resource was found that matches the request URI.",
        ));
    }
    undelete(State(shared), caller, Path(id), args).await
}

pub(in super::super) async fn undelete(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(id): Path<i64>,
    args: Args,
) -> Answer {
    let id = switch(&shared, &caller, id, &args, true)?;
    let world = shared.world();
    let secret = world.secret(id).ok_or_else(denied)?;
    Ok(Json(
        json!({"id": secret.id, "name": {"value": secret.name}, "active": {"value": true}, "folder": {"value": secret.folder_id}}),
    ))
}
