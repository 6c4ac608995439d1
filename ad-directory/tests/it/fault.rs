//! The directory that misbehaves.

use std::time::Duration;

use ad_directory::{
    CreateOptions, Directory, DirectoryExt, ErrorKind, Fault, FaultyDirectory, NewAccount, Outcome,
    PinOptions, ProbeOptions, SamAccountName,
};

use crate::ground::{builder, dn};

fn draft(name: &str) -> NewAccount {
    NewAccount::new(dn("OU=Service Accounts,DC=corp,DC=example"), name.parse().unwrap())
}

fn name(text: &str) -> SamAccountName {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_lost_reply_was_done() {
    let directory = FaultyDirectory::new(builder().build().unwrap());
    directory.inject("accounts.create", 1, Fault::LoseReply);
    directory.create_account(&draft("a"), CreateOptions::new()).await.unwrap();
    let error = directory.create_account(&draft("b"), CreateOptions::new()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.operation()),
        (ErrorKind::Timeout, Outcome::Unknown, "accounts.create")
    );
    assert!(directory.get_account(name("b")).await.is_ok());
    directory.create_account(&draft("c"), CreateOptions::new()).await.unwrap();
    assert_eq!(directory.calls(), ["accounts.create", "accounts.create", "accounts.find", "accounts.create"]);
}

#[tokio::test]
async fn a_failure_before_does_nothing() {
    let directory = FaultyDirectory::new(builder().build().unwrap());
    directory.inject_always(Some("accounts.create"), Fault::unreachable());
    for _ in 0..2 {
        let error = directory.create_account(&draft("a"), CreateOptions::new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.operation()),
            (ErrorKind::Connect, Outcome::NotSent, "accounts.create")
        );
    }
    directory.clear();
    assert!(directory.get_account(name("a")).await.is_err());
    directory.create_account(&draft("a"), CreateOptions::new()).await.unwrap();
}

#[tokio::test]
async fn a_late_change_is_done_behind_ones_back() {
    let directory = FaultyDirectory::new(builder().build().unwrap());
    directory.inject("accounts.create", 0, Fault::DoLate(Duration::from_millis(20)));
    let error = directory.create_account(&draft("a"), CreateOptions::new()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(directory.get_account(name("a")).await.is_err());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(directory.get_account(name("a")).await.is_ok());
}

#[tokio::test]
async fn pinned_views_share_the_faults() {
    let directory = FaultyDirectory::new(builder().build().unwrap());
    let pinned = directory.pin(PinOptions::new()).await.unwrap();
    directory.inject_nth(1, Fault::unreachable());
    pinned.probe(ProbeOptions::new()).await.unwrap();
    assert!(pinned.probe(ProbeOptions::new()).await.is_err());
    assert!(pinned.probe(ProbeOptions::new()).await.is_ok());
}
