//! Sync of a vault (S-5), secrets by hand, dependencies (O-7), a vault that cannot be asked (N-7).

mod by_hand;
mod dependencies;
mod schedule;
mod through;

use std::collections::BTreeSet;
use std::sync::Arc;

use ad_directory::{CreateOptions, Directory as _, NewAccount};
use alm_core::ErrorKind;
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::account::{Account, Owner};
use alm_core::model::discovery::DiscoveryOrder;
use alm_core::model::event::EventKind;
use alm_core::model::ids::{AccountId, TemplateId};
use alm_core::model::period::Period;
use alm_core::model::secret_link::{SecretFinding, SecretFindingKind};
use alm_core::model::template::{EolAction, TemplateBody};
use alm_core::model::vault_sync::VaultSyncCounts;
use alm_core::port::clock::Clock as _;
use alm_core::port::store::Store;
use alm_core::port::vault::Vault as _;
use alm_core::service::accounts::{DisableAccount, SetOwners};
use alm_core::service::adoption::{AdoptAccounts, Adoptee};
use alm_core::service::rotation::RotateAccount;
use alm_core::testing::VaultFault;
use jiff::SignedDuration;
use tempfile::TempDir;

use super::world::{OU, World};
use through::Through;

const DOMAIN: &str = "corp.example.com";
const PASSWORD: &str = "Grown-up-in-2009!forever";

impl World {
    /// An account that somebody made and that is managed now, its password in no vault as far as we know.
    async fn unlinked(&self, template: TemplateId, name: &str) -> AccountId {
        let new = NewAccount::new(OU.parse().unwrap(), name.parse().unwrap())
            .password(PASSWORD.to_owned())
            .enabled(true);
        self.directory.create_account(&new, CreateOptions::new()).await.unwrap();
        let order = DiscoveryOrder::new(self.domain).everything();
        let found = self.alm.discover(&self.admin, &order).await.unwrap();
        let one = Adoptee::from(found.iter().find(|found| found.name == name).unwrap());
        let mut adopt = AdoptAccounts::new(template, Period::Days(90), [one]);
        adopt.owners.insert(Owner::Person(self.requester.person));
        let id = self.execute(&self.admin, adopt).await.unwrap()[0];
        assert!(self.run().await.notes.is_empty());
        id
    }

    async fn vault_synced(&self) -> VaultSyncCounts {
        self.alm.sync_vault(&self.admin, self.vault_id).await.unwrap().counts
    }

    async fn secret_findings(&self) -> Vec<SecretFinding> {
        self.alm.secret_findings(&self.admin, self.vault_id, None, 100).await.unwrap()
    }

    async fn record(&self, id: AccountId) -> Account {
        self.document(id.uuid()).await
    }
}

async fn plain(w: &World) -> TemplateId {
    w.publish("Adopted accounts", w.body(EolAction::Review)).await
}

fn counts(linked: u64, findings: u64, later: u64) -> VaultSyncCounts {
    let mut counts = VaultSyncCounts::default();
    (counts.accounts, counts.linked, counts.findings, counts.later) = (1, linked, findings, later);
    counts
}

async fn linked(w: &World) {
    let mut body = w.body(EolAction::Review);
    body.rotation.every_days = Some(30);
    let template = w.publish("Adopted accounts", body).await;
    let id = w.unlinked(template, "legacy").await;
    assert_eq!(w.vault_synced().await, counts(0, 0, 0), "there is none to link");
    // Others of the same name, which are not this account's.
    w.vault.plant_for("99", "legacy", DOMAIN, PASSWORD);
    w.vault.plant_for("12", "legacy", "other.example.com", PASSWORD);
    w.vault.plant_for("12", "legacy2", DOMAIN, PASSWORD);
    let old = w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    w.vault.deactivate(&old).await.unwrap();
    assert_eq!(w.vault_synced().await, counts(0, 0, 0));

    let secret = w.vault.plant_for("12", "LEGACY", "CORP", PASSWORD);
    w.clock.advance(SignedDuration::from_hours(3));
    assert_eq!(w.vault_synced().await, counts(1, 0, 0));
    let account = w.record(id).await;
    assert_eq!((account.secret, account.vault), (Some(secret.to_string()), Some(w.vault_id)));
    assert_eq!(account.password_changed_at, w.clock.now());
    assert!(account.rotates_at.is_some(), "from now on it ages as its template says");
    assert_eq!(account.binds, [w.clock.now()], "S-8: that sign-in was ours");
    let told = w.events(EventKind::AccountSecretChanged).await;
    assert_eq!((told.len(), told[0].account), (1, Some(id)));
    assert_eq!(told[0].to, BTreeSet::from([w.requester.person]));
    assert_eq!(w.vault_synced().await, counts(0, 0, 0), "once");
    assert_eq!(w.events(EventKind::AccountSecretChanged).await.len(), 1);
    // It can be rotated like any other.
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(w.record(id).await.secret, Some(secret.to_string()));
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn s_5_the_one_secret_that_matches_and_signs_in_is_linked() {
    linked(&World::new().await).await;
}

#[tokio::test]
async fn s_5_on_disk() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("store.alm"), SqliteOptions::default()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    linked(&World::on(store).await).await;
}

/// A secret that somebody planted has the name and not the password: it is never linked, told of once, and tried once a day, so that it locks nobody out.
#[tokio::test]
async fn s_5_a_planted_secret_is_not_linked_and_locks_nobody_out() {
    let w = World::new().await;
    let template = plain(&w).await;
    let id = w.unlinked(template, "legacy").await;
    let planted = w.vault.plant_for("12", "legacy", DOMAIN, "planted by somebody");
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    let sync = async || alm.sync_vault(&w.admin, w.vault_id).await.unwrap().counts;
    assert_eq!(sync().await, counts(0, 1, 0));
    assert_eq!(through.binds(), 1);
    for _ in 0..5 {
        w.clock.advance(SignedDuration::from_hours(4));
        assert_eq!(sync().await, counts(0, 0, 0));
    }
    assert_eq!(through.binds(), 1, "not tried again for a day");
    let findings = w.secret_findings().await;
    assert_eq!((findings.len(), findings[0].kind), (1, SecretFindingKind::Unproved));
    assert_eq!((findings[0].account, &findings[0].secret), (id, &Some(planted.clone())));
    let told = w.events(EventKind::SecretNeedsAttention).await;
    assert_eq!((told.len(), &told[0].to), (1, &BTreeSet::from([w.admin.person])));
    assert!(told[0].text.contains("is not linked"), "{}", told[0].text);
    w.clock.advance(SignedDuration::from_hours(5));
    assert_eq!(sync().await, counts(0, 0, 0), "still the same, and told already");
    assert_eq!(through.binds(), 2);
    assert_eq!(w.secret_findings().await[0].since, findings[0].since);
    assert_eq!(w.record(id).await.secret, None);

    // The right one beside it: two match, and nobody guesses.
    let own = w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    assert_eq!(sync().await, counts(0, 1, 0));
    assert_eq!(w.secret_findings().await[0].kind, SecretFindingKind::Ambiguous);
    assert_eq!(through.binds(), 2, "none of several is tried");
    w.vault.erase(&planted);
    assert_eq!(sync().await, counts(1, 0, 0));
    assert_eq!(w.record(id).await.secret, Some(own.to_string()));
    assert!(w.secret_findings().await.is_empty(), "gone when it is gone");
}

/// Two accounts never share a secret.
#[tokio::test]
async fn s_5_a_secret_that_is_another_accounts_is_not_linked() {
    let w = World::new().await;
    let template = plain(&w).await;
    let first = w.unlinked(template, "legacy").await;
    let secret = w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    w.vault_synced().await;
    assert_eq!(w.record(first).await.secret, Some(secret.to_string()));
    // Somebody writes another name over it; the password happens to be the same.
    let second = w.unlinked(template, "legacy2").await;
    w.vault.edit(&secret, |stored| "legacy2".clone_into(&mut stored.username));
    let done = w.vault_synced().await;
    assert_eq!((done.accounts, done.linked, done.findings), (2, 0, 1));
    let findings = w.secret_findings().await;
    assert_eq!((findings[0].account, findings[0].kind), (second, SecretFindingKind::Taken));
    assert_eq!(w.record(second).await.secret, None);
    assert_eq!(w.record(second).await.binds, [w.clock.now()], "S-8: that sign-in was ours");
    // Nor by adopting.
    let new = NewAccount::new(OU.parse().unwrap(), "legacy3".parse().unwrap()).password(PASSWORD.to_owned());
    w.directory.create_account(&new, CreateOptions::new()).await.unwrap();
    let order = DiscoveryOrder::new(w.domain).everything();
    let found = w.alm.discover(&w.admin, &order).await.unwrap();
    let mut one = Adoptee::from(found.iter().find(|found| found.name == "legacy3").unwrap());
    one.secret = Some(secret.to_string());
    let adopt = AdoptAccounts::new(template, Period::Days(90), [one]).owner(Owner::Person(w.lead.person));
    w.refused(&w.admin, adopt, "S-5").await;
}

/// 775 and what the vault does not let us read: nothing is known, so nothing is done and nothing is said of a lock.
#[tokio::test]
async fn s_5_what_cannot_be_known_now_is_left_for_later() {
    let w = World::new().await;
    let template = plain(&w).await;
    let id = w.unlinked(template, "legacy").await;
    let secret = w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    let sync = async || alm.sync_vault(&w.admin, w.vault_id).await.unwrap().counts;
    through.lock();
    assert_eq!(sync().await, counts(0, 0, 1));
    assert!(w.secret_findings().await.is_empty());
    through.unlock();
    // The domain is away: the vault's sync goes on without it.
    through.no_directory();
    assert_eq!(sync().await, counts(0, 0, 1));
    assert!(w.secret_findings().await.is_empty());
    through.unlock();
    w.vault.edit(&secret, |stored| stored.active = false);
    let hidden = w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    through.hide(&hidden);
    assert_eq!(sync().await, counts(0, 1, 0));
    assert_eq!(w.secret_findings().await[0].kind, SecretFindingKind::Unreadable);
    through.unlock();
    assert_eq!(sync().await, counts(1, 0, 0));
    assert_eq!(w.record(id).await.secret, Some(hidden.to_string()));
}

/// Only what was looked at is changed, and nothing on which something is under way.
#[tokio::test]
async fn s_5_an_account_that_changes_meanwhile_waits_for_the_next_sync() {
    let w = World::new().await;
    let template = plain(&w).await;
    let id = w.unlinked(template, "legacy").await;
    w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    let (service, caller) = (w.alm.clone(), w.admin.clone());
    let owners = [w.lead.person, w.requester.person].map(Owner::Person);
    through.happens(async move {
        service.execute(&caller, "owners", SetOwners::new(id, owners)).await.unwrap();
    });
    let done = alm.sync_vault(&w.admin, w.vault_id).await.unwrap().counts;
    assert_eq!(done, counts(0, 0, 1));
    assert_eq!(w.record(id).await.secret, None);
    assert_eq!(w.record(id).await.binds, [w.clock.now()], "S-8: that sign-in was ours");

    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    let done = w.vault_synced().await;
    assert_eq!((done.accounts, done.linked), (0, 0), "something is under way on it");
    w.run().await;
    assert_eq!(w.vault_synced().await, counts(1, 0, 0), "a disabled account's password is proved too (533)");
}

/// A folder that may not be seen any more is a finding of its accounts; only a vault that is away ends the sync.
#[tokio::test]
async fn s_5_a_folder_that_cannot_be_used_stops_nobody_else() {
    let w = World::new().await;
    let template = plain(&w).await;
    let mut body = w.body(EolAction::Review);
    "13".clone_into(&mut body.vault.as_mut().unwrap().folder);
    let elsewhere = w.publish("elsewhere", body).await;
    let lost = [w.unlinked(elsewhere, "lost1").await, w.unlinked(elsewhere, "lost2").await];
    let id = w.unlinked(template, "legacy").await;
    w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    w.vault.close("13");
    let done = w.vault_synced().await;
    assert_eq!((done.accounts, done.linked, done.findings), (3, 1, 2));
    assert!(w.record(id).await.secret.is_some());
    let findings = w.secret_findings().await;
    assert_eq!(findings.iter().map(|one| one.account).collect::<BTreeSet<_>>(), BTreeSet::from(lost));
    assert!(findings.iter().all(|one| one.kind == SecretFindingKind::Unclear), "{findings:?}");
    assert_eq!(w.vault_synced().await.findings, 0, "told once");
    w.vault.fault("seek", VaultFault::Unreachable);
    let error = w.alm.sync_vault(&w.admin, w.vault_id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Vault);
}

/// Folders below the template's count where requesters may choose one.
#[tokio::test]
async fn s_5_folders_below_count_where_requesters_may_choose_one() {
    let w = World::new().await;
    w.vault.folder_in("121", "12");
    let body = |below: bool| -> TemplateBody {
        let mut body = w.body(EolAction::Review);
        body.vault.as_mut().unwrap().allow_folder_override = below;
        body
    };
    let strict = w.publish("strict", body(false)).await;
    let free = w.publish("free", body(true)).await;
    let one = w.unlinked(strict, "one").await;
    let two = w.unlinked(free, "two").await;
    for name in ["one", "two"] {
        w.vault.plant_for("121", name, DOMAIN, PASSWORD);
    }
    assert_eq!(w.vault_synced().await.linked, 1);
    assert!(w.record(one).await.secret.is_none() && w.record(two).await.secret.is_some());
}
