//! `GET /v1/healthcheck`, `GET /v1/version`.

use serde_json::json;

use crate::simulator::answer::{Answer, denied, ok};
use crate::simulator::call::Call;
use crate::simulator::world::World;

pub(in super::super) fn health(world: &mut World, _: &Call) -> Answer {
    let read_only = world.settings.read_only;
    // `Healthy` besides: the schema writes it small, and one widely used client only finds it large.
    ok(json!({
        "healthy": true, "Healthy": true, "databaseHealthy": true, "serviceBusHealthy": true, "storageAccountHealthy": true,
        "scheduledForDeletion": false, "readOnlyMode": read_only, "databaseMismatch": false,
    }))
}

/// Refused where version numbers are hidden (facts 2.7); which words it uses then is not known.
pub(in super::super) fn version(world: &mut World, _: &Call) -> Answer {
    if world.settings.hide_version {
        return Err(denied());
    }
    // In an envelope, as recorded (example 12); the schema has none.
    ok(json!({"model": {"version": world.settings.version}}))
}
