//! E-8: what an engine's host lets it do, whatever the service says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ad_directory::{AccountKey, Directory as _, FindOptions, MoveOptions, ProbeOptions};
use alm_core::engine::LocalPolicy;
use alm_core::model::account::AccountStatus;
use alm_core::model::ids::{AccountId, DomainId, EngineId, RequestId, SecretId};
use alm_core::model::request::RequestStatus;
use alm_core::model::template::EolAction;
use alm_core::port::clock::Clock as _;
use alm_core::port::link::{EngineLink, Order, Task, WorkWish};
use alm_core::port::store::Lease;
use alm_core::saga::Ending;
use alm_core::saga::effect::{Effect, EffectResult, Reason};
use alm_core::service::accounts::{DisableAccount, RetryOperation};
use alm_core::service::failures::RetryRequest;
use alm_core::{Engine, ErrorKind, Result};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::world::{OU, READERS, RETIRED, WRITERS, World};

fn engine(world: &World, policy: LocalPolicy) -> Engine {
    let (directory, vault) = (world.directory.clone(), world.vault.clone());
    world
        .engine_on(0xE1, directory, vault, world.clock.clone())
        .take_back(true)
        .local_policy(policy)
        .build()
        .unwrap()
}

async fn read(world: &World, request: RequestId) -> RequestStatus {
    world.alm.request(&world.admin, request).await.unwrap().status
}

async fn active(world: &World) -> AccountId {
    let template = world.template(EolAction::Review).await;
    world.provisioned(template, "payroll").await
}

fn dn(text: &str) -> ad_directory::Dn {
    text.parse().unwrap()
}

#[tokio::test]
async fn e_8_what_the_policy_forbids_is_not_done_and_waits_for_a_person() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let wide = || {
        LocalPolicy::new()
            .units([dn(OU), dn(RETIRED)])
            .groups([dn(READERS)])
            .folders(["12"])
            .own_account("alm-engine".parse().unwrap())
            .changes_an_hour(100)
    };
    let cases = [
        ("units", wide().units([dn(RETIRED)]), "touch nothing at"),
        ("groups", wide().groups([dn(WRITERS)]), "lets nobody join"),
        ("folders", wide().folders(["13", "112"]), "in folder 12"),
        ("secret", wide().without(["create_secret"]), "has no create_secret"),
        ("enable", wide().without(["add_account"]), "has no add_account"),
    ];
    for (name, policy, why) in cases {
        let request = world.approved(template, name).await;
        let report = engine(&world, policy).run_ready().await.unwrap();
        let note = report.notes.join("; ");
        assert!(note.contains("parked") && note.contains(why) && note.contains("[E-8]"), "{name}: {note}");
        assert!(world.found_none(&format!("svc-{name}")).await, "{name}");
        assert_eq!(read(&world, request).await, RequestStatus::Queued, "{name}");
        // The policy is mended, and it goes on where it stood.
        world.execute(&world.requester, RetryRequest::new(request)).await.unwrap();
        assert_eq!(engine(&world, wide()).run_ready().await.unwrap().notes, Vec::<String>::new(), "{name}");
        assert_eq!(read(&world, request).await, RequestStatus::Provisioned, "{name}");
    }
}

#[tokio::test]
async fn e_8_an_hour_has_so_many_changes_and_what_takes_away_does_not_wait_for_the_next() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let active = world.provisioned(template, "active").await;
    let engine = engine(&world, LocalPolicy::new().changes_an_hour(3));
    let request = world.approved(template, "many").await;
    let report = engine.run_ready().await.unwrap();
    assert!(report.notes[0].contains("3 changes within an hour, and waits [E-8]"), "{report:?}");
    // The emergency stop.
    world.execute(&world.requester, DisableAccount::new(active)).await.unwrap();
    engine.run_ready().await.unwrap();
    assert!(!world.there(&world.view(active).await.account).await.unwrap().is_enabled());
    // Nobody has to do anything.
    let from = world.clock.now();
    while read(&world, request).await == RequestStatus::Queued {
        world.clock.advance(SignedDuration::from_mins(5));
        engine.run_ready().await.unwrap();
    }
    assert_eq!(read(&world, request).await, RequestStatus::Provisioned);
    let took = world.clock.now().duration_since(from);
    assert!((SignedDuration::from_mins(55)..SignedDuration::from_hours(3)).contains(&took), "{took}");
}

#[tokio::test]
async fn e_8_an_account_that_was_moved_out_of_reach_stays_as_it_is() {
    let world = World::new().await;
    let account = active(&world).await;
    let before = world.view(account).await.account;
    world.directory.move_account(before.object_guid, &dn(RETIRED), MoveOptions::new()).await.unwrap();
    world.execute(&world.requester, DisableAccount::new(account)).await.unwrap();
    let report = engine(&world, LocalPolicy::new().units([dn(OU)])).run_ready().await.unwrap();
    assert!(report.notes[0].contains("[E-8]"), "{report:?}");
    assert!(world.there(&before).await.unwrap().is_enabled());
    world.execute(&world.requester, RetryOperation::new(account)).await.unwrap();
    world.run().await;
    assert_eq!(world.view(account).await.account.status, AccountStatus::Disabled);
}

#[tokio::test]
async fn e_8_a_policy_that_forbids_what_there_is_not_is_no_policy() {
    let world = World::new().await;
    let (directory, vault) = (world.directory.clone(), world.vault.clone());
    let wrong = LocalPolicy::new().without(["delete_acount"]);
    let error =
        world.engine_on(0xE1, directory, vault, world.clock.clone()).local_policy(wrong).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("delete_acount") && error.advice().unwrap().contains("delete_account")
    );
}

/// A service that somebody has taken over: it has a real lease, and orders what it likes.
#[derive(Debug)]
struct Taken {
    task: Mutex<Option<Task>>,
    orders: Mutex<Vec<Effect>>,
    ends: Mutex<Vec<EffectResult>>,
}

impl Taken {
    fn next(&self) -> Order {
        self.orders.lock().unwrap().pop().map_or(Order::Ended(Ending::Done), Order::Run)
    }
}

#[async_trait]
impl EngineLink for Taken {
    async fn claim(&self, _: &WorkWish) -> Result<Vec<Task>> {
        Ok(self.task.lock().unwrap().take().into_iter().collect())
    }

    async fn begin(&self, _: &Lease) -> Result<Order> {
        Ok(self.next())
    }

    async fn finish(&self, _: &Lease, result: EffectResult) -> Result<Order> {
        self.ends.lock().unwrap().push(result);
        Ok(self.next())
    }

    async fn renew(&self, lease: &Lease, _: Duration) -> Result<Lease> {
        Ok(*lease)
    }

    async fn release(&self, _: &Lease) -> Result<()> {
        Ok(())
    }

    async fn next_ready(&self, _: &[DomainId]) -> Result<Option<Timestamp>> {
        Ok(None)
    }
}

#[tokio::test]
async fn e_8_a_service_in_foreign_hands_gets_no_more_than_the_policy_allows() {
    const ADMINS: &str = "CN=Server Admins,OU=Service Accounts,DC=corp,DC=example,DC=com";
    let world = World::on_directory(|builder| builder.protected_group(ADMINS)).await;
    let account = active(&world).await;
    let own = world.view(account).await.account;
    let (guid, secret) = (own.object_guid, SecretId::new(own.secret.unwrap()));
    let foreign = world.vault.plant("99", "the domain's administrator", "", "canary-of-an-administrator");
    world.execute(&world.requester, DisableAccount::new(account)).await.unwrap();
    let wish = WorkWish::new(EngineId::new(Uuid::from_u128(0xE1)), world.domain, 1);
    let task = EngineLink::claim(&world.alm, &wish).await.unwrap().remove(0);
    let controller = world.directory.probe(ProbeOptions::new()).await.unwrap().controller;
    let orders = vec![
        // A secret that is not its own, into one that somebody can read.
        Effect::CopyPassword { from: foreign.clone(), to: secret.clone() },
        Effect::CopyPassword { from: secret.clone(), to: foreign.clone() },
        Effect::ReplacePassword { secret: foreign.clone() },
        Effect::DeactivateSecret { secret: foreign.clone() },
        Effect::TellDependents { secret: foreign.clone() },
        Effect::AskChange { secret: foreign.clone(), since: None, again_from: None },
        Effect::SetPassword { controller: controller.clone(), account: guid, secret: foreign.clone() },
        Effect::ResetPassword { controller: controller.clone(), account: guid, secret: foreign.clone() },
        // Groups.
        Effect::JoinGroup { controller: controller.clone(), account: guid, group: dn(WRITERS) },
        Effect::JoinGroup { controller: controller.clone(), account: guid, group: dn(ADMINS) },
        Effect::EnsureGroups {
            controller: controller.clone(),
            account: guid,
            groups: vec![dn(READERS), dn(ADMINS)],
        },
        // Places.
        Effect::Move { controller: controller.clone(), account: guid, ou: Some(dn(RETIRED)), name: None },
        Effect::DeleteAccount { controller: controller.clone(), account: guid },
        // What could be signed in with, without any password.
        Effect::Change {
            controller: controller.clone(),
            account: guid,
            change: serde_json::from_str(r#"{"attributes":{"altSecurityIdentities":"X509:<I>x<S>y"}}"#)
                .unwrap(),
        },
        Effect::Change {
            controller: controller.clone(),
            account: guid,
            change: serde_json::from_str(r#"{"all_values":{"msDS-KeyCredentialLink":["B:0::CN=x"]}}"#)
                .unwrap(),
        },
    ];
    let count = orders.len();
    let link =
        Arc::new(Taken { task: Mutex::new(Some(task)), orders: Mutex::new(orders), ends: Mutex::default() });
    // Server Admins is among the groups: what is protected stays so, whatever the policy says.
    let policy = LocalPolicy::new()
        .units([dn(OU)])
        .groups([dn(READERS), dn(ADMINS)])
        .folders(["12"])
        .without(["delete_account"]);
    let engine = world.engine_for(link.clone()).local_policy(policy).build().unwrap();
    engine.run_ready().await.unwrap();
    let ends = link.ends.lock().unwrap().clone();
    assert_eq!(ends.len(), count);
    for end in &ends {
        assert!(
            matches!(end, EffectResult::Refused { reason: Reason::LocalPolicy, message } if message.ends_with("[E-8]")),
            "{end:?}"
        );
        assert!(!format!("{end:?}").contains("canary"));
    }
    let key = AccountKey::Guid(guid);
    let found = world.directory.find_account(&key, FindOptions::new()).await.unwrap().unwrap();
    assert_eq!((found.dn.parent(), found.member_of), (Some(dn(OU)), vec![dn(READERS)]));
    let (_, kept) = world.vault.secrets().into_iter().find(|(id, _)| *id == foreign).unwrap();
    assert!(kept.active && kept.password.expose_secret() == "canary-of-an-administrator");
}
