//! `GET /v1/healthcheck`, `GET /v1/version`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::json;

use crate::simulator::Shared;
use crate::simulator::answer::{Answer, Caller};

pub(super) async fn health(State(shared): State<Arc<Shared>>) -> Answer {
    // `Healthy` besides: the schema writes it small, and one widely used client only finds it large.
    let read_only = shared.world().settings.read_only;
    Ok(Json(json!({
        "healthy": true, "Healthy": true, "databaseHealthy": true, "serviceBusHealthy": true, "storageAccountHealthy": true,
        "scheduledForDeletion": false, "readOnlyMode": read_only, "databaseMismatch": false,
    })))
}

pub(super) async fn version(State(shared): State<Arc<Shared>>, _caller: Caller) -> Answer {
    let version = shared.world().settings.version.clone();
    Ok(Json(json!({"model": {"version": version}})))
}
