//! What the last sync had to report of managed accounts (S-6, S-8).

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::accounts::owned;
use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::stored::{drift_key, index};
use super::unit::Unit;
use crate::error::Result;
use crate::model::drift::{AccountDrift, DriftKind};
use crate::model::ids::{AccountId, DomainId};
use crate::model::people::{Feature, Verb};
use crate::port::store::{RecordKind, Stored as _};

/// How many are returned at most.
const MOST: u32 = 1_000;

/// Says that the service names which a user has by now are right (S-6): no record says which it should have, so a sync compares with those that it
/// first saw. Needs managed-account Update on one's own account, or Manage. The next sync takes those that it finds then.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct AcceptServiceNames {
    /// Which account.
    pub account: AccountId,
}

impl AcceptServiceNames {
    /// Of this account.
    pub const fn new(account: AccountId) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Decide for AcceptServiceNames {
    const NAME: &'static str = "account.accept_service_names";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let account = owned(unit, self.account, Verb::Update).await?;
        let Some(mut drift) = unit.find::<AccountDrift>(self.account.uuid()).await? else { return Ok(()) };
        let before = drift.service_names.take();
        drift.items.retain(|item| item.kind != DriftKind::ServiceNames);
        unit.put(&drift, format!("the service names of {} are right", account.name))?;
        unit.audit(Self::NAME, format!("account {}", account.id), json!({ "before": before }));
        Ok(())
    }
}

impl Alm {
    /// What the last sync had to report of an account: nothing when it is as its record says. One's own account, or any with Manage.
    ///
    /// ```
    /// # async fn run(alm: alm_core::Alm, owner: alm_core::Caller, account: alm_core::model::ids::AccountId) -> alm_core::Result<()> {
    /// for item in alm.account_drift(&owner, account).await?.into_iter().flat_map(|drift| drift.items) {
    ///     println!("{} since {}: {} expected, {} found", item.kind, item.since, item.expected, item.found);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), [`NotFound`](crate::ErrorKind::NotFound), those of the store.
    pub async fn account_drift(&self, caller: &Caller, id: AccountId) -> Result<Option<AccountDrift>> {
        let mut unit = Unit::of(&self.0, "account.drift", caller);
        owned(&mut unit, id, Verb::Read).await?;
        let drift = unit.find::<AccountDrift>(id.uuid()).await?;
        Ok(drift.filter(|drift| !drift.items.is_empty()))
    }

    /// The accounts of a domain of which there is something to report, of one kind or of any, in the order of their ids: those behind `after`,
    /// at most `limit` and at most 1,000. Needs managed-account Read with Manage.
    ///
    /// # Errors
    /// As [`account_drift`](Alm::account_drift).
    pub async fn drifted_accounts(
        &self,
        caller: &Caller,
        domain: DomainId,
        kind: Option<DriftKind>,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<AccountDrift>> {
        let mut unit = Unit::of(&self.0, "account.drifted", caller);
        unit.require(Feature::ManagedAccount, Verb::Read, false).await?;
        let (after, limit) = (after.map(AccountId::uuid), limit.min(MOST));
        let store = &self.0.store;
        let found = store
            .find(RecordKind::AccountDrift, index::DRIFT, &drift_key(domain, kind), after, limit)
            .await?;
        found.iter().map(AccountDrift::read).collect()
    }
}
