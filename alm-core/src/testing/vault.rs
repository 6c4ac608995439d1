//! A vault in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ad_directory::{AccountKey, Directory, FindOptions, SetPasswordOptions};
use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Outcome, Refusal};
use crate::model::secret_link::{Dependency, DependencyResult};
use crate::model::secret_readers::FolderReaders;
use crate::model::template::{Rotator, VaultPlace};
use crate::port::vault::{
    FoundSecret, ListedSecret, NewSecret, SecretCandidate, SecretId, Vault, VaultChange, VaultError,
    VaultErrorKind,
};
use crate::rules::secret_link;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VaultFault {
    /// It is done, and the answer is lost.
    LoseReply,
    /// It never arrives.
    Unreachable,
    /// It arrives, is not answered, and is done only when [`MemoryVault::deliver_late`] is called.
    Late,
}

/// A secret as it is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredSecret {
    /// In which folder; in none when empty.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// The account's domain, as it is written there.
    pub domain: String,
    /// The account's name.
    pub username: String,
    /// The account's password. Its `Debug` shows nothing.
    pub password: SecretString,
    /// The marker and whatever else was written.
    pub notes: String,
    /// Whether it is active.
    pub active: bool,
}

/// What makes it harder to understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Quirk {
    /// It is looking at its passwords.
    Looking,
    /// It says that a change failed, also when a later one went well.
    KeepsFailures,
}

#[derive(Debug, Default)]
struct State {
    secrets: BTreeMap<u64, StoredSecret>,
    faults: Vec<(&'static str, VaultFault)>,
    late: Vec<StoredSecret>,
    refusals: Vec<Refusal>,
    calls: Vec<&'static str>,
    unique_names: bool,
    /// Folders that may not be seen.
    closed: BTreeSet<String>,
    /// Who reads in a folder, as far as anybody said.
    readers: BTreeMap<String, FolderReaders>,
    /// Folders and what they lie in, as far as anybody said.
    parents: BTreeMap<String, String>,
    /// What depends on a secret: its name, and how often telling it fails from now on.
    dependents: Vec<(u64, String, u32)>,
    /// Every password that was ever put in.
    passwords: Vec<SecretString>,
    /// Where it changes passwords by itself, if it does.
    changes_in: Option<Arc<dyn Directory>>,
    /// What it was asked to change and has not yet, whether it may now, and why it cannot.
    asked: Vec<u64>,
    is_slow: bool,
    cannot: Option<String>,
    quirks: BTreeSet<Quirk>,
    /// What became of the last try of each, and how many there were.
    changes: BTreeMap<u64, VaultChange>,
    tries: i64,
}

impl State {
    fn add(&mut self, secret: StoredSecret) -> u64 {
        let id = self.secrets.keys().next_back().map_or(1, |last| last + 1);
        self.secrets.insert(id, secret);
        id
    }

    fn is_open(&self, place: &VaultPlace) -> Result<(), VaultError> {
        if self.closed.contains(&place.folder) {
            let message = format!("folder {} is denied or absent", place.folder);
            return Err(VaultError::new(VaultErrorKind::DeniedOrAbsent, message));
        }
        Ok(())
    }

    fn is_in(&self, secret: &StoredSecret, place: &VaultPlace) -> bool {
        let reach = if place.allow_folder_override { 64 } else { 1 };
        let above = |folder: &&String| self.parents.get(*folder);
        std::iter::successors(Some(&secret.folder), above).take(reach).any(|at| *at == place.folder)
    }
}

/// A vault in memory that keeps real state and misbehaves on demand. Names need not be unique, as in Secret Server's default.
#[derive(Debug, Default)]
pub struct MemoryVault(Mutex<State>);

impl MemoryVault {
    /// An empty vault.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quirk(&self, quirk: Quirk, has_it: bool) {
        let mut state = self.state();
        if has_it {
            state.quirks.insert(quirk);
        } else {
            state.quirks.remove(&quirk);
        }
    }

    /// Makes the next call of `operation` (`create`, `find`, `describe`, `read_password`, `write_password`, `tell_dependents`,
    /// `relocate`, `readers`, `deactivate`, `seek`, `list`, `dependencies`, `last_change`,
    /// `ask_change`) go wrong.
    pub fn fault(&self, operation: &'static str, fault: VaultFault) {
        self.state().faults.push((operation, fault));
    }

    /// What its preflight finds wrong from now on.
    pub fn refuse(&self, refusals: Vec<Refusal>) {
        self.state().refusals = refusals;
    }

    /// From now on it refuses a second secret of one name in a folder, as templates of Secret Server can be set to.
    pub fn require_unique_names(&self) {
        self.state().unique_names = true;
    }

    /// Says that a folder lies in another.
    pub fn folder_in(&self, folder: &str, parent: &str) {
        self.state().parents.insert(folder.to_owned(), parent.to_owned());
    }

    /// From now on nobody may see a folder: what looks for secrets there is told that it is denied or absent.
    pub fn close(&self, folder: &str) {
        self.state().closed.insert(folder.to_owned());
    }

    /// Says who reads in a folder.
    pub fn read_by(&self, folder: &str, readers: FolderReaders) {
        self.state().readers.insert(folder.to_owned(), readers);
    }

    /// Says that something depends on a secret, and how often telling it fails first.
    pub fn depends(&self, secret: &SecretId, name: &str, failures: u32) {
        if let Ok(id) = number(secret) {
            self.state().dependents.push((id, name.to_owned(), failures));
        }
    }

    /// Activates a secret again, as a person would.
    pub fn reactivate(&self, secret: &SecretId) {
        if let Ok(id) = number(secret)
            && let Some(secret) = self.state().secrets.get_mut(&id)
        {
            secret.active = true;
        }
    }

    /// Carries out what arrived and was not answered.
    pub fn deliver_late(&self) {
        let mut state = self.state();
        for secret in std::mem::take(&mut state.late) {
            state.add(secret);
        }
    }

    /// Everything in it.
    pub fn secrets(&self) -> Vec<(SecretId, StoredSecret)> {
        self.state()
            .secrets
            .iter()
            .map(|(id, secret)| (SecretId::new(id.to_string()), secret.clone()))
            .collect()
    }

    /// Puts a secret in, as a person would.
    pub fn plant(&self, folder: &str, name: &str, notes: &str, password: &str) -> SecretId {
        let id = self.state().add(StoredSecret {
            folder: folder.to_owned(),
            name: name.to_owned(),
            domain: String::new(),
            username: String::new(),
            password: SecretString::from(password),
            notes: notes.to_owned(),
            active: true,
        });
        SecretId::new(id.to_string())
    }

    /// Puts a secret for an account in, as a person would: with the user name and the domain filled in.
    pub fn plant_for(&self, folder: &str, username: &str, domain: &str, password: &str) -> SecretId {
        let secret = self.plant(folder, &format!("{domain}\\{username}"), "", password);
        self.edit(&secret, |stored| {
            username.clone_into(&mut stored.username);
            domain.clone_into(&mut stored.domain);
        });
        secret
    }

    /// From now on it changes passwords by itself when it is asked to, in this directory, and is no place for passwords that engines change (V-8).
    pub fn changes_passwords_in(&self, directory: Arc<dyn Directory>) {
        self.state().changes_in = Some(directory);
    }

    /// Whether what it is asked to change waits until it may.
    pub fn take_your_time(&self, is_slow: bool) {
        self.state().is_slow = is_slow;
    }

    /// Why it cannot change any password from now on; `None`: it can.
    pub fn cannot_change(&self, why: Option<&str>) {
        self.state().cannot = why.map(str::to_owned);
    }

    /// Whether it is looking at whether its passwords are right, which looks like a change under way.
    pub fn look_at_passwords(&self, is_looking: bool) {
        self.quirk(Quirk::Looking, is_looking);
    }

    /// Whether a failure stands though a later change went well, as until Secret Server's next heartbeat.
    pub fn keep_failures(&self, keeps: bool) {
        self.quirk(Quirk::KeepsFailures, keeps);
    }

    /// How often it has tried to change a password.
    pub fn tries(&self) -> i64 {
        self.state().tries
    }

    /// Does what it was asked to and has not yet. Each is done as a whole: nobody sees a password in the directory that is not in its secret.
    async fn carry_out(&self) {
        loop {
            let (id, directory, username, cannot, number) = {
                let mut state = self.state();
                if state.is_slow || state.asked.is_empty() {
                    return;
                }
                let id = state.asked.remove(0);
                state.tries += 1;
                let username = state.secrets.get(&id).map(|secret| secret.username.clone());
                (id, state.changes_in.clone(), username, state.cannot.clone(), state.tries)
            };
            let made = SecretString::from(format!("Made-by-the-vault-{number}!{id}"));
            let done = match (cannot, directory, username) {
                (None, Some(directory), Some(username)) => change(&directory, &username, &made).await,
                (Some(why), ..) => Err(why),
                _ => Err("there is nothing to change".to_owned()),
            };
            let mut state = self.state();
            let last = Timestamp::from_second(number).ok();
            let mut change = VaultChange::new(last);
            match done {
                Ok(()) => {
                    state.passwords.push(made.clone());
                    if state.quirks.contains(&Quirk::KeepsFailures) {
                        change.failed = state.changes.get(&id).and_then(|before| before.failed.clone());
                    }
                    if let Some(secret) = state.secrets.get_mut(&id) {
                        secret.password = made;
                    }
                }
                Err(why) => change.failed = Some(why),
            }
            state.changes.insert(id, change);
        }
    }

    /// Changes a secret, as people do in the web pages. One that is not there stays so.
    pub fn edit(&self, secret: &SecretId, change: impl FnOnce(&mut StoredSecret)) {
        if let Ok(id) = number(secret)
            && let Some(secret) = self.state().secrets.get_mut(&id)
        {
            change(secret);
        }
    }

    /// Takes a secret out for good.
    pub fn erase(&self, secret: &SecretId) {
        if let Ok(id) = number(secret) {
            self.state().secrets.remove(&id);
        }
    }

    /// Every password that was ever sent to it, also those that it did not keep: what a search for leaks has to look for.
    pub fn passwords(&self) -> Vec<SecretString> {
        self.state().passwords.clone()
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().calls.clone()
    }

    /// Does `work` unless a fault says otherwise.
    fn call<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut State) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut state = self.state();
        state.calls.push(operation);
        let at = state.faults.iter().position(|(name, _)| *name == operation);
        let fault = at.map(|index| state.faults.remove(index).1);
        let away = |outcome| {
            VaultError::new(VaultErrorKind::Unavailable, format!("vault.{operation}: no answer"))
                .with_outcome(outcome)
        };
        match fault {
            None | Some(VaultFault::Late) => work(&mut state),
            Some(VaultFault::Unreachable) => Err(away(Outcome::NotSent)),
            Some(VaultFault::LoseReply) => work(&mut state).and_then(|_| Err(away(Outcome::Unknown))),
        }
    }
}

async fn change(
    directory: &Arc<dyn Directory>,
    username: &str,
    password: &SecretString,
) -> Result<(), String> {
    let name = username.parse().map_err(|_| format!("{username} is no name"))?;
    let key = AccountKey::SamAccountName(name);
    let found = directory.find_account(&key, FindOptions::new()).await.map_err(|error| error.to_string())?;
    let account = found.ok_or_else(|| format!("there is no {username}"))?;
    directory
        .set_password(account.guid, password, SetPasswordOptions::new())
        .await
        .map_err(|error| error.to_string())
}

fn number(secret: &SecretId) -> Result<u64, VaultError> {
    secret.as_str().parse().map_err(|_| absent(secret))
}

fn absent(secret: &SecretId) -> VaultError {
    VaultError::new(VaultErrorKind::DeniedOrAbsent, format!("secret {secret} is denied or absent"))
}

fn found(id: u64, secret: &StoredSecret) -> FoundSecret {
    let markers = secret.notes.lines().filter(|line| line.starts_with("alm1:")).map(str::to_owned).collect();
    let found = FoundSecret::new(SecretId::new(id.to_string()), secret.active, Some(markers));
    if secret.folder.is_empty() { found } else { found.in_folder(&secret.folder) }
}

#[async_trait]
impl Vault for MemoryVault {
    async fn preflight(&self, place: &VaultPlace) -> Result<Vec<Refusal>, VaultError> {
        self.call("preflight", |state| {
            let mut refusals = state.refusals.clone();
            if let Some(root) = &place.within {
                let above = |folder: &&String| state.parents.get(*folder);
                let mut line = std::iter::successors(Some(&place.folder), above).take(64);
                if !line.any(|folder| folder == root) {
                    let message = format!("folder {} does not lie below folder {root}", place.folder);
                    refusals.push(Refusal::new("NM-4", "folder", message));
                }
            }
            Ok(refusals)
        })
    }

    async fn preflight_for(&self, place: &VaultPlace, rotator: Rotator) -> Result<Vec<Refusal>, VaultError> {
        let mut refusals = self.preflight(place).await?;
        let message = match (rotator, self.state().changes_in.is_some()) {
            (Rotator::Engine, true) => Some("this vault changes passwords by itself"),
            (Rotator::Vault, false) => Some("this vault does not change passwords by itself"),
            _ => None,
        };
        refusals.extend(message.map(|message| Refusal::new("V-8", "vault", message)));
        Ok(refusals)
    }

    async fn last_change(&self, secret: &SecretId) -> Result<VaultChange, VaultError> {
        let id = number(secret)?;
        self.carry_out().await;
        self.call("last_change", |state| {
            if !state.secrets.get(&id).is_some_and(|secret| secret.active) {
                return Err(absent(secret));
            }
            let mut change = state.changes.get(&id).cloned().unwrap_or_default();
            change.under_way = state.quirks.contains(&Quirk::Looking) || state.asked.contains(&id);
            Ok(change)
        })
    }

    async fn ask_change(&self, secret: &SecretId) -> Result<(), VaultError> {
        let id = number(secret)?;
        self.call("ask_change", |state| {
            if state.changes_in.is_none() {
                let message = "this vault does not change passwords";
                return Err(VaultError::new(VaultErrorKind::Invalid, message));
            }
            if !state.secrets.get(&id).is_some_and(|secret| secret.active) {
                return Err(absent(secret));
            }
            state.asked.push(id);
            Ok(())
        })
    }

    async fn create(&self, secret: NewSecret<'_>) -> Result<SecretId, VaultError> {
        let stored = StoredSecret {
            folder: secret.place.folder.clone(),
            name: secret.name.to_owned(),
            domain: secret.domain.to_owned(),
            username: secret.username.to_owned(),
            password: secret.password.clone(),
            notes: secret.marker.to_owned(),
            active: true,
        };
        let mut late = false;
        {
            let mut state = self.state();
            state.passwords.push(secret.password.clone());
            if let Some(index) = state.faults.iter().position(|fault| *fault == ("create", VaultFault::Late))
            {
                state.faults.remove(index);
                state.late.push(stored.clone());
                late = true;
            }
        }
        if late {
            return Err(VaultError::new(VaultErrorKind::Unavailable, "vault.create: no answer in time")
                .with_outcome(Outcome::Unknown));
        }
        self.call("create", |state| {
            let same = |other: &StoredSecret| other.folder == stored.folder && other.name == stored.name;
            if state.unique_names && state.secrets.values().any(same) {
                return Err(VaultError::new(
                    VaultErrorKind::NameTaken,
                    format!("the name {} is taken", stored.name),
                ));
            }
            Ok(SecretId::new(state.add(stored).to_string()))
        })
    }

    async fn find(&self, place: &VaultPlace, name: &str) -> Result<Vec<FoundSecret>, VaultError> {
        self.call("find", |state| {
            Ok(state
                .secrets
                .iter()
                .filter(|(_, secret)| secret.folder == place.folder && secret.name == name)
                .map(|(id, secret)| found(*id, secret))
                .collect())
        })
    }

    async fn list(&self, place: &VaultPlace) -> Result<Vec<ListedSecret>, VaultError> {
        self.call("list", |state| {
            state.is_open(place)?;
            let there = state.secrets.iter().filter(|(_, secret)| state.is_in(secret, place));
            Ok(there.map(|(id, secret)| ListedSecret::new(&secret.name, found(*id, secret))).collect())
        })
    }

    async fn describe(&self, secret: &SecretId) -> Result<Option<FoundSecret>, VaultError> {
        let id = number(secret)?;
        self.call("describe", |state| Ok(state.secrets.get(&id).map(|secret| found(id, secret))))
    }

    async fn read_password(&self, secret: &SecretId) -> Result<SecretString, VaultError> {
        let id = number(secret)?;
        self.call("read_password", |state| {
            state
                .secrets
                .get(&id)
                .filter(|secret| secret.active)
                .map(|secret| secret.password.clone())
                .ok_or_else(|| absent(secret))
        })
    }

    async fn write_password(&self, secret: &SecretId, password: &SecretString) -> Result<(), VaultError> {
        let id = number(secret)?;
        self.state().passwords.push(password.clone());
        self.call("write_password", |state| match state.secrets.get_mut(&id).filter(|secret| secret.active) {
            Some(stored) => {
                stored.password = SecretString::from(password.expose_secret());
                Ok(())
            }
            None => Err(absent(secret)),
        })
    }

    async fn tell_dependents(&self, secret: &SecretId) -> Result<Vec<String>, VaultError> {
        let id = number(secret)?;
        self.call("tell_dependents", |state| {
            let mut failed = Vec::new();
            for (_, name, failures) in state.dependents.iter_mut().filter(|(of, ..)| *of == id) {
                if *failures > 0 {
                    *failures -= 1;
                    failed.push(name.clone());
                }
            }
            Ok(failed)
        })
    }

    async fn seek(
        &self,
        place: &VaultPlace,
        username: &str,
        domain: &str,
    ) -> Result<Vec<SecretCandidate>, VaultError> {
        self.call("seek", |state| {
            state.is_open(place)?;
            let fits = |secret: &StoredSecret| {
                secret.active
                    && state.is_in(secret, place)
                    && secret.username.eq_ignore_ascii_case(username)
                    && secret_link::is_domain(&secret.domain, domain)
            };
            let found = state.secrets.iter().filter(|(_, secret)| fits(secret));
            Ok(found.map(|(id, _)| SecretCandidate::new(SecretId::new(id.to_string()))).collect())
        })
    }

    async fn dependencies(&self, secret: &SecretId) -> Result<Vec<Dependency>, VaultError> {
        let id = number(secret)?;
        self.call("dependencies", |state| {
            let own = state.dependents.iter().filter(|(of, ..)| *of == id);
            Ok(own
                .map(|(_, name, failures)| {
                    let mut one = Dependency::new(name, "", "test");
                    one.last =
                        if *failures > 0 { DependencyResult::Failed } else { DependencyResult::Succeeded };
                    one
                })
                .collect())
        })
    }

    async fn readers(&self, place: &VaultPlace) -> Result<FolderReaders, VaultError> {
        self.call("readers", |state| {
            let unknown = || FolderReaders::unknown("nobody said who reads in this folder");
            Ok(state.readers.get(&place.folder).cloned().unwrap_or_else(unknown))
        })
    }

    async fn relocate(&self, secret: &SecretId, place: &VaultPlace) -> Result<(), VaultError> {
        let id = number(secret)?;
        self.call("relocate", |state| match state.secrets.get_mut(&id) {
            Some(stored) => {
                stored.folder.clone_from(&place.folder);
                Ok(())
            }
            None => Err(absent(secret)),
        })
    }

    async fn deactivate(&self, secret: &SecretId) -> Result<(), VaultError> {
        let id = number(secret)?;
        self.call("deactivate", |state| match state.secrets.get_mut(&id) {
            Some(stored) => {
                stored.active = false;
                Ok(())
            }
            None => Err(absent(secret)),
        })
    }
}
