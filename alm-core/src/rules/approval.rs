//! Votes.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use super::access;
use crate::model::ids::PersonId;
use crate::model::people::{Group, Person};
use crate::model::refusal::Refusal;
use crate::model::request::{Decision, Delegation, Request, RequestStatus, Vote};
use crate::model::template::{ApprovalStep, TemplateBody};

/// After how many hours a step may escalate: at least one, at most a year.
pub const ESCALATION_HOURS: RangeInclusive<u32> = 1..=8_760;
/// How long a delegation may be at most (R-11: for a period).
pub const LONGEST_DELEGATION: SignedDuration = SignedDuration::from_hours(366 * 24);

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

/// When a step that begins now goes to the administrators as well.
pub fn escalates_at(step: &ApprovalStep, now: Timestamp) -> Option<Timestamp> {
    let hours = step.escalate_after_hours?;
    Some(now.checked_add(SignedDuration::from_hours(hours.into())).unwrap_or(Timestamp::MAX))
}

/// Who votes, and by what right.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Voter<'a> {
    /// Who.
    pub person: &'a Person,
    /// Whether they administer: then they may vote in a step whose time is over.
    pub administers: bool,
    /// In whose place, with what the two of them agreed, if it is not their own.
    pub for_another: Option<(&'a Person, &'a [Delegation])>,
}

impl<'a> Voter<'a> {
    /// In their own right.
    pub const fn new(person: &'a Person) -> Self {
        Self { person, administers: false, for_another: None }
    }

    /// Somebody who may administer.
    #[must_use]
    pub const fn administers(mut self, administers: bool) -> Self {
        self.administers = administers;
        self
    }

    /// In another's place.
    #[must_use]
    pub const fn in_place_of(mut self, person: &'a Person, agreed: &'a [Delegation]) -> Self {
        self.for_another = Some((person, agreed));
        self
    }

    /// The vote that is theirs.
    pub fn vote(&self, request: &Request, now: Timestamp, decision: Decision) -> Vote {
        let on_behalf_of = self.for_another.map(|(person, _)| person.id);
        Vote { step: request.step, person: self.person.id, on_behalf_of, at: now, decision }
    }
}

/// Decides a vote. Entitlement is judged now, at the moment of the vote.
///
/// Whoever votes in another's place uses it up: neither of the two has another vote in the step. Nobody can pass on a place that is not
/// their own, and the requester's own request is closed to them on every way.
///
/// # Errors
/// R-8 when nothing is being voted on, R-11 for one's own request, for a second vote in the step, for a delegation that does not
/// hold, and for someone the step does not name, R-7 for a denial without a reason.
pub fn decide(
    request: &Request,
    body: &TemplateBody,
    voter: &Voter<'_>,
    groups: &[Group],
    now: Timestamp,
    decision: &Decision,
) -> Result<Verdict, Refusal> {
    let refuse = |message: String| Err(Refusal::new("R-11", "approver", message));
    if request.status != RequestStatus::Submitted {
        return Err(Refusal::new("R-8", "request", format!("is {:?} and waits for no vote", request.status)));
    }
    let Some(step) = body.approval.get(request.step) else {
        return Err(Refusal::new("R-8", "request", "has no step left to vote on"));
    };
    let number = request.step + 1;
    let person = voter.person;
    let seat = voter.for_another.map_or(person, |(principal, _)| principal);
    if person.id == request.requester || seat.id == request.requester {
        return refuse("nobody votes on their own request, nor lets another".to_owned());
    }
    if let Some((principal, agreed)) = voter.for_another {
        let holds = |delegation: &Delegation| {
            delegation.from == principal.id && delegation.to == person.id && delegation.holds_at(now)
        };
        if !agreed.iter().any(holds) {
            let (to, from) = (&person.display_name, &principal.display_name);
            return refuse(format!("{to} may not vote in the place of {from} at this moment"));
        }
    }
    let in_own_right = voter.for_another.is_none();
    let entitled = names(step, seat.id, groups) || (in_own_right && request.escalated && voter.administers);
    if !person.enabled || !seat.enabled || !entitled {
        return refuse(format!("{} is not an approver of step {number} ({})", seat.display_name, step.name));
    }
    let used = |who: &Person| {
        let by = |vote: &Vote| [Some(vote.person), vote.on_behalf_of].contains(&Some(who.id));
        request.votes.iter().any(|vote| vote.step == request.step && by(vote))
    };
    if let Some(who) = [person, seat].into_iter().find(|who| used(who)) {
        return refuse(format!("the vote of {} in step {number} is given already", who.display_name));
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

#[cfg(test)]
mod tests;
