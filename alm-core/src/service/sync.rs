//! Sync of a domain (section S): the mirror, users from directory groups, the guard before a mass change, and what has drifted.
//!
//! Everything is read and compared first, and only what differs is held in memory. The guard judges that (S-4); then it is applied commit by
//! commit, and the place where the next reading begins is saved in the last one. Whatever breaks a sync off, the next reads the same again and
//! finds the first part done.

mod apply;
mod drift;
mod findings;
mod people;
mod read;

use ad_directory::ObjectGuid;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::unit::{By, Unit, denial};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::audit::AuditResult;
use crate::model::estate::Domain;
use crate::model::event::EventKind;
use crate::model::ids::DomainId;
use crate::model::mirror::{MirrorEntry, MirrorKind, key};
use crate::model::people::{Feature, Verb};
use crate::model::sync::{DomainSync, HeldSync, SyncCounts, SyncFailure, SyncLimits, SyncState, UserSource};
use crate::port::store::DueKind;
use crate::rules::{mirror, sync};

const OPERATION: &str = "domain.sync";
/// How many domains are looked at together.
const BATCH: u32 = 100;
/// How many of the changes that are asked about are shown in words.
const EXAMPLES: usize = 20;

/// Says how a domain is synchronized (O-9): when, which of its groups are users, and what is kept of it. Needs directory-service Update with
/// Manage.
///
/// Refused are, all at once: a time that cannot be kept (O-9), a group that the mirror does not have (O-9: synchronize the domain once before),
/// an attribute that holds secrets (O-12), limits above 100 percent (S-4). A group that was gone and is named again counts again.
///
/// ```
/// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller, domain: alm_core::model::ids::DomainId) -> Result<(), Box<dyn std::error::Error>> {
/// use alm_core::model::mirror::MirrorKind;
/// use alm_core::service::sync::{SetDomainSync, SyncOptions};
///
/// alm.sync(&admin, domain, SyncOptions::new()).await?;
/// let staff = alm.mirror_named(&admin, domain, "alm-users").await?.ok_or("no such group")?;
/// alm.execute(&admin, "hourly, with alm-users", SetDomainSync::new(domain).every_hours(1).users_of(staff.guid)).await?;
///
/// let report = alm.sync(&admin, domain, SyncOptions::new()).await?;
/// if let Some(held) = report.held {
///     println!("would change much: {:?} {:?}", held.reasons, held.examples);
///     alm.sync(&admin, domain, SyncOptions::new().confirmed(held.digest)).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SetDomainSync {
    /// Which domain.
    pub domain: DomainId,
    /// How many hours lie between two syncs, 1 to 168; without it none begins by itself.
    pub every_hours: Option<u32>,
    /// The directory groups whose members, through nested groups too, become users (S-3).
    pub users_of: Vec<ObjectGuid>,
    /// Attributes that the mirror keeps beside those it needs, by LDAP name; 50 at most.
    pub attributes: Vec<String>,
    /// How much a sync may change without asking (S-4).
    pub limits: SyncLimits,
    /// After how many days without a sign-in an account counts as inactive, 1 to 3,650 (S-8); never without it.
    pub dormant_days: Option<u32>,
}

impl SetDomainSync {
    /// No schedule, no users, no further attributes, and the usual limits.
    pub fn new(domain: DomainId) -> Self {
        let DomainSync { every_hours, limits, dormant_days, .. } = DomainSync::default();
        Self { domain, every_hours, users_of: Vec::new(), attributes: Vec::new(), limits, dormant_days }
    }

    /// A sync every so many hours, the first at once.
    #[must_use]
    pub const fn every_hours(mut self, hours: u32) -> Self {
        self.every_hours = Some(hours);
        self
    }

    /// The members of this group, and of the others that are named, become users.
    #[must_use]
    pub fn users_of(mut self, group: ObjectGuid) -> Self {
        self.users_of.push(group);
        self
    }

    /// The mirror keeps this attribute too.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>) -> Self {
        self.attributes.push(name.into());
        self
    }

    /// Other limits.
    #[must_use]
    pub const fn limits(mut self, limits: SyncLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Another time without a sign-in, or none.
    #[must_use]
    pub const fn dormant_days(mut self, days: Option<u32>) -> Self {
        self.dormant_days = days;
        self
    }
}

#[async_trait]
impl Decide for SetDomainSync {
    const NAME: &'static str = "domain.set_sync";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::DirectoryService, Verb::Update, false).await?;
        let mut domain: Domain = unit.get(self.domain.uuid()).await?;
        let mut users_of: Vec<UserSource> = Vec::new();
        let mut refusals = Vec::new();
        for group in &self.users_of {
            let found = unit.find::<MirrorEntry>(key("mirror", self.domain, *group)).await?;
            match found.filter(|entry| entry.kind == MirrorKind::Group) {
                Some(_) if users_of.iter().any(|source| source.group == *group) => {}
                Some(entry) => users_of.push(UserSource::new(*group, entry.dn.to_string())),
                None => {
                    let message = format!("{group} is no group that a sync of {} has seen", domain.name);
                    refusals.push(Refusal::new("O-9", "users_of", message));
                }
            }
        }
        let after = DomainSync {
            every_hours: self.every_hours,
            users_of,
            attributes: self.attributes.clone(),
            limits: self.limits,
            dormant_days: self.dormant_days,
        };
        refusals.extend(sync::check(&after));
        refusals.extend(mirror::check_attributes(&self.attributes));
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let before = std::mem::replace(&mut domain.sync, after);
        let mut state = state(unit, self.domain).await?;
        let is_asleep = state.next_at.is_none() && self.every_hours.is_some();
        if before.every_hours != self.every_hours || is_asleep {
            state.next_at = self.every_hours.map(|_| unit.now);
        }
        unit.put(&state, format!("the next sync of {}: {:?}", domain.name, state.next_at))?;
        unit.put(&domain, format!("change how {} is synchronized", domain.name))?;
        unit.audit(
            Self::NAME,
            format!("domain {}", domain.id),
            json!({ "before": before, "after": domain.sync }),
        );
        Ok(())
    }
}

/// How a sync is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncOptions {
    /// Whether everything is read, and not only what has changed.
    pub full: bool,
    /// The [digest](HeldSync::digest) of what a sync asked about: it may change exactly that (S-4).
    pub confirmed: Option<String>,
}

impl SyncOptions {
    /// What has changed, and asking before it changes much.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads everything.
    #[must_use]
    pub const fn full(mut self) -> Self {
        self.full = true;
        self
    }

    /// Changes exactly what was shown under this digest.
    #[must_use]
    pub fn confirmed(mut self, digest: impl Into<String>) -> Self {
        self.confirmed = Some(digest.into());
        self
    }
}

/// What a sync did, or what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncReport {
    /// Which domain.
    pub domain: DomainId,
    /// Whether everything was read.
    pub full: bool,
    /// What was changed.
    pub counts: SyncCounts,
    /// What it asks, if it stopped before it changed anything (S-4).
    pub held: Option<HeldSync>,
}

impl HeldSync {
    /// The same as refusals of S-4.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.reasons.iter().map(|reason| Refusal::new("S-4", "sync", reason)).collect()
    }
}

/// One sync of one domain.
struct Run<'a> {
    alm: &'a Alm,
    by: By<'a>,
    domain: Domain,
    id: Uuid,
    begun: Timestamp,
}

impl Alm {
    /// Synchronizes a domain now (S-1), with the directory of whoever inspects templates. Needs directory-service Update with Manage.
    ///
    /// Its users, groups and places are brought up to date in the mirror, and the members of the chosen groups in the people (S-3). What a
    /// person has to decide is in [`sync_findings`](Self::sync_findings). Before anything is changed the guard judges what would be: if that is
    /// much, nothing is changed and the report says what is asked ([`SyncReport::held`]); the same again with its digest
    /// [confirmed](SyncOptions::confirmed) does exactly that.
    ///
    /// Each part is a commit of its own. Dropping the future in the middle loses nothing: the next sync goes on.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied); [`NotFound`](ErrorKind::NotFound) for a domain that is not known; Refused with O-9 for a disabled one, with
    /// S-4 when something else would change than was confirmed; [`Config`](ErrorKind::Config) when nobody is there who could look;
    /// [`Directory`](ErrorKind::Directory) when the domain could not be read, and then nothing was changed;
    /// [`Conflict`](ErrorKind::Conflict) when another sync of the domain took over.
    pub async fn sync(&self, caller: &Caller, domain: DomainId, options: SyncOptions) -> Result<SyncReport> {
        let mut unit = Unit::of(&self.0, OPERATION, caller);
        let denied = unit.require(Feature::DirectoryService, Verb::Update, false).await;
        if let Err(error) = denied {
            let mut unit = Unit::of(&self.0, OPERATION, caller);
            unit.audit_as(OPERATION, format!("domain {domain}"), AuditResult::Refused, denial(&error), None);
            self.0.store.commit(unit.commit).await?;
            return Err(error);
        }
        self.run_sync(By::Person(caller), domain, options).await
    }

    /// Begins the syncs whose time has come. One that cannot be done says so and holds up no other.
    pub(super) async fn sync_due(&self, now: Timestamp) -> Result<(Vec<SyncReport>, Vec<(DomainId, Error)>)> {
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (_, id, _) in self.0.store.due(DueKind::Sync, now, BATCH).await? {
            let domain = DomainId::new(id);
            match self.run_sync(By::Clock, domain, SyncOptions::new()).await {
                Ok(report) => done.push(report),
                Err(error) => failed.push((domain, error)),
            }
        }
        Ok((done, failed))
    }

    async fn run_sync(&self, by: By<'_>, domain: DomainId, options: SyncOptions) -> Result<SyncReport> {
        let mut unit = Unit::by(&self.0, OPERATION, by);
        let domain: Domain = unit.get(domain.uuid()).await?;
        let so_far = state(&mut unit, domain.id).await?;
        let run = Run { alm: self, by, id: unit.new_id()?, begun: unit.now, domain };
        if !run.domain.enabled {
            let refusal = Refusal::new("O-9", "domain", format!("{} is disabled", run.domain.name));
            run.skip().await?;
            return Err(Error::refused(OPERATION, vec![refusal]));
        }
        let accounts = run.accounts().await?;
        let stage = match run.read(&so_far, &options).await {
            Ok(stage) => stage,
            Err(error) => {
                run.fail(&error).await?;
                return Err(error);
            }
        };
        let people = run.plan_people(&stage).await?;
        let impact = run.impact(&stage, &people).await?;
        let mut report =
            SyncReport { domain: run.domain.id, full: stage.full, counts: SyncCounts::default(), held: None };
        let reasons = sync::guard(&impact, run.domain.sync.limits);
        if !reasons.is_empty() {
            let held = run.ask(reasons, &stage, &people);
            match options.confirmed {
                Some(digest) if digest == held.digest => run.note_confirmed(&held).await?,
                Some(_) => {
                    run.hold(held).await?;
                    let message = "something else would change by now than what was confirmed";
                    let refusal = Refusal::new("S-4", "confirmed", message);
                    return Err(Error::refused(OPERATION, vec![refusal])
                        .with_advice("look at what it asks now, and confirm that"));
                }
                None => {
                    report.held = Some(run.hold(held).await?);
                    return Ok(report);
                }
            }
        }
        report.counts = run.apply(stage, people, &accounts).await?;
        Ok(report)
    }
}

pub(super) async fn state(unit: &mut Unit<'_>, domain: DomainId) -> Result<SyncState> {
    Ok(unit.find::<SyncState>(domain.uuid()).await?.unwrap_or_else(|| SyncState::new(domain)))
}

impl<'a> Run<'a> {
    fn unit(&self) -> Unit<'a> {
        Unit::by(&self.alm.0, OPERATION, self.by)
    }

    /// By the schedule as it is now: it may have been set while this sync was reading.
    async fn next_at(&self, unit: &mut Unit<'_>, failed: bool) -> Result<Option<Timestamp>> {
        let domain: Domain = unit.get(self.domain.id.uuid()).await?;
        Ok(sync::next_at(&domain.sync, unit.now, failed))
    }

    /// Until the next time.
    async fn skip(&self) -> Result<()> {
        let mut unit = self.unit();
        let mut state = state(&mut unit, self.domain.id).await?;
        state.next_at = self.next_at(&mut unit, false).await?;
        unit.put(&state, "the sync is left out")?;
        // What another sync changed at the same moment stays.
        unit.settle().await.map(drop)
    }

    /// N-7: a domain that cannot be read is told of once, and tried again.
    async fn fail(&self, error: &Error) -> Result<()> {
        let mut unit = self.unit();
        let mut state = state(&mut unit, self.domain.id).await?;
        let since = state.failed.as_ref().map_or(self.begun, |failed| failed.since);
        if state.failed.is_none() {
            let administrators = unit.administrators().await?;
            let text = format!("{} could not be synchronized: {error}", self.domain.name);
            unit.event(EventKind::DomainUnreachable, text, administrators, |_| ())?;
        }
        state.failed = Some(SyncFailure::new(since, error.to_string()));
        state.next_at = self.next_at(&mut unit, true).await?;
        unit.put(&state, "the sync failed")?;
        let result =
            if error.kind() == ErrorKind::Refused { AuditResult::Refused } else { AuditResult::Failed };
        let mut facts = denial(error);
        if let Some(facts) = facts.as_object_mut() {
            facts.insert("error".to_owned(), json!(error.to_string()));
        }
        unit.audit_as(OPERATION, format!("domain {}", self.domain.id), result, facts, None);
        // What another sync changed at the same moment stays.
        unit.settle().await.map(drop)
    }

    /// What is asked, and what stands for it.
    fn ask(&self, reasons: Vec<String>, stage: &read::Stage, people: &people::PeoplePlan) -> HeldSync {
        let lines: Vec<String> = stage.lines().chain(people.lines()).collect();
        let mut counts = stage.counts;
        people.count(&mut counts);
        let shown = people.examples().chain(stage.examples());
        HeldSync {
            digest: sync::digest(&lines),
            at: self.begun,
            reasons,
            counts,
            examples: shown.take(EXAMPLES).collect(),
        }
    }

    /// S-4: it asks, once about each thing.
    async fn hold(&self, held: HeldSync) -> Result<HeldSync> {
        let mut unit = self.unit();
        let mut state = state(&mut unit, self.domain.id).await?;
        let before = state.held.take().filter(|before| before.digest == held.digest);
        let is_news = before.is_none();
        let held = before.unwrap_or(held);
        state.held = Some(held.clone());
        // The directory could be read.
        state.failed = None;
        state.next_at = self.next_at(&mut unit, false).await?;
        unit.put(&state, "the sync asks")?;
        if is_news {
            let error = Error::refused(OPERATION, held.refusals());
            let mut facts = denial(&error);
            if let Some(facts) = facts.as_object_mut() {
                facts.insert("digest".to_owned(), json!(held.digest));
            }
            unit.audit_as(OPERATION, format!("domain {}", self.domain.id), AuditResult::Refused, facts, None);
            let administrators = unit.administrators().await?;
            let text = format!("the sync of {} asks: {}", self.domain.name, held.reasons.join("; "));
            unit.event(EventKind::SyncHeld, text, administrators, |_| ())?;
        }
        unit.settle().await?;
        Ok(held)
    }

    async fn note_confirmed(&self, held: &HeldSync) -> Result<()> {
        let mut unit = self.unit();
        let facts = json!({ "digest": held.digest, "reasons": held.reasons, "counts": held.counts });
        unit.audit("domain.sync.confirm", format!("domain {}", self.domain.id), facts);
        self.alm.0.store.commit(unit.commit).await
    }

    /// Adds to what this run has done, in the commit in which it does it.
    async fn count(&self, unit: &mut Unit<'_>, add: impl FnOnce(&mut SyncCounts)) -> Result<()> {
        let mut state = state(unit, self.domain.id).await?;
        let Some(progress) = state.progress.as_mut().filter(|progress| progress.run == self.id) else {
            let message = format!("another sync of {} took over", self.domain.name);
            return Err(Error::new(ErrorKind::Conflict, OPERATION, message)
                .with_advice("nothing is lost: the other one does the rest"));
        };
        add(&mut progress.counts);
        unit.put(&state, "the sync goes on")
    }
}
