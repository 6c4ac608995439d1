//! TLS as all adapters here have it: ring, verified as the machine does, more authorities where some are given.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::error::{Error, ErrorKind, Result};

/// The configuration is made with its own provider: a process default belongs to the program, not to a library.
pub(super) fn client(operation: &'static str, authorities: &[Vec<u8>]) -> Result<ClientConfig> {
    let wrong = |what: &str| Error::new(ErrorKind::Config, operation, what);
    let mut own = Vec::new();
    for pem in authorities {
        let before = own.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            own.push(certificate.map_err(|_| wrong("a certificate of an authority cannot be read"))?);
        }
        if own.len() == before {
            return Err(wrong("a file of certificates of authorities has no certificate in it"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: rustls::Error| wrong("TLS cannot be set up").with_source(error);
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(own, Arc::clone(&provider));
    // "Dangerous" in rustls is any verifier that is not its own.
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier.map_err(failed)?))
        .with_no_client_auth())
}
