//! The mirror of a domain, read whole and by what has changed (O-9, O-12, S-1, S-2).

use std::collections::BTreeSet;

use ad_directory::{
    AccountUpdate, CreateOptions, DeleteGroupOptions, DeleteOptions, Directory as _, MemoryDirectory,
    MoveOptions, NewContainer, RestoreOptions, UpdateOptions,
};
use alm_core::engine::PlaceInspector;
use alm_core::model::estate::Domain;
use alm_core::model::event::EventKind;
use alm_core::model::mirror::{MembersRead, MirrorKind, Reading};
use alm_core::model::sync::{SyncCounts, SyncLimits};
use alm_core::port::store::RecordKind;
use alm_core::service::people::AddPerson;
use alm_core::service::sweep::SweepOptions;
use alm_core::service::sync::{SetDomainSync, SyncOptions};
use alm_core::{Alm, Error, ErrorKind};
use jiff::SignedDuration;

use super::scripted::{Scripted, batch, guid, user, whole};
use super::{dn, on_disk};
use crate::it::rules::{proves, received};
use crate::it::world::{OU, READERS, RETIRED, World};

const BASE: &str = "DC=corp,DC=example,DC=com";

/// Moved, renamed, deleted and restored: the same object by its identity.
async fn follows(w: &World) {
    let ann = w.external("ann", "ann@example.com").await;
    let inner = w.directory_group("inner", &[ann.guid]).await;
    let outer = w.directory_group("outer", &[inner]).await;
    let first = w.synced().await;
    assert!(first.full && first.counts.added > 5, "{first:?}");
    let entry = w.mirrored(ann.guid).await.unwrap();
    assert_eq!(
        (entry.name(), entry.email(), entry.kind),
        (Some("ann"), Some("ann@example.com"), MirrorKind::Account)
    );
    assert_eq!((entry.dn.clone(), entry.is_enabled()), (ann.dn.clone(), Some(true)));

    let quiet = w.synced().await;
    assert_eq!((quiet.full, quiet.counts), (false, SyncCounts::default()));

    w.directory.move_account(ann.guid, &dn(RETIRED), MoveOptions::new()).await.unwrap();
    let update = AccountUpdate::new().sam_account_name("anna".parse().unwrap());
    w.directory.update_account(ann.guid, &update, UpdateOptions::new()).await.unwrap();
    w.leave(inner, ann.guid).await;
    w.join(outer, ann.guid).await;
    let report = w.synced().await;
    assert_eq!((report.full, report.counts.changed, report.counts.moved), (false, 3, 1), "{report:?}");
    let entry = w.mirrored(ann.guid).await.unwrap();
    assert_eq!((entry.name(), entry.dn.parent()), (Some("anna"), Some(dn(RETIRED))));
    assert_eq!(entry.email(), Some("ann@example.com"), "what has not changed is not told, and stays");
    assert_eq!(w.mirrored(inner).await.unwrap().members, BTreeSet::new());
    assert_eq!(w.mirrored(outer).await.unwrap().members, BTreeSet::from([inner, ann.guid]));

    w.directory.delete_account(ann.guid, DeleteOptions::new()).await.unwrap();
    w.directory.delete_group(inner, DeleteGroupOptions::new()).await.unwrap();
    let report = w.synced_whatever().await;
    assert_eq!(report.counts.gone, 2, "{report:?}");
    assert_eq!(w.mirrored(outer).await.unwrap().members, BTreeSet::new(), "what is gone is in no group");
    assert_eq!((w.mirrored(ann.guid).await, w.mirrored(inner).await), (None, None));
    w.directory.restore_account(ann.guid, RestoreOptions::new()).await.unwrap();
    assert_eq!(w.synced().await.counts.added, 1);
    assert_eq!(w.mirrored(ann.guid).await.unwrap().name(), Some("anna"));
    // Reading everything comes to the same.
    let full = w.alm.sync(&w.admin, w.domain, SyncOptions::new().full()).await.unwrap();
    assert_eq!((full.full, full.counts), (true, SyncCounts::default()), "{full:?}");
    // Deleted and restored between two syncs: its memberships are gone, and nobody says so.
    w.join(outer, ann.guid).await;
    w.synced().await;
    w.directory.delete_account(ann.guid, DeleteOptions::new()).await.unwrap();
    w.directory.restore_account(ann.guid, RestoreOptions::new()).await.unwrap();
    assert!(w.synced().await.full);
    assert_eq!(w.mirrored(outer).await.unwrap().members, BTreeSet::new());
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn o_12_s_1_s_2_the_mirror_follows_the_directory() {
    follows(&World::new().await).await;
}

#[tokio::test]
async fn o_12_s_1_s_2_the_mirror_follows_the_directory_on_disk() {
    let (_folder, w) = on_disk().await;
    follows(&w).await;
}

#[tokio::test]
async fn o_12_the_mirror_can_be_asked_by_whoever_may_read_directories() {
    let w = World::new().await;
    let mut people = Vec::new();
    for number in 0..7 {
        people.push(w.external(&format!("user{number}"), "").await.guid);
    }
    let inner = w.directory_group("inner", &people[..3]).await;
    let outer = w.directory_group("outer", &[people[6], inner]).await;
    // Round in a circle.
    w.join(inner, outer).await;
    w.synced().await;

    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = w.alm.mirror(&w.admin, w.domain, MirrorKind::Account, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.guid);
        assert!(page.len() <= 3);
        all.extend(page.into_iter().map(|entry| entry.guid));
    }
    assert_eq!(all.len(), 7);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), people.iter().copied().collect());
    let named = w.alm.mirror_named(&w.admin, w.domain, "OUTER").await.unwrap().unwrap();
    assert_eq!((named.guid, named.kind), (outer, MirrorKind::Group));
    let members = async |nested, after, limit| -> Vec<_> {
        let members = w.alm.mirror_members(&w.admin, w.domain, outer, nested, after, limit).await.unwrap();
        members.into_iter().map(|entry| entry.guid).collect()
    };
    assert_eq!(members(false, None, 10).await.len(), 2);
    let nested = members(true, None, 10).await;
    assert!(people[..3].iter().all(|one| nested.contains(one)) && nested.contains(&people[6]), "{nested:?}");
    let pages = [members(true, None, 2).await, members(true, Some(nested[1]), 10).await].concat();
    assert_eq!(pages, nested);
    let missing = w.alm.mirror_members(&w.admin, w.domain, guid(9), true, None, 1).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);

    let places = w.alm.mirror(&w.admin, w.domain, MirrorKind::Container, None, 100).await.unwrap();
    assert!(places.iter().any(|place| place.dn == dn(OU)) && places.iter().any(|place| place.dn == dn(BASE)));
    received(&w.alm.mirror(&w.requester, w.domain, MirrorKind::Group, None, 1).await.unwrap_err(), "P-1");
    received(&w.alm.sync_state(&w.requester, w.domain).await.unwrap_err(), "P-1");
    let (before, _) = w.store.audit_head().await.unwrap();
    received(&w.alm.sync(&w.requester, w.domain, SyncOptions::new()).await.unwrap_err(), "P-1");
    assert_eq!(w.store.audit_head().await.unwrap().0, before + 1, "P-3");
}

#[tokio::test]
async fn s_2_what_the_directory_has_forgotten_is_read_anew() {
    let w = World::new().await;
    let directory = MemoryDirectory::builder("corp.example.com").unit(OU).change_log(2).build().unwrap();
    let directory = std::sync::Arc::new(directory);
    let inspector = PlaceInspector::new(directory.clone(), w.vault.clone());
    let alm = Alm::builder(w.store.clone(), w.clock.clone()).inspector(std::sync::Arc::new(inspector));
    let alm = alm.open().await.unwrap();
    let sync = async || alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
    let unit = async |name: &str| {
        let new = NewContainer::new(dn(OU), name.to_owned());
        directory.create_container(&new, CreateOptions::new()).await.unwrap()
    };
    assert!(sync().await.full);
    unit("a").await;
    let report = sync().await;
    assert_eq!((report.full, report.counts.added), (false, 1));
    for name in ["b", "c", "d"] {
        unit(name).await;
    }
    let report = sync().await;
    assert_eq!((report.full, report.counts.added), (true, 3));
    assert!(!sync().await.full);
}

/// A place takes along what lies in it, and nobody tells of that.
#[tokio::test]
async fn s_2_a_place_that_is_renamed_has_everything_read() {
    let w = World::new().await;
    let scripted = Scripted::new(|order| {
        let place = |name: &str| whole(1, MirrorKind::Container, &format!("OU={name},{BASE}"));
        match order.token.as_deref() {
            None => {
                let renamed = order.attributes.contains(&"renamed".to_owned());
                let mut ann = user(2, "ann");
                if renamed {
                    ann.dn = format!("CN=ann,OU=People,{BASE}").parse().unwrap();
                }
                // In two pieces, the second of which tells a part of what came in the first.
                let mut first = vec![place(if renamed { "People" } else { "Staff" }), ann];
                first.push(whole(3, MirrorKind::Group, &format!("CN=g,{BASE}")));
                let mut part = alm_core::model::mirror::MirrorChange::new(guid(3), None, first[2].dn.clone());
                part.members = MembersRead::Changed { joined: vec![guid(2)], left: vec![] };
                let mut pieces = vec![batch("", true, first), batch("one", true, vec![part])];
                if let Ok(Reading::Batch(piece)) = &mut pieces[0] {
                    piece.is_last = false;
                }
                pieces
            }
            Some("one") => vec![batch(
                "two",
                false,
                vec![{
                    let mut renamed = place("People");
                    renamed.whole = false;
                    renamed
                }],
            )],
            Some(other) => panic!("{other}"),
        }
    });
    let alm = scripted.clone().seen_by(&w).await;
    alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
    assert_eq!(w.mirrored(guid(3)).await.unwrap().members, BTreeSet::from([guid(2)]));
    // From now on the directory shows it elsewhere.
    w.execute(&w.admin, SetDomainSync::new(w.domain).attribute("renamed")).await.unwrap();
    let report = alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
    assert_eq!((report.full, report.counts.moved), (true, 2));
    assert_eq!(w.mirrored(guid(2)).await.unwrap().dn, dn(&format!("CN=ann,OU=People,{BASE}")));
    let asked = scripted.asked.lock().unwrap().clone();
    assert_eq!(asked, [None, Some("one".to_owned()), None]);
}

/// What is not whole, or of another domain, changes nothing.
#[tokio::test]
async fn s_2_n_7_a_reading_that_cannot_be_trusted_changes_nothing_and_is_told_of_once() {
    let w = World::new().await;
    w.synced().await;
    let before = w.store.list(RecordKind::MirrorEntry, None, 1_000).await.unwrap();
    let state = w.alm.sync_state(&w.admin, w.domain).await.unwrap();
    let fails = async |what: &str, piece: fn() -> Vec<alm_core::Result<Reading>>, kind: ErrorKind| {
        let alm = Scripted::new(move |_| piece()).seen_by(&w).await;
        let error = alm.sync(&w.admin, w.domain, SyncOptions::new().full()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error}");
        assert_eq!(w.store.list(RecordKind::MirrorEntry, None, 1_000).await.unwrap(), before, "{what}");
    };
    let unfinished = || {
        let mut piece = batch("t", true, vec![user(1, "ann")]);
        if let Ok(Reading::Batch(piece)) = &mut piece {
            piece.is_last = false;
        }
        vec![piece]
    };
    fails("ended early", unfinished, ErrorKind::Directory).await;
    fails("nothing at all", Vec::new, ErrorKind::Directory).await;
    let elsewhere = || vec![batch("t", true, vec![whole(1, MirrorKind::Group, "CN=g,DC=other")])];
    fails("another domain", elsewhere, ErrorKind::Config).await;
    let down = || vec![batch("t", true, vec![]), Err(Error::new(ErrorKind::Directory, "x", "down"))];
    fails("down", down, ErrorKind::Directory).await;
    let part = || {
        vec![batch(
            "t",
            true,
            vec![{
                let mut part = user(1, "ann");
                part.whole = false;
                part
            }],
        )]
    };
    fails("a part of an unknown object", part, ErrorKind::Directory).await;
    fails("never content", || vec![Ok(Reading::Anew { why: "no".to_owned() })], ErrorKind::Directory).await;

    let told = w.events(EventKind::DomainUnreachable).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to, BTreeSet::from([w.admin.person]));
    let failed = w.alm.sync_state(&w.admin, w.domain).await.unwrap();
    assert_eq!((failed.token, failed.last), (state.token, state.last));
    assert!(failed.failed.unwrap().message.contains("no"));
    w.synced().await;
    assert_eq!(w.alm.sync_state(&w.admin, w.domain).await.unwrap().failed, None);
    let blind = Alm::builder(w.store.clone(), w.clock.clone()).open().await.unwrap();
    let error = blind.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn o_9_s_1_the_clock_begins_syncs_and_tries_again() {
    let w = World::new().await;
    w.sweep().await;
    assert!(w.sweep().await.synced.is_empty(), "nobody asked for it");
    w.execute(&w.admin, SetDomainSync::new(w.domain).every_hours(2)).await.unwrap();
    let synced = w.sweep().await.synced;
    assert!(synced.len() == 1 && synced[0].full, "{synced:?}");
    assert!(w.sweep().await.synced.is_empty());
    w.external("ann", "").await;
    w.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(w.sweep().await.synced[0].counts.added, 1);

    w.clock.advance(SignedDuration::from_hours(2));
    let down = Scripted::new(|_| vec![Err(Error::new(ErrorKind::Directory, "x", "down"))]).seen_by(&w).await;
    let sweep = async |alm: &Alm| alm.sweep(SweepOptions::new().confirmed_by(w.admin.clone())).await.unwrap();
    assert_eq!(sweep(&down).await.not_synced.len(), 1);
    assert!(sweep(&down).await.not_synced.is_empty(), "not at once");
    w.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(sweep(&down).await.not_synced.len(), 1);
    assert_eq!(w.events(EventKind::DomainUnreachable).await.len(), 1);
    w.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(w.sweep().await.synced.len(), 1);
    w.execute(&w.admin, SetDomainSync::new(w.domain)).await.unwrap();
    w.advance_days(3);
    assert!(w.sweep().await.synced.is_empty());
}

#[tokio::test]
async fn o_9_o_12_s_4_s_8_what_cannot_be_set_is_refused_all_at_once() {
    let w = World::new().await;
    let mut set = SetDomainSync::new(w.domain).every_hours(169).attribute("unicodePwd").users_of(guid(1));
    set = set.limits(SyncLimits::new(1, 101)).dormant_days(Some(0));
    let error = w.refused(&w.admin, set, "O-9").await;
    for rule in ["O-12", "S-4", "S-8"] {
        received(&error, rule);
    }
    assert_eq!(error.refusals().len(), 5, "{error}");
    w.synced().await;
    let readers = w.alm.mirror_named(&w.admin, w.domain, "app-readers").await.unwrap().unwrap();
    assert_eq!(readers.dn, dn(READERS));
    let mut many = SetDomainSync::new(w.domain).users_of(readers.guid).users_of(readers.guid);
    many = many.attribute("department");
    w.execute(&w.admin, many).await.unwrap();
    let sync = w.alm.domain(&w.admin, w.domain).await.unwrap().sync;
    assert_eq!((sync.users_of.len(), sync.attributes.len()), (1, 1));
    // Another question: its answer is read from the beginning.
    assert!(w.synced().await.full);
    w.refused(&w.requester, SetDomainSync::new(w.domain), "P-1").await;

    let _proof = proves(&["O-9"]);
    w.rewrite::<Domain>(w.domain.uuid(), |domain| domain.enabled = false).await;
    let error = w.alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap_err();
    received(&error, "O-9");
    w.execute(&w.admin, AddPerson::new("Nobody else", "n@example.com")).await.unwrap();
}

/// So many that everything that is held for each of them would be seen.
#[tokio::test]
async fn s_1_a_hundred_thousand_users() {
    const MANY: u128 = 100_000;
    let w = World::new().await;
    let scripted = Scripted::new(|order| match order.token.as_deref() {
        None => {
            let mut pieces: Vec<_> = (0..MANY / 1_000)
                .map(|piece| {
                    let users =
                        (0..1_000).map(|n| user(piece * 1_000 + n + 10, &format!("u{}", piece * 1_000 + n)));
                    batch("t", true, users.collect())
                })
                .collect();
            let last = pieces.len() - 1;
            for piece in &mut pieces[..last] {
                if let Ok(Reading::Batch(piece)) = piece {
                    piece.is_last = false;
                }
            }
            pieces
        }
        Some(_) => vec![batch("t", false, vec![user(10, "u0-renamed")])],
    });
    let alm = scripted.seen_by(&w).await;
    let report = alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
    assert_eq!(report.counts.added, 100_000);
    let report = alm.sync(&w.admin, w.domain, SyncOptions::new()).await.unwrap();
    assert_eq!((report.full, report.counts.changed), (false, 1));
    let report = alm.sync(&w.admin, w.domain, SyncOptions::new().full()).await.unwrap();
    assert_eq!((report.full, report.counts.changed, report.counts.added), (true, 1, 0));
}
