//! checkpoints on demand and by the sweep, and what hinders them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use alm_core::model::audit::AuditResult;
use alm_core::model::checkpoint::{CheckpointKey, CheckpointSignature, SignedCheckpoint};
use alm_core::model::event::EventKind;
use alm_core::model::ids::InstanceId;
use alm_core::port::checkpoint::{CheckpointSigner, CheckpointSink};
use alm_core::port::clock::Clock as _;
use alm_core::service::checkpoints::Checkpoints;
use alm_core::service::people::AddPerson;
use alm_core::service::sweep::SweepOptions;
use alm_core::{Alm, Error, ErrorKind, Settings};
use async_trait::async_trait;
use jiff::SignedDuration;

use super::{busy, key, opened, outside, records, rewritten, signer, trusted};
use crate::it::rules::proves;
use crate::it::world::World;

fn settings(records: u64, interval: Duration) -> Settings {
    let mut settings = Settings::default();
    settings.checkpoint_records = records;
    settings.checkpoint_interval = interval;
    settings
}

async fn swept(world: &World, alm: &Alm) -> (Option<SignedCheckpoint>, Option<String>) {
    let options = SweepOptions::new().confirmed_by(world.admin.clone());
    let report = alm.sweep(options).await.unwrap();
    (report.checkpoint, report.not_checkpointed)
}

async fn add(world: &World, count: u32) {
    for _ in 0..count {
        let name = uuid::Uuid::new_v4().to_string();
        world.execute(&world.admin, AddPerson::new(&name, format!("{name}@example.com"))).await.unwrap();
    }
}

#[tokio::test]
async fn a_2_a_1_the_sweep_makes_one_after_so_many_records_or_so_long_and_none_for_its_own_record() {
    let _proof = proves(&["A-1", "A-2"]);
    let world = busy().await;
    let (file, _folder) = outside();
    let alm = opened(&world.store, &world.clock, &file, settings(5, Duration::from_hours(1))).await;
    let before = records(&world.store).await.len() as u64;
    let first = swept(&world, &alm).await.0.unwrap();
    let all = records(&world.store).await;
    assert!(first.seq >= before && first.is_signed() && first.key == key());
    assert_eq!((first.instance, first.at), (alm.instance(), world.clock.now()));
    assert_eq!(first.hash, all[usize::try_from(first.seq).unwrap() - 1].hash);
    let record = all.last().unwrap().entry().unwrap();
    assert_eq!((record.action.as_str(), record.result), ("audit.checkpoint", AuditResult::Done));
    assert_eq!(record.facts["seq"], first.seq);

    // Nothing new; something new but too little; enough.
    assert_eq!(swept(&world, &alm).await, (None, None));
    world.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(swept(&world, &alm).await, (None, None), "time alone is no reason");
    add(&world, 4).await;
    let second = swept(&world, &alm).await.0.unwrap();
    assert_eq!(second.seq, first.seq + 5);
    add(&world, 1).await;
    assert_eq!(swept(&world, &alm).await, (None, None));
    world.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(swept(&world, &alm).await, (None, None));
    world.clock.advance(SignedDuration::from_mins(1));
    let third = swept(&world, &alm).await.0.unwrap();
    assert_eq!(third.seq, second.seq + 2);

    // Opened again, it knows from outside how far it was.
    let again = opened(&world.store, &world.clock, &file, settings(5, Duration::from_hours(1))).await;
    assert_eq!(swept(&world, &again).await, (None, None));
    let kept = file.read().unwrap();
    assert_eq!(kept, [first, second, third]);
    let report = alm.verify_audit_against(&trusted(kept)).await.unwrap();
    assert_eq!((report.fault, report.checkpointed), (None, third.seq));
}

#[tokio::test]
async fn a_2_a_sweep_that_is_held_makes_checkpoints_all_the_same() {
    let world = busy().await;
    let (file, _folder) = outside();
    let alm = opened(&world.store, &world.clock, &file, Settings::default()).await;
    let wrong = world.clock.now() + SignedDuration::from_hours(24);
    let report = alm.sweep(SweepOptions::new().clock("the database", wrong)).await.unwrap();
    assert!(!report.held.is_empty());
    assert!(report.checkpoint.is_some());
}

#[tokio::test]
async fn a_2_p_3_on_demand_it_needs_audit_read_and_a_denial_is_audited() {
    let world = busy().await;
    let (file, _folder) = outside();
    let alm = opened(&world.store, &world.clock, &file, Settings::default()).await;
    let denied = alm.checkpoint(&world.stranger).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    assert_eq!(file.read().unwrap(), []);
    let last = records(&world.store).await.pop().unwrap().entry().unwrap();
    assert_eq!((last.action.as_str(), last.result), ("audit.checkpoint", AuditResult::Refused));
    let made = alm.checkpoint(&world.admin).await.unwrap();
    assert_eq!(file.read().unwrap(), [made]);
    let none = world.alm.checkpoint(&world.admin).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Config, "{none}");
    assert_eq!(world.sweep().await.checkpoint, None);
}

#[tokio::test]
async fn a_2_a_chain_that_was_rewritten_or_cut_short_gets_no_further_checkpoint() {
    let world = busy().await;
    let (file, _folder) = outside();
    let alm = opened(&world.store, &world.clock, &file, Settings::default()).await;
    alm.checkpoint(&world.admin).await.unwrap();
    add(&world, 3).await;
    let last = alm.checkpoint(&world.admin).await.unwrap();
    add(&world, 2).await;
    let all = records(&world.store).await;
    let until = usize::try_from(last.seq).unwrap();
    let instance = alm.instance();
    let lie = |seq, entry: &mut alm_core::model::audit::AuditEntry| {
        if seq == 4 {
            entry.subject = "somebody else".to_owned();
        }
    };
    for (store, says) in [
        (rewritten(&all, instance, lie).await, "the audit chain was rewritten: its record"),
        (rewritten(&all[..until - 1], instance, |_, _| ()).await, "the audit chain was"),
    ] {
        let forged = opened(&store, &world.clock, &file, Settings::default()).await;
        let report = forged.sweep(SweepOptions::new()).await.unwrap();
        assert!(report.not_checkpointed.as_ref().unwrap().contains(says), "{report:?}");
        assert_eq!((report.checkpoint, report.held), (None, vec![]), "the rest of the sweep is done");
        assert_eq!(file.read().unwrap().len(), 2);
        // The administrators are told; once, although each sweep finds it.
        assert!(forged.sweep(SweepOptions::new()).await.unwrap().not_checkpointed.is_some());
        let told = store.undelivered(100).await.unwrap();
        let told: Vec<_> = told.iter().filter(|event| event.kind == EventKind::AuditChainBroken).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].text.contains(says), "{}", told[0].text);
        let last = records(&store).await.pop().unwrap().entry().unwrap();
        assert_eq!((last.action.as_str(), last.result), ("audit.checkpoint", AuditResult::Failed));
    }
    // What it is not: cut behind the checkpoint, which nobody can tell.
    let store = rewritten(&all[..until], instance, |_, _| ()).await;
    let shorter = opened(&store, &world.clock, &file, Settings::default()).await;
    assert_eq!(shorter.sweep(SweepOptions::new()).await.unwrap().not_checkpointed, None);
}

#[tokio::test]
async fn a_2_another_key_goes_on_where_the_earlier_one_is_named() {
    let world = busy().await;
    let (file, _folder) = outside();
    let alm = opened(&world.store, &world.clock, &file, Settings::default()).await;
    let first = alm.checkpoint(&world.admin).await.unwrap();
    let with = |checkpoints: Checkpoints| {
        Alm::builder(Arc::clone(&world.store), world.clock.clone()).checkpoints(checkpoints).open()
    };
    let new = Checkpoints::new(Arc::new(signer(8)), Arc::new(file.clone()));
    let unknown = with(new.clone()).await.unwrap().checkpoint(&world.admin).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Config);
    assert!(unknown.to_string().contains(&key().to_string()), "{unknown}");
    let alm = with(new.earlier_key(key())).await.unwrap();
    let second = alm.checkpoint(&world.admin).await.unwrap();
    let both = [first.key, second.key];
    let known = alm_core::rules::audit_chain::TrustedCheckpoints::new(both, file.read().unwrap());
    let report = alm.verify_audit_against(&known).await.unwrap();
    assert_eq!((report.fault, report.checkpointed), (None, second.seq));
}

/// A place that cannot be written to for a while, and never read.
#[derive(Debug, Default)]
struct Collector {
    away: AtomicBool,
    taken: AtomicU32,
}

#[async_trait]
impl CheckpointSink for Collector {
    async fn append(&self, _: &SignedCheckpoint) -> alm_core::Result<()> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Config, "collector", "the collector is away"));
        }
        self.taken.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn last(&self, _: InstanceId) -> alm_core::Result<Option<SignedCheckpoint>> {
        Ok(None)
    }
}

/// Says that it has a key that it has not.
#[derive(Debug)]
struct Boaster;

#[async_trait]
impl CheckpointSigner for Boaster {
    fn key(&self) -> CheckpointKey {
        key()
    }

    async fn sign(&self, bytes: &[u8]) -> alm_core::Result<CheckpointSignature> {
        signer(8).sign(bytes).await
    }
}

#[tokio::test]
async fn a_2_a_place_that_is_away_gets_it_later_and_a_signature_that_is_none_goes_nowhere() {
    let world = busy().await;
    let sink = Arc::new(Collector::default());
    let with = |signer: Arc<dyn CheckpointSigner>| {
        let checkpoints = Checkpoints::new(signer, sink.clone());
        Alm::builder(Arc::clone(&world.store), world.clock.clone()).checkpoints(checkpoints).open()
    };
    let boasting = with(Arc::new(Boaster)).await.unwrap();
    let error = boasting.checkpoint(&world.admin).await.unwrap_err();
    assert!(error.to_string().contains("makes no signatures of its key"), "{error}");
    let alm = with(Arc::new(signer(7))).await.unwrap();
    sink.away.store(true, Ordering::SeqCst);
    let before = records(&world.store).await.len();
    assert_eq!(swept(&world, &alm).await.1.unwrap(), "collector: the collector is away");
    let actions: Vec<_> =
        records(&world.store).await.iter().map(|record| record.entry().unwrap().action).collect();
    assert!(!actions[before..].contains(&"audit.checkpoint".to_owned()), "{actions:?}");
    sink.away.store(false, Ordering::SeqCst);
    assert!(swept(&world, &alm).await.0.is_some());
    assert_eq!(
        swept(&world, &alm).await,
        (None, None),
        "what was made here is known, although it cannot be read there"
    );
    assert_eq!(sink.taken.load(Ordering::SeqCst), 1);
}
