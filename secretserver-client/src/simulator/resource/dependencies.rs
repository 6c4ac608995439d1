//! `/v1/secret-dependencies`: where passwords are used. Running them does nothing but say how it went.

mod run;

use serde_json::{Map, Value, json};

use super::deleted;
use crate::simulator::answer::{Answer, Refusal, denied, invalid, ok};
use crate::simulator::call::{Call, Fields};
use crate::simulator::page::short_page;
use crate::simulator::permission::SecretRole;
use crate::simulator::world::{Dependency, DependencyGroup, World};

pub(in super::super) use run::{progress, run, scripts, templates};

fn check(world: &World, call: &Call, secret: u32, needed: SecretRole) -> Result<(), Refusal> {
    let secret = world.secret(secret).filter(|s| s.active).ok_or_else(denied)?;
    if world.may_with_secret(&call.caller, secret, needed) { Ok(()) } else { Err(denied()) }
}

fn find<'w>(world: &'w World, call: &Call, needed: SecretRole) -> Result<&'w Dependency, Refusal> {
    let id = call.id(0)?;
    let found = world.dependencies.iter().find(|d| d.id == id).ok_or_else(denied)?;
    check(world, call, found.secret, needed)?;
    Ok(found)
}

/// What a dependency has besides what only this server says of it.
const SENT: &[(&str, &str)] = &[
    ("active", "true"),
    ("conditionDependencyId", "null"),
    ("conditionMode", "\"ALWAYSRUN\""),
    ("dependencyTemplate", "null"),
    ("description", "\"\""),
    ("privilegedAccountSecretId", "null"),
    ("runScript", "null"),
    ("settings", "[]"),
    ("sortOrder", "1"),
    ("sshKeySecretId", "null"),
    ("typeId", "1"),
    ("typeName", "null"),
];

/// Only in what is sent, and in the answer to a replacement (schema).
const PLACES: &[&str] = &["machineName", "serviceName"];

fn sent(body: Fields<'_>) -> Value {
    let first = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let mut kept: Map<String, Value> = SENT
        .iter()
        .map(|(name, text)| ((*name).to_owned(), body.get(name).cloned().unwrap_or_else(|| first(text))))
        .collect();
    for name in PLACES {
        kept.insert((*name).to_owned(), body.get(name).cloned().unwrap_or(Value::Null));
    }
    Value::Object(kept)
}

fn model(world: &World, d: &Dependency) -> Value {
    let mut answer = json!({
        "id": d.id, "secretId": d.secret, "groupId": d.group, "secretName": world.secret(d.secret).map(|s| &s.name),
        "childDependencyStatus": false, "secretDependencyStatus": d.result == "Success", "logMessage": null,
        "sshKeySecretName": null,
    });
    if let (Value::Object(members), Some(kept)) = (&mut answer, d.sent.as_object()) {
        let shown = kept.iter().filter(|(name, _)| !PLACES.contains(&name.as_str()));
        members.extend(shown.map(|(name, value)| (name.clone(), value.clone())));
    }
    answer
}

/// Without `filter.secretId` it is denied (facts 2.6).
pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let args = &call.args;
    let secret = args.id("filter.secretId")?.ok_or_else(denied)?;
    check(world, call, secret, SecretRole::View)?;
    let (group, template) = (args.id("filter.groupId")?, args.id("filter.templateId")?);
    let (inactive, result, text) =
        (args.flag("filter.includeInactive"), args.text("filter.lastRunStatus"), args.search_text());
    let field = |d: &Dependency, name: &str| Fields(&d.sent).text(name).unwrap_or_default().to_owned();
    let wanted = |d: &&Dependency| {
        let sent = Fields(&d.sent);
        let of = sent.get("dependencyTemplate").and_then(|t| Fields(t).id("secretDependencyTemplateId"));
        d.secret == secret
            && group.is_none_or(|g| g == d.group)
            && template.is_none_or(|t| of == Some(t))
            && (inactive || sent.flag("active") != Some(false))
            && result.is_none_or(|r| r.eq_ignore_ascii_case(&d.result))
            && (field(d, "machineName") + &field(d, "serviceName")).to_lowercase().contains(&text)
    };
    let group_name = |id: u32| world.dependency_groups.iter().find(|g| g.id == id).map(|g| &g.name);
    let rows = world
        .dependencies
        .iter()
        .filter(wanted)
        .map(|d| {
            let sent = Fields(&d.sent);
            json!({
                "canTest": true, "enabled": sent.flag("active"), "groupId": d.group, "groupName": group_name(d.group),
                "id": d.id, "machineName": sent.get("machineName"), "order": sent.int("sortOrder"), "runResult": d.result,
                "secretId": d.secret, "serviceName": sent.get("serviceName"), "typeId": sent.int("typeId"),
                "typeName": run::type_name(sent.int("typeId")),
            })
        })
        .collect();
    short_page(world, call, rows)
}

pub(in super::super) fn stub(world: &mut World, call: &Call) -> Answer {
    let args = &call.args;
    let secret = args.id("secretId")?.ok_or_else(denied)?;
    check(world, call, secret, SecretRole::View)?;
    let (template, kind) = (args.id("templateId")?, args.id("typeId")?);
    let script = args.id("scriptId")?;
    if template.is_none() && kind.is_none() && script.is_none() {
        return Err(invalid("One of templateId, typeId and scriptId is required."));
    }
    let draft = json!({
        "typeId": kind.unwrap_or(1), "typeName": run::type_name(kind.map(i64::from)),
        "dependencyTemplate": template.map(|id| json!({
            "changerScriptId": null, "scriptName": null, "secretDependencyChangerId": null, "secretDependencyTemplateId": id,
            "dependencyScanItemFields": [{"id": 1, "name": "ServiceName", "parentName": null, "value": null}],
        })),
        "runScript": script.map(|id| json!({
            "machineName": null, "odbcConnectionArguments": [], "scriptArguments": [], "scriptId": id, "scriptName": null,
            "serviceName": null,
        })),
    });
    let result = "NotRun".to_owned();
    let d = Dependency { id: 0, secret, group: 0, sent: sent(Fields(&draft)), result };
    ok(model(world, &d))
}

/// The group that the body names, or the first of the secret, which is made when there is none.
fn group(world: &mut World, secret: u32, body: Fields<'_>) -> Result<u32, Refusal> {
    let of = |g: &&DependencyGroup| g.secret == secret;
    match body.id("groupId") {
        Some(id) => {
            world.dependency_groups.iter().filter(of).find(|g| g.id == id).map(|g| g.id).ok_or_else(denied)
        }
        None => match world.dependency_groups.iter().find(of) {
            Some(first) => Ok(first.id),
            None => Ok(add_group(world, secret, "Default Group", 1)),
        },
    }
}

fn add_group(world: &mut World, secret: u32, name: &str, site: u32) -> u32 {
    let id = world.fresh_id();
    world.dependency_groups.push(DependencyGroup { id, secret, name: name.to_owned(), site });
    id
}

pub(in super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let body = call.fields();
    let secret = body.id("secretId").ok_or_else(denied)?;
    check(world, call, secret, SecretRole::Edit)?;
    let group = group(world, secret, body)?;
    let id = world.fresh_id();
    let dependency = Dependency { id, secret, group, sent: sent(body), result: "NotRun".to_owned() };
    let answer = model(world, &dependency);
    world.dependencies.push(dependency);
    world.record(&call.caller.name, "EDIT DEPENDENCY", secret);
    ok(answer)
}

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    ok(model(world, find(world, call, SecretRole::View)?))
}

/// Answers with what was sent, and not with what a read answers (schema).
pub(in super::super) fn replace(world: &mut World, call: &Call) -> Answer {
    let (id, secret) = {
        let found = find(world, call, SecretRole::Edit)?;
        (found.id, found.secret)
    };
    let body = call.fields();
    if body.id("id").is_some_and(|sent| sent != id) || body.id("secretId").is_some_and(|sent| sent != secret)
    {
        return Err(invalid("The ids in the body must be those of the dependency."));
    }
    let group = group(world, secret, body)?;
    let kept = sent(body);
    let found = world.dependencies.iter_mut().find(|d| d.id == id).ok_or_else(denied)?;
    (found.group, found.sent) = (group, kept.clone());
    world.record(&call.caller.name, "EDIT DEPENDENCY", secret);
    let mut answer = json!({
        "id": id, "secretId": secret, "groupId": group, "secretName": world.secret(secret).map(|s| &s.name),
    });
    if let (Value::Object(members), Value::Object(kept)) = (&mut answer, kept) {
        members.extend(kept);
    }
    ok(answer)
}

/// For good (facts 2.7).
pub(in super::super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (id, secret) = {
        let found = find(world, call, SecretRole::Edit)?;
        (found.id, found.secret)
    };
    world.dependencies.retain(|d| d.id != id);
    world.record(&call.caller.name, "EDIT DEPENDENCY", secret);
    deleted(id, "SecretDependency")
}

fn group_model(world: &World, group: &DependencyGroup) -> Value {
    let of = |result: &str| {
        world.dependencies.iter().filter(|d| d.group == group.id && d.result.starts_with(result)).count()
    };
    json!({
        "id": group.id, "name": group.name, "siteId": group.site, "siteName": "Local", "statusFailedCount": of("Failed"),
        "statusNotRunCount": of("NotRun"), "statusSuccessCount": of("Success"), "totalDependencies": of(""),
    })
}

/// In an envelope (facts 2.7).
pub(in super::super) fn groups(world: &mut World, call: &Call) -> Answer {
    let secret = call.id(0)?;
    check(world, call, secret, SecretRole::View)?;
    let of = world.dependency_groups.iter().filter(|g| g.secret == secret);
    ok(json!({"model": of.map(|g| group_model(world, g)).collect::<Vec<_>>()}))
}

pub(in super::super) fn create_group(world: &mut World, call: &Call) -> Answer {
    let (secret, body) = (call.id(0)?, call.fields());
    check(world, call, secret, SecretRole::Edit)?;
    let name = body.name("secretDependencyGroupName").ok_or_else(|| invalid("A name is required."))?;
    let id = add_group(world, secret, name, body.id("siteId").unwrap_or(1));
    let made = world.dependency_groups.iter().find(|g| g.id == id).ok_or_else(denied)?;
    ok(group_model(world, made))
}
