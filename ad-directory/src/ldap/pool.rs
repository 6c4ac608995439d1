//! The connections, who they are signed in as, and which controller is next.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    TimeLimits,
    call::Call,
    connection::{Connection, Endpoint, lost},
    diagnostic,
};
use crate::{Error, ErrorKind, Outcome, Result};

pub(super) struct Credential {
    pub(super) name: String,
    pub(super) password: SecretString,
}

pub(super) struct Pool {
    places: Vec<Place>,
    /// The controller that answered last.
    current: AtomicUsize,
    credential: Mutex<Signing>,
    tls: Arc<ClientConfig>,
    limits: TimeLimits,
    permits: Semaphore,
}

struct Place {
    endpoint: Endpoint,
    idle: Mutex<Vec<Connection>>,
}

struct Signing {
    credential: Arc<Credential>,
    /// The refusal of this very credential. It is not sent again: each time would count towards a lock-out.
    refused: Option<Error>,
}

/// A connection that has been idle longer than this is asked whether it lives before a change is entrusted to it.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(super) fn new(
        endpoints: Vec<Endpoint>,
        credential: Credential,
        tls: Arc<ClientConfig>,
        limits: TimeLimits,
        connections: usize,
    ) -> Self {
        Self {
            places: endpoints
                .into_iter()
                .map(|endpoint| Place { endpoint, idle: Mutex::default() })
                .collect(),
            current: AtomicUsize::new(0),
            credential: Mutex::new(Signing { credential: Arc::new(credential), refused: None }),
            tls,
            limits,
            permits: Semaphore::new(connections),
        }
    }

    pub(super) fn replace_password(&self, password: SecretString) -> Result<()> {
        if password.expose_secret().is_empty() {
            return Err(
                Error::new(ErrorKind::Invalid, "replace_password").with_reason("the password is empty")
            );
        }
        let mut signing = lock(&self.credential);
        let name = signing.credential.name.clone();
        *signing = Signing { credential: Arc::new(Credential { name, password }), refused: None };
        drop(signing);
        Ok(())
    }

    pub(super) fn endpoints(&self) -> impl Iterator<Item = (usize, &Endpoint)> {
        self.places.iter().map(|place| &place.endpoint).enumerate()
    }

    /// A connection that is signed in: to the pinned controller, or to the first that can be reached, beginning with the last good one.
    pub(super) async fn lease(&self, call: &Call, pinned: Option<usize>) -> Result<Lease<'_>> {
        let permit = self.permit(call).await?;
        let start = pinned.unwrap_or_else(|| self.current.load(Ordering::Relaxed));
        let places = self.places.iter().enumerate();
        let order = places.clone().skip(start).chain(places.take(start)).take(if pinned.is_some() {
            1
        } else {
            usize::MAX
        });
        let mut last = None;
        let mut attempts = 0;
        for (index, place) in order {
            attempts += 1;
            match self.connection(call, place).await {
                Ok(connection) => {
                    if pinned.is_none() {
                        self.current.store(index, Ordering::Relaxed);
                    }
                    tracing::Span::current().record("controller", tracing::field::display(&place.endpoint));
                    return Ok(Lease { connection: Some(connection), place, index, _permit: permit });
                }
                // Another controller would refuse the same credential, and count it.
                Err(error)
                    if !matches!(error.kind(), ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Busy) =>
                {
                    return Err(error);
                }
                Err(error) => {
                    tracing::warn!(controller = %place.endpoint, kind = error.kind().as_str(), "controller cannot be used");
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| call.error(ErrorKind::Config)).with_attempts(attempts))
    }

    async fn permit(&self, call: &Call) -> Result<SemaphorePermit<'_>> {
        self.permits.acquire().await.map_err(|_| call.error(ErrorKind::Config))
    }

    async fn connection(&self, call: &Call, place: &Place) -> Result<Connection> {
        loop {
            let Some(mut idle) = lock(&place.idle).pop() else { break };
            let age = idle.used.elapsed();
            if idle.is_closed() || age > self.limits.idle {
                continue;
            }
            if age < TRUSTED_IDLE || idle.answers(self.limits.connect).await {
                return Ok(idle);
            }
        }
        self.connect(call, place).await
    }

    async fn connect(&self, call: &Call, place: &Place) -> Result<Connection> {
        let credential = {
            let signing = lock(&self.credential);
            if let Some(refused) = &signing.refused {
                return Err(refused.clone().with_outcome(Outcome::NotSent));
            }
            Arc::clone(&signing.credential)
        };
        let begun = Instant::now();
        let mut connection = Connection::open(&place.endpoint, &self.tls, self.limits.connect).await?;
        let left = self.limits.connect.saturating_sub(begun.elapsed());
        let bind = connection.bind(&credential.name, credential.password.expose_secret());
        let result = match tokio::time::timeout(left, bind).await {
            Ok(Ok(result)) => result,
            // Nothing but the sign-in was sent, so another controller may be tried.
            Ok(Err(error)) => {
                let error = lost(call, error);
                return Err(Error::new(ErrorKind::Connect, call.operation)
                    .with_subject(&place.endpoint)
                    .with_reason("the connection was lost during the sign-in")
                    .with_source(error));
            }
            Err(_) => {
                return Err(Error::new(ErrorKind::Connect, call.operation)
                    .with_subject(&place.endpoint)
                    .with_reason("the sign-in was not answered in time"));
            }
        };
        if result.rc == 0 {
            tracing::debug!(controller = %place.endpoint, milliseconds = begun.elapsed().as_millis(), "connected");
            return Ok(connection);
        }
        let mut error =
            diagnostic::error(call, &result).with_subject(&place.endpoint).with_outcome(Outcome::NotSent);
        if error.kind() == ErrorKind::Auth {
            let reason = diagnostic::explain_sign_in(error.bind_code());
            error = error.with_reason(reason);
            if matches!(error.bind_code(), Some(0x525 | 0x52e) | None) {
                let mut signing = lock(&self.credential);
                // Unless it was replaced in the meantime.
                if Arc::ptr_eq(&signing.credential, &credential) {
                    signing.refused = Some(error.clone());
                }
            }
        }
        Err(error)
    }
}

/// A connection on loan. It goes back by [`give_back`](Self::give_back) only; dropped without, it is closed, since an answer may still be
/// on its way on it.
pub(super) struct Lease<'a> {
    connection: Option<Connection>,
    place: &'a Place,
    pub(super) index: usize,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    pub(super) fn connection(&mut self, call: &Call) -> Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(|| call.error(ErrorKind::Interrupted))
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.place.endpoint
    }

    /// A new connection to the same controller, not signed in, for a password check. It is closed after it, never lent to others.
    pub(super) async fn stranger(&self, pool: &Pool) -> Result<Connection> {
        Connection::open(&self.place.endpoint, &pool.tls, pool.limits.connect).await
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

    pub(super) fn give_back(mut self) {
        if let Some(mut connection) = self.connection.take()
            && !connection.is_closed()
        {
            connection.used = Instant::now();
            lock(&self.place.idle).push(connection);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.places.iter().map(|place| &place.endpoint)).finish()
    }
}
