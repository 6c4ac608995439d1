//! Applying what was read, commit by commit; each says which run it is of, so that of two only one goes on.

use std::collections::BTreeSet;

use ad_directory::{Discovery, NamePattern, ObjectGuid};
use serde_json::json;

use super::drift::Before;
use super::findings::Report;
use super::people::{Leaver, PeoplePlan, PersonChange};
use super::read::Stage;
use super::{By, OPERATION, Run, state};
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::AuditResult;
use crate::model::estate::Domain;
use crate::model::event::EventKind;
use crate::model::ids::PersonId;
use crate::model::mirror::{MirrorEntry, key};
use crate::model::people::{Person, Role};
use crate::model::sync::{PersonSync, SyncCounts, SyncFinding, SyncProgress};
use crate::rules::mirror::{looks_like_service, marked_by};
use crate::rules::sync::{self, Fate};
use crate::saga::{SagaRecord, SagaStatus};
use crate::service::leaving::tell_of_leavers;
use crate::service::remaining::{After, require_administrator, require_owners};
use crate::service::stored::{object_name, person_link};
use crate::service::unit::Unit;

/// How many objects are written in one commit.
const OBJECTS: usize = 200;
/// How many people are made in one commit.
const PEOPLE: usize = 50;
/// How often a part is decided anew because somebody changed something in between.
const DECISIONS: u32 = 16;

/// A part that is one commit.
pub(super) enum Part<'p> {
    TakeOver,
    Objects { objects: &'p [(ObjectGuid, Option<MirrorEntry>)], first: bool },
    People(&'p [PersonChange]),
    Leaver(&'p Leaver),
    GroupsGone(&'p BTreeSet<ObjectGuid>),
    Settled(&'p [SyncFinding]),
    Findings(&'p [Report]),
    End(&'p Ending),
}

/// What the last commit writes down.
pub(super) struct Ending {
    full: bool,
    first: bool,
    token: String,
    sees_deletions: bool,
}

/// What came of a part, when it is more than that it was done.
#[derive(Default)]
pub(super) struct Came {
    /// Why somebody could not be disabled.
    refused: Option<String>,
    counts: SyncCounts,
}

impl Run<'_> {
    pub(super) async fn apply(
        &self,
        stage: Stage,
        plan: PeoplePlan,
        accounts: &Before,
    ) -> Result<SyncCounts> {
        self.carry_out(&Part::TakeOver).await?;
        let Stage { objects, full, first, token, sees_deletions, .. } = stage;
        let mut objects = objects.into_iter().map(|(guid, staged)| (guid, staged.after));
        loop {
            let part: Vec<_> = objects.by_ref().take(OBJECTS).collect();
            if part.is_empty() {
                break;
            }
            self.carry_out(&Part::Objects { objects: &part, first }).await?;
        }
        for part in plan.changes.chunks(PEOPLE) {
            self.carry_out(&Part::People(part)).await?;
        }
        let report = |(object, text)| Report { object, person: None, text };
        let mut reports: Vec<_> = plan.reports.into_iter().map(report).collect();
        for leaver in &plan.leavers {
            // W-2, P-2: not forced, and not forgotten.
            if let Some(text) = self.carry_out(&Part::Leaver(leaver)).await?.refused {
                reports.push(Report { object: leaver.object, person: Some(leaver.person), text });
            }
        }
        if !plan.groups_gone.is_empty() {
            self.carry_out(&Part::GroupsGone(&plan.groups_gone)).await?;
        }
        self.report(reports).await?;
        self.judge(accounts).await?;
        let ending = Ending { full, first, token, sees_deletions };
        Ok(self.carry_out(&Part::End(&ending)).await?.counts)
    }

    pub(super) async fn carry_out(&self, part: &Part<'_>) -> Result<Came> {
        for _ in 0..DECISIONS {
            let mut unit = self.unit();
            let came = match part {
                Part::TakeOver => self.take_over(&mut unit).await?,
                Part::Settled(findings) => self.settled(&mut unit, findings).await?,
                Part::Findings(reports) => self.write_findings(&mut unit, reports).await?,
                Part::Objects { objects, first } => self.write_objects(&mut unit, objects, *first).await?,
                Part::People(changes) => self.change_people(&mut unit, changes).await?,
                Part::Leaver(leaver) => match self.disable(&mut unit, leaver).await {
                    Err(error) if error.kind() == ErrorKind::Refused => {
                        return Ok(Came { refused: Some(why(&error)), ..Came::default() });
                    }
                    other => other?,
                },
                Part::GroupsGone(groups) => self.disable_groups(&mut unit, groups).await?,
                Part::End(ending) => self.end(&mut unit, ending).await?,
            };
            match self.alm.0.store.commit(unit.commit).await {
                Ok(()) => return Ok(came),
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        let message = format!("others kept changing what the sync of {} needs", self.domain.name);
        Err(Error::new(ErrorKind::Conflict, OPERATION, message).with_advice("begin it again"))
    }

    /// This run is the domain's from now on; one that was broken off, or is elsewhere, is not any more.
    async fn take_over(&self, unit: &mut Unit<'_>) -> Result<Came> {
        let mut state = state(unit, self.domain.id).await?;
        let mut progress = SyncProgress::new(self.id, self.begun);
        if let Some(before) = state.progress {
            progress.counts = before.counts;
        }
        state.progress = Some(progress);
        unit.put(&state, "the sync begins to change")?;
        Ok(Came::default())
    }

    async fn write_objects(
        &self,
        unit: &mut Unit<'_>,
        objects: &[(ObjectGuid, Option<MirrorEntry>)],
        first: bool,
    ) -> Result<Came> {
        let patterns = Discovery::new().patterns;
        let mut counts = SyncCounts::default();
        for (guid, after) in objects {
            let before = unit.find::<MirrorEntry>(key("mirror", self.domain.id, *guid)).await?;
            match (before, after) {
                (Some(before), None) => {
                    unit.remove(&before, format!("{} is gone", before.dn));
                    counts.gone += 1;
                }
                (before, Some(after)) if before.as_ref() != Some(after) => {
                    let mut after = after.clone();
                    counts.external += u64::from(self.announce(unit, &mut after, &patterns, first).await?);
                    match before {
                        None => counts.added += 1,
                        Some(before) => {
                            counts.changed += 1;
                            counts.moved += u64::from(before.dn.to_string() != after.dn.to_string());
                        }
                    }
                    unit.put(&after, format!("mirror {}", after.dn))?;
                }
                // Done by a run that was broken off.
                _ => {}
            }
        }
        self.count(unit, |done| {
            done.added += counts.added;
            done.changed += counts.changed;
            done.moved += counts.moved;
            done.gone += counts.gone;
            done.external += counts.external;
        })
        .await?;
        Ok(Came::default())
    }

    /// S-7: administrators are told once of a service account that nobody manages. Those that were there when the domain was first read are
    /// told of together, at its end.
    async fn announce(
        &self,
        unit: &mut Unit<'_>,
        entry: &mut MirrorEntry,
        patterns: &[NamePattern],
        first: bool,
    ) -> Result<bool> {
        if entry.announced || !looks_like_service(entry, patterns) {
            return Ok(false);
        }
        if unit.alm.store.holder(&object_name(self.domain.id, entry.guid)).await?.is_some()
            || self.is_being_made(unit, entry).await?
        {
            return Ok(false);
        }
        entry.announced = true;
        if !first {
            let administrators = unit.administrators().await?;
            let text = format!("{} looks like a service account, and nobody manages it", entry.dn);
            unit.event(EventKind::NewExternalUser, text, administrators, |_| ())?;
        }
        Ok(true)
    }

    /// Whether it carries the marker of an operation that is under way on an account of its name: then it has no record yet.
    async fn is_being_made(&self, unit: &mut Unit<'_>, entry: &MirrorEntry) -> Result<bool> {
        for saga in marked_by(entry) {
            let saga = unit.find::<SagaRecord>(saga.uuid()).await?.filter(|saga| {
                saga.domain == self.domain.id
                    && !matches!(saga.status, SagaStatus::Ended { .. })
                    && entry.name().is_some_and(|name| name.eq_ignore_ascii_case(&saga.account_name))
            });
            if saga.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn change_people(&self, unit: &mut Unit<'_>, changes: &[PersonChange]) -> Result<Came> {
        let mut counts = SyncCounts::default();
        let roles: Vec<Role> = unit.all().await?;
        for change in changes {
            let Some(member) = unit.find::<MirrorEntry>(key("mirror", self.domain.id, change.object)).await?
            else {
                continue;
            };
            match change.fate {
                Fate::Add => counts.people_added += u64::from(self.add(unit, &member, &roles).await?),
                Fate::Link(person) => {
                    counts.people_linked += u64::from(self.link(unit, person, &member).await?);
                }
                Fate::Enable(person) => counts.people_enabled += u64::from(self.enable(unit, person).await?),
                Fate::Update(person) => {
                    counts.people_changed += u64::from(self.update(unit, person, &member).await?);
                }
                Fate::Same | Fate::Report(_) => {}
            }
        }
        self.count(unit, |done| {
            done.people_added += counts.people_added;
            done.people_linked += counts.people_linked;
            done.people_enabled += counts.people_enabled;
            done.people_changed += counts.people_changed;
        })
        .await?;
        Ok(Came::default())
    }

    fn audit_person(
        &self,
        unit: &mut Unit<'_>,
        what: &str,
        person: &Person,
        object: ObjectGuid,
    ) -> Result<()> {
        let personal = unit.personal(format!("{} <{}>", person.display_name, person.emails.join(", ")))?;
        unit.audit_as(
            "person.sync",
            format!("person {}", person.id),
            AuditResult::Done,
            json!({ "change": what, "domain": self.domain.name, "object": object, "roles": person.roles }),
            personal,
        );
        Ok(())
    }

    async fn add(&self, unit: &mut Unit<'_>, member: &MirrorEntry, roles: &[Role]) -> Result<bool> {
        let taken = unit.alm.store.holder(&person_link(self.domain.id, member.guid)).await?.is_some();
        let Some((name, email)) = sync::usable(member).ok().filter(|_| !taken) else { return Ok(false) };
        let mut person = Person::new(PersonId::new(unit.new_id()?), name);
        person.emails.push(email.to_owned());
        person
            .roles
            .extend(roles.iter().filter(|role| role.for_new_people && role.enabled).map(|role| role.id));
        person.directory.insert(self.domain.id, member.guid);
        let mut sync = PersonSync::default();
        sync.domains.insert(self.domain.id);
        sync.made_by = Some(self.domain.id);
        person.sync = Some(sync);
        unit.put(&person, format!("add {name}"))?;
        self.audit_person(unit, "add", &person, member.guid)?;
        let text = format!("{name} is a user now, through groups of {}", self.domain.name);
        unit.event(EventKind::NewSyncedUser, text, BTreeSet::from([person.id]), |_| ())?;
        Ok(true)
    }

    async fn link(&self, unit: &mut Unit<'_>, id: PersonId, member: &MirrorEntry) -> Result<bool> {
        let Some(mut person) = unit.find::<Person>(id.uuid()).await? else { return Ok(false) };
        let holder = unit.alm.store.holder(&person_link(self.domain.id, member.guid)).await?;
        let theirs = person.directory.get(&self.domain.id);
        // Somebody linked one of them with another in between.
        if holder.is_some_and(|(_, holder)| holder != id.uuid())
            || theirs.is_some_and(|one| *one != member.guid)
        {
            return Ok(false);
        }
        person.directory.insert(self.domain.id, member.guid);
        person.sync.get_or_insert_default().domains.insert(self.domain.id);
        unit.put(&person, format!("keep {}", person.display_name))?;
        self.audit_person(unit, "link", &person, member.guid)?;
        let text =
            format!("{} is kept as a user through groups of {}", person.display_name, self.domain.name);
        unit.event(EventKind::NewSyncedUser, text, BTreeSet::from([person.id]), |_| ())?;
        Ok(true)
    }

    async fn enable(&self, unit: &mut Unit<'_>, id: PersonId) -> Result<bool> {
        let Some(mut person) = unit.find::<Person>(id.uuid()).await? else { return Ok(false) };
        let Some(sync) = person.sync.as_mut().filter(|sync| sync.disabled && !person.enabled) else {
            return Ok(false);
        };
        sync.disabled = false;
        person.enabled = true;
        unit.put(&person, format!("enable {}", person.display_name))?;
        let facts = json!({ "change": "enable", "domain": self.domain.name });
        unit.audit("person.sync", format!("person {id}"), facts);
        Ok(true)
    }

    async fn update(&self, unit: &mut Unit<'_>, id: PersonId, member: &MirrorEntry) -> Result<bool> {
        let Some(mut person) = unit.find::<Person>(id.uuid()).await? else { return Ok(false) };
        let Ok((name, email)) = sync::usable(member) else { return Ok(false) };
        name.clone_into(&mut person.display_name);
        match person.emails.first_mut() {
            Some(first) => email.clone_into(first),
            None => person.emails.push(email.to_owned()),
        }
        unit.put(&person, format!("change {name}"))?;
        self.audit_person(unit, "update", &person, member.guid)?;
        Ok(true)
    }

    async fn disable(&self, unit: &mut Unit<'_>, leaver: &Leaver) -> Result<Came> {
        let Some(mut person) = unit.find::<Person>(leaver.person.uuid()).await? else {
            return Ok(Came::default());
        };
        let Some(sync) = person.sync.as_mut().filter(|sync| sync.domains.contains(&self.domain.id)) else {
            return Ok(Came::default());
        };
        let is_last = sync.domains.len() == 1;
        let disables = is_last && person.enabled;
        if disables {
            // It stays theirs, so that whoever comes back is enabled again.
            sync.disabled = true;
            person.enabled = false;
            require_administrator(unit, After::Person(&person)).await?;
            require_owners(unit, After::Person(&person)).await?;
            tell_of_leavers(unit, After::Person(&person)).await?;
        } else if !is_last {
            sync.domains.remove(&self.domain.id);
        }
        unit.put(&person, format!("disable {}", person.display_name))?;
        let what = if disables { "disable" } else { "leave" };
        let facts = json!({ "change": what, "domain": self.domain.name, "object": leaver.object });
        unit.audit("person.sync", format!("person {}", person.id), facts);
        self.count(unit, |done| done.people_disabled += u64::from(disables)).await?;
        Ok(Came::default())
    }

    async fn disable_groups(&self, unit: &mut Unit<'_>, groups: &BTreeSet<ObjectGuid>) -> Result<Came> {
        let mut domain: Domain = unit.get(self.domain.id.uuid()).await?;
        let mut names = Vec::new();
        for source in domain.sync.users_of.iter_mut().filter(|source| groups.contains(&source.group)) {
            if source.enabled {
                source.enabled = false;
                names.push(source.name.clone());
            }
        }
        if names.is_empty() {
            return Ok(Came::default());
        }
        unit.put(&domain, format!("groups of users are gone: {}", names.join(", ")))?;
        let facts = json!({ "gone": groups });
        unit.audit("domain.groups_gone", format!("domain {}", domain.id), facts);
        let count = names.len();
        let administrators = unit.administrators().await?;
        let text = format!("{count} groups whose members were users are gone: {}", names.join("; "));
        unit.event(EventKind::ExternalGroupsDisabled, text, administrators, |_| ())?;
        self.count(unit, |done| done.groups_disabled += u64::try_from(count).unwrap_or(u64::MAX)).await?;
        Ok(Came::default())
    }

    async fn end(&self, unit: &mut Unit<'_>, ending: &Ending) -> Result<Came> {
        self.count(unit, |_| ()).await?;
        let mut state = state(unit, self.domain.id).await?;
        let counts = state.progress.take().map(|progress| progress.counts).unwrap_or_default();
        state.token = Some(ending.token.clone());
        state.last = Some(unit.now);
        if ending.full {
            state.last_full = Some(self.begun);
        }
        state.sees_deletions = ending.sees_deletions;
        (state.held, state.failed, state.counts) = (None, None, counts);
        state.next_at = self.next_at(unit, false).await?;
        unit.put(&state, format!("{} is synchronized", self.domain.name))?;
        let administrators = unit.administrators().await?;
        if counts.people_disabled > 0 {
            let text = format!("the sync of {} disabled {} users", self.domain.name, counts.people_disabled);
            unit.event(EventKind::UserDisabledBySync, text, administrators.clone(), |_| ())?;
        }
        if ending.first && counts.external > 0 {
            let text = format!(
                "{} has {} accounts that look like service accounts, and nobody manages them",
                self.domain.name, counts.external
            );
            unit.event(EventKind::NewExternalUser, text, administrators, |_| ())?;
        }
        if counts != SyncCounts::default() || matches!(self.by, By::Person(_)) {
            let facts = json!({ "full": ending.full, "counts": counts });
            unit.audit(OPERATION, format!("domain {}", self.domain.id), facts);
        }
        Ok(Came { counts, ..Came::default() })
    }
}

/// Why somebody could not be disabled, with the rules.
fn why(error: &Error) -> String {
    let refusals: Vec<_> = error.refusals().iter().map(ToString::to_string).collect();
    format!("a user who is in no group of users any more was not disabled: {}", refusals.join("; "))
}
