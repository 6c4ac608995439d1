//! The last value that is allowed and the first that is not.

use std::collections::BTreeSet;

use alm_core::model::account::Owner;
use alm_core::model::ids::{DomainId, PersonId, VaultId};
use alm_core::model::managed::AccountKind;
use alm_core::model::people::{EVERYONE, Person};
use alm_core::model::period::Period;
use alm_core::model::template::{
    ApprovalStep, DirectoryPlace, EolAction, OwnershipRule, TemplateBody, VaultPlace,
};
use alm_core::rules::guard::{Sweep, SweepLimits};
use alm_core::rules::{guard, naming, ownership, template, text};
use jiff::SignedDuration;
use uuid::Uuid;

use super::proves;
use crate::it::world::{OU, at};

fn person(n: u128) -> Person {
    Person::new(PersonId::new(Uuid::from_u128(n)), format!("person {n}"))
}

fn body() -> TemplateBody {
    let place = DirectoryPlace::new(DomainId::new(Uuid::from_u128(1)), OU.parse().unwrap());
    let vault = VaultPlace::new(VaultId::new(Uuid::from_u128(2)), "12", "6001");
    let mut body = TemplateBody::new(EolAction::Review, vault, place);
    body.periods = vec![Period::Days(90)];
    body.approval = vec![ApprovalStep::of_groups("anybody", [EVERYONE])];
    body
}

/// The rules that refuse a template, with `people` in the organization.
fn refused(body: &TemplateBody, people: u128) -> Vec<&'static str> {
    let people: Vec<_> = (1..=people).map(person).collect();
    let refusals = template::check("life", body, &people, &[]).err().unwrap_or_default();
    refusals.iter().map(alm_core::Refusal::rule).collect()
}

#[test]
fn l_39_the_sweep_asks_beyond_its_limits_and_not_at_them() {
    let _proof = proves(&["L-39"]);
    let now = at("2026-11-20T12:00:00Z");
    let limits = SweepLimits::default();
    let asks = |changes, active, last, clock| {
        let mut sweep = Sweep::new(changes, active, last, now);
        sweep.clocks.push(("dc1".into(), clock));
        guard::check(&sweep, &limits).len()
    };
    let hour = SignedDuration::from_hours(1);
    let second = SignedDuration::from_secs(1);
    let last = Some(now - hour);
    // 50 always; more than that when it is no more than 5 %.
    for (changes, active, expected) in
        [(50, 0, 0), (51, 0, 1), (51, 1_020, 0), (51, 1_019, 1), (52, 1_020, 1)]
    {
        assert_eq!(asks(changes, active, last, now), expected, "{changes} of {active}");
    }
    for (before, expected) in [
        (hour * 25, 0),
        (hour * 25 + second, 1),
        (-second * 300, 0),
        (-second * 301, 1),
        (SignedDuration::ZERO, 0),
    ] {
        assert_eq!(asks(0, 0, Some(now - before), now), expected, "{before}");
    }
    for (skew, expected) in [(300, 0), (301, 1), (-300, 0), (-301, 1)] {
        assert_eq!(asks(0, 0, last, now + second * skew), expected, "{skew}");
    }
    // Never run before: nothing to compare with.
    assert_eq!(asks(50, 0, None, now), 0);
}

#[test]
fn nm_1_a_name_has_twenty_characters_at_most() {
    let _proof = proves(&["NM-1"]);
    let place = body().directory;
    let check = |name: &str| naming::check(&place, AccountKind::User, name);
    assert!(check(&"x".repeat(20)).is_ok());
    assert_eq!(check(&"x".repeat(21)).unwrap_err().len(), 1);
    assert!(check("x").is_ok());
    // Of characters, which a name of others would be told of as well.
    assert_eq!(check(&"ü".repeat(20)).unwrap_err().len(), 1);
}

#[test]
fn nm_1_a_gmsas_name_has_fifteen_characters_at_most_and_a_dollar() {
    let _proof = proves(&["NM-1"]);
    let mut place = body().directory;
    let refused = |place: &DirectoryPlace, requested: &str| {
        let name = naming::full_name(place, AccountKind::GroupManaged, requested);
        assert!(name.ends_with('$') && naming::common_name(&name) == name.trim_end_matches('$'));
        let refusals = naming::check(place, AccountKind::GroupManaged, &name).err().unwrap_or_default();
        refusals.iter().map(alm_core::Refusal::rule).collect::<Vec<_>>()
    };
    assert!(refused(&place, &"x".repeat(15)).is_empty());
    assert_eq!(refused(&place, &"x".repeat(16)), ["NM-1"]);
    assert_eq!(refused(&place, "web."), ["NM-1"]);
    // Its own dollar is not of the name that people choose, nor what the pattern is about.
    place.name_pattern = Some("^[a-z]+$".into());
    assert!(refused(&place, "web").is_empty());
    assert_eq!(refused(&place, "web1"), ["T-3"]);
}

#[test]
fn r_3_a_text_is_as_long_as_it_may_be() {
    let _proof = proves(&["R-3"]);
    for (length, fits) in [(0, true), (9, true), (10, true), (11, false)] {
        let text = "ü".repeat(length);
        assert_eq!(text::check("R-3", "description", &text, 10, false, false).is_ok(), fits, "{length}");
    }
    assert!(text::check("R-3", "description", "", 10, true, false).is_err());
    assert!(text::check("R-3", "description", "x", 10, true, false).is_ok());
    for hidden in [
        '\u{0}', '\u{7F}', '\u{200B}', '\u{200F}', '\u{202A}', '\u{202E}', '\u{2060}', '\u{2069}', '\u{61C}',
        '\u{FEFF}',
    ] {
        assert!(text::check("R-3", "description", &format!("a{hidden}b"), 10, false, true).is_err());
    }
    for shown in ['\u{200A}', '\u{2010}', '\u{2029}', '\u{202F}', '\u{205F}', '\u{206A}', 'é', '\u{20AC}'] {
        assert!(
            text::check("R-3", "description", &format!("a{shown}b"), 10, false, false).is_ok(),
            "{shown:?}"
        );
    }
}

#[test]
fn w_1_t_4_as_many_owners_as_the_template_says() {
    let _proof = proves(&["W-1", "T-4"]);
    let people: Vec<_> = (1..=5).map(person).collect();
    let count = |rule, n: usize| {
        let owners: BTreeSet<_> = people.iter().take(n).map(|person| Owner::Person(person.id)).collect();
        ownership::check(rule, people[0].id, &owners, &people, &[]).len()
    };
    let two_to_three = OwnershipRule::People { min: 2, max: 3 };
    for (n, expected) in [(1, 1), (2, 0), (3, 0), (4, 1)] {
        assert_eq!(count(two_to_three, n), expected, "{n}");
        assert_eq!(count(OwnershipRule::Unrestricted, n), 0);
        assert_eq!(count(OwnershipRule::RequesterOnly, n), usize::from(n > 1));
    }
    for (min, max, fits) in [(1, 1, true), (2, 1, false), (0, 1, false), (2, 2, true)] {
        let mut body = body();
        body.ownership = OwnershipRule::People { min, max };
        assert_eq!(refused(&body, 5).is_empty(), fits, "{min} to {max}");
    }
}

#[test]
fn t_5_t_12_lead_time_and_approvers_are_just_enough() {
    let _proof = proves(&["T-5", "T-12", "T-6"]);
    assert_eq!(refused(&body(), 2), Vec::<&str>::new());
    for (lead, period, fits) in [
        (0, Period::Days(1), true),
        (1, Period::Days(1), false),
        (89, Period::Days(90), true),
        (90, Period::Days(90), false),
        (364, Period::Years(1), true),
        (365, Period::Years(1), false),
    ] {
        let mut body = body();
        (body.renewal_lead_days, body.periods) = (lead, vec![period]);
        assert_eq!(refused(&body, 2), if fits { vec![] } else { vec!["T-12"] }, "{lead} {period}");
    }
    for (period, fits) in [
        (Period::Days(0), false),
        (Period::Days(36_500), true),
        (Period::Days(36_501), false),
        (Period::Years(0), false),
        (Period::Years(100), true),
        (Period::Years(101), false),
    ] {
        let mut body = body();
        (body.renewal_lead_days, body.periods) = (0, vec![period]);
        assert_eq!(refused(&body, 2), if fits { vec![] } else { vec!["T-5"] }, "{period}");
    }
    // Anybody may request and everybody approve: one of them is the requester.
    for (required, people, fits) in [(1, 1, false), (1, 2, true), (2, 2, false), (2, 3, true)] {
        let mut body = body();
        body.approval[0].required = required;
        assert_eq!(
            refused(&body, people),
            if fits { vec![] } else { vec!["T-12"] },
            "{required} of {people}"
        );
    }
    // Whoever may approve and not request counts whole.
    let mut body = body();
    body.requesters = BTreeSet::from([alm_core::model::ids::GroupId::new(Uuid::from_u128(77))]);
    assert_eq!(refused(&body, 1), Vec::<&str>::new());
}
