//! Other passwords for accounts in use (section X *rotate*, T-14, W-4).

use std::sync::Arc;

use ad_directory::{CheckPasswordOptions, Directory as _};
use alm_core::model::account::{AccountStatus, Owner};
use alm_core::model::event::EventKind;
use alm_core::model::ids::AccountId;
use alm_core::model::template::{EolAction, Rotator, TemplateBody};
use alm_core::port::clock::Clock as _;
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{AbandonOperation, DeleteAccount, RetryOperation, SetOwners};
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::rotation::RotateAccount;
use alm_core::service::templates::DraftTemplate;
use secrecy::{ExposeSecret as _, SecretString};

use super::chaos::{Chaos, ChaosDirectory};
use super::world::World;

async fn account_of(w: &World, body: TemplateBody) -> AccountId {
    let template = w.publish("Rotated accounts", body).await;
    w.provisioned(template, "payroll").await
}

async fn plain(w: &World) -> AccountId {
    account_of(w, w.body(EolAction::Review)).await
}

/// The password that the account's own secret holds, after it was proved.
async fn password(w: &World, id: AccountId) -> SecretString {
    let account = w.view(id).await.account;
    let secrets = w.vault.secrets();
    let active: Vec<_> = secrets.iter().filter(|(_, secret)| secret.active).collect();
    assert_eq!(active.len(), 1, "the second secret is gone");
    assert_eq!(Some(active[0].0.to_string()), account.secret);
    let password = active[0].1.password.clone();
    let check = w.directory.check_password(account.object_guid, &password, CheckPasswordOptions::new());
    assert_eq!(check.await.unwrap().proves_password(), Some(true));
    password
}

#[tokio::test]
async fn another_password_is_in_directory_and_secret_and_owners_are_told() {
    let w = World::new().await;
    let id = plain(&w).await;
    let before = password(&w, id).await;
    w.advance_days(3);
    let saga = w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    w.refused(&w.requester, RotateAccount::new(id), "L-31").await;
    assert!(w.run().await.notes.is_empty());
    let after = password(&w, id).await;
    assert_ne!(before.expose_secret(), after.expose_secret());
    let account = w.view(id).await.account;
    assert_eq!(account.password_changed_at, w.clock.now());
    assert!(account.operation.is_none() && account.pending.is_none() && account.rotates_at.is_none());
    let record: SagaRecord = w.document(saga.uuid()).await;
    assert!(record.findings.is_empty(), "{:?}", record.findings);
    let told = w.events(EventKind::AccountPasswordRotated).await;
    assert_eq!((told.len(), told[0].account, told[0].to.contains(&w.requester.person)), (1, Some(id), true));
    w.refused(&w.stranger, RotateAccount::new(id), "P-1").await;
}

#[tokio::test]
async fn l_32_between_the_end_and_the_tick_it_waits_for_the_tick() {
    for action in [EolAction::Disable, EolAction::Expire, EolAction::Delete] {
        let w = World::new().await;
        let id = account_of(&w, w.body(action)).await;
        w.advance_days(91);
        w.refused(&w.requester, RotateAccount::new(id), "L-32").await;
        assert_eq!(w.sweep().await.ended, [id]);
        w.run().await;
        match action {
            EolAction::Delete => {
                w.refused(&w.requester, RotateAccount::new(id), "I-4").await.refusals().len()
            }
            _ => w.execute(&w.requester, RotateAccount::new(id)).await.map(|_| 1).unwrap(),
        };
        w.run().await;
        let there = w.there(&w.view(id).await.account).await.unwrap();
        assert_eq!(there.is_enabled(), action == EolAction::Expire);
    }
}

#[tokio::test]
async fn t_14_a_template_says_who_rotates_and_when() {
    let w = World::new().await;
    let mut body = w.body(EolAction::Review);
    body.rotation.every_days = Some(0);
    let template = w.execute(&w.admin, DraftTemplate::new("never", body.clone())).await.unwrap();
    w.refused(&w.admin, PublishTemplate::new(template), "T-14").await;
    body.rotation.every_days = Some(30);
    body.rotation.by = Rotator::Vault;
    let template = w.execute(&w.admin, DraftTemplate::new("both", body.clone())).await.unwrap();
    w.refused(&w.admin, PublishTemplate::new(template), "T-14").await;

    body.rotation.by = Rotator::Engine;
    body.rotation.every_days = Some(30);
    let template = w.publish("by age", body).await;
    let id = w.provisioned(template, "ledger").await;
    w.advance_days(29);
    assert!(w.sweep().await.rotating.is_empty());
    w.advance_days(1);
    assert_eq!(w.sweep().await.rotating, [id]);
    assert!(w.sweep().await.rotating.is_empty(), "it is under way");
    w.run().await;
    w.advance_days(1);
    assert!(w.sweep().await.rotating.is_empty(), "a new password is young");
    w.advance_days(29);
    assert_eq!(w.sweep().await.rotating, [id]);
    w.run().await;
    w.execute(&w.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
    w.run().await;
    w.refused(&w.admin, RotateAccount::new(id), "I-4").await;
}

#[tokio::test]
async fn a_sweep_begins_a_limited_number_of_rotations() {
    let w = World::new().await;
    let mut body = w.body(EolAction::Review);
    body.rotation.every_days = Some(10);
    let template = w.publish("by age", body).await;
    let mut settings = alm_core::service::Settings::default();
    settings.rotations_at_once = 2;
    for name in ["a", "b", "c"] {
        w.provisioned(template, name).await;
    }
    w.advance_days(10);
    let alm =
        alm_core::Alm::builder(w.store.clone(), w.clock.clone()).settings(settings).open().await.unwrap();
    let options = || alm_core::service::sweep::SweepOptions::new().confirmed_by(w.admin.clone());
    let counts = [
        alm.sweep(options()).await.unwrap().rotating.len(),
        alm.sweep(options()).await.unwrap().rotating.len(),
        alm.sweep(options()).await.unwrap().rotating.len(),
    ];
    assert_eq!(counts, [2, 1, 0], "those under way do not count again, and hold nobody up");
}

#[tokio::test]
async fn w_4_an_owner_who_leaves_takes_no_password_along() {
    let w = World::new().await;
    let mut body = w.body(EolAction::Review);
    body.rotation.when_owner_leaves = true;
    let id = account_of(&w, body).await;
    let own = |people: &[&alm_core::Caller]| {
        SetOwners::new(id, people.iter().map(|caller| Owner::Person(caller.person)))
    };
    w.execute(&w.requester, own(&[&w.requester, &w.lead])).await.unwrap();
    assert!(w.sweep().await.rotating.is_empty(), "one more owner is no reason");
    w.execute(&w.requester, own(&[&w.lead])).await.unwrap();
    assert_eq!(w.sweep().await.rotating, [id]);
    w.run().await;
    password(&w, id).await;
    assert!(w.sweep().await.rotating.is_empty());
}

#[tokio::test]
async fn dependents_are_told_and_those_that_fail_are_named() {
    let w = World::new().await;
    let mut body = w.body(EolAction::Review);
    body.rotation.tell_dependents = true;
    let id = account_of(&w, body).await;
    let secret = alm_core::model::ids::SecretId::new(w.view(id).await.account.secret.unwrap());
    w.vault.depends(&secret, "payroll on web-1", 2);
    let saga = w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    w.run_until_quiet().await;
    let record: SagaRecord = w.document(saga.uuid()).await;
    assert_eq!(record.status, SagaStatus::Ended { ending: Ending::Done });
    assert!(record.findings.is_empty(), "the third time it was told");

    w.vault.depends(&secret, "payroll on web-2", u32::MAX);
    let saga = w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    w.run_until_quiet().await;
    let record: SagaRecord = w.document(saga.uuid()).await;
    assert_eq!(record.status, SagaStatus::Ended { ending: Ending::Done });
    assert!(record.findings[0].contains("payroll on web-2"), "{:?}", record.findings);
    password(&w, id).await;
}

/// Somebody sets a password of their own in the middle: no third one is made, a person is asked, and a retry brings all together again.
#[tokio::test]
async fn when_neither_password_is_right_a_person_is_asked() {
    let w = World::new().await;
    let id = plain(&w).await;
    let before = password(&w, id).await;
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    let chaos = Chaos::new([]);
    chaos.spoil_password();
    let directory = Arc::new(ChaosDirectory { inner: w.directory.clone(), chaos });
    let engine =
        w.engine_on(0xE1, directory, w.vault.clone(), w.clock.clone()).take_back(true).build().unwrap();
    let report = engine.run_ready().await.unwrap();
    assert!(report.notes[0].contains("neither the old nor the new password"), "{report:?}");
    let made = w.vault.passwords().len();
    w.execute(&w.requester, RetryOperation::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(
        w.vault.passwords().len(),
        made + 1,
        "the new one went into the account's own secret, and no third was made"
    );
    assert_ne!(password(&w, id).await.expose_secret(), before.expose_secret());
}

/// Given up before anything was set, nothing is left; given up later, the next rotation goes on with the same second secret.
#[tokio::test]
async fn a_rotation_that_is_given_up_is_gone_on_with_by_the_next() {
    let w = World::new().await;
    let id = plain(&w).await;
    let before = password(&w, id).await;
    let own = alm_core::model::ids::SecretId::new(w.view(id).await.account.secret.unwrap());

    // The account's own secret is deactivated by somebody, so the new password cannot be kept in it.
    let saga = w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    alm_core::port::vault::Vault::deactivate(w.vault.as_ref(), &own).await.unwrap();
    let report = w.run().await;
    assert!(report.notes[0].contains("parked"), "{report:?}");
    assert!(w.view(id).await.account.operation.unwrap().failed);
    w.execute(&w.requester, RetryOperation::new(id)).await.unwrap();
    assert!(w.run().await.notes[0].contains("parked"), "still");
    w.execute(&w.requester, AbandonOperation::new(id)).await.unwrap();
    w.run().await;
    let record: SagaRecord = w.document(saga.uuid()).await;
    assert_eq!(record.status, SagaStatus::Ended { ending: Ending::Abandoned });
    assert!(record.findings[0].contains("next rotation"), "{:?}", record.findings);
    let account = w.view(id).await.account;
    let pending = account.pending.clone().unwrap();
    assert_eq!((account.status, account.operation), (AccountStatus::Active, None));
    let secrets = w.vault.secrets();
    let (_, second) = secrets.iter().find(|(id, _)| Some(id) == pending.secret.as_ref()).unwrap();
    let check =
        w.directory.check_password(account.object_guid, &second.password, CheckPasswordOptions::new());
    assert!(second.active && check.await.unwrap().proves_password() == Some(true), "I-1");

    w.vault.reactivate(&own);
    let made = w.vault.passwords().len();
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let after = password(&w, id).await;
    assert_eq!(after.expose_secret(), second.password.expose_secret(), "never a third password");
    assert_ne!(after.expose_secret(), before.expose_secret());
    assert_eq!(w.vault.passwords().len(), made + 1, "one write, nothing created");
    assert_eq!(w.view(id).await.account.pending, None);
}

/// The second secret can be kept where engines alone look.
#[tokio::test]
async fn the_second_secret_is_made_in_the_folder_for_it() {
    let w = World::new().await;
    let mut body = w.body(EolAction::Review);
    body.vault.as_mut().unwrap().pending_folder = Some("99".into());
    let id = account_of(&w, body).await;
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    w.run().await;
    let secrets = w.vault.secrets();
    let (_, second) = secrets.iter().find(|(_, secret)| secret.name.contains("[pending ")).unwrap();
    assert_eq!((second.folder.as_str(), second.active), ("99", false));
    password(&w, id).await;
}
