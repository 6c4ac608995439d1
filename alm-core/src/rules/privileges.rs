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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::fixture::{HOUR, SECOND, account, dn, now};

    fn change(joins: bool, until: Option<Timestamp>) -> PrivilegeChange {
        PrivilegeChange { group: dn("CN=readers,DC=x"), joins, until }
    }

    #[test]
    fn r_14_what_is_so_already_cannot_be_asked_for() {
        let (in_it, group) = (account(1), change(true, None).group);
        let outside = in_it.clone();
        let in_it = Account { groups: vec![group.clone()], ..in_it };
        let for_now =
            Account { privilege_ends: vec![PrivilegeEnd::new(group, now() + HOUR)], ..in_it.clone() };
        for (who, account, joins, leaves) in
            [("outside", &outside, 0, 1), ("inside", &in_it, 1, 0), ("inside until", &for_now, 0, 0)]
        {
            assert_eq!(check(account, &change(true, None), now()).len(), joins, "{who}");
            assert_eq!(check(account, &change(false, None), now()).len(), leaves, "{who}");
        }
        for (until, expected) in [(now() - SECOND, 1), (now(), 1), (now() + SECOND, 0)] {
            assert_eq!(check(&outside, &change(true, Some(until)), now()).len(), expected, "{until}");
        }
        assert_eq!(check(&in_it, &change(false, Some(now() + HOUR)), now()).len(), 1);
        let gone = Account { status: AccountStatus::Deleted, ..outside };
        let refusals = check(&gone, &change(true, None), now());
        assert_eq!(refusals.iter().map(Refusal::rule).collect::<Vec<_>>(), ["I-4"]);
    }

    #[test]
    fn r_14_a_change_is_about_its_group_alone() {
        let other = PrivilegeEnd::new(dn("CN=others,DC=x"), now());
        let mut it = account(1);
        (it.groups, it.privilege_ends) = (vec![other.group.clone()], vec![other.clone()]);
        let until = now() + HOUR;
        apply(&mut it, &change(true, Some(until)));
        let end_of_it = PrivilegeEnd::new(change(true, None).group, until);
        assert_eq!(it.groups, [other.group.clone(), end_of_it.group.clone()]);
        assert_eq!(it.privilege_ends, [other.clone(), end_of_it.clone()]);
        assert_eq!(over(&it, now()), std::slice::from_ref(&other));
        assert_eq!(over(&it, now() - SECOND), []);
        assert_eq!(over(&it, until), [other.clone(), end_of_it.clone()]);
        let before = it.clone();
        end(&mut it, std::slice::from_ref(&other));
        assert_eq!(it.groups, std::slice::from_ref(&end_of_it.group));
        assert_eq!(it.privilege_ends, std::slice::from_ref(&end_of_it));
        // For good: in the group once, and without an end.
        apply(&mut it, &change(true, None));
        assert_eq!((it.groups, it.privilege_ends), (vec![end_of_it.group], vec![]));
        let mut left = before;
        apply(&mut left, &change(false, None));
        assert_eq!((left.groups, left.privilege_ends), (vec![other.group.clone()], vec![other]));
    }

    #[test]
    fn x_23_more_than_an_hour_is_late() {
        let end = |before| PrivilegeEnd::new(dn("CN=readers,DC=x"), now() - before);
        let said = |ends: &[PrivilegeEnd]| describe_ends("svc_1", ends, now());
        let in_time = said(&[end(HOUR)]);
        assert!(!in_time.contains("late") && in_time.contains("CN=readers,DC=x"), "{in_time}");
        let late = said(&[end(HOUR), end(HOUR * 2 + SECOND)]);
        assert!(late.contains("2 hours late"), "{late}");
        assert!(said(&[end(HOUR + SECOND)]).contains("1 hours late"));
        let changes = [change(true, None), change(true, Some(now())), change(false, None)];
        let texts = changes.map(|change| describe("svc_1", &change));
        assert_eq!(texts[0], "svc_1 is a member of CN=readers,DC=x");
        assert_eq!(texts[1], "svc_1 is a member of CN=readers,DC=x until 2026-11-20T12:00:00Z");
        assert_eq!(texts[2], "svc_1 is no member of CN=readers,DC=x any more");
    }
}
