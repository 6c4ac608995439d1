//! What e-mail says: templates for each kind of event (N-16).

use serde::{Deserialize, Serialize};

use super::event::EventKind;
use super::ids::{EventId, PersonId};

/// What e-mail says about events of one kind.
///
/// Subject and body may have parameters, such as `${account}`; which there are is said by [`parameters`](crate::rules::email::parameters). Both are plain
/// text: there is no HTML that anything would have to be escaped for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmailTemplate {
    /// Of which kind.
    pub kind: EventKind,
    /// One line of at most 200 characters.
    pub subject: String,
    /// At most 20,000 characters.
    pub body: String,
    /// Whether anything is sent about events of this kind.
    pub enabled: bool,
}

impl EmailTemplate {
    /// What is sent where nobody said anything else.
    pub fn built_in(kind: EventKind) -> Self {
        let subject = "[accounts] ${event}: ${text}".to_owned();
        let body = "Dear ${person},\n\n${text}.\n\nThis happened at ${at} (event ${event_id}). \
                    You are told because it concerns you; answers to this message are not read.\n";
        Self { kind, subject, body: body.to_owned(), enabled: true }
    }
}

/// How e-mail is sent for a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmailTarget {
    /// Whom messages are from: an address. Which server sends them, and how to sign in to it, is known to the program that sends.
    pub from: String,
}

impl EmailTarget {
    /// Messages are from this address.
    pub fn new(from: impl Into<String>) -> Self {
        Self { from: from.into() }
    }
}

/// One message for one person, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Letter {
    /// About which event.
    pub event: EventId,
    /// For whom.
    pub person: PersonId,
    /// As shown to others.
    pub name: String,
    /// All addresses of the person (O-1).
    pub addresses: Vec<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

impl Letter {
    /// A message.
    pub fn new(
        event: EventId,
        person: PersonId,
        name: impl Into<String>,
        addresses: Vec<String>,
        subject: impl Into<String>,
        body: impl Into<String>,
    ) -> Self {
        Self { event, person, name: name.into(), addresses, subject: subject.into(), body: body.into() }
    }
}
