//! `GET /v1/healthcheck`: JSON on newer servers, the text `Healthy` on older ones, names in either case.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::request::{DecodeError, Endpoint, Method, Path, Reply};

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Whether it is well.
    pub healthy: bool,
    /// Whether it refuses changes, as far as it says.
    pub read_only: bool,
}

/// Asks how the server is, without a token.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the operation has no arguments")]
pub struct GetHealth;

impl Endpoint for GetHealth {
    const OPERATION: &'static str = "system.health";
    const METHOD: Method = Method::Get;
    const AUTHENTICATED: bool = false;
    type Response = Health;

    fn path(&self) -> Path {
        Path::api("v1/healthcheck")
    }

    fn decode(&self, reply: &Reply) -> Result<Health, DecodeError> {
        let text = reply.text()?.trim().trim_matches('"');
        if text.eq_ignore_ascii_case("healthy") {
            return Ok(Health { healthy: true, read_only: false });
        }
        if text.eq_ignore_ascii_case("unhealthy") {
            return Ok(Health { healthy: false, read_only: false });
        }
        let map: Map<String, Value> = reply.json()?;
        let flag = |name: &str| {
            map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, v)| v.as_bool())
        };
        let healthy = flag("healthy").ok_or(DecodeError::new("a health without the word healthy"))?;
        Ok(Health { healthy, read_only: flag("readOnlyMode").unwrap_or(false) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<bool> {
        let reply = Reply {
            status: http::StatusCode::OK,
            headers: http::HeaderMap::new(),
            body: zeroize::Zeroizing::new(body.as_bytes().to_vec()),
        };
        GetHealth.decode(&reply).ok().map(|h| h.healthy)
    }

    #[test]
    fn reads_every_form_and_never_mistakes_unhealthy_for_healthy() {
        for (body, healthy) in [
            ("Healthy", Some(true)),
            ("\"Healthy\"", Some(true)),
            (" healthy\r\n", Some(true)),
            ("Unhealthy", Some(false)),
            (r#"{"healthy":true}"#, Some(true)),
            (r#"{"Healthy":true}"#, Some(true)),
            (r#"{"healthy":false,"databaseHealthy":true}"#, Some(false)),
            (r#"{"healthy":"Healthy"}"#, None),
            ("{}", None),
            ("<html>Healthy</html>", None),
            ("Not Healthy", None),
        ] {
            assert_eq!(read(body), healthy, "{body}");
        }
    }
}
