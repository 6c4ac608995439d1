//! Groups and roles of a user, from the user's side.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::groups::{check_members, member_row};
use crate::simulator::answer::{Answer, Refusal, denied, ok};
use crate::simulator::call::Call;
use crate::simulator::page::short_page;
use crate::simulator::world::World;

fn user(world: &World, call: &Call) -> Result<u32, Refusal> {
    Ok(world.user(call.id(0)?).ok_or_else(denied)?.id)
}

pub(in super::super::super) fn groups(world: &mut World, call: &Call) -> Answer {
    let id = user(world, call)?;
    let rows = world.groups_of(id).filter_map(|g| member_row(world, g, id)).collect();
    short_page(world, call, rows)
}

/// Adds and takes away memberships. All groups are checked before the first is changed.
fn change(world: &mut World, call: &Call, add: &[u32], remove: &[u32]) -> Answer {
    let id = user(world, call)?;
    for group in add.iter().chain(remove) {
        check_members(world, *group)?;
    }
    for (groups, belongs) in [(add, true), (remove, false)] {
        for group in groups {
            if let Some(group) = world.group_mut(*group) {
                group.set_member(id, belongs);
            }
        }
    }
    world.record_user(call.caller.id, id, "GROUPS", "");
    ok(json!({"success": true}))
}

pub(in super::super::super) fn add_groups(world: &mut World, call: &Call) -> Answer {
    change(world, call, &call.fields().ids("groupIds"), &[])
}

/// In the query, and not in the body as for roles (facts 1.2).
pub(in super::super::super) fn remove_groups(world: &mut World, call: &Call) -> Answer {
    change(world, call, &[], &call.args.ids("groupIds"))
}

pub(in super::super::super) fn set_groups(world: &mut World, call: &Call) -> Answer {
    let id = user(world, call)?;
    let wanted = call.fields().ids("groupIds");
    let has: Vec<u32> = world.groups_of(id).map(|g| g.id).collect();
    let add: Vec<u32> = wanted.iter().copied().filter(|g| !has.contains(g)).collect();
    let remove: Vec<u32> = has.into_iter().filter(|g| !wanted.contains(g)).collect();
    change(world, call, &add, &remove)
}

fn roles_of(world: &World, id: u32) -> BTreeSet<u32> {
    let direct = world.user(id).map(|u| u.roles.as_slice()).unwrap_or_default().iter();
    direct.chain(world.groups_of(id).flat_map(|g| &g.roles)).copied().collect()
}

pub(in super::super::super) fn roles(world: &mut World, call: &Call) -> Answer {
    let id = user(world, call)?;
    let all = roles_of(world, id).into_iter().filter_map(|r| world.role(r));
    let rows = all.map(|r| json!({"name": r.name, "roleId": r.id})).collect();
    short_page(world, call, rows)
}

pub(in super::super::super) fn roles_assigned(world: &mut World, call: &Call) -> Answer {
    let id = user(world, call)?;
    let direct = world.user(id).map(|u| u.roles.clone()).unwrap_or_default();
    let by_group = |role: u32| -> Vec<Value> {
        let groups = world.groups_of(id).filter(|g| g.roles.contains(&role));
        groups.map(|g| json!({"groupId": g.id, "groupName": g.name})).collect()
    };
    let all = roles_of(world, id).into_iter().filter_map(|r| world.role(r));
    let rows = all
        .map(|r| {
            json!({
                "groups": by_group(r.id), "isDirectAssignment": direct.contains(&r.id), "roleId": r.id, "roleName": r.name,
            })
        })
        .collect();
    short_page(world, call, rows)
}

fn assign(world: &mut World, call: &Call, change: fn(&mut Vec<u32>, &[u32])) -> Answer {
    let id = user(world, call)?;
    let roles = call.fields().ids("roleIds");
    if roles.iter().any(|r| world.role(*r).is_none()) {
        return Err(denied());
    }
    let found = world.user_mut(id).ok_or_else(denied)?;
    change(&mut found.roles, &roles);
    found.roles.sort_unstable();
    found.roles.dedup();
    world.record_user(call.caller.id, id, "ROLES", "");
    ok(json!({"success": true}))
}

pub(in super::super::super) fn add_roles(world: &mut World, call: &Call) -> Answer {
    assign(world, call, |has, given| has.extend(given))
}

pub(in super::super::super) fn set_roles(world: &mut World, call: &Call) -> Answer {
    assign(world, call, |has, given| given.clone_into(has))
}

pub(in super::super::super) fn remove_roles(world: &mut World, call: &Call) -> Answer {
    assign(world, call, |has, given| has.retain(|r| !given.contains(r)))
}
