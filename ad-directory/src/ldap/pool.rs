//! The connections that are open, and who has them.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    call::Call,
    connection::{Connection, Endpoint},
    dial::{Dialer, lock},
};
use crate::{Error, ErrorKind, Result};

pub(super) struct Pool {
    pub(super) dialer: Arc<Dialer>,
    idle: Mutex<Vec<Connection>>,
    connections: usize,
    permits: Semaphore,
    /// Lists have connections of their own: whoever reads one and asks for something else meanwhile must not wait for himself.
    lists: Semaphore,
}

/// A connection that has been idle longer than this is asked whether it lives before a change is entrusted to it.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

impl Pool {
    pub(super) fn new(dialer: Dialer, connections: usize) -> Self {
        Self {
            dialer: Arc::new(dialer),
            idle: Mutex::default(),
            connections,
            permits: Semaphore::new(connections),
            lists: Semaphore::new(connections),
        }
    }

    /// A connection that is signed in: to the pinned controller, or to the first that can be reached, beginning with the last good one.
    pub(super) async fn lease(&self, call: &Call, pinned: Option<usize>) -> Result<Lease<'_>> {
        let permit = self.permits.acquire().await.map_err(|_| call.error(ErrorKind::Config))?;
        self.with_permit(call, pinned, permit).await
    }

    /// A connection for a list, which holds it for as long as somebody reads.
    ///
    /// # Errors
    /// `Busy` when as many lists as allowed are being read and none ends within the limit of an operation.
    pub(super) async fn lease_for_list(&self, call: &Call, pinned: Option<usize>) -> Result<Lease<'_>> {
        let limit = self.dialer.limits.operation.mul_f64(0.9);
        let permit = match tokio::time::timeout(limit, self.lists.acquire()).await {
            Ok(permit) => permit.map_err(|_| call.error(ErrorKind::Config))?,
            Err(_) => {
                return Err(call.error(ErrorKind::Busy).with_reason(format!(
                    "{} lists are being read and none has ended within {limit:?}; drop or finish one, or allow more connections",
                    self.connections
                )));
            }
        };
        self.with_permit(call, pinned, permit).await
    }

    async fn with_permit<'a>(
        &'a self,
        call: &Call,
        pinned: Option<usize>,
        permit: SemaphorePermit<'a>,
    ) -> Result<Lease<'a>> {
        let order = self.dialer.candidates(call, pinned).await?;
        let mut last = None;
        let mut attempts = 0;
        for index in order {
            attempts += 1;
            let connection = match self.idle(index).await {
                Some(idle) => Ok(idle),
                None => self.dialer.connect_any(call, &[index]).await,
            };
            match connection {
                Ok(mut connection) => {
                    connection.redial_with(&self.dialer, pinned.is_some());
                    let lease = Lease { connection: Some(connection), pool: self, _permit: permit };
                    let place = self.dialer.place(index);
                    if let Some(place) = place {
                        let controller = tracing::field::display(&place.endpoint);
                        tracing::Span::current().record("controller", controller);
                    }
                    return Ok(lease);
                }
                Err(error) if error.is_local_to_a_controller() => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| call.error(ErrorKind::Connect)).with_attempts(attempts))
    }

    /// One that is open to this controller and lives.
    async fn idle(&self, index: usize) -> Option<Connection> {
        loop {
            let mut idle = {
                let mut all = lock(&self.idle);
                let place = all.iter().rposition(|connection| connection.place == index)?;
                all.swap_remove(place)
            };
            let age = idle.used.elapsed();
            if idle.is_closed() || age > self.dialer.limits.idle {
                continue;
            }
            if age < TRUSTED_IDLE || idle.answers(self.dialer.limits.connect).await {
                return Some(idle);
            }
        }
    }
}

/// A connection on loan. It goes back by [`give_back`](Self::give_back) only; dropped without, it is closed, since an answer may still be
/// on its way on it.
pub(super) struct Lease<'a> {
    connection: Option<Connection>,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    pub(super) fn connection(&mut self, call: &Call) -> Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(|| call.error(ErrorKind::Interrupted))
    }

    /// The number of its controller.
    pub(super) fn index(&self) -> usize {
        self.connection.as_ref().map_or(0, |connection| connection.place)
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        let place = self.pool.dialer.place(self.index());
        place.map_or_else(|| Endpoint::new(String::new(), 0), |place| place.endpoint.clone())
    }

    /// A new connection to the same controller, not signed in, for a password check. It is closed after it, never lent to others.
    pub(super) async fn stranger(&self, call: &Call) -> Result<Connection> {
        self.pool.dialer.open(call, self.index()).await
    }

    /// It goes back after whatever the controller has answered; after a lost or unreadable answer it is closed.
    pub(super) fn settle<T>(self, answer: Result<T>) -> Result<T> {
        let broken = |error: &Error| {
            matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Timeout | ErrorKind::Protocol)
        };
        if !answer.as_ref().is_err_and(broken) {
            self.give_back();
        }
        if answer.is_ok() {
            tracing::debug!("done");
        }
        answer
    }

    /// Closes the connection: an answer may still be on its way on it.
    pub(super) fn discard(&mut self) {
        self.connection = None;
    }

    pub(super) fn give_back(mut self) {
        if let Some(mut connection) = self.connection.take()
            && !connection.is_closed()
        {
            connection.used = Instant::now();
            let mut idle = lock(&self.pool.idle);
            let limit = self.pool.dialer.limits.idle;
            idle.retain(|other| !other.is_closed() && other.used.elapsed() <= limit);
            if idle.len() < self.pool.connections {
                idle.push(connection);
            }
        }
    }
}

impl Drop for Lease<'_> {
    /// Who let a whole operation wait for most of its time is asked after the others next time.
    fn drop(&mut self) {
        let Some(connection) = &self.connection else { return };
        let limit = self.pool.dialer.limits.operation.mul_f64(0.5);
        if connection.waiting.is_some_and(|since| since.elapsed() > limit)
            && let Some(place) = self.pool.dialer.place(connection.place)
        {
            place.penalize();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dialer.fmt(f)
    }
}
