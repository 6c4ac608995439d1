//! `GET /v1/secret-templates`, `GET /v1/secret-templates/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::json;

use crate::simulator::Shared;
use crate::simulator::answer::{Answer, Args, Caller, denied, page};
use crate::simulator::permission::right;

pub(super) async fn get(State(shared): State<Arc<Shared>>, caller: Caller, Path(id): Path<u32>) -> Answer {
    let world = shared.world();
    let template =
        world.template(id).filter(|_| caller.user.has(right::VIEW_TEMPLATES)).ok_or_else(denied)?;
    let fields: Vec<_> = template
        .fields
        .iter()
        .zip(1_u32..)
        .map(|(f, order)| {
            json!({
                "secretTemplateFieldId": f.id, "fieldSlugName": f.slug, "displayName": f.name, "name": f.name,
                "description": "", "isRequired": f.required, "isPassword": f.password, "isNotes": f.notes, "isFile": false,
                "isUrl": false, "isList": false, "listType": "None", "sortOrder": order, "historyLength": 0,
            })
        })
        .collect();
    Ok(Json(json!({"id": template.id, "name": template.name, "passwordTypeId": 1, "fields": fields})))
}

pub(super) async fn search(State(shared): State<Arc<Shared>>, caller: Caller, args: Args) -> Answer {
    let world = shared.world();
    if !caller.user.has(right::VIEW_TEMPLATES) {
        return Err(denied());
    }
    let text = args.text("filter.searchText").unwrap_or_default().to_lowercase();
    let rows = world
        .templates
        .iter()
        .filter(|t| t.name.to_lowercase().contains(&text))
        .map(
            |t| json!({"id": t.id, "name": t.name, "active": true, "passwordTypeId": 1, "secretCount": null}),
        )
        .collect();
    Ok(page(rows, &args, &world.settings))
}
