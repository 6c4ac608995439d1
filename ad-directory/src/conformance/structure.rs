//! Groups and units: making them, deleting them, and changing many members at once.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{Checked, Ground, ground::refused};
use crate::{
    Container, ContainerKind, CreateOptions, DeleteContainerOptions, DeleteGroupOptions, DirectoryExt,
    ErrorKind, Group, GroupKey, GroupScope, ListOptions, MemberChanges, MemberKind, MemberOptions,
    MembersChanged, NewContainer, NewGroup, ObjectGuid, Outcome, Query, Result,
};

async fn group(ground: &Ground) -> Result<Group> {
    let name = ground.name()?.as_str().parse()?;
    ground.manager.create_group(&NewGroup::new(ground.unit.clone(), name), CreateOptions::new()).await
}

async fn drop_group(ground: &Ground, id: ObjectGuid) -> Result<()> {
    ground.manager.delete_group(id, DeleteGroupOptions::new()).await
}

async fn change(ground: &Ground, group: &Group, changes: MemberChanges) -> Result<MembersChanged> {
    ground.manager.change_members(&GroupKey::Guid(group.guid), &changes, MemberOptions::new()).await
}

async fn members(ground: &Ground, group: &Group, nested: bool) -> Result<BTreeSet<ObjectGuid>> {
    let members = ground.manager.all_members(GroupKey::Guid(group.guid), nested).await?;
    Ok(members.into_iter().map(|member| member.guid).collect())
}

async fn unit(ground: &Ground, parent: &crate::Dn) -> Result<Container> {
    let new = NewContainer::new(parent.clone(), ground.name()?.as_str()).description("For a test");
    ground.manager.create_container(&new, CreateOptions::new()).await
}

/// What is given is what is read back (`groupType`: MS-ADTS 2.2.12).
pub async fn groups_are_made_of_every_scope(ground: &Ground) -> Checked {
    for (scope, security, value) in [
        (GroupScope::Global, true, -2_147_483_646),
        (GroupScope::DomainLocal, true, -2_147_483_644),
        (GroupScope::Universal, true, -2_147_483_640),
        (GroupScope::Global, false, 2),
    ] {
        let name = ground.name()?;
        let new = NewGroup::new(ground.unit.clone(), name.as_str().parse()?)
            .cn(format!("Full {name}"))
            .scope(scope)
            .security(security)
            .description("What it is for");
        let made = ground.manager.create_group(&new, CreateOptions::new()).await?;
        assert_eq!((made.group_type, made.is_security()), (value, security));
        assert_eq!((&made.dn, &made.name, &made.description), (&new.dn()?, &new.name, &new.description));
        assert!(made.sid.is_some());
        assert_eq!(ground.reader.get_group(new.name).await?, made);
        drop_group(ground, made.guid).await?;
    }
    Ok(())
}

/// Groups and accounts share the sign-in names (rule NM-1), and objects of one container their names.
pub async fn a_taken_group_name_is_refused(ground: &Ground) -> Checked {
    let made = group(ground).await?;
    let account = ground.account().await?;
    let same_name = NewGroup::new(ground.retired.clone(), made.name.clone());
    let same_cn = NewGroup::new(ground.unit.clone(), ground.name()?.as_str().parse()?).cn(made.dn.name());
    let of_account = NewGroup::new(ground.retired.clone(), account.sam_account_name.as_str().parse()?);
    for new in [same_name, same_cn, of_account] {
        let error =
            refused(ground.manager.create_group(&new, CreateOptions::new()).await, ErrorKind::AlreadyExists)?;
        assert_eq!(error.outcome(), Outcome::NotDone);
    }
    drop_group(ground, made.guid).await?;
    Ok(())
}

/// A place for it is not made on the way, and what is gone is gone (RFC 4511, 4.7 and 4.8).
pub async fn a_deleted_group_is_gone(ground: &Ground) -> Checked {
    let nowhere = NewGroup::new(ground.unit.unit("not there")?, ground.name()?.as_str().parse()?);
    refused(ground.manager.create_group(&nowhere, CreateOptions::new()).await, ErrorKind::NotFound)?;
    let made = group(ground).await?;
    let account = ground.account().await?;
    change(ground, &made, MemberChanges::new().add([account.guid])).await?;
    drop_group(ground, made.guid).await?;
    refused(ground.reader.get_group(made.guid).await, ErrorKind::NotFound)?;
    refused(drop_group(ground, made.guid).await, ErrorKind::NotFound)?;
    refused(drop_group(ground, account.guid).await, ErrorKind::NotFound)?;
    assert_eq!(ground.now(account.guid).await?.member_of, []);
    Ok(())
}

/// Many at once, and those that are as wanted are no error (rules ).
pub async fn many_join_and_leave_at_once(ground: &Ground) -> Checked {
    let made = group(ground).await?;
    let mut guids = Vec::new();
    for _ in 0..4 {
        guids.push(ground.account().await?.guid);
    }
    let [a, b, c, d] = guids.as_slice() else { return Err("four accounts".into()) };
    let counted =
        |added, removed| move |done: MembersChanged| assert_eq!((done.added, done.removed), (added, removed));
    counted(2, 0)(change(ground, &made, MemberChanges::new().add([*a, *b])).await?);
    counted(1, 0)(change(ground, &made, MemberChanges::new().add([*a, *b, *c]).remove([*d])).await?);
    counted(1, 2)(change(ground, &made, MemberChanges::new().add([*d]).remove([*a, *c])).await?);
    counted(0, 0)(change(ground, &made, MemberChanges::new().add([*d]).remove([*a])).await?);
    counted(0, 0)(change(ground, &made, MemberChanges::new()).await?);
    assert_eq!(members(ground, &made, false).await?, BTreeSet::from([*b, *d]));
    drop_group(ground, made.guid).await?;
    Ok(())
}

/// All or nothing (RFC 4511, 4.6: modifications are atomic).
pub async fn a_stranger_in_a_batch_stops_it(ground: &Ground) -> Checked {
    let made = group(ground).await?;
    let account = ground.account().await?;
    let stranger: ObjectGuid = Uuid::new_v4().into();
    let changes = MemberChanges::new().add([account.guid, stranger]);
    refused(change(ground, &made, changes).await, ErrorKind::NotFound)?;
    let both = MemberChanges::new().add([account.guid]).remove([account.guid]);
    assert_eq!(refused(change(ground, &made, both).await, ErrorKind::Invalid)?.outcome(), Outcome::NotSent);
    let many = MemberChanges::new().add((0..=MemberChanges::MAX).map(|_| Uuid::new_v4().into()));
    assert_eq!(refused(change(ground, &made, many).await, ErrorKind::Invalid)?.outcome(), Outcome::NotSent);
    assert_eq!(members(ground, &made, false).await?, BTreeSet::new());
    drop_group(ground, made.guid).await?;
    Ok(())
}

/// Groups are members too, and lead to their own (`LDAP_MATCHING_RULE_TRANSITIVE_EVAL`) (MS-ADTS 3.1.1.3.4.4.3).
pub async fn nested_members_are_listed_once(ground: &Ground) -> Checked {
    let (outer, inner) = (group(ground).await?, group(ground).await?);
    let account = ground.account().await?;
    change(ground, &outer, MemberChanges::new().add([inner.guid, account.guid])).await?;
    change(ground, &inner, MemberChanges::new().add([account.guid])).await?;
    assert_eq!(members(ground, &outer, false).await?, BTreeSet::from([inner.guid, account.guid]));
    let other = ground.account().await?;
    change(ground, &inner, MemberChanges::new().add([other.guid])).await?;
    let nested = ground.manager.all_members(GroupKey::Guid(outer.guid), true).await?;
    assert_eq!(nested.len(), 3);
    assert_eq!(nested.iter().filter(|member| member.kind == MemberKind::Group).count(), 1);
    assert!(nested.iter().any(|member| member.guid == other.guid));
    let within = crate::Filter::leads_to("memberOf".parse()?, &outer.dn);
    let found = ground.reader.all_accounts(&Query::all().below(ground.unit.clone()).matching(within)).await?;
    let found: BTreeSet<_> = found.into_iter().map(|account| account.guid).collect();
    assert_eq!(found, BTreeSet::from([account.guid, other.guid]));
    drop_group(ground, inner.guid).await?;
    drop_group(ground, outer.guid).await?;
    Ok(())
}

/// A unit is made in a place that exists, under a name that is free there (RFC 4511, 4.7).
pub async fn a_unit_is_made_and_found(ground: &Ground) -> Checked {
    let made = unit(ground, &ground.unit).await?;
    assert_eq!(
        (made.kind, made.description.as_deref()),
        (ContainerKind::OrganizationalUnit, Some("For a test"))
    );
    let below = unit(ground, &made.dn).await?;
    assert!(below.dn.is_below(&made.dn));
    let list = ground.reader.list_containers(&Query::all().below(made.dn.clone()), ListOptions::new());
    let listed: Vec<Container> = list.try_collect().await?;
    let listed: BTreeSet<_> = listed.into_iter().map(|container| container.guid).collect();
    assert_eq!(listed, BTreeSet::from([made.guid, below.guid]));
    let again = NewContainer::new(ground.unit.clone(), made.dn.name());
    refused(ground.manager.create_container(&again, CreateOptions::new()).await, ErrorKind::AlreadyExists)?;
    let nowhere = NewContainer::new(ground.unit.unit("not there")?, "x");
    refused(ground.manager.create_container(&nowhere, CreateOptions::new()).await, ErrorKind::NotFound)?;
    ground.manager.delete_container(made.guid, DeleteContainerOptions::new().with_contents(true)).await?;
    Ok(())
}

/// What lies in a unit goes only when that was said (MS-ADTS 3.1.1.5.5.7.3: a deletion of a tree is a request of its own).
pub async fn a_unit_with_something_in_it_stays(ground: &Ground) -> Checked {
    let made = unit(ground, &ground.unit).await?;
    let mut draft = ground.draft()?;
    draft.parent = made.dn.clone();
    let account = ground.manager.create_account(&draft, CreateOptions::new()).await?;
    let delete = |options| ground.manager.delete_container(made.guid, options);
    let error = refused(delete(DeleteContainerOptions::new()).await, ErrorKind::Constraint)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    ground.now(account.guid).await?;
    delete(DeleteContainerOptions::new().with_contents(true)).await?;
    assert_eq!(ground.find(account.guid).await?, None);
    refused(delete(DeleteContainerOptions::new()).await, ErrorKind::NotFound)?;
    let empty = unit(ground, &ground.unit).await?;
    ground.manager.delete_container(empty.guid, DeleteContainerOptions::new()).await?;
    Ok(())
}

/// An identity of something else deletes nothing, least of all with what is below it (MS-ADTS 3.1.1.5.5.7.3: a tree goes in one request).
pub async fn only_units_are_deleted_as_units(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let all = || DeleteContainerOptions::new().with_contents(true);
    let domain = ground.reader.probe(crate::ProbeOptions::new()).await?.default_naming_context;
    let domain = ground.reader.find_container(&domain, crate::FindOptions::new()).await?;
    let domain = domain.ok_or("the domain is a container")?.guid;
    for id in [account.guid, domain, Uuid::new_v4().into()] {
        refused(ground.directory.delete_container(id, all()).await, ErrorKind::NotFound)?;
    }
    ground.now(account.guid).await?;
    Ok(())
}
