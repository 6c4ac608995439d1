//! Servers: the one that all tests share, and those that a test has for itself, to be killed.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alm_core::adapter::store_postgres::PostgresOptions;
use tempfile::TempDir;

use super::{new_schema, variable};

fn control(arguments: &[&str]) -> String {
    let output = Command::new(variable("PG_TEST_CONTROL")).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs SQL as the administrator, on the server that all share.
pub(super) fn administer(sql: &str) -> String {
    control(&["sql", &variable("PG_TEST_DIR"), "--", sql]).trim().to_owned()
}

/// A session that holds a lock, on the server that all share; it lets go when this is dropped.
pub(super) struct Held {
    session: Child,
    name: String,
}

impl Held {
    /// Takes it in a transaction that stays open.
    pub(super) fn take(lock: &str) -> Self {
        let name = new_schema();
        let sql = format!("SET application_name = '{name}'; {lock}; SELECT pg_sleep(600)");
        let session = Command::new(variable("PG_TEST_CONTROL"))
            .args(["sql", &variable("PG_TEST_DIR"), "--", &sql])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let held = Self { session, name };
        let sleeping = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}' AND wait_event = 'PgSleep'",
            held.name
        );
        while administer(&sleeping) != "1" {
            std::thread::sleep(Duration::from_millis(20));
        }
        held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let name = &self.name;
        administer(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'"
        ));
        drop(self.session.wait());
    }
}

/// A server that nobody else uses; it is stopped, and its files are removed, when this is dropped.
pub(super) struct OwnServer {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl OwnServer {
    pub(super) fn start() -> Self {
        let mut server = Self { folder: TempDir::new().unwrap(), variables: Vec::new() };
        control(&["start", server.path()]);
        let text = control(&["env", server.path()]);
        server.variables = text
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        server
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// As a crash would end it.
    pub(super) fn kill(&self) {
        control(&["kill", self.path()]);
    }

    /// Runs SQL as its administrator.
    pub(super) fn administer(&self, sql: &str) -> String {
        control(&["sql", self.path(), "--", sql]).trim().to_owned()
    }

    pub(super) fn restart(&self) {
        control(&["restart", self.path()]);
    }

    fn variable(&self, name: &str) -> &str {
        &self.variables.iter().find(|(named, _)| named == name).unwrap().1
    }

    /// Over TCP, since the folder of the socket is made anew with each start.
    pub(super) fn options(&self) -> PostgresOptions {
        PostgresOptions::new("127.0.0.1", self.variable("PG_TEST_DATABASE"), self.variable("PG_TEST_USER"))
            .password(self.variable("PG_TEST_PASSWORD").to_owned())
            .port(self.variable("PG_TEST_PORT").parse().unwrap())
            .schema(new_schema())
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Its log is gone with the folder: say what it said if a test failed.
        if std::thread::panicking() {
            let log: PathBuf = self.folder.path().join("log/postgres.log");
            println!("{}", std::fs::read_to_string(log).unwrap_or_default());
        }
        drop(Command::new(variable("PG_TEST_CONTROL")).args(["stop", self.path()]).output());
    }
}
