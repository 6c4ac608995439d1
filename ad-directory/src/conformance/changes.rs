//! Changes since a token. They are read as somebody who sees deleted objects, too.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{Checked, Ground, ground::refused};
use crate::{
    AccountUpdate, Capability, ChangeBatch, ChangeEvent, ChangeToken, ChangesOptions, CreateOptions,
    DeleteGroupOptions, DeleteOptions, DirectoryExt, ErrorKind, GroupKey, ManagedAccountUpdate,
    MemberChanges, MemberName, MemberOptions, MembersSeen, MoveOptions, NewContainer, NewGroup,
    NewManagedAccount, ObjectChange, ObjectGuid, ObjectKind, Outcome, RestoreOptions, Result, UpdateOptions,
};

struct Told {
    changes: BTreeMap<ObjectGuid, ObjectChange>,
    token: ChangeToken,
    last: ChangeBatch,
}

impl Told {
    fn of(&self, guid: ObjectGuid) -> Result<&ObjectChange, String> {
        self.changes.get(&guid).ok_or_else(|| format!("{guid} is not among {} changes", self.changes.len()))
    }
}

async fn read(
    ground: &Ground,
    options: ChangesOptions,
) -> Result<Told, Box<dyn std::error::Error + Send + Sync>> {
    let mut options = options;
    options.source = options.source.or(ground.change_source);
    let batches: Vec<ChangeBatch> = ground.manager.list_changes(options).try_collect().await?;
    let last = batches.last().ok_or("there is not one piece")?.clone();
    assert!(last.is_last && batches.iter().filter(|batch| batch.is_last).count() == 1);
    let mut changes: BTreeMap<ObjectGuid, ObjectChange> = BTreeMap::new();
    for change in batches.into_iter().flat_map(|batch| batch.changes) {
        let guid = change.guid;
        if let Some(before) = changes.insert(guid, change) {
            let later = changes.remove(&guid).ok_or("it was just put there")?;
            let mut before = before;
            before.absorb(later);
            changes.insert(guid, before);
        }
    }
    Ok(Told { changes, token: last.token.clone(), last })
}

async fn now(ground: &Ground) -> Result<ChangeToken, Box<dyn std::error::Error + Send + Sync>> {
    Ok(read(ground, ChangesOptions::new()).await?.token)
}

async fn after(
    ground: &Ground,
    token: &ChangeToken,
) -> Result<Told, Box<dyn std::error::Error + Send + Sync>> {
    read(ground, ChangesOptions::new().token(token.clone())).await
}

async fn group(ground: &Ground) -> Result<crate::Group> {
    let name = ground.name()?.as_str().parse()?;
    ground.manager.create_group(&NewGroup::new(ground.unit.clone(), name), CreateOptions::new()).await
}

async fn members(
    ground: &Ground,
    group: ObjectGuid,
    add: &[ObjectGuid],
    remove: &[ObjectGuid],
) -> Result<()> {
    let changes = MemberChanges::new().add(add.to_vec()).remove(remove.to_vec());
    ground.manager.change_members(&GroupKey::Guid(group), &changes, MemberOptions::new()).await?;
    Ok(())
}

/// Without a token everything is told that there is, whole, and with the token to begin with (MS-ADTS 3.1.1.3.4.1.3: an empty cookie).
pub async fn a_first_reading_tells_everything(ground: &Ground) -> Checked {
    assert!(ground.manager.capabilities().has(Capability::Changes));
    let account = ground.create(&ground.draft()?.description("What it is for")).await?;
    let group = group(ground).await?;
    members(ground, group.guid, &[account.guid], &[]).await?;
    let told = read(ground, ChangesOptions::new()).await?;
    assert!(told.last.is_full);
    let change = told.of(account.guid)?;
    assert_eq!((change.event, change.kind), (ChangeEvent::Added, Some(ObjectKind::Account)));
    assert_eq!((change.is_complete, &change.dn), (true, &account.dn));
    assert_eq!(change.text("sAMAccountName"), Some(account.sam_account_name.as_str()));
    assert_eq!(change.text("description"), Some("What it is for"));
    let change = told.of(group.guid)?;
    assert_eq!((change.event, change.kind), (ChangeEvent::Added, Some(ObjectKind::Group)));
    let MembersSeen::All(all) = &change.members else { return Err(format!("{:?}", change.members).into()) };
    assert_eq!(all.iter().map(|member| &member.dn).collect::<Vec<_>>(), [&account.dn]);
    ground.manager.delete_group(group.guid, DeleteGroupOptions::new()).await?;
    Ok(())
}

/// Only what came after it, and nothing of what did not change (MS-ADTS 3.1.1.3.4.1.3).
pub async fn a_token_tells_what_came_after_it(ground: &Ground) -> Checked {
    let before = ground.account().await?;
    let token = now(ground).await?;
    let account = ground.account().await?;
    let told = after(ground, &token).await?;
    assert!(!told.last.is_full && told.last.sees_deletions);
    assert_eq!(told.of(account.guid)?.event, ChangeEvent::Added);
    assert!(told.of(account.guid)?.is_complete);
    assert!(!told.changes.contains_key(&before.guid));
    assert!(!after(ground, &told.token).await?.changes.contains_key(&account.guid));
    Ok(())
}

/// Whoever was killed before the new token was stored hands the old one in again, and is told the same (MS-ADTS
/// 3.1.1.3.4.1.3: the cookie holds all state).
pub async fn an_old_token_tells_the_same_again(ground: &Ground) -> Checked {
    let token = now(ground).await?;
    let account = ground.account().await?;
    // As it was stored, and read again by another process.
    let stored: ChangeToken = token.to_string().parse()?;
    for _ in 0..2 {
        assert_eq!(after(ground, &stored).await?.of(account.guid)?.event, ChangeEvent::Added);
    }
    Ok(())
}

/// Attributes come with all their values of now; one that was cleared comes without any (MS-ADTS 3.1.1.3.4.1.3). What a directory tells by
/// whole objects comes complete.
pub async fn changed_attributes_are_told(ground: &Ground) -> Checked {
    let account = ground.create(&ground.draft()?.description("before")).await?;
    let token = now(ground).await?;
    let update = AccountUpdate::new().display_name(Some("After".to_owned())).description(None);
    ground.directory.update_account(account.guid, &update, UpdateOptions::new()).await?;
    let told = after(ground, &token).await?;
    let change = told.of(account.guid)?;
    assert_eq!((change.event, change.moved), (ChangeEvent::Changed, false));
    assert_eq!(change.kind, Some(ObjectKind::Account));
    assert_eq!(change.text("displayName"), Some("After"));
    let description = change.attributes.get(&"description".parse()?);
    if change.is_complete {
        assert!(description.is_none());
    } else {
        assert!(description.is_some_and(crate::AttributeValues::is_empty));
        assert!(!change.attributes.contains_key(&"sAMAccountName".parse()?), "it did not change");
    }
    Ok(())
}

/// Two changes of one object are one entry: what is told is how it is now, and no history (MS-ADTS 3.1.1.3.4.1.3).
pub async fn changes_of_one_object_are_one(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let token = now(ground).await?;
    for text in ["one", "two"] {
        let update = AccountUpdate::new().description(Some(text.to_owned()));
        ground.directory.update_account(account.guid, &update, UpdateOptions::new()).await?;
    }
    let told = after(ground, &token).await?;
    assert_eq!(told.of(account.guid)?.text("description"), Some("two"));
    Ok(())
}

/// Its identity stays, and its new name comes with it (measured: `name` and `parentGUID` are told, the name of the entry is the new one).
pub async fn a_move_is_told(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let token = now(ground).await?;
    let moved = ground.directory.move_account(account.guid, &ground.retired, MoveOptions::new()).await?;
    let told = after(ground, &token).await?;
    let change = told.of(account.guid)?;
    assert_eq!((change.event, &change.dn), (ChangeEvent::Changed, &moved.dn));
    assert!(change.moved || change.is_complete);
    Ok(())
}

/// A deleted object is told by its identity, and where it was when the directory keeps that (MS-ADTS 3.1.1.5.5.1.1).
pub async fn a_deletion_is_told(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let token = now(ground).await?;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    let told = after(ground, &token).await?;
    let change = told.of(account.guid)?;
    assert_eq!((change.event, &change.members), (ChangeEvent::Deleted, &MembersSeen::Unchanged));
    assert!(change.last_known_parent.as_ref().is_none_or(|parent| *parent == ground.unit));
    let full = read(ground, ChangesOptions::new()).await?;
    assert!(!full.changes.contains_key(&account.guid), "a first reading tells what there is");
    Ok(())
}

/// A restored account is there again, and whoever was told of its deletion is told the account as a whole
/// (MS-ADTS 3.1.1.5.3.7.2: the same objectGUID comes back).
pub async fn a_restored_account_is_told(ground: &Ground) -> Checked {
    if !ground.manager.capabilities().has(Capability::Restore) {
        return Ok(());
    }
    let account = ground.account().await?;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    let token = now(ground).await?;
    let restored = ground.manager.restore_account(account.guid, RestoreOptions::new()).await?;
    let told = after(ground, &token).await?;
    let change = told.of(account.guid)?;
    assert!(change.event != ChangeEvent::Deleted, "{change:?}");
    assert_eq!((change.kind, &change.dn), (Some(ObjectKind::Account), &restored.dn));
    let full = read(ground, ChangesOptions::new()).await?;
    assert!(full.of(account.guid)?.is_complete);
    Ok(())
}

/// Managed accounts are told as such when they are made, changed and deleted (MS-ADSC: their class is one of their own below `computer`).
pub async fn a_managed_account_is_told(ground: &Ground) -> Checked {
    if !ground.manager.capabilities().has(Capability::ManagedAccounts) {
        return Ok(());
    }
    let token = now(ground).await?;
    // A sign-in name of at most 15 characters.
    let name = format!("{}$", ground.name()?.as_str().replace("T-", "g"));
    let new = NewManagedAccount::new(ground.unit.clone(), name.parse()?, "g.corp.example");
    let made = ground.manager.create_managed_account(&new, CreateOptions::new()).await?;
    let first = after(ground, &token).await?;
    let change = first.of(made.guid)?;
    assert_eq!((change.event, change.kind), (ChangeEvent::Added, Some(ObjectKind::ManagedAccount)));
    assert_eq!((change.text("sAMAccountName"), &change.dn), (Some(name.as_str()), &made.dn));
    let update = ManagedAccountUpdate::new().description(Some("What it is for".to_owned()));
    ground.manager.update_managed_account(made.guid, &update, UpdateOptions::new()).await?;
    let second = after(ground, &first.token).await?;
    let change = second.of(made.guid)?;
    assert_eq!((change.event, change.kind), (ChangeEvent::Changed, Some(ObjectKind::ManagedAccount)));
    assert_eq!(change.text("description"), Some("What it is for"));
    ground.manager.delete_managed_account(made.guid, DeleteOptions::new()).await?;
    let third = after(ground, &second.token).await?;
    assert_eq!(third.of(made.guid)?.event, ChangeEvent::Deleted);
    Ok(())
}

/// Who joined and who left; or, where the directory cannot say that, who is a member now (MS-ADTS 3.1.1.3.4.1.3: incremental values come as
/// `member;range=1-1` and `member;range=0-0`).
pub async fn members_that_come_and_go_are_told(ground: &Ground) -> Checked {
    let (stays, leaves, joins) = (ground.account().await?, ground.account().await?, ground.account().await?);
    let group = group(ground).await?;
    members(ground, group.guid, &[stays.guid, leaves.guid], &[]).await?;
    let token = now(ground).await?;
    members(ground, group.guid, &[joins.guid], &[leaves.guid]).await?;
    let told = after(ground, &token).await?;
    let change = told.of(group.guid)?;
    assert_eq!(change.event, ChangeEvent::Changed);
    let names = |members: &[MemberName]| {
        let mut names: Vec<_> = members.iter().map(|member| (member.dn.clone(), member.guid)).collect();
        names.sort();
        names
    };
    let member = |account: &crate::Account| (account.dn.clone(), Some(account.guid));
    match &change.members {
        MembersSeen::Changed { joined, left } => {
            assert_eq!((names(joined), names(left)), (vec![member(&joins)], vec![member(&leaves)]));
        }
        MembersSeen::All(all) => {
            let mut wanted = vec![member(&stays), member(&joins)];
            wanted.sort();
            assert_eq!(names(all), wanted);
        }
        other @ MembersSeen::Unchanged => return Err(format!("{other:?}").into()),
    }
    ground.manager.delete_group(group.guid, DeleteGroupOptions::new()).await?;
    Ok(())
}

/// Of a part of the domain: what comes in is told whole, what leaves is told, and what was never there is not. The client does this, since
/// the base must be the whole domain (MS-ADTS 3.1.1.3.4.1.3).
pub async fn a_part_of_the_domain_can_be_read(ground: &Ground) -> Checked {
    let (leaves, comes, elsewhere) =
        (ground.account().await?, ground.account().await?, ground.account().await?);
    for account in [&comes, &elsewhere] {
        ground.directory.move_account(account.guid, &ground.retired, MoveOptions::new()).await?;
    }
    let options = ChangesOptions::new().below(ground.unit.clone());
    let first = read(ground, options.clone()).await?;
    assert!(first.changes.contains_key(&leaves.guid) && !first.changes.contains_key(&comes.guid));
    ground.directory.move_account(leaves.guid, &ground.retired, MoveOptions::new()).await?;
    ground.directory.move_account(comes.guid, &ground.unit, MoveOptions::new()).await?;
    ground.directory.delete_account(elsewhere.guid, DeleteOptions::new()).await?;
    let told = read(ground, options.token(first.token)).await?;
    assert_eq!(told.of(leaves.guid)?.event, ChangeEvent::Outside);
    let change = told.of(comes.guid)?;
    assert!(change.is_complete && change.text("sAMAccountName").is_some());
    if let Some(change) = told.changes.get(&elsewhere.guid) {
        assert_eq!((change.event, &change.last_known_parent), (ChangeEvent::Deleted, &None));
    }
    let nowhere = ground.unit.unit("Nowhere")?;
    refused(
        ground.manager.list_changes(ChangesOptions::new().below(nowhere)).try_collect::<Vec<_>>().await,
        ErrorKind::NotFound,
    )?;
    Ok(())
}

/// Only the kinds that were asked for (rule: what was not asked for is never sent or told).
pub async fn other_kinds_are_told_when_asked(ground: &Ground) -> Checked {
    let options = ChangesOptions::new().kinds(vec![ObjectKind::Container]);
    let first = read(ground, options.clone()).await?;
    let unit =
        ground.manager.find_container(&ground.unit, crate::FindOptions::new()).await?.ok_or("no unit")?;
    assert_eq!(first.of(unit.guid)?.kind, Some(ObjectKind::Container));
    let new = NewContainer::new(ground.unit.clone(), ground.name()?.as_str());
    let made = ground.manager.create_container(&new, CreateOptions::new()).await?;
    let account = ground.account().await?;
    let told = read(ground, options.token(first.token)).await?;
    assert_eq!(told.of(made.guid)?.event, ChangeEvent::Added);
    assert!(!told.changes.contains_key(&account.guid));
    ground.manager.delete_container(made.guid, crate::DeleteContainerOptions::new()).await?;
    Ok(())
}

/// Further attributes, and only those that were asked for from the beginning: a token for less would hide what was never read
/// (measured: a controller tells only changes of attributes that were requested).
pub async fn a_token_belongs_to_its_question(ground: &Ground) -> Checked {
    let token = now(ground).await?;
    let mut further = ChangesOptions::new().attributes(vec!["department".parse()?]).token(token);
    further.source = ground.change_source;
    let error =
        refused(ground.manager.list_changes(further).try_collect::<Vec<_>>().await, ErrorKind::ResyncNeeded)?;
    assert_eq!((error.operation(), error.outcome()), ("changes.list", Outcome::NotDone));
    Ok(())
}

/// A token of another domain is a mistake, and not a reason to read everything anew (MS-ADTS 3.1.1.3.4.1.3: a cookie is for one naming
/// context).
pub async fn a_token_of_another_domain_is_refused(ground: &Ground) -> Checked {
    let mut content = now(ground).await?.content().clone();
    content.domain_id = Uuid::new_v4();
    let mut options = ChangesOptions::new().token(ChangeToken::new(content));
    options.source = ground.change_source;
    refused(ground.manager.list_changes(options).try_collect::<Vec<_>>().await, ErrorKind::Invalid)?;
    let account = ground.account().await?;
    ground.manager.get_account(account.guid).await?;
    Ok(())
}
