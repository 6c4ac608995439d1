//! The one connection that writes, in a task of its own.
//!
//! Changes wait in a queue, and those that wait together go to the disk together: one flush for all of them. Each runs under a savepoint,
//! so that one which the contract refuses takes no other with it. Because the task finishes what it began, a caller that stops waiting can
//! leave neither half a transaction nor a writer that is stuck in one.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::error::{self, Failure};
use super::sql;
use super::value::{Columns as _, query};
use crate::error::{Outcome, Result};
use crate::model::audit::ChainHash;

/// How many changes may wait before their callers wait for a place in the queue.
const QUEUE: usize = 256;
/// How many changes share one transaction at most.
const BATCH: usize = 64;

/// A change of the store.
///
/// It may run more than once: when another in the same transaction broke it, each is tried again alone.
pub(super) trait Change: Send + Sync + 'static {
    /// What the caller learns.
    type Answer: Send;

    /// For errors.
    const OPERATION: &'static str;

    /// Makes the change in a transaction that may yet be rolled back.
    fn run(&self, on: &mut Transaction<'_>) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// An open transaction with the numbers that every change may need.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) counters: Counters,
}

/// The numbers of the store that only rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) epoch: u64,
    pub(super) commits: u64,
    pub(super) audit_seq: u64,
    pub(super) audit_hash: ChainHash,
}

impl Counters {
    async fn load(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        use sqlx::Row as _;

        let row = query(sql::COUNTERS, []).fetch_one(connection).await?;
        let empty = row.try_get::<Option<i64>, _>(2)?.is_none();
        let (audit_seq, audit_hash) =
            if empty { (0, ChainHash::GENESIS) } else { (row.number(2)?, row.hash(3)?) };
        Ok(Self { epoch: row.number(0)?, commits: row.number(1)?, audit_seq, audit_hash })
    }

    async fn save(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        query(sql::SAVE_COUNTERS, [self.epoch.into(), self.commits.into()]).execute(connection).await?;
        Ok(())
    }
}

/// The way to the writer.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    task: JoinHandle<()>,
    path: Arc<Path>,
}

impl Writer {
    /// Starts the task; `lock` is let go when it has ended and its connection is closed.
    pub(super) async fn start(
        path: Arc<Path>,
        options: SqliteConnectOptions,
        lock: File,
    ) -> Result<Self, sqlx::Error> {
        let connection = Some(options.connect().await?);
        let (queue, jobs) = mpsc::channel(QUEUE);
        let worker = Worker { path: path.clone(), options, connection };
        let task = tokio::spawn(async move {
            worker.run(jobs).await;
            drop(lock);
        });
        Ok(Self { queue, task, path })
    }

    /// Has a change made. If the future is dropped, it is made nevertheless, unless it has not begun yet.
    pub(super) async fn change<C: Change>(&self, change: C) -> Result<C::Answer> {
        let ended = || error::ended(C::OPERATION, &self.path);
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending { change, result: None, reply });
        self.queue.send(job).await.map_err(|_| ended().with_outcome(Outcome::NotSent))?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Waits until everything in the queue is done and the connection is closed.
    pub(super) async fn close(self) {
        drop(self.queue);
        // It only fails when the runtime is ending, which closes it too.
        drop(self.task.await);
    }
}

/// A change with its caller.
#[async_trait]
trait Job: Send {
    /// Whether nobody waits for it any more.
    fn abandoned(&self) -> bool;

    /// Runs it. `Ok(false)`: it was refused, and what it did so far has to be undone.
    async fn run(&mut self, on: &mut Transaction<'_>) -> Result<bool, sqlx::Error>;

    /// Tells the caller, now that the transaction has ended.
    fn answer(self: Box<Self>, path: &Path, ended: &Ended);
}

/// How a transaction ended.
enum Ended {
    Committed,
    Failed(Failed),
}

/// A transaction that did not happen, or of which that is not known.
#[derive(Clone)]
struct Failed {
    error: Arc<sqlx::Error>,
    outcome: Outcome,
}

struct Pending<C: Change> {
    change: C,
    result: Option<Result<C::Answer>>,
    reply: oneshot::Sender<Result<C::Answer>>,
}

#[async_trait]
impl<C: Change> Job for Pending<C> {
    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    async fn run(&mut self, on: &mut Transaction<'_>) -> Result<bool, sqlx::Error> {
        let (result, keep) = match self.change.run(on).await {
            Ok(answer) => (Ok(answer), true),
            Err(Failure::Refused(error)) => (Err(error), false),
            Err(Failure::Broken(error)) => return Err(error),
        };
        self.result = Some(result);
        Ok(keep)
    }

    fn answer(self: Box<Self>, path: &Path, ended: &Ended) {
        let failed =
            |failed: &Failed| Err(error::of(C::OPERATION, path, &failed.error).with_outcome(failed.outcome));
        let answer = match (ended, self.result) {
            (Ended::Failed(why), _) => failed(why),
            // A refusal is true whatever became of the transaction.
            (Ended::Committed, Some(result)) => result,
            (Ended::Committed, None) => Err(error::ended(C::OPERATION, path)),
        };
        // Nobody may be waiting for it any more.
        drop(self.reply.send(answer));
    }
}

struct Worker {
    path: Arc<Path>,
    options: SqliteConnectOptions,
    /// `None` after it was lost.
    connection: Option<SqliteConnection>,
}

impl Worker {
    async fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while jobs.recv_many(&mut batch, BATCH).await > 0 {
            batch.retain(|job| !job.abandoned());
            self.make(std::mem::take(&mut batch)).await;
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            // Nothing is lost by it: the next one to open the file reads the log.
            tracing::warn!(store = %self.path.display(), %error, "the store was not closed cleanly");
        }
    }

    async fn make(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let ended = self.together(&mut jobs).await;
        let alone = jobs.len() == 1;
        for mut job in jobs {
            match &ended {
                // One of them may have broken it for all: the disk may have room for the others.
                Ended::Failed(Failed { outcome: Outcome::NotDone, .. }) if !alone => {
                    let ended = self.together(std::slice::from_mut(&mut job)).await;
                    job.answer(&self.path, &ended);
                }
                ended => job.answer(&self.path, ended),
            }
        }
    }

    /// One transaction for all of them.
    async fn together(&mut self, jobs: &mut [Box<dyn Job>]) -> Ended {
        if jobs.is_empty() {
            return Ended::Committed;
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match self.options.connect().await {
                Ok(connection) => connection,
                Err(error) => return failed(error, Outcome::NotDone),
            },
        };
        let ended = match fill(&mut connection, jobs).await {
            Err(error) => failed(error, Outcome::NotDone),
            Ok(()) => match execute(&mut connection, "COMMIT").await {
                Ok(()) => Ended::Committed,
                Err(error) if error::certainly_undone(&error) => failed(error, Outcome::NotDone),
                Err(error) => failed(error, Outcome::Unknown),
            },
        };
        if let Ended::Failed(Failed { error, .. }) = &ended {
            // SQLite has ended the transaction by itself after some failures; then this one fails, as it should.
            let rolled_back = execute(&mut connection, "ROLLBACK").await;
            if error::connection_lost(error) || rolled_back.is_err_and(|error| error::connection_lost(&error))
            {
                return ended;
            }
        }
        self.connection = Some(connection);
        ended
    }
}

fn failed(error: sqlx::Error, outcome: Outcome) -> Ended {
    Ended::Failed(Failed { error: Arc::new(error), outcome })
}

/// Everything between BEGIN and COMMIT.
async fn fill(connection: &mut SqliteConnection, jobs: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
    // At once for writing: nobody else writes, and a transaction that starts by reading could fail later.
    execute(connection, "BEGIN IMMEDIATE").await?;
    let loaded = Counters::load(connection).await?;
    let mut on = Transaction { connection, counters: loaded };
    for job in jobs {
        let before = on.counters;
        execute(on.connection, "SAVEPOINT change").await?;
        if !job.run(&mut on).await? {
            execute(on.connection, "ROLLBACK TO change").await?;
            on.counters = before;
        }
        execute(on.connection, "RELEASE change").await?;
    }
    if on.counters != loaded {
        on.counters.save(on.connection).await?;
    }
    Ok(())
}

async fn execute(connection: &mut SqliteConnection, text: &'static str) -> Result<(), sqlx::Error> {
    query(text, []).execute(connection).await?;
    Ok(())
}
