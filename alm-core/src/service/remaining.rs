//! Who would remain: what a change of a person or a group leaves behind, judged before it is made (P-2, W-2).

use std::collections::BTreeSet;

use super::owners::rest_on_one;
use super::stored::{index, owner_key};
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus, Owner};
use crate::model::ids::{GroupId, PersonId};
use crate::model::people::{Group, Person, SYSTEM_ADMINISTRATOR};
use crate::model::request::Request;
use crate::rules::ownership;

/// The one thing that is about to change, as it would be afterwards.
#[derive(Clone, Copy, Debug)]
pub(super) enum After<'a> {
    Person(&'a Person),
    Group(&'a Group),
}

impl After<'_> {
    const fn field(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Group(_) => "group",
        }
    }

    fn in_people(self, people: &mut [Person]) {
        if let Self::Person(after) = self {
            // Somebody may be there twice: directly, and as a member.
            people
                .iter_mut()
                .filter(|person| person.id == after.id)
                .for_each(|person| person.clone_from(after));
        }
    }

    fn in_groups(self, groups: &mut [Group]) {
        if let Self::Group(after) = self
            && let Some(before) = groups.iter_mut().find(|group| group.id == after.id)
        {
            before.clone_from(after);
        }
    }
}

/// P-2: refuses a change that would leave nobody who administers.
pub(super) async fn require_administrator(unit: &mut Unit<'_>, after: After<'_>) -> Result<()> {
    let before = unit.administrators().await?;
    let remain = administrators_after(unit, after).await?;
    if remain.is_superset(&before) {
        return Ok(());
    }
    let Some(one) = remain.first() else {
        return unit.refuse(Refusal::new(
            "P-2",
            after.field(),
            "no enabled System Administrator would remain",
        ));
    };
    // Two who end each other's administration at the same moment cannot both succeed.
    unit.rests_on::<Person>(one.uuid());
    for group in unit.find_by::<Group>(index::ROLE, &SYSTEM_ADMINISTRATOR.to_string()).await? {
        unit.rests_on::<Group>(group.id.uuid());
    }
    Ok(())
}

async fn administrators_after(unit: &mut Unit<'_>, after: After<'_>) -> Result<BTreeSet<PersonId>> {
    let role = SYSTEM_ADMINISTRATOR.to_string();
    let mut people = unit.find_by::<Person>(index::ROLE, &role).await?;
    let mut groups = unit.find_by::<Group>(index::ROLE, &role).await?;
    after.in_people(&mut people);
    after.in_groups(&mut groups);
    people.retain(|person| person.roles.contains(&SYSTEM_ADMINISTRATOR));
    groups.retain(|group| group.enabled && group.roles.contains(&SYSTEM_ADMINISTRATOR));
    let mut members = unit.members(&groups).await?;
    after.in_people(&mut members);
    people.extend(members);
    Ok(people.into_iter().filter(|person| person.enabled).map(|person| person.id).collect())
}

/// The owners that the change touches: the person, the group, the person's groups, and the groups in whose place any of these stand.
pub(super) async fn touched(unit: &mut Unit<'_>, after: After<'_>) -> Result<Vec<Owner>> {
    let (person, groups) = match after {
        After::Person(person) => {
            let groups = unit.find_by::<Group>(index::MEMBER, &person.id.to_string()).await?;
            (Some(person.id), groups.iter().map(|group| group.id).collect())
        }
        After::Group(group) => (None, BTreeSet::from([group.id])),
    };
    let groups = named_by(unit, groups).await?;
    Ok(person.map(Owner::Person).into_iter().chain(groups.into_iter().map(Owner::Group)).collect())
}

/// W-2: refuses a change that would leave an account, or what is being provisioned, without an active owner. Names all of them.
pub(super) async fn require_owners(unit: &mut Unit<'_>, after: After<'_>) -> Result<()> {
    let mut refusals = Vec::new();
    for owner in touched(unit, after).await? {
        let key = owner_key(owner);
        for account in unit.find_by::<Account>(index::OWNER, &key).await? {
            if account.status != AccountStatus::Deleted && !owned(unit, &account.owners, after).await? {
                refusals.push(refusal(after, &account.name));
            }
        }
        for request in unit.find_by::<Request>(index::OWNER, &key).await? {
            let owners = ownership::with_requester(&request.form.owners, request.requester);
            if !owned(unit, &owners, after).await? {
                refusals
                    .push(refusal(after, &format!("{}, which is being provisioned", request.account_name)));
            }
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(Error::refused(unit.operation, refusals)) }
}

fn refusal(after: After<'_>, what: &str) -> Refusal {
    let message = format!("no active owner of {what} would remain; name another owner first");
    Refusal::new("W-2", after.field(), message)
}

/// These groups, and those in whose place they stand: an owner may be named by any of them.
async fn named_by(unit: &mut Unit<'_>, groups: BTreeSet<GroupId>) -> Result<BTreeSet<GroupId>> {
    let mut wanted: Vec<GroupId> = groups.into_iter().collect();
    let mut names = BTreeSet::new();
    while let Some(id) = wanted.pop() {
        if names.insert(id) {
            let replaced = unit.find_by::<Group>(index::REPLACED_BY, &id.to_string()).await?;
            wanted.extend(replaced.iter().map(|group| group.id));
        }
    }
    Ok(names)
}

/// Whether one of the owners would be active.
async fn owned(unit: &mut Unit<'_>, owners: &BTreeSet<Owner>, after: After<'_>) -> Result<bool> {
    let (people, groups) = behind(unit, owners, after).await?;
    Ok(rest_on_one(unit, owners, &people, &groups))
}

/// Everybody who would be an active owner.
pub(super) async fn active_owners(
    unit: &mut Unit<'_>,
    owners: &BTreeSet<Owner>,
    after: After<'_>,
) -> Result<BTreeSet<PersonId>> {
    let (people, groups) = behind(unit, owners, after).await?;
    Ok(ownership::active_people(owners, &people, &groups))
}

/// The people and groups behind owners, as they would be.
async fn behind(
    unit: &mut Unit<'_>,
    owners: &BTreeSet<Owner>,
    after: After<'_>,
) -> Result<(Vec<Person>, Vec<Group>)> {
    let named = owners.iter().filter_map(|owner| match owner {
        Owner::Group(id) => Some(*id),
        Owner::Person(_) => None,
    });
    let in_its_place = match after {
        After::Group(group) => group.replaced_by,
        After::Person(_) => None,
    };
    let mut groups = unit.groups(named.chain(in_its_place).collect::<Vec<_>>()).await?;
    after.in_groups(&mut groups);
    let mut people = unit
        .people(owners.iter().filter_map(|owner| match owner {
            Owner::Person(id) => Some(*id),
            Owner::Group(_) => None,
        }))
        .await?;
    people.extend(unit.members(&groups).await?);
    after.in_people(&mut people);
    Ok((people, groups))
}
