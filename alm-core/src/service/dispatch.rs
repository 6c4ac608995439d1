//! Carrying events to their destinations (H-6).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{Either, join_all, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::alm::Alm;
use super::command::Caller;
use super::unit::{Unit, denial};
use super::{destinations, emails};
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::{Actor, AuditResult};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::destination::{Destination, Target};
use crate::model::event::{Event, EventKind};
use crate::model::ids::{DestinationId, EventId};
use crate::model::people::Verb;
use crate::port::courier::{Courier, Fate, Parcel, Undelivered};
use crate::port::delivery::{DeliveryChange, DeliveryClaim};
use crate::port::sink::EventSink;
use crate::rules::delivery as rules;

/// How many deliveries of one destination are set out with at a time.
const BATCH: u32 = 16;
/// How many failures in a row end a destination's turn: it is away, and its events have their waits.
const PATIENCE: u32 = 3;

/// So long after the last dead letter, another is an outage of its own.
const ANEW: SignedDuration = SignedDuration::from_hours(24);

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
/// ([`Alm::deliveries`], [`SendAgain`](super::destinations::SendAgain)), which holds later events of its account back for an hour. Several
/// dispatchers, in one process or many, do not disturb each other.
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
}

impl Dispatcher {
    /// A dispatcher that carries nowhere yet. It fills inboxes all the same.
    pub const fn new(alm: Alm) -> Self {
        Self { alm, couriers: Vec::new(), limit: Duration::from_secs(30) }
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
        let all = destinations::all(&self.alm).await?;
        let mut report = Dispatched { routed: self.alm.route_all(&all).await?, ..Dispatched::default() };
        let mut served = Vec::new();
        for destination in all.into_iter().filter(|destination| destination.enabled) {
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
                        if why.fate() == Fate::Gone {
                            failures = PATIENCE;
                        }
                    }
                }
            }
        }
        Ok(report)
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

    /// Says that nobody tried it.
    async fn give_back(&self, delivery: &Delivery) -> Result<()> {
        let now = self.alm.0.clock.now();
        let round = delivery.round.saturating_sub(1);
        self.settle(delivery, DeliveryState::Waiting, now, round, delivery.note.clone()).await
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        state: DeliveryState,
        ready_at: Timestamp,
        round: u32,
        note: Option<String>,
    ) -> Result<()> {
        let mut unit = self.unit();
        unit.commit.deliveries.push(change(delivery, state, ready_at, unit.now, round, note));
        match self.alm.0.store.commit(unit.commit).await {
            // Another has set out with it meanwhile, or its destination is gone: at least once is what we promise.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            other => other,
        }
    }

    /// The next dead letter is news again.
    async fn takes_again(&self, id: DestinationId) -> Result<()> {
        let mut unit = self.unit();
        let Some(mut destination) = unit.find::<Destination>(id.uuid()).await? else { return Ok(()) };
        if destination.failing_at.take().is_none() {
            return Ok(());
        }
        unit.put(&destination, format!("the destination {} takes events again", destination.name))?;
        match self.alm.0.store.commit(unit.commit).await {
            // Somebody changes it just now: the next that it takes says so as well.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            other => other,
        }
    }

    fn unit(&self) -> Unit<'_> {
        Unit::new(&self.alm.0, "delivery.settle", Actor::System, "dispatcher")
    }

    /// Keeps why it was not taken, and until when it waits; whether it is a dead letter now.
    async fn failed(
        &self,
        destination: &Destination,
        delivery: &Delivery,
        why: &Undelivered,
    ) -> Result<bool> {
        let mut jitter = [0];
        self.alm.0.entropy.fill(&mut jitter)?;
        let wait = match why.fate() {
            Fate::Again => rules::wait(delivery.round, why.asked(), jitter.first().copied().unwrap_or(0)),
            Fate::Never | Fate::Gone | Fate::Partly => None,
        };
        let mut unit = self.unit();
        let known = unit.find::<Destination>(destination.id.uuid()).await?;
        let gone = why.fate() == Fate::Gone;
        if gone && known.as_ref().is_none_or(|known| known.target != destination.target) {
            // Who said so is not where its events go now.
            self.give_back(delivery).await?;
            return Ok(false);
        }
        let note = Some(shortened(why.why()));
        let now = self.alm.0.clock.now();
        if let Some(wait) = wait {
            let at = later(now, wait);
            self.settle(delivery, DeliveryState::Waiting, at, delivery.round, note).await?;
            return Ok(false);
        }
        tracing::warn!(destination = %destination.name, event = %delivery.event.id, why = %why, "a dead letter");
        let hold = later(now, rules::HOLDS);
        unit.commit.deliveries.push(change(delivery, DeliveryState::Dead, hold, now, delivery.round, note));
        let last = known.as_ref().and_then(|known| known.failing_at);
        let is_older = |age| last.is_none_or(|last| now.duration_since(last) > age);
        let is_news = is_older(ANEW);
        // Not with each of many: it costs a write of the destination.
        let is_noted = !is_older(SignedDuration::from_hours(1));
        if let Some(mut destination) = known
            && (gone || !is_noted)
        {
            destination.enabled &= !gone;
            destination.failing_at = Some(now);
            unit.put(&destination, format!("the destination {} does not take events", destination.name))?;
        }
        // Once for an outage: a destination that is away for days has one event for each of its events.
        if is_news || gone {
            let end = if gone { "wants no events any more and is disabled" } else { "does not take events" };
            let text = format!("the destination {} {end}: {}", destination.name, shortened(why.why()));
            unit.audit_as(
                "delivery.dead",
                format!("destination {}", destination.id),
                AuditResult::Failed,
                json!({ "event": delivery.event.id, "disabled": gone }),
                None,
            );
            let administrators = unit.administrators().await?;
            unit.event(EventKind::DeliveryFailed, text, administrators, |event| {
                event.destination = Some(destination.id);
            })?;
        }
        match self.alm.0.store.commit(unit.commit).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What to note about what was taken, at least in part.
fn taken(outcome: std::result::Result<(), Undelivered>) -> std::result::Result<Option<String>, Undelivered> {
    match outcome {
        Ok(()) => Ok(None),
        Err(why) if why.fate() == Fate::Partly => Ok(Some(shortened(why.why()))),
        Err(why) => Err(why),
    }
}

fn change(
    delivery: &Delivery,
    state: DeliveryState,
    ready_at: Timestamp,
    at: Timestamp,
    round: u32,
    note: Option<String>,
) -> DeliveryChange {
    DeliveryChange::Settle {
        destination: delivery.destination,
        event: delivery.event.id,
        attempts: delivery.attempts,
        state,
        ready_at,
        at,
        round,
        note,
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// One line of bounded length, whatever a courier says.
fn shortened(why: &str) -> String {
    why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
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
