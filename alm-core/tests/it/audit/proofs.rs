//! that records are part of a chain, shown to somebody who may see no others.

use alm_core::ErrorKind;
use alm_core::model::audit::AuditResult;
use alm_core::model::checkpoint::SignedCheckpoint;
use alm_core::model::ids::InstanceId;
use alm_core::rules::audit_proof::{AuditProof, ProofFault, ProofRequest};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use uuid::Uuid;

use super::{busy, but, checkpoint_of, key, records, rewritten};
use crate::it::rules::{proves, received};
use crate::it::world::World;

async fn proof(world: &World, request: &ProofRequest, of: &SignedCheckpoint) -> AuditProof {
    world.alm.prove_audit(&world.admin, request, of).await.unwrap()
}

#[tokio::test]
async fn a_1_a_2_a_proof_shows_what_was_chosen_and_nothing_of_the_rest() {
    let _proof = proves(&["A-1", "A-2"]);
    let world = busy().await;
    let all = records(&world.store).await;
    let of = checkpoint_of(world.alm.instance(), all.last().unwrap(), 7).await;
    let with = all.iter().find(|record| record.personal.is_some()).unwrap().seq;
    for (request, shown) in [
        (ProofRequest::new(3..=6), vec![3, 4, 5, 6]),
        (ProofRequest::new(1..=9).only([2, 9, 40]), vec![2, 9]),
        (ProofRequest::new(5..=5).only([]), vec![]),
        (ProofRequest::new(with..=with).with_personal(), vec![with]),
        (ProofRequest::new(1..=of.seq), (1..=of.seq).collect()),
    ] {
        let sent = serde_json::to_string(&proof(&world, &request, &of).await).unwrap();
        let own = records(&world.store).await.pop().unwrap().entry().unwrap();
        assert_eq!((own.action.as_str(), own.result), ("audit.prove", AuditResult::Done));
        let got: AuditProof = serde_json::from_str(&sent).unwrap();
        let seen = got.verify(&of, &[key()]).unwrap();
        assert_eq!(seen.iter().map(|record| record.seq).collect::<Vec<_>>(), shown);
        for record in &seen {
            let mut expected = all[usize::try_from(record.seq).unwrap() - 1].clone();
            expected.personal = expected.personal.filter(|_| request.personal);
            assert_eq!(*record, expected);
        }
        for hidden in all.iter().filter(|record| !shown.contains(&record.seq)) {
            let entry = hidden.entry().unwrap();
            assert!(!sent.contains(&entry.salt.unwrap()));
            let is_link = hidden.seq >= *request.range.start();
            assert_eq!(sent.contains(&hidden.content().to_string()), is_link);
            assert!(!sent.contains(&serde_json::to_string(&hidden.body).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_2_a_proof_for_one_checkpoint_does_not_pass_for_another() {
    let world = busy().await;
    let all = records(&world.store).await;
    let instance = world.alm.instance();
    let forged = records(&rewritten(&all, instance, |_, entry| entry.source.push('!')).await).await;
    for from in 1..=6 {
        for to in from..=6 {
            let request = ProofRequest::new(from..=to);
            let of = checkpoint_of(instance, &all[7], 7).await;
            let proof = proof(&world, &request, &of).await;
            proof.verify(&of, &[key()]).unwrap();
            for (record, signed_by, fault) in [
                (&all[6], 7, ProofFault::OtherCheckpoint { end: 8, checkpoint: 7 }),
                (&all[8], 7, ProofFault::OtherCheckpoint { end: 8, checkpoint: 9 }),
                (&forged[7], 7, ProofFault::NotInChain { checkpoint: 8 }),
            ] {
                let other = checkpoint_of(instance, record, signed_by).await;
                assert_eq!(proof.verify(&other, &[key()]), Err(fault));
            }
            let theirs = checkpoint_of(instance, &all[7], 8).await;
            let borrowed = but(theirs, |one| one.key = key());
            for wrong in [theirs, borrowed] {
                assert!(matches!(proof.verify(&wrong, &[key()]), Err(ProofFault::Checkpoint(_))));
            }
            let foreign = checkpoint_of(InstanceId::new(Uuid::from_u128(9)), &all[7], 7).await;
            assert_eq!(proof.verify(&foreign, &[key()]), Err(ProofFault::OtherInstance(instance)));
        }
    }
}

#[tokio::test]
async fn a_2_any_change_of_a_proof_is_found() {
    let world = busy().await;
    let all = records(&world.store).await;
    let of = checkpoint_of(world.alm.instance(), all.last().unwrap(), 7).await;
    let request = ProofRequest::new(2..=of.seq).only((2..of.seq).step_by(2)).with_personal();
    let proof = proof(&world, &request, &of).await;
    let text = serde_json::to_string(&proof).unwrap();
    let passes = |changed: &[u8]| {
        let read = serde_json::from_slice::<AuditProof>(changed);
        // An identifier in capitals is the same one.
        read.is_ok_and(|read| read != proof && read.verify(&of, &[key()]).is_ok())
    };

    let mut runner = TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });
    let bytes = (any::<prop::sample::Index>(), prop_oneof![any::<u8>(), 32_u8..127]);
    let byte = |(at, byte): (prop::sample::Index, u8)| {
        let mut changed = text.clone().into_bytes();
        changed[at.index(text.len())] = byte;
        prop_assert!(!passes(&changed), "{}", String::from_utf8_lossy(&changed));
        Ok(())
    };
    runner.run(&bytes, byte).unwrap();

    // Links that are left out, doubled, moved, put in; another beginning.
    let value: Value = serde_json::from_str(&text).unwrap();
    let links = value["links"].as_array().unwrap().clone();
    let with = |links: Vec<Value>, from: u64| {
        let mut changed = value.clone();
        changed["links"] = Value::Array(links);
        changed["from"] = from.into();
        serde_json::to_vec(&changed).unwrap()
    };
    assert!(serde_json::from_slice::<AuditProof>(&with(links.clone(), 2)).unwrap() == proof);
    for at in 0..links.len() {
        let mut changed = links.clone();
        let one = changed.remove(at);
        assert!(!passes(&with(changed.clone(), 2)) && !passes(&with(changed.clone(), 3)), "without {at}");
        changed.insert(at, one.clone());
        changed.insert(at, one);
        assert!(!passes(&with(changed.clone(), 2)) && !passes(&with(changed, 1)), "twice {at}");
        for other in at + 1..links.len() {
            let mut changed = links.clone();
            changed.swap(at, other);
            assert!(!passes(&with(changed.clone(), 2)), "{at} and {other}");
            changed.truncate(other);
            assert!(!passes(&with(changed, 2)), "up to {other}");
        }
    }
    assert!(!passes(&with(Vec::new(), 2)));
}

#[tokio::test]
async fn a_2_p_3_what_cannot_be_proved_is_refused_and_a_denial_is_audited() {
    let world = busy().await;
    let all = records(&world.store).await;
    let instance = world.alm.instance();
    let of = checkpoint_of(instance, &all[7], 7).await;
    let denied = world.alm.prove_audit(&world.requester, &ProofRequest::new(1..=2), &of).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    let last = records(&world.store).await.pop().unwrap().entry().unwrap();
    assert_eq!((last.action.as_str(), last.result), ("audit.prove", AuditResult::Refused));
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    for range in [0..=3, 5..=4, 7..=9] {
        let refused = world.alm.prove_audit(&world.admin, &ProofRequest::new(range), &of).await.unwrap_err();
        received(&refused, "A-2");
    }
    let foreign = checkpoint_of(InstanceId::new(Uuid::from_u128(9)), &all[7], 7).await;
    let far = but(of, |one| one.seq = 100_001);
    for unfit in [foreign, far] {
        let refused =
            world.alm.prove_audit(&world.admin, &ProofRequest::new(1..=2), &unfit).await.unwrap_err();
        received(&refused, "A-2");
        assert_eq!(refused.refusals()[0].field(), "checkpoint");
    }
    // The store's chain is not the one that was checkpointed, or does not reach so far.
    let other = but(of, |one| one.hash = all[0].hash);
    for unfit in [other, but(of, |one| one.seq = 99_999)] {
        let error = world.alm.prove_audit(&world.admin, &ProofRequest::new(1..=2), &unfit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StoreCorrupt, "{error}");
    }
    // A record from before there were salts can be shown, and not hidden.
    let store = rewritten(&all, instance, |_, entry| entry.salt = None).await;
    let alm = alm_core::Alm::builder(store.clone(), world.clock.clone()).open().await.unwrap();
    let admin = alm.first_administrator("Ada", "ada@example.com").await.unwrap();
    let ada = alm_core::Caller::new(admin, "console");
    let of = checkpoint_of(instance, &records(&store).await[3], 7).await;
    alm.prove_audit(&ada, &ProofRequest::new(2..=4), &of).await.unwrap();
    let error = alm.prove_audit(&ada, &ProofRequest::new(2..=3), &of).await.unwrap_err();
    assert!(error.to_string().contains("audit record 4 has no salt"), "{error}");
}
