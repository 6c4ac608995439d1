//! What the directory in memory does beyond the suite.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use ad_directory::{
    AccountExpires, CheckPasswordOptions, CreateOptions, DeleteOptions, Directory, DirectoryExt, ErrorKind,
    GroupName, MemberOptions, MemoryDirectory, NewAccount, Outcome, PasswordCheck, PasswordPolicy,
    SamAccountName,
};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::ground::{builder, dn};

const PASSWORD: &str = "Canary-7f3a!x";

fn draft(name: &str) -> NewAccount {
    NewAccount::new(dn("OU=Service Accounts,DC=corp,DC=example"), name.parse().unwrap())
        .password(PASSWORD.to_owned())
}

fn group(name: &str) -> GroupName {
    name.parse().unwrap()
}

/// A clock that is set by the test, in seconds.
pub(crate) fn clock() -> (Arc<AtomicI64>, impl Fn() -> Timestamp + Send + Sync + 'static) {
    let seconds = Arc::new(AtomicI64::new(1_900_000_000));
    let read = Arc::clone(&seconds);
    (seconds, move || Timestamp::from_second(read.load(Ordering::SeqCst)).unwrap())
}

#[tokio::test]
async fn the_clock_decides_what_has_expired() {
    let (seconds, clock) = clock();
    let directory = builder().clock(clock).build().unwrap();
    let end = AccountExpires::At(Timestamp::from_second(1_900_000_100).unwrap());
    let account = directory
        .create_account(&draft("svc").enabled(true).expires(end), CreateOptions::new())
        .await
        .unwrap();
    for (second, answer) in
        [(1_900_000_099, PasswordCheck::Accepted), (1_900_000_100, PasswordCheck::AccountExpired)]
    {
        seconds.store(second, Ordering::SeqCst);
        let check = directory
            .check_password(account.guid, &PASSWORD.into(), CheckPasswordOptions::new())
            .await
            .unwrap();
        assert_eq!(check, answer);
    }
}

#[tokio::test]
async fn a_lock_ends_with_its_time() {
    let (seconds, clock) = clock();
    let policy = PasswordPolicy::default().lockout_threshold(2).lockout_duration(Duration::from_mins(1));
    let directory = builder().clock(clock).password_policy(policy).build().unwrap();
    let account = directory.create_account(&draft("svc").enabled(true), CreateOptions::new()).await.unwrap();
    let check = async |password: &str| {
        directory.check_password(account.guid, &password.into(), CheckPasswordOptions::new()).await.unwrap()
    };
    assert_eq!(check("wrong").await, PasswordCheck::Wrong);
    seconds.fetch_add(61, Ordering::SeqCst);
    assert_eq!(check("wrong").await, PasswordCheck::Wrong);
    assert_eq!(check(PASSWORD).await, PasswordCheck::Accepted);
    assert_eq!(check("wrong").await, PasswordCheck::Wrong);
    assert_eq!(check("wrong").await, PasswordCheck::Wrong);
    assert_eq!(check(PASSWORD).await, PasswordCheck::LockedOut);
    seconds.fetch_add(61, Ordering::SeqCst);
    assert_eq!(check(PASSWORD).await, PasswordCheck::Accepted);
}

#[tokio::test]
async fn what_the_directory_protects_is_not_changed() {
    let directory = builder().protected_account("krbtgt").protected_group("Domain Admins").build().unwrap();
    let name: SamAccountName = "krbtgt".parse().unwrap();
    let protected = directory.get_account(name).await.unwrap();
    assert!(protected.is_protected);
    let deleted = directory.delete_account(protected.guid, DeleteOptions::new()).await;
    assert_eq!(deleted.unwrap_err().kind(), ErrorKind::Forbidden);
    let account = directory.create_account(&draft("svc"), CreateOptions::new()).await.unwrap();
    let joined =
        directory.add_member(&group("Domain Admins").into(), account.guid, MemberOptions::new()).await;
    assert_eq!(joined.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_new_process_finds_its_world_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let first = builder().open(&path).unwrap();
    let account = first.create_account(&draft("svc").enabled(true), CreateOptions::new()).await.unwrap();
    first.add_member(&group("app-readers").into(), account.guid, MemberOptions::new()).await.unwrap();
    let before = first.get_account(account.guid).await.unwrap();
    // Both are open at once, as after a crash nobody closes anything.
    let second = MemoryDirectory::open(&path).unwrap();
    assert_eq!(second.get_account(account.guid).await.unwrap(), before);
    let check =
        second.check_password(account.guid, &PASSWORD.into(), CheckPasswordOptions::new()).await.unwrap();
    assert_eq!(check, PasswordCheck::Accepted);
    second.delete_account(account.guid, DeleteOptions::new()).await.unwrap();
    assert_eq!(first.get_account(account.guid).await.unwrap_err().kind(), ErrorKind::NotFound);
    let again = builder().group("other").open(&path).unwrap();
    assert!(again.get_group(group("other")).await.is_err(), "what is in the file counts");
}

#[tokio::test]
async fn the_file_is_the_owners_and_holds_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let directory = builder().open(&path).unwrap();
    directory.create_account(&draft("svc"), CreateOptions::new()).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(PASSWORD));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        }
    }
    assert!(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("svc"));
}

#[tokio::test]
async fn what_cannot_be_written_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let directory = builder().open(&path).unwrap();
    // A folder in the place of the file to be written: even root cannot write that.
    std::fs::create_dir(folder.path().join("world.json.new")).unwrap();
    let error = directory.create_account(&draft("svc"), CreateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Storage, Outcome::NotDone));
    let name: SamAccountName = "svc".parse().unwrap();
    assert!(directory.get_account(name.clone()).await.is_err());
    std::fs::remove_dir(folder.path().join("world.json.new")).unwrap();
    directory.create_account(&draft("svc"), CreateOptions::new()).await.unwrap();
    assert!(MemoryDirectory::open(&path).unwrap().get_account(name).await.is_ok());
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    assert_eq!(MemoryDirectory::open(&path).unwrap_err().kind(), ErrorKind::Config);
    for (text, words) in [
        ("{\"format\":2,\"universe\":{}}", "newer version"),
        ("{\"format\":1}", "damaged"),
        ("nonsense", "not a stored"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = builder().open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it is left alone");
    }
}

#[test]
fn a_domain_is_checked_when_it_is_built() {
    assert!(MemoryDirectory::builder("corp..example").build().is_err());
    assert!(builder().unit("OU=x,DC=elsewhere").build().is_err());
    assert!(builder().group("app-readers").build().is_err());
    let nested = builder().unit("OU=b,OU=a,DC=corp,DC=example").group("CN=g,OU=a,DC=corp,DC=example").build();
    assert!(nested.is_ok());
}

#[tokio::test]
async fn debug_shows_no_password() {
    let secret = SecretString::from(PASSWORD);
    let directory = builder().build().unwrap();
    directory.create_account(&draft("svc").password(secret), CreateOptions::new()).await.unwrap();
    assert!(!format!("{directory:?}").contains("Canary"));
}
