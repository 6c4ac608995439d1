//! Deleting.

use super::{Checked, Ground, ground::refused};
use crate::{DeleteOptions, ErrorKind, MemberOptions, Outcome};

/// No key leads to it any more (RFC 4511, 4.8).
pub async fn a_deleted_account_is_gone(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    ground.directory.add_member(&ground.group()?, account.guid, MemberOptions::new()).await?;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    assert_eq!(ground.find(account.guid).await?, None);
    assert_eq!(ground.find(account.dn.clone()).await?, None);
    assert_eq!(ground.find(account.sam_account_name.clone()).await?, None);
    Ok(())
}

/// After a lost answer it is asked again, and "there is none" is then the good news (RFC 4511, 4.8; rule X-2).
pub async fn deleting_again_is_not_found(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    let again = ground.directory.delete_account(account.guid, DeleteOptions::new()).await;
    assert_eq!(refused(again, ErrorKind::NotFound)?.outcome(), Outcome::NotDone);
    Ok(())
}

/// Nothing is deleted unless its marker fits (invariant I-3).
pub async fn a_stale_marker_stops_a_deletion(ground: &Ground) -> Checked {
    let ours: crate::Marker = format!("delete:{}", ground.name()?).parse()?;
    let marked = ground.create(&ground.draft()?.marker(ours.clone())).await?;
    let unmarked = ground.account().await?;
    let stale = DeleteOptions::new().expect_marker("stale".parse()?);
    for guid in [marked.guid, unmarked.guid] {
        let error =
            refused(ground.directory.delete_account(guid, stale.clone()).await, ErrorKind::MarkerMismatch)?;
        assert_eq!(error.outcome(), Outcome::NotDone);
        ground.now(guid).await?;
    }
    ground.directory.delete_account(marked.guid, DeleteOptions::new().expect_marker(ours)).await?;
    Ok(())
}

/// All names of a deleted account can be given to another (MS-ADTS 3.1.1.5.5: names are unique among the living).
pub async fn a_deleted_name_is_free(ground: &Ground) -> Checked {
    let draft = ground.draft()?;
    let name = draft.sam_account_name.clone();
    let draft = draft
        .user_principal_name(format!("{name}@conformance.example").parse()?)
        .service_principal_name(format!("HTTP/{name}"));
    let account = ground.create(&draft).await?;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await?;
    let again = ground.create(&draft).await?;
    assert_eq!(again.member_of, []);
    Ok(())
}
