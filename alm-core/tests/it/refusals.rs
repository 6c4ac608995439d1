//! What is refused, to whom, and that it is written down (sections R, T, NM, W, P).

use std::collections::BTreeSet;

use ad_directory::{DeleteOptions, Directory as _};
use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::event::EventKind;
use alm_core::model::ids::{PersonId, RequestId};
use alm_core::model::people::{APPROVER, Group, Person, REQUESTER};
use alm_core::model::period::Period;
use alm_core::model::request::{Decision, Request, RequestForm, RequestStatus};
use alm_core::model::template::{ApprovalStep, EolAction, OwnershipRule, TemplateBody, TemplateVersion};
use alm_core::rules::lifecycle::AccountOption;
use alm_core::service::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, RenewAccount, RetryOperation, SetOwners,
    SubmitRenewal,
};
use alm_core::service::approvals::CastVote;
use alm_core::service::estate::AddDomain;
use alm_core::service::failures::{AbandonRequest, CancelProvisioning, RetryRequest};
use alm_core::service::groups::AddGroup;
use alm_core::service::people::{AddPerson, SetPersonEnabled};
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::requests::{
    CopyRequest, DeleteDraft, DraftRequest, EditRequest, SubmitRequest, WithdrawRequest,
};
use alm_core::service::templates::{DisableTemplate, DraftTemplate, EditTemplate, UnpublishTemplate};
use alm_core::{Caller, ErrorKind, Refusal};
use jiff::SignedDuration;

use super::rules::received;
use super::world::{OU, RETIRED, World};

/// Makes a template unfit.
type Spoil = Box<dyn Fn(&World, &mut TemplateBody)>;

const PERIOD: Period = Period::Days(90);

fn form(name: &str) -> RequestForm {
    RequestForm::new(name, PERIOD, "the payroll job needs it")
}

impl World {
    async fn give_role(&self, caller: &Caller, role: alm_core::model::ids::RoleId) {
        self.rewrite::<Person>(caller.person.uuid(), |person| {
            person.roles.insert(role);
        })
        .await;
    }

    async fn draft(&self, template: alm_core::model::ids::TemplateId, form: RequestForm) -> RequestId {
        self.execute(&self.requester, DraftRequest::new(template, form)).await.unwrap()
    }

    async fn read_request(&self, id: RequestId) -> Request {
        self.alm.request(&self.admin, id).await.unwrap()
    }

    async fn active(&self) -> alm_core::model::ids::AccountId {
        let template = self.template(EolAction::Review).await;
        self.provisioned(template, "payroll").await
    }
}

#[tokio::test]
async fn r_1_r_4_only_a_draft_is_edited_deleted_or_submitted() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.draft(template, form("first")).await;
    world.execute(&world.requester, EditRequest::new(id, form("payroll"))).await.unwrap();
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();
    assert_eq!(world.read_request(id).await.account_name, "svc-payroll");
    world.refused(&world.requester, EditRequest::new(id, form("other")), "R-4").await;
    world.refused(&world.requester, DeleteDraft::new(id), "R-4").await;
    world.refused(&world.requester, SubmitRequest::new(id), "R-4").await;
    let draft = world.draft(template, form("other")).await;
    world.refused(&world.stranger, DeleteDraft::new(draft), "P-1").await;
    world.execute(&world.requester, DeleteDraft::new(draft)).await.unwrap();
    let gone = world.execute(&world.requester, SubmitRequest::new(draft)).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn r_2_r_3_all_problems_of_a_form_are_said_at_once() {
    let world = World::new().await;
    let mut body = world.body(EolAction::Review);
    body.terms_of_service = Some("be careful".into());
    body.directory.name_pattern = Some("^svc-[a-z]+$".into());
    let template = world.publish("strict", body).await;
    let mut bad = RequestForm::new("pay/roll", Period::Days(7), "");
    bad.ou = Some(RETIRED.parse().unwrap());
    bad.owners = BTreeSet::from([Owner::Person(PersonId::new(uuid::Uuid::from_u128(77)))]);
    let id = world.draft(template, bad).await;
    let error = world.refused(&world.requester, SubmitRequest::new(id), "R-3").await;
    for rule in ["NM-1", "NM-4", "T-5", "T-1", "W-1"] {
        received(&error, rule);
    }
    let mut named = form("payroll9");
    named.agrees_to_terms = true;
    let id = world.draft(template, named).await;
    world.refused(&world.requester, SubmitRequest::new(id), "T-3").await;
}

#[tokio::test]
async fn r_5_submitted_is_withdrawn_and_withdrawn_or_rejected_is_copied() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.submitted(template, "payroll").await;
    world.refused(&world.requester, CopyRequest::new(id), "R-5").await;
    world.refused(&world.stranger, WithdrawRequest::new(id), "P-1").await;
    world.execute(&world.requester, WithdrawRequest::new(id)).await.unwrap();
    world.refused(&world.requester, WithdrawRequest::new(id), "R-5").await;
    world.refused(&world.lead, CastVote::approve(id), "R-8").await;
    // NM-2: the name is free again.
    let copy = world.execute(&world.requester, CopyRequest::new(id)).await.unwrap();
    assert_eq!(world.read_request(copy).await.status, RequestStatus::Draft);
    world.execute(&world.requester, SubmitRequest::new(copy)).await.unwrap();
    world.execute(&world.lead, CastVote::deny(copy, "use the other one")).await.unwrap();
    let again = world.execute(&world.requester, CopyRequest::new(copy)).await.unwrap();
    assert_eq!(world.read_request(again).await.form, world.read_request(copy).await.form);
}

#[tokio::test]
async fn r_7_a_denial_needs_a_reason_and_one_denial_ends_the_request() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.submitted(template, "payroll").await;
    world.refused(&world.lead, CastVote::deny(id, "  "), "R-7").await;
    assert_eq!(world.read_request(id).await.status, RequestStatus::Submitted);
    let status = world.execute(&world.lead, CastVote::deny(id, "use the other one")).await.unwrap();
    assert_eq!(status, RequestStatus::Rejected);
    world.refused(&world.lead2, CastVote::approve(id), "R-8").await;
    let seen = world.alm.request(&world.requester, id).await.unwrap();
    assert_eq!(seen.votes[0].decision, Decision::Deny { reason: "use the other one".into() });
}

#[tokio::test]
async fn r_8_steps_run_in_order_and_each_needs_its_number() {
    let world = World::new().await;
    let mut body = world.body(EolAction::Review);
    body.approval[0].required = 2;
    let template = world.publish("two leads", body).await;
    let id = world.submitted(template, "payroll").await;
    world.refused(&world.security, CastVote::approve(id), "R-11").await;
    assert_eq!(world.execute(&world.lead, CastVote::approve(id)).await.unwrap(), RequestStatus::Submitted);
    assert_eq!(world.read_request(id).await.step, 0);
    world.execute(&world.lead2, CastVote::approve(id)).await.unwrap();
    assert_eq!(world.read_request(id).await.step, 1);
    world.refused(&world.lead, CastVote::approve(id), "R-11").await;
    world.execute(&world.security, CastVote::approve(id)).await.unwrap();
    world.run().await;
    let account: Account = world.document(world.read_request(id).await.account.unwrap().uuid()).await;
    assert!(
        account.owners.contains(&Owner::Person(world.requester.person)),
        "the requester is the first owner"
    );
}

#[tokio::test]
async fn r_10_names_of_approvers_are_hidden_from_the_requester_alone() {
    let world = World::new().await;
    let mut body = world.body(EolAction::Review);
    body.hide_approver_names = true;
    let template = world.publish("discreet", body).await;
    let id = world.submitted(template, "payroll").await;
    world.execute(&world.lead, CastVote::approve(id)).await.unwrap();
    let seen = world.alm.request(&world.requester, id).await.unwrap();
    assert!(!format!("{:?}", seen.votes).contains(&world.lead.person.to_string()));
    assert_eq!(seen.votes.len(), 1);
    for reader in [&world.security, &world.admin] {
        assert_eq!(world.alm.request(reader, id).await.unwrap().votes[0].person, world.lead.person);
    }
    assert_eq!(world.alm.request(&world.stranger, id).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn r_11_nobody_votes_on_their_own_request_or_twice_or_unasked() {
    let world = World::new().await;
    world.give_role(&world.requester, APPROVER).await;
    let mut body = world.body(EolAction::Review);
    body.approval[0].required = 2;
    // Named twice over, she still counts once.
    body.approval[0].people = BTreeSet::from([world.lead.person]);
    let template = world.publish("two leads", body).await;
    let id = world.submitted(template, "payroll").await;
    world.refused(&world.requester, CastVote::approve(id), "R-11").await;
    world.refused(&world.stranger, CastVote::approve(id), "R-11").await;
    world.refused(&world.admin, CastVote::approve(id), "R-11").await;
    world.execute(&world.lead, CastVote::approve(id)).await.unwrap();
    world.refused(&world.lead, CastVote::approve(id), "R-11").await;
    world.refused(&world.lead, CastVote::deny(id, "on second thoughts"), "R-11").await;
    assert_eq!(world.read_request(id).await.step, 0);
}

#[tokio::test]
async fn r_11_entitlement_is_judged_at_the_moment_of_the_vote() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.submitted(template, "payroll").await;
    let (lead, stranger) = (world.lead.person, world.stranger.person);
    world
        .rewrite::<Group>(world.leads.uuid(), |group| {
            group.members.remove(&lead);
        })
        .await;
    world.refused(&world.lead, CastVote::approve(id), "R-11").await;
    world.rewrite::<Group>(world.leads.uuid(), |group| group.enabled = false).await;
    world.refused(&world.lead2, CastVote::approve(id), "R-11").await;
    world
        .rewrite::<Group>(world.leads.uuid(), |group| {
            group.enabled = true;
            group.members.insert(stranger);
        })
        .await;
    world.execute(&world.stranger, CastVote::approve(id)).await.unwrap();
    // A disabled person has no vote, whatever names them.
    world.execute(&world.admin, SetPersonEnabled::new(world.security.person, false)).await.unwrap();
    world.refused(&world.security, CastVote::approve(id), "P-1").await;
}

#[tokio::test]
async fn r_12_a_failure_keeps_its_reason_and_is_retried_or_abandoned() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.approved(template, "payroll").await;
    world.refused(&world.requester, RetryRequest::new(id), "R-12").await;
    world.vault.refuse(vec![Refusal::new("V-5", "folder", "is not there")]);
    world.run().await;
    let failed = world.read_request(id).await;
    assert_eq!(failed.status, RequestStatus::ProvisioningFailed);
    assert!(failed.failure.unwrap().contains("V-5"));
    world.refused(&world.requester, EditRequest::new(id, form("other")), "R-4").await;
    world.refused(&world.stranger, AbandonRequest::new(id), "P-1").await;
    world.execute(&world.requester, AbandonRequest::new(id)).await.unwrap();
    world.refused(&world.requester, RetryRequest::new(id), "R-12").await;
}

#[tokio::test]
async fn r_13_a_key_means_one_command_of_one_person_for_thirty_days() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let draft = || DraftRequest::new(template, form("payroll"));
    let first = world.alm.execute(&world.requester, "k", draft()).await.unwrap();
    let (audited, _) = world.store.audit_head().await.unwrap();
    assert_eq!(world.alm.execute(&world.requester, "k", draft()).await.unwrap(), first);
    assert_eq!(world.store.audit_head().await.unwrap().0, audited, "nothing happened");
    let other = world.alm.execute(&world.requester, "k", DraftRequest::new(template, form("other"))).await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::KeyReused);
    let other = world.alm.execute(&world.requester, "k", SubmitRequest::new(first)).await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::KeyReused);
    world.give_role(&world.stranger, REQUESTER).await;
    let theirs = world.alm.execute(&world.stranger, "k", draft()).await.unwrap();
    assert_ne!(theirs, first, "another person's key is another key");
    // A refusal is no result: the same key may succeed later.
    let refused = world.alm.execute(&world.requester, "v", CastVote::approve(first)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Denied);

    world.advance_days(31);
    world.alm.forget_results().await.unwrap();
    assert_ne!(world.alm.execute(&world.requester, "k", draft()).await.unwrap(), first);
    world.execute(&world.admin, SetPersonEnabled::new(world.stranger.person, false)).await.unwrap();
    let denied = world.alm.execute(&world.stranger, "k", draft()).await.unwrap_err();
    received(&denied, "P-1");
}

#[tokio::test]
async fn t_1_agreement_is_recorded_with_the_texts_hash() {
    let world = World::new().await;
    let mut body = world.body(EolAction::Review);
    body.terms_of_service = Some("be careful".into());
    let template = world.publish("with terms", body).await;
    let id = world.draft(template, form("payroll")).await;
    world.refused(&world.requester, SubmitRequest::new(id), "T-1").await;
    let mut agreed = form("payroll");
    agreed.agrees_to_terms = true;
    world.execute(&world.requester, EditRequest::new(id, agreed)).await.unwrap();
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();
    let terms = world.read_request(id).await.terms.unwrap();
    // Of the text "be careful".
    assert_eq!(terms.sha256, "9814ac3eaf081b78fb8b2b4b5e2379c1b3ba5be07851ab1d4b27fa7a9176ec0e");
}

#[tokio::test]
async fn t_7_only_members_of_the_scope_request() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    world.refused(&world.stranger, DraftRequest::new(template, form("payroll")), "P-1").await;
    world.give_role(&world.stranger, REQUESTER).await;
    let id = world.execute(&world.stranger, DraftRequest::new(template, form("payroll"))).await.unwrap();
    world.refused(&world.stranger, SubmitRequest::new(id), "T-7").await;
}

#[tokio::test]
async fn t_8_t_9_published_is_immutable_versions_are_pinned_and_disabled_is_over() {
    let world = World::new().await;
    let body = world.body(EolAction::Review);
    let template = world.execute(&world.admin, DraftTemplate::new("life", body.clone())).await.unwrap();
    world.refused(&world.requester, DraftRequest::new(template, form("payroll")), "T-8").await;
    world.execute(&world.admin, PublishTemplate::new(template)).await.unwrap();
    world.refused(&world.admin, PublishTemplate::new(template), "T-8").await;
    let begun = world.draft(template, form("early")).await;
    let account = world.provisioned(template, "payroll").await;

    // T-9: the next version is drafted while the first goes on.
    let mut next = body;
    next.periods = vec![Period::Years(2)];
    world.execute(&world.admin, EditTemplate::new(template, next)).await.unwrap();
    let first: TemplateVersion =
        world.document(world.view(account).await.account.template_version.uuid()).await;
    assert_eq!(first.number, 1);
    world.execute(&world.admin, PublishTemplate::new(template)).await.unwrap();
    let same: TemplateVersion = world.document(first.id.uuid()).await;
    assert_eq!(same, first, "T-8");
    assert_eq!(world.view(account).await.account.template_version, first.id, "T-9");
    // A draft that was begun before is pinned when it is submitted: its period is not offered any more.
    world.refused(&world.requester, SubmitRequest::new(begun), "T-5").await;

    world.execute(&world.admin, UnpublishTemplate::new(template)).await.unwrap();
    world.refused(&world.requester, DraftRequest::new(template, form("other")), "T-8").await;
    world.refused(&world.requester, SubmitRequest::new(begun), "T-8").await;
    world.execute(&world.admin, PublishTemplate::new(template)).await.unwrap();
    world.execute(&world.admin, DisableTemplate::new(template)).await.unwrap();
    world.refused(&world.admin, PublishTemplate::new(template), "T-8").await;
    world.refused(&world.requester, DraftRequest::new(template, form("other")), "T-8").await;
    assert_eq!(world.view(account).await.account.status, AccountStatus::Active);
}

#[tokio::test]
async fn t_12_t_13_what_cannot_work_is_not_published() {
    let world = World::new().await;
    let cases: Vec<(&str, Spoil)> = vec![
        ("T-3", Box::new(|_, body| body.directory.name_pattern = Some("(".into()))),
        ("T-3", Box::new(|_, body| body.directory.ous.clear())),
        ("T-4", Box::new(|_, body| body.ownership = OwnershipRule::People { min: 2, max: 1 })),
        ("T-5", Box::new(|_, body| body.periods.clear())),
        ("T-5", Box::new(|_, body| body.periods = vec![Period::Days(0)])),
        ("T-6", Box::new(|_, body| body.approval.clear())),
        ("T-6", Box::new(|_, body| body.approval[0].required = 0)),
        ("T-7", Box::new(|_, body| body.requesters.clear())),
        ("N-11", Box::new(|_, body| body.reminders.every_days = Some(0))),
        ("N-12", Box::new(|_, body| body.reminders.urgent = Some((0, 3)))),
        ("N-14", Box::new(|_, body| body.reminders.stop_after_days = Some(0))),
        ("T-12", Box::new(|_, body| body.renewal_lead_days = 90)),
        // Only the requester could approve.
        (
            "T-12",
            Box::new(|world, body| {
                body.approval = vec![ApprovalStep::of_people("self", [world.requester.person])];
            }),
        ),
        ("T-12", Box::new(|_, body| body.approval[1].required = 2)),
        (
            "T-12",
            Box::new(|_, body| {
                body.directory.ous = vec!["OU=Nowhere,DC=corp,DC=example,DC=com".parse().unwrap()];
            }),
        ),
        (
            "T-12",
            Box::new(|_, body| {
                body.directory.groups = vec!["CN=nobody,DC=corp,DC=example,DC=com".parse().unwrap()];
            }),
        ),
        ("T-13", Box::new(|_, body| drop(body.attributes.insert("userAccountControl".into(), "512".into())))),
        ("T-13", Box::new(|_, body| drop(body.attributes.insert("adminDescription".into(), "x".into())))),
        ("T-13", Box::new(|_, body| drop(body.attributes.insert("sIDHistory".into(), "x".into())))),
    ];
    for (number, (rule, spoil)) in cases.iter().enumerate() {
        let mut body = world.body(EolAction::Review);
        spoil(&world, &mut body);
        let id =
            world.execute(&world.admin, DraftTemplate::new(format!("bad {number}"), body)).await.unwrap();
        world.refused(&world.admin, PublishTemplate::new(id), rule).await;
    }
    world.vault.refuse(vec![Refusal::new("V-5", "folder", "is not there")]);
    let id = world
        .execute(&world.admin, DraftTemplate::new("no folder", world.body(EolAction::Review)))
        .await
        .unwrap();
    world.refused(&world.admin, PublishTemplate::new(id), "V-5").await;
}

#[tokio::test]
async fn nm_1_names_that_no_account_may_have() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let bad = [
        "",
        "seventeen-letters",
        "a b",
        "a/b",
        "a\\b",
        "a\"b",
        "a[b",
        "a:b",
        "a;b",
        "a|b",
        "a=b",
        "a,b",
        "a+b",
        "a*b",
        "a?b",
        "a<b",
        "a>b",
        "a@b",
        "dot.",
        "ü",
        "a\u{0}b",
        "a$",
    ];
    for name in bad {
        let id = world.draft(template, form(name)).await;
        world.refused(&world.requester, SubmitRequest::new(id), "NM-1").await;
    }
    let id = world.draft(template, form("sixteen-letters")).await;
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();
}

#[tokio::test]
async fn nm_2_a_name_is_held_from_submit_until_it_ends() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let early = world.draft(template, form("PayRoll")).await;
    let id = world.submitted(template, "payroll").await;
    world.refused(&world.requester, SubmitRequest::new(early), "NM-2").await;
    world.approve(id).await;
    world.refused(&world.requester, SubmitRequest::new(early), "NM-2").await;
    world.run().await;
    world.refused(&world.requester, SubmitRequest::new(early), "NM-2").await;
    let account = world.read_request(id).await.account.unwrap();
    world.execute(&world.requester, DeleteAccount::new(account).confirmed()).await.unwrap();
    world.refused(&world.requester, SubmitRequest::new(early), "NM-2").await;
    world.run().await;
    world.execute(&world.requester, SubmitRequest::new(early)).await.unwrap();
}

#[tokio::test]
async fn nm_4_another_ou_lies_below_and_only_when_allowed() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let mut below = form("payroll");
    below.ou = Some(format!("OU=Payroll,{OU}").parse().unwrap());
    let id = world.draft(template, below.clone()).await;
    world.refused(&world.requester, SubmitRequest::new(id), "NM-4").await;
    let mut body = world.body(EolAction::Review);
    body.directory.allow_sub_ou = true;
    let template = world.publish("below", body).await;
    let id = world.draft(template, below).await;
    world.execute(&world.requester, SubmitRequest::new(id)).await.unwrap();
    let mut beside = form("beside");
    beside.ou = Some(RETIRED.parse().unwrap());
    let id = world.draft(template, beside).await;
    world.refused(&world.requester, SubmitRequest::new(id), "NM-4").await;
}

#[tokio::test]
async fn w_1_the_templates_ownership_rule_holds_on_every_change() {
    let world = World::new().await;
    let person = |caller: &Caller| Owner::Person(caller.person);
    let mut body = world.body(EolAction::Review);
    body.ownership = OwnershipRule::RequesterOnly;
    let only = world.publish("only", body.clone()).await;
    let mut more = form("payroll");
    more.owners = BTreeSet::from([person(&world.lead)]);
    let id = world.draft(only, more).await;
    world.refused(&world.requester, SubmitRequest::new(id), "W-1").await;
    let account = world.provisioned(only, "only").await;
    world.refused(&world.requester, SetOwners::new(account, [person(&world.lead)]), "W-1").await;

    body.ownership = OwnershipRule::People { min: 1, max: 2 };
    let people = world.publish("people", body).await;
    let account = world.provisioned(people, "people").await;
    world.refused(&world.requester, SetOwners::new(account, [Owner::Group(world.leads)]), "W-1").await;
    let three = [person(&world.lead), person(&world.lead2), person(&world.requester)];
    world.refused(&world.requester, SetOwners::new(account, three), "W-1").await;
    world.refused(&world.requester, SetOwners::new(account, []), "W-1").await;
    world.refused(&world.stranger, SetOwners::new(account, [person(&world.stranger)]), "P-1").await;
}

#[tokio::test]
async fn w_2_i_6_an_account_is_never_left_without_an_active_owner() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.approved(template, "payroll").await;
    // While it is being provisioned already.
    world.refused(&world.admin, SetPersonEnabled::new(world.requester.person, false), "W-2").await;
    world.run().await;
    let account = world.read_request(id).await.account.unwrap();
    world.refused(&world.requester, SetOwners::new(account, []), "W-2").await;
    world.refused(&world.admin, SetPersonEnabled::new(world.requester.person, false), "W-2").await;
    let lead = world.lead.person;
    let team = world.execute(&world.admin, AddGroup::new("Team", [lead])).await.unwrap();
    world.execute(&world.requester, SetOwners::new(account, [Owner::Group(team)])).await.unwrap();
    world.refused(&world.admin, SetPersonEnabled::new(lead, false), "W-2").await;
    world.execute(&world.admin, SetPersonEnabled::new(world.requester.person, false)).await.unwrap();
    // Disabled people are no owners.
    world.refused(&world.lead, SetOwners::new(account, [Owner::Person(world.requester.person)]), "W-2").await;
}

#[tokio::test]
async fn w_2_i_6_whoever_was_disabled_while_the_approvers_thought_gets_no_account() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.submitted(template, "payroll").await;
    world.execute(&world.admin, SetPersonEnabled::new(world.requester.person, false)).await.unwrap();
    world.execute(&world.lead, CastVote::approve(id)).await.unwrap();
    world.refused(&world.security, CastVote::approve(id), "W-2").await;
}

#[tokio::test]
async fn w_3_w_4_a_change_of_owners_is_told_to_those_before_and_those_after() {
    let world = World::new().await;
    let account = world.active().await;
    world
        .execute(&world.requester, SetOwners::new(account, [Owner::Person(world.lead.person)]))
        .await
        .unwrap();
    let events = world.store.undelivered(1_000).await.unwrap();
    let changed: Vec<_> =
        events.iter().filter(|event| event.kind == EventKind::AccountOwnerChanged).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].to, BTreeSet::from([world.requester.person, world.lead.person]));
}

#[tokio::test]
async fn p_1_p_3_nobody_does_what_their_roles_do_not_allow() {
    let world = World::new().await;
    let nobody = AddPerson::new("Nora Nobody", "nora@example.com");
    let nobody = Caller::new(world.execute(&world.admin, nobody).await.unwrap(), "test");
    let account = world.active().await;
    let other = world.template(EolAction::Disable).await;
    let request = world.submitted(other, "other").await;
    let body = world.body(EolAction::Review);
    let base = "DC=corp,DC=example,DC=com".parse().unwrap();
    macro_rules! denied {
        ($($command:expr),* $(,)?) => {$(
            let error = world.refused(&nobody, $command, "P-1").await;
            assert_eq!(error.kind(), ErrorKind::Denied);
            let stranger = Caller::new(PersonId::new(uuid::Uuid::from_u128(404)), "test");
            world.refused(&stranger, $command, "P-1").await;
        )*};
    }
    denied!(
        AddPerson::new("X", "x@example.com"),
        AddGroup::new("X", []),
        SetPersonEnabled::new(world.lead.person, false),
        AddDomain::new("x.example.com", Clone::clone(&base)),
        DraftTemplate::new("x", body.clone()),
        EditTemplate::new(other, body.clone()),
        PublishTemplate::new(other),
        UnpublishTemplate::new(other),
        DisableTemplate::new(other),
        DraftRequest::new(other, form("x")),
        EditRequest::new(request, form("x")),
        DeleteDraft::new(request),
        SubmitRequest::new(request),
        WithdrawRequest::new(request),
        CopyRequest::new(request),
        RetryRequest::new(request),
        AbandonRequest::new(request),
        CancelProvisioning::new(request),
        CastVote::approve(request),
        DisableAccount::new(account),
        EnableAccount::new(account),
        RenewAccount::new(account),
        SubmitRenewal::new(account, ""),
        DeleteAccount::new(account).confirmed(),
        RetryOperation::new(account),
        AbandonOperation::new(account),
        SetOwners::new(account, [Owner::Person(nobody.person)]),
    );
    for error in [
        world.alm.account(&nobody, account).await.unwrap_err(),
        world.alm.request(&nobody, request).await.unwrap_err(),
        world.alm.accounts(&nobody, None, 10).await.unwrap_err(),
        world.alm.audit(&nobody, 1, 10).await.unwrap_err(),
    ] {
        received(&error, "P-1");
    }
}

#[tokio::test]
async fn p_2_the_last_administrator_stays() {
    let world = World::new().await;
    world.refused(&world.admin, SetPersonEnabled::new(world.admin.person, false), "P-2").await;
    let second = world.alm.first_administrator("Mallory", "m@example.com").await.unwrap_err();
    received(&second, "P-2");
    let other =
        AddPerson::new("Otto", "otto@example.com").role(alm_core::model::people::SYSTEM_ADMINISTRATOR);
    let other = Caller::new(world.execute(&world.admin, other).await.unwrap(), "test");
    world.execute(&other, SetPersonEnabled::new(world.admin.person, false)).await.unwrap();
    world.refused(&other, SetPersonEnabled::new(other.person, false), "P-2").await;
    world.refused(&world.admin, AddGroup::new("X", []), "P-1").await;
}

#[tokio::test]
async fn p_4_o_2_a_group_owns_while_it_and_the_member_are_enabled() {
    let world = World::new().await;
    let account = world.active().await;
    world.refused(&world.lead, DisableAccount::new(account), "P-1").await;
    let team = world.execute(&world.admin, AddGroup::new("Team", [world.lead.person])).await.unwrap();
    let owners = [Owner::Group(team), Owner::Person(world.requester.person)];
    world.execute(&world.requester, SetOwners::new(account, owners)).await.unwrap();
    world.refused(&world.requester, DeleteAccount::new(account), "P-4").await;
    world.execute(&world.lead, DisableAccount::new(account)).await.unwrap();
    world.run().await;
    world.rewrite::<Group>(team.uuid(), |group| group.enabled = false).await;
    world.refused(&world.lead, EnableAccount::new(account), "P-1").await;
    // O-2: the group is disabled, its member is not.
    let lead: Person = world.document(world.lead.person.uuid()).await;
    assert!(lead.enabled);
    world.rewrite::<Group>(team.uuid(), |group| group.enabled = true).await;
    world.execute(&world.lead, EnableAccount::new(account)).await.unwrap();
}

#[tokio::test]
async fn x_16_only_what_is_being_provisioned_is_cancelled_and_only_by_administrators() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.submitted(template, "payroll").await;
    world.refused(&world.admin, CancelProvisioning::new(id), "X-16").await;
    world.approve(id).await;
    world.refused(&world.requester, CancelProvisioning::new(id), "P-1").await;
    world.run().await;
    world.refused(&world.admin, CancelProvisioning::new(id), "X-16").await;
}

#[tokio::test]
async fn l_31_with_an_operation_open_only_retry_abandon_and_the_emergency_stop_are_offered() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.advance_days(80);
    world.execute(&world.requester, RenewAccount::new(id)).await.unwrap();
    // In flight: the stop alone.
    let options: Vec<_> = world.view(id).await.options.iter().collect();
    assert_eq!(options, [AccountOption::Disable]);
    world.refused(&world.requester, RenewAccount::new(id), "L-31").await;
    world.refused(&world.requester, DeleteAccount::new(id).confirmed(), "L-31").await;
    world.refused(&world.requester, RetryOperation::new(id), "L-31").await;
    world.run().await;

    // Parked: the account is away.
    let account = world.view(id).await.account;
    world.directory.delete_account(account.object_guid, DeleteOptions::new()).await.unwrap();
    world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
    world.refused(&world.requester, DisableAccount::new(id), "L-31").await;
    world.run().await;
    let options: Vec<_> = world.view(id).await.options.iter().collect();
    assert_eq!(options, [AccountOption::Retry, AccountOption::Abandon]);
    world.refused(&world.requester, EnableAccount::new(id), "L-31").await;
    world.refused(&world.requester, DeleteAccount::new(id).confirmed(), "L-31").await;
    world.execute(&world.requester, AbandonOperation::new(id)).await.unwrap();
    world.run().await;
    assert_eq!(world.view(id).await.account.operation, None);
    world.clock.advance(SignedDuration::from_secs(1));
    assert!(world.view(id).await.options.has(AccountOption::Delete));
}
