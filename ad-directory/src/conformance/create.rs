//! Making accounts.

use super::{
    Checked, Ground,
    ground::{good_password, refused},
};
use crate::{
    AccountExpires, CheckPasswordOptions, CreateOptions, DeleteOptions, ErrorKind, NewAccount, Outcome,
    PasswordCheck, UserAccountControl,
};

/// Whoever makes an account looks at it before it can be used (rule X, step 5).
pub async fn an_account_begins_disabled(ground: &Ground) -> Checked {
    let account = ground.create(&NewAccount::new(ground.unit.clone(), ground.name()?)).await?;
    assert!(account.is_disabled());
    assert_eq!(account.expires, AccountExpires::Never);
    assert!(account.user_account_control.contains(UserAccountControl::NORMAL_ACCOUNT));
    assert!(!account.user_account_control.contains(UserAccountControl::PASSWORD_NOT_REQUIRED));
    assert_eq!(account.member_of, []);
    Ok(())
}

/// What is given is what is read back, and what is found later (RFC 4511, 4.7: an Add holds all attributes).
pub async fn all_that_is_given_is_kept(ground: &Ground) -> Checked {
    let draft = ground.draft()?;
    let name = draft.sam_account_name.clone();
    let end: jiff::Timestamp = "2031-05-06T07:08:09Z".parse()?;
    let new = draft
        .cn(format!("Full {name}"))
        .user_principal_name(format!("{name}@conformance.example").parse()?)
        .expires(AccountExpires::At(end))
        .marker(format!("all:{name}").parse()?)
        .description("What it is for")
        .display_name("Shown as this")
        .service_principal_name(format!("HTTP/{name}.example"))
        .service_principal_name(format!("HTTP/{name}"));
    let account = ground.create(&new).await?;
    assert_eq!(account.dn, new.dn()?);
    assert_eq!(account.cn, new.cn);
    assert_eq!(account.sam_account_name.as_str(), name.as_str());
    assert_eq!(account.user_principal_name, new.user_principal_name);
    assert_eq!(account.expires, new.expires);
    assert_eq!(account.marker, new.marker);
    assert_eq!(account.description, new.description);
    assert_eq!(account.display_name, new.display_name);
    let mut services = account.service_principal_names.clone();
    services.sort();
    let mut wanted = new.service_principal_names.clone();
    wanted.sort();
    assert_eq!(services, wanted);
    assert!(account.user_account_control.contains(UserAccountControl::PASSWORD_NEVER_EXPIRES));
    assert!(account.sid.is_some() && account.when_created.is_some() && account.password_last_set.is_some());
    assert_eq!(account.primary_group_id, Some(513));
    assert_eq!(ground.now(account.guid).await?, account);
    Ok(())
}

/// `sAMAccountName` is unique in the domain (MS-ADTS 3.1.1.5.2.2), wherever the account lies.
pub async fn a_taken_sign_in_name_is_refused(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let mut second = ground.draft()?.cn(format!("{} again", account.cn));
    second.sam_account_name = account.sam_account_name.clone();
    second.parent = ground.retired.clone();
    let error = refused(ground.create(&second).await, ErrorKind::AlreadyExists)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    assert_eq!(ground.find(second.dn()?).await?, None);
    Ok(())
}

/// One name in one container (RFC 4512, 2.3.1).
pub async fn a_taken_common_name_is_refused(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let second = ground.draft()?.cn(account.cn.clone());
    let error = refused(ground.create(&second).await, ErrorKind::AlreadyExists)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    assert_eq!(ground.find(second.sam_account_name.clone()).await?, None);
    Ok(())
}

/// `userPrincipalName` is unique in the forest (MS-ADTS 3.1.1.5.2.2; Windows since 2012 R2).
pub async fn a_taken_principal_name_is_refused(ground: &Ground) -> Checked {
    let first = ground.draft()?;
    let principal: crate::UserPrincipalName =
        format!("{}@conformance.example", first.sam_account_name).parse()?;
    ground.create(&first.user_principal_name(principal.clone())).await?;
    let second = ground.draft()?.user_principal_name(principal);
    refused(ground.create(&second).await, ErrorKind::AlreadyExists)?;
    assert_eq!(ground.find(second.sam_account_name).await?, None);
    Ok(())
}

/// `servicePrincipalName` is unique in the forest (MS-ADTS 3.1.1.5.1.3; Windows since 2012 R2).
pub async fn a_taken_service_name_is_refused(ground: &Ground) -> Checked {
    let first = ground.draft()?;
    let service = format!("HTTP/{}", first.sam_account_name);
    ground.create(&first.service_principal_name(service.clone())).await?;
    let second = ground.draft()?.service_principal_name(service);
    refused(ground.create(&second).await, ErrorKind::AlreadyExists)?;
    assert_eq!(ground.find(second.sam_account_name).await?, None);
    Ok(())
}

/// Users, computers and groups share the sign-in names (rule NM-1).
pub async fn the_name_of_a_group_is_taken_too(ground: &Ground) -> Checked {
    let mut draft = ground.draft()?;
    draft.sam_account_name = ground.group()?.to_string().parse()?;
    refused(ground.create(&draft).await, ErrorKind::AlreadyExists)?;
    Ok(())
}

/// A container is never made on the way (RFC 4511, 4.7).
pub async fn a_missing_container_is_not_found(ground: &Ground) -> Checked {
    let mut draft = ground.draft()?;
    draft.parent = ground.unit.unit("not there")?;
    let error = refused(ground.create(&draft).await, ErrorKind::NotFound)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    Ok(())
}

/// All or nothing: a password that the policy refuses leaves no account (rule X-9).
pub async fn a_weak_password_leaves_nothing_behind(ground: &Ground) -> Checked {
    let weak = ground.draft()?.password("Aa1!xy".to_owned());
    let error = refused(ground.create(&weak).await, ErrorKind::PasswordPolicy)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    assert_eq!(ground.find(weak.sam_account_name.clone()).await?, None);
    ground.create(&weak.password(good_password())).await?;
    Ok(())
}

/// An account that nobody needs a password for is an open door (MS-SAMR 3.1.1.8.10).
pub async fn no_account_is_enabled_without_a_password(ground: &Ground) -> Checked {
    let open = NewAccount::new(ground.unit.clone(), ground.name()?).enabled(true);
    refused(ground.create(&open).await, ErrorKind::PasswordPolicy)?;
    assert_eq!(ground.find(open.sam_account_name.clone()).await?, None);
    let account = ground.create(&open.enabled(false)).await?;
    let update = crate::AccountUpdate::new().enabled(true);
    let enabled = ground.directory.update_account(account.guid, &update, crate::UpdateOptions::new()).await;
    refused(enabled, ErrorKind::PasswordPolicy)?;
    assert!(ground.now(account.guid).await?.is_disabled());
    Ok(())
}

/// With a password it may be enabled from the start, in the same request (MS-SAMR 3.1.1.8.10; measured on Samba 4.17: one Add).
pub async fn an_enabled_account_can_sign_in_at_once(ground: &Ground) -> Checked {
    let password = good_password();
    let account = ground.create(&ground.draft()?.password(password.clone()).enabled(true)).await?;
    assert!(account.is_enabled());
    let check = ground.directory.check_password(account.guid, &password, CheckPasswordOptions::new()).await?;
    assert_eq!(check, PasswordCheck::Accepted);
    Ok(())
}

/// What has a field, and what the directory keeps, cannot be smuggled in by name; nothing is sent (rule X: one place for each value).
pub async fn attributes_with_a_field_are_refused(ground: &Ground) -> Checked {
    for name in ["unicodePwd", "USERACCOUNTCONTROL", "objectClass", "memberOf", "adminDescription"] {
        let draft = ground.draft()?.attribute(name.parse()?, ["512".to_owned()]);
        let error = refused(ground.create(&draft).await, ErrorKind::Invalid)?;
        assert_eq!(error.outcome(), Outcome::NotSent, "{name}");
    }
    Ok(())
}

/// An empty password is no password; nothing is sent (RFC 4513, 5.1.2: an empty password is nobody's).
pub async fn an_empty_first_password_is_refused(ground: &Ground) -> Checked {
    let draft = ground.draft()?.password(String::new());
    let error = refused(ground.create(&draft).await, ErrorKind::Invalid)?;
    assert_eq!(error.outcome(), Outcome::NotSent);
    Ok(())
}

/// The same name made again is another account (MS-ADTS 3.1.1.1.4: an objectGUID is never used again).
pub async fn a_new_account_has_a_new_identity(ground: &Ground) -> Checked {
    let draft = ground.draft()?;
    let first = ground.create(&draft).await?;
    ground.directory.delete_account(first.guid, DeleteOptions::new()).await?;
    let second = ground.create(&draft).await?;
    assert_ne!(first.guid, second.guid);
    assert_ne!(first.sid, second.sid);
    assert_eq!(ground.find(first.guid).await?, None);
    Ok(())
}

/// A name that differs in case alone is taken (rule NM-1).
pub async fn names_differ_by_more_than_case(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let mut second = ground.draft()?;
    second.sam_account_name = account.sam_account_name.as_str().to_lowercase().parse()?;
    refused(ground.directory.create_account(&second, CreateOptions::new()).await, ErrorKind::AlreadyExists)?;
    Ok(())
}
