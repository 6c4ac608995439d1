//! What the stores in SQL have in common: everything but how a database is reached, what its errors mean, and a few statements.
//!
//! All of it is asked of a [`Backend`](backend::Backend). One connection writes, in a task of its own ([`writer`]); the others only read.

pub(super) mod backend;
mod commit;
pub(super) mod delivery;
pub(super) mod expect;
pub(super) mod failure;
mod forget;
pub(super) mod lease;
pub(super) mod read;
pub(super) mod signal;
pub(super) mod statements;
pub(super) mod store;
mod transaction;
pub(super) mod value;
pub(super) mod writer;

use std::sync::Arc;

use backend::Backend;
use signal::Signal;
use writer::{Change, Writer};

use crate::error::Result;

/// A store in a database.
#[derive(Debug)]
pub(super) struct Core<B: Backend> {
    pub(super) backend: Arc<B>,
    writer: Writer<B>,
    signal: Signal,
}

impl<B: Backend> Core<B> {
    /// Begins to write; `keeps` lives until the last connection that writes is closed.
    pub(super) async fn start(backend: B, keeps: impl Send + 'static) -> Result<Self, sqlx::Error> {
        let backend = Arc::new(backend);
        let signal = Signal::new();
        let writer = Writer::start(Arc::clone(&backend), signal.clone(), keeps).await?;
        Ok(Self { backend, writer, signal })
    }

    /// Waits until work may have come.
    pub(super) async fn work_changed(&self, seen: u64) -> u64 {
        self.backend.listen(&self.signal);
        self.signal.after(seen).await
    }

    /// Has a change made.
    pub(super) async fn change<C: Change<B>>(&self, change: C) -> Result<C::Answer> {
        self.writer.change(change).await
    }

    /// Ends everything that was begun.
    pub(super) async fn close(self) {
        self.writer.close().await;
    }
}
