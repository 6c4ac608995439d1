//! What differs between a managed account's record and the directory (S-6), and whether anybody uses it (S-8).

use std::collections::BTreeSet;

use ad_directory::{AccountExpires, Dn};
use jiff::{SignedDuration, Timestamp};

use super::naming;
use crate::model::account::{Account, AccountStatus};
use crate::model::drift::{DriftItem, DriftKind};
use crate::model::managed::AccountKind;
use crate::model::mirror::MirrorEntry;

/// How far the clocks of service and controller may be apart: Kerberos' own limit.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// How long after the last effect on an account a difference may still be that the controller that was read has not heard of it.
pub const REPLICATION: SignedDuration = SignedDuration::from_mins(15);
/// By how much the last sign-in that is replicated may lie too early (MS-ADA1, `lastLogonTimestamp`).
const LAG_DAYS: i64 = 14;
/// How a report of another password begins.
const SET: &str = "set at ";

/// What is known of an account in the directory.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// The object; `None` when there is none.
    pub entry: Option<&'a MirrorEntry>,
    /// The groups that it is a direct member of.
    pub groups: &'a [Dn],
    /// The naming context of the domain: of groups elsewhere nothing is known.
    pub base: &'a Dn,
    /// When its end date should come.
    pub expires: AccountExpires,
    /// The service names that a user should have, if that is known.
    pub service_names: Option<&'a BTreeSet<String>>,
    /// When this sync reads.
    pub now: Timestamp,
}

impl<'a> Seen<'a> {
    /// An object in no group that never ends.
    pub const fn new(entry: Option<&'a MirrorEntry>, groups: &'a [Dn], base: &'a Dn, now: Timestamp) -> Self {
        Self { entry, groups, base, expires: AccountExpires::Never, service_names: None, now }
    }
}

/// Everything that differs (S-6). What could not be read is not judged. Nothing of it is ever repaired by itself.
pub fn differences(account: &Account, seen: &Seen<'_>) -> Vec<DriftItem> {
    let mut items = Vec::new();
    let mut differs = |kind, expected: String, found: String| {
        items.push(DriftItem::new(kind, expected, found, seen.now));
    };
    if account.erased_at.is_some() {
        return items;
    }
    let is_retired = account.status == AccountStatus::Deleted;
    let Some(entry) = seen.entry else {
        if !is_retired {
            differs(DriftKind::Deleted, "it is there".into(), "it is not there".into());
        }
        return items;
    };
    // L-3: an expired account is not disabled; its end date is what stops it.
    let is_on = matches!(account.status, AccountStatus::Active | AccountStatus::Expired);
    match entry.is_enabled() {
        Some(true) if !is_on => {
            differs(DriftKind::Enabled, format!("{:?}", account.status), "it is enabled".into());
        }
        Some(false) if is_on => {
            differs(DriftKind::Disabled, format!("{:?}", account.status), "it is disabled".into());
        }
        _ => {}
    }
    // NM-2: a retired object has another name and place, and no service names.
    if is_retired {
        return items;
    }
    let place = entry.dn.parent();
    let places =
        if is_on { vec![&account.ou] } else { account.retirement_ou.iter().chain([&account.ou]).collect() };
    if let Some(place) = place.filter(|place| !places.contains(&place)) {
        let expected: Vec<_> = places.iter().map(ToString::to_string).collect();
        differs(DriftKind::Moved, expected.join(" or "), place.to_string());
    }
    let common = account.common_name.as_deref().unwrap_or_else(|| naming::common_name(&account.name));
    let called = entry.name().unwrap_or_default();
    if !called.eq_ignore_ascii_case(&account.name) {
        differs(DriftKind::Renamed, account.name.clone(), called.to_owned());
    } else if entry.dn.name().to_lowercase() != common.to_lowercase() {
        differs(DriftKind::Renamed, format!("CN={common}"), format!("CN={}", entry.dn.name()));
    }
    let expected = account.groups.iter().filter(|group| group.is_below(seen.base));
    let (expected, found) = (sorted(expected), sorted(seen.groups));
    if expected != found {
        differs(DriftKind::Groups, names(&expected), names(&found));
    }
    let folded =
        |names: &BTreeSet<String>| names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
    let services: Option<BTreeSet<String>> = match account.kind {
        AccountKind::GroupManaged => Some(account.service_principal_names.iter().cloned().collect()),
        AccountKind::User => seen.service_names.cloned(),
    };
    let found = entry.service_names();
    if let Some(expected) = services.filter(|expected| folded(expected) != folded(&found)) {
        differs(DriftKind::ServiceNames, list(&expected), list(&found));
    }
    if let Some(found) = entry.expires().filter(|found| *found != seen.expires) {
        differs(DriftKind::Expiry, seen.expires.to_string(), found.to_string());
    }
    // The domain changes the password of a gMSA, and one that no vault holds is not ours.
    if account.kind == AccountKind::User && account.secret.is_some() {
        let ours = account.password_changed_at;
        match entry.password_last_set() {
            Some(set) if set.duration_since(ours) > SKEW => {
                differs(DriftKind::Password, format!("{SET}{ours}"), format!("{SET}{set}"));
            }
            None if entry.text("pwdlastset") == Some("0") => {
                let found = "must be changed at the next sign-in";
                differs(DriftKind::Password, format!("{SET}{ours}"), found.into());
            }
            _ => {}
        }
    }
    items
}

/// Whether it says that somebody set another password, and not that one must be set.
pub fn is_another_password(item: &DriftItem) -> bool {
    item.kind == DriftKind::Password && item.found.starts_with(SET)
}

fn sorted<'a>(groups: impl IntoIterator<Item = &'a Dn>) -> Vec<&'a Dn> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn names(groups: &[&Dn]) -> String {
    list(&groups.iter().map(ToString::to_string).collect())
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().cloned().collect::<Vec<_>>().join("; ") }
}

/// Whether one of our own effects explains when a password was set: each with the instants between which it ran.
pub fn explains_password(entry: &MirrorEntry, ours: &[(Timestamp, Timestamp)]) -> bool {
    entry.password_last_set().is_some_and(|set| {
        ours.iter()
            .any(|(begun, ended)| begun.duration_since(set) <= SKEW && set.duration_since(*ended) <= SKEW)
    })
}

/// Whether anybody uses the account (S-8); nothing while that can be seen. `days` is how long without a sign-in counts as inactive, and 14 more
/// pass before it is said: so late may the directory know of one. A sign-in at an instant of `account.binds` was ours and says nothing; that is
/// reported when nobody else's was noted for 14 days, or when something was reported before, as `before` says.
pub fn unused(
    account: &Account,
    entry: &MirrorEntry,
    days: u32,
    before: bool,
    now: Timestamp,
) -> Option<DriftItem> {
    if account.status != AccountStatus::Active {
        return None;
    }
    let patience = SignedDuration::from_hours(24 * (i64::from(days) + LAG_DAYS));
    let expected = format!("used within {days} days");
    let last = entry.last_logon();
    if now.duration_since(last.unwrap_or(account.provisioned_at)) > patience {
        let found = match last {
            Some(last) => format!("nobody signed in since {last}, or up to {LAG_DAYS} days later"),
            None => "nobody ever signed in".to_owned(),
        };
        return Some(DriftItem::new(DriftKind::Inactive, expected, found, now));
    }
    let last = last?;
    let is_ours = account.binds.iter().any(|bind| bind.duration_since(last).abs() <= SKEW);
    let is_silent = now.duration_since(last) > SignedDuration::from_hours(24 * LAG_DAYS);
    (is_ours && (before || is_silent)).then(|| {
        let found = format!("the last sign-in, at {last}, was our own proof of the password");
        DriftItem::new(DriftKind::UseUnknown, expected, found, now)
    })
}
