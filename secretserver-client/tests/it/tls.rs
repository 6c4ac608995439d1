//! TLS is verified: an authority that is not trusted is refused, one that is given is accepted, and a name must fit.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use secretserver_client::{Client, ErrorKind, Outcome};

/// A server with a certificate of its own authority for these names. Returns its port and the authority in PEM.
fn serve(names: &[&str]) -> (u16, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::new(config.clone())).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut buffer = [0; 4096];
            if tls.read(&mut buffer).is_ok_and(|n| n > 0) {
                let body = r#"{"healthy":true}"#;
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                tls.write_all(head.as_bytes()).and_then(|()| tls.write_all(body.as_bytes())).unwrap();
                tls.conn.send_close_notify();
                tls.flush().unwrap();
            }
        }
    });
    (port, ca_certificate.pem())
}

async fn health(port: u16, authority: &str, only: bool) -> Result<bool, secretserver_client::Error> {
    let client = Client::builder(format!("https://127.0.0.1:{port}"))
        .authority(authority)
        .only_these_authorities(only)
        .attempts(1)
        .build()?;
    client.system().health().await.map(|h| h.healthy)
}

#[tokio::test]
async fn a_given_authority_is_trusted_alone() {
    let (port, authority) = serve(&["127.0.0.1"]);
    assert!(health(port, &authority, true).await.unwrap());
}

#[tokio::test]
async fn a_given_authority_is_trusted_besides_those_of_the_machine() {
    let (port, authority) = serve(&["127.0.0.1"]);
    assert!(health(port, &authority, false).await.unwrap());
}

#[tokio::test]
async fn another_authority_is_refused_and_nothing_was_sent() {
    let (port, _) = serve(&["127.0.0.1"]);
    let (_, other) = serve(&["127.0.0.1"]);
    let error = health(port, &other, true).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent), "{error}");
}

#[tokio::test]
async fn another_name_is_refused() {
    let (port, authority) = serve(&["vault.example"]);
    let error = health(port, &authority, true).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent), "{error}");
}
