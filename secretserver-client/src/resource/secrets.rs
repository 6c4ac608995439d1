//! Secrets.

mod change;
mod create;
mod lookup;
mod model;
mod read;
mod restricted;
mod search;
mod update;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::ids::SecretId;
use crate::page::Pager;
use crate::secret_value::SecretValue;
pub use change::{Activate, Deactivate, Deactivated, Undelete, UpdateField};
pub use create::{Create, Item as NewItem, NewSecret};
pub use lookup::{GetName, GetSecretV2, GetStub, ListAudit, LookupSecrets, SearchV2, SecretAuditEntry, Stub};
pub use model::{AccessState, HeartbeatStatus, Item, Secret, State, Summary};
pub use read::{GetByPath, GetField, GetSecret, GetState, GetSummary, ReadOptions};
pub use restricted::{
    Access, ChangePassword, CheckIn, CheckOut, Expire, GetRestricted, GetRestrictedField, Heartbeat, Remarks,
};
pub use search::{Search, SearchFilter, SearchTotal};
pub use update::{General, GeneralPatch, PatchGeneral, Replace, SecretUpdate};

/// The operations on secrets. See [`Client::secrets`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same.
/// What stands before a restricted secret is said by [`state`](Secrets::state); ask it first, and check out and in explicitly:
///
/// ```
/// # async fn run(client: &secretserver_client::Client, id: secretserver_client::SecretId) -> Result<(), secretserver_client::Error> {
/// use secretserver_client::resource::secrets::{Access, AccessState};
///
/// if client.secrets().state(id).await?.secret_state == AccessState::RequiresCheckout {
///     client.secrets().check_out(id).await?;
/// }
/// let password = client.secrets().restricted_field(id, "password", Access::comment("deployment")).await?;
/// client.secrets().check_in(id, Access::default()).await?;
/// # Ok(()) }
/// ```
///
/// Errors are described at [`ErrorKind`]. The server answers "denied", "absent" and "deactivated" alike, with [`ErrorKind::Denied`].
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'c>(pub(crate) &'c Client);

impl Secrets<'_> {
    /// Reads a secret with all its values. The server writes an audit record. Does not check it out.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: denied, absent or deactivated. See also the type's documentation.
    pub async fn get(&self, id: SecretId) -> Result<Secret, Error> {
        self.get_with(id, ReadOptions::default()).await
    }

    /// Like [`Secrets::get`], with options.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn get_with(&self, id: SecretId, options: ReadOptions) -> Result<Secret, Error> {
        self.0.request(GetSecret { id, options }).await
    }

    /// Reads the secret at this path, such as `\Folder\Sub\Name`. Needs Secret Server 11.0.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn get_by_path(&self, path: &str, options: ReadOptions) -> Result<Secret, Error> {
        self.0.request(GetByPath { path: path.to_owned(), options }).await
    }

    /// What is known of a secret without its values. Writes no audit record of a password being seen.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn summary(&self, id: SecretId) -> Result<Summary, Error> {
        self.0.request(GetSummary { id }).await
    }

    /// Whether the secret can be read as it is, and if not, why. Needs Secret Server 10.9.32.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn state(&self, id: SecretId) -> Result<State, Error> {
        self.0.request(GetState { id }).await
    }

    /// Reads one value. `slug` is the field's name in addresses, such as `password`.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn field(&self, id: SecretId, slug: &str) -> Result<SecretValue, Error> {
        self.field_with(id, slug, ReadOptions::default()).await
    }

    /// Like [`Secrets::field`], with options.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn field_with(
        &self,
        id: SecretId,
        slug: &str,
        options: ReadOptions,
    ) -> Result<SecretValue, Error> {
        self.0.request(GetField { id, slug: slug.to_owned(), options }).await
    }

    /// Writes one value and leaves everything else. Never sent twice: on a secret with automatic change it can start one.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: denied, absent or deactivated; [`ErrorKind::Invalid`]: refused by the template's rules.
    pub async fn update_field(
        &self,
        id: SecretId,
        slug: &str,
        value: impl Into<SecretValue> + Send,
    ) -> Result<(), Error> {
        self.0.request(UpdateField { id, slug: slug.to_owned(), value: value.into() }).await.map(drop)
    }

    /// Finds secrets by name or by one field, in order of their ids. Values are not part of it, and notes are not searched.
    pub fn search(&self, filter: SearchFilter) -> Pager<Summary> {
        let filter = std::sync::Arc::new(filter);
        crate::resource::search(self.0, move |skip, take| Search {
            filter: std::sync::Arc::clone(&filter),
            skip,
            take,
        })
    }

    /// How many secrets a search would find.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn search_total(&self, filter: SearchFilter) -> Result<u32, Error> {
        self.0.request(SearchTotal { filter }).await
    }

    /// Creates a secret. Never sent twice: when the answer is lost ([`Outcome::Unknown`](crate::Outcome::Unknown)), look for the exact name in
    /// the folder before trying again.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: no right to add secrets there, or no such folder; [`ErrorKind::Invalid`]: refused by the template;
    /// [`ErrorKind::Conflict`]: the name is taken and the folder wants unique names.
    pub async fn create(&self, secret: NewSecret) -> Result<Secret, Error> {
        self.0.request(Create(secret)).await
    }

    /// Deactivates a secret: it is kept, and can be restored.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: denied, absent, or deactivated already.
    pub async fn deactivate(&self, id: SecretId) -> Result<Deactivated, Error> {
        self.0.request(Deactivate { id }).await
    }

    /// Makes a deactivated secret active again. Servers before 11 know another address for it, which is tried when the first is unknown.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn restore(&self, id: SecretId) -> Result<(), Error> {
        match self.0.request(Activate { id }).await {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported) => {
                self.0.request(Undelete { id }).await.map(drop)
            }
            result => result.map(drop),
        }
    }

    /// Like [`Secrets::search`], at the address that servers from 11.0 on have for it.
    pub fn search_v2(&self, filter: SearchFilter) -> Pager<Summary> {
        SearchV2::pager(self.0, filter)
    }

    /// Like [`Secrets::search`], with ids and names only.
    pub fn lookup(&self, filter: SearchFilter) -> Pager<crate::resource::Lookup<SecretId>> {
        let filter = std::sync::Arc::new(filter);
        crate::resource::search(self.0, move |skip, take| LookupSecrets {
            filter: std::sync::Arc::clone(&filter),
            skip,
            take,
        })
    }

    /// What was done to a secret, oldest first. Needs the role permission *View Secret Audit*.
    pub fn audit(&self, id: SecretId) -> Pager<SecretAuditEntry> {
        ListAudit::pager(self.0, id)
    }

    /// Replaces a secret as a whole. Never sent twice: it can start a change of the password. To change little, use
    /// [`update_field`](Self::update_field) or [`patch`](Self::patch).
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn replace(&self, secret: SecretUpdate) -> Result<Secret, Error> {
        self.0.request(Replace(secret)).await
    }

    /// Changes what is general about a secret, such as its name or folder. Needs Secret Server 11.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn patch(&self, id: SecretId, patch: GeneralPatch) -> Result<General, Error> {
        self.0.request(PatchGeneral { id, patch }).await
    }

    /// Reads a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn get_restricted(&self, id: SecretId, access: Access) -> Result<Secret, Error> {
        self.0.request(GetRestricted { id, access }).await
    }

    /// Reads one value of a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn restricted_field(
        &self,
        id: SecretId,
        slug: &str,
        access: Access,
    ) -> Result<SecretValue, Error> {
        self.0.request(GetRestrictedField { id, slug: slug.to_owned(), access }).await
    }

    /// Takes a secret for the caller alone, until it is checked in or the time is over. When a comment is due, the answer's remarks or an
    /// error say so, and not all servers the same way: ask for the [`state`](Self::state).
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn check_out(&self, id: SecretId) -> Result<Remarks, Error> {
        self.0.request(CheckOut { id }).await
    }

    /// Gives a secret back, after which its password may be changed.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn check_in(&self, id: SecretId, access: Access) -> Result<Summary, Error> {
        self.0.request(CheckIn { id, access }).await
    }

    /// Has the password changed on its machine, which happens later: look at `last_password_change_attempt`. Without a new password the server
    /// makes one.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn change_password(
        &self,
        id: SecretId,
        new_password: Option<SecretValue>,
        access: Access,
    ) -> Result<Summary, Error> {
        self.0.request(ChangePassword { id, new_password, access }).await
    }

    /// Has the password checked on its machine, which happens later: look at `last_heart_beat_status`.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn heartbeat(&self, id: SecretId) -> Result<Summary, Error> {
        self.0.request(Heartbeat { id }).await
    }

    /// Makes a secret expire now.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn expire(&self, id: SecretId, access: Access) -> Result<Summary, Error> {
        self.0.request(Expire { id, access }).await
    }
}
