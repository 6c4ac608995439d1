//! Deleted accounts.

use uuid::Uuid;

use super::{
    Checked, Ground,
    ground::{good_password, refused},
};
use crate::{
    Account, DeleteOptions, DeletedAccount, DirectoryExt, ErrorKind, ListDeletedOptions, Outcome,
    RestoreOptions, Result,
};

async fn deleted(ground: &Ground) -> Result<Account> {
    let account = ground.account().await?;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    Ok(account)
}

async fn find(ground: &Ground, account: &Account) -> Result<Option<DeletedAccount>> {
    ground.manager.find_deleted(account.guid).await
}

/// It is the same account again: identity, SID and names stay, and it is switched off (MS-ADTS 3.1.1.5.3.7).
pub async fn a_deleted_account_can_be_restored(ground: &Ground) -> Checked {
    let account = deleted(ground).await?;
    let restored = ground.manager.restore_account(account.guid, RestoreOptions::new()).await?;
    assert_eq!((restored.guid, &restored.sid), (account.guid, &account.sid));
    assert_eq!((&restored.dn, &restored.cn), (&account.dn, &account.cn));
    assert_eq!(restored.sam_account_name, account.sam_account_name);
    assert!(restored.is_disabled());
    assert_eq!(find(ground, &account).await?, None);
    assert_eq!(ground.now(account.guid).await?.dn, account.dn);
    assert_eq!(ground.find(account.sam_account_name).await?.map(|found| found.guid), Some(account.guid));
    Ok(())
}

/// Its flags come back with it (MS-ADTS 3.1.1.5.3.7; measured on Samba 4.17), and nobody has looked at it yet.
pub async fn what_was_enabled_comes_back_disabled(ground: &Ground) -> Checked {
    let draft = ground.draft()?.password(good_password()).enabled(true);
    let account = ground.create(&draft).await?;
    assert!(account.is_enabled());
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    let restored = ground.manager.restore_account(account.guid, RestoreOptions::new()).await?;
    assert!(restored.is_disabled());
    assert!(ground.now(account.guid).await?.is_disabled());
    Ok(())
}

/// The new name is in the request, so any place will do (MS-ADTS 3.1.1.5.3.7.2).
pub async fn a_restore_can_move_and_rename(ground: &Ground) -> Checked {
    let account = deleted(ground).await?;
    let cn = format!("{} again", account.cn);
    let options = RestoreOptions::new().to(ground.retired.clone()).new_cn(cn.clone());
    let restored = ground.manager.restore_account(account.guid, options).await?;
    assert_eq!(restored.dn, ground.retired.child(&cn)?);
    assert_eq!(restored.cn, cn);
    Ok(())
}

/// What lives, and what never did, is not among the deleted (MS-ADTS 3.1.1.5.3.7.1: the object must be deleted).
pub async fn only_the_deleted_are_restored(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    for guid in [account.guid, Uuid::new_v4().into()] {
        let restored = ground.manager.restore_account(guid, RestoreOptions::new()).await;
        assert_eq!(refused(restored, ErrorKind::NotFound)?.outcome(), Outcome::NotDone);
    }
    assert_eq!(ground.now(account.guid).await?, account);
    Ok(())
}

/// Somebody else may have the name by now (MS-ADTS 3.1.1.5.2.2: names are unique among the living), and the account stays deleted.
pub async fn a_name_that_was_given_away_stops_a_restore(ground: &Ground) -> Checked {
    let draft = ground.draft()?;
    let account = ground.create(&draft).await?;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    let second = ground.create(&draft).await?;
    let restored = ground.manager.restore_account(account.guid, RestoreOptions::new()).await;
    assert_eq!(refused(restored, ErrorKind::AlreadyExists)?.outcome(), Outcome::NotDone);
    assert!(find(ground, &account).await?.is_some());
    assert_eq!(ground.now(second.guid).await?, second);
    Ok(())
}

/// A container that does not exist is not made (RFC 4511, 4.6), and the account stays deleted.
pub async fn a_missing_place_stops_a_restore(ground: &Ground) -> Checked {
    let account = deleted(ground).await?;
    let options = RestoreOptions::new().to(ground.unit.unit("not there")?);
    refused(ground.manager.restore_account(account.guid, options).await, ErrorKind::NotFound)?;
    assert!(find(ground, &account).await?.is_some());
    Ok(())
}

/// What a deleted object keeps: names, identity, and where it was (MS-ADTS 3.1.1.5.5.1.1: `lastKnownParent`).
pub async fn the_deleted_are_listed_with_what_they_were(ground: &Ground) -> Checked {
    let account = deleted(ground).await?;
    let living = ground.account().await?;
    let by_name = ListDeletedOptions::new().sam_account_name(account.sam_account_name.clone());
    for options in [by_name, ListDeletedOptions::new().guid(account.guid)] {
        let found = ground.manager.all_deleted(options).await?;
        let [found] = found.as_slice() else { return Err(format!("one, and not {found:?}").into()) };
        assert_eq!((found.guid, &found.sid), (account.guid, &account.sid));
        assert_eq!(found.sam_account_name.as_ref(), Some(&account.sam_account_name));
        assert_eq!((&found.cn, &found.last_known_parent), (&account.cn, &account.dn.parent()));
        assert_ne!(found.dn, account.dn);
        assert!(found.deleted_at.is_some());
    }
    assert_eq!(find(ground, &living).await?, None);
    let all = ground.manager.all_deleted(ListDeletedOptions::new().page_size(2)).await?;
    assert!(all.iter().any(|found| found.guid == account.guid));
    Ok(())
}

/// An account can come and go more than once (MS-ADTS 3.1.1.5.3.7 says nothing against it).
pub async fn deleting_and_restoring_can_be_repeated(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    for _ in 0..2 {
        ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
        let restored = ground.manager.restore_account(account.guid, RestoreOptions::new()).await?;
        assert_eq!((restored.guid, restored.dn), (account.guid, account.dn.clone()));
    }
    Ok(())
}
