//! TLS as all adapters here have it: ring, verified as the machine does, more authorities where some are given.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Error, ErrorKind, Result};

/// Who we are to a server that asks: certificates, ours first, and the key that belongs to it, all in PEM.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "siem"), allow(dead_code, reason = "only collectors ask"))]
pub(super) struct Identity {
    pub certificates: Vec<u8>,
    pub key: SecretString,
}

/// The configuration is made with its own provider: a process default belongs to the program, not to a library.
pub(super) fn client(
    operation: &'static str,
    authorities: &[Vec<u8>],
    identity: Option<&Identity>,
) -> Result<ClientConfig> {
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
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier.map_err(failed)?));
    let Some(identity) = identity else { return Ok(builder.with_no_client_auth()) };
    let chain: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&identity.certificates).collect();
    let chain = chain.map_err(|_| wrong("our own certificate cannot be read"))?;
    // What is wrong with a key is not said: it might be part of it.
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose_secret().as_bytes())
        .map_err(|_| wrong("the key of our own certificate cannot be read"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|_| wrong("our own certificate and its key do not belong together"))
}
