//! Where events go: named destinations, each with what it wants to hear of (H-6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use super::ids::DestinationId;
use super::people::Feature;

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
}

/// Where events go, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// Into the program that embeds this crate: the sink that it registers under the destination's name.
    Program,
}

impl Target {
    /// The feature whose permissions count for it.
    pub const fn feature(&self) -> Feature {
        match self {
            Self::Program => Feature::Configuration,
        }
    }

    /// The rule that says how one has to be.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Program => "H-6",
        }
    }

    /// What it is, in one word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Program => "program",
        }
    }
}

/// Which events a destination wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventFilter {
    /// All there are, and those that later versions raise.
    #[default]
    All,
    /// These kinds.
    These(BTreeSet<EventKind>),
}

impl EventFilter {
    /// These kinds.
    pub fn these(kinds: impl IntoIterator<Item = EventKind>) -> Self {
        Self::These(kinds.into_iter().collect())
    }

    fn wants(&self, kind: EventKind) -> bool {
        match self {
            Self::All => true,
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
        }
    }

    /// Whether an event is queued for it. It never hears of itself: what cannot be delivered would not be delivered either.
    pub fn wants(&self, event: &Event) -> bool {
        self.enabled && event.destination != Some(self.id) && self.events.wants(event.kind)
    }
}
