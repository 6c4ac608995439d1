//! What the caller may do in a folder, and what was done with it.

use serde_json::{Value, json};

use super::find;
use crate::simulator::answer::{Answer, date, ok};
use crate::simulator::call::Call;
use crate::simulator::page::short_page;
use crate::simulator::permission::{FolderRole, right};
use crate::simulator::world::{Folder, World};

fn templates(world: &World, folder: &Folder, all: bool) -> Vec<Value> {
    let allowed =
        |id: &u32| all && folder.allowed_templates.is_empty() || folder.allowed_templates.contains(id);
    let fitting = world.templates.iter().filter(|t| t.active && allowed(&t.id));
    fitting.map(|t| json!({"id": t.id, "name": t.name})).collect()
}

pub(in super::super::super) fn details(world: &mut World, call: &Call) -> Answer {
    let folder = match find(world, call, FolderRole::View) {
        Ok(folder) => folder,
        Err(_) if call.args.flag("returnEmptyInsteadOfNoAccessException") => {
            return ok(
                json!({"actions": [], "allowedTemplates": [], "folderWarning": null, "id": 0, "name": null}),
            );
        }
        Err(refusal) => return Err(refusal),
    };
    let may = |role| world.may_in_folder(&call.caller, folder.id, role);
    let administers = call.caller.has(right::FOLDERS);
    let actions: Vec<&str> = [
        ("AddSecret", may(FolderRole::AddSecret) && call.caller.has(right::ADD)),
        ("CreateSubfolder", may(FolderRole::Edit) && administers),
        ("EditFolder", may(FolderRole::Edit) && administers),
        ("MoveFolder", may(FolderRole::Owner) && administers),
        ("DeleteFolder", may(FolderRole::Owner) && administers),
    ]
    .into_iter()
    .filter_map(|(action, allowed)| allowed.then_some(action))
    .collect();
    // No allowed templates means all of them (facts 3.1).
    ok(json!({
        "actions": actions, "allowedTemplates": templates(world, folder, false), "folderWarning": null, "id": folder.id,
        "name": folder.name,
    }))
}

/// `GET /v1/templates/{folderId?}`: what may be put there.
pub(in super::super::super) fn templates_in(world: &mut World, call: &Call) -> Answer {
    if call.path.is_empty() || call.number(0)? < 1 {
        let all = world.templates.iter().filter(|t| t.active);
        return ok(all.map(|t| json!({"id": t.id, "name": t.name})).collect());
    }
    let folder = find(world, call, FolderRole::View)?;
    ok(Value::Array(templates(world, folder, true)))
}

pub(in super::super::super) fn audit(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call, FolderRole::Owner)?.id;
    let name = |id: u32| world.user(id).map(|u| u.display_name.as_str());
    let rows = world
        .folder_audit
        .iter()
        .zip(1_u32..)
        .filter(|(a, _)| a.folder == id)
        .map(|(a, number)| {
            json!({
                "action": a.action, "auditFolderId": number, "dateRecorded": date(a.at), "displayName": name(a.by),
                "notes": a.notes,
            })
        })
        .collect();
    short_page(world, call, rows)
}
