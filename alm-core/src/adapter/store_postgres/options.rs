//! What can be chosen about a store in PostgreSQL.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Where the database is, and how it is used.
///
/// ```
/// use alm_core::adapter::store_postgres::{PostgresOptions, Tls};
///
/// let options = PostgresOptions::new("db.corp.example", "alm", "alm_service")
///     .password("from a file of your own".to_owned())
///     .schema("production");
/// assert_eq!(options.tls, Tls::Verified { ca: None });
/// assert!(!format!("{options:?}").contains("file of your own"));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// Host name or address, or the folder of a Unix socket, which begins with `/`.
    pub host: String,
    /// The port. Default: 5432.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Whom to sign in as.
    pub user: String,
    /// The password, if that takes one.
    pub password: Option<SecretString>,
    /// The schema that the tables are in; it is made if it is missing and may be made. Each instance needs one of its own (O-14).
    /// Lower-case letters, digits and `_`, a letter first, 63 characters at most. Default: `alm`.
    pub schema: String,
    /// How the connection is kept from being read and bent. Default: not at all over a Unix socket and to this very machine, verified everywhere
    /// else.
    pub tls: Tls,
    /// How many reads may run at the same time, at least 1. Default: 8.
    pub readers: u32,
    /// How long a connection may take to come about, or a read to get one. Default: 10 seconds.
    pub connect_timeout: Duration,
    /// How long the server may take for one statement before it gives it up; waiting for another writer is part of that. All changes that wait
    /// meanwhile fail together then. Default: 30 seconds.
    pub statement_timeout: Duration,
    /// Whose clock leases go by. Default: the database's, which all engines share.
    pub clock: LeaseClock,
}

/// How the connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls {
    /// Encrypted; the server's certificate and name are verified.
    Verified {
        /// A file with certificates (PEM) of authorities that are trusted besides those that the machine trusts.
        ca: Option<PathBuf>,
    },
    /// Not at all: only over a Unix socket, or to this very machine.
    LocalOnly,
}

/// Whose clock leases go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseClock {
    /// The database's.
    #[default]
    Database,
    /// Of whoever claims: for tests that set the time.
    Claimer,
}

impl PostgresOptions {
    /// A database on a host, and whom to sign in as.
    pub fn new(host: impl Into<String>, database: impl Into<String>, user: impl Into<String>) -> Self {
        let host = host.into();
        let tls = if local(&host) { Tls::LocalOnly } else { Tls::Verified { ca: None } };
        Self {
            host,
            port: 5432,
            database: database.into(),
            user: user.into(),
            password: None,
            schema: "alm".to_owned(),
            tls,
            readers: 8,
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            clock: LeaseClock::Database,
        }
    }

    /// With a password.
    #[must_use]
    pub fn password(mut self, password: impl Into<SecretString>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// On another port.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// In another schema.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Protected otherwise.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Encrypted and verified, trusting the authorities in a file (PEM) besides those that the machine trusts.
    #[must_use]
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        self.tls(Tls::Verified { ca: Some(path.into()) })
    }

    /// By another clock.
    #[must_use]
    pub const fn clock(mut self, clock: LeaseClock) -> Self {
        self.clock = clock;
        self
    }

    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    pub(super) fn is_local(&self) -> bool {
        local(&self.host)
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> String {
        format!("the schema {} of the database {} on {}:{}", self.schema, self.database, self.host, self.port)
    }
}

fn local(host: &str) -> bool {
    let loopback = || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    host.starts_with('/') || host == "localhost" || loopback()
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("place", &self.place())
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "[redacted]"))
            .field("tls", &self.tls)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
