//! Carrying events to their destinations (H-6).

mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{Either, join_all, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::json;

use super::alm::Alm;
use super::command::Caller;
use super::unit::{Unit, denial};
use super::{audit_feed, destinations, emails};
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::AuditResult;
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::destination::{Destination, Target};
use crate::model::event::{Event, EventKind};
use crate::model::ids::{DestinationId, EventId};
use crate::model::people::Verb;
use crate::port::courier::{Courier, Fate, Parcel, Undelivered};
use crate::port::delivery::DeliveryClaim;
use crate::port::sink::EventSink;
use crate::rules::delivery as rules;
use outcome::{later, taken};

/// How many deliveries of one destination are set out with at a time.
const BATCH: u32 = 16;
/// How many failures in a row end a destination's turn: it is away, and its events have their waits.
const PATIENCE: u32 = 3;

/// What became of one round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dispatched {
    /// How many events left the outbox.
    pub routed: u64,
    /// How many deliveries were taken by their destinations.
    pub delivered: u64,
    /// How many attempts came to nothing, dead letters included.
    pub failed: u64,
    /// How many became dead letters.
    pub dead: u64,
    /// Destinations to which nobody here carries; what waits for them stays.
    pub unserved: Vec<String>,
}

/// What comes first while a dispatcher runs.
enum Next {
    Stop,
    Look,
    Ended((DestinationId, Result<Dispatched>)),
}

impl Dispatched {
    fn add(&mut self, other: &Self) {
        self.routed += other.routed;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.dead += other.dead;
    }
}

/// Carries events from the outbox to every destination there is, each at its own pace.
///
/// Each event comes to each destination that wants it at least once, under one id; those of one account in the order of the account's
/// changes. What is not taken is tried again after growing waits, for about three days; then it is a dead letter
/// ([`Alm::deliveries`], [`SendAgain`](super::destinations::SendAgain)), which holds later events of its account back for an hour;
/// [audit records](EventKind::AuditRecord) are tried once a day after that. A
/// destination that asks to be left alone for a time gets nothing until it is over. Several dispatchers, in one process or many, do not disturb
/// each other.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use alm_core::{Alm, Dispatcher, port::{courier::Courier, sink::EventSink}};
/// # async fn run(alm: Alm, inventory: Arc<dyn EventSink>, webhooks: Arc<dyn Courier>) -> alm_core::Result<()> {
/// let dispatcher = Dispatcher::new(alm).sink("cmdb", inventory).courier(webhooks);
/// let stop = std::future::pending();
/// dispatcher.run(stop, Duration::from_secs(2)).await
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Dispatcher {
    alm: Alm,
    couriers: Vec<Arc<dyn Courier>>,
    limit: Duration,
    /// Who asked to be left alone, where that was, and until when by the steady clock. For this process: another finds out by itself.
    quiet: Arc<Mutex<BTreeMap<DestinationId, (Target, Duration)>>>,
}

impl Dispatcher {
    /// A dispatcher that carries nowhere yet. It fills inboxes all the same.
    pub fn new(alm: Alm) -> Self {
        Self { alm, couriers: Vec::new(), limit: Duration::from_secs(30), quiet: Arc::default() }
    }

    /// Carries to destinations of some kind. Of several who could, the first does.
    pub fn courier(mut self, courier: Arc<dyn Courier>) -> Self {
        self.couriers.push(courier);
        self
    }

    /// Gives the events for the destination of this name, which is a [`Target::Program`], to a sink.
    pub fn sink(self, name: impl Into<String>, sink: Arc<dyn EventSink>) -> Self {
        self.courier(Arc::new(ToSink { name: name.into(), sink }))
    }

    /// The longest that one attempt may take. Default 30 s.
    pub const fn attempt_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    fn courier_of(&self, destination: &Destination) -> Option<&Arc<dyn Courier>> {
        self.couriers.iter().find(|courier| courier.carries(destination))
    }

    /// Takes everything out of the outbox and carries all that is ready; returns when nothing is. A destination that is changed meanwhile is
    /// left for the next time.
    ///
    /// Dropping the future leaves what was under way to be tried again after some minutes.
    ///
    /// # Errors
    /// Those of the store. What a destination does not take is no error but in the report.
    pub async fn run_ready(&self) -> Result<Dispatched> {
        let (mut report, destinations) = self.route().await?;
        let stop = AtomicBool::new(false);
        let turns = destinations.iter().map(|(destination, courier)| self.serve(destination, courier, &stop));
        for turn in join_all(turns).await {
            report.add(&turn?);
        }
        Ok(report)
    }

    /// Carries until `stop` is ready: ends the attempts under way, gives back what was not begun, then returns. Looks every `pause`.
    /// A slow destination holds up no other.
    ///
    /// Dropping the future leaves what was under way to be tried again after some minutes.
    ///
    /// # Errors
    /// Those of the store that do not pass by themselves.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send, pause: Duration) -> Result<()> {
        let mut stop = Box::pin(stop);
        let stopping = AtomicBool::new(false);
        let mut turns = FuturesUnordered::new();
        let mut busy: BTreeSet<DestinationId> = BTreeSet::new();
        loop {
            match self.route().await {
                Ok((_, destinations)) => {
                    for (destination, courier) in destinations {
                        if busy.insert(destination.id) {
                            let stopping = &stopping;
                            turns.push(async move {
                                (destination.id, self.serve(&destination, &courier, stopping).await)
                            });
                        }
                    }
                }
                Err(error) => passing(error)?,
            }
            let mut wait = self.alm.0.clock.sleep(pause);
            loop {
                let ended = async {
                    match turns.next().await {
                        Some(turn) => turn,
                        None => std::future::pending().await,
                    }
                };
                let next = match select(select(stop.as_mut(), wait.as_mut()), Box::pin(ended)).await {
                    Either::Left((Either::Left(_), _)) => Next::Stop,
                    Either::Left((Either::Right(_), _)) => Next::Look,
                    Either::Right((turn, _)) => Next::Ended(turn),
                };
                match next {
                    Next::Stop => {
                        stopping.store(true, Ordering::Relaxed);
                        while turns.next().await.is_some() {}
                        return Ok(());
                    }
                    Next::Look => break,
                    Next::Ended((id, turn)) => {
                        busy.remove(&id);
                        if let Err(error) = turn {
                            passing(error)?;
                        }
                    }
                }
            }
        }
    }

    /// Sends an event of kind [`Test`](EventKind::Test) at once, past queue and waits (H-1, H-4). Needs the permission to Update the destination. Works
    /// for one that is disabled, too.
    ///
    /// Dropping the future leaves open whether it was taken.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied), [`NotFound`](ErrorKind::NotFound), [`Config`](ErrorKind::Config) when nobody here carries there, those of the
    /// store. Whether it was taken is in the answer.
    pub async fn test(&self, caller: &Caller, destination: DestinationId) -> Result<Option<Undelivered>> {
        const OPERATION: &str = "destination.test";
        let mut unit = Unit::of(&self.alm.0, OPERATION, caller);
        let id = destination;
        let destination = match destinations::changeable(&mut unit, id, Verb::Update).await {
            Ok(destination) => destination,
            Err(error) if error.kind() == ErrorKind::Denied => {
                let mut unit = Unit::of(&self.alm.0, OPERATION, caller);
                let facts = denial(&error);
                unit.audit_as(OPERATION, format!("destination {id}"), AuditResult::Refused, facts, None);
                self.alm.0.store.commit(unit.commit).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let Some(courier) = self.courier_of(&destination) else {
            let message = format!("nobody here carries to {}", destination.name);
            return Err(Error::new(ErrorKind::Config, OPERATION, message)
                .with_advice("give the dispatcher a courier, or a sink of this name"));
        };
        let now = unit.now;
        let id = EventId::new(unit.new_id()?);
        let mut event = Event::new(id, now, EventKind::Test, format!("a test of {}", destination.name));
        event.destination = Some(destination.id);
        event.to.insert(caller.person);
        let delivery = Delivery {
            seq: 0,
            destination: destination.id,
            event,
            state: DeliveryState::Waiting,
            attempts: 1,
            round: 1,
            ready_at: now,
            at: now,
            after_gap: false,
            note: None,
        };
        let subject = format!("destination {}", destination.id);
        let mut intent = Unit::of(&self.alm.0, OPERATION, caller);
        intent.audit_as(OPERATION, &subject, AuditResult::Intended, json!({ "event": id }), None);
        self.alm.0.store.commit(intent.commit).await?;
        let outcome = self.attempt(&destination, courier, delivery).await?.err();
        let is_taken = outcome.as_ref().is_none_or(|why| why.fate() == Fate::Partly);
        let result = if is_taken { AuditResult::Done } else { AuditResult::Failed };
        let facts = json!({ "event": id, "why": outcome.as_ref().map(Undelivered::why) });
        unit.now = self.alm.0.clock.now();
        unit.audit_as(OPERATION, subject, result, facts, None);
        self.alm.0.store.commit(unit.commit).await?;
        Ok(outcome)
    }

    async fn route(&self) -> Result<(Dispatched, Vec<(Destination, Arc<dyn Courier>)>)> {
        let mut report = Dispatched { routed: self.alm.route_all().await?, ..Dispatched::default() };
        let mut served = Vec::new();
        let all = destinations::all(&self.alm).await?;
        for destination in all.into_iter().map(|known| known.destination).filter(|one| one.enabled) {
            if self.is_quiet(&destination) {
                continue;
            }
            match self.courier_of(&destination).cloned() {
                Some(courier) => served.push((destination, courier)),
                None => report.unserved.push(destination.name),
            }
        }
        Ok((report, served))
    }

    /// A destination's turn: until nothing of it is ready, it is away, or it is not any more what the turn began with.
    async fn serve(
        &self,
        destination: &Destination,
        courier: &Arc<dyn Courier>,
        stop: &AtomicBool,
    ) -> Result<Dispatched> {
        let mut report = Dispatched::default();
        let mut failures = 0;
        while failures < PATIENCE && !stop.load(Ordering::Relaxed) {
            let known = self.unit().find::<Destination>(destination.id.uuid()).await?;
            let Some(mut known) = known else { break };
            let mut failing = known.failing_at.is_some();
            known.failing_at = destination.failing_at;
            if known != *destination {
                break;
            }
            audit_feed::feed(&self.alm, destination).await?;
            let begun = self.alm.0.clock.steady();
            let now = self.alm.0.clock.now();
            // Enough for all of them, each with its whole time, and the last one's outcome.
            let time = self.limit * (BATCH + 2);
            let claim =
                DeliveryClaim { destination: destination.id, now, until: later(now, time), limit: BATCH };
            let claimed = self.alm.0.store.claim_deliveries(claim).await?;
            if claimed.is_empty() {
                break;
            }
            for delivery in claimed {
                let late = self.alm.0.clock.steady().saturating_sub(begun) + self.limit * 2 > time;
                if failures >= PATIENCE || late || stop.load(Ordering::Relaxed) {
                    self.give_back(&delivery).await?;
                    continue;
                }
                if delivery.event.kind == EventKind::AuditRecord && !destination.wants_audit() {
                    // Whoever changed the destination since may not have known that there are any.
                    let note = Some("not sent: no audit records are wanted any more".to_owned());
                    let at = self.alm.0.clock.now();
                    self.settle(&delivery, DeliveryState::Delivered, at, delivery.round, note).await?;
                    continue;
                }
                let outcome = self.attempt(destination, courier, delivery.clone()).await?;
                match taken(outcome) {
                    Ok(note) => {
                        failures = 0;
                        report.delivered += 1;
                        let at = self.alm.0.clock.now();
                        self.settle(&delivery, DeliveryState::Delivered, at, delivery.round, note).await?;
                        if failing {
                            self.takes_again(destination.id).await?;
                            failing = false;
                        }
                    }
                    Err(why) => {
                        failures += 1;
                        report.failed += 1;
                        if self.failed(destination, &delivery, &why).await? {
                            report.dead += 1;
                            failing = true;
                        }
                        if let Some(wait) = why.asked() {
                            self.leave_alone(destination, wait);
                        }
                        if why.fate() == Fate::Gone || why.asked().is_some() {
                            failures = PATIENCE;
                        }
                    }
                }
            }
        }
        Ok(report)
    }

    fn leave_alone(&self, destination: &Destination, wait: Duration) {
        let until = self.alm.0.clock.steady().saturating_add(wait.min(rules::MOST_ASKED));
        self.quiet
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(destination.id, (destination.target.clone(), until));
    }

    fn is_quiet(&self, destination: &Destination) -> bool {
        let now = self.alm.0.clock.steady();
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        quiet.retain(|_, (_, until)| now < *until);
        // It was another who asked when it goes elsewhere now.
        quiet.get(&destination.id).is_some_and(|(target, _)| *target == destination.target)
    }

    /// One attempt, within its time.
    async fn attempt(
        &self,
        destination: &Destination,
        courier: &Arc<dyn Courier>,
        delivery: Delivery,
    ) -> Result<std::result::Result<(), Undelivered>> {
        let mut parcel = Parcel::new(self.alm.instance(), destination.clone(), delivery);
        if courier.speaks_to_people() {
            parcel.letters = emails::letters(&self.alm, &parcel.delivery.event).await?;
        }
        let clock = Arc::clone(&self.alm.0.clock);
        Ok(match select(courier.carry(&parcel), clock.sleep(self.limit)).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(Undelivered::again(format!("no answer within {:?}", self.limit))),
        })
    }
}

/// The store may be away for a while.
fn passing(error: Error) -> Result<()> {
    if error.is_transient() {
        tracing::warn!(%error, "the store is away");
        return Ok(());
    }
    Err(error)
}

/// Gives events to a sink of the program.
#[derive(Debug)]
struct ToSink {
    name: String,
    sink: Arc<dyn EventSink>,
}

#[async_trait]
impl Courier for ToSink {
    fn carries(&self, destination: &Destination) -> bool {
        destination.target == Target::Program && destination.name.to_lowercase() == self.name.to_lowercase()
    }

    async fn carry(&self, parcel: &Parcel) -> std::result::Result<(), Undelivered> {
        self.sink.deliver(&parcel.delivery.event).await.map_err(|error| Undelivered::again(error.to_string()))
    }
}
