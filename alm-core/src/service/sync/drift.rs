//! Comparing managed accounts with the mirror that was just brought up to date (S-6, S-8). Nothing is ever repaired here.

use std::collections::HashMap;

use ad_directory::{Dn, ObjectGuid};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::Run;
use crate::error::{ErrorKind, Result};
use crate::model::account::Account;
use crate::model::drift::{AccountDrift, DriftItem, DriftKind, RefusedSecret};
use crate::model::event::EventKind;
use crate::model::ids::SecretId;
use crate::model::managed::AccountKind;
use crate::model::mirror::{MirrorEntry, MirrorKind, key};
use crate::model::secret_link::{ClaimVerdict, SecretClaim, SecretOwner, SecretProof};
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::drift::{self, REPLICATION, Seen};
use crate::saga::SagaRecord;
use crate::saga::input::Input;
use crate::service::begin;
use crate::service::owners::owners_to_tell;
use crate::service::secret_link::rotated_by_vault;
use crate::service::stored::index;
use crate::service::unit::Unit;

/// How many accounts are read at a time.
const PAGE: u32 = 500;
/// How long an effect may have gone on whose end nobody noted.
const UNNOTED: SignedDuration = SignedDuration::from_mins(5);

/// The accounts of the domain, with the version of each and its object, before anything was read: what has changed since is judged next time.
pub(super) type Before = HashMap<Uuid, (u64, ObjectGuid)>;

/// Whose the password is that the directory got.
enum Whose {
    /// The vault's, which changed it.
    Vaults,
    /// Somebody else's, as far as is known; the secret whose password was refused.
    Somebodys(Option<RefusedSecret>),
    /// Nobody can say now.
    Unknown,
}

/// What the sagas of an account did to it.
struct History {
    /// When the last of them did anything.
    last: Timestamp,
    /// Between which instants each gave it a password.
    passwords: Vec<(Timestamp, Timestamp)>,
}

impl Run<'_> {
    /// Accounts that nothing is under way on.
    pub(super) async fn accounts(&self) -> Result<Before> {
        let mut accounts = Before::new();
        let mut after = None;
        loop {
            let page = self.alm.0.store.list(RecordKind::Account, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(accounts) };
            after = Some(last.id);
            for document in &page {
                let account = Account::read(document)?;
                if account.domain == self.domain.id && account.operation.is_none() {
                    accounts.insert(document.id, (document.version, account.object_guid));
                }
            }
        }
    }

    /// Judges each of them that has not changed since.
    pub(super) async fn judge(&self, accounts: &Before) -> Result<()> {
        let groups = self.memberships(accounts).await?;
        let mut after = None;
        loop {
            let page = self.alm.0.store.list(RecordKind::Account, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for document in &page {
                if accounts.get(&document.id).is_some_and(|(version, _)| *version == document.version) {
                    self.judge_one(&Account::read(document)?, document.version, &groups).await?;
                }
            }
        }
    }

    /// The groups that each of the accounts is a direct member of.
    async fn memberships(&self, accounts: &Before) -> Result<HashMap<ObjectGuid, Vec<Dn>>> {
        let mut found: HashMap<ObjectGuid, Vec<Dn>> =
            accounts.values().map(|(_, object)| (*object, Vec::new())).collect();
        let mut after = None;
        loop {
            let page = self.page(MirrorKind::Group, after).await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = Some(*last);
            for (_, group) in page {
                for member in &group.members {
                    if let Some(groups) = found.get_mut(member) {
                        groups.push(group.dn.clone());
                    }
                }
            }
        }
    }

    async fn judge_one(
        &self,
        account: &Account,
        version: u64,
        groups: &HashMap<ObjectGuid, Vec<Dn>>,
    ) -> Result<()> {
        let mut unit = self.unit();
        unit.has_read::<Account>(account.id.uuid(), version);
        let entry = unit.find::<MirrorEntry>(key("mirror", self.domain.id, account.object_guid)).await?;
        let before = unit.find::<AccountDrift>(account.id.uuid()).await?;
        let mut drift = before
            .clone()
            .unwrap_or_else(|| AccountDrift::new(account.id, account.name.clone(), self.domain.id));
        drift.name.clone_from(&account.name);
        if account.kind == AccountKind::User && drift.service_names.is_none() {
            drift.service_names = entry.as_ref().map(MirrorEntry::service_names);
        }
        let groups = groups.get(&account.object_guid).map_or(&[][..], Vec::as_slice);
        let mut seen = Seen::new(entry.as_ref(), groups, &self.domain.base, self.begun);
        seen.expires = begin::expires(account.eol_action, account.eol);
        seen.service_names = drift.service_names.as_ref();
        let mut items = drift::differences(account, &seen);
        let is_new = |item: &DriftItem| !drift.items.iter().any(|old| old.is_same(item));
        let mut is_vaults = false;
        if items.iter().any(is_new) {
            let history = self.history(&mut unit, account).await?;
            // Read at a controller that may not have heard of our own change yet: next time.
            if self.begun.duration_since(history.last) < REPLICATION {
                return Ok(());
            }
            let is_explained = match &entry {
                Some(entry) if drift::explains_password(entry, &history.passwords) => true,
                Some(_) if items.iter().any(|item| drift::is_another_password(item) && is_new(item)) => {
                    is_vaults = match self.whose(&mut unit, account).await? {
                        Whose::Vaults => true,
                        Whose::Unknown => {
                            // As it was reported before; whether this is news, the next sync says.
                            items.retain(|item| !drift::is_another_password(item));
                            let old = drift.items.iter().filter(|item| drift::is_another_password(item));
                            items.extend(old.cloned());
                            false
                        }
                        Whose::Somebodys(refused) => {
                            drift.refused = refused;
                            false
                        }
                    };
                    is_vaults
                }
                _ => false,
            };
            if is_explained {
                items.retain(|item| item.kind != DriftKind::Password);
            }
        }
        if let (Some(entry), Some(days)) = (&entry, self.domain.sync.dormant_days) {
            let before = drift.items.iter().any(|item| item.kind.is_about_use());
            items.extend(drift::unused(account, entry, days, before, self.begun));
        }
        let fresh: Vec<DriftItem> = items.iter().filter(|item| is_new(item)).cloned().collect();
        for item in &mut items {
            if let Some(old) = drift.items.iter().find(|old| old.is_same(item)) {
                item.since = old.since;
            }
        }
        drift.items = items;
        if !drift.items.iter().any(drift::is_another_password) {
            drift.refused = None;
        }
        if before.as_ref() == Some(&drift) && !is_vaults {
            return Ok(());
        }
        match &before {
            Some(before)
                if drift.items.is_empty()
                    && (account.erased_at.is_some() || drift.service_names.is_none()) =>
            {
                unit.remove(before, format!("nothing to report of {}", account.name));
            }
            None if drift.items.is_empty() && drift.service_names.is_none() && !is_vaults => return Ok(()),
            _ => unit.put(&drift, format!("{} things to report of {}", drift.items.len(), account.name))?,
        }
        self.tell(&mut unit, account, &fresh).await?;
        self.count(&mut unit, |done| done.drifted += u64::from(!fresh.is_empty())).await?;
        unit.settle().await.map(drop)
    }

    /// V-8: whether the password that somebody set is the one in the vault, which then changed it; that is written down. One sign-in, and only for
    /// what is news. A vault that does not tell is no explanation; one that is away is asked by the next sync.
    async fn whose(&self, unit: &mut Unit<'_>, account: &Account) -> Result<Whose> {
        let (Some(vault), Some(secret)) = (account.vault, &account.secret) else {
            return Ok(Whose::Somebodys(None));
        };
        let secret = SecretId::new(secret);
        let owner = SecretOwner::new(self.domain.id, &self.domain.name, account.object_guid, &account.name);
        let claim = SecretClaim::new(vault, secret.clone(), owner);
        let verdict = self.unit().inspector()?.prove_secret(&claim).await;
        match verdict {
            Ok(ClaimVerdict::Tried(SecretProof::Right)) => {}
            Ok(ClaimVerdict::Tried(SecretProof::Wrong)) => {
                return Ok(Whose::Somebodys(Some(RefusedSecret::new(secret, unit.now))));
            }
            Ok(ClaimVerdict::Tried(SecretProof::Later(_))) => return Ok(Whose::Unknown),
            // The vault is away, or the domain: nothing is known that could be said.
            Err(error) if matches!(error.kind(), ErrorKind::Vault | ErrorKind::Directory) => {
                return Ok(Whose::Unknown);
            }
            _ => return Ok(Whose::Somebodys(None)),
        }
        let Some(mut now) = unit.find::<Account>(account.id.uuid()).await?.filter(|now| now == account)
        else {
            return Ok(Whose::Somebodys(None));
        };
        rotated_by_vault(unit, &mut now).await?;
        unit.put(&now, format!("the vault gave {} another password", now.name))?;
        Ok(Whose::Vaults)
    }

    /// Owners and administrators are told once of each difference, and of an account that nobody uses.
    async fn tell(&self, unit: &mut Unit<'_>, account: &Account, fresh: &[DriftItem]) -> Result<()> {
        if fresh.is_empty() {
            return Ok(());
        }
        let facts = json!({ "items": fresh });
        unit.audit("account.drift", format!("account {}", account.id), facts);
        let mut told = owners_to_tell(unit, &account.owners).await?;
        told.extend(unit.administrators().await?);
        let texts = |of: &dyn Fn(&DriftItem) -> bool| {
            let items = fresh.iter().filter(|item| of(item));
            items
                .map(|item| format!("{}: {}, not {}", item.kind, item.found, item.expected))
                .collect::<Vec<_>>()
        };
        let different = texts(&|item| !item.kind.is_about_use());
        let unused = texts(&|item| item.kind == DriftKind::Inactive);
        for (kind, what) in [(EventKind::AccountDrifted, different), (EventKind::AccountDormant, unused)] {
            if !what.is_empty() {
                let text = format!("{} in {}: {}", account.name, self.domain.name, what.join("; "));
                unit.event(kind, text, told.clone(), |event| event.account = Some(account.id))?;
            }
        }
        Ok(())
    }

    async fn history(&self, unit: &mut Unit<'_>, account: &Account) -> Result<History> {
        let mut history = History { last: Timestamp::MIN, passwords: Vec::new() };
        for saga in unit.find_by::<SagaRecord>(index::ACCOUNT, &account.id.to_string()).await? {
            let mut open = None;
            for entry in self.alm.0.store.journal(saga.id).await? {
                // What cannot be read says nothing; the saga itself complains.
                let Ok(input) = serde_json::from_str::<Input>(&entry.body) else { continue };
                let at = input.at();
                history.last = history.last.max(at);
                let gives_password = matches!(
                    &input,
                    Input::Started { effect, .. }
                        if matches!(effect.as_str(), "add_account" | "reset_password" | "set_password")
                );
                if let Some(begun) = open.take() {
                    history.passwords.push((begun, at));
                }
                open = gives_password.then_some(at);
            }
            if let Some(begun) = open {
                history.passwords.push((begun, begun.checked_add(UNNOTED).unwrap_or(begun)));
            }
        }
        Ok(history)
    }
}
