//! Password policies.

use secrecy::SecretString;
use uuid::Uuid;

use super::{
    Checked, Ground,
    ground::{good_password, refused},
};
use crate::{
    Account, ChangePasswordOptions, CheckPasswordOptions, ErrorKind, Outcome, PasswordCheck,
    PasswordGenerator, PasswordPolicy, PolicyOptions, PolicyScope, PolicySource, Result, SetPasswordOptions,
};

async fn policy(ground: &Ground, scope: PolicyScope) -> Result<PasswordPolicy> {
    ground.reader.password_policy(&scope, PolicyOptions::new()).await
}

async fn set(
    ground: &Ground,
    account: &Account,
    password: &SecretString,
    options: SetPasswordOptions,
) -> Result<()> {
    ground.directory.set_password(account.guid, password, options).await
}

/// What the domain says is what it does: one character less is refused (MS-SAMR 3.1.1.8.9: `minPwdLength`).
pub async fn the_domains_policy_is_what_it_does(ground: &Ground) -> Checked {
    let policy = policy(ground, PolicyScope::Domain).await?;
    assert_eq!(policy.source, PolicySource::Domain);
    assert!(policy.minimum_length > 4 && policy.complexity, "{policy:?}");
    assert!(policy.lockout_threshold > 0 && !policy.reversible_encryption, "{policy:?}");
    let generator = PasswordGenerator::new().length(policy.minimum_length);
    let account = ground.account().await?;
    let enough = generator.generate(&policy)?;
    set(ground, &account, &enough, SetPasswordOptions::new()).await?;
    let lenient = policy.clone().minimum_length(policy.minimum_length - 1);
    let short = generator.length(policy.minimum_length - 1).generate(&lenient)?;
    let refusal = set(ground, &account, &short, SetPasswordOptions::new()).await;
    refused(refusal, ErrorKind::PasswordPolicy)?;
    Ok(())
}

/// Who has no policy of his own has that of the domain (MS-ADTS 3.1.1.4.5.36: `msDS-ResultantPSO` is absent).
pub async fn an_account_has_the_policy_of_its_domain(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    assert_eq!(
        policy(ground, PolicyScope::Account(account.guid)).await?,
        policy(ground, PolicyScope::Domain).await?
    );
    Ok(())
}

/// There is none for nobody (RFC 4511, 4.5.2: `noSuchObject`).
pub async fn nobody_has_no_policy(ground: &Ground) -> Checked {
    let nobody = PolicyScope::Account(Uuid::new_v4().into());
    refused(policy(ground, nobody).await, ErrorKind::NotFound)?;
    Ok(())
}

/// Whatever is generated for the policy that holds is accepted by it (MS-SAMR 3.1.1.7.2: complexity).
pub async fn a_generated_password_is_accepted(ground: &Ground) -> Checked {
    let draft = ground.draft()?.display_name("Payroll Run, Night");
    let name = draft.sam_account_name.to_string();
    let account = ground.create(&draft).await?;
    let policy = policy(ground, PolicyScope::Account(account.guid)).await?;
    for length in [policy.minimum_length, 32, 100] {
        let generator =
            PasswordGenerator::new().length(length).avoiding(&name, account.display_name.as_deref());
        let password = generator.generate(&policy)?;
        set(ground, &account, &password, SetPasswordOptions::new()).await?;
        let check =
            ground.directory.check_password(account.guid, &password, CheckPasswordOptions::new()).await?;
        assert_eq!(check, PasswordCheck::Disabled);
    }
    Ok(())
}

/// A name of the account in its password is refused where complexity is asked for (MS-SAMR 3.1.1.7.2).
pub async fn the_name_of_the_account_is_no_part_of_its_password(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let named = SecretString::from(format!("Zq1!{}zQ9", account.sam_account_name));
    let refusal = set(ground, &account, &named, SetPasswordOptions::new()).await;
    assert_eq!(refused(refusal, ErrorKind::PasswordPolicy)?.outcome(), Outcome::NotDone);
    Ok(())
}

/// A reset does not look at the history unless it is told to (MS-ADTS 3.1.1.3.4.1.27).
pub async fn a_reset_forgets_the_history(ground: &Ground) -> Checked {
    let (first, second) = (good_password(), good_password());
    let account = ground.create(&ground.draft()?.password(first.clone())).await?;
    set(ground, &account, &second, SetPasswordOptions::new()).await?;
    set(ground, &account, &first, SetPasswordOptions::new()).await?;
    Ok(())
}

/// Told to, it refuses a password that the account had (MS-ADTS 3.1.1.3.4.1.27: `LDAP_SERVER_POLICY_HINTS_OID`).
pub async fn history_holds_for_a_reset_when_asked(ground: &Ground) -> Checked {
    let (first, second) = (good_password(), good_password());
    let account = ground.create(&ground.draft()?.password(first.clone())).await?;
    let options = SetPasswordOptions::new().enforce_history(true);
    set(ground, &account, &second, options.clone()).await?;
    for old in [&first, &second] {
        let refusal = set(ground, &account, old, options.clone()).await;
        assert_eq!(refused(refusal, ErrorKind::PasswordPolicy)?.outcome(), Outcome::NotDone);
    }
    let check = ground.directory.check_password(account.guid, &second, CheckPasswordOptions::new()).await?;
    assert_eq!(check, PasswordCheck::Disabled);
    Ok(())
}

/// For its owner the history always holds (MS-SAMR 3.1.1.8.9: `pwdHistoryLength`).
pub async fn history_holds_for_the_owner(ground: &Ground) -> Checked {
    let (first, second) = (good_password(), good_password());
    let account = ground.create(&ground.draft()?.password(first.clone()).enabled(true)).await?;
    let change = |old: &SecretString, new: &SecretString| {
        let (old, new) = (old.clone(), new.clone());
        let directory = ground.directory.clone();
        async move { directory.change_password(account.guid, &old, &new, ChangePasswordOptions::new()).await }
    };
    change(&first, &second).await?;
    refused(change(&second, &first).await, ErrorKind::PasswordPolicy)?;
    refused(change(&second, &second).await, ErrorKind::PasswordPolicy)?;
    change(&second, &good_password()).await?;
    Ok(())
}

/// A program with the password before this one is no guesser: its tries do not lock (Microsoft, "Account lockout threshold"). They may even
/// succeed for an hour (Microsoft, "NTLM network authentication behavior": `OldPasswordAllowedPeriod`).
pub async fn the_password_before_does_not_lock(ground: &Ground) -> Checked {
    let (first, second) = (good_password(), good_password());
    let account = ground.create(&ground.draft()?.password(first.clone()).enabled(true)).await?;
    set(ground, &account, &second, SetPasswordOptions::new()).await?;
    let check = async |password: &SecretString| {
        ground.directory.check_password(account.guid, password, CheckPasswordOptions::new()).await
    };
    for _ in 0..10 {
        let answer = check(&first).await?;
        assert!(matches!(answer, PasswordCheck::Wrong | PasswordCheck::Accepted), "{answer:?}");
    }
    assert_eq!(check(&second).await?, PasswordCheck::Accepted);
    Ok(())
}
