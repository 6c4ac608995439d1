//! A token that came from elsewhere.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::{Credential, Grant, Granted, bearer};
use crate::error::{Error, ErrorKind, Outcome};
use crate::transport::Core;

/// A token that came from elsewhere, such as one made by hand for a test. Cannot be renewed: when the server refuses it, the client closes
/// until the credential is replaced.
#[derive(Clone)]
pub struct StaticToken(SecretString);

impl StaticToken {
    /// Takes the token over, without the word `Bearer`.
    pub fn new(token: SecretString) -> Self {
        Self(token)
    }
}

impl fmt::Debug for StaticToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticToken([redacted])")
    }
}

impl From<StaticToken> for Credential {
    fn from(token: StaticToken) -> Self {
        Self(Arc::new(Once { token, given: std::sync::atomic::AtomicBool::new(false) }))
    }
}

/// Gives the token once: it is only asked again when the server refused it.
#[derive(Debug)]
struct Once {
    token: StaticToken,
    given: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Grant for Once {
    async fn fetch(&self, _core: &Core) -> Result<Granted, Error> {
        if self.given.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Auth, Outcome::NotSent, "auth.token")
                .with_detail("the given token was refused, and there is no way to get another"));
        }
        let header = bearer(self.token.0.expose_secret()).ok_or_else(|| {
            Error::config("auth.token", "the token is empty or has characters that no header can have")
        })?;
        Ok(Granted { header, valid_for: None, base: None })
    }
}
