//! Passwords that the vault changes when it is asked to (T-14, V-8).

use std::sync::Arc;

use ad_directory::{CheckPasswordOptions, CreateOptions, Directory as _, MemoryDirectory, NewAccount};
use alm_core::model::account::{Account, Owner};
use alm_core::model::event::EventKind;
use alm_core::model::ids::{AccountId, SagaId, SecretId};
use alm_core::model::template::{EolAction, Rotator, TemplateBody};
use alm_core::port::clock::Clock as _;
use alm_core::port::vault::Vault as _;
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{AbandonOperation, DisableAccount, RetryOperation, SetOwners};
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::rotation::RotateAccount;
use alm_core::service::templates::DraftTemplate;
use alm_core::testing::VaultFault;
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};

use super::chaos::{Chaos, ChaosDirectory, ChaosVault, Mishap};
use super::world::{OU, World};

fn body(w: &World) -> TemplateBody {
    let mut body = w.body(EolAction::Review);
    body.rotation.by = Rotator::Vault;
    body
}

/// An account whose password the vault changes.
async fn account(w: &World) -> AccountId {
    w.vault.changes_passwords_in(w.directory.clone());
    let template = w.publish("Rotated by the vault", body(w)).await;
    w.provisioned(template, "payroll").await
}

/// Asks for another password, at another moment than the one before.
async fn rotate(w: &World, id: AccountId) -> SagaId {
    w.clock.advance(SignedDuration::from_secs(1));
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap()
}

async fn secret(w: &World, id: AccountId) -> SecretId {
    SecretId::new(w.view(id).await.account.secret.unwrap())
}

/// What the secret holds, and whether it is the account's password.
async fn password(w: &World, id: AccountId) -> (SecretString, bool) {
    let password = w.vault.read_password(&secret(w, id).await).await.unwrap();
    let object = w.view(id).await.account.object_guid;
    let check = w.directory.check_password(object, &password, CheckPasswordOptions::new()).await.unwrap();
    (password, check.proves_password() == Some(true))
}

async fn saga(w: &World, id: SagaId) -> SagaRecord {
    w.document(id.uuid()).await
}

const DONE: SagaStatus = SagaStatus::Ended { ending: Ending::Done };

#[tokio::test]
async fn t_14_the_vault_is_asked_once_and_a_sign_in_proves_it() {
    let w = World::new().await;
    let id = account(&w).await;
    let (before, _) = password(&w, id).await;
    w.advance_days(3);
    let rotation = rotate(&w, id).await;
    w.refused(&w.requester, RotateAccount::new(id), "L-31").await;
    assert!(w.run().await.notes.is_empty());
    assert_eq!(saga(&w, rotation).await.status, DONE);
    let (after, proved) = password(&w, id).await;
    assert!(proved && before.expose_secret() != after.expose_secret());
    assert_eq!(w.vault.tries(), 1);
    let account = w.view(id).await.account;
    assert_eq!((account.password_changed_at, account.operation), (w.clock.now(), None));
    assert_eq!(account.binds.last(), Some(&w.clock.now()), "S-8: that sign-in was ours");
    assert_eq!(w.events(EventKind::AccountPasswordRotated).await.len(), 1);
    assert_eq!(w.vault.secrets().len(), 1, "no second secret");
    w.refused(&w.stranger, RotateAccount::new(id), "P-1").await;
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn t_14_v_8_a_template_says_who_rotates_and_the_place_has_to_fit() {
    let w = World::new().await;
    let refused = async |name: &str, body: TemplateBody, rule: &str| {
        let template = w.execute(&w.admin, DraftTemplate::new(name, body)).await.unwrap();
        w.refused(&w.admin, PublishTemplate::new(template), rule).await;
    };
    refused("no such vault", body(&w), "V-8").await;
    w.vault.changes_passwords_in(w.directory.clone());
    refused("two of them", w.body(EolAction::Review), "V-8").await;
    let mut by_age = body(&w);
    by_age.rotation.every_days = Some(30);
    refused("by age", by_age, "T-14").await;
    // Asking it when an owner leaves makes sense (W-4).
    let mut leaving = body(&w);
    leaving.rotation.when_owner_leaves = true;
    let template = w.publish("when an owner leaves", leaving).await;
    let id = w.provisioned(template, "payroll").await;
    let owners = |people: &[&alm_core::Caller]| {
        SetOwners::new(id, people.iter().map(|caller| Owner::Person(caller.person)))
    };
    w.execute(&w.requester, owners(&[&w.requester, &w.lead])).await.unwrap();
    w.execute(&w.requester, owners(&[&w.lead])).await.unwrap();
    w.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(w.sweep().await.rotating, [id]);
    w.run().await;
    assert_eq!(w.vault.tries(), 1);
    assert!(password(&w, id).await.1 && w.sweep().await.rotating.is_empty());
}

/// A vault may take its time; for ever it may not, and then a person is asked.
#[tokio::test]
async fn t_14_a_slow_vault_is_waited_for_with_bounded_patience() {
    let w = World::new().await;
    let id = account(&w).await;
    w.vault.take_your_time(true);
    let rotation = rotate(&w, id).await;
    let report = w.run().await;
    assert!(report.notes[0].contains("has not changed the password"), "{report:?}");
    assert!(matches!(saga(&w, rotation).await.status, SagaStatus::Waiting { .. }));
    w.clock.advance(SignedDuration::from_mins(20));
    w.run().await;
    w.vault.take_your_time(false);
    w.run_until_quiet().await;
    assert_eq!((saga(&w, rotation).await.status, w.vault.tries()), (DONE, 1));

    w.vault.take_your_time(true);
    let rotation = rotate(&w, id).await;
    w.run_until_quiet().await;
    let parked = saga(&w, rotation).await.status;
    assert!(
        matches!(&parked, SagaStatus::Parked { finding } if finding.contains("has not changed")),
        "{parked:?}"
    );
    assert!(w.events(EventKind::OperationParked).await.len() == 1 && password(&w, id).await.1);
    w.vault.take_your_time(false);
    w.execute(&w.requester, RetryOperation::new(id)).await.unwrap();
    w.run_until_quiet().await;
    assert_eq!(saga(&w, rotation).await.status, DONE);
    assert!(password(&w, id).await.1);
}

#[tokio::test]
async fn t_14_a_vault_that_fails_waits_for_a_person() {
    let w = World::new().await;
    let id = account(&w).await;
    let (before, _) = password(&w, id).await;
    w.vault.cannot_change(Some("the privileged account is locked"));
    let rotation = rotate(&w, id).await;
    let report = w.run().await;
    assert!(report.notes[0].contains("the privileged account is locked"), "{report:?}");
    w.execute(&w.requester, AbandonOperation::new(id)).await.unwrap();
    w.run().await;
    assert_eq!(saga(&w, rotation).await.status, SagaStatus::Ended { ending: Ending::Abandoned });
    let (after, proved) = password(&w, id).await;
    assert!(proved && before.expose_secret() == after.expose_secret());
    w.vault.cannot_change(None);
    rotate(&w, id).await;
    assert!(w.run().await.notes.is_empty() && password(&w, id).await.1);
    // An emergency stop takes the place of one that is under way.
    w.vault.take_your_time(true);
    rotate(&w, id).await;
    w.run().await;
    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    w.run().await;
    assert!(w.view(id).await.account.operation.is_none());
}

/// An order whose answer is lost is looked after; it is given again only when the vault shows for an hour that it did nothing.
#[tokio::test]
async fn t_14_a_lost_answer_is_asked_after_and_not_blindly_repeated() {
    let w = World::new().await;
    let id = account(&w).await;
    for (fault, tries) in [(VaultFault::LoseReply, 1), (VaultFault::Unreachable, 2)] {
        w.vault.fault("ask_change", fault);
        let rotation = rotate(&w, id).await;
        let begun = w.clock.now();
        w.run_until_quiet().await;
        assert_eq!((saga(&w, rotation).await.status, w.vault.tries()), (DONE, tries));
        assert!(w.clock.now().duration_since(begun) < SignedDuration::from_mins(1));
    }
    // It never arrives, and nobody knows.
    let chaos = Chaos::new([]);
    let number = {
        rotate(&w, id).await;
        run(&w, &chaos).await;
        chaos.points().iter().position(|point| point == "vault.ask_change").unwrap()
    };
    let rotation = rotate(&w, id).await;
    let begun = w.clock.now();
    let chaos = Chaos::new([(number, Mishap::Late(1_000_000))]);
    while saga(&w, rotation).await.status != DONE {
        run(&w, &chaos).await;
        w.clock.advance(SignedDuration::from_mins(1));
        assert!(w.clock.now().duration_since(begun) < SignedDuration::from_hours(2));
    }
    assert!(
        w.clock.now().duration_since(begun) >= SignedDuration::from_hours(1),
        "not before it must have settled"
    );
    assert_eq!(chaos.points().iter().filter(|point| *point == "vault.ask_change").count(), 2);
    assert!(password(&w, id).await.1);
    // What comes after all changes both once more, and no drift is seen in it (V-8).
    chaos.carry_out_late().await;
    w.vault.last_change(&secret(&w, id).await).await.unwrap();
    assert!(password(&w, id).await.1);
}

async fn run(w: &World, chaos: &Arc<Chaos>) {
    let directory = ChaosDirectory { inner: w.directory.clone(), chaos: chaos.clone() };
    let vault = ChaosVault { inner: w.vault.clone(), chaos: chaos.clone() };
    let engine = w
        .engine_on(0xE1, Arc::new(directory), Arc::new(vault), w.clock.clone())
        .take_back(true)
        .build()
        .unwrap();
    engine.run_ready().await.unwrap();
}

/// A vault that changed the password somewhere else: no password is tried, and a person is asked.
#[tokio::test]
async fn t_14_what_the_directory_does_not_show_is_not_believed() {
    let w = World::new().await;
    let id = account(&w).await;
    let other = MemoryDirectory::builder("corp.example.com").unit(OU).build().unwrap();
    let new = NewAccount::new(OU.parse().unwrap(), "svc-payroll".parse().unwrap())
        .password("Another-1-forest!".to_owned());
    other.create_account(&new, CreateOptions::new()).await.unwrap();
    w.vault.changes_passwords_in(Arc::new(other));
    let rotation = rotate(&w, id).await;
    let chaos = Chaos::new([]);
    for _ in 0..90 {
        run(&w, &chaos).await;
        w.clock.advance(SignedDuration::from_mins(1));
    }
    let parked = saga(&w, rotation).await.status;
    assert!(
        matches!(&parked, SagaStatus::Parked { finding } if finding.contains("shows no other")),
        "{parked:?}"
    );
    assert!(chaos.points().iter().all(|point| point != "accounts.check_password"), "locks nobody out");
}

/// Another password than the vault's: tried twice, minutes apart, and then a person is asked.
#[tokio::test]
async fn t_14_a_password_that_is_wrong_is_tried_twice() {
    let w = World::new().await;
    let id = account(&w).await;
    let chaos = Chaos::new([]);
    chaos.spoil_password();
    let rotation = rotate(&w, id).await;
    run(&w, &chaos).await;
    assert!(matches!(saga(&w, rotation).await.status, SagaStatus::Waiting { .. }));
    w.clock.advance(SignedDuration::from_mins(2));
    run(&w, &chaos).await;
    let binds = || chaos.points().iter().filter(|point| *point == "accounts.check_password").count();
    assert_eq!(binds(), 1);
    w.clock.advance(SignedDuration::from_mins(4));
    run(&w, &chaos).await;
    assert_eq!(binds(), 2);
    assert!(matches!(saga(&w, rotation).await.status, SagaStatus::Parked { .. }));
    // Somebody puts the password that was set into the vault, and has it looked at again.
    let set = SecretString::from("Somebody-Elses-Choice-4711");
    w.vault.write_password(&secret(&w, id).await, &set).await.unwrap();
    w.execute(&w.requester, RetryOperation::new(id)).await.unwrap();
    run(&w, &chaos).await;
    assert_eq!(saga(&w, rotation).await.status, DONE);
}

/// What a rotation of our own left open is ended before the vault is asked for a third password.
#[tokio::test]
async fn t_14_what_a_rotation_of_our_own_left_is_ended_first() {
    let w = World::new().await;
    let id = account(&w).await;
    let place = body(&w).vault.unwrap();
    let pending = alm_core::model::account::PendingSecret::new(place.pending(), "left by another".into());
    w.rewrite::<Account>(id.uuid(), |account| account.pending = Some(pending)).await;
    rotate(&w, id).await;
    assert!(w.run().await.notes.is_empty());
    assert_eq!((w.vault.tries(), w.view(id).await.account.pending), (0, None));
    rotate(&w, id).await;
    w.run().await;
    assert_eq!(w.vault.tries(), 1);
    assert!(password(&w, id).await.1);
}

/// A heartbeat that is under way when the order is to be given again is not the order.
#[tokio::test]
async fn t_14_a_heartbeat_under_way_is_not_taken_for_the_order() {
    let w = World::new().await;
    let id = account(&w).await;
    w.vault.fault("ask_change", VaultFault::Unreachable);
    let rotation = rotate(&w, id).await;
    w.run().await;
    w.vault.look_at_passwords(true);
    w.clock.advance(SignedDuration::from_mins(1));
    w.run().await;
    w.vault.look_at_passwords(false);
    w.run_until_quiet().await;
    assert_eq!((saga(&w, rotation).await.status, w.vault.tries()), (DONE, 1));
    assert!(password(&w, id).await.1);
    // One that never ends is a person's business.
    w.vault.fault("ask_change", VaultFault::Unreachable);
    let rotation = rotate(&w, id).await;
    w.run().await;
    w.vault.look_at_passwords(true);
    w.run_until_quiet().await;
    let parked = saga(&w, rotation).await.status;
    assert!(matches!(parked, SagaStatus::Parked { .. }), "{parked:?}");
}

/// What the vault said of the password before the order says nothing of the order.
#[tokio::test]
async fn t_14_a_failure_that_stood_before_does_not_refuse_a_change_that_went_well() {
    let w = World::new().await;
    let id = account(&w).await;
    w.vault.keep_failures(true);
    w.vault.cannot_change(Some("out of sync"));
    rotate(&w, id).await;
    w.run().await;
    w.execute(&w.requester, AbandonOperation::new(id)).await.unwrap();
    w.run().await;
    w.vault.cannot_change(None);
    let rotation = rotate(&w, id).await;
    assert!(w.run().await.notes.is_empty());
    assert_eq!((saga(&w, rotation).await.status, w.vault.tries()), (DONE, 2));
    let stands = w.vault.last_change(&secret(&w, id).await).await.unwrap();
    assert!(stands.failed.is_some() && password(&w, id).await.1);
    // Nor is one that fails again believed: no password is tried, and a person is asked.
    w.vault.cannot_change(Some("out of sync"));
    let rotation = rotate(&w, id).await;
    w.run_until_quiet().await;
    let parked = saga(&w, rotation).await.status;
    assert!(
        matches!(&parked, SagaStatus::Parked { finding } if finding.contains("shows no other")),
        "{parked:?}"
    );
}
