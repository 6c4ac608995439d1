//! Text that must not be seen: passwords, tokens, and every value of a secret.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serializer};
use subtle::ConstantTimeEq;

/// A secret text: wiped when dropped, redacted in `Debug`, without `Display` and without `Serialize`; compared in constant time.
///
/// ```compile_fail
/// let value = secretserver_client::SecretValue::new("x");
/// println!("{value}"); // no Display
/// ```
/// ```compile_fail
/// let value = secretserver_client::SecretValue::new("x");
/// serde_json::to_string(&value); // no Serialize
/// ```
#[derive(Clone)]
pub struct SecretValue(SecretString);

impl SecretValue {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself. Do not log it, and do not keep copies.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The same secret in the type of the `secrecy` crate.
    pub fn into_secret_string(self) -> SecretString {
        self.0
    }

    /// Whether there is any text at all.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl From<SecretString> for SecretValue {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl From<String> for SecretValue {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for SecretValue {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq for SecretValue {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for SecretValue {}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue([redacted])")
    }
}

impl Default for SecretValue {
    fn default() -> Self {
        Self::new("")
    }
}

impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // The server writes null for an empty field.
        Ok(Option::<String>::deserialize(from)?.map_or_else(Self::default, Self::new))
    }
}

/// Writes a secret into a request body. Named at each place that does so, because the type itself cannot be serialized.
pub(crate) fn exposed<S: Serializer>(value: &SecretValue, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(value.expose())
}

/// The same for a secret that may be missing.
#[allow(clippy::ref_option, reason = "serde calls it so")]
pub(crate) fn exposed_option<S: Serializer>(value: &Option<SecretValue>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => exposed(value, to),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretValue::new("CANARY")), "SecretValue([redacted])");
    }

    #[test]
    fn compares_by_content() {
        assert_eq!(SecretValue::new("a"), SecretValue::new("a"));
        assert_ne!(SecretValue::new("a"), SecretValue::new("ab"));
    }
}
