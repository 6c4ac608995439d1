//! Discovery and adoption of accounts that are there already (M-1).

use ad_directory::{
    Account as Object, AccountExpires, AccountUpdate, CheckPasswordOptions, CreateOptions, Directory as _,
    Dn, GroupKey, Marker, MarkerChange, MemberOptions, NewAccount, NewManagedAccount, UpdateOptions,
};
use alm_core::engine::SagaMarker;
use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::discovery::{Discovered, DiscoveryOrder};
use alm_core::model::event::EventKind;
use alm_core::model::ids::{AccountId, InstanceId, SagaId, TemplateId};
use alm_core::model::managed::AccountKind;
use alm_core::model::period::Period;
use alm_core::model::template::{EolAction, OwnershipRule};
use alm_core::port::clock::Clock as _;
use alm_core::port::store::Stored as _;
use alm_core::rules::lifecycle::AccountOption;
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, RetryOperation,
};
use alm_core::service::adoption::{AdoptAccounts, Adoptee};
use alm_core::service::rotation::RotateAccount;
use alm_core::testing::VaultFault;
use alm_core::{Alm, ErrorKind};
use jiff::SignedDuration;
use uuid::Uuid;

use super::rules::received;
use super::world::{OU, READERS, RETIRED, World, key};

const PASSWORD: &str = "Grown-up-in-2009!forever";

fn owner(w: &World) -> Owner {
    Owner::Person(w.lead.person)
}

/// Somebody made it years ago.
async fn legacy(w: &World, name: &str, enabled: bool) -> Object {
    let new = NewAccount::new(OU.parse().unwrap(), name.parse().unwrap())
        .password(PASSWORD.to_owned())
        .description("made by hand")
        .enabled(enabled);
    w.directory.create_account(&new, CreateOptions::new()).await.unwrap()
}

async fn template(w: &World, action: EolAction) -> TemplateId {
    w.publish("Adopted accounts", w.body(action)).await
}

async fn found(w: &World, name: &str) -> Discovered {
    let found = w.alm.discover(&w.admin, &DiscoveryOrder::new(w.domain).everything()).await.unwrap();
    found.into_iter().find(|one| one.name == name).unwrap()
}

async fn adoptee(w: &World, name: &str) -> Adoptee {
    Adoptee::from(&found(w, name).await)
}

fn adopt(w: &World, template: TemplateId, accounts: impl IntoIterator<Item = Adoptee>) -> AdoptAccounts {
    AdoptAccounts::new(template, Period::Days(90), accounts).owner(owner(w))
}

async fn adopted(w: &World, template: TemplateId, one: Adoptee) -> AccountId {
    let ids = w.execute(&w.admin, adopt(w, template, [one])).await.unwrap();
    let report = w.run().await;
    assert!(report.notes.is_empty(), "{report:?}");
    ids[0]
}

#[tokio::test]
async fn m_1_what_nobody_manages_is_found_in_several_ous() {
    let w = World::new().await;
    legacy(&w, "svc-legacy", true).await;
    legacy(&w, "jane.doe", true).await;
    let managed = w.template(EolAction::Review).await;
    w.provisioned(managed, "payroll").await;
    let retired = NewAccount::new(RETIRED.parse().unwrap(), "old_svc".parse().unwrap());
    w.directory.create_account(&retired, CreateOptions::new()).await.unwrap();
    let gmsa = NewManagedAccount::new(OU.parse().unwrap(), "web$".parse().unwrap(), "web.corp.example.com");
    w.directory.create_managed_account(&gmsa, CreateOptions::new()).await.unwrap();

    let names = async |order: DiscoveryOrder| -> Vec<String> {
        w.alm.discover(&w.admin, &order).await.unwrap().into_iter().map(|found| found.name).collect()
    };
    let order = || DiscoveryOrder::new(w.domain);
    let (ou, retired): (Dn, Dn) = (OU.parse().unwrap(), RETIRED.parse().unwrap());
    // Nobody has signed in with any of them, so all look dormant; the name tells the likely ones first.
    let both = names(order().below(ou.clone()).below(retired.clone())).await;
    assert_eq!(both.iter().filter(|name| *name == "svc-legacy" || *name == "old_svc").count(), 2, "{both:?}");
    assert!(!both.contains(&"svc-payroll".to_owned()), "it is managed");
    assert_eq!(names(order().below(retired.clone())).await, ["old_svc"]);
    let all = names(order().below(ou.clone()).everything()).await;
    assert!(all.contains(&"jane.doe".to_owned()) && !all.contains(&"web$".to_owned()), "{all:?}");
    assert_eq!(names(order().kind(AccountKind::GroupManaged)).await, ["web$"]);
    let mut one = order().everything();
    one.limit = 1;
    assert_eq!(names(one).await.len(), 1);
    let likely = w.alm.discover(&w.admin, &order().below(ou)).await.unwrap();
    let likely = likely.iter().find(|found| found.name == "svc-legacy").unwrap();
    assert!(likely.score > 0 && likely.obstacle.is_none(), "{likely:?}");
    assert!(likely.reasons.contains(&"its name fits svc*".to_owned()), "{likely:?}");

    let elsewhere = order().below("OU=x,DC=other,DC=example".parse().unwrap());
    received(&w.alm.discover(&w.admin, &elsewhere).await.unwrap_err(), "M-1");
    received(&w.alm.discover(&w.requester, &order()).await.unwrap_err(), "P-1");
    let blind = Alm::builder(w.store.clone(), w.clock.clone()).open().await.unwrap();
    assert_eq!(blind.discover(&w.admin, &order()).await.unwrap_err().kind(), ErrorKind::Config);
}

/// As it was: name, place, groups and password. What the template and the command say: end, description, attributes, owners.
#[tokio::test]
async fn m_1_an_adopted_account_stays_what_it_is_and_is_managed() {
    let w = World::new().await;
    let there = legacy(&w, "Legacy.Job", true).await;
    w.directory
        .add_member(&GroupKey::Dn(READERS.parse().unwrap()), there.guid, MemberOptions::new())
        .await
        .unwrap();
    let secret = w.vault.plant("12", "legacy job", "typed in by Jane", PASSWORD);
    let template = template(&w, EolAction::Expire).await;
    let mut one = adoptee(&w, "Legacy.Job").await;
    one.secret = Some(secret.to_string());
    let mut command = adopt(&w, template, [one]);
    command.attributes = [("department".into(), "IT".into()), ("title".into(), String::new())].into();

    let plan = w.alm.plan(&w.admin, &command).await.unwrap();
    assert!(
        plan.changes.iter().any(|change| change.contains("Legacy.Job") && change.contains("ends on")),
        "{plan:?}"
    );
    assert!(w.alm.accounts(&w.admin, None, 10).await.unwrap().is_empty(), "a plan changes nothing");

    let id = w.execute(&w.admin, command.clone()).await.unwrap()[0];
    let open = w.view(id).await;
    assert!(open.options.iter().next().is_none(), "{:?}", open.options);
    // While it is under way already, nobody else adopts it.
    w.refused(&w.admin, command, "M-1").await;
    assert!(w.run().await.notes.is_empty());

    let account = w.view(id).await.account;
    assert_eq!((account.status, account.name.as_str()), (AccountStatus::Active, "Legacy.Job"));
    assert_eq!((account.secret, account.vault), (Some(secret.to_string()), Some(w.vault_id)));
    assert_eq!(
        (account.groups, account.description.as_str()),
        (vec![READERS.parse().unwrap()], "made by hand")
    );
    assert_eq!((account.owners, account.operation), ([owner(&w)].into(), None));
    assert_eq!(account.ou, OU.parse().unwrap());
    let now = w.there(&w.view(id).await.account).await.unwrap();
    assert_eq!(
        (&now.dn, &now.sam_account_name, &now.member_of),
        (&there.dn, &there.sam_account_name, &vec![READERS.parse().unwrap()])
    );
    assert_eq!((now.password_last_set, now.description), (there.password_last_set, there.description));
    assert_eq!(now.expires, AccountExpires::At(account.eol), "L-38");
    let marker = SagaMarker::read(now.marker.unwrap().as_str(), &key()).unwrap();
    assert_eq!(marker.saga, account.sagas[0]);
    let department = "department".parse::<ad_directory::AttributeName>().unwrap();
    let asked = ad_directory::FindOptions::new().attributes(vec![department.clone()]);
    let read = w.directory.find_account(&there.guid.into(), asked).await.unwrap().unwrap();
    assert_eq!(read.attributes[&department], ["IT"]);
    assert_eq!(w.events(EventKind::AccountAdopted).await.len(), 1);
    assert!(w.found_none("Legacy.Job").await, "it is managed now");
    assert!(w.alm.verify_audit().await.unwrap().is_intact());

    // From here on it lives like the others.
    w.execute(&w.lead, DisableAccount::new(id)).await.unwrap();
    w.run().await;
    w.execute(&w.lead, EnableAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    w.execute(&w.lead, RotateAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    w.execute(&w.lead, DeleteAccount::new(id).confirmed()).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(w.view(id).await.account.status, AccountStatus::Deleted);
}

/// Nobody resets a password that nobody asked to be reset, and without a secret nothing is rotated or proved.
#[tokio::test]
async fn m_1_without_a_secret_the_password_stays_with_whoever_has_it() {
    let w = World::new().await;
    let before = legacy(&w, "legacy", false).await;
    let renamed = ad_directory::MoveOptions::new().new_cn("Legacy, the old one".to_owned());
    w.directory.move_account(before.guid, &OU.parse().unwrap(), renamed).await.unwrap();
    let mut body = w.body(EolAction::Review);
    (body.rotation.every_days, body.rotation.when_owner_leaves) = (Some(30), true);
    let template = w.publish("rotated", body).await;
    let id = adopted(&w, template, adoptee(&w, "legacy").await).await;
    let account = w.view(id).await.account;
    assert_eq!(
        (account.status, account.secret, account.vault),
        (AccountStatus::Disabled, None, None),
        "as it was found"
    );
    assert_eq!((account.rotates_at, account.common_name.as_deref()), (None, Some("Legacy, the old one")));
    w.refused(&w.lead, RotateAccount::new(id), "M-1").await;
    w.execute(&w.lead, EnableAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let now = w.there(&w.view(id).await.account).await.unwrap();
    assert_eq!((now.is_enabled(), now.cn.as_str()), (true, "Legacy, the old one"));
    assert_eq!(now.password_last_set, before.password_last_set);
    assert!(w.vault.passwords().is_empty() && w.vault.secrets().is_empty());
    // W-4: there is no password that could be taken from who leaves.
    let owners = alm_core::service::accounts::SetOwners::new(id, [Owner::Person(w.lead2.person)]);
    w.execute(&w.lead, owners).await.unwrap();
    assert_eq!(w.view(id).await.account.rotates_at, None);
    w.execute(&w.lead2, DeleteAccount::new(id).confirmed()).await.unwrap();
    assert!(w.run().await.notes.is_empty());
}

#[tokio::test]
async fn m_1_t_11_a_gmsa_is_adopted_as_one() {
    let w = World::new().await;
    let new = NewManagedAccount::new(OU.parse().unwrap(), "web$".parse().unwrap(), "web.corp.example.com")
        .service_principal_name("HTTP/web".parse().unwrap());
    w.directory.create_managed_account(&new, CreateOptions::new()).await.unwrap();
    let gmsas = w.publish("gMSAs", w.managed_body(EolAction::Disable)).await;
    let users = template(&w, EolAction::Disable).await;
    let order = DiscoveryOrder::new(w.domain).kind(AccountKind::GroupManaged);
    let mut one = Adoptee::from(&w.alm.discover(&w.admin, &order).await.unwrap()[0]);
    w.refused(&w.admin, adopt(&w, users, [one.clone()]), "M-1").await;
    one.secret = Some("7".into());
    let mut command = adopt(&w, gmsas, [one.clone()]);
    command.attributes.insert("title".into(), "x".into());
    let error = w.refused(&w.admin, command, "T-11").await;
    let fields: Vec<_> = error.refusals().iter().map(alm_core::Refusal::field).collect();
    assert_eq!(fields, ["attributes", "secret"]);
    one.secret = None;
    let id = adopted(&w, gmsas, one).await;
    let account = w.view(id).await.account;
    assert_eq!(
        (account.kind, account.service_principal_names),
        (AccountKind::GroupManaged, vec!["HTTP/web".to_owned()])
    );
    w.execute(&w.lead, DisableAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert!(w.managed(&w.view(id).await.account).await.unwrap().is_disabled());
}

#[tokio::test]
async fn m_1_everything_that_is_wrong_is_said_at_once_and_nothing_is_changed() {
    let w = World::new().await;
    legacy(&w, "one", true).await;
    legacy(&w, "two", true).await;
    let mut body = w.body(EolAction::Review);
    body.ownership = OwnershipRule::People { min: 2, max: 3 };
    let template = w.publish("two owners", body).await;
    let (one, mut two) = (adoptee(&w, "one").await, adoptee(&w, "two").await);
    two.dn = "CN=two,OU=x,DC=other,DC=example".parse().unwrap();
    two.name = "t*o".into();
    let mut wrong = adopt(&w, template, [one.clone(), one.clone(), two]);
    wrong.period = Period::Days(7);
    wrong.description = Some("two\nlines".into());
    wrong.attributes = [("adminCount".into(), "1".into()), ("title".into(), "\u{202E}".into())].into();
    let error = w.refused(&w.admin, wrong, "M-1").await;
    let seen: Vec<_> = error.refusals().iter().map(|refusal| (refusal.rule(), refusal.field())).collect();
    for expected in [
        ("T-5", "period"),
        ("M-1", "description"),
        ("T-13", "attributes"),
        ("M-1", "attributes"),
        ("M-1", "accounts"),
        ("M-1", "domain"),
        ("M-1", "name"),
        ("W-1", "owners"),
    ] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
        received(&error, expected.0);
    }
    assert!(w.alm.accounts(&w.admin, None, 10).await.unwrap().is_empty());
    w.refused(&w.requester, adopt(&w, template, [one.clone()]), "P-1").await;

    let users = self::template(&w, EolAction::Review).await;
    w.refused(&w.admin, adopt(&w, users, []), "M-1").await;
    let many = (0..201_u128).map(|n| {
        let mut one = one.clone();
        one.guid = ad_directory::ObjectGuid::new(Uuid::from_u128(n));
        one
    });
    w.refused(&w.admin, adopt(&w, users, many), "M-1").await;
    // NM-2: somebody asks for an account of that name at this moment.
    let mut named = one;
    named.name = "svc-asked".into();
    w.submitted(users, "asked").await;
    w.refused(&w.admin, adopt(&w, users, [named]), "NM-2").await;
}

/// I-3, E-8: what an engine finds to be another's, or not to be what was chosen, stays as it is, and the others are adopted.
#[tokio::test]
async fn m_1_i_3_each_is_adopted_or_left_alone_by_itself() {
    let w = World::new().await;
    let template = template(&w, EolAction::Review).await;
    let mut chosen = Vec::new();
    for name in ["good", "marked", "foreign", "renamed", "expired", "gone", "wrong"] {
        legacy(&w, name, true).await;
        chosen.push(adoptee(&w, name).await);
    }
    let secret = w.vault.plant("12", "planted", "", "not the password of anybody");
    chosen.iter_mut().find(|one| one.name == "wrong").unwrap().secret = Some(secret.to_string());
    let guid = |name: &str| chosen.iter().find(|one| one.name == name).unwrap().guid;
    let update = async |name: &str, update: AccountUpdate| {
        w.directory.update_account(guid(name), &update, UpdateOptions::new()).await.unwrap();
    };
    let other = InstanceId::new(Uuid::from_u128(0xB2));
    let ours = SagaMarker::new(other, SagaId::new(Uuid::from_u128(1)), 1).write(&key()).unwrap();
    update("marked", AccountUpdate::new().marker(MarkerChange::adopt(ours))).await;
    let theirs: Marker = "managed:by-hand".parse().unwrap();
    update("foreign", AccountUpdate::new().marker(MarkerChange::adopt(theirs))).await;
    update("renamed", AccountUpdate::new().sam_account_name("other".parse().unwrap())).await;
    let past = w.clock.now() - SignedDuration::from_hours(1);
    update("expired", AccountUpdate::new().expires(AccountExpires::At(past))).await;
    w.directory.delete_account(guid("gone"), ad_directory::DeleteOptions::new()).await.unwrap();
    let before =
        w.directory.find_account(&guid("wrong").into(), ad_directory::FindOptions::new()).await.unwrap();
    assert_eq!(found(&w, "marked").await.obstacle.as_deref(), Some("somebody's marker is on it"));

    let names: Vec<_> = chosen.iter().map(|one| one.name.clone()).collect();
    let ids = w.execute(&w.admin, adopt(&w, template, chosen.clone())).await.unwrap();
    let report = w.run().await;
    for (name, id) in names.iter().zip(ids) {
        let record = w.store.load(Account::KIND, id.uuid()).await.unwrap();
        assert_eq!(record.is_some(), name == "good", "{name}: {report:?}");
    }
    assert_eq!(report.notes.len(), 6, "{report:?}");
    for (name, why) in [
        ("marked", "somebody's marker"),
        ("foreign", "somebody's marker"),
        ("renamed", "is called other"),
        ("expired", "expired at"),
        ("gone", "not on this controller"),
        ("wrong", "is not the vault's"),
    ] {
        assert!(
            report.notes.iter().any(|note| note.starts_with(name) && note.contains(why)),
            "{name}: {report:?}"
        );
    }
    let after =
        w.directory.find_account(&guid("wrong").into(), ad_directory::FindOptions::new()).await.unwrap();
    let after = after.unwrap();
    assert_eq!((after.marker, after.expires), (None, before.unwrap().expires));
    let told = w.events(EventKind::AccountAdopted).await;
    assert_eq!(told.len(), 7);
    assert!(told.iter().all(|event| event.to.contains(&w.lead.person)));
    // Whoever mends what was wrong adopts it after all.
    let mut wrong = adoptee(&w, "wrong").await;
    wrong.secret = Some(w.vault.plant("12", "right", "", PASSWORD).to_string());
    adopted(&w, template, wrong).await;
}

/// Somebody marks it while it is being adopted: a person is asked, and giving up leaves the account to whoever has it.
#[tokio::test]
async fn m_1_l_31_a_marker_that_comes_in_between_is_a_persons_business() {
    for retried in [true, false] {
        let w = World::new().await;
        let there = legacy(&w, "contested", true).await;
        let template = template(&w, EolAction::Review).await;
        let mut one = adoptee(&w, "contested").await;
        one.secret = Some(w.vault.plant("12", "contested", "", PASSWORD).to_string());
        let id = w.execute(&w.admin, adopt(&w, template, [one])).await.unwrap()[0];
        let saga = w.view(id).await.account.operation.unwrap().saga;
        // Ours is on it, and the vault does not answer.
        w.vault.fault("read_password", VaultFault::Unreachable);
        w.run().await;
        let marker = || async { w.there(&w.view(id).await.account).await.unwrap().marker };
        let ours = marker().await.unwrap();
        let theirs: Marker = "managed:by-hand".parse().unwrap();
        let change = |from: &Marker, to: &Marker| {
            AccountUpdate::new().marker(MarkerChange::replace(from.clone(), to.clone()))
        };
        let update = async |update: AccountUpdate| {
            w.directory.update_account(there.guid, &update, UpdateOptions::new()).await.unwrap();
        };
        update(change(&ours, &theirs)).await;
        w.run_until_quiet().await;
        let options = w.view(id).await.options;
        assert!(options.has(AccountOption::Retry) && options.has(AccountOption::Abandon), "{options:?}");
        assert!(!options.has(AccountOption::Disable), "it is not ours to stop");
        if retried {
            update(change(&theirs, &ours)).await;
            w.execute(&w.lead, RetryOperation::new(id)).await.unwrap();
            w.run_until_quiet().await;
            assert_eq!(w.view(id).await.account.operation, None);
            continue;
        }
        w.execute(&w.lead, AbandonOperation::new(id)).await.unwrap();
        w.run_until_quiet().await;
        let record: SagaRecord = w.document(saga.uuid()).await;
        assert_eq!(record.status, SagaStatus::Ended { ending: Ending::Abandoned });
        assert!(w.store.load(Account::KIND, id.uuid()).await.unwrap().is_none());
        let now =
            w.directory.find_account(&there.guid.into(), ad_directory::FindOptions::new()).await.unwrap();
        assert_eq!(now.unwrap().marker, Some(theirs));
    }
}

/// A protected account is never touched, whoever chose it.
#[tokio::test]
async fn m_1_a_protected_account_is_not_adopted() {
    let w = World::new().await;
    let protected = ad_directory::MemoryDirectory::builder("corp.example.com")
        .unit(OU)
        .protected_account("svc-root")
        .build()
        .unwrap();
    let directory = std::sync::Arc::new(protected);
    let inspector = alm_core::engine::PlaceInspector::new(directory.clone(), w.vault.clone());
    let alm = Alm::builder(w.store.clone(), w.clock.clone());
    let alm = alm.inspector(std::sync::Arc::new(inspector)).open().await.unwrap();
    let found = alm.discover(&w.admin, &DiscoveryOrder::new(w.domain)).await.unwrap();
    assert_eq!(found[0].obstacle.as_deref(), Some("the directory protects it"));
    let template = template(&w, EolAction::Review).await;
    let id = w.execute(&w.admin, adopt(&w, template, [Adoptee::from(&found[0])])).await.unwrap()[0];
    let saga = w.view(id).await.account.operation.unwrap().saga;
    let engine =
        w.engine_on(0xE1, directory, w.vault.clone(), w.clock.clone()).take_back(true).build().unwrap();
    let report = engine.run_ready().await.unwrap();
    assert!(report.notes[0].contains("a protected object"), "{report:?}");
    let saga: SagaRecord = w.document(saga.uuid()).await;
    assert!(matches!(saga.status, SagaStatus::Ended { ending: Ending::Compensated { .. } }));
}

/// M-1: a secret is made first, then the directory gets its password, then a sign-in proves it; and what was named is proved and not reset.
#[tokio::test]
async fn m_1_a_password_is_reset_when_that_is_asked_for() {
    let w = World::new().await;
    let (one, two) = (legacy(&w, "svc-one", true).await, legacy(&w, "svc-two", true).await);
    let named = w.vault.plant("12", "two", "", PASSWORD);
    let mut body = w.body(EolAction::Review);
    body.rotation.every_days = Some(30);
    let template = w.publish("Adopted accounts", body).await;
    let mut second = adoptee(&w, "svc-two").await;
    second.secret = Some(named.to_string());
    let command = adopt(&w, template, [adoptee(&w, "svc-one").await, second]).resetting_passwords();
    let plan = w.alm.plan(&w.admin, &command).await.unwrap();
    let resets = plan.changes.iter().filter(|change| change.contains("gets another password"));
    assert_eq!(resets.count(), 1, "{plan:?}");
    w.clock.advance(SignedDuration::from_hours(1));
    let ids = w.execute(&w.admin, command).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let (first, second): (Account, Account) =
        (w.document(ids[0].uuid()).await, w.document(ids[1].uuid()).await);
    assert_eq!(second.secret, Some(named.to_string()));
    assert_eq!(first.vault, Some(w.vault_id));
    assert_eq!(first.password_changed_at, w.clock.now());
    assert!(first.rotates_at.is_some());
    let secrets = w.vault.secrets();
    let (_, made) = secrets.iter().find(|(id, _)| Some(id.to_string()) == first.secret).unwrap();
    assert!(made.active && made.name.starts_with("svc-one.corp.example.com."), "{made:?}");
    assert_eq!((made.folder.as_str(), made.username.as_str()), ("12", "svc-one"));
    let proves = async |object: &Object, password: &secrecy::SecretString| {
        let check = w.directory.check_password(object.guid, password, CheckPasswordOptions::new()).await;
        check.unwrap().proves_password()
    };
    let old = secrecy::SecretString::from(PASSWORD);
    assert_eq!(proves(&one, &made.password).await, Some(true));
    assert_eq!((proves(&one, &old).await, proves(&two, &old).await), (Some(false), Some(true)));
    w.execute(&w.lead, RotateAccount::new(ids[0])).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn m_1_nothing_is_reset_without_a_vault_to_keep_it() {
    let w = World::new().await;
    let gmsa = NewManagedAccount::new(OU.parse().unwrap(), "web$".parse().unwrap(), "web.corp.example.com");
    w.directory.create_managed_account(&gmsa, CreateOptions::new()).await.unwrap();
    let template = w.publish("gMSAs", w.managed_body(EolAction::Review)).await;
    let order = DiscoveryOrder::new(w.domain).kind(AccountKind::GroupManaged);
    let found = w.alm.discover(&w.admin, &order).await.unwrap();
    let command = adopt(&w, template, [Adoptee::from(&found[0])]).resetting_passwords();
    let error = w.refused(&w.admin, command, "M-1").await;
    assert!(error.refusals().iter().any(|refusal| refusal.field() == "reset_passwords"), "{error}");
}

/// What refuses before the directory has the new password is undone; after it there is no way back, and the secret stays whatever becomes of the rest.
#[tokio::test]
async fn m_1_what_is_undone_before_the_password_is_set_and_what_stays_after() {
    use super::chaos::{Chaos, ChaosDirectory};
    let w = World::new().await;
    let there = legacy(&w, "svc-one", true).await;
    let template = template(&w, EolAction::Expire).await;
    let run = async |chaos: &std::sync::Arc<Chaos>| {
        let directory = ChaosDirectory { inner: w.directory.clone(), chaos: chaos.clone() };
        let engine = w
            .engine_on(0xE1, std::sync::Arc::new(directory), w.vault.clone(), w.clock.clone())
            .take_back(true)
            .build()
            .unwrap();
        engine.run_ready().await.unwrap();
    };
    let proves = async |password: &secrecy::SecretString| {
        let check = w.directory.check_password(there.guid, password, CheckPasswordOptions::new()).await;
        check.unwrap().proves_password() == Some(true)
    };
    let begin = async || {
        let command = adopt(&w, template, [adoptee(&w, "svc-one").await]).resetting_passwords();
        w.execute(&w.admin, command).await.unwrap()[0]
    };
    // The directory accepts no password of ours: undone, and as it was.
    let id = begin().await;
    let chaos = Chaos::new([]);
    chaos.refuse("accounts.set_password", 3, ad_directory::ErrorKind::PasswordPolicy);
    run(&chaos).await;
    assert!(w.store.load(Account::KIND, id.uuid()).await.unwrap().is_none());
    assert!(w.vault.secrets().iter().all(|(_, secret)| !secret.active));
    assert!(proves(&PASSWORD.into()).await);
    assert!(
        w.directory
            .find_account(&there.guid.into(), ad_directory::FindOptions::default())
            .await
            .unwrap()
            .unwrap()
            .marker
            .is_none()
    );

    // What comes after the password waits for a person, who gives it up: the secret has the only password there is.
    let id = begin().await;
    let chaos = Chaos::new([]);
    chaos.refuse_after("accounts.update", 1, ad_directory::ErrorKind::Forbidden);
    run(&chaos).await;
    let open = w.document::<Account>(id.uuid()).await.operation.unwrap();
    assert!(open.failed, "parked");
    w.execute(&w.admin, AbandonOperation::new(id)).await.unwrap();
    w.run_until_quiet().await;
    let saga: SagaRecord = w.document(open.saga.uuid()).await;
    assert_eq!(saga.status, SagaStatus::Ended { ending: Ending::Abandoned });
    assert!(saga.findings.iter().any(|finding| finding.contains("was reset")), "{:?}", saga.findings);
    let told = w.events(EventKind::AccountAdopted).await;
    assert!(told.last().unwrap().text.contains("its password was reset and is in secret"), "{told:?}");
    assert!(w.store.load(Account::KIND, id.uuid()).await.unwrap().is_none());
    let secrets = w.vault.secrets();
    let active: Vec<_> = secrets.iter().filter(|(_, secret)| secret.active).collect();
    assert_eq!(active.len(), 1);
    assert!(proves(&active[0].1.password).await && !proves(&PASSWORD.into()).await);
    // It can be adopted again, with that secret.
    let mut again = adoptee(&w, "svc-one").await;
    again.secret = Some(active[0].0.to_string());
    adopted(&w, template, again).await;
}
