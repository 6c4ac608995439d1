//! One connection to one controller.

use std::{
    fmt,
    net::Ipv6Addr,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, StdStream, adapters::EntriesOnly,
    controls::RawControl,
};
use tokio::{net::TcpStream, task::JoinHandle};

use super::{
    call::Call,
    diagnostic,
    dial::Dialer,
    entry::Entry,
    tls::{self, Trust},
};
use crate::{Error, ErrorKind, Filter, Result};

/// Where a controller listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// A DNS name or an address, without brackets.
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
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An open connection. Dropping it closes it.
pub(super) struct Connection {
    pub(super) ldap: Ldap,
    driver: JoinHandle<Result<(), LdapError>>,
    /// The number of its controller.
    pub(super) place: usize,
    pub(super) used: Instant,
    /// Since when an answer is outstanding.
    pub(super) waiting: Option<Instant>,
    redial: Option<Redial>,
}

/// How a reading that lost its connection gets another one.
struct Redial {
    dialer: Arc<Dialer>,
    pinned: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What is asked in one search.
pub(super) struct Question<'a> {
    pub(super) base: &'a str,
    pub(super) scope: Scope,
    pub(super) filter: &'a str,
    pub(super) attributes: &'a [&'a str],
    pub(super) controls: Vec<RawControl>,
    /// Whether it may be asked again elsewhere when the connection is lost. What belongs to a connection, such as a cookie, may not.
    pub(super) repeatable: bool,
}

/// No referrals to other domains in the results of a search (MS-ADTS 3.1.1.3.4.1.4).
pub(super) const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";

/// MS-ADTS 3.1.1.3.4.1.15.
const TREE_DELETE: &str = "1.2.840.113556.1.4.805";

/// A control without a value, which a controller may ignore.
pub(super) fn optional(oid: &str) -> RawControl {
    RawControl { ctype: oid.to_owned(), crit: false, val: None }
}

impl Connection {
    /// TCP and TLS; not signed in yet.
    pub(super) async fn open(
        endpoint: &Endpoint,
        place: usize,
        trust: &Trust,
        limit: Duration,
    ) -> Result<Self> {
        let begun = Instant::now();
        let address: Option<Ipv6Addr> = endpoint.host.parse().ok();
        let mut settings = LdapConnSettings::new().set_config(trust.config(address));
        let mut url = format!("ldaps://{endpoint}");
        if let Some(address) = address {
            // The library takes the brackets for a part of the name: it gets a connection that is open already, and a verifier that knows the
            // address.
            let stream = tokio::time::timeout(limit, TcpStream::connect((address, endpoint.port))).await;
            let stream = stream
                .map_err(|elapsed| LdapError::Timeout { elapsed })
                .and_then(|stream| Ok(stream?.into_std()?))
                .map_err(|error| connect_error(endpoint, error, limit))?;
            settings = settings.set_std_stream(StdStream::Tcp(stream));
            url = format!("ldaps://{}:{}", tls::ADDRESS, endpoint.port);
        }
        let settings = settings.set_conn_timeout(limit.saturating_sub(begun.elapsed()));
        let opened = LdapConnAsync::with_settings(settings, &url).await;
        let (connection, ldap) = opened.map_err(|error| connect_error(endpoint, error, limit))?;
        let controller = endpoint.to_string();
        let driver = tokio::spawn(async move {
            let driven = connection.drive().await;
            if let Err(error) = &driven {
                tracing::debug!(%controller, %error, "connection ended");
            }
            driven
        });
        Ok(Self { ldap, driver, place, used: Instant::now(), waiting: None, redial: None })
    }

    /// From now on a reading that loses the connection is tried once more: at the same controller when `pinned` or when a change was sent
    /// before, else at any.
    pub(super) fn redial_with(&mut self, dialer: &Arc<Dialer>, pinned: bool) {
        self.redial = Some(Redial { dialer: Arc::clone(dialer), pinned });
    }

    /// From now on a lost connection is an error: what comes next belongs to what this very controller has said before.
    pub(super) fn stay(&mut self) {
        self.redial = None;
    }

    /// Whether the controller has closed it, as far as this side knows.
    pub(super) fn is_closed(&self) -> bool {
        self.driver.is_finished()
    }

    pub(super) async fn bind(&mut self, call: &Call, name: &str, password: &str) -> Result<LdapResult> {
        let bound = guarded(self.ldap.simple_bind(name, password)).await;
        self.explained(call, bound).await
    }

    /// Whether the controller still answers: an idle connection may have been cut without a word.
    pub(super) async fn answers(&mut self, limit: Duration) -> bool {
        let search = guarded(self.ldap.search("", Scope::Base, "(objectClass=*)", vec!["1.1"]));
        matches!(tokio::time::timeout(limit, search).await, Ok(Some(Ok(result))) if result.1.rc == 0)
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
            controls.push(optional(DOMAIN_SCOPE));
        }
        let filter = filter.to_string();
        let question = Question { base, scope, filter: &filter, attributes, controls, repeatable: true };
        self.found(call, &question).await
    }

    /// The entries of an answer, or `None` when the base does not exist.
    pub(super) async fn found(&mut self, call: &Call, question: &Question<'_>) -> Result<Option<Vec<Entry>>> {
        let (entries, result) = self.ask(call, question).await?;
        match result.rc {
            0 => Ok(Some(entries)),
            diagnostic::NO_SUCH_OBJECT => Ok(None),
            _ => Err(diagnostic::error(call, &result)),
        }
    }

    /// The entries of an answer and its result, whatever that is. When the connection is lost, and nothing but this question was sent on
    /// it, it is asked once more on another one.
    pub(super) async fn ask(
        &mut self,
        call: &Call,
        question: &Question<'_>,
    ) -> Result<(Vec<Entry>, LdapResult)> {
        match self.ask_once(call, question).await {
            Err(error) if question.repeatable && error.kind() == ErrorKind::Interrupted => {
                if self.reconnect(call).await {
                    self.ask_once(call, question).await.map_err(|error| error.with_attempts(2))
                } else {
                    Err(error)
                }
            }
            answer => answer,
        }
    }

    async fn ask_once(&mut self, call: &Call, question: &Question<'_>) -> Result<(Vec<Entry>, LdapResult)> {
        if !question.controls.is_empty() {
            self.ldap.with_controls(question.controls.clone());
        }
        self.waiting = Some(Instant::now());
        // Each entry is read as it comes: the form in which the library hands it over takes several times as much memory.
        let search = async {
            let Question { base, scope, filter, .. } = *question;
            let attributes = question.attributes.to_vec();
            let mut stream =
                self.ldap.streaming_search_with(EntriesOnly::new(), base, scope, filter, attributes).await?;
            let (mut entries, mut are_well_formed) = (Vec::new(), true);
            while let Some(entry) = stream.next().await? {
                match Entry::read(entry) {
                    Some(entry) => entries.push(entry),
                    None => are_well_formed = false,
                }
            }
            Ok((are_well_formed.then_some(entries), stream.finish().await))
        };
        let found = guarded(search).await;
        let (entries, result) = self.explained(call, found).await?;
        let broken =
            || call.error(ErrorKind::Protocol).with_reason("an entry of the answer is not well-formed");
        Ok((entries.ok_or_else(broken)?, result))
    }

    /// Boxed, since connecting asks questions too; those are on a connection that does not reconnect.
    fn reconnect<'a>(&'a mut self, call: &'a Call) -> BoxFuture<'a, bool> {
        Box::pin(self.reconnect_once(call))
    }

    async fn reconnect_once(&mut self, call: &Call) -> bool {
        let Some(redial) = self.redial.take() else { return false };
        let dialer = Arc::clone(&redial.dialer);
        let connected = if redial.pinned || call.has_sent() {
            dialer.connect(call, self.place).await
        } else {
            if let Some(place) = dialer.place(self.place) {
                place.penalize();
            }
            match dialer.candidates(call, None).await {
                Ok(order) => dialer.connect_any(call, &order).await,
                Err(error) => Err(error),
            }
        };
        match connected {
            Ok(connection) => {
                tracing::debug!(operation = call.operation, "asking again on another connection");
                *self = connection;
                true
            }
            Err(error) => {
                tracing::debug!(
                    operation = call.operation,
                    kind = error.kind().as_str(),
                    "no other connection"
                );
                false
            }
        }
    }

    /// Why there is no answer: the one who reads from the network knows.
    pub(super) async fn explained<T>(
        &mut self,
        call: &Call,
        answer: Option<Result<T, LdapError>>,
    ) -> Result<T> {
        self.waiting = None;
        let error = match answer {
            Some(Ok(value)) => return Ok(value),
            Some(Err(error)) => lost(call, error),
            None => unreadable(call),
        };
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
        // It ends by itself right after it has dropped whoever waits for it.
        match tokio::time::timeout(Duration::from_secs(1), &mut self.driver).await {
            Ok(Err(join)) if join.is_panic() => Err(unreadable(call)),
            Ok(Ok(Err(LdapError::Io { source }))) if source.to_string() == "decoding error" => {
                Err(unreadable(call))
            }
            _ => Err(error),
        }
    }

    /// Sends one change, and notes in `call` how far it came.
    pub(super) async fn change(&mut self, call: &Call, change: Change) -> Result<(), Refusal> {
        call.sending();
        self.waiting = Some(Instant::now());
        let ldap = &mut self.ldap;
        let sent = match change {
            Change::Add(dn, attributes) => guarded(ldap.add(&dn, attributes)).await,
            Change::Modify(dn, modifications) => guarded(ldap.modify(&dn, modifications)).await,
            Change::ModifyWith(dn, modifications, controls) => {
                if !controls.is_empty() {
                    ldap.with_controls(controls);
                }
                guarded(ldap.modify(&dn, modifications)).await
            }
            Change::Move { dn, rdn, parent } => {
                guarded(ldap.modifydn(&dn, &rdn, true, parent.as_deref())).await
            }
            Change::Delete(dn) => guarded(ldap.delete(&dn)).await,
            Change::DeleteTree(dn) => {
                let control = RawControl { ctype: TREE_DELETE.to_owned(), crit: true, val: None };
                ldap.with_controls(control);
                guarded(ldap.delete(&dn)).await
            }
        };
        if matches!(&sent, Some(Err(LdapError::OpSend { .. } | LdapError::AddNoValues))) {
            call.not_sent();
        }
        match self.explained(call, sent).await {
            Ok(result) if result.rc == 0 => {
                call.done();
                Ok(())
            }
            Ok(result) => {
                call.refused();
                Err(Refusal { code: Some(result.rc), error: diagnostic::error(call, &result) })
            }
            Err(error) => Err(Refusal { code: None, error }),
        }
    }
}

/// The library panics on some answers that are not as RFC 4511 says; `None` then.
pub(super) async fn guarded<T>(operation: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(operation).catch_unwind().await.ok()
}

fn unreadable(call: &Call) -> Error {
    call.error(ErrorKind::Protocol).with_reason("the answer is not well-formed")
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
                    ErrorKind::Connect,
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
