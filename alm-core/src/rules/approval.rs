//! Votes.

use std::collections::BTreeSet;

use super::access;
use crate::model::ids::PersonId;
use crate::model::people::{Group, Person};
use crate::model::refusal::Refusal;
use crate::model::request::{Decision, Request, RequestStatus};
use crate::model::template::{ApprovalStep, TemplateBody};

/// What a vote leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The step needs more votes.
    Waiting,
    /// The next step begins.
    NextStep,
    /// The last step is met.
    Approved,
    /// Denied; one denial ends the request.
    Rejected,
}

/// Whether a step names the person, directly or by an enabled group.
pub fn names(step: &ApprovalStep, person: PersonId, groups: &[Group]) -> bool {
    step.people.contains(&person) || access::is_in_any(person, &step.groups, groups)
}

/// The enabled people who may vote in a step now: those it names, without the requester.
pub fn approvers(
    step: &ApprovalStep,
    requester: PersonId,
    people: &[Person],
    groups: &[Group],
) -> BTreeSet<PersonId> {
    people
        .iter()
        .filter(|person| person.enabled && person.id != requester && names(step, person.id, groups))
        .map(|person| person.id)
        .collect()
}

/// Decides a vote. Entitlement is judged now, at the moment of the vote.
///
/// # Errors
/// R-8 when nothing is being voted on, R-11 for one's own request, for a second vote in the step, and for someone the step does not name,
/// R-7 for a denial without a reason.
pub fn decide(
    request: &Request,
    body: &TemplateBody,
    voter: &Person,
    groups: &[Group],
    decision: &Decision,
) -> Result<Verdict, Refusal> {
    if request.status != RequestStatus::Submitted {
        return Err(Refusal::new("R-8", "request", format!("is {:?} and waits for no vote", request.status)));
    }
    let Some(step) = body.approval.get(request.step) else {
        return Err(Refusal::new("R-8", "request", "has no step left to vote on"));
    };
    if voter.id == request.requester {
        return Err(Refusal::new("R-11", "approver", "nobody votes on their own request"));
    }
    if !voter.enabled || !names(step, voter.id, groups) {
        return Err(Refusal::new(
            "R-11",
            "approver",
            format!("{} is not an approver of step {} ({})", voter.display_name, request.step + 1, step.name),
        ));
    }
    if request.votes.iter().any(|vote| vote.step == request.step && vote.person == voter.id) {
        return Err(Refusal::new(
            "R-11",
            "approver",
            format!("{} has voted in step {} already", voter.display_name, request.step + 1),
        ));
    }
    match decision {
        Decision::Deny { reason } => {
            super::text::check("R-7", "reason", reason, 4_000, true, true)?;
            Ok(Verdict::Rejected)
        }
        Decision::Approve => {
            let before = approvals(request, request.step);
            if before + 1 < step.required as usize {
                Ok(Verdict::Waiting)
            } else if request.step + 1 < body.approval.len() {
                Ok(Verdict::NextStep)
            } else {
                Ok(Verdict::Approved)
            }
        }
    }
}

/// How many distinct people approved a step.
fn approvals(request: &Request, step: usize) -> usize {
    request
        .votes
        .iter()
        .filter(|vote| vote.step == step && vote.decision == Decision::Approve)
        .map(|vote| vote.person)
        .collect::<BTreeSet<_>>()
        .len()
}
