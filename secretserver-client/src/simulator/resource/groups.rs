//! `/v1/groups`. Groups that come from a directory refuse edits of their members (facts 1.2).

mod members;

use serde_json::{Value, json};

use super::{deleted, or_none};
use crate::simulator::answer::{Answer, Refusal, date, date_or_never, denied, invalid, ok, refused};
use crate::simulator::call::{Call, Fields};
use crate::simulator::page::{List, no_key, page};
use crate::simulator::world::{DOMAIN_NAME, Group, Principal, World};

pub(in super::super) use members::{
    add_member, get_member, members, patch_members, remove_member, set_members,
};
pub(super) use members::{check_members, member_row};

fn owners(world: &World, group: &Group) -> Vec<Value> {
    let owner = |who: &Principal| match who {
        Principal::User(id) => world
            .user(*id)
            .map(|u| json!({"groupId": World::personal_group(u.id), "userId": u.id, "name": u.display_name})),
        Principal::Group(id) => {
            world.group(*id).map(|g| json!({"groupId": g.id, "userId": null, "name": g.name}))
        }
    };
    group.owners.iter().filter_map(owner).collect()
}

fn model(world: &World, group: &Group) -> Value {
    let own = !group.synchronized && !group.system;
    json!({
        "adGuid": null, "canEditMembers": own, "created": date(group.created), "domainId": or_none(group.domain),
        "domainName": group.domain.map(|_| DOMAIN_NAME), "enabled": group.enabled, "hasGroupOwners": !group.owners.is_empty(),
        "id": group.id, "ipAddressRestrictions": [], "isEditable": own, "isPlatform": false, "name": group.name,
        "ownerGroups": {}, "owners": owners(world, group), "ownerUsers": {}, "synchronized": group.synchronized,
        "synchronizeNow": false, "systemGroup": group.system,
    })
}

fn answer(world: &World, id: u32) -> Answer {
    ok(model(world, world.group(id).ok_or_else(denied)?))
}

fn found(world: &World, call: &Call) -> Vec<usize> {
    let text = call.args.search_text();
    let inactive = call.args.flag("filter.includeInactive");
    let domain: Option<i64> = call.args.text("filter.domainId").and_then(|d| d.parse().ok());
    let platform = call.args.flag("filter.platformOnly");
    let wanted = |g: &Group| {
        !platform
            && (g.enabled || inactive)
            && domain.is_none_or(|d| d == or_none(g.domain))
            && g.name.to_lowercase().contains(&text)
    };
    world.groups.iter().enumerate().filter(|(_, g)| wanted(g)).map(|(at, _)| at).collect()
}

pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let row = |world: &World, at: usize| {
        let g = world.groups.get(at)?;
        Some(json!({
            "created": date(g.created), "domainGuid": null, "domainId": or_none(g.domain),
            "domainName": g.domain.map(|_| DOMAIN_NAME), "enabled": g.enabled, "id": g.id, "isPlatform": false,
            "memberCount": g.members.len(), "name": g.name, "synchronized": g.synchronized, "synchronizeNow": false,
        }))
    };
    page(world, call, &List { find: |world: &World| Ok(found(world, call)), key: no_key, row })
}

pub(in super::super) fn lookup(world: &mut World, call: &Call) -> Answer {
    let row = |world: &World, at: usize| world.groups.get(at).map(|g| json!({"id": g.id, "value": g.name}));
    page(world, call, &List { find: |world: &World| Ok(found(world, call)), key: no_key, row })
}

pub(in super::super) fn stub(_: &mut World, _: &Call) -> Answer {
    ok(json!({
        "adGuid": null, "canEditMembers": true, "created": date_or_never(None), "domainId": -1, "domainName": null,
        "enabled": true, "hasGroupOwners": false, "id": 0, "ipAddressRestrictions": [], "isEditable": true, "isPlatform": false,
        "name": "", "ownerGroups": {}, "owners": [], "ownerUsers": {}, "synchronized": false, "synchronizeNow": false,
        "systemGroup": false,
    }))
}

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    answer(world, call.id(0)?)
}

/// Whom the body names as owners, if it names any.
fn sent_owners(world: &World, sent: Fields<'_>) -> Result<Option<Vec<Principal>>, Refusal> {
    if sent.get("ownerUserIds").is_none() && sent.get("ownerGroupIds").is_none() {
        return Ok(None);
    }
    let users = sent.ids("ownerUserIds").into_iter().map(|id| world.user(id).map(|u| Principal::User(u.id)));
    let groups = sent.ids("ownerGroupIds").into_iter().map(|id| world.principal_of_group(id));
    users.chain(groups).collect::<Option<Vec<_>>>().map(Some).ok_or_else(denied)
}

fn check_name(world: &World, name: &str, but: Option<u32>) -> Result<(), Refusal> {
    let taken = world.groups.iter().any(|g| Some(g.id) != but && g.name.eq_ignore_ascii_case(name));
    if taken {
        Err(refused("API_DuplicateGroupName", "A group with this name already exists."))
    } else {
        Ok(())
    }
}

pub(in super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let name = sent.name("name").ok_or_else(|| invalid("Group name is required."))?;
    check_name(world, name, None)?;
    let owners = sent_owners(world, sent)?.unwrap_or_default();
    let id = world.add_group(name, sent.flag("synchronized") == Some(true));
    let group = world.group_mut(id).ok_or_else(denied)?;
    group.enabled = sent.flag("enabled").unwrap_or(true);
    group.owners = owners;
    answer(world, id)
}

/// A synchronized group keeps its name: it is the directory's.
fn change(
    world: &mut World,
    id: u32,
    name: Option<&str>,
    enabled: Option<bool>,
    owners: Option<Vec<Principal>>,
) -> Answer {
    let group = world.group(id).ok_or_else(denied)?;
    if let Some(name) = name {
        if name.trim().is_empty() {
            return Err(invalid("Group name is required."));
        }
        if group.synchronized && name != group.name {
            let text = "A group of a directory cannot be edited.";
            return Err(refused("API_CannotEditDirectoryManagedGroups", text));
        }
        check_name(world, name, Some(id))?;
    }
    let group = world.group_mut(id).ok_or_else(denied)?;
    if let Some(name) = name {
        name.trim().clone_into(&mut group.name);
    }
    if let Some(enabled) = enabled {
        group.enabled = enabled;
    }
    if let Some(owners) = owners {
        group.owners = owners;
    }
    answer(world, id)
}

pub(in super::super) fn replace(world: &mut World, call: &Call) -> Answer {
    let (id, sent) = (call.id(0)?, call.fields());
    if sent.id("id") != Some(id) {
        return Err(invalid("The id in the body must be that of the path."));
    }
    let owners = sent_owners(world, sent)?;
    change(world, id, sent.text("name"), sent.flag("enabled"), owners)
}

pub(in super::super) fn patch(world: &mut World, call: &Call) -> Answer {
    let (id, sent) = (call.id(0)?, call.data());
    let name = sent.dirty("name").map(|v| v.and_then(Value::as_str).unwrap_or_default());
    let enabled = sent.dirty("enabled").and_then(|v| v.and_then(Value::as_bool));
    let mut owners = world.group(id).ok_or_else(denied)?.owners.clone();
    let principals = |ids: Vec<u32>| {
        ids.into_iter().map(|g| world.principal_of_group(g)).collect::<Option<Vec<_>>>().ok_or_else(denied)
    };
    if let Some(Some(Value::Array(ids))) = sent.dirty("ownerGroupIds") {
        let ids = ids.iter().filter_map(|v| u32::try_from(v.as_u64()?).ok()).collect();
        owners = principals(ids)?;
    }
    owners.extend(principals(sent.ids("addedOwnerGroupIds"))?);
    let removed = principals(sent.ids("removedOwnerGroupIds"))?;
    owners.retain(|o| !removed.contains(o));
    owners.sort_unstable();
    owners.dedup();
    change(world, id, name, enabled, Some(owners))
}

/// Only disables it, as for users.
pub(in super::super) fn delete(world: &mut World, call: &Call) -> Answer {
    let id = call.id(0)?;
    world.group_mut(id).filter(|g| g.enabled && !g.system).ok_or_else(denied)?.enabled = false;
    deleted(id, "Group")
}
