//! `/v1/folder-permissions` and `PATCH /v1/folder/{folderId}/permissions`. Folders that inherit refuse edits, unless the request breaks the
//! inheritance (facts 1.2).

use serde_json::{Value, json};

use super::deleted;
use crate::simulator::answer::{Answer, Refusal, denied, invalid, ok, refused};
use crate::simulator::call::{Call, Fields};
use crate::simulator::page::short_page;
use crate::simulator::permission::{FolderRole, SecretRole};
use crate::simulator::world::{Grant, Principal, World};

/// Who has the right, as answers have it: a user also has the number of its personal group.
pub(super) fn principal(world: &World, who: Principal) -> (Value, Value, Value, Value, Value) {
    match who {
        Principal::User(id) => {
            let user = world.user(id);
            let name = user.map(|u| u.name.clone());
            let known = user.map(|u| u.display_name.clone());
            (json!(World::personal_group(id)), Value::Null, json!(id), json!(name), json!(known))
        }
        Principal::Group(id) => {
            let name = world.group(id).map(|g| g.name.clone());
            // Numbers that are not there are null, although the schema of one right has none (example 22).
            (json!(id), json!(name), Value::Null, Value::Null, json!(name))
        }
    }
}

fn model(world: &World, folder: u32, grant: &Grant) -> Value {
    let (group, group_name, user, user_name, known) = principal(world, grant.who);
    json!({
        "id": grant.id, "folderId": folder, "groupId": group, "groupName": group_name, "userId": user, "userName": user_name,
        "knownAs": known, "folderAccessRoleId": grant.folder_role.id(), "folderAccessRoleName": grant.folder_role.name(),
        "secretAccessRoleId": grant.secret_role.id(), "secretAccessRoleName": grant.secret_role.name(),
    })
}

fn check_owner(world: &World, call: &Call, folder: u32) -> Result<(), Refusal> {
    let owner = world.may_in_folder(&call.caller, folder, FolderRole::Owner);
    // Personal folders are not shared (facts 1.4).
    let personal = world.folder(folder).is_some_and(|f| f.personal_of.is_some());
    if owner && !personal { Ok(()) } else { Err(denied()) }
}

/// The folder's rights are its own, or become so if the request wants that.
fn check_own(world: &mut World, folder: u32, break_inheritance: bool) -> Result<(), Refusal> {
    if world.folder(folder).is_some_and(|f| f.inherit) {
        if !break_inheritance {
            let text = "The folder inherits its permissions.";
            return Err(refused("API_FolderInheritsPermissions", text));
        }
        world.stop_inheriting(folder);
    }
    Ok(())
}

/// A folder always has somebody who owns it.
fn check_owned(world: &World, folder: u32, but: Principal) -> Result<(), Refusal> {
    let mut owners = world.folder(folder).map(|f| f.grants.as_slice()).unwrap_or_default().iter();
    let left = owners.any(|g| g.who != but && g.folder_role == FolderRole::Owner);
    if left { Ok(()) } else { Err(refused("API_FolderOwnerRequired", "A folder needs an owner.")) }
}

/// Whom the body names: exactly one user or one group.
pub(super) fn sent_principal(world: &World, sent: Fields<'_>) -> Result<Principal, Refusal> {
    match (sent.id("userId"), sent.id("groupId")) {
        (Some(user), None) => Ok(Principal::User(world.user(user).ok_or_else(denied)?.id)),
        (None, Some(group)) => world.principal_of_group(group).ok_or_else(denied),
        _ => Err(invalid("Exactly one of userId and groupId is required.")),
    }
}

fn sent_roles(sent: Fields<'_>) -> Result<(FolderRole, SecretRole), Refusal> {
    let folder = sent.text("folderAccessRoleName").and_then(FolderRole::parse);
    let secret = sent.text("secretAccessRoleName").map_or(Some(SecretRole::None), SecretRole::parse);
    Ok((
        folder.ok_or_else(|| invalid("The role is not known."))?,
        secret.ok_or_else(|| invalid("The role is not known."))?,
    ))
}

fn find(world: &World, call: &Call) -> Result<(u32, Grant), Refusal> {
    let id = call.id(0)?;
    let found =
        world.folders.iter().find_map(|f| Some((f.id, f.grants.iter().find(|g| g.id == id)?.clone())));
    found.ok_or_else(denied)
}

/// Of one folder those that count for it, which may be those of a folder above; else all that the caller may see.
pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let args = &call.args;
    let text = args.search_text();
    let (user, group) = (args.id("filter.userId")?, args.id("filter.groupId")?);
    let wanted = |world: &World, g: &Grant| {
        let (_, _, _, _, known) = principal(world, g.who);
        user.is_none_or(|u| g.who == Principal::User(u))
            && group.is_none_or(|id| world.principal_of_group(id) == Some(g.who))
            && known.as_str().unwrap_or_default().to_lowercase().contains(&text)
            && !(args.flag("filter.excludeOwners") && g.folder_role == FolderRole::Owner)
            && !(args.flag("filter.excludeEditors") && g.folder_role == FolderRole::Edit)
            && !(args.flag("filter.excludeViewers") && g.folder_role == FolderRole::View)
    };
    let folders: Vec<u32> = match args.id("filter.folderId")? {
        Some(folder) if world.may_in_folder(&call.caller, folder, FolderRole::View) => vec![folder],
        Some(_) => return Err(denied()),
        None => {
            let seen = |id: u32| world.may_in_folder(&call.caller, id, FolderRole::View);
            world.folders.iter().filter(|f| !f.inherit && seen(f.id)).map(|f| f.id).collect()
        }
    };
    let mut rows = Vec::new();
    for folder in folders {
        let grants = world.permission_source(folder).map(|f| f.grants.as_slice()).unwrap_or_default();
        rows.extend(grants.iter().filter(|g| wanted(world, g)).map(|g| {
            let mut row = model(world, folder, g);
            if let Value::Object(members) = &mut row {
                members.insert("domainName".to_owned(), Value::Null);
            }
            row
        }));
    }
    short_page(world, call, rows)
}

pub(in super::super) fn stub(_: &mut World, call: &Call) -> Answer {
    // With and without `filter.` (facts 2.7).
    let folder = call.args.id("folderId")?.or(call.args.id("filter.folderId")?);
    let role = FolderRole::View;
    ok(json!({
        "id": 0, "folderId": folder.unwrap_or(0), "groupId": 0, "groupName": null, "userId": 0, "userName": null, "knownAs": null,
        "folderAccessRoleId": role.id(), "folderAccessRoleName": role.name(), "secretAccessRoleId": SecretRole::List.id(),
        "secretAccessRoleName": SecretRole::List.name(),
    }))
}

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    let (folder, grant) = find(world, call)?;
    if !world.may_in_folder(&call.caller, folder, FolderRole::View) {
        return Err(denied());
    }
    ok(model(world, folder, &grant))
}

fn answer(world: &World, folder: u32, who: Principal) -> Answer {
    let grants = world.folder(folder).map(|f| f.grants.as_slice()).unwrap_or_default();
    let grant = grants.iter().find(|g| g.who == who).ok_or_else(denied)?;
    ok(model(world, folder, grant))
}

pub(in super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let folder = sent.id("folderId").ok_or_else(denied)?;
    check_owner(world, call, folder)?;
    let (who, roles) = (sent_principal(world, sent)?, sent_roles(sent)?);
    check_own(world, folder, sent.flag("breakInheritance") == Some(true))?;
    world.set_grant(folder, who, roles.0, roles.1);
    world.record_folder(call.caller.id, folder, "EDIT PERMISSIONS", "");
    answer(world, folder, who)
}

pub(in super::super) fn replace(world: &mut World, call: &Call) -> Answer {
    let (source, grant) = find(world, call)?;
    let sent = call.fields();
    let folder = sent.id("folderId").unwrap_or(0);
    let inherited = world.permission_source(folder).is_some_and(|f| f.id == source);
    if sent.id("id") != Some(grant.id) || !inherited {
        return Err(invalid("The ids in the body must be those of the permission."));
    }
    check_owner(world, call, folder)?;
    let roles = sent_roles(sent)?;
    check_own(world, folder, sent.flag("breakInheritance") == Some(true))?;
    if roles.0 != FolderRole::Owner && grant.folder_role == FolderRole::Owner {
        check_owned(world, folder, grant.who)?;
    }
    world.set_grant(folder, grant.who, roles.0, roles.1);
    world.record_folder(call.caller.id, folder, "EDIT PERMISSIONS", "");
    answer(world, folder, grant.who)
}

pub(in super::super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (folder, grant) = find(world, call)?;
    check_owner(world, call, folder)?;
    check_owned(world, folder, grant.who)?;
    world.folder_mut(folder).ok_or_else(denied)?.grants.retain(|g| g.id != grant.id);
    world.record_folder(call.caller.id, folder, "EDIT PERMISSIONS", "");
    deleted(grant.id, "FolderPermission")
}

/// Merges, and does not replace (facts 1.2).
pub(in super::super) fn patch(world: &mut World, call: &Call) -> Answer {
    let (folder, sent) = (call.id(0)?, call.data());
    check_owner(world, call, folder)?;
    let inherit = sent.dirty("inheritPermissions").map(|v| v.and_then(Value::as_bool).unwrap_or(false));
    if inherit == Some(true) && world.folder(folder).is_some_and(|f| f.parent.is_none()) {
        return Err(denied());
    }
    let items = |name| sent.list(name).unwrap_or_default().iter().map(Fields);
    let mut given = Vec::new();
    for item in items("addOrUpdateItems") {
        let role = item.id("folderAccessRoleId").and_then(FolderRole::by_id);
        let secret = item.id("secretAccessRoleId").map_or(Some(SecretRole::None), SecretRole::by_id);
        let unknown = || invalid("The role is not known.");
        given.push((sent_principal(world, item)?, role.ok_or_else(unknown)?, secret.ok_or_else(unknown)?));
    }
    let removed =
        items("removeItems").map(|item| sent_principal(world, item)).collect::<Result<Vec<_>, _>>()?;
    if !(given.is_empty() && removed.is_empty()) || inherit == Some(false) {
        check_own(world, folder, inherit == Some(false))?;
    }
    let before = world.folder(folder).ok_or_else(denied)?.grants.clone();
    for (who, role, secret) in given {
        world.set_grant(folder, who, role, secret);
    }
    let found = world.folder_mut(folder).ok_or_else(denied)?;
    found.grants.retain(|g| !removed.contains(&g.who));
    if inherit == Some(true) {
        found.inherit = true;
        found.grants.clear();
    } else if !found.grants.iter().any(|g| g.folder_role == FolderRole::Owner)
        && sent.flag("allowRemoveOwner") != Some(true)
    {
        found.grants = before;
        return Err(refused("API_FolderOwnerRequired", "A folder needs an owner."));
    }
    world.record_folder(call.caller.id, folder, "EDIT PERMISSIONS", "");
    ok(json!({"success": true}))
}
