//! Lists of what is in the directory, as it was at one moment.

use std::collections::BTreeSet;

use super::{
    object::{AccountView, ContainerView, GroupView, ManagedView},
    world::World,
};
use crate::{
    Account, Container, Dn, Error, ErrorKind, Group, GroupKey, ListMembersOptions, ListOptions,
    ManagedAccount, Member, MemberKind, ObjectGuid, Query, Result, value::filter::matches::Object,
};

/// What is below includes the place itself, as in a search of a subtree.
fn fits(query: &Query, dn: &Dn, object: &impl Object) -> bool {
    query.below.as_ref().is_none_or(|below| dn == below || dn.is_below(below))
        && query.filter.as_ref().is_none_or(|filter| filter.matches(object))
}

fn place(world: &World, query: &Query, operation: &'static str) -> Result<()> {
    match &query.below {
        Some(below) if !world.exists(below) => Err(Error::new(ErrorKind::NotFound, operation)
            .with_subject(below)
            .with_reason("there is no such place to look below")
            .with_codes(Some(32), Some(0x208d), None)),
        _ => Ok(()),
    }
}

pub(super) fn accounts(world: &World, query: &Query, options: &ListOptions) -> Result<Vec<Account>> {
    place(world, query, "accounts.list")?;
    let all = world.accounts();
    let found = all.filter(|stored| fits(query, &stored.account.dn, &AccountView { world, stored }));
    Ok(found.map(|stored| world.seen(stored, &options.attributes)).collect())
}

pub(super) fn groups(world: &World, query: &Query) -> Result<Vec<Group>> {
    place(world, query, "groups.list")?;
    let all = world.groups.values().map(|stored| &stored.group);
    Ok(all.filter(|group| fits(query, &group.dn, &GroupView { world, group })).cloned().collect())
}

pub(super) fn managed(world: &World, query: &Query) -> Result<Vec<ManagedAccount>> {
    place(world, query, "managed.list")?;
    let all = world.all_managed();
    let found = all
        .filter(|stored| fits(query, &stored.account.dn, &ManagedView { world, account: &stored.account }));
    Ok(found.map(|stored| world.seen_managed(stored)).collect())
}

pub(super) fn containers(world: &World, query: &Query) -> Result<Vec<Container>> {
    place(world, query, "containers.list")?;
    let all = world.containers.values();
    Ok(all.filter(|container| fits(query, &container.dn, &ContainerView(container))).cloned().collect())
}

pub(super) fn members(world: &World, key: &GroupKey, options: &ListMembersOptions) -> Result<Vec<Member>> {
    let operation = "groups.list_members";
    let missing =
        || Error::new(ErrorKind::NotFound, operation).with_subject(key).with_reason("there is no such group");
    let group = world.find_group(key).ok_or_else(missing)?;
    let mut found = BTreeSet::new();
    if options.primary {
        found.extend(world.members_by_primary(&group.group));
    }
    let mut open = vec![group];
    while let Some(group) = open.pop() {
        for guid in &group.members {
            if found.insert(*guid) && options.nested {
                open.extend(world.groups.get(guid));
            }
        }
    }
    Ok(found.into_iter().filter_map(|guid| member(world, guid)).collect())
}

pub(super) fn member(world: &World, guid: ObjectGuid) -> Option<Member> {
    let (dn, kind, name, sid) = if let Some(stored) = world.account(guid) {
        let account = &stored.account;
        (&account.dn, MemberKind::Account, account.sam_account_name.as_str(), &account.sid)
    } else if let Some(stored) = world.managed(guid) {
        let account = &stored.account;
        (&account.dn, MemberKind::ManagedAccount, account.sam_account_name.as_str(), &account.sid)
    } else {
        let group = &world.groups.get(&guid)?.group;
        (&group.dn, MemberKind::Group, group.name.as_str(), &group.sid)
    };
    let mut member = Member::new(guid, dn.clone(), kind);
    member.name = Some(name.to_owned());
    member.sid.clone_from(sid);
    Some(member)
}
