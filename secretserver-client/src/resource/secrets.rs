//! Secrets.

mod change;
mod create;
mod model;
mod read;
mod search;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::ids::SecretId;
use crate::page::Pager;
use crate::secret_value::SecretValue;
pub use change::{Activate, Deactivate, Deactivated, Undelete, UpdateField};
pub use create::{Create, Item as NewItem, NewSecret};
pub use model::{AccessState, HeartbeatStatus, Item, Secret, State, Summary};
pub use read::{GetByPath, GetField, GetSecret, GetState, GetSummary, ReadOptions};
pub use search::{Search, SearchFilter, SearchTotal};

/// The operations on secrets. See [`Client::secrets`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same.
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
}
