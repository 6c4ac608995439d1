//! Group memberships.

use uuid::Uuid;

use super::{Checked, Ground, ground::refused};
use crate::{DirectoryExt, ErrorKind, GroupKey, MemberOptions, MembershipChange, ObjectGuid, Result};

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
