//! Events to other programs over HTTPS, signed as Standard Webhooks have it (H-1 to H-3).
//!
//! A receiver gets a POST with `webhook-id` (the event's id, the same with every attempt), `webhook-timestamp` (seconds since 1970, of this
//! attempt) and `webhook-signature` (`v1,` and HMAC-SHA256 over id, timestamp and body). It answers 2xx when it has it. Redirects are not
//! followed, and answers are not read; 410 disables the destination, and `Retry-After` in seconds is honoured.
//!
//! Where it may go: to addresses that everybody has. Loopback, link-local addresses (where clouds keep their metadata) and private networks are
//! refused unless [allowed](WebhookCourierBuilder::allow_host); a name is looked up once, and the connection goes to the address that was
//! checked. A credential goes to the hosts that it [is for](Credential::is_for), a token to those that
//! [may have one](Credential::gives_token_to), and to no other, whatever the store says.

mod names;
mod oauth;
mod signature;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::model::destination::{Destination, Target};
use crate::model::ids::DestinationId;
use crate::model::webhook::{Authorization, Webhook};
use crate::port::clock::Clock;
use crate::port::courier::{Courier, Parcel, Undelivered};
use crate::port::credential::{Credential, CredentialSource};
use crate::rules::webhook as rules;
use names::{Names, Reach};

const OPERATION: &str = "webhook.build";

/// Makes a [`WebhookCourier`].
#[derive(Debug)]
#[must_use]
pub struct WebhookCourierBuilder {
    credentials: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    reach: Reach,
    authorities: Vec<Vec<u8>>,
    limit: Duration,
}

impl WebhookCourierBuilder {
    /// Lets webhooks go to this host whatever its addresses are: this machine, a private network.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.reach.hosts.insert(host.into().to_lowercase());
        self
    }

    /// Lets webhooks go to private networks (RFC 1918, RFC 4193, RFC 6598). Loopback and link-local addresses stay refused.
    pub const fn allow_private_networks(mut self) -> Self {
        self.reach.private = true;
        self
    }

    /// Trusts these authorities (PEM) besides those of the machine.
    pub fn authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// The longest that one request may take. Default 20 s.
    pub const fn request_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The courier. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): a certificate that cannot be read.
    pub fn build(self) -> Result<WebhookCourier> {
        let tls = super::tls::client(OPERATION, &self.authorities, None)?;
        let reach = Arc::new(self.reach);
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // A proxy would look names up itself.
            .no_proxy()
            .dns_resolver(Arc::new(Names(Arc::clone(&reach))))
            .connect_timeout(self.limit)
            .timeout(self.limit)
            .user_agent(concat!("alm-core/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Config, OPERATION, "HTTP cannot be set up")
                    .with_source(error.without_url())
            })?;
        Ok(WebhookCourier {
            client,
            credentials: self.credentials,
            clock: self.clock,
            reach,
            tokens: Mutex::default(),
        })
    }
}

/// Sends events to every destination that is a [`Target::Webhook`].
///
/// ```no_run
/// # use std::sync::Arc;
/// # use alm_core::{Alm, Caller, Dispatcher};
/// use alm_core::adapter::webhook::WebhookCourier;
/// use alm_core::model::destination::Target;
/// use alm_core::model::webhook::{Authorization, OAuth, Webhook};
/// use alm_core::port::credential::EnvironmentCredentials;
/// use alm_core::service::destinations::AddDestination;
///
/// # async fn run(alm: Alm, admin: Caller) -> alm_core::Result<()> {
/// // On the host that delivers: ALM_CREDENTIAL_ITSM_KEY_SECRET=whsec_…, ALM_CREDENTIAL_ITSM_KEY_HOSTS=itsm.example.com,
/// // ALM_CREDENTIAL_ITSM_USER, _SECRET, _HOSTS=login.example.com, and _TOKEN_HOSTS=itsm.example.com.
/// let token = OAuth::client_credentials("itsm", "https://login.example.com/token");
/// let itsm = Webhook::new("https://itsm.example.com/hooks/accounts", "itsm-key").authorization(Authorization::OAuth(token));
/// alm.execute(&admin, "tell ITSM", AddDestination::new("ITSM", Target::Webhook(Box::new(itsm)))).await?;
///
/// let clock = alm.clock().clone();
/// let webhooks = WebhookCourier::builder(Arc::new(EnvironmentCredentials::new()), clock).build()?;
/// Dispatcher::new(alm).courier(Arc::new(webhooks)).run_ready().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct WebhookCourier {
    client: Client,
    credentials: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    reach: Arc<Reach>,
    /// Fetched ones, with what they were fetched for.
    tokens: Mutex<HashMap<DestinationId, (Webhook, Token)>>,
}

/// A token, and until when it is good by the steady clock, where that was said.
#[derive(Clone, Debug)]
struct Token {
    text: SecretString,
    until: Option<Duration>,
}

/// Whoever does not know a token any more says 401, or 403.
fn is_refused(status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN
}

impl WebhookCourier {
    /// Takes keys and passwords from here, and the time from there.
    pub fn builder(credentials: Arc<dyn CredentialSource>, clock: Arc<dyn Clock>) -> WebhookCourierBuilder {
        WebhookCourierBuilder {
            credentials,
            clock,
            reach: Reach::default(),
            authorities: Vec::new(),
            limit: Duration::from_secs(20),
        }
    }

    /// Checked anew with each delivery: what is in the store may be older than the rules.
    fn target(&self, text: &str) -> std::result::Result<Url, Undelivered> {
        let url =
            rules::url("H-1", "url", text).map_err(|refusal| Undelivered::never(refusal.to_string()))?;
        if !self.reach.allows_literal(&url) {
            return Err(Undelivered::never("webhooks may not go to this address"));
        }
        Ok(url)
    }

    async fn post(
        &self,
        webhook: &Webhook,
        parcel: &Parcel,
        token: Option<&SecretString>,
    ) -> std::result::Result<StatusCode, Undelivered> {
        let url = self.target(&webhook.url)?;
        let id = parcel.delivery.event.id.to_string();
        let body = rules::body(webhook, parcel.instance, &parcel.delivery).to_string();
        let timestamp = self.clock.now().as_second();
        let key = self.credential(&webhook.signing_key, &url).await?;
        let signature = signature::sign(&key.secret, &id, timestamp, body.as_bytes()).ok_or_else(|| {
            Undelivered::again(format!(
                "the credential {} is no key: whsec_ and 24 to 64 bytes in base64",
                webhook.signing_key
            ))
        })?;
        let mut headers = HeaderMap::new();
        for (name, value) in &webhook.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        // Ours last: no header that somebody chose stands in their place.
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ] {
            let value = HeaderValue::from_str(&value).map_err(|_| Undelivered::never("a header is unfit"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        if let Some(value) = self.authorization(webhook, &url, token).await? {
            headers.insert(AUTHORIZATION, value);
        }
        let answer = self.client.post(url).headers(headers).body(body).send().await;
        let answer = answer.map_err(|error| unsent(&error))?;
        let status = answer.status();
        if status.is_success() || is_refused(status) {
            return Ok(status);
        }
        let why = format!("answered with status {}", status.as_u16());
        if status == StatusCode::GONE {
            return Err(Undelivered::gone(why));
        }
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|value| value.parse().ok()).map(Duration::from_secs);
        Err(match asked {
            Some(wait) => Undelivered::again(why).after(wait),
            None => Undelivered::again(why),
        })
    }

    /// A credential, if it is for this place.
    async fn credential(&self, name: &str, place: &Url) -> std::result::Result<Credential, Undelivered> {
        let known = self.known(name).await?;
        if known.is_for(place) { Ok(known) } else { Err(not_for(name, place)) }
    }

    /// The credential that a token for this receiver is got with, if the receiver may have one. Asked before each use of a token.
    async fn for_token(&self, name: &str, receiver: &str) -> std::result::Result<Credential, Undelivered> {
        let (known, receiver) = (self.known(name).await?, self.target(receiver)?);
        if known.gives_token_to(&receiver) { Ok(known) } else { Err(not_for(name, &receiver)) }
    }

    async fn known(&self, name: &str) -> std::result::Result<Credential, Undelivered> {
        self.credentials.credential(name).await.map_err(|error| Undelivered::again(error.to_string()))
    }

    async fn authorization(
        &self,
        webhook: &Webhook,
        url: &Url,
        token: Option<&SecretString>,
    ) -> std::result::Result<Option<HeaderValue>, Undelivered> {
        let text = match (&webhook.authorization, token) {
            (Authorization::Basic { credential }, _) => {
                let known = self.credential(credential, url).await?;
                let both = SecretString::from(format!("{}:{}", known.user, known.secret.expose_secret()));
                SecretString::from(format!("Basic {}", STANDARD.encode(both.expose_secret())))
            }
            (Authorization::OAuth(_), Some(token)) => {
                SecretString::from(format!("Bearer {}", token.expose_secret()))
            }
            (Authorization::OAuth(_) | Authorization::None, _) => return Ok(None),
        };
        let mut value = HeaderValue::from_str(text.expose_secret())
            .map_err(|_| Undelivered::again("a password or token cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn not_for(name: &str, place: &Url) -> Undelivered {
    let port = place.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = place.host_str().unwrap_or_default();
    Undelivered::again(format!(
        "the credential {name} is not for {host}{port}; its own hosts are said where it is"
    ))
}

/// The error's own text may have the URL in it, whose query somebody may have put a secret into.
fn unsent(error: &reqwest::Error) -> Undelivered {
    Undelivered::again(match (error.is_timeout(), error.is_connect()) {
        (true, _) => "did not answer in time",
        (_, true) => {
            "could not be connected to, has no TLS that can be trusted, or no address that webhooks may go to"
        }
        _ => "broke the connection off",
    })
}

#[async_trait]
impl Courier for WebhookCourier {
    fn carries(&self, destination: &Destination) -> bool {
        matches!(destination.target, Target::Webhook(_))
    }

    async fn carry(&self, parcel: &Parcel) -> std::result::Result<(), Undelivered> {
        let Target::Webhook(webhook) = &parcel.destination.target else {
            return Err(Undelivered::never("is no webhook"));
        };
        let Authorization::OAuth(oauth) = &webhook.authorization else {
            return match self.post(webhook, parcel, None).await? {
                status if is_refused(status) => {
                    Err(Undelivered::again(format!("answered with status {}", status.as_u16())))
                }
                _ => Ok(()),
            };
        };
        let credential = self.for_token(&oauth.credential, &webhook.url).await?;
        let key = parcel.destination.id;
        let now = self.clock.steady();
        let known = self.tokens.lock().await.get(&key).filter(|(of, _)| of == &**webhook).cloned();
        if let Some((_, token)) = known.filter(|(_, token)| token.until.is_none_or(|until| now < until)) {
            if !is_refused(self.post(webhook, parcel, Some(&token.text)).await?) {
                return Ok(());
            }
            // Over: the same once more with a new one.
            self.tokens.lock().await.remove(&key);
        }
        let token = self.fetch_token(oauth, &credential).await?;
        let status = self.post(webhook, parcel, Some(&token.text)).await?;
        if is_refused(status) {
            return Err(Undelivered::again(format!(
                "answered with status {} to a new token",
                status.as_u16()
            )));
        }
        self.tokens.lock().await.insert(key, ((**webhook).clone(), token));
        Ok(())
    }
}
