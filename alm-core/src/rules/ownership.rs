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

    #[test]
    fn w_1_where_only_the_requester_may_own_it_nobody_else_does() {
        let [ann, ben] = [1, 2].map(person);
        let people = [ann.clone(), ben.clone()];
        let owners = with_requester(&BTreeSet::new(), ann.id);
        assert_eq!(owners, [Owner::Person(ann.id)].into());
        assert_eq!(check(OwnershipRule::RequesterOnly, ann.id, &owners, &people, &[]), []);
        let owners = with_requester(&[Owner::Person(ben.id)].into(), ann.id);
        assert_eq!(owners.len(), 2);
        assert_eq!(check(OwnershipRule::RequesterOnly, ann.id, &owners, &people, &[]).len(), 1);
    }

    #[test]
    fn w_2_p_4_who_is_disabled_or_in_a_disabled_group_owns_nothing_actively() {
        let [ann, mut ben, cid] = [1, 2, 3].map(person);
        ben.enabled = false;
        let people = [ann.clone(), ben.clone(), cid.clone()];
        let group = |n, members: &[&Person]| {
            Group::new(GroupId::new(Uuid::from_u128(n)), "team", members.iter().map(|person| person.id))
        };
        let mut groups = [group(5, &[&ann, &ben]), group(6, &[&ben]), group(7, &[&ann])];
        groups[2].enabled = false;
        let of = |owner: Owner| BTreeSet::from([owner]);
        let [team, gone, disabled] = [0, 1, 2].map(|n| Owner::Group(groups[n].id));
        for (owner, active) in [
            (Owner::Person(ann.id), vec![ann.id]),
            (Owner::Person(ben.id), vec![]),
            (team, vec![ann.id]),
            (gone, vec![]),
            (disabled, vec![]),
        ] {
            assert_eq!(has_active(&of(owner), &people, &groups), !active.is_empty(), "{owner:?}");
            assert_eq!(
                active_people(&of(owner), &people, &groups),
                active.into_iter().collect(),
                "{owner:?}"
            );
        }
        assert!(is_owner(ann.id, &of(team), &groups) && !is_owner(cid.id, &of(team), &groups));
        let person = of(Owner::Person(ann.id));
        assert!(is_owner(ann.id, &person, &groups) && !is_owner(cid.id, &person, &groups));
    }
}
