//! The queue of sagas and the leases on it (E-5), and what else changes outside a commit.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::backend::Backend;
use super::failure::Failure;
use super::transaction::Transaction;
use super::value::{Columns as _, Value, kept};
use super::writer::Change;
use super::{Core, statements as sql};
use crate::error::{Error, ErrorKind, Result};
use crate::model::ids::{EventId, SagaId};
use crate::port::store::{Claim, Fence, Lease};

/// Refuses unless the saga is in the queue and this is its newest lease.
pub(super) async fn check<B: Backend>(on: &mut Transaction<'_, B>, fence: Fence) -> Result<(), Failure> {
    let row = on.optional(sql::EPOCH, [fence.saga.uuid().into()]).await?;
    match row.map(|row| row.number(0)).transpose()? {
        // Epoch 0 is no lease: it is that of a saga that nobody has claimed yet.
        Some(newest) if newest == fence.epoch && newest > 0 => Ok(()),
        _ => Err(stale("store.commit", fence).into()),
    }
}

fn stale(operation: &'static str, fence: Fence) -> Error {
    Error::new(
        ErrorKind::StaleLease,
        operation,
        format!("the lease {} on saga {} is no longer the newest", fence.epoch, fence.saga),
    )
}

impl<B: Backend> Core<B> {
    /// Takes work. Where several processes may have the database, nothing says that the one which held a lease is gone, whatever its engine is
    /// called: two of one name would take each other's work away again and again.
    pub(in crate::adapter) async fn claim(&self, claim: Claim) -> Result<Vec<Lease>> {
        if claim.take_back && !B::ALONE {
            let place = self.backend.place();
            let message = format!(
                "leases in {place} cannot be taken back: several processes may share it, so the one before need not be gone"
            );
            return Err(Error::new(ErrorKind::Config, "store.claim", message).with_advice(
                "build the engine without take_back: what an old process held is free when its lease and the grace are over",
            ));
        }
        self.change(claim).await
    }
}

impl<B: Backend> Change<B> for Claim {
    type Answer = Vec<Lease>;

    const OPERATION: &'static str = "store.claim";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<Vec<Lease>, Failure> {
        let now = on.now(self.now).await?;
        // Ready by both clocks. The service decides by the claimer's whether the time of a step has come; were work given out before that, it
        // would come back at once, and so on until the clocks agree.
        let ready_by = now.min(self.now);
        // A lease that lasts until this instant or less has been over for the whole grace.
        let over = signed(self.grace).and_then(|by| now.checked_sub(by).ok()).unwrap_or(Timestamp::MIN);
        let until = after(now, self.lease);
        let mut ready: Vec<(Timestamp, SagaId)> = Vec::new();
        for domain in self.domains.iter().collect::<BTreeSet<_>>() {
            let values = [
                domain.uuid().into(),
                ready_by.into(),
                over.into(),
                Value::Int(self.take_back.into()),
                self.engine.uuid().into(),
                Value::Int(self.limit.into()),
            ];
            for row in on.all(B::CLAIMABLE, values).await? {
                ready.push((row.instant(1)?, row.id(0)?.into()));
            }
        }
        ready.sort_unstable();
        ready.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));

        let mut leases = Vec::with_capacity(ready.len());
        for (_, saga) in ready {
            on.counters.epoch += 1;
            let epoch = on.counters.epoch;
            let row = [saga.uuid().into(), self.engine.uuid().into(), epoch.into(), until.into()];
            on.change(sql::LEASE, row).await?;
            leases.push(Lease { saga, engine: self.engine, epoch, until });
        }
        if !leases.is_empty() {
            on.counters.commits += 1;
        }
        Ok(leases)
    }
}

/// So long after an instant, as the store keeps it; the latest that there is where it would be after that.
fn after(now: Timestamp, by: Duration) -> Timestamp {
    kept(signed(by).and_then(|by| now.checked_add(by).ok()).unwrap_or(Timestamp::MAX))
}

fn signed(duration: Duration) -> Option<SignedDuration> {
    SignedDuration::try_from(duration).ok()
}

/// Makes a lease last longer.
#[derive(Debug)]
pub(in crate::adapter) struct Renew {
    pub(in crate::adapter) lease: Lease,
    pub(in crate::adapter) now: Timestamp,
    pub(in crate::adapter) lasting: Duration,
}

impl<B: Backend> Change<B> for Renew {
    type Answer = Lease;

    const OPERATION: &'static str = "store.renew";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<Lease, Failure> {
        let Lease { saga, engine, epoch, .. } = self.lease;
        let until = after(on.now(self.now).await?, self.lasting);
        let row = [saga.uuid().into(), epoch.into(), engine.uuid().into(), until.into()];
        if on.change(sql::RENEW, row).await? == 0 {
            return Err(stale("store.renew", Fence { saga, epoch }).into());
        }
        on.counters.commits += 1;
        Ok(Lease { until, ..self.lease })
    }
}

/// Gives a lease back.
#[derive(Debug)]
pub(in crate::adapter) struct Release(pub(in crate::adapter) Lease);

impl<B: Backend> Change<B> for Release {
    type Answer = ();

    const OPERATION: &'static str = "store.release";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<(), Failure> {
        let freed = on.optional(sql::RELEASE, [self.0.saga.uuid().into(), self.0.epoch.into()]).await?;
        if let Some(row) = freed
            && row.instant(0)? <= on.now(Timestamp::now()).await?
        {
            on.work_came = true;
        }
        Ok(())
    }
}

/// Forgets a page of remembered results.
#[derive(Debug)]
pub(super) struct Forget(pub(super) Timestamp);

impl<B: Backend> Change<B> for Forget {
    type Answer = u64;

    const OPERATION: &'static str = "store.forget";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<u64, Failure> {
        Ok(on.change(sql::FORGET, [self.0.into()]).await?)
    }
}

/// Takes events out of the outbox.
#[derive(Debug)]
pub(in crate::adapter) struct Delivered(pub(in crate::adapter) Vec<EventId>);

impl<B: Backend> Change<B> for Delivered {
    type Answer = ();

    const OPERATION: &'static str = "store.delivered";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<(), Failure> {
        for event in &self.0 {
            on.change(sql::DELIVERED, [event.uuid().into()]).await?;
        }
        Ok(())
    }
}
