//! Reaching a controller: which ones there are, which is next, and signing in.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};

#[cfg(feature = "gssapi")]
use super::kerberos;
use super::{
    TimeLimits,
    call::Call,
    connection::{Connection, Endpoint},
    credential::Credential,
    diagnostic,
    locator::Locator,
    root,
    tls::Trust,
};
use crate::{Error, ErrorKind, Outcome, Result};

/// Knows the controllers and signs in at one. Holds no connections, so that those can hold it.
pub(super) struct Dialer {
    /// In the order in which they became known: one never leaves, so that its number stays its own.
    places: Mutex<Vec<Arc<Place>>>,
    /// The numbers, in the order in which they should be tried.
    order: Mutex<Vec<usize>>,
    /// The controller that answered last.
    current: AtomicUsize,
    credential: SharedCredential,
    trust: Arc<Trust>,
    pub(super) limits: TimeLimits,
    locator: Option<Locator>,
    /// Whether a controller must be one that can be written to.
    changes: bool,
}

pub(super) struct Place {
    pub(super) endpoint: Endpoint,
    /// When it last failed.
    failed: Mutex<Option<Instant>>,
    /// Whether it was seen to be a controller that will do.
    verified: AtomicBool,
}

/// One for all that sign in with it, so that a refusal or a new password holds for all of them.
#[derive(Clone)]
pub(super) struct SharedCredential(Arc<Mutex<Signing>>);

impl SharedCredential {
    pub(super) fn new(credential: Credential) -> Self {
        Self(Arc::new(Mutex::new(Signing { credential: Arc::new(credential), refused: None })))
    }
}

struct Signing {
    credential: Arc<Credential>,
    /// The refusal of this very credential. It is not sent again: each time would count towards a lock-out.
    refused: Option<Error>,
}

/// How long a controller that failed is tried after the others only.
const PENALTY: Duration = Duration::from_secs(30);

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    fn new(endpoint: Endpoint) -> Arc<Self> {
        Arc::new(Self { endpoint, failed: Mutex::default(), verified: AtomicBool::new(false) })
    }

    pub(super) fn penalize(&self) {
        *lock(&self.failed) = Some(Instant::now());
    }

    fn is_penalized(&self) -> bool {
        lock(&self.failed).is_some_and(|at| at.elapsed() < PENALTY)
    }
}

impl Dialer {
    pub(super) fn new(
        endpoints: Vec<Endpoint>,
        locator: Option<Locator>,
        credential: SharedCredential,
        trust: Arc<Trust>,
        limits: TimeLimits,
    ) -> Self {
        Self {
            order: Mutex::new((0..endpoints.len()).collect()),
            places: Mutex::new(endpoints.into_iter().map(Place::new).collect()),
            current: AtomicUsize::new(0),
            credential,
            trust,
            limits,
            locator,
            changes: true,
        }
    }

    /// Controllers that cannot be written to will do, too.
    pub(super) const fn read_only(mut self) -> Self {
        self.changes = false;
        self
    }

    pub(super) fn replace_password(&self, password: SecretString) -> Result<()> {
        if password.expose_secret().is_empty() {
            return Err(
                Error::new(ErrorKind::Invalid, "replace_password").with_reason("the password is empty")
            );
        }
        let mut signing = lock(&self.credential.0);
        let name = match &*signing.credential {
            Credential::Password { name, .. } => name.clone(),
            #[cfg(feature = "gssapi")]
            Credential::Kerberos => {
                return Err(Error::new(ErrorKind::Invalid, "replace_password")
                    .with_reason("this directory signs in with Kerberos, and has no password"));
            }
        };
        *signing = Signing { credential: Arc::new(Credential::Password { name, password }), refused: None };
        drop(signing);
        Ok(())
    }

    pub(super) fn sign_in_again(&self) {
        let mut signing = lock(&self.credential.0);
        // Another one than what a sign-in under way was begun with, whose refusal comes too late.
        let credential = Arc::new(Credential::clone(&signing.credential));
        *signing = Signing { credential, refused: None };
    }

    /// All controllers that are known, with their numbers.
    pub(super) async fn endpoints(&self, call: &Call) -> Result<Vec<(usize, Endpoint)>> {
        self.locate(call).await?;
        Ok(lock(&self.places).iter().map(|place| place.endpoint.clone()).enumerate().collect())
    }

    pub(super) fn place(&self, index: usize) -> Option<Arc<Place>> {
        lock(&self.places).get(index).cloned()
    }

    /// The numbers to try, in order: the last good one, the others, and those that failed lately.
    pub(super) async fn candidates(&self, call: &Call, pinned: Option<usize>) -> Result<Vec<usize>> {
        if let Some(pinned) = pinned {
            return Ok(vec![pinned]);
        }
        self.locate(call).await?;
        let current = self.current.load(Ordering::Relaxed);
        let mut order = lock(&self.order).clone();
        let places = lock(&self.places);
        // Stable: within the same rank the order stays.
        order.sort_by_key(|index| {
            let penalized = places.get(*index).is_some_and(|place| place.is_penalized());
            (penalized, *index != current)
        });
        Ok(order)
    }

    pub(super) fn answered(&self, index: usize) {
        self.current.store(index, Ordering::Relaxed);
        if let Some(place) = self.place(index) {
            *lock(&place.failed) = None;
        }
    }

    /// Asks DNS when it is time to.
    async fn locate(&self, call: &Call) -> Result<()> {
        let Some(locator) = &self.locator else { return Ok(()) };
        if !locator.is_due() {
            return Ok(());
        }
        match locator.locate(call, self.limits.connect).await {
            Ok(found) => {
                let mut places = lock(&self.places);
                let mut order = Vec::new();
                for endpoint in found {
                    let known = places.iter().position(|place| place.endpoint == endpoint);
                    order.push(known.unwrap_or_else(|| {
                        places.push(Place::new(endpoint));
                        places.len() - 1
                    }));
                }
                drop(places);
                if let Some(first) = order.first() {
                    // Who answered last stays the first as long as DNS names it.
                    let current = self.current.load(Ordering::Relaxed);
                    if !order.contains(&current) || !locator.has_located() {
                        self.current.store(*first, Ordering::Relaxed);
                    }
                }
                *lock(&self.order) = order;
                locator.located();
                Ok(())
            }
            // Those that are known may still be there.
            Err(error) if !lock(&self.order).is_empty() => {
                tracing::warn!(kind = error.kind().as_str(), "controllers could not be looked up anew");
                locator.located();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A connection to the first of these that can be reached.
    pub(super) async fn connect_any(&self, call: &Call, order: &[usize]) -> Result<Connection> {
        let mut last = None;
        let mut attempts = 0;
        for index in order {
            attempts += 1;
            match self.connect(call, *index).await {
                Ok(connection) => return Ok(connection),
                // Another controller would refuse the same credential, and count it.
                Err(error) if !error.is_local_to_a_controller() => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| call.error(ErrorKind::Config)).with_attempts(attempts))
    }

    /// A new connection to this controller, signed in.
    pub(super) async fn connect(&self, call: &Call, index: usize) -> Result<Connection> {
        let place = self.place(index).ok_or_else(|| call.error(ErrorKind::Config))?;
        let connected = self.sign_in(call, index, &place).await;
        match &connected {
            Ok(_) => self.answered(index),
            Err(error) if error.is_local_to_a_controller() => {
                place.penalize();
                tracing::warn!(controller = %place.endpoint, kind = error.kind().as_str(), "controller cannot be used");
            }
            Err(_) => {}
        }
        connected
    }

    /// A new connection to this controller, not signed in.
    pub(super) async fn open(&self, call: &Call, index: usize) -> Result<Connection> {
        let place = self.place(index).ok_or_else(|| call.error(ErrorKind::Config))?;
        Connection::open(&place.endpoint, index, &self.trust, self.limits.connect).await
    }

    async fn sign_in(&self, call: &Call, index: usize, place: &Place) -> Result<Connection> {
        let credential = {
            let signing = lock(&self.credential.0);
            if let Some(refused) = &signing.refused {
                return Err(refused.clone().with_outcome(Outcome::NotSent));
            }
            Arc::clone(&signing.credential)
        };
        let begun = Instant::now();
        let mut connection = self.open(call, index).await?;
        let unanswered = |reason: &'static str| {
            Error::new(ErrorKind::Connect, call.operation).with_subject(&place.endpoint).with_reason(reason)
        };
        let left = || self.limits.connect.saturating_sub(begun.elapsed());
        // Where there is a choice, the password goes only to a controller that can do the work.
        let has_choice = self.locator.is_some() || lock(&self.places).len() > 1;
        if has_choice && !place.verified.load(Ordering::Relaxed) {
            let verified = tokio::time::timeout(left(), root::verify(call, &mut connection, self.changes));
            match verified.await {
                Ok(verified) => verified.map_err(|error| error.with_subject(&place.endpoint))?,
                Err(_) => return Err(unanswered("it did not say what it is in time")),
            }
            place.verified.store(true, Ordering::Relaxed);
        }
        let bind = connection.sign_in(call, &credential, &place.endpoint.host);
        let result = match tokio::time::timeout(left(), bind).await {
            Ok(Ok(result)) => result,
            #[cfg(feature = "gssapi")]
            Ok(Err(error))
                if matches!(*credential, Credential::Kerberos) && error.kind() != ErrorKind::Interrupted =>
            {
                let error = error.with_subject(&place.endpoint).with_outcome(Outcome::NotSent);
                if kerberos::was_counted(&error) {
                    self.remember(&credential, &error);
                }
                return Err(error);
            }
            // Nothing but the sign-in was sent, so another controller may be tried.
            Ok(Err(error)) => {
                return Err(unanswered("the connection was lost during the sign-in").with_source(error));
            }
            Err(_) => return Err(unanswered("the sign-in was not answered in time")),
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
            let is_password = matches!(*credential, Credential::Password { .. });
            if is_password && matches!(error.bind_code(), Some(0x525 | 0x52e) | None) {
                self.remember(&credential, &error);
            }
        }
        #[cfg(feature = "gssapi")]
        if matches!(*credential, Credential::Kerberos)
            && let Some(reason) = kerberos::refused(result.rc, error.bind_code())
        {
            error = error.with_reason(reason);
        }
        Err(error)
    }

    /// Lets nobody try this credential again, unless it was replaced in the meantime.
    fn remember(&self, credential: &Arc<Credential>, refusal: &Error) {
        let mut signing = lock(&self.credential.0);
        if Arc::ptr_eq(&signing.credential, credential) {
            signing.refused = Some(refusal.clone());
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = lock(&self.places);
        f.debug_list().entries(places.iter().map(|place| place.endpoint.to_string())).finish()
    }
}
