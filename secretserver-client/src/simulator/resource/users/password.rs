//! Passwords of users, and locking them out.

use serde_json::json;

use super::change::check_password;
use super::model;
use crate::simulator::answer::{Answer, denied, invalid, ok};
use crate::simulator::call::Call;
use crate::simulator::version::Version;
use crate::simulator::world::World;

/// In the versions before this one it ended the token of whoever called (facts 1.2).
const FIXED: Version = Version(10, 7, 0);

/// By an administrator. The number is in the path and in the body (example 16).
pub(in super::super::super) fn reset(world: &mut World, call: &Call) -> Answer {
    let (id, sent) = (call.id(0)?, call.data());
    if sent.id("userId") != Some(id) {
        return Err(invalid("The id in the body must be that of the path."));
    }
    let password = sent.text("password").unwrap_or_default();
    check_password(world, password)?;
    let user = world.user_mut(id).ok_or_else(denied)?;
    password.clone_into(&mut user.password);
    user.password_changed = Some(jiff::Timestamp::now());
    world.record_user(call.caller.id, id, "PASSWORD RESET", "");
    if Version::parse(&world.settings.version) < FIXED {
        world.expire_token(&call.caller.token);
    }
    ok(json!({"success": true}))
}

/// By the user itself.
pub(in super::super::super) fn change_own(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let (old, new) = (sent.text("currentPassword"), sent.text("newPassword").unwrap_or_default());
    let user = world.user(call.caller.id).ok_or_else(denied)?;
    if old != Some(user.password.as_str()) {
        return Err(invalid("The current password is not correct."));
    }
    check_password(world, new)?;
    let user = world.user_mut(call.caller.id).ok_or_else(denied)?;
    new.clone_into(&mut user.password);
    user.password_changed = Some(jiff::Timestamp::now());
    let answer = model(user, false);
    world.record_user(call.caller.id, call.caller.id, "PASSWORD CHANGE", "");
    ok(answer)
}

pub(in super::super::super) fn lock_out(world: &mut World, call: &Call) -> Answer {
    let (id, sent) = (call.id(0)?, call.data());
    let reason = sent.text("reasonType").unwrap_or("Other").to_owned();
    let description = sent.text("description").unwrap_or_default().to_owned();
    let user = world.user_mut(id).ok_or_else(denied)?;
    user.locked = true;
    user.kept.insert("lockOutReason".to_owned(), json!(reason));
    user.kept.insert("lockOutReasonDescription".to_owned(), json!(description));
    world.sign_out(id);
    world.record_user(call.caller.id, id, "LOCK OUT", &description);
    ok(json!({"success": true}))
}

pub(in super::super::super) fn reset_two_factor(world: &mut World, call: &Call) -> Answer {
    let (id, sent) = (call.id(0)?, call.data());
    let kind = sent.text("twoFactorType").unwrap_or_default().to_owned();
    if kind != "Oath" && kind != "Fido" {
        return Err(invalid("The request is invalid."));
    }
    let user = world.user_mut(id).ok_or_else(denied)?;
    if kind == "Oath" {
        user.otp = None;
    }
    world.record_user(call.caller.id, id, "RESET TWO FACTOR", &kind);
    ok(json!({"success": true}))
}
