//! Where to connect, as whom, and whom to trust.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Core, LdapDirectory, TimeLimits,
    connection::Endpoint,
    credential::Credential,
    dial::{Dialer, SharedCredential},
    locator::{Locator, SrvResolver},
    pool::Pool,
    tls,
};
use crate::{AttributeName, Dn, Error, ErrorKind, Result};

/// Builds an [`LdapDirectory`]. Nothing is read or checked before [`build`](Self::build), and nothing is sent before the first operation.
#[must_use]
pub struct LdapDirectoryBuilder {
    urls: Vec<String>,
    catalogs: Vec<String>,
    /// The domain whose controllers are looked up in DNS.
    domain: Option<String>,
    site: Option<String>,
    suffixes: Vec<String>,
    resolver: Option<Arc<dyn SrvResolver>>,
    base: Option<Dn>,
    name: String,
    password: SecretString,
    kerberos: bool,
    authorities: Vec<Authority>,
    limits: TimeLimits,
    marker_attribute: String,
    connections: usize,
}

enum Authority {
    Pem(Vec<u8>),
    File(PathBuf),
}

impl LdapDirectoryBuilder {
    pub(super) fn new(url: Option<String>, domain: Option<String>) -> Self {
        Self {
            urls: url.into_iter().collect(),
            catalogs: Vec::new(),
            domain,
            site: None,
            suffixes: Vec::new(),
            resolver: None,
            base: None,
            name: String::new(),
            password: SecretString::default(),
            kerberos: false,
            authorities: Vec::new(),
            limits: TimeLimits::default(),
            marker_attribute: "adminDescription".to_owned(),
            connections: 8,
        }
    }

    /// A further controller of the same domain, tried when those before it cannot be reached.
    pub fn fallback(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// The site whose controllers are tried before the others of the domain, when they are [looked up](LdapDirectory::locate).
    pub fn site(mut self, site: impl Into<String>) -> Self {
        self.site = Some(site.into());
        self
    }

    /// Where else the names of controllers that are [looked up](LdapDirectory::locate) may end than in the domain itself. A name elsewhere is
    /// not used: whoever can answer for the name servers would get the password.
    pub fn controllers_below(mut self, suffix: impl Into<String>) -> Self {
        self.suffixes.push(suffix.into());
        self
    }

    /// Another way to look SRV records up than the system's name servers.
    pub fn resolver(mut self, resolver: impl SrvResolver) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// A global catalog of the forest: `ldaps://dc1.corp.example`, with `:3269` when no port is given. With it, a service name that another
    /// domain of the forest has is found before it is given to an account; without it, only one of this domain. Each further one is tried
    /// when those before it cannot be reached.
    pub fn global_catalog(mut self, url: impl Into<String>) -> Self {
        self.catalogs.push(url.into());
        self
    }

    /// The domain to search, such as `DC=corp,DC=example`. When it is not given, the controller is asked.
    pub fn base_dn(mut self, base: Dn) -> Self {
        self.base = Some(base);
        self
    }

    /// The account to sign in with: `svc-alm@corp.example`, `CORP\svc-alm`, or its DN.
    pub fn bind_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Its password.
    pub fn password(mut self, password: SecretString) -> Self {
        self.password = password;
        self
    }

    /// Signs in with Kerberos instead of a name and a password. Needs the feature `gssapi`.
    ///
    /// Who signs in is what the process's Kerberos says, and no secret is in this program: a ticket in the credential cache (the variable
    /// `KRB5CCNAME`, filled by `kinit` or a daemon), or a key table to get tickets with (`KRB5_CLIENT_KTNAME=FILE:/etc/alm.keytab`, best for a
    /// service: it renews them by itself). `KRB5_CONFIG` names the configuration when it is not `/etc/krb5.conf`. On Windows it is the account
    /// that the process runs as.
    ///
    /// Each controller must be given by its full DNS name, never by an address or a short name: Kerberos knows it as `ldap/dc1.corp.example`.
    /// The clocks may differ by 5 minutes. The connection is LDAPS as always; a controller that demands channel binding gets it. Samba needs
    /// `ldap server require strong auth = allow_sasl_over_tls`.
    ///
    /// A key table whose key was refused is not tried again before [`sign_in_again`](LdapDirectory::sign_in_again): each time would count
    /// towards a lock-out. The library waits for the Kerberos server on a thread of its own; one that does not answer is given up after
    /// [`TimeLimits::connect`], while that thread may wait longer.
    ///
    /// ```no_run
    /// # use ad_directory::LdapDirectory;
    /// # fn example() -> Result<(), ad_directory::Error> {
    /// let directory = LdapDirectory::builder("ldaps://dc1.corp.example").kerberos().ca_file("/etc/ssl/corp-ca.pem").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub const fn kerberos(mut self) -> Self {
        self.kerberos = true;
        self
    }

    /// Certificates, in PEM, of the authorities to trust. Once one is given, the system's are not trusted any more.
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(Authority::Pem(pem.into()));
        self
    }

    /// A file of such certificates, read by [`build`](Self::build).
    pub fn ca_file(mut self, path: impl AsRef<Path>) -> Self {
        self.authorities.push(Authority::File(path.as_ref().to_owned()));
        self
    }

    /// Other time limits.
    pub const fn time_limits(mut self, limits: TimeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Another attribute for the marker than `adminDescription`. It must hold one text, and the account that signs in must be able to
    /// write it.
    pub fn marker_attribute(mut self, name: impl Into<String>) -> Self {
        self.marker_attribute = name.into();
        self
    }

    /// How many operations may have a connection at once, password checks apart; 8 by default. Further ones wait.
    ///
    /// As many lists may be read at once, each on a connection of its own, so that whoever reads one can ask for something else meanwhile
    /// even with one connection. A list more waits, and is `Busy` when none ends within the limit of an operation.
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Checks all of it. Reads files, and sends nothing.
    ///
    /// # Errors
    /// `Config` for an address that is not `ldaps://`, an empty name or password, certificates that cannot be read, no authority at all,
    /// or a limit of zero; for Kerberos beside a password, with a controller that is named by an address, or without the feature `gssapi`.
    pub fn build(self) -> Result<LdapDirectory> {
        let config = |reason: &'static str| Error::new(ErrorKind::Config, "build").with_reason(reason);
        let endpoints = self.urls.iter().map(|url| endpoint(url, 636)).collect::<Result<Vec<_>>>()?;
        let catalogs = self.catalogs.iter().map(|url| endpoint(url, 3269)).collect::<Result<Vec<_>>>()?;
        let locator = match self.domain {
            Some(domain) => {
                let domain = domain.trim_end_matches('.').to_owned();
                Dn::from_domain(&domain).map_err(|error| {
                    config("the domain to look controllers up in is not one").with_source(error)
                })?;
                let resolver = self.resolver.map_or_else(system_resolver, Ok)?;
                Some(Locator::new(domain, self.site, self.suffixes, resolver))
            }
            None => None,
        };
        let credential = if self.kerberos {
            if !self.name.is_empty() || !self.password.expose_secret().is_empty() {
                return Err(config(
                    "both Kerberos and a name with a password were given; one of them is meant",
                ));
            }
            let by_address =
                endpoints.iter().chain(&catalogs).find(|endpoint| endpoint.host.parse::<IpAddr>().is_ok());
            if let Some(endpoint) = by_address {
                return Err(config("Kerberos knows controllers by their full DNS names, not by addresses")
                    .with_subject(endpoint));
            }
            with_kerberos()?
        } else if self.name.is_empty() {
            return Err(config("no account to sign in with was given"));
        } else if self.password.expose_secret().is_empty() {
            return Err(config(
                "the password to sign in with is empty, and a controller would take that for nobody's",
            ));
        } else {
            Credential::Password { name: self.name, password: self.password }
        };
        let zero = [self.limits.connect, self.limits.operation].iter().any(std::time::Duration::is_zero);
        if self.connections == 0 || zero {
            return Err(config("a limit is zero"));
        }
        let marker_attribute: AttributeName =
            self.marker_attribute.parse().map_err(|error: crate::ParseError| {
                config("the attribute for the marker is not an attribute").with_source(error)
            })?;
        let mut pems = Vec::new();
        for authority in self.authorities {
            pems.push(match authority {
                Authority::Pem(pem) => pem,
                Authority::File(path) => std::fs::read(&path).map_err(|error| {
                    config("the file of the certificate authority cannot be read")
                        .with_subject(path.display())
                        .with_source(error)
                })?,
            });
        }
        let trust = Arc::new(tls::trust(&pems)?);
        let credential = SharedCredential::new(credential);
        let catalog = (!catalogs.is_empty()).then(|| {
            let dialer =
                Dialer::new(catalogs, None, credential.clone(), Arc::clone(&trust), self.limits).read_only();
            // One or two searches at a time are all that is asked of it.
            Pool::new(dialer, 2)
        });
        let dialer = Dialer::new(endpoints, locator, credential, trust, self.limits);
        let pool = Pool::new(dialer, self.connections);
        let core = Core {
            pool,
            catalog,
            marker_attribute,
            limits: self.limits,
            base: tokio::sync::OnceCell::new_with(self.base),
            aliases: tokio::sync::OnceCell::new(),
        };
        Ok(LdapDirectory { core: Arc::new(core), pinned: None })
    }
}

#[cfg(feature = "locator")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature there is none")]
fn system_resolver() -> Result<Arc<dyn SrvResolver>> {
    Ok(Arc::new(super::locator::dns::SystemResolver::default()))
}

#[cfg(not(feature = "locator"))]
fn system_resolver() -> Result<Arc<dyn SrvResolver>> {
    Err(Error::new(ErrorKind::Config, "build")
        .with_reason("looking controllers up needs the feature `locator`, or a resolver of your own"))
}

#[cfg(feature = "gssapi")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature there is none")]
fn with_kerberos() -> Result<Credential> {
    Ok(Credential::Kerberos)
}

#[cfg(not(feature = "gssapi"))]
fn with_kerberos() -> Result<Credential> {
    Err(Error::new(ErrorKind::Config, "build").with_reason("Kerberos needs the feature `gssapi`"))
}

fn endpoint(text: &str, port: u16) -> Result<Endpoint> {
    // The text itself is shown only once it is known to hold no password.
    let refuse = |reason: &'static str| Error::new(ErrorKind::Config, "build").with_reason(reason);
    let url = Url::parse(text)
        .map_err(|_| refuse("the address of a controller is not a URL such as ldaps://dc1.corp.example"))?;
    match url.scheme() {
        "ldaps" => {}
        "ldap" => {
            return Err(refuse(
                "plain ldap:// is refused: passwords would cross the network in the clear; use ldaps://",
            ));
        }
        _ => return Err(refuse("the address of a controller must begin with ldaps://")),
    }
    let bare = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    let host = url.host_str().filter(|host| !host.is_empty());
    match host {
        Some(host) if bare => {
            if host.contains('%') {
                return Err(refuse("the address of a controller must be a host name or an address"));
            }
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Ok(Endpoint::new(host.to_owned(), url.port().unwrap_or(port)))
        }
        Some(_) => Err(refuse("the address of a controller holds more than a host and a port")),
        None => Err(refuse("the address of a controller has no host")),
    }
}

impl fmt::Debug for LdapDirectoryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapDirectoryBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn only_ldaps_and_only_a_host() {
        assert_eq!(endpoint("ldaps://dc1.corp.example", 636).unwrap().to_string(), "dc1.corp.example:636");
        assert_eq!(endpoint("ldaps://[2001:db8::1]", 636).unwrap().to_string(), "[2001:db8::1]:636");
        assert_eq!(endpoint("ldaps://dc1:3269/", 636).unwrap().to_string(), "dc1:3269");
        for url in [
            "ldap://dc1",
            "https://dc1",
            "dc1",
            "ldaps://",
            "ldaps://u:p4ss@dc1",
            "ldaps://dc1/DC=x",
            "ldaps://dc1?x",
            "ldaps://[::1",
        ] {
            let error = endpoint(url, 636).unwrap_err();
            assert!(!error.to_string().contains("p4ss"), "{error}");
        }
    }
}
