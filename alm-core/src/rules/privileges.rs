//! The directory groups of an account, and when it leaves them again.

use jiff::{SignedDuration, Timestamp};

use crate::model::account::{Account, AccountStatus, PrivilegeEnd};
use crate::model::refusal::Refusal;
use crate::model::request::PrivilegeChange;

/// From when on the end of a privilege is called late.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// Everything that speaks against a change, whoever asks for it: judged when it is asked for, and again when it is approved.
pub fn check(account: &Account, change: &PrivilegeChange, now: Timestamp) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |field, message: String| refusals.push(Refusal::new("R-14", field, message));
    let (name, group) = (&account.name, &change.group);
    let member = account.groups.contains(group);
    // A privilege that ends can be asked for again, with another end or none.
    let ends = account.privilege_ends.iter().any(|end| end.group == *group);
    if change.joins && member && !ends {
        refuse("group", format!("{name} is a member of {group} already"));
    }
    if !change.joins && !member {
        refuse("group", format!("{name} is no member of {group}"));
    }
    match change.until {
        Some(_) if !change.joins => refuse("until", "who leaves a group leaves it for good".to_owned()),
        Some(until) if until <= now => refuse("until", format!("{until} is over")),
        _ => {}
    }
    if account.status == AccountStatus::Deleted {
        refusals.push(Refusal::new("I-4", "account", format!("{name} is deleted")));
    }
    refusals
}

/// The record after a change was carried out.
pub fn apply(account: &mut Account, change: &PrivilegeChange) {
    account.privilege_ends.retain(|end| end.group != change.group);
    if !change.joins {
        account.groups.retain(|group| *group != change.group);
        return;
    }
    if !account.groups.contains(&change.group) {
        account.groups.push(change.group.clone());
    }
    account.privilege_ends.extend(change.until.map(|at| PrivilegeEnd::new(change.group.clone(), at)));
}

/// The record after privileges ended.
pub fn end(account: &mut Account, ends: &[PrivilegeEnd]) {
    account.groups.retain(|group| ends.iter().all(|end| end.group != *group));
    account.privilege_ends.retain(|end| ends.iter().all(|ended| ended.group != end.group));
}

/// Those whose time is over.
pub fn over(account: &Account, now: Timestamp) -> Vec<PrivilegeEnd> {
    account.privilege_ends.iter().filter(|end| end.at <= now).cloned().collect()
}

/// A change in words.
pub fn describe(name: &str, change: &PrivilegeChange) -> String {
    let group = &change.group;
    match (change.joins, change.until) {
        (true, Some(until)) => format!("{name} is a member of {group} until {until}"),
        (true, None) => format!("{name} is a member of {group}"),
        (false, _) => format!("{name} is no member of {group} any more"),
    }
}

/// Ends in words, and how late they are.
pub fn describe_ends(name: &str, ends: &[PrivilegeEnd], now: Timestamp) -> String {
    let groups = ends.iter().map(|end| end.group.to_string()).collect::<Vec<_>>().join(" and ");
    let late = ends.iter().map(|end| now.duration_since(end.at)).max().filter(|late| *late > LATE);
    let text = format!("{name} is no member of {groups} any more, since the time is over");
    match late {
        Some(late) => format!("{text}; that comes {} hours late", late.as_hours()),
        None => text,
    }
}
