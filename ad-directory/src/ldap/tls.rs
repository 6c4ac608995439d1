//! Whom to trust. One provider, ring, handed over and never installed as the process's default.

use std::{net::Ipv6Addr, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};

use crate::{Error, ErrorKind, Result};

/// What stands in an address for the library in place of an IPv6 address. It is never looked up and never verified.
pub(super) const ADDRESS: &str = "address.invalid";

/// Whose certificates are accepted.
pub(super) struct Trust {
    config: Arc<ClientConfig>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// For a controller that is addressed by its name or IPv4 address, or by this IPv6 address.
    pub(super) fn config(&self, address: Option<Ipv6Addr>) -> Arc<ClientConfig> {
        let Some(address) = address else { return Arc::clone(&self.config) };
        let verifier = AddressVerifier {
            name: ServerName::IpAddress(address.into()),
            inner: Arc::clone(&self.verifier),
        };
        let mut config = ClientConfig::clone(&self.config);
        config.enable_sni = false;
        // As strict as the usual one: only the name to look for in the certificate is another.
        config.dangerous().set_certificate_verifier(Arc::new(verifier));
        Arc::new(config)
    }
}

/// Looks for an address in the certificate, whatever name the connection was made with.
#[derive(Debug)]
struct AddressVerifier {
    name: ServerName<'static>,
    inner: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for AddressVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(certificate, intermediates, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Trusts the authorities in `pems`, or those of the system when there are none.
pub(super) fn trust(pems: &[Vec<u8>]) -> Result<Trust> {
    let config = |reason: &'static str| Error::new(ErrorKind::Config, "build").with_reason(reason);
    let mut roots = RootCertStore::empty();
    for pem in pems {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| config("a certificate authority is not valid PEM").with_source(error))?;
            roots
                .add(certificate)
                .map_err(|error| config("a certificate authority cannot be used").with_source(error))?;
        }
        if roots.len() == before {
            return Err(config("a certificate authority holds no certificate in PEM"));
        }
    }
    if pems.is_empty() {
        // Some of a system's certificates may be odd; those are not used.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(config(
                "this system trusts no certificate authority; give the one that issued the controllers' certificates",
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| config("TLS cannot be set up").with_source(error))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| config("TLS cannot be set up").with_source(error))?;
    let config = builder.with_webpki_verifier(Arc::clone(&verifier)).with_no_client_auth();
    Ok(Trust { config: Arc::new(config), verifier })
}

/// What a failed handshake says to the person who has to repair it.
pub(super) fn explain(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(C::UnknownIssuer) => {
            "the controller's certificate is not issued by a trusted authority; give the CA that issued it"
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "the controller's certificate is for another name; address it by a name in the certificate's subjectAltName"
        }
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "the controller's certificate has expired; renew it, or check this machine's clock"
        }
        rustls::Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            "the controller's certificate is not valid yet; check this machine's clock"
        }
        rustls::Error::InvalidCertificate(_) => "the controller's certificate cannot be verified",
        rustls::Error::InvalidMessage(_) => {
            "the controller does not speak TLS on this port; use its LDAPS port, 636"
        }
        _ => "the TLS handshake failed",
    }
}
