//! Making and changing users.

use serde_json::Value;

use super::super::deleted;
use super::{KEPT, model};
use crate::simulator::answer::{Answer, Refusal, denied, invalid, ok, refused};
use crate::simulator::call::{Call, Fields};
use crate::simulator::permission::right;
use crate::simulator::world::{DEFAULT_ROLE, DOMAIN, User, World};

/// The words of the refusal are not known (facts 1.2: "or 400").
pub(super) fn check_password(world: &World, password: &str) -> Result<(), Refusal> {
    if password.is_empty() || password.chars().count() < world.settings.password_length {
        return Err(invalid("The password does not meet the requirements."));
    }
    Ok(())
}

fn check_application(world: &World, call: &Call) -> Result<(), Refusal> {
    if !call.caller.has(right::APPLICATION_ACCOUNTS) {
        return Err(denied());
    }
    let used = world.users.iter().filter(|u| u.application && u.enabled).count();
    if world.settings.application_accounts.is_some_and(|licensed| used >= licensed) {
        let text = "The licence allows no further application accounts.";
        return Err(refused("API_MetApplicationAPILimit", text));
    }
    Ok(())
}

pub(in super::super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let name = sent.name("userName").ok_or_else(|| invalid("User name is required."))?;
    let display = sent.name("displayName").ok_or_else(|| invalid("Display name is required."))?;
    let password = sent.text("password").unwrap_or_default();
    check_password(world, password)?;
    if world.user_by_name(name).is_some() {
        return Err(refused("API_DuplicateUserName", "A user with this name already exists."));
    }
    let domain = sent.id("domainId");
    if domain.is_some_and(|d| d != DOMAIN) {
        return Err(invalid("The domain does not exist."));
    }
    let application = sent.flag("isApplicationAccount") == Some(true);
    if application {
        check_application(world, call)?;
    }
    let role = world.roles.iter().find(|r| r.name == DEFAULT_ROLE).map(|r| r.id);
    let id = world.new_user(name, password);
    let user = world.user_mut(id).ok_or_else(denied)?;
    display.clone_into(&mut user.display_name);
    user.email = sent.text("emailAddress").map(str::to_owned);
    user.enabled = sent.flag("enabled").unwrap_or(true);
    user.application = application;
    user.domain = domain;
    user.roles.extend(role);
    keep(user, sent);
    let answer = model(user, true);
    world.record_user(call.caller.id, id, "CREATE", "");
    ok(answer)
}

fn keep(user: &mut User, sent: Fields<'_>) {
    for (name, _) in KEPT {
        if let Some(value) = sent.raw(name) {
            user.kept.insert((*name).to_owned(), value.clone());
        }
    }
}

/// What of a user is to change; `None` leaves a part as it is.
#[allow(clippy::option_option, reason = "the outer says whether it changes, the inner to what")]
#[derive(Default)]
struct Changes<'c> {
    display_name: Option<&'c str>,
    email: Option<Option<&'c str>>,
    enabled: Option<bool>,
    application: Option<bool>,
    locked: Option<bool>,
    failures: Option<u32>,
    password: Option<&'c str>,
}

fn apply(world: &mut World, call: &Call, id: u32, changes: &Changes<'_>) -> Result<(), Refusal> {
    let before = world.user(id).ok_or_else(denied)?.application;
    if let Some(password) = changes.password {
        check_password(world, password)?;
    }
    if changes.display_name.is_some_and(|n| n.trim().is_empty()) {
        return Err(invalid("Display name is required."));
    }
    if changes.application == Some(true) && !before {
        check_application(world, call)?;
    }
    let user = world.user_mut(id).ok_or_else(denied)?;
    if let Some(name) = changes.display_name {
        name.clone_into(&mut user.display_name);
    }
    if let Some(email) = changes.email {
        user.email = email.map(str::to_owned);
    }
    if let Some(application) = changes.application {
        user.application = application;
    }
    if let Some(password) = changes.password {
        password.clone_into(&mut user.password);
        user.password_changed = Some(jiff::Timestamp::now());
    }
    if let Some(failures) = changes.failures {
        user.failures = failures;
    }
    if let Some(locked) = changes.locked {
        user.locked = locked;
        if !locked {
            user.failures = 0;
        }
    }
    if let Some(enabled) = changes.enabled {
        user.enabled = enabled;
    }
    if changes.enabled == Some(false) || changes.locked == Some(true) {
        world.sign_out(id);
    }
    world.record_user(call.caller.id, id, "EDIT", "");
    Ok(())
}

/// The whole user; the number in the body must be that of the path (facts 2.7).
pub(in super::super::super) fn replace(world: &mut World, call: &Call) -> Answer {
    let (id, sent) = (call.id(0)?, call.fields());
    if sent.id("id") != Some(id) {
        return Err(invalid("The id in the body must be that of the path."));
    }
    let changes = Changes {
        display_name: sent.text("displayName"),
        email: sent.raw("emailAddress").map(Value::as_str),
        enabled: sent.flag("enabled"),
        application: sent.flag("isApplicationAccount"),
        locked: sent.flag("isLockedOut"),
        failures: sent.int("loginFailures").and_then(|n| u32::try_from(n).ok()),
        password: sent.text("password").filter(|p| !p.is_empty()),
    };
    apply(world, call, id, &changes)?;
    let user = world.user_mut(id).ok_or_else(denied)?;
    keep(user, sent);
    ok(model(user, false))
}

/// What is dirty, without `data` around it (facts 2.7).
pub(in super::super::super) fn patch(world: &mut World, call: &Call) -> Answer {
    let (id, sent) = (call.id(0)?, call.fields());
    let text = |name| sent.dirty(name).map(|v| v.and_then(Value::as_str).unwrap_or_default());
    let flag = |name| sent.dirty(name).map(|v| v.and_then(Value::as_bool).unwrap_or(false));
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let changes = Changes {
        display_name: text("displayName"),
        email: sent.dirty("emailAddress").map(|v| v.and_then(Value::as_str)),
        enabled: flag("enabled"),
        application: flag("isApplicationAccount"),
        locked: flag("isLockedOut"),
        failures: sent.dirty("loginFailures").map(|v| number(v).unwrap_or(0)),
        password: text("password"),
    };
    apply(world, call, id, &changes)?;
    let user = world.user_mut(id).ok_or_else(denied)?;
    for (name, _) in KEPT {
        if let Some(value) = sent.dirty(name) {
            user.kept.insert((*name).to_owned(), value.cloned().unwrap_or(Value::Null));
        }
    }
    ok(model(user, false))
}

/// Only disables (example 17). A disabled one is refused.
pub(in super::super::super) fn disable(world: &mut World, call: &Call) -> Answer {
    let id = call.id(0)?;
    world.user(id).filter(|u| u.enabled).ok_or_else(denied)?;
    let changes = Changes { enabled: Some(false), ..Changes::default() };
    apply(world, call, id, &changes)?;
    deleted(id, "User")
}
