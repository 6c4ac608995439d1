//! The wrappers beyond the suite.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use ad_directory::{
    AccountUpdate, AuditEvent, AuditResult, AuditedDirectory, Capability, ChangePasswordOptions,
    CheckPasswordOptions, CreateOptions, DeleteContainerOptions, DeleteGroupOptions, DeleteOptions,
    Directory, DirectoryExt, ErrorKind, Fault, FaultyDirectory, GroupKey, LimitedDirectory, ListOptions,
    ManagedAccountUpdate, MemberChanges, MemberOptions, MoveOptions, NewAccount, NewContainer, NewGroup,
    NewManagedAccount, ObjectGuid, OperationKind, Outcome, PinOptions, ProbeOptions, Query,
    ReadOnlyDirectory, RestoreOptions, Result, SamAccountName, SetPasswordOptions, UpdateOptions,
};
use futures_util::TryStreamExt;
use tokio::time::Instant;
use uuid::Uuid;

use crate::ground::{builder, dn};

const UNIT: &str = "OU=Service Accounts,DC=corp,DC=example";

fn draft(name: &str) -> NewAccount {
    NewAccount::new(dn(UNIT), name.parse().unwrap()).password("Canary-7f3a!x".to_owned())
}

fn error<T>(result: Result<T>) -> Option<ad_directory::Error> {
    result.err()
}

/// All methods that change something.
async fn every_change(directory: &dyn Directory) -> Vec<(&'static str, Option<ad_directory::Error>)> {
    let id: ObjectGuid = Uuid::new_v4().into();
    let group: GroupKey = id.into();
    let password = || "Canary-7f3a!x".into();
    let update = AccountUpdate::new().enabled(true);
    let managed = NewManagedAccount::new(dn(UNIT), "g$".parse().unwrap(), "g.corp.example");
    let off = ManagedAccountUpdate::new().enabled(false);
    vec![
        ("accounts.create", error(directory.create_account(&draft("svc"), CreateOptions::new()).await)),
        ("accounts.update", error(directory.update_account(id, &update, UpdateOptions::new()).await)),
        (
            "accounts.set_password",
            error(directory.set_password(id, &password(), SetPasswordOptions::new()).await),
        ),
        (
            "accounts.check_password",
            error(directory.check_password(id, &password(), CheckPasswordOptions::new()).await),
        ),
        (
            "accounts.change_password",
            error(
                directory.change_password(id, &password(), &password(), ChangePasswordOptions::new()).await,
            ),
        ),
        ("accounts.move", error(directory.move_account(id, &dn(UNIT), MoveOptions::new()).await)),
        ("accounts.delete", error(directory.delete_account(id, DeleteOptions::new()).await)),
        ("accounts.restore", error(directory.restore_account(id, RestoreOptions::new()).await)),
        ("groups.add_member", error(directory.add_member(&group, id, MemberOptions::new()).await)),
        ("groups.remove_member", error(directory.remove_member(&group, id, MemberOptions::new()).await)),
        (
            "groups.change_members",
            error(directory.change_members(&group, &MemberChanges::new(), MemberOptions::new()).await),
        ),
        (
            "groups.create",
            error(
                directory
                    .create_group(&NewGroup::new(dn(UNIT), "g".parse().unwrap()), CreateOptions::new())
                    .await,
            ),
        ),
        ("groups.delete", error(directory.delete_group(id, DeleteGroupOptions::new()).await)),
        (
            "containers.create",
            error(directory.create_container(&NewContainer::new(dn(UNIT), "x"), CreateOptions::new()).await),
        ),
        ("containers.delete", error(directory.delete_container(id, DeleteContainerOptions::new()).await)),
        ("managed.create", error(directory.create_managed_account(&managed, CreateOptions::new()).await)),
        ("managed.update", error(directory.update_managed_account(id, &off, UpdateOptions::new()).await)),
        ("managed.move", error(directory.move_managed_account(id, &dn(UNIT), MoveOptions::new()).await)),
        ("managed.delete", error(directory.delete_managed_account(id, DeleteOptions::new()).await)),
    ]
}

#[tokio::test]
async fn nothing_is_changed_through_a_read_only_view() {
    let faulty = FaultyDirectory::new(builder().build().unwrap());
    let view = ReadOnlyDirectory::new(faulty.clone());
    let pinned = view.pin(PinOptions::new()).await.unwrap();
    for directory in [&view as &dyn Directory, &*pinned] {
        for (operation, error) in every_change(directory).await {
            let error = error.unwrap_or_else(|| panic!("{operation} went through"));
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Forbidden, Outcome::NotSent),
                "{operation}"
            );
            assert_eq!(error.operation(), operation);
            assert!(!error.to_string().contains("Canary"));
        }
    }
    assert_eq!(faulty.calls(), ["pin"], "nothing but the pin came through");
    assert!(!view.capabilities().has(Capability::CheckPassword));
    assert!(view.capabilities().has(Capability::Pin));
}

type Told = Arc<Mutex<Vec<AuditEvent>>>;

fn audited(inner: impl Directory) -> (AuditedDirectory, Told) {
    let told = Told::default();
    let sink = Arc::clone(&told);
    (AuditedDirectory::new(inner, move |event: &AuditEvent| sink.lock().unwrap().push(event.clone())), told)
}

#[tokio::test]
async fn every_operation_is_told_of_once_and_without_secrets() {
    let (directory, told) = audited(builder().build().unwrap());
    let account = directory.create_account(&draft("svc"), CreateOptions::new()).await.unwrap();
    directory.set_password(account.guid, &"Canary-7f3a!y".into(), SetPasswordOptions::new()).await.unwrap();
    let gone = directory.delete_account(Uuid::new_v4().into(), DeleteOptions::new()).await;
    assert!(gone.is_err());
    let pinned = directory.pin(PinOptions::new()).await.unwrap();
    pinned.check_password(account.guid, &"Canary-7f3a!y".into(), CheckPasswordOptions::new()).await.unwrap();
    let events = std::mem::take(&mut *told.lock().unwrap());
    let seen: Vec<_> = events.iter().map(|event| (event.operation, event.kind, event.result)).collect();
    let ok = AuditResult::Succeeded;
    let failed = AuditResult::Failed { kind: ErrorKind::NotFound, outcome: Outcome::NotDone };
    assert_eq!(
        seen,
        [
            ("accounts.create", OperationKind::Change, ok),
            ("accounts.set_password", OperationKind::Change, ok),
            ("accounts.delete", OperationKind::Change, failed),
            ("pin", OperationKind::Read, ok),
            ("accounts.check_password", OperationKind::SignIn, ok),
        ]
    );
    assert_eq!(events[0].subject, format!("svc in {UNIT}"));
    assert_eq!(events[1].subject, account.guid.to_string());
    assert!(!format!("{events:?}").contains("Canary"));
}

#[tokio::test]
async fn what_is_dropped_midway_is_told_of_as_abandoned() {
    let faulty = FaultyDirectory::new(builder().build().unwrap());
    faulty.inject("accounts.create", 0, Fault::Delay(Duration::from_mins(1)));
    let (directory, told) = audited(faulty);
    let new = draft("svc");
    let call = directory.create_account(&new, CreateOptions::new());
    assert!(tokio::time::timeout(Duration::from_millis(20), call).await.is_err());
    let events = told.lock().unwrap();
    assert_eq!((events[0].operation, events[0].result), ("accounts.create", AuditResult::Abandoned));
    assert!(events[0].duration >= Duration::from_millis(15));
}

#[tokio::test]
async fn a_list_is_told_of_at_its_end_with_its_items() {
    let memory = builder().build().unwrap();
    for name in ["a", "b", "c"] {
        memory.create_account(&draft(name), CreateOptions::new()).await.unwrap();
    }
    let (directory, told) = audited(memory);
    directory.all_accounts(&Query::all()).await.unwrap();
    let mut dropped = directory.list_accounts(&Query::all(), ListOptions::new());
    dropped.try_next().await.unwrap();
    assert_eq!(told.lock().unwrap().len(), 1);
    drop(dropped);
    let nowhere = Query::all().below(dn("OU=nowhere,DC=corp,DC=example"));
    directory.all_accounts(&nowhere).await.unwrap_err();
    let events = told.lock().unwrap();
    let seen: Vec<_> = events.iter().map(|event| (event.result, event.items)).collect();
    let missing = AuditResult::Failed { kind: ErrorKind::NotFound, outcome: Outcome::NotDone };
    assert_eq!(
        seen,
        [(AuditResult::Succeeded, Some(3)), (AuditResult::Abandoned, Some(1)), (missing, Some(0)),]
    );
}

#[tokio::test]
async fn reading_can_be_left_out() {
    let (directory, told) = audited(builder().build().unwrap());
    let directory = directory.changes_only(true);
    directory.probe(ProbeOptions::new()).await.unwrap();
    directory.all_accounts(&Query::all()).await.unwrap();
    directory.create_account(&draft("svc"), CreateOptions::new()).await.unwrap();
    assert_eq!(told.lock().unwrap().len(), 1);
}

/// A directory whose probes take a while, and how many of them ran at once at most.
fn slow() -> FaultyDirectory {
    let faulty = FaultyDirectory::new(builder().build().unwrap());
    faulty.inject_always(Some("probe"), Fault::Delay(Duration::from_millis(100)));
    faulty
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_run_at_once() {
    let directory = LimitedDirectory::new(slow()).in_flight(2);
    let begun = Instant::now();
    let calls = (0..6).map(|_| directory.probe(ProbeOptions::new()));
    futures_util::future::try_join_all(calls).await.unwrap();
    let took = begun.elapsed();
    assert!((Duration::from_millis(300)..Duration::from_millis(320)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_overtaken_and_who_is_dropped_gives_the_place_up() {
    let directory = Arc::new(LimitedDirectory::new(slow()).in_flight(1));
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for number in 0..5 {
        let (directory, order) = (Arc::clone(&directory), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            directory.probe(ProbeOptions::new()).await.unwrap();
            order.lock().unwrap().push(number);
        }));
        tokio::task::yield_now().await;
    }
    // One that runs and one that waits.
    tasks[0].abort();
    tasks[2].abort();
    for task in tasks {
        let _aborted = task.await;
    }
    assert_eq!(*order.lock().unwrap(), [1, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn operations_come_evenly() {
    let memory = builder().build().unwrap();
    let directory = LimitedDirectory::new(memory).per_second(NonZeroU32::new(10).unwrap());
    let begun = Instant::now();
    let mut times = Vec::new();
    for _ in 0..5 {
        directory.probe(ProbeOptions::new()).await.unwrap();
        times.push(begun.elapsed().as_millis());
    }
    for (time, wanted) in times.iter().zip([0, 100, 200, 300, 400]) {
        assert!((wanted..wanted + 5).contains(time), "{times:?}");
    }
    // Dropped while it waited, it has taken no slot.
    let dropped = tokio::time::timeout(Duration::from_millis(50), directory.probe(ProbeOptions::new())).await;
    assert!(dropped.is_err());
    directory.probe(ProbeOptions::new()).await.unwrap();
    assert!((500..510).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_list_holds_its_place_until_it_is_read() {
    let memory = builder().build().unwrap();
    memory.create_account(&draft("a"), CreateOptions::new()).await.unwrap();
    let directory = LimitedDirectory::new(memory).in_flight(1);
    let mut list = directory.list_accounts(&Query::all(), ListOptions::new());
    list.try_next().await.unwrap();
    let name: SamAccountName = "a".parse().unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(20), directory.get_account(name.clone())).await;
    assert!(waits.is_err());
    assert!(list.try_next().await.unwrap().is_none());
    directory.get_account(name.clone()).await.unwrap();
    let mut dropped = directory.list_accounts(&Query::all(), ListOptions::new());
    dropped.try_next().await.unwrap();
    drop(dropped);
    directory.get_account(name).await.unwrap();
}
