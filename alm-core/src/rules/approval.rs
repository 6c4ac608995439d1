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
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::ids::DelegationId;
    use crate::rules::fixture::{HOUR, body, now, person, request};

    fn vote(step: usize, person: &Person, on_behalf_of: Option<&Person>, decision: Decision) -> Vote {
        Vote {
            step,
            person: person.id,
            on_behalf_of: on_behalf_of.map(|person| person.id),
            at: now(),
            decision,
        }
    }

    fn delegation(from: &Person, to: &Person) -> Delegation {
        let id = DelegationId::new(Uuid::from_u128(1));
        Delegation { id, from: from.id, to: to.id, since: now() - HOUR, until: now() + HOUR }
    }

    /// One step that these must all approve.
    fn step(people: &[&Person]) -> ApprovalStep {
        let required = u32::try_from(people.len()).unwrap();
        ApprovalStep { required, ..ApprovalStep::of_people("line", people.iter().map(|person| person.id)) }
    }

    fn approve(request: &Request, body: &TemplateBody, voter: &Voter<'_>) -> Result<Verdict, Refusal> {
        decide(request, body, voter, &[], now(), &Decision::Approve)
    }

    #[test]
    fn r_11_administrators_vote_in_their_own_right_once_the_time_is_over() {
        let [ann, ben, eve] = [2, 3, 4].map(person);
        let mut body = body();
        body.approval = vec![step(&[&ann])];
        let mut request = request();
        let administrator = Voter::new(&ben).administers(true);
        assert_eq!(
            approve(&request, &body, &administrator).unwrap_err().rule(),
            "R-11",
            "it is not over yet"
        );
        assert!(approve(&request, &body, &Voter::new(&ben)).is_err(), "not named");
        request.escalated = true;
        assert_eq!(approve(&request, &body, &administrator), Ok(Verdict::Approved));
        assert!(approve(&request, &body, &Voter::new(&ben)).is_err(), "no administrator");
        let agreed = [delegation(&eve, &ben)];
        let refusal = approve(&request, &body, &administrator.in_place_of(&eve, &agreed)).unwrap_err();
        assert_eq!(refusal.message(), "person 4 is not an approver of step 1 (line)");
    }

    #[test]
    fn r_11_the_refusal_says_whose_vote_is_used_up() {
        let [ann, ben, cid] = [2, 3, 4].map(person);
        let mut body = body();
        body.approval = vec![step(&[&ann, &ben])];
        let (to_ben, to_ann) = ([delegation(&ann, &ben)], [delegation(&ben, &ann)]);
        let ann_for_ben = Voter::new(&ann).in_place_of(&ben, &to_ann);
        let ben_for_ann = Voter::new(&ben).in_place_of(&ann, &to_ben);
        for (given, voter, whose) in [
            (vote(0, &ann, None, Decision::Approve), Voter::new(&ann), "person 2"),
            (vote(0, &ann, Some(&ben), Decision::Approve), Voter::new(&ann), "person 2"),
            (vote(0, &cid, Some(&ann), Decision::Approve), Voter::new(&ann), "person 2"),
            (vote(0, &ben, None, Decision::Approve), ann_for_ben, "person 3"),
            (vote(0, &cid, Some(&ben), Decision::Approve), ann_for_ben, "person 3"),
            (vote(0, &cid, Some(&ann), Decision::Approve), ann_for_ben, "person 2"),
            (vote(0, &ann, None, Decision::Approve), ben_for_ann, "person 2"),
        ] {
            let mut request = request();
            request.votes = vec![given];
            let refusal = approve(&request, &body, &voter).unwrap_err();
            let expected = format!("the vote of {whose} in step 1 is given already");
            assert_eq!(
                (refusal.rule(), refusal.message()),
                ("R-11", expected.as_str()),
                "{:?}",
                request.votes
            );
        }
    }

    #[test]
    fn r_8_a_step_needs_its_own_approvals() {
        let [ann, ben] = [2, 3].map(person);
        let mut body = body();
        body.approval = vec![step(&[&ann, &ben]), step(&[&ann, &ben])];
        let mut request = request();
        request.votes = vec![vote(0, &ann, None, Decision::Approve)];
        assert_eq!(approve(&request, &body, &Voter::new(&ben)), Ok(Verdict::NextStep));
        request.votes.push(vote(0, &ben, None, Decision::Approve));
        request.step = 1;
        assert_eq!(
            approve(&request, &body, &Voter::new(&ann)),
            Ok(Verdict::Waiting),
            "none of the step before"
        );
        request.votes.push(vote(1, &ann, None, Decision::Deny { reason: "why?".into() }));
        assert_eq!(approve(&request, &body, &Voter::new(&ben)), Ok(Verdict::Waiting), "no denial");
        request.votes.pop();
        request.votes.push(vote(1, &ann, None, Decision::Approve));
        assert_eq!(approve(&request, &body, &Voter::new(&ben)), Ok(Verdict::Approved));
    }

    #[test]
    fn r_11_a_delegation_may_last_the_longest_year() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let leap_year = at("2029-01-01T00:00:00Z").duration_since(at("2028-01-01T00:00:00Z"));
        assert_eq!(LONGEST_DELEGATION, leap_year);
    }
}
