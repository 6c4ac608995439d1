//! Sync of a domain (section S): the mirror, users from directory groups, the guard.

mod broken;
mod drift;
mod guard;
mod mirror;
mod people;
#[cfg(feature = "ldap")]
mod real_domain;
mod scripted;

use std::sync::Arc;

use ad_directory::{
    Account as Object, AccountUpdate, CreateOptions, Directory as _, Dn, GroupKey, MemberOptions, NewAccount,
    NewGroup, ObjectGuid, UpdateOptions,
};
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::mirror::MirrorEntry;
use alm_core::model::people::Person;
use alm_core::port::store::{RecordKind, Store, Stored as _};
use alm_core::service::sync::{SetDomainSync, SyncOptions, SyncReport};
use tempfile::TempDir;

use super::world::{OU, World};

/// The store in a file, for a while.
async fn on_disk() -> (TempDir, World) {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("store.alm"), SqliteOptions::default()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    (folder, World::on(store).await)
}

impl World {
    async fn synced(&self) -> SyncReport {
        let report = self.alm.sync(&self.admin, self.domain, SyncOptions::new()).await.unwrap();
        assert_eq!(report.held, None);
        report
    }

    /// Whatever it asks.
    async fn synced_whatever(&self) -> SyncReport {
        let report = self.alm.sync(&self.admin, self.domain, SyncOptions::new()).await.unwrap();
        let Some(held) = report.held else { return report };
        let options = SyncOptions::new().confirmed(held.digest);
        self.alm.sync(&self.admin, self.domain, options).await.unwrap()
    }

    /// An account of a person in the directory, enabled.
    async fn external(&self, name: &str, mail: &str) -> Object {
        let mut new = NewAccount::new(OU.parse().unwrap(), name.parse().unwrap())
            .password("Some-1-long-password".to_owned())
            .display_name(format!("{name} of the directory"))
            .enabled(true);
        if !mail.is_empty() {
            new = new.attribute("mail".parse().unwrap(), [mail.to_owned()]);
        }
        self.directory.create_account(&new, CreateOptions::new()).await.unwrap()
    }

    async fn directory_group(&self, name: &str, members: &[ObjectGuid]) -> ObjectGuid {
        let new = NewGroup::new(OU.parse().unwrap(), name.parse().unwrap());
        let group = self.directory.create_group(&new, CreateOptions::new()).await.unwrap();
        for member in members {
            self.join(group.guid, *member).await;
        }
        group.guid
    }

    async fn join(&self, group: ObjectGuid, member: ObjectGuid) {
        let group = GroupKey::Guid(group);
        self.directory.add_member(&group, member, MemberOptions::new()).await.unwrap();
    }

    async fn leave(&self, group: ObjectGuid, member: ObjectGuid) {
        let group = GroupKey::Guid(group);
        self.directory.remove_member(&group, member, MemberOptions::new()).await.unwrap();
    }

    async fn switch(&self, object: ObjectGuid, on: bool) {
        let update = AccountUpdate::new().enabled(on);
        self.directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
    }

    async fn mirrored(&self, object: ObjectGuid) -> Option<MirrorEntry> {
        self.alm.mirror_entry(&self.admin, self.domain, object).await.unwrap()
    }

    /// Has the members of these groups synchronized as users.
    async fn users_of(&self, groups: &[ObjectGuid]) {
        self.synced_whatever().await;
        let mut set = SetDomainSync::new(self.domain);
        set.users_of = groups.to_vec();
        self.execute(&self.admin, set).await.unwrap();
    }

    /// The person whose account this is.
    async fn person_of(&self, object: ObjectGuid) -> Option<Person> {
        let people = self.store.list(RecordKind::Person, None, 1_000).await.unwrap();
        let mut people = people.iter().map(|document| Person::read(document).unwrap());
        people.find(|person| person.directory.get(&self.domain) == Some(&object))
    }
}

fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}
