//! The queue of sagas and the leases on it (E-5).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::State;
use crate::error::{Error, ErrorKind, Result};
use crate::model::ids::EngineId;
use crate::port::store::{Claim, Fence, Lease, Work};

/// A saga in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queued {
    pub(super) work: Work,
    /// The newest there was, given back or not; 0 before the first.
    pub(super) epoch: u64,
    pub(super) held: Option<Holder>,
}

/// Who has it, until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    engine: EngineId,
    until: Timestamp,
}

impl State {
    pub(super) fn claim(&mut self, claim: &Claim) -> Vec<Lease> {
        // A lease that lasts until this instant or less has been over for the whole grace.
        let over = back(claim.now, claim.grace);
        let mut ready: Vec<_> = self
            .work
            .iter()
            .filter(|(_, queued)| {
                claim.domains.contains(&queued.work.domain) && queued.work.ready_at <= claim.now
            })
            .filter(|(_, queued)| match queued.held {
                None => true,
                Some(held) => held.until <= over || (claim.take_back && held.engine == claim.engine),
            })
            .map(|(saga, queued)| (queued.work.ready_at, *saga))
            .collect();
        ready.sort_unstable();
        ready.truncate(super::take(claim.limit));

        let until = on(claim.now, claim.lease);
        let mut leases = Vec::with_capacity(ready.len());
        for (_, saga) in ready {
            if let Some(queued) = self.work.get_mut(&saga) {
                self.epoch += 1;
                queued.epoch = self.epoch;
                queued.held = Some(Holder { engine: claim.engine, until });
                leases.push(Lease { saga, engine: claim.engine, epoch: self.epoch, until });
            }
        }
        if !leases.is_empty() {
            self.commits += 1;
        }
        leases
    }

    pub(super) fn renew(&mut self, lease: &Lease, now: Timestamp, lasting: Duration) -> Result<Lease> {
        let until = on(now, lasting);
        match self.work.get_mut(&lease.saga) {
            Some(Queued { epoch, held: Some(held), .. })
                if *epoch == lease.epoch && held.engine == lease.engine =>
            {
                held.until = until;
                self.commits += 1;
                Ok(Lease { until, ..*lease })
            }
            _ => Err(stale("store.renew", Fence { saga: lease.saga, epoch: lease.epoch })),
        }
    }

    pub(super) fn release(&mut self, lease: &Lease) {
        if let Some(queued) = self.work.get_mut(&lease.saga)
            && queued.epoch == lease.epoch
        {
            queued.held = None;
        }
    }

    pub(super) fn check(&self, fence: Fence) -> Result<()> {
        match self.work.get(&fence.saga) {
            // Epoch 0 is no lease: it is that of a saga that nobody has claimed yet.
            Some(queued) if queued.epoch == fence.epoch && fence.epoch > 0 => Ok(()),
            _ => Err(stale("store.commit", fence)),
        }
    }
}

fn stale(operation: &'static str, fence: Fence) -> Error {
    Error::new(
        ErrorKind::StaleLease,
        operation,
        format!("the lease {} on saga {} is no longer the newest", fence.epoch, fence.saga),
    )
}

/// So long before; the earliest instant there is when it would be before that.
fn back(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_sub(by).ok()).unwrap_or(Timestamp::MIN)
}

/// So long after; the latest instant there is when it would be after that.
fn on(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
