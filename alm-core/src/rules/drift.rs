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

#[cfg(test)]
mod tests {
    use ad_directory::FileTime;

    use super::*;
    use crate::model::mirror::MirrorKind;
    use crate::rules::fixture::{HOUR, SECOND, account, dn, now};

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn entry(account: &Account) -> MirrorEntry {
        let dn = dn(&format!("CN={},OU=Services,DC=x", account.name));
        let mut entry = MirrorEntry::new(account.domain, account.object_guid, MirrorKind::Account, dn);
        entry.attributes.insert("samaccountname".into(), vec![account.name.clone()]);
        entry
    }

    fn set(entry: &mut MirrorEntry, attribute: &str, at: Timestamp) {
        let ticks = FileTime::from_timestamp(at).to_string();
        entry.attributes.insert(attribute.into(), vec![ticks]);
    }

    fn kinds(account: &Account, entry: &MirrorEntry, groups: &[Dn]) -> Vec<DriftKind> {
        let base = dn("DC=x");
        let seen = Seen::new(Some(entry), groups, &base, now());
        differences(account, &seen).into_iter().map(|item| item.kind).collect()
    }

    #[test]
    fn s_6_a_password_set_within_the_clocks_skew_is_ours() {
        let it = account(1);
        let mut entry = entry(&it);
        assert_eq!(kinds(&it, &entry, &[]), []);
        let ours = it.password_changed_at;
        for (at, expected) in
            [(ours, vec![]), (ours + SKEW, vec![]), (ours + SKEW + SECOND, vec![DriftKind::Password])]
        {
            set(&mut entry, "pwdlastset", at);
            assert_eq!(kinds(&it, &entry, &[]), expected, "{at}");
        }
        let unkept = Account { secret: None, ..it.clone() };
        assert_eq!(kinds(&unkept, &entry, &[]), []);
        entry.attributes.insert("pwdlastset".into(), vec!["0".into()]);
        assert_eq!(kinds(&it, &entry, &[]), [DriftKind::Password], "must be changed");
    }

    #[test]
    fn s_6_one_of_our_effects_explains_a_password_up_to_the_skew_around_it() {
        let mut entry = entry(&account(1));
        assert!(!explains_password(&entry, &[(now(), now() + HOUR)]));
        for (at, explained) in [
            (now() - SKEW - SECOND, false),
            (now() - SKEW, true),
            (now() + HOUR + SKEW, true),
            (now() + HOUR + SKEW + SECOND, false),
        ] {
            set(&mut entry, "pwdlastset", at);
            assert_eq!(explains_password(&entry, &[(now(), now() + HOUR)]), explained, "{at}");
        }
    }

    #[test]
    fn s_6_groups_elsewhere_and_names_in_another_case_do_not_differ() {
        let (here, there) = (dn("CN=a,DC=x"), dn("CN=b,DC=y"));
        let mut it = account(1);
        it.groups = vec![here.clone(), there];
        let mut entry = entry(&it);
        assert_eq!(kinds(&it, &entry, std::slice::from_ref(&here)), []);
        assert_eq!(kinds(&it, &entry, &[here.clone(), here.clone()]), []);
        assert_eq!(kinds(&it, &entry, &[]), [DriftKind::Groups]);
        it.groups = vec![here];
        it.name = it.name.to_uppercase();
        assert_eq!(kinds(&it, &entry, &it.groups), []);
        entry.attributes.insert("samaccountname".into(), vec!["other".into()]);
        assert_eq!(kinds(&it, &entry, &it.groups), [DriftKind::Renamed], "once");
        entry.attributes.insert("samaccountname".into(), vec![it.name.clone()]);
        it.common_name = Some("other".into());
        assert_eq!(kinds(&it, &entry, &it.groups), [DriftKind::Renamed]);
    }

    #[test]
    fn s_6_enabled_or_not_is_judged_by_the_status() {
        let mut it = account(1);
        let mut entry = entry(&it);
        for (flags, status, expected) in [
            ("512", AccountStatus::Active, vec![]),
            ("512", AccountStatus::Expired, vec![]),
            ("512", AccountStatus::Disabled, vec![DriftKind::Enabled]),
            ("514", AccountStatus::Active, vec![DriftKind::Disabled]),
            ("514", AccountStatus::Expired, vec![DriftKind::Disabled]),
            ("514", AccountStatus::Disabled, vec![]),
            ("514", AccountStatus::Deleted, vec![]),
            ("512", AccountStatus::Deleted, vec![DriftKind::Enabled]),
        ] {
            entry.attributes.insert("useraccountcontrol".into(), vec![flags.into()]);
            it.status = status;
            assert_eq!(kinds(&it, &entry, &[]), expected, "{flags} {status:?}");
        }
    }

    #[test]
    fn s_6_only_what_is_not_retired_is_missed() {
        let base = dn("DC=x");
        let seen = Seen::new(None, &[], &base, now());
        let mut it = account(1);
        assert_eq!(differences(&it, &seen).len(), 1);
        it.status = AccountStatus::Deleted;
        assert_eq!(differences(&it, &seen), []);
    }

    #[test]
    fn s_8_the_days_that_a_sign_in_may_be_unknown_pass_as_well() {
        let mut it = account(1);
        let mut entry = entry(&it);
        let found = |it: &Account, entry: &MirrorEntry, before| {
            unused(it, entry, 30, before, now()).map(|item| (item.kind, item.found))
        };
        it.provisioned_at = now() - DAY * 44;
        assert_eq!(found(&it, &entry, false), None);
        it.provisioned_at -= SECOND;
        assert_eq!(found(&it, &entry, false), Some((DriftKind::Inactive, "nobody ever signed in".into())));
        set(&mut entry, "lastlogontimestamp", now() - DAY * 44);
        assert_eq!(found(&it, &entry, false), None);
        set(&mut entry, "lastlogontimestamp", now() - DAY * 44 - SECOND);
        let (kind, text) = found(&it, &entry, false).unwrap();
        assert!(kind == DriftKind::Inactive && text.contains("14 days later"), "{text}");
        it.status = AccountStatus::Disabled;
        assert_eq!(found(&it, &entry, false), None);
    }

    #[test]
    fn s_8_our_own_sign_in_says_nothing_after_fourteen_days() {
        let mut it = account(1);
        let mut entry = entry(&it);
        let mut kind = |last: Timestamp, bind: Timestamp, before| {
            set(&mut entry, "lastlogontimestamp", last);
            it.binds = vec![bind];
            unused(&it, &entry, 30, before, now()).map(|item| item.kind)
        };
        let last = now() - DAY * 14;
        let unknown = Some(DriftKind::UseUnknown);
        assert_eq!(kind(last, last, false), None);
        assert_eq!(kind(last, last, true), unknown);
        let last = last - SECOND;
        assert_eq!(kind(last, last, false), unknown);
        assert_eq!(kind(last, last + SKEW, false), unknown);
        assert_eq!(kind(last, last - SKEW, false), unknown);
        assert_eq!(kind(last, last + SKEW + SECOND, true), None, "somebody else's");
    }

    #[test]
    fn s_6_service_names_and_the_end_are_compared_and_said() {
        let mut it = account(1);
        it.kind = AccountKind::GroupManaged;
        it.service_principal_names = vec!["HTTP/web.x".into()];
        let mut entry = entry(&it);
        entry.attributes.insert("serviceprincipalname".into(), vec!["http/WEB.x".into()]);
        assert_eq!(kinds(&it, &entry, &[]), []);
        entry.attributes.remove("serviceprincipalname");
        let base = dn("DC=x");
        let seen = Seen::new(Some(&entry), &[], &base, now());
        let items = differences(&it, &seen);
        assert_eq!(items, [DriftItem::new(DriftKind::ServiceNames, "HTTP/web.x", "none", now())]);
        it.service_principal_names.clear();
        it.groups = vec![dn("CN=b,DC=x"), dn("CN=a,DC=x")];
        let items = differences(&it, &seen);
        assert_eq!(items, [DriftItem::new(DriftKind::Groups, "CN=a,DC=x; CN=b,DC=x", "none", now())]);
        it.groups.clear();
        entry.attributes.insert("accountexpires".into(), vec!["0".into()]);
        assert_eq!(kinds(&it, &entry, &[]), []);
        set(&mut entry, "accountexpires", now());
        assert_eq!(kinds(&it, &entry, &[]), [DriftKind::Expiry]);
    }

    #[test]
    fn s_6_a_password_that_must_be_changed_is_not_another_one() {
        let it = account(1);
        let mut entry = entry(&it);
        let base = dn("DC=x");
        let mut another = |set: &dyn Fn(&mut MirrorEntry)| {
            set(&mut entry);
            let items = differences(&it, &Seen::new(Some(&entry), &[], &base, now()));
            assert_eq!(items.len(), 1);
            is_another_password(&items[0])
        };
        assert!(another(&|entry| set(entry, "pwdlastset", now())));
        assert!(!another(&|entry| drop(entry.attributes.insert("pwdlastset".into(), vec!["0".into()]))));
        let end = DriftItem::new(DriftKind::Expiry, "never", format!("{SET}{}", now()), now());
        assert!(!is_another_password(&end));
    }
}
