//! Changing a part: what the server calls "dirty" fields. One type for all of them, because the rule is one: a field that is sent with
//! `{"dirty": true, "value": …}` is written, also when the value is null; a field that is not sent stays as it is.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::secret_value::SecretValue;

/// What to do with one field.
///
/// ```
/// use secretserver_client::Change;
/// assert_eq!(serde_json::to_string(&Change::Set(false)).unwrap(), r#"{"dirty":true,"value":false}"#);
/// assert_eq!(serde_json::to_string(&Change::Set(None::<u32>)).unwrap(), r#"{"dirty":true,"value":null}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a field is kept or written; there is no third")]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It gets this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether it stays as it is. Such a field is not sent at all.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<T> for Change<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut field = to.serialize_struct("Change", 2)?;
        match self {
            Self::Keep => field.serialize_field("dirty", &false)?,
            Self::Set(value) => {
                field.serialize_field("dirty", &true)?;
                field.serialize_field("value", value)?;
            }
        }
        field.end()
    }
}

/// Writes the change of a secret into a request body. Named at each place that does so, because a secret itself cannot be serialized.
pub(crate) fn exposed<S: Serializer>(change: &Change<SecretValue>, to: S) -> Result<S::Ok, S::Error> {
    match change {
        Change::Keep => Change::<&str>::Keep.serialize(to),
        Change::Set(value) => Change::Set(value.expose()).serialize(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_not_dirty() {
        assert_eq!(serde_json::to_string(&Change::<u32>::Keep).unwrap(), r#"{"dirty":false}"#);
        assert!(Change::<u32>::default().is_keep() && !Change::from(1).is_keep());
    }

    #[test]
    fn a_secret_is_written_and_not_shown() {
        #[derive(Debug, Serialize)]
        struct Args {
            #[serde(serialize_with = "exposed")]
            password: Change<SecretValue>,
        }
        let args = Args { password: Change::Set("CANARY".into()) };
        assert_eq!(serde_json::to_string(&args).unwrap(), r#"{"password":{"dirty":true,"value":"CANARY"}}"#);
        assert!(!format!("{args:?}").contains("CANARY"));
    }
}
