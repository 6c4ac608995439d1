//! The store in PostgreSQL, on a real server, as `.ci/postgres` makes it. Without the variables that it sets, these fail; whoever has no
//! server leaves them out by name (`-- --skip real_postgres`) and says so.

mod crash;
mod foreign;
mod forget;
mod leases;
mod life;
mod processes;
mod secure;
mod server;
mod stall;
mod suite;
mod wake;

use std::time::Duration;

use alm_core::adapter::store_postgres::{LeaseClock, PostgresOptions, PostgresStore};
use alm_core::model::ids::{DomainId, EngineId};
use alm_core::port::store::{Claim, Commit, Put, RecordKind, Work};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `.ci/postgres start` and then this under `.ci/postgres exec --`, or leave it out with --skip real_postgres")
    })
}

/// A schema that nobody else has.
fn new_schema() -> String {
    format!("t_{}", Uuid::new_v4().simple())
}

/// Over the Unix socket, in a schema of its own.
fn options() -> PostgresOptions {
    let mut options = PostgresOptions::new(
        variable("PG_TEST_SOCKET"),
        variable("PG_TEST_DATABASE"),
        variable("PG_TEST_USER"),
    )
    .password(variable("PG_TEST_PASSWORD"))
    .port(variable("PG_TEST_PORT").parse().unwrap())
    .schema(new_schema());
    options.readers = 3;
    options
}

/// By the claimer's clock, for tests that say what time it is.
fn any_time() -> PostgresOptions {
    options().clock(LeaseClock::Claimer)
}

async fn open(options: &PostgresOptions) -> PostgresStore {
    PostgresStore::open(options.clone()).await.unwrap()
}

fn domain() -> DomainId {
    DomainId::new(Uuid::from_u128(1))
}

/// So many seconds from now.
fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(seconds)
}

/// A saga that an engine can claim from some instant on.
fn ready(number: u128, expected: u64, ready_at: Timestamp) -> Commit {
    let put = Put {
        kind: RecordKind::Saga,
        id: Uuid::from_u128(number),
        expected,
        body: "{}".to_owned(),
        indexes: Vec::new(),
        due: Vec::new(),
        unique: Vec::new(),
        work: Some(Work { domain: domain(), ready_at }),
    };
    Commit { puts: vec![put], ..Commit::default() }
}

fn claim(engine: u128, now: Timestamp, lease: Duration) -> Claim {
    Claim {
        engine: EngineId::new(Uuid::from_u128(engine)),
        domains: vec![domain()],
        now,
        lease,
        grace: Duration::ZERO,
        take_back: false,
        limit: 10,
    }
}
