//! Accounts that may not change their own password (T-15).

use ad_directory::{
    ChangePasswordOptions, CreateOptions, Directory as _, ErrorKind, FindOptions, NewAccount,
};
use alm_core::model::account::{Account, Owner};
use alm_core::model::discovery::DiscoveryOrder;
use alm_core::model::ids::AccountId;
use alm_core::model::period::Period;
use alm_core::model::template::{EolAction, TemplateBody};
use alm_core::port::vault::{SecretId, Vault as _};
use alm_core::service::accounts::AbandonOperation;
use alm_core::service::adoption::{AdoptAccounts, Adoptee};
use alm_core::service::migration::MigrateAccount;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::rotation::RotateAccount;
use alm_core::service::templates::DraftTemplate;
use secrecy::SecretString;

use super::world::{OU, World};

fn closed(w: &World) -> TemplateBody {
    let mut body = w.body(EolAction::Review);
    body.directory.password_change_allowed = false;
    body
}

async fn denied(w: &World, id: AccountId) -> Option<bool> {
    let guid = w.document::<Account>(id.uuid()).await.object_guid;
    let options = FindOptions::new().password_change(true);
    w.directory.find_account(&guid.into(), options).await.unwrap().unwrap().password_change_denied
}

#[tokio::test]
async fn t_15_t_3_a_provisioned_account_cannot_change_its_password_and_we_still_can() {
    let w = World::new().await;
    let template = w.publish("closed", closed(&w)).await;
    let id = w.provisioned(template, "payroll").await;
    assert_eq!(denied(&w, id).await, Some(true));
    let account = w.view(id).await.account;
    let flags = w.there(&account).await.unwrap().user_account_control;
    let old = w.vault.secrets().remove(0).1.password;
    let new = SecretString::from("Another-Password-4711!");
    let error = w
        .directory
        .change_password(account.object_guid, &old, &new, ChangePasswordOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    w.execute(&w.requester, RotateAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(denied(&w, id).await, Some(true), "a rotation leaves it");
    // Seen by nothing else: no flag, and an account of another template may.
    let open = w.template(EolAction::Review).await;
    let other = w.provisioned(open, "other").await;
    assert_eq!(denied(&w, other).await, Some(false));
    let others = w.there(&w.view(other).await.account).await.unwrap().user_account_control;
    assert_eq!(flags, others);
}

#[tokio::test]
async fn t_15_m_1_m_2_adopted_and_migrated_accounts_get_it_and_giving_up_takes_it_back() {
    let w = World::new().await;
    let template = w.publish("closed", closed(&w)).await;
    let new = NewAccount::new(OU.parse().unwrap(), "svc-old".parse().unwrap())
        .password("Grown-up-in-2009!forever".to_owned())
        .enabled(true);
    w.directory.create_account(&new, CreateOptions::new()).await.unwrap();
    let found = w.alm.discover(&w.admin, &DiscoveryOrder::new(w.domain)).await.unwrap();
    let mut adopt = AdoptAccounts::new(template, Period::Days(90), [Adoptee::from(&found[0])]);
    adopt.owners.insert(Owner::Person(w.lead.person));
    let id = w.execute(&w.admin, adopt).await.unwrap()[0];
    assert!(w.run().await.notes.is_empty());
    assert_eq!(denied(&w, id).await, Some(true));

    let open = w.template(EolAction::Review).await;
    w.execute(&w.admin, MigrateAccount::new(id, open)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(denied(&w, id).await, Some(false));

    let id = w.provisioned(open, "payroll").await;
    let secret = SecretId::new(w.view(id).await.account.secret.unwrap());
    let mut body = closed(&w);
    body.vault.as_mut().unwrap().folder = "13".into();
    let elsewhere = w.publish("closed elsewhere", body).await;
    w.execute(&w.admin, MigrateAccount::new(id, elsewhere)).await.unwrap();
    w.vault.deactivate(&secret).await.unwrap();
    w.run_until_quiet().await;
    assert_eq!(denied(&w, id).await, Some(true), "done before it stopped");
    w.vault.reactivate(&secret);
    w.execute(&w.requester, AbandonOperation::new(id)).await.unwrap();
    w.run_until_quiet().await;
    assert_eq!(denied(&w, id).await, Some(false));
}

#[tokio::test]
async fn t_11_t_15_a_gmsa_has_no_such_setting() {
    let w = World::new().await;
    let mut body = w.managed_body(EolAction::Review);
    body.directory.password_change_allowed = false;
    let template = w.execute(&w.admin, DraftTemplate::new("gMSAs", body)).await.unwrap();
    let error = w.refused(&w.admin, PublishTemplate::new(template), "T-11").await;
    assert_eq!(error.refusals()[0].field(), "password_change_allowed");
}
