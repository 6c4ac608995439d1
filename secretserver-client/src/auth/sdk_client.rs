//! The client-credentials grant of `POST {base}/oauth2/token`, for accounts of SDK clients: `grant_type=client_credentials,
//! client_id=sdk-client-{id}, client_secret`. The prefix belongs to this request alone; everywhere else the id is without it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::token::{Exchange, exchange};
use crate::auth::{Credential, Grant, Granted};
use crate::error::Error;
use crate::ids::SdkClientId;
use crate::transport::Core;

const PREFIX: &str = "sdk-client-";

/// Signs in as an SDK client: a program with an account of its own, which it got from a rule and, usually, an onboarding key.
///
/// Get one with [`SdkClients::onboard`](crate::resource::sdk_clients::SdkClients::onboard), keep its id and secret where the program keeps
/// such things, and make it from them at the next start:
///
/// ```
/// use secretserver_client::auth::SdkClient;
/// let credential = SdkClient::new("5a86e1d0-7a4a-4cb8-a1e4-a2f5b1a1e0a1", "correct horse".into());
/// assert!(!format!("{credential:?}").contains("horse"));
/// ```
#[derive(Clone)]
pub struct SdkClient {
    /// Without the prefix.
    client_id: String,
    secret: SecretString,
    account: Option<SdkClientId>,
}

impl SdkClient {
    /// The id (with or without `sdk-client-` before it) and the secret of the account.
    pub fn new(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        let client_id = client_id.into();
        let client_id = client_id.strip_prefix(PREFIX).map_or_else(|| client_id.clone(), str::to_owned);
        Self { client_id, secret: client_secret, account: None }
    }

    pub(crate) fn of_account(mut self, account: SdkClientId) -> Self {
        self.account = Some(account);
        self
    }

    /// The id of the account. Not secret.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The secret of the account, to be kept.
    pub fn client_secret(&self) -> &SecretString {
        &self.secret
    }

    /// The number of the account, by which it is revoked. Known after onboarding only.
    pub fn account(&self) -> Option<SdkClientId> {
        self.account
    }
}

impl fmt::Debug for SdkClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SdkClient")
            .field("client_id", &self.client_id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl From<SdkClient> for Credential {
    fn from(client: SdkClient) -> Self {
        Self(Arc::new(client))
    }
}

#[async_trait]
impl Grant for SdkClient {
    async fn fetch(&self, core: &Core) -> Result<Granted, Error> {
        let client_id = format!("{PREFIX}{}", self.client_id);
        let fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id.as_str()),
            ("client_secret", self.secret.expose_secret()),
        ];
        exchange(core, Exchange::new(fields, "id or the secret of the SDK client")).await.map(Granted::from)
    }
}
