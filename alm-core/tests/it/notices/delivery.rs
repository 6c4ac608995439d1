//! H-6: several destinations, each at its own pace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alm_core::adapter::store_memory::MemoryStore;
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::delivery::{Delivery, DeliveryState};
use alm_core::model::destination::{Destination, EventFilter, Target};
use alm_core::model::event::{Event, EventKind};
use alm_core::model::ids::{AccountId, DestinationId, EventId, InstanceId};
use alm_core::model::template::EolAction;
use alm_core::port::clock::{Clock as _, SystemClock};
use alm_core::port::courier::{Courier, Parcel, Undelivered};
use alm_core::port::sink::EventSink;
use alm_core::port::store::{Commit, Store};
use alm_core::service::accounts::{DisableAccount, EnableAccount};
use alm_core::service::destinations::{
    AddDestination, EditDestination, RemoveDestination, SendAgain, SetDestinationEnabled,
};
use alm_core::{Alm, Dispatcher, Error, ErrorKind};
use async_trait::async_trait;
use jiff::SignedDuration;
use uuid::Uuid;

use super::sink::Sink;
use crate::it::rules::{proves, received};
use crate::it::world::World;

async fn program(world: &World, name: &str) -> DestinationId {
    world.execute(&world.admin, AddDestination::new(name, Target::Program)).await.unwrap()
}

async fn in_state(world: &World, id: DestinationId, state: DeliveryState) -> Vec<Delivery> {
    world.alm.deliveries(&world.admin, id, state, None, 1_000).await.unwrap()
}

fn set(events: &[Event]) -> BTreeSet<EventId> {
    events.iter().map(|event| event.id).collect()
}

#[tokio::test]
async fn h_6_x_15_i_7_a_bad_destination_holds_up_no_other_and_its_dead_letters_can_be_sent_again() {
    let world = World::new().await;
    let (good, bad) = (program(&world, "Good").await, program(&world, "bad").await);
    let (to_good, to_bad) = (Sink::new(false), Sink::new(true));
    let dispatcher =
        Dispatcher::new(world.alm.clone()).sink("good", to_good.clone()).sink("Bad", to_bad.clone());
    let template = world.template(EolAction::Review).await;
    world.provisioned(template, "payroll").await;
    let events = world.store.undelivered(1_000).await.unwrap();
    let report = dispatcher.run_ready().await.unwrap();
    assert_eq!((report.routed, report.delivered), (events.len() as u64, events.len() as u64));
    assert!(world.store.undelivered(1).await.unwrap().is_empty());
    assert_eq!(to_good.ids().into_iter().collect::<BTreeSet<_>>(), set(&events));
    assert_eq!(to_good.ids().len(), events.len());
    assert_eq!(in_state(&world, good, DeliveryState::Delivered).await.len(), events.len());
    let waiting = in_state(&world, bad, DeliveryState::Waiting).await;
    assert_eq!(waiting.len(), events.len());
    let tried: Vec<_> = waiting.iter().filter(|one| one.note.is_some()).collect();
    assert!(tried[0].note.as_deref().unwrap().contains("is away"), "{tried:?}");
    assert!(tried.iter().all(|one| one.ready_at > world.clock.now() && one.round == 1));
    assert!(waiting.iter().filter(|one| one.note.is_none()).all(|one| one.round == 0), "given back");

    // Hours and days: each is tried ten times, then it is a dead letter. Administrators are told once a day at most, and not
    // through what is away.
    for _ in 0..400 {
        world.clock.advance(SignedDuration::from_hours(1));
        dispatcher.run_ready().await.unwrap();
    }
    let dead = in_state(&world, bad, DeliveryState::Dead).await;
    assert_eq!(dead.len(), events.len(), "all but that of its own failure, which it never hears of");
    assert!(dead.iter().all(|one| one.round == 10), "{dead:?}");
    assert!(in_state(&world, bad, DeliveryState::Waiting).await.is_empty());
    let told: Vec<_> = to_good
        .taken
        .lock()
        .unwrap()
        .iter()
        .filter(|event| event.kind == EventKind::DeliveryFailed)
        .cloned()
        .collect();
    assert!(told.is_sorted_by(|one, next| next.at.duration_since(one.at) > SignedDuration::from_hours(23)));
    assert!((1..events.len()).contains(&told.len()), "{told:?}");
    assert_eq!((told[0].destination, &told[0].to), (Some(bad), &[world.admin.person].into()));
    assert_eq!(to_good.ids().len(), events.len() + told.len());

    // A person sends one again, then all.
    to_bad.back();
    let one = dead[0].event.id;
    assert_eq!(world.execute(&world.admin, SendAgain::new(bad, one)).await.unwrap(), 1);
    dispatcher.run_ready().await.unwrap();
    assert_eq!(to_bad.ids(), [one]);
    world.refused(&world.admin, SendAgain::new(bad, one), "H-6").await;
    assert_eq!(world.execute(&world.admin, SendAgain::all(bad)).await.unwrap(), events.len() as u64 - 1);
    dispatcher.run_ready().await.unwrap();
    assert_eq!(to_bad.ids().into_iter().collect::<BTreeSet<_>>(), set(&events));
    assert!(in_state(&world, bad, DeliveryState::Dead).await.is_empty());
    // Every attempt had the event's one id, and its whole text.
    let by_id: BTreeMap<_, _> = events.iter().map(|event| (event.id, event)).collect();
    assert!(to_bad.seen.lock().unwrap().iter().all(|event| by_id[&event.id] == event));
    // And what is old is forgotten.
    assert_eq!(world.alm.forget_deliveries().await.unwrap(), 0);
    world.advance_days(31);
    assert_eq!(world.alm.forget_deliveries().await.unwrap(), (2 * events.len() + told.len()) as u64);
}

/// Fails for some events, for ever or for a while.
#[derive(Debug, Default)]
struct Choosy {
    never: Mutex<BTreeSet<EventId>>,
    later: Mutex<BTreeMap<EventId, u32>>,
    gone: Mutex<bool>,
    taken: Mutex<Vec<Delivery>>,
}

#[async_trait]
impl Courier for Choosy {
    fn carries(&self, destination: &Destination) -> bool {
        destination.name == "choosy"
    }

    async fn carry(&self, parcel: &Parcel) -> Result<(), Undelivered> {
        let event = parcel.delivery.event.id;
        if *self.gone.lock().unwrap() {
            return Err(Undelivered::gone("wants no more"));
        }
        if self.never.lock().unwrap().contains(&event) {
            return Err(Undelivered::never("cannot be read\nthere"));
        }
        if let Some(left) = self.later.lock().unwrap().get_mut(&event)
            && *left > 0
        {
            *left -= 1;
            return Err(Undelivered::again("later"));
        }
        self.taken.lock().unwrap().push(parcel.delivery.clone());
        Ok(())
    }
}

/// Each of these accounts has been disabled and enabled; the events of each, in their order.
async fn busy(world: &World, names: &[&str]) -> BTreeMap<AccountId, Vec<Event>> {
    let template = world.template(EolAction::Review).await;
    let mut accounts = Vec::new();
    for name in names {
        accounts.push(world.provisioned(template, name).await);
    }
    for id in &accounts {
        world.execute(&world.requester, DisableAccount::new(*id)).await.unwrap();
        world.run().await;
        world.execute(&world.requester, EnableAccount::new(*id)).await.unwrap();
        world.run().await;
    }
    let mut by_account: BTreeMap<_, Vec<Event>> = BTreeMap::new();
    for event in world.store.undelivered(1_000).await.unwrap() {
        if let Some(account) = event.account {
            by_account.entry(account).or_default().push(event);
        }
    }
    for (account, events) in &by_account {
        assert!(accounts.contains(account) && events.len() >= 3, "{events:?}");
        assert!(events.is_sorted_by_key(|event| event.account_version.unwrap()), "{events:?}");
    }
    by_account
}

#[tokio::test]
async fn h_6_the_order_of_an_account_is_kept_and_others_go_on() {
    let world = World::new().await;
    program(&world, "choosy").await;
    let accounts = busy(&world, &["a", "b"]).await;
    let courier = Arc::new(Choosy::default());
    let (slow, quick) = {
        let mut both = accounts.iter();
        (both.next().unwrap(), both.next().unwrap())
    };
    courier.later.lock().unwrap().insert(slow.1[0].id, 2);
    let dispatcher = Dispatcher::new(world.alm.clone()).courier(courier.clone());
    let of = |account: AccountId| -> Vec<EventId> {
        let taken = courier.taken.lock().unwrap();
        taken.iter().filter(|one| one.event.account == Some(account)).map(|one| one.event.id).collect()
    };
    let ids = |events: &[Event]| events.iter().map(|event| event.id).collect::<Vec<_>>();
    dispatcher.run_ready().await.unwrap();
    assert_eq!(of(*slow.0), []);
    assert_eq!(of(*quick.0), ids(quick.1));
    world.clock.advance(SignedDuration::from_secs(4));
    assert_eq!(dispatcher.run_ready().await.unwrap().failed, 0);
    world.clock.advance(SignedDuration::from_secs(2));
    assert_eq!(dispatcher.run_ready().await.unwrap().failed, 1);
    world.clock.advance(SignedDuration::from_mins(6));
    dispatcher.run_ready().await.unwrap();
    assert_eq!(of(*slow.0), ids(slow.1));
}

#[tokio::test]
async fn h_6_a_dead_letter_holds_its_account_back_for_a_time_and_what_follows_is_marked() {
    let world = World::new().await;
    let id = program(&world, "choosy").await;
    let accounts = busy(&world, &["a", "b"]).await;
    let courier = Arc::new(Choosy::default());
    let (account, events) = accounts.iter().next().unwrap();
    courier.never.lock().unwrap().insert(events[0].id);
    let dispatcher = Dispatcher::new(world.alm.clone()).courier(courier.clone());
    let report = dispatcher.run_ready().await.unwrap();
    assert_eq!((report.failed, report.dead), (1, 1));
    let dead = in_state(&world, id, DeliveryState::Dead).await;
    assert_eq!(dead[0].note.as_deref(), Some("cannot be read there"), "one line");
    let of_account = || {
        let taken = courier.taken.lock().unwrap();
        taken.iter().filter(|one| one.event.account == Some(*account)).cloned().collect::<Vec<_>>()
    };
    world.clock.advance(SignedDuration::from_mins(59));
    dispatcher.run_ready().await.unwrap();
    assert!(of_account().is_empty());
    world.clock.advance(SignedDuration::from_mins(1));
    dispatcher.run_ready().await.unwrap();
    let went = of_account();
    assert_eq!(went.len(), events.len() - 1);
    assert!(went.iter().all(|one| one.after_gap));
    let others = courier.taken.lock().unwrap();
    assert!(others.iter().filter(|one| one.event.account != Some(*account)).all(|one| !one.after_gap));
}

#[tokio::test]
async fn h_6_a_destination_that_wants_no_more_is_disabled_and_administrators_are_told() {
    let world = World::new().await;
    let id = program(&world, "choosy").await;
    let courier = Arc::new(Choosy::default());
    *courier.gone.lock().unwrap() = true;
    let dispatcher = Dispatcher::new(world.alm.clone()).courier(courier.clone());
    world.template(EolAction::Review).await;
    dispatcher.run_ready().await.unwrap();
    assert!(!world.alm.destinations(&world.admin).await.unwrap()[0].enabled);
    let told = world.events(EventKind::DeliveryFailed).await;
    assert_eq!((told.len(), told[0].destination), (1, Some(id)));
    // Nothing is queued for it meanwhile; what waits goes when it is enabled again.
    *courier.gone.lock().unwrap() = false;
    world.execute(&world.admin, SetDestinationEnabled::new(id, true)).await.unwrap();
    world.execute(&world.admin, SetDestinationEnabled::new(id, true)).await.unwrap();
    world.execute(&world.admin, SendAgain::all(id)).await.unwrap();
    world.execute(&world.admin, SetDestinationEnabled::new(id, false)).await.unwrap();
    let template = world.template(EolAction::Expire).await;
    dispatcher.run_ready().await.unwrap();
    assert!(courier.taken.lock().unwrap().is_empty());
    world.execute(&world.admin, SetDestinationEnabled::new(id, true)).await.unwrap();
    dispatcher.run_ready().await.unwrap();
    let taken = courier.taken.lock().unwrap();
    assert!(!taken.is_empty() && taken.iter().all(|one| one.event.template != Some(template)));
}

/// Two processes on one store: nothing is lost, nothing comes twice while nothing fails.
async fn two_dispatchers(store: Arc<dyn Store>) {
    let world = World::on(store).await;
    for name in ["one", "two", "three"] {
        program(&world, name).await;
    }
    let accounts = busy(&world, &["a", "b", "c"]).await;
    let events = world.store.undelivered(1_000).await.unwrap();
    let sinks: Vec<_> = (0..3).map(|_| Sink::new(false)).collect();
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let alm = world.alm.clone();
            let dispatcher = ["one", "two", "three"]
                .into_iter()
                .zip(&sinks)
                .fold(Dispatcher::new(alm), |dispatcher, (name, sink)| dispatcher.sink(name, sink.clone()));
            tokio::spawn(async move {
                // The other may be under way with what one has to wait for.
                for _ in 0..20 {
                    dispatcher.run_ready().await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for sink in &sinks {
        let taken = sink.taken.lock().unwrap();
        assert_eq!(set(&taken), set(&events));
        assert_eq!(taken.len(), events.len(), "each once");
        for (account, wanted) in &accounts {
            let order: Vec<_> =
                taken.iter().filter(|event| event.account == Some(*account)).map(|event| event.id).collect();
            assert_eq!(order, wanted.iter().map(|event| event.id).collect::<Vec<_>>());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h_6_two_processes_deliver_at_once_without_disturbing_each_other() {
    two_dispatchers(Arc::new(MemoryStore::new(InstanceId::new(Uuid::from_u128(0xA1))))).await;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("store"), SqliteOptions::default()).await.unwrap();
    two_dispatchers(Arc::new(store)).await;
}

#[tokio::test]
async fn h_6_one_that_died_on_the_way_is_tried_again_after_a_time() {
    let world = World::new().await;
    program(&world, "good").await;
    world.template(EolAction::Review).await;
    let hanging: Arc<dyn EventSink> = Arc::new(Hanging);
    let dispatcher = Dispatcher::new(world.alm.clone()).sink("good", hanging);
    // Its process dies in the middle of the attempt.
    tokio::time::timeout(Duration::from_millis(50), dispatcher.run_ready()).await.unwrap_err();
    let sink = Sink::new(false);
    let dispatcher = Dispatcher::new(world.alm.clone()).sink("good", sink.clone());
    assert_eq!(dispatcher.run_ready().await.unwrap().delivered, 0);
    world.clock.advance(SignedDuration::from_mins(10));
    assert!(dispatcher.run_ready().await.unwrap().delivered > 0);
    assert!(!sink.ids().is_empty());
}

#[tokio::test]
async fn h_6_n_7_administrators_are_told_of_each_outage_and_not_of_each_event() {
    let world = World::new().await;
    let courier = Arc::new(Choosy::default());
    let dispatcher = Dispatcher::new(world.alm.clone()).courier(courier.clone());
    let only = EventFilter::these([EventKind::TemplateStateChanged]);
    world.execute(&world.admin, AddDestination::new("choosy", Target::Program).events(only)).await.unwrap();
    let mut told = Vec::new();
    // Dead, dead, taken, dead; and dead again after a day and more.
    let days = [(true, 0), (true, 2), (false, 2), (true, 2), (true, 2), (true, 25)];
    for (number, (dead, wait)) in days.into_iter().enumerate() {
        world.clock.advance(SignedDuration::from_hours(wait));
        world.publish(&format!("template {number}"), world.body(EolAction::Review)).await;
        if dead {
            let events = world.store.undelivered(1_000).await.unwrap();
            courier.never.lock().unwrap().extend(events.iter().map(|event| event.id));
        }
        let report = dispatcher.run_ready().await.unwrap();
        assert_eq!((report.dead > 0, report.delivered > 0), (dead, !dead), "{report:?}");
        told.push(
            world
                .store
                .undelivered(1_000)
                .await
                .unwrap()
                .iter()
                .filter(|event| event.kind == EventKind::DeliveryFailed)
                .count(),
        );
    }
    assert_eq!(told, [1, 0, 0, 1, 0, 1]);
}

/// In the middle of an attempt somebody else acts, and it waits until that is done.
#[derive(Debug, Default)]
struct Halting {
    gone: bool,
    begun: tokio::sync::Notify,
    go_on: tokio::sync::Notify,
    seen: Mutex<Vec<EventId>>,
}

#[async_trait]
impl Courier for Halting {
    fn carries(&self, _: &Destination) -> bool {
        true
    }

    async fn carry(&self, parcel: &Parcel) -> Result<(), Undelivered> {
        self.seen.lock().unwrap().push(parcel.delivery.event.id);
        self.begun.notify_one();
        self.go_on.notified().await;
        if self.gone { Err(Undelivered::gone("wants no more")) } else { Ok(()) }
    }
}

#[tokio::test]
async fn h_6_a_turn_ends_with_the_attempt_under_way_when_it_is_to_stop() {
    let world = World::new().await;
    let id = program(&world, "one").await;
    busy(&world, &["a", "b"]).await;
    let courier = Arc::new(Halting::default());
    let dispatcher = Dispatcher::new(world.alm.clone()).courier(courier.clone());
    let (end, stop) = tokio::sync::oneshot::channel::<()>();
    let stop = async {
        stop.await.ok();
    };
    let running = dispatcher.run(stop, Duration::from_hours(1));
    let others = async {
        courier.begun.notified().await;
        end.send(()).unwrap();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        courier.go_on.notify_one();
    };
    let both = async { tokio::join!(running, others) };
    let (ended, ()) = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
    ended.unwrap();
    assert_eq!(courier.seen.lock().unwrap().len(), 1);
    assert_eq!(in_state(&world, id, DeliveryState::Delivered).await.len(), 1);
    let waiting = in_state(&world, id, DeliveryState::Waiting).await;
    assert!(!waiting.is_empty() && waiting.iter().all(|one| one.ready_at <= world.clock.now()));
}

#[tokio::test]
async fn h_6_who_wanted_no_more_is_not_who_it_is_now() {
    let world = World::new().await;
    let mail = |from: &str| Target::Email(alm_core::model::email::EmailTarget::new(from));
    let add = |from: &str| AddDestination::new("mail", mail(from));
    let id = world.execute(&world.admin, add("old@example.com")).await.unwrap();
    world.template(EolAction::Review).await;
    let courier = Arc::new(Halting { gone: true, ..Halting::default() });
    let dispatcher = Dispatcher::new(world.alm.clone()).courier(courier.clone());
    let others = async {
        courier.begun.notified().await;
        world.execute(&world.admin, EditDestination::new(id, add("new@example.com"))).await.unwrap();
        courier.go_on.notify_one();
    };
    let both = async { tokio::join!(dispatcher.run_ready(), others) };
    let (report, ()) = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
    assert_eq!(report.unwrap().dead, 0);
    assert_eq!(courier.seen.lock().unwrap().len(), 1, "the turn is over");
    assert!(world.alm.destinations(&world.admin).await.unwrap()[0].enabled);
    assert!(in_state(&world, id, DeliveryState::Dead).await.is_empty());
    let waiting = in_state(&world, id, DeliveryState::Waiting).await;
    assert!(waiting.iter().all(|one| one.ready_at <= world.clock.now() && one.round == 0));
}

#[derive(Debug)]
struct Hanging;

#[async_trait]
impl EventSink for Hanging {
    async fn deliver(&self, _: &Event) -> Result<(), Error> {
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h_6_one_that_never_answers_holds_up_nobody_while_it_runs() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(InstanceId::new(Uuid::from_u128(0xA1))));
    let world = World::on(store.clone()).await;
    program(&world, "good").await;
    let slow = program(&world, "slow").await;
    let alm = Alm::builder(store, Arc::new(SystemClock::new())).open().await.unwrap();
    let sink = Sink::new(false);
    let dispatcher = Dispatcher::new(alm)
        .sink("good", sink.clone())
        .sink("slow", Arc::new(Hanging))
        .attempt_limit(Duration::from_millis(400));
    world.template(EolAction::Review).await;
    let (end, stop) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let stop = async {
            stop.await.ok();
        };
        dispatcher.run(stop, Duration::from_millis(10)).await
    });
    let begun = std::time::Instant::now();
    while sink.ids().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // New ones too, while the other is still under way.
    let had = sink.ids().len();
    world.template(EolAction::Expire).await;
    while sink.ids().len() == had {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(begun.elapsed() < Duration::from_millis(350), "{:?}", begun.elapsed());
    tokio::time::sleep(Duration::from_millis(500)).await;
    end.send(()).unwrap();
    running.await.unwrap().unwrap();
    let waiting = in_state(&world, slow, DeliveryState::Waiting).await;
    assert!(waiting.iter().any(|one| one.note.as_deref().is_some_and(|note| note.contains("no answer"))));
}

#[tokio::test]
async fn h_6_o_11_destinations_are_named_chosen_and_removed_by_those_who_may() {
    let _proof = proves(&["A-1"]);
    let world = World::new().await;
    let add = |name: &str| AddDestination::new(name, Target::Program);
    for name in ["", "two\nlines", "pay\u{202E}roll"] {
        world.refused(&world.admin, add(name), "H-6").await;
    }
    world.refused(&world.admin, add("x").description("\u{7}"), "H-6").await;
    world.refused(&world.admin, add("x").events(EventFilter::these([])), "H-6").await;
    world.refused(&world.lead, add("x"), "P-1").await;
    let only = EventFilter::these([EventKind::TemplateStateChanged]);
    let id = world.execute(&world.admin, add("one").events(only.clone())).await.unwrap();
    world.refused(&world.admin, add("ONE"), "H-6").await;
    let other = program(&world, "two").await;
    world.refused(&world.admin, EditDestination::new(other, add("One")), "H-6").await;
    for caller in [&world.lead, &world.stranger] {
        world.refused(caller, EditDestination::new(id, add("x")), "P-1").await;
        world.refused(caller, SetDestinationEnabled::new(id, false), "P-1").await;
        world.refused(caller, RemoveDestination::new(id), "P-1").await;
        world.refused(caller, SendAgain::all(id), "P-1").await;
        assert!(world.alm.destinations(caller).await.unwrap().is_empty());
        let denied = world.alm.deliveries(caller, id, DeliveryState::Dead, None, 1).await.unwrap_err();
        received(&denied, "P-1");
    }
    let renamed = add("first").description("the inventory").events(only);
    world.execute(&world.admin, EditDestination::new(id, renamed)).await.unwrap();
    let all = world.alm.destinations(&world.admin).await.unwrap();
    let first = all.iter().find(|one| one.id == id).unwrap();
    assert_eq!((first.name.as_str(), first.description.as_str()), ("first", "the inventory"));
    // Of what happens, only what it wants.
    let template = world.template(EolAction::Review).await;
    world.submitted(template, "payroll").await;
    let dispatcher = Dispatcher::new(world.alm.clone());
    let report = dispatcher.run_ready().await.unwrap();
    assert_eq!(report.unserved.len(), 2);
    let waiting = in_state(&world, id, DeliveryState::Waiting).await;
    assert!(!waiting.is_empty());
    assert!(waiting.iter().all(|one| one.event.kind == EventKind::TemplateStateChanged));
    assert!(in_state(&world, other, DeliveryState::Waiting).await.len() > waiting.len());
    world.execute(&world.admin, RemoveDestination::new(id)).await.unwrap();
    let gone = world.alm.deliveries(&world.admin, id, DeliveryState::Waiting, None, 1).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert!(world.store.deliveries(id, DeliveryState::Waiting, None, 1).await.unwrap().is_empty());
    let audited = world.store.audit(1, 1_000).await.unwrap();
    for action in ["destination.add", "destination.edit", "destination.remove"] {
        let text = format!("\"{action}\"");
        assert!(audited.iter().any(|record| record.body.contains(&text) && record.body.contains("\"done\"")));
    }
}

#[tokio::test]
async fn h_6_a_test_is_sent_at_once_and_audited() {
    let world = World::new().await;
    let id = program(&world, "good").await;
    let sink = Sink::new(false);
    let dispatcher = Dispatcher::new(world.alm.clone()).sink("good", sink.clone());
    assert_eq!(dispatcher.test(&world.admin, id).await.unwrap(), None);
    assert_eq!(sink.taken.lock().unwrap()[0].kind, EventKind::Test);
    *sink.away.lock().unwrap() = true;
    let why = dispatcher.test(&world.admin, id).await.unwrap().unwrap();
    assert!(why.why().contains("is away"), "{why}");
    received(&dispatcher.test(&world.lead, id).await.unwrap_err(), "P-1");
    let nobody = Dispatcher::new(world.alm.clone()).test(&world.admin, id).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::Config);
    let audited = world.store.audit(1, 1_000).await.unwrap();
    let results: Vec<_> = audited
        .iter()
        .filter(|record| record.body.contains("destination.test"))
        .map(|record| {
            ["intended", "done", "failed", "refused"]
                .into_iter()
                .find(|result| record.body.contains(&format!("\"{result}\"")))
        })
        .collect();
    assert_eq!(results, ["intended", "done", "intended", "failed", "refused"].map(Some), "P-3, A-1");
    assert!(in_state(&world, id, DeliveryState::Waiting).await.is_empty());
    world.store.commit(Commit::default()).await.unwrap();
}
