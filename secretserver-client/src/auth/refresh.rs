//! The refresh grant of `POST {base}/oauth2/token`: `grant_type=refresh_token, refresh_token`.
//!
//! Since 10.7, and only where it is switched on. A refresh token works once and brings the next one; it lives 15 minutes longer than the
//! token it came with; the server limits how often in a row (3 if nobody changed it). The address is the token endpoint's own, although the
//! vendor's collection for 10.9.35 names another.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::password::PasswordGrant;
use crate::auth::token::{Exchange, OPERATION, Token, exchange};
use crate::auth::{Credential, Grant, Granted};
use crate::error::{Error, ErrorKind, Outcome};
use crate::transport::Core;

/// How much longer a refresh token lives than the token it came with.
const LONGER: Duration = Duration::from_mins(15);

/// A refresh token that came from elsewhere, such as from a sign-in by a person with a second factor.
///
/// It works once: the client keeps the next one that each renewal brings, and only in memory. When a renewal is refused, or its answer is lost,
/// there is nothing else to sign in with, and the client closes until the credential is replaced.
///
/// ```
/// use secretserver_client::auth::RefreshToken;
/// let credential = RefreshToken::new("AgAAAH".into());
/// assert_eq!(format!("{credential:?}"), "RefreshToken([redacted])");
/// ```
#[derive(Clone)]
pub struct RefreshToken(SecretString);

impl RefreshToken {
    /// Takes the refresh token over.
    pub fn new(token: SecretString) -> Self {
        Self(token)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken([redacted])")
    }
}

impl From<RefreshToken> for Credential {
    fn from(token: RefreshToken) -> Self {
        let next = Next { token: token.0, until: None, left: u32::MAX, base: None };
        Self(Arc::new(RefreshGrant { password: None, times: u32::MAX, next: Mutex::new(Some(next)) }))
    }
}

/// The refresh token to use next.
struct Next {
    token: SecretString,
    /// Until when it is worth trying, if that is known.
    until: Option<Duration>,
    /// How often in a row it may still be done.
    left: u32,
    /// Where it came from: two clients may share a credential, and this goes nowhere else.
    base: Option<String>,
}

/// Renews by refresh token as long as that goes, and signs in by password otherwise.
pub(super) struct RefreshGrant {
    password: Option<PasswordGrant>,
    times: u32,
    next: Mutex<Option<Next>>,
}

impl RefreshGrant {
    pub(super) fn after(password: PasswordGrant, times: u32) -> Self {
        Self { password: Some(password), times, next: Mutex::new(None) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Next>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the refresh token out, so that nobody else uses it, if it is worth trying here and now.
    fn take(&self, core: &Core) -> Option<Next> {
        let here = |next: &Next| next.base.as_deref().is_none_or(|base| base == core.base.as_str());
        let mut next = self.lock();
        if !next.as_ref().is_some_and(here) {
            return None;
        }
        next.take().filter(|n| n.left > 0 && n.until.is_none_or(|until| core.clock.now() < until))
    }

    fn keep(&self, core: &Core, token: &Token, left: u32) {
        *self.lock() = token.refresh.clone().map(|refresh| Next {
            token: refresh,
            until: Some(core.clock.now().saturating_add(token.life).saturating_add(LONGER)),
            left,
            base: Some(core.base.as_str().to_owned()),
        });
    }

    async fn renew(&self, core: &Core, next: Next) -> Result<Granted, Error> {
        let fields = vec![("grant_type", "refresh_token"), ("refresh_token", next.token.expose_secret())];
        let request = Exchange { idempotent: false, ..Exchange::new(fields, "refresh token") };
        match exchange(core, request).await {
            Ok(token) => {
                self.keep(core, &token, next.left.saturating_sub(1));
                Ok(token.into())
            }
            Err(error) => {
                // Nobody looked at it, so it is as good as before.
                if error.outcome() == Outcome::NotSent || error.kind() == ErrorKind::RateLimited {
                    *self.lock() = Some(next);
                }
                Err(error)
            }
        }
    }
}

#[async_trait]
impl Grant for RefreshGrant {
    async fn fetch(&self, core: &Core) -> Result<Granted, Error> {
        let renewed = match self.take(core) {
            Some(next) => Some(self.renew(core, next).await),
            None => None,
        };
        match (renewed, &self.password) {
            (Some(Ok(granted)), _) => Ok(granted),
            // The password would not get there either.
            (Some(Err(error)), _)
                if error.outcome() == Outcome::NotSent || error.kind() == ErrorKind::RateLimited =>
            {
                Err(error)
            }
            (_, Some(password)) => {
                let token = password.token(core).await?;
                self.keep(core, &token, self.times);
                Ok(token.into())
            }
            (Some(Err(error)), None) => Err(error),
            (None, None) => Err(Error::new(ErrorKind::Auth, Outcome::NotSent, OPERATION).with_detail(
                "the refresh token was used up or has ended, and there is nothing else to sign in with; replace the credential",
            )),
        }
    }

    fn forget(&self) {
        *self.lock() = None;
    }
}

impl fmt::Debug for RefreshGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshGrant")
            .field("password", &self.password)
            .field("times", &self.times)
            .field("has_refresh_token", &self.lock().is_some())
            .finish_non_exhaustive()
    }
}
