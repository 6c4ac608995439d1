//! What protects the connection.

use std::path::PathBuf;

use alm_core::adapter::store_postgres::{PostgresOptions, PostgresStore, Tls};
use alm_core::port::store::Store as _;
use alm_core::{Error, ErrorKind};

use super::server::administer;
use super::{open, options, variable};

fn over_tcp(host: &str, ca: &str) -> PostgresOptions {
    let mut options = options().ca_file(variable(ca));
    host.clone_into(&mut options.host);
    options
}

async fn refused(options: PostgresOptions, kind: ErrorKind) -> Error {
    let error = PostgresStore::open(options).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    error
}

#[tokio::test]
async fn the_connection_is_encrypted_and_the_server_verified() {
    let options = over_tcp("localhost", "PG_TEST_CA_FILE");
    let store = open(&options).await;
    store.commit(super::super::create(1, "{}".to_owned())).await.unwrap();
    let encrypted = administer(
        "SELECT count(*) > 0 AND bool_and(s.ssl) FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) \
         WHERE a.client_addr IS NOT NULL AND a.application_name = 'alm-core' AND s.version >= 'TLSv1.2'",
    );
    assert_eq!(encrypted, "t");
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_a_strange_authority_is_refused() {
    let error = refused(over_tcp("localhost", "PG_TEST_OTHER_CA_FILE"), ErrorKind::StoreUnavailable).await;
    assert!(error.to_string().contains("could not be protected"), "{error}");
    // Nor is it trusted because nothing was said.
    let mut options = over_tcp("localhost", "PG_TEST_CA_FILE");
    options.tls = Tls::Verified { ca: None };
    refused(options, ErrorKind::StoreUnavailable).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let error = refused(over_tcp("127.0.0.1", "PG_TEST_CA_FILE"), ErrorKind::StoreUnavailable).await;
    assert!(error.to_string().contains("could not be protected"), "{error}");
}

#[tokio::test]
async fn nothing_leaves_the_machine_unprotected() {
    // Verified unless it stays here.
    assert_eq!(PostgresOptions::new("db.corp.example", "alm", "alm").tls, Tls::Verified { ca: None });
    for host in ["localhost", "127.0.0.1", "::1", "/run/postgresql"] {
        assert_eq!(PostgresOptions::new(host, "alm", "alm").tls, Tls::LocalOnly, "{host}");
    }
    // Refused before a connection is tried: there is no such host.
    for host in ["db.corp.example", "10.1.2.3", "localhost.corp.example"] {
        let options = PostgresOptions::new(host, "alm", "alm").tls(Tls::LocalOnly);
        let error = refused(options, ErrorKind::Config).await;
        assert!(error.to_string().contains(host), "{error}");
    }
    let error = refused(options().tls(Tls::Verified { ca: None }), ErrorKind::Config).await;
    assert!(error.to_string().contains("socket"), "{error}");
    let missing = Tls::Verified { ca: Some(PathBuf::from("/nowhere/ca.pem")) };
    let error =
        refused(PostgresOptions::new("db.corp.example", "alm", "alm").tls(missing), ErrorKind::Config);
    assert!(error.await.to_string().contains("/nowhere/ca.pem"));
}

#[tokio::test]
async fn the_password_is_in_nothing_that_is_shown() {
    let options = options();
    let store = open(&options).await;
    let password = variable("PG_TEST_PASSWORD");
    for text in [format!("{options:?}"), format!("{store:?}"), format!("{:#?}", store.options())] {
        assert!(!text.contains(&password) && text.contains(&options.schema), "{text}");
    }
}
