//! The arguments after the `?`.

use std::borrow::Cow;
use std::fmt;

use url::form_urlencoded::Serializer;

/// Named arguments in the order in which they were added; a name may occur more than once.
#[derive(Clone, Default)]
pub struct Query(Vec<(Cow<'static, str>, String)>);

impl Query {
    /// No arguments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        self.0.push((name.into(), value.to_string()));
        self
    }

    /// Adds an argument if there is a value.
    #[must_use]
    pub fn with_some(self, name: impl Into<Cow<'static, str>>, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds the same name once for each value, which is how the server takes lists.
    #[must_use]
    pub fn with_each<T: fmt::Display>(self, name: &'static str, values: &[T]) -> Self {
        values.iter().fold(self, |query, value| query.with(name, value))
    }

    /// Adds `name=true` if it is set; the server's default is false.
    #[must_use]
    pub fn with_flag(self, name: impl Into<Cow<'static, str>>, set: bool) -> Self {
        if set { self.with(name, true) } else { self }
    }

    /// The escaped text, without `?`.
    pub fn encoded(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let mut out = Serializer::new(String::new());
        out.extend_pairs(&self.0);
        out.finish()
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: what is searched for is nobody's business.
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
