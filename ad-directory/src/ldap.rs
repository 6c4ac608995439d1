//! Active Directory over LDAPS. Nothing outside this folder names the protocol's library.

mod account;
mod ber;
mod builder;
mod call;
mod connection;
mod convert;
mod create;
mod credential;
mod delta;
mod descriptor;
mod diagnostic;
mod dial;
mod entry;
mod extended_dn;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod groups;
#[cfg(feature = "gssapi")]
mod kerberos;
mod locator;
mod lookup;
mod managed;
mod members;
mod modify;
mod operations;
mod paging;
mod password;
mod pin;
mod policy;
mod pool;
mod ranged;
mod raw;
mod restore;
mod root;
mod services;
mod tls;

use std::{fmt, sync::Arc, time::Duration};

use secrecy::SecretString;

pub use builder::LdapDirectoryBuilder;
pub use locator::{SrvRecord, SrvResolver};
use pool::Pool;
pub use raw::{LdapEntry, Modification};

use crate::{AttributeName, Dn, Result, service_names::aliases::ServiceAliases};

/// Active Directory, or Samba as a domain controller, over LDAPS.
///
/// Plain LDAP, an empty password and a certificate that cannot be verified are refused before anything is sent. Connections are pooled: one
/// goes back only after a completed operation, one whose operation was dropped midway is closed. Every operation has a time limit.
///
/// With several controllers, named one by one or [looked up](Self::locate), the next one is tried when one cannot be reached, and one that
/// failed is tried after the others for half a minute; [`pin`](crate::Directory::pin) stays with one. A question whose connection is lost is
/// asked once more, at another controller if need be; a change never is, since it may have been done.
///
/// A refused password is not sent again: from then on every operation fails with `Auth` until
/// [`replace_password`](Self::replace_password) or [`sign_in_again`](Self::sign_in_again), so that a program with an old password does not lock
/// its own account.
///
/// Cloning it gives another handle on the same connections.
///
/// ```no_run
/// # use ad_directory::{Directory, LdapDirectory, ProbeOptions};
/// # async fn example(password: secrecy::SecretString) -> Result<(), ad_directory::Error> {
/// let directory = LdapDirectory::builder("ldaps://dc1.corp.example")
///     .fallback("ldaps://dc2.corp.example")
///     .bind_name("svc-alm@corp.example")
///     .password(password)
///     .ca_file("/etc/ssl/corp-ca.pem")
///     .build()?;
/// let probe = directory.probe(ProbeOptions::new()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LdapDirectory {
    core: Arc<Core>,
    /// The place of the only controller to talk to.
    pinned: Option<usize>,
}

struct Core {
    pool: Pool,
    /// The global catalogs, which know the service names of the whole forest.
    catalog: Option<Pool>,
    marker_attribute: AttributeName,
    limits: TimeLimits,
    /// The domain, when it was configured; else it is asked for.
    base: tokio::sync::OnceCell<Dn>,
    /// Which service classes the forest takes for others; asked for once, since nobody changes it.
    aliases: tokio::sync::OnceCell<ServiceAliases>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeLimits {
    /// Name resolution, TCP, TLS and sign-in together, for each controller; 10 seconds by default.
    pub connect: Duration,
    /// A whole operation with everything it needs; 30 seconds by default.
    pub operation: Duration,
    /// How long a connection may be idle and be used again; 5 minutes by default, and less than the 15 after which Windows closes it.
    pub idle: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            operation: Duration::from_secs(30),
            idle: Duration::from_mins(5),
        }
    }
}

impl TimeLimits {
    /// Another limit for reaching a controller.
    #[must_use]
    pub const fn connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// Another limit for a whole operation.
    #[must_use]
    pub const fn operation(mut self, limit: Duration) -> Self {
        self.operation = limit;
        self
    }

    /// Another limit for idle connections.
    #[must_use]
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }
}

impl LdapDirectory {
    /// Begins with the first controller: `ldaps://dc1.corp.example`, with `:636` when no port is given. The name must be in the
    /// controller's certificate.
    pub fn builder(url: impl Into<String>) -> LdapDirectoryBuilder {
        LdapDirectoryBuilder::new(Some(url.into()), None)
    }

    /// Begins with a domain, such as `corp.example`, whose controllers are looked up in DNS: those of the
    /// [site](LdapDirectoryBuilder::site) first, by priority and weight, each on its LDAPS port. Needs the feature `locator`, or a
    /// [resolver](LdapDirectoryBuilder::resolver) of your own.
    ///
    /// They are looked up anew after ten minutes. A controller that is read-only, or is no controller, is not used.
    pub fn locate(domain: impl Into<String>) -> LdapDirectoryBuilder {
        LdapDirectoryBuilder::new(None, Some(domain.into()))
    }

    /// Signs in with another password from now on. Connections that are open stay signed in.
    ///
    /// # Errors
    /// `Invalid` when it is empty, or when this directory signs in with [Kerberos](LdapDirectoryBuilder::kerberos).
    pub fn replace_password(&self, password: SecretString) -> Result<()> {
        // The global catalogs sign in with the same credential.
        self.core.pool.dialer.replace_password(password)
    }

    /// Signs in again with what was refused: once the account's password was set to the one that is known here, or its new key is in the key
    /// table. Each try that is refused counts towards a lock-out, so nothing here does this by itself.
    pub fn sign_in_again(&self) {
        self.core.pool.dialer.sign_in_again();
    }
}

impl fmt::Debug for LdapDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapDirectory")
            .field("pool", &self.core.pool)
            .field("marker_attribute", &self.core.marker_attribute)
            .field("limits", &self.core.limits)
            .field("pinned", &self.pinned)
            .finish_non_exhaustive()
    }
}
