//! Events to systems that collect them (H-4, H-5).

use serde::{Deserialize, Serialize};

/// Where a collector is, and what it reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SiemTarget {
    /// A name or an address.
    pub server: String,
    /// 514 by habit; 6514 for TLS.
    pub port: u16,
    /// How it is reached.
    pub transport: SiemTransport,
    /// What it reads.
    pub format: SiemFormat,
}

impl SiemTarget {
    /// Syslog over this transport, on its usual port.
    pub fn new(server: impl Into<String>, transport: SiemTransport) -> Self {
        let port = if transport == SiemTransport::Tls { 6514 } else { 514 };
        Self { server: server.into(), port, transport, format: SiemFormat::Syslog }
    }

    /// Another format.
    #[must_use]
    pub const fn format(mut self, format: SiemFormat) -> Self {
        self.format = format;
        self
    }

    /// Another port.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }
}

/// How a collector is reached. None of them says whether an event arrived: one that was sent may still be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SiemTransport {
    /// A datagram for each event (RFC 5426). May be lost, and can be read on its way.
    Udp,
    /// A stream. Syslog and CEF with octet counting (RFC 6587), JSON by lines. Can be read on its way.
    Tcp,
    /// As TCP, within verified TLS (RFC 5425).
    Tls,
}

/// What a collector reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SiemFormat {
    /// RFC 5424, with the facts as structured data.
    Syslog,
    /// CEF version 0, in a syslog message.
    Cef,
    /// One JSON object for each event.
    Json,
}
