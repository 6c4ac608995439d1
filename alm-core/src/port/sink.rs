//! Who is told what happened.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::event::Event;

/// Takes events. Each comes at least once, always under the same id: whoever must not act twice drops repeats by it.
#[async_trait]
pub trait EventSink: Debug + Send + Sync {
    /// Takes one event.
    ///
    /// # Errors
    /// When it could not be taken; it comes again.
    async fn deliver(&self, event: &Event) -> Result<()>;
}
