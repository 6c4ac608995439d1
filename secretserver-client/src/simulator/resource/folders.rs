//! `/v1/folders`: only those that the caller sees.

mod change;
mod details;

use serde_json::{Value, json};

use super::or_none;
use super::templates;
use crate::simulator::answer::{Answer, Refusal, denied, ok, unreadable};
use crate::simulator::call::Call;
use crate::simulator::page::{Key, List, page};
use crate::simulator::permission::FolderRole;
use crate::simulator::world::{Folder, World};

pub(in super::super) fn row(world: &World, folder: &Folder) -> Value {
    json!({
        "id": folder.id, "folderName": folder.name, "folderPath": world.folder_path(folder.id), "folderTypeId": 1,
        "parentFolderId": or_none(folder.parent), "inheritPermissions": folder.inherit,
        "inheritSecretPolicy": folder.inherit_policy, "secretPolicyId": or_none(folder.policy),
    })
}

pub(in super::super) use change::{create, delete, patch, replace, stub};
pub(in super::super) use details::{audit, details, templates_in};

/// The folder as reads, creations and changes answer it.
pub(in super::super) fn model(world: &World, folder: &Folder) -> Value {
    let mut answer = row(world, folder);
    if let Value::Object(map) = &mut answer {
        map.insert("childFolders".to_owned(), Value::Null);
        map.insert("secretTemplates".to_owned(), Value::Null);
    }
    answer
}

/// A folder by number, or by path when the number is 0 (facts 2.7), if the caller has this role on it.
pub(in super::super) fn find<'w>(
    world: &'w World,
    call: &Call,
    needed: FolderRole,
) -> Result<&'w Folder, Refusal> {
    let folder = match (call.number(0)?, call.args.text("folderPath")) {
        (0, Some(path)) => world.folder_by_path(path),
        _ => world.folder(call.id(0)?),
    };
    folder.filter(|f| world.may_in_folder(&call.caller, f.id, needed)).ok_or_else(denied)
}

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    let folder = find(world, call, FolderRole::View)?;
    let mut answer = model(world, folder);
    if let Value::Object(map) = &mut answer {
        if call.args.flag("getAllChildren") {
            let seen = |f: &&Folder| {
                f.parent == Some(folder.id) && world.may_in_folder(&call.caller, f.id, FolderRole::View)
            };
            let children = world.folders.iter().filter(seen).map(|f| model(world, f)).collect();
            map.insert("childFolders".to_owned(), Value::Array(children));
        }
        if call.args.flag("includeAssociatedTemplates") {
            let allowed = world.templates.iter().filter(|t| folder.allowed_templates.contains(&t.id));
            let allowed = allowed.map(|t| templates::summary(world, t, false)).collect();
            map.insert("secretTemplates".to_owned(), Value::Array(allowed));
        }
    }
    ok(answer)
}

/// The folders that the caller sees and the filter wants.
fn found(world: &World, call: &Call) -> Result<Vec<usize>, Refusal> {
    let args = &call.args;
    let text = args.search_text();
    let parent = args.id("filter.parentFolderId")?;
    let needed = match args.text("filter.permissionRequired") {
        None => FolderRole::View,
        Some(name) => FolderRole::parse(name).ok_or_else(unreadable)?,
    };
    let only_roots = args.flag("filter.onlyIncludeRootFolders");
    let direct = args.flag("filter.limitToDirectDescendents");
    let placed = |folder: &Folder| match parent {
        None => !only_roots || folder.parent.is_none(),
        Some(parent) => folder.parent == Some(parent) || !direct && world.below(folder, parent),
    };
    Ok(world
        .folders
        .iter()
        .enumerate()
        .filter(|(_, f)| placed(f) && f.name.to_lowercase().contains(&text))
        .filter(|(_, f)| world.may_in_folder(&call.caller, f.id, needed))
        .map(|(at, _)| at)
        .collect())
}

fn key(world: &World, at: usize, column: &str) -> Option<Key> {
    let folder = world.folders.get(at)?;
    match column {
        "id" => Some(Key::Number(folder.id.into())),
        "foldername" | "value" => Some(Key::Text(folder.name.to_lowercase())),
        _ => None,
    }
}

pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let row = |world: &World, at: usize| world.folders.get(at).map(|f| row(world, f));
    page(world, call, &List { find: |world: &World| found(world, call), key, row })
}

pub(in super::super) fn lookup(world: &mut World, call: &Call) -> Answer {
    let row = |world: &World, at: usize| world.folders.get(at).map(|f| json!({"id": f.id, "value": f.name}));
    page(world, call, &List { find: |world: &World| found(world, call), key, row })
}
