//! Schemas that are not a store of ours, and servers that cannot be used: refused in one line, and nothing is changed.

use alm_core::adapter::store_postgres::{PostgresOptions, PostgresStore};
use alm_core::port::store::Store as _;
use alm_core::{Error, ErrorKind, Outcome};

use super::super::create;
use super::server::administer;
use super::{open, options, variable};
use crate::it::rules::received;

/// Why it cannot be opened: in one line that names the place and no password.
async fn refused(options: &PostgresOptions, kind: ErrorKind) -> Error {
    let error = PostgresStore::open(options.clone()).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    let text = format!("{error} {error:?}");
    assert!(!error.to_string().contains('\n'), "{text}");
    assert!(error.to_string().contains(&options.database), "{text}");
    assert!(error.advice().is_some(), "{text}");
    assert_eq!(error.operation(), "store.open");
    for secret in [variable("PG_TEST_PASSWORD"), "not-the-password".to_owned()] {
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = source {
            assert!(!format!("{error} {error:?}").contains(&secret), "{text}");
            source = error.source();
        }
    }
    error
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let options = options();
    let store = open(&options).await;
    store.commit(create(1, "{}".to_owned())).await.unwrap();
    administer(&format!("UPDATE {}.meta SET format = 99", options.schema));

    // The one that has it open reads on, and no longer writes.
    let error = store.commit(create(2, "{}".to_owned())).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::StoreNewer, Outcome::NotDone), "{error}");
    store.close().await.unwrap();

    let text = refused(&options, ErrorKind::StoreNewer).await.to_string();
    assert!(text.contains("format 99"), "{text}");
    assert_eq!(administer(&format!("SELECT format, commits FROM {}.meta", options.schema)), "99|1");
}

#[tokio::test]
async fn tables_of_somebody_else_are_refused() {
    let tables = [
        "CREATE TABLE {}.customer (id int)",
        // The names are ours, the tables are not.
        "CREATE TABLE {}.meta (key text, value text); CREATE TABLE {}.record (id int)",
    ];
    for sql in tables {
        let options = options();
        let owner = variable("PG_TEST_USER");
        let sql = format!("CREATE SCHEMA {{}} AUTHORIZATION {owner}; {sql}").replace("{}", &options.schema);
        administer(&sql);
        let count =
            format!("SELECT count(*) FROM pg_class WHERE relnamespace = '{}'::regnamespace", options.schema);
        let before = administer(&count);
        let text = refused(&options, ErrorKind::StoreCorrupt).await.to_string();
        assert!(text.contains(&options.schema) && text.contains("not ours"), "{text}");
        assert_eq!(administer(&count), before);
    }
}

#[tokio::test]
async fn an_instance_that_is_gone_is_not_made_anew() {
    let options = options();
    open(&options).await.close().await.unwrap();
    administer(&format!("DELETE FROM {}.meta", options.schema));
    refused(&options, ErrorKind::StoreCorrupt).await;
}

#[tokio::test]
async fn who_may_not_use_it_is_told_why() {
    let wrong = options().password("not-the-password".to_owned());
    let text = refused(&wrong, ErrorKind::StoreUnavailable).await.to_string();
    assert!(text.contains("the user or the password"), "{text}");

    let mut missing = options();
    missing.database = "no_such_database".to_owned();
    refused(&missing, ErrorKind::StoreUnavailable).await;

    let unmade = options();
    administer(&format!("CREATE SCHEMA {}", unmade.schema));
    let text = refused(&unmade, ErrorKind::StoreUnavailable).await.to_string();
    assert!(text.contains("may not use"), "{text}");

    let mut nobody_there = options();
    nobody_there.port = 1;
    let text = refused(&nobody_there, ErrorKind::StoreUnavailable).await.to_string();
    assert!(text.contains("cannot be reached") && text.contains(":1"), "{text}");
}

#[tokio::test]
async fn a_standby_is_refused() {
    let options = options();
    open(&options).await.close().await.unwrap();
    let user = variable("PG_TEST_USER");
    let role = format!("r_{}", options.schema);
    // A role that can only read stands for a server that can.
    administer(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'only-reads' IN ROLE {user}; ALTER ROLE {role} SET default_transaction_read_only = on"
    ));
    let mut reading = options.password("only-reads".to_owned());
    reading.user = role;
    let text = refused(&reading, ErrorKind::StoreUnavailable).await.to_string();
    assert!(text.contains("can only be read"), "{text}");
}

#[tokio::test]
async fn a_name_that_needs_quotes_is_refused() {
    for name in ["", "Alm", "1alm", "pg_alm", "public", "a-b", "a;drop", "ä", "a\"b", &"a".repeat(64)] {
        let error = PostgresStore::open(options().schema(name)).await.unwrap_err();
        received(&error, "O-14");
        assert_eq!(error.kind(), ErrorKind::Refused, "{name}: {error}");
    }
    open(&options().schema(format!("t_{}", "x9_".repeat(9)))).await.close().await.unwrap();
}

#[tokio::test]
async fn of_many_that_open_it_first_one_makes_it() {
    let options = options();
    let opening = (0..8).map(|_| {
        let options = options.clone();
        tokio::spawn(async move { PostgresStore::open(options).await?.meta().await })
    });
    let opening: Vec<_> = opening.collect();
    let mut instances = Vec::new();
    for opened in opening {
        instances.push(opened.await.unwrap().unwrap().instance);
    }
    instances.dedup();
    assert_eq!(instances.len(), 1);
}

#[tokio::test]
async fn tables_that_vanish_are_named_and_nothing_is_made() {
    let options = options();
    let store = open(&options).await;
    administer(&format!("DROP SCHEMA {} CASCADE", options.schema));
    let error = store.commit(create(1, "{}".to_owned())).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::StoreUnavailable, Outcome::NotDone), "{error}");
    assert!(error.to_string().contains("no tables of ours"), "{error}");
    let error = store.meta().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable, "{error}");
}
