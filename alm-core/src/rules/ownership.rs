//! Who answers for an account (section W, T-4).

use std::collections::BTreeSet;

use crate::model::account::Owner;
use crate::model::ids::PersonId;
use crate::model::people::{EVERYONE, Group, Person};
use crate::model::refusal::Refusal;
use crate::model::template::OwnershipRule;

/// The owners of a new account: the requester is the first.
pub fn with_requester(owners: &BTreeSet<Owner>, requester: PersonId) -> BTreeSet<Owner> {
    let mut all = owners.clone();
    all.insert(Owner::Person(requester));
    all
}

/// Checks owners against the template's rule (W-1) and for at least one active one (W-2).
pub fn check(
    rule: OwnershipRule,
    requester: PersonId,
    owners: &BTreeSet<Owner>,
    people: &[Person],
    groups: &[Group],
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let count = u32::try_from(owners.len()).unwrap_or(u32::MAX);
    let has_groups = owners.iter().any(|owner| matches!(owner, Owner::Group(_)));
    match rule {
        OwnershipRule::Unrestricted => {}
        OwnershipRule::RequesterOnly => {
            if owners.iter().any(|owner| *owner != Owner::Person(requester)) {
                refusals.push(Refusal::new("W-1", "owners", "only the requester may own it"));
            }
        }
        OwnershipRule::People { min, max } => {
            if has_groups {
                refusals.push(Refusal::new("W-1", "owners", "only people may own it, no groups"));
            }
            if count < min || count > max {
                refusals.push(Refusal::new(
                    "W-1",
                    "owners",
                    format!("{count} owners are named, {min} to {max} are allowed"),
                ));
            }
        }
    }
    for owner in owners {
        let known = match owner {
            Owner::Person(id) => people.iter().any(|person| person.id == *id),
            Owner::Group(id) => *id == EVERYONE || groups.iter().any(|group| group.id == *id),
        };
        if !known {
            refusals.push(Refusal::new("W-1", "owners", format!("{owner:?} is unknown")));
        }
    }
    if !has_active(owners, people, groups) {
        refusals.push(Refusal::new("W-2", "owners", "at least one enabled owner must remain"));
    }
    refusals
}

/// Whether one of the owners is active: an enabled person, or an enabled group with an enabled person in it (W-2, I-6).
pub fn has_active(owners: &BTreeSet<Owner>, people: &[Person], groups: &[Group]) -> bool {
    owners.iter().any(|owner| match owner {
        Owner::Person(id) => people.iter().any(|person| person.id == *id && person.enabled),
        Owner::Group(id) => super::access::standing(*id, groups)
            .is_some_and(|group| people.iter().any(|person| person.enabled && group.has(person.id))),
    })
}

/// Whether `person` is an owner: directly, or through an enabled group (P-4).
pub fn is_owner(person: PersonId, owners: &BTreeSet<Owner>, groups: &[Group]) -> bool {
    owners.iter().any(|owner| match owner {
        Owner::Person(id) => *id == person,
        Owner::Group(id) => super::access::is_in_any(person, [id], groups),
    })
}

/// Everybody who is an owner and enabled.
pub fn active_people(owners: &BTreeSet<Owner>, people: &[Person], groups: &[Group]) -> BTreeSet<PersonId> {
    people
        .iter()
        .filter(|person| person.enabled && is_owner(person.id, owners, groups))
        .map(|person| person.id)
        .collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::ids::GroupId;
    use crate::rules::fixture::person;

    #[test]
    fn w_1_the_number_of_people_lies_within_the_rule_and_not_beyond() {
        let people = [1, 2, 3, 4, 5].map(person);
        let rule = OwnershipRule::People { min: 2, max: 4 };
        for (count, expected) in [(1, 1), (2, 0), (4, 0), (5, 1)] {
            let owners = people.iter().take(count).map(|person| Owner::Person(person.id)).collect();
            let refusals = check(rule, people[0].id, &owners, &people, &[]);
            assert_eq!(refusals.len(), expected, "{refusals:?}");
        }
    }

    #[test]
    fn w_1_an_owner_that_there_is_not_is_named() {
        let ann = person(1);
        let group = |n| GroupId::new(Uuid::from_u128(n));
        let groups = [Group::new(group(5), "team", []), Group::new(EVERYONE, "Everyone", [])];
        let refused = |owner| {
            let owners = BTreeSet::from([Owner::Person(ann.id), owner]);
            let refusals =
                check(OwnershipRule::Unrestricted, ann.id, &owners, std::slice::from_ref(&ann), &groups);
            refusals.iter().map(Refusal::rule).collect::<Vec<_>>()
        };
        assert_eq!(refused(Owner::Group(group(6))), ["W-1"]);
        assert_eq!(refused(Owner::Person(person(2).id)), ["W-1"]);
        for known in [Owner::Group(group(5)), Owner::Group(EVERYONE), Owner::Person(ann.id)] {
            assert!(refused(known).is_empty(), "{known:?}");
        }
    }
}
