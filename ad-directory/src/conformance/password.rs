//! Passwords.

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{
    Checked, Ground,
    ground::{good_password, refused},
};
use crate::{
    Account, AccountExpires, AccountUpdate, ChangePasswordOptions, CheckPasswordOptions, ErrorKind,
    ObjectGuid, Outcome, PasswordCheck, Result, SetPasswordOptions, UpdateOptions,
};

async fn check(ground: &Ground, account: &Account, password: &SecretString) -> Result<PasswordCheck> {
    ground.directory.check_password(account.guid, password, CheckPasswordOptions::new()).await
}

async fn set(
    ground: &Ground,
    account: &Account,
    password: &SecretString,
    options: SetPasswordOptions,
) -> Result<()> {
    ground.directory.set_password(account.guid, password, options).await
}

async fn enabled(ground: &Ground, password: &SecretString) -> Result<Account> {
    ground.create(&ground.draft()?.password(password.clone()).enabled(true)).await
}

/// A controller looks at the password before it looks at the flag (`data 533`; rule X, step 8).
pub async fn the_right_password_proves_itself_while_disabled(ground: &Ground) -> Checked {
    let password = good_password();
    let account = ground.create(&ground.draft()?.password(password.clone())).await?;
    let answer = check(ground, &account, &password).await?;
    assert_eq!((answer, answer.proves_password()), (PasswordCheck::Disabled, Some(true)));
    let answer = check(ground, &account, &good_password()).await?;
    assert_eq!((answer, answer.proves_password()), (PasswordCheck::Wrong, Some(false)));
    Ok(())
}

/// A sign-in with the right password of an enabled account succeeds (RFC 4513, 5.1.3).
pub async fn the_right_password_is_accepted(ground: &Ground) -> Checked {
    let password = good_password();
    let account = enabled(ground, &password).await?;
    assert_eq!(check(ground, &account, &password).await?, PasswordCheck::Accepted);
    Ok(())
}

/// And one with another does not (`data 52e`); case matters.
pub async fn a_wrong_password_is_wrong(ground: &Ground) -> Checked {
    let password = good_password();
    let account = enabled(ground, &password).await?;
    let upper = SecretString::from(password.expose_secret().to_uppercase());
    assert_eq!(check(ground, &account, &upper).await?, PasswordCheck::Wrong);
    Ok(())
}

/// A sign-in with a name and no password succeeds as nobody (RFC 4513, 5.1.2), and would prove anything.
pub async fn an_empty_password_is_never_sent(ground: &Ground) -> Checked {
    let account = enabled(ground, &good_password()).await?;
    let empty = SecretString::default();
    for error in [
        refused(check(ground, &account, &empty).await, ErrorKind::Invalid)?,
        refused(set(ground, &account, &empty, SetPasswordOptions::new()).await, ErrorKind::Invalid)?,
    ] {
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
    Ok(())
}

/// Only the new password proves a change: some sign-ins take the old one for an hour (rule X, rotate).
pub async fn a_new_password_works_at_once(ground: &Ground) -> Checked {
    let account = enabled(ground, &good_password()).await?;
    let new = good_password();
    set(ground, &account, &new, SetPasswordOptions::new()).await?;
    assert_eq!(check(ground, &account, &new).await?, PasswordCheck::Accepted);
    Ok(())
}

/// The policy refuses with one code, whatever the number of the LDAP result (`0000052D`), and the old password stays.
pub async fn a_weak_password_changes_nothing(ground: &Ground) -> Checked {
    let password = good_password();
    let account = enabled(ground, &password).await?;
    for weak in ["Aa1!xy", "alllowercaseletters"] {
        let error = refused(
            set(ground, &account, &weak.into(), SetPasswordOptions::new()).await,
            ErrorKind::PasswordPolicy,
        )?;
        assert_eq!((error.outcome(), error.win32_code()), (Outcome::NotDone, Some(0x52d)));
    }
    assert_eq!(check(ground, &account, &password).await?, PasswordCheck::Accepted);
    Ok(())
}

/// Past its end an account is refused, which proves the password (`data 701`).
pub async fn an_expired_account_proves_its_password(ground: &Ground) -> Checked {
    let password = good_password();
    let past = AccountExpires::At("2020-01-01T00:00:00Z".parse()?);
    let account =
        ground.create(&ground.draft()?.password(password.clone()).enabled(true).expires(past)).await?;
    let answer = check(ground, &account, &password).await?;
    assert_eq!((answer, answer.proves_password()), (PasswordCheck::AccountExpired, Some(true)));
    Ok(())
}

/// A password that must be changed first is right (`data 773`).
pub async fn a_password_to_be_changed_proves_itself(ground: &Ground) -> Checked {
    let account = ground.create(&ground.draft()?.password_never_expires(false).enabled(true)).await?;
    let new = good_password();
    set(ground, &account, &new, SetPasswordOptions::new().must_change(true)).await?;
    let answer = check(ground, &account, &new).await?;
    assert_eq!((answer, answer.proves_password()), (PasswordCheck::MustChange, Some(true)));
    assert_eq!(ground.now(account.guid).await?.password_last_set, None);
    Ok(())
}

/// Guessing locks the account, then even the right password says nothing (`data 775`), until it is unlocked.
pub async fn guessing_locks_and_unlocking_helps(ground: &Ground) -> Checked {
    let password = good_password();
    let account = enabled(ground, &password).await?;
    let mut answer = PasswordCheck::Wrong;
    for _ in 0..11 {
        answer = check(ground, &account, &good_password()).await?;
        if answer == PasswordCheck::LockedOut {
            break;
        }
    }
    assert_eq!(answer, PasswordCheck::LockedOut);
    let answer = check(ground, &account, &password).await?;
    assert_eq!((answer, answer.proves_password()), (PasswordCheck::LockedOut, None));
    let new = good_password();
    set(ground, &account, &new, SetPasswordOptions::new().unlock(true)).await?;
    assert_eq!(check(ground, &account, &new).await?, PasswordCheck::Accepted);
    Ok(())
}

/// Quotation marks, which frame the password on the wire, and characters outside of every plane that is often tried
/// (MS-ADTS 3.1.1.3.1.5.1).
pub async fn any_character_may_be_in_a_password(ground: &Ground) -> Checked {
    let account = enabled(ground, &good_password()).await?;
    for text in
        ["\"Quoted\" 1 \"twice\"", "Ünïcödé-1-名前-\u{1f511}", "A1) (cn=*, \\00;x", "  Blanks 1 around it  "]
    {
        let password = SecretString::from(text);
        set(ground, &account, &password, SetPasswordOptions::new()).await?;
        assert_eq!(check(ground, &account, &password).await?, PasswordCheck::Accepted, "{text}");
    }
    Ok(())
}

/// Nobody's password is neither right nor wrong (RFC 4511, 4.5.2).
pub async fn the_password_of_nobody_is_not_found(ground: &Ground) -> Checked {
    let (nobody, password) = (Uuid::new_v4().into(), good_password());
    refused(
        ground.directory.check_password(nobody, &password, CheckPasswordOptions::new()).await,
        ErrorKind::NotFound,
    )?;
    refused(
        ground.directory.set_password(nobody, &password, SetPasswordOptions::new()).await,
        ErrorKind::NotFound,
    )?;
    Ok(())
}

/// Neither the text of an error nor its cause holds the password it is about (invariant I-11).
pub async fn errors_hold_no_password(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let canary = "canary";
    let weak = SecretString::from(canary);
    let draft = ground.draft()?.password(weak.clone());
    let errors = [
        refused(ground.create(&draft).await, ErrorKind::PasswordPolicy)?,
        refused(set(ground, &account, &weak, SetPasswordOptions::new()).await, ErrorKind::PasswordPolicy)?,
    ];
    for error in errors {
        let mut texts = vec![error.to_string(), format!("{error:?}"), format!("{draft:?}")];
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(error) = cause {
            texts.extend([error.to_string(), format!("{error:?}")]);
            cause = error.source();
        }
        assert!(!texts.iter().any(|text| text.contains(canary)), "{texts:?}");
    }
    Ok(())
}

async fn change(ground: &Ground, id: ObjectGuid, old: &SecretString, new: &SecretString) -> Result<()> {
    ground.directory.change_password(id, old, new, ChangePasswordOptions::new()).await
}

/// Whoever knows the old password may set a new one (MS-ADTS 3.1.1.3.1.5.1: delete and add).
pub async fn a_password_is_changed_by_its_owner(ground: &Ground) -> Checked {
    let (old, new) = (good_password(), good_password());
    let account = ground.create(&ground.draft()?.password(old.clone()).enabled(true)).await?;
    change(ground, account.guid, &old, &new).await?;
    assert_eq!(check(ground, &account, &new).await?, PasswordCheck::Accepted);
    let again = change(ground, Uuid::new_v4().into(), &old, &new).await;
    refused(again, ErrorKind::NotFound)?;
    Ok(())
}

/// The old one must be right (`00000056`).
pub async fn a_wrong_old_password_changes_nothing(ground: &Ground) -> Checked {
    let (old, new) = (good_password(), good_password());
    let account = ground.create(&ground.draft()?.password(old.clone()).enabled(true)).await?;
    let wrong = change(ground, account.guid, &good_password(), &new).await;
    assert_eq!(refused(wrong, ErrorKind::WrongPassword)?.outcome(), Outcome::NotDone);
    for (old, new) in [(&old, &SecretString::from("")), (&SecretString::from(""), &new)] {
        let empty = change(ground, account.guid, old, new).await;
        assert_eq!(refused(empty, ErrorKind::Invalid)?.outcome(), Outcome::NotSent);
    }
    assert_eq!(check(ground, &account, &old).await?, PasswordCheck::Accepted);
    Ok(())
}

/// The policy holds for a change as for a reset (MS-SAMR 3.1.1.7.2).
pub async fn a_changed_password_meets_the_policy(ground: &Ground) -> Checked {
    let old = good_password();
    let account = ground.create(&ground.draft()?.password(old.clone()).enabled(true)).await?;
    let weak = change(ground, account.guid, &old, &"Aa1!xy".into()).await;
    refused(weak, ErrorKind::PasswordPolicy)?;
    assert_eq!(check(ground, &account, &old).await?, PasswordCheck::Accepted);
    Ok(())
}

/// A locked account is unlocked without touching its password (`lockoutTime`) (MS-SAMR 3.1.1.8.4).
pub async fn unlocking_is_a_change_like_others(ground: &Ground) -> Checked {
    let password = good_password();
    let account = ground.create(&ground.draft()?.password(password.clone()).enabled(true)).await?;
    let mut locked = false;
    for _ in 0..10 {
        locked |= check(ground, &account, &good_password()).await? == PasswordCheck::LockedOut;
    }
    assert!(locked);
    let update = AccountUpdate::new().unlock();
    ground.directory.update_account(account.guid, &update, UpdateOptions::new()).await?;
    assert_eq!(check(ground, &account, &password).await?, PasswordCheck::Accepted);
    Ok(())
}

/// `pwdLastSet` is 0 while the password must be changed, and a time again afterwards (MS-SAMR 3.1.1.8.8).
pub async fn having_to_change_a_password_comes_and_goes(ground: &Ground) -> Checked {
    let password = good_password();
    let draft = ground.draft()?.password(password.clone()).enabled(true).password_never_expires(false);
    let account = ground.create(&draft).await?;
    for (must, wanted) in [(true, PasswordCheck::MustChange), (false, PasswordCheck::Accepted)] {
        let update = AccountUpdate::new().must_change_password(must);
        let changed = ground.directory.update_account(account.guid, &update, UpdateOptions::new()).await?;
        assert_eq!(changed.password_last_set.is_none(), must);
        assert_eq!(check(ground, &account, &password).await?, wanted);
    }
    Ok(())
}
