//! Moving and renaming.

use super::{Checked, Ground, ground::refused};
use crate::{Account, Dn, ErrorKind, MemberOptions, MoveOptions, Outcome, Result};

async fn moved(ground: &Ground, account: &Account, to: &Dn, options: MoveOptions) -> Result<Account> {
    ground.directory.move_account(account.guid, to, options).await
}

/// A moved account keeps identity, names and groups (MS-ADTS 3.1.1.5.4).
pub async fn a_moved_account_stays_the_same(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    ground.directory.add_member(&ground.group()?, account.guid, MemberOptions::new()).await?;
    let there = moved(ground, &account, &ground.retired, MoveOptions::new()).await?;
    assert_eq!(there.dn, ground.retired.child(&account.cn)?);
    assert_eq!(
        (there.guid, &there.sid, &there.sam_account_name),
        (account.guid, &account.sid, &account.sam_account_name)
    );
    assert_eq!(there.member_of.len(), 1);
    assert_eq!(ground.find(account.dn.clone()).await?, None);
    assert_eq!(ground.now(account.guid).await?, there);
    let back = moved(ground, &there, &ground.unit, MoveOptions::new()).await?;
    assert_eq!(back.dn, account.dn);
    Ok(())
}

/// A move that meets a taken name renames in the same request (rule X-20).
pub async fn a_move_can_rename(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let cn = format!("del, {}", ground.name()?);
    let there = moved(ground, &account, &ground.retired, MoveOptions::new().new_cn(cn.clone())).await?;
    assert_eq!((there.dn, there.cn), (ground.retired.child(&cn)?, cn));
    Ok(())
}

/// The same container and another name is a renaming (RFC 4511, 4.9).
pub async fn renaming_in_place(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let cn = format!("new {}", ground.name()?);
    let renamed = moved(ground, &account, &ground.unit, MoveOptions::new().new_cn(cn.clone())).await?;
    assert_eq!((renamed.cn.as_str(), renamed.guid), (cn.as_str(), account.guid));
    assert_eq!(ground.find(account.dn).await?, None);
    Ok(())
}

/// Nothing is overwritten, and what could not be moved stays where it was (RFC 4511, 4.9).
pub async fn a_taken_name_stops_a_move(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let mut other = ground.draft()?.cn(account.cn.clone());
    other.parent = ground.retired.clone();
    ground.create(&other).await?;
    let error = refused(
        moved(ground, &account, &ground.retired, MoveOptions::new()).await,
        ErrorKind::AlreadyExists,
    )?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    assert_eq!(ground.now(account.guid).await?.dn, account.dn);
    Ok(())
}

/// Windows says so in one code and Samba in another (measured: Samba 4.17 says 80, Windows 32).
pub async fn a_missing_target_is_not_found(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let nowhere = ground.unit.unit("not there")?;
    let error = refused(moved(ground, &account, &nowhere, MoveOptions::new()).await, ErrorKind::NotFound)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    assert_eq!(ground.now(account.guid).await?.dn, account.dn);
    Ok(())
}

/// A move cannot carry the marker, so it is looked at right before (rule E-5).
pub async fn a_stale_marker_stops_a_move(ground: &Ground) -> Checked {
    let ours: crate::Marker = format!("move:{}", ground.name()?).parse()?;
    let account = ground.create(&ground.draft()?.marker(ours.clone())).await?;
    let stale = MoveOptions::new().expect_marker("stale".parse()?);
    refused(moved(ground, &account, &ground.retired, stale).await, ErrorKind::MarkerMismatch)?;
    assert_eq!(ground.now(account.guid).await?.dn, account.dn);
    moved(ground, &account, &ground.retired, MoveOptions::new().expect_marker(ours)).await?;
    Ok(())
}

/// Moving to where it is already is success: every effect can be repeated (rule X-11).
pub async fn staying_is_no_error(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let still = moved(ground, &account, &ground.unit, MoveOptions::new()).await?;
    assert_eq!((still.dn, still.guid), (account.dn, account.guid));
    Ok(())
}
