//! The transport over HTTP(S). Nothing of the library shows outside.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret as _, SecretString};

use crate::transport::{Body, BoxError, ConnectLimit, Transport, TransportError, TransportErrorKind};

/// What the transport needs to know.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) connect_timeout: Duration,
    /// Certificates of authorities in PEM.
    pub(crate) authorities: Vec<Vec<u8>>,
    /// Only those, and none of the machine's.
    pub(crate) only_these: bool,
    /// The client's own certificates and key in PEM.
    pub(crate) identity: Option<SecretString>,
    /// No TLS will be needed, so that a machine without certificates of authorities does.
    pub(crate) plain_http: bool,
    pub(crate) proxy: Option<url::Url>,
    /// The proxy that the environment names, unless there is one above.
    pub(crate) environment_proxy: bool,
}

/// More limits than this are not kept apart at the same time.
const MOST_LIMITS: usize = 8;

pub(crate) struct HttpTransport {
    client: ::reqwest::Client,
    tls: rustls::ClientConfig,
    proxy: Option<url::Url>,
    environment_proxy: bool,
    /// By limits for connecting that single calls asked for: the library knows only one for each client.
    others: Mutex<BTreeMap<Duration, ::reqwest::Client>>,
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of a proxy can hold a password, and what the libraries show of theirs may change.
        f.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}

impl HttpTransport {
    pub(crate) fn new(options: &Options) -> Result<Self, BoxError> {
        let tls = tls(options)?;
        let environment_proxy = options.environment_proxy && options.proxy.is_none();
        let client = client(&tls, options.proxy.as_ref(), environment_proxy, options.connect_timeout)?;
        Ok(Self { client, tls, proxy: options.proxy.clone(), environment_proxy, others: Mutex::default() })
    }

    fn with_limit(&self, limit: Duration) -> Result<::reqwest::Client, ::reqwest::Error> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = others.get(&limit) {
            return Ok(other.clone());
        }
        let other = client(&self.tls, self.proxy.as_ref(), self.environment_proxy, limit)?;
        if others.len() >= MOST_LIMITS {
            others.clear();
        }
        others.insert(limit, other.clone());
        Ok(other)
    }
}

fn client(
    tls: &rustls::ClientConfig,
    proxy: Option<&url::Url>,
    environment_proxy: bool,
    connect_timeout: Duration,
) -> Result<::reqwest::Client, ::reqwest::Error> {
    let mut builder = ::reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .redirect(::reqwest::redirect::Policy::none())
        .retry(::reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(Duration::from_secs(90));
    if !environment_proxy {
        builder = builder.no_proxy();
    }
    if let Some(proxy) = proxy {
        builder = builder.proxy(::reqwest::Proxy::all(proxy.clone())?);
    }
    builder.build()
}

/// The configuration is made with its own provider: a process default belongs to the program, not to a library.
fn tls(options: &Options) -> Result<rustls::ClientConfig, BoxError> {
    let provider = Arc::new(ring::default_provider());
    let mut own = Vec::new();
    for pem in &options.authorities {
        let before = own.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            own.push(certificate?);
        }
        if own.len() == before {
            return Err("a file of certificates of authorities has no certificate in it".into());
        }
    }
    if options.only_these && own.is_empty() && !options.plain_http {
        return Err("only the given authorities are to be trusted, and none is given".into());
    }
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = if options.plain_http || options.only_these {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in own {
            roots.add(certificate)?;
        }
        builder.with_root_certificates(roots)
    } else {
        builder.dangerous().with_custom_certificate_verifier(machine_verifier(own, provider)?)
    };
    let mut config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let (chain, key) = identity(pem)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| "the client's certificate and key cannot be used, or do not belong together")?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Reads the client's own certificates and key. Nothing of them is part of an error.
fn identity(pem: &SecretString) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), BoxError> {
    let pem = pem.expose_secret().as_bytes();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| "the client's certificate is unreadable")?;
    if chain.is_empty() {
        return Err("the client's certificate is missing".into());
    }
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| "the client's key is missing or unreadable")?;
    Ok((chain, key))
}

/// Verifies as the machine does, and trusts some authorities more. ("Dangerous" in rustls is any verifier that is not its own.)
fn machine_verifier(
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, BoxError> {
    Ok(Arc::new(rustls_platform_verifier::Verifier::new_with_extra_roots(own, provider)?))
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        let limit = request.extensions().get::<ConnectLimit>().copied();
        let request = request.map(|body| match body.as_bytes() {
            Some(bytes) => ::reqwest::Body::from(bytes.clone()),
            None => ::reqwest::Body::wrap(http_body_util::StreamBody::new(SyncStream(Mutex::new(body)))),
        });
        let request = ::reqwest::Request::try_from(request).map_err(convert)?;
        let client = match limit {
            None => self.client.clone(),
            Some(ConnectLimit(limit)) => self.with_limit(limit).map_err(convert)?,
        };
        let response = client.execute(request).await.map_err(convert)?;
        let response = http::Response::<::reqwest::Body>::from(response);
        Ok(response.map(|body| {
            Body::stream(
                http_body_util::BodyStream::new(body)
                    .map_err(|e| Box::new(e.without_url()) as BoxError)
                    .filter_map(async |frame| frame.map(|f| f.into_data().ok()).transpose()),
            )
        }))
    }
}

/// A stream that may be shared between threads because nobody can poll it from two.
struct SyncStream(Mutex<Body>);

impl futures_core::Stream for SyncStream {
    type Item = Result<http_body::Frame<bytes::Bytes>, BoxError>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let body = this.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        body.poll_next_unpin(cx).map(|item| item.map(|piece| piece.map(http_body::Frame::data)))
    }
}

fn convert(error: ::reqwest::Error) -> TransportError {
    let kind = if error.is_builder() {
        TransportErrorKind::Request
    } else if error.is_connect() || refused_unseen(&error) || certificate_refused(&error) {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Interrupted
    };
    // The address is cut off: its query may name what is searched for.
    TransportError::new(kind, Some(Box::new(error.without_url())))
}

/// HTTP/2's `REFUSED_STREAM` promises that the server did nothing with the request (RFC 9113 8.7). The type that says so is not public, so
/// its description is compared; a change of it would only cost a retry.
fn refused_unseen(error: &::reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.to_string().contains("refused stream before processing any application logic") {
            return true;
        }
        source = cause.source();
    }
    false
}

/// In TLS 1.3 a server looks at the client's certificate after the client thinks the handshake done, and says no by an alert before it reads
/// any request. rustls takes part in no later handshake, so such an alert always means that nothing was seen.
fn certificate_refused(error: &::reqwest::Error) -> bool {
    use rustls::AlertDescription as Alert;
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let alert = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(rustls::Error::AlertReceived(alert)) = alert.and_then(|e| e.downcast_ref()) {
            return matches!(
                alert,
                Alert::CertificateRequired
                    | Alert::BadCertificate
                    | Alert::UnsupportedCertificate
                    | Alert::CertificateRevoked
                    | Alert::CertificateExpired
                    | Alert::CertificateUnknown
                    | Alert::UnknownCA
                    | Alert::AccessDenied
                    | Alert::DecryptError
                    | Alert::HandshakeFailure
            );
        }
        source = cause.source();
    }
    false
}
