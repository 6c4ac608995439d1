//! `GET /v1/users/current`.

use axum::Json;
use serde_json::json;

use crate::simulator::answer::{Answer, Caller};

pub(super) async fn current(caller: Caller) -> Answer {
    let user = caller.user;
    let permissions: Vec<_> = user.permissions.iter().map(|p| json!({"name": p})).collect();
    Ok(Json(json!({
        "id": user.id, "userName": user.name, "displayName": user.display_name, "emailAddress": null,
        "permissions": permissions, "adminLinks": [], "profileLinks": [], "dateOptionId": -1, "timeOptionId": -1, "userLcid": 0,
        "userTheme": null,
    })))
}
