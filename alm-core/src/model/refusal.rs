//! What a rule says when it refuses.

use std::fmt;

use serde::Serialize;

/// One rule's "no": which rule, about what, and why. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Refusal {
    rule: &'static str,
    field: &'static str,
    message: String,
}

impl Refusal {
    /// Rule `rule` refuses `field`, because of `message`.
    pub fn new(rule: &'static str, field: &'static str, message: impl Into<String>) -> Self {
        Self { rule, field, message: message.into() }
    }

    /// The id of the rule, such as `R-11`.
    pub const fn rule(&self) -> &'static str {
        self.rule
    }

    /// What it is about: a field of a form, or the thing as a whole.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// Why, in words, with the value that is not accepted.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.field, self.message, self.rule)
    }
}
