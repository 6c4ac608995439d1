//! The one connection that writes, in a task of its own.
//!
//! Changes wait in a queue, and those that wait together go to the disk together: one flush for all of them. Each runs under a savepoint,
//! so that one which the contract refuses takes no other with it. Because the task finishes what it began, a caller that stops waiting can
//! leave neither half a transaction nor a writer that is stuck in one.
//!
//! When the database answers nobody in time, because another program holds a lock of it, say, all who waited meanwhile are told so at once. Were
//! each tried by itself, the last of a queue would wait the time of all of them together.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::backend::Backend;
use super::failure::Failure;
use super::signal::Signal;
use super::transaction::{Counters, Transaction, execute};
use crate::error::{Outcome, Result};

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
        let worker = Worker { backend: Arc::clone(&backend), signal, connection, stall: None };
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
        let job = Box::new(Pending { change, since: Instant::now(), result: None, reply });
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

    /// Since when its caller has been waiting.
    fn since(&self) -> Instant;

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
    since: Instant,
    result: Option<Result<A>>,
    reply: oneshot::Sender<Result<A>>,
}

#[async_trait]
impl<B: Backend, C: Change<B>> Job<B> for Pending<C, C::Answer> {
    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn since(&self) -> Instant {
        self.since
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
    /// When the database last was found away, and how that was.
    stall: Option<(Instant, Failed)>,
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
        self.answer_stalled(&mut jobs);
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
                    if let Ended::Failed(failed @ Failed { away: true, .. }) = alone {
                        // Whatever became of that one, the rest was not tried again.
                        ended = Ended::Failed(Failed { outcome: Outcome::NotDone, ..failed });
                    }
                }
                ended => job.answer(&self.backend, ended),
            }
        }
    }

    /// Answers those who have waited while the database was away.
    fn answer_stalled(&self, jobs: &mut Vec<Box<dyn Job<B>>>) {
        let Some((until, failed)) = &self.stall else { return };
        let ended = Ended::Failed(failed.clone());
        for job in jobs.extract_if(.., |job| job.since() < *until) {
            job.answer(&self.backend, &ended);
        }
    }

    /// One transaction for all of them.
    async fn together(&mut self, jobs: &mut [Box<dyn Job<B>>]) -> Ended {
        if jobs.is_empty() {
            return Ended::Committed;
        }
        let ended = self.attempt(jobs).await;
        if let Ended::Failed(failed @ Failed { away: true, .. }) = &ended {
            // Those who wait were not tried.
            self.stall = Some((Instant::now(), Failed { outcome: Outcome::NotDone, ..failed.clone() }));
        }
        ended
    }

    async fn attempt(&mut self, jobs: &mut [Box<dyn Job<B>>]) -> Ended {
        if let Some(connection) = self.connection.take() {
            match self.on(connection, jobs).await {
                // The connection had ended while nobody used it, or just now; nothing was done, so it is done on another one.
                Ended::Failed(Failed { outcome: Outcome::NotDone, away: false, .. })
                    if self.connection.is_none() => {}
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
    let mut on = Transaction::new(backend, connection, loaded);
    let keep = match jobs {
        // Nothing else would be lost with it.
        [alone] => !alone.abandoned() && alone.run(&mut on).await?,
        jobs => {
            for job in jobs {
                // It may have waited long for BEGIN.
                if job.abandoned() {
                    continue;
                }
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
