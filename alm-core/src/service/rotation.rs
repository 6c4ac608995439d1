//! Other passwords for accounts in use: on demand, by age, and when an owner leaves (T-14, W-4).

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::accounts::owned;
use super::alm::Alm;
use super::begin;
use super::command::decide::Decide;
use super::pair_turns::{self, Turned};
use super::unit::Unit;
use crate::error::{ErrorKind, Result};
use crate::model::account::Account;
use crate::model::audit::Actor;
use crate::model::ids::{AccountId, SagaId};
use crate::model::pair::AccountPair;
use crate::model::people::Verb;
use crate::model::template::TemplateVersion;
use crate::port::store::DueKind;
use crate::rules::{pair, rotation};

/// Gives an account another password: a second secret holds the new one until the directory and the account's own secret have it, so at every
/// moment an active secret holds what the directory accepts (I-1). What depends on the secret is told if the template says so.
///
/// Where the template says that the vault rotates (T-14), the vault is asked to, and followed: when it says that it is done, the directory has to show
/// another password, and a sign-in proves that it is the one in the vault. An order whose answer is lost is looked after, and given again only when the vault
/// shows for [`vault_patience`](super::Settings::vault_patience) that it did nothing. One that fails, or takes longer, waits for a person.
///
/// Needs managed-account Update on it, as its other operations do (P-4). Offered for every account that is not deleted while no other
/// operation is open; an account that is disabled gets it too, but one whose end of life the clock has still to carry out is refused until then (L-32). Of two accounts that [take turns](super::pairs) the one in use is refused (BG-2), and
/// the other one while somebody may still use it (BG-3).
///
/// ```
/// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller, account: alm_core::model::ids::AccountId) -> alm_core::Result<()> {
/// use alm_core::service::rotation::RotateAccount;
///
/// let saga = alm.execute(&caller, "rotate-payroll-2026-11", RotateAccount::new(account)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct RotateAccount {
    /// Which.
    pub account: AccountId,
}

impl RotateAccount {
    /// Gives it another password.
    pub const fn new(account: AccountId) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Decide for RotateAccount {
    const NAME: &'static str = "account.rotate";
    type Output = SagaId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SagaId> {
        let mut account = owned(unit, self.account, Verb::Update).await?;
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        if let Err(refusal) = rotation::require(&account) {
            return unit.refuse(refusal);
        }
        if let Some(pair) = account.pair {
            let pair: AccountPair = unit.get(pair.uuid()).await?;
            if let Err(refusal) = pair::may_rotate(&pair, &account, unit.now) {
                return unit.refuse(refusal);
            }
            // Whoever lets them change places in the same moment conflicts.
            unit.put(&pair, format!("{} rests", account.name))?;
        }
        begin::carry_out_own_tick(unit, &mut account).await?;
        rotate(unit, account, &version).await
    }
}

async fn rotate(unit: &mut Unit<'_>, mut account: Account, version: &TemplateVersion) -> Result<SagaId> {
    let saga = begin::rotate(unit, &mut account, version).await?;
    let facts = json!({ "account": account.name, "changed_at": account.password_changed_at, "saga": saga });
    unit.audit("account.rotate", format!("account {}", account.id), facts);
    unit.put(&account, format!("give {} another password", account.name))?;
    Ok(saga)
}

impl Alm {
    /// Begins the rotations whose time has come, and lets the accounts of a pair change places (BG-2); a limited number at once: what depends on the accounts is not told of all in one moment.
    /// Accounts with another operation open keep their turn.
    pub(super) async fn rotate_due(&self, operation: &'static str, now: Timestamp) -> Result<Vec<AccountId>> {
        let limit = self.0.settings.rotations_at_once;
        let mut begun = Vec::new();
        let mut seen = BTreeSet::new();
        while begun.len() < limit {
            let reach = u32::try_from(seen.len() + limit).unwrap_or(u32::MAX);
            let due = self.0.store.due(DueKind::Rotation, now, reach).await?;
            let fresh: Vec<_> = due.into_iter().filter(|(_, id, _)| seen.insert(*id)).collect();
            if fresh.is_empty() {
                break;
            }
            for (_, id, _) in fresh.into_iter().take(limit - begun.len()) {
                let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
                let Some(account) = unit.find::<Account>(id).await? else { continue };
                let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
                if rotation::require(&account).is_err() {
                    continue;
                }
                let turned = pair_turns::due(&mut unit, &account).await?;
                match turned {
                    Turned::Rotates => drop(rotate(&mut unit, account, &version).await?),
                    Turned::Staged => {}
                    Turned::Waits => continue,
                }
                match self.0.store.commit(unit.commit).await {
                    Ok(()) if turned == Turned::Rotates => begun.push(AccountId::new(id)),
                    Ok(()) => {}
                    // Somebody changed it; the next sweep looks again.
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(begun)
    }
}
