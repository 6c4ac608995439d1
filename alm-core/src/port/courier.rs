//! Who carries events to destinations.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::delivery::Delivery;
use crate::model::destination::Destination;
use crate::model::email::Letter;
use crate::model::ids::InstanceId;

/// One event with where it goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Parcel {
    /// Whose event it is.
    pub instance: InstanceId,
    /// Where to.
    pub destination: Destination,
    /// What, and how often it was tried.
    pub delivery: Delivery,
    /// One message for each recipient of the event who is there and enabled; none for a courier that does not
    /// [speak to people](Courier::speaks_to_people), or where nothing is sent about such events.
    pub letters: Vec<Letter>,
}

impl Parcel {
    /// A parcel for nobody in particular.
    pub const fn new(instance: InstanceId, destination: Destination, delivery: Delivery) -> Self {
        Self { instance, destination, delivery, letters: Vec::new() }
    }
}

/// Carries events to destinations of some kind: over HTTP, to a syslog server, by e-mail.
///
/// An event may come more than once, always under the same id. What takes longer than the dispatcher's limit is dropped and counts as
/// failed.
#[async_trait]
pub trait Courier: fmt::Debug + Send + Sync + 'static {
    /// Whether it carries to this destination.
    fn carries(&self, destination: &Destination) -> bool;

    /// Whether it carries messages to people rather than events to programs.
    fn speaks_to_people(&self) -> bool {
        false
    }

    /// Carries one event.
    ///
    /// # Errors
    /// Why it was not taken, and whether to try again.
    async fn carry(&self, parcel: &Parcel) -> Result<(), Undelivered>;
}

/// What to do with an event that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// Try again later.
    Again,
    /// Never: a dead letter at once.
    Never,
    /// Never, and the destination wants none at all: it is disabled.
    Gone,
    /// Nothing more: whoever can be reached has it. It counts as delivered, and why is kept as its note.
    Partly,
}

/// Why an event was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    why: String,
    fate: Fate,
    after: Option<Duration>,
}

impl Undelivered {
    /// It may be taken later. `why` is one line, kept with the delivery: never a secret, a header or a body.
    pub fn again(why: impl Into<String>) -> Self {
        Self { why: why.into(), fate: Fate::Again, after: None }
    }

    /// This event will never be taken.
    pub fn never(why: impl Into<String>) -> Self {
        Self { why: why.into(), fate: Fate::Never, after: None }
    }

    /// No event will ever be taken.
    pub fn gone(why: impl Into<String>) -> Self {
        Self { why: why.into(), fate: Fate::Gone, after: None }
    }

    /// Some of those it is for have it, and the others never will: it is done with. `why` says who they are, by id.
    pub fn partly(why: impl Into<String>) -> Self {
        Self { why: why.into(), fate: Fate::Partly, after: None }
    }

    /// The receiver asks to be left alone for so long: neither this nor anything else goes to it meanwhile.
    #[must_use]
    pub const fn after(mut self, wait: Duration) -> Self {
        self.after = Some(wait);
        self
    }

    /// Why.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What to do with it.
    pub const fn fate(&self) -> Fate {
        self.fate
    }

    /// How long the receiver asked to be left alone.
    pub const fn asked(&self) -> Option<Duration> {
        self.after
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Undelivered {}
