//! The Delinea Platform: a token from the platform, and the vault that it is for.
//!
//! Token: `POST {platform}/identity/api/oauth2/token/xpmplatform` with `grant_type=client_credentials, client_id, client_secret,
//! scope=xpmheadless`. Vaults: `GET {platform}/vaultbroker/api/vaults` with that token; the first that is default and active is used, and the
//! same token works there. The vault's address comes from an answer, so it is checked before the token goes there.

mod vault;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::auth::token::{Exchange, LARGEST_ANSWER, exchange};
use crate::auth::{Credential, Grant, Granted};
use crate::error::{Error, ErrorKind};
use crate::request::{Method, Path, Payload, Prepared, Query};
use crate::transport::{BaseUrl, Core, Limits};

const OPERATION: &str = "auth.vaults";
/// How long the vault that was found is used before the platform is asked again.
const ROUTE: Duration = Duration::from_mins(5);
/// A token with less left than this is not used to ask for the vault.
const LEAST: Duration = Duration::from_mins(1);

/// Signs in to the Delinea Platform as a service user, and uses the Secret Server that is the platform's default vault.
///
/// The client is made with the *platform's* address (`https://name.delinea.app`). After the sign-in its calls go to the vault: the first that
/// the platform calls default and active, asked for again about every 5 minutes. The vault's address is trusted only when it is
/// `https://`, has no user, query or fragment, and is at the platform's own origin, below `secretservercloud.com` (`.eu`, `.com.au`,
/// `.com.sg`, `.ca`, `.co.uk`, `.ae`), or at an origin that you named with [`Platform::trust`]; otherwise the call fails before
/// the token is sent there.
///
/// A service user has no rights at first: it needs a role on the platform and rights in Secret Server.
///
/// ```
/// use secretserver_client::{Client, auth::Platform};
/// let client = Client::builder("https://corp.delinea.app")
///     .credential(Platform::new("svc-alm@corp", "correct horse".into()))
///     .build()?;
/// # Ok::<(), secretserver_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Platform {
    client_id: String,
    secret: SecretString,
    trusted: Vec<Url>,
}

impl Platform {
    /// The id and the secret of a service user of the platform.
    pub fn new(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self { client_id: client_id.into(), secret: client_secret, trusted: Vec::new() }
    }

    /// Trusts a vault at this origin (scheme, host and port; the path does not count) besides those that are trusted anyway. May be called
    /// more than once.
    #[must_use]
    pub fn trust(mut self, origin: Url) -> Self {
        self.trusted.push(origin);
        self
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the trusted addresses themselves, in which somebody may have put a password.
        f.debug_struct("Platform")
            .field("client_id", &self.client_id)
            .field("trusted", &self.trusted.len())
            .finish_non_exhaustive()
    }
}

impl From<Platform> for Credential {
    fn from(platform: Platform) -> Self {
        Self(Arc::new(PlatformGrant { platform, session: Mutex::new(None) }))
    }
}

/// A token of a platform.
#[derive(Clone)]
struct Session {
    header: HeaderValue,
    ends_at: Duration,
    /// Where it came from: two clients may share a credential, and it is sent nowhere else.
    base: String,
}

struct PlatformGrant {
    platform: Platform,
    session: Mutex<Option<Session>>,
}

impl PlatformGrant {
    fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, core: &Core) -> Option<Session> {
        let least = core.clock.now().saturating_add(LEAST);
        self.lock().clone().filter(|s| s.base == core.base.as_str() && least < s.ends_at)
    }

    async fn sign_in(&self, core: &Core) -> Result<Session, Error> {
        let fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.platform.client_id.as_str()),
            ("client_secret", self.platform.secret.expose_secret()),
            ("scope", "xpmheadless"),
        ];
        let path = Path::root("identity/api/oauth2/token/xpmplatform");
        let request = Exchange { path, ..Exchange::new(fields, "id or the secret of the service user") };
        let token = exchange(core, request).await?;
        let ends_at = core.clock.now().saturating_add(token.life);
        let session = Session { header: token.header, ends_at, base: core.base.as_str().to_owned() };
        *self.lock() = Some(session.clone());
        Ok(session)
    }

    /// Asks the platform where the vault is.
    async fn vault(&self, core: &Core, session: &Session) -> Result<BaseUrl, Error> {
        let path = Path::root("vaultbroker/api/vaults");
        let request = Prepared {
            operation: OPERATION,
            method: Method::Get,
            template: path.template().to_owned(),
            path: path.render().map_err(|e| Error::config(OPERATION, e.to_string()))?,
            query: Query::new(),
            headers: HeaderMap::from_iter([(header::AUTHORIZATION, session.header.clone())]),
            payload: Payload::none(),
            idempotent: true,
        };
        let limits = Limits { body: LARGEST_ANSWER, ..core.sign_in };
        let (reply, attempts) = core.send(&request, limits, None).await?;
        let vaults = reply.json().map_err(|e| Error::undecodable(&request, reply.status(), attempts, e))?;
        vault::choose(&vaults, &core.base, &self.platform.trusted)
    }

    fn granted(core: &Core, session: Session, base: BaseUrl) -> Granted {
        let left = session.ends_at.saturating_sub(core.clock.now());
        Granted { header: session.header, valid_for: Some(left.min(ROUTE)), base: Some(base) }
    }
}

#[async_trait]
impl Grant for PlatformGrant {
    async fn fetch(&self, core: &Core) -> Result<Granted, Error> {
        if let Some(session) = self.kept(core) {
            match self.vault(core, &session).await {
                Ok(base) => return Ok(Self::granted(core, session, base)),
                // The token ended before its time: sign in anew.
                Err(error) if error.kind() == ErrorKind::Auth => self.forget(),
                Err(error) => return Err(error),
            }
        }
        let session = self.sign_in(core).await?;
        let base = self.vault(core, &session).await?;
        Ok(Self::granted(core, session, base))
    }

    fn refused(&self) {
        self.forget();
    }

    fn forget(&self) {
        *self.lock() = None;
    }
}

impl fmt::Debug for PlatformGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.platform.fmt(f)
    }
}
