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
