//! Who votes in whose place, what happens when nobody does, who publishes (T-10), and clones (M-3).

use std::sync::Arc;

use alm_core::engine::PlaceInspector;
use alm_core::model::account::{Account, Owner};
use alm_core::model::event::EventKind;
use alm_core::model::ids::RequestId;
use alm_core::model::people::{APPROVER, Person, REQUESTER, SYSTEM_ADMINISTRATOR};
use alm_core::model::period::Period;
use alm_core::model::request::{Delegation, Request, RequestForm, RequestStatus};
use alm_core::model::template::{ApprovalStep, EolAction};
use alm_core::port::store::RecordKind;
use alm_core::service::Settings;
use alm_core::service::accounts::{DeleteAccount, DisableAccount, SetOwners};
use alm_core::service::approvals::CastVote;
use alm_core::service::cloning::CloneAccount;
use alm_core::service::delegations::{Delegate, EndDelegation};
use alm_core::service::groups::ChangeMembers;
use alm_core::service::people::{AddPerson, SetPersonEnabled};
use alm_core::service::publishing::{ApproveTemplate, ProposeTemplate, PublishTemplate, RejectTemplate};
use alm_core::service::requests::{DraftRequest, EditRequest, SubmitRequest};
use alm_core::service::templates::{DraftTemplate, EditTemplate};
use alm_core::{Alm, Caller, ErrorKind};
use jiff::SignedDuration;

use super::rules::{proves, received};
use super::world::World;

impl World {
    fn in_days(&self, days: i64) -> jiff::Timestamp {
        use alm_core::port::clock::Clock as _;
        self.clock.now() + SignedDuration::from_hours(24 * days)
    }

    /// A request whose first step needs so many of the leads, and goes to the administrators after so many hours.
    async fn waiting(&self, required: u32, hours: Option<u32>) -> RequestId {
        let mut body = self.body(EolAction::Review);
        let mut step = ApprovalStep::of_people("leads", [self.lead.person, self.lead2.person]);
        step.people.insert(self.security.person);
        step.required = required;
        step.escalate_after_hours = hours;
        body.approval = vec![step, ApprovalStep::of_people("security", [self.security.person])];
        let template = self.publish(&format!("waiting {required} {hours:?}"), body).await;
        self.submitted(template, &format!("job-{required}-{}", hours.unwrap_or(0))).await
    }
}

#[tokio::test]
async fn r_11_an_approver_lets_another_vote_for_a_period() {
    let world = World::new().await;
    let until = world.in_days(7);
    let delegation = world.execute(&world.lead, Delegate::new(world.stranger.person, until)).await.unwrap();
    let request = world.waiting(2, None).await;
    // The stand-in is told as the approvers are, and may look at the request.
    let asked = world.events(EventKind::ApprovalRequired).await;
    assert!(asked.iter().any(|event| event.to.contains(&world.stranger.person)));
    world.alm.request(&world.stranger, request).await.unwrap();

    // Not in their own right, not in the place of another, not in the place of somebody who did not say so.
    world.refused(&world.stranger, CastVote::approve(request), "R-11").await;
    let for_lead = CastVote::approve(request).on_behalf_of(world.lead.person);
    let for_lead2 = CastVote::approve(request).on_behalf_of(world.lead2.person);
    world.refused(&world.stranger, for_lead2, "R-11").await;
    let status = world.execute(&world.stranger, for_lead.clone()).await.unwrap();
    assert_eq!(status, RequestStatus::Submitted);
    let stored: Request = world.document(request.uuid()).await;
    assert_eq!(stored.votes[0].on_behalf_of, Some(world.lead.person));
    // The place is used up, and so is the stand-in.
    world.refused(&world.lead, CastVote::approve(request), "R-11").await;
    world.refused(&world.stranger, for_lead.clone(), "R-11").await;
    world.execute(&world.lead2, Delegate::new(world.stranger.person, until)).await.unwrap();
    let for_lead2 = CastVote::approve(request).on_behalf_of(world.lead2.person);
    world.refused(&world.stranger, for_lead2, "R-11").await;

    // Over is over; so is what was ended early.
    let other = world.waiting(3, None).await;
    world.execute(&world.stranger, EndDelegation::new(delegation)).await.unwrap();
    let for_lead = CastVote::approve(other).on_behalf_of(world.lead.person);
    world.refused(&world.stranger, for_lead.clone(), "R-11").await;
    world.execute(&world.lead, Delegate::new(world.stranger.person, until)).await.unwrap();
    world.advance_days(7);
    world.refused(&world.stranger, for_lead, "R-11").await;
    // The next one sweeps away what is over.
    world.execute(&world.lead, Delegate::new(world.lead2.person, world.in_days(1))).await.unwrap();
    let key = world.lead.person.to_string();
    assert_eq!(world.store.count(RecordKind::Delegation, "principal", &key).await.unwrap(), 1);
}

#[tokio::test]
async fn r_11_what_cannot_be_delegated() {
    let world = World::new().await;
    let until = world.in_days(7);
    let (lead, stranger) = (world.lead.person, world.stranger.person);
    world.refused(&world.lead, Delegate::new(lead, until), "R-11").await;
    world.refused(&world.lead, Delegate::new(stranger, world.in_days(0)), "R-11").await;
    world.refused(&world.lead, Delegate::new(stranger, world.in_days(367)), "R-11").await;
    world.refused(&world.lead, Delegate::new(stranger, until).since(world.in_days(8)), "R-11").await;
    world.refused(&world.lead2, Delegate::new(stranger, until).from(lead), "P-1").await;
    world.refused(&world.requester, Delegate::new(stranger, until), "P-1").await;
    let id = world.execute(&world.lead, Delegate::new(stranger, until)).await.unwrap();
    world.refused(&world.lead2, EndDelegation::new(id), "P-1").await;
    world.execute(&world.admin, SetPersonEnabled::new(world.lead2.person, false)).await.unwrap();
    world.refused(&world.lead, Delegate::new(world.lead2.person, until), "R-11").await;
    let unknown = alm_core::model::ids::PersonId::new(uuid::Uuid::from_u128(404));
    let error = world.execute(&world.lead, Delegate::new(unknown, until)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);

    // A place that is not one's own cannot be passed on.
    world.execute(&world.admin, SetPersonEnabled::new(world.lead2.person, true)).await.unwrap();
    world.execute(&world.stranger, Delegate::new(world.security.person, until)).await.unwrap();
    let request = world.waiting(1, None).await;
    let chained = CastVote::approve(request).on_behalf_of(stranger);
    world.refused(&world.security, chained, "R-11").await;

    // Nobody votes on their own request, in whosever place, and nobody else in theirs.
    world
        .rewrite::<Person>(world.requester.person.uuid(), |person| {
            person.roles.insert(APPROVER);
        })
        .await;
    world.execute(&world.lead, Delegate::new(world.requester.person, until)).await.unwrap();
    let for_lead = CastVote::approve(request).on_behalf_of(lead);
    world.refused(&world.requester, for_lead.clone(), "R-11").await;
    world.execute(&world.requester, Delegate::new(stranger, until)).await.unwrap();
    let for_requester = CastVote::approve(request).on_behalf_of(world.requester.person);
    world.refused(&world.stranger, for_requester, "R-11").await;

    // Whoever is disabled lends nobody a vote.
    world.execute(&world.admin, SetPersonEnabled::new(lead, false)).await.unwrap();
    world.refused(&world.stranger, for_lead, "R-11").await;
}

#[tokio::test]
async fn r_11_an_administrator_delegates_for_somebody_who_fell_ill() {
    let world = World::new().await;
    let later = world.in_days(2);
    let delegate =
        Delegate::new(world.stranger.person, world.in_days(9)).from(world.lead.person).since(later);
    let id = world.execute(&world.admin, delegate).await.unwrap();
    let stored: Delegation = world.document(id.uuid()).await;
    assert_eq!(stored.since, later);
    let told = world.events(EventKind::ApprovalDelegated).await;
    assert_eq!(told[0].to, [world.lead.person, world.stranger.person].into());
    let request = world.waiting(1, None).await;
    let vote = CastVote::approve(request).on_behalf_of(world.lead.person);
    world.refused(&world.stranger, vote.clone(), "R-11").await;
    world.advance_days(2);
    world.execute(&world.stranger, vote).await.unwrap();
}

#[tokio::test]
async fn r_11_a_step_that_nobody_votes_on_goes_to_the_administrators() {
    let world = World::new().await;
    let request = world.waiting(1, Some(48)).await;
    world.refused(&world.admin, CastVote::approve(request), "R-11").await;
    world.advance_days(1);
    assert_eq!(world.sweep().await.escalated, 0);
    world.advance_days(1);
    assert_eq!(world.sweep().await.escalated, 1);
    assert_eq!(world.sweep().await.escalated, 0);
    let told = world.events(EventKind::ApprovalEscalated).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to, [world.admin.person].into());
    // Others are as little entitled as before, and a delegation of an administrator's does not make them so.
    world.refused(&world.stranger, CastVote::approve(request), "R-11").await;
    let until = world.in_days(1);
    world.execute(&world.admin, Delegate::new(world.stranger.person, until)).await.unwrap();
    let vote = CastVote::approve(request).on_behalf_of(world.admin.person);
    world.refused(&world.stranger, vote, "R-11").await;
    world.execute(&world.admin, CastVote::approve(request)).await.unwrap();
    // The next step begins with its own approvers alone.
    world.refused(&world.admin, CastVote::approve(request), "R-11").await;
    let status = world.execute(&world.security, CastVote::approve(request)).await.unwrap();
    assert_eq!(status, RequestStatus::Queued);
}

#[tokio::test]
async fn r_11_a_step_that_was_voted_on_in_time_does_not_escalate() {
    let world = World::new().await;
    let request = world.waiting(1, Some(1)).await;
    world.execute(&world.lead, CastVote::approve(request)).await.unwrap();
    let denied = world.waiting(3, Some(2)).await;
    world.execute(&world.lead, CastVote::deny(denied, "no")).await.unwrap();
    world.advance_days(3);
    assert_eq!(world.sweep().await.escalated, 0);

    let mut body = world.body(EolAction::Review);
    for hours in [0, 8_761] {
        body.approval[0].escalate_after_hours = Some(hours);
        let name = format!("after {hours}");
        let template = world.execute(&world.admin, DraftTemplate::new(name, body.clone())).await.unwrap();
        world.refused(&world.admin, PublishTemplate::new(template), "R-11").await;
    }
}

/// A service where publishing takes two, and somebody else who may be the second.
async fn of_two() -> (World, Caller) {
    let mut world = World::new().await;
    let mut settings = Settings::default();
    settings.two_person_publishing = true;
    world.alm = Alm::builder(Arc::clone(&world.store), world.clock.clone())
        .inspector(Arc::new(PlaceInspector::new(world.directory.clone(), world.vault.clone())))
        .settings(settings)
        .open()
        .await
        .unwrap();
    let second = AddPerson::new("Otto Other", "otto@example.com").role(SYSTEM_ADMINISTRATOR);
    let second = Caller::new(world.execute(&world.admin, second).await.unwrap(), "test");
    (world, second)
}

#[tokio::test]
async fn t_10_a_template_is_published_by_two() {
    let (world, second) = of_two().await;
    let body = world.body(EolAction::Review);
    let template = world.execute(&world.admin, DraftTemplate::new("by two", body.clone())).await.unwrap();
    world.refused(&world.admin, PublishTemplate::new(template), "T-10").await;
    world.refused(&second, ApproveTemplate::new(template), "T-10").await;
    world.refused(&world.lead, ProposeTemplate::new(template), "P-1").await;
    world.execute(&world.admin, ProposeTemplate::new(template)).await.unwrap();
    let _proof = proves(&["N-1"]);
    let told = world.events(EventKind::TemplateNeedsApproval).await;
    assert_eq!(told[0].to, [world.admin.person, second.person].into());
    world.refused(&world.admin, ApproveTemplate::new(template), "T-10").await;
    world.refused(&world.lead, ApproveTemplate::new(template), "P-1").await;

    // Whoever edits it takes the wish back, and is not the second person afterwards.
    world.execute(&second, EditTemplate::new(template, body.clone())).await.unwrap();
    world.refused(&second, ApproveTemplate::new(template), "T-10").await;
    world.execute(&world.admin, ProposeTemplate::new(template)).await.unwrap();
    world.refused(&second, ApproveTemplate::new(template), "T-10").await;

    world.execute(&world.admin, EditTemplate::new(template, body.clone())).await.unwrap();
    world.execute(&world.admin, ProposeTemplate::new(template)).await.unwrap();
    world.refused(&second, RejectTemplate::new(template, ""), "T-10").await;
    world.refused(&world.admin, RejectTemplate::new(template, "no"), "T-10").await;
    world.execute(&second, RejectTemplate::new(template, "the OU is the old one")).await.unwrap();
    world.refused(&second, ApproveTemplate::new(template), "T-10").await;
    world.execute(&world.admin, ProposeTemplate::new(template)).await.unwrap();
    world.execute(&second, ApproveTemplate::new(template)).await.unwrap();
    world.submitted(template, "payroll").await;

    // T-12 is asked when it is proposed, and again when it is approved.
    let mut unfit = body.clone();
    unfit.periods.clear();
    world.execute(&world.admin, EditTemplate::new(template, unfit)).await.unwrap();
    world.refused(&world.admin, ProposeTemplate::new(template), "T-5").await;
    world.execute(&world.admin, EditTemplate::new(template, body)).await.unwrap();
    world.execute(&world.admin, ProposeTemplate::new(template)).await.unwrap();
    world.rewrite::<Person>(world.lead.person.uuid(), |person| person.enabled = false).await;
    world.rewrite::<Person>(world.lead2.person.uuid(), |person| person.enabled = false).await;
    world.refused(&second, ApproveTemplate::new(template), "T-12").await;
}

#[tokio::test]
async fn t_10_where_one_is_enough_there_is_nothing_to_propose() {
    let world = World::new().await;
    let body = world.body(EolAction::Review);
    let template = world.execute(&world.admin, DraftTemplate::new("by one", body)).await.unwrap();
    world.refused(&world.admin, ProposeTemplate::new(template), "T-10").await;
    world.refused(&world.admin, ApproveTemplate::new(template), "T-10").await;
    world.refused(&world.admin, RejectTemplate::new(template, "no"), "T-10").await;
    world.execute(&world.admin, PublishTemplate::new(template)).await.unwrap();
}

#[tokio::test]
async fn m_3_cl_an_account_is_cloned_into_a_draft_and_stays_as_it_is() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let account = world.provisioned(template, "payroll").await;
    world.execute(&world.requester, SetOwners::new(account, [Owner::Group(world.leads)])).await.unwrap();
    let before: Account = world.document(account.uuid()).await;
    // P-1 for whoever may not see it, T-7 for whoever may not request with its template.
    world.refused(&world.stranger, CloneAccount::new(account), "P-1").await;
    world
        .rewrite::<Person>(world.lead.person.uuid(), |person| {
            person.roles.insert(REQUESTER);
        })
        .await;
    world.refused(&world.lead, CloneAccount::new(account), "T-7").await;
    let id = world.execute(&world.requester, CloneAccount::new(account)).await.unwrap();
    let draft: Request = world.document(id.uuid()).await;
    assert_eq!((draft.status, draft.requester), (RequestStatus::Draft, world.requester.person));
    assert_eq!((draft.form.name.as_str(), draft.account_name.as_str()), ("payroll", "svc-payroll"));
    assert_eq!((&draft.form.owners, draft.form.period), (&before.owners, before.period));
    assert!(draft.form.justification.is_empty() && !draft.form.agrees_to_terms);
    assert_eq!(world.document::<Account>(account.uuid()).await, before);
    // Its name is taken as long as it lives, and why it is wanted is for the requester to say.
    let error = world.refused(&world.requester, SubmitRequest::new(id), "NM-2").await;
    received(&error, "R-3");
    let mut form = draft.form.clone();
    "payroll2".clone_into(&mut form.name);
    "another one".clone_into(&mut form.justification);
    world.execute(&world.requester, EditRequest::new(id, form)).await.unwrap();
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();

    // L-31: not while something else is under way; L-30: what was deleted can be a pattern still.
    world.execute(&world.lead, DisableAccount::new(account)).await.unwrap();
    world
        .execute(&world.admin, ChangeMembers::new(world.requesters).join([world.lead.person]))
        .await
        .unwrap();
    world.refused(&world.lead, CloneAccount::new(account), "L-31").await;
    world.run().await;
    world.execute(&world.lead, DeleteAccount::new(account).confirmed()).await.unwrap();
    world.run().await;
    world.execute(&world.lead, CloneAccount::new(account)).await.unwrap();
}

#[tokio::test]
async fn t_2_nm_4_a_folder_below_the_templates_is_chosen_where_it_allows_that() {
    let world = World::new().await;
    let mut body = world.body(EolAction::Review);
    let fixed = world.publish("fixed", body.clone()).await;
    body.vault.as_mut().unwrap().allow_folder_override = true;
    let free = world.publish("free", body).await;
    world.vault.folder_in("13", "12");
    world.vault.folder_in("14", "13");
    let form = |name: &str, folder: &str| {
        let mut form = RequestForm::new(name, Period::Days(90), "the payroll job needs it");
        form.folder = Some(folder.to_owned());
        form
    };
    let draft =
        async |template, form| world.execute(&world.requester, DraftRequest::new(template, form)).await;
    // The template's own may be named anywhere.
    let id = draft(fixed, form("same", "12")).await.unwrap();
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();
    for (template, folder) in [(fixed, "13"), (free, "99"), (free, "")] {
        let id = draft(template, form("payroll", folder)).await.unwrap();
        world.refused(&world.requester, SubmitRequest::new(id), "NM-4").await;
    }
    let id = draft(free, form("payroll", "14")).await.unwrap();
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();
    world.approve(id).await;
    assert!(world.run().await.notes.is_empty());
    let secrets = world.vault.secrets();
    assert_eq!(secrets[0].1.folder, "14");

    // The engine looks again: the folder may have been moved away while the approvers thought.
    let id = draft(free, form("moved", "14")).await.unwrap();
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();
    world.vault.folder_in("13", "77");
    world.approve(id).await;
    world.run_until_quiet().await;
    let request: Request = world.document(id.uuid()).await;
    assert_eq!(request.status, RequestStatus::ProvisioningFailed);
    assert!(request.failure.unwrap().contains("does not lie below folder 12"));
}
