//! Managed accounts: made, changed, and their passwords read.

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    checks::{apply, compare_and_set, mismatch, no_parent},
    index::{Names, changed_services},
    object::is_within,
    world::{World, no_object},
};
use crate::{
    DeleteOptions, Dn, Error, ErrorKind, ManagedAccount, ManagedAccountUpdate, ManagedPassword, Marker,
    MoveOptions, NewManagedAccount, ObjectGuid, Result, RootKey, Sid, UserAccountControl,
};

/// `NTE_NO_KEY`, with which Windows answers when there is no root key.
const NO_KEY: u32 = 0x8009_000d;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredManaged {
    /// Without `member_of`, which the groups know.
    pub(super) account: ManagedAccount,
    /// From which its passwords are made; no password of anybody else.
    seed: [u8; 32],
}

impl World {
    pub(super) fn seen_managed(&self, stored: &StoredManaged) -> ManagedAccount {
        let mut account = stored.account.clone();
        account.member_of = self.member_of(account.guid);
        account
    }

    pub(super) fn root_key_at(&self, now: Timestamp) -> RootKey {
        self.root_key.map_or(RootKey::NotSeen, |(made, valid_from)| RootKey::of(made, valid_from, now))
    }

    fn stored_managed(&self, guid: ObjectGuid, operation: &'static str) -> Result<&StoredManaged> {
        self.managed(guid).ok_or_else(|| no_object(guid, operation))
    }

    pub(super) fn make_managed(&mut self, new: &NewManagedAccount, now: Timestamp) -> Result<ManagedAccount> {
        let operation = "managed.create";
        let invalid = |error| Error::from(error).with_operation(operation);
        let readers = new.checked().map_err(invalid)?;
        let dn = new.dn().map_err(invalid)?;
        let no_key = |reason: String| {
            Error::new(ErrorKind::Constraint, operation).with_subject(&dn).with_reason(reason).with_codes(
                Some(53),
                Some(NO_KEY),
                None,
            )
        };
        match self.root_key_at(now) {
            RootKey::Usable { .. } => {}
            RootKey::NotYet { from } => {
                return Err(no_key(format!("the root key of the forest can be used from {from} on")));
            }
            RootKey::NotSeen => {
                return Err(no_key("the forest has no root key; make one with Add-KdsRootKey".to_owned()));
            }
        }
        if self.find_container(&new.parent).is_none() {
            return Err(no_parent(&new.parent, operation));
        }
        let mut account =
            ManagedAccount::new(Uuid::new_v4().into(), dn.clone(), new.sam_account_name.clone());
        account.dns_host_name = Some(new.dns_host_name.clone());
        account.user_account_control =
            account.user_account_control.set(UserAccountControl::ACCOUNT_DISABLE, !new.enabled);
        account.expires = new.expires;
        account.readers = Some(readers);
        account.password_interval_days = Some(new.password_interval_days);
        account.encryption_types = Some(new.encryption_types);
        account.service_principal_names = changed_services(&[], &new.service_principal_names, &[]);
        account.description.clone_from(&new.description);
        account.marker.clone_from(&new.marker);
        account.when_created = Some(now);
        account.when_changed = Some(now);
        self.index.check(&Names::of_managed(&account), operation)?;
        account.sid = self.next_sid();
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| {
            Error::new(ErrorKind::Storage, operation).with_reason("the system gives no random numbers")
        })?;
        let stored = StoredManaged { account, seed };
        self.put_managed(stored.clone());
        Ok(self.seen_managed(&stored))
    }

    pub(super) fn update_managed(
        &mut self,
        id: ObjectGuid,
        update: &ManagedAccountUpdate,
        now: Timestamp,
    ) -> Result<ManagedAccount> {
        let operation = "managed.update";
        let mut stored = self.stored_managed(id, operation)?.clone();
        let account = &mut stored.account;
        if let Some(change) = &update.marker {
            compare_and_set(&mut account.marker, &account.dn, change, operation)?;
        }
        if let Some(enabled) = update.enabled {
            account.user_account_control =
                account.user_account_control.set(UserAccountControl::ACCOUNT_DISABLE, !enabled);
        }
        if let Some(expires) = update.expires {
            account.expires = expires;
        }
        if let Some(name) = &update.sam_account_name {
            account.sam_account_name = name.clone();
        }
        if !update.readers.is_empty() {
            let readers = update.readers.apply(account.readers.as_ref());
            account.readers = Some(readers.map_err(|error| unchangeable(&account.dn, error))?);
        }
        if let Some(types) = update.encryption_types {
            account.encryption_types = Some(types);
        }
        account.service_principal_names = changed_services(
            &account.service_principal_names,
            &update.add_service_principal_names,
            &update.remove_service_principal_names,
        );
        if let Some(name) = &update.dns_host_name {
            account.dns_host_name = Some(name.clone());
        }
        apply(&mut account.description, &update.description);
        account.when_changed = Some(now);
        self.index.check(&Names::of_managed(account), operation)?;
        self.put_managed(stored.clone());
        Ok(self.seen_managed(&stored))
    }

    pub(super) fn move_managed(
        &mut self,
        id: ObjectGuid,
        to: &Dn,
        options: &MoveOptions,
        now: Timestamp,
    ) -> Result<ManagedAccount> {
        let operation = "managed.move";
        let mut stored = self.stored_managed(id, operation)?.clone();
        let account = &mut stored.account;
        expect_marker(account, options.expect_marker.as_ref(), operation)?;
        if self.find_container(to).is_none() {
            return Err(no_parent(to, operation));
        }
        let cn = options.new_cn.as_deref().unwrap_or_else(|| account.dn.name());
        let dn = to.child(cn).map_err(|error| Error::from(error).with_operation(operation))?;
        // Nothing is written then, and so nothing has changed.
        if dn.to_string() == account.dn.to_string() {
            return Ok(self.seen_managed(&stored));
        }
        account.dn = dn;
        account.when_changed = Some(now);
        self.index.check(&Names::of_managed(account), operation)?;
        self.put_managed(stored.clone());
        Ok(self.seen_managed(&stored))
    }

    pub(super) fn delete_managed(&mut self, id: ObjectGuid, options: &DeleteOptions) -> Result<()> {
        let operation = "managed.delete";
        let account = &self.stored_managed(id, operation)?.account;
        expect_marker(account, options.expect_marker.as_ref(), operation)?;
        self.remove_managed(id);
        Ok(())
    }

    /// Its password at this moment, for whoever has this identity.
    pub(super) fn managed_password(
        &self,
        id: ObjectGuid,
        reader: Option<&Sid>,
        now: Timestamp,
    ) -> Result<ManagedPassword> {
        let operation = "managed.read_password";
        let stored = self.stored_managed(id, operation)?;
        let refused = || {
            Error::new(ErrorKind::Forbidden, operation)
                .with_subject(&stored.account.dn)
                .with_reason("the account that signs in is none of those that may read this password")
        };
        let reader = reader.ok_or_else(refused)?;
        let readers = stored.account.readers.as_ref().ok_or_else(refused)?;
        if !(readers.is_open()
            || readers.principals().into_iter().any(|named| self.is_or_is_in(reader, named)))
        {
            return Err(refused());
        }
        let blob = blob(stored, now);
        ManagedPassword::from_wire(&blob)
            .map_err(|error| Error::new(ErrorKind::Protocol, operation).with_source(error))
    }

    /// Whether these are the same, or the second is a group that the first is a member of.
    fn is_or_is_in(&self, who: &Sid, named: &Sid) -> bool {
        if who == named {
            return true;
        }
        let (Some(who), Some(group)) = (self.index.with_sid(who), self.index.with_sid(named)) else {
            return false;
        };
        self.groups.get(&group).is_some_and(|stored| is_within(self, who, &stored.group.dn))
    }
}

fn expect_marker(account: &ManagedAccount, expected: Option<&Marker>, operation: &'static str) -> Result<()> {
    match expected {
        Some(expected) if !account.marker.as_ref().is_some_and(|have| have.matches(expected)) => {
            Err(mismatch(&account.dn, operation))
        }
        _ => Ok(()),
    }
}

pub(super) fn unchangeable(dn: &Dn, error: crate::ParseError) -> Error {
    Error::new(ErrorKind::Constraint, "managed.update").with_subject(dn).with_reason(error.to_string())
}

/// As a controller hands it over (MS-ADTS 2.2.19): this password and the one before, and for how long it stays.
fn blob(stored: &StoredManaged, now: Timestamp) -> Zeroizing<Vec<u8>> {
    let made = stored.account.when_created.map_or(0, Timestamp::as_second);
    let days = i64::from(stored.account.password_interval_days.unwrap_or(30).max(1));
    let period = days * 86_400;
    let age = (now.as_second() - made).max(0);
    let (number, left) = (age / period, period - age % period);
    let mut blob = Zeroizing::new(Vec::with_capacity(560));
    let previous: u16 = if number > 0 { 16 + 258 } else { 0 };
    let query: u16 = if number > 0 { 16 + 258 + 258 + 4 } else { 16 + 258 + 6 };
    let length = u32::from(query) + 16;
    for word in [1, 0] {
        blob.extend_from_slice(&u16::to_le_bytes(word));
    }
    blob.extend_from_slice(&length.to_le_bytes());
    for offset in [16, previous, query, query + 8] {
        blob.extend_from_slice(&offset.to_le_bytes());
    }
    for number in [Some(number), number.checked_sub(1).filter(|_| number > 0)].into_iter().flatten() {
        blob.extend_from_slice(&password(stored, number)[..]);
        blob.extend_from_slice(&[0, 0]);
    }
    blob.resize(usize::from(query), 0);
    let ticks = u64::try_from(left).unwrap_or_default() * 10_000_000;
    // The second is the query interval without five minutes of clock skew (MS-ADTS 2.2.19).
    for ticks in [ticks, ticks.saturating_sub(3_000_000_000)] {
        blob.extend_from_slice(&ticks.to_le_bytes());
    }
    blob
}

/// 256 bytes of UTF-16 without a NUL in them.
fn password(stored: &StoredManaged, number: i64) -> Zeroizing<Vec<u8>> {
    let seed = secrecy::SecretBox::new(Box::new(stored.seed));
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    for part in 0_u8..8 {
        let digest = Sha256::new()
            .chain_update(seed.expose_secret())
            .chain_update(number.to_le_bytes())
            .chain_update([part]);
        bytes.extend_from_slice(&digest.finalize());
    }
    for unit in bytes.as_chunks_mut::<2>().0 {
        if *unit == [0, 0] {
            *unit = [1, 0];
        }
    }
    bytes
}
