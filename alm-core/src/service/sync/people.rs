//! Who becomes a user, and who is none any more (S-3): planned from what was read, before anything is changed.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash as _, Hasher as _};

use ad_directory::ObjectGuid;

use super::Run;
use super::read::Stage;
use crate::error::Result;
use crate::model::ids::PersonId;
use crate::model::mirror::{MirrorEntry, MirrorKind};
use crate::model::people::Person;
use crate::model::sync::{SyncCounts, SyncFinding};
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::sync::{self, Closure, Doubt, Fate, Impact, Linked, Namesake, Standing};
use crate::service::stored::{index, object_name};

/// How many people are read at a time.
const PAGE: u32 = 500;

/// What becomes of one member of the groups.
pub(super) struct PersonChange {
    pub(super) object: ObjectGuid,
    /// Never [`Fate::Same`] or [`Fate::Report`].
    pub(super) fate: Fate,
    /// Its name in the directory.
    pub(super) name: String,
}

/// A person who is in none of the groups any more.
pub(super) struct Leaver {
    pub(super) person: PersonId,
    pub(super) object: ObjectGuid,
    /// Whether no other domain's sync keeps them.
    last: bool,
    /// Whether it was said before that they may not be disabled: whoever is asked about it was asked then.
    told: bool,
    name: String,
}

impl Leaver {
    const fn is_news(&self) -> bool {
        self.last && !self.told
    }
}

/// What a sync would do to people.
#[derive(Default)]
pub(super) struct PeoplePlan {
    pub(super) changes: Vec<PersonChange>,
    pub(super) leavers: Vec<Leaver>,
    /// Chosen groups that are gone from the directory.
    pub(super) groups_gone: BTreeSet<ObjectGuid>,
    /// Members about whom a person has to decide, and why.
    pub(super) reports: BTreeMap<ObjectGuid, String>,
    /// How many enabled people the sync keeps.
    people: u64,
}

/// A person with an account of the domain. What is not needed to decide is only hashed: all people are in memory at once here.
struct Known {
    linked: Linked,
    made_here: bool,
    looks: u64,
}

impl PeoplePlan {
    pub(super) fn count(&self, counts: &mut SyncCounts) {
        for change in &self.changes {
            *match change.fate {
                Fate::Add => &mut counts.people_added,
                Fate::Link(_) => &mut counts.people_linked,
                Fate::Enable(_) => &mut counts.people_enabled,
                Fate::Update(_) => &mut counts.people_changed,
                Fate::Same | Fate::Report(_) => continue,
            } += 1;
        }
        counts.people_disabled += self.leaving();
        counts.groups_disabled += u64::try_from(self.groups_gone.len()).unwrap_or(u64::MAX);
    }

    /// Of several accounts that would be one person's, nobody knows whose the person is.
    fn report_rivals(&mut self) {
        let mut wanted: HashMap<PersonId, usize> = HashMap::new();
        let person = |change: &PersonChange| match change.fate {
            Fate::Link(person) => Some(person),
            _ => None,
        };
        for person in self.changes.iter().filter_map(person) {
            *wanted.entry(person).or_default() += 1;
        }
        let (rivals, changes) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| person(change).is_some_and(|person| wanted.get(&person) > Some(&1)));
        self.changes = changes;
        let rivals: Vec<PersonChange> = rivals;
        let report = |change: PersonChange| {
            let text = format!(
                "{} is in a group of users and is none: another member would be the same person",
                change.name
            );
            (change.object, text)
        };
        self.reports.extend(rivals.into_iter().map(report));
    }

    fn leaving(&self) -> u64 {
        u64::try_from(self.leavers.iter().filter(|leaver| leaver.is_news()).count()).unwrap_or(u64::MAX)
    }

    pub(super) fn impact(&self, impact: &mut Impact) {
        let mut counts = SyncCounts::default();
        self.count(&mut counts);
        impact.people = self.people;
        impact.people_disabled = counts.people_disabled;
        impact.people_added = counts.people_added + counts.people_linked + counts.people_enabled;
    }

    /// What the guard asks about.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let changes = self.changes.iter().filter_map(|change| match change.fate {
            Fate::Add => Some(format!("add {}", change.object)),
            Fate::Link(person) => Some(format!("link {person} {}", change.object)),
            Fate::Enable(person) => Some(format!("enable {person}")),
            Fate::Update(_) | Fate::Same | Fate::Report(_) => None,
        });
        let groups = self.groups_gone.iter().map(|group| format!("group {group}"));
        let leavers = self.leavers.iter().filter(|leaver| leaver.is_news());
        changes.chain(groups).chain(leavers.map(|leaver| format!("disable {}", leaver.person)))
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = String> {
        let leavers = self.leavers.iter().filter(|leaver| leaver.is_news());
        let leavers = leavers.map(|leaver| format!("disable the user {}", leaver.name));
        let changes = self.changes.iter().filter_map(|change| match change.fate {
            Fate::Add => Some(format!("add the user {}", change.name)),
            Fate::Link(_) => Some(format!("keep the user {}", change.name)),
            Fate::Enable(_) => Some(format!("enable the user {}", change.name)),
            Fate::Update(_) | Fate::Same | Fate::Report(_) => None,
        });
        leavers.chain(changes)
    }
}

/// Equal for equal names and addresses.
fn looks(name: &str, email: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, email).hash(&mut hasher);
    hasher.finish()
}

impl Run<'_> {
    pub(super) async fn plan_people(&self, stage: &Stage) -> Result<PeoplePlan> {
        let mut plan = PeoplePlan::default();
        let mut known = HashMap::new();
        let mut kept = Vec::new();
        self.know_people(&mut plan, &mut known, &mut kept).await?;
        if kept.is_empty() && self.domain.sync.users_of.is_empty() {
            return Ok(plan);
        }
        let closure = self.closure(stage, &mut plan).await?;
        let (mut there, mut open) = (HashSet::new(), Vec::new());
        self.each(stage, MirrorKind::Account, |member| {
            // Whose account is switched off is no user, whatever groups it is in.
            if !closure.has(member) || member.is_enabled() == Some(false) {
                return;
            }
            there.insert(member.guid);
            let linked = known.get(&member.guid).map(|known| linked(known, member));
            if sync::fate(member, linked, &[], 0) != Fate::Same {
                open.push((member.guid, member.email().map(str::to_lowercase), linked));
            }
        })
        .await?;
        let mut twins: HashMap<String, usize> = HashMap::new();
        for email in open.iter().filter_map(|(_, email, _)| email.clone()) {
            *twins.entry(email).or_default() += 1;
        }
        let administrators = self.unit().administrators().await?;
        for (object, email, linked) in open {
            let twins = email.as_ref().and_then(|email| twins.get(email)).map_or(0, |count| count - 1);
            self.plan_member(&mut plan, stage, (object, linked, twins), &administrators).await?;
        }
        plan.report_rivals();
        plan.leavers = kept.into_iter().filter(|leaver| !there.contains(&leaver.object)).collect();
        let mut unit = self.unit();
        for leaver in plan.leavers.iter_mut().filter(|leaver| leaver.last) {
            let finding = unit.find::<SyncFinding>(SyncFinding::key(self.domain.id, leaver.object)).await?;
            leaver.told = finding.is_some_and(|finding| finding.person == Some(leaver.person));
        }
        Ok(plan)
    }

    async fn plan_member(
        &self,
        plan: &mut PeoplePlan,
        stage: &Stage,
        (object, linked, twins): (ObjectGuid, Option<Linked>, usize),
        administrators: &BTreeSet<PersonId>,
    ) -> Result<()> {
        let Some(member) = self.seen(stage, object).await? else { return Ok(()) };
        // A managed account is nobody's own, whatever groups its template gives it and whatever address a requester wrote into it.
        if linked.is_none() && self.alm.0.store.holder(&object_name(self.domain.id, object)).await?.is_some()
        {
            return Ok(());
        }
        let linked =
            linked.map(|linked| Linked { administers: administrators.contains(&linked.person), ..linked });
        let mut namesakes = Vec::new();
        if let Some(email) = member.email() {
            let mut unit = self.unit();
            for person in unit.find_by::<Person>(index::EMAIL, &email.to_lowercase()).await? {
                if linked.is_none_or(|linked| linked.person != person.id) {
                    let primary = person.emails.first().map(|primary| primary.to_lowercase());
                    let denied = person.sync.as_ref().is_some_and(|sync| sync.not.contains(&object));
                    let doubts = [
                        (administrators.contains(&person.id), Doubt::Administers),
                        (denied, Doubt::Denied),
                        (primary != Some(email.to_lowercase()), Doubt::ForNotices),
                        (person.directory.contains_key(&self.domain.id), Doubt::HasAnother),
                    ];
                    let mut namesake = Namesake::new(person.id);
                    namesake.unless_said =
                        doubts.into_iter().find_map(|(holds, doubt)| holds.then_some(doubt));
                    namesakes.push(namesake);
                }
            }
        }
        let name = member.name().unwrap_or_else(|| member.dn.name()).to_owned();
        match sync::fate(&member, linked, &namesakes, twins) {
            Fate::Same => {}
            Fate::Report(why) => {
                plan.reports.insert(object, format!("{name} is in a group of users and is none: {why}"));
            }
            fate => plan.changes.push(PersonChange { object, fate, name }),
        }
        Ok(())
    }

    /// Everybody who has an account of the domain, and those whom its sync keeps.
    async fn know_people(
        &self,
        plan: &mut PeoplePlan,
        known: &mut HashMap<ObjectGuid, Known>,
        kept: &mut Vec<Leaver>,
    ) -> Result<()> {
        let domain = self.domain.id;
        let mut after = None;
        loop {
            let page = self.alm.0.store.list(RecordKind::Person, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for document in &page {
                let person = Person::read(document)?;
                let Some(object) = person.directory.get(&domain).copied() else { continue };
                let mut linked = Linked::new(person.id);
                let sync = person.sync.clone().unwrap_or_default();
                linked.standing = match (person.enabled, sync.disabled) {
                    (true, _) => Standing::Enabled,
                    (false, true) => Standing::DisabledBySync,
                    (false, false) => Standing::DisabledByHand,
                };
                linked.kept = sync.domains.contains(&domain);
                let looks = looks(&person.display_name, person.emails.first().map(String::as_str));
                known.insert(object, Known { linked, made_here: sync.made_by == Some(domain), looks });
                if linked.kept && person.enabled {
                    plan.people += 1;
                    let last = sync.domains.len() == 1;
                    let name = person.display_name;
                    kept.push(Leaver { person: person.id, object, last, told: false, name });
                }
            }
        }
    }

    /// Who is in the chosen groups, and which of those are gone.
    async fn closure(&self, stage: &Stage, plan: &mut PeoplePlan) -> Result<Closure> {
        let mut groups = HashSet::new();
        self.each(stage, MirrorKind::Group, |group| {
            groups.insert(group.guid);
        })
        .await?;
        let chosen = self.domain.sync.users_of.iter().filter(|source| source.enabled);
        let (there, gone): (Vec<_>, Vec<_>) =
            chosen.map(|source| source.group).partition(|group| groups.contains(group));
        plan.groups_gone = gone.into_iter().collect();
        let mut closure = Closure::new(there);
        while let Some(next) = closure.next_group() {
            if let Some(group) = self.seen(stage, next).await? {
                closure.add(&group, |member| groups.contains(&member));
            }
        }
        Ok(closure)
    }

    /// Each object of a kind as it will be once the stage is applied, one page of them in memory at a time.
    pub(super) async fn each(
        &self,
        stage: &Stage,
        kind: MirrorKind,
        mut look: impl FnMut(&MirrorEntry) + Send,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.page(kind, after).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (_, entry) in &page {
                if !stage.objects.contains_key(&entry.guid) {
                    look(entry);
                }
            }
        }
        let staged = stage.objects.values().filter_map(|staged| staged.after.as_ref());
        staged.filter(|entry| entry.kind == kind).for_each(look);
        Ok(())
    }
}

fn linked(known: &Known, member: &MirrorEntry) -> Linked {
    let mut linked = known.linked;
    linked.outdated = known.made_here
        && linked.standing == Standing::Enabled
        && sync::usable(member).is_ok_and(|(name, email)| looks(name, Some(email)) != known.looks);
    linked
}
