//! Whom to trust. One provider, ring, handed over and never installed as the process's default.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{Error, ErrorKind, Result};

/// Trusts the authorities in `pems`, or those of the system when there are none.
pub(super) fn client_config(pems: &[Vec<u8>]) -> Result<Arc<ClientConfig>> {
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
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| config("TLS cannot be set up").with_source(error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
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
