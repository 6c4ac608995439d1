//! Members of chosen groups as users (S-3, N-7, N-8, W-2, P-2).

use std::collections::BTreeSet;

use ad_directory::{AccountUpdate, DeleteGroupOptions, DeleteOptions, Directory as _, UpdateOptions};
use alm_core::Caller;
use alm_core::model::account::Account;
use alm_core::model::event::EventKind;
use alm_core::model::people::{Person, SYSTEM_ADMINISTRATOR};
use alm_core::model::sync::SyncCounts;
use alm_core::model::template::EolAction;
use alm_core::service::people::{AddPerson, EditPerson, LinkDirectoryAccount, SetPersonEnabled};
use alm_core::service::sync::{SetDomainSync, SyncOptions};

use super::on_disk;
use crate::it::rules::proves;
use crate::it::world::World;

async fn come_and_go(w: &World) {
    let ann = w.external("ann", "ann@example.com").await;
    let bob = w.external("bob", "bob@example.com").await;
    let off = w.external("off", "off@example.com").await;
    w.switch(off.guid, false).await;
    let inner = w.directory_group("inner", &[bob.guid, off.guid]).await;
    let staff = w.directory_group("staff", &[ann.guid, inner]).await;
    w.users_of(&[staff]).await;
    let report = w.synced().await;
    assert_eq!((report.counts.people_added, report.counts.people_disabled), (2, 0), "{report:?}");
    let person = w.person_of(ann.guid).await.unwrap();
    assert_eq!((person.display_name.as_str(), person.enabled), ("ann of the directory", true));
    assert_eq!(person.emails, ["ann@example.com"]);
    assert!(w.person_of(off.guid).await.is_none(), "an account that is switched off is no user");
    // N-8
    let told = w.events(EventKind::NewSyncedUser).await;
    assert_eq!(told.len(), 2);
    assert!(told.iter().any(|event| event.to == BTreeSet::from([person.id])));
    assert_eq!(w.synced().await.counts, SyncCounts::default());

    // Gone through a nested group, and switched off.
    w.leave(inner, bob.guid).await;
    assert_eq!(w.synced().await.counts.people_disabled, 1);
    let bob_person = w.person_of(bob.guid).await.unwrap();
    assert!(!bob_person.enabled);
    let told = w.events(EventKind::UserDisabledBySync).await;
    assert_eq!((told.len(), &told[0].to), (1, &BTreeSet::from([w.admin.person])));
    assert!(told[0].text.contains("1 users"), "{}", told[0].text);
    // And back, through the other group.
    w.join(staff, bob.guid).await;
    assert_eq!(w.synced().await.counts.people_enabled, 1);
    assert!(w.person_of(bob.guid).await.unwrap().enabled);

    // Brought up to date, since the sync made them.
    let update = AccountUpdate::new()
        .display_name(Some("Ann Onymous".to_owned()))
        .attribute("mail".parse().unwrap(), ["ann.onymous@example.com".to_owned()]);
    w.directory.update_account(ann.guid, &update, UpdateOptions::new()).await.unwrap();
    assert_eq!(w.synced().await.counts.people_changed, 1);
    let person = w.person_of(ann.guid).await.unwrap();
    assert_eq!(
        (person.display_name.as_str(), person.emails),
        ("Ann Onymous", vec!["ann.onymous@example.com".into()])
    );
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn s_3_n_7_n_8_members_become_users_and_those_who_are_gone_are_disabled() {
    come_and_go(&World::new().await).await;
}

#[tokio::test]
async fn s_3_n_8_on_disk() {
    let (_folder, w) = on_disk().await;
    come_and_go(&w).await;
}

#[tokio::test]
async fn s_3_people_who_were_there_are_matched_and_never_taken_over_by_guessing() {
    let w = World::new().await;
    // Steve is there already; two people share an address; one has another account; one was linked by hand.
    let steve = w.external("steve", "STEVE@example.com").await;
    let twin = w.external("twin", "shared@example.com").await;
    for name in ["First", "Second"] {
        w.execute(&w.admin, AddPerson::new(name, "shared@example.com")).await.unwrap();
    }
    let pair = [w.external("pair1", "pair@example.com").await, w.external("pair2", "pair@example.com").await];
    let other = w.external("other", "other@example.com").await;
    let lone = w.external("lone", "lone@example.com").await;
    let id = w.execute(&w.admin, AddPerson::new("Lone", "lone@example.com")).await.unwrap();
    w.execute(&w.admin, LinkDirectoryAccount::new(id, w.domain, other.guid)).await.unwrap();
    let nobody = w.external("nobody", "").await;
    let all: Vec<_> =
        [&steve, &twin, &pair[0], &pair[1], &lone, &nobody].iter().map(|one| one.guid).collect();
    let staff = w.directory_group("staff", &all).await;
    w.users_of(&[staff]).await;
    let report = w.synced().await;
    assert_eq!((report.counts.people_added, report.counts.people_linked), (0, 1), "{report:?}");
    assert_eq!(w.person_of(steve.guid).await.unwrap().id, w.stranger.person);
    let findings = w.alm.sync_findings(&w.admin, w.domain, None, 100).await.unwrap();
    let found: BTreeSet<_> = findings.iter().map(|finding| finding.object).collect();
    assert_eq!(found, all[1..].iter().copied().collect());
    let says = |object, what: &str| {
        let finding = findings.iter().find(|finding| finding.object == object).unwrap();
        assert!(finding.text.contains(what), "{}", finding.text);
    };
    says(twin.guid, "2 people have its mail address");
    says(pair[0].guid, "another member of the groups");
    says(lone.guid, "has another account");
    says(nobody.guid, "no mail address");
    let told = w.events(EventKind::SyncNeedsAttention).await;
    assert!(told.len() == 1 && told[0].text.contains("leaves 5 users"), "{told:?}");

    // Told once, and gone when it is settled.
    w.synced().await;
    assert_eq!(w.events(EventKind::SyncNeedsAttention).await.len(), 1);
    w.execute(&w.admin, LinkDirectoryAccount::new(id, w.domain, lone.guid)).await.unwrap();
    w.leave(staff, nobody.guid).await;
    assert_eq!(w.synced().await.counts.people_linked, 1, "by the account that a person linked");
    let left = w.alm.sync_findings(&w.admin, w.domain, None, 100).await.unwrap();
    assert_eq!(left.len(), 3, "{left:?}");
    let page = w.alm.sync_findings(&w.admin, w.domain, Some(left[0].object), 1).await.unwrap();
    assert_eq!(page, left[1..2]);
    // Their names are theirs: a sync did not make them.
    assert_eq!(w.document::<Person>(w.stranger.person.uuid()).await.display_name, "Steve Stranger");
}

#[tokio::test]
async fn s_3_what_a_person_decided_about_somebody_no_sync_takes_back() {
    let w = World::new().await;
    let [ann, bob, eve] = [
        w.external("ann", "a@x.example").await,
        w.external("bob", "b@x.example").await,
        w.external("eve", "e@x.example").await,
    ];
    let staff = w.directory_group("staff", &[ann.guid, bob.guid, eve.guid]).await;
    w.users_of(&[staff]).await;
    w.synced().await;
    let id = async |object| w.person_of(object).await.unwrap().id;
    // Disabled by hand: stays so, however often they come and go.
    let ann_id = id(ann.guid).await;
    w.execute(&w.admin, SetPersonEnabled::new(ann_id, false)).await.unwrap();
    w.synced().await;
    w.leave(staff, ann.guid).await;
    w.synced().await;
    w.join(staff, ann.guid).await;
    w.synced().await;
    assert!(!w.document::<Person>(ann_id.uuid()).await.enabled);
    // Disabled by the sync and then by hand as well: no group enables them again.
    let bob_id = id(bob.guid).await;
    w.leave(staff, bob.guid).await;
    assert_eq!(w.synced().await.counts.people_disabled, 1);
    w.execute(&w.admin, SetPersonEnabled::new(bob_id, false)).await.unwrap();
    w.join(staff, bob.guid).await;
    assert_eq!(w.synced().await.counts.people_enabled, 0);
    assert!(!w.document::<Person>(bob_id.uuid()).await.enabled);
    w.execute(&w.admin, SetPersonEnabled::new(bob_id, true)).await.unwrap();
    w.synced().await;
    // Disabled by the sync and enabled by hand: the sync leaves them alone.
    w.leave(staff, bob.guid).await;
    assert_eq!(w.synced().await.counts.people_disabled, 1);
    w.execute(&w.admin, SetPersonEnabled::new(bob_id, true)).await.unwrap();
    assert_eq!(w.synced().await.counts.people_disabled, 0);
    assert!(w.document::<Person>(bob_id.uuid()).await.enabled);
    // Whose link is ended by hand is no synced user any more, and their address does not make them one again.
    let eve_id = id(eve.guid).await;
    w.execute(&w.admin, LinkDirectoryAccount::end(eve_id, w.domain)).await.unwrap();
    w.synced_whatever().await;
    assert!(w.person_of(eve.guid).await.is_none());
    w.leave(staff, eve.guid).await;
    w.synced_whatever().await;
    assert!(w.document::<Person>(eve_id.uuid()).await.enabled);
    // Until a person says so again.
    w.execute(&w.admin, LinkDirectoryAccount::new(eve_id, w.domain, eve.guid)).await.unwrap();
    w.join(staff, eve.guid).await;
    w.synced_whatever().await;
    w.leave(staff, eve.guid).await;
    assert_eq!(w.synced_whatever().await.counts.people_disabled, 1);
}

/// A requester may write its address, and a template may put it into the very groups that are chosen.
#[tokio::test]
async fn s_3_a_managed_account_is_nobodys_whatever_address_it_has() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let id = w.provisioned(template, "payroll").await;
    let object = w.document::<Account>(id.uuid()).await.object_guid;
    let mail = AccountUpdate::new().attribute("mail".parse().unwrap(), ["ann@x.example".to_owned()]);
    w.directory.update_account(object, &mail, UpdateOptions::new()).await.unwrap();
    let staff = w.directory_group("staff", &[object]).await;
    w.users_of(&[staff]).await;
    let ann = w.execute(&w.admin, AddPerson::new("Ann", "ann@x.example")).await.unwrap();
    let counts = w.synced_whatever().await.counts;
    assert_eq!((counts.people_added, counts.people_linked), (0, 0));
    assert!(w.person_of(object).await.is_none());
    assert!(w.document::<Person>(ann.uuid()).await.directory.is_empty());
}

/// Of two addresses of one person, each is another member's.
#[tokio::test]
async fn s_3_an_address_for_notices_says_nothing_of_whose_it_is() {
    let w = World::new().await;
    let ann = w.execute(&w.admin, AddPerson::new("Ann", "a@x.example")).await.unwrap();
    w.execute(&w.admin, EditPerson::new(ann, "Ann", ["a@x.example", "b@x.example"])).await.unwrap();
    let other = w.external("other", "b@x.example").await;
    let staff = w.directory_group("staff", &[other.guid]).await;
    w.users_of(&[staff]).await;
    let counts = w.synced_whatever().await.counts;
    assert_eq!((counts.people_added, counts.people_linked), (0, 0));
    assert!(w.document::<Person>(ann.uuid()).await.directory.is_empty());
}

#[tokio::test]
async fn s_3_n_7_a_group_that_is_gone_is_disabled_until_it_is_chosen_again() {
    let w = World::new().await;
    let mut people = Vec::new();
    for name in ["ann", "bob", "eve", "joe"] {
        people.push(w.external(name, &format!("{name}@example.com")).await.guid);
    }
    let small = w.directory_group("small", &people[..1]).await;
    let staff = w.directory_group("staff", &people[1..]).await;
    w.users_of(&[small, staff]).await;
    assert_eq!(w.synced().await.counts.people_added, 4);
    w.directory.delete_group(small, DeleteGroupOptions::new()).await.unwrap();
    let report = w.synced_whatever().await;
    assert_eq!((report.counts.groups_disabled, report.counts.people_disabled), (1, 1), "{report:?}");
    let told = w.events(EventKind::ExternalGroupsDisabled).await;
    assert_eq!((told.len(), &told[0].to), (1, &BTreeSet::from([w.admin.person])));
    assert!(told[0].text.contains("1 groups") && told[0].text.contains("CN=small"), "{}", told[0].text);
    let sources = w.alm.domain(&w.admin, w.domain).await.unwrap().sync.users_of;
    assert_eq!(sources.iter().map(|source| source.enabled).collect::<Vec<_>>(), [false, true]);
    assert_eq!(w.synced().await.counts, SyncCounts::default());
    let again = SetDomainSync::new(w.domain).users_of(small);
    w.refused(&w.admin, again, "O-9").await;
    let new = w.directory_group("small", &people[..1]).await;
    w.synced().await;
    w.execute(&w.admin, SetDomainSync::new(w.domain).users_of(new).users_of(staff)).await.unwrap();
    assert_eq!(w.synced().await.counts.people_enabled, 1);
}

#[tokio::test]
async fn w_2_p_2_s_3_who_may_not_be_disabled_is_reported_and_not_forced() {
    let w = World::new().await;
    let _proof = proves(&["W-2", "P-2"]);
    // Rita owns an account alone; Ada is the only administrator.
    let rita = w.external("rita", "rita@example.com").await;
    let ada = w.external("ada", "ada@example.com").await;
    let joe = w.external("joe", "joe@example.com").await;
    let more = w.external("more", "more@example.com").await;
    let staff = w.directory_group("staff", &[rita.guid, ada.guid, joe.guid, more.guid]).await;
    w.users_of(&[staff]).await;
    // Whoever can write an address into the directory gets no hold on an administrator.
    assert_eq!(w.synced().await.counts.people_linked, 1);
    let findings = w.alm.sync_findings(&w.admin, w.domain, None, 9).await.unwrap();
    assert!(findings.len() == 1 && findings[0].text.contains("an administrator has"), "{findings:?}");
    let link = LinkDirectoryAccount::new(w.admin.person, w.domain, ada.guid);
    w.execute(&w.admin, link).await.unwrap();
    let report = w.synced().await;
    assert_eq!((report.counts.people_linked, report.counts.people_added), (1, 0), "{report:?}");
    let template = w.template(EolAction::Review).await;
    w.provisioned(template, "payroll").await;
    for one in [&rita, &ada, &joe] {
        w.directory.delete_account(one.guid, DeleteOptions::new()).await.unwrap();
    }
    let report = w.synced_whatever().await;
    assert_eq!(report.counts.people_disabled, 1, "{report:?}");
    assert!(!w.person_of(joe.guid).await.unwrap().enabled);
    for (object, rule, caller) in [(rita.guid, "W-2", &w.requester), (ada.guid, "P-2", &w.admin)] {
        assert!(w.document::<Person>(caller.person.uuid()).await.enabled, "{rule}");
        let findings = w.alm.sync_findings(&w.admin, w.domain, None, 100).await.unwrap();
        let finding = findings.iter().find(|finding| finding.object == object).unwrap();
        assert_eq!(finding.person, Some(caller.person));
        assert!(finding.text.contains(&format!("[{rule}]")), "{}", finding.text);
    }
    let told = w.events(EventKind::SyncNeedsAttention).await;
    assert!(told.iter().any(|event| event.text.contains("no active owner of svc-payroll")), "{told:?}");
    // Once there is another administrator, the next sync does it.
    let next = AddPerson::new("Next", "next@example.com").role(SYSTEM_ADMINISTRATOR);
    let next = w.execute(&w.admin, next).await.unwrap();
    let next = Caller::new(next, "test");
    let report = w.alm.sync(&next, w.domain, SyncOptions::new()).await.unwrap();
    // It was asked about before.
    assert_eq!(report.held, None);
    assert_eq!(report.counts.people_disabled, 1, "{report:?}");
    assert!(!w.document::<Person>(w.admin.person.uuid()).await.enabled);
}
