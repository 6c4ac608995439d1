//! Which accounts may come under which template, and with what (M-2).

use std::collections::BTreeMap;

use ad_directory::Dn;
use jiff::Timestamp;

use super::{attributes, lifecycle, pair, text};
use crate::model::account::{Account, AccountStatus, PrivilegeEnd};
use crate::model::migration::NewEnd;
use crate::model::period::Period;
use crate::model::refusal::Refusal;
use crate::model::template::{TemplateBody, TemplateVersion};

/// Everything about the account that speaks against it: only Active ones before their end of life are migrated, with nothing else under way.
pub fn check_account(account: &Account, now: Timestamp) -> Vec<Refusal> {
    let name = &account.name;
    let mut refusals = Vec::new();
    if let Some(operation) = account.operation {
        let what = if operation.failed { "failed and must be retried or abandoned" } else { "must end" };
        let message = format!("its operation {:?} {what} before {name} is migrated", operation.kind);
        refusals.push(Refusal::new("L-31", "account", message));
    }
    let status = lifecycle::status_at(account, now);
    if status != AccountStatus::Active {
        let message = format!("{name} is {status:?}; only Active accounts are migrated");
        refusals.push(Refusal::new("M-2", "account", message));
    } else if now >= account.eol {
        let message = format!("{name} reached its end of life at {}; renew it first", account.eol);
        refusals.push(Refusal::new("M-2", "account", message));
    }
    if account.renewal.is_some() {
        let message =
            format!("a renewal of {name} waits for its approvers; it must be decided or withdrawn first");
        refusals.push(Refusal::new("M-2", "renewal", message));
    }
    refusals
}

/// Everything about the template that speaks against it: another version, of the same kind, in the same domain, with the same vault.
pub fn check_target(account: &Account, old: &TemplateVersion, new: &TemplateVersion) -> Vec<Refusal> {
    let name = &account.name;
    let mut refusals: Vec<Refusal> =
        pair::may_migrate(account, &new.body.rotation).err().into_iter().collect();
    let mut refuse = |rule, field, message: String| refusals.push(Refusal::new(rule, field, message));
    if old.id == new.id {
        refuse("M-2", "template", format!("{name} is under version {} of {} already", new.number, new.name));
    }
    if new.body.kind != account.kind {
        refuse("M-2", "kind", format!("{} makes another kind of account than {name} is", new.name));
    }
    if new.body.directory.domain != account.domain {
        refuse("M-2", "domain", format!("{} is for another domain than that of {name}", new.name));
    }
    if let (Some(vault), Some(place)) = (account.vault, &new.body.vault)
        && place.vault != vault
    {
        refuse("M-2", "vault", format!("{} keeps passwords in another vault than that of {name}", new.name));
    }
    if let (Some(old), Some(new)) = (&old.body.managed, &new.body.managed)
        && old.password_interval_days != new.password_interval_days
    {
        let (old, new) = (old.password_interval_days, new.password_interval_days);
        let message =
            format!("the domain changes the password of {name} every {old} days for good, not every {new}");
        refuse("T-11", "password_interval_days", message);
    }
    refusals
}

/// Everything that is wrong with what was filled in, as far as the template's version alone says so.
pub fn check_choices(
    body: &TemplateBody,
    period: Period,
    folder: Option<&str>,
    chosen: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if !body.periods.contains(&period) {
        let offered = body.periods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("{period} is not offered; the template offers {offered}");
        refusals.push(Refusal::new("T-5", "period", message));
    }
    match (&body.vault, folder) {
        (Some(place), Some(folder)) => {
            if folder != place.folder && !place.allow_folder_override {
                let message = format!("{folder:?} is not the template's folder, and it allows no other");
                refusals.push(Refusal::new("NM-4", "folder", message));
            }
            refusals.extend(text::check("NM-4", "folder", folder, 400, true, false).err());
        }
        (None, Some(_)) => refusals.push(Refusal::new("T-11", "folder", "nothing of it is kept in a vault")),
        (_, None) => {}
    }
    refusals.extend(attributes::check_values("M-2", body, chosen));
    refusals.extend(attributes::missing(body, chosen, known));
    refusals
}

/// When it ends from then on.
///
/// # Errors
/// L-34 when the calendar has no such day; T-5 when it would live longer than it does now and than the longest life duration of the template,
/// counted from today.
pub fn end(
    new: NewEnd,
    account: &Account,
    period: Period,
    body: &TemplateBody,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    match new {
        NewEnd::Keep => Ok(account.eol),
        NewEnd::Renew => period.end_from(now).ok_or_else(|| {
            Refusal::new("L-34", "period", format!("{period} from now is beyond the calendar"))
        }),
        NewEnd::On(day) => {
            let end = day.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MAX, |day| day.timestamp());
            let longest = body.periods.iter().filter_map(|period| period.end_from(now)).max();
            match longest.filter(|longest| end > *longest && end > account.eol) {
                Some(longest) => {
                    let message = format!(
                        "{day} is later than {longest}, where the template's longest life duration ends"
                    );
                    Err(Refusal::new("T-5", "end", message))
                }
                None => Ok(end),
            }
        }
    }
}

/// The groups of a migrated account: what it has, without those that its old template gave and the new one does not, and with the new one's.
/// What a request gave it beside its template stays, and what was given until a date ends on that date, unless the new template gives it for good.
pub fn groups(account: &Account, old: &TemplateBody, new: &TemplateBody) -> (Vec<Dn>, Vec<PrivilegeEnd>) {
    let given = &new.directory.groups;
    let mut ends = account.privilege_ends.clone();
    ends.retain(|end| !given.contains(&end.group));
    let was_given =
        |group: &Dn| old.directory.groups.contains(group) && ends.iter().all(|end| end.group != *group);
    let mut groups: Vec<Dn> =
        account.groups.iter().filter(|group| given.contains(group) || !was_given(group)).cloned().collect();
    groups.extend(given.iter().filter(|group| !account.groups.contains(group)).cloned());
    (groups, ends)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::account::OperationKind;
    use crate::model::ids::{DomainId, PersonId, RequestId, TemplateId, TemplateVersionId, VaultId};
    use crate::model::managed::{AccountKind, ManagedTemplate};
    use crate::rules::fixture::{HOUR, SECOND, account, body, dn, now, operation};

    #[test]
    fn m_2_only_an_active_account_before_its_end_is_migrated() {
        let with = |change: fn(&mut Account)| {
            let mut account = account(1);
            change(&mut account);
            check_account(&account, now()).iter().map(Refusal::rule).collect::<Vec<_>>()
        };
        assert!(with(|_| {}).is_empty());
        assert_eq!(with(|it| it.eol = now()), ["M-2"]);
        assert!(with(|it| it.eol = now() + SECOND).is_empty());
        assert_eq!(with(|it| it.status = AccountStatus::Disabled), ["M-2"]);
        assert_eq!(with(|it| it.renewal = Some(RequestId::new(Uuid::from_u128(1)))), ["M-2"]);
        assert_eq!(with(|it| it.operation = Some(operation(OperationKind::Renew, true))), ["L-31"]);
    }

    #[test]
    fn t_5_nothing_ends_later_than_both_now_and_the_longest_life() {
        let mut it = account(1);
        // The longest of 90 and 30 days from 20 November.
        let longest: Timestamp = "2027-02-18T00:00:00Z".parse().unwrap();
        let on = |it: &Account, day: &str| {
            end(NewEnd::On(day.parse().unwrap()), it, Period::Days(30), &body(), now())
        };
        it.eol = longest - HOUR * 48;
        assert_eq!(on(&it, "2027-02-18"), Ok(longest));
        assert_eq!(on(&it, "2027-02-19").unwrap_err().rule(), "T-5");
        it.eol = longest + HOUR * 24;
        assert_eq!(on(&it, "2027-02-19"), Ok(it.eol));
        assert_eq!(on(&it, "2027-02-20").unwrap_err().rule(), "T-5");
        assert_eq!(end(NewEnd::Keep, &it, Period::Days(30), &body(), now()), Ok(it.eol));
        let renewed = end(NewEnd::Renew, &it, Period::Days(90), &body(), now());
        assert_eq!(renewed, Ok(longest));
    }

    #[test]
    fn nm_4_another_folder_only_where_the_template_allows_one() {
        let none = BTreeMap::new();
        let rules = |body: &TemplateBody, folder| {
            let refusals = check_choices(body, Period::Days(30), folder, &none, &none);
            refusals.iter().map(Refusal::rule).collect::<Vec<_>>()
        };
        let mut it = body();
        assert!(rules(&it, None).is_empty());
        assert!(rules(&it, Some("12")).is_empty());
        assert_eq!(rules(&it, Some("13")), ["NM-4"]);
        it.vault.as_mut().unwrap().allow_folder_override = true;
        assert!(rules(&it, Some("13")).is_empty());
        it.vault = None;
        assert_eq!(rules(&it, Some("13")), ["T-11"]);
        it.periods.clear();
        assert_eq!(rules(&it, None), ["T-5"]);
    }

    #[test]
    fn m_2_groups_of_the_old_template_go_and_those_of_a_request_stay() {
        let [old, new, both, asked, ends] =
            ["old", "new", "both", "asked", "ends"].map(|name| dn(&format!("CN={name},DC=x")));
        let (mut before, mut after) = (body(), body());
        before.directory.groups = vec![old.clone(), both.clone(), ends.clone()];
        after.directory.groups = vec![new.clone(), both.clone()];
        let mut it = account(1);
        it.groups = vec![old, both.clone(), asked.clone(), ends.clone()];
        let until = |group: &Dn| PrivilegeEnd::new(group.clone(), now());
        it.privilege_ends = vec![until(&both), until(&ends)];
        let (groups, left) = groups(&it, &before, &after);
        assert_eq!(groups, [both, asked, ends.clone(), new]);
        assert_eq!(left, [until(&ends)], "what the new template gives is for good");
    }

    #[test]
    fn m_2_the_template_makes_the_same_kind_of_account_in_the_same_place() {
        let version = |n: u128| TemplateVersion {
            id: TemplateVersionId::new(Uuid::from_u128(n)),
            template: TemplateId::new(Uuid::from_u128(3)),
            name: "shop".into(),
            number: 2,
            published_at: now(),
            published_by: PersonId::new(Uuid::from_u128(1)),
            body: body(),
        };
        let fields = |change: fn(&mut TemplateVersion)| {
            let mut new = version(5);
            change(&mut new);
            let refusals = check_target(&account(1), &version(4), &new);
            refusals.iter().map(|refusal| refusal.field().to_owned()).collect::<Vec<_>>()
        };
        assert!(fields(|_| {}).is_empty());
        assert_eq!(fields(|new| new.id = TemplateVersionId::new(Uuid::from_u128(4))), ["template"]);
        assert_eq!(fields(|new| new.body.kind = AccountKind::GroupManaged), ["kind"]);
        let elsewhere = DomainId::new(Uuid::from_u128(9));
        assert_eq!(
            check_target(&account(1), &version(4), &{
                let mut new = version(5);
                new.body.directory.domain = elsewhere;
                new
            })
            .len(),
            1
        );
        assert_eq!(
            fields(|new| new.body.vault.as_mut().unwrap().vault = VaultId::new(Uuid::from_u128(9))),
            ["vault"]
        );
        let every = |days| {
            let mut version = version(days);
            let mut managed = ManagedTemplate::new([]);
            managed.password_interval_days = u32::try_from(days).unwrap();
            version.body.managed = Some(managed);
            version
        };
        assert_eq!(check_target(&account(1), &every(30), &every(31)).len(), 1);
        let same = TemplateVersion { body: every(30).body, ..version(5) };
        assert_eq!(check_target(&account(1), &every(30), &same), []);
    }
}
