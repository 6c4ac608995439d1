//! Two processes. The other one is this same binary, told by an environment variable to run the same test from its other side.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use alm_core::port::store::{RecordKind, Store as _};
use alm_core::{ErrorKind, Result};
use tempfile::TempDir;
use uuid::Uuid;

use super::{chain, create, open, open_now};

const OTHER_SIDE: &str = "ALM_STORE_TEST_CHILD";

/// The store to open, when this is the other process.
pub(super) fn other_side() -> Option<PathBuf> {
    std::env::var_os(OTHER_SIDE).map(PathBuf::from)
}

pub(super) struct Other {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Other {
    pub(super) fn start(test: &str, path: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(OTHER_SIDE, path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The next number that it tells.
    pub(super) fn told(&mut self) -> Option<u128> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("told ")?.parse().ok())
    }

    /// Waits for its end.
    pub(super) fn ended_well(&mut self) {
        assert!(self.process.wait().unwrap().success());
    }

    /// Without any warning (SIGKILL on Unix).
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// On a line of its own, though the harness of tests writes to the same place.
pub(super) fn tell(number: u128) {
    println!("\ntold {number}");
}

#[tokio::test]
async fn two_processes_cannot_have_it_open() -> Result<()> {
    if let Some(path) = other_side() {
        let store = open(&path).await?;
        tell(1);
        // Until it is killed.
        std::future::pending::<()>().await;
        drop(store);
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let mut other = Other::start("it::store::child::two_processes_cannot_have_it_open", &path);
    assert_eq!(other.told(), Some(1));
    let error = open_now(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
    let text = error.to_string();
    assert!(text.contains("another process") && text.contains("store.alm"), "{text}");
    other.kill();
    // No lock is left behind.
    open_now(&path).await?.close().await?;
    open_now(&path).await?.close().await
}

#[tokio::test]
async fn a_process_that_is_killed_loses_nothing_that_was_answered() -> Result<()> {
    if let Some(path) = other_side() {
        let store = open(&path).await?;
        for number in store.audit_head().await?.0 + 1.. {
            store.commit(create(number.into(), "x".repeat(3000))).await?;
            tell(number.into());
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let mut answered = 0;
    for round in 0..8 {
        let test = "it::store::child::a_process_that_is_killed_loses_nothing_that_was_answered";
        let mut other = Other::start(test, &path);
        for _ in 0..=round * 7 {
            answered = other.told().expect("it goes on until it is killed");
        }
        other.kill();
        // What it had told before it died, and was not read yet.
        while let Some(number) = other.told() {
            answered = number;
        }
        let store = open(&path).await?;
        let there = chain(&store).await;
        assert_eq!(there, (1..=there.len() as u128).collect::<Vec<_>>());
        assert!(there.len() as u128 >= answered, "{answered} were answered, {} are there", there.len());
        for number in 1..=there.len() as u128 {
            let account = store.load(RecordKind::Account, Uuid::from_u128(number)).await?;
            assert!(account.is_some(), "the audit record of account {number} is there, the account is not");
        }
        let beyond = there.len() as u128 + 1;
        assert_eq!(store.load(RecordKind::Account, Uuid::from_u128(beyond)).await?, None);
        store.close().await?;
    }
    Ok(())
}
