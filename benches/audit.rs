//! The audit chain: hashing it in memory and appending to it in groups, each beside the obvious other way. Prints the figures and what they must be,
//! with what a commit survives beside each, and fails when one is missed: `cargo bench -p benches --bench audit`. The file is made where
//! `TMPDIR` says: choose a disk, and not memory.

mod figure;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use alm_core::adapter::store_memory::MemoryStore;
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::audit::{AuditEntry, AuditRecord, ChainHash, ContentHash};
use alm_core::model::ids::InstanceId;
use alm_core::port::store::{Commit, Store};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use uuid::Uuid;

use figure::{Figure, cpu, median};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const RECORDS: usize = 100_000;
/// Records of one commit.
const GROUP: usize = 256;
/// Commits of one record each that wait at the same time.
const AT_ONCE: usize = 256;
const ROUNDS: usize = 5;

/// What an engine writes most: the end of an effect.
fn entry(n: usize) -> Result<AuditEntry> {
    let id = |kind: u128| Uuid::from_u128((kind << 100) | u128::try_from(n).unwrap_or(0));
    let at = Timestamp::from_second(1_795_000_000 + i64::try_from(n)?)?;
    let mut entry = AuditEntry::new(at, "effect.finished", format!("account {}", id(1)));
    entry.source = format!("engine {}", Uuid::from_u128(2));
    entry.facts =
        json!({ "saga": id(3), "effect": "add_account", "result": "done", "epoch": n, "attempt": 1 });
    entry.salt = Some(id(9).simple().to_string());
    Ok(entry)
}

fn chain(entries: &[AuditEntry]) -> Result<Vec<AuditRecord>> {
    let mut prev = ChainHash::GENESIS;
    let link = |(seq, entry): (u64, &AuditEntry)| {
        let record = AuditRecord::link(seq, prev, entry.clone())?;
        prev = record.hash;
        Ok(record)
    };
    (1..).zip(entries).map(link).collect()
}

/// Records a second of processor time, in the middle of some rounds.
fn rate(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let begin = cpu()?;
        work()?;
        rates.push(RECORDS as f64 / (cpu()? - begin) as f64 * 1e9);
    }
    Ok(median(rates))
}

fn hashing(entries: &[AuditEntry], records: &[AuditRecord]) -> Result<Vec<Figure>> {
    let bytes: usize = records.iter().map(|record| record.body.len()).sum();
    let hashes = rate(|| {
        let mut prev = ChainHash::GENESIS;
        for record in records {
            prev = ChainHash::link(record.seq, prev, ContentHash::of(&record.body));
        }
        if Some(prev) == records.last().map(|record| record.hash) {
            Ok(())
        } else {
            Err("another chain".into())
        }
    })?;
    let verified = rate(|| {
        let mut prev = ChainHash::GENESIS;
        for (seq, record) in (1..).zip(records) {
            record.verify(seq, prev)?;
            prev = record.hash;
        }
        Ok(())
    })?;
    let plain = rate(|| {
        for record in records {
            black_box(Sha256::digest(record.body.as_bytes()));
        }
        Ok(())
    })?;
    let linked = rate(|| chain(entries).map(|records| drop(black_box(records))))?;
    println!(
        "in memory, nothing is kept; bodies of {} bytes: plain SHA-256 of each {plain:.0}/s; written as JSON and hashed {linked:.0}/s",
        bytes / records.len()
    );
    Ok(vec![
        Figure::at_least("records hashed a second, in memory", hashes, 500_000.0),
        Figure::at_least("records verified a second, in memory", verified, 500_000.0),
        // Two hashes, and the second is of two blocks.
        Figure::at_most("times plain SHA-256 of the bodies", plain / hashes, 3.0),
    ])
}

fn instance() -> InstanceId {
    InstanceId::new(Uuid::from_u128(1))
}

/// Records a second by the clock, appended by one who waits for each commit.
async fn in_groups(store: &impl Store, entries: &[AuditEntry]) -> Result<f64> {
    let begin = Instant::now();
    for group in entries.chunks(GROUP) {
        store.commit(Commit { audit: group.to_vec(), ..Commit::default() }).await?;
    }
    Ok(entries.len() as f64 / begin.elapsed().as_secs_f64())
}

/// The same by many, each with one record, of which the store makes groups itself.
async fn at_once(store: Arc<SqliteStore>, entries: &[AuditEntry]) -> Result<f64> {
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for own in entries.chunks(entries.len().div_ceil(AT_ONCE)) {
        let (store, own) = (Arc::clone(&store), own.to_vec());
        tasks.spawn(async move {
            for entry in own {
                store.commit(Commit { audit: vec![entry], ..Commit::default() }).await?;
            }
            Ok::<(), alm_core::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(entries.len() as f64 / begin.elapsed().as_secs_f64())
}

/// The same rows into the same table, by somebody who hashes nothing and waits for nobody.
async fn bare(connection: &mut SqliteConnection, records: &[AuditRecord]) -> Result<f64> {
    const VALUES: &str = "(?, ?, ?, ?, ?)";
    let rows: Vec<_> =
        records.iter().map(|record| (record, record.prev.to_string(), record.hash.to_string())).collect();
    let begin = Instant::now();
    for group in rows.chunks(GROUP) {
        let values = vec![VALUES; group.len()].join(", ");
        let text = format!("INSERT INTO audit (seq, prev, hash, body, personal) VALUES {values}");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for (record, prev, hash) in group {
            query = query.bind(i64::try_from(record.seq)?).bind(prev.as_str()).bind(hash.as_str());
            query = query.bind(record.body.as_str()).bind(None::<&str>);
        }
        let mut transaction = connection.begin().await?;
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(records.len() as f64 / begin.elapsed().as_secs_f64())
}

async fn appending(entries: &[AuditEntry], records: &[AuditRecord]) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let (mut grouped, mut single, mut plain, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let path = |name: &str| folder.path().join(format!("{name}-{round}"));
        let store = SqliteStore::open(path("groups"), SqliteOptions::default()).await?;
        grouped.push(in_groups(&store, entries).await?);
        if store.audit_head().await? != records.last().map(|last| (last.seq, last.hash)).ok_or("none")? {
            return Err("another chain".into());
        }
        store.close().await?;

        let store = Arc::new(SqliteStore::open(path("once"), SqliteOptions::default()).await?);
        single.push(at_once(Arc::clone(&store), entries).await?);
        Arc::into_inner(store).ok_or("somebody has it still")?.close().await?;

        let mut connection = SqliteConnectOptions::new()
            .filename(path("bare"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging()
            .connect()
            .await?;
        let table = "CREATE TABLE audit (seq INTEGER PRIMARY KEY, prev TEXT NOT NULL, hash TEXT NOT NULL, \
                     body TEXT NOT NULL, personal TEXT) STRICT";
        sqlx::query(table).execute(&mut connection).await?;
        plain.push(bare(&mut connection, records).await?);
        connection.close().await?;

        memory.push(in_groups(&MemoryStore::new(instance()), entries).await?);
    }
    let (grouped, single, plain, memory) = (median(grouped), median(single), median(plain), median(memory));
    println!(
        "SQLite, WAL, synchronous=FULL (survives a power loss): bare INSERTs of {GROUP} rows {plain:.0}/s; {AT_ONCE} at once with one record each \
         {single:.0}/s"
    );
    Ok(vec![
        Figure::at_least("appended a second in groups, SQLite, synchronous=FULL", grouped, 20_000.0),
        Figure::at_least("of the rate of bare INSERTs, SQLite, synchronous=FULL", grouped / plain, 0.3),
        Figure::at_least("appended a second in groups, memory (survives nothing)", memory, 100_000.0),
    ])
}

fn run() -> Result<bool> {
    let entries: Vec<AuditEntry> = (0..RECORDS).map(entry).collect::<Result<_>>()?;
    let records = chain(&entries)?;
    let mut figures = hashing(&entries, &records)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    figures.extend(runtime.block_on(appending(&entries, &records))?);
    Ok(figure::print_all(&figures))
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
