//! What the driver is told about the connection.

use secrecy::ExposeSecret as _;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::OPEN;
use super::options::{PostgresOptions, Tls};
use crate::error::{Error, ErrorKind, Result};

/// Refuses what would send documents over a network that anybody may read.
pub(super) fn check(options: &PostgresOptions) -> Result<()> {
    if options.tls == Tls::LocalOnly && !options.is_local() {
        let message = format!("an unprotected connection to {} would leave this machine", options.host);
        return Err(Error::new(ErrorKind::Config, OPEN, message)
            .with_advice("use Tls::Verified, with the file of your certification authority"));
    }
    if options.is_socket() && options.tls != Tls::LocalOnly {
        let message = format!("a Unix socket ({}) has no TLS", options.host);
        return Err(Error::new(ErrorKind::Config, OPEN, message).with_advice("use Tls::LocalOnly"));
    }
    if let Tls::Verified { ca: Some(file) } = &options.tls {
        // The driver would say so with each connection, and without the name of the file.
        std::fs::metadata(file).map_err(|error| {
            let message = format!("the certificates in {} cannot be read: {}", file.display(), error.kind());
            Error::new(ErrorKind::Config, OPEN, message)
        })?;
    }
    Ok(())
}

pub(super) fn options(options: &PostgresOptions) -> PgConnectOptions {
    // A transaction whose program stands still holds all others up.
    let idle = options.statement_timeout / 2;
    // The driver begins with what the environment says (PGHOST and so on); all that matters is said anew here.
    let connect = PgConnectOptions::new_without_pgpass()
        .host(&options.host)
        .port(options.port)
        .database(&options.database)
        .username(&options.user)
        .password(options.password.as_ref().map_or("", |password| password.expose_secret()))
        .application_name("alm-core")
        .statement_cache_capacity(200)
        .options([
            ("search_path", options.schema.clone()),
            ("statement_timeout", options.statement_timeout.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", idle.as_millis().to_string()),
            ("lock_timeout", "0".to_owned()),
            ("synchronous_commit", "on".to_owned()),
            // For the server to notice a program whose machine is gone.
            ("tcp_keepalives_idle", "15".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ])
        .disable_statement_logging();
    match &options.tls {
        Tls::LocalOnly => connect.ssl_mode(PgSslMode::Disable),
        Tls::Verified { ca: None } => connect.ssl_mode(PgSslMode::VerifyFull),
        Tls::Verified { ca: Some(file) } => connect.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(file),
    }
}
