//! A secret by hand, with the same check.

use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::estate::Domain;
use alm_core::model::event::EventKind;
use alm_core::model::template::EolAction;
use alm_core::service::accounts::{DeleteAccount, DisableAccount, SetOwners};
use alm_core::service::secret_link::SetAccountSecret;
use alm_core::{Alm, ErrorKind};

use super::through::Through;
use super::{DOMAIN, PASSWORD, plain};
use crate::it::world::{World, form};

#[tokio::test]
async fn o_7_s_5_a_secret_is_linked_by_hand_when_it_is_proved() {
    let w = World::new().await;
    let template = plain(&w).await;
    let id = w.unlinked(template, "legacy").await;
    // As people write it, so that no sync finds it.
    let own = w.vault.plant_for("12", "CORP\\legacy", "", PASSWORD);
    let set = |secret: &str| SetAccountSecret::new(id, secret);
    w.refused(&w.requester, set(own.as_str()), "P-1").await;
    let wrong = w.vault.plant("12", "wrong", "", "another password");
    w.refused(&w.admin, set(wrong.as_str()), "S-5").await;
    let elsewhere = w.vault.plant("13", "elsewhere", "", PASSWORD);
    w.refused(&w.admin, set(elsewhere.as_str()), "S-5").await;
    let in_none = w.vault.plant("", "in no folder", "", PASSWORD);
    w.refused(&w.admin, set(in_none.as_str()), "S-5").await;
    let gone = w.vault.plant("12", "gone", "", PASSWORD);
    w.vault.edit(&gone, |stored| stored.active = false);
    w.refused(&w.admin, set(gone.as_str()), "S-5").await;
    w.refused(&w.admin, set("4711"), "S-5").await;
    w.refused(&w.admin, set("no number"), "S-5").await;
    assert_eq!(w.record(id).await.secret, None);

    let before = w.events(EventKind::AccountSecretChanged).await.len();
    let plan = w.alm.plan(&w.admin, &set(own.as_str())).await.unwrap();
    assert!(plan.is_allowed() && plan.changes[0].contains("has its password in secret"), "{plan:?}");
    assert_eq!(w.record(id).await.secret, None, "a plan changes nothing");
    w.execute(&w.admin, set(own.as_str())).await.unwrap();
    assert_eq!(w.record(id).await.secret, Some(own.to_string()));
    let told = w.events(EventKind::AccountSecretChanged).await;
    assert_eq!((told.len(), told.last().unwrap().account), (before + 1, Some(id)));
    // To another one, as after a move by hand; never to one that is another account's.
    let other = w.unlinked(template, "legacy2").await;
    w.refused(&w.admin, SetAccountSecret::new(other, own.as_str()), "S-5").await;
    let second = w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    w.execute(&w.admin, set(second.as_str())).await.unwrap();
    assert_eq!(w.record(id).await.secret, Some(second.to_string()));
    w.execute(&w.admin, SetAccountSecret::new(other, own.as_str())).await.unwrap();
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn s_5_by_hand_is_refused_where_it_makes_no_sense() {
    let w = World::new().await;
    let template = plain(&w).await;
    let id = w.unlinked(template, "legacy").await;
    let secret = w.vault.plant_for("12", "legacy", DOMAIN, PASSWORD);
    let set = || SetAccountSecret::new(id, secret.as_str());
    let gmsa = w.publish("gMSAs", w.managed_body(EolAction::Review)).await;
    let gmsa = w.provisioned_as(gmsa, form("web")).await;
    w.refused(&w.admin, SetAccountSecret::new(gmsa, secret.as_str()), "T-11").await;

    w.rewrite::<Domain>(w.domain.uuid(), |domain| domain.enabled = false).await;
    w.refused(&w.admin, set(), "O-9").await;
    w.rewrite::<Domain>(w.domain.uuid(), |domain| domain.enabled = true).await;

    // A rotation that was given up left open which of two holds.
    let place = w.body(EolAction::Review).vault.unwrap();
    let pending = alm_core::model::account::PendingSecret::new(place, "x".into());
    w.rewrite::<Account>(id.uuid(), |account| account.pending = Some(pending)).await;
    let error = w.refused(&w.admin, set(), "S-5").await;
    assert!(error.refusals().iter().any(|refusal| refusal.field() == "account"), "{error}");
    w.rewrite::<Account>(id.uuid(), |account| account.pending = None).await;

    let blind = Alm::builder(w.store.clone(), w.clock.clone()).open().await.unwrap();
    assert_eq!(blind.execute(&w.admin, "blind", set()).await.unwrap_err().kind(), ErrorKind::Config);
    let through = Through::new(&w);
    let alm = through.alm(&w).await;
    through.lock();
    let locked = alm.execute(&w.admin, "locked", set()).await.unwrap_err();
    assert!(locked.violates("S-5") && locked.to_string().contains("try later"), "{locked}");
    through.no_vault();
    assert_eq!(alm.execute(&w.admin, "away", set()).await.unwrap_err().kind(), ErrorKind::Vault);
    through.unlock();

    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    w.refused(&w.admin, set(), "L-31").await;
    w.run().await;
    // What changes while the password is tried is looked at anew.
    let (service, caller) = (w.alm.clone(), w.admin.clone());
    let owners = [w.lead.person, w.requester.person].map(Owner::Person);
    through.happens(async move {
        service.execute(&caller, "owners", SetOwners::new(id, owners)).await.unwrap();
    });
    alm.execute(&w.admin, "set", set()).await.unwrap();
    let account = w.record(id).await;
    assert_eq!((account.secret, account.owners.len()), (Some(secret.to_string()), 2));
    assert_eq!(through.binds(), 2, "once more, for what it is by then");

    w.execute(&w.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
    w.run().await;
    assert_eq!(w.record(id).await.status, AccountStatus::Deleted);
    w.refused(&w.admin, set(), "I-4").await;
    let bodiless = w.unlinked(template, "other").await;
    w.rewrite::<alm_core::model::template::TemplateVersion>(
        w.record(bodiless).await.template_version.uuid(),
        |version| version.body.vault = None,
    )
    .await;
    let error = w.refused(&w.admin, SetAccountSecret::new(bodiless, "1"), "S-5").await;
    assert!(error.to_string().contains("has no vault"), "{error}");
}
