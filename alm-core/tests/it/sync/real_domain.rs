//! A sync of a real controller: Samba, as `.ci/samba-dc` makes it. Without the variables that it sets, this fails; whoever has no domain
//! leaves it out by name (`-- --skip real_domain`) and says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use ad_directory::{
    AccountUpdate, CreateOptions, DeleteGroupOptions, DeleteOptions, Directory, Dn, GroupKey, LdapDirectory,
    MemberOptions, MoveOptions, NewAccount, NewGroup, RestoreOptions, UpdateOptions,
};
use alm_core::adapter::store_memory::MemoryStore;
use alm_core::engine::PlaceInspector;
use alm_core::model::ids::{DomainId, InstanceId};
use alm_core::model::mirror::MirrorKind;
use alm_core::model::people::Person;
use alm_core::port::clock::SystemClock;
use alm_core::port::store::{RecordKind, Store, Stored as _};
use alm_core::service::estate::AddDomain;
use alm_core::service::sync::{SetDomainSync, SyncOptions, SyncReport};
use alm_core::testing::MemoryVault;
use alm_core::{Alm, Caller};
use secrecy::SecretString;
use uuid::Uuid;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `.ci/samba-dc start` and then this under `.ci/samba-dc exec --`, or leave it out with --skip real_domain")
    })
}

async fn sync(alm: &Alm, admin: &Caller, domain: DomainId) -> SyncReport {
    let report = alm.sync(admin, domain, SyncOptions::new()).await.unwrap();
    let Some(held) = report.held else { return report };
    alm.sync(admin, domain, SyncOptions::new().confirmed(held.digest)).await.unwrap()
}

#[tokio::test]
async fn o_12_s_1_s_2_s_3_a_real_domain_is_mirrored_and_its_users_follow() {
    let directory = LdapDirectory::builder(variable("AD_TEST_LDAP_URL"))
        .bind_name(variable("AD_TEST_ADMIN"))
        .password(SecretString::from(variable("AD_TEST_ADMIN_PASSWORD")))
        .base_dn(variable("AD_TEST_BASE_DN").parse().unwrap())
        .ca_file(variable("AD_TEST_CA_FILE"))
        .build()
        .unwrap();
    let directory: Arc<dyn Directory> = Arc::new(directory);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(InstanceId::new(Uuid::new_v4())));
    let inspector = PlaceInspector::new(directory.clone(), Arc::new(MemoryVault::new()));
    let alm = Alm::builder(store.clone(), Arc::new(SystemClock::new())).inspector(Arc::new(inspector));
    let alm = alm.open().await.unwrap();
    let admin = Caller::new(alm.first_administrator("Ada", "ada@example.com").await.unwrap(), "test");
    let base: Dn = variable("AD_TEST_BASE_DN").parse().unwrap();
    let (unit, retired): (Dn, Dn) =
        (variable("AD_TEST_OU").parse().unwrap(), variable("AD_TEST_RETIRED_OU").parse().unwrap());
    let domain = AddDomain::new(base.domain().unwrap(), base.clone());
    let domain = alm.execute(&admin, "domain", domain).await.unwrap();

    let tag = Uuid::new_v4().simple().to_string()[..8].to_owned();
    let (name, mail) = (format!("sync-{tag}"), format!("{tag}@example.com"));
    let new = NewAccount::new(unit.clone(), name.parse().unwrap())
        .password(format!("Some-1-long-{tag}"))
        .attribute("mail".parse().unwrap(), [mail.clone()])
        .enabled(true);
    let account = directory.create_account(&new, CreateOptions::new()).await.unwrap().guid;
    let new = NewGroup::new(unit.clone(), format!("grp-{tag}").parse().unwrap());
    let group = directory.create_group(&new, CreateOptions::new()).await.unwrap().guid;
    let join = MemberOptions::new();
    directory.add_member(&GroupKey::Guid(group), account, join.clone()).await.unwrap();

    let first = sync(&alm, &admin, domain).await;
    assert!(first.full && first.counts.added > 20, "{first:?}");
    let entry = alm.mirror_named(&admin, domain, &name).await.unwrap().unwrap();
    assert_eq!((entry.guid, entry.kind), (account, MirrorKind::Account));
    assert_eq!((entry.email(), entry.is_enabled()), (Some(mail.as_str()), Some(true)));
    assert!(entry.password_last_set().is_some() && entry.primary_group() == Some(513), "{entry:?}");
    let mirrored = alm.mirror_entry(&admin, domain, group).await.unwrap().unwrap();
    assert_eq!(mirrored.members, BTreeSet::from([account]));
    let places = alm.mirror(&admin, domain, MirrorKind::Container, None, 1_000).await.unwrap();
    assert!(places.iter().any(|place| place.dn == unit) && places.iter().any(|place| place.dn == base));

    let mut set = SetDomainSync::new(domain);
    set.users_of.push(group);
    alm.execute(&admin, "users", set).await.unwrap();
    assert_eq!(sync(&alm, &admin, domain).await.counts.people_added, 1);
    let quiet = sync(&alm, &admin, domain).await;
    assert!(!quiet.full && quiet.counts.people_added == 0, "{quiet:?}");

    // Moved and renamed at once, by identity.
    directory
        .move_account(account, &retired, MoveOptions::new().new_cn(format!("moved-{tag}")))
        .await
        .unwrap();
    let update = AccountUpdate::new().description(Some("moved".to_owned()));
    directory.update_account(account, &update, UpdateOptions::new()).await.unwrap();
    let report = sync(&alm, &admin, domain).await;
    assert!(!report.full && report.counts.moved >= 1, "{report:?}");
    let entry = alm.mirror_entry(&admin, domain, account).await.unwrap().unwrap();
    assert_eq!((entry.dn.parent(), entry.text("description")), (Some(retired), Some("moved")));
    assert_eq!(entry.email(), Some(mail.as_str()));

    // Out of the group, and in again.
    let enabled = async || {
        let people = store.list(RecordKind::Person, None, 100).await.unwrap();
        let people = people.iter().map(|document| Person::read(document).unwrap());
        people.into_iter().find(|person| person.directory.get(&domain) == Some(&account)).unwrap().enabled
    };
    directory.remove_member(&GroupKey::Guid(group), account, join.clone()).await.unwrap();
    assert_eq!(sync(&alm, &admin, domain).await.counts.people_disabled, 1);
    assert!(!enabled().await);
    directory.add_member(&GroupKey::Guid(group), account, join).await.unwrap();
    assert_eq!(sync(&alm, &admin, domain).await.counts.people_enabled, 1);

    directory.delete_account(account, DeleteOptions::new()).await.unwrap();
    let report = sync(&alm, &admin, domain).await;
    assert!(report.counts.gone >= 1, "{report:?}");
    assert!(alm.mirror_entry(&admin, domain, account).await.unwrap().is_none() && !enabled().await);
    // Restored, of which a controller tells only a part; and not in its group any more.
    let restored = directory.restore_account(account, RestoreOptions::new()).await.unwrap();
    sync(&alm, &admin, domain).await;
    let entry = alm.mirror_entry(&admin, domain, account).await.unwrap().unwrap();
    assert_eq!((entry.name(), entry.is_enabled()), (Some(name.as_str()), Some(restored.is_enabled())));
    assert!(!enabled().await);
    directory.delete_account(account, DeleteOptions::new()).await.unwrap();
    directory.delete_group(group, DeleteGroupOptions::new()).await.unwrap();
    let report = sync(&alm, &admin, domain).await;
    assert_eq!(report.counts.groups_disabled, 1, "{report:?}");
    // Read whole, it comes to the same.
    let whole = alm.sync(&admin, domain, SyncOptions::new().full()).await.unwrap();
    assert_eq!((whole.counts.added, whole.counts.gone), (0, 0), "{whole:?}");
}
