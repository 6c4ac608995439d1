//! Tags of accounts (O-7), and the accounts of a tag.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::accounts::owned;
use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::stored::index;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus};
use crate::model::ids::AccountId;
use crate::model::people::{Feature, Verb};
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::tags;

/// How many accounts are returned at most.
const MOST: u32 = 1_000;

/// Gives an account exactly these tags (O-7): at most 20 of at most 50 characters, compared without case and kept as written. Needs managed-account
/// Update on one's own account, or Manage.
///
/// Refused are, all at once, tags that cannot be (O-7), and a deleted account (I-4).
///
/// ```
/// # async fn run(alm: alm_core::Alm, owner: alm_core::Caller, account: alm_core::model::ids::AccountId) -> alm_core::Result<()> {
/// use alm_core::service::tags::SetTags;
///
/// alm.execute(&owner, "tag svc-web", SetTags::new(account, ["PCI", "payroll"])).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SetTags {
    /// Which account.
    pub account: AccountId,
    /// All its tags from then on.
    pub tags: BTreeSet<String>,
}

impl SetTags {
    /// These tags, and no others.
    pub fn new(account: AccountId, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { account, tags: tags.into_iter().map(Into::into).collect() }
    }
}

#[async_trait]
impl Decide for SetTags {
    const NAME: &'static str = "account.set_tags";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut account = owned(unit, self.account, Verb::Update).await?;
        if account.status == AccountStatus::Deleted {
            return unit.refuse(Refusal::new("I-4", "account", format!("{} is deleted", account.name)));
        }
        let after = tags::check(&self.tags).map_err(|refusals| Error::refused(unit.operation, refusals))?;
        let before = std::mem::replace(&mut account.tags, after);
        unit.put(&account, format!("the tags of {} are {:?}", account.name, account.tags))?;
        let facts = json!({ "before": before, "after": account.tags });
        unit.audit(Self::NAME, format!("account {}", account.id), facts);
        Ok(())
    }
}

impl Alm {
    /// The accounts with a tag, whatever its case, in the order of their ids: those behind `after`, at most `limit` and at most 1,000. Needs
    /// managed-account Read with Manage.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), those of the store.
    pub async fn accounts_tagged(
        &self,
        caller: &Caller,
        tag: &str,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>> {
        let mut unit = Unit::of(&self.0, "account.tagged", caller);
        unit.require(Feature::ManagedAccount, Verb::Read, false).await?;
        let (after, limit) = (after.map(AccountId::uuid), limit.min(MOST));
        let found = self.0.store.find(RecordKind::Account, index::TAG, &tags::key(tag), after, limit).await?;
        found.iter().map(Account::read).collect()
    }
}
