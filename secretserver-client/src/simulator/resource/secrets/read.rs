//! Reading and finding secrets.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::{check, check_active, find, view};
use crate::simulator::Shared;
use crate::simulator::answer::{Answer, Args, Caller, Refusal, denied, page};
use crate::simulator::permission::{SecretRole, right};
use crate::simulator::world::{StoredSecret, World};

pub(in super::super) async fn get(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(id): Path<i64>,
    args: Args,
) -> Answer {
    let secret = {
        let world = shared.world();
        let secret = find(&world, id, &args)?;
        check(&world, &caller.user, secret, right::VIEW, SecretRole::View)?;
        check_active(&caller.user, secret, &args)?;
        secret.clone()
    };
    shared.change(|world| world.record(&caller.user, "VIEW", secret.id))?;
    Ok(Json(view::full(&shared.world(), &secret)))
}

pub(in super::super) async fn field(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path((id, slug)): Path<(i64, String)>,
    args: Args,
) -> Answer {
    let (id, value) = {
        let world = shared.world();
        let secret = find(&world, id, &args)?;
        check(&world, &caller.user, secret, right::VIEW, SecretRole::View)?;
        check_active(&caller.user, secret, &args)?;
        let value = secret.values.get(&slug.to_ascii_lowercase()).ok_or_else(denied)?;
        (secret.id, value.clone())
    };
    shared.change(|world| world.record(&caller.user, "VIEW", id))?;
    Ok(Json(Value::String(value)))
}

pub(in super::super) async fn summary(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(id): Path<i64>,
    args: Args,
) -> Answer {
    let world = shared.world();
    let secret = find(&world, id, &args)?;
    check(&world, &caller.user, secret, right::VIEW, SecretRole::List)?;
    if !secret.active && !caller.user.has(right::VIEW_DELETED) {
        return Err(denied());
    }
    Ok(Json(view::summary(&world, secret)))
}

pub(in super::super) async fn state(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(id): Path<i64>,
    args: Args,
) -> Answer {
    let world = shared.world();
    let secret = find(&world, id, &args)?;
    check(&world, &caller.user, secret, right::VIEW, SecretRole::List)?;
    if !secret.active && !caller.user.has(right::VIEW_DELETED) {
        return Err(denied());
    }
    let may = |role| world.may_with_secret(&caller.user, secret, role);
    let state = match (secret.active, may(SecretRole::View)) {
        (false, _) => "RequiresUndelete",
        (true, false) => "CannotView",
        (true, true) => "None",
    };
    let mut actions = vec!["ViewGeneralDetails"];
    if may(SecretRole::Edit) {
        actions.push("Edit");
    }
    if may(SecretRole::Owner) {
        actions.extend(["Delete", "EditShare"]);
    }
    Ok(Json(json!({
        "id": secret.id, "secretName": secret.name, "folderId": secret.folder_id.map_or(-1, i64::from),
        "folderName": secret.folder_id.and_then(|f| world.folder(f)).map(|f| &f.name), "secretState": state,
        "isActive": secret.active, "isCheckedOut": null, "checkedOutUserId": null, "checkOutMinutesRemaining": null,
        "checkedOutUserDisplayName": null, "isCheckedOutByCurrentUser": null, "checkOutIntervalMinutes": null,
        "role": null, "actions": actions,
    })))
}

/// The secrets that the caller sees and the filter wants. Only names are searched, or one field that is neither a password nor notes.
fn found<'w>(world: &'w World, caller: &Caller, args: &Args) -> Result<Vec<&'w StoredSecret>, Refusal> {
    let folder = args.id("filter.folderId")?;
    let template = match args.id("filter.secretTemplateId")? {
        Some(template) => Some(template),
        None => args.id("filter.secretTemplateIds")?,
    };
    let inactive = args.flag("filter.includeInactive") && caller.user.has(right::VIEW_DELETED);
    let active = args.text("filter.includeActive").is_none_or(|v| v.eq_ignore_ascii_case("true"));
    let text = args.text("filter.searchText").map(str::to_lowercase);
    let exact = args.flag("filter.isExactMatch");
    let field = args
        .text("filter.searchFieldSlug")
        .or_else(|| args.text("filter.searchField"))
        .map(str::to_lowercase);
    let in_folder = |secret: &StoredSecret| {
        let Some(wanted) = folder else { return true };
        let mut at = secret.folder_id;
        for _ in 0..=world.folders.len() {
            match at {
                Some(id) if id == wanted => return true,
                Some(id) if args.flag("filter.includeSubFolders") => {
                    at = world.folder(id).and_then(|f| f.parent);
                }
                _ => return false,
            }
        }
        false
    };
    let matches = |secret: &StoredSecret| {
        let Some(text) = &text else { return true };
        let place = match &field {
            None => Some(secret.name.to_lowercase()),
            Some(f) if f == "password" || f == "notes" => None,
            Some(f) => secret.values.get(f).map(|v| v.to_lowercase()),
        };
        place.is_some_and(|p| if exact { p == *text } else { p.contains(text.as_str()) })
    };
    Ok(world
        .secrets
        .iter()
        .filter(|_| caller.user.has(right::VIEW))
        .filter(|s| world.may_with_secret(&caller.user, s, SecretRole::List))
        .filter(|s| if s.active { active } else { inactive })
        .filter(|s| template.is_none_or(|t| s.template_id == t))
        .filter(|s| in_folder(s) && matches(s))
        .collect())
}

pub(in super::super) async fn search(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    args: Args,
) -> Answer {
    let world = shared.world();
    let rows = found(&world, &caller, &args)?.into_iter().map(|s| view::summary(&world, s)).collect();
    Ok(page(rows, &args, &world.settings))
}

pub(in super::super) async fn search_total(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    args: Args,
) -> Answer {
    let world = shared.world();
    let total = found(&world, &caller, &args)?.len();
    Ok(Json(json!(total)))
}
