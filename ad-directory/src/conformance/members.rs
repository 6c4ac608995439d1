//! Group memberships.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{Checked, Ground, ground::refused};
use crate::{
    DirectoryExt, ErrorKind, GroupKey, ListMembersOptions, Member, MemberChanges, MemberKind, MemberOptions,
    MembershipChange, NewGroup, ObjectGuid, Result,
};

async fn add(ground: &Ground, group: &GroupKey, member: ObjectGuid) -> Result<MembershipChange> {
    ground.directory.add_member(group, member, MemberOptions::new()).await
}

async fn remove(ground: &Ground, group: &GroupKey, member: ObjectGuid) -> Result<MembershipChange> {
    ground.directory.remove_member(group, member, MemberOptions::new()).await
}

/// "Already a member" is success (rule X-11; 68 / `00000562`).
pub async fn joining_twice_is_success(ground: &Ground) -> Checked {
    let (account, group) = (ground.account().await?, ground.group()?);
    assert_eq!(add(ground, &group, account.guid).await?, MembershipChange::Changed);
    assert_eq!(add(ground, &group, account.guid).await?, MembershipChange::Already);
    let dn = ground.reader.get_group(group).await?.dn;
    assert_eq!(ground.now(account.guid).await?.member_of, [dn]);
    Ok(())
}

/// "No member" is success too (rule X-23; 53 / `00000561`).
pub async fn leaving_twice_is_success(ground: &Ground) -> Checked {
    let (account, group) = (ground.account().await?, ground.group()?);
    assert_eq!(remove(ground, &group, account.guid).await?, MembershipChange::Already);
    add(ground, &group, account.guid).await?;
    assert_eq!(remove(ground, &group, account.guid).await?, MembershipChange::Changed);
    assert_eq!(remove(ground, &group, account.guid).await?, MembershipChange::Already);
    assert_eq!(ground.now(account.guid).await?.member_of, []);
    Ok(())
}

/// A group may be named by identity, place or name (MS-ADTS 3.1.1.3.1.2.4).
pub async fn every_key_of_a_group_will_do(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let group = ground.reader.get_group(ground.group()?).await?;
    for key in [GroupKey::Guid(group.guid), group.dn.clone().into(), group.name.clone().into()] {
        assert_eq!(add(ground, &key, account.guid).await?, MembershipChange::Changed, "{key}");
        assert!(ground.now(account.guid).await?.is_member_of(&group.dn));
        assert_eq!(remove(ground, &key, account.guid).await?, MembershipChange::Changed, "{key}");
    }
    Ok(())
}

/// A group that is gone is not the same as a membership that is as wanted (rule X-23).
pub async fn an_unknown_group_is_not_found(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let nowhere = GroupKey::Guid(Uuid::new_v4().into());
    refused(add(ground, &nowhere, account.guid).await, ErrorKind::NotFound)?;
    refused(remove(ground, &nowhere, account.guid).await, ErrorKind::NotFound)?;
    refused(add(ground, &account.guid.into(), account.guid).await, ErrorKind::NotFound)?;
    Ok(())
}

/// What is no account cannot join (MS-ADTS 3.1.1.1.6: a link leads to an object).
pub async fn an_unknown_member_is_not_found(ground: &Ground) -> Checked {
    let group = ground.group()?;
    let nobody = Uuid::new_v4().into();
    refused(add(ground, &group, nobody).await, ErrorKind::NotFound)?;
    refused(remove(ground, &group, nobody).await, ErrorKind::NotFound)?;
    Ok(())
}

/// Leaving one group leaves the others (RFC 4511, 4.6: single values are deleted).
pub async fn groups_are_kept_apart(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let (one, two) = (ground.group()?, ground.other_group()?);
    add(ground, &one, account.guid).await?;
    add(ground, &two, account.guid).await?;
    assert_eq!(ground.now(account.guid).await?.member_of.len(), 2);
    remove(ground, &one, account.guid).await?;
    let left = ground.reader.get_group(two).await?.dn;
    assert_eq!(ground.now(account.guid).await?.member_of, [left]);
    Ok(())
}

/// Every account has a primary group, which is not in its list of groups and has it not in its list of members (MS-ADTS 3.1.1.4.5.20; MS-SAMR
/// 3.1.1.8.2: it cannot be taken out of it).
pub async fn the_primary_group_is_had_already_and_not_left(ground: &Ground) -> Checked {
    let Some(users) = primary_group(ground).await? else { return Ok(()) };
    let account = ground.account().await?;
    assert_eq!(add(ground, &users, account.guid).await?, MembershipChange::Already);
    let error = refused(remove(ground, &users, account.guid).await, ErrorKind::Constraint)?;
    assert_eq!(error.outcome(), crate::Outcome::NotDone);
    let change = async |changes: MemberChanges| {
        ground.manager.change_members(&users, &changes, MemberOptions::new()).await
    };
    assert_eq!(change(MemberChanges::new().add([account.guid])).await?.added, 0);
    refused(change(MemberChanges::new().remove([account.guid])).await, ErrorKind::Constraint)?;
    assert_eq!(ground.now(account.guid).await?.member_of, []);
    Ok(())
}

/// Whose primary group it is, is listed when that is asked for (MS-ADTS 3.1.1.4.5.20: `memberOf` does not hold it).
pub async fn members_by_primary_group_are_listed_when_asked(ground: &Ground) -> Checked {
    let Some(users) = primary_group(ground).await? else { return Ok(()) };
    let account = ground.account().await?;
    let list = async |options| -> Result<BTreeSet<ObjectGuid>> {
        let list: Vec<Member> = ground.reader.list_members(&users, options).try_collect().await?;
        Ok(list.into_iter().map(|member| member.guid).collect())
    };
    assert!(!list(ListMembersOptions::new()).await?.contains(&account.guid));
    for nested in [false, true] {
        assert!(list(ListMembersOptions::new().primary(true).nested(nested)).await?.contains(&account.guid));
    }
    Ok(())
}

/// Groups join groups as accounts do, one by one (MS-ADTS 3.1.1.1.6: a link leads to an object of any class its syntax allows).
pub async fn a_group_joins_a_group(ground: &Ground) -> Checked {
    let new = NewGroup::new(ground.unit.clone(), ground.name()?.as_str().parse()?);
    let inner = ground.manager.create_group(&new, crate::CreateOptions::new()).await?;
    let outer = ground.group()?;
    assert_eq!(add(ground, &outer, inner.guid).await?, MembershipChange::Changed);
    assert_eq!(add(ground, &outer, inner.guid).await?, MembershipChange::Already);
    let members = ground.reader.all_members(outer.clone(), false).await?;
    let kind = members.iter().find(|member| member.guid == inner.guid).map(|member| member.kind);
    assert_eq!(kind, Some(MemberKind::Group));
    assert_eq!(remove(ground, &outer, inner.guid).await?, MembershipChange::Changed);
    assert_eq!(remove(ground, &outer, inner.guid).await?, MembershipChange::Already);
    ground.manager.delete_group(inner.guid, crate::DeleteGroupOptions::new()).await?;
    Ok(())
}

/// The group that accounts belong to from their first moment. It is called otherwise in other languages.
async fn primary_group(ground: &Ground) -> Result<Option<GroupKey>> {
    let name = GroupKey::SamAccountName("Domain Users".parse()?);
    let found = ground.reader.find_group(&name, crate::FindOptions::new()).await?;
    Ok(found.map(|group| group.guid.into()))
}
