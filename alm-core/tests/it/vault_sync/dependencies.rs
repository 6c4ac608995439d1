//! What depends on a secret (O-7), secrets that are gone, and passwords that the vault changed (V-8).

use ad_directory::{Directory as _, SetPasswordOptions};
use alm_core::model::account::Account;
use alm_core::model::drift::DriftKind;
use alm_core::model::event::EventKind;
use alm_core::model::ids::{AccountId, SecretId};
use alm_core::model::secret_link::{DependencyResult, SecretFindingKind};
use alm_core::model::template::EolAction;
use alm_core::port::clock::Clock as _;
use alm_core::port::vault::Vault as _;
use alm_core::service::sync::SyncOptions;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::through::Through;
use crate::it::world::World;

async fn provisioned(w: &World) -> (AccountId, SecretId) {
    let template = w.template(EolAction::Review).await;
    let id = w.provisioned(template, "payroll").await;
    let secret = SecretId::new(w.record(id).await.secret.unwrap());
    (id, secret)
}

#[tokio::test]
async fn o_7_s_5_what_depends_on_a_secret_is_in_the_record() {
    let w = World::new().await;
    let (id, secret) = provisioned(&w).await;
    assert_eq!(w.vault_synced().await.dependencies, 0);
    w.vault.depends(&secret, "payroll on web-2", 1);
    w.vault.depends(&secret, "payroll on web-1", 0);
    assert_eq!(w.vault_synced().await.dependencies, 1);
    let account = w.record(id).await;
    let told: Vec<_> = account.dependencies.iter().map(|one| (one.name.as_str(), one.last)).collect();
    let (worked, failed) = (DependencyResult::Succeeded, DependencyResult::Failed);
    assert_eq!(told, [("payroll on web-1", worked), ("payroll on web-2", failed)]);
    assert_eq!(w.vault_synced().await.dependencies, 0, "nothing is new");
    assert_eq!(w.record(id).await, account);
    w.vault.tell_dependents(&secret).await.unwrap();
    assert_eq!(w.vault_synced().await.dependencies, 1);
    assert!(w.record(id).await.dependencies.iter().all(|one| one.last == worked));
}

/// Told once, and gone when it is gone; a vault that suddenly shows none is one event.
#[tokio::test]
async fn s_5_a_secret_that_is_gone_or_inactive_is_reported() {
    let w = World::new().await;
    let template = w.template(EolAction::Review).await;
    let mut secrets = Vec::new();
    for name in ["a", "b", "c"] {
        let id = w.provisioned(template, name).await;
        secrets.push(SecretId::new(w.record(id).await.secret.unwrap()));
    }
    assert_eq!(w.vault_synced().await.findings, 0);
    w.vault.deactivate(&secrets[0]).await.unwrap();
    assert_eq!(w.vault_synced().await.findings, 1);
    assert_eq!(w.vault_synced().await.findings, 0);
    assert_eq!(w.secret_findings().await[0].kind, SecretFindingKind::Inactive);
    w.vault.reactivate(&secrets[0]);
    assert_eq!(w.vault_synced().await.findings, 0);
    assert!(w.secret_findings().await.is_empty());
    let before = w.events(EventKind::SecretNeedsAttention).await.len();
    for secret in &secrets {
        w.vault.erase(secret);
    }
    assert_eq!(w.vault_synced().await.findings, 3);
    assert!(w.secret_findings().await.iter().all(|one| one.kind == SecretFindingKind::Gone));
    assert_eq!(w.events(EventKind::SecretNeedsAttention).await.len(), before + 1, "one event for all");
    let page = w.alm.secret_findings(&w.admin, w.vault_id, None, 2).await.unwrap();
    let rest = w.alm.secret_findings(&w.admin, w.vault_id, Some(page[1].account), 2).await.unwrap();
    assert_eq!((page.len(), rest.len()), (2, 1));
}

/// The vault changes the password of an account by itself, in the directory and in the secret.
async fn changed_by_vault(w: &World, id: AccountId, secret: &SecretId, in_secret: bool) {
    let password = SecretString::from("Made-by-the-vault-itself-1!");
    let object = w.document::<Account>(id.uuid()).await.object_guid;
    w.directory.set_password(object, &password, SetPasswordOptions::new()).await.unwrap();
    if in_secret {
        w.vault.write_password(secret, &password).await.unwrap();
    }
}

#[tokio::test]
async fn v_8_a_vault_value_that_changed_and_signs_in_is_no_drift() {
    let w = World::new().await;
    let (id, secret) = provisioned(&w).await;
    let drift = async || {
        w.clock.advance(SignedDuration::from_mins(20));
        w.alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
        let drift = w.alm.account_drift(&w.admin, id).await.unwrap();
        drift
            .map(|drift| drift.items.into_iter().map(|item| item.kind).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    assert_eq!(drift().await, []);
    w.clock.advance(SignedDuration::from_hours(5));
    changed_by_vault(&w, id, &secret, true).await;
    assert_eq!(drift().await, []);
    assert_eq!(w.record(id).await.password_changed_at, w.clock.now());
    assert_eq!(w.events(EventKind::AccountPasswordRotated).await.len(), 1);
    assert!(w.events(EventKind::AccountDrifted).await.is_empty());
    assert_eq!(drift().await, [], "and it stays so");
    assert_eq!(w.events(EventKind::AccountPasswordRotated).await.len(), 1);

    // Somebody else set it: that is drift. When the vault has it too, it is none any more, and the vault's sync says so.
    w.clock.advance(SignedDuration::from_hours(5));
    let other = SecretString::from("Typed-1n-by-somebody!");
    w.directory
        .set_password(w.record(id).await.object_guid, &other, SetPasswordOptions::new())
        .await
        .unwrap();
    assert_eq!(drift().await, [DriftKind::Password]);
    assert_eq!(w.vault_synced().await.rotated, 0);
    assert_eq!(drift().await, [DriftKind::Password]);
    w.vault.write_password(&secret, &other).await.unwrap();
    w.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(w.vault_synced().await.rotated, 1);
    assert_eq!(w.alm.account_drift(&w.admin, id).await.unwrap(), None);
    assert_eq!(drift().await, []);
    assert_eq!(w.events(EventKind::AccountPasswordRotated).await.len(), 2);
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

/// While somebody's password is reported, the vault's is wrong; it is tried once a day, by whichever sync, so that nobody is locked out.
#[tokio::test]
async fn v_8_a_refused_password_is_not_tried_at_every_sync() {
    let w = World::new().await;
    let (id, secret) = provisioned(&w).await;
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    w.clock.advance(SignedDuration::from_hours(5));
    changed_by_vault(&w, id, &secret, false).await;
    w.clock.advance(SignedDuration::from_mins(20));
    alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
    assert_eq!(through.binds(), 1, "it is news");
    let sync = async || alm.sync_vault(&w.admin, w.vault_id).await.unwrap().counts.rotated;
    for _ in 0..5 {
        w.clock.advance(SignedDuration::from_hours(4));
        alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
        assert_eq!(sync().await, 0);
    }
    assert_eq!(through.binds(), 1, "not tried again for a day");
    for _ in 0..5 {
        w.clock.advance(SignedDuration::from_hours(5));
        assert_eq!(sync().await, 0);
    }
    assert_eq!(through.binds(), 2);
    changed_by_vault(&w, id, &secret, true).await;
    w.clock.advance(SignedDuration::from_hours(24));
    assert_eq!((sync().await, through.binds()), (1, 3));
    assert_eq!(w.alm.account_drift(&w.admin, id).await.unwrap(), None);
}

/// A vault that is away says nothing, and so does an account that is locked: the next sync looks, and no owner is told what is not so.
#[tokio::test]
async fn v_8_a_vault_that_is_away_makes_no_drift() {
    let w = World::new().await;
    let (id, secret) = provisioned(&w).await;
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    w.clock.advance(SignedDuration::from_hours(5));
    changed_by_vault(&w, id, &secret, true).await;
    let drift = async || {
        w.clock.advance(SignedDuration::from_mins(20));
        alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
        w.alm.account_drift(&w.admin, id).await.unwrap().map_or(0, |drift| drift.items.len())
    };
    through.no_vault();
    assert_eq!(drift().await, 0);
    through.lock();
    assert_eq!(drift().await, 0);
    assert!(w.events(EventKind::AccountDrifted).await.is_empty());
    through.unlock();
    assert_eq!(drift().await, 0);
    assert_eq!(w.events(EventKind::AccountPasswordRotated).await.len(), 1, "it was the vault");
    // Somebody's, seen once the vault is back; and another one then, while it is away again, leaves what was reported.
    w.clock.advance(SignedDuration::from_hours(5));
    changed_by_vault(&w, id, &secret, false).await;
    let other = SecretString::from("Typed-1n-by-somebody!");
    let object = w.record(id).await.object_guid;
    w.directory.set_password(object, &other, SetPasswordOptions::new()).await.unwrap();
    through.no_vault();
    assert_eq!(drift().await, 0);
    through.unlock();
    assert_eq!(drift().await, 1);
    let before = w.alm.account_drift(&w.admin, id).await.unwrap();
    w.clock.advance(SignedDuration::from_hours(5));
    w.directory.set_password(object, &other, SetPasswordOptions::new()).await.unwrap();
    through.no_vault();
    assert_eq!(drift().await, 1);
    assert_eq!(w.alm.account_drift(&w.admin, id).await.unwrap(), before);
}
