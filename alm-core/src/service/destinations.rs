//! Commands about destinations of events, and what became of deliveries (H-6).
//!
//! What carries the events is a [`Dispatcher`](super::Dispatcher).

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::alm::Alm;
use super::audit_feed;
use super::command::Caller;
use super::command::decide::Decide;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::destination::{Destination, EventFilter, Target};
use crate::model::ids::{DestinationId, EventId};
use crate::model::people::{Feature, Verb};
use crate::port::delivery::DeliveryChange;
use crate::port::store::Stored as _;
use crate::rules::destination::problems;
use crate::rules::text;

/// How many dead letters one command sends again.
const AT_ONCE: u32 = 1_000;

async fn check(unit: &mut Unit<'_>, destination: &Destination) -> Result<()> {
    let rule = destination.target.rule();
    let mut refusals = Vec::new();
    refusals.extend(text::check(rule, "name", &destination.name, 100, true, false).err());
    refusals.extend(text::check(rule, "description", &destination.description, 1_000, false, true).err());
    refusals.extend(problems(&destination.target));
    if let EventFilter::These(kinds) = &destination.events
        && kinds.is_empty()
    {
        refusals.push(Refusal::new(rule, "events", "at least one kind of event is needed"));
    }
    if destination.wants_audit() {
        // Whoever says where it goes reads it.
        unit.require(Feature::Audit, Verb::Read, true).await?;
        if matches!(destination.target, Target::Email(_)) {
            refusals.push(Refusal::new("H-5", "events", "audit records go to programs, not by e-mail"));
        }
    }
    if !refusals.is_empty() {
        return Err(Error::refused(unit.operation, refusals));
    }
    let unique = format!("destination:{}", destination.name.to_lowercase());
    let taken = || Refusal::new(rule, "name", format!("a destination {:?} exists already", destination.name));
    unit.require_free(&unique, Some(destination.id.uuid()), taken).await
}

/// Adds a destination. Which permission it needs to Create depends on the target: [`Target::feature`]. One that wants audit records needs audit Read
/// besides.
///
/// It is told of what happens from then on.
///
/// ```
/// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller) -> alm_core::Result<()> {
/// use alm_core::model::destination::{EventFilter, Target};
/// use alm_core::model::event::EventKind;
/// use alm_core::service::destinations::AddDestination;
///
/// let wanted = EventFilter::these([EventKind::AccountProvisioned, EventKind::EndOfLife]);
/// let cmdb = AddDestination::new("cmdb", Target::Program).events(wanted);
/// alm.execute(&admin, "tell the inventory", cmdb).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddDestination {
    /// Unique among destinations, without case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where and how.
    pub target: Target,
    /// Of what.
    pub events: EventFilter,
}

impl AddDestination {
    /// A destination that wants everything.
    pub fn new(name: impl Into<String>, target: Target) -> Self {
        Self { name: name.into(), description: String::new(), target, events: EventFilter::All }
    }

    /// For people.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Only these.
    #[must_use]
    pub fn events(mut self, events: EventFilter) -> Self {
        self.events = events;
        self
    }
}

#[async_trait]
impl Decide for AddDestination {
    const NAME: &'static str = "destination.add";
    type Output = DestinationId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<DestinationId> {
        unit.require(self.target.feature(), Verb::Create, true).await?;
        let id = DestinationId::new(unit.new_id()?);
        let mut destination = Destination::new(id, &self.name, self.target.clone());
        destination.description.clone_from(&self.description);
        destination.events.clone_from(&self.events);
        check(unit, &destination).await?;
        unit.put(&destination, format!("add the destination {}", self.name))?;
        audit_feed::keep(unit, &destination).await?;
        audit(unit, &destination, json!({ "after": facts(&destination)? }));
        Ok(id)
    }
}

fn audit(unit: &mut Unit<'_>, destination: &Destination, facts: serde_json::Value) {
    unit.audit(unit.operation, format!("destination {}", destination.id), facts);
}

/// What it says, without what somebody may have put a secret into: the chain keeps it for ever.
fn facts(destination: &Destination) -> Result<serde_json::Value> {
    let mut facts = serde_json::to_value(destination).map_err(|error| {
        Error::new(crate::ErrorKind::StoreCorrupt, "destination", "cannot be written as JSON")
            .with_source(error)
    })?;
    if let (Target::Webhook(webhook), Some(target)) = (&destination.target, facts.get_mut("target")) {
        *target = json!({ "webhook": webhook.redacted() });
    }
    Ok(facts)
}

/// Says anew what a destination is called, where it is and what it wants. Needs Update, and audit Read where it is to get audit records. What it is (a program, a webhook, …) stays.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EditDestination {
    /// Which.
    pub destination: DestinationId,
    /// What it says from now on.
    pub to: AddDestination,
}

impl EditDestination {
    /// This from now on.
    pub const fn new(destination: DestinationId, to: AddDestination) -> Self {
        Self { destination, to }
    }
}

#[async_trait]
impl Decide for EditDestination {
    const NAME: &'static str = "destination.edit";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let before = changeable(unit, self.destination, Verb::Update).await?;
        if before.wants_audit() {
            // What is queued already would go elsewhere, too.
            unit.require(Feature::Audit, Verb::Read, true).await?;
        }
        if before.target.kind() != self.to.target.kind() {
            let message = format!("{} is a {} and stays one", before.name, before.target.kind());
            return unit.refuse(Refusal::new("H-6", "target", message));
        }
        let mut destination = Destination::new(before.id, &self.to.name, self.to.target.clone());
        destination.description.clone_from(&self.to.description);
        destination.events.clone_from(&self.to.events);
        destination.enabled = before.enabled;
        destination.failing_at = before.failing_at;
        check(unit, &destination).await?;
        if destination == before {
            return Ok(());
        }
        unit.put(&destination, format!("change the destination {}", before.name))?;
        audit_feed::keep(unit, &destination).await?;
        // What is not in the facts may have changed, too.
        let moved = destination.target != before.target;
        let facts =
            json!({ "before": facts(&before)?, "after": facts(&destination)?, "target_changed": moved });
        audit(unit, &destination, facts);
        Ok(())
    }
}

pub(super) async fn changeable(unit: &mut Unit<'_>, id: DestinationId, verb: Verb) -> Result<Destination> {
    // Which permission it takes is known only from the destination itself; whoever has none is not told that there is one.
    let destination = unit.find::<Destination>(id.uuid()).await?;
    let feature = destination.as_ref().map_or(Target::Program.feature(), |one| one.target.feature());
    unit.require(feature, verb, true).await?;
    destination.ok_or_else(|| Error::not_found(unit.operation, format_args!("destination {id}")))
}

/// Disables a destination, or enables one again. Needs Update. What waits for a disabled one stays, and goes when it is enabled; what happens
/// meanwhile is not told to it, apart from audit records, which are kept anyway.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct SetDestinationEnabled {
    /// Which.
    pub destination: DestinationId,
    /// Enabled or not.
    pub enabled: bool,
}

impl SetDestinationEnabled {
    /// Enables or disables.
    pub const fn new(destination: DestinationId, enabled: bool) -> Self {
        Self { destination, enabled }
    }
}

#[async_trait]
impl Decide for SetDestinationEnabled {
    const NAME: &'static str = "destination.set_enabled";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut destination = changeable(unit, self.destination, Verb::Update).await?;
        if destination.enabled == self.enabled {
            return Ok(());
        }
        destination.enabled = self.enabled;
        destination.failing_at = None;
        let verb = if self.enabled { "enable" } else { "disable" };
        unit.put(&destination, format!("{verb} the destination {}", destination.name))?;
        audit(unit, &destination, json!({ "enabled": self.enabled }));
        Ok(())
    }
}

/// Removes a destination with its deliveries, waiting and past. Needs Delete.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct RemoveDestination {
    /// Which.
    pub destination: DestinationId,
}

impl RemoveDestination {
    /// Removes it.
    pub const fn new(destination: DestinationId) -> Self {
        Self { destination }
    }
}

#[async_trait]
impl Decide for RemoveDestination {
    const NAME: &'static str = "destination.remove";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let destination = changeable(unit, self.destination, Verb::Delete).await?;
        unit.remove(&destination, format!("remove the destination {} and its deliveries", destination.name));
        audit_feed::end(unit, destination.id).await?;
        unit.commit.deliveries.push(DeliveryChange::Forget { destination: destination.id });
        audit(unit, &destination, json!({ "before": facts(&destination)? }));
        Ok(())
    }
}

/// Has dead letters sent again: one, or the 1,000 oldest of a destination; returns how many. Needs Update. Events of the same account that went
/// meanwhile are not taken back.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct SendAgain {
    /// To which destination.
    pub destination: DestinationId,
    /// Which event; all when none is named.
    pub event: Option<EventId>,
}

impl SendAgain {
    /// This event.
    pub const fn new(destination: DestinationId, event: EventId) -> Self {
        Self { destination, event: Some(event) }
    }

    /// All of them.
    pub const fn all(destination: DestinationId) -> Self {
        Self { destination, event: None }
    }
}

#[async_trait]
impl Decide for SendAgain {
    const NAME: &'static str = "destination.send_again";
    type Output = u64;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<u64> {
        let destination = changeable(unit, self.destination, Verb::Update).await?;
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = unit.alm.store.deliveries(destination.id, DeliveryState::Dead, after, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.seq);
            match self.event {
                None => {
                    found = page;
                    break;
                }
                Some(event) => found.extend(page.into_iter().find(|one| one.event.id == event)),
            }
            if !found.is_empty() {
                break;
            }
        }
        if let (Some(event), true) = (self.event, found.is_empty()) {
            let message = format!("event {event} is no dead letter of {}", destination.name);
            return unit.refuse(Refusal::new("H-6", "event", message));
        }
        let now = unit.now;
        let events: Vec<_> = found.iter().map(|one| one.event.id).collect();
        unit.commit.deliveries.extend(found.into_iter().map(|one| DeliveryChange::Settle {
            destination: destination.id,
            event: one.event.id,
            attempts: one.attempts,
            state: DeliveryState::Waiting,
            ready_at: now,
            at: now,
            round: 0,
            note: one.note,
        }));
        unit.changes.push(format!("send {} events to {} again", events.len(), destination.name));
        audit(unit, &destination, json!({ "events": events }));
        Ok(events.len() as u64)
    }
}

impl Alm {
    /// The destinations that the caller may Read, in the order of their ids.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied) for somebody unknown or disabled, those of the store.
    pub async fn destinations(&self, caller: &Caller) -> Result<Vec<Destination>> {
        let mut unit = Unit::of(&self.0, "destination.list", caller);
        let access = unit.access().await?;
        let mut all: Vec<Destination> = unit.all().await?;
        all.retain(|one| access.permits(one.target.feature(), Verb::Read, true));
        Ok(all)
    }

    /// What became of the events for a destination, by state, the oldest first, those behind place `after`: what waits (with why the last attempt
    /// failed), what was delivered (its history), and the dead letters. Needs Read; what audit records say is shown to those with audit Read.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), [`NotFound`](crate::ErrorKind::NotFound), those of the store.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        destination: DestinationId,
        state: DeliveryState,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        let mut unit = Unit::of(&self.0, "destination.deliveries", caller);
        let destination = changeable(&mut unit, destination, Verb::Read).await?;
        let mut found = self.0.store.deliveries(destination.id, state, after, limit).await?;
        if !unit.access().await?.permits(Feature::Audit, Verb::Read, true) {
            for event in found.iter_mut().map(|one| &mut one.event).filter(|event| event.audit.is_some()) {
                event.audit = None;
                event.text = event.kind.to_string();
            }
        }
        Ok(found)
    }

    /// Forgets deliveries that are older than the settings say: those [delivered](super::Settings::keep_delivered) and those
    /// [dead](super::Settings::keep_dead); how many. Call it once a day or so.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_deliveries(&self) -> Result<u64> {
        let settings = &self.0.settings;
        let mut count = 0;
        for (state, keep) in
            [(DeliveryState::Delivered, settings.keep_delivered), (DeliveryState::Dead, settings.keep_dead)]
        {
            let age = jiff::SignedDuration::try_from(keep).unwrap_or(jiff::SignedDuration::MAX);
            let before = self.0.clock.now().checked_sub(age).unwrap_or(jiff::Timestamp::MIN);
            count += self.0.store.forget_deliveries(state, before).await?;
        }
        Ok(count)
    }
}

/// A destination, and the version of its record.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub destination: Destination,
    pub version: u64,
}

/// Every destination there is, for those who carry.
pub(super) async fn all(alm: &Alm) -> Result<Vec<Known>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = alm.0.store.list(Destination::KIND, after, 500).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id);
        for document in &page {
            all.push(Known { destination: Destination::read(document)?, version: document.version });
        }
    }
}
