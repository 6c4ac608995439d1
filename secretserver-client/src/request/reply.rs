//! A successful answer, and how it is read. Decoding errors never quote what was read.

use std::fmt;

use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use zeroize::Zeroizing;

/// A complete answer. Its body may hold secrets: wiped when dropped.
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Reply {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body. May hold secrets.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text. May hold secrets.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str, DecodeError> {
        std::str::from_utf8(&self.body).map_err(|_| DecodeError::new("not text"))
    }

    /// The body as JSON, in one pass.
    ///
    /// # Errors
    /// When it is not JSON or has another shape. The error names the place and the sort of mistake, and never the value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        if self.is_html() {
            return Err(DecodeError { html: true, ..DecodeError::new("a web page instead of json") });
        }
        serde_json::from_slice(&self.body).map_err(|e| DecodeError::json::<T>(&self.body, &e))
    }

    /// Whether this is a web page: a login page, or a proxy that speaks for the server. Some failures arrive so, with status 200.
    pub(crate) fn is_html(&self) -> bool {
        let declared = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.to_ascii_lowercase().contains("html"));
        declared || self.body.trim_ascii_start().starts_with(b"<")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why an answer could not be read: the sort of mistake and the place, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    what: &'static str,
    path: Option<String>,
    line: usize,
    column: usize,
    html: bool,
}

impl DecodeError {
    /// An error of your own. `what` must be fixed in the program, so that it cannot quote a value.
    pub const fn new(what: &'static str) -> Self {
        Self { what, path: None, line: 0, column: 0, html: false }
    }

    /// Whether a web page came instead: nobody knows then whether Secret Server ever saw the request.
    pub(crate) fn is_html(&self) -> bool {
        self.html
    }

    /// A record of another shape than expected, at this place in it. The path is made showable.
    pub(crate) fn record(path: &str) -> Self {
        let path = Some(showable(path)).filter(|p| p != ".");
        Self { path, ..Self::new("another shape than expected") }
    }

    /// Serde's own text quotes the value, so only category and position are taken from it, and the path from a second reading.
    fn json<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> Self {
        let what = match error.classify() {
            Category::Io => "unreadable",
            Category::Syntax => "no json",
            Category::Data => "another shape than expected",
            Category::Eof if body.is_empty() => "empty",
            Category::Eof => "json ends too early",
        };
        let path =
            match serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)) {
                Err(e) => Some(showable(&e.path().to_string())).filter(|p| p != "."),
                Ok(_) => None,
            };
        Self { what, path, line: error.line(), column: error.column(), html: false }
    }
}

/// The longest path shown, in characters.
const LONGEST_PATH: usize = 120;

/// A path holds the names of fields as the server wrote them, which may be any text.
fn showable(path: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    path.chars().take(LONGEST_PATH).map(|c| if known(c) { c } else { '?' }).collect()
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        if let Some(path) = &self.path {
            write!(f, " at {path}")?;
        }
        if self.line > 0 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code, reason = "only its shape matters")]
    struct Row {
        items: Vec<Item>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code, reason = "only its shape matters")]
    struct Item {
        id: u32,
    }

    #[test]
    fn names_the_place_and_not_the_value() {
        let error = reply(r#"{"items":[{"id":1},{"id":"CANARY"}]}"#).json::<Row>().unwrap_err();
        assert_eq!(error.to_string(), "another shape than expected at items[1].id (line 1, column 33)");
        assert!(!format!("{error:?}").contains("CANARY"));
    }

    #[test]
    fn a_strange_name_of_a_field_cannot_break_a_line_or_fill_a_log() {
        for (name, shown) in [("a\\r\\nb\u{7f}", "a??b?"), (&*"x".repeat(5000), &*"x".repeat(LONGEST_PATH))] {
            let error = reply(&format!(r#"{{"items":[],"{name}":tS}}"#)).json::<Row>().unwrap_err();
            let place = error.to_string();
            assert!(place.starts_with(&format!("no json at {shown} (line 1")), "{place}");
        }
    }

    #[test]
    fn says_when_it_is_a_web_page() {
        let error = reply(" <!DOCTYPE html><p>CANARY").json::<Row>().unwrap_err();
        assert_eq!(error.to_string(), "a web page instead of json");
        assert!(error.is_html());
        assert_eq!(reply("").json::<Row>().unwrap_err().to_string(), "empty (line 1, column 0)");
    }
}
