//! `/v1/sdk-client-accounts` and `/v1/sdk-client-rules`: machines that sign in by themselves (facts 2.2).

mod rules;

use serde_json::{Value, json};

use crate::simulator::answer::{Answer, denied, invalid, ok};
use crate::simulator::call::Call;
use crate::simulator::page::short_page;
use crate::simulator::world::{Range, SdkAccount, World, random};

pub(in super::super) use rules::{
    create_rule, delete_rule, onboarding_key, replace_rule, rule, rule_stub, rules,
};

pub(in super::super) fn enabled(world: &mut World, _: &Call) -> Answer {
    ok(json!(world.sdk_enabled))
}

/// A toggle, whatever its name says: whoever wants it on looks first.
pub(in super::super) fn toggle(world: &mut World, _: &Call) -> Answer {
    world.sdk_enabled = !world.sdk_enabled;
    ok(json!(world.sdk_enabled))
}

fn display_name(world: &World, user: Option<u32>) -> Option<&str> {
    user.and_then(|u| world.user(u)).map(|u| u.display_name.as_str())
}

fn model(world: &World, account: &SdkAccount, secret: bool) -> Value {
    let mut answer = json!({
        "id": account.id, "userId": account.user, "name": account.name, "clientId": account.client_id, "details": account.details,
        "ipAddress": account.address, "userDisplayName": display_name(world, Some(account.user)),
    });
    if let (true, Value::Object(members)) = (secret, &mut answer) {
        members.insert("clientSecret".to_owned(), json!(account.secret));
    }
    answer
}

/// Without a token: the address, the rule and its key are what counts. As JSON and as a form.
pub(in super::super) fn register(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let required = |name| sent.name(name).ok_or_else(|| invalid("Name, description and rule are required."));
    let (name, details) = (required("name")?, required("description")?);
    let wanted = required("ruleName")?;
    if !world.sdk_enabled {
        return Err(denied());
    }
    let rule = world.sdk_rules.iter().find(|r| r.name.eq_ignore_ascii_case(wanted)).ok_or_else(denied)?;
    let mut ranges = rule.details.split([',', ';']).filter_map(|r| r.parse::<Range>().ok());
    let from = rule.details.trim().is_empty() || ranges.any(|range| range.has(call.from));
    let key = !rule.require_key || sent.text("onboardingKey") == Some(rule.key.as_str());
    let user = rule.user.and_then(|u| world.user(u)).filter(|u| u.enabled).map(|u| u.id);
    let user = user.filter(|_| from && key).ok_or_else(denied)?;
    let client_id = match sent.name("clientId") {
        Some(id) => uuid::Uuid::parse_str(id).map_err(|_| invalid("The client id must be a UUID."))?,
        None => uuid::Uuid::parse_str(&random()).map_err(|_| denied())?,
    };
    let client_id = client_id.to_string();
    if world.sdk_accounts.iter().any(|a| a.client_id == client_id) {
        return Err(denied());
    }
    let (name, details, address) = (name.to_owned(), details.to_owned(), call.from.to_string());
    let (id, secret) = (world.fresh_id(), random());
    world.touch();
    let account = SdkAccount { id, name, details, client_id, secret, user, address, revoked: false };
    world.sdk_accounts.push(account.clone());
    ok(model(world, &account, true))
}

pub(in super::super) fn accounts(world: &mut World, call: &Call) -> Answer {
    let text = call.args.search_text();
    let user = call.args.id("filter.userId")?;
    let wanted = |a: &&SdkAccount| {
        !a.revoked && user.is_none_or(|u| u == a.user) && a.name.to_lowercase().contains(&text)
    };
    let rows = world.sdk_accounts.iter().filter(wanted).map(|a| model(world, a, false)).collect();
    short_page(world, call, rows)
}

pub(in super::super) fn account(world: &mut World, call: &Call) -> Answer {
    let id = call.id(0)?;
    let account = world.sdk_accounts.iter().find(|a| a.id == id && !a.revoked).ok_or_else(denied)?;
    ok(model(world, account, false))
}

pub(in super::super) fn revoke(world: &mut World, call: &Call) -> Answer {
    let id = call.id(0)?;
    let mut accounts = world.sdk_accounts.iter_mut();
    accounts.find(|a| a.id == id && !a.revoked).ok_or_else(denied)?.revoked = true;
    ok(json!(true))
}
