//! Paths as lists of typed segments, so that no value can step out of its segment.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A segment that cannot be part of a path. The segment itself is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It has no characters.
    #[error("a path segment is empty")]
    Empty,
    /// It is `.` or `..`.
    #[error("a path segment is made of dots")]
    Dots,
    /// It has a control character.
    #[error("a path segment has a control character")]
    Control,
    /// It has `/` or `\`, which some proxies unescape.
    #[error("a path segment has a slash or backslash")]
    Slash,
}

/// The path of an operation below the base address.
///
/// ```
/// use secretserver_client::request::Path;
/// let path = Path::api("v1/secrets").id(4).literal("fields").text("slug", "my field");
/// assert_eq!(path.template(), "/api/v1/secrets/{id}/fields/{slug}");
/// assert_eq!(path.render()?, "/api/v1/secrets/4/fields/my%20field");
/// assert!(Path::api("v1/secrets").text("slug", "..").render().is_err());
/// # Ok::<(), secretserver_client::request::PathError>(())
/// ```
///
/// The parts that are fixed are texts of the program, so that no value comes among them:
///
/// ```compile_fail,E0716
/// # use secretserver_client::request::Path;
/// # fn path(name: &str) -> Path {
/// Path::api(&format!("v1/secrets/{name}"))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Path {
    rendered: String,
    template: String,
    error: Option<PathError>,
}

impl Path {
    /// A path below `/api`. The segments are fixed in the program and separated by `/`.
    pub fn api(segments: &'static str) -> Self {
        Self::root("api").literal(segments)
    }

    /// A path directly below the base address, such as `oauth2/token`.
    pub fn root(segments: &'static str) -> Self {
        Self { rendered: String::new(), template: String::new(), error: None }.literal(segments)
    }

    /// Adds segments that are fixed in the program.
    #[must_use]
    pub fn literal(mut self, segments: &'static str) -> Self {
        for segment in segments.split('/') {
            self.push(segment);
            self.template.push('/');
            self.template.push_str(segment);
        }
        self
    }

    /// Adds a number or an id; `{id}` in the template.
    #[must_use]
    pub fn id(mut self, id: impl Display) -> Self {
        self.push(&id.to_string());
        self.template.push_str("/{id}");
        self
    }

    /// Adds a value that came from elsewhere; `{name}` in the template.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: &str) -> Self {
        self.push(value);
        self.template.push_str("/{");
        self.template.push_str(name);
        self.template.push('}');
        self
    }

    fn push(&mut self, segment: &str) {
        let refused = if segment.is_empty() {
            Some(PathError::Empty)
        } else if segment.bytes().all(|b| b == b'.') {
            Some(PathError::Dots)
        } else if segment.chars().any(char::is_control) {
            Some(PathError::Control)
        } else if segment.contains(['/', '\\']) {
            Some(PathError::Slash)
        } else {
            None
        };
        self.error = self.error.or(refused);
        self.rendered.push('/');
        self.rendered.extend(utf8_percent_encode(segment, ESCAPED));
    }

    /// The path with names in the place of values: what traces show.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The escaped path.
    ///
    /// # Errors
    /// When a segment is empty, made of dots, or has a control character, a slash or a backslash.
    pub fn render(self) -> Result<String, PathError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.rendered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_could_step_out() {
        for (bad, error) in [
            ("", PathError::Empty),
            (".", PathError::Dots),
            ("..", PathError::Dots),
            ("...", PathError::Dots),
            ("a/b", PathError::Slash),
            ("..\\x", PathError::Slash),
            ("a\0", PathError::Control),
            ("a\r\nHost: x", PathError::Control),
            ("\u{85}", PathError::Control),
        ] {
            assert_eq!(Path::api("v1").text("x", bad).render(), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn the_first_mistake_is_reported() {
        assert_eq!(
            Path::api("v1").text("x", "").text("y", "..").text("z", "ok").render(),
            Err(PathError::Empty)
        );
    }

    proptest! {
        #[test]
        fn a_value_stays_one_segment(value in any::<String>()) {
            if let Ok(path) = Path::api("v1").text("x", &value).literal("end").render() {
                prop_assert_eq!(path.split('/').count(), 5);
                prop_assert!(!path.contains(['?', '#', '\\', ' ', '%']) || path.contains('%'));
                let url = url::Url::parse(&format!("https://h{path}")).unwrap();
                prop_assert_eq!(url.path(), path.as_str());
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
