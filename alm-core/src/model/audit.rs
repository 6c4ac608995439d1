//! The audit chain (section A).
//!
//! Each record's hash covers the hash of the one before it, so that a record cannot be changed, removed or put in between without
//! every later hash becoming wrong. Personal data is not in the hashed text: a salted commitment to it is, so that the text can be
//! erased and the chain still verifies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ids::{DestinationId, EventId, PersonId};

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Actor {
    /// A person.
    Person(PersonId),
    /// The clock: end of life, reminders.
    Clock,
    /// The system itself: set-up, saga steps.
    System,
}

/// What is written down, before it gets its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where: an address, a program, an engine.
    pub source: String,
    /// What, such as `request.approve` or `effect.finished`.
    pub action: String,
    /// On what, such as `account 0190…`.
    pub subject: String,
    /// How it ended.
    pub result: AuditResult,
    /// What was there before and after, or other facts; never a secret, never personal text.
    pub facts: serde_json::Value,
    /// Text that may name or describe people, kept apart from the chain.
    pub personal: Option<Personal>,
}

/// How an audited action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditResult {
    /// It was done.
    Done,
    /// It is about to be done.
    Intended,
    /// It was refused; the facts say by which rule.
    Refused,
    /// It failed, or its outcome is unknown.
    Failed,
}

/// Personal text with the salt that binds it to the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Personal {
    /// Sixteen random bytes in hexadecimal; without it a short text could be guessed from the commitment.
    pub salt: String,
    /// The text.
    pub text: String,
}

impl Personal {
    /// Text with a salt that nobody can guess.
    pub fn new(salt: [u8; 16], text: impl Into<String>) -> Self {
        Self { salt: hex(&salt), text: text.into() }
    }

    /// What the chain holds of it.
    pub fn commitment(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.salt.as_bytes());
        hasher.update(b":");
        hasher.update(self.text.as_bytes());
        hex(&hasher.finalize())
    }
}

/// A hash of the chain: 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// What the first record follows.
    pub const GENESIS: Self = Self([0; 32]);

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for ChainHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for ChainHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
    }
}

/// A record in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// 1 for the first; no gaps.
    pub seq: u64,
    /// Hash of the record before it.
    pub prev: ChainHash,
    /// Hash of this one.
    pub hash: ChainHash,
    /// The hashed text: the entry as JSON, with the commitment in the place of the personal text.
    pub body: String,
    /// The personal text, unless it was erased.
    pub personal: Option<Personal>,
}

/// The hashed part of an entry, in the order of its fields.
#[derive(Serialize, Deserialize)]
struct Body<'a> {
    at: Timestamp,
    actor: Actor,
    source: std::borrow::Cow<'a, str>,
    action: std::borrow::Cow<'a, str>,
    subject: std::borrow::Cow<'a, str>,
    result: AuditResult,
    facts: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    personal: Option<String>,
}

impl AuditRecord {
    /// Puts an entry into the chain behind the record with `prev` as hash.
    ///
    /// # Errors
    /// When the entry cannot be written as JSON, which only happens when a map in its facts has a key that is not text.
    pub fn link(seq: u64, prev: ChainHash, entry: AuditEntry) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(&Body {
            at: entry.at,
            actor: entry.actor,
            source: entry.source.into(),
            action: entry.action.into(),
            subject: entry.subject.into(),
            result: entry.result,
            facts: entry.facts,
            personal: entry.personal.as_ref().map(Personal::commitment),
        })?;
        let hash = Self::hash(seq, prev, &body);
        Ok(Self { seq, prev, hash, body, personal: entry.personal })
    }

    /// A record as a store kept it, unverified.
    pub const fn from_parts(
        seq: u64,
        prev: ChainHash,
        hash: ChainHash,
        body: String,
        personal: Option<Personal>,
    ) -> Self {
        Self { seq, prev, hash, body, personal }
    }

    fn hash(seq: u64, prev: ChainHash, body: &str) -> ChainHash {
        let mut hasher = Sha256::new();
        // Fixed widths before the text, so that no two different records have the same input.
        hasher.update(b"alm-audit-1\0");
        hasher.update(seq.to_be_bytes());
        hasher.update(prev.0);
        hasher.update(body.as_bytes());
        ChainHash(hasher.finalize().into())
    }

    /// The entry; its personal text is missing when it was erased.
    ///
    /// # Errors
    /// When the text is not what this crate writes.
    pub fn entry(&self) -> Result<AuditEntry, serde_json::Error> {
        let body: Body<'_> = serde_json::from_str(&self.body)?;
        Ok(AuditEntry {
            at: body.at,
            actor: body.actor,
            source: body.source.into_owned(),
            action: body.action.into_owned(),
            subject: body.subject.into_owned(),
            result: body.result,
            facts: body.facts,
            personal: self.personal.clone(),
        })
    }

    /// As it is told to others.
    ///
    /// # Errors
    /// When the text is not what this crate writes.
    pub fn told(&self) -> Result<Audited, serde_json::Error> {
        let entry = AuditEntry { personal: None, ..self.entry()? };
        Ok(Audited { seq: self.seq, hash: self.hash, entry })
    }

    /// The id of the event that tells of it: the same for whoever is told, and however often.
    pub(crate) fn event_id(&self) -> EventId {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(self.hash.0).for_each(|(place, byte)| *place = byte);
        EventId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Checks this record against the one before it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self, seq: u64, prev: ChainHash) -> Result<(), ChainFault> {
        if self.seq != seq {
            return Err(ChainFault::Gap { expected: seq, found: self.seq });
        }
        if self.prev != prev {
            return Err(ChainFault::Broken { seq });
        }
        if Self::hash(self.seq, self.prev, &self.body) != self.hash {
            return Err(ChainFault::Altered { seq });
        }
        if let Some(personal) = &self.personal {
            let body: Body<'_> = serde_json::from_str(&self.body).map_err(|_| ChainFault::Altered { seq })?;
            if body.personal.as_deref() != Some(personal.commitment().as_str()) {
                return Err(ChainFault::PersonalAltered { seq });
            }
        }
        Ok(())
    }
}

/// A record as it is told to others (H-5): all but the personal text, which could not be erased there. Its number and hash let a receiver see
/// what is missing, and hold the chain to what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Audited {
    /// Its place in the chain: 1 for the first; no gaps.
    pub seq: u64,
    /// Its hash.
    pub hash: ChainHash,
    /// What it says.
    #[serde(flatten)]
    pub entry: AuditEntry,
}

/// How far a destination was told of the chain (H-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditCursor {
    pub destination: DestinationId,
    /// The last record that was queued for it.
    pub queued: u64,
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// Records are missing.
    #[error("audit record {expected} is missing: {found} stands in its place")]
    Gap {
        /// The one that should be there.
        expected: u64,
        /// The one that is.
        found: u64,
    },
    /// A record does not follow the one before it.
    #[error("audit record {seq} does not follow the record before it")]
    Broken {
        /// Which.
        seq: u64,
    },
    /// A record was changed.
    #[error("audit record {seq} was altered")]
    Altered {
        /// Which.
        seq: u64,
    },
    /// The personal text of a record was changed, not erased.
    #[error("the personal text of audit record {seq} was altered")]
    PersonalAltered {
        /// Which.
        seq: u64,
    },
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> AuditEntry {
        AuditEntry {
            at: "2026-11-20T10:00:00Z".parse().unwrap(),
            actor: Actor::System,
            source: "test".into(),
            action: "test.done".into(),
            subject: text.into(),
            result: AuditResult::Done,
            facts: serde_json::json!({"n": 1}),
            personal: Some(Personal::new([7; 16], "Jane Doe asked")),
        }
    }

    #[test]
    fn a_2_a_change_of_any_part_is_found() {
        let good = AuditRecord::link(1, ChainHash::GENESIS, entry("a")).unwrap();
        assert_eq!(good.verify(1, ChainHash::GENESIS), Ok(()));
        let mut altered = good.clone();
        altered.body = altered.body.replace("\"a\"", "\"b\"");
        assert_eq!(altered.verify(1, ChainHash::GENESIS), Err(ChainFault::Altered { seq: 1 }));
        assert_eq!(good.verify(2, ChainHash::GENESIS), Err(ChainFault::Gap { expected: 2, found: 1 }));
        assert_eq!(good.verify(1, good.hash), Err(ChainFault::Broken { seq: 1 }));
        let mut personal = good;
        personal.personal = Some(Personal::new([7; 16], "John Doe asked"));
        assert_eq!(personal.verify(1, ChainHash::GENESIS), Err(ChainFault::PersonalAltered { seq: 1 }));
    }

    #[test]
    fn a_2_personal_text_can_be_erased_and_is_not_in_the_chain() {
        let mut record = AuditRecord::link(1, ChainHash::GENESIS, entry("a")).unwrap();
        assert!(!record.body.contains("Jane"));
        record.personal = None;
        assert_eq!(record.verify(1, ChainHash::GENESIS), Ok(()));
        assert_eq!(record.entry().unwrap().personal, None);
    }

    #[test]
    fn a_hash_survives_its_text_form() {
        let record = AuditRecord::link(1, ChainHash::GENESIS, entry("a")).unwrap();
        assert_eq!(ChainHash::parse(&record.hash.to_string()), Some(record.hash));
        assert_eq!(ChainHash::parse("zz"), None);
    }
}
