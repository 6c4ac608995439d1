//! Queries: what there is. Each checks the caller's permission to Read (P-1).

use jiff::Timestamp;

use super::alm::Alm;
use super::command::Caller;
use super::owners::owners_of;
use super::stored::index;
use super::unit::Unit;
use crate::error::{Error, ErrorKind, Result};
use crate::model::account::{Account, AccountStatus};
use crate::model::audit::AuditRecord;
use crate::model::ids::{AccountId, RequestId, SagaId, TemplateVersionId};
use crate::model::people::{Feature, Verb};
use crate::model::request::{Delegation, Request};
use crate::model::template::TemplateVersion;
use crate::rules::lifecycle::{self, Options};
use crate::rules::{approval, ownership};
use crate::saga::SagaRecord;

/// An account with what may be asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountView {
    /// The account.
    pub account: Account,
    /// Its status at that instant: what the clock's next tick would make of it (L-32).
    pub status: AccountStatus,
    /// What this person may ask of it at that instant.
    pub options: Options,
}

impl Alm {
    pub(super) fn reader(&self, operation: &'static str, caller: &Caller) -> Unit<'_> {
        Unit::of(&self.0, operation, caller)
    }

    /// An account, and what the caller may ask of it now. One's own, or any with Manage.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied), [`NotFound`](ErrorKind::NotFound), those of the store.
    pub async fn account(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        let mut unit = self.reader("account.read", caller);
        let account: Account = unit.get(id.uuid()).await?;
        let (_, groups) = owners_of(&mut unit, &account.owners).await?;
        let own = ownership::is_owner(caller.person, &account.owners, &groups);
        unit.require(Feature::ManagedAccount, Verb::Read, own).await?;
        let may = unit.access().await?.permits(Feature::ManagedAccount, Verb::Update, own);
        let now = unit.now;
        let options = if may { lifecycle::options_at(&account, now) } else { Options::NONE };
        Ok(AccountView { status: lifecycle::status_at(&account, now), options, account })
    }

    /// A request. The requester's own, those one is asked to vote on, or any with Manage. The names of approvers are hidden from the
    /// requester where the template says so.
    ///
    /// # Errors
    /// As [`account`](Alm::account).
    pub async fn request(&self, caller: &Caller, id: RequestId) -> Result<Request> {
        let mut unit = self.reader("request.read", caller);
        let mut request: Request = unit.get(id.uuid()).await?;
        let version: TemplateVersion = unit.get(request.template.uuid()).await?;
        if request.requester == caller.person {
            unit.require(Feature::ProvisionRequest, Verb::Read, true).await?;
            if version.body.hide_approver_names {
                for vote in &mut request.votes {
                    vote.person = crate::model::ids::PersonId::new(uuid::Uuid::nil());
                    vote.on_behalf_of = None;
                }
            }
            return Ok(request);
        }
        let key = caller.person.to_string();
        let delegations: Vec<Delegation> = unit.find_by(index::DELEGATE, &key).await?;
        let now = unit.now;
        let mut asked = false;
        for step in &version.body.approval {
            let groups = unit.groups(step.groups.iter().copied()).await?;
            asked |= approval::names(step, caller.person, &groups);
            for delegation in delegations.iter().filter(|one| one.holds_at(now)) {
                asked |= approval::names(step, delegation.from, &groups);
            }
        }
        if asked {
            unit.require(Feature::ProvisionApproval, Verb::Read, true).await?;
        } else {
            unit.require(Feature::ProvisionRequest, Verb::Read, false).await?;
        }
        Ok(request)
    }

    /// A saga: how far an operation has come. Needs audit Read.
    ///
    /// # Errors
    /// As [`account`](Alm::account).
    pub async fn saga(&self, caller: &Caller, id: SagaId) -> Result<SagaRecord> {
        let mut unit = self.reader("saga.read", caller);
        unit.require(Feature::Audit, Verb::Read, true).await?;
        unit.get(id.uuid()).await
    }

    /// A published version of a template, however old (T-9). Needs provision-template Read.
    ///
    /// # Errors
    /// As [`account`](Alm::account).
    pub async fn template_version(&self, caller: &Caller, id: TemplateVersionId) -> Result<TemplateVersion> {
        let mut unit = self.reader("template.read", caller);
        unit.require(Feature::ProvisionTemplate, Verb::Read, true).await?;
        unit.get(id.uuid()).await
    }

    /// All accounts, in the order of their ids, those behind `after`. Needs managed-account Read with Manage.
    ///
    /// # Errors
    /// As [`account`](Alm::account).
    pub async fn accounts(
        &self,
        caller: &Caller,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>> {
        use crate::port::store::Stored as _;
        let mut unit = self.reader("account.list", caller);
        unit.require(Feature::ManagedAccount, Verb::Read, false).await?;
        let after = after.map(AccountId::uuid);
        self.0.store.list(Account::KIND, after, limit).await?.iter().map(Account::read).collect()
    }

    /// Audit records from number `from` on. Needs audit Read.
    ///
    /// # Errors
    /// As [`account`](Alm::account).
    pub async fn audit(&self, caller: &Caller, from: u64, limit: u32) -> Result<Vec<AuditRecord>> {
        let mut unit = self.reader("audit.read", caller);
        unit.require(Feature::Audit, Verb::Read, true).await?;
        self.0.store.audit(from, limit).await
    }

    /// Whoever gives out of the audit more than a page, or changes what is known of it: allowed, and a denial is audited.
    pub(super) async fn audit_reader(&self, operation: &'static str, caller: &Caller) -> Result<Unit<'_>> {
        let mut unit = self.reader(operation, caller);
        if let Err(error) = unit.require(Feature::Audit, Verb::Read, true).await {
            if error.kind() == ErrorKind::Denied {
                self.audit_denial(operation, caller, &error).await?;
            }
            return Err(error);
        }
        Ok(unit)
    }

    /// Waits until a saga is over or parked, looking every `pause`. For programs that have nothing else to do; others listen to events.
    ///
    /// Dropping the future ends the wait and nothing else.
    ///
    /// # Errors
    /// As [`account`](Alm::account); [`Conflict`](ErrorKind::Conflict) when it is not over by `until`.
    pub async fn settled(
        &self,
        caller: &Caller,
        id: SagaId,
        pause: std::time::Duration,
        until: Timestamp,
    ) -> Result<SagaRecord> {
        loop {
            let saga = self.saga(caller, id).await?;
            if !saga.status.is_open() {
                return Ok(saga);
            }
            if self.0.clock.now() >= until {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "saga.wait",
                    format!("the operation on {} is not over: {:?}", saga.account_name, saga.status),
                ));
            }
            self.0.clock.sleep(pause).await;
        }
    }
}
