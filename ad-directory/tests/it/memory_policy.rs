//! Password policies of the directory in memory: fine-grained ones, ages, history.

use std::{sync::atomic::Ordering, time::Duration};

use ad_directory::{
    ChangePasswordOptions, CheckPasswordOptions, CreateOptions, Directory, ErrorKind, GroupName,
    MemberOptions, NewAccount, PasswordCheck, PasswordPolicy, PolicyOptions, PolicyScope, PolicySource,
    SetPasswordOptions,
};

use crate::{
    ground::{builder, dn},
    memory::clock,
};

const PASSWORD: &str = "Canary-7f3a!x";

fn draft() -> NewAccount {
    NewAccount::new(dn("OU=Service Accounts,DC=corp,DC=example"), "svc".parse().unwrap())
        .password(PASSWORD.to_owned())
        .password_never_expires(false)
        .enabled(true)
}

#[tokio::test]
async fn a_fine_grained_policy_holds_for_the_members_of_its_group() {
    let strict = PasswordPolicy::default().minimum_length(30);
    let directory = builder().fine_grained_policy("app-readers", strict).build().unwrap();
    let account = directory.create_account(&draft(), CreateOptions::new()).await.unwrap();
    let scope = PolicyScope::Account(account.guid);
    let policy = async || directory.password_policy(&scope, PolicyOptions::new()).await.unwrap();
    let set = async |password: &str| {
        directory.set_password(account.guid, &password.into(), SetPasswordOptions::new()).await
    };
    assert_eq!(policy().await.source, PolicySource::Domain);
    set("Short-enough-1").await.unwrap();
    let group: GroupName = "app-readers".parse().unwrap();
    directory.add_member(&group.into(), account.guid, MemberOptions::new()).await.unwrap();
    let found = policy().await;
    assert_eq!(found.minimum_length, 30);
    assert!(matches!(&found.source, PolicySource::FineGrained(name) if name.name() == "app-readers"));
    assert_eq!(set("Short-enough-2").await.unwrap_err().kind(), ErrorKind::PasswordPolicy);
    set("Long-enough-for-everybody-who-asks-1").await.unwrap();
}

#[tokio::test]
async fn passwords_age_and_are_too_young_to_change() {
    let (seconds, read) = clock();
    let day = Duration::from_hours(24);
    let policy = PasswordPolicy::default().minimum_age(day).maximum_age(Some(day * 42));
    let directory = builder().clock(read).password_policy(policy).build().unwrap();
    let account = directory.create_account(&draft(), CreateOptions::new()).await.unwrap();
    let change = async |old: &str, new: &str| {
        directory.change_password(account.guid, &old.into(), &new.into(), ChangePasswordOptions::new()).await
    };
    let check = async |password: &str| {
        directory.check_password(account.guid, &password.into(), CheckPasswordOptions::new()).await.unwrap()
    };
    assert_eq!(change(PASSWORD, "Another-1-one").await.unwrap_err().kind(), ErrorKind::PasswordPolicy);
    seconds.fetch_add(86_400, Ordering::SeqCst);
    change(PASSWORD, "Another-1-one").await.unwrap();
    assert_eq!(check("Another-1-one").await, PasswordCheck::Accepted);
    seconds.fetch_add(42 * 86_400, Ordering::SeqCst);
    assert_eq!(check("Another-1-one").await, PasswordCheck::PasswordExpired);
}

#[tokio::test]
async fn so_many_passwords_are_remembered_and_no_more() {
    let directory = builder().password_policy(PasswordPolicy::default().history_length(2)).build().unwrap();
    let account = directory.create_account(&draft(), CreateOptions::new()).await.unwrap();
    let set = async |password: &str| {
        let options = SetPasswordOptions::new().enforce_history(true);
        directory.set_password(account.guid, &password.into(), options).await
    };
    set("Number-2-two").await.unwrap();
    assert!(set(PASSWORD).await.is_err());
    assert!(set("Number-2-two").await.is_err());
    set("Number-3-three").await.unwrap();
    set(PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_lock_without_an_end_ends_by_hand() {
    let (seconds, read) = clock();
    let policy = PasswordPolicy::default().lockout_threshold(1).locked_until_unlocked();
    let directory = builder().clock(read).password_policy(policy).build().unwrap();
    let account = directory.create_account(&draft(), CreateOptions::new()).await.unwrap();
    let check = async |password: &str| {
        directory.check_password(account.guid, &password.into(), CheckPasswordOptions::new()).await.unwrap()
    };
    assert_eq!(check("wrong").await, PasswordCheck::Wrong);
    seconds.fetch_add(365 * 86_400, Ordering::SeqCst);
    assert_eq!(check(PASSWORD).await, PasswordCheck::LockedOut);
    let unlock = ad_directory::AccountUpdate::new().unlock();
    directory.update_account(account.guid, &unlock, ad_directory::UpdateOptions::new()).await.unwrap();
    assert_eq!(check(PASSWORD).await, PasswordCheck::Accepted);
}
