//! H-5: any audit record, for those who want each.

use std::collections::BTreeSet;

use alm_core::model::audit::{AuditRecord, AuditResult};
use alm_core::model::delivery::DeliveryState;
use alm_core::model::destination::{Destination, EventFilter, Target};
use alm_core::model::email::EmailTarget;
use alm_core::model::event::{Event, EventKind};
use alm_core::model::ids::DestinationId;
use alm_core::model::people::{Feature, Permission, Verb};
use alm_core::model::siem::{SiemTarget, SiemTransport};
use alm_core::model::template::EolAction;
use alm_core::port::courier::{Courier, Parcel, Undelivered};
use alm_core::port::store::RecordKind;
use alm_core::service::destinations::{
    AddDestination, EditDestination, RemoveDestination, SetDestinationEnabled,
};
use alm_core::service::people::AddPerson;
use alm_core::service::roles::AddRole;
use alm_core::{Caller, Dispatcher};

use super::sink::Sink;
use crate::it::rules::proves;
use crate::it::world::World;

fn feed() -> AddDestination {
    let both = EventFilter::these([EventKind::AuditRecord, EventKind::TemplateStateChanged]);
    AddDestination::new("chain", Target::Program).events(both)
}

async fn chain(world: &World) -> Vec<AuditRecord> {
    world.store.audit(1, 10_000).await.unwrap()
}

fn told(events: &[Event]) -> Vec<u64> {
    events.iter().filter_map(|event| Some(event.audit.as_ref()?.seq)).collect()
}

async fn waiting(world: &World, id: DestinationId) -> usize {
    world.alm.deliveries(&world.admin, id, DeliveryState::Waiting, None, 10_000).await.unwrap().len()
}

#[tokio::test]
async fn h_5_every_audit_record_from_then_on_comes_once_with_its_place_and_hash_and_without_personal_text() {
    let world = World::new().await;
    let (to_chain, to_all) = (Sink::new(false), Sink::new(false));
    let all = AddDestination::new("all", Target::Program);
    world.execute(&world.admin, all).await.unwrap();
    let before = chain(&world).await.len() as u64;
    world.execute(&world.admin, feed()).await.unwrap();
    let template = world.template(EolAction::Review).await;
    world.provisioned(template, "payroll").await;
    let dispatcher =
        || Dispatcher::new(world.alm.clone()).sink("chain", to_chain.clone()).sink("all", to_all.clone());
    // Two at a time do not tell twice.
    let (one, two) = (dispatcher(), dispatcher());
    let (one, two) = tokio::join!(one.run_ready(), two.run_ready());
    one.unwrap();
    two.unwrap();
    dispatcher().run_ready().await.unwrap();
    let events = to_chain.taken.lock().unwrap().clone();
    let chain = chain(&world).await;
    assert!(chain.len() as u64 > before + 20, "there is something to tell");
    let wanted: Vec<_> = (before + 1..=chain.len() as u64).collect();
    let mut said = told(&events);
    said.sort_unstable();
    assert_eq!(said, wanted, "its own addition first, each once, no gap");
    assert!(events.iter().any(|event| event.kind == EventKind::TemplateStateChanged));
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len());
    let mut erasable = 0;
    for event in events.iter().filter(|event| event.kind == EventKind::AuditRecord) {
        let said = event.audit.as_ref().unwrap();
        let record = &chain[usize::try_from(said.seq).unwrap() - 1];
        let entry = record.entry().unwrap();
        assert_eq!((said.hash, event.at), (record.hash, entry.at));
        assert_eq!((&said.entry.action, said.entry.result), (&entry.action, entry.result));
        assert!(event.text.starts_with(&entry.action), "{}", event.text);
        assert_eq!(said.entry.personal, None);
        if let Some(personal) = &record.personal {
            erasable += 1;
            assert!(!serde_json::to_string(event).unwrap().contains(&personal.text));
        }
    }
    assert!(erasable > 0, "the request's reason is personal text");
    // Whoever wants everything that happens has not asked for the chain.
    assert!(to_all.taken.lock().unwrap().iter().all(|event| event.kind != EventKind::AuditRecord));
}

#[tokio::test]
async fn h_5_h_6_while_a_destination_is_away_records_wait_in_the_chain_and_none_is_lost() {
    let world = World::new().await;
    let sink = Sink::new(true);
    let id = world.execute(&world.admin, feed()).await.unwrap();
    let before = chain(&world).await.len() as u64;
    let dispatcher = Dispatcher::new(world.alm.clone()).sink("chain", sink.clone());
    let template = world.template(EolAction::Review).await;
    for number in 0..12 {
        world.provisioned(template, &format!("svc{number}")).await;
    }
    let written = chain(&world).await.len() as u64 - before;
    assert!(written > 200, "{written}");
    for _ in 0..20 {
        dispatcher.run_ready().await.unwrap();
        world.clock.advance(jiff::SignedDuration::from_secs(2));
    }
    // And for weeks: no record is given up.
    for _ in 0..30 {
        world.clock.advance(jiff::SignedDuration::from_hours(25));
        dispatcher.run_ready().await.unwrap();
    }
    assert!(waiting(&world, id).await < 160, "what nobody takes is not copied out of the chain");
    let dead = world.alm.deliveries(&world.admin, id, DeliveryState::Dead, None, 9).await.unwrap();
    assert!(dead.iter().all(|one| one.event.audit.is_none()), "{dead:?}");
    // Disabled for a time: what happens meanwhile is not told, but what is in the chain is.
    world.execute(&world.admin, SetDestinationEnabled::new(id, false)).await.unwrap();
    world.provisioned(template, "meanwhile").await;
    sink.back();
    dispatcher.run_ready().await.unwrap();
    assert_eq!(sink.ids(), []);
    world.execute(&world.admin, SetDestinationEnabled::new(id, true)).await.unwrap();
    for _ in 0..4 {
        world.clock.advance(jiff::SignedDuration::from_hours(27));
        dispatcher.run_ready().await.unwrap();
    }
    let mut said = told(&sink.taken.lock().unwrap());
    said.sort_unstable();
    let last = chain(&world).await.len() as u64;
    assert_eq!(said, (before..=last).collect::<Vec<_>>());

    // No longer, and from then on again.
    let other = EventFilter::these([EventKind::TemplateStateChanged]);
    world.execute(&world.admin, EditDestination::new(id, feed().events(other))).await.unwrap();
    dispatcher.run_ready().await.unwrap();
    assert_eq!(sink.taken.lock().unwrap().len(), said.len() + 1, "the template, and no record");
    world.execute(&world.admin, EditDestination::new(id, feed())).await.unwrap();
    dispatcher.run_ready().await.unwrap();
    let newest = sink.taken.lock().unwrap().last().unwrap().audit.clone().unwrap();
    assert_eq!((newest.entry.action.as_str(), newest.seq), ("destination.edit", last + 2));
    world.execute(&world.admin, RemoveDestination::new(id)).await.unwrap();
    assert_eq!(world.store.list(RecordKind::AuditCursor, None, 9).await.unwrap(), []);
}

/// Nothing comes through to a SIEM.
#[derive(Debug)]
struct Away;

#[async_trait::async_trait]
impl Courier for Away {
    fn carries(&self, _: &Destination) -> bool {
        true
    }

    async fn carry(&self, _: &Parcel) -> Result<(), Undelivered> {
        Err(Undelivered::never("may not go there"))
    }
}

#[tokio::test]
async fn h_5_p_1_whoever_may_not_read_the_audit_has_it_sent_nowhere() {
    let _proof = proves(&["H-5"]);
    let world = World::new().await;
    let may = |verb| Permission::new(Feature::Siem, verb);
    let role = AddRole::new("collectors", [may(Verb::Create), may(Verb::Update), may(Verb::Read)]);
    let role = world.execute(&world.admin, role).await.unwrap();
    let person =
        world.execute(&world.admin, AddPerson::new("Sam", "sam@example.com").role(role)).await.unwrap();
    let caller = Caller::new(person, "test");
    let target = Target::Siem(SiemTarget::new("siem.example.com", SiemTransport::Tls));
    let plain = AddDestination::new("siem", target).events(EventFilter::these([EventKind::EndOfLife]));
    let audit = plain.clone().events(EventFilter::these([EventKind::AuditRecord]));
    world.refused(&caller, audit.clone(), "P-1").await;
    let id = world.execute(&caller, plain.clone()).await.unwrap();
    world.refused(&caller, EditDestination::new(id, audit.clone()), "P-1").await;
    world.execute(&world.admin, EditDestination::new(id, audit.clone())).await.unwrap();
    // Nor can somebody have it sent elsewhere, also what is queued already.
    world.refused(&caller, EditDestination::new(id, audit), "P-1").await;
    world.refused(&caller, EditDestination::new(id, plain.clone()), "P-1").await;
    let away = Dispatcher::new(world.alm.clone()).courier(std::sync::Arc::new(Away));
    away.run_ready().await.unwrap();
    let queued = |who: Caller| {
        let alm = world.alm.clone();
        async move { alm.deliveries(&who, id, DeliveryState::Waiting, None, 100).await.unwrap() }
    };
    assert!(queued(world.admin.clone()).await.iter().any(|one| one.event.audit.is_some()));
    let shown = queued(caller.clone()).await;
    assert!(!shown.is_empty() && shown.iter().all(|one| one.event.audit.is_none()));
    assert!(shown.iter().all(|one| one.event.text == "audit record"));
    // No longer wanted, it does not go to whatever place comes next.
    world.execute(&world.admin, EditDestination::new(id, plain)).await.unwrap();
    world.clock.advance(jiff::SignedDuration::from_hours(30));
    assert_eq!(away.run_ready().await.unwrap().failed, 0);
    assert!(queued(world.admin.clone()).await.is_empty());
    let mail = AddDestination::new("mail", Target::Email(EmailTarget::new("alm@example.com")));
    let mail = mail.events(EventFilter::these(EventKind::ALL));
    let error = world.refused(&world.admin, mail, "H-5").await;
    assert_eq!(error.refusals()[0].field(), "events");
    let refused = world.store.audit(1, 1_000).await.unwrap();
    let refused = refused.iter().filter(|record| record.entry().unwrap().result == AuditResult::Refused);
    assert!(refused.count() >= 4);
}
