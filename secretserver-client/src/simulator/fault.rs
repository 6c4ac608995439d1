//! How the simulator misbehaves, and the short way to say it.

use std::str::FromStr;
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// `delay`: waits first (argument: `500ms`, `2s`), then answers as ever.
    Delay(Duration),
    /// `drop-request`: closes the connection and does nothing.
    DropRequest,
    /// `drop-reply`: does the work and closes the connection without an answer.
    DropReply,
    /// `cut-body`: does the work and breaks off in the middle of the answer.
    CutBody,
    /// `slow-body`: does the work and sends the answer in pieces over this time (argument: `500ms`, `2s`).
    SlowBody(Duration),
    /// `html-reply`: does the work and answers 200 with a web page instead, as some failures do.
    HtmlReply,
    /// `rate-limit`: 429, with `Retry-After` if the argument is a number of seconds. Does nothing.
    RateLimit(Option<u32>),
    /// `error-before`: this status (503 by default) without doing the work.
    ErrorBefore(u16),
    /// `error-after`: this status (500 by default) after doing the work.
    ErrorAfter(u16),
    /// `expire-tokens`: ends all tokens, then answers as ever.
    ExpireTokens,
    /// `read-only`: refuses all changes from now on.
    ReadOnly,
}

/// A way to misbehave on some requests.
///
/// Written `KIND:METHOD:/api/path-prefix[:COUNT[:ARG]]`; the method may be `*`, and a count of 0 means always.
///
/// ```
/// use secretserver_client::simulator::{Fault, FaultKind};
/// let fault: Fault = "drop-reply:POST:/api/v1/secrets:2".parse()?;
/// assert_eq!(fault.kind, FaultKind::DropReply);
/// let always: Fault = "delay:GET:/api/v1/secrets:0:500ms".parse()?;
/// assert!("drop-reply:POST".parse::<Fault>().is_err());
/// # Ok::<(), secretserver_client::simulator::InvalidFault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// The method, or `None` for all.
    pub method: Option<String>,
    /// How the path begins, without the base path.
    pub path: String,
    /// How often still; `None`: always.
    pub left: Option<u32>,
}

/// A text that is no fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fault: {0}; write KIND:METHOD:/path-prefix[:COUNT[:ARG]]")]
pub struct InvalidFault(&'static str);

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let mut parts = text.split(':');
        let kind = parts.next().unwrap_or_default();
        let method = parts.next().filter(|m| !m.is_empty()).ok_or(InvalidFault("the method is missing"))?;
        let path =
            parts.next().filter(|p| p.starts_with('/')).ok_or(InvalidFault("the path must begin with /"))?;
        let left = match parts.next() {
            None => Some(1),
            Some(count) => match count.parse().map_err(|_| InvalidFault("the count is no number"))? {
                0 => None,
                count => Some(count),
            },
        };
        let argument = parts.next();
        if parts.next().is_some() {
            return Err(InvalidFault("there are too many parts"));
        }
        let status = |default: u16| match argument {
            None => Ok(default),
            Some(a) => a
                .parse()
                .ok()
                .filter(|s| (400..600).contains(s))
                .ok_or(InvalidFault("the status must be from 400 to 599")),
        };
        let kind = match kind {
            "delay" => FaultKind::Delay(duration(argument)?),
            "drop-request" => FaultKind::DropRequest,
            "drop-reply" => FaultKind::DropReply,
            "cut-body" => FaultKind::CutBody,
            "slow-body" => FaultKind::SlowBody(duration(argument)?),
            "html-reply" => FaultKind::HtmlReply,
            "rate-limit" => FaultKind::RateLimit(match argument {
                None => None,
                Some(a) => Some(a.parse().map_err(|_| InvalidFault("the seconds are no number"))?),
            }),
            "error-before" => FaultKind::ErrorBefore(status(503)?),
            "error-after" => FaultKind::ErrorAfter(status(500)?),
            "expire-tokens" => FaultKind::ExpireTokens,
            "read-only" => FaultKind::ReadOnly,
            _ => return Err(InvalidFault("the kind is unknown")),
        };
        let method = (method != "*").then(|| method.to_ascii_uppercase());
        Ok(Self { kind, method, path: path.to_owned(), left })
    }
}

fn duration(text: Option<&str>) -> Result<Duration, InvalidFault> {
    let bad = InvalidFault("this kind needs a time such as 500ms or 2s");
    let text = text.ok_or(bad)?;
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').ok_or(bad)?, 1000),
    };
    let number: u64 = number.parse().map_err(|_| bad)?;
    Ok(Duration::from_millis(number.saturating_mul(unit)))
}

/// The faults that this request meets, each counted down.
pub(super) fn take(faults: &mut Vec<Fault>, method: &str, path: &str) -> Vec<FaultKind> {
    let mut met = Vec::new();
    faults.retain_mut(|fault| {
        let meets = fault.method.as_deref().is_none_or(|m| m == method) && path.starts_with(&fault.path);
        if meets {
            met.push(fault.kind);
            if let Some(left) = &mut fault.left {
                *left = left.saturating_sub(1);
            }
        }
        fault.left != Some(0)
    });
    met
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind() {
        for (text, kind, left) in [
            ("delay:GET:/api:0:500ms", FaultKind::Delay(Duration::from_millis(500)), None),
            ("delay:GET:/api:3:2s", FaultKind::Delay(Duration::from_secs(2)), Some(3)),
            ("drop-request:*:/", FaultKind::DropRequest, Some(1)),
            ("rate-limit:GET:/api:2:7", FaultKind::RateLimit(Some(7)), Some(2)),
            ("rate-limit:GET:/api", FaultKind::RateLimit(None), Some(1)),
            ("error-before:GET:/api", FaultKind::ErrorBefore(503), Some(1)),
            ("error-after:POST:/api:1:502", FaultKind::ErrorAfter(502), Some(1)),
            ("read-only:*:/api", FaultKind::ReadOnly, Some(1)),
            ("slow-body:GET:/api:0:1s", FaultKind::SlowBody(Duration::from_secs(1)), None),
            ("html-reply:POST:/oauth2/token", FaultKind::HtmlReply, Some(1)),
        ] {
            let fault: Fault = text.parse().unwrap();
            assert_eq!((fault.kind, fault.left), (kind, left), "{text}");
        }
        for bad in [
            "",
            "delay",
            "delay:GET:/api",
            "delay:GET:/api:1:5",
            "x:GET:/a",
            "cut-body:GET:a",
            "cut-body:GET:/a:x",
            "error-after:GET:/a:1:200",
            "cut-body:GET:/a:1:2:3",
        ] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_down() {
        let mut faults: Vec<Fault> = vec!["drop-reply:POST:/api/v1/secrets:2".parse().unwrap()];
        let mut meet = |method, path| take(&mut faults, method, path).len();
        assert_eq!(meet("GET", "/api/v1/secrets"), 0);
        assert_eq!(meet("POST", "/api/v1/secrets"), 1);
        assert_eq!(meet("POST", "/api/v1/secrets/5"), 1);
        assert_eq!(meet("POST", "/api/v1/secrets"), 0);
    }
}
