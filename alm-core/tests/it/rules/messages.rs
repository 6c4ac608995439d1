//! Who is told, what is kept, and what one instance knows of another: sections N, A, O, and X around the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use alm_core::adapter::store_memory::MemoryStore;
use alm_core::model::account::Owner;
use alm_core::model::audit::{Actor, AuditRecord, AuditResult, ChainFault, ChainHash};
use alm_core::model::event::{Event, EventKind};
use alm_core::model::ids::{InstanceId, RequestId};
use alm_core::model::people::Person;
use alm_core::model::request::{Request, RequestKind, RequestStatus};
use alm_core::model::template::EolAction;
use alm_core::port::clock::Clock as _;
use alm_core::port::sink::EventSink;
use alm_core::port::store::{Commit, RecordKind, Stored as _};
use alm_core::service::accounts::{SetOwners, SubmitRenewal};
use alm_core::service::approvals::CastVote;
use alm_core::service::groups::AddGroup;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::requests::{DraftRequest, SubmitRequest};
use alm_core::service::templates::{DisableTemplate, UnpublishTemplate};
use alm_core::{Error, ErrorKind, Refusal};
use async_trait::async_trait;
use uuid::Uuid;

use super::proves;
use crate::it::world::World;

impl World {
    /// Who was told of a request, by what the text says of it.
    async fn told(
        &self,
        kind: EventKind,
        request: RequestId,
    ) -> Vec<(String, BTreeSet<alm_core::model::ids::PersonId>)> {
        let events = self.events(kind).await;
        events
            .into_iter()
            .filter(|event| event.request == Some(request))
            .map(|event| (event.text, event.to))
            .collect()
    }
}

#[tokio::test]
async fn n_2_templates_that_change_are_events_for_nobody() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    world.execute(&world.admin, UnpublishTemplate::new(template)).await.unwrap();
    world.execute(&world.admin, PublishTemplate::new(template)).await.unwrap();
    world.execute(&world.admin, DisableTemplate::new(template)).await.unwrap();
    let events = world.events(EventKind::TemplateStateChanged).await;
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| event.to.is_empty() && event.template == Some(template)));
}

#[tokio::test]
async fn n_3_n_4_n_5_r_6_requesters_and_approvers_are_told_what_is_theirs() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let requester = BTreeSet::from([world.requester.person]);
    let id = world.submitted(template, "payroll").await;
    let submitted = world.told(EventKind::RequestStateChanged, id).await;
    assert_eq!(submitted, [("the request for svc-payroll is Submitted".to_owned(), BTreeSet::new())], "N-3");
    // N-4: the step's approvers; she is one of them, and not for her own.
    let asked = world.told(EventKind::ApprovalRequired, id).await;
    assert_eq!(asked[0].1, BTreeSet::from([world.lead.person, world.lead2.person]));
    // an approver sees all of it, its reason, and that it is new.
    let seen = world.alm.request(&world.lead, id).await.unwrap();
    assert_eq!((seen.kind, seen.form.justification.as_str()), (RequestKind::New, "the payroll job needs it"));
    assert_eq!(seen, world.document::<Request>(id.uuid()).await);
    world.approve(id).await;
    let asked = world.told(EventKind::ApprovalRequired, id).await;
    assert_eq!(asked[1].1, BTreeSet::from([world.security.person]));
    world.run().await;
    assert_eq!(world.told(EventKind::AccountProvisioned, id).await[0].1, requester, "N-5");

    let denied = world.submitted(template, "other").await;
    world.execute(&world.lead, CastVote::deny(denied, "no")).await.unwrap();
    assert_eq!(world.told(EventKind::RequestStateChanged, denied).await[1].1, requester, "N-5");
    let failing = world.approved(template, "third").await;
    world.vault.refuse(vec![Refusal::new("V-5", "folder", "is not there")]);
    world.run().await;
    assert_eq!(world.told(EventKind::ProvisioningFailed, failing).await[0].1, requester, "N-5");
}

#[tokio::test]
async fn n_6_r_6_r_9_owners_are_told_of_owners_and_approvers_see_a_renewal_as_one() {
    let world = World::new().await;
    let template = world.template(EolAction::Expire).await;
    let account = world.provisioned(template, "payroll").await;
    let owners = [Owner::Person(world.requester.person), Owner::Person(world.lead.person)];
    world.execute(&world.requester, SetOwners::new(account, owners)).await.unwrap();
    let both = BTreeSet::from([world.requester.person, world.lead.person]);
    assert_eq!(world.events(EventKind::AccountOwnerChanged).await[0].to, both);
    world.advance_days(80);
    world.sweep().await;
    assert_eq!(
        world.events(EventKind::RenewalUrgent).await.len()
            + world.events(EventKind::RenewalReminder).await.len()
            + world.events(EventKind::RenewalAvailable).await.len(),
        1
    );
    // the same steps, with a reason; an approver sees that it is a renewal.
    let renewal = world.execute(&world.requester, SubmitRenewal::new(account, "still needed")).await.unwrap();
    let seen = world.alm.request(&world.lead2, renewal).await.unwrap();
    assert_eq!(seen.kind, RequestKind::Renewal { account, enable: false });
    assert_eq!(seen.form.justification, "still needed");
    world.approve(renewal).await;
    world.run().await;
    assert_eq!(world.alm.request(&world.admin, renewal).await.unwrap().status, RequestStatus::Provisioned);
}

/// Takes nothing the first so many times.
#[derive(Debug, Default)]
struct Unwilling {
    refusals: Mutex<u32>,
    taken: Mutex<Vec<Event>>,
}

#[async_trait]
impl EventSink for Unwilling {
    async fn deliver(&self, event: &Event) -> Result<(), Error> {
        // Seen, and the answer is lost.
        self.taken.lock().unwrap().push(event.clone());
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(Error::new(ErrorKind::Config, "sink", "is away"));
        }
        Ok(())
    }
}

#[tokio::test]
async fn i_7_x_15_every_event_is_delivered_in_the_end_and_repeats_share_its_id() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    world.provisioned(template, "payroll").await;
    let waiting: Vec<_> = world.store.undelivered(1_000).await.unwrap();
    assert!(waiting.len() > 5);
    let sink = Unwilling { refusals: Mutex::new(3), taken: Mutex::default() };
    let mut rounds = 0;
    while world.alm.deliver(&sink).await.is_err() {
        rounds += 1;
    }
    assert_eq!(rounds, 3);
    assert!(world.store.undelivered(1).await.unwrap().is_empty());
    let taken = sink.taken.into_inner().unwrap();
    assert_eq!(taken.len(), waiting.len() + 3, "the one that was not taken came again");
    let by_id: BTreeMap<_, _> = taken.into_iter().map(|event| (event.id, event)).collect();
    let waiting: BTreeMap<_, _> = waiting.into_iter().map(|event| (event.id, event)).collect();
    assert_eq!(by_id, waiting);
}

#[tokio::test]
async fn x_1_a_command_whose_answer_was_lost_is_given_again_under_its_key() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let form = || {
        alm_core::model::request::RequestForm::new(
            "payroll",
            alm_core::model::period::Period::Days(90),
            "why",
        )
    };
    let first =
        world.alm.execute(&world.requester, "form 7", DraftRequest::new(template, form())).await.unwrap();
    let submit = || SubmitRequest::new(first);
    world.alm.execute(&world.requester, "form 7, sent", submit()).await.unwrap();
    let audited = world.store.audit_head().await.unwrap();
    let events = world.store.undelivered(1_000).await.unwrap().len();
    // Nobody knows whether it arrived: the same again, any number of times, by a service that was started anew.
    for _ in 0..3 {
        let again = alm_core::Alm::builder(world.store.clone(), world.clock.clone()).open().await.unwrap();
        assert_eq!(
            again.execute(&world.requester, "form 7", DraftRequest::new(template, form())).await.unwrap(),
            first
        );
        again.execute(&world.requester, "form 7, sent", submit()).await.unwrap();
    }
    assert_eq!(world.store.audit_head().await.unwrap(), audited);
    assert_eq!(world.store.undelivered(1_000).await.unwrap().len(), events);
}

#[tokio::test]
async fn a_1_every_command_says_who_when_from_where_and_what() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let (before, _) = world.store.audit_head().await.unwrap();
    let mut caller = world.requester.clone();
    "10.0.0.7, portal".clone_into(&mut caller.source);
    let form = alm_core::model::request::RequestForm::new(
        "payroll",
        alm_core::model::period::Period::Days(90),
        "why",
    );
    let id = world.execute(&caller, DraftRequest::new(template, form)).await.unwrap();
    world.execute(&caller, SubmitRequest::new(id)).await.unwrap();
    world.approve(id).await;
    let denied = world.execute(&caller, AddGroup::new("Mine", [])).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    let commands: Vec<_> = world
        .store
        .audit(before + 1, 100)
        .await
        .unwrap()
        .iter()
        .map(|record| record.entry().unwrap())
        .collect();
    let told: Vec<_> =
        commands.iter().map(|entry| (entry.action.as_str(), entry.actor, entry.result)).collect();
    let by = |caller: &alm_core::Caller| Actor::Person(caller.person);
    assert_eq!(
        told,
        [
            ("request.draft", by(&caller), AuditResult::Done),
            ("request.submit", by(&caller), AuditResult::Done),
            ("request.vote", by(&world.lead), AuditResult::Done),
            ("request.vote", by(&world.security), AuditResult::Done),
            ("saga.begin", by(&world.security), AuditResult::Intended),
            ("group.add", by(&caller), AuditResult::Refused),
        ]
    );
    assert!(commands.iter().all(|entry| entry.at == world.clock.now()));
    assert!(
        commands.iter().filter(|entry| entry.actor == by(&caller)).all(|entry| entry.source == caller.source)
    );
    // Effects: each with its beginning and its end.
    let (before, _) = world.store.audit_head().await.unwrap();
    world.run().await;
    let effects = world.store.audit(before + 1, 1_000).await.unwrap();
    let actions: Vec<_> = effects.iter().map(|record| record.entry().unwrap().action).collect();
    let count = |name: &str| actions.iter().filter(|action| *action == name).count();
    assert!(count("effect.started") > 5, "{actions:?}");
    assert_eq!(count("effect.started"), count("effect.finished"));
}

#[tokio::test]
async fn a_2_whatever_is_altered_in_the_chain_is_found_and_personal_text_is_not_in_it() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    world.submitted(template, "payroll").await;
    let records = world.store.audit(1, 1_000).await.unwrap();
    let report = world.alm.verify_audit().await.unwrap();
    assert!(report.is_intact());
    assert_eq!((report.records, report.head), (records.len() as u64, records.last().unwrap().hash));
    let verify = |records: &[AuditRecord]| {
        let mut prev = ChainHash::GENESIS;
        for (seq, record) in (1..).zip(records) {
            record.verify(seq, prev)?;
            prev = record.hash;
        }
        Ok::<(), ChainFault>(())
    };
    verify(&records).unwrap();
    for at in 0..records.len() {
        let one = &records[at];
        let mut altered = records.clone();
        let body = one.body.replacen("\"at\":\"2026", "\"at\":\"2025", 1);
        assert_ne!(body, one.body);
        altered[at] = AuditRecord::from_parts(one.seq, one.prev, one.hash, body, one.personal.clone());
        assert_eq!(verify(&altered), Err(ChainFault::Altered { seq: one.seq }));
        let mut missing = records.clone();
        missing.remove(at);
        assert_eq!(
            verify(&missing).is_err(),
            at + 1 < records.len(),
            "the end is what a checkpoint outside is for"
        );
        let mut erased = records.clone();
        erased[at].personal = None;
        verify(&erased).unwrap();
    }
    let personal = records.iter().filter(|record| record.personal.is_some()).count();
    assert!(personal > 0 && records.iter().all(|record| !record.body.contains("the payroll job needs it")));
}

#[tokio::test]
async fn a_3_a_change_that_is_not_made_leaves_no_record() {
    let world = World::new().await;
    let before = world.store.audit_head().await.unwrap();
    let lead: Person = world.document(world.lead.person.uuid()).await;
    let events = world.store.undelivered(1_000).await.unwrap().len();
    let mut entry = world.store.audit(1, 1).await.unwrap()[0].entry().unwrap();
    "never".clone_into(&mut entry.action);
    // Of a version that is not there any more.
    let stale = Commit { puts: vec![lead.put(99).unwrap()], audit: vec![entry.clone()], ..Commit::default() };
    assert_eq!(world.store.commit(stale).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(world.store.audit_head().await.unwrap(), before);
    let version = world.store.load(RecordKind::Person, lead.id.uuid()).await.unwrap().unwrap().version;
    let good = Commit { puts: vec![lead.put(version).unwrap()], audit: vec![entry], ..Commit::default() };
    world.store.commit(good).await.unwrap();
    assert_eq!(world.store.audit_head().await.unwrap().0, before.0 + 1);
    // What only would be done is not audited, and what is refused is audited as refused alone.
    world.alm.plan(&world.admin, &AddGroup::new("Planned", [])).await.unwrap();
    assert_eq!(world.store.audit_head().await.unwrap().0, before.0 + 1);
    assert_eq!(world.store.undelivered(1_000).await.unwrap().len(), events);
}

#[tokio::test]
async fn o_14_instances_in_one_process_share_nothing() {
    let one = World::new().await;
    let other = World::on(Arc::new(MemoryStore::new(InstanceId::new(Uuid::from_u128(0xB2))))).await;
    assert_ne!(one.alm.instance(), other.alm.instance());
    let template = one.template(EolAction::Review).await;
    let account = one.provisioned(template, "payroll").await;
    let foreign = other.alm.account(&other.admin, account).await.unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::NotFound);
    // Somebody of the one is nobody in the other, also an administrator.
    other.refused(&one.admin, AddGroup::new("Mine", []), "P-1").await;
    assert!(other.alm.accounts(&other.admin, None, 10).await.unwrap().is_empty());
    assert!(other.vault.secrets().is_empty());
    // The same name is free there.
    let theirs = other.template(EolAction::Review).await;
    other.provisioned(theirs, "payroll").await;
}

#[tokio::test]
async fn o_5_o_6_o_7_nm_3_an_account_remembers_what_it_came_from() {
    let _proof = proves(&["I-5", "L-38", "T-15"]);
    let world = World::new().await;
    let template = world.template(EolAction::Expire).await;
    let id = world.approved(template, "payroll").await;
    world.run().await;
    let request: Request = world.document(id.uuid()).await;
    let account = world.view(request.account.unwrap()).await.account;
    let version: alm_core::model::template::TemplateVersion = world.document(request.template.uuid()).await;
    assert_eq!((account.template, account.template_version), (version.template, version.id));
    assert_eq!((account.period, account.eol_action), (request.form.period, version.body.eol_action));
    assert_eq!(request.eol, Some(account.eol));
    assert_eq!(
        account.eol.duration_since(account.renewal_date).as_hours(),
        24 * i64::from(version.body.renewal_lead_days)
    );
    // I-5: every step was met by people whom it named, each once, of the pinned version.
    for (index, step) in version.body.approval.iter().enumerate() {
        let voters: BTreeSet<_> =
            request.votes.iter().filter(|vote| vote.step == index).map(|vote| vote.person).collect();
        assert!(voters.len() >= step.required as usize && !voters.contains(&request.requester));
    }
    let there = world.there(&account).await.unwrap();
    assert_eq!(there.sam_account_name.as_str(), account.name, "NM-3");
    assert_eq!(there.guid, account.object_guid);
    assert!(
        there.user_account_control.contains(ad_directory::UserAccountControl::PASSWORD_NEVER_EXPIRES),
        "T-15: the default for service accounts"
    );
    assert_eq!(there.expires, ad_directory::AccountExpires::At(account.eol), "L-38");
    assert_eq!(
        world.store.holder(&alm_core::rules::naming::reservation(world.domain, &account.name)).await.unwrap(),
        Some((RecordKind::Account, account.id.uuid()))
    );
}
