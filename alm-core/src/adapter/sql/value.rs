//! How values of the port become columns, and back.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::{Error as NameError, StrDeserializer};
use uuid::Uuid;

use super::failure::Damage;
use crate::model::audit::ChainHash;

/// What a column takes.
#[derive(Clone, Debug)]
pub(in crate::adapter) enum Value {
    Int(i64),
    Text(Option<String>),
    /// A text that rows are found by and that is never read back: it may be long, and hold anything.
    Key(String),
    Id(Option<Uuid>),
}

impl Value {
    pub(super) fn key(text: &str) -> Self {
        Self::Key(text.to_owned())
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<u64> for Value {
    /// Numbers that no counter reaches stay the highest there is: they then fit no row, as they should.
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for Value {
    /// Instants beyond the years 1678 to 2261 are kept as the end of that range.
    fn from(at: Timestamp) -> Self {
        let clamped = at.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into());
        Self::Int(i64::try_from(clamped).unwrap_or(i64::MAX))
    }
}

/// An instant as the store gives it back.
pub(super) fn kept(at: Timestamp) -> Timestamp {
    match Value::from(at) {
        Value::Int(nanoseconds) => Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(at),
        _ => at,
    }
}

/// Reading columns by their place.
pub(in crate::adapter) trait Columns {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, sqlx::Error>;
    fn maybe_text(&self, column: usize) -> Result<Option<String>, sqlx::Error>;
    fn id(&self, column: usize) -> Result<Uuid, sqlx::Error>;

    fn int(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.maybe_int(column)?.ok_or_else(|| Damage::error("a number is missing"))
    }

    fn text(&self, column: usize) -> Result<String, sqlx::Error> {
        self.maybe_text(column)?.ok_or_else(|| Damage::error("a text is missing"))
    }

    fn number(&self, column: usize) -> Result<u64, sqlx::Error> {
        u64::try_from(self.int(column)?).map_err(|_| Damage::error("a number is negative"))
    }

    fn instant(&self, column: usize) -> Result<Timestamp, sqlx::Error> {
        Timestamp::from_nanosecond(self.int(column)?.into())
            .map_err(|_| Damage::error("an instant is out of range"))
    }

    fn hash(&self, column: usize) -> Result<ChainHash, sqlx::Error> {
        ChainHash::parse(&self.text(column)?)
            .ok_or_else(|| Damage::error("a hash does not have 64 hexadecimal digits"))
    }
}

/// The JSON error itself is dropped: its text may quote what it found.
pub(super) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|_| Damage::error("a body is not what this version writes"))
}

/// A kind by the name that was written for it, which is its name in JSON too.
pub(super) fn kind<'a, K: Deserialize<'a>>(name: &'a str) -> Result<K, sqlx::Error> {
    K::deserialize(StrDeserializer::<NameError>::new(name))
        .map_err(|_| Damage::error("a kind is not known to this version"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::store::{DueKind, RecordKind};

    #[test]
    fn kinds_are_read_by_the_names_that_are_written() {
        for written in [RecordKind::Person, RecordKind::TemplateVersion, RecordKind::Sweep] {
            assert_eq!(kind::<RecordKind>(written.name()).unwrap(), written);
        }
        for written in [DueKind::EndOfLife, DueKind::Reminder] {
            assert_eq!(kind::<DueKind>(written.name()).unwrap(), written);
        }
        assert!(kind::<RecordKind>("nonsense").is_err());
    }

    #[test]
    fn instants_survive_to_the_nanosecond_and_far_ones_stay_on_their_side() {
        let exact: Timestamp = "2026-11-20T10:00:00.123456789Z".parse().unwrap();
        assert_eq!(kept(exact), exact);
        let year_1600: Timestamp = "1600-01-01T00:00:00Z".parse().unwrap();
        assert!(kept(year_1600) > year_1600 && kept(year_1600) < exact);
        assert!(kept(Timestamp::MAX) < Timestamp::MAX && kept(Timestamp::MAX) > exact);
    }
}
