//! Who may use templates. Here they all may be used by everybody, and belong to the administrator.

use serde_json::{Value, json};

use crate::simulator::answer::{Answer, ok};
use crate::simulator::call::Call;
use crate::simulator::page::short_page;
use crate::simulator::world::{User, World};

/// The numbers of these roles are not known.
const OWNER: u32 = 21;

fn owner(world: &World) -> Option<&User> {
    world.user_by_name(&world.seed.admin_username)
}

pub(in super::super::super) fn permissions(world: &mut World, call: &Call) -> Answer {
    // A template is a secret type here (facts 2.7).
    let template = call.args.id("filter.secretTypeId")?;
    let owner = owner(world);
    let row = |t: &crate::simulator::world::Template| {
        let owner = owner?;
        Some(json!({
            "displayName": owner.display_name, "displayNameWithDomain": owner.display_name, "domainName": null,
            "groupId": World::personal_group(owner.id), "isPersonal": true, "secretTypeAccessRoleId": OWNER,
            "secretTypeId": t.id, "secretTypeName": t.name, "userId": owner.id,
        }))
    };
    let templates = world.templates.iter().filter(|t| template.is_none_or(|wanted| wanted == t.id));
    let rows = templates.filter_map(row).collect();
    short_page(world, call, rows)
}

pub(in super::super::super) fn grouped(world: &mut World, call: &Call) -> Answer {
    let template = call.args.id("filter.templateId")?;
    let assignments: Vec<Value> = owner(world)
        .map(|u| {
            json!({
                "directlyAssigned": true, "groupId": World::personal_group(u.id), "groupName": u.name,
                "userDisplayName": u.display_name, "userId": u.id,
            })
        })
        .into_iter()
        .collect();
    let templates = world.templates.iter().filter(|t| template.is_none_or(|wanted| wanted == t.id));
    let rows = templates
        .map(|t| {
            json!({
                "assignments": assignments, "roleId": OWNER, "roleName": "Template Owner", "secretTypeId": t.id,
                "secretTypeName": t.name,
            })
        })
        .collect();
    short_page(world, call, rows)
}

pub(in super::super::super) fn roles(_: &mut World, _: &Call) -> Answer {
    ok(json!([{"roleId": OWNER, "roleName": "Template Owner"}]))
}
