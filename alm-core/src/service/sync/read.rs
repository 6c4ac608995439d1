//! Reading a domain: what differs from the mirror, held until the guard has judged it.

use std::collections::{BTreeMap, HashSet};

use ad_directory::{Dn, ObjectGuid};
use futures_util::StreamExt as _;

use super::people::PeoplePlan;
use super::{OPERATION, Run, SyncOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::model::mirror::{ChangesOrder, MirrorChange, MirrorEntry, MirrorKind, Reading, key};
use crate::model::sync::{SyncCounts, SyncState};
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::mirror::{self, Merged};
use crate::rules::sync::{self, Impact};
use crate::service::stored::{index, mirror_key};

/// How many objects are read from the store at a time; groups can be large.
const PAGE: u32 = 100;

/// An object that differs from the mirror.
pub(super) struct Staged {
    /// What and where it was in the mirror; `None` for a new one.
    before: Option<(MirrorKind, Dn)>,
    /// What it is now; `None` when it is gone.
    pub(super) after: Option<MirrorEntry>,
}

/// What a reading found. What is as before is not in it.
pub(super) struct Stage {
    pub(super) objects: BTreeMap<ObjectGuid, Staged>,
    pub(super) full: bool,
    /// Whether the domain was never read before.
    pub(super) first: bool,
    pub(super) token: String,
    pub(super) sees_deletions: bool,
    pub(super) counts: SyncCounts,
    /// Of a full reading: what there is. Sixteen bytes each.
    seen: HashSet<ObjectGuid>,
}

/// Whether a reading came to its end, or everything has to be read anew.
enum Read {
    Whole(Stage),
    Anew(String),
}

impl Stage {
    fn gone(&self, of: &[MirrorKind]) -> u64 {
        let gone = self.objects.values().filter(|one| {
            one.after.is_none() && one.before.as_ref().is_some_and(|(kind, _)| of.contains(kind))
        });
        u64::try_from(gone.count()).unwrap_or(u64::MAX)
    }

    /// What the guard asks about: an object that is gone may be somebody's. Others come and change every day.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let gone = self.objects.iter().filter(|(_, one)| one.after.is_none());
        gone.map(|(guid, _)| format!("gone {guid}"))
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = String> {
        let gone = self.objects.values().filter(|one| one.after.is_none());
        gone.filter_map(|one| one.before.as_ref()).map(|(_, dn)| format!("gone: {dn}"))
    }

    fn count(&mut self) {
        let mut counts = SyncCounts::default();
        for one in self.objects.values() {
            match (&one.before, &one.after) {
                (None, _) => counts.added += 1,
                (Some(_), None) => counts.gone += 1,
                (Some((_, dn)), Some(after)) => {
                    counts.changed += 1;
                    counts.moved += u64::from(dn.to_string() != after.dn.to_string());
                }
            }
        }
        self.counts = counts;
    }
}

impl Run<'_> {
    /// Reads what has changed, or everything when that is needed (S-2).
    pub(super) async fn read(&self, so_far: &SyncState, options: &SyncOptions) -> Result<Stage> {
        if !options.full && !sync::reads_everything(so_far, self.begun) {
            match self.read_from(so_far, so_far.token.clone()).await? {
                Read::Whole(stage) => return Ok(stage),
                Read::Anew(why) => tracing::info!(domain = %self.domain.name, why, "reading everything anew"),
            }
        }
        match self.read_from(so_far, None).await? {
            Read::Whole(stage) => Ok(stage),
            Read::Anew(why) => Err(broken(&format!("everything was read, and still: {why}"))),
        }
    }

    async fn read_from(&self, so_far: &SyncState, token: Option<String>) -> Result<Read> {
        let mut order = ChangesOrder::new(self.domain.id, token);
        order.attributes.clone_from(&self.domain.sync.attributes);
        let mut stage = Stage {
            objects: BTreeMap::new(),
            full: order.token.is_none(),
            first: so_far.last_full.is_none(),
            token: String::new(),
            sees_deletions: true,
            counts: SyncCounts::default(),
            seen: HashSet::new(),
        };
        let mut pieces = self.unit().inspector()?.changes(&order);
        let mut is_whole = false;
        while let Some(piece) = pieces.next().await {
            let batch = match piece? {
                Reading::Anew { why } => return Ok(Read::Anew(why)),
                Reading::Batch(batch) => batch,
            };
            if batch.is_full != stage.full {
                return Ok(Read::Anew("the reading is of another kind than what was asked for".to_owned()));
            }
            for change in &batch.changes {
                if let Some(why) = self.stage(&mut stage, change).await? {
                    return Ok(Read::Anew(why.to_owned()));
                }
            }
            (stage.token, stage.sees_deletions) = (batch.token, batch.sees_deletions);
            is_whole = batch.is_last;
        }
        // A list that ended early would look like objects that are gone.
        if !is_whole {
            return Err(broken("the reading ended before its last piece"));
        }
        if stage.full {
            self.stage_missing(&mut stage).await?;
        } else {
            self.stage_memberships(&mut stage).await?;
        }
        stage.count();
        Ok(Read::Whole(stage))
    }

    /// Compares one object with the mirror; why everything has to be read anew, if it has.
    async fn stage(&self, stage: &mut Stage, change: &MirrorChange) -> Result<Option<&'static str>> {
        if !change.gone && change.dn != self.domain.base && !change.dn.is_below(&self.domain.base) {
            let message = format!("{} is no object of {}", change.dn, self.domain.name);
            return Err(Error::new(ErrorKind::Config, OPERATION, message)
                .with_advice("the inspector reads another directory than that of this domain"));
        }
        let is_staged = stage.objects.contains_key(&change.guid);
        let stored = if is_staged { None } else { self.stored(change.guid).await? };
        let before = match stage.objects.get(&change.guid) {
            Some(staged) => staged.after.as_ref(),
            None => stored.as_ref(),
        };
        // Its memberships ended when it was deleted, and no group tells of that.
        if !stage.full && change.added && stored.is_some() {
            return Ok(Some("an object that is known was made again: it was deleted and restored"));
        }
        let after = match mirror::merge(self.domain.id, before, change) {
            Merged::Entry(entry) => Some(entry),
            Merged::Gone => None,
            Merged::Unclear(why) => return Ok(Some(why)),
        };
        if let (false, Some(before), Some(after)) = (stage.full, before, &after)
            && mirror::takes_others_along(before, after)
        {
            return Ok(Some("a place was moved or renamed, and what lies in it with it"));
        }
        if after.is_some() {
            if stage.full {
                stage.seen.insert(change.guid);
            }
        } else {
            stage.seen.remove(&change.guid);
        }
        if let Some(staged) = stage.objects.get_mut(&change.guid) {
            if staged.before.is_none() && after.is_none() {
                // It came and went.
                stage.objects.remove(&change.guid);
            } else {
                staged.after = after;
            }
        } else if stored != after {
            let before = stored.map(|stored| (stored.kind, stored.dn));
            stage.objects.insert(change.guid, Staged { before, after });
        }
        Ok(None)
    }

    /// What is in the mirror and was not named by a reading of everything.
    async fn stage_missing(&self, stage: &mut Stage) -> Result<()> {
        for kind in MirrorKind::ALL {
            let mut after = None;
            loop {
                let page = self.page(kind, after).await?;
                let Some((last, _)) = page.last() else { break };
                after = Some(*last);
                for (_, entry) in page {
                    if !stage.seen.contains(&entry.guid) {
                        let staged = Staged { before: Some((entry.kind, entry.dn)), after: None };
                        stage.objects.insert(entry.guid, staged);
                    }
                }
            }
        }
        Ok(())
    }

    /// What is deleted is in no group any more, and no group tells of that.
    async fn stage_memberships(&self, stage: &mut Stage) -> Result<()> {
        let gone = stage.objects.iter().filter(|(_, one)| one.after.is_none());
        let gone: HashSet<ObjectGuid> = gone.map(|(guid, _)| *guid).collect();
        if gone.is_empty() {
            return Ok(());
        }
        for entry in stage.objects.values_mut().filter_map(|one| one.after.as_mut()) {
            entry.members.retain(|member| !gone.contains(member));
        }
        let mut after = None;
        loop {
            let page = self.page(MirrorKind::Group, after).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            for (_, mut entry) in page {
                let had = entry.members.len();
                entry.members.retain(|member| !gone.contains(member));
                if entry.members.len() < had {
                    let before = Some((entry.kind, entry.dn.clone()));
                    let staged = || Staged { before, after: Some(entry.clone()) };
                    stage.objects.entry(entry.guid).or_insert_with(staged);
                }
            }
        }
    }

    /// An object as the mirror has it.
    pub(super) async fn stored(&self, guid: ObjectGuid) -> Result<Option<MirrorEntry>> {
        let id = key("mirror", self.domain.id, guid);
        let document = self.alm.0.store.load(RecordKind::MirrorEntry, id).await?;
        document.as_ref().map(MirrorEntry::read).transpose()
    }

    /// An object as it will be once the stage is applied.
    pub(super) async fn seen(&self, stage: &Stage, guid: ObjectGuid) -> Result<Option<MirrorEntry>> {
        match stage.objects.get(&guid) {
            Some(staged) => Ok(staged.after.clone()),
            None => self.stored(guid).await,
        }
    }

    /// Objects of a kind as the mirror has them, in the order of their ids.
    pub(super) async fn page(
        &self,
        kind: MirrorKind,
        after: Option<uuid::Uuid>,
    ) -> Result<Vec<(uuid::Uuid, MirrorEntry)>> {
        let value = mirror_key(self.domain.id, kind);
        let store = &self.alm.0.store;
        let page = store.find(RecordKind::MirrorEntry, index::MIRROR, &value, after, PAGE).await?;
        page.iter().map(|document| Ok((document.id, MirrorEntry::read(document)?))).collect()
    }

    async fn mirrored(&self, kind: MirrorKind) -> Result<u64> {
        let value = mirror_key(self.domain.id, kind);
        self.alm.0.store.count(RecordKind::MirrorEntry, index::MIRROR, &value).await
    }

    pub(super) async fn impact(&self, stage: &Stage, people: &PeoplePlan) -> Result<Impact> {
        let accounts = [MirrorKind::Account, MirrorKind::ManagedAccount];
        let mut impact = Impact {
            accounts: self.mirrored(accounts[0]).await? + self.mirrored(accounts[1]).await?,
            accounts_gone: stage.gone(&accounts),
            groups: self.mirrored(MirrorKind::Group).await?,
            groups_gone: stage.gone(&[MirrorKind::Group]),
            ..Impact::default()
        };
        people.impact(&mut impact);
        Ok(impact)
    }
}

fn broken(message: &str) -> Error {
    Error::new(ErrorKind::Directory, OPERATION, message).with_advice("nothing was changed; it is tried again")
}
