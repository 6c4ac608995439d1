//! Certificates for servers of tests.

use std::sync::Arc;

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::PrivateKeyDer;
use secrecy::SecretString;
use tokio_rustls::TlsAcceptor;

/// An authority, and a server for `localhost` that it vouches for.
pub(super) fn tls() -> (String, TlsAcceptor) {
    let (authority, acceptor, _) = make(false);
    (authority, acceptor)
}

/// The same, with a server that wants a certificate of its clients; one with its key.
pub(super) fn mutual_tls() -> (String, TlsAcceptor, (String, SecretString)) {
    make(true)
}

fn make(mutual: bool) -> (String, TlsAcceptor, (String, SecretString)) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::from_params(&params, &key);
    let signed = |name: &str| {
        let own = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
        (certificate, own)
    };
    let (server, server_key) = signed("localhost");
    let (client, client_key) = signed("alm.example.com");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let builder = if mutual {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::try_from(server_key.serialize_der()).unwrap();
    let config = builder.with_single_cert(vec![server.der().clone()], key).unwrap();
    let identity = (client.pem(), SecretString::from(client_key.serialize_pem()));
    (authority.pem(), TlsAcceptor::from(Arc::new(config)), identity)
}
