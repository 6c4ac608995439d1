//! Service and engines on it: several engines as on several machines, each with a store of its own on the one schema.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ad_directory::Directory;
use alm_core::engine::{Engine, PlaceInspector};
use alm_core::model::ids::EngineId;
use alm_core::model::request::RequestStatus;
use alm_core::model::template::EolAction;
use alm_core::port::clock::Clock;
use alm_core::port::store::Store;
use alm_core::port::vault::Vault;
use alm_core::{Alm, ErrorKind, Outcome};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::super::super::world::{World, key};
use super::{any_time, open};

/// Another process: a store, a service and an engine of its own.
async fn process(world: &World, number: u128, store: Arc<dyn Store>) -> Engine {
    let (directory, vault): (Arc<dyn Directory>, Arc<dyn Vault>) =
        (world.directory.clone(), world.vault.clone());
    let clock: Arc<dyn Clock> = world.clock.clone();
    let inspector = Arc::new(PlaceInspector::new(directory.clone(), vault.clone()));
    let alm = Alm::builder(store, clock.clone()).inspector(inspector).open().await.unwrap();
    let id = EngineId::new(Uuid::from_u128(number));
    Engine::builder(id, world.domain, Arc::new(alm), directory, vault, clock, key()).build().unwrap()
}

/// Their clock stands still, so none of them looks by itself: whatever is done was announced by the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_of_several_processes_share_the_work_as_it_comes() {
    const ACCOUNTS: usize = 24;
    let options = any_time();
    let world = World::on(Arc::new(open(&options).await)).await;
    let template = world.template(EolAction::Disable).await;
    let (mut stops, mut engines) = (Vec::new(), Vec::new());
    for number in 1..=3 {
        let engine = process(&world, number, Arc::new(open(&options).await)).await;
        let (stop, stopped) = oneshot::channel::<()>();
        stops.push(stop);
        engines.push(tokio::spawn(async move {
            let stopped = async move { drop(stopped.await) };
            engine.run(stopped, Duration::from_hours(1)).await.unwrap()
        }));
    }
    let mut requests = Vec::new();
    for number in 0..ACCOUNTS {
        requests.push(world.approved(template, &format!("job{number}")).await);
    }
    let all_done = async {
        loop {
            let mut done = 0;
            for request in &requests {
                let request = world.alm.request(&world.requester, *request).await.unwrap();
                done += usize::from(request.status == RequestStatus::Provisioned);
            }
            if done == ACCOUNTS {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_mins(1), all_done).await.expect("engines are woken");

    let mut at_work = 0;
    for (stop, engine) in stops.into_iter().zip(engines) {
        stop.send(()).unwrap();
        let report = engine.await.unwrap();
        assert_eq!(report.notes, Vec::<String>::new());
        at_work += usize::from(report.sagas > 0);
    }
    assert!(at_work > 1, "one engine did everything");
    let mut guids = BTreeSet::new();
    for request in requests {
        let request = world.alm.request(&world.requester, request).await.unwrap();
        let account = world.view(request.account.unwrap()).await.account;
        assert!(world.there(&account).await.is_some());
        guids.insert(account.object_guid);
    }
    assert_eq!(guids.len(), ACCOUNTS);
    assert!(world.alm.verify_audit().await.unwrap().is_intact());
}

/// Of two engines of one id neither takes the other's work: one that would does not begin, and says why.
#[tokio::test]
async fn an_engine_that_would_take_back_its_leases_ends_at_once() {
    // The engine of the world is made so.
    let world = World::on(Arc::new(open(&any_time()).await)).await;
    let ready = world.engine.run_ready().await.unwrap_err();
    let run = world.engine.run(std::future::pending(), Duration::from_hours(1));
    let run = timeout(Duration::from_secs(10), run).await.expect("it does not go on").unwrap_err();
    for error in [ready, run] {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotDone), "{error}");
        let text = error.to_string();
        assert!(text.contains("cannot be taken back") && text.contains("without take_back"), "{text}");
    }
}
