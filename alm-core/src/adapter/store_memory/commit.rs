//! A commit: everything is checked first, then everything is done, so that nothing has to be undone.

use std::collections::{BTreeMap, HashMap};

use super::work::Queued;
use super::{Held, Key, State};
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::AuditRecord;
use crate::model::ids::SagaId;
use crate::port::store::{Commit, JournalEntry, Put, RecordKind};

const OPERATION: &str = "store.commit";

impl State {
    pub(super) fn commit(&mut self, commit: Commit) -> Result<()> {
        if let Some(fence) = commit.fence {
            self.check(fence)?;
        }
        for expect in &commit.expects {
            let now = self.documents.get(&(expect.kind, expect.id)).map_or(0, |held| held.version);
            if now != expect.version {
                return Err(moved((expect.kind, expect.id), now, expect.version));
            }
        }
        if commit.is_empty() {
            return Ok(());
        }
        let left = self.check_versions(&commit)?;
        // Of a document that is put more than once, only the last counts; the others only raise its version.
        let puts: BTreeMap<Key, Put> = commit.puts.into_iter().map(|put| ((put.kind, put.id), put)).collect();
        self.check_names(&puts, &left)?;
        self.check_journal(&commit.journal)?;
        self.check_deliveries(&commit.deliveries, &commit.routed)?;
        if let Some(remember) = &commit.remember
            && self.remembered.contains_key(&(remember.actor, remember.key.clone()))
        {
            return Err(conflict("the key is remembered already".to_owned()));
        }
        let (mut seq, mut prev) = self.audit_head();
        let mut linked = Vec::with_capacity(commit.audit.len());
        for entry in commit.audit {
            let record = AuditRecord::link(seq + 1, prev, entry).map_err(|error| {
                Error::new(ErrorKind::StoreCorrupt, OPERATION, "an audit entry cannot be written as JSON")
                    .with_source(error)
            })?;
            (seq, prev) = (record.seq, record.hash);
            linked.push(record);
        }

        for remove in &commit.removes {
            self.drop_document((remove.kind, remove.id));
        }
        // All names are given up before any is taken.
        for key in puts.keys() {
            self.withdraw(*key);
        }
        for (key, put) in puts {
            self.write(key, put);
        }
        for entry in commit.journal {
            self.journal.entry(entry.saga).or_default().push(entry.body);
        }
        self.audit.extend(linked);
        for event in commit.events {
            self.events += 1;
            self.outbox.insert(self.events, event);
        }
        self.outbox.retain(|_, event| !commit.routed.contains(&event.id));
        self.change_deliveries(commit.deliveries);
        if let Some(remember) = commit.remember {
            self.remembered.insert((remember.actor, remember.key.clone()), remember);
        }
        self.commits += 1;
        Ok(())
    }

    /// The version that each document of the commit has after it; 0 for those removed.
    fn check_versions(&self, commit: &Commit) -> Result<HashMap<Key, u64>> {
        let mut left = HashMap::new();
        let removes = commit.removes.iter().map(|remove| ((remove.kind, remove.id), remove.expected, true));
        let puts = commit.puts.iter().map(|put| ((put.kind, put.id), put.expected, false));
        for (key, expected, removed) in removes.chain(puts) {
            let now = left
                .get(&key)
                .copied()
                .unwrap_or_else(|| self.documents.get(&key).map_or(0, |held| held.version));
            if now != expected || (removed && now == 0) {
                return Err(moved(key, now, expected));
            }
            left.insert(key, if removed { 0 } else { now + 1 });
        }
        Ok(left)
    }

    fn check_names(&self, puts: &BTreeMap<Key, Put>, left: &HashMap<Key, u64>) -> Result<()> {
        let mut taken: HashMap<&str, Key> = HashMap::new();
        for (key, put) in puts {
            for name in &put.unique {
                let kept = self.names.get(name).filter(|holder| !left.contains_key(*holder));
                let holder = kept.copied().or_else(|| taken.get(name.as_str()).copied());
                if let Some((kind, id)) = holder
                    && (kind, id) != *key
                {
                    return Err(conflict(format!("the name {name:?} is held by {} {id}", kind.name())));
                }
                taken.insert(name, *key);
            }
        }
        Ok(())
    }

    fn check_journal(&self, entries: &[JournalEntry]) -> Result<()> {
        let mut next: HashMap<SagaId, u64> = HashMap::new();
        for entry in entries {
            let next = next
                .entry(entry.saga)
                .or_insert_with(|| self.journal.get(&entry.saga).map_or(0, Vec::len) as u64 + 1);
            if entry.seq != *next {
                return Err(conflict(format!(
                    "the next place in the journal of saga {} is {next}, not {}",
                    entry.saga, entry.seq
                )));
            }
            *next += 1;
        }
        Ok(())
    }

    fn drop_document(&mut self, key: Key) {
        self.withdraw(key);
        self.documents.remove(&key);
        if key.0 == RecordKind::Saga {
            self.work.remove(&SagaId::new(key.1));
        }
    }

    /// Takes back everything that a document can be found by.
    fn withdraw(&mut self, key: Key) {
        let Some(held) = self.documents.get_mut(&key) else { return };
        let indexes = std::mem::take(&mut held.indexes);
        let due = std::mem::take(&mut held.due);
        let names = std::mem::take(&mut held.names);
        for (index, value) in indexes {
            let place = (key.0, index.to_owned(), value);
            if let Some(ids) = self.indexes.get_mut(&place) {
                ids.remove(&key.1);
                if ids.is_empty() {
                    self.indexes.remove(&place);
                }
            }
        }
        for (due, at) in due {
            self.due.remove(&(due, at, key.1, key.0));
        }
        for name in names {
            self.names.remove(&name);
        }
    }

    fn write(&mut self, key: Key, put: Put) {
        if put.kind == RecordKind::Saga {
            self.queue(&put);
        }
        let mut due = BTreeMap::new();
        for (kind, at) in put.due {
            due.entry(kind).and_modify(|first: &mut _| *first = at.min(*first)).or_insert(at);
        }
        let held = Held {
            version: put.expected + 1,
            body: put.body,
            indexes: put.indexes.into_iter().collect(),
            due,
            names: put.unique.into_iter().collect(),
        };
        for (index, value) in &held.indexes {
            let place = (key.0, (*index).to_owned(), value.clone());
            self.indexes.entry(place).or_default().insert(key.1);
        }
        for (due, at) in &held.due {
            self.due.insert((*due, *at, key.1, key.0));
        }
        for name in &held.names {
            self.names.insert(name.clone(), key);
        }
        self.documents.insert(key, held);
    }

    fn queue(&mut self, put: &Put) {
        let saga = SagaId::new(put.id);
        match put.work {
            Some(work) => {
                self.work.entry(saga).and_modify(|queued| queued.work = work).or_insert(Queued {
                    work,
                    epoch: 0,
                    held: None,
                });
            }
            None => {
                self.work.remove(&saga);
            }
        }
    }
}

fn moved((kind, id): Key, now: u64, expected: u64) -> Error {
    conflict(format!("{} {id} is at version {now}, not {expected}", kind.name()))
}

pub(super) fn conflict(message: String) -> Error {
    Error::new(ErrorKind::Conflict, OPERATION, message)
        .with_advice("somebody else changed it in between; load it again and decide anew")
}
