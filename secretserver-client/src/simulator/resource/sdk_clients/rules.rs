//! From where, and for whom, machines may register.

use serde_json::{Value, json};

use super::super::deleted;
use super::display_name;
use crate::simulator::answer::{Answer, Refusal, denied, invalid, ok};
use crate::simulator::call::{Call, Fields};
use crate::simulator::page::short_page;
use crate::simulator::world::{Range, SdkRule, World, random};

/// What the addresses of a rule may be long (facts 2.2).
const LONGEST_DETAILS: usize = 250;

fn model(world: &World, rule: &SdkRule) -> Value {
    json!({
        "details": rule.details, "id": rule.id, "name": rule.name, "requireOnboardingKey": rule.require_key,
        "userDisplayName": display_name(world, rule.user), "userId": rule.user,
    })
}

fn find<'w>(world: &'w World, call: &Call) -> Result<&'w SdkRule, Refusal> {
    let id = call.id(0)?;
    world.sdk_rules.iter().find(|r| r.id == id).ok_or_else(denied)
}

pub(in super::super::super) fn rules(world: &mut World, call: &Call) -> Answer {
    let text = call.args.search_text();
    let wanted = world.sdk_rules.iter().filter(|r| r.name.to_lowercase().contains(&text));
    let rows = wanted.map(|r| model(world, r)).collect();
    short_page(world, call, rows)
}

pub(in super::super::super) fn rule_stub(_: &mut World, _: &Call) -> Answer {
    ok(json!({
        "details": "", "id": 0, "name": "", "requireOnboardingKey": true, "userDisplayName": null, "userId": null,
    }))
}

pub(in super::super::super) fn rule(world: &mut World, call: &Call) -> Answer {
    ok(model(world, find(world, call)?))
}

pub(in super::super::super) fn onboarding_key(world: &mut World, call: &Call) -> Answer {
    ok(json!(find(world, call)?.key))
}

/// The rule that the body describes.
fn sent(world: &World, body: Fields<'_>, id: u32, key: String) -> Result<SdkRule, Refusal> {
    let name = body.name("name").ok_or_else(|| invalid("A name is required."))?.to_owned();
    let details = body.text("details").unwrap_or_default().to_owned();
    let bad = details.split([',', ';']).any(|r| !r.trim().is_empty() && r.parse::<Range>().is_err());
    if bad || details.len() > LONGEST_DETAILS {
        return Err(invalid("The addresses are not valid."));
    }
    if world.sdk_rules.iter().any(|r| r.id != id && r.name.eq_ignore_ascii_case(&name)) {
        return Err(invalid("A rule with this name already exists."));
    }
    let user = match body.id("userId") {
        None => None,
        Some(user) => Some(world.user(user).ok_or_else(denied)?.id),
    };
    let require_key = body.flag("requireOnboardingKey").unwrap_or(false);
    Ok(SdkRule { id, name, details, user, require_key, key })
}

pub(in super::super::super) fn create_rule(world: &mut World, call: &Call) -> Answer {
    let id = world.fresh_id();
    let made = sent(world, call.fields(), id, random())?;
    let answer = model(world, &made);
    world.sdk_rules.push(made);
    ok(answer)
}

pub(in super::super::super) fn replace_rule(world: &mut World, call: &Call) -> Answer {
    let (id, key) = find(world, call).map(|r| (r.id, r.key.clone()))?;
    let next = sent(world, call.fields(), id, key)?;
    let answer = model(world, &next);
    if let Some(rule) = world.sdk_rules.iter_mut().find(|r| r.id == id) {
        *rule = next;
    }
    ok(answer)
}

pub(in super::super::super) fn delete_rule(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call)?.id;
    world.sdk_rules.retain(|r| r.id != id);
    deleted(id, "SdkClientRule")
}
