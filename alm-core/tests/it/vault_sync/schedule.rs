//! When a vault is synchronized, who may say so, and one that is away (O-8, N-7).

use alm_core::model::event::EventKind;
use alm_core::port::clock::Clock as _;
use alm_core::service::vault_sync::SetVaultSync;
use alm_core::{Alm, ErrorKind};
use jiff::SignedDuration;

use super::through::Through;
use super::{DOMAIN, PASSWORD, plain};
use crate::it::rules::received;
use crate::it::world::World;

#[tokio::test]
async fn o_8_s_5_a_vault_is_synchronized_on_a_schedule_or_at_once() {
    let w = World::new().await;
    for hours in [0, 169] {
        w.refused(&w.admin, SetVaultSync::new(w.vault_id).every_hours(hours), "O-8").await;
    }
    w.refused(&w.requester, SetVaultSync::new(w.vault_id), "P-1").await;
    received(&w.alm.sync_vault(&w.requester, w.vault_id).await.unwrap_err(), "P-1");
    received(&w.alm.secret_findings(&w.requester, w.vault_id, None, 1).await.unwrap_err(), "P-1");
    let gone = alm_core::model::ids::VaultId::new(uuid::Uuid::from_u128(404));
    assert_eq!(w.alm.sync_vault(&w.admin, gone).await.unwrap_err().kind(), ErrorKind::NotFound);
    let blind = Alm::builder(w.store.clone(), w.clock.clone()).open().await.unwrap();
    assert_eq!(blind.sync_vault(&w.admin, w.vault_id).await.unwrap_err().kind(), ErrorKind::Config);

    assert!(w.sweep().await.vaults_synced.is_empty(), "no schedule");
    w.execute(&w.admin, SetVaultSync::new(w.vault_id).every_hours(6)).await.unwrap();
    assert_eq!(w.alm.vault(&w.admin, w.vault_id).await.unwrap().sync.every_hours, Some(6));
    let template = plain(&w).await;
    w.unlinked(template, "legacy").await;
    w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    let done = w.sweep().await.vaults_synced;
    assert_eq!((done.len(), done[0].vault, done[0].counts.linked), (1, w.vault_id, 1));
    let state = w.alm.vault_sync_state(&w.admin, w.vault_id).await.unwrap();
    assert_eq!((state.last, state.counts), (Some(w.clock.now()), done[0].counts));
    w.clock.advance(SignedDuration::from_hours(5));
    assert!(w.sweep().await.vaults_synced.is_empty());
    w.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(w.sweep().await.vaults_synced.len(), 1);
    w.execute(&w.admin, SetVaultSync::new(w.vault_id)).await.unwrap();
    w.clock.advance(SignedDuration::from_hours(24));
    assert!(w.sweep().await.vaults_synced.is_empty(), "not any more");
}

#[tokio::test]
async fn n_7_of_a_vault_that_is_away_administrators_are_told_once() {
    let w = World::new().await;
    let template = plain(&w).await;
    w.unlinked(template, "legacy").await;
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    w.execute(&w.admin, SetVaultSync::new(w.vault_id).every_hours(6)).await.unwrap();
    through.no_vault();
    let options = || alm_core::service::sweep::SweepOptions::new().confirmed_by(w.admin.clone());
    let report = alm.sweep(options()).await.unwrap();
    assert!(report.vaults_not_synced[0].1.contains("away"), "{report:?}");
    assert!(alm.sweep(options()).await.unwrap().vaults_not_synced.is_empty(), "in a quarter of an hour");
    let since = alm.vault_sync_state(&w.admin, w.vault_id).await.unwrap().failed.unwrap().since;
    w.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(alm.sweep(options()).await.unwrap().vaults_not_synced.len(), 1);
    let told = w.events(EventKind::VaultUnreachable).await;
    assert_eq!((told.len(), told[0].to.len()), (1, 1));
    assert!(told[0].to.contains(&w.admin.person) && told[0].text.contains("Secret Server"), "{told:?}");
    assert_eq!(alm.vault_sync_state(&w.admin, w.vault_id).await.unwrap().failed.unwrap().since, since);
    through.unlock();
    w.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(alm.sweep(options()).await.unwrap().vaults_synced.len(), 1);
    assert_eq!(alm.vault_sync_state(&w.admin, w.vault_id).await.unwrap().failed, None);
    through.no_vault();
    alm.sync_vault(&w.admin, w.vault_id).await.unwrap_err();
    assert_eq!(w.events(EventKind::VaultUnreachable).await.len(), 2, "another time");
}

/// Of two syncs at the same moment one goes on.
#[tokio::test]
async fn s_5_of_two_syncs_at_once_one_goes_on() {
    let w = World::new().await;
    let template = plain(&w).await;
    let id = w.unlinked(template, "legacy").await;
    w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    let (other, caller, vault) = (w.alm.clone(), w.admin.clone(), w.vault_id);
    through.happens(async move {
        assert_eq!(other.sync_vault(&caller, vault).await.unwrap().counts.linked, 1);
    });
    let error = alm.sync_vault(&w.admin, w.vault_id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(w.record(id).await.secret.is_some());
    let state = alm.vault_sync_state(&w.admin, w.vault_id).await.unwrap();
    assert_eq!((state.counts.linked, state.failed, state.progress), (1, None, None));
    assert!(w.events(EventKind::VaultUnreachable).await.is_empty());
}
