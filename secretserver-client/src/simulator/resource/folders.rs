//! `GET /v1/folders`, `GET /v1/folders/lookup`, `GET /v1/folders/{id}`. Only folders that the caller sees.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::simulator::Shared;
use crate::simulator::answer::{Answer, Args, Caller, Refusal, denied, message, page};
use crate::simulator::permission::{FolderRole, right};
use crate::simulator::world::{Folder, World};

fn row(world: &World, folder: &Folder) -> Value {
    json!({
        "id": folder.id, "folderName": folder.name, "folderPath": world.folder_path(folder.id), "folderTypeId": 1,
        "parentFolderId": folder.parent.map_or(-1, i64::from), "inheritPermissions": folder.inherit,
        "inheritSecretPolicy": false, "secretPolicyId": -1,
    })
}

/// The folders that the caller sees and the filter wants.
fn found<'w>(world: &'w World, caller: &Caller, args: &Args) -> Result<Vec<&'w Folder>, Refusal> {
    let text = args.text("filter.searchText").unwrap_or_default().to_lowercase();
    let parent = args.id("filter.parentFolderId")?;
    let needed = match args.text("filter.permissionRequired") {
        None => FolderRole::View,
        Some(name) => FolderRole::parse(name)
            .ok_or_else(|| message(http::StatusCode::BAD_REQUEST, "The request is invalid."))?,
    };
    let below = |folder: &Folder, ancestor: u32| {
        let mut at = folder.parent;
        for _ in 0..=world.folders.len() {
            match at {
                Some(id) if id == ancestor => return true,
                Some(id) => at = world.folder(id).and_then(|f| f.parent),
                None => return false,
            }
        }
        false
    };
    Ok(world
        .folders
        .iter()
        .filter(|_| caller.user.has(right::VIEW_FOLDERS))
        .filter(|f| world.may_in_folder(&caller.user, f.id, needed))
        .filter(|f| f.name.to_lowercase().contains(&text))
        .filter(|f| parent.is_none_or(|p| below(f, p)))
        .collect())
}

pub(super) async fn get(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(id): Path<i64>,
    args: Args,
) -> Answer {
    let world = shared.world();
    let folder = match (id, args.text("folderPath")) {
        (0, Some(path)) => world.folder_by_path(path),
        _ => u32::try_from(id).ok().and_then(|id| world.folder(id)),
    };
    let folder = folder
        .filter(|_| caller.user.has(right::VIEW_FOLDERS))
        .filter(|f| world.may_in_folder(&caller.user, f.id, FolderRole::View))
        .ok_or_else(denied)?;
    let mut answer = row(&world, folder);
    if let Value::Object(map) = &mut answer {
        let children: Vec<Value> = world
            .folders
            .iter()
            .filter(|f| {
                f.parent == Some(folder.id) && world.may_in_folder(&caller.user, f.id, FolderRole::View)
            })
            .map(|f| row(&world, f))
            .collect();
        let children = if args.flag("getAllChildren") { Value::Array(children) } else { Value::Null };
        map.insert("childFolders".to_owned(), children);
        map.insert("secretTemplates".to_owned(), Value::Null);
    }
    Ok(Json(answer))
}

pub(super) async fn search(State(shared): State<Arc<Shared>>, caller: Caller, args: Args) -> Answer {
    let world = shared.world();
    let rows = found(&world, &caller, &args)?.into_iter().map(|f| row(&world, f)).collect();
    Ok(page(rows, &args, &world.settings))
}

pub(super) async fn lookup(State(shared): State<Arc<Shared>>, caller: Caller, args: Args) -> Answer {
    let world = shared.world();
    let rows =
        found(&world, &caller, &args)?.into_iter().map(|f| json!({"id": f.id, "value": f.name})).collect();
    Ok(page(rows, &args, &world.settings))
}
