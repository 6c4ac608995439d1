//! The people behind an account's owners.

use std::collections::BTreeSet;

use super::unit::Unit;
use crate::error::Result;
use crate::model::account::Owner;
use crate::model::ids::PersonId;
use crate::model::people::{Group, Person};
use crate::rules::ownership;

/// The people and groups that owners name, the groups in the place of disabled ones, and the members of all those groups.
pub(super) async fn owners_of(
    unit: &mut Unit<'_>,
    owners: &BTreeSet<Owner>,
) -> Result<(Vec<Person>, Vec<Group>)> {
    let groups = unit
        .groups(owners.iter().filter_map(|owner| match owner {
            Owner::Group(id) => Some(*id),
            Owner::Person(_) => None,
        }))
        .await?;
    let mut people = unit
        .people(owners.iter().filter_map(|owner| match owner {
            Owner::Person(id) => Some(*id),
            Owner::Group(_) => None,
        }))
        .await?;
    for member in unit.members(&groups).await? {
        if !people.iter().any(|person| person.id == member.id) {
            people.push(member);
        }
    }
    Ok((people, groups))
}

/// W-2: what is decided rests on one active owner who remains, if there is one; whether there was. Whoever disables that one at the same moment, or
/// changes a group behind the owners, cannot succeed as well.
pub(super) fn rest_on_one(
    unit: &mut Unit<'_>,
    owners: &BTreeSet<Owner>,
    people: &[Person],
    groups: &[Group],
) -> bool {
    let active = ownership::active_people(owners, people, groups);
    let Some(one) = active.first() else { return false };
    unit.rests_on::<Person>(one.uuid());
    for group in groups {
        unit.rests_on::<Group>(group.id.uuid());
    }
    true
}

/// W-2, for whoever gives an account these owners: one who is active, and the groups behind, are written as they are, if there is one; whether there
/// was. To rest on them would not do: somebody who disables that one at this moment has not seen that the account is theirs.
pub(super) fn take_on(
    unit: &mut Unit<'_>,
    owners: &BTreeSet<Owner>,
    people: &[Person],
    groups: &[Group],
) -> Result<bool> {
    let active = ownership::active_people(owners, people, groups);
    let Some(one) = people.iter().find(|person| active.contains(&person.id)) else { return Ok(false) };
    unit.touch(one)?;
    for group in groups {
        unit.touch(group)?;
    }
    Ok(true)
}

/// Who is told about an account: its active owners.
pub(super) async fn owners_to_tell(
    unit: &mut Unit<'_>,
    owners: &BTreeSet<Owner>,
) -> Result<BTreeSet<PersonId>> {
    let (people, groups) = owners_of(unit, owners).await?;
    Ok(ownership::active_people(owners, &people, &groups))
}
