//! What may be sent again: the table in the documentation of the parent module, tested row by row.

use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

use crate::error::{ApiError, ErrorKind, Outcome};
use crate::transport::TransportErrorKind;

/// What went wrong with one attempt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// There is no answer.
    Transport(TransportErrorKind),
    /// The time limit of the attempt passed.
    AttemptTimeout,
    /// A 2xx came, and its body broke off.
    CutBody(StatusCode),
    /// A 2xx came, and its body stopped arriving.
    StalledBody(StatusCode),
    /// A 2xx came, and its body is larger than allowed.
    TooLarge(StatusCode),
    /// The server answered with a status that is not 2xx.
    Status { status: StatusCode, retry_after: Option<Duration>, api: Option<ApiError> },
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    No,
    /// After a wait, at least this long.
    After(Duration),
    /// At once, with a new token. Happens once in a call.
    NewToken,
}

/// The table.
pub(crate) fn decide(fault: &Fault, idempotent: bool) -> (Again, Outcome) {
    let if_idempotent = |wait: Duration| if idempotent { Again::After(wait) } else { Again::No };
    match fault {
        Fault::Transport(TransportErrorKind::Connect) => (Again::After(Duration::ZERO), Outcome::NotSent),
        Fault::Transport(TransportErrorKind::Request) => (Again::No, Outcome::NotSent),
        Fault::Transport(TransportErrorKind::Timeout | TransportErrorKind::Interrupted)
        | Fault::AttemptTimeout => (if_idempotent(Duration::ZERO), Outcome::Unknown),
        Fault::CutBody(_) | Fault::StalledBody(_) => (if_idempotent(Duration::ZERO), Outcome::Done),
        Fault::TooLarge(_) => (Again::No, Outcome::Done),
        Fault::Status { status, retry_after, .. } => {
            let wait = retry_after.unwrap_or_default();
            if fault.is_stale_token() {
                (if idempotent { Again::NewToken } else { Again::No }, Outcome::NotDone)
            } else if *status == StatusCode::TOO_MANY_REQUESTS {
                (Again::After(wait), Outcome::NotDone)
            } else if status.is_server_error() || *status == StatusCode::REQUEST_TIMEOUT {
                (if_idempotent(wait), Outcome::Unknown)
            } else {
                (Again::No, Outcome::NotDone)
            }
        }
    }
}

impl Fault {
    /// Whether the token is to blame: any 401, and the 403 with the one exact text. Other 403s are about permissions.
    pub(crate) fn is_stale_token(&self) -> bool {
        match self {
            Self::Status { status: StatusCode::UNAUTHORIZED, .. } => true,
            Self::Status { status: StatusCode::FORBIDDEN, api, .. } => {
                api.as_ref().is_some_and(ApiError::is_expired_token)
            }
            _ => false,
        }
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. }
            | Self::CutBody(status)
            | Self::StalledBody(status)
            | Self::TooLarge(status) => Some(*status),
            Self::Transport(_) | Self::AttemptTimeout => None,
        }
    }

    /// The kind of error it is. Secret Server answers "denied", "absent" and "deactivated" with one and the same 400, 403 or 404.
    pub(crate) fn kind(&self) -> ErrorKind {
        let (status, api) = match self {
            Self::Transport(TransportErrorKind::Connect) => return ErrorKind::Connect,
            Self::Transport(TransportErrorKind::Request) => return ErrorKind::Config,
            Self::Transport(TransportErrorKind::Timeout) | Self::AttemptTimeout | Self::StalledBody(_) => {
                return ErrorKind::Timeout;
            }
            Self::Transport(TransportErrorKind::Interrupted) | Self::CutBody(_) => {
                return ErrorKind::Interrupted;
            }
            Self::TooLarge(_) => return ErrorKind::Decode,
            Self::Status { status, api, .. } => (*status, api.as_ref()),
        };
        if self.is_stale_token() {
            return ErrorKind::Auth;
        }
        if api.is_some_and(|api| api.restriction().is_some()) {
            return ErrorKind::Restricted;
        }
        if status.is_client_error() {
            if api.is_some_and(ApiError::is_access_denied) {
                return ErrorKind::Denied;
            }
            if api.is_some_and(ApiError::is_duplicate) {
                return ErrorKind::Conflict;
            }
        }
        match status.as_u16() {
            403 => ErrorKind::Denied,
            404 | 410 => ErrorKind::NotFound,
            300..=399 | 405 | 501 => ErrorKind::Unsupported,
            408 => ErrorKind::Timeout,
            409 | 412 => ErrorKind::Conflict,
            429 => ErrorKind::RateLimited,
            400..=499 => ErrorKind::Invalid,
            _ => ErrorKind::Server,
        }
    }
}

/// Reads `Retry-After`: seconds or a date (RFC 9110 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = crate::time::parse_http_date(text)?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// How many retries the clients of one server may make together: each costs, each success earns. When a server is down, this ends the
/// avalanche of retries while single failures still get theirs.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<u32>);

impl Budget {
    const FULL: u32 = 500;
    const COST: u32 = 5;

    pub(crate) fn new() -> Self {
        Self(Mutex::new(Self::FULL))
    }

    /// Takes the price of a retry, if it can be paid.
    pub(crate) fn pay(&self) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match tokens.checked_sub(Self::COST) {
            Some(rest) => {
                *tokens = rest;
                true
            }
            None => false,
        }
    }

    pub(crate) fn earn(&self) {
        let mut tokens = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *tokens = tokens.saturating_add(1).min(Self::FULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, wait: Option<u64>, body: &str) -> Fault {
        Fault::Status {
            status: StatusCode::from_u16(code).unwrap(),
            retry_after: wait.map(Duration::from_secs),
            api: ApiError::parse(body.as_bytes()),
        }
    }

    const NOW: Again = Again::After(Duration::ZERO);
    const EXPIRED: &str = r#"{"message":"Authentication failed or expired token."}"#;

    #[test]
    fn every_row_of_the_table() {
        use Outcome::{Done, NotDone, NotSent, Unknown};
        use TransportErrorKind::{Connect, Interrupted, Request, Timeout};
        let later = Again::After(Duration::from_secs(7));
        let ok = StatusCode::OK;
        for (fault, idempotent, other, outcome) in [
            (Fault::Transport(Connect), NOW, NOW, NotSent),
            (Fault::Transport(Request), Again::No, Again::No, NotSent),
            (status(429, Some(7), ""), later, later, NotDone),
            (status(429, None, ""), NOW, NOW, NotDone),
            (status(503, Some(7), ""), later, Again::No, Unknown),
            (status(503, None, ""), NOW, Again::No, Unknown),
            (Fault::Transport(Timeout), NOW, Again::No, Unknown),
            (Fault::AttemptTimeout, NOW, Again::No, Unknown),
            (Fault::Transport(Interrupted), NOW, Again::No, Unknown),
            (Fault::CutBody(ok), NOW, Again::No, Done),
            (Fault::StalledBody(ok), NOW, Again::No, Done),
            (Fault::TooLarge(ok), Again::No, Again::No, Done),
            (status(408, None, ""), NOW, Again::No, Unknown),
            (status(500, None, ""), NOW, Again::No, Unknown),
            (status(502, None, ""), NOW, Again::No, Unknown),
            (status(504, None, ""), NOW, Again::No, Unknown),
            (status(401, None, ""), Again::NewToken, Again::No, NotDone),
            (status(403, None, EXPIRED), Again::NewToken, Again::No, NotDone),
            (status(403, None, r#"{"message":"Access denied"}"#), Again::No, Again::No, NotDone),
            (status(400, None, EXPIRED), Again::No, Again::No, NotDone),
            (status(404, None, ""), Again::No, Again::No, NotDone),
            (status(409, None, ""), Again::No, Again::No, NotDone),
            (status(302, None, ""), Again::No, Again::No, NotDone),
        ] {
            assert_eq!(decide(&fault, true), (idempotent, outcome), "idempotent {fault:?}");
            assert_eq!(decide(&fault, false), (other, outcome), "other {fault:?}");
        }
    }

    #[test]
    fn denied_and_absent_look_alike_with_any_status() {
        let denied = r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#;
        for code in [400, 403, 404] {
            assert_eq!(status(code, None, denied).kind(), ErrorKind::Denied, "{code}");
        }
        assert_eq!(status(404, None, "").kind(), ErrorKind::NotFound);
        assert_eq!(status(400, None, "").kind(), ErrorKind::Invalid);
        assert_eq!(
            status(400, None, r#"{"message":"A secret with this name already exists"}"#).kind(),
            ErrorKind::Conflict
        );
        assert_eq!(status(500, None, denied).kind(), ErrorKind::Server);
    }

    #[test]
    fn reads_retry_after_in_both_forms() {
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, http::HeaderValue::from_static(text));
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(Duration::from_mins(2)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-1"), None);
    }

    #[test]
    fn the_budget_ends_an_avalanche_and_recovers() {
        let budget = Budget::new();
        assert_eq!((0..1000).filter(|_| budget.pay()).count(), 100);
        (0..5).for_each(|_| budget.earn());
        assert!(budget.pay() && !budget.pay());
    }
}
