//! Events to systems that collect them, over UDP, TCP or TLS (H-4).
//!
//! What is written is in [`rules::siem`](crate::rules::siem). No collector says that it has an event: what was sent and is lost on its way stays
//! lost. Each event has an id, by which a collector can drop what comes twice.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustls_pki_types::ServerName;
use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::tls::{self, Identity};
use crate::error::Result;
use crate::model::destination::{Destination, Target};
use crate::model::siem::{SiemFormat, SiemTarget, SiemTransport};
use crate::port::courier::{Courier, Parcel, Undelivered};
use crate::rules::siem::{Sender, record};

/// What a datagram may hold without being cut on its way, in bytes; receivers of both IP versions take this much (RFC 5426, section 3.2).
const DATAGRAM: usize = 1_180;

/// How long a collector has to say that it does not want us, once it has everything.
const FAREWELL: Duration = Duration::from_secs(2);

/// Makes a [`SiemCourier`].
#[derive(Debug)]
#[must_use]
pub struct SiemCourierBuilder {
    host: String,
    authorities: Vec<Vec<u8>>,
    identity: Option<Identity>,
    limit: Duration,
}

impl SiemCourierBuilder {
    /// Trusts these authorities (PEM) besides those of the machine.
    pub fn authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Shows this certificate to collectors that ask for one (RFC 5425, section 4.2): certificates in PEM, ours first, and its key in PEM.
    pub fn identity(mut self, certificates: impl Into<Vec<u8>>, key: SecretString) -> Self {
        self.identity = Some(Identity { certificates: certificates.into(), key });
        self
    }

    /// The longest that one event may take. Default 15 s.
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The courier. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): a certificate or key that cannot be read, or a key of another certificate.
    pub fn build(self) -> Result<SiemCourier> {
        let tls = tls::client("siem.build", &self.authorities, self.identity.as_ref())?;
        Ok(SiemCourier { host: self.host, tls: TlsConnector::from(Arc::new(tls)), limit: self.limit })
    }
}

/// Sends events to every destination that is a [`Target::Siem`], each over a connection of its own.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use alm_core::{Alm, Caller, Dispatcher};
/// use alm_core::adapter::siem::SiemCourier;
/// use alm_core::model::destination::Target;
/// use alm_core::model::siem::{SiemFormat, SiemTarget, SiemTransport};
/// use alm_core::service::destinations::AddDestination;
///
/// # async fn run(alm: Alm, admin: Caller) -> alm_core::Result<()> {
/// let collector = SiemTarget::new("siem.example.com", SiemTransport::Tls).format(SiemFormat::Cef);
/// alm.execute(&admin, "tell the SIEM", AddDestination::new("SIEM", Target::Siem(collector))).await?;
/// let courier = SiemCourier::builder("alm.example.com").build()?;
/// Dispatcher::new(alm).courier(Arc::new(courier)).run_ready().await?;
/// # Ok(()) }
/// ```
pub struct SiemCourier {
    host: String,
    tls: TlsConnector,
    limit: Duration,
}

impl std::fmt::Debug for SiemCourier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SiemCourier").field("host", &self.host).finish_non_exhaustive()
    }
}

impl SiemCourier {
    /// `host` is the name by which collectors know this machine.
    pub fn builder(host: impl Into<String>) -> SiemCourierBuilder {
        SiemCourierBuilder {
            host: host.into(),
            authorities: Vec::new(),
            identity: None,
            limit: Duration::from_secs(15),
        }
    }

    async fn send(&self, target: &SiemTarget, record: &[u8]) -> std::io::Result<()> {
        let place = (target.server.as_str(), target.port);
        match target.transport {
            SiemTransport::Udp => {
                let mut last = std::io::Error::other("the name has no address");
                for address in tokio::net::lookup_host(place).await? {
                    let own = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    let socket = UdpSocket::bind(own).await?;
                    match socket.send_to(record, address).await {
                        Ok(_) => return Ok(()),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
            SiemTransport::Tcp => write(TcpStream::connect(place).await?, target.format, record).await,
            SiemTransport::Tls => {
                let name = ServerName::try_from(target.server.clone()).map_err(std::io::Error::other)?;
                let stream = TcpStream::connect(place).await?;
                let mut stream = self.tls.connect(name, stream).await?;
                write(&mut stream, target.format, record).await?;
                not_refused(&mut stream).await
            }
        }
    }
}

/// With TLS 1.3 the handshake is over for us before the server has looked at our certificate: that it does not want us, it says only afterwards.
/// What ends otherwise, or says nothing, has the event as far as anybody can know.
async fn not_refused(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    let mut last = [0; 64];
    loop {
        match timeout(FAREWELL, stream.read(&mut last)).await {
            // An alert.
            Ok(Err(error)) if error.kind() == ErrorKind::InvalidData => return Err(error),
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) | Err(_) => return Ok(()),
        }
    }
}

/// Octet counting (RFC 6587, section 3.4.1; RFC 5425, section 4.3), or a line for JSON.
async fn write(
    mut stream: impl AsyncWrite + Unpin,
    format: SiemFormat,
    record: &[u8],
) -> std::io::Result<()> {
    let framed = if format == SiemFormat::Json {
        [record, b"\n"].concat()
    } else {
        [format!("{} ", record.len()).as_bytes(), record].concat()
    };
    stream.write_all(&framed).await?;
    stream.flush().await?;
    stream.shutdown().await
}

/// What fits into a datagram, cut between characters.
fn cut(record: &[u8]) -> &[u8] {
    let mut end = record.len().min(DATAGRAM);
    // A byte that goes on with a character begins with the bits 10.
    while end > 0 && end < record.len() && record.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    record.get(..end).unwrap_or(record)
}

#[async_trait]
impl Courier for SiemCourier {
    fn carries(&self, destination: &Destination) -> bool {
        matches!(destination.target, Target::Siem(_))
    }

    async fn carry(&self, parcel: &Parcel) -> std::result::Result<(), Undelivered> {
        let Target::Siem(target) = &parcel.destination.target else {
            return Err(Undelivered::never("is no collector"));
        };
        let sender = Sender::new(parcel.instance, &self.host, std::process::id());
        let whole = record(target.format, sender, &parcel.delivery);
        // JSON that was cut could not be read; a datagram that is too long for the way is refused or lost, as it would be then.
        let cuts = target.transport == SiemTransport::Udp && target.format != SiemFormat::Json;
        let record = if cuts { cut(&whole) } else { &whole };
        match timeout(self.limit, self.send(target, record)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let what = match target.transport {
                    SiemTransport::Tls => "could not be connected to, or has no TLS that can be trusted",
                    SiemTransport::Tcp | SiemTransport::Udp => "could not be sent to",
                };
                Err(Undelivered::again(format!("{} {what}: {}", target.server, error.kind())))
            }
            Err(_) => Err(Undelivered::again(format!("{} did not answer in time", target.server))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_4_a_datagram_is_cut_between_characters() {
        for pad in 0..4 {
            let long = format!("{}{}", "x".repeat(pad), "\u{1f511}".repeat(500));
            let cut = std::str::from_utf8(cut(long.as_bytes())).unwrap();
            assert!(cut.len() <= DATAGRAM && cut.len() > DATAGRAM - 4, "{}", cut.len());
        }
        assert_eq!(cut(b"short"), b"short");
    }
}
