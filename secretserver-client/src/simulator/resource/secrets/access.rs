//! Check-out and check-in, comments, and what is done on the machine behind a secret: heartbeat, expiry, change of the password. The last two are
//! finished by the time of the next request.

use serde_json::json;

use super::{find_active, view};
use crate::simulator::answer::{Answer, Refusal, denied, ok, refused};
use crate::simulator::call::Call;
use crate::simulator::permission::{SecretRole, right};
use crate::simulator::world::{Ask, World, random};

fn answer(world: &World, id: u32) -> Answer {
    ok(view::summary(world, world.secret(id).ok_or_else(denied)?, &[]))
}

/// Wants the comment first, where one is due (facts 2.7): this request has no place for it.
pub(in super::super::super) fn check_out(world: &mut World, call: &Call) -> Answer {
    let id = find_active(world, call, SecretRole::View)?;
    let wanted = world.secret(id).is_some_and(|s| s.restrictions.check_out_minutes.is_some());
    if !wanted {
        return Err(refused("API_CheckOutNotEnabled", "Check out is not enabled for this Secret."));
    }
    world.pass(call, id, &Ask::of(call, true))?;
    ok(json!({"responseCodes": null}))
}

/// Of whoever has it; of others by force, with a permission for it. What is in already stays so.
pub(in super::super::super) fn check_in(world: &mut World, call: &Call) -> Answer {
    let id = find_active(world, call, SecretRole::View)?;
    let force = call.fields().flag("forceCheckIn") == Some(true) && call.caller.has(right::FORCE_CHECK_IN);
    match world.secret(id).and_then(|s| s.held.as_ref()).map(|h| h.user) {
        None => {}
        Some(holder) if holder == call.caller.id || force => {
            world.waiting.insert(id);
            if let Some(secret) = world.secret_mut(id) {
                secret.release();
            }
            world.record(&call.caller.name, "CHECK IN", id);
        }
        Some(_) => {
            let text = "The requested Secret is checked out by another user.";
            return Err(refused("API_ValidateSecretAccessCheckedOut", text));
        }
    }
    answer(world, id)
}

pub(in super::super::super) fn view_comment(world: &mut World, call: &Call) -> Answer {
    let id = find_active(world, call, SecretRole::View)?;
    let said = call.fields();
    let wants = world.secret(id).map(|s| (s.restrictions.comment, s.restrictions.ticket)).unwrap_or_default();
    if wants.0 && said.name("comment").is_none() || wants.1 && said.name("ticketNumber").is_none() {
        let text = "The requested Secret requires a comment when viewed.";
        return Err(refused("API_ValidateSecretAccessCommentRequired", text));
    }
    world.comment(call, id, said);
    ok(json!(true))
}

/// A secret on whose machine something is to be done.
fn begun(world: &mut World, call: &Call, needed: SecretRole, action: &str) -> Result<u32, Refusal> {
    let id = find_active(world, call, needed)?;
    world.pass(call, id, &Ask::of(call, false))?;
    world.waiting.insert(id);
    world.record(&call.caller.name, action, id);
    Ok(id)
}

pub(in super::super::super) fn heartbeat(world: &mut World, call: &Call) -> Answer {
    let id = begun(world, call, SecretRole::View, "HEARTBEAT")?;
    if let Some(secret) = world.secret_mut(id) {
        "Pending".clone_into(&mut secret.heart);
        secret.heart_due = true;
    }
    let answered = answer(world, id);
    world.passed(call, id, &Ask::of(call, false));
    answered
}

pub(in super::super::super) fn expire(world: &mut World, call: &Call) -> Answer {
    let id = begun(world, call, SecretRole::Edit, "EXPIRE")?;
    if let Some(secret) = world.secret_mut(id) {
        secret.expired = true;
    }
    let answered = answer(world, id);
    world.passed(call, id, &Ask::of(call, false));
    answered
}

pub(in super::super::super) fn change_password(world: &mut World, call: &Call) -> Answer {
    let id = begun(world, call, SecretRole::Edit, "CHANGE PASSWORD")?;
    let password = call.fields().text("newPassword").filter(|p| !p.is_empty());
    if let Some(secret) = world.secret_mut(id) {
        secret.pending = Some(password.map_or_else(random, str::to_owned));
        "Processing".clone_into(&mut secret.heart);
    }
    let answered = answer(world, id);
    world.passed(call, id, &Ask::of(call, false));
    answered
}
