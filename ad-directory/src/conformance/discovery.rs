//! Finding accounts that nobody manages.

use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{
    Checked, Ground,
    ground::{good_password, refused},
};
use crate::{
    Account, CheckPasswordOptions, DirectoryExt, Discovery, ErrorKind, Finding, Reason, Result, Signal,
};

async fn found(ground: &Ground, account: &Account, discovery: &Discovery) -> Result<Option<Finding>> {
    let discovery = discovery.clone().below(ground.unit.clone());
    let all: Vec<Finding> = ground.reader.discover(&discovery).try_collect().await?;
    let mut found = all.into_iter().filter(|finding| finding.account.guid == account.guid);
    let first = found.next();
    assert!(found.next().is_none(), "each account once");
    Ok(first)
}

/// Whoever has service names is asked for tickets by everybody (MS-KILE 3.1.5.11), and is found with how many there are.
pub async fn accounts_with_service_names_are_found(ground: &Ground) -> Checked {
    let name = ground.name()?;
    let with = ground
        .draft()?
        .service_principal_name(format!("HTTP/{name}"))
        .service_principal_name(format!("HTTP/{name}.example"));
    let (with, without) = (ground.create(&with).await?, ground.account().await?);
    let discovery = Discovery::new().signals([Signal::ServiceNames]);
    let finding = found(ground, &with, &discovery).await?.ok_or("it is found")?;
    assert_eq!(finding.reasons, [Reason::ServiceNames(2)]);
    assert!(finding.score > 0);
    assert_eq!(found(ground, &without, &discovery).await?, None);
    Ok(())
}

/// A flag is found by its bit (MS-ADTS 3.1.1.3.4.4.1; 65536 of `userAccountControl`).
pub async fn never_expiring_passwords_are_found(ground: &Ground) -> Checked {
    let never = ground.create(&ground.draft()?.password_never_expires(true)).await?;
    let aging = ground.create(&ground.draft()?.password_never_expires(false)).await?;
    let discovery = Discovery::new().signals([Signal::NeverExpires]);
    let finding = found(ground, &never, &discovery).await?.ok_or("it is found")?;
    assert_eq!(finding.reasons, [Reason::NeverExpires]);
    assert_eq!(found(ground, &aging, &discovery).await?, None);
    Ok(())
}

/// A name fits a pattern wherever its stars are (RFC 4515, substrings), without regard to case.
pub async fn names_like_those_of_services_are_found(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let name = account.sam_account_name.as_str().to_uppercase();
    let (head, tail) = name.split_at(5);
    for (pattern, fits) in [
        (format!("{head}*"), true),
        (format!("*{tail}"), true),
        (format!("T-*{tail}"), true),
        (name.clone(), true),
        (format!("x{head}*"), false),
    ] {
        let discovery = Discovery::new().signals([Signal::Name]).patterns([pattern.parse()?]);
        let reasons = found(ground, &account, &discovery).await?.map(|finding| finding.reasons);
        assert_eq!(reasons, fits.then(|| vec![Reason::Name(pattern.clone())]), "{pattern}");
    }
    Ok(())
}

/// What was never used is dormant once it is old enough, and a sign-in wakes it (MS-ADA1, `lastLogonTimestamp`: replicated, up to 14 days late).
pub async fn dormant_accounts_are_found(ground: &Ground) -> Checked {
    let password = good_password();
    let account = ground.create(&ground.draft()?.password(password.clone()).enabled(true)).await?;
    let day = |days: i64| jiff::SignedDuration::from_hours(24 * days);
    let now = ground.reader.probe(crate::ProbeOptions::new()).await?.time.ok_or("it has a clock")?;
    let after =
        |days| Discovery::new().signals([Signal::Dormant]).now(now.saturating_add(day(days)).unwrap_or(now));
    assert_eq!(found(ground, &account, &after(80)).await?, None);
    let never = found(ground, &account, &after(200)).await?.ok_or("it is found")?;
    assert_eq!(never.reasons, [Reason::Dormant { last: None, certain: true }]);
    ground.directory.check_password(account.guid, &password, CheckPasswordOptions::new()).await?;
    assert_eq!(found(ground, &account, &after(80)).await?, None);
    for (days, certainly) in [(95, false), (200, true)] {
        let finding = found(ground, &account, &after(days)).await?.ok_or("it is found")?;
        let [Reason::Dormant { last: Some(_), certain }] = finding.reasons.as_slice() else {
            return Err(format!("it was used, and not {:?}", finding.reasons).into());
        };
        assert_eq!(*certain, certainly);
    }
    Ok(())
}

/// Who is managed already is known by identity, which stays when an account moves (MS-ADTS 3.1.1.1.4).
pub async fn the_known_are_not_found(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let all = Discovery::new().signals([Signal::NeverExpires]);
    assert!(found(ground, &account, &all).await?.is_some());
    assert_eq!(found(ground, &account, &all.clone().without([account.guid])).await?, None);
    assert_eq!(found(ground, &account, &all.clone().without_sids(account.sid.clone())).await?, None);
    let other = all.without([Uuid::new_v4().into()]);
    assert!(found(ground, &account, &other).await?.is_some());
    Ok(())
}

/// A place that is not there is an error and no empty list (RFC 4511, 4.5.2).
pub async fn nowhere_nothing_is_discovered(ground: &Ground) -> Checked {
    let nowhere = Discovery::new().below(ground.unit.unit("not there")?);
    let found: Result<Vec<Finding>> = ground.reader.discover(&nowhere).try_collect().await;
    refused(found, ErrorKind::NotFound)?;
    Ok(())
}
