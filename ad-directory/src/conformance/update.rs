//! Changing accounts.

use uuid::Uuid;

use super::{Checked, Ground, ground::refused};
use crate::{
    Account, AccountExpires, AccountUpdate, AttributeName, ErrorKind, FindOptions, ObjectGuid, Outcome,
    Result, UpdateOptions, UserAccountControl,
};

async fn update(ground: &Ground, guid: ObjectGuid, update: AccountUpdate) -> Result<Account> {
    ground.directory.update_account(guid, &update, UpdateOptions::new()).await
}

/// A change of nothing is a mistake of the caller's; nothing is sent (RFC 4511, 4.6: a Modify has changes).
pub async fn an_empty_update_is_refused(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let error = refused(update(ground, account.guid, AccountUpdate::new()).await, ErrorKind::Invalid)?;
    assert_eq!(error.outcome(), Outcome::NotSent);
    Ok(())
}

/// The flag is changed and read back; doing it twice is no error (rule X: every effect can be repeated).
pub async fn enabling_and_disabling(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    for enabled in [true, true, false, false] {
        let changed = update(ground, account.guid, AccountUpdate::new().enabled(enabled)).await?;
        assert_eq!(changed.is_enabled(), enabled);
        assert_eq!(ground.now(account.guid).await?, changed);
    }
    Ok(())
}

/// An instant is kept to 100 nanoseconds, and never is never (MS-ADA1, accountExpires).
pub async fn an_end_is_kept_exactly(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let end = AccountExpires::At("2040-02-29T23:59:59.1234567Z".parse()?);
    for expires in [end, AccountExpires::Never, end] {
        let changed = update(ground, account.guid, AccountUpdate::new().expires(expires)).await?;
        assert_eq!(changed.expires, expires);
    }
    Ok(())
}

/// No instant is stored as the number that means never (MS-ADA1, `accountExpires`: 0 and the largest number mean never).
pub async fn an_end_long_past_is_not_never(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let past = AccountExpires::At("1601-01-01T00:00:00Z".parse()?);
    let changed = update(ground, account.guid, AccountUpdate::new().expires(past)).await?;
    assert!(changed.expires.is_past("1602-01-01T00:00:00Z".parse()?), "{}", changed.expires);
    Ok(())
}

/// Texts are set, replaced and cleared; clearing what is not there is no error (RFC 4511, 4.6).
pub async fn texts_are_set_and_cleared(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    for text in [Some("one"), Some("Zwei, \u{fc}ber (alles) *"), None, None] {
        let text = text.map(ToOwned::to_owned);
        let change = AccountUpdate::new().description(text.clone()).display_name(text.clone());
        let changed = update(ground, account.guid, change).await?;
        assert_eq!((&changed.description, &changed.display_name), (&text, &text));
    }
    Ok(())
}

/// A retired account gives its names away (rule NM-2).
pub async fn renaming_frees_the_old_name(ground: &Ground) -> Checked {
    let draft = ground.draft()?;
    let old = draft.sam_account_name.clone();
    let account =
        ground.create(&draft.user_principal_name(format!("{old}@conformance.example").parse()?)).await?;
    let new = ground.name()?;
    let principal: crate::UserPrincipalName = format!("{new}@conformance.example").parse()?;
    let change =
        AccountUpdate::new().sam_account_name(new.clone()).user_principal_name(Some(principal.clone()));
    let renamed = update(ground, account.guid, change).await?;
    assert_eq!((&renamed.sam_account_name, &renamed.user_principal_name), (&new, &Some(principal)));
    assert_eq!(renamed.dn, account.dn);
    assert_eq!(ground.find(old.clone()).await?, None);
    let mut second = ground.draft()?;
    second.sam_account_name = old;
    ground.create(&second).await?;
    Ok(())
}

/// One request is all or nothing (RFC 4511, 4.6: modifications are atomic).
pub async fn a_refused_update_changes_nothing(ground: &Ground) -> Checked {
    let taken = ground.account().await?.sam_account_name;
    let account = ground.account().await?;
    let change =
        AccountUpdate::new().description(Some("changed".to_owned())).enabled(true).sam_account_name(taken);
    let error = refused(update(ground, account.guid, change).await, ErrorKind::AlreadyExists)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    let now = ground.now(account.guid).await?;
    assert_eq!(
        (now.is_enabled(), now.description, now.sam_account_name),
        (false, None, account.sam_account_name)
    );
    Ok(())
}

/// A retired account loses its service names, so that another can have them (rule NM-2).
pub async fn service_names_are_replaced_and_cleared(ground: &Ground) -> Checked {
    let draft = ground.draft()?;
    let (one, two) = (format!("HTTP/{}", draft.sam_account_name), format!("CIFS/{}", draft.sam_account_name));
    let account = ground.create(&draft.service_principal_name(one.clone())).await?;
    let changed =
        update(ground, account.guid, AccountUpdate::new().service_principal_names([two.clone()])).await?;
    assert_eq!(changed.service_principal_names, [two]);
    let changed = update(ground, account.guid, AccountUpdate::new().service_principal_names([])).await?;
    assert_eq!(changed.service_principal_names, [""; 0]);
    ground.create(&ground.draft()?.service_principal_name(one)).await?;
    Ok(())
}

/// Bits that are not spoken of stay (MS-ADTS 2.2.16).
pub async fn flags_are_changed_one_by_one(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let before = account.user_account_control;
    let changed = update(ground, account.guid, AccountUpdate::new().password_never_expires(false)).await?;
    assert_eq!(changed.user_account_control, before.without(UserAccountControl::PASSWORD_NEVER_EXPIRES));
    let changed = update(ground, account.guid, AccountUpdate::new().password_never_expires(true)).await?;
    assert_eq!(changed.user_account_control, before);
    Ok(())
}

/// An attribute that has no field takes values and loses them; those with a field are refused (RFC 4511, 4.6).
pub async fn attributes_are_set_and_cleared(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let name: AttributeName = "department".parse()?;
    for values in [vec!["One".to_owned()], vec!["Two".to_owned()], vec![]] {
        update(ground, account.guid, AccountUpdate::new().attribute(name.clone(), values.clone())).await?;
        let options = FindOptions::new().attributes(vec![name.clone()]);
        let found = ground
            .reader
            .find_account(&account.guid.into(), options)
            .await?
            .ok_or("the account is not found")?;
        assert_eq!(found.attributes.get(&name).cloned().unwrap_or_default(), values);
    }
    let change = AccountUpdate::new().attribute("userAccountControl".parse()?, ["544".to_owned()]);
    refused(update(ground, account.guid, change).await, ErrorKind::Invalid)?;
    Ok(())
}

/// What does not exist cannot be changed, and is not made (RFC 4511, 4.6: `noSuchObject`).
pub async fn an_unknown_account_is_not_found(ground: &Ground) -> Checked {
    let change = AccountUpdate::new().enabled(false);
    let error = refused(update(ground, Uuid::new_v4().into(), change).await, ErrorKind::NotFound)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    Ok(())
}

/// A change is dated, and the day of making stays (MS-ADTS 3.1.1.1.4: whenCreated, whenChanged).
pub async fn the_past_is_dated(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let changed =
        update(ground, account.guid, AccountUpdate::new().description(Some("later".to_owned()))).await?;
    assert_eq!(changed.when_created, account.when_created);
    assert!(changed.when_changed >= account.when_changed);
    assert!(changed.when_changed.is_some());
    Ok(())
}

/// Two entries deny it, and nothing else is touched: a flag would not do (MS-ADTS 2.2.16: `PASSWD_CANT_CHANGE` is never stored). Whoever may reset
/// passwords still can.
pub async fn the_right_to_change_a_password_is_denied_and_given_back(ground: &Ground) -> Checked {
    let password = super::ground::good_password();
    let draft = ground.draft()?.password(password.clone()).enabled(true);
    let account = ground.create(&draft).await?;
    let asked = || FindOptions::new().password_change(true);
    let denied = async || -> Result<Option<bool>> {
        let found = ground.directory.find_account(&account.guid.into(), asked()).await?;
        Ok(found.and_then(|account| account.password_change_denied))
    };
    assert_eq!(denied().await?, Some(false));
    for deny in [true, true, false, false, true] {
        let change = AccountUpdate::new().password_change_denied(deny).description(Some(format!("{deny}")));
        let changed = update(ground, account.guid, change).await?;
        assert_eq!(changed.user_account_control, account.user_account_control, "no flag");
        assert_eq!(denied().await?, Some(deny));
    }
    assert_eq!(ground.now(account.guid).await?.password_change_denied, None, "seen when it is asked for");
    let other = super::ground::good_password();
    let options = crate::SetPasswordOptions::new();
    ground.directory.set_password(account.guid, &other, options).await?;
    Ok(())
}
