//! a part of the chain as a file, and whoever changes anything in it.

use std::process::Command;

use alm_core::ErrorKind;
use alm_core::model::audit::AuditResult;
use alm_core::rules::audit_chain::{AuditFault, TrustedCheckpoints};
use alm_core::rules::audit_export::{ExportFault, verify_export};
use alm_core::service::audit_export::ExportOptions;
use futures_util::TryStreamExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{busy, checkpoint_of, records, trusted};
use crate::it::rules::{proves, received};
use crate::it::world::World;

const PYTHON: &str = include_str!("../../../src/rules/audit_export/verify_export.py");

async fn exported(world: &World, options: ExportOptions) -> String {
    let mut out = Vec::new();
    let export = world.alm.export_audit(&world.admin, options).await.unwrap();
    export.write_to(&mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn a_1_a_2_an_export_holds_is_audited_and_has_personal_text_only_when_that_is_asked_for() {
    let _proof = proves(&["A-1", "A-2"]);
    let world = busy().await;
    let whole = exported(&world, ExportOptions::new()).await;
    let all = records(&world.store).await;
    let own = all.last().unwrap().entry().unwrap();
    assert_eq!((own.action.as_str(), own.result), ("audit.export", AuditResult::Done));
    assert_eq!(own.facts, serde_json::json!({ "from": 1, "to": "all", "personal": false }));
    assert_eq!(whole.lines().count(), all.len() + 2, "its own record is in it");
    assert!(!whole.contains("the payroll job needs it"));

    let none = TrustedCheckpoints::none();
    let report = verify_export(whole.as_bytes(), &none).unwrap();
    assert_eq!((report.instance, report.from, report.to), (world.alm.instance(), 1, all.len() as u64));
    assert_eq!((report.hash, report.checkpointed), (all.last().unwrap().hash, None));

    // A part of it, with checkpoints before, within and behind.
    let mut checkpoints = Vec::new();
    for at in [2, 4, 8, 12] {
        checkpoints.push(checkpoint_of(world.alm.instance(), &all[at - 1], 7).await);
    }
    let part = exported(&world, ExportOptions::new().range(5, 10).with_personal()).await;
    let report = verify_export(part.as_bytes(), &trusted(checkpoints.iter().copied())).unwrap();
    assert_eq!((report.from, report.to, report.checkpointed), (5, 10, Some(8)));
    let report = verify_export(part.as_bytes(), &trusted([checkpoints[1]])).unwrap();
    assert_eq!(report.checkpointed, Some(4), "of the record before: all that is certain is where it begins");
    let past = exported(&world, ExportOptions::new().range(3, 1_000).with_personal()).await;
    assert!(past.contains("the payroll job needs it"));
    verify_export(past.as_bytes(), &trusted(checkpoints)).unwrap();

    // As a stream, the same.
    let export =
        world.alm.export_audit(&world.admin, ExportOptions::new().range(5, 10).with_personal()).await;
    let lines: String = export.unwrap().lines().try_collect().await.unwrap();
    assert_eq!(lines, part);
}

#[tokio::test]
async fn a_2_p_3_who_may_not_gets_nothing_and_is_audited_and_a_range_without_records_is_refused() {
    let world = busy().await;
    let denied = world.alm.export_audit(&world.requester, ExportOptions::new()).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    let last = records(&world.store).await.pop().unwrap().entry().unwrap();
    assert_eq!((last.action.as_str(), last.result), ("audit.export", AuditResult::Refused));
    let before = records(&world.store).await.len() as u64;
    for (from, to) in [(0, 3), (4, 3), (before + 1, u64::MAX)] {
        let options = ExportOptions::new().range(from, to);
        let refused = world.alm.export_audit(&world.admin, options).await.unwrap_err();
        received(&refused, "A-2");
    }
    assert_eq!(records(&world.store).await.len() as u64, before);
}

/// Whatever one byte becomes.
fn with_byte(text: &str, at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = at % bytes.len();
    bytes[at] = byte;
    bytes
}

#[tokio::test]
async fn a_2_any_change_of_an_export_that_has_a_checkpoint_of_its_end_is_found() {
    let world = busy().await;
    let all = records(&world.store).await;
    let last = checkpoint_of(world.alm.instance(), all.last().unwrap(), 7).await;
    let range = ExportOptions::new().range(3, all.len() as u64);
    let text = exported(&world, range.with_personal()).await;
    let outside = trusted([last]);
    verify_export(text.as_bytes(), &outside).unwrap();
    let lines: Vec<_> = text.lines().collect();

    let mut runner = TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });
    let bytes = (any::<prop::sample::Index>(), prop_oneof![any::<u8>(), 32_u8..127]);
    let byte = |(at, byte): (prop::sample::Index, u8)| {
        let changed = with_byte(&text, at.index(text.len()), byte);
        // An identifier in capitals is the same one.
        let same = changed == text.as_bytes()
            || (changed.eq_ignore_ascii_case(text.as_bytes()) && at.index(text.len()) < lines[0].len());
        prop_assert!(
            same || verify_export(changed.as_slice(), &outside).is_err(),
            "{}",
            String::from_utf8_lossy(&changed)
        );
        Ok(())
    };
    runner.run(&bytes, byte).unwrap();

    // Lines that are left out, doubled, moved; the file cut off anywhere, or with more behind it.
    let found = |lines: &[&str]| verify_export((lines.join("\n") + "\n").as_bytes(), &outside).unwrap_err();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        drop(found(&without));
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        drop(found(&twice));
        for other in at + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            drop(found(&swapped));
        }
    }
    for end in 0..text.len() {
        assert!(verify_export(&text.as_bytes()[..end], &outside).is_err(), "{end}");
    }
    let more = format!("{text}\n");
    assert!(matches!(verify_export(more.as_bytes(), &outside), Err(ExportFault::Line { .. })));
}

#[tokio::test]
async fn a_2_an_export_that_was_made_anew_is_found_by_a_checkpoint_in_it_alone() {
    let world = busy().await;
    let all = records(&world.store).await;
    let of = checkpoint_of(world.alm.instance(), &all[5], 7).await;
    let forged = super::rewritten(&all, world.alm.instance(), |seq, entry| {
        if seq == 4 {
            entry.action = "nothing.happened".to_owned();
        }
    });
    let (clock, store) = (world.clock.clone(), forged.await);
    let alm = alm_core::Alm::builder(store, clock).open().await.unwrap();
    let admin = alm.first_administrator("Eve", "eve@example.com").await.unwrap();
    let eve = alm_core::Caller::new(admin, "console");
    let mut file = Vec::new();
    alm.export_audit(&eve, ExportOptions::new()).await.unwrap().write_to(&mut file).await.unwrap();
    assert_eq!(verify_export(file.as_slice(), &TrustedCheckpoints::none()).unwrap().checkpointed, None);
    let fault = verify_export(file.as_slice(), &trusted([of])).unwrap_err();
    let expected = AuditFault::Rewritten { after: 0, checkpoint: 6, at: of.at };
    assert!(matches!(fault, ExportFault::Chain(found) if found == expected), "{fault}");
}

/// Another program, by the description alone: Python, with `hashlib` and nothing else.
#[tokio::test]
async fn a_2_an_independent_program_verifies_an_export_and_finds_what_was_changed() {
    let world = busy().await;
    let all = records(&world.store).await;
    let text = exported(&world, ExportOptions::new().range(2, 12).with_personal()).await;
    let folder = tempfile::tempdir().unwrap();
    let (program, file) = (folder.path().join("verify_export.py"), folder.path().join("export"));
    std::fs::write(&program, PYTHON).unwrap();
    let verify = |text: &str, checkpoint: &str| {
        std::fs::write(&file, text).unwrap();
        let output = Command::new("python3").arg(&program).arg(&file).arg(checkpoint).output();
        let output = output.expect("this test needs python3");
        let said = String::from_utf8(if output.status.success() { output.stdout } else { output.stderr });
        (output.status.success(), said.unwrap().lines().last().unwrap_or_default().to_owned())
    };
    let within = all[6].hash.to_string();
    assert_eq!(verify(&text, &within), (true, "11 records hold".to_owned()));
    let outside = all.last().unwrap().hash.to_string();
    assert_eq!(
        verify(&text, &outside),
        (false, "AssertionError: another chain than was checkpointed".to_owned())
    );
    let lines: Vec<_> = text.lines().collect();
    let with = all[1..12].iter().position(|record| record.personal.is_some());
    let with = with.expect("one has personal text");
    let body = text.replacen("\\\"at\\\":\\\"2026", "\\\"at\\\":\\\"2025", 1);
    let personal =
        [&lines[..=with], &[&lines[with + 1].replace("\"text\":\"", "\"text\":\"not ")], &lines[with + 2..]];
    for (changed, says) in [
        (body, "record 2 was altered".to_owned()),
        (
            personal.concat().join("\n") + "\n",
            format!("the personal text of record {} was altered", with + 2),
        ),
        ([&lines[..3], &lines[4..]].concat().join("\n"), "record 4 is missing".to_owned()),
        ([&lines[..8], &lines[12..]].concat().join("\n"), "cut short".to_owned()),
    ] {
        assert_ne!(changed, text);
        assert_eq!(verify(&changed, &within), (false, format!("AssertionError: {says}")));
        assert!(verify_export(changed.as_bytes(), &TrustedCheckpoints::none()).is_err());
    }
}
