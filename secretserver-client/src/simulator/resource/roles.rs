//! `/v1/roles`: reading.

use serde_json::{Value, json};

use crate::simulator::answer::{Answer, date, denied, ok};
use crate::simulator::call::Call;
use crate::simulator::page::{List, no_key, page, short_page};
use crate::simulator::world::{Role, World};

fn model(role: &Role) -> Value {
    json!({"created": date(role.created), "enabled": role.enabled, "id": role.id, "isSystem": role.system, "name": role.name})
}

pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let inactive = call.args.flag("filter.includeInactive");
    let (user, group) = (call.args.id("filter.userId")?, call.args.id("filter.groupId")?);
    let find = |world: &World| {
        let of_user = user.map(|u| world.user(u).map(|u| u.roles.clone()).unwrap_or_default());
        let of_group = group.map(|g| world.group(g).map(|g| g.roles.clone()).unwrap_or_default());
        let wanted = |r: &Role| {
            (r.enabled || inactive)
                && [&of_user, &of_group].iter().all(|of| of.as_ref().is_none_or(|of| of.contains(&r.id)))
        };
        Ok(world.roles.iter().enumerate().filter(|(_, r)| wanted(r)).map(|(at, _)| at).collect())
    };
    let row = |world: &World, at: usize| world.roles.get(at).map(model);
    page(world, call, &List { find, key: no_key, row })
}

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    ok(model(world.role(call.id(0)?).ok_or_else(denied)?))
}

pub(in super::super) fn permissions(world: &mut World, call: &Call) -> Answer {
    let role = world.role(call.id(0)?).ok_or_else(denied)?;
    let row = |(name, id): (&String, u32)| json!({"name": name, "rolePermissionId": id, "roleType": "GlobalRoleType"});
    let rows = role.permissions.iter().zip(1_u32..).map(row).collect();
    short_page(world, call, rows)
}
