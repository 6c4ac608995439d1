//! `GET /v1/secrets/{id}/audits`.

use serde_json::json;

use super::find;
use crate::simulator::answer::{Answer, date};
use crate::simulator::call::Call;
use crate::simulator::page::short_page;
use crate::simulator::permission::SecretRole;
use crate::simulator::world::World;

pub(in super::super::super) fn audits(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call, SecretRole::List)?;
    let rows = world
        .audit
        .iter()
        .zip(1_u32..)
        .filter(|(record, _)| record.secret_id == id)
        .map(|(record, number)| {
            json!({
                "id": number, "action": record.action, "actionForDisplay": record.action, "dateRecorded": date(record.at),
                "username": record.username, "byUserDisplayName": record.username, "notes": record.notes,
                "ticketNumber": record.ticket, "databaseName": null, "application": null, "status": null,
                "hasProxySessionData": false, "recordingMessage": null, "recordingSessionId": null, "recordingStatus": 0,
            })
        })
        .collect();
    short_page(world, call, rows)
}
