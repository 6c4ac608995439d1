//! The one connection that writes, in a task of its own.
//!
//! Changes wait in a queue, and those that wait together go to the disk together: one flush for all of them. Each runs under a savepoint,
//! so that one which the contract refuses takes no other with it. Because the task finishes what it began, a caller that stops waiting can
//! leave neither half a transaction nor a writer that is stuck in one.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::backend::Backend;
use super::failure::Failure;
use super::signal::Signal;
use super::statements as sql;
use super::value::{Columns as _, Value};
use crate::error::{Outcome, Result};
use crate::model::audit::ChainHash;

/// How many changes may wait before their callers wait for a place in the queue.
const QUEUE: usize = 256;
/// How many changes share one transaction at most.
const BATCH: usize = 64;

/// A change of the store.
///
/// It may run more than once: when another in the same transaction broke it, each is tried again alone.
pub(in crate::adapter) trait Change<B: Backend>: Send + Sync + 'static {
    /// What the caller learns.
    type Answer: Send;

    /// For errors.
    const OPERATION: &'static str;

    /// Makes the change in a transaction that may yet be rolled back.
    fn run(&self, on: &mut Transaction<'_, B>) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// An open transaction with the numbers that every change may need.
pub(in crate::adapter) struct Transaction<'a, B: Backend> {
    backend: &'a B,
    connection: &'a mut B::Connection,
    pub(super) counters: Counters,
    /// Whether there is work now that an engine may be waiting for.
    pub(super) work_came: bool,
}

/// How many rows one statement writes. Few sizes, so that few statements have to be kept prepared.
const ROWS: [usize; 7] = [64, 16, 8, 4, 3, 2, 1];

impl<B: Backend> Transaction<'_, B> {
    /// Runs a statement; how many rows it changed.
    pub(super) async fn change<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<u64, sqlx::Error> {
        B::execute(self.connection, Cow::Borrowed(text), values.into()).await
    }

    pub(super) async fn all<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<Vec<B::Row>, sqlx::Error> {
        B::fetch(self.connection, text, values.into()).await
    }

    pub(super) async fn optional<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<Option<B::Row>, sqlx::Error> {
        Ok(self.all(text, values).await?.into_iter().next())
    }

    pub(super) async fn one<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<B::Row, sqlx::Error> {
        self.optional(text, values).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Now, by the clock that all who use the store share; the caller's where there is none.
    pub(super) async fn now(&mut self, callers: Timestamp) -> Result<Timestamp, sqlx::Error> {
        self.backend.now(self.connection, callers).await
    }

    /// Writes rows that are all as wide, many in one statement.
    pub(super) async fn insert_rows<const WIDTH: usize>(
        &mut self,
        beginning: &'static str,
        rows: Vec<[Value; WIDTH]>,
    ) -> Result<(), sqlx::Error> {
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        for size in ROWS {
            if left < size {
                continue;
            }
            // Nothing in the text comes from outside: a constant, brackets and numbers.
            let row = |row: usize| {
                let places = (1..=WIDTH).map(|column| format!("${}", row * WIDTH + column));
                format!("({})", places.collect::<Vec<_>>().join(", "))
            };
            let text = format!("{beginning}{}", (0..size).map(row).collect::<Vec<_>>().join(", "));
            while left >= size {
                let values = rows.by_ref().take(size).flatten().collect();
                B::execute(self.connection, Cow::Owned(text.clone()), values).await?;
                left -= size;
            }
        }
        Ok(())
    }
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
    async fn load<B: Backend>(connection: &mut B::Connection) -> Result<Self, sqlx::Error> {
        let rows = B::fetch(connection, B::COUNTERS, Vec::new()).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        B::check(row)?;
        let empty = row.maybe_int(2)?.is_none();
        let (audit_seq, audit_hash) =
            if empty { (0, ChainHash::GENESIS) } else { (row.number(2)?, row.hash(3)?) };
        Ok(Self { epoch: row.number(0)?, commits: row.number(1)?, audit_seq, audit_hash })
    }

    async fn save<B: Backend>(self, connection: &mut B::Connection) -> Result<(), sqlx::Error> {
        let values = vec![self.epoch.into(), self.commits.into()];
        B::execute(connection, Cow::Borrowed(sql::SAVE_COUNTERS), values).await?;
        Ok(())
    }
}

/// The way to the writer.
#[derive(Debug)]
pub(super) struct Writer<B: Backend> {
    queue: mpsc::Sender<Box<dyn Job<B>>>,
    task: JoinHandle<()>,
    backend: Arc<B>,
}

impl<B: Backend> Writer<B> {
    /// Starts the task; `keeps` is let go when it has ended and its connection is closed.
    pub(super) async fn start(
        backend: Arc<B>,
        signal: Signal,
        keeps: impl Send + 'static,
    ) -> Result<Self, sqlx::Error> {
        let connection = Some(backend.connect().await?);
        let (queue, jobs) = mpsc::channel(QUEUE);
        let worker = Worker { backend: Arc::clone(&backend), signal, connection };
        let task = tokio::spawn(async move {
            worker.run(jobs).await;
            drop(keeps);
        });
        Ok(Self { queue, task, backend })
    }

    /// Has a change made. If the future is dropped, it is made nevertheless, unless it has not begun yet.
    pub(super) async fn change<C: Change<B>>(&self, change: C) -> Result<C::Answer> {
        let ended = || self.backend.ended(C::OPERATION);
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
trait Job<B: Backend>: Send {
    /// Whether nobody waits for it any more.
    fn abandoned(&self) -> bool;

    /// Runs it. `Ok(false)`: it was refused, and what it did so far has to be undone.
    async fn run(&mut self, on: &mut Transaction<'_, B>) -> Result<bool, sqlx::Error>;

    /// Tells the caller, now that the transaction has ended.
    fn answer(self: Box<Self>, backend: &B, ended: &Ended);
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
    /// Whether no connection came about at all, or the database answered nobody in time: then it is no change's fault, and trying each alone
    /// would only take longer.
    away: bool,
}

struct Pending<C, A> {
    change: C,
    result: Option<Result<A>>,
    reply: oneshot::Sender<Result<A>>,
}

#[async_trait]
impl<B: Backend, C: Change<B>> Job<B> for Pending<C, C::Answer> {
    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    async fn run(&mut self, on: &mut Transaction<'_, B>) -> Result<bool, sqlx::Error> {
        let (result, keep) = match self.change.run(on).await {
            Ok(answer) => (Ok(answer), true),
            Err(Failure::Refused(error)) => (Err(error), false),
            Err(Failure::Broken(error)) => return Err(error),
        };
        self.result = Some(result);
        Ok(keep)
    }

    fn answer(self: Box<Self>, backend: &B, ended: &Ended) {
        let failed =
            |failed: &Failed| Err(backend.error(C::OPERATION, &failed.error).with_outcome(failed.outcome));
        let answer = match (ended, self.result) {
            (Ended::Failed(why), _) => failed(why),
            // A refusal is true whatever became of the transaction.
            (Ended::Committed, Some(result)) => result,
            (Ended::Committed, None) => Err(backend.ended(C::OPERATION)),
        };
        // Nobody may be waiting for it any more.
        drop(self.reply.send(answer));
    }
}

struct Worker<B: Backend> {
    backend: Arc<B>,
    signal: Signal,
    /// `None` after it was lost.
    connection: Option<B::Connection>,
}

impl<B: Backend> Worker<B> {
    async fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job<B>>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while jobs.recv_many(&mut batch, BATCH).await > 0 {
            batch.retain(|job| !job.abandoned());
            self.make(std::mem::take(&mut batch)).await;
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = B::close(connection).await
        {
            // Nothing is lost by it: the next one to open the file reads the log.
            tracing::warn!(store = %self.backend.place(), %error, "the store was not closed cleanly");
        }
    }

    async fn make(&mut self, mut jobs: Vec<Box<dyn Job<B>>>) {
        let mut ended = self.together(&mut jobs).await;
        let alone = jobs.len() == 1;
        for mut job in jobs {
            match &ended {
                // One of them may have broken it for all: the disk may have room for the others.
                Ended::Failed(Failed { outcome: Outcome::NotDone, away: false, .. }) if !alone => {
                    if job.abandoned() {
                        continue;
                    }
                    let alone = self.together(std::slice::from_mut(&mut job)).await;
                    job.answer(&self.backend, &alone);
                    if matches!(alone, Ended::Failed(Failed { away: true, .. })) {
                        ended = alone;
                    }
                }
                ended => job.answer(&self.backend, ended),
            }
        }
    }

    /// One transaction for all of them.
    async fn together(&mut self, jobs: &mut [Box<dyn Job<B>>]) -> Ended {
        if jobs.is_empty() {
            return Ended::Committed;
        }
        if let Some(connection) = self.connection.take() {
            match self.on(connection, jobs).await {
                // The connection had ended while nobody used it, or just now; nothing was done, so it is done on another one.
                Ended::Failed(Failed { outcome: Outcome::NotDone, .. }) if self.connection.is_none() => {}
                ended => return ended,
            }
        }
        match self.backend.connect().await {
            Ok(connection) => self.on(connection, jobs).await,
            Err(error) => {
                Ended::Failed(Failed { error: error.into(), outcome: Outcome::NotDone, away: true })
            }
        }
    }

    /// The transaction on a connection, which is kept if it can be used on.
    async fn on(&mut self, mut connection: B::Connection, jobs: &mut [Box<dyn Job<B>>]) -> Ended {
        let ended = match fill(&*self.backend, &mut connection, jobs).await {
            Err(error) => failed::<B>(error, Outcome::NotDone),
            Ok(Filled { keep: true, work_came }) => match execute::<B>(&mut connection, "COMMIT").await {
                Ok(()) => {
                    self.connection = Some(connection);
                    if work_came {
                        self.signal.raise();
                    }
                    return Ended::Committed;
                }
                Err(error) if B::certainly_undone(&error) => failed::<B>(error, Outcome::NotDone),
                Err(error) => failed::<B>(error, Outcome::Unknown),
            },
            Ok(Filled { keep: false, .. }) => Ended::Committed,
        };
        if let Ended::Failed(Failed { error, .. }) = &ended
            && B::connection_lost(error)
        {
            return ended;
        }
        // The database has ended the transaction by itself after some failures; then this one fails, as it should.
        match execute::<B>(&mut connection, "ROLLBACK").await {
            Err(error) if B::connection_lost(&error) => {}
            _ => self.connection = Some(connection),
        }
        ended
    }
}

/// What stands between BEGIN and the end.
struct Filled {
    /// Whether it is to be committed; if not, the one change in it was refused.
    keep: bool,
    work_came: bool,
}

/// Everything between BEGIN and the end.
async fn fill<B: Backend>(
    backend: &B,
    connection: &mut B::Connection,
    jobs: &mut [Box<dyn Job<B>>],
) -> Result<Filled, sqlx::Error> {
    execute::<B>(connection, B::BEGIN).await?;
    let loaded = Counters::load::<B>(connection).await?;
    let mut on = Transaction { backend, connection, counters: loaded, work_came: false };
    let keep = match jobs {
        // Nothing else would be lost with it.
        [alone] => alone.run(&mut on).await?,
        jobs => {
            for job in jobs {
                let before = (on.counters, on.work_came);
                execute::<B>(on.connection, "SAVEPOINT change").await?;
                if !job.run(&mut on).await? {
                    execute::<B>(on.connection, "ROLLBACK TO change").await?;
                    (on.counters, on.work_came) = before;
                }
                execute::<B>(on.connection, "RELEASE change").await?;
            }
            true
        }
    };
    let work_came = on.work_came;
    if keep && on.counters != loaded {
        on.counters.save::<B>(on.connection).await?;
    }
    if keep && work_came {
        backend.announce(connection).await?;
    }
    Ok(Filled { keep, work_came })
}

fn failed<B: Backend>(error: sqlx::Error, outcome: Outcome) -> Ended {
    let away = B::stalled(&error);
    Ended::Failed(Failed { error: Arc::new(error), outcome, away })
}

async fn execute<B: Backend>(connection: &mut B::Connection, text: &'static str) -> Result<(), sqlx::Error> {
    B::execute(connection, Cow::Borrowed(text), Vec::new()).await?;
    Ok(())
}
