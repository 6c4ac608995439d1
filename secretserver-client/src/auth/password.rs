//! The password grant of `POST {base}/oauth2/token`.
//!
//! Form-encoded `grant_type=password, username, password` and `domain` if there is one; a one-time code travels in the header `OTP`.
//! Success is `{access_token, token_type, expires_in, refresh_token?}`, 1199 seconds by default; refusal is 400 `{"error":"Login failed."}`.
//! Some failures arrive as a web page with status 200.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::auth::{Credential, Grant, Granted, bearer};
use crate::error::{Error, ErrorKind, Outcome};
use crate::request::{Method, Path, Payload, Prepared, Query};
use crate::secret_value::SecretValue;
use crate::transport::{Core, Limits};

const OPERATION: &str = "auth.token";
/// A token's answer is small; more than this is something else.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// No token lives longer than a year.
const LONGEST_LIFE: u64 = 365 * 24 * 3600;

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
}

impl Password {
    /// A user of Secret Server itself, unless [`Password::domain`] is set.
    pub fn new(username: impl Into<String>, password: SecretString) -> Self {
        Self { username: username.into(), secret: password, domain: None, otp: None }
    }

    /// The directory domain of the user.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// A one-time code. It works once: when the token has ended, the credential must be replaced.
    #[must_use]
    pub fn otp(mut self, code: SecretString) -> Self {
        self.otp = Some(code);
        self
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password")
            .field("username", &self.username)
            .field("domain", &self.domain)
            .field("otp", &self.otp.is_some())
            .finish_non_exhaustive()
    }
}

impl From<Password> for Credential {
    fn from(password: Password) -> Self {
        let code = if password.otp.is_some() { Code::Unused } else { Code::None };
        Self(Arc::new(PasswordGrant { password, code: Mutex::new(code) }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    None,
    Unused,
    Used,
}

#[derive(Debug)]
struct PasswordGrant {
    password: Password,
    code: Mutex<Code>,
}

impl PasswordGrant {
    /// Without a one-time code, the same exchange may be tried again when its answer was lost; a code works only once.
    fn request(&self) -> Result<Prepared, Error> {
        let mut headers = HeaderMap::new();
        let mut idempotent = true;
        let mut code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        match (*code, &self.password.otp) {
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
                headers.insert("OTP", value);
                idempotent = false;
                *code = Code::Used;
            }
            _ => {}
        }
        drop(code);
        let p = &self.password;
        let mut fields = vec![
            ("grant_type", "password"),
            ("username", p.username.as_str()),
            ("password", p.secret.expose_secret()),
        ];
        if let Some(domain) = &p.domain {
            fields.push(("domain", domain));
        }
        let path = Path::root("oauth2/token");
        Ok(Prepared {
            operation: OPERATION,
            method: Method::Post,
            template: path.template().to_owned(),
            path: path.render().map_err(|e| Error::config(OPERATION, e.to_string()))?,
            query: Query::new(),
            headers,
            payload: Payload::form(fields),
            idempotent,
        })
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretValue,
    expires_in: u64,
}

#[async_trait]
impl Grant for PasswordGrant {
    async fn fetch(&self, core: &Core) -> Result<Granted, Error> {
        let request = self.request()?;
        // One attempt fewer than other calls: a lost answer may have been a counted refusal.
        let limits = Limits { attempts: core.sign_in.attempts.min(3), body: LARGEST_ANSWER, ..core.sign_in };
        let (reply, attempts) = core.send(&request, limits, None).await.map_err(explain)?;
        let answer: TokenAnswer = reply.json().map_err(|e| {
            let error = Error::undecodable(&request, reply.status(), attempts, e.clone());
            if e.is_html() {
                error.with_detail(
                    "a web page came instead of a token: web services are off, or the base address is wrong",
                )
            } else {
                error
            }
        })?;
        let unusable = |what: &'static str| {
            Error::undecodable(&request, reply.status(), attempts, crate::request::DecodeError::new(what))
        };
        if !(1..=LONGEST_LIFE).contains(&answer.expires_in) {
            return Err(unusable("a token whose life is not between a second and a year"));
        }
        let header = bearer(answer.access_token.expose())
            .ok_or_else(|| unusable("a token that is empty or has characters that no header can have"))?;
        Ok(Granted { header, valid_for: Some(Duration::from_secs(answer.expires_in)) })
    }
}

/// A completed refusal is about the credential; a missing address is about web services or the base address.
fn explain(error: Error) -> Error {
    match error.status() {
        Some(StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            if error.api().is_some() =>
        {
            Error::new(ErrorKind::Auth, Outcome::NotDone, OPERATION)
                .with_detail("the server refused the credential; it is not tried again until it is replaced")
                .with_status(error.status().unwrap_or(StatusCode::BAD_REQUEST))
                .with_api(error.api().cloned())
                .with_attempts(error.attempts())
        }
        Some(
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::FORBIDDEN
            | StatusCode::BAD_REQUEST,
        ) => error.with_detail(
            "no token endpoint answered as such: web services are off, or the base address is wrong",
        ),
        _ => error,
    }
}
