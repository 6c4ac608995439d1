//! Managed accounts against the directory (S-6), and those that nobody uses (S-8).

use std::collections::BTreeSet;

use ad_directory::{
    AccountExpires, AccountUpdate, CheckPasswordOptions, DeleteOptions, Directory as _, GroupKey,
    ManagedAccountUpdate, MemberOptions, MoveOptions, ObjectGuid, RestoreOptions, SetPasswordOptions,
    UpdateOptions,
};
use alm_core::model::account::{Account, AccountStatus};
use alm_core::model::drift::DriftKind;
use alm_core::model::event::EventKind;
use alm_core::model::ids::AccountId;
use alm_core::model::sync::SyncCounts;
use alm_core::model::template::EolAction;
use alm_core::port::store::RecordKind;
use alm_core::port::vault::Vault as _;
use alm_core::service::accounts::{DisableAccount, EnableAccount};
use alm_core::service::drift::AcceptServiceNames;
use alm_core::service::rotation::RotateAccount;
use alm_core::service::sync::SetDomainSync;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::{dn, on_disk};
use crate::it::rules::received;
use crate::it::world::{OU, READERS, RETIRED, WRITERS, World};

impl World {
    /// What is reported of an account, after a sync that is late enough for every controller to know.
    async fn drift(&self, id: AccountId) -> Vec<DriftKind> {
        self.clock.advance(SignedDuration::from_mins(20));
        self.synced_whatever().await;
        let drift = self.alm.account_drift(&self.admin, id).await.unwrap();
        drift.map(|drift| drift.items.iter().map(|item| item.kind).collect()).unwrap_or_default()
    }

    async fn object(&self, id: AccountId) -> ObjectGuid {
        self.document::<Account>(id.uuid()).await.object_guid
    }

    async fn edit(&self, object: ObjectGuid, update: AccountUpdate) {
        self.directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
    }

    /// Others use it, or we do.
    async fn sign_in(&self, object: ObjectGuid, password: &str) {
        let password = SecretString::from(password.to_owned());
        let check =
            self.directory.check_password(object, &password, CheckPasswordOptions::new()).await.unwrap();
        assert_eq!(check.proves_password(), Some(true));
    }
}

const THEIRS: &str = "Typed-1n-by-somebody!";

async fn set_by_hand(w: &World, object: ObjectGuid) {
    let password = SecretString::from(THEIRS.to_owned());
    w.directory.set_password(object, &password, SetPasswordOptions::new()).await.unwrap();
}

async fn differs(w: &World) {
    let template = w.template(EolAction::Expire).await;
    let id = w.provisioned(template, "payroll").await;
    let object = w.object(id).await;
    assert_eq!(w.drift(id).await, [], "as we made it");
    let before = w.document::<Account>(id.uuid()).await;

    w.switch(object, false).await;
    assert_eq!(w.drift(id).await, [DriftKind::Disabled]);
    let told = w.events(EventKind::AccountDrifted).await;
    assert_eq!((told.len(), told[0].account), (1, Some(id)));
    assert_eq!(told[0].to, BTreeSet::from([w.admin.person, w.requester.person]));
    assert!(told[0].text.contains("disabled: it is disabled, not Active"), "{}", told[0].text);
    assert_eq!(w.drift(id).await, [DriftKind::Disabled]);
    assert_eq!(w.events(EventKind::AccountDrifted).await.len(), 1, "told once");
    w.switch(object, true).await;
    assert_eq!(w.drift(id).await, [], "gone when it is gone");

    w.directory.move_account(object, &dn(RETIRED), MoveOptions::new()).await.unwrap();
    assert_eq!(w.drift(id).await, [DriftKind::Moved]);
    w.directory.move_account(object, &dn(OU), MoveOptions::new()).await.unwrap();
    w.edit(object, AccountUpdate::new().sam_account_name("svc-other".parse().unwrap())).await;
    assert_eq!(w.drift(id).await, [DriftKind::Renamed]);
    w.edit(object, AccountUpdate::new().sam_account_name("svc-payroll".parse().unwrap())).await;
    w.directory.move_account(object, &dn(OU), MoveOptions::new().new_cn("other".to_owned())).await.unwrap();
    assert_eq!(w.drift(id).await, [DriftKind::Renamed]);
    w.directory
        .move_account(object, &dn(OU), MoveOptions::new().new_cn("svc-payroll".to_owned()))
        .await
        .unwrap();

    for (group, joins) in [(WRITERS, true), (READERS, false)] {
        let group = GroupKey::Dn(dn(group));
        if joins {
            w.directory.add_member(&group, object, MemberOptions::new()).await.unwrap();
        } else {
            w.directory.remove_member(&group, object, MemberOptions::new()).await.unwrap();
        }
        assert_eq!(w.drift(id).await, [DriftKind::Groups]);
    }
    let item = w.alm.account_drift(&w.admin, id).await.unwrap().unwrap().items.remove(0);
    assert_eq!((item.expected.as_str(), item.found.as_str()), (READERS, WRITERS));
    w.directory.add_member(&GroupKey::Dn(dn(READERS)), object, MemberOptions::new()).await.unwrap();
    w.directory.remove_member(&GroupKey::Dn(dn(WRITERS)), object, MemberOptions::new()).await.unwrap();

    w.edit(object, AccountUpdate::new().service_principal_names(["HTTP/x.corp.example.com".to_owned()]))
        .await;
    assert_eq!(w.drift(id).await, [DriftKind::ServiceNames]);
    w.refused(&w.stranger, AcceptServiceNames::new(id), "P-1").await;
    w.execute(&w.requester, AcceptServiceNames::new(id)).await.unwrap();
    assert_eq!(w.alm.account_drift(&w.admin, id).await.unwrap(), None);
    assert_eq!(w.drift(id).await, []);
    w.edit(object, AccountUpdate::new().service_principal_names([])).await;
    assert_eq!(w.drift(id).await, [DriftKind::ServiceNames], "now those are right");
    w.execute(&w.requester, AcceptServiceNames::new(id)).await.unwrap();
    w.edit(object, AccountUpdate::new().expires(AccountExpires::Never)).await;
    assert_eq!(w.drift(id).await, [DriftKind::Expiry]);
    w.edit(object, AccountUpdate::new().expires(AccountExpires::At(before.eol))).await;

    set_by_hand(w, object).await;
    assert_eq!(w.drift(id).await, [DriftKind::Password]);
    w.directory.delete_account(object, DeleteOptions::new()).await.unwrap();
    assert_eq!(w.drift(id).await, [DriftKind::Deleted]);
    w.directory.restore_account(object, RestoreOptions::new()).await.unwrap();
    let many = w.drift(id).await;
    assert!(many.contains(&DriftKind::Disabled) && many.contains(&DriftKind::Groups), "{many:?}");
    // Nothing was repaired, nor anything else done to it.
    let after = w.document::<Account>(id.uuid()).await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn s_6_every_difference_is_found_kept_told_once_and_gone_when_it_is_gone() {
    differs(&World::new().await).await;
}

#[tokio::test]
async fn s_6_on_disk() {
    let (_folder, w) = on_disk().await;
    differs(&w).await;
}

/// What we do ourselves is no difference, whenever the sync comes.
#[tokio::test]
async fn s_6_what_we_do_ourselves_is_no_difference() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let id = w.provisioned(template, "payroll").await;
    w.synced().await;
    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    // Under way.
    assert_eq!(w.drift(id).await, []);
    w.run().await;
    assert_eq!(w.drift(id).await, []);
    assert_eq!(w.document::<Account>(id.uuid()).await.status, AccountStatus::Disabled);
    w.execute(&w.requester, EnableAccount::new(id)).await.unwrap();
    w.run().await;
    assert_eq!(w.drift(id).await, []);
    w.clock.advance(SignedDuration::from_hours(30));
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    w.run_until_quiet().await;
    assert_eq!(w.drift(id).await, []);
    // Right after our own change, a controller may not know of it: what is found then is judged by the next sync.
    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    w.run().await;
    w.switch(w.object(id).await, true).await;
    w.synced().await;
    assert_eq!(w.alm.account_drift(&w.admin, id).await.unwrap(), None);
    assert_eq!(w.drift(id).await, [DriftKind::Enabled]);
    // while it was disabled somebody set its password; enabling it sets the vault's again, and that is ours.
    w.switch(w.object(id).await, false).await;
    set_by_hand(&w, w.object(id).await).await;
    assert_eq!(w.drift(id).await, [DriftKind::Password]);
    w.execute(&w.requester, EnableAccount::new(id)).await.unwrap();
    w.run_until_quiet().await;
    assert_eq!(w.drift(id).await, []);
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn s_6_a_gmsa_and_an_account_that_was_retired() {
    let w = World::new().await;
    let template = w.publish("gMSAs", w.managed_body(EolAction::Review)).await;
    let mut form = crate::it::world::form("web");
    form.service_principal_names = vec!["HTTP/web.corp.example.com".to_owned()];
    let id = w.provisioned_as(template, form).await;
    assert_eq!(w.drift(id).await, []);
    let object = w.object(id).await;
    let update = ManagedAccountUpdate::new()
        .remove_service_principal_name("HTTP/web.corp.example.com".parse().unwrap());
    w.directory.update_managed_account(object, &update, UpdateOptions::new()).await.unwrap();
    assert_eq!(w.drift(id).await, [DriftKind::ServiceNames]);

    let template = w.template(EolAction::Delete).await;
    let id = w.provisioned(template, "payroll").await;
    w.advance_days(91);
    w.sweep().await;
    w.run_until_quiet().await;
    assert_eq!(w.drift(id).await, [], "renamed and moved, as it should be");
    w.switch(w.object(id).await, true).await;
    assert_eq!(w.drift(id).await, [DriftKind::Enabled]);
    assert_eq!(w.alm.drifted_accounts(&w.admin, w.domain, None, None, 10).await.unwrap().len(), 2);
    let enabled =
        w.alm.drifted_accounts(&w.admin, w.domain, Some(DriftKind::Enabled), None, 10).await.unwrap();
    assert_eq!(enabled.iter().map(|drift| drift.account).collect::<Vec<_>>(), [id]);
    let page = w.alm.drifted_accounts(&w.admin, w.domain, None, None, 1).await.unwrap();
    let rest = w.alm.drifted_accounts(&w.admin, w.domain, None, Some(page[0].account), 10).await.unwrap();
    assert!(rest.len() == 1 && rest[0].account != page[0].account);
    // One's own, or all with Manage.
    assert!(w.alm.account_drift(&w.requester, id).await.unwrap().is_some());
    received(&w.alm.account_drift(&w.stranger, id).await.unwrap_err(), "P-1");
    let all = w.alm.drifted_accounts(&w.requester, w.domain, None, None, 1).await;
    received(&all.unwrap_err(), "P-1");
}

#[tokio::test]
async fn s_8_who_is_inactive_is_reported_and_never_disabled() {
    let w = World::new().await;
    let body = w.body(EolAction::Review);
    let template = w.publish("Long-lived", body).await;
    let mut form = crate::it::world::form("payroll");
    form.period = alm_core::model::period::Period::Years(1);
    let id = w.provisioned_as(template, form).await;
    w.synced().await;
    w.execute(&w.admin, SetDomainSync::new(w.domain).dormant_days(Some(30))).await.unwrap();
    let account = w.document::<Account>(id.uuid()).await;
    let object = account.object_guid;
    let secret = alm_core::model::ids::SecretId::new(account.secret.clone().unwrap());
    let password = w.vault.read_password(&secret).await.unwrap();
    let password = secrecy::ExposeSecret::expose_secret(&password).to_owned();
    w.clock.advance(SignedDuration::from_hours(1));
    w.sign_in(object, &password).await;
    // The threshold, and 14 days more: so late may the directory know of a sign-in.
    w.advance_days(43);
    assert_eq!(w.drift(id).await, []);
    w.advance_days(1);
    assert_eq!(w.drift(id).await, [DriftKind::Inactive]);
    let told = w.events(EventKind::AccountDormant).await;
    assert!(told.len() == 1 && told[0].text.contains("nobody signed in since"), "{told:?}");
    assert_eq!(told[0].to, BTreeSet::from([w.admin.person, w.requester.person]));
    assert_eq!(w.synced().await.counts, SyncCounts::default());
    assert_eq!(w.document::<Account>(id.uuid()).await, account, "reported, and nothing else");
    // A rotation proves the new password: that sign-in is ours, and says nothing of the account's use.
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    w.run_until_quiet().await;
    assert!(!w.document::<Account>(id.uuid()).await.binds.is_empty());
    assert_eq!(w.drift(id).await, [DriftKind::UseUnknown]);
    assert_eq!(w.events(EventKind::AccountDormant).await.len(), 1);
    // Somebody else does, when the directory notes it again.
    w.advance_days(20);
    let password = w.vault.read_password(&secret).await.unwrap();
    w.sign_in(object, secrecy::ExposeSecret::expose_secret(&password)).await;
    assert_eq!(w.drift(id).await, []);
    // A rotation of an account in use: nothing to report, unless nobody but us was noted for long.
    w.advance_days(16);
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    w.run_until_quiet().await;
    assert_eq!(w.drift(id).await, []);
    w.advance_days(15);
    assert_eq!(w.drift(id).await, [DriftKind::UseUnknown]);
    w.advance_days(30);
    assert_eq!(w.drift(id).await, [DriftKind::Inactive]);
    w.execute(&w.admin, SetDomainSync::new(w.domain).dormant_days(None)).await.unwrap();
    w.advance_days(100);
    assert_eq!(w.drift(id).await, []);
}

/// H-6: what is told of a difference comes after everything that was told of the account before.
#[tokio::test]
async fn h_6_what_is_told_of_a_difference_has_the_accounts_version() {
    let w = World::new().await;
    let template = w.template(EolAction::Expire).await;
    let id = w.provisioned(template, "payroll").await;
    let earlier = w.events(EventKind::AccountProvisioned).await;
    w.switch(w.object(id).await, false).await;
    assert_eq!(w.drift(id).await, [DriftKind::Disabled]);
    let told = w.events(EventKind::AccountDrifted).await;
    let version = w.store.load(RecordKind::Account, id.uuid()).await.unwrap().unwrap().version;
    assert_eq!(told[0].account_version, Some(version + 1));
    assert!(earlier.iter().all(|event| event.account_version < told[0].account_version), "{earlier:?}");
}
