//! The password grant of `POST {base}/oauth2/token`: `grant_type=password, username, password` and `domain` if there is one; a one-time
//! code travels in the header `OTP`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::refresh::RefreshGrant;
use crate::auth::token::{Exchange, OPERATION, Token, exchange};
use crate::auth::{Credential, Grant, Granted};
use crate::error::{Error, ErrorKind, Outcome};
use crate::transport::Core;

/// Signs in with the name and the password of a user.
///
/// ```
/// use secretserver_client::auth::Password;
/// let credential = Password::new("svc-alm", "correct horse".into()).domain("CORP");
/// assert!(!format!("{credential:?}").contains("horse"));
/// ```
#[derive(Clone)]
pub struct Password {
    username: String,
    secret: SecretString,
    domain: Option<String>,
    otp: Option<SecretString>,
    refreshes: u32,
}

impl Password {
    /// A user of Secret Server itself, unless [`Password::domain`] is set.
    pub fn new(username: impl Into<String>, password: SecretString) -> Self {
        Self { username: username.into(), secret: password, domain: None, otp: None, refreshes: 0 }
    }

    /// The directory domain of the user.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// A one-time code. It works once: when the token has ended, and no refresh token prolongs it, the credential must be replaced.
    #[must_use]
    pub fn otp(mut self, code: SecretString) -> Self {
        self.otp = Some(code);
        self
    }

    /// How often in a row the token is renewed by the refresh token that came with it, before the password is sent again. 0 when not said.
    ///
    /// Since Secret Server 10.7, where refresh tokens are switched on and the session time-out is not unlimited. The server has a limit of its
    /// own, 3 if nobody changed it (`maximumTokenRefreshesAllowed`). A refresh token works once, and until 15 minutes after its token has
    /// ended; when it is refused or its answer is lost, the password is sent, once.
    #[must_use]
    pub fn refreshes(mut self, times: u32) -> Self {
        self.refreshes = times;
        self
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password")
            .field("username", &self.username)
            .field("domain", &self.domain)
            .field("otp", &self.otp.is_some())
            .field("refreshes", &self.refreshes)
            .finish_non_exhaustive()
    }
}

impl From<Password> for Credential {
    fn from(password: Password) -> Self {
        let code = if password.otp.is_some() { Code::Unused } else { Code::None };
        let refreshes = password.refreshes;
        let grant = PasswordGrant { password, code: Mutex::new(code) };
        if refreshes == 0 {
            Self(Arc::new(grant))
        } else {
            Self(Arc::new(RefreshGrant::after(grant, refreshes)))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    None,
    Unused,
    Used,
}

#[derive(Debug)]
pub(super) struct PasswordGrant {
    password: Password,
    code: Mutex<Code>,
}

impl PasswordGrant {
    /// Without a one-time code, the same exchange may be tried again when its answer was lost; a code works only once.
    fn request(&self) -> Result<Exchange<'_>, Error> {
        let p = &self.password;
        let mut fields = vec![
            ("grant_type", "password"),
            ("username", p.username.as_str()),
            ("password", p.secret.expose_secret()),
        ];
        if let Some(domain) = &p.domain {
            fields.push(("domain", domain));
        }
        let mut request = Exchange::new(fields, "user or the password");
        let mut code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        match (*code, &p.otp) {
            (Code::Used, _) => {
                return Err(Error::new(ErrorKind::Auth, Outcome::NotSent, OPERATION).with_detail(
                    "the one-time code was used; replace the credential with one that has a new code",
                ));
            }
            (Code::Unused, Some(otp)) => {
                let mut value = HeaderValue::from_str(otp.expose_secret()).map_err(|_| {
                    Error::config(OPERATION, "the one-time code has characters that no header can have")
                })?;
                value.set_sensitive(true);
                request.headers.insert("OTP", value);
                request.idempotent = false;
                *code = Code::Used;
            }
            _ => {}
        }
        Ok(request)
    }

    pub(super) async fn token(&self, core: &Core) -> Result<Token, Error> {
        let request = self.request()?;
        exchange(core, request).await
    }
}

#[async_trait]
impl Grant for PasswordGrant {
    async fn fetch(&self, core: &Core) -> Result<Granted, Error> {
        self.token(core).await.map(Granted::from)
    }
}
