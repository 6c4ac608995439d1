//! Service names.

use super::{Checked, Ground, ground::refused};
use crate::{
    Account, AccountUpdate, ErrorKind, MemberKind, ObjectGuid, Outcome, Result, ServiceNameOptions,
    ServicePrincipalName, UpdateOptions,
};

async fn update(ground: &Ground, guid: ObjectGuid, update: AccountUpdate) -> Result<Account> {
    ground.directory.update_account(guid, &update, UpdateOptions::new()).await
}

fn name(ground: &Ground, class: &str) -> Result<ServicePrincipalName> {
    Ok(format!("{class}/{}.example", ground.name()?).parse()?)
}

/// One comes or goes, and the others stay (RFC 4511, 4.6: `add` and `delete` of single values).
pub async fn service_names_come_and_go_one_by_one(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let (one, two) = (name(ground, "HTTP")?, name(ground, "CIFS")?);
    let add = |name: &ServicePrincipalName| AccountUpdate::new().add_service_principal_name(name.clone());
    update(ground, account.guid, add(&one)).await?;
    let changed = update(ground, account.guid, add(&two)).await?;
    assert_eq!(changed.service_principal_names, [two.to_string(), one.to_string()]);
    let changed =
        update(ground, account.guid, AccountUpdate::new().remove_service_principal_name(one.clone())).await?;
    assert_eq!(changed.service_principal_names, [two.to_string()]);
    let swap = add(&one).remove_service_principal_name(two);
    assert_eq!(update(ground, account.guid, swap).await?.service_principal_names, [one.to_string()]);
    Ok(())
}

/// What is as wanted is no error, in whatever case it is written (MS-ADTS 3.1.1.3.1.1.3: values are compared without regard to case).
pub async fn a_service_name_can_be_added_and_removed_twice(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let name = name(ground, "HTTP")?;
    let other_case: ServicePrincipalName = name.as_str().to_lowercase().parse()?;
    for name in [&name, &name, &other_case] {
        let change = AccountUpdate::new().add_service_principal_name(name.clone());
        let changed = update(ground, account.guid, change).await?;
        assert_eq!(changed.service_principal_names.len(), 1);
    }
    for name in [&other_case, &name] {
        let change = AccountUpdate::new().remove_service_principal_name(name.clone());
        assert_eq!(update(ground, account.guid, change).await?.service_principal_names, [""; 0]);
    }
    Ok(())
}

/// A name is somebody's in the whole forest (MS-ADTS 3.1.1.5.1.3), and the refusal says whose.
pub async fn a_taken_service_name_is_not_added(ground: &Ground) -> Checked {
    let name = name(ground, "HTTP")?;
    let owner = ground.create(&ground.draft()?.service_principal_name(name.as_str())).await?;
    let account = ground.account().await?;
    let other_case: ServicePrincipalName = name.as_str().to_uppercase().parse()?;
    for name in [name.clone(), other_case] {
        let change =
            AccountUpdate::new().add_service_principal_name(name).description(Some("changed".to_owned()));
        let error = refused(update(ground, account.guid, change).await, ErrorKind::AlreadyExists)?;
        assert_eq!(error.outcome(), Outcome::NotDone);
    }
    assert_eq!(ground.now(account.guid).await?, account);
    assert_eq!(ground.now(owner.guid).await?.service_principal_names, [name.to_string()]);
    Ok(())
}

/// Who has a name can be asked for (MS-ADTS 5.1.1.4: `servicePrincipalName` is indexed and in the global catalog).
pub async fn the_owner_of_a_service_name_is_found(ground: &Ground) -> Checked {
    let name = name(ground, "MSSQLSvc")?;
    let owners = async |name: &ServicePrincipalName| {
        ground.reader.service_name_owners(name, ServiceNameOptions::new()).await
    };
    assert!(owners(&name).await?.is_free());
    let account = ground.create(&ground.draft()?.service_principal_name(name.as_str())).await?;
    let other_case: ServicePrincipalName = name.as_str().to_lowercase().parse()?;
    for name in [&name, &other_case] {
        let found = owners(name).await?;
        let [owner] = found.owners.as_slice() else { return Err(format!("one, and not {found:?}").into()) };
        assert_eq!((owner.guid, owner.kind, &owner.sid), (account.guid, MemberKind::Account, &account.sid));
    }
    update(ground, account.guid, AccountUpdate::new().remove_service_principal_name(name.clone())).await?;
    assert!(owners(&name).await?.is_free());
    Ok(())
}

/// A host answers for its usual services until somebody has their very names, and does not stand in their way (MS-ADA3, `sPNMappings`).
pub async fn who_answers_for_a_service_name_by_an_alias_is_told(ground: &Ground) -> Checked {
    let host = name(ground, "HOST")?;
    let of = |class: &str| format!("{class}/{}", host.host()).parse::<ServicePrincipalName>();
    let (http, other) = (of("HTTP")?, of("MSSQLSvc")?);
    let machine = ground.create(&ground.draft()?.service_principal_name(host.as_str())).await?;
    let seen = async |name: &ServicePrincipalName| -> Result<(Vec<ObjectGuid>, Vec<ObjectGuid>)> {
        let found = ground.reader.service_name_owners(name, ServiceNameOptions::new()).await?;
        let guids = |members: &[crate::Member]| members.iter().map(|member| member.guid).collect();
        Ok((guids(&found.owners), guids(&found.aliased)))
    };
    assert_eq!(seen(&http).await?, (vec![], vec![machine.guid]));
    assert_eq!(seen(&host).await?, (vec![machine.guid], vec![]));
    assert_eq!(seen(&other).await?, (vec![], vec![]));
    let account = ground.create(&ground.draft()?.service_principal_name(http.as_str())).await?;
    assert_eq!(seen(&http).await?, (vec![account.guid], vec![machine.guid]));
    // Whoever has both is the owner, and nobody whose place is taken.
    update(ground, account.guid, AccountUpdate::new().remove_service_principal_name(http.clone())).await?;
    update(ground, machine.guid, AccountUpdate::new().add_service_principal_name(http.clone())).await?;
    assert_eq!(seen(&http).await?, (vec![machine.guid], vec![]));
    Ok(())
}

/// Between the look and the change somebody else may be quicker; the directory decides (MS-ADTS 3.1.1.5.1.3).
pub async fn of_two_who_want_a_service_name_one_gets_it(ground: &Ground) -> Checked {
    let name = name(ground, "HTTP")?;
    let (one, two) = (ground.account().await?, ground.account().await?);
    let change = || AccountUpdate::new().add_service_principal_name(name.clone());
    let (first, second) =
        tokio::join!(update(ground, one.guid, change()), update(ground, two.guid, change()));
    let lost = match (first, second) {
        (Ok(_), lost) | (lost, Ok(_)) => lost,
        (Err(error), Err(_)) => return Err(error.into()),
    };
    assert_eq!(refused(lost, ErrorKind::AlreadyExists)?.outcome(), Outcome::NotDone);
    Ok(())
}

/// Two who add different names to one account both succeed: values are added, and not the list replaced (RFC 4511, 4.6).
pub async fn two_who_add_service_names_both_succeed(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let (one, two) = (name(ground, "HTTP")?, name(ground, "CIFS")?);
    let change = |name: &ServicePrincipalName| AccountUpdate::new().add_service_principal_name(name.clone());
    let (first, second) =
        tokio::join!(update(ground, account.guid, change(&one)), update(ground, account.guid, change(&two)));
    first?;
    second?;
    let names = ground.now(account.guid).await?.service_principal_names;
    assert_eq!(names, [two.to_string(), one.to_string()]);
    Ok(())
}

/// A change that contradicts itself is a mistake of the caller's (RFC 4511, 4.6: modifications are one after the other, and these are meant as one); nothing is sent.
pub async fn contradicting_service_names_are_refused(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let name = name(ground, "HTTP")?;
    let both = AccountUpdate::new()
        .add_service_principal_name(name.clone())
        .remove_service_principal_name(name.clone());
    let replaced = AccountUpdate::new().service_principal_names([]).add_service_principal_name(name);
    for change in [both, replaced] {
        let error = refused(update(ground, account.guid, change).await, ErrorKind::Invalid)?;
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
    Ok(())
}
