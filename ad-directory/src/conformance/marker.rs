//! Markers: whose work an account is, and who may go on with it (rule E-5).

use super::{
    Checked, Ground,
    ground::{good_password, refused},
};
use crate::{
    Account, AccountKey, AccountUpdate, CheckPasswordOptions, ErrorKind, Marker, MarkerChange, Outcome,
    PasswordCheck, Result, SetPasswordOptions, UpdateOptions,
};

fn marker(ground: &Ground, text: &str) -> Result<Marker> {
    Ok(format!("{text}:{}", ground.name()?).parse()?)
}

async fn marked(ground: &Ground, marker: &Marker) -> Result<Account> {
    ground.create(&ground.draft()?.marker(marker.clone())).await
}

async fn change(ground: &Ground, account: &Account, text: &str, change: MarkerChange) -> Result<Account> {
    let update = AccountUpdate::new().description(Some(text.to_owned())).marker(change);
    ground.directory.update_account(account.guid, &update, UpdateOptions::new()).await
}

/// The search for a marker goes below one container, with all that is below it, and nowhere else
/// (RFC 4511, 4.5.1.2: the scope of a search).
pub async fn a_marker_is_found_below_its_container_only(ground: &Ground) -> Checked {
    let marker = marker(ground, "below")?;
    let account = marked(ground, &marker).await?;
    let find = |below: crate::Dn| ground.find(AccountKey::Marker { marker: marker.clone(), below });
    assert_eq!(find(ground.unit.clone()).await?.map(|found| found.guid), Some(account.guid));
    assert_eq!(find(ground.retired.clone()).await?, None);
    Ok(())
}

/// Two accounts of one piece of work are a finding, not a choice (invariant I-2).
pub async fn two_of_one_marker_are_ambiguous(ground: &Ground) -> Checked {
    let marker = marker(ground, "two")?;
    marked(ground, &marker).await?;
    marked(ground, &marker).await?;
    refused(
        ground.find(AccountKey::Marker { marker, below: ground.unit.clone() }).await,
        ErrorKind::Ambiguous,
    )?;
    Ok(())
}

/// The change carries the marker that must be there, and leaves it there (RFC 4511, 4.6).
pub async fn a_fitting_marker_lets_the_change_through(ground: &Ground) -> Checked {
    let marker = marker(ground, "fits")?;
    let account = marked(ground, &marker).await?;
    let changed = change(ground, &account, "changed", MarkerChange::keep(marker.clone())).await?;
    assert_eq!((changed.description.as_deref(), &changed.marker), (Some("changed"), &Some(marker)));
    Ok(())
}

/// The change and the new marker are one step (RFC 4511, 4.6: one request).
pub async fn a_marker_is_replaced_with_the_change(ground: &Ground) -> Checked {
    let (old, new) = (marker(ground, "old")?, marker(ground, "new")?);
    let account = marked(ground, &old).await?;
    let changed =
        change(ground, &account, "changed", MarkerChange::replace(old.clone(), new.clone())).await?;
    assert_eq!(changed.marker.as_ref(), Some(&new));
    refused(change(ground, &account, "late", MarkerChange::keep(old)).await, ErrorKind::MarkerMismatch)?;
    change(ground, &account, "in time", MarkerChange::keep(new)).await?;
    Ok(())
}

/// A worker whose lease has gone to another one changes nothing (rule E-5).
pub async fn a_stale_marker_stops_the_change(ground: &Ground) -> Checked {
    let ours = marker(ground, "ours")?;
    let account = marked(ground, &ours).await?;
    let stale = MarkerChange::replace(marker(ground, "stale")?, marker(ground, "next")?);
    let error = refused(change(ground, &account, "changed", stale).await, ErrorKind::MarkerMismatch)?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    let now = ground.now(account.guid).await?;
    assert_eq!((now.description, now.marker), (None, Some(ours)));
    Ok(())
}

/// Adopting takes an account that nobody works on, and no other (saga adopt) (rule X-6).
pub async fn adopting_needs_an_unmarked_account(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let (first, second) = (marker(ground, "first")?, marker(ground, "second")?);
    assert_eq!(
        change(ground, &account, "a", MarkerChange::adopt(first.clone())).await?.marker,
        Some(first.clone())
    );
    refused(change(ground, &account, "b", MarkerChange::adopt(second)).await, ErrorKind::MarkerMismatch)?;
    assert_eq!(ground.now(account.guid).await?.marker, Some(first));
    Ok(())
}

/// Letting go removes the marker, from its holder's hand only (RFC 4511, 4.6).
pub async fn releasing_removes_the_marker(ground: &Ground) -> Checked {
    let ours = marker(ground, "ours")?;
    let account = marked(ground, &ours).await?;
    let other = MarkerChange::release(marker(ground, "other")?);
    refused(change(ground, &account, "no", other).await, ErrorKind::MarkerMismatch)?;
    let released = change(ground, &account, "yes", MarkerChange::release(ours)).await?;
    assert_eq!((released.marker, released.foreign_marker), (None, false));
    Ok(())
}

/// The directory decides between two workers at the same moment: one gets it, and the other knows that it did not
/// (RFC 4511, 4.6: deleting a value that is not there fails the whole).
pub async fn of_two_workers_one_wins(ground: &Ground) -> Checked {
    let start = marker(ground, "start")?;
    let account = marked(ground, &start).await?;
    let mut holder = start;
    for round in 0..5 {
        let (left, right) = (marker(ground, "left")?, marker(ground, "right")?);
        let (a, b) = futures(ground, &account, &holder, (&left, &right), round).await;
        let (winner, loser) = match (a, b) {
            (Ok(account), Err(error)) => ((account, left), error),
            (Err(error), Ok(account)) => ((account, right), error),
            (a, b) => return Err(format!("one should win: {a:?}, {b:?}").into()),
        };
        assert_eq!(loser.kind(), ErrorKind::MarkerMismatch);
        assert_eq!(ground.now(account.guid).await?.marker.as_ref(), Some(&winner.1));
        holder = winner.1;
    }
    Ok(())
}

async fn futures(
    ground: &Ground,
    account: &Account,
    holder: &Marker,
    (left, right): (&Marker, &Marker),
    round: u32,
) -> (Result<Account>, Result<Account>) {
    let text = format!("round {round}");
    tokio::join!(
        change(ground, account, &text, MarkerChange::replace(holder.clone(), left.clone())),
        change(ground, account, &text, MarkerChange::replace(holder.clone(), right.clone())),
    )
}

/// A password is set by whoever holds the account, and by nobody else (rule E-5).
pub async fn a_stale_marker_stops_a_password_change(ground: &Ground) -> Checked {
    let ours = marker(ground, "ours")?;
    let (old, new) = (good_password(), good_password());
    let account =
        ground.create(&ground.draft()?.marker(ours.clone()).password(old.clone()).enabled(true)).await?;
    let set =
        |change| ground.directory.set_password(account.guid, &new, SetPasswordOptions::new().marker(change));
    refused(set(MarkerChange::keep(marker(ground, "stale")?)).await, ErrorKind::MarkerMismatch)?;
    let check = ground.directory.check_password(account.guid, &old, CheckPasswordOptions::new()).await?;
    assert_eq!(check, PasswordCheck::Accepted);
    set(MarkerChange::keep(ours)).await?;
    let check = ground.directory.check_password(account.guid, &new, CheckPasswordOptions::new()).await?;
    assert_eq!(check, PasswordCheck::Accepted);
    Ok(())
}
