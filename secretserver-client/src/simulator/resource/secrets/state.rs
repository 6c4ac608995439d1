//! `GET /v1/secrets/{id}/state`: what stands before a secret, and what the caller may do with it. Changes nothing.

use jiff::Timestamp;
use serde_json::json;

use super::super::or_none;
use super::find;
use crate::simulator::answer::{Answer, date, denied, ok};
use crate::simulator::call::Call;
use crate::simulator::permission::{SecretRole, right};
use crate::simulator::world::{StoredSecret, World};

/// Minutes until the check-out ends, begun ones counted.
pub(super) fn minutes_left(secret: &StoredSecret) -> Option<i64> {
    let left = secret.held.as_ref()?.until.duration_since(Timestamp::now()).as_secs().max(0);
    Some(left.saturating_add(59) / 60)
}

pub(in super::super::super) fn state(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call, SecretRole::List)?;
    let caller = &call.caller;
    let secret =
        world.secret(id).filter(|s| s.active || caller.has(right::VIEW_DELETED)).ok_or_else(denied)?;
    let role = world.secret_role(caller, secret);
    let state = if secret.active && role < SecretRole::View {
        "CannotView"
    } else {
        secret.state_for(caller.id, world.approved_until(id, caller.id).is_some())
    };
    let holder = secret.held.as_ref().map(|h| h.user);
    let mine = holder == Some(caller.id);
    let outside = state.starts_with("RequiresCheckout");
    // Null and not false as long as it is not checked out, as recorded (example 28).
    let approval = world.approved_until(id, caller.id);
    ok(json!({
        "id": secret.id, "secretName": secret.name, "folderId": or_none(secret.folder_id),
        "folderName": secret.folder_id.and_then(|f| world.folder(f)).map(|f| &f.name), "secretState": state,
        "isActive": secret.active, "isCheckedOut": holder.map(|_| true), "checkedOutUserId": holder,
        "checkOutMinutesRemaining": minutes_left(secret),
        "checkedOutUserDisplayName": holder.and_then(|u| world.user(u)).map(|u| &u.display_name),
        "isCheckedOutByCurrentUser": holder.map(|_| mine), "checkOutIntervalMinutes": secret.restrictions.check_out_minutes,
        "passwordChangePending": secret.pending.is_some(), "inheritPermissions": secret.sharing.is_none(),
        "approvalEnd": approval.map(date), "role": null, "actions": actions(secret, call, role, mine, outside),
    }))
}

fn actions(
    secret: &StoredSecret,
    call: &Call,
    role: SecretRole,
    mine: bool,
    outside: bool,
) -> Vec<&'static str> {
    let caller = &call.caller;
    let mut actions = vec!["ViewGeneralDetails", "ViewDependencies"];
    if !secret.active {
        actions.extend((role >= SecretRole::Owner).then_some("Undelete"));
        return actions;
    }
    actions.extend(caller.has(right::SECRET_AUDIT).then_some("ViewAudit"));
    if role >= SecretRole::View {
        actions.extend(["ViewSettings", "ViewSecurity", "ViewExpiration", "ViewShare", "Heartbeat"]);
        actions.extend((outside && secret.held.is_none()).then_some("Checkout"));
        actions.extend(mine.then_some("Checkin"));
        let force = secret.held.is_some() && !mine && caller.has(right::FORCE_CHECK_IN);
        actions.extend(force.then_some("ForceCheckin"));
    }
    if role >= SecretRole::Edit {
        actions.extend(["Edit", "EditExpiration", "Expire", "ChangePasswordNow", "EditDependencies"]);
    }
    if role >= SecretRole::Owner {
        actions.extend(["Delete", "EditShare", "EditSecurity", "ConvertTemplate", "Copy"]);
    }
    actions
}
