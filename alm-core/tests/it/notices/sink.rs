//! A program that takes events.

use std::sync::{Arc, Mutex};

use alm_core::model::event::Event;
use alm_core::model::ids::EventId;
use alm_core::port::sink::EventSink;
use alm_core::{Error, ErrorKind};
use async_trait::async_trait;

/// Keeps what it takes, and takes nothing while it is away.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub away: Mutex<bool>,
    pub seen: Mutex<Vec<Event>>,
    pub taken: Mutex<Vec<Event>>,
}

impl Sink {
    pub(super) fn new(away: bool) -> Arc<Self> {
        Arc::new(Self { away: Mutex::new(away), ..Self::default() })
    }

    pub(super) fn back(&self) {
        *self.away.lock().unwrap() = false;
    }

    pub(super) fn ids(&self) -> Vec<EventId> {
        self.taken.lock().unwrap().iter().map(|event| event.id).collect()
    }
}

#[async_trait]
impl EventSink for Sink {
    async fn deliver(&self, event: &Event) -> Result<(), Error> {
        tokio::task::yield_now().await;
        self.seen.lock().unwrap().push(event.clone());
        if *self.away.lock().unwrap() {
            return Err(Error::new(ErrorKind::Config, "sink", "is away"));
        }
        self.taken.lock().unwrap().push(event.clone());
        Ok(())
    }
}
