//! What an operation looks at before it changes anything.

use secrecy::{ExposeSecret, SecretString};

use super::{
    policy,
    world::{StoredAccount, World},
};
use crate::{Account, Change, Dn, Error, ErrorKind, GroupKey, Marker, MarkerChange, ObjectGuid, Result};

/// What a change answers: the account without the further attributes, which nobody asked for.
pub(super) fn answer(world: &World, stored: &StoredAccount) -> Account {
    world.seen(stored, &[])
}

pub(super) fn apply<T: Clone>(value: &mut Option<T>, change: &Change<T>) {
    match change {
        Change::Keep => {}
        Change::Clear => *value = None,
        Change::Set(new) => *value = Some(new.clone()),
    }
}

/// The account, unless the directory protects it: nobody can delegate the right to change a protected account.
pub(super) fn changeable<'a>(
    world: &'a World,
    id: ObjectGuid,
    operation: &'static str,
) -> Result<&'a StoredAccount> {
    let stored = world.stored(id, operation)?;
    if stored.account.is_protected {
        return Err(Error::new(ErrorKind::Forbidden, operation)
            .with_subject(&stored.account.dn)
            .with_reason("the directory protects this account")
            .with_codes(Some(50), Some(5), None));
    }
    Ok(stored)
}

/// The group, unless the directory protects it.
pub(super) fn changeable_group(world: &World, key: &GroupKey, operation: &'static str) -> Result<ObjectGuid> {
    let missing =
        || Error::new(ErrorKind::NotFound, operation).with_subject(key).with_reason("there is no such group");
    let found = world.find_group(key).ok_or_else(missing)?;
    if found.group.is_protected {
        return Err(Error::new(ErrorKind::Forbidden, operation)
            .with_subject(key)
            .with_reason("the directory protects this group")
            .with_codes(Some(50), Some(5), None));
    }
    Ok(found.group.guid)
}

pub(super) fn compare_and_set(
    marker: &mut Option<Marker>,
    dn: &Dn,
    change: &MarkerChange,
    operation: &'static str,
) -> Result<()> {
    let fits = match (&*marker, &change.expect) {
        (Some(have), Some(expected)) => have.matches(expected),
        (None, None) => true,
        _ => false,
    };
    if !fits {
        return Err(mismatch(dn, operation));
    }
    marker.clone_from(&change.set);
    Ok(())
}

pub(super) fn expect(account: &Account, expected: Option<&Marker>, operation: &'static str) -> Result<()> {
    match expected {
        Some(expected) if !account.marker.as_ref().is_some_and(|have| have.matches(expected)) => {
            Err(mismatch(&account.dn, operation))
        }
        _ => Ok(()),
    }
}

pub(super) fn mismatch(dn: &Dn, operation: &'static str) -> Error {
    Error::new(ErrorKind::MarkerMismatch, operation).with_subject(dn)
}

pub(super) fn no_parent(dn: &Dn, operation: &'static str) -> Error {
    Error::new(ErrorKind::NotFound, operation)
        .with_subject(dn)
        .with_reason("there is no such container")
        .with_codes(Some(32), Some(0x208d), None)
}

pub(super) fn no_password(dn: &Dn, operation: &'static str) -> Error {
    policy::refusal(dn, operation).with_reason("an account without a password cannot be enabled")
}

pub(super) fn refuse_empty(password: &SecretString, operation: &'static str) -> Result<()> {
    if password.expose_secret().is_empty() {
        return Err(Error::new(ErrorKind::Invalid, operation).with_reason("the password is empty"));
    }
    Ok(())
}
