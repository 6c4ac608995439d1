//! From the outbox to those who want to be told.

use super::alm::Alm;
use crate::error::Result;
use crate::port::sink::EventSink;

/// How many events are taken at a time.
const BATCH: u32 = 100;

impl Alm {
    /// Gives every event that was not delivered yet to `sink`, oldest first; how many. Stops at the first that the sink does not take.
    ///
    /// Dropping the future in the middle delivers the event under way again next time.
    ///
    /// # Errors
    /// The sink's, and those of the store.
    pub async fn deliver(&self, sink: &dyn EventSink) -> Result<u64> {
        let mut count = 0;
        loop {
            let events = self.store().undelivered(BATCH).await?;
            if events.is_empty() {
                return Ok(count);
            }
            for event in &events {
                sink.deliver(event).await?;
                self.store().delivered(&[event.id]).await?;
                count += 1;
            }
        }
    }
}
