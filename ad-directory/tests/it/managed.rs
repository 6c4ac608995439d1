//! Managed accounts where Samba cannot show it: root keys, passwords, and lists of readers that others wrote.

use std::sync::atomic::Ordering;

use ad_directory::{
    CreateOptions, Directory, ErrorKind, ManagedAccount, ManagedAccountUpdate, MemberChanges, MemberOptions,
    NewManagedAccount, ObjectGuid, Outcome, ReadPasswordOptions, RootKey, RootKeyOptions, Sid, UpdateOptions,
};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::{
    ground::{builder, dn},
    memory::clock,
    stub::{ADD, Answer, BIND, MODIFY, SEARCH, Stub},
};

const OK: Answer = Answer::Result(0, "");
const START: i64 = 1_900_000_000;

fn draft() -> NewManagedAccount {
    NewManagedAccount::new(
        dn("OU=Service Accounts,DC=corp,DC=example"),
        "g-web$".parse().unwrap(),
        "g-web.corp.example",
    )
}

fn guid() -> ObjectGuid {
    ObjectGuid::from_wire(&[7; 16]).unwrap()
}

/// A list of readers as Windows may have it: one that may read, and an entry of a type that is not known here.
fn readers(unknown: &[u8]) -> Vec<u8> {
    let allowed = hex("00002400ff010f00010500000000000515000000f71b7628bf3b8dfad2d0ae0f00020000");
    let acl = [allowed, unknown.to_vec()].concat();
    let size = u16::try_from(acl.len() + 8).unwrap();
    let mut bytes = hex("010004801400000000000000000000002400000001020000000000052000000020020000");
    bytes.extend([4, 0]);
    bytes.extend(size.to_le_bytes());
    bytes.extend([if unknown.is_empty() { 1 } else { 2 }, 0, 0, 0]);
    bytes.extend(acl);
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).unwrap().try_into().unwrap()).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

/// An entry of type 0x7f, of 16 bytes.
const UNKNOWN: [u8; 16] = [0x7f, 0x10, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

fn entry(readers: Vec<u8>, more: Vec<(&'static str, Vec<u8>)>) -> Answer {
    let mut attributes = vec![
        ("objectGUID", vec![7; 16]),
        ("objectClass", b"msDS-GroupManagedServiceAccount".to_vec()),
        ("sAMAccountName", b"g-web$".to_vec()),
        ("userAccountControl", b"4096".to_vec()),
        ("msDS-GroupMSAMembership", readers),
    ];
    attributes.extend(more);
    Answer::Entries(vec![("CN=g-web,OU=Accounts,DC=corp,DC=example".to_owned(), attributes)])
}

fn root_dse() -> Answer {
    let attributes = vec![
        ("configurationNamingContext", b"CN=Configuration,DC=corp,DC=example".to_vec()),
        ("currentTime", b"20300317174640.0Z".to_vec()),
    ];
    Answer::Entries(vec![(String::new(), attributes)])
}

fn key(made: Timestamp) -> Answer {
    let ticks = ad_directory::FileTime::from_timestamp(made).to_string().into_bytes();
    let attributes = vec![("msKds-CreateTime", ticks.clone()), ("msKds-UseStartTime", ticks)];
    Answer::Entries(vec![("CN=k,CN=Master Root Keys,DC=x".to_owned(), attributes)])
}

async fn create(script: Vec<Answer>) -> (ad_directory::Result<ManagedAccount>, Stub) {
    let stub = Stub::new([vec![OK], script].concat()).await;
    (stub.directory().create_managed_account(&draft(), CreateOptions::new()).await, stub)
}

#[tokio::test]
async fn a_young_root_key_stops_it_before_anything_is_sent() {
    let made: Timestamp = "2030-03-17T12:00:00Z".parse().unwrap();
    let (error, stub) = create(vec![root_dse(), key(made)]).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Constraint, Outcome::NotDone));
    assert!(error.to_string().contains("2030-03-17T22:00:00Z"), "{error}");
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH]);
}

#[tokio::test]
async fn who_sees_no_root_key_lets_the_controller_decide() {
    let none = Answer::Entries(vec![]);
    let refused =
        Answer::Result(53, "8009000D: SvcErr: DSID-031A0FC0, problem 5003 (WILL_NOT_PERFORM), data 0\n\0");
    let (error, stub) = create(vec![root_dse(), none.clone(), refused]).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::Constraint, Some(0x8009_000d)));
    assert!(error.to_string().contains("Add-KdsRootKey"), "{error}");
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, ADD]);
    let (made, _stub) = create(vec![root_dse(), none, OK, entry(readers(&[]), vec![])]).await;
    assert_eq!(made.unwrap().sam_account_name.as_str(), "g-web$");
}

#[tokio::test]
async fn an_old_schema_is_said_to_be_one() {
    let unknown = Answer::Result(16, "0000200A: objectclass: attribute not found in the schema");
    let (error, _stub) = create(vec![root_dse(), Answer::Entries(vec![]), unknown]).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.ldap_code()), (ErrorKind::Unsupported, Some(16)));
    assert_eq!(error.outcome(), Outcome::NotDone);
}

#[tokio::test]
async fn what_others_wrote_into_the_list_stays_byte_by_byte() {
    let host: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
    let before = readers(&UNKNOWN);
    let stub = Stub::new(vec![OK, entry(before.clone(), vec![]), OK, entry(readers(&[]), vec![])]).await;
    let update = ManagedAccountUpdate::new().add_principal(host.clone());
    stub.directory().update_managed_account(guid(), &update, UpdateOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, MODIFY, SEARCH]);
    assert_eq!(stub.sent(&before), 1, "the old list is compared");
    // Once in the old list and once in the new one, of the same request.
    assert_eq!(stub.sent(&UNKNOWN), 1);
    assert_eq!(stub.sent(&host.to_wire()), 1);
}

#[tokio::test]
async fn of_two_who_change_the_list_the_later_one_looks_again() {
    let host: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
    let (old, new) = (readers(&[]), readers(&UNKNOWN));
    let stale =
        Answer::Result(16, "00002085: AtrErr: DSID-03152D6B, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0");
    let script =
        vec![OK, entry(old, vec![]), stale, entry(new.clone(), vec![]), OK, entry(new.clone(), vec![])];
    let stub = Stub::new(script).await;
    let update = ManagedAccountUpdate::new().add_principal(host);
    stub.directory().update_managed_account(guid(), &update, UpdateOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, MODIFY, SEARCH, MODIFY, SEARCH]);
    assert_eq!(stub.sent(&new), 1);
}

#[tokio::test]
async fn a_controller_that_cannot_compare_the_list_gets_it_as_a_whole() {
    let host: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
    let list = || entry(readers(&[]), vec![]);
    let script = vec![OK, list(), Answer::Result(18, "inappropriate matching"), list(), OK, list()];
    let stub = Stub::new(script).await;
    let update = ManagedAccountUpdate::new().add_principal(host);
    let error = stub.directory().update_managed_account(guid(), &update, UpdateOptions::new()).await;
    error.unwrap();
    assert_eq!(stub.sent(&readers(&[])), 1, "in the first request only");
    // Twice the same list, and a refusal that is of something else: no third try.
    let script = vec![OK, list(), Answer::Result(16, ""), list(), Answer::Result(16, ""), list()];
    let stub = Stub::new(script).await;
    let error =
        stub.directory().update_managed_account(guid(), &update, UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Constraint, Outcome::NotDone));
    assert_eq!(stub.tags(), [BIND, SEARCH, MODIFY, SEARCH, MODIFY, SEARCH]);
}

/// The blob of MS-ADTS 2.2.19 with a password of these bytes.
fn blob(password: &[u8]) -> Vec<u8> {
    let query = 16 + password.len() + 2;
    let query = query.next_multiple_of(8);
    let mut blob = vec![1, 0, 0, 0];
    blob.extend(u32::try_from(query + 16).unwrap().to_le_bytes());
    for offset in [16, 0, query, query + 8] {
        blob.extend(u16::try_from(offset).unwrap().to_le_bytes());
    }
    blob.extend(password);
    blob.resize(query, 0);
    blob.extend(864_000_000_000_u64.to_le_bytes());
    blob.extend(861_000_000_000_u64.to_le_bytes());
    blob
}

#[tokio::test]
async fn a_managed_password_is_read_by_who_may() {
    let secret = [0x41, 0, 0xff, 0xd8, 0x42, 0];
    let shown = entry(readers(&[]), vec![("msDS-ManagedPassword", blob(&secret))]);
    let stub = Stub::new(vec![OK, shown]).await;
    let password = stub.directory().read_managed_password(guid(), ReadPasswordOptions::new()).await.unwrap();
    assert_eq!(password.current().expose_secret(), secret);
    assert!(!format!("{password:?}").contains("65"));
    let stub = Stub::new(vec![OK, entry(readers(&[]), vec![])]).await;
    let error = stub.directory().read_managed_password(guid(), ReadPasswordOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let broken = entry(readers(&[]), vec![("msDS-ManagedPassword", vec![1, 0, 0, 0, 9])]);
    let stub = Stub::new(vec![OK, broken]).await;
    let error = stub.directory().read_managed_password(guid(), ReadPasswordOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn in_memory_the_key_ages_by_the_clock() {
    let (seconds, read) = clock();
    let made = Timestamp::from_second(START).unwrap();
    let directory = builder().clock(read).root_key(Some(made)).build().unwrap();
    let error = directory.create_managed_account(&draft(), CreateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::Constraint, Some(0x8009_000d)));
    assert!(matches!(directory.root_key(RootKeyOptions::new()).await.unwrap(), RootKey::NotYet { .. }));
    seconds.fetch_add(36_000, Ordering::SeqCst);
    directory.create_managed_account(&draft(), CreateOptions::new()).await.unwrap();
    let without = builder().root_key(None).build().unwrap();
    assert_eq!(without.root_key(RootKeyOptions::new()).await.unwrap(), RootKey::NotSeen);
    assert!(without.create_managed_account(&draft(), CreateOptions::new()).await.is_err());
}

#[tokio::test]
async fn in_memory_a_password_is_read_by_members_of_its_readers_and_changes_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let made = builder().open(&path).unwrap();
    let host = made
        .create_account(
            &ad_directory::NewAccount::new(
                dn("OU=Service Accounts,DC=corp,DC=example"),
                "host".parse().unwrap(),
            ),
            CreateOptions::new(),
        )
        .await
        .unwrap();
    let group: ad_directory::GroupName = "app-readers".parse().unwrap();
    let group = made.find_group(&group.into(), ad_directory::FindOptions::new()).await.unwrap().unwrap();
    let (seconds, read) = clock();
    let reader = builder().clock(read).signed_in_as(host.sid.unwrap()).open(&path).unwrap();
    let new = draft().principal(group.sid.unwrap()).password_interval_days(1);
    let account = reader.create_managed_account(&new, CreateOptions::new()).await.unwrap();
    let read = async || reader.read_managed_password(account.guid, ReadPasswordOptions::new()).await;
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Forbidden);
    let join = MemberChanges::new().add([host.guid]);
    reader.change_members(&group.guid.into(), &join, MemberOptions::new()).await.unwrap();
    let first = read().await.unwrap();
    assert_eq!(first.current().expose_secret().len(), 256);
    assert!(first.previous().is_none());
    assert_eq!(read().await.unwrap().current().expose_secret(), first.current().expose_secret());
    seconds.fetch_add(86_400, Ordering::SeqCst);
    let second = read().await.unwrap();
    assert_ne!(second.current().expose_secret(), first.current().expose_secret());
    assert_eq!(second.previous().map(ExposeSecret::expose_secret), Some(first.current().expose_secret()));
    let off = made.read_managed_password(account.guid, ReadPasswordOptions::new()).await;
    assert_eq!(off.unwrap_err().kind(), ErrorKind::Forbidden, "nobody has signed in there");
}
