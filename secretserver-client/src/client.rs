//! The client: one address, one credential, shared limits.

mod builder;
mod config;
mod product;

use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Credential, TokenCache};
use crate::error::{Error, ErrorKind, Outcome};
use crate::request::{Endpoint, prepare};
use crate::resource::dependencies::Dependencies;
use crate::resource::folder_permissions::FolderPermissions;
use crate::resource::folders::Folders;
use crate::resource::groups::Groups;
use crate::resource::policies::Policies;
use crate::resource::roles::Roles;
use crate::resource::sdk_clients::SdkClients;
use crate::resource::secret_permissions::SecretPermissions;
use crate::resource::secrets::Secrets;
use crate::resource::system::System;
use crate::resource::templates::Templates;
use crate::resource::users::Users;
use crate::transport::{Body, Core, Incoming, Limits, TokenSource};
pub use builder::ClientBuilder;
pub use config::ConfigKey;
pub use product::Product;

/// A client of one Secret Server. Cheap to clone; clones share connections, the token and all limits.
///
/// Dropping the future of any call abandons the wait, not the work: a request that was sent may be carried out all the same, and a sign-in
/// that was begun goes on.
///
/// ```no_run
/// # async fn run() -> Result<(), secretserver_client::Error> {
/// use secretserver_client::{Client, SecretId, auth::Password};
///
/// let client = Client::builder("https://vault.corp.example/SecretServer")
///     .credential(Password::new("svc-alm", std::env::var("VAULT_PASSWORD").unwrap_or_default().into()))
///     .build()?;
/// let password = client.secrets().field(SecretId::new(42).unwrap(), "password").await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    core: Arc<Core>,
    tokens: TokenCache,
    limits: Limits,
    pub(crate) version: crate::compat::Learned,
}

impl Client {
    /// Begins a client for the server at this address, which keeps its own path (`https://host/SecretServer`).
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(base_url)
    }

    /// The address that the client was made for.
    pub fn base_url(&self) -> &str {
        self.core.base.as_str()
    }

    /// Replaces the credential in this client and all its clones, and opens them again after a refusal.
    pub fn replace_credential(&self, credential: impl Into<Credential>) {
        self.tokens.replace(credential.into());
    }

    /// Signs in now, if there is no valid token. Otherwise the first call does.
    ///
    /// Dropping the future does not stop a sign-in that was begun.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when the server refuses the credential; it is not tried again until it is replaced.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.tokens.bearer().await.map(drop)
    }

    /// Forgets the token; the next call signs in.
    pub(crate) fn forget_token(&self) {
        self.tokens.forget();
    }

    /// Carries out any operation, also your own: one that this crate does not have, described by an [`Endpoint`]. The
    /// [guide](crate::guide::own_operations) has whole examples, with a body and with a test.
    ///
    /// ```no_run
    /// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
    /// use secretserver_client::request::{Endpoint, Method, Path};
    ///
    /// struct CountSites;
    ///
    /// impl Endpoint for CountSites {
    ///     const OPERATION: &'static str = "sites.count";
    ///     const METHOD: Method = Method::Get;
    ///     type Response = u32;
    ///     fn path(&self) -> Path {
    ///         Path::api("v1/sites/count")
    ///     }
    /// }
    ///
    /// let sites = client.request(CountSites).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Dropping the future abandons the wait: what was sent may be carried out all the same.
    ///
    /// # Errors
    /// See [`ErrorKind`]; [`Error::outcome`] says what is known of the change.
    pub async fn request<E: Endpoint>(&self, endpoint: E) -> Result<E::Response, Error> {
        let request = prepare(&endpoint)?;
        let tokens: Option<&dyn TokenSource> = E::AUTHENTICATED.then_some(&self.tokens);
        let (reply, attempts) = self.core.send(&request, self.limits, tokens).await?;
        endpoint.decode(&reply).map_err(|e| Error::undecodable(&request, reply.status(), attempts, e))
    }

    /// Sends something with a body that cannot be sent again.
    pub(crate) async fn upload<E: Endpoint>(
        &self,
        endpoint: &E,
        body: Body,
        length: Option<u64>,
    ) -> Result<(), Error> {
        let mut request = prepare(endpoint)?;
        if let Some(length) = length {
            request.headers.insert(http::header::CONTENT_LENGTH, length.into());
        }
        // What the server says to it does not matter, unless it is a web page, which is said at the beginning.
        let answer = self.core.once(&request, body, self.limits, &self.tokens).await?;
        let kind = answer.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        match kind {
            Some(kind) if kind.to_ascii_lowercase().contains("html") => {
                Err(Error::new(ErrorKind::Decode, Outcome::Unknown, E::OPERATION)
                    .with_target(request.path)
                    .with_status(answer.status)
                    .with_attempts(1)
                    .with_detail("a web page instead of an answer"))
            }
            _ => Ok(()),
        }
    }

    /// Begins to read a large answer; with a new token once, when the old one is refused and a repetition does no harm.
    pub(crate) async fn open<E: Endpoint>(&self, endpoint: &E) -> Result<Incoming, Error> {
        let request = prepare(endpoint)?;
        let body = || Body::from(request.payload.to_bytes());
        match self.core.once(&request, body(), self.limits, &self.tokens).await {
            Err(error) if error.kind() == ErrorKind::Auth && error.attempts() > 0 && request.idempotent => {
                self.core.once(&request, body(), self.limits, &self.tokens).await
            }
            result => result,
        }
    }

    /// The same client with another time limit for one attempt.
    #[must_use]
    pub fn with_attempt_timeout(mut self, limit: Duration) -> Self {
        self.limits.attempt = limit;
        self
    }

    /// The same client with another time limit for a call with all its attempts and waits.
    #[must_use]
    pub fn with_total_timeout(mut self, limit: Duration) -> Self {
        self.limits.total = limit;
        self
    }

    /// The same client with another time limit for a connection, with name service and TLS. Such calls have connections of their own.
    #[must_use]
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = Some(limit);
        self
    }

    /// The same client with another time limit for the next piece of an answer.
    #[must_use]
    pub fn with_idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// The same client with another limit for an answer, in bytes after decompression.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.limits.body = bytes;
        self
    }

    /// The same client with another number of attempts, from 1 to 4.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.limits.attempts = attempts.clamp(1, 4);
        self
    }

    /// Secrets: read, search, create, change, check out and in, deactivate, restore.
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets(self)
    }

    /// Folders: read by id or path, look up, search, create, change, delete.
    pub fn folders(&self) -> Folders<'_> {
        Folders(self)
    }

    /// Secret templates: read, search.
    pub fn templates(&self) -> Templates<'_> {
        Templates(self)
    }

    /// Who may do what in folders.
    pub fn folder_permissions(&self) -> FolderPermissions<'_> {
        FolderPermissions(self)
    }

    /// Who may do what with single secrets.
    pub fn secret_permissions(&self) -> SecretPermissions<'_> {
        SecretPermissions(self)
    }

    /// Where the passwords of secrets are used.
    pub fn dependencies(&self) -> Dependencies<'_> {
        Dependencies(self)
    }

    /// Groups and their members.
    pub fn groups(&self) -> Groups<'_> {
        Groups(self)
    }

    /// Roles and their permissions.
    pub fn roles(&self) -> Roles<'_> {
        Roles(self)
    }

    /// Secret policies.
    pub fn policies(&self) -> Policies<'_> {
        Policies(self)
    }

    /// Accounts of SDK clients.
    pub fn sdk_clients(&self) -> SdkClients<'_> {
        SdkClients(self)
    }

    /// Users: who am I, find, create, change, disable, groups and roles.
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// The server itself: health, version, configuration.
    pub fn system(&self) -> System<'_> {
        System(self)
    }
}
