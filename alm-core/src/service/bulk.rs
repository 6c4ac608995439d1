//! One command for many accounts, with a plan first (M-4).

use std::collections::BTreeSet;

use super::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, RenewAccount, RetryOperation, SetOwners,
    SubmitRenewal,
};
use super::alm::Alm;
use super::cloning::CloneAccount;
use super::command::{Caller, Command, IdempotencyKey};
use super::migration::MigrateAccount;
use super::plan::Plan;
use super::privileges::RequestPrivilege;
use super::rotation::RotateAccount;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::ids::AccountId;

/// How many accounts one bulk command has at most.
pub const MOST_AT_ONCE: usize = 10_000;

/// A command about one account, which can be given for many.
pub trait AccountCommand: Command {
    /// Which account.
    fn account(&self) -> AccountId;
}

macro_rules! about_one_account {
    ($($command:ty),+ $(,)?) => {$(
        impl AccountCommand for $command {
            fn account(&self) -> AccountId {
                self.account
            }
        }
    )+};
}

about_one_account!(
    AbandonOperation,
    CloneAccount,
    DeleteAccount,
    DisableAccount,
    EnableAccount,
    MigrateAccount,
    RenewAccount,
    RequestPrivilege,
    RetryOperation,
    RotateAccount,
    SetOwners,
    SubmitRenewal,
);

/// What a command would do to each of many accounts. Only [`Alm::plan_each`] makes one, and [`Alm::execute_each`] takes nothing else: nobody changes
/// many accounts without having been told what that does.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before it is executed"]
pub struct BulkPlan<C> {
    items: Vec<Item<C>>,
}

#[derive(Clone, Debug)]
struct Item<C> {
    command: C,
    plan: Plan,
    /// Why not, if it would not.
    error: Option<Error>,
}

impl<C: AccountCommand> BulkPlan<C> {
    /// The accounts with what would happen to each, in the order in which they were given.
    pub fn items(&self) -> impl Iterator<Item = (AccountId, &Plan)> {
        self.items.iter().map(|item| (item.command.account(), &item.plan))
    }

    /// How many it would be carried out for.
    pub fn allowed(&self) -> usize {
        self.items.iter().filter(|item| item.plan.is_allowed()).count()
    }

    /// Those that it would be refused for, with the reasons.
    pub fn refused(&self) -> impl Iterator<Item = (AccountId, &[Refusal])> {
        let refused = self.items.iter().filter(|item| !item.plan.is_allowed());
        refused.map(|item| (item.command.account(), item.plan.refusals.as_slice()))
    }

    /// The same without some accounts, such as those that a person struck out.
    pub fn without(mut self, accounts: &BTreeSet<AccountId>) -> Self {
        self.items.retain(|item| !accounts.contains(&item.command.account()));
        self
    }
}

/// What came of a bulk command: each account by itself, in the order in which they were given.
#[derive(Debug)]
#[non_exhaustive]
pub struct BulkReport<T> {
    /// The command's result for each account, or why there is none.
    pub results: Vec<(AccountId, Result<T>)>,
}

impl<T> BulkReport<T> {
    /// How many it was carried out for.
    pub fn done(&self) -> usize {
        self.results.iter().filter(|(_, result)| result.is_ok()).count()
    }

    /// Those that it was not carried out for.
    pub fn failed(&self) -> impl Iterator<Item = (AccountId, &Error)> {
        self.results.iter().filter_map(|(account, result)| Some((*account, result.as_ref().err()?)))
    }
}

impl Alm {
    /// What a command would do to each of many accounts, at most [`MOST_AT_ONCE`]. Changes nothing.
    ///
    /// ```
    /// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller, accounts: Vec<alm_core::model::ids::AccountId>)
    /// # -> alm_core::Result<()> {
    /// use alm_core::service::accounts::DisableAccount;
    ///
    /// let plan = alm.plan_each(&caller, accounts.into_iter().map(DisableAccount::new)).await?;
    /// println!("{} would be disabled", plan.allowed());
    /// for (account, refusals) in plan.refused() {
    ///     println!("{account}: {refusals:?}");
    /// }
    /// let report = alm.execute_each(&caller, "disable the batch accounts of 2019", plan).await?;
    /// for (account, error) in report.failed() {
    ///     println!("{account}: {error}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Refused with M-4 when there are too many, or one twice; those of the store. What each account refuses is in the plan, and so is that there is
    /// none.
    pub async fn plan_each<C: AccountCommand>(
        &self,
        caller: &Caller,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<BulkPlan<C>> {
        let commands: Vec<C> = commands.into_iter().take(MOST_AT_ONCE + 1).collect();
        let mut refusals = Vec::new();
        if commands.len() > MOST_AT_ONCE {
            let message = format!("more than {MOST_AT_ONCE} accounts are named");
            refusals.push(Refusal::new("M-4", "accounts", message));
        }
        let mut seen = BTreeSet::new();
        for command in &commands {
            if !seen.insert(command.account()) {
                let message = format!("account {} is named twice", command.account());
                refusals.push(Refusal::new("M-4", "accounts", message));
            }
        }
        if !refusals.is_empty() {
            return Err(Error::refused(C::NAME, refusals));
        }
        let mut items = Vec::with_capacity(commands.len());
        for command in commands {
            let (plan, error) = match self.would(caller, &command).await {
                Ok(plan) => (plan, None),
                Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Refused) => {
                    (Plan { refusals: error.refusals().to_vec(), ..Plan::default() }, Some(error))
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let refusals = vec![Refusal::new("M-4", "account", error.to_string())];
                    let error = Error::refused(C::NAME, refusals.clone());
                    (Plan { refusals, ..Plan::default() }, Some(error))
                }
                Err(error) => return Err(error),
            };
            items.push(Item { command, plan, error });
        }
        Ok(BulkPlan { items })
    }

    /// Carries a plan out, account by account: each is a commit of its own, decided anew, and succeeds or fails alone. What the plan says is refused is
    /// not tried, and audited as refused (P-3).
    ///
    /// The same accounts under the same key return the first results (R-13), with the same plan or a new one, so that one that was broken off can be
    /// given again: what was done is not done twice. Dropping the future leaves the accounts behind as they are; give it again.
    ///
    /// # Errors
    /// None for single accounts: those are in the report. When the store cannot be reached any more, that is said of all accounts behind.
    pub async fn execute_each<C: AccountCommand>(
        &self,
        caller: &Caller,
        key: impl Into<IdempotencyKey>,
        plan: BulkPlan<C>,
    ) -> Result<BulkReport<C::Output>> {
        let key = key.into();
        let mut results = Vec::with_capacity(plan.items.len());
        let mut lost: Option<Error> = None;
        for Item { command, error, .. } in plan.items {
            let account = command.account();
            if let Some(error) = &lost {
                results.push((account, Err(error.clone())));
                continue;
            }
            let key = format!("{}/{account}", key.as_str());
            let result = match error {
                Some(error) => self.not_tried(caller, &key, command, error).await,
                None => self.execute(caller, key, command).await,
            };
            lost = result
                .as_ref()
                .err()
                .filter(|error| {
                    matches!(
                        error.kind(),
                        ErrorKind::StoreUnavailable | ErrorKind::StoreFull | ErrorKind::StoreCorrupt
                    )
                })
                .cloned();
            results.push((account, result));
        }
        Ok(BulkReport { results })
    }

    /// What a plan refuses: the first result if an earlier run under the same key has one, else the refusal, which is audited (P-3).
    async fn not_tried<C: AccountCommand>(
        &self,
        caller: &Caller,
        key: &str,
        command: C,
        error: Error,
    ) -> Result<C::Output> {
        if self.0.store.remembered(caller.person.uuid(), key).await?.is_some() {
            return self.execute(caller, key, command).await;
        }
        self.audit_denial(C::NAME, caller, &error).await?;
        Err(error)
    }
}
