//! Webhooks: events over HTTPS, signed (H-1 to H-3).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::audit::hex;

/// Where a webhook goes, and what it says. Passwords and keys are named, and known to the host that delivers: see
/// [`CredentialSource`](crate::port::credential::CredentialSource).
/// Its URL, headers and body are not shown by `Debug` and are not in the audit: services such as chats give out URLs that are themselves secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// An `https:` URL without user, password and fragment; `http:` to this machine only, where the host allows it.
    pub url: String,
    /// The name of the credential whose secret is the key of the signature: `whsec_` and 24 to 64 bytes in base64.
    pub signing_key: String,
    /// How the receiver knows us besides.
    #[serde(default)]
    pub authorization: Authorization,
    /// More headers. Not for secrets: they are kept and shown as they are.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What the body is; in its texts, parameters such as `${id}` are filled in. Without one it is `{"type", "timestamp", "data"}` as Standard Webhooks
    /// have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

impl Webhook {
    /// To this URL, signed with this credential's secret.
    pub fn new(url: impl Into<String>, signing_key: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            signing_key: signing_key.into(),
            authorization: Authorization::None,
            headers: BTreeMap::new(),
            body: None,
        }
    }

    /// How the receiver knows us besides the signature.
    #[must_use]
    pub fn authorization(mut self, authorization: Authorization) -> Self {
        self.authorization = authorization;
        self
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Another body. It must have the parameters `${id}`, `${type}` and `${time}` somewhere (H-3).
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

impl Webhook {
    /// What may be shown and kept for ever: of URLs where they lead and a hash, of headers and fields their names.
    pub(crate) fn redacted(&self) -> Value {
        let authorization = match &self.authorization {
            Authorization::None => json!("none"),
            Authorization::Basic { credential } => json!({ "basic": { "credential": credential } }),
            Authorization::OAuth(oauth) => json!({ "o_auth": oauth.redacted() }),
        };
        json!({
            "url": where_to(&self.url),
            "signing_key": self.signing_key,
            "authorization": authorization,
            "headers": self.headers.keys().collect::<Vec<_>>(),
            "has_body": self.body.is_some(),
        })
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook {}", self.redacted())
    }
}

/// Scheme and host, and the hash by which two are told apart.
fn where_to(text: &str) -> Value {
    let at = Url::parse(text).ok().and_then(|url| Some(format!("{}://{}", url.scheme(), url.host_str()?)));
    json!({ "at": at, "sha256": hex(&Sha256::digest(text)) })
}

/// How a receiver knows who sends (H-2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Authorization {
    /// By the signature alone.
    #[default]
    None,
    /// By name and password of a credential.
    Basic {
        /// Its name.
        credential: String,
    },
    /// By a token that is fetched with a credential.
    OAuth(OAuth),
}

/// How a token is fetched (H-2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuth {
    /// The name of the credential: its user is `${auth_id}`, its secret `${auth_secret}`.
    pub credential: String,
    /// Where tokens are; as the webhook's own URL.
    pub token_url: String,
    /// How the fields are sent.
    pub content: TokenContent,
    /// What is sent, by field.
    pub fields: BTreeMap<String, String>,
    /// Where in the JSON of the reply the token is (RFC 6901).
    pub token: String,
}

impl OAuth {
    /// The client credentials grant (RFC 6749, section 4.4), as a form.
    pub fn client_credentials(credential: impl Into<String>, token_url: impl Into<String>) -> Self {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "${auth_id}"),
            ("client_secret", "${auth_secret}"),
        ];
        Self {
            credential: credential.into(),
            token_url: token_url.into(),
            content: TokenContent::Form,
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            token: "/access_token".to_owned(),
        }
    }
}

impl OAuth {
    fn redacted(&self) -> Value {
        json!({
            "credential": self.credential,
            "token_url": where_to(&self.token_url),
            "content": self.content,
            "fields": self.fields.keys().collect::<Vec<_>>(),
            "token": self.token,
        })
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OAuth {}", self.redacted())
    }
}

/// How the fields of a token request are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenContent {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`, one object.
    Json,
}
