//! Accounts of SDK clients: programs that sign in by a credential of their own, which they get from a rule (where they run, and a key).

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::SdkClient;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Outcome};
use crate::ids::{SdkClientId, UserId, optional};
use crate::request::{EncodeError, Endpoint, Method, Path, Payload};
use crate::resource::{endpoint, or_default};
use crate::secret_value::SecretValue;

/// The operations on SDK clients. See [`Client::sdk_clients`]. Since Secret Server 10.4.
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Errors are described at
/// [`ErrorKind`].
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// use secretserver_client::resource::sdk_clients::Registration;
///
/// // No credential is needed: the server trusts the address, the rule and the key.
/// let onboarding = Registration::new("web-1", "Machine: web-1", "ProductionWebApp").key("b25ib2FyZA==".into());
/// let credential = client.sdk_clients().onboard(onboarding).await?;
/// // Keep `credential.client_id()` and `credential.client_secret()`: they are told once.
/// client.replace_credential(credential);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SdkClients<'c>(pub(crate) &'c Client);

impl SdkClients<'_> {
    /// Gets a credential for this program. Never sent twice: when the answer is lost, register again and have the lost account revoked.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: no rule fits the address and the key.
    pub async fn register(&self, registration: Registration) -> Result<SdkAccount, Error> {
        self.0.request(Register(registration)).await
    }

    /// Like [`Self::register`], and makes of the answer the credential to sign in with. The client itself goes on as before until
    /// [`Client::replace_credential`].
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: no rule fits the address and the key. [`ErrorKind::Decode`]
    /// with [`Outcome::Done`]: the account was made, but its id or secret is missing in the answer.
    pub async fn onboard(&self, registration: Registration) -> Result<SdkClient, Error> {
        let account = self.register(registration).await?;
        if account.client_id.is_empty() || account.client_secret.is_empty() {
            return Err(Error::new(ErrorKind::Decode, Outcome::Done, Register::OPERATION).with_detail(
                format!(
                    "the answer has no id or no secret; revoke the account {} and register again",
                    account.id
                ),
            ));
        }
        let secret = account.client_secret.into_secret_string();
        Ok(SdkClient::new(account.client_id, secret).of_account(account.id))
    }

    /// Ends an account; its credential stops working. Needs the role permission *Administer Create Users*.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: denied or absent.
    pub async fn revoke(&self, id: SdkClientId) -> Result<bool, Error> {
        self.0.request(Revoke { id }).await
    }
}

/// What a program says of itself to get a credential.
#[derive(Clone)]
pub struct Registration {
    client_id: Uuid,
    name: String,
    description: String,
    rule: String,
    key: Option<SecretString>,
}

impl Registration {
    /// A program with this name and description, by this rule, under a new random id.
    pub fn new(name: impl Into<String>, description: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            client_id: Uuid::new_v4(),
            name: name.into(),
            description: description.into(),
            rule: rule.into(),
            key: None,
        }
    }

    /// The onboarding key, which rules can want.
    #[must_use]
    pub fn key(mut self, key: SecretString) -> Self {
        self.key = Some(key);
        self
    }

    /// An id of your own choice.
    #[must_use]
    pub fn client_id(mut self, id: Uuid) -> Self {
        self.client_id = id;
        self
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("client_id", &self.client_id)
            .field("name", &self.name)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

/// An account of an SDK client. Its secret is told once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SdkAccount {
    /// Its number, by which it is revoked.
    pub id: SdkClientId,
    /// Its id, by which it signs in. Some servers answer with another text than a UUID.
    #[serde(default, deserialize_with = "or_default")]
    pub client_id: String,
    /// Its secret.
    #[serde(default)]
    pub client_secret: SecretValue,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Where it may run.
    #[serde(default)]
    pub details: Option<String>,
    /// Where it runs.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// The user whose rights it has.
    #[serde(default, deserialize_with = "optional")]
    pub user_id: Option<UserId>,
    /// That one's name.
    #[serde(default)]
    pub user_display_name: Option<String>,
}

/// `POST /v1/sdk-client-accounts`, without a token. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the registration")]
pub struct Register(
    /// Who asks.
    pub Registration,
);

impl Endpoint for Register {
    const OPERATION: &'static str = "sdk_clients.register";
    const METHOD: Method = Method::Post;
    const AUTHENTICATED: bool = false;
    type Response = SdkAccount;

    fn path(&self) -> Path {
        Path::api("v1/sdk-client-accounts")
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Args<'a> {
            client_id: Uuid,
            name: &'a str,
            description: &'a str,
            rule_name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            onboarding_key: Option<&'a str>,
        }
        let r = &self.0;
        Payload::json(&Args {
            client_id: r.client_id,
            name: &r.name,
            description: &r.description,
            rule_name: &r.rule,
            onboarding_key: r.key.as_ref().map(SecretString::expose_secret),
        })
    }
}

endpoint! {
    /// `POST /v1/sdk-client-accounts/{id}/revoke`. Repeated when the answer was lost: what is revoked stays so.
    #[derive(Clone, Copy, Debug)]
    pub struct Revoke {
        /// Which.
        pub id: SdkClientId,
    }
    "sdk_clients.revoke": Post => bool;
    path = |e| Path::api("v1/sdk-client-accounts").id(e.id).literal("revoke");
    idempotent = |_| true;
}
