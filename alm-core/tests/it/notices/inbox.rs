//! N-17: notices in the application itself.

use std::collections::BTreeSet;

use alm_core::model::api_token::ApiTokenSecret;
use alm_core::model::event::EventKind;
use alm_core::model::ids::{InboxItemId, PersonId};
use alm_core::model::inbox::{Category, InboxItem};
use alm_core::model::people::Permission;
use alm_core::model::people::{Feature, Verb};
use alm_core::model::template::EolAction;
use alm_core::port::entropy::SystemEntropy;
use alm_core::port::sink::EventSink;
use alm_core::service::api_tokens::CreateApiToken;
use alm_core::service::approvals::CastVote;
use alm_core::service::inbox::{DismissNotices, MarkRead};
use alm_core::service::people::SetPersonEnabled;
use alm_core::{Caller, Dispatcher};
use async_trait::async_trait;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::it::rules::received;
use crate::it::world::World;

async fn inbox(world: &World, caller: &Caller, category: Option<Category>) -> Vec<InboxItem> {
    world.alm.inbox(caller, category, None, 100).await.unwrap()
}

#[tokio::test]
async fn n_17_each_recipient_finds_one_notice_of_each_event_by_category() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let dispatcher = Dispatcher::new(world.alm.clone());
    world.provisioned(template, "payroll").await;
    assert!(inbox(&world, &world.lead, None).await.is_empty(), "made when events leave the outbox");
    let events = world.store.undelivered(1_000).await.unwrap();
    assert_eq!(dispatcher.run_ready().await.unwrap().routed, events.len() as u64);
    // Again, and by two at once: nothing comes twice.
    dispatcher.run_ready().await.unwrap();
    for caller in [&world.lead, &world.lead2, &world.requester, &world.security, &world.admin] {
        let told: BTreeSet<_> =
            events.iter().filter(|event| event.to.contains(&caller.person)).map(|event| event.id).collect();
        let found = inbox(&world, caller, None).await;
        assert_eq!(found.len(), told.len());
        assert_eq!(found.iter().map(|item| item.event).collect::<BTreeSet<_>>(), told);
        assert!(found.iter().all(|item| item.person == caller.person && !item.read));
        assert_eq!(world.alm.unread_notices(caller).await.unwrap(), told.len() as u64);
        let by_category = Category::ALL.map(|category| inbox(&world, caller, Some(category)));
        assert_eq!(counted(by_category).await, found.len());
    }
    let asked = inbox(&world, &world.lead, Some(Category::Approvals)).await;
    assert_eq!(asked[0].kind, EventKind::ApprovalRequired);
    assert!(asked[0].request.is_some());
    let mine = inbox(&world, &world.requester, Some(Category::Accounts)).await;
    assert_eq!(mine[0].kind, EventKind::AccountProvisioned);
}

async fn counted(each: [impl Future<Output = Vec<InboxItem>>; 3]) -> usize {
    let mut count = 0;
    for one in each {
        count += one.await.len();
    }
    count
}

#[derive(Debug)]
struct Anything;

#[async_trait]
impl EventSink for Anything {
    async fn deliver(&self, _: &alm_core::model::event::Event) -> alm_core::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn n_17_the_newest_come_first_in_pages_and_can_be_read_and_dismissed() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    for name in ["a", "b", "c"] {
        world.submitted(template, name).await;
        world.clock.advance(SignedDuration::from_secs(5));
    }
    // A program that only has a sink of its own gets inboxes too.
    world.alm.deliver(&Anything).await.unwrap();
    let all = inbox(&world, &world.lead, None).await;
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by(|a, b| a.at > b.at));
    let page = world.alm.inbox(&world.lead, None, Some(all[0].id), 1).await.unwrap();
    assert_eq!(page, all[1..2]);

    let read = MarkRead::new([all[0].id, all[1].id]);
    assert_eq!(world.execute(&world.lead, read.clone()).await.unwrap(), 2);
    assert_eq!(world.execute(&world.lead, read).await.unwrap(), 0, "they are read already");
    assert_eq!(world.alm.unread_notices(&world.lead).await.unwrap(), 1);
    assert_eq!(world.alm.unread_notices(&world.lead2).await.unwrap(), 3, "hers are her own");

    // Somebody else's are passed over, as are those that there are not.
    let nowhere = InboxItemId::new(Uuid::from_u128(404));
    let foreign = DismissNotices::new([all[0].id, nowhere]);
    assert_eq!(world.execute(&world.lead2, foreign).await.unwrap(), 0);
    assert_eq!(world.execute(&world.lead, DismissNotices::new([all[2].id])).await.unwrap(), 1);
    assert_eq!(inbox(&world, &world.lead, None).await.len(), 2);
    assert_eq!(world.alm.unread_notices(&world.lead).await.unwrap(), 0);

    let many = (0..1_001).map(|number| InboxItemId::new(Uuid::from_u128(number)));
    world.refused(&world.lead, MarkRead::new(many.clone()), "N-17").await;
    world.refused(&world.lead, DismissNotices::new(many), "N-17").await;
}

#[tokio::test]
async fn n_17_p_1_an_inbox_is_its_enabled_persons_own() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let request = world.submitted(template, "payroll").await;
    world.execute(&world.lead, CastVote::approve(request)).await.unwrap();
    // Disabled before it is delivered: no notice.
    world.execute(&world.admin, SetPersonEnabled::new(world.lead2.person, false)).await.unwrap();
    Dispatcher::new(world.alm.clone()).run_ready().await.unwrap();
    received(&world.alm.inbox(&world.lead2, None, None, 1).await.unwrap_err(), "P-1");
    received(&world.alm.unread_notices(&world.lead2).await.unwrap_err(), "P-1");
    world.refused(&world.lead2, MarkRead::new([]), "P-1").await;
    world.execute(&world.admin, SetPersonEnabled::new(world.lead2.person, true)).await.unwrap();
    assert!(inbox(&world, &world.lead2, None).await.is_empty());
    let nobody = Caller::new(PersonId::new(Uuid::from_u128(404)), "test");
    received(&world.alm.inbox(&nobody, None, None, 1).await.unwrap_err(), "P-1");

    let permission = Permission::new(Feature::ManagedAccount, Verb::Read);
    let until = alm_core::port::clock::Clock::now(&*world.clock) + SignedDuration::from_hours(24);
    let token = ApiTokenSecret::generate(&SystemEntropy::new()).unwrap();
    let create = CreateApiToken::new("dashboard", &token, [permission], until);
    let mut through = world.admin.clone();
    through.token = Some(world.execute(&world.admin, create).await.unwrap());
    received(&world.alm.inbox(&through, None, None, 1).await.unwrap_err(), "P-1");
    world.refused(&through, DismissNotices::new([]), "P-1").await;
}

#[tokio::test]
async fn n_17_notices_go_when_their_time_is_over() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    world.submitted(template, "a").await;
    Dispatcher::new(world.alm.clone()).run_ready().await.unwrap();
    world.advance_days(89);
    assert_eq!(world.alm.forget_notices().await.unwrap(), 0);
    world.submitted(template, "b").await;
    Dispatcher::new(world.alm.clone()).run_ready().await.unwrap();
    world.advance_days(1);
    assert!(world.alm.forget_notices().await.unwrap() >= 2);
    assert_eq!(inbox(&world, &world.lead, None).await.len(), 1);
    assert_eq!(world.alm.unread_notices(&world.lead).await.unwrap(), 1);
}
