//! Running dependencies, and of which kinds there are.

use serde_json::{Value, json};

use super::check;
use crate::simulator::answer::{Answer, denied, invalid, ok};
use crate::simulator::call::Call;
use crate::simulator::permission::SecretRole;
use crate::simulator::world::{World, random};

/// The server's own kinds; 7 to 9 run scripts (example 32).
const TYPES: &[(i64, &str)] = &[
    (1, "Windows Service"),
    (2, "Scheduled Task"),
    (3, "IIS Application Pool"),
    (7, "PowerShell Script"),
    (8, "SSH Script"),
    (9, "SQL Script"),
];

pub(super) fn type_name(id: Option<i64>) -> Option<&'static str> {
    TYPES.iter().find(|t| Some(t.0) == id).map(|t| t.1)
}

pub(in super::super::super) fn templates(_: &mut World, _: &Call) -> Answer {
    let row = |(id, name): &(i64, &str)| json!({"active": true, "dependencyChangerId": null, "dependencyTypeId": id, "id": id, "name": name});
    ok(TYPES.iter().map(row).collect())
}

pub(in super::super::super) fn scripts(_: &mut World, _: &Call) -> Answer {
    ok(json!([{
        "id": 1, "name": "Restart",
        "arguments": [{"name": "Service", "type": "String", "value": ""}], "odbcConnectionArguments": [],
    }]))
}

/// Answers with a name under which the progress can be asked for, as long as the server runs. A dependency fails whose machine is called `failing`.
pub(in super::super::super) fn run(world: &mut World, call: &Call) -> Answer {
    let ids = call.body.as_array().ok_or_else(|| invalid("The request is invalid."))?;
    let ids: Vec<u32> = ids.iter().filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect();
    let secret = |id: u32| world.dependencies.iter().find(|d| d.id == id).map(|d| d.secret);
    for id in &ids {
        check(world, call, secret(*id).ok_or_else(denied)?, SecretRole::Edit)?;
    }
    let mut errors: Vec<Value> = Vec::new();
    for dependency in world.dependencies.iter_mut().filter(|d| ids.contains(&d.id)) {
        let machine = dependency.sent.get("machineName").and_then(Value::as_str).unwrap_or_default();
        let fails = machine.starts_with("failing");
        if fails {
            errors.push(json!({"errorMessage": "The machine did not answer.", "itemName": machine}));
        }
        if fails { "Failed" } else { "Success" }.clone_into(&mut dependency.result);
    }
    let name = random();
    let status = if errors.is_empty() { "Success" } else { "Failed" };
    let progress = json!({
        "errors": errors, "isComplete": true, "percentageComplete": 100, "status": status, "taskIdentifier": name,
    });
    world.runs.insert(name.clone(), progress);
    ok(json!(name))
}

pub(in super::super::super) fn progress(world: &mut World, call: &Call) -> Answer {
    ok(world.runs.get(call.text(0)).cloned().ok_or_else(denied)?)
}
