//! A directory that tells what is done with it.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_core::Stream;

use super::{Layer, Operation, OperationKind};
use crate::{Directory, ErrorKind, Listing, Outcome, Result};

/// What an operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditResult {
    /// It was answered.
    Succeeded,
    /// It failed like this, and this is known of the change.
    Failed {
        /// What sort of failure it was.
        kind: ErrorKind,
        /// What is known of the change.
        outcome: Outcome,
    },
    /// Its future or list was dropped before the end: a change may have been done.
    Abandoned,
}

/// One operation, after it ended. It holds names and identities, and never a password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEvent {
    /// The operation, such as `"accounts.create"`.
    pub operation: &'static str,
    /// What it does.
    pub kind: OperationKind,
    /// On what: an identity, a name, a filter.
    pub subject: String,
    /// What it came to.
    pub result: AuditResult,
    /// How long it took; of a list, until it was read to its end or dropped.
    pub duration: Duration,
    /// How many items were read of a list.
    pub items: Option<u64>,
}

/// Who is told. Closures that take an [`&AuditEvent`](AuditEvent) are such.
///
/// It is called in the task of the operation, after its end, and when its future is dropped: it should put the event into a queue, and not
/// wait for anything. What it cannot keep, nobody keeps.
pub trait AuditSink: Send + Sync + 'static {
    /// An operation has ended.
    fn ended(&self, event: &AuditEvent);
}

impl<F: Fn(&AuditEvent) + Send + Sync + 'static> AuditSink for F {
    fn ended(&self, event: &AuditEvent) {
        self(event);
    }
}

/// A directory around another one, which tells an [`AuditSink`] of every operation: once, however it ends.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// # use ad_directory::{AuditEvent, AuditedDirectory, Directory, MemoryDirectory, ProbeOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ad_directory::Error> {
/// let told = Arc::new(Mutex::new(Vec::new()));
/// let sink = { let told = told.clone(); move |event: &AuditEvent| told.lock().unwrap().push(event.operation) };
/// let directory = AuditedDirectory::new(MemoryDirectory::builder("corp.example").build()?, sink);
/// directory.probe(ProbeOptions::new()).await?;
/// assert_eq!(*told.lock().unwrap(), ["probe"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuditedDirectory {
    inner: Arc<dyn Directory>,
    sink: Arc<dyn AuditSink>,
    changes_only: bool,
}

impl AuditedDirectory {
    /// Tells `sink` of all that is done with `inner` through this.
    pub fn new(inner: impl Directory, sink: impl AuditSink) -> Self {
        Self { inner: Arc::new(inner), sink: Arc::new(sink), changes_only: false }
    }

    /// Whether reading is left out: only changes and password checks are told of.
    #[must_use]
    pub const fn changes_only(mut self, only: bool) -> Self {
        self.changes_only = only;
        self
    }

    fn open(&self, operation: &Operation<'_>) -> Option<Open> {
        if self.changes_only && operation.kind == OperationKind::Read {
            return None;
        }
        let event = AuditEvent {
            operation: operation.name,
            kind: operation.kind,
            subject: (operation.subject)(),
            result: AuditResult::Abandoned,
            duration: Duration::ZERO,
            items: None,
        };
        Some(Open { sink: Arc::clone(&self.sink), event, begun: Instant::now() })
    }
}

/// An operation that has begun. It is told of when this is dropped, so that no end is missed.
struct Open {
    sink: Arc<dyn AuditSink>,
    event: AuditEvent,
    begun: Instant,
}

impl Open {
    fn result<T>(&mut self, result: &Result<T>) {
        self.event.result = match result {
            Ok(_) => AuditResult::Succeeded,
            Err(error) => AuditResult::Failed { kind: error.kind(), outcome: error.outcome() },
        };
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.event.duration = self.begun.elapsed();
        self.sink.ended(&self.event);
    }
}

impl Layer for AuditedDirectory {
    fn inner(&self) -> &Arc<dyn Directory> {
        &self.inner
    }

    fn rewrap(&self, inner: Arc<dyn Directory>) -> Self {
        Self { inner, sink: Arc::clone(&self.sink), changes_only: self.changes_only }
    }

    async fn around<T: Send>(
        &self,
        operation: Operation<'_>,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let open = self.open(&operation);
        let result = work.await;
        if let Some(mut open) = open {
            open.result(&result);
        }
        result
    }

    fn around_list<T: Send + 'static>(&self, operation: Operation<'_>, list: Listing<T>) -> Listing<T> {
        match self.open(&operation) {
            Some(mut open) => {
                open.event.items = Some(0);
                Box::pin(Counted { list, open: Some(open) })
            }
            None => list,
        }
    }
}

/// A list that is told of at its end, or when it is dropped.
struct Counted<T> {
    list: Listing<T>,
    open: Option<Open>,
}

impl<T> Stream for Counted<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let next = self.list.as_mut().poll_next(context);
        if let Poll::Ready(item) = &next {
            match (item, self.open.as_mut()) {
                (Some(Ok(_)), Some(open)) => {
                    open.event.items = open.event.items.map(|items| items + 1);
                }
                (Some(failed @ Err(_)), Some(open)) => {
                    open.result(failed);
                    self.open = None;
                }
                (None, Some(open)) => {
                    open.event.result = AuditResult::Succeeded;
                    self.open = None;
                }
                (_, None) => {}
            }
        }
        next
    }
}

impl fmt::Debug for AuditedDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditedDirectory").field("inner", &self.inner).finish_non_exhaustive()
    }
}
