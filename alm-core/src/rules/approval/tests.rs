use uuid::Uuid;

use super::*;
use crate::model::ids::DelegationId;
use crate::rules::fixture::{HOUR, body, now, person, request};

fn vote(step: usize, person: &Person, on_behalf_of: Option<&Person>, decision: Decision) -> Vote {
    Vote { step, person: person.id, on_behalf_of: on_behalf_of.map(|person| person.id), at: now(), decision }
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
    assert_eq!(approve(&request, &body, &administrator).unwrap_err().rule(), "R-11", "it is not over yet");
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
        assert_eq!((refusal.rule(), refusal.message()), ("R-11", expected.as_str()), "{:?}", request.votes);
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
    assert_eq!(approve(&request, &body, &Voter::new(&ann)), Ok(Verdict::Waiting), "none of the step before");
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

#[test]
fn r_11_approvers_are_the_enabled_people_a_step_names_but_for_the_requester() {
    let mut people = [1, 2, 3, 4].map(person);
    people[2].enabled = false;
    let step = step(&[&people[0], &people[1], &people[2]]);
    assert_eq!(approvers(&step, people[0].id, &people, &[]), [people[1].id].into());
}

#[test]
fn r_11_a_step_escalates_after_its_hours_or_never() {
    let mut step = step(&[]);
    assert_eq!(escalates_at(&step, now()), None);
    step.escalate_after_hours = Some(24);
    assert_eq!(escalates_at(&step, now()), Some(now() + HOUR * 24));
    step.escalate_after_hours = Some(u32::MAX);
    assert_eq!(escalates_at(&step, now()), Some(Timestamp::MAX));
}

#[test]
fn r_11_nobody_votes_on_their_own_request_on_any_way() {
    let [own, ann] = [1, 2].map(person);
    let mut body = body();
    body.approval = vec![step(&[&own, &ann])];
    let (to_ann, to_own) = ([delegation(&own, &ann)], [delegation(&ann, &own)]);
    let ways = [
        Voter::new(&own),
        Voter::new(&own).in_place_of(&ann, &to_own),
        Voter::new(&ann).in_place_of(&own, &to_ann),
    ];
    for voter in ways {
        let refusal = approve(&request(), &body, &voter).unwrap_err();
        assert_eq!(refusal.message(), "nobody votes on their own request, nor lets another", "{voter:?}");
    }
    assert_eq!(approve(&request(), &body, &Voter::new(&ann)), Ok(Verdict::Waiting));
}

#[test]
fn r_11_a_place_is_taken_by_whom_it_was_given_to_while_that_holds() {
    let [ann, ben, cid] = [2, 3, 4].map(person);
    let mut body = body();
    body.approval = vec![step(&[&ann])];
    let right = delegation(&ann, &ben);
    let over = Delegation { until: now(), ..right };
    let early = Delegation { since: now() + HOUR, ..right };
    let wrong = [delegation(&cid, &ben), delegation(&ann, &cid), over, early];
    for one in &wrong {
        let agreed = std::slice::from_ref(one);
        let refusal = approve(&request(), &body, &Voter::new(&ben).in_place_of(&ann, agreed)).unwrap_err();
        assert!(refusal.message().contains("may not vote in the place of person 2"), "{one:?}");
    }
    let agreed = [&wrong[..], &[right]].concat();
    assert_eq!(
        approve(&request(), &body, &Voter::new(&ben).in_place_of(&ann, &agreed)),
        Ok(Verdict::Approved)
    );
}

#[test]
fn r_11_neither_of_the_two_may_be_disabled() {
    let [mut ann, mut ben] = [2, 3].map(person);
    let mut body = body();
    body.approval = vec![step(&[&ann])];
    let agreed = [delegation(&ann, &ben)];
    for (ann_enabled, ben_enabled, votes) in [(true, true, true), (false, true, false), (true, false, false)]
    {
        (ann.enabled, ben.enabled) = (ann_enabled, ben_enabled);
        let vote = approve(&request(), &body, &Voter::new(&ben).in_place_of(&ann, &agreed));
        assert_eq!(vote.is_ok(), votes, "{ann_enabled} {ben_enabled}");
    }
    (ann.enabled, ben.enabled) = (false, true);
    assert!(approve(&request(), &body, &Voter::new(&ann)).is_err());
}
