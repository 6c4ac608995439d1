//! One connection to one controller.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, controls::RawControl};
use rustls::ClientConfig;
use tokio::task::JoinHandle;

use super::{call::Call, diagnostic, entry::Entry, tls};
use crate::{Error, ErrorKind, Filter, Result};

/// Where a controller listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    port: u16,
}

impl Endpoint {
    pub(super) const fn new(host: String, port: u16) -> Self {
        Self { host, port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// An open connection. Dropping it closes it.
pub(super) struct Connection {
    pub(super) ldap: Ldap,
    driver: JoinHandle<()>,
    pub(super) used: Instant,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// No referrals to other domains in the results of a search (MS-ADTS 3.1.1.3.4.1.4).
pub(super) const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";

/// MS-ADTS 3.1.1.3.4.1.15.
const TREE_DELETE: &str = "1.2.840.113556.1.4.805";

impl Connection {
    /// TCP and TLS; not signed in yet.
    pub(super) async fn open(
        endpoint: &Endpoint,
        config: &Arc<ClientConfig>,
        limit: Duration,
    ) -> Result<Self> {
        let settings = LdapConnSettings::new().set_config(Arc::clone(config)).set_conn_timeout(limit);
        let opened = LdapConnAsync::with_settings(settings, &format!("ldaps://{endpoint}")).await;
        let (connection, ldap) = opened.map_err(|error| connect_error(endpoint, error, limit))?;
        let controller = endpoint.to_string();
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%controller, %error, "connection ended");
            }
        });
        Ok(Self { ldap, driver, used: Instant::now() })
    }

    /// Whether the controller has closed it, as far as this side knows.
    pub(super) fn is_closed(&self) -> bool {
        self.driver.is_finished()
    }

    pub(super) async fn bind(&mut self, name: &str, password: &str) -> Result<LdapResult, LdapError> {
        self.ldap.simple_bind(name, password).await
    }

    /// Whether the controller still answers: an idle connection may have been cut without a word.
    pub(super) async fn answers(&mut self, limit: Duration) -> bool {
        let search = self.ldap.search("", Scope::Base, "(objectClass=*)", vec!["1.1"]);
        matches!(tokio::time::timeout(limit, search).await, Ok(Ok(result)) if result.1.rc == 0)
    }

    /// All entries, or `None` when the base does not exist.
    pub(super) async fn search(
        &mut self,
        call: &Call,
        base: &str,
        scope: Scope,
        filter: &Filter,
        attributes: &[&str],
    ) -> Result<Option<Vec<Entry>>> {
        self.search_with(call, base, scope, filter, attributes, Vec::new()).await
    }

    /// The same with further controls.
    pub(super) async fn search_with(
        &mut self,
        call: &Call,
        base: &str,
        scope: Scope,
        filter: &Filter,
        attributes: &[&str],
        mut controls: Vec<RawControl>,
    ) -> Result<Option<Vec<Entry>>> {
        if scope != Scope::Base {
            controls.push(RawControl { ctype: DOMAIN_SCOPE.to_owned(), crit: false, val: None });
        }
        if !controls.is_empty() {
            self.ldap.with_controls(controls);
        }
        let found = self.ldap.search(base, scope, &filter.to_string(), attributes.to_vec()).await;
        let result = found.map_err(|error| lost(call, error))?;
        match result.1.rc {
            0 => {}
            diagnostic::NO_SUCH_OBJECT => return Ok(None),
            _ => return Err(diagnostic::error(call, &result.1)),
        }
        let entries = result.0.into_iter().map(Entry::read).collect::<Option<Vec<_>>>();
        let broken =
            || call.error(ErrorKind::Protocol).with_reason("an entry of the answer is not well-formed");
        entries.map(Some).ok_or_else(broken)
    }

    /// Sends one change, and notes in `call` how far it came.
    pub(super) async fn change(&mut self, call: &Call, change: Change) -> Result<(), Refusal> {
        call.sending();
        let sent = match change {
            Change::Add(dn, attributes) => self.ldap.add(&dn, attributes).await,
            Change::Modify(dn, modifications) => self.ldap.modify(&dn, modifications).await,
            Change::ModifyWith(dn, modifications, controls) => {
                if !controls.is_empty() {
                    self.ldap.with_controls(controls);
                }
                self.ldap.modify(&dn, modifications).await
            }
            Change::Move { dn, rdn, parent } => self.ldap.modifydn(&dn, &rdn, true, parent.as_deref()).await,
            Change::Delete(dn) => self.ldap.delete(&dn).await,
            Change::DeleteTree(dn) => {
                let control = RawControl { ctype: TREE_DELETE.to_owned(), crit: true, val: None };
                self.ldap.with_controls(control);
                self.ldap.delete(&dn).await
            }
        };
        match sent {
            Ok(result) if result.rc == 0 => {
                call.done();
                Ok(())
            }
            Ok(result) => {
                call.refused();
                Err(Refusal { code: Some(result.rc), error: diagnostic::error(call, &result) })
            }
            Err(error) => {
                if matches!(error, LdapError::OpSend { .. } | LdapError::AddNoValues) {
                    call.not_sent();
                }
                Err(Refusal { code: None, error: lost(call, error) })
            }
        }
    }
}

pub(super) type Attributes = Vec<(Vec<u8>, std::collections::HashSet<Vec<u8>>)>;
pub(super) type Modifications = Vec<ldap3::Mod<Vec<u8>>>;

/// A change, as the protocol knows it.
pub(super) enum Change {
    Add(String, Attributes),
    Modify(String, Modifications),
    ModifyWith(String, Modifications, Vec<RawControl>),
    Move {
        dn: String,
        rdn: String,
        parent: Option<String>,
    },
    Delete(String),
    /// With everything below it.
    DeleteTree(String),
}

/// A change that was not answered with success; `code` is the LDAP code when the controller has answered.
pub(super) struct Refusal {
    pub(super) code: Option<u32>,
    pub(super) error: Error,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

/// The connection ended, or the answer made no sense.
pub(super) fn lost(call: &Call, error: LdapError) -> Error {
    let kind = match &error {
        LdapError::Timeout { .. } => ErrorKind::Timeout,
        LdapError::AddNoValues | LdapError::FilterParsing => ErrorKind::Invalid,
        LdapError::DecodingUTF8 | LdapError::AdapterInit(_) => ErrorKind::Protocol,
        _ => ErrorKind::Interrupted,
    };
    // The library's send errors own the request, and with it what was written: only I/O errors are kept as the cause.
    match error {
        LdapError::Io { source } => call.error(kind).with_source(source),
        _ => call.error(kind),
    }
}

fn connect_error(endpoint: &Endpoint, error: LdapError, limit: Duration) -> Error {
    let fail = |kind| Error::new(kind, "connect").with_subject(endpoint);
    match error {
        LdapError::Timeout { .. } => fail(ErrorKind::Connect).with_reason(format!(
            "it did not answer within {limit:?}; check the host, the port and the firewall"
        )),
        LdapError::Io { source } => {
            if let Some(tls) = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return fail(ErrorKind::Tls).with_reason(tls::explain(tls)).with_source(tls.clone());
            }
            let (kind, reason) = match source.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    (ErrorKind::Connect, "nobody listens on this port; LDAPS is on 636")
                }
                std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => (
                    ErrorKind::Tls,
                    "it closed the connection during the TLS handshake; has it a certificate, and is this its LDAPS port?",
                ),
                _ => (
                    ErrorKind::Connect,
                    "it cannot be reached; check the host name, the network and the firewall",
                ),
            };
            fail(kind).with_reason(reason).with_source(source)
        }
        LdapError::Rustls { source } => {
            fail(ErrorKind::Tls).with_reason(tls::explain(&source)).with_source(source)
        }
        LdapError::DNSName { .. } => {
            fail(ErrorKind::Config).with_reason("its name cannot be in a certificate")
        }
        _ => fail(ErrorKind::Connect),
    }
}
