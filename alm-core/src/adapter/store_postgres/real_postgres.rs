//! What is looked at from inside, on a real server, as `.ci/postgres` makes it. Without the variables that it sets, these fail; whoever has no
//! server leaves them out by name (`-- --skip real_postgres`) and says so.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use uuid::Uuid;

use super::backend::Postgres;
use super::schema::{self, Found, STEPS};
use super::{PostgresOptions, PostgresStore};
use crate::adapter::sql::backend::Backend as _;
use crate::adapter::sql::expect::question;
use crate::adapter::sql::statements::ALL;
use crate::port::store::Store as _;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `.ci/postgres start` and then this under `.ci/postgres exec --`, or leave it out with --skip real_postgres")
    })
}

fn options() -> PostgresOptions {
    let (socket, database, user) =
        (variable("PG_TEST_SOCKET"), variable("PG_TEST_DATABASE"), variable("PG_TEST_USER"));
    PostgresOptions::new(socket, database, user)
        .password(variable("PG_TEST_PASSWORD"))
        .port(variable("PG_TEST_PORT").parse().unwrap())
        .schema(format!("t_{}", Uuid::new_v4().simple()))
}

/// A connection to the schema, past the store.
async fn connection(options: &PostgresOptions) -> PgConnection {
    Postgres::new(options.clone()).connect().await.unwrap().connection
}

/// How many values a statement takes.
fn places(text: &str) -> usize {
    (1..20).rev().find(|place| text.contains(&format!("${place}"))).unwrap_or(0)
}

async fn plan(connection: &mut PgConnection, text: &str) -> Vec<String> {
    // The one statement from whose text the server cannot tell what its values are.
    let types = if text.starts_with("INSERT INTO journal") { "(uuid, bigint, text)" } else { "" };
    let prepare = format!("PREPARE looked_at{types} AS {text}");
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
    let values = match places(text) {
        0 => String::new(),
        count => format!("({})", vec!["NULL"; count].join(", ")),
    };
    let explain = format!("EXPLAIN EXECUTE looked_at{values}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql("DEALLOCATE looked_at").execute(&mut *connection).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// On tables that are empty, where reading all of one would be the cheapest: without that, a plan that still does it has no index to use.
#[tokio::test]
async fn every_statement_is_answered_from_an_index() {
    let options = options();
    PostgresStore::open(options.clone()).await.unwrap().close().await.unwrap();
    let mut connection = connection(&options).await;
    let settings = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off";
    sqlx::raw_sql(settings).execute(&mut connection).await.unwrap();
    let own =
        [("FIND", Postgres::FIND), ("COUNTERS", Postgres::COUNTERS), ("CLAIMABLE", Postgres::CLAIMABLE)];
    let mut looked_at = 0;
    let expects = question(3);
    for (name, text) in ALL.iter().chain(&own).chain(&[("EXPECTS", expects.as_str())]) {
        for step in plan(&mut connection, text).await {
            assert!(!step.contains("Seq Scan"), "{name} reads a whole table: {step}");
            assert!(!step.contains("Sort"), "{name} sorts: {step}");
            // An index that is read from one end to the other is no better.
            assert!(!step.contains("Filter: (domain") && !step.contains("Filter: (kind"), "{name}: {step}");
        }
        looked_at += 1;
    }
    assert!(looked_at > 40, "{looked_at}");
    // The test sees what it looks for.
    let bad = plan(&mut connection, "SELECT id FROM record WHERE body = $1 ORDER BY version").await;
    assert!(bad.iter().any(|step| step.contains("Seq Scan")) && bad.iter().any(|step| step.contains("Sort")));
}

/// Not only can an index be used: with many rows the server chooses it, by itself.
#[tokio::test]
async fn of_many_rows_few_are_read() {
    let options = options();
    PostgresStore::open(options.clone()).await.unwrap().close().await.unwrap();
    let mut connection = connection(&options).await;
    let fill = "INSERT INTO record SELECT 'account', gen_random_uuid(), 1, '{}' FROM generate_series(1, 20000);
        INSERT INTO record_index SELECT 'account', 'owner', (row_number() OVER ())::text, id FROM record;
        INSERT INTO due SELECT 'reminder', row_number() OVER (), id, 'account' FROM record;
        INSERT INTO unique_name SELECT id::text, 'account', id FROM record;
        INSERT INTO work SELECT id, gen_random_uuid(), 0, 0, NULL, NULL FROM record;
        INSERT INTO journal SELECT id, 1, '{}' FROM record;
        INSERT INTO audit SELECT n, '', '', '{}', NULL FROM generate_series(1, 20000) AS n;
        INSERT INTO outbox (event, body) SELECT id, '{}' FROM record;
        INSERT INTO remembered SELECT id, 'key', '', '', 0 FROM record;
        INSERT INTO delivery (destination, event, account, version, state, ready_at, at, attempts, round, after_gap, body)
            SELECT gen_random_uuid(), id, id, 1, 'waiting', 0, 0, 0, 0, 0, '{}' FROM record;
        ANALYZE record, record_index, due, unique_name, work, journal, audit, outbox, remembered, delivery";
    sqlx::raw_sql(fill).execute(&mut connection).await.unwrap();
    sqlx::raw_sql("SET plan_cache_mode = force_generic_plan").execute(&mut connection).await.unwrap();
    let own =
        [("FIND", Postgres::FIND), ("COUNTERS", Postgres::COUNTERS), ("CLAIMABLE", Postgres::CLAIMABLE)];
    // What counts all that is older than a time, which may be most of it; and what deletes a page of that, which is much of so few rows.
    let of_a_time = ["FORGET", "COUNT_DUE", "DELIVERY_AGE"];
    let expects = question(3);
    for (name, text) in ALL
        .iter()
        .chain(&own)
        .chain(&[("EXPECTS", expects.as_str())])
        .filter(|(name, _)| !of_a_time.contains(name))
    {
        let steps = plan(&mut connection, text).await;
        for step in &steps {
            // The one row of `meta` is read as a whole.
            assert!(!step.contains("Seq Scan") || step.contains("Seq Scan on meta"), "{name}: {steps:#?}");
        }
    }
}

const BROKEN: &[&str] = &[
    STEPS[0],
    "ALTER TABLE meta ADD COLUMN extra TEXT NOT NULL DEFAULT 'new'",
    "ALTER TABLE nothing ADD COLUMN extra TEXT",
];

#[tokio::test]
async fn a_step_keeps_what_is_there_and_a_failed_one_changes_nothing() {
    let options = options();
    let store = PostgresStore::open(options.clone()).await.unwrap();
    let instance = store.meta().await.unwrap().instance;
    let mut connection = connection(&options).await;

    schema::prepare(&mut connection, &options.schema, BROKEN).await.map(drop).unwrap_err();
    assert_eq!(store.meta().await.unwrap().format, schema::FORMAT);
    let again = PostgresStore::open(options.clone()).await.unwrap();
    assert_eq!(again.meta().await.unwrap().instance, instance);

    let found = schema::prepare(&mut connection, &options.schema, &BROKEN[..2]).await.unwrap();
    assert_eq!(found, Found::Ready);
    let row =
        sqlx::query("SELECT extra, format, instance FROM meta").fetch_one(&mut connection).await.unwrap();
    assert_eq!((row.get::<String, _>(0), row.get::<i64, _>(1)), ("new".to_owned(), 2));
    assert_eq!(row.get::<Uuid, _>(2), instance.uuid());
    let newer = PostgresStore::open(options).await.unwrap_err();
    assert_eq!(newer.kind(), crate::ErrorKind::StoreNewer);
    connection.close().await.unwrap();
}
