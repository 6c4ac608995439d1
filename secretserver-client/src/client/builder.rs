//! The options of a client. Mistakes are reported by [`ClientBuilder::build`], so that setters can be chained.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::SecretString;
use url::Url;

use crate::auth::{Credential, TokenCache};
use crate::client::Client;
use crate::error::Error;
use crate::transport::{BaseUrl, Clock, Core, Limits, Observer, SystemClock, Transport};

pub(super) const OPERATION: &str = "client.build";

/// Makes a [`Client`].
///
/// | option | default | for one call |
/// |---|---|---|
/// | certificates | those of the machine, and [`authority`](Self::authority) | |
/// | own certificate | none | |
/// | connect time limit | 10 s | [`Client::with_connect_timeout`] |
/// | attempt time limit | 30 s | [`Client::with_attempt_timeout`] |
/// | total time limit | 60 s | [`Client::with_total_timeout`] |
/// | idle time limit | 20 s | [`Client::with_idle_timeout`] |
/// | attempts | 4 | [`Client::with_attempts`] |
/// | largest answer | 16 MiB | [`Client::with_body_limit`] |
/// | requests in flight | 32, over all clones | |
/// | proxy | none; the environment is not asked | |
///
/// ```
/// use std::time::Duration;
/// use secretserver_client::Client;
///
/// let client = Client::builder("https://vault.corp.example/SecretServer")
///     .attempt_timeout(Duration::from_secs(5))
///     .in_flight(8)
///     .build()?;
/// // The same client, more patient for one slow call:
/// let patient = client.clone().with_attempt_timeout(Duration::from_secs(50));
/// # Ok::<(), secretserver_client::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    pub(super) credential: Option<Credential>,
    pub(super) limits: Limits,
    pub(super) connect_timeout: Duration,
    pub(super) in_flight: usize,
    pub(super) user_agent: String,
    pub(super) authorities: Vec<Vec<u8>>,
    pub(super) only_these_authorities: bool,
    pub(super) identity: Option<SecretString>,
    pub(super) proxy: Option<Url>,
    pub(super) environment_proxy: bool,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Arc<dyn Observer>>,
    jitter_seed: Option<u64>,
    server_version: Option<crate::resource::version::Version>,
}

impl ClientBuilder {
    /// Begins with the address of the server.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            credential: None,
            limits: Limits::default(),
            connect_timeout: Duration::from_secs(10),
            in_flight: 32,
            user_agent: concat!("secretserver-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            authorities: Vec::new(),
            only_these_authorities: false,
            identity: None,
            proxy: None,
            environment_proxy: false,
            transport: None,
            clock: None,
            observer: None,
            jitter_seed: None,
            server_version: None,
        }
    }

    /// Another address than the one it began with.
    pub(super) fn base_url(mut self, base_url: String) -> Self {
        self.base_url = base_url;
        self
    }

    /// How to sign in; see [`auth`](crate::auth) for which to choose. Without one, only calls that need none work.
    pub fn credential(mut self, credential: impl Into<Credential>) -> Self {
        self.credential = Some(credential.into());
        self
    }

    /// Certificates of authorities in PEM, trusted besides those of the machine. May be called more than once.
    pub fn authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Trusts the authorities given with [`Self::authority`] alone, and none of the machine's.
    pub fn only_these_authorities(mut self, only: bool) -> Self {
        self.only_these_authorities = only;
        self
    }

    /// The client's own certificate, with those between it and its authority, and its private key (PKCS#8, PKCS#1 or SEC1), all in one PEM text,
    /// for servers that ask for one.
    pub fn client_certificate(mut self, pem: SecretString) -> Self {
        self.identity = Some(pem);
        self
    }

    /// What the client calls itself. Printable ASCII.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// How long a connection may take, with name service and TLS.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long one attempt may take.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.limits.attempt = limit;
        self
    }

    /// How long a call may take, with all attempts, waits and a sign-in.
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.limits.total = limit;
        self
    }

    /// How long the next piece of an answer may take, once its head has come. 20 s when not said.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// How often a call is tried at most, from 1 to 4.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.limits.attempts = attempts;
        self
    }

    /// The largest answer that is read, in bytes after decompression.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limits.body = bytes;
        self
    }

    /// How many requests may be under way at once, over all clones of the client.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.in_flight = requests;
        self
    }

    /// Sends everything through this proxy (`http://` or `https://`, a user and a password in the address are used for it). It sees where the
    /// client connects to, and nothing of what is said there, since that is in TLS; so a server at `http://` cannot be reached through
    /// another machine's proxy.
    pub fn proxy(mut self, proxy: Url) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sends everything through the proxy that the environment names (`HTTPS_PROXY`, `ALL_PROXY`, and exceptions in `NO_PROXY`; on macOS and
    /// Windows also the system's settings), unless one was given with [`Self::proxy`]. Not for a server at `http://`. Read once, when
    /// the client is made.
    pub fn environment_proxy(mut self, ask: bool) -> Self {
        self.environment_proxy = ask;
        self
    }

    /// The server's version, where the program knows it: it is then never asked for. See [`compat`](crate::compat).
    pub fn server_version(mut self, version: crate::resource::version::Version) -> Self {
        self.server_version = Some(version);
        self
    }

    /// Brings its own transport. Options about connections do not reach it.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Reads time and waits by another clock, in tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Tells this observer of every attempt and call.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Makes the waits between attempts repeatable, in tests.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = Some(seed);
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the address has a user, a query or a fragment, or is not `https://` (`http://` for
    /// this machine only); when a limit is zero; when a certificate is unreadable; when there is no transport.
    pub fn build(self) -> Result<Client, Error> {
        let base = BaseUrl::parse(&self.base_url).map_err(|why| Error::config(OPERATION, why))?;
        let limits = [self.limits.attempt, self.limits.total, self.limits.idle, self.connect_timeout];
        if limits.iter().any(Duration::is_zero) {
            return Err(Error::config(OPERATION, "a time limit of zero lets nothing through"));
        }
        if !(1..=4).contains(&self.limits.attempts) {
            return Err(Error::config(OPERATION, "the number of attempts must be from 1 to 4"));
        }
        if self.in_flight == 0 || self.limits.body == 0 {
            return Err(Error::config(OPERATION, "a limit of zero lets nothing through"));
        }
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::config(OPERATION, "the user agent has characters that no header can have"))?;
        if let Some(proxy) = &self.proxy
            && base.is_plain_http()
            && !crate::transport::is_here(proxy)
        {
            return Err(Error::config(
                OPERATION,
                "a proxy on another machine would see the token and all secrets, because the base address is http://",
            ));
        }
        let transport = match self.transport.clone() {
            Some(transport) => transport,
            None => self.default_transport(&base)?,
        };
        let core = Arc::new(Core {
            transport,
            base,
            user_agent,
            needs_runtime: self.clock.is_none(),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            in_flight: crate::transport::InFlight::new(self.in_flight),
            budget: crate::transport::Budget::new(),
            jitter: self
                .jitter_seed
                .map_or_else(crate::transport::Jitter::from_system, crate::transport::Jitter::from_seed),
            observer: self.observer,
            sign_in: self.limits,
        });
        Ok(Client {
            tokens: TokenCache::new(Arc::clone(&core), self.credential),
            core,
            limits: self.limits,
            version: crate::compat::Learned::stated(self.server_version),
        })
    }

    #[cfg(feature = "reqwest")]
    fn default_transport(&self, base: &BaseUrl) -> Result<Arc<dyn Transport>, Error> {
        let options = crate::transport::reqwest::Options {
            connect_timeout: self.connect_timeout,
            authorities: self.authorities.clone(),
            only_these: self.only_these_authorities,
            identity: self.identity.clone(),
            environment_proxy: self.environment_proxy && !base.is_plain_http(),
            plain_http: base.is_plain_http() && self.proxy.as_ref().is_none_or(|p| p.scheme() == "http"),
            proxy: self.proxy.clone(),
        };
        match crate::transport::reqwest::HttpTransport::new(&options) {
            Ok(transport) => Ok(Arc::new(transport)),
            Err(e) => Err(Error::config(OPERATION, format!("the connection options are unusable: {e}"))),
        }
    }

    #[cfg(not(feature = "reqwest"))]
    #[allow(clippy::unused_self, reason = "the same shape as with the feature")]
    fn default_transport(&self, _base: &BaseUrl) -> Result<Arc<dyn Transport>, Error> {
        Err(Error::config(OPERATION, "there is no transport: give one, or switch on the feature `reqwest`"))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address: until it was checked, it may hold a password.
        f.debug_struct("ClientBuilder")
            .field("credential", &self.credential)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
