//! One Modify for all that an update says.

use std::collections::HashSet;

use ldap3::Mod;

use super::{call::Call, connection::Modifications, diagnostic};
use crate::{
    Account, AccountUpdate, AttributeName, Change, Dn, Error, ErrorKind, Marker, MarkerChange, Result,
    ServicePrincipalName, UserAccountControl,
};

fn name(name: &str) -> Vec<u8> {
    name.as_bytes().to_vec()
}

fn set<T: ToString>(values: impl IntoIterator<Item = T>) -> HashSet<Vec<u8>> {
    values.into_iter().map(|value| value.to_string().into_bytes()).collect()
}

/// Replacing with nothing clears, and is no error when there is nothing (RFC 4511, 4.6).
pub(super) fn replace<T: ToString>(attribute: &str, values: impl IntoIterator<Item = T>) -> Mod<Vec<u8>> {
    Mod::Replace(name(attribute), set(values))
}

/// The compare-and-set. Deleting a value that is not there fails the whole Modify, and so does adding a second one to an attribute that
/// takes one: the controller compares and sets in one step. `have` is the marker that was just read, and whether there is a foreign one.
///
/// # Errors
/// `MarkerMismatch` when it does not fit already.
pub(super) fn marker(
    call: &Call,
    dn: &Dn,
    have: (Option<&Marker>, bool),
    attribute: &AttributeName,
    change: &MarkerChange,
) -> Result<Modifications> {
    if !fits(have.0, have.1, change) {
        let error = call.error(ErrorKind::MarkerMismatch).with_outcome(crate::Outcome::NotDone);
        return Err(error.with_subject(dn));
    }
    let mut modifications = Vec::new();
    modifications
        .extend(change.expect.iter().map(|expect| Mod::Delete(name(attribute.as_str()), set([expect]))));
    modifications.extend(change.set.iter().map(|new| Mod::Add(name(attribute.as_str()), set([new]))));
    Ok(modifications)
}

pub(super) fn fits(have: Option<&Marker>, foreign: bool, change: &MarkerChange) -> bool {
    match (have, &change.expect) {
        (Some(have), Some(expect)) => have.matches(expect),
        (None, None) => !foreign,
        _ => false,
    }
}

/// Compared and set, like the marker: a flag that somebody else changed in between would be lost in a plain replacement.
pub(super) fn flags(modifications: &mut Modifications, old: UserAccountControl, new: UserAccountControl) {
    if old != new {
        modifications.push(Mod::Delete(name("userAccountControl"), set([old])));
        modifications.push(Mod::Add(name("userAccountControl"), set([new])));
    }
}

fn is(text: &str, name: &ServicePrincipalName) -> bool {
    text.to_lowercase() == name.as_str().to_lowercase()
}

/// Those of the service names to be added that are not there yet.
pub(super) fn new_names<'a>(
    have: &'a [String],
    add: &'a [ServicePrincipalName],
) -> impl Iterator<Item = &'a str> {
    add.iter().filter(|name| !have.iter().any(|text| is(text, name))).map(ServicePrincipalName::as_str)
}

/// Adds and removes service names one by one, so that those of others stay. What is as wanted is left out: controllers refuse it.
pub(super) fn services(
    modifications: &mut Modifications,
    have: &[String],
    add: &[ServicePrincipalName],
    remove: &[ServicePrincipalName],
) {
    let added = set(new_names(have, add));
    // As they are written there: Windows compares without regard to case, and others need not.
    let removed = set(have.iter().filter(|text| remove.iter().any(|name| is(text, name))));
    if !removed.is_empty() {
        modifications.push(Mod::Delete(name("servicePrincipalName"), removed));
    }
    if !added.is_empty() {
        modifications.push(Mod::Add(name("servicePrincipalName"), added));
    }
}

/// What turns `account`, as just read, into what `update` says.
pub(super) fn update(
    call: &Call,
    account: &Account,
    attribute: &AttributeName,
    update: &AccountUpdate,
) -> Result<Modifications> {
    let mut modifications = match &update.marker {
        Some(change) => {
            let have = (account.marker.as_ref(), account.foreign_marker);
            marker(call, &account.dn, have, attribute, change)?
        }
        None => Vec::new(),
    };
    let mut wanted = account.user_account_control;
    if let Some(enabled) = update.enabled {
        wanted = wanted.set(UserAccountControl::ACCOUNT_DISABLE, !enabled);
    }
    if let Some(never) = update.password_never_expires {
        wanted = wanted.set(UserAccountControl::PASSWORD_NEVER_EXPIRES, never);
    }
    flags(&mut modifications, account.user_account_control, wanted);
    if let Some(expires) = update.expires {
        modifications.push(replace("accountExpires", [expires.to_file_time()]));
    }
    if let Some(must) = update.must_change_password {
        // Nothing else can be written there (MS-SAMR 3.1.1.8.8): 0 is "must change", -1 is "changed now".
        modifications.push(replace("pwdLastSet", [if must { 0 } else { -1 }]));
    }
    if update.unlock {
        modifications.push(replace("lockoutTime", [0]));
    }
    if let Some(new) = &update.sam_account_name {
        modifications.push(replace("sAMAccountName", [new]));
    }
    change(&mut modifications, "userPrincipalName", &update.user_principal_name);
    change(&mut modifications, "description", &update.description);
    change(&mut modifications, "displayName", &update.display_name);
    if let Some(names) = &update.service_principal_names {
        modifications.push(replace("servicePrincipalName", names));
    }
    services(
        &mut modifications,
        &account.service_principal_names,
        &update.add_service_principal_names,
        &update.remove_service_principal_names,
    );
    for (name, values) in &update.attributes {
        modifications.push(replace(name.as_str(), values));
    }
    Ok(modifications)
}

/// Whether a refused update may have been stopped by flags or service names that are not the ones that were read.
pub(super) fn may_be_stale(error: &Error, update: &AccountUpdate) -> bool {
    let code = matches!(
        error.ldap_code(),
        Some(
            diagnostic::NO_SUCH_ATTRIBUTE
                | diagnostic::CONSTRAINT_VIOLATION
                | diagnostic::ATTRIBUTE_OR_VALUE_EXISTS
        )
    );
    let flags = update.enabled.is_some() || update.password_never_expires.is_some();
    let services =
        !(update.add_service_principal_names.is_empty() && update.remove_service_principal_names.is_empty());
    code && (flags || services) && error.kind() == ErrorKind::Constraint
}

pub(super) fn change<T: ToString>(modifications: &mut Modifications, attribute: &str, change: &Change<T>) {
    match change {
        Change::Keep => {}
        Change::Clear => modifications.push(replace::<String>(attribute, [])),
        Change::Set(value) => modifications.push(replace(attribute, [value.to_string()])),
    }
}

#[cfg(test)]
mod tests {
    use ldap3::Mod;
    use uuid::Uuid;

    use super::{Call, update};
    use crate::{Account, AccountUpdate, ErrorKind, Marker, MarkerChange, UserAccountControl};

    fn account() -> Account {
        let dn = "CN=a,DC=x".parse().unwrap();
        let mut account = Account::new(Uuid::nil().into(), dn, "a".parse().unwrap());
        account.marker = Some("one".parse().unwrap());
        account.user_account_control = UserAccountControl::from_bits(0x0100_0202);
        account
    }

    fn show(change: &AccountUpdate) -> Result<Vec<String>, ErrorKind> {
        let attribute = "adminDescription".parse().unwrap();
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let made = update(&Call::new("t"), &account(), &attribute, change).map_err(|error| error.kind())?;
        let line = |verb: &str, name: &Vec<u8>, values: &std::collections::HashSet<Vec<u8>>| {
            let mut values: Vec<_> = values.iter().map(text).collect();
            values.sort();
            format!("{verb} {} {}", text(name), values.join(","))
        };
        Ok(made
            .iter()
            .map(|modification| match modification {
                Mod::Add(name, values) => line("add", name, values),
                Mod::Delete(name, values) => line("delete", name, values),
                Mod::Replace(name, values) => line("replace", name, values),
                Mod::Increment(..) => unreachable!(),
            })
            .collect())
    }

    fn marker(text: &str) -> Marker {
        text.parse().unwrap()
    }

    #[test]
    fn the_marker_is_compared_and_set_before_anything_else() {
        let change =
            AccountUpdate::new().enabled(true).marker(MarkerChange::replace(marker("one"), marker("two")));
        let wanted = [
            "delete adminDescription one",
            "add adminDescription two",
            "delete userAccountControl 16777730",
            "add userAccountControl 16777728",
        ];
        assert_eq!(show(&change).unwrap(), wanted);
        let keep = AccountUpdate::new().marker(MarkerChange::keep(marker("one")));
        assert_eq!(show(&keep).unwrap(), ["delete adminDescription one", "add adminDescription one"]);
    }

    #[test]
    fn a_marker_that_does_not_fit_sends_nothing() {
        for change in [MarkerChange::keep(marker("other")), MarkerChange::adopt(marker("one"))] {
            assert_eq!(show(&AccountUpdate::new().marker(change)), Err(ErrorKind::MarkerMismatch));
        }
    }

    #[test]
    fn what_is_as_wanted_is_not_sent_and_clearing_is_an_empty_replace() {
        assert!(show(&AccountUpdate::new().enabled(false)).unwrap().is_empty());
        let clear = AccountUpdate::new().description(None).service_principal_names([]);
        assert_eq!(show(&clear).unwrap(), ["replace description ", "replace servicePrincipalName "]);
    }
}
