//! `/v1/secret-access-requests`: asking for access to a secret that wants approval. Who decides does so by hand:
//! [`Simulator::approve`](crate::simulator::Simulator::approve) and [`deny`](crate::simulator::Simulator::deny).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::or_none;
use super::secrets::find_active;
use crate::simulator::answer::{Answer, Refusal, date, denied, invalid, ok, refused};
use crate::simulator::call::{Call, Fields};
use crate::simulator::page::{List, no_key, page};
use crate::simulator::permission::SecretRole;
use crate::simulator::world::{AccessRequest, Asked, Decision, World};

/// Whoever decides: it is done by hand here, and by nobody in particular.
const APPROVER: &str = "Approver";

fn model(world: &World, request: &AccessRequest) -> Value {
    let status = request.status(Timestamp::now());
    let secret = world.secret(request.secret);
    let decided = request.responded.is_some();
    json!({
        "secretAccessRequestId": request.id, "secretId": request.secret, "secretName": secret.map(|s| &s.name),
        "folderId": or_none(secret.and_then(|s| s.folder_id)), "requestingUserId": request.user,
        "requestUsername": world.user(request.user).map(|u| &u.name), "requestComment": request.comment,
        "requestDate": date(request.asked), "startDate": date(request.start), "expirationDate": request.end.map(date),
        "ticketNumber": request.ticket, "ticketSystemId": request.ticket_system,
        "status": status.name(), "statusDescription": status.name(), "reviewStatusMessage": "",
        "completed": status != Decision::Pending, "approverDisplayName": decided.then_some(APPROVER),
        "responseComment": decided.then_some(&request.response), "responseDate": request.responded.map(date),
        "accessRequestWorkflowMapId": -1, "hasWorkflow": false, "currentUserRestrictedFromReviewing": false,
    })
}

fn instant(sent: Fields<'_>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let wrong = |_| invalid("The request is invalid.");
    sent.name(name).map(|text| text.parse().map_err(wrong)).transpose()
}

/// Asks. What is refused, and in which words, is inferred: no recorded refusal is known.
pub(in super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let number = sent.id("secretId").ok_or_else(|| invalid("Secret id is required."))?;
    let me = call.caller.id;
    let secret = world.secret(number).filter(|s| s.active);
    let secret =
        secret.filter(|s| world.may_with_secret(&call.caller, s, SecretRole::View)).ok_or_else(denied)?;
    if !secret.restrictions.approval {
        return Err(refused("API_ApprovalNotRequired", "The Secret does not require approval for access."));
    }
    if world.approved_until(number, me).is_some() || world.has_pending(number, me) {
        return Err(refused("API_AccessRequestExists", "Access to the Secret was requested already."));
    }
    let (start, end) = (instant(sent, "startDate")?, instant(sent, "expirationDate")?);
    if end.is_some_and(|end| end <= start.unwrap_or_else(Timestamp::now)) {
        return Err(invalid("The expiration date must be after the start date."));
    }
    let comment = sent.name("requestComment").ok_or_else(|| invalid("A comment is required."))?.to_owned();
    let ticket = sent.name("ticketNumber").map(str::to_owned);
    let asked = Asked { comment, ticket, ticket_system: sent.id("ticketSystemId"), start, end };
    let id = world.ask(number, me, asked);
    let request = world.access_requests.iter().find(|r| r.id == id).ok_or_else(denied)?;
    ok(model(world, request))
}

/// The requests for a secret: all of them for who owns it, one's own for others.
pub(in super::super) fn of_secret(world: &mut World, call: &Call) -> Answer {
    let id = find_active(world, call, SecretRole::View)?;
    let me = call.caller.id;
    let find = |world: &World| {
        let owns =
            world.secret(id).is_some_and(|s| world.may_with_secret(&call.caller, s, SecretRole::Owner));
        let shown = |r: &AccessRequest| r.secret == id && (owns || r.user == me);
        Ok(world.access_requests.iter().enumerate().filter(|(_, r)| shown(r)).map(|(at, _)| at).collect())
    };
    let row = |world: &World, at: usize| world.access_requests.get(at).map(|r| model(world, r));
    page(world, call, &List { find, key: no_key, row })
}

/// What stands before a secret by its configuration, whoever asks.
pub(in super::super) fn options(world: &mut World, call: &Call) -> Answer {
    let id = find_active(world, call, SecretRole::List)?;
    let wants = &world.secret(id).ok_or_else(denied)?.restrictions;
    let minutes = wants.check_out_minutes.unwrap_or(0);
    ok(json!({
        "requireCheckout": wants.check_out_minutes.is_some(), "isDefaultCheckoutInterval": wants.check_out_minutes.is_none(),
        "customCheckoutIntervalDays": minutes / (24 * 60), "customCheckoutIntervalHours": minutes / 60 % 24,
        "customCheckoutIntervalMinutes": minutes % 60, "requireCommentTicketNumber": wants.comment || wants.ticket,
        "enableRequiresApprovalForAccess": wants.approval, "editorsAlsoRequireApproval": wants.approval,
        "ownersAndApproversAlsoRequireApproval": wants.approval, "enableDoubleLock": wants.double_lock.is_some(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_expired_whoever_decided_what() {
        let now = Timestamp::now();
        let request = |decision, end| AccessRequest {
            id: 1,
            secret: 2,
            user: 3,
            comment: String::new(),
            ticket: None,
            ticket_system: None,
            asked: now,
            start: now,
            end,
            decision,
            response: String::new(),
            responded: None,
        };
        for (decision, after) in [
            (Decision::Pending, Decision::Expired),
            (Decision::Approved, Decision::Expired),
            (Decision::Denied, Decision::Denied),
        ] {
            assert_eq!(request(decision, Some(now)).status(now), after);
            assert_eq!(request(decision, None).status(now), decision);
        }
    }
}
