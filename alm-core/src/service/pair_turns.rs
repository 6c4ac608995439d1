//! How two accounts change places, and how their pair ends: staged for whoever makes it happen (section BG).

use std::collections::BTreeSet;

use serde_json::json;

use super::owners;
use super::unit::Unit;
use crate::error::Result;
use crate::model::account::Account;
use crate::model::event::EventKind;
use crate::model::ids::PersonId;
use crate::model::pair::AccountPair;
use crate::rules::pair::{self, Turn};

/// What the clock did about an account whose password is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// Nothing stands against another password for it.
    Rotates,
    /// Something was staged: they changed places, or people are told that they cannot.
    Staged,
    /// Nothing, yet.
    Waits,
}

/// Looks whether an account whose password is due takes turns with another one, and lets them change places if it is in use.
pub(super) async fn due(unit: &mut Unit<'_>, account: &Account) -> Result<Turned> {
    let Some(id) = account.pair else { return Ok(Turned::Rotates) };
    let mut pair: AccountPair = unit.get(id.uuid()).await?;
    let other: Account = unit.get(pair.other(account.id).uuid()).await?;
    match pair::turn(&pair, account, &other, unit.now) {
        Turn::Rotate => Ok(Turned::Rotates),
        Turn::Wait => Ok(Turned::Waits),
        Turn::Switch => {
            switch(unit, pair, account.clone(), other, false).await?;
            Ok(Turned::Staged)
        }
        Turn::Hold(why) if pair.held.as_ref() == Some(&why) => Ok(Turned::Waits),
        Turn::Hold(why) => {
            let text = format!("{}: it is time that {} takes over, but {why}", pair.name, other.name);
            let mut told = both_owners(unit, account, &other).await?;
            // W-2: a pair whose owners are all gone is everybody's business.
            if told.is_empty() {
                told = unit.administrators().await?;
            }
            unit.audit("pair.hold", format!("pair {}", pair.id), json!({ "why": why }));
            pair.held = Some(why);
            unit.put(&pair, &text)?;
            unit.event(EventKind::AccountPairHeld, text, told, |event| event.account = Some(account.id))?;
            Ok(Turned::Staged)
        }
    }
}

/// The one that rests takes the place of the one in use, which gets another password after the overlap (BG-3). Both accounts are written: whoever
/// changes one of them in the same moment conflicts.
pub(super) async fn switch(
    unit: &mut Unit<'_>,
    mut pair: AccountPair,
    mut left: Account,
    mut used: Account,
    at_once: bool,
) -> Result<()> {
    pair.switch(unit.now);
    if at_once {
        pair.untouched_until = unit.now;
    }
    let (left_at, used_at) = pair::after_switch(&pair, &used);
    left.rotates_at = Some(left_at);
    used.rotates_at = used_at;
    let text =
        format!("{}: {} is in use from now on; {} works until {left_at}", pair.name, used.name, left.name);
    unit.put(&pair, &text)?;
    unit.put(&left, format!("{} rests", left.name))?;
    unit.put(&used, format!("{} is in use", used.name))?;
    unit.audit(
        "pair.switch",
        format!("pair {}", pair.id),
        json!({ "name": pair.name, "before": left.id, "after": used.id, "until": left_at }),
    );
    let told = both_owners(unit, &left, &used).await?;
    unit.event(EventKind::AccountPairChanged, text, told, |event| event.account = Some(used.id))
}

/// An account that is retired ends its pair; the other one goes on alone (BG-5). In the caller's copy, which is the one that is written.
pub(super) async fn retired(unit: &mut Unit<'_>, account: &mut Account) -> Result<()> {
    let Some(id) = account.pair.take() else { return Ok(()) };
    let pair: AccountPair = unit.get(id.uuid()).await?;
    let mut other: Account = unit.get(pair.other(account.id).uuid()).await?;
    other.pair = None;
    unit.put(&other, format!("{} goes on alone", other.name))?;
    let text = format!("{}: {} was retired, and {} goes on alone", pair.name, account.name, other.name);
    end(unit, &pair, text, (account, &other)).await
}

/// The pair is no more; its accounts are written by the caller.
pub(super) async fn end(
    unit: &mut Unit<'_>,
    pair: &AccountPair,
    text: String,
    (one, other): (&Account, &Account),
) -> Result<()> {
    unit.remove(pair, &text);
    unit.audit(
        "pair.end",
        format!("pair {}", pair.id),
        json!({ "name": pair.name, "accounts": [one.id, other.id] }),
    );
    let told = both_owners(unit, one, other).await?;
    unit.event(EventKind::AccountPairChanged, text, told, |event| event.account = Some(other.id))
}

/// Who is told about a pair: the owners of both.
pub(super) async fn both_owners(
    unit: &mut Unit<'_>,
    one: &Account,
    other: &Account,
) -> Result<BTreeSet<PersonId>> {
    let mut told = owners::owners_to_tell(unit, &one.owners).await?;
    told.extend(owners::owners_to_tell(unit, &other.owners).await?);
    Ok(told)
}
