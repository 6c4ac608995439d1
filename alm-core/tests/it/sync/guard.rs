//! The guard before a mass change (S-4), syncs that are broken off, and service accounts nobody manages (S-7).

use std::collections::BTreeSet;

use ad_directory::{
    AccountUpdate, CreateOptions, DeleteOptions, Directory as _, NewAccount, NewManagedAccount, ObjectGuid,
    UpdateOptions,
};
use alm_core::Error;
use alm_core::adapter::store_memory::MemoryStore;
use alm_core::model::event::EventKind;
use alm_core::model::ids::InstanceId;
use alm_core::model::people::Person;
use alm_core::model::sync::{HeldSync, SyncCounts, SyncLimits};
use alm_core::model::template::EolAction;
use alm_core::port::store::{RecordKind, Stored as _};
use alm_core::service::sync::{SetDomainSync, SyncOptions, SyncReport};
use uuid::Uuid;

use super::broken::Broken;
use super::{on_disk, scripted};
use crate::it::rules::received;
use crate::it::world::{OU, World};

async fn sync(w: &World, options: SyncOptions) -> SyncReport {
    w.alm.sync(&w.admin, w.domain, options).await.unwrap()
}

async fn asks(w: &World) -> HeldSync {
    let held = sync(w, SyncOptions::new()).await.held.expect("it asks");
    received(&Error::refused("domain.sync", held.refusals()), "S-4");
    held
}

async fn staff(w: &World, count: usize) -> (ObjectGuid, Vec<ObjectGuid>) {
    let mut people = Vec::new();
    for number in 0..count {
        people.push(w.external(&format!("user{number}"), &format!("user{number}@example.com")).await.guid);
    }
    let group = w.directory_group("staff", &people).await;
    w.users_of(&[group]).await;
    (group, people)
}

/// Everything there is but audit, events, and what the sync says of itself.
async fn everything(w: &World) -> Vec<(Uuid, u64)> {
    let mut all = Vec::new();
    for kind in [RecordKind::MirrorEntry, RecordKind::Person, RecordKind::Domain, RecordKind::SyncFinding] {
        let found = w.store.list(kind, None, 10_000).await.unwrap();
        all.extend(found.into_iter().map(|document| (document.id, document.version)));
    }
    all
}

async fn mass_change(w: &World) {
    let (group, people) = staff(w, 10).await;
    let mut set = SetDomainSync::new(w.domain).users_of(group).limits(SyncLimits::new(2, 10));
    w.execute(&w.admin, set.clone()).await.unwrap();
    let held = asks(w).await;
    assert!(held.reasons[0].contains("10 people would be added"), "{held:?}");
    assert_eq!((held.counts.people_added, held.examples.len()), (10, 10));
    assert!(held.examples.contains(&"add the user user3".to_owned()), "{held:?}");
    assert!(w.person_of(people[0]).await.is_none());
    // The same again is the same question, asked once.
    assert_eq!(asks(w).await, held);
    assert_eq!(w.events(EventKind::SyncHeld).await.len(), 1);
    assert_eq!(w.alm.sync_state(&w.admin, w.domain).await.unwrap().held, Some(held.clone()));
    let done = sync(w, SyncOptions::new().confirmed(&held.digest)).await;
    assert_eq!(done.counts.people_added, 10);
    assert_eq!(w.alm.sync_state(&w.admin, w.domain).await.unwrap().held, None);

    // Three leave.
    for person in &people[..3] {
        w.leave(group, *person).await;
    }
    let before = everything(w).await;
    let held = asks(w).await;
    assert!(held.reasons[0].contains("3 people would be"), "{held:?}");
    assert_eq!(everything(w).await, before, "nothing was changed");
    // One more leaves before somebody says yes: that is another question.
    w.leave(group, people[3]).await;
    let error = w.alm.sync(&w.admin, w.domain, SyncOptions::new().confirmed(&held.digest)).await.unwrap_err();
    received(&error, "S-4");
    assert_eq!(everything(w).await, before);
    let now = w.alm.sync_state(&w.admin, w.domain).await.unwrap().held.unwrap();
    assert_ne!(now.digest, held.digest);
    assert_eq!(w.events(EventKind::SyncHeld).await.len(), 3);
    received(
        &w.alm.sync(&w.requester, w.domain, SyncOptions::new().confirmed(&now.digest)).await.unwrap_err(),
        "P-1",
    );
    // What changes every day does not make it another one.
    let update = AccountUpdate::new().description(Some("moved desks".to_owned()));
    w.directory.update_account(people[8], &update, UpdateOptions::new()).await.unwrap();
    assert_eq!(sync(w, SyncOptions::new().confirmed(&now.digest)).await.counts.people_disabled, 4);
    // Who said so, and to what, is in the audit.
    let records = w.store.audit(1, 10_000).await.unwrap();
    let confirmed = records.iter().filter(|record| record.entry().unwrap().action == "domain.sync.confirm");
    assert_eq!(confirmed.count(), 2);

    // Under the limits, but all of them: empty is asked about whatever the limits say.
    set = set.limits(SyncLimits::new(1_000, 100));
    w.execute(&w.admin, set).await.unwrap();
    for person in &people[4..] {
        w.leave(group, *person).await;
    }
    assert!(asks(w).await.reasons[0].contains("none of the 6 users"));
}

#[tokio::test]
async fn s_4_a_mass_change_stops_before_it_changes_anything_and_asks() {
    mass_change(&World::new().await).await;
}

#[tokio::test]
async fn s_4_on_disk() {
    let (_folder, w) = on_disk().await;
    mass_change(&w).await;
}

/// A controller that shows little, as one does whose database is empty, or whose account may see nothing.
#[tokio::test]
async fn s_4_an_empty_and_a_short_answer_ask() {
    let w = World::new().await;
    for number in 0..9 {
        w.external(&format!("user{number}"), "").await;
    }
    w.synced().await;
    let limits = SyncLimits::new(1_000, 100);
    w.execute(&w.admin, SetDomainSync::new(w.domain).limits(limits)).await.unwrap();
    let before = everything(&w).await;
    for there in [0, 3] {
        let alm = scripted::Scripted::new(move |_| {
            let users = (0..there).map(|number| scripted::user(number, &format!("n{number}")));
            vec![scripted::batch("t", true, users.collect())]
        });
        let alm = alm.seen_by(&w).await;
        let report = alm.sync(&w.admin, w.domain, SyncOptions::new().full()).await.unwrap();
        let held = report.held.unwrap();
        assert!(held.reasons.iter().any(|reason| reason.contains("9 accounts any more")), "{held:?}");
        assert_eq!(everything(&w).await, before);
    }
    // The directory is back: nothing was lost, and nothing is asked any more.
    let report = w.synced().await;
    assert_eq!(report.counts, SyncCounts::default());
}

/// Whatever commit it breaks off at, done or not, the next one comes to the same end.
#[tokio::test]
async fn s_1_s_3_a_sync_that_is_broken_off_is_gone_on_with() {
    for late in [false, true] {
        let mut commits = 0;
        loop {
            let store = Broken::new(MemoryStore::new(InstanceId::new(Uuid::from_u128(0xA1))), late);
            let w = World::on(store.clone()).await;
            let (group, people) = staff(&w, 4).await;
            w.synced().await;
            for number in 0..300 {
                w.external(&format!("more{number}"), "").await;
            }
            let new = w.external("new", "new@example.com").await.guid;
            w.join(group, new).await;
            w.leave(group, people[0]).await;
            w.directory.delete_account(people[1], DeleteOptions::new()).await.unwrap();
            let nameless = w.external("nameless", "").await.guid;
            w.join(group, nameless).await;

            store.after(commits);
            let first = w.alm.sync(&w.admin, w.domain, SyncOptions::new()).await;
            store.after(-1);
            let report = w.synced().await;
            let enabled: BTreeSet<_> = {
                let all = w.store.list(RecordKind::Person, None, 1_000).await.unwrap();
                let people = all.iter().map(|document| Person::read(document).unwrap());
                people
                    .filter(|one| one.enabled)
                    .filter_map(|one| one.directory.get(&w.domain).copied())
                    .collect()
            };
            assert_eq!(enabled, BTreeSet::from([people[2], people[3], new]), "{commits} {late}");
            assert!(w.mirrored(people[1]).await.is_none() && w.mirrored(new).await.is_some());
            assert_eq!(w.alm.sync_findings(&w.admin, w.domain, None, 9).await.unwrap().len(), 1);
            // Each of what was done is counted once, in the run that came to its end.
            let ended = first.as_ref().map_or(report.counts, |done| done.counts);
            let lost_reply = late && report.counts == SyncCounts::default();
            if !lost_reply {
                assert_eq!((ended.added, ended.gone, ended.people_added), (302, 1, 1), "{commits} {late}");
                assert_eq!(ended.people_disabled, 2, "{commits} {late}");
            }
            let told = w.events(EventKind::UserDisabledBySync).await;
            assert!(told.len() == 1 && told[0].text.contains("2 users"), "{commits} {late} {told:?}");
            assert!(w.alm.verify_audit().await.unwrap().is_intact());
            assert_eq!(w.synced().await.counts, SyncCounts::default());
            if first.is_ok() {
                break;
            }
            commits += 1;
        }
        assert!(commits > 5, "{commits}");
    }
}

#[tokio::test]
async fn s_7_a_service_account_that_nobody_manages_is_told_of_once() {
    let w = World::new().await;
    let make = async |new: NewAccount| {
        let new = new.password("Some-1-long-password".to_owned()).enabled(true);
        w.directory.create_account(&new, CreateOptions::new()).await.unwrap().guid
    };
    let new = |name: &str| NewAccount::new(OU.parse().unwrap(), name.parse().unwrap());
    make(new("svc-old1")).await;
    make(new("old2").service_principal_name("HTTP/old2.corp.example.com")).await;
    // What was there when the domain was first read is told of together.
    w.synced().await;
    let told = w.events(EventKind::NewExternalUser).await;
    assert!(told.len() == 1 && told[0].text.contains(" 2 accounts"), "{told:?}");
    assert_eq!(told[0].to, BTreeSet::from([w.admin.person]));

    make(new("jane.doe")).await;
    let svc = make(new("svc-new")).await;
    // S-7, I-3: what anybody can write says nothing of whose it is.
    let forged = format!("alm1:{0}:{0}:1:00", Uuid::from_u128(1).simple());
    make(new("svc-forged").description(forged)).await;
    let late = make(new("late")).await;
    let gmsa = NewManagedAccount::new(OU.parse().unwrap(), "web$".parse().unwrap(), "web.corp.example.com");
    w.directory.create_managed_account(&gmsa, CreateOptions::new()).await.unwrap();
    let template = w.template(EolAction::Review).await;
    w.provisioned(template, "payroll").await;
    let report = w.synced().await;
    assert_eq!(report.counts.external, 3);
    let told: Vec<_> =
        w.events(EventKind::NewExternalUser).await.into_iter().skip(1).map(|one| one.text).collect();
    for name in ["CN=svc-new", "CN=svc-forged"] {
        assert!(told.iter().any(|text| text.contains(name)), "{told:?}");
    }
    assert!(!told.iter().any(|text| text.contains("payroll") || text.contains("jane")), "{told:?}");

    // One becomes one later; none is told of again.
    let update = AccountUpdate::new().service_principal_names(["HTTP/late.corp.example.com".to_owned()]);
    w.directory.update_account(late, &update, UpdateOptions::new()).await.unwrap();
    let update = AccountUpdate::new().description(Some("another text".to_owned()));
    w.directory.update_account(svc, &update, UpdateOptions::new()).await.unwrap();
    assert_eq!(w.synced().await.counts.external, 1);
    sync(&w, SyncOptions::new().full()).await;
    assert_eq!(w.events(EventKind::NewExternalUser).await.len(), 5);
}
