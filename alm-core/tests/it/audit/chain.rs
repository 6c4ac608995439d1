//! A-2, I-8: what is found when a chain is held against checkpoints from outside.

use alm_core::model::audit::{AuditEntry, AuditRecord, ChainFault, ChainHash};
use alm_core::model::checkpoint::CheckpointSignature;
use alm_core::model::ids::InstanceId;
use alm_core::rules::audit_chain::{AuditFault, ChainVerifier, TrustedCheckpoints};
use proptest::prelude::*;
use uuid::Uuid;

use super::{busy, but, checkpoint_of, key, records, rewritten, signer, trusted};
use crate::it::rules::proves;
use crate::it::world::at;
use alm_core::port::checkpoint::CheckpointSigner as _;

fn verify(
    records: &[AuditRecord],
    instance: InstanceId,
    trusted: &TrustedCheckpoints,
) -> Result<u64, AuditFault> {
    let mut verifier = ChainVerifier::new(instance, trusted)?;
    for record in records {
        verifier.add(record)?;
    }
    verifier.end()?;
    Ok(verifier.checkpointed().unwrap_or(0))
}

#[tokio::test]
async fn a_1_a_2_i_8_a_chain_holds_up_to_the_last_checkpoint_that_fits_and_erasing_changes_nothing() {
    let _proof = proves(&["A-1", "A-2", "I-8"]);
    let world = busy().await;
    let all = records(&world.store).await;
    let instance = world.alm.instance();
    let mut checkpoints = Vec::new();
    for seq in [3, 9, all.len()] {
        checkpoints.push(checkpoint_of(instance, &all[seq - 1], 7).await);
    }
    // In any order, and the same twice.
    checkpoints.reverse();
    checkpoints.push(checkpoints[0]);
    for (known, holds) in [(&checkpoints[..0], 0), (&checkpoints[2..3], 3), (&checkpoints[..], all.len())] {
        let report = world.alm.verify_audit_against(&trusted(known.iter().copied())).await.unwrap();
        assert_eq!((report.fault, report.checkpointed), (None, holds as u64));
        assert_eq!((report.records, report.head), (all.len() as u64, all.last().unwrap().hash));
    }
    let mut erased = all.clone();
    for record in &mut erased {
        record.personal = None;
    }
    assert_ne!(erased, all);
    assert_eq!(verify(&erased, instance, &trusted(checkpoints)), Ok(all.len() as u64));
    let salts: std::collections::BTreeSet<_> =
        all.iter().map(|record| record.entry().unwrap().salt.unwrap()).collect();
    assert_eq!(salts.len(), all.len(), "each has a salt of its own");
}

#[tokio::test]
async fn a_2_i_8_broken_rewritten_cut_short_and_a_wrong_signature_are_told_apart() {
    let world = busy().await;
    let all = records(&world.store).await;
    let instance = world.alm.instance();
    let (early, late) =
        (checkpoint_of(instance, &all[4], 7).await, checkpoint_of(instance, &all[9], 7).await);
    let outside = trusted([early, late]);
    let made = at("2026-11-20T09:30:00Z");
    let reopened = |store| async move {
        let clock = alm_core::testing::TestClock::new(at("2026-11-20T11:00:00Z"));
        alm_core::Alm::builder(store, std::sync::Arc::new(clock)).open().await.unwrap()
    };

    // Not knowing how, somebody changes one: broken there.
    let mut broken = all.clone();
    let one = &all[6];
    broken[6] = AuditRecord::from_parts(one.seq, one.prev, one.hash, one.body.replace("Z\"", "1Z\""), None);
    assert_eq!(verify(&broken, instance, &outside), Err(ChainFault::Altered { seq: 7 }.into()));

    // Knowing how, they make the chain anew: it holds in itself, and the checkpoints say from where on it is another.
    for (changed, after, checkpoint) in [(2, 0, 5), (5, 0, 5), (6, 5, 10), (10, 5, 10)] {
        let blame = |seq, entry: &mut AuditEntry| {
            if seq == changed {
                entry.source = "somebody else".to_owned();
            }
        };
        let alm = reopened(rewritten(&all, instance, blame).await).await;
        assert!(alm.verify_audit().await.unwrap().is_intact());
        let report = alm.verify_audit_against(&outside).await.unwrap();
        assert_eq!(report.fault, Some(AuditFault::Rewritten { after, checkpoint, at: made }), "{changed}");
        assert_eq!((report.records, report.checkpointed), (checkpoint - 1, after));
        // Behind the last checkpoint nobody can tell: that is what the interval is for.
        let alm = reopened(rewritten(&all, instance, blame).await).await;
        let known = alm.verify_audit_against(&trusted([])).await.unwrap();
        assert_eq!((known.fault, known.checkpointed), (None, 0));
    }

    // They take the end away.
    let alm = reopened(rewritten(&all[..7], instance, |_, _| ()).await).await;
    let report = alm.verify_audit_against(&outside).await.unwrap();
    let end = report.records;
    assert_eq!(report.fault, Some(AuditFault::CutShort { end, checkpoint: 10, at: made }));
    assert_eq!((report.checkpointed, end < 10), (5, true));

    // They change a checkpoint, or sign one themselves.
    let changed = but(late, |one| (one.hash, one.seq) = (all[7].hash, 8));
    let cut = but(late, |one| one.signature = CheckpointSignature::new([0; 64]));
    for wrong in [changed, cut, but(late, |one| one.at = at("2026-11-20T09:30:01Z"))] {
        let report = world.alm.verify_audit_against(&trusted([early, wrong])).await.unwrap();
        assert_eq!(report.fault, Some(AuditFault::Signature { checkpoint: wrong.seq }));
    }
    let theirs = checkpoint_of(instance, &all[9], 8).await;
    let fault = verify(&all, instance, &trusted([theirs])).unwrap_err();
    assert_eq!(fault, AuditFault::UnknownKey { checkpoint: 10, key: signer(8).key() });
    let borrowed = but(theirs, |one| one.key = key());
    assert_eq!(verify(&all, instance, &trusted([borrowed])), Err(AuditFault::Signature { checkpoint: 10 }));

    // One of another instance says nothing of this one.
    let other = InstanceId::new(Uuid::from_u128(9));
    let fault = verify(&all, instance, &trusted([checkpoint_of(other, &all[9], 7).await])).unwrap_err();
    assert_eq!(fault, AuditFault::OtherInstance { checkpoint: 10, instance: other });
}

#[tokio::test]
async fn a_2_a_fault_is_told_as_json_and_in_words() {
    let made = at("2026-11-20T09:30:00Z");
    for (fault, json, words) in [
        (
            AuditFault::Rewritten { after: 5, checkpoint: 10, at: made },
            r#"{"fault":"rewritten","after":5,"checkpoint":10,"at":"2026-11-20T09:30:00Z"}"#,
            "the audit chain was rewritten: its record 10 is not the one that was checkpointed at 2026-11-20T09:30:00Z; what was changed is behind \
             record 5",
        ),
        (
            ChainFault::Altered { seq: 7 }.into(),
            r#"{"fault":"altered","seq":7}"#,
            "audit record 7 was altered",
        ),
    ] {
        assert_eq!(serde_json::to_string(&fault).unwrap(), json);
        assert_eq!(serde_json::from_str::<AuditFault>(json).unwrap(), fault);
        assert_eq!(fault.to_string(), words);
    }
}

fn linked(subjects: &[String]) -> Vec<AuditRecord> {
    let mut prev = ChainHash::GENESIS;
    let link = |(seq, subject): (u64, &String)| {
        let entry = AuditEntry::new(at("2026-11-20T09:00:00Z"), "test.done", subject);
        let record = AuditRecord::link(seq, prev, entry).unwrap();
        prev = record.hash;
        record
    };
    (1..).zip(subjects).map(link).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a chain that has a checkpoint of its last record, in whatever order records come: nothing but the chain itself passes.
    #[test]
    fn a_2_nothing_but_the_chain_itself_passes_its_checkpoint(
        subjects in prop::collection::vec("[a-z]{0,4}", 2..12),
        order in prop::collection::vec(0_usize..14, 0..14),
    ) {
        let instance = InstanceId::new(Uuid::from_u128(1));
        let all = linked(&subjects);
        let last = futures_util::FutureExt::now_or_never(checkpoint_of(instance, all.last().unwrap(), 7)).unwrap();
        let mixed: Vec<_> = order.iter().filter_map(|at| all.get(*at)).cloned().collect();
        prop_assert_eq!(verify(&mixed, instance, &trusted([last])).is_ok(), mixed == all);
        // Renumbered and linked anew, so that it holds in itself.
        let said: Vec<_> = mixed.iter().map(|record| record.entry().unwrap().subject).collect();
        let anew = linked(&said);
        prop_assert!(verify(&anew, instance, &TrustedCheckpoints::none()).is_ok());
        // A chain may grow behind its checkpoint, and nothing else.
        prop_assert_eq!(verify(&anew, instance, &trusted([last])).is_ok(), said.starts_with(&subjects));
        prop_assert!(verify(&all, instance, &trusted([last])).is_ok());
    }
}
