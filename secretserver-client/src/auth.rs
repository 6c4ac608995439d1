//! Signing in.
//!
//! | credential | for | is renewed by |
//! |---|---|---|
//! | [`SdkClient`] | programs, on Secret Server: an account of its own, bound to an address, that can be revoked alone | its secret |
//! | [`Platform`] | programs, where Secret Server is a vault of the Delinea Platform | its secret |
//! | [`Password`] | programs that were given a user (best: an application account), and people, with a one-time code | the password, or its [refresh token](Password::refreshes) |
//! | [`RefreshToken`] | going on with a session that a person began elsewhere | the next refresh token, until one is refused |
//! | [`StaticToken`] | tests, and tokens that something else keeps fresh and hands over with [`replace_credential`](crate::Client::replace_credential) | nothing |
//!
//! Which product answers at an address says [`Client::product`](crate::Client::product). More in the [guide](crate::guide::signing_in).
//!
//! A [`Credential`] is exchanged for a token when the first call needs one. All callers share one exchange and its result, good or bad. The
//! exchange runs to its end although its callers are gone: it is given to the tokio runtime it began on, and whoever asks next joins it.
//! Tokens are renewed early, at a moment with jitter; while the old token is still valid, a failed renewal is not an error.
//!
//! **A refusal that arrived is final.** "Login failed" closes the client until [`Client::replace_credential`](crate::Client::replace_credential):
//! each further try would bring the account closer to its lock-out.

mod cache;
mod password;
mod platform;
mod refresh;
mod sdk_client;
mod static_token;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;

use crate::error::Error;
use crate::transport::{BaseUrl, Core};
pub(crate) use cache::TokenCache;
pub use password::Password;
pub use platform::Platform;
pub use refresh::RefreshToken;
pub use sdk_client::SdkClient;
pub use static_token::StaticToken;

/// Any way to sign in.
#[derive(Clone)]
pub struct Credential(pub(crate) Arc<dyn Grant>);

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A token that was granted.
pub(crate) struct Granted {
    pub(crate) header: HeaderValue,
    /// How long it is valid from now on; `None`: for an unknown time.
    pub(crate) valid_for: Option<Duration>,
    /// Where it is valid, if that is not the address that the client was made for.
    pub(crate) base: Option<BaseUrl>,
}

impl From<token::Token> for Granted {
    fn from(token: token::Token) -> Self {
        Self { header: token.header, valid_for: Some(token.life), base: None }
    }
}

/// One way to get a token. Private: the ways that Secret Server knows are few.
#[async_trait]
pub(crate) trait Grant: fmt::Debug + Send + Sync + 'static {
    /// Gets a token. An error of the kind `Auth` closes the client.
    async fn fetch(&self, core: &Core) -> Result<Granted, Error>;

    /// The server did not accept the last token any more.
    fn refused(&self) {}

    /// The session was ended on purpose: what is left of it must not prolong it.
    fn forget(&self) {}
}

/// The header of a token. `None` if it has characters that no header can have.
pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    if token.trim().is_empty() {
        return None;
    }
    // Wiped when the last clone of the header is dropped.
    let text = zeroize::Zeroizing::new(format!("Bearer {token}").into_bytes());
    let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
