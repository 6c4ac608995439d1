//! How the server answers and refuses, and how it reads arguments.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::Shared;
use super::world::{Settings, TokenState, User};

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal(StatusCode, Value);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

pub(super) type Answer = Result<Json<Value>, Refusal>;

/// What stands for "denied", "absent" and "deactivated" alike.
pub(super) fn denied() -> Refusal {
    refused("API_AccessDenied", "Access Denied")
}

pub(super) fn refused(code: &str, message: &str) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, json!({"errorCode": code, "message": message}))
}

pub(super) fn message(status: StatusCode, message: &str) -> Refusal {
    Refusal(status, json!({"message": message}))
}

/// The one answer of the token endpoint to any wrong credential.
pub(super) fn login_failed() -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, json!({"error": "Login failed."}))
}

/// The web server's own page, which is what comes when web services are off.
pub(super) fn web_page(status: StatusCode) -> Response {
    let page = "<!DOCTYPE html><html><head><title>The resource cannot be found.</title></head></html>";
    (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

impl From<std::io::Error> for Refusal {
    fn from(_: std::io::Error) -> Self {
        message(StatusCode::INTERNAL_SERVER_ERROR, "The state of the simulator cannot be kept.")
    }
}

/// Whoever calls, by its token: unknown tokens are refused with 401, ended ones with 403 and an exact text.
pub(super) struct Caller {
    pub(super) user: User,
    pub(super) token: String,
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let unknown = || message(StatusCode::UNAUTHORIZED, "Authentication failed.");
        let header =
            parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or_else(unknown)?;
        let (scheme, token) = header.split_once(' ').ok_or_else(unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unknown());
        }
        let world = shared.world();
        match world.token(token) {
            TokenState::Unknown => Err(unknown()),
            TokenState::Expired => {
                Err(message(StatusCode::FORBIDDEN, "Authentication failed or expired token."))
            }
            TokenState::Valid(user) => {
                let user = world.user(user).filter(|u| u.enabled && !u.locked).ok_or_else(unknown)?;
                Ok(Self { user: user.clone(), token: token.to_owned() })
            }
        }
    }
}

/// The arguments after the `?`. Names are compared without case; `paging.` before them is accepted.
pub(super) struct Args(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Args {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(
            url::form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| {
                    let name = name.to_ascii_lowercase();
                    (name.strip_prefix("paging.").map(str::to_owned).unwrap_or(name), value.into_owned())
                })
                .collect(),
        ))
    }
}

impl Args {
    /// The value of an argument; empty ones count as missing.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
            .filter(|v| !v.is_empty())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// A number; `-1` and `0` mean that there is none.
    pub(super) fn id(&self, name: &str) -> Result<Option<u32>, Refusal> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => {
                let number: i64 =
                    text.parse().map_err(|_| message(StatusCode::BAD_REQUEST, "The request is invalid."))?;
                Ok(u32::try_from(number).ok().filter(|n| *n > 0))
            }
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }
}

/// A JSON body.
pub(super) struct JsonBody(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let bad = || message(StatusCode::BAD_REQUEST, "The request is invalid.");
        let body = axum::body::to_bytes(request.into_body(), 16 * 1024 * 1024).await.map_err(|_| bad())?;
        serde_json::from_slice(&body).map(Self).map_err(|_| bad())
    }
}

/// Reads a member without regard to case, as the server does.
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, v)| v)
        .filter(|v| !v.is_null())
}

/// One page of the rows, in the order that was asked for.
pub(super) fn page(mut rows: Vec<Value>, args: &Args, settings: &Settings) -> Json<Value> {
    if let Some(sort) = args.text("sortBy[0].name") {
        let down = args.text("sortBy[0].direction").is_some_and(|d| d.eq_ignore_ascii_case("desc"));
        rows.sort_by(|a, b| {
            let order = match (member(a, sort), member(b, sort)) {
                (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_i64().cmp(&b.as_i64()),
                (a, b) => {
                    let text = |v: Option<&Value>| v.and_then(Value::as_str).map(str::to_lowercase);
                    text(a).cmp(&text(b))
                }
            };
            if down { order.reverse() } else { order }
        });
    }
    let total = rows.len();
    let skip = args.number("skip").unwrap_or(0);
    let asked = args.number("take").unwrap_or(50).max(1);
    let take = settings.largest_page.map_or(asked, |largest| asked.min(largest));
    let records: Vec<Value> = rows.into_iter().skip(skip).take(take).collect();
    let next = skip.saturating_add(records.len());
    let has_next = next < total && !records.is_empty();
    Json(json!({
        "skip": skip, "take": take, "total": total,
        "pageCount": total.div_ceil(take), "currentPage": skip.checked_div(take).unwrap_or(0).saturating_add(1),
        "batchCount": records.len(),
        "prevSkip": skip.saturating_sub(take), "nextSkip": if has_next { next } else { 0 },
        "hasPrev": skip > 0, "hasNext": has_next,
        "records": records, "sortBy": [], "success": true, "severity": "None",
    }))
}

/// A date as reads give it: without a zone.
pub(super) fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}
