//! How the server answers and refuses.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::body::{Body, full};

/// What an operation answers.
pub(super) enum Reply {
    Json(Value),
    /// The content of a file, as it is.
    File {
        name: String,
        content: Vec<u8>,
    },
}

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
    /// The work was begun, and must be kept: a wrong password counts, a lock stays.
    pub(super) keep: bool,
}

pub(super) type Answer = Result<Reply, Refusal>;

impl Reply {
    pub(super) fn into_response(self) -> (Response<Body>, Option<Value>) {
        match self {
            Self::Json(value) => (json_response(StatusCode::OK, &value), Some(value)),
            Self::File { name, content } => {
                let mut response = Response::new(full(content));
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
                let name: String = name.chars().filter(|c| c.is_ascii_graphic() && *c != '"').collect();
                if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
                    headers.insert(header::CONTENT_DISPOSITION, value);
                }
                (response, None)
            }
        }
    }
}

impl Refusal {
    pub(super) fn into_response(self) -> (Response<Body>, Option<Value>) {
        (json_response(self.status, &self.body), Some(self.body))
    }
}

pub(super) fn json_response(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(full(value.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// An answer in JSON.
#[allow(clippy::unnecessary_wraps, reason = "it is what operations end with")]
pub(super) fn ok(value: Value) -> Answer {
    Ok(Reply::Json(value))
}

/// What stands for "denied", "absent" and "deactivated" alike (facts 2.6, recorded).
pub(super) fn denied() -> Refusal {
    refused("API_AccessDenied", "Access Denied")
}

pub(super) fn refused(code: &str, message: &str) -> Refusal {
    let body = json!({"errorCode": code, "message": message});
    Refusal { status: StatusCode::BAD_REQUEST, body, keep: false }
}

pub(super) fn message(status: StatusCode, message: &str) -> Refusal {
    Refusal { status, body: json!({"message": message}), keep: false }
}

pub(super) fn invalid(text: &str) -> Refusal {
    message(StatusCode::BAD_REQUEST, text)
}

/// What the web framework says to what it cannot read.
pub(super) fn unreadable() -> Refusal {
    invalid("The request is invalid.")
}

/// What the web framework says to an address that it does not know.
pub(super) fn unknown_address() -> Refusal {
    message(StatusCode::NOT_FOUND, "No HTTP resource was found that matches the request URI.")
}

/// The one answer of the token endpoint to any wrong credential (example 03, recorded).
pub(super) fn login_failed() -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, body: json!({"error": "Login failed."}), keep: true }
}

/// The web server's own page, which is what comes when web services are off.
pub(super) fn web_page(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(
        "<!DOCTYPE html><html><head><title>The resource cannot be found.</title></head></html>",
    ));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// What the server says when it fails, with the stack trace that it should not show.
pub(super) fn failure(status: u16) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "message": "An error has occurred.",
        "exceptionMessage": "Object reference not set to an instance of an object.",
        "exceptionType": "System.NullReferenceException",
        "stackTrace": "   at Thycotic.ihawu.Business.Something()",
    });
    json_response(status, &body)
}

impl From<std::io::Error> for Refusal {
    fn from(_: std::io::Error) -> Self {
        let text = "The state of the simulator cannot be kept.";
        let body = json!({"message": text, "exceptionMessage": text, "exceptionType": "System.IO.IOException", "stackTrace": null});
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, body, keep: false }
    }
}

/// A date as reads give it: without a zone (facts 2.7).
pub(super) fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

/// A date or the server's word for "never".
pub(super) fn date_or_never(at: Option<jiff::Timestamp>) -> String {
    at.map_or_else(|| "0001-01-01T00:00:00".to_owned(), date)
}
