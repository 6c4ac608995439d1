//! Where events go: named destinations, each with what it wants to hear of (H-6).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::email::EmailTarget;
use super::event::{Event, EventKind};
use super::ids::DestinationId;
use super::people::Feature;
use super::siem::SiemTarget;
use super::webhook::Webhook;

/// A named destination of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Destination {
    /// Which.
    pub id: DestinationId,
    /// Unique among destinations, without case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where and how.
    pub target: Target,
    /// Of what.
    pub events: EventFilter,
    /// Nothing is queued for a disabled one, and what waits stays until it is enabled again.
    pub enabled: bool,
    /// When an event for it last became a dead letter, to the hour; none once it has taken one since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_at: Option<Timestamp>,
}

/// Where events go, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// Into the program that embeds this crate: the sink that it registers under the destination's name.
    Program,
    /// To people, by e-mail (N-16): one message for each recipient of an event.
    Email(EmailTarget),
    /// To a program elsewhere, over HTTPS (H-1 to H-3).
    Webhook(Box<Webhook>),
    /// To a collector of events (H-4).
    Siem(SiemTarget),
}

impl Target {
    /// The feature whose permissions count for it.
    pub const fn feature(&self) -> Feature {
        match self {
            Self::Program => Feature::Configuration,
            Self::Email(_) => Feature::EmailNotification,
            Self::Webhook(_) => Feature::Webhook,
            Self::Siem(_) => Feature::Siem,
        }
    }

    /// The rule that says how one has to be.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Program => "H-6",
            Self::Email(_) => "N-16",
            Self::Webhook(_) => "H-1",
            Self::Siem(_) => "H-4",
        }
    }

    /// What it is, in one word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Email(_) => "e-mail sender",
            Self::Webhook(_) => "webhook",
            Self::Siem(_) => "collector",
        }
    }
}

/// Which events a destination wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventFilter {
    /// All that happens, and what later versions tell of; not each [audit record](EventKind::AuditRecord).
    #[default]
    All,
    /// These kinds. With [`AuditRecord`](EventKind::AuditRecord) among them, every audit record from then on comes, too, as fast as the destination
    /// takes them; while it is disabled or away, they wait in the chain.
    These(BTreeSet<EventKind>),
}

impl EventFilter {
    /// These kinds.
    pub fn these(kinds: impl IntoIterator<Item = EventKind>) -> Self {
        Self::These(kinds.into_iter().collect())
    }

    fn wants(&self, kind: EventKind) -> bool {
        match self {
            Self::All => kind != EventKind::AuditRecord,
            Self::These(kinds) => kinds.contains(&kind),
        }
    }
}

impl Destination {
    /// An enabled destination that wants everything.
    pub fn new(id: DestinationId, name: impl Into<String>, target: Target) -> Self {
        Self {
            id,
            name: name.into(),
            description: String::new(),
            target,
            events: EventFilter::All,
            enabled: true,
            failing_at: None,
        }
    }

    /// Whether it wants every audit record (H-5).
    pub fn wants_audit(&self) -> bool {
        self.events.wants(EventKind::AuditRecord)
    }

    /// Whether an event is queued for it. It never hears of itself: what cannot be delivered would not be delivered either.
    pub fn wants(&self, event: &Event) -> bool {
        self.enabled && event.destination != Some(self.id) && self.events.wants(event.kind)
    }
}
