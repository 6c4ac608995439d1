//! One exchange at a token endpoint, whatever is exchanged.
//!
//! All grants send a form; success is `{access_token, token_type, expires_in, refresh_token?}`, 1199 seconds by default; refusal is 400
//! `{"error":"Login failed."}`. Some failures arrive as a web page with status 200.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;

use crate::auth::bearer;
use crate::error::{Error, ErrorKind, Outcome};
use crate::request::{DecodeError, Method, Path, Payload, Prepared, Query};
use crate::secret_value::SecretValue;
use crate::transport::{Core, Limits};

pub(super) const OPERATION: &str = "auth.token";
/// The answers of a sign-in are small; more than this is something else.
pub(super) const LARGEST_ANSWER: usize = 1024 * 1024;
/// No token lives longer than a year.
const LONGEST_LIFE: u64 = 365 * 24 * 3600;

/// What is sent to a token endpoint.
pub(super) struct Exchange<'a> {
    pub(super) path: Path,
    pub(super) fields: Vec<(&'a str, &'a str)>,
    pub(super) headers: HeaderMap,
    /// Whether the same exchange may be tried again when its answer was lost.
    pub(super) idempotent: bool,
    /// What a completed refusal is about.
    pub(super) offered: &'static str,
}

impl<'a> Exchange<'a> {
    /// An exchange at `{base}/oauth2/token`, which works as often as it is sent.
    pub(super) fn new(fields: Vec<(&'a str, &'a str)>, offered: &'static str) -> Self {
        let path = Path::root("oauth2/token");
        Self { path, fields, headers: HeaderMap::new(), idempotent: true, offered }
    }
}

/// What came back.
pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) life: Duration,
    pub(super) refresh: Option<SecretString>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretValue,
    expires_in: u64,
    #[serde(default)]
    refresh_token: SecretValue,
}

/// Carries an exchange out.
pub(super) async fn exchange(core: &Core, exchange: Exchange<'_>) -> Result<Token, Error> {
    let template = exchange.path.template().to_owned();
    let request = Prepared {
        operation: OPERATION,
        method: Method::Post,
        template,
        path: exchange.path.render().map_err(|e| Error::config(OPERATION, e.to_string()))?,
        query: Query::new(),
        headers: exchange.headers,
        payload: Payload::form(exchange.fields),
        idempotent: exchange.idempotent,
    };
    // One attempt fewer than other calls: a lost answer may have been a counted refusal.
    let limits = Limits { attempts: core.sign_in.attempts.min(3), body: LARGEST_ANSWER, ..core.sign_in };
    let (reply, attempts) =
        core.send(&request, limits, None).await.map_err(|e| explain(e, exchange.offered))?;
    let answer: Answer = reply.json().map_err(|e| {
        let error = Error::undecodable(&request, reply.status(), attempts, e.clone());
        if e.is_html() {
            error.with_detail(
                "a web page came instead of a token: web services are off, or the base address is wrong",
            )
        } else {
            error
        }
    })?;
    let unusable =
        |what: &'static str| Error::undecodable(&request, reply.status(), attempts, DecodeError::new(what));
    if !(1..=LONGEST_LIFE).contains(&answer.expires_in) {
        return Err(unusable("a token whose life is not between a second and a year"));
    }
    let header = bearer(answer.access_token.expose())
        .ok_or_else(|| unusable("a token that is empty or has characters that no header can have"))?;
    Ok(Token {
        header,
        life: Duration::from_secs(answer.expires_in),
        refresh: Some(answer.refresh_token).filter(|t| !t.is_empty()).map(SecretValue::into_secret_string),
    })
}

/// A completed refusal is about what was offered; a missing address is about web services or the base address.
fn explain(error: Error, offered: &'static str) -> Error {
    match error.status() {
        Some(status @ (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
            if error.api().is_some() =>
        {
            Error::new(ErrorKind::Auth, Outcome::NotDone, OPERATION)
                .with_detail(format!(
                    "the server refused the {offered}; it is not tried again until the credential is replaced"
                ))
                .with_status(status)
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
