//! One token for all callers, and one exchange at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::Shared;

use crate::auth::Credential;
use crate::error::{Error, ErrorKind, Outcome};
use crate::transport::{Access, Bearer, BoxFuture, Core, TokenSource};

type Flight = Shared<BoxFuture<Result<Result<Bearer, Error>, Lost>>>;

/// The runtime on which an exchange was begun is gone, and the exchange with it.
#[derive(Clone, Copy, Debug)]
struct Lost;

/// A token is renewed this long before it ends, give or take a half.
const EARLY: Duration = Duration::from_mins(1);
/// After an early renewal failed, the old token is used this long before the next try.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Token {
    bearer: Bearer,
    renew_at: Option<Duration>,
    ends_at: Option<Duration>,
}

struct State {
    credential: Option<Credential>,
    /// Rises with each replacement, so that the result of an exchange with an older credential is dropped.
    generation: u64,
    token: Option<Token>,
    flight: Option<Flight>,
    closed: Option<Error>,
}

/// The tokens of one client. Clones share them.
#[derive(Clone)]
pub(crate) struct TokenCache(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    state: Mutex<State>,
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.0.lock();
        f.debug_struct("TokenCache")
            .field("credential", &state.credential)
            .field("has_token", &state.token.is_some())
            .field("closed", &state.closed.is_some())
            .finish_non_exhaustive()
    }
}

impl TokenCache {
    pub(crate) fn new(core: Arc<Core>, credential: Option<Credential>) -> Self {
        let state = State { credential, generation: 0, token: None, flight: None, closed: None };
        Self(Arc::new(Inner { core, state: Mutex::new(state) }))
    }

    /// Forgets everything about the old credential, and opens again after a refusal.
    pub(crate) fn replace(&self, credential: Credential) {
        let mut state = self.0.lock();
        state.generation = state.generation.wrapping_add(1);
        state.credential = Some(credential);
        state.token = None;
        state.flight = None;
        state.closed = None;
    }

    /// Forgets the token, which the server was told to end.
    pub(crate) fn forget(&self) {
        let mut state = self.0.lock();
        state.token = None;
        if let Some(credential) = &state.credential {
            credential.0.forget();
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the result of an exchange down, so that it counts even if nobody waits for it any more.
    fn settle(&self, generation: u64, result: Result<crate::auth::Granted, Error>) -> Result<Bearer, Error> {
        let mut state = self.lock();
        let current = state.generation == generation;
        if current {
            state.flight = None;
        }
        let now = self.core.clock.now();
        match result {
            Ok(granted) => {
                let bearer = Arc::new(Access { header: granted.header, base: granted.base });
                if current {
                    let ends_at = granted.valid_for.map(|life| now.saturating_add(life));
                    let renew_at = granted.valid_for.map(|life| {
                        // A very short life is used for half of it at least.
                        let early =
                            self.core.jitter.between(EARLY / 2, EARLY.saturating_mul(3) / 2).min(life / 2);
                        now.saturating_add(life.saturating_sub(early))
                    });
                    state.token = Some(Token { bearer: Arc::clone(&bearer), renew_at, ends_at });
                }
                Ok(bearer)
            }
            Err(error) => {
                if current && error.kind() == ErrorKind::Auth {
                    state.closed = Some(error.clone());
                    state.token = None;
                }
                if current
                    && let Some(token) = &mut state.token
                    && token.ends_at.is_none_or(|end| now < end)
                {
                    token.renew_at = Some(now.saturating_add(PAUSE));
                    return Ok(Arc::clone(&token.bearer));
                }
                Err(error)
            }
        }
    }

    /// The exchange that is under way, or a new one, which is given to the runtime so that it ends although its callers are gone.
    fn join(self: &Arc<Self>, state: &mut State) -> Result<Flight, Error> {
        if let Some(flight) = &state.flight {
            return Ok(flight.clone());
        }
        let Some(credential) = state.credential.clone() else {
            return Err(Error::config("auth.token", "there is no credential; give one to the builder"));
        };
        let inner = Arc::clone(self);
        let generation = state.generation;
        let work: BoxFuture<Result<Bearer, Error>> = Box::pin(async move {
            let result = credential.0.fetch(&inner.core).await;
            inner.settle(generation, result)
        });
        // Only its own runtime drives it: sockets and timers of a runtime that was shut down panic when another one touches them.
        let flight: BoxFuture<_> = match tokio::runtime::Handle::try_current() {
            Ok(runtime) => Box::pin(runtime.spawn(work).map(|ended| ended.map_err(|_| Lost))),
            Err(_) => Box::pin(work.map(Ok)),
        };
        let flight = flight.shared();
        state.flight = Some(flight.clone());
        Ok(flight)
    }
}

#[async_trait]
impl TokenSource for TokenCache {
    async fn bearer(&self) -> Result<Bearer, Error> {
        // A second time, here, when the first was begun on a runtime that was shut down.
        for _ in 0..2 {
            let flight = {
                let mut state = self.0.lock();
                if let Some(refusal) = &state.closed {
                    return Err(refusal.clone());
                }
                let now = self.0.core.clock.now();
                if let Some(token) = &state.token
                    && token.renew_at.is_none_or(|at| now < at)
                {
                    return Ok(Arc::clone(&token.bearer));
                }
                self.0.join(&mut state)?
            };
            if let Ok(result) = flight.clone().await {
                return result;
            }
            let mut state = self.0.lock();
            if state.flight.as_ref().is_some_and(|other| other.ptr_eq(&flight)) {
                state.flight = None;
            }
        }
        Err(Error::new(ErrorKind::Interrupted, Outcome::Unknown, "auth.token")
            .with_detail("the runtime that the sign-in ran on was shut down"))
    }

    fn refused(&self, bearer: &Bearer) {
        let mut state = self.0.lock();
        // A late refusal of an old token says nothing about the present one.
        if state.token.as_ref().is_some_and(|t| Arc::ptr_eq(&t.bearer, bearer)) {
            state.token = None;
            if let Some(credential) = &state.credential {
                credential.0.refused();
            }
        }
    }
}
