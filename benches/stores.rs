//! What a store makes possible: commits in one file of SQLite and in PostgreSQL, by one caller and by many; and engines of one process and of four
//! on one PostgreSQL, where what takes time is the directory and the vault. Prints the figures and what they must be, and fails when one is missed:
//! `.ci/postgres start && .ci/postgres exec -- cargo bench -p benches --bench stores`; without the server, what needs none.
//!
//! A commit is a document with an index, an instant and a name, and an audit record. An engine is as the service's link is to the store: of each
//! effect the beginning and the end are commits with a journal entry and an audit record, under the fence of the lease; each effect waits 100 ms for
//! somebody else. Durability as in production: `synchronous=FULL` for SQLite, `fsync` and `synchronous_commit` for PostgreSQL.

#[allow(dead_code, reason = "each program uses what it needs of it")]
mod figure;

use std::error::Error;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alm_core::adapter::store_postgres::{PostgresOptions, PostgresStore};
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::audit::{Actor, AuditEntry, AuditResult};
use alm_core::model::ids::{DomainId, EngineId, SagaId};
use alm_core::port::store::{
    Claim, Commit, DueKind, Fence, JournalEntry, Lease, Put, RecordKind, Store, Work,
};
use figure::{Figure, print_all};
use jiff::Timestamp;
use tokio::task::JoinSet;
use uuid::Uuid;

type Failed = Box<dyn Error + Send + Sync>;

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(5);
const IN_FLIGHT: u32 = 8;
const CALL: Duration = Duration::from_millis(100);
/// Effects of a provisioning.
const EFFECTS: u64 = 6;
/// Tells this program that it is one of the engines' processes: the schema, and which one.
const ENGINES: &str = "ALM_BENCH_ENGINES";

fn entry(subject: &str) -> Result<AuditEntry, Failed> {
    Ok(serde_json::from_value(serde_json::json!({
        "at": "2026-11-20T10:00:00Z",
        "actor": Actor::System,
        "source": "bench",
        "action": "bench.done",
        "subject": subject,
        "result": AuditResult::Done,
        "facts": { "before": 1, "after": 2 },
        "personal": null,
    }))?)
}

fn put(kind: RecordKind, id: Uuid, expected: u64) -> Put {
    let (indexes, due, unique) = (Vec::new(), Vec::new(), Vec::new());
    Put {
        kind,
        id,
        expected,
        body: format!("{{\"text\":\"{}\"}}", "x".repeat(400)),
        indexes,
        due,
        unique,
        work: None,
    }
}

fn account(id: Uuid) -> Result<Commit, Failed> {
    let account = Put {
        indexes: vec![("status", "active".to_owned())],
        due: vec![(DueKind::EndOfLife, Timestamp::UNIX_EPOCH)],
        unique: vec![id.to_string()],
        ..put(RecordKind::Account, id, 0)
    };
    Ok(Commit { puts: vec![account], audit: vec![entry(&id.to_string())?], ..Commit::default() })
}

/// Commits in a second, with so many callers at the same time.
async fn commits(store: Arc<dyn Store>, callers: usize) -> Result<f64, Failed> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < TIME {
                store.commit(account(Uuid::new_v4())?).await?;
                done += 1;
            }
            Ok::<_, Failed>(done)
        });
    }
    let mut all = 0;
    while let Some(done) = tasks.join_next().await {
        all += done??;
    }
    Ok(f64::from(all) / begun.elapsed().as_secs_f64())
}

fn variable(name: &str) -> Result<String, Failed> {
    std::env::var(name).map_err(|_| format!("{name} is not set; see .ci/postgres").into())
}

async fn postgres(schema: &str) -> Result<PostgresStore, Failed> {
    let options = PostgresOptions::new(
        variable("PG_TEST_SOCKET")?,
        variable("PG_TEST_DATABASE")?,
        variable("PG_TEST_USER")?,
    );
    let options = options.password(variable("PG_TEST_PASSWORD")?).port(variable("PG_TEST_PORT")?.parse()?);
    Ok(PostgresStore::open(options.schema(schema)).await?)
}

fn domain() -> DomainId {
    DomainId::new(Uuid::from_u128(1))
}

/// Sagas that wait for an engine.
async fn queue(store: &dyn Store, count: u32) -> Result<(), Failed> {
    let ready = |_| Put {
        work: Some(Work { domain: domain(), ready_at: Timestamp::UNIX_EPOCH }),
        ..put(RecordKind::Saga, Uuid::new_v4(), 0)
    };
    for _ in 0..count / 100 {
        store.commit(Commit { puts: (0..100).map(ready).collect(), ..Commit::default() }).await?;
    }
    Ok(())
}

/// One saga, from its lease to its end.
async fn carry_out(store: &dyn Store, lease: Lease) -> Result<(), Failed> {
    let fence = Some(Fence { saga: lease.saga, epoch: lease.epoch });
    for seq in 1..=EFFECTS * 2 {
        let document = store.load(RecordKind::Saga, lease.saga.uuid()).await?.ok_or("no saga")?;
        store.journal(SagaId::new(document.id)).await?;
        // The end of the last takes it out of the queue.
        let work = (seq < EFFECTS * 2).then_some(Work { domain: domain(), ready_at: Timestamp::UNIX_EPOCH });
        let saga = Put { work, ..put(RecordKind::Saga, document.id, document.version) };
        let journal = vec![JournalEntry { saga: lease.saga, seq, body: "{}".to_owned() }];
        let audit = vec![entry("effect")?];
        store.commit(Commit { fence, puts: vec![saga], journal, audit, ..Commit::default() }).await?;
        if seq % 2 == 1 {
            tokio::time::sleep(CALL).await;
        }
    }
    Ok(store.release(&lease).await?)
}

/// The engines of one process; how many sagas they ended.
async fn engines(schema: &str, number: u128) -> Result<u32, Failed> {
    let store = Arc::new(postgres(schema).await?);
    let (begun, mut tasks) = (Instant::now(), JoinSet::new());
    for place in 0..IN_FLIGHT {
        let store = Arc::clone(&store);
        let engine = EngineId::new(Uuid::from_u128(number * 1000 + u128::from(place)));
        tasks.spawn(async move {
            let mut done = 0;
            while begun.elapsed() < TIME {
                let claim = Claim {
                    engine,
                    domains: vec![domain()],
                    now: Timestamp::now(),
                    lease: Duration::from_mins(2),
                    grace: Duration::from_secs(45),
                    take_back: false,
                    limit: 1,
                };
                for lease in store.claim(claim).await? {
                    carry_out(&*store, lease).await?;
                    done += 1;
                }
            }
            Ok::<_, Failed>(done)
        });
    }
    let mut all = 0;
    while let Some(done) = tasks.join_next().await {
        all += done??;
    }
    Ok(all)
}

/// Seconds that all processors of the machine were busy, for whomever.
fn busy() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let numbers: Vec<f64> = text
        .lines()
        .next()
        .into_iter()
        .flat_map(|line| line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()))
        .collect();
    // Neither idle nor waiting for the disk; in hundredths of a second.
    let idle: f64 = numbers.iter().skip(3).take(2).sum();
    (numbers.iter().take(8).sum::<f64>() - idle) / 100.0
}

/// Sagas in a second of so many processes, and how many processors were busy with all of it.
async fn processes(count: u128) -> Result<(f64, f64), Failed> {
    let schema = format!("bench_{}", Uuid::new_v4().simple());
    let store = postgres(&schema).await?;
    queue(&store, 4000).await?;
    let (begun, before) = (Instant::now(), busy());
    let others: Vec<Child> = (1..=count)
        .map(|number| {
            Command::new(std::env::current_exe()?)
                .env(ENGINES, format!("{schema} {number}"))
                .stdout(Stdio::piped())
                .spawn()
        })
        .collect::<Result<_, _>>()?;
    let mut all = 0;
    for other in others {
        let output = other.wait_with_output()?;
        all += String::from_utf8(output.stdout)?.trim().parse::<u32>()?;
    }
    let took = begun.elapsed().as_secs_f64();
    Ok((f64::from(all) / took, (busy() - before) / took))
}

/// What a flush of the disk takes, in milliseconds: a commit that waits for it takes no less.
fn flush(folder: &Path) -> Result<f64, Failed> {
    use std::io::Write as _;

    let mut file = std::fs::File::create(folder.join("flushed"))?;
    let begun = Instant::now();
    for _ in 0..50 {
        file.write_all(&[7; 8192])?;
        file.sync_data()?;
    }
    Ok(begun.elapsed().as_secs_f64() * 20.0)
}

async fn measure() -> Result<bool, Failed> {
    let folder = tempfile::tempdir()?;
    println!("a flush of the disk: {:.2} ms", flush(folder.path())?);
    let sqlite = SqliteStore::open(folder.path().join("store"), SqliteOptions::default()).await?;
    let sqlite: Arc<dyn Store> = Arc::new(sqlite);
    let mut figures = vec![
        Figure::at_least(
            "commits/s in SQLite (FULL), one caller",
            commits(Arc::clone(&sqlite), 1).await?,
            50.0,
        ),
        Figure::at_least("commits/s in SQLite (FULL), 64 callers", commits(sqlite, 64).await?, 500.0),
    ];
    if std::env::var_os("PG_TEST_SOCKET").is_none() {
        println!("left out: PostgreSQL (see .ci/postgres)");
        return Ok(print_all(&figures));
    }
    let schema = format!("bench_{}", Uuid::new_v4().simple());
    let one: Arc<dyn Store> = Arc::new(postgres(&schema).await?);
    let alone = commits(Arc::clone(&one), 1).await?;
    let many = commits(one, 64).await?;
    figures.push(Figure::at_least("commits/s in PostgreSQL (fsync), one caller", alone, 30.0));
    figures.push(Figure::at_least("commits/s in PostgreSQL (fsync), 64 callers", many, 200.0));
    let (single, one_busy) = processes(1).await?;
    let (four, four_busy) = processes(4).await?;
    println!(
        "engines: {IN_FLIGHT} in flight each, {CALL:?} a call; processors busy: {one_busy:.2} with one, {four_busy:.2} with four"
    );
    figures.push(Figure::at_least("sagas/s, one process of engines", single, 5.0));
    figures.push(Figure::at_least("sagas/s, four processes of engines", four, 15.0));
    figures.push(Figure::at_least("four processes of engines, times one", four / single, 3.0));
    Ok(print_all(&figures))
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match std::env::var(ENGINES) {
        Ok(told) => match told.split_once(' ').map(|(schema, number)| (schema, number.parse())) {
            Some((schema, Ok(number))) => engines(schema, number).await.map(|done| {
                println!("{done}");
                true
            }),
            _ => Err("no schema and number".into()),
        },
        Err(_) => measure().await,
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stores: {error}");
            ExitCode::FAILURE
        }
    }
}
