//! What is looked at before an account is touched (I-3, E-5, E-8).

use std::sync::Arc;

use ad_directory::{
    AccountKey, Controller, Directory, Dn, FindOptions, GroupKey, Marker, ObjectGuid, PinOptions,
};

use super::local_policy::Enforced;
use super::marker::{MarkerKey, SagaMarker};
use super::object::{self, Object};
use super::translate::{self, Step, Stop, failed, refused};
use crate::error::Outcome;
use crate::port::link::Task;
use crate::saga::effect::Reason;

/// What an effect works with.
#[derive(Debug)]
pub(super) struct Tools<'a> {
    pub(super) directory: &'a Arc<dyn Directory>,
    pub(super) key: &'a MarkerKey,
    pub(super) policy: &'a Enforced,
    pub(super) task: &'a Task,
}

impl Tools<'_> {
    /// The directory as this controller shows it; any controller when none is said.
    pub(super) async fn pinned(&self, controller: Option<&Controller>) -> Step<Arc<dyn Directory>> {
        let options = match controller {
            Some(controller) => PinOptions::new().controller(controller.clone()),
            None => PinOptions::new(),
        };
        self.directory.pin(options).await.map_err(|error| translate::directory(&error))
    }

    /// The marker that this saga writes under its lease.
    pub(super) fn marker(&self) -> Step<Marker> {
        SagaMarker::new(self.task.instance, self.task.lease.saga, self.task.lease.epoch)
            .write(self.key)
            .or_else(|error| failed(Outcome::NotSent, error.to_string()))
    }

    /// Reads a marker of this instance.
    pub(super) fn read_marker(&self, text: &str) -> Option<SagaMarker> {
        SagaMarker::read(text, self.key).filter(|marker| marker.instance == self.task.instance)
    }

    /// Whether a text is a marker of this very saga.
    pub(super) fn is_this_saga(&self, text: &str) -> bool {
        self.read_marker(text).is_some_and(|marker| marker.saga == self.task.lease.saga)
    }

    /// Whether a text is a marker of this saga, or of one before it on this account: a rotation goes on with the secret that another left. Names
    /// of secrets hold the identifier of one saga, so no other secret is meant.
    pub(super) fn is_known_saga(&self, text: &str) -> bool {
        self.read_marker(text).is_some_and(|marker| self.task.known_sagas.contains(&marker.saga))
    }

    /// The account of the task's kind that this key leads to, whosever it is.
    pub(super) async fn find(
        &self,
        directory: &Arc<dyn Directory>,
        key: &AccountKey,
    ) -> Step<Option<Object>> {
        object::find(directory, self.task.kind, key).await.map_err(|error| translate::directory(&error))
    }

    /// The account, if it is ours to touch; `None` when it is not there.
    pub(super) async fn look(
        &self,
        directory: &Arc<dyn Directory>,
        account: ObjectGuid,
    ) -> Step<Option<(Object, Marker)>> {
        let found = self.find(directory, &AccountKey::Guid(account)).await?;
        let Some(found) = found else { return Ok(None) };
        let marker = self.ours(&found)?;
        Ok(Some((found, marker)))
    }

    /// As [`look`](Self::look), where a missing account is refused.
    pub(super) async fn guard(
        &self,
        directory: &Arc<dyn Directory>,
        account: ObjectGuid,
    ) -> Step<(Object, Marker)> {
        match self.look(directory, account).await? {
            Some(found) => Ok(found),
            None => refused(
                Reason::AccountMissing,
                format!(
                    "{} ({account}) is not on this controller; if it was deleted, give the operation up",
                    self.task.account_name
                ),
            ),
        }
    }

    /// E-8: never a protected object, nor one that this engine may not touch.
    pub(super) fn allowed(&self, account: &Object) -> Step<()> {
        self.policy.account(account)
    }

    /// E-8: whoever is in a protected group can take the domain over.
    pub(super) async fn joinable(&self, directory: &Arc<dyn Directory>, group: &Dn) -> Step<()> {
        let found = directory.find_group(&GroupKey::Dn(group.clone()), FindOptions::new()).await;
        match found.map_err(|error| translate::directory(&error))? {
            Some(found) if found.is_protected => {
                refused(Reason::LocalPolicy, format!("{group} is a protected group of the domain [E-8]"))
            }
            // One that is missing is named by whoever wants to join it.
            _ => Ok(()),
        }
    }

    /// Its marker, if it says that the account is ours, and that nobody with a higher epoch has it (E-5).
    pub(super) fn ours(&self, account: &Object) -> Step<Marker> {
        self.allowed(account)?;
        let Some(text) = account.marker.clone().filter(|_| !account.foreign_marker) else {
            return refused(Reason::MarkerForeign, format!("{} carries no marker of ours [I-3]", account.dn));
        };
        let Some(marker) = self.read_marker(text.as_str()) else {
            return refused(
                Reason::MarkerForeign,
                format!("the marker of {} is not one that this instance made [I-3]", account.dn),
            );
        };
        if marker.epoch > self.task.lease.epoch {
            return Err(Stop::Superseded);
        }
        if !self.task.known_sagas.contains(&marker.saga) {
            return refused(
                Reason::MarkerForeign,
                format!(
                    "{} was marked by saga {}, which this account does not know [I-3]",
                    account.dn, marker.saga
                ),
            );
        }
        Ok(text)
    }
}
