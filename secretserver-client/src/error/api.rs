//! The server's own error: read leniently, kept briefly.
//!
//! Shapes seen: `{message, messageDetail?, errorCode?, modelState?}` with 400, `{message}` with 403,
//! `{message, exceptionMessage, exceptionType, stackTrace}` with 500, and `{error}` from the token endpoint. Names are compared
//! without case. Of all this only the code and the message are kept: stack traces, exception texts and model states can quote
//! what was sent.

use std::fmt;

use serde_json::Value;

/// Longest message kept, in characters.
const LONGEST_MESSAGE: usize = 200;
/// Longest code kept, in characters.
const LONGEST_CODE: usize = 80;

/// The code and message that the server gave for a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    code: Option<String>,
    message: String,
}

impl ApiError {
    /// Reads an error body. `None` when it is not a JSON object with a message or a code.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let Ok(Value::Object(map)) = serde_json::from_slice(body) else { return None };
        let text = |name: &str| {
            map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, v)| v.as_str())
        };
        let code = text("errorCode").map(|c| clean(c, LONGEST_CODE)).filter(|c| !c.is_empty());
        let message =
            text("message").or_else(|| text("error")).map(|m| clean(m, LONGEST_MESSAGE)).unwrap_or_default();
        if code.is_none() && message.is_empty() {
            return None;
        }
        Some(Self { code, message })
    }

    /// The server's code, such as `API_AccessDenied`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The server's message: one line, at most 200 characters, what was between quotes cut out.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether this is the answer that stands for "denied", "absent" and "deactivated" alike.
    pub(crate) fn is_access_denied(&self) -> bool {
        self.code.as_deref().is_some_and(|c| c.eq_ignore_ascii_case("API_AccessDenied"))
    }

    /// What stands before a secret, in the server's words, when this is the refusal that says so.
    ///
    /// Of these refusals one is recorded: code `API_ValidateSecretAccessCommentRequired`, "The requested Secret requires a comment when viewed."
    /// (400 on reads; on changes of 10.9 a 500 with that message and no code). The others are taken to have codes that begin alike.
    pub(crate) fn restriction(&self) -> Option<&str> {
        const CODES: &str = "API_ValidateSecretAccess";
        let code = self.code.as_deref().unwrap_or_default();
        match code.split_at_checked(CODES.len()) {
            Some((start, reason)) if start.eq_ignore_ascii_case(CODES) => Some(reason),
            _ if self.message == "The requested Secret requires a comment when viewed." => {
                Some("CommentRequired")
            }
            _ => None,
        }
    }

    /// Whether this is the one answer that says the token has expired. Its text is exact.
    pub(crate) fn is_expired_token(&self) -> bool {
        self.message == "Authentication failed or expired token."
    }

    /// Whether the name is taken. No recorded sample of this answer is known, so several spellings are accepted.
    pub(crate) fn is_duplicate(&self) -> bool {
        let has = |text: &str, part: &str| text.to_ascii_lowercase().contains(part);
        self.code.as_deref().is_some_and(|c| has(c, "duplicate") || has(c, "alreadyexist"))
            || has(&self.message, "already exists")
            || has(&self.message, "already in use")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, self.message.is_empty()) {
            (Some(code), true) => f.write_str(code),
            (Some(code), false) => write!(f, "{code}: {}", self.message),
            (None, _) => f.write_str(&self.message),
        }
    }
}

/// One line without control characters, at most `longest` characters, and without what stands between quotation marks: a server
/// that complains of a value quotes it there.
fn clean(text: &str, longest: usize) -> String {
    let mut out = String::new();
    let mut quoted_by = None;
    let mut previous = ' ';
    let mut cut = false;
    let line = text.trim_start().lines().next().unwrap_or_default();
    for c in line.chars() {
        if out.chars().count() > longest {
            cut = true;
            break;
        }
        match quoted_by {
            Some(end) if c == end => {
                quoted_by = None;
                out.push('…');
                out.push(c);
            }
            Some(_) => {}
            None if c.is_control() => out.push(' '),
            None => {
                out.push(c);
                // An apostrophe inside a word is no quotation mark.
                if c == '"' || (c == '\'' && !previous.is_alphanumeric()) {
                    quoted_by = Some(c);
                }
            }
        }
        previous = c;
    }
    let out = out.trim();
    if !cut && out.chars().count() <= longest {
        return out.to_owned();
    }
    out.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_shape_without_case() {
        for (body, code, message) in [
            (r#"{"errorCode":"API_X","message":"No"}"#, Some("API_X"), "No"),
            (r#"{"ErrorCode":"API_X","Message":"No"}"#, Some("API_X"), "No"),
            (r#"{"message":"No"}"#, None, "No"),
            (r#"{"error":"Login failed."}"#, None, "Login failed."),
        ] {
            let api = ApiError::parse(body.as_bytes()).unwrap();
            assert_eq!((api.code(), api.message()), (code, message), "{body}");
        }
        for body in ["", "<html>", "[]", "{}", "\"text\"", r#"{"message":5}"#] {
            assert_eq!(ApiError::parse(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn keeps_no_stack_trace_and_no_quoted_value() {
        let body = r#"{"message":"The value 'CANARY' is \"CANARY\" too,\r\nCANARY","exceptionMessage":"CANARY",
            "stackTrace":"at CANARY","messageDetail":"CANARY","modelState":{"x":["CANARY"]}}"#;
        let api = ApiError::parse(body.as_bytes()).unwrap();
        assert!(!format!("{api:?} {api}").contains("CANARY"), "{api}");
        assert_eq!(api.message(), "The value '…' is \"…\" too,");
    }

    #[test]
    fn knows_what_stands_before_a_secret() {
        let restriction =
            |body: &str| ApiError::parse(body.as_bytes()).unwrap().restriction().map(str::to_owned);
        for (body, reason) in [
            (
                r#"{"errorCode":"API_ValidateSecretAccessCommentRequired","message":"x"}"#,
                Some("CommentRequired"),
            ),
            (r#"{"errorCode":"api_validatesecretaccesscheckoutrequired"}"#, Some("checkoutrequired")),
            (
                r#"{"message":"The requested Secret requires a comment when viewed."}"#,
                Some("CommentRequired"),
            ),
            (r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#, None),
            (r#"{"message":"requires a comment"}"#, None),
        ] {
            assert_eq!(restriction(body).as_deref(), reason, "{body}");
        }
    }

    #[test]
    fn shortens() {
        let long = "x".repeat(5000);
        let api =
            ApiError::parse(format!(r#"{{"message":"{long}","errorCode":"{long}"}}"#).as_bytes()).unwrap();
        assert_eq!(api.message().chars().count(), LONGEST_MESSAGE);
        assert_eq!(api.code().unwrap().chars().count(), LONGEST_CODE);
        for letters in LONGEST_MESSAGE - 4..=LONGEST_MESSAGE + 1 {
            let quoting = format!(r#"{{"message":"{} 'CANARY' and so on"}}"#, "x".repeat(letters - 1));
            let api = ApiError::parse(quoting.as_bytes()).unwrap();
            assert!(api.message().chars().count() <= LONGEST_MESSAGE, "{letters}: {}", api.message());
            assert!(api.message().ends_with('…') && !api.message().contains("CAN"), "{}", api.message());
        }
    }

    #[test]
    fn an_apostrophe_is_no_quotation() {
        let api = ApiError::parse(br#"{"message":"The user doesn't exist in the user's folder"}"#).unwrap();
        assert_eq!(api.message(), "The user doesn't exist in the user's folder");
    }
}
