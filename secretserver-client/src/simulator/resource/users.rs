//! `/v1/users` and what is below it.

mod change;
mod membership;
mod password;

use serde_json::{Map, Value, json};

use super::or_none;
use crate::simulator::answer::{Answer, date, date_or_never, denied, ok};
use crate::simulator::call::Call;
use crate::simulator::page::{Key, List, page, short_page};
use crate::simulator::world::{DOMAIN, DOMAIN_NAME, User, World};

pub(in super::super) use change::{create, disable, patch, replace};
pub(in super::super) use membership::{
    add_groups, add_roles, groups, remove_groups, remove_roles, roles, roles_assigned, set_groups, set_roles,
};
pub(in super::super) use password::{change_own, lock_out, reset, reset_two_factor};

pub(in super::super) fn current(world: &mut World, call: &Call) -> Answer {
    let user = world.user(call.caller.id).ok_or_else(denied)?;
    let permissions: Vec<_> = call.caller.rights.iter().map(|p| json!({"name": p})).collect();
    ok(json!({
        "id": user.id, "userName": user.name, "displayName": user.display_name, "emailAddress": user.email,
        "permissions": permissions, "adminLinks": [], "profileLinks": [], "dateOptionId": -1, "timeOptionId": -1, "userLcid": 0,
        "userTheme": null, "platformIntegrationType": "None",
    }))
}

/// Settings that are kept and shown, and what they are at first.
const KEPT: &[(&str, &str)] = &[
    ("duoTwoFactor", "false"),
    ("fido2TwoFactor", "false"),
    ("oathTwoFactor", "false"),
    ("radiusTwoFactor", "false"),
    ("twoFactor", "false"),
    ("radiusUserName", "null"),
    ("unixAuthenticationMethod", "\"Password\""),
    ("dateOptionId", "-1"),
    ("timeOptionId", "-1"),
    ("slackId", "null"),
    ("adGuid", "null"),
];

/// A user as answers have it. The answer to a creation has other dates and no personal group yet (example 13, recorded).
fn model(user: &User, created_now: bool) -> Value {
    let created = user.created.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let mut answer = json!({
        "adAccountExpires": date_or_never(None), "created": if created_now { created } else { date(user.created) },
        "displayName": user.display_name, "domainId": or_none(user.domain), "emailAddress": user.email,
        "enabled": user.enabled, "externalUserSource": "None", "id": user.id, "ipAddressRestrictions": null,
        "isApplicationAccount": user.application, "isEmailCopiedFromAD": false, "isEmailVerified": false,
        "isLockedOut": user.locked, "lastLogin": date_or_never(user.last_login), "lastSessionActivity": null,
        "lockOutReason": user.kept.get("lockOutReason"), "lockOutReasonDescription": user.kept.get("lockOutReasonDescription"),
        "loginFailures": user.failures, "mustVerifyEmail": false, "oathVerified": false,
        "passwordLastChanged": date_or_never(user.password_changed),
        "personalGroupId": if created_now { 0 } else { World::personal_group(user.id) },
        "resetSessionStarted": date_or_never(None), "userLcid": 0, "userName": user.name,
        "verifyEmailSentDate": date_or_never(None), "platformIntegrationType": "None",
    });
    if let Value::Object(members) = &mut answer {
        add_kept(user, members);
    }
    answer
}

fn add_kept(user: &User, members: &mut Map<String, Value>) {
    for (name, first) in KEPT {
        let value = user.kept.get(*name).cloned();
        let value = value.or_else(|| serde_json::from_str(first).ok()).unwrap_or(Value::Null);
        members.insert((*name).to_owned(), value);
    }
}

fn summary(user: &User) -> Value {
    json!({
        "id": user.id, "userName": user.name, "displayName": user.display_name, "emailAddress": user.email,
        "enabled": user.enabled, "created": date(user.created), "lastLogin": date_or_never(user.last_login),
        "loginFailures": user.failures, "isLockedOut": user.locked, "isApplicationAccount": user.application,
        "domainId": or_none(user.domain), "domainName": user.domain.map(|_| DOMAIN_NAME), "twoFactorMethod": "None",
        "externalUserSource": "None", "platformIntegrationType": "None",
    })
}

fn key(world: &World, at: usize, column: &str) -> Option<Key> {
    let user = world.users.get(at)?;
    match column {
        "id" => Some(Key::Number(user.id.into())),
        "username" => Some(Key::Text(user.name.to_lowercase())),
        "displayname" | "value" => Some(Key::Text(user.display_name.to_lowercase())),
        "created" => Some(Key::Number(user.created.as_millisecond())),
        _ => None,
    }
}

/// The places of the users that the filter wants. Inactive ones only on request (facts 1.2).
fn found(world: &World, call: &Call) -> Vec<usize> {
    let args = &call.args;
    let text = args.search_text();
    let inactive = args.flag("filter.includeInactive");
    let ids = args.ids("filter.userIds");
    let domain: Option<i64> = args.text("filter.domainId").and_then(|d| d.parse().ok());
    let fields: Vec<String> = args.all("filter.searchFields").map(str::to_lowercase).collect();
    let looks = |name: &str| fields.is_empty() || fields.iter().any(|f| f == name);
    let has = |place: &str| place.to_lowercase().contains(&text);
    let matches = |u: &User| {
        text.is_empty()
            || looks("username") && has(&u.name)
            || looks("displayname") && has(&u.display_name)
            || looks("emailaddress") && u.email.as_deref().is_some_and(has)
    };
    let wanted = |u: &User| {
        (u.enabled || inactive)
            && (ids.is_empty() || ids.contains(&u.id))
            && domain.is_none_or(|d| d == or_none(u.domain))
            && matches(u)
    };
    world.users.iter().enumerate().filter(|(_, u)| wanted(u)).map(|(at, _)| at).collect()
}

pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let row = |world: &World, at: usize| world.users.get(at).map(summary);
    page(world, call, &List { find: |world: &World| Ok(found(world, call)), key, row })
}

fn lookup_row(world: &World, at: usize) -> Option<Value> {
    world.users.get(at).map(|u| json!({"id": u.id, "value": u.display_name}))
}

pub(in super::super) fn lookup(world: &mut World, call: &Call) -> Answer {
    page(world, call, &List { find: |world: &World| Ok(found(world, call)), key, row: lookup_row })
}

/// Inactive ones included, unless the caller says no (facts 1.2).
pub(in super::super) fn application_accounts(world: &mut World, call: &Call) -> Answer {
    let text = call.args.search_text();
    let no = call.args.text("filter.includeInactive").is_some_and(|v| v.eq_ignore_ascii_case("false"));
    let wanted =
        |u: &User| u.application && (u.enabled || !no) && u.display_name.to_lowercase().contains(&text);
    let find = |world: &World| {
        Ok(world.users.iter().enumerate().filter(|(_, u)| wanted(u)).map(|(at, _)| at).collect())
    };
    page(world, call, &List { find, key, row: lookup_row })
}

pub(in super::super) fn domains(world: &mut World, call: &Call) -> Answer {
    short_page(world, call, vec![json!({"domainId": DOMAIN, "domainName": DOMAIN_NAME})])
}

pub(in super::super) fn stub(_: &mut World, _: &Call) -> Answer {
    let never = date_or_never(None);
    let mut answer = json!({
        "adAccountExpires": never, "created": never, "displayName": "", "domainId": -1, "emailAddress": null, "enabled": true,
        "externalUserSource": "None", "id": 0, "ipAddressRestrictions": null, "isApplicationAccount": false,
        "isEmailCopiedFromAD": false, "isEmailVerified": false, "isLockedOut": false, "lastLogin": never,
        "lastSessionActivity": null, "lockOutReason": null, "lockOutReasonDescription": null, "loginFailures": 0,
        "mustVerifyEmail": false, "oathVerified": false, "passwordLastChanged": never, "personalGroupId": 0,
        "resetSessionStarted": never, "userLcid": 0, "userName": "", "verifyEmailSentDate": never,
        "platformIntegrationType": "None",
    });
    if let Value::Object(members) = &mut answer {
        for (name, first) in KEPT {
            members.insert((*name).to_owned(), serde_json::from_str(first).unwrap_or(Value::Null));
        }
    }
    ok(answer)
}

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    ok(model(world.user(call.id(0)?).ok_or_else(denied)?, false))
}

pub(in super::super) fn audit(world: &mut World, call: &Call) -> Answer {
    let id = world.user(call.id(0)?).ok_or_else(denied)?.id;
    let name = |id: u32| world.user(id).map(|u| u.display_name.as_str());
    let rows = world
        .user_audit
        .iter()
        .filter(|a| a.user == id)
        .map(|a| {
            json!({
                "action": a.action, "databaseName": null, "dateRecorded": date(a.at), "displayName": name(a.by),
                "displayNameAffected": name(a.user), "ipAddress": null, "machineName": null, "notes": a.notes,
                "userId": a.by, "userIdAffected": a.user,
            })
        })
        .collect();
    short_page(world, call, rows)
}
