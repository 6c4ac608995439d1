//! Members of a group: added one by one, set, or patched with two lists whose names do not match (facts 1.2).

use serde_json::{Value, json};

use super::super::{deleted, or_none};
use crate::simulator::answer::{Answer, Refusal, denied, ok, refused};
use crate::simulator::call::Call;
use crate::simulator::page::{List, no_key, page};
use crate::simulator::world::{DOMAIN_NAME, Group, World};

/// A group whose members may be edited.
pub(in super::super) fn check_members(world: &World, id: u32) -> Result<(), Refusal> {
    let group = world.group(id).ok_or_else(denied)?;
    if group.synchronized || group.system {
        let text = "Users cannot be added to or removed from groups that a directory manages.";
        return Err(refused("API_CannotAddRemoveUsersFromDirectoryManagedGroups", text));
    }
    Ok(())
}

pub(in super::super) fn member_row(world: &World, group: &Group, user: u32) -> Option<Value> {
    let user = world.user(user)?;
    Some(json!({
        "displayName": user.display_name, "enabled": user.enabled, "groupDomainId": or_none(group.domain),
        "groupDomainName": group.domain.map(|_| DOMAIN_NAME), "groupId": group.id, "groupName": group.name,
        "userDomainId": or_none(user.domain), "userDomainName": user.domain.map(|_| DOMAIN_NAME), "userId": user.id,
        "userName": user.name,
    }))
}

fn member(world: &World, group: &Group, user: u32) -> Answer {
    let user = world.user(user).ok_or_else(denied)?;
    ok(json!({
        "groupDomainId": or_none(group.domain), "groupId": group.id, "groupName": group.name,
        "userDomainId": or_none(user.domain), "userId": user.id, "userName": user.name,
    }))
}

/// Inactive users only on request, which came with 10.9 (facts 1.2).
pub(in super::super::super) fn members(world: &mut World, call: &Call) -> Answer {
    let id = call.id(0)?;
    let inactive = call.args.flag("filter.includeInactiveUsersForGroup");
    let domain = call.args.id("filter.userDomainId")?;
    let find = |world: &World| {
        let members = world.group(id).ok_or_else(denied)?.members.iter();
        let wanted = |user: &u32| {
            let user = world.user(*user);
            user.is_some_and(|u| (u.enabled || inactive) && domain.is_none_or(|d| u.domain == Some(d)))
        };
        Ok(members.filter(|m| wanted(m)).filter_map(|m| usize::try_from(*m).ok()).collect())
    };
    let row = |world: &World, user: usize| member_row(world, world.group(id)?, u32::try_from(user).ok()?);
    page(world, call, &List { find, key: no_key, row })
}

pub(in super::super::super) fn get_member(world: &mut World, call: &Call) -> Answer {
    let (group, user) = (world.group(call.id(0)?).ok_or_else(denied)?, call.id(1)?);
    group.members.binary_search(&user).map_err(|_| denied())?;
    member(world, group, user)
}

/// Changes the members. All users are looked up before the first is added.
fn change(world: &mut World, call: &Call, id: u32, add: &[u32], remove: &[u32]) -> Result<(), Refusal> {
    check_members(world, id)?;
    if add.iter().any(|user| world.user(*user).is_none()) {
        return Err(denied());
    }
    let group = world.group_mut(id).ok_or_else(denied)?;
    for user in add {
        group.set_member(*user, true);
    }
    for user in remove {
        group.set_member(*user, false);
    }
    for user in add.iter().chain(remove) {
        world.record_user(call.caller.id, *user, "GROUPS", "");
    }
    Ok(())
}

pub(in super::super::super) fn add_member(world: &mut World, call: &Call) -> Answer {
    let (id, user) = (call.id(0)?, call.fields().id("userId").ok_or_else(denied)?);
    change(world, call, id, &[user], &[])?;
    member(world, world.group(id).ok_or_else(denied)?, user)
}

pub(in super::super::super) fn remove_member(world: &mut World, call: &Call) -> Answer {
    let (id, user) = (call.id(0)?, call.id(1)?);
    world.group(id).filter(|g| g.members.binary_search(&user).is_ok()).ok_or_else(denied)?;
    change(world, call, id, &[], &[user])?;
    deleted(user, "GroupUser")
}

pub(in super::super::super) fn patch_members(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    change(world, call, call.id(0)?, &sent.ids("addedUserIds"), &sent.ids("removeUserIds"))?;
    ok(json!({"success": true}))
}

/// Replaces all.
pub(in super::super::super) fn set_members(world: &mut World, call: &Call) -> Answer {
    let (id, wanted) = (call.id(0)?, call.fields().ids("userIds"));
    let has = world.group(id).ok_or_else(denied)?.members.clone();
    let remove: Vec<u32> = has.into_iter().filter(|user| !wanted.contains(user)).collect();
    change(world, call, id, &wanted, &remove)?;
    ok(json!({"success": true}))
}
