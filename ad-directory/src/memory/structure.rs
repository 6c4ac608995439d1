//! Groups and units: making them, deleting them, and changing many members at once.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    checks::{changeable_group, no_parent},
    world::{World, no_object},
};
use crate::{
    Container, ContainerKind, Dn, Error, ErrorKind, Group, GroupKey, MemberChanges, MembersChanged, NewGroup,
    ObjectGuid, Result,
};

fn taken(dn: &Dn, operation: &'static str, why: &'static str) -> Error {
    Error::new(ErrorKind::AlreadyExists, operation).with_subject(dn).with_reason(why).with_codes(
        Some(68),
        Some(0x2071),
        None,
    )
}

fn place(world: &World, dn: &Dn, operation: &'static str) -> Result<()> {
    if let Some(parent) = dn.parent()
        && world.find_container(&parent).is_none()
    {
        return Err(no_parent(&parent, operation));
    }
    if world.exists(dn) {
        return Err(taken(dn, operation, "the name is taken in this container"));
    }
    Ok(())
}

pub(super) fn make_group(world: &mut World, new: &NewGroup) -> Result<Group> {
    let operation = "groups.create";
    let dn = new.dn().map_err(|error| Error::from(error).with_operation(operation))?;
    place(world, &dn, operation)?;
    if world.is_named(new.name.as_str()) {
        return Err(taken(&dn, operation, "the sign-in name is taken"));
    }
    let mut group = Group::new(Uuid::new_v4().into(), dn, new.name.clone());
    group.description.clone_from(&new.description);
    group.group_type = new.group_type();
    group.sid = world.next_sid();
    world.add_group(group.clone());
    Ok(group)
}

pub(super) fn delete_group(world: &mut World, id: ObjectGuid) -> Result<()> {
    // Refuses what does not exist and what is protected.
    changeable_group(world, &GroupKey::Guid(id), "groups.delete")?;
    world.remove_group(id);
    Ok(())
}

pub(super) fn change_members(
    world: &mut World,
    key: &GroupKey,
    changes: &MemberChanges,
    operation: &'static str,
) -> Result<MembersChanged> {
    for guid in changes.add.iter().chain(&changes.remove) {
        if !world.is_principal(*guid) {
            return Err(no_object(*guid, operation));
        }
    }
    let group = changeable_group(world, key, operation)?;
    // Directories keep it apart from the members: it is one already, and cannot leave.
    let primary: HashSet<ObjectGuid> = match world.groups.get(&group) {
        Some(stored) => {
            let all = changes.add.iter().chain(&changes.remove).copied();
            all.filter(|guid| world.is_primary(&stored.group, *guid)).collect()
        }
        None => HashSet::new(),
    };
    if changes.remove.iter().any(|guid| primary.contains(guid)) {
        return Err(Error::new(ErrorKind::Constraint, operation)
            .with_subject(key)
            .with_reason("it is the primary group of a member that should leave it")
            .with_codes(Some(53), Some(0x561), None));
    }
    let joining = changes.add.iter().filter(|guid| !primary.contains(*guid));
    let add = joining.filter(|guid| world.join(group, **guid)).count();
    let remove = changes.remove.iter().filter(|guid| world.leave(group, **guid)).count();
    Ok(MembersChanged { added: add, removed: remove })
}

pub(super) fn make_unit(world: &mut World, dn: &Dn, description: Option<&str>) -> Result<Container> {
    place(world, dn, "containers.create")?;
    let mut unit = Container::new(Uuid::new_v4().into(), dn.clone(), ContainerKind::OrganizationalUnit);
    unit.description = description.map(ToOwned::to_owned);
    world.add_container(unit.clone());
    Ok(unit)
}

pub(super) fn delete_unit(world: &mut World, id: ObjectGuid, contents: bool, now: Timestamp) -> Result<()> {
    let operation = "containers.delete";
    let unit = world.containers.get(&id).filter(|unit| unit.kind == ContainerKind::OrganizationalUnit);
    let dn = match unit {
        Some(unit) => unit.dn.clone(),
        None => {
            return Err(Error::new(ErrorKind::NotFound, operation)
                .with_subject(id)
                .with_reason("there is no such organizational unit"));
        }
    };
    let accounts: Vec<_> = world.accounts().filter(|stored| stored.account.dn.is_below(&dn)).collect();
    let groups: Vec<_> = world.groups.values().filter(|stored| stored.group.dn.is_below(&dn)).collect();
    let units: Vec<_> = world.containers.values().filter(|unit| unit.dn.is_below(&dn)).collect();
    let managed: Vec<_> = world.all_managed().filter(|stored| stored.account.dn.is_below(&dn)).collect();
    let is_empty = accounts.is_empty() && groups.is_empty() && units.is_empty() && managed.is_empty();
    if !(contents || is_empty) {
        return Err(Error::new(ErrorKind::Constraint, operation)
            .with_subject(&dn)
            .with_reason("something lies in it")
            .with_codes(Some(66), Some(0x2015), None));
    }
    let protected = accounts.iter().any(|stored| stored.account.is_protected)
        || groups.iter().any(|stored| stored.group.is_protected);
    if protected {
        return Err(Error::new(ErrorKind::Forbidden, operation)
            .with_subject(&dn)
            .with_reason("the directory protects something in it")
            .with_codes(Some(50), Some(5), None));
    }
    let accounts: Vec<_> = accounts.iter().map(|stored| stored.account.guid).collect();
    let groups: Vec<_> = groups.iter().map(|stored| stored.group.guid).collect();
    let units: Vec<_> = units.iter().map(|unit| unit.guid).collect();
    let managed: Vec<_> = managed.iter().map(|stored| stored.account.guid).collect();
    for guid in accounts {
        world.bury(guid, now);
    }
    for guid in managed {
        world.remove_managed(guid);
    }
    for guid in groups {
        world.remove_group(guid);
    }
    for guid in units.into_iter().chain([id]) {
        world.remove_container(guid);
    }
    Ok(())
}
