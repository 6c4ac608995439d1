//! Privileges of accounts that are there: asked for and approved as accounts are (R-14), and taken away when their time is over (X-23).

use std::collections::BTreeSet;

use ad_directory::Dn;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::accounts::owned;
use super::alm::Alm;
use super::command::decide::Decide;
use super::stored::index;
use super::unit::Unit;
use super::{begin, requests};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::account::{Account, OperationKind};
use crate::model::audit::Actor;
use crate::model::estate::Domain;
use crate::model::ids::{AccountId, RequestId};
use crate::model::people::Verb;
use crate::model::request::{PrivilegeChange, Request, RequestForm, RequestKind};
use crate::model::template::TemplateVersion;
use crate::port::store::DueKind;
use crate::rules::{privileges, text};
use crate::saga::Completion;
use crate::saga::plan::Step;

/// How many due accounts are looked at together.
const BATCH: u32 = 200;

/// Asks the approvers to have an account join a directory group or leave it (R-14). The request runs the steps of the account's own template
/// version; the approvers see the group and until when.
///
/// Needs managed-account Update on the account. Refused are a group outside of the account's domain, one that it is in already or is not in,
/// an end that is over, and a second open request for the same group.
///
/// ```
/// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller, account: alm_core::model::ids::AccountId)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use alm_core::service::privileges::RequestPrivilege;
///
/// let group = "CN=payroll-writers,OU=Groups,DC=corp,DC=example".parse()?;
/// let ask = RequestPrivilege::join(account, group, "the year-end run writes").until("2027-01-15T00:00:00Z".parse()?);
/// let request = alm.execute(&caller, "payroll writes until January", ask).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RequestPrivilege {
    /// Of which account.
    pub account: AccountId,
    /// What is to change.
    pub change: PrivilegeChange,
    /// Why; required.
    pub reason: String,
}

impl RequestPrivilege {
    /// It joins a group, for good unless [`until`](Self::until) is said.
    pub fn join(account: AccountId, group: Dn, reason: impl Into<String>) -> Self {
        Self { account, change: PrivilegeChange::join(group), reason: reason.into() }
    }

    /// It leaves a group.
    pub fn leave(account: AccountId, group: Dn, reason: impl Into<String>) -> Self {
        Self { account, change: PrivilegeChange::leave(group), reason: reason.into() }
    }

    /// When it leaves the group again.
    #[must_use]
    pub const fn until(mut self, until: Timestamp) -> Self {
        self.change.until = Some(until);
        self
    }
}

#[async_trait]
impl Decide for RequestPrivilege {
    const NAME: &'static str = "account.request_privilege";
    type Output = RequestId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<RequestId> {
        let account = owned(unit, self.account, Verb::Update).await?;
        let domain: Domain = unit.get(account.domain.uuid()).await?;
        let group = &self.change.group;
        let mut refusals = privileges::check(&account, &self.change, unit.now);
        refusals.extend(text::check("R-14", "reason", &self.reason, 4_000, true, true).err());
        if !group.is_below(&domain.base) {
            let message = format!("{group} is no group of {}", domain.name);
            refusals.push(Refusal::new("R-14", "group", message));
        }
        let others: Vec<Request> = unit.find_by(index::ACCOUNT, &account.id.to_string()).await?;
        let same = |other: &&Request| {
            other.status.is_live() && other.privilege.as_ref().is_some_and(|change| change.group == *group)
        };
        if let Some(other) = others.iter().find(same) {
            let message = format!("request {} about {group} is open already", other.id);
            refusals.push(Refusal::new("R-14", "group", message));
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        let form = RequestForm::new(&account.name, account.period, &self.reason);
        let kind = RequestKind::Privilege { account: account.id };
        let mut request = requests::about(unit, &account, &version, kind, form)?;
        request.privilege = Some(self.change.clone());
        requests::put_submitted(unit, &mut request, &version).await?;
        Ok(request.id)
    }
}

impl Alm {
    /// Begins to take away the privileges whose time is over. An account with another operation open loses them right after it (X-23).
    pub(super) async fn end_privileges(
        &self,
        operation: &'static str,
        now: Timestamp,
    ) -> Result<Vec<AccountId>> {
        let mut begun = Vec::new();
        let mut seen = BTreeSet::new();
        loop {
            let reach = BATCH + u32::try_from(seen.len()).unwrap_or(u32::MAX - BATCH);
            let due = self.0.store.due(DueKind::PrivilegeEnd, now, reach).await?;
            let fresh: Vec<_> = due.into_iter().filter(|(_, id, _)| seen.insert(*id)).collect();
            if fresh.is_empty() {
                return Ok(begun);
            }
            for (_, id, _) in fresh {
                let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
                let Some(account) = unit.find::<Account>(id).await? else { continue };
                if !end_of(&mut unit, account, now).await? {
                    continue;
                }
                match self.0.store.commit(unit.commit).await {
                    Ok(()) => begun.push(AccountId::new(id)),
                    // Somebody changed it; the next sweep looks again.
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

async fn end_of(unit: &mut Unit<'_>, mut account: Account, now: Timestamp) -> Result<bool> {
    let ends = privileges::over(&account, now);
    if ends.is_empty() || account.operation.is_some() {
        return Ok(false);
    }
    let steps = ends.iter().map(|end| Step::LeaveGroup { group: end.group.clone() }).collect();
    let then = Completion::PrivilegesEnded { ends };
    begin::operate(unit, &mut account, OperationKind::Privilege, steps, Vec::new(), then, None).await?;
    Ok(true)
}
