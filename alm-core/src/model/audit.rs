//! The audit chain (section A).
//!
//! Each record's hash covers the hash of the one before it, so that a record cannot be changed, removed or put in between without
//! every later hash becoming wrong. Personal data is not in the hashed text: a salted commitment to it is, so that the text can be
//! erased and the chain still verifies (A-2).
//!
//! # The hashes, byte by byte
//!
//! Both are SHA-256. `‖` puts bytes one after the other, `\0` is one zero byte, and nothing is between or behind the parts.
//!
//! ```text
//! content = SHA-256( "alm-audit-content-1\0" ‖ body )                          20 bytes, then the body's UTF-8 as it is kept
//! hash    = SHA-256( "alm-audit-chain-1\0" ‖ seq ‖ prev ‖ content )            18, 8 (big-endian), 32 and 32 bytes
//! prev    = the hash of the record before; 32 zero bytes for record 1
//! ```
//!
//! The body is a line of JSON that nobody has to write again: its very bytes are hashed. Two of its fields need a word.
//! `salt` is 16 random bytes in hexadecimal: whoever is shown a content hash, and not the record, could otherwise try out what it may say
//! ([`rules::audit_proof`](crate::rules::audit_proof)). `personal`, where there is one, is the commitment to the personal text:
//!
//! ```text
//! personal = SHA-256( salt ‖ ":" ‖ text )      the personal salt's 32 hexadecimal digits, which are another salt than the record's
//! ```
//!
//! [`rules::audit_export`](crate::rules::audit_export) has a program of a few lines of Python that verifies an export by this description alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod fault;
mod hash;
mod personal;

pub use self::fault::ChainFault;
pub(in crate::model) use self::hash::in_hex;
pub use self::hash::{ChainHash, ContentHash};
pub(crate) use self::hash::{hex, unhex};
pub use self::personal::Personal;
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
    /// Sixteen random bytes in hexadecimal. A record without them cannot be hidden in a proof, and is as good as any other otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
}

impl AuditEntry {
    /// Something that was done, at some instant, by the system itself; the fields are there to be changed. The service makes its own entries: this
    /// is for those who test or measure a store.
    pub fn new(at: Timestamp, action: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            at,
            actor: Actor::System,
            source: "system".to_owned(),
            action: action.into(),
            subject: subject.into(),
            result: AuditResult::Done,
            facts: serde_json::Value::Null,
            personal: None,
            salt: None,
        }
    }
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<std::borrow::Cow<'a, str>>,
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
            salt: entry.salt.map(Into::into),
        })?;
        let hash = ChainHash::link(seq, prev, ContentHash::of(&body));
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

    /// The hash of what it says.
    pub fn content(&self) -> ContentHash {
        ContentHash::of(&self.body)
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
            salt: body.salt.map(std::borrow::Cow::into_owned),
        })
    }

    /// As it is told to others.
    ///
    /// # Errors
    /// When the text is not what this crate writes.
    pub fn told(&self) -> Result<Audited, serde_json::Error> {
        let entry = AuditEntry { personal: None, salt: None, ..self.entry()? };
        Ok(Audited { seq: self.seq, hash: self.hash, entry })
    }

    /// The id of the event that tells of it: the same for whoever is told, and however often.
    pub(crate) fn event_id(&self) -> EventId {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(*self.hash.as_bytes()).for_each(|(place, byte)| *place = byte);
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
        if ChainHash::link(self.seq, self.prev, self.content()) != self.hash {
            return Err(ChainFault::Altered { seq });
        }
        self.verify_personal()
    }

    /// Checks the personal text, if it is there, against the commitment to it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify_personal(&self) -> Result<(), ChainFault> {
        let seq = self.seq;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> AuditEntry {
        let mut entry = AuditEntry::new("2026-11-20T10:00:00Z".parse().unwrap(), "test.done", text);
        entry.facts = serde_json::json!({"n": 1});
        entry.personal = Some(Personal::new([7; 16], "Jane Doe asked"));
        entry.salt = Some("00".repeat(16));
        entry
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
}
