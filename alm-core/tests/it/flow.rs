//! The whole life of accounts, with every system in memory.

use ad_directory::{AccountExpires, CheckPasswordOptions, Directory, PasswordCheck};
use alm_core::model::account::AccountStatus;
use alm_core::model::request::RequestStatus;
use alm_core::model::template::EolAction;
use alm_core::rules::lifecycle::AccountOption;
use alm_core::service::accounts::{
    DeleteAccount, DisableAccount, EnableAccount, RenewAccount, SubmitRenewal,
};
use alm_core::service::sweep::SweepOptions;

use super::rules::received;
use super::world::{OU, READERS, RETIRED, World};

#[tokio::test]
async fn r_8_an_approved_request_becomes_an_enabled_account_whose_password_only_the_vault_has() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    let account = world.view(id).await.account;
    assert_eq!((account.name.as_str(), account.status), ("svc-payroll", AccountStatus::Active));
    assert_eq!(account.eol.to_string(), "2027-02-18T00:00:00Z", "L-34");

    let there = world.there(&account).await.unwrap();
    assert!(there.is_enabled());
    assert_eq!(there.dn.parent().unwrap(), OU.parse().unwrap());
    assert!(there.is_member_of(&READERS.parse().unwrap()));
    assert_eq!(there.expires, AccountExpires::Never, "L-38");

    let secrets = world.vault.secrets();
    assert_eq!(secrets.len(), 1);
    let (secret, stored) = &secrets[0];
    assert_eq!(Some(secret.to_string()), account.secret);
    assert!(stored.name.starts_with("svc-payroll.corp.example.com."), "{}", stored.name);
    let check = world
        .directory
        .check_password(account.object_guid, &stored.password, CheckPasswordOptions::new())
        .await
        .unwrap();
    assert_eq!(check, PasswordCheck::Accepted);
    assert!(world.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn l_2_disable_at_eol_moves_and_only_renewing_brings_back() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.advance_days(91);
    assert_eq!(world.view(id).await.status, AccountStatus::Disabled, "L-32");
    assert_eq!(world.sweep().await.ended, [id]);
    world.run().await;
    let view = world.view(id).await;
    assert_eq!(view.account.status, AccountStatus::Disabled);
    let there = world.there(&view.account).await.unwrap();
    assert!(there.is_disabled());
    assert_eq!(there.dn.parent().unwrap(), RETIRED.parse().unwrap());
    assert!(!view.options.has(AccountOption::Enable), "L-33");
    assert_eq!(world.sweep().await.ended, [], "L-35");

    world.execute(&world.requester, RenewAccount::new(id)).await.unwrap();
    let report = world.run().await;
    assert!(report.notes.is_empty(), "{report:?}");
    let view = world.view(id).await;
    assert_eq!(view.account.status, AccountStatus::Active);
    let there = world.there(&view.account).await.unwrap();
    assert!(there.is_enabled());
    assert_eq!(there.dn.parent().unwrap(), OU.parse().unwrap());
}

#[tokio::test]
async fn l_3_expire_is_kept_by_the_directory_and_a_renewal_needs_approval() {
    let world = World::new().await;
    let template = world.template(EolAction::Expire).await;
    let id = world.provisioned(template, "reports").await;
    let account = world.view(id).await.account;
    assert_eq!(world.there(&account).await.unwrap().expires, AccountExpires::At(account.eol), "L-38");

    world.advance_days(91);
    world.sweep().await;
    world.run().await;
    let view = world.view(id).await;
    assert_eq!(view.account.status, AccountStatus::Expired);
    assert!(world.there(&view.account).await.unwrap().is_enabled(), "expired is not disabled");
    let password = world.vault.secrets()[0].1.password.clone();
    let check = world
        .directory
        .check_password(account.object_guid, &password, CheckPasswordOptions::new())
        .await
        .unwrap();
    assert_eq!(check, PasswordCheck::AccountExpired);

    let renewal = world.execute(&world.requester, SubmitRenewal::new(id, "still needed")).await.unwrap();
    assert!(!world.view(id).await.options.has(AccountOption::SubmitRenewal), "L-26");
    world.approve(renewal).await;
    world.run().await;
    let view = world.view(id).await;
    assert_eq!(view.account.status, AccountStatus::Active);
    assert_eq!(view.account.renewal, None);
    assert_eq!(world.there(&view.account).await.unwrap().expires, AccountExpires::At(view.account.eol));
    let request = world.alm.request(&world.requester, renewal).await.unwrap();
    assert_eq!(request.status, RequestStatus::Provisioned);
}

#[tokio::test]
async fn l_1_review_changes_nothing_and_l_4_delete_retires_and_frees_the_name() {
    let world = World::new().await;
    let review = world.template(EolAction::Review).await;
    let delete = world.template(EolAction::Delete).await;
    let kept = world.provisioned(review, "kept").await;
    let gone = world.provisioned(delete, "gone").await;
    world.advance_days(91);
    world.sweep().await;
    world.run().await;
    assert_eq!(world.view(kept).await.account.status, AccountStatus::Active);
    let view = world.view(gone).await;
    assert_eq!(view.account.status, AccountStatus::Deleted);
    let there = world.there(&view.account).await.unwrap();
    assert!(there.is_disabled());
    assert!(there.sam_account_name.as_str().starts_with("del-"), "NM-2");
    assert_eq!(there.dn.parent().unwrap(), RETIRED.parse().unwrap());
    let secret =
        world.vault.secrets().into_iter().find(|(id, _)| Some(id.to_string()) == view.account.secret);
    assert!(!secret.unwrap().1.active);

    // NM-2: the name is free again.
    let again = world.provisioned(delete, "gone").await;
    assert_ne!(again, gone);

    world.execute(&world.admin, DeleteAccount::new(gone).confirmed()).await.unwrap();
    world.run().await;
    let view = world.view(gone).await;
    assert!(view.account.erased_at.is_some());
    assert!(world.there(&view.account).await.is_none());
    assert!(world.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn di_and_en_are_each_others_way_back() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.provisioned(template, "payroll").await;
    world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
    world.run().await;
    assert_eq!(world.view(id).await.account.status, AccountStatus::Disabled);
    let refused = world.execute(&world.requester, DisableAccount::new(id)).await.unwrap_err();
    received(&refused, "L-11");
    world.execute(&world.requester, EnableAccount::new(id)).await.unwrap();
    world.run().await;
    let view = world.view(id).await;
    assert_eq!(view.account.status, AccountStatus::Active);
    assert_eq!(world.there(&view.account).await.unwrap().dn.parent().unwrap(), OU.parse().unwrap());
}

#[tokio::test]
async fn l_39_a_sweep_after_a_long_time_asks_and_reminders_come_once() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.sweep().await;
    world.advance_days(76);
    let held = world.alm.sweep(SweepOptions::new()).await.unwrap();
    assert_eq!(held.held.len(), 1);
    assert_eq!(held.reminders, 0);
    assert_eq!(world.sweep().await.reminders, 1, "N-10");
    assert_eq!(world.sweep().await.reminders, 0, "N-15");
    assert_eq!(world.view(id).await.account.status, AccountStatus::Active);
}
