//! Making, changing and deleting folders.

use serde_json::{Value, json};

use super::super::{deleted, or_none};
use super::{find, model};
use crate::simulator::answer::{Answer, Refusal, denied, invalid, ok, refused};
use crate::simulator::call::Call;
use crate::simulator::permission::{FolderRole, SecretRole, right};
use crate::simulator::world::{Folder, Principal, World};

pub(in super::super::super) fn stub(_: &mut World, _: &Call) -> Answer {
    ok(json!({
        "childFolders": null, "folderName": "", "folderPath": "", "folderTypeId": 1, "id": 0, "inheritPermissions": false,
        "inheritSecretPolicy": false, "parentFolderId": -1, "secretPolicyId": -1, "secretTemplates": null,
    }))
}

fn check_name(world: &World, parent: Option<u32>, name: &str, but: Option<u32>) -> Result<(), Refusal> {
    if name.contains(['\\', '/']) {
        return Err(invalid("A folder name has no slashes."));
    }
    let same = |f: &&Folder| f.parent == parent && Some(f.id) != but && f.name.eq_ignore_ascii_case(name);
    if world.folders.iter().any(|f| same(&f)) {
        return Err(refused("API_DuplicateFolderName", "A folder with this name already exists there."));
    }
    Ok(())
}

/// Into a folder wants the role Edit on it; to the root, a permission of its own.
fn check_parent(world: &World, call: &Call, parent: Option<u32>) -> Result<(), Refusal> {
    let allowed = match parent {
        Some(parent) => world.may_in_folder(&call.caller, parent, FolderRole::Edit),
        None => call.caller.has(right::ROOT_FOLDERS),
    };
    if allowed { Ok(()) } else { Err(denied()) }
}

pub(in super::super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let name = sent.name("folderName").ok_or_else(|| invalid("Folder name is required."))?;
    sent.int("folderTypeId").ok_or_else(|| invalid("Folder type is required."))?;
    let parent = sent.id("parentFolderId");
    let inherit = sent.flag("inheritPermissions").unwrap_or(false);
    let inherit_policy = sent.flag("inheritSecretPolicy").unwrap_or(false);
    if parent.is_none() && (inherit || inherit_policy) {
        // At the root there is nothing to inherit from (facts 2.6).
        return Err(denied());
    }
    check_parent(world, call, parent)?;
    check_name(world, parent, name, None)?;
    let policy = sent.id("secretPolicyId");
    check_policy(world, policy)?;
    let id = world.add_folder(name, parent, inherit);
    let folder = world.folder_mut(id).ok_or_else(denied)?;
    (folder.inherit_policy, folder.policy) = (inherit_policy, policy);
    if !inherit {
        world.set_grant(id, Principal::User(call.caller.id), FolderRole::Owner, SecretRole::Owner);
    }
    world.record_folder(call.caller.id, id, "CREATE", "");
    ok(model(world, world.folder(id).ok_or_else(denied)?))
}

/// A policy that is not there is refused like one that is denied.
fn check_policy(world: &World, policy: Option<u32>) -> Result<(), Refusal> {
    if policy.is_none_or(|p| world.policy(p).is_some()) { Ok(()) } else { Err(denied()) }
}

/// What of a folder is to change.
#[allow(clippy::option_option, reason = "the outer says whether it changes, the inner to what")]
struct Changes<'c> {
    name: Option<&'c str>,
    /// `Some(None)`: to the root.
    parent: Option<Option<u32>>,
    inherit: Option<bool>,
    inherit_policy: Option<bool>,
    policy: Option<Option<u32>>,
    templates: Option<Vec<u32>>,
}

fn apply(world: &mut World, call: &Call, changes: &Changes<'_>) -> Result<u32, Refusal> {
    let folder = find(world, call, FolderRole::Edit)?;
    let (id, before) = (folder.id, folder.parent);
    let owner = world.may_in_folder(&call.caller, id, FolderRole::Owner);
    let parent = changes.parent.unwrap_or(before);
    if folder.personal_of.is_some() && (parent != before || changes.name.is_some_and(|n| n != folder.name)) {
        return Err(denied());
    }
    if parent != before {
        let circle = parent.and_then(|p| world.folder(p)).is_some_and(|p| p.id == id || world.below(p, id));
        if circle || !owner {
            return Err(denied());
        }
        check_parent(world, call, parent)?;
    }
    let name = changes.name.unwrap_or(&folder.name).trim().to_owned();
    if name.is_empty() {
        return Err(invalid("Folder name is required."));
    }
    check_name(world, parent, &name, Some(id))?;
    check_policy(world, changes.policy.flatten())?;
    let inherits = changes.inherit.unwrap_or(folder.inherit);
    // Who decides over rights owns it, and at the root there is nothing to inherit from.
    if inherits && parent.is_none() || inherits != folder.inherit && !owner {
        return Err(denied());
    }
    if !inherits {
        world.stop_inheriting(id);
    }
    let folder = world.folder_mut(id).ok_or_else(denied)?;
    (folder.name, folder.parent, folder.inherit) = (name, parent, inherits);
    if let Some(inherit) = changes.inherit_policy {
        folder.inherit_policy = inherit;
    }
    if let Some(policy) = changes.policy {
        folder.policy = policy;
    }
    if let Some(templates) = &changes.templates {
        folder.allowed_templates.clone_from(templates);
    }
    world.enforce();
    world.record_folder(call.caller.id, id, "EDIT", "");
    Ok(id)
}

/// The whole folder; the number in the body must be that of the path (facts 2.7).
pub(in super::super::super) fn replace(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    if sent.id("id") != Some(call.id(0)?) {
        return Err(invalid("The id in the body must be that of the path."));
    }
    let changes = Changes {
        name: Some(sent.text("folderName").unwrap_or_default()),
        parent: sent.raw("parentFolderId").map(|_| sent.id("parentFolderId")),
        inherit: sent.flag("inheritPermissions"),
        inherit_policy: sent.flag("inheritSecretPolicy"),
        policy: sent.raw("secretPolicyId").map(|_| sent.id("secretPolicyId")),
        templates: None,
    };
    let id = apply(world, call, &changes)?;
    ok(model(world, world.folder(id).ok_or_else(denied)?))
}

pub(in super::super::super) fn patch(world: &mut World, call: &Call) -> Answer {
    let sent = call.data();
    let flag = |name| sent.dirty(name).map(|v| v.and_then(Value::as_bool).unwrap_or(false));
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let changes = Changes {
        name: sent.dirty("folderName").map(|v| v.and_then(Value::as_str).unwrap_or_default()),
        parent: None,
        inherit: flag("enableInheritPermissions"),
        inherit_policy: flag("enableInheritSecretPolicy"),
        policy: sent.dirty("secretPolicy").map(|v| number(v).filter(|n| *n > 0)),
        templates: sent.get("allowedTemplates").map(|_| sent.ids("allowedTemplates")),
    };
    let id = apply(world, call, &changes)?;
    let folder = world.folder(id).ok_or_else(denied)?;
    let may = |role| world.may_in_folder(&call.caller, id, role);
    let allowed = world.templates.iter().filter(|t| folder.allowed_templates.contains(&t.id));
    ok(json!({
        "allowedTemplates": folder.allowed_templates, "enableInheritPermissions": folder.inherit,
        "enableInheritSecretPolicy": folder.inherit_policy, "folderName": folder.name, "hasEdit": may(FolderRole::Edit),
        "hasOwner": may(FolderRole::Owner), "isPersonalFolder": folder.personal_of.is_some(),
        "parentFolderId": or_none(folder.parent), "parentFolderPolicyName": null, "secretPolicies": [],
        "secretPolicy": folder.policy,
        "secretTemplates": allowed.map(|t| json!({"id": t.id, "name": t.name})).collect::<Vec<_>>(),
    }))
}

/// By an owner. One with something in it, and a personal one, is refused.
pub(in super::super::super) fn delete(world: &mut World, call: &Call) -> Answer {
    let folder = find(world, call, FolderRole::Owner)?;
    let id = folder.id;
    if folder.personal_of.is_some() {
        return Err(denied());
    }
    let full = world.folders.iter().any(|f| f.parent == Some(id))
        || world.secrets.iter().any(|s| s.active && s.folder_id == Some(id));
    if full {
        return Err(refused("API_FolderNotEmpty", "The folder is not empty."));
    }
    world.folders.retain(|f| f.id != id);
    deleted(id, "Folder")
}
