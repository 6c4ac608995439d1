//! `/v1/secret-templates` and what belongs to it.

mod permissions;

use serde_json::{Value, json};

use super::super::permission::right;
use crate::simulator::answer::{Answer, denied, ok};
use crate::simulator::call::Call;
use crate::simulator::page::{List, no_key, page, short_page};
use crate::simulator::world::{Template, TemplateField, World, random};

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    let template = world.template(call.id(0)?).ok_or_else(denied)?;
    let fields: Vec<_> = template
        .fields
        .iter()
        .map(|f| {
            json!({
                "secretTemplateFieldId": f.id, "fieldSlugName": f.slug, "displayName": f.name, "name": f.name,
                "description": "", "isRequired": f.required, "isPassword": f.password, "isNotes": f.notes, "isFile": f.file,
                "isUrl": false, "isList": false, "listType": "None",
            })
        })
        .collect();
    // As recorded (example 30): `fields`, which the schema of v2 does not have.
    ok(json!({"id": template.id, "name": template.name, "passwordTypeId": 1, "fields": fields}))
}

pub(in super::super) fn summary(world: &World, template: &Template, count: bool) -> Value {
    let secrets = count.then(|| world.secrets.iter().filter(|s| s.template_id == template.id).count());
    json!({
        "id": template.id, "name": template.name, "active": template.active, "passwordTypeId": 1, "secretCount": secrets,
        "heartbeatEnabled": true, "passwordTypeReady": true,
    })
}

pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let text = call.args.search_text();
    let inactive = call.args.flag("filter.includeInactive");
    let count = call.args.flag("filter.includeSecretCount");
    let list = List {
        find: |world: &World| {
            let fits = |t: &Template| (t.active || inactive) && t.name.to_lowercase().contains(&text);
            Ok(world.templates.iter().enumerate().filter(|(_, t)| fits(t)).map(|(at, _)| at).collect())
        },
        key: no_key,
        row: |world: &World, at: usize| world.templates.get(at).map(|t| summary(world, t, count)),
    };
    page(world, call, &list)
}

pub(in super::super) use permissions::{grouped, permissions, roles};

/// Version 2 has no fields; they are searched for.
pub(in super::super) fn details(world: &mut World, call: &Call) -> Answer {
    let template = world.template(call.id(0)?).ok_or_else(denied)?;
    let secrets = world.secrets.iter().filter(|s| s.template_id == template.id).count();
    ok(json!({
        "active": template.active, "description": "", "expirationChangeRequiredOnFieldId": null, "expirationDays": null,
        "id": template.id, "name": template.name, "namePattern": null, "namePatternErrorMessage": null,
        "oneTimePasswordDuration": null, "oneTimePasswordEnabled": false, "oneTimePasswordHash": null,
        "oneTimePasswordLength": null, "saveAllNameHistory": false, "secretCount": secrets, "secretNameHistoryLength": null,
        "sshKeyFormat": null, "sshKeySize": null, "sshKeyAlgorithm": null, "validatePasswordRequirementsOnCreate": false,
        "validatePasswordRequirementsOnEdit": false, "permissionRequiredToEditPasswordChangeConfiguration": null,
        "ticketSystemScriptArgs": null,
    }))
}

fn kind(field: &TemplateField) -> &'static str {
    match field {
        f if f.password => "Password",
        f if f.notes => "Notes",
        f if f.file => "File",
        _ => "Text",
    }
}

pub(in super::super) fn fields(world: &mut World, call: &Call) -> Answer {
    let template =
        call.args.id("filter.secretTemplateId")?.and_then(|t| world.template(t)).ok_or_else(denied)?;
    let rows = template
        .fields
        .iter()
        .zip(1_u32..)
        .map(|(f, order)| {
            json!({
                "active": true, "description": "", "editRequiresPermission": "Edit", "exposeForDisplay": !f.password,
                "historyLength": 0, "id": f.id, "name": f.name, "required": f.required, "searchable": !f.password && !f.notes,
                "slugName": f.slug, "sortOrder": order, "type": kind(f), "viewingRequiresEdit": false,
            })
        })
        .collect();
    short_page(world, call, rows)
}

/// A bare string (facts 3.1). Only for fields of passwords.
pub(in super::super) fn generate_password(world: &mut World, call: &Call) -> Answer {
    let id = call.id(0)?;
    let password = world.templates.iter().flat_map(|t| &t.fields).any(|f| f.id == id && f.password);
    if !password {
        return Err(denied());
    }
    // Something of each kind, whatever the requirements.
    ok(json!(format!("Aa1!{}", random().chars().take(20).collect::<String>())))
}

/// Reading templates needs one of these.
pub(in super::super) const READ: &[&str] = &[right::VIEW_TEMPLATES, right::TEMPLATES];
