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
mod target;
mod update;

use crate::client::Client;
use crate::compat::{self, Feature};
use crate::error::{Error, ErrorKind, Outcome};
use crate::ids::SecretId;
use crate::page::Pager;
use crate::resource::Lookup;
use crate::secret_value::SecretValue;
pub use access::{Access, CheckedOut};
pub use change::{Activate, Deactivate, Deactivated, Undelete, UpdateField};
pub use create::{Create, Item as NewItem, NewSecret};
pub use file::{Download, FileContent, FileName, InvalidFileName};
pub(crate) use file::{DownloadFile, DownloadRestrictedFile, UploadFile};
pub use lookup::{GetName, GetSecretV2, GetStub, ListAudit, LookupSecrets, SearchV2, SecretAuditEntry, Stub};
pub use machine::{ChangePassword, Expire, Heartbeat, Ordered};
pub use model::{AccessState, HeartbeatStatus, Item, Secret, State, Summary};
pub use read::{GetField, GetSecret, GetState, GetSummary, ReadOptions};
pub use requests::{
    AccessRequest, AccessRules, GetAccessRules, GiveReason, ListAccessRequests, NewAccessRequest,
    RequestAccess, RequestStatus,
};
pub use restricted::{AccessOptions, CheckIn, CheckOut, GetRestricted, GetRestrictedField, Remarks};
pub use search::{Search, SearchFilter, SearchTotal};
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

    /// What stands before a secret, in terms a program decides by. Needs Secret Server 10.9.32. When approval is due, it is also looked whether
    /// the caller has asked for it already, which costs two more requests.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn access(&self, id: impl Into<SecretRef> + Send) -> Result<Access, Error> {
        let id = id.into();
        let state = self.state(id.clone()).await?;
        let access = state.access();
        let number = state.id.or_else(|| id.id());
        match (access, number) {
            (Access::ApprovalRequired, Some(number)) if self.has_asked(number).await => {
                Ok(Access::ApprovalPending)
            }
            (access, _) => Ok(access),
        }
    }

    /// Whether the caller has asked for access and nobody has decided. Unreadable requests count as none: then asking again is refused or harmless.
    async fn has_asked(&self, id: SecretId) -> bool {
        use futures_util::TryStreamExt as _;
        let Ok(me) = self.0.users().current().await else { return false };
        let mut requests = self.access_requests(id);
        while let Ok(Some(request)) = requests.try_next().await {
            let pending = matches!(request.status, Some(RequestStatus::Pending));
            if pending && request.requesting_user_id == Some(me.id) {
                return true;
            }
        }
        false
    }

    /// What stands before a secret by its configuration, whoever asks.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn access_rules(&self, id: SecretId) -> Result<AccessRules, Error> {
        self.0.request(GetAccessRules { id }).await
    }

    /// Who has asked for access to a secret.
    pub fn access_requests(&self, id: SecretId) -> Pager<AccessRequest> {
        ListAccessRequests::pager(self.0, id)
    }

    /// Asks for access to a secret, on which somebody must then decide. Never sent twice: when the answer is lost, look at
    /// [`access_requests`](Self::access_requests).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`]: it is not possible, such as when access was asked for already. Otherwise as for [`Secrets::get`].
    pub async fn request_access(&self, request: NewAccessRequest) -> Result<AccessRequest, Error> {
        self.0.request(RequestAccess(request)).await
    }

    /// Says why the caller is about to look at a secret, which [`check_out`](Self::check_out) does by itself when its options have a reason.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn give_reason(&self, id: SecretId, access: AccessOptions) -> Result<(), Error> {
        let said = self.0.request(GiveReason { id, access }).await?;
        crate::resource::Acknowledged { success: said }.checked("secrets.give_reason")
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

    /// Like [`Secrets::update_field`], of a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`]; [`ErrorKind::Restricted`]: not enough was said.
    pub async fn update_restricted_field(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        value: impl Into<SecretValue> + Send,
        access: AccessOptions,
    ) -> Result<(), Error> {
        let (id, slug, value) = (id.into(), slug.to_owned(), value.into());
        self.0.request(UpdateField { id, slug, value, access: Some(access) }).await.map(drop)
    }

    /// Puts a file into a field. Sent once and never again: a stream cannot be sent twice, and when the answer is lost
    /// ([`Outcome::Unknown`](crate::Outcome::Unknown)), the secret says by `filename` and `file_attachment_id` which file it has.
    ///
    /// The client's total time limit is for all of it: give large files a client [with a longer one](Client::with_total_timeout).
    ///
    /// ```
    /// # async fn run(client: &secretserver_client::Client, id: secretserver_client::SecretId) -> Result<(), Box<dyn std::error::Error>> {
    /// use secretserver_client::resource::secrets::{FileContent, FileName};
    /// let name = FileName::new("server.pem")?;
    /// client.secrets().upload_file(id, "private-key", &name, FileContent::bytes("-----BEGIN …")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`]: the field is none for files, or the server refuses such files. Otherwise as for [`Secrets::update_field`].
    pub async fn upload_file(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        name: &FileName,
        content: FileContent,
    ) -> Result<(), Error> {
        let upload = UploadFile::new(id.into(), slug)?;
        let (body, length) = upload.form(name, content);
        self.0.upload(&upload, body, length).await
    }

    /// Reads the file in a field, as a stream. The server writes an audit record. The client's total time limit is for the beginning of the answer,
    /// its attempt time limit for the wait for each further piece. Not repeated, except with a new token when the old one was refused.
    ///
    /// ```
    /// # async fn run(client: &secretserver_client::Client, id: secretserver_client::SecretId) -> Result<(), secretserver_client::Error> {
    /// use futures_util::TryStreamExt as _;
    /// let mut file = client.secrets().download_file(id, "private-key", Default::default()).await?.limit(1 << 20);
    /// while let Some(piece) = file.try_next().await? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn download_file(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        options: ReadOptions,
    ) -> Result<Download, Error> {
        let request = DownloadFile { id: id.into(), slug: slug.to_owned(), options };
        Download::new(self.0.open(&request).await?)
    }

    /// Like [`Secrets::download_file`], of a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::get_restricted`].
    pub async fn download_restricted_file(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        access: AccessOptions,
    ) -> Result<Download, Error> {
        let request = DownloadRestrictedFile { id: id.into(), slug: slug.to_owned(), access };
        Download::new(self.0.open(&request).await?)
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

    /// Like [`Secrets::search`], at the address that servers from 11.0 on have for it.
    pub fn search_v2(&self, filter: SearchFilter) -> Pager<Summary> {
        SearchV2::pager(self.0, filter)
    }

    /// Like [`Secrets::search`], with ids and names only.
    pub fn lookup(&self, filter: SearchFilter) -> Pager<Lookup<SecretId>> {
        let filter = std::sync::Arc::new(filter);
        crate::resource::search(self.0, move |skip, take| LookupSecrets {
            filter: std::sync::Arc::clone(&filter),
            skip,
            take,
        })
    }

    /// What was done to a secret, oldest first. Needs the role permission *View Secret Audit*.
    pub fn audit(&self, id: impl Into<SecretRef>) -> Pager<SecretAuditEntry> {
        let id = id.into();
        crate::resource::search(self.0, move |skip, take| ListAudit { id: id.clone(), skip, take })
    }

    /// Replaces a secret as a whole. Never sent twice: it can start a change of the password. To change little, use
    /// [`update_field`](Self::update_field) or [`patch`](Self::patch).
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn replace(&self, secret: SecretUpdate) -> Result<Secret, Error> {
        self.0.request(Replace(secret)).await
    }

    /// Changes what is general about a secret, such as its name or folder. Asks for the server's version once, unless it was stated: before 11.0 the
    /// address is another. Never sent twice.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn patch(
        &self,
        id: impl Into<SecretRef> + Send,
        patch: GeneralPatch,
    ) -> Result<General, Error> {
        let id = id.into();
        if self.0.server_version().await?.has(Feature::V2) {
            self.0.request(PatchGeneral { id, patch }).await
        } else {
            self.0.request(PatchGeneralV1 { id, patch }).await
        }
    }

    /// Reads a secret that something stands before. The server writes an audit record.
    ///
    /// # Errors
    /// As for [`Secrets::get`]; [`ErrorKind::Restricted`]: not enough was said.
    pub async fn get_restricted(
        &self,
        id: impl Into<SecretRef> + Send,
        access: AccessOptions,
    ) -> Result<Secret, Error> {
        self.0.request(GetRestricted { id: id.into(), access }).await
    }

    /// Reads one value of a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::get_restricted`].
    pub async fn restricted_field(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        access: AccessOptions,
    ) -> Result<SecretValue, Error> {
        self.0.request(GetRestrictedField { id: id.into(), slug: slug.to_owned(), access }).await
    }

    /// Takes a secret for the caller alone, until it is [checked in](Self::check_in) or the time is over. A comment or ticket in the options is given
    /// first; nothing else of them is used.
    ///
    /// The server says in different ways that it refuses. So when it refuses, or answers with remarks, the secret's [`access`](Self::access) is asked
    /// for, and that is the result. Never sent twice: when the answer is lost, look at the access, which then is
    /// [`Access::CheckedOutByMe`].
    ///
    /// # Errors
    /// As for [`Secrets::get`], when its access says nothing that explains it.
    pub async fn check_out(
        &self,
        id: impl Into<SecretRef> + Send,
        options: AccessOptions,
    ) -> Result<CheckedOut, Error> {
        let id = id.into();
        if options.has_reason() {
            let number = match id.id() {
                Some(number) => number,
                None => self.name(id.clone()).await?.id,
            };
            self.give_reason(number, options).await?;
        }
        match self.0.request(CheckOut { id: id.clone() }).await {
            Ok(remarks) if remarks.response_codes.is_empty() => Ok(CheckedOut::Done),
            Ok(_) => Ok(match self.access(id).await? {
                Access::CheckedOutByMe { .. } => CheckedOut::Done,
                access => CheckedOut::Refused(access),
            }),
            Err(error)
                if error.outcome() == Outcome::NotDone
                    && matches!(
                        error.kind(),
                        ErrorKind::Restricted | ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::Conflict
                    ) =>
            {
                match (self.access(id).await, error.restriction()) {
                    (Ok(access), _) if !access.is_open() => Ok(CheckedOut::Refused(access)),
                    (Err(_), Some(access)) => Ok(CheckedOut::Refused(access)),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Gives a secret back, after which its password may be changed. With [`AccessOptions::forced`], also from another user who has it.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn check_in(
        &self,
        id: impl Into<SecretRef> + Send,
        access: AccessOptions,
    ) -> Result<Summary, Error> {
        self.0.request(CheckIn { id: id.into(), access }).await
    }

    /// Has the password changed on its machine, which happens later: look at `last_password_change_attempt`. Without a new password the server
    /// makes one. Never sent twice.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn change_password(
        &self,
        id: impl Into<SecretRef> + Send,
        new_password: Option<SecretValue>,
        access: AccessOptions,
    ) -> Result<Ordered, Error> {
        self.0.request(ChangePassword { id: id.into(), new_password, access }).await.map(Ordered::of)
    }

    /// Has the password checked on its machine, which happens later: look at `last_heart_beat_status`, which is `Pending` until then.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn heartbeat(&self, id: impl Into<SecretRef> + Send) -> Result<Ordered, Error> {
        self.0.request(Heartbeat { id: id.into() }).await.map(Ordered::of)
    }

    /// Makes a secret expire now, which can start a change of its password. Never sent twice.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn expire(
        &self,
        id: impl Into<SecretRef> + Send,
        access: AccessOptions,
    ) -> Result<Ordered, Error> {
        self.0.request(Expire { id: id.into(), access }).await.map(Ordered::of)
    }
}
