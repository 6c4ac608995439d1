//! What each crash and fault of section X leads to, one by one, and I-3.

use std::pin::pin;

use ad_directory::{
    AccountKey, AccountUpdate, CreateOptions, DeleteOptions, Directory, ErrorKind, FindOptions, GroupKey,
    MarkerChange, MemberOptions, NewAccount, UpdateOptions,
};
use alm_core::Refusal;
use alm_core::engine::{MarkerKey, SagaMarker};
use alm_core::model::account::{Account, AccountStatus};
use alm_core::model::ids::{InstanceId, SagaId};
use alm_core::model::request::{Request, RequestStatus};
use alm_core::port::clock::Clock;
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{AbandonOperation, DisableAccount, RetryOperation};
use alm_core::service::failures::{AbandonRequest, CancelProvisioning, RetryRequest};
use alm_core::testing::VaultFault;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::chaos::{Chaos, Mishap};
use super::rules::{proves, received};
use super::stage::{Case, Stage, account_named, poll};
use super::world::{OU, READERS, RETIRED, World, key};

async fn index_of(case: Case, point: &str) -> usize {
    let stage = Stage::new(case, []).await;
    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
    stage.chaos.points().iter().position(|name| name == point).unwrap()
}

async fn saga(stage: &Stage) -> SagaRecord {
    stage.world.document(stage.saga.uuid()).await
}

async fn request(stage: &Stage) -> Request {
    stage.world.alm.request(&stage.world.admin, stage.request.unwrap()).await.unwrap()
}

/// Runs everything, with no mishap but those of the stage.
async fn settle(stage: &Stage) {
    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
}

#[tokio::test]
async fn x_3_a_secret_that_comes_late_is_waited_for_and_found() {
    let stage = Stage::new(Case::Provision, []).await;
    let world = &stage.world;
    world.vault.fault("create", VaultFault::Late);
    let report = world.run().await;
    assert!(report.notes[0].contains("waits until"), "{report:?}");
    assert!(matches!(saga(&stage).await.status, SagaStatus::Waiting { .. }), "I-9: it shows why it waits");
    assert_eq!(world.vault.secrets().len(), 0);
    // Nothing is created again before the first attempt has settled.
    world.clock.advance(SignedDuration::from_secs(40));
    world.run().await;
    assert_eq!(world.vault.calls().iter().filter(|call| **call == "create").count(), 0);
    world.vault.deliver_late();
    world.run_until_quiet().await;
    assert!(stage.problems(false).await.is_empty(), "{:?}", stage.problems(false).await);
    assert_eq!(world.vault.secrets().len(), 1);
}

#[tokio::test]
async fn x_3_a_second_secret_is_deactivated_before_the_account_is_enabled_and_a_strangers_left_alone() {
    let at = index_of(Case::Provision, "at Recorded verify_password").await;
    let stage = Stage::new(Case::Provision, [(at, Mishap::DieBefore)]).await;
    let engine = stage.engine(1, &stage.chaos, stage.world.clock.clone());
    assert!(poll(pin!(engine.run_ready())).is_pending());
    let (recorded, ours) = stage.world.vault.secrets().remove(0);
    let late = stage.world.vault.plant(&ours.folder, &ours.name, &ours.notes, "late-Password-1");
    let strangers = stage.world.vault.plant(&ours.folder, &ours.name, "by hand", "Strange-Password-1");
    settle(&stage).await;
    assert_eq!(saga(&stage).await.status, SagaStatus::Ended { ending: Ending::Done });
    let active: Vec<_> = stage
        .world
        .vault
        .secrets()
        .into_iter()
        .filter(|(_, secret)| secret.active)
        .map(|(id, _)| id)
        .collect();
    assert_eq!(active, [recorded, strangers.clone()]);
    let findings = saga(&stage).await.findings.join("\n");
    assert!(findings.contains(late.as_str()) && findings.contains(strangers.as_str()), "{findings}");
    let points = stage.chaos.points();
    let deactivated = points.iter().position(|point| point == "vault.deactivate").unwrap();
    let enabled = points.iter().rposition(|point| point == "accounts.update").unwrap();
    assert!(deactivated < enabled);
}

#[tokio::test]
async fn x_4_what_the_vault_refuses_fails_frees_the_name_and_leaves_the_directory_alone() {
    let stage = Stage::new(Case::Provision, []).await;
    let world = &stage.world;
    world.vault.refuse(vec![Refusal::new("V-5", "folder", "is not there")]);
    settle(&stage).await;
    let failed = request(&stage).await;
    assert_eq!(failed.status, RequestStatus::ProvisioningFailed);
    assert!(failed.failure.unwrap().contains("V-5"), "R-12");
    assert!(!stage.chaos.points().iter().any(|point| point.starts_with("accounts.")));
    assert!(world.vault.secrets().is_empty());
    // The name is free: somebody else takes it, so the retry is refused.
    world.vault.refuse(Vec::new());
    let version: alm_core::model::template::TemplateVersion =
        world.document(request(&stage).await.template.uuid()).await;
    let other = world.submitted(version.template, "payroll").await;
    let refused =
        world.execute(&world.requester, RetryRequest::new(stage.request.unwrap())).await.unwrap_err();
    received(&refused, "NM-2");
    world.execute(&world.requester, alm_core::service::requests::WithdrawRequest::new(other)).await.unwrap();
    // and now it goes.
    world.execute(&world.requester, RetryRequest::new(stage.request.unwrap())).await.unwrap();
    world.run_until_quiet().await;
    assert_eq!(request(&stage).await.status, RequestStatus::Provisioned);
}

#[tokio::test]
async fn x_5_cancelled_after_the_secret_was_made_it_is_deactivated() {
    let at = index_of(Case::Provision, "at Recorded create_secret").await;
    let stage = Stage::new(Case::Provision, [(at, Mishap::DieBefore)]).await;
    let engine = stage.engine(1, &stage.chaos, stage.world.clock.clone());
    assert!(poll(pin!(engine.run_ready())).is_pending());
    assert!(stage.world.vault.secrets()[0].1.active);
    let cancel = CancelProvisioning::new(stage.request.unwrap());
    stage.world.execute(&stage.world.admin, cancel).await.unwrap();
    settle(&stage).await;
    assert!(stage.problems(true).await.is_empty(), "{:?}", stage.problems(true).await);
}

#[tokio::test]
async fn x_6_an_account_whose_reply_was_lost_is_adopted_not_added_twice() {
    let at = index_of(Case::Provision, "accounts.create").await;
    let stage = Stage::new(Case::Provision, [(at, Mishap::LoseReply)]).await;
    settle(&stage).await;
    assert!(stage.problems(false).await.is_empty());
    assert_eq!(stage.chaos.points().iter().filter(|point| *point == "accounts.create").count(), 1);
}

/// I-3: an object of the wanted name that is not exactly what this saga would have added.
#[tokio::test]
async fn x_8_an_account_of_that_name_that_is_not_ours_is_never_touched() {
    #[derive(Clone, Copy, Debug)]
    enum Stranger {
        Bare,
        OtherInstance,
        OtherSaga,
        ForgedMac,
        Text,
        OursElsewhere,
        OursEnabled,
        OursWithMembership,
        OursFromBefore,
    }
    use Stranger::*;
    let _proof = proves(&["X-7", "I-3"]);
    for stranger in [
        Bare,
        OtherInstance,
        OtherSaga,
        ForgedMac,
        Text,
        OursElsewhere,
        OursEnabled,
        OursWithMembership,
        OursFromBefore,
    ] {
        let stage = Stage::new(Case::Provision, []).await;
        let world = &stage.world;
        let now = Clock::now(world.clock.as_ref());
        if matches!(stranger, OursFromBefore) {
            world.clock.advance(SignedDuration::from_hours(-1));
        }
        let ours = SagaMarker::new(world.alm.instance(), stage.saga, 1);
        let marker = match stranger {
            Bare => None,
            Text => Some("managed-by-hand".parse().unwrap()),
            OtherInstance => {
                let other = SagaMarker::new(InstanceId::new(Uuid::from_u128(9)), stage.saga, 1);
                Some(other.write(&key()).unwrap())
            }
            OtherSaga => {
                let other = SagaMarker::new(world.alm.instance(), SagaId::new(Uuid::from_u128(9)), 1);
                Some(other.write(&key()).unwrap())
            }
            ForgedMac => Some(ours.write(&MarkerKey::new(vec![8; 32]).unwrap()).unwrap()),
            _ => Some(ours.write(&key()).unwrap()),
        };
        let ou = if matches!(stranger, OursElsewhere) { RETIRED } else { OU };
        let mut new = NewAccount::new(ou.parse().unwrap(), "svc-payroll".parse().unwrap())
            .password("Strange-Password-1".to_owned())
            .enabled(matches!(stranger, OursEnabled));
        if let Some(marker) = marker {
            new = new.marker(marker);
        }
        let made = world.directory.create_account(&new, CreateOptions::new()).await.unwrap();
        if matches!(stranger, OursWithMembership) {
            let group = GroupKey::Dn(READERS.parse().unwrap());
            world.directory.add_member(&group, made.guid, MemberOptions::new()).await.unwrap();
        }
        world.clock.set(now);
        let before = account_named(&world.directory, "svc-payroll").await.unwrap();
        settle(&stage).await;
        let after = account_named(&world.directory, "svc-payroll").await;
        assert_eq!(after, Some(before), "{stranger:?}: it was touched");
        let failed = request(&stage).await;
        assert_eq!(failed.status, RequestStatus::ProvisioningFailed, "{stranger:?}");
        assert!(failed.failure.unwrap().contains("taken"), "{stranger:?}");
        assert!(
            world.vault.secrets().iter().all(|(_, secret)| !secret.active),
            "{stranger:?}: a secret is left"
        );
    }
}

#[tokio::test]
async fn x_9_a_refused_password_is_replaced_and_there_is_an_end_to_it() {
    for (refusals, done) in [(1, true), (2, true), (3, false)] {
        let stage = Stage::new(if done { Case::Provision } else { Case::AddForbidden }, []).await;
        let stage = if done { stage } else { Stage { chaos: Chaos::new([]), ..stage } };
        stage.chaos.refuse("accounts.create", refusals, ErrorKind::PasswordPolicy);
        settle(&stage).await;
        let problems = stage.problems(false).await;
        assert!(problems.is_empty(), "{refusals} refusals: {problems:?}");
        let writes = stage.chaos.points().iter().filter(|point| *point == "vault.write_password").count();
        assert_eq!(writes, refusals.min(2) as usize);
    }
}

/// I-1: a new password whose writing was not answered may still come; the proof waits for it.
#[tokio::test]
async fn x_9_a_late_write_of_a_password_cannot_come_behind_the_proof() {
    let at = index_of(Case::PasswordRefused, "vault.write_password").await;
    let mut waited = 0;
    for by in 0..40 {
        let stage = Stage::new(Case::PasswordRefused, [(at, Mishap::Late(by))]).await;
        let world = &stage.world;
        // It comes while the engine is at work, or at the latest when the time in which it can come is over: not at every pause.
        for _ in 0..20 {
            stage.engine(1, &stage.chaos, world.clock.clone()).run_ready().await.unwrap();
            let Some(next) = world.store.next_ready(&[world.domain]).await.unwrap() else { break };
            let wait = next.duration_since(world.clock.now());
            if wait > SignedDuration::from_secs(10) {
                stage.chaos.carry_out_late().await;
                waited += 1;
            }
            world.clock.advance(wait + SignedDuration::from_secs(1));
        }
        stage.chaos.carry_out_late().await;
        let problems = stage.problems(false).await;
        assert!(problems.is_empty(), "late by {by}: {problems:?}");
    }
    assert!(waited > 0);
}

#[tokio::test]
async fn x_11_x_12_a_forbidden_group_undoes_all_and_a_membership_there_already_is_success() {
    let stage = Stage::new(Case::GroupForbidden, []).await;
    settle(&stage).await;
    assert!(stage.problems(false).await.is_empty());

    let at = index_of(Case::Provision, "groups.add_member").await;
    let stage = Stage::new(Case::Provision, [(at, Mishap::DieAfter)]).await;
    settle(&stage).await;
    assert!(stage.problems(false).await.is_empty());
    assert_eq!(stage.chaos.points().iter().filter(|point| *point == "groups.add_member").count(), 2);
}

/// once it may be in use it is never deleted, however often a person retries and whatever the directory refuses.
#[tokio::test]
async fn x_12_x_16_an_account_that_may_be_enabled_is_parked_never_undone() {
    let at = index_of(Case::Provision, "accounts.update").await;
    let stage = Stage::new(Case::Provision, [(at, Mishap::LoseReply)]).await;
    let world = &stage.world;
    let engine = stage.engine(1, &stage.chaos, world.clock.clone());
    engine.run_ready().await.unwrap();
    assert!(account_named(&world.directory, "svc-payroll").await.unwrap().is_enabled());
    stage.chaos.refuse("accounts.update", 2, ErrorKind::Forbidden);
    for _ in 0..2 {
        settle(&stage).await;
        assert!(
            matches!(saga(&stage).await.status, SagaStatus::Parked { .. }),
            "{:?}",
            saga(&stage).await.status
        );
        let there = account_named(&world.directory, "svc-payroll").await.unwrap();
        assert!(there.is_enabled());
        let cancel = CancelProvisioning::new(stage.request.unwrap());
        let refused = world.execute(&world.admin, cancel).await.unwrap_err();
        received(&refused, "X-16");
        world.execute(&world.requester, RetryRequest::new(stage.request.unwrap())).await.unwrap();
        let cancel = CancelProvisioning::new(stage.request.unwrap());
        received(&world.execute(&world.admin, cancel).await.unwrap_err(), "X-16");
    }
    settle(&stage).await;
    assert!(stage.problems(false).await.is_empty(), "{:?}", stage.problems(false).await);
}

#[tokio::test]
async fn x_13_a_wrong_password_is_set_to_the_vaults_never_the_reverse() {
    let stage = Stage::new(Case::PasswordWrong, []).await;
    settle(&stage).await;
    assert!(stage.problems(false).await.is_empty());
    let points = stage.chaos.points();
    assert!(!points.iter().any(|point| point == "vault.write_password"));
    assert_eq!(points.iter().filter(|point| *point == "accounts.set_password").count(), 1);
    assert_eq!(
        points.iter().filter(|point| *point == "accounts.check_password").count(),
        2,
        "below the lock-out"
    );
}

#[tokio::test]
async fn x_18_a_compensation_that_fails_is_parked_with_its_finding_and_goes_on_when_told() {
    let stage = Stage::new(Case::GroupForbidden, []).await;
    let world = &stage.world;
    stage.chaos.refuse("accounts.delete", 1, ErrorKind::Forbidden);
    settle(&stage).await;
    let SagaStatus::Parked { finding } = saga(&stage).await.status else {
        panic!("{:?}", saga(&stage).await)
    };
    assert!(finding.contains("accounts.delete"), "{finding}");
    assert!(!account_named(&world.directory, "svc-payroll").await.unwrap().is_enabled());
    let told = world.store.undelivered(1_000).await.unwrap();
    let parked = told.iter().find(|event| event.text.contains("waits for a person")).unwrap();
    assert!(parked.to.contains(&world.admin.person), "I-9");
    world.execute(&world.requester, RetryRequest::new(stage.request.unwrap())).await.unwrap();
    settle(&stage).await;
    assert!(stage.problems(false).await.is_empty(), "{:?}", stage.problems(false).await);

    // Given up: what is there stays, and the request is over.
    let stage = Stage::new(Case::GroupForbidden, []).await;
    stage.chaos.refuse("accounts.delete", 1, ErrorKind::Forbidden);
    settle(&stage).await;
    stage.world.execute(&stage.world.requester, AbandonRequest::new(stage.request.unwrap())).await.unwrap();
    settle(&stage).await;
    assert_eq!(saga(&stage).await.status, SagaStatus::Ended { ending: Ending::Abandoned });
    assert_eq!(request(&stage).await.status, RequestStatus::Abandoned);
}

#[tokio::test]
async fn x_20_a_common_name_that_is_taken_gets_an_addition() {
    let stage = Stage::new(Case::Disable, []).await;
    let world = &stage.world;
    let other = NewAccount::new(RETIRED.parse().unwrap(), "somebody".parse().unwrap()).cn("svc-payroll");
    let other = world.directory.create_account(&other, CreateOptions::new()).await.unwrap();
    settle(&stage).await;
    assert_eq!(saga(&stage).await.status, SagaStatus::Ended { ending: Ending::Done });
    let account: Account = world.document(stage.account.uuid()).await;
    let there = world.there(&account).await.unwrap();
    assert_eq!(there.dn.parent(), Some(RETIRED.parse().unwrap()));
    assert_eq!(there.cn, format!("svc-payroll-{}", stage.saga.short()));
    let same = world.directory.find_account(&AccountKey::Guid(other.guid), FindOptions::new()).await.unwrap();
    assert_eq!(same, Some(other));
    assert!(saga(&stage).await.findings[0].contains("taken"));
}

#[tokio::test]
async fn x_21_a_missing_account_parks_and_is_never_called_deleted() {
    for case in [Case::Disable, Case::Enable, Case::Renew, Case::Expire, Case::Delete] {
        let stage = Stage::new(case, []).await;
        let world = &stage.world;
        let before: Account = world.document(stage.account.uuid()).await;
        world.directory.delete_account(before.object_guid, DeleteOptions::new()).await.unwrap();
        settle(&stage).await;
        assert!(matches!(saga(&stage).await.status, SagaStatus::Parked { .. }), "{case:?}");
        let account: Account = world.document(stage.account.uuid()).await;
        assert_eq!(account.status, before.status, "{case:?}");
        assert!(account.operation.unwrap().failed);
        world.execute(&world.requester, RetryOperation::new(stage.account)).await.unwrap();
        settle(&stage).await;
        assert!(matches!(saga(&stage).await.status, SagaStatus::Parked { .. }), "{case:?}: L-31");
        for _ in 0..2 {
            let account: Account = world.document(stage.account.uuid()).await;
            if account.operation.is_some() {
                world.execute(&world.requester, AbandonOperation::new(stage.account)).await.unwrap();
                settle(&stage).await;
            }
        }
        let account: Account = world.document(stage.account.uuid()).await;
        assert_eq!((account.operation, account.status), (None, before.status), "{case:?}");
    }
}

#[tokio::test]
async fn x_22_a_strangers_secret_of_that_name_is_not_adopted_and_a_suffix_is_tried_once() {
    let stage = Stage::new(Case::Provision, []).await;
    let world = &stage.world;
    let name = format!("svc-payroll.corp.example.com.{}", stage.saga.short());
    let planted = world.vault.plant("12", &name, "by hand", "Strange-Password-1");
    settle(&stage).await;
    assert_eq!(saga(&stage).await.status, SagaStatus::Ended { ending: Ending::Done });
    let account: Account = world.document(stage.account.uuid()).await;
    assert_ne!(account.secret, Some(planted.to_string()));
    for (id, secret) in world.vault.secrets() {
        assert!(secret.active);
        if id == planted {
            assert_eq!(secret.password.expose_secret(), "Strange-Password-1");
        } else {
            assert_eq!(secret.name, format!("{name}-2"));
        }
    }

    let stage = Stage::new(Case::Provision, []).await;
    let name = format!("svc-payroll.corp.example.com.{}", stage.saga.short());
    stage.world.vault.plant("12", &name, "by hand", "Strange-Password-1");
    stage.world.vault.plant("12", &format!("{name}-2"), "by hand", "Strange-Password-1");
    settle(&stage).await;
    assert_eq!(request(&stage).await.status, RequestStatus::ProvisioningFailed);
    assert!(stage.world.vault.secrets().iter().all(|(_, secret)| secret.active && secret.notes == "by hand"));
    assert_eq!(account_named(&stage.world.directory, "svc-payroll").await, None);
}

/// X-22 where names are unique: our own late attempt is what takes the name.
#[tokio::test]
async fn x_22_a_name_taken_by_our_own_late_attempt_is_ours() {
    let at = index_of(Case::Provision, "vault.create").await;
    // Late enough to come between the look of the second attempt and its request.
    let again = {
        let stage = Stage::new(Case::Provision, [(at, Mishap::DieBefore)]).await;
        settle(&stage).await;
        stage.chaos.points().iter().rposition(|point| point == "vault.create").unwrap()
    };
    let mut met = false;
    for by in 0..=(again - at + 3) {
        let stage = Stage::new(Case::Provision, [(at, Mishap::Late(by))]).await;
        let world = &stage.world;
        world.vault.require_unique_names();
        // Driven here, so that it comes neither sooner nor later.
        for _ in 0..20 {
            stage.engine(1, &stage.chaos, world.clock.clone()).run_ready().await.unwrap();
            world.clock.advance(SignedDuration::from_secs(60));
        }
        stage.chaos.carry_out_late().await;
        met |= world.vault.calls().iter().filter(|call| **call == "create").count() == 2;
        let problems = stage.problems(false).await;
        assert!(problems.is_empty(), "late by {by}: {problems:?}");
        assert_eq!(world.vault.secrets().len(), 1, "late by {by}");
    }
    assert!(met, "the second request never met the first");
}

/// I-3: an operation on an account whose marker is not one of ours changes nothing.
#[tokio::test]
async fn i_3_a_foreign_marker_on_a_live_account_stops_every_operation() {
    let forge = |world: &World, account: &Account, which: usize| {
        let known = *account.sagas.last().unwrap();
        let instance = world.alm.instance();
        match which {
            0 => None,
            1 => Some("managed-by-hand".parse().unwrap()),
            2 => Some(SagaMarker::new(InstanceId::new(Uuid::from_u128(9)), known, 1).write(&key()).unwrap()),
            3 => Some(SagaMarker::new(instance, SagaId::new(Uuid::from_u128(9)), 1).write(&key()).unwrap()),
            4 => {
                let stolen = MarkerKey::new(vec![8; 32]).unwrap();
                Some(SagaMarker::new(instance, known, 1).write(&stolen).unwrap())
            }
            _ => Some(SagaMarker::new(instance, known, 1_000_000).write(&key()).unwrap()),
        }
    };
    for case in [Case::Disable, Case::Enable, Case::Renew, Case::Expire, Case::Delete, Case::Erase] {
        for which in 0..6 {
            let stage = Stage::new(case, []).await;
            let world = &stage.world;
            let account: Account = world.document(stage.account.uuid()).await;
            let there = world.there(&account).await.unwrap();
            let mut change = MarkerChange::release(there.marker.unwrap());
            change.set = forge(world, &account, which);
            let update = AccountUpdate::new().marker(change);
            let before = world
                .directory
                .update_account(account.object_guid, &update, UpdateOptions::new())
                .await
                .unwrap();
            if which < 5 {
                settle(&stage).await;
                assert!(matches!(saga(&stage).await.status, SagaStatus::Parked { .. }), "{case:?} {which}");
            } else {
                // E-5: a higher epoch; it stops, waits and says why.
                stage.engine(1, &stage.chaos, world.clock.clone()).run_ready().await.unwrap();
                let SagaStatus::Waiting { why } = saga(&stage).await.status else {
                    panic!("{:?}", saga(&stage).await)
                };
                assert!(why.contains("E-5"), "{why}");
            }
            let after = world.there(&account).await.unwrap();
            assert_eq!(after.dn, before.dn, "{case:?} {which}");
            assert_eq!(
                (after.is_enabled(), after.expires, after.sam_account_name, after.marker),
                (before.is_enabled(), before.expires, before.sam_account_name, before.marker),
                "{case:?} {which}"
            );
        }
    }
}

/// E-5: the emergency stop while an enabling effect is on its way: it comes between the look and the change, and the stop wins all the same.
#[tokio::test]
async fn e_5_an_effect_of_a_superseded_operation_that_comes_late_does_not_stop_the_emergency_stop() {
    let at = index_of(Case::Renew, "accounts.update").await;
    let mut lost = 0;
    for by in 0..14 {
        let stage = Stage::new(Case::Renew, [(at, Mishap::Late(by))]).await;
        let world = &stage.world;
        stage.engine(1, &stage.chaos, world.clock.clone()).run_ready().await.unwrap();
        world.execute(&world.requester, DisableAccount::new(stage.account)).await.unwrap();
        for _ in 0..10 {
            stage.engine(1, &stage.chaos, world.clock.clone()).run_ready().await.unwrap();
            world.clock.advance(SignedDuration::from_secs(10));
        }
        stage.chaos.carry_out_late().await;
        let account: Account = world.document(stage.account.uuid()).await;
        assert_eq!((account.status, account.operation), (AccountStatus::Disabled, None), "late by {by}");
        let there = world.there(&account).await.unwrap();
        assert!(there.is_disabled(), "late by {by}");
        // I-12, L-37: what the renewal wrote is put back.
        assert_eq!(there.expires, ad_directory::AccountExpires::At(account.eol), "late by {by}");
        assert_eq!(account.renewal, None, "the renewal is closed");
        // Until the stop has put it back, the end date is that of the renewal that was approved and open.
        assert!(
            stage.chaos.wrong().iter().all(|wrong| wrong.contains("I-12")),
            "late by {by}: {:?}",
            stage.chaos.wrong()
        );
        let updates = stage.chaos.points().iter().filter(|point| *point == "accounts.update").count();
        lost += usize::from(updates > 3);
    }
    assert!(lost > 0, "it never came between look and change");
}
