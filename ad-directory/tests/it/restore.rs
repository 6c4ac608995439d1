//! Restoring and deleting where Samba and the suite cannot show it.

use std::sync::atomic::Ordering;

use ad_directory::{
    CheckPasswordOptions, CreateOptions, DeleteOptions, Directory, DirectoryExt, ErrorKind, GroupName,
    ListDeletedOptions, MemberOptions, NewAccount, ObjectGuid, Outcome, PasswordCheck, RestoreOptions,
};

use crate::{
    ground::{builder, dn},
    memory::clock,
    stub::{Answer, BIND, DELETE, MODIFY, SEARCH, Stub, account},
};

const OK: Answer = Answer::Result(0, "");
const PASSWORD: &str = "Canary-7f3a!x";

fn guid() -> ObjectGuid {
    ObjectGuid::from_wire(&[7; 16]).unwrap()
}

fn draft() -> NewAccount {
    NewAccount::new(dn("OU=Service Accounts,DC=corp,DC=example"), "svc".parse().unwrap())
        .password(PASSWORD.to_owned())
        .enabled(true)
        .marker("alm:1".parse().unwrap())
        .service_principal_name("HTTP/svc")
        .description("Payroll")
}

#[tokio::test]
async fn a_tombstone_keeps_names_and_identity_and_nothing_else() {
    let directory = builder().build().unwrap();
    let before = directory.create_account(&draft(), CreateOptions::new()).await.unwrap();
    let group: GroupName = "app-readers".parse().unwrap();
    directory.add_member(&group.into(), before.guid, MemberOptions::new()).await.unwrap();
    directory.delete_account(before.guid, DeleteOptions::new()).await.unwrap();
    let after = directory.restore_account(before.guid, RestoreOptions::new()).await.unwrap();
    assert_eq!((after.guid, &after.sid), (before.guid, &before.sid));
    assert_eq!((&after.marker, &after.description, after.password_last_set), (&None, &None, None));
    assert!(after.service_principal_names.is_empty() && after.member_of.is_empty() && after.is_disabled());
    let check = directory.check_password(before.guid, &PASSWORD.into(), CheckPasswordOptions::new()).await;
    assert_eq!(check.unwrap(), PasswordCheck::Wrong);
}

#[tokio::test]
async fn a_recycle_bin_keeps_everything_also_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let directory = builder().recycle_bin(true).open(&path).unwrap();
    let made = directory.create_account(&draft(), CreateOptions::new()).await.unwrap();
    let group: GroupName = "app-readers".parse().unwrap();
    directory.add_member(&group.into(), made.guid, MemberOptions::new()).await.unwrap();
    let before = directory.get_account(made.guid).await.unwrap();
    directory.delete_account(made.guid, DeleteOptions::new()).await.unwrap();
    let other = builder().open(&path).unwrap();
    let after = other.restore_account(made.guid, RestoreOptions::new()).await.unwrap();
    assert_eq!((&after.marker, &after.description), (&before.marker, &before.description));
    assert_eq!(after.service_principal_names, before.service_principal_names);
    assert_eq!(after.member_of, before.member_of);
    assert!(after.is_disabled());
    let check = directory.check_password(made.guid, &PASSWORD.into(), CheckPasswordOptions::new()).await;
    assert_eq!(check.unwrap(), PasswordCheck::Disabled, "it is still the password");
}

#[tokio::test]
async fn what_is_deleted_goes_for_good_after_half_a_year() {
    let (seconds, read) = clock();
    let directory = builder().clock(read).build().unwrap();
    let made = directory.create_account(&draft(), CreateOptions::new()).await.unwrap();
    directory.delete_account(made.guid, DeleteOptions::new()).await.unwrap();
    seconds.fetch_add(180 * 86_400 - 1, Ordering::SeqCst);
    assert!(directory.find_deleted(made.guid).await.unwrap().is_some());
    seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(directory.all_deleted(ListDeletedOptions::new()).await.unwrap(), []);
    let late = directory.restore_account(made.guid, RestoreOptions::new()).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::NotFound);
}

const TOMBSTONE: &str =
    "CN=svc\\0ADEL:07070707-0707-0707-0707-070707070707,CN=Deleted Objects,DC=corp,DC=example";

fn tombstone(parent: Option<&str>) -> Answer {
    let mut attributes = vec![
        ("objectGUID", vec![7; 16]),
        ("name", b"svc\nDEL:07070707-0707-0707-0707-070707070707".to_vec()),
    ];
    attributes.extend(parent.map(|parent| ("lastKnownParent", parent.as_bytes().to_vec())));
    Answer::Entries(vec![(TOMBSTONE.to_owned(), attributes)])
}

fn container() -> Answer {
    let attributes = vec![("objectGUID", vec![8; 16]), ("objectClass", b"organizationalUnit".to_vec())];
    Answer::Entries(vec![("OU=Accounts,DC=corp,DC=example".to_owned(), attributes)])
}

#[tokio::test]
async fn it_is_one_request_by_the_whole_name() {
    let script = vec![
        OK,
        tombstone(Some("OU=Accounts,DC=corp,DC=example")),
        container(),
        OK,
        Answer::Entries(vec![account(7, "", &[])]),
    ];
    let stub = Stub::new(script).await;
    let restored = stub.directory().restore_account(guid(), RestoreOptions::new()).await.unwrap();
    assert_eq!(restored.guid, guid());
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, MODIFY, SEARCH]);
    assert_eq!(stub.sent(b"CN=svc\\0ADEL:07070707"), 1);
    assert_eq!(stub.sent(b"distinguishedName"), 1);
    assert_eq!(stub.sent(b"CN=svc,OU=Accounts,DC=corp,DC=example"), 1);
    assert_eq!(stub.sent(b"1.2.840.113556.1.4.417"), 2, "in the search and in the change");
}

#[tokio::test]
async fn who_cannot_see_it_is_told_so() {
    let stub = Stub::new(vec![OK, Answer::Entries(vec![])]).await;
    let error = stub.directory().restore_account(guid(), RestoreOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("administrators"), "{error}");
    let stub = Stub::new(vec![OK, tombstone(None)]).await;
    let error = stub.directory().restore_account(guid(), RestoreOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
}

#[tokio::test]
async fn a_lost_answer_leaves_it_unknown() {
    let script = vec![OK, tombstone(Some("OU=Accounts,DC=corp,DC=example")), container(), Answer::Close];
    let stub = Stub::new(script).await;
    let error = stub.directory().restore_account(guid(), RestoreOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, Outcome::Unknown));
}

#[tokio::test]
async fn an_account_with_something_below_it_goes_only_when_that_is_said() {
    let full =
        Answer::Result(66, "00002015: UpdErr: DSID-031A11F5, problem 6003 (CANT_ON_NON_LEAF), data 0\n\0");
    let one = || Answer::Entries(vec![account(7, "", &[])]);
    let stub = Stub::new(vec![OK, one(), full]).await;
    let error = stub.directory().delete_account(guid(), DeleteOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Constraint, Outcome::NotDone));
    assert!(error.to_string().contains("below"), "{error}");
    assert_eq!(stub.sent(b"1.2.840.113556.1.4.805"), 0);
    let stub = Stub::new(vec![OK, one(), OK]).await;
    stub.directory().delete_account(guid(), DeleteOptions::new().with_children(true)).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, DELETE]);
    assert_eq!(stub.sent(b"1.2.840.113556.1.4.805"), 1);
}
