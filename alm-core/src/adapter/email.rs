//! Notices by e-mail: messages to the recipients of events, over SMTP (N-16).
//!
//! Messages are plain text. Each person gets one, to all of their addresses (O-1), marked as made by a machine (RFC 3834), under a Message-ID of
//! event and person that is the same with every attempt.

use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, To};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Error, ErrorKind, Result};
use crate::model::destination::{Destination, Target};
use crate::model::email::Letter;
use crate::model::ids::{EventId, PersonId};
use crate::port::courier::{Courier, Fate, Parcel, Undelivered};
use crate::rules::text::is_hidden;

const OPERATION: &str = "email.build";
/// How many messages are remembered as sent, so that a person does not get one again because another's address was refused.
const REMEMBERED: usize = 10_000;

/// How the connection to the server is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SmtpSecurity {
    /// TLS from the first byte; port 465 unless another is said.
    Tls,
    /// TLS before anything else is said, or nothing is sent; port 587 unless another is said.
    StartTls,
    /// None. To a server on this machine only; port 25 unless another is said.
    Plain,
}

/// Makes a [`SmtpCourier`].
#[derive(Debug)]
#[must_use]
pub struct SmtpCourierBuilder {
    host: String,
    port: Option<u16>,
    security: SmtpSecurity,
    login: Option<(String, SecretString)>,
    authorities: Vec<Vec<u8>>,
    limit: Duration,
}

impl SmtpCourierBuilder {
    /// Another port than the usual one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How the connection is kept from others. Default [`SmtpSecurity::StartTls`].
    pub const fn security(mut self, security: SmtpSecurity) -> Self {
        self.security = security;
        self
    }

    /// Signs in to the server. Never on a plain connection.
    pub fn login(mut self, user: impl Into<String>, password: SecretString) -> Self {
        self.login = Some((user.into(), password));
        self
    }

    /// Trusts these authorities (PEM) besides those of the machine.
    pub fn authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// The longest that the server may take for one step. Default 15 s.
    pub const fn step_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The courier. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): a plain connection to another machine or with a sign-in, a certificate that cannot be read.
    pub fn build(self) -> Result<SmtpCourier> {
        let wrong = |message: String| Error::new(ErrorKind::Config, OPERATION, message);
        if self.security == SmtpSecurity::Plain {
            if !is_this_machine(&self.host) {
                let message = format!("{} is another machine: messages go there over TLS only", self.host);
                return Err(wrong(message).with_advice("use SmtpSecurity::StartTls or Tls"));
            }
            if self.login.is_some() {
                return Err(wrong("a password is not sent over a plain connection".to_owned()));
            }
        }
        let tls = match self.security {
            SmtpSecurity::Plain => Tls::None,
            SmtpSecurity::Tls => Tls::Wrapper(self.parameters()?),
            SmtpSecurity::StartTls => Tls::Required(self.parameters()?),
        };
        let port = self.port.unwrap_or(match self.security {
            SmtpSecurity::Tls => 465,
            SmtpSecurity::StartTls => 587,
            SmtpSecurity::Plain => 25,
        });
        // "Dangerous" is what it is without TLS, which is set here.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(port)
            .tls(tls)
            .timeout(Some(self.limit));
        if let Some((user, password)) = self.login {
            builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
        }
        let server = format!("{}:{port}", self.host);
        Ok(SmtpCourier { server, transport: builder.build(), sent: Mutex::default() })
    }

    /// TLS 1.2 or newer, verified as the machine does. `lettre` takes the program's own provider where it has installed one, otherwise ring.
    fn parameters(&self) -> Result<TlsParameters> {
        let wrong =
            || Error::new(ErrorKind::Config, OPERATION, "a certificate of an authority cannot be read");
        let mut parameters = TlsParameters::builder(self.host.clone());
        for pem in &self.authorities {
            // A file without any is read as none by the library.
            let is_one = String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----");
            let certificate = is_one.then(|| Certificate::from_pem(pem).ok()).flatten();
            parameters = parameters.add_root_certificate(certificate.ok_or_else(wrong)?);
        }
        parameters.build_rustls().map_err(|error| {
            Error::new(ErrorKind::Config, OPERATION, "TLS cannot be set up").with_source(error)
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Sends messages through one SMTP server, for every destination that is a [`Target::Email`].
///
/// ```no_run
/// # use std::sync::Arc;
/// # use alm_core::{Alm, Caller, Dispatcher};
/// use alm_core::adapter::email::SmtpCourier;
/// use alm_core::model::destination::Target;
/// use alm_core::model::email::EmailTarget;
/// use alm_core::service::destinations::AddDestination;
///
/// # async fn run(alm: Alm, admin: Caller, password: secrecy::SecretString) -> alm_core::Result<()> {
/// let sender = AddDestination::new("mail", Target::Email(EmailTarget::new("alm@example.com")));
/// alm.execute(&admin, "send mail", sender).await?;
/// let mail = SmtpCourier::builder("mail.example.com").login("alm", password).build()?;
/// let dispatcher = Dispatcher::new(alm).courier(Arc::new(mail));
/// dispatcher.run_ready().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct SmtpCourier {
    server: String,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    all: HashSet<Reached>,
    order: VecDeque<Reached>,
}

/// A person who needs no more, or one address of theirs that has the message.
type Reached = (EventId, PersonId, Option<Address>);

/// Why a message was not taken, and whether none will be for now.
struct Unsent {
    why: Undelivered,
    away: bool,
}

impl Unsent {
    fn is_for_now(&self) -> bool {
        self.why.fate() == Fate::Again
    }
}

impl From<Undelivered> for Unsent {
    fn from(why: Undelivered) -> Self {
        Self { why, away: false }
    }
}

impl SmtpCourier {
    /// Through the server of this name, with STARTTLS on port 587 unless something else is said.
    pub fn builder(host: impl Into<String>) -> SmtpCourierBuilder {
        SmtpCourierBuilder {
            host: host.into(),
            port: None,
            security: SmtpSecurity::StartTls,
            login: None,
            authorities: Vec::new(),
            limit: Duration::from_secs(15),
        }
    }

    fn was_sent(&self, letter: &Letter, address: Option<&Address>) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.all.contains(&(letter.event, letter.person, address.cloned()))
    }

    fn remember(&self, letter: &Letter, address: Option<Address>) {
        let key = (letter.event, letter.person, address);
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.all.insert(key.clone()) {
            sent.order.push_back(key);
        }
        if sent.order.len() > REMEMBERED
            && let Some(oldest) = sent.order.pop_front()
        {
            sent.all.remove(&oldest);
        }
    }

    /// To all addresses at once; where one of them is refused, to each by itself, so that it costs the others nothing. An address that
    /// has it does not get it again when another is tried later.
    async fn send(&self, from: &Mailbox, letter: &Letter) -> std::result::Result<(), Unsent> {
        let (message, all) = message(from, letter)?;
        let left: Vec<_> = all.iter().filter(|one| !self.was_sent(letter, Some(one))).cloned().collect();
        let mut reached = left.len() < all.len();
        if left.is_empty() {
            return Ok(());
        }
        let bytes = message.formatted();
        let Err(whole) = self.hand_over(from, left.clone(), &bytes).await else { return Ok(()) };
        if whole.away {
            return Err(whole);
        }
        let mut refused = None;
        if left.len() == 1 {
            refused = Some(whole);
        } else {
            for address in left {
                match self.hand_over(from, vec![address.clone()], &bytes).await {
                    Ok(()) => {
                        self.remember(letter, Some(address));
                        reached = true;
                    }
                    Err(why) if why.away => return Err(why),
                    Err(why) if why.is_for_now() || refused.is_none() => refused = Some(why),
                    Err(_) => {}
                }
            }
        }
        match refused {
            Some(why) if why.is_for_now() || !reached => Err(why),
            _ => Ok(()),
        }
    }

    /// Why a message was not taken, and whether it may be later. What the server said is not repeated: it may name people.
    async fn hand_over(
        &self,
        from: &Mailbox,
        addresses: Vec<Address>,
        bytes: &[u8],
    ) -> std::result::Result<(), Unsent> {
        let envelope = Envelope::new(Some(from.email.clone()), addresses)
            .map_err(|_| Undelivered::never("a message without addresses"))?;
        let Err(error) = self.transport.send_raw(&envelope, bytes).await else { return Ok(()) };
        let code = error.status().map(u16::from);
        let said = code.map(|code| format!(" with {code}")).unwrap_or_default();
        // RFC 5321, section 4.2.3: these are about mailbox or message; others may be about our sign-in, which a person mends.
        if matches!(code, Some(550..=553)) {
            let why = format!("{} refused a message for good{said}", self.server);
            return Err(Undelivered::never(why).into());
        }
        // RFC 5321, section 3.8, and RFC 4954, section 6: it closes, or takes no sign-in, which is not tried with each message.
        let away = matches!(code, None | Some(421 | 454 | 530 | 534 | 535 | 538));
        let what = match (error.is_timeout(), error.is_tls(), code) {
            (true, _, _) => "did not answer in time",
            (_, true, _) => "has no TLS that can be trusted",
            (_, _, Some(_)) => "refused a message",
            _ => "could not be talked to",
        };
        Err(Unsent { why: Undelivered::again(format!("{} {what}{said}", self.server)), away })
    }
}

/// The message and where it goes. Addresses are parsed and headers encoded by their types, so that no text can begin a header of its own.
fn message(from: &Mailbox, letter: &Letter) -> std::result::Result<(Message, Vec<Address>), Undelivered> {
    let unfit = |what: &str| Undelivered::never(format!("{what} of person {} can be used", letter.person));
    let addresses: Vec<Address> =
        letter.addresses.iter().filter_map(|address| address.parse().ok()).collect();
    if addresses.is_empty() {
        return Err(unfit("no address"));
    }
    // The library cannot write a name with a line break in it.
    let shown = |text: &str| -> String { text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect() };
    let mut to = Mailboxes::new();
    for address in &addresses {
        to.push(Mailbox::new(Some(shown(&letter.name)), address.clone()));
    }
    let id = format!("<{}.{}@{}>", letter.event, letter.person, from.email.domain());
    let automatic =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .mailbox(To::from(to))
        .from(from.clone())
        .subject(shown(&letter.subject))
        .message_id(Some(id))
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN)
        .body(letter.body.clone())
        .map_err(|_| unfit("no message"))?;
    Ok((message, addresses))
}

#[async_trait]
impl Courier for SmtpCourier {
    fn carries(&self, destination: &Destination) -> bool {
        matches!(destination.target, Target::Email(_))
    }

    fn speaks_to_people(&self) -> bool {
        true
    }

    async fn carry(&self, parcel: &Parcel) -> std::result::Result<(), Undelivered> {
        let Target::Email(target) = &parcel.destination.target else {
            return Err(Undelivered::never("is no e-mail"));
        };
        let from = target.from.parse().map_err(|_| Undelivered::never("the sender's address is unfit"))?;
        let (mut later, mut reached) = (None, false);
        let mut never: Vec<(PersonId, Undelivered)> = Vec::new();
        for letter in &parcel.letters {
            if self.was_sent(letter, None) {
                reached = true;
                continue;
            }
            match self.send(&from, letter).await {
                Ok(()) => {
                    self.remember(letter, None);
                    reached = true;
                }
                Err(unsent) if unsent.is_for_now() => {
                    later = Some(unsent.why);
                    if unsent.away {
                        break;
                    }
                }
                Err(unsent) => never.push((letter.person, unsent.why)),
            }
        }
        // What can still be sent is tried again; who got theirs is remembered.
        if let Some(why) = later {
            return Err(why);
        }
        let people: Vec<_> = never.iter().map(|(person, _)| person.to_string()).collect();
        match never.pop() {
            None => Ok(()),
            // A dead letter would hold the account's next messages back from those who can be reached.
            Some((_, why)) if reached => {
                Err(Undelivered::partly(format!("{why}; not reached: {}", people.join(", "))))
            }
            Some((_, why)) => Err(why),
        }
    }
}
