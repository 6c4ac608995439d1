//! Secrets of receivers, by name, on the host that delivers: none of them is in the store.
//!
//! The store says by name which credential goes with which receiver, and people may edit that. So whoever has a credential says with it which
//! hosts it is for; it goes to no other, and signs nothing for one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use crate::error::{Error, ErrorKind, Result};

const OPERATION: &str = "credential.read";

/// A name and a secret that belong together, and whom they are for. Its `Debug` does not show the secret.
///
/// ```
/// use alm_core::port::credential::Credential;
///
/// let itsm = Credential::new("alm", "the password".into()).for_host("login.example.com:8443").token_for_host("itsm.example.com");
/// assert!(itsm.is_for(&"https://LOGIN.example.com:8443/token".parse()?));
/// assert!(!itsm.is_for(&"https://login.example.com/token".parse()?));
/// assert!(itsm.gives_token_to(&"https://itsm.example.com/hooks".parse()?) && !itsm.is_for(&"https://itsm.example.com/hooks".parse()?));
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credential {
    /// A user's name or a client's id; empty where only the secret counts.
    pub user: String,
    /// The password, the client's secret, or the key.
    pub secret: SecretString,
    /// The hosts that it is for, as in URLs: `itsm.example.com`, or with a port that is not the scheme's own, `itsm.example.com:8443`.
    pub hosts: BTreeSet<String>,
    /// The hosts that may have a token which was got with it, and not itself.
    pub token_hosts: BTreeSet<String>,
}

impl Credential {
    /// Both, for no host yet.
    pub fn new(user: impl Into<String>, secret: SecretString) -> Self {
        Self { user: user.into(), secret, hosts: BTreeSet::new(), token_hosts: BTreeSet::new() }
    }

    /// A key, for no host yet.
    pub fn key(secret: SecretString) -> Self {
        Self::new("", secret)
    }

    /// It is for this host, too: see [`hosts`](Self::hosts).
    #[must_use]
    pub fn for_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.insert(host.into().to_lowercase());
        self
    }

    /// This host, too, may have a token which was got with it.
    #[must_use]
    pub fn token_for_host(mut self, host: impl Into<String>) -> Self {
        self.token_hosts.insert(host.into().to_lowercase());
        self
    }

    /// As somebody wrote them down.
    fn for_hosts(self, hosts: &str, token_hosts: &str) -> Self {
        let one = listed(hosts).fold(self, Self::for_host);
        listed(token_hosts).fold(one, Self::token_for_host)
    }

    /// Whether it is for whoever answers at this URL. The whole host counts, and its port.
    pub fn is_for(&self, url: &Url) -> bool {
        has(&self.hosts, url)
    }

    /// Whether whoever answers at this URL may have a token which was got with it.
    pub fn gives_token_to(&self, url: &Url) -> bool {
        has(&self.token_hosts, url)
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|host| !host.is_empty())
}

fn has(hosts: &BTreeSet<String>, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let place = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    hosts.iter().any(|host| host.eq_ignore_ascii_case(&place))
}

/// Knows credentials by their names. Asked with each delivery, so that a new secret counts at once.
#[async_trait]
pub trait CredentialSource: Debug + Send + Sync + 'static {
    /// The credential of a name: 1 to 64 ASCII letters, digits, `_` and `-`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when there is none, naming the name and where it was looked for, never a secret.
    async fn credential(&self, name: &str) -> Result<Credential>;
}

fn missing(name: &str, place: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Config, OPERATION, format!("there is no credential {name} in {place}"))
}

/// Credentials that the program has itself.
#[derive(Clone, Debug, Default)]
pub struct OwnCredentials(BTreeMap<String, Credential>);

impl OwnCredentials {
    /// None yet.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, credential: Credential) -> Self {
        self.0.insert(name.into(), credential);
        self
    }
}

#[async_trait]
impl CredentialSource for OwnCredentials {
    async fn credential(&self, name: &str) -> Result<Credential> {
        self.0.get(name).cloned().ok_or_else(|| missing(name, "the program"))
    }
}

/// Credentials in the environment: that of the name `itsm-hook` has its secret in `ALM_CREDENTIAL_ITSM_HOOK_SECRET`, its user, if it has one, in
/// `ALM_CREDENTIAL_ITSM_HOOK_USER`, the hosts that it is for, between commas, in `ALM_CREDENTIAL_ITSM_HOOK_HOSTS`, and those that get a token for it in
/// `ALM_CREDENTIAL_ITSM_HOOK_TOKEN_HOSTS`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EnvironmentCredentials;

impl EnvironmentCredentials {
    /// Those of this process.
    pub const fn new() -> Self {
        Self
    }
}

#[async_trait]
impl CredentialSource for EnvironmentCredentials {
    async fn credential(&self, name: &str) -> Result<Credential> {
        let stem = format!("ALM_CREDENTIAL_{}", name.to_uppercase().replace('-', "_"));
        let secret = std::env::var(format!("{stem}_SECRET")).map_err(|_| missing(name, "the environment"))?;
        let said = |what: &str| std::env::var(format!("{stem}_{what}")).unwrap_or_default();
        Ok(Credential::new(said("USER"), secret.into()).for_hosts(&said("HOSTS"), &said("TOKEN_HOSTS")))
    }
}

/// Credentials in files of a folder, as orchestrators mount them: that of the name `itsm-hook` has its secret in `itsm-hook.secret`, its user, if it
/// has one, in `itsm-hook.user`, the hosts that it is for in `itsm-hook.hosts`, a line for each, and those that get a token for it in
/// `itsm-hook.token-hosts`. A line break at the end does not count. Who may read the folder is the host's to say.
#[derive(Clone, Debug)]
pub struct FolderCredentials(PathBuf);

impl FolderCredentials {
    /// Those in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    fn read(&self, name: &str, what: &str) -> Option<String> {
        // A name from a store must not lead out of the folder.
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(fits) {
            return None;
        }
        let text = std::fs::read_to_string(self.0.join(format!("{name}.{what}"))).ok()?;
        Some(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

#[async_trait]
impl CredentialSource for FolderCredentials {
    async fn credential(&self, name: &str) -> Result<Credential> {
        let secret = self.read(name, "secret").ok_or_else(|| missing(name, self.0.display()))?;
        let said = |what: &str| self.read(name, what).unwrap_or_default();
        Ok(Credential::new(said("user"), secret.into()).for_hosts(&said("hosts"), &said("token-hosts")))
    }
}
