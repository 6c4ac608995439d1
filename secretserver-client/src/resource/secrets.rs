//! Secrets.

mod access;
mod change;
mod create;
mod file;
mod lookup;
mod machine;
mod model;
mod read;
mod requests;
mod restricted;
mod search;
mod state;
mod target;
mod update;

use crate::client::Client;
use crate::compat::{self, Feature};
use crate::error::{Error, ErrorKind};
use crate::ids::SecretId;
use crate::page::Pager;
use crate::resource::Lookup;
use crate::secret_value::SecretValue;
pub use access::{Access, CheckedOut};
pub use change::{Activate, Deactivate, Deactivated, Undelete, UpdateField};
pub use create::{Create, Item as NewItem, NewSecret};
pub use file::{Download, FileContent, FileName, InvalidFileName};
#[cfg(feature = "testing")]
pub(crate) use file::{DownloadFile, DownloadRestrictedFile, UploadFile};
pub use lookup::{GetName, GetSecretV2, GetStub, ListAudit, LookupSecrets, SearchV2, SecretAuditEntry, Stub};
pub use machine::{ChangePassword, Expire, Heartbeat, Ordered};
pub use model::{HeartbeatStatus, Item, Secret, Summary};
pub use read::{GetField, GetSecret, GetState, GetSummary, ReadOptions};
pub use requests::{
    AccessRequest, AccessRules, GetAccessRules, GiveReason, ListAccessRequests, NewAccessRequest,
    RequestAccess, RequestStatus,
};
pub use restricted::{AccessOptions, CheckIn, CheckOut, GetRestricted, GetRestrictedField, Remarks};
pub use search::{Search, SearchFilter, SearchTotal};
pub use state::{AccessState, State};
pub use target::{InvalidSecretPath, SecretPath, SecretRef};
pub use update::{General, GeneralPatch, PatchGeneral, PatchGeneralV1, Replace, SecretUpdate};

/// The operations on secrets. See [`Client::secrets`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Wherever a [`SecretRef`] is asked for,
/// a [`SecretId`] does, and from Secret Server 11.0 on a [`SecretPath`].
///
/// What stands before a restricted secret is said by [`access`](Secrets::access). Check out and in explicitly:
///
/// ```
/// # use secretserver_client::{Client, Error, SecretId, SecretValue};
/// use secretserver_client::resource::secrets::{Access, AccessOptions, CheckedOut};
///
/// async fn read(client: &Client, id: SecretId) -> Result<Option<SecretValue>, Error> {
///     let why = AccessOptions::comment("deployment of web 7");
///     match client.secrets().access(id).await? {
///         access if access.is_open() => client.secrets().field(id, "password").await.map(Some),
///         Access::CommentRequired => client.secrets().restricted_field(id, "password", why).await.map(Some),
///         Access::CheckOutRequired { .. } => {
///             if let CheckedOut::Refused(_) = client.secrets().check_out(id, why.clone()).await? {
///                 return Ok(None);
///             }
///             let value = client.secrets().restricted_field(id, "password", why).await;
///             client.secrets().check_in(id, AccessOptions::default()).await?;
///             value.map(Some)
///         }
///         access => {
///             println!("{access:?}: {}", access.advice());
///             Ok(None)
///         }
///     }
/// }
/// ```
///
/// Nothing is checked in when a value is dropped: a drop can neither wait for the server nor report that it refused, and a secret that
/// stays checked out is locked for everybody else. So the end is a call with a result, like the beginning. Whoever may be stopped
/// in between relies on the secret's own time limit.
///
/// Errors are described at [`ErrorKind`]. The server answers "denied", "absent" and "deactivated" alike, with [`ErrorKind::Denied`].
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'c>(pub(crate) &'c Client);

impl Secrets<'_> {
    /// Reads a secret with all its values. The server writes an audit record. Does not check it out.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: denied, absent or deactivated. See also the type's documentation.
    pub async fn get(&self, id: impl Into<SecretRef> + Send) -> Result<Secret, Error> {
        self.get_with(id, ReadOptions::default()).await
    }

    /// Like [`Secrets::get`], with options.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn get_with(
        &self,
        id: impl Into<SecretRef> + Send,
        options: ReadOptions,
    ) -> Result<Secret, Error> {
        let id = id.into();
        match self.0.request(GetSecret { id: id.clone(), options }).await {
            // The published lists of operations leave the address of v1 out; a server may one day do so too.
            Err(error) if compat::is_unknown_address(&error) && !self.0.is_known_to_lack(Feature::V2) => {
                self.0.request(GetSecretV2 { id, options }).await.map_err(|_| error)
            }
            result => result,
        }
    }

    /// Like [`Secrets::get_with`], at the address that servers from 11.0 on have for it.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn get_v2(
        &self,
        id: impl Into<SecretRef> + Send,
        options: ReadOptions,
    ) -> Result<Secret, Error> {
        self.0.request(GetSecretV2 { id: id.into(), options }).await
    }

    /// Reads the secret at this path, such as `\Folder\Sub\Name`. Needs Secret Server 11.0.
    ///
    /// # Errors
    /// [`ErrorKind::Config`]: the text is no path, and nothing was sent. Otherwise as for [`Secrets::get`].
    pub async fn get_by_path(&self, path: &str, options: ReadOptions) -> Result<Secret, Error> {
        let path =
            SecretPath::new(path).map_err(|e| Error::config("secrets.get", e.to_string()).with_source(e))?;
        self.get_with(path, options).await
    }

    /// What is known of a secret without its values. Writes no audit record of a password being seen.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn summary(&self, id: impl Into<SecretRef> + Send) -> Result<Summary, Error> {
        self.0.request(GetSummary { id: id.into() }).await
    }

    /// Whether the secret can be read as it is, and if not, why. Needs Secret Server 10.9.32.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn state(&self, id: impl Into<SecretRef> + Send) -> Result<State, Error> {
        self.0.request(GetState { id: id.into() }).await
    }

    /// The number and the name of a secret. Writes no audit record of a password being seen.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn name(&self, id: impl Into<SecretRef> + Send) -> Result<Lookup<SecretId>, Error> {
        self.0.request(GetName { id: id.into() }).await
    }

    /// Reads one value. `slug` is the field's name in addresses, such as `password`.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn field(&self, id: impl Into<SecretRef> + Send, slug: &str) -> Result<SecretValue, Error> {
        self.field_with(id, slug, ReadOptions::default()).await
    }

    /// Like [`Secrets::field`], with options.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn field_with(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        options: ReadOptions,
    ) -> Result<SecretValue, Error> {
        self.0.request(GetField { id: id.into(), slug: slug.to_owned(), options }).await
    }

    /// Writes one value and leaves everything else. Never sent twice: on a secret with automatic change it can start one.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: denied, absent or deactivated; [`ErrorKind::Invalid`]: refused by the template's rules.
    pub async fn update_field(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        value: impl Into<SecretValue> + Send,
    ) -> Result<(), Error> {
        let (id, slug, value) = (id.into(), slug.to_owned(), value.into());
        self.0.request(UpdateField { id, slug, value, access: None }).await.map(drop)
    }

    /// A new secret as the server would fill it in. That it succeeds is the nearest there is to asking whether a secret could be made there.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: no right to add secrets there, or no such folder or template.
    pub async fn stub(
        &self,
        template: crate::ids::SecretTemplateId,
        folder: Option<crate::ids::FolderId>,
    ) -> Result<Stub, Error> {
        self.0.request(GetStub { template, folder }).await
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
    pub async fn deactivate(&self, id: impl Into<SecretRef> + Send) -> Result<Deactivated, Error> {
        self.0.request(Deactivate { id: id.into() }).await
    }

    /// Makes a deactivated secret active again. Servers before 11 know another address for it, which is tried when the first is unknown.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn restore(&self, id: impl Into<SecretRef> + Send) -> Result<(), Error> {
        let id = id.into();
        let number = id.id();
        if let (Some(id), true) = (number, self.0.is_known_to_lack(Feature::Activate)) {
            return self.0.request(Undelete { id }).await.map(drop);
        }
        match (self.0.request(Activate { id }).await, number) {
            (Err(error), Some(id))
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported) =>
            {
                self.0.request(Undelete { id }).await.map(drop)
            }
            (result, _) => result.map(drop),
        }
    }

    /// What was done to a secret, oldest first. Needs the role permission *View Secret Audit*.
    pub fn audit(&self, id: impl Into<SecretRef>) -> Pager<SecretAuditEntry> {
        let id = id.into();
        crate::resource::search(self.0, move |skip, take| ListAudit { id: id.clone(), skip, take })
    }
}
