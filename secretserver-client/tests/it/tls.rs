//! TLS is verified: an authority that is not trusted is refused, one that is given is accepted, and a name must fit.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use secretserver_client::{Client, ErrorKind, Outcome};

/// An authority that signs certificates.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key).unwrap();
    Authority { certificate, issuer: Issuer::new(parameters, key) }
}

impl Authority {
    /// A certificate for these names, and its key.
    fn sign(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        (CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap(), key)
    }
}

fn ring() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A server with a certificate of its own authority for these names. Returns its port and the authority in PEM.
fn serve(names: &[&str]) -> (u16, String) {
    let authority = authority();
    let config = rustls::ServerConfig::builder_with_provider(ring())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    (listen(config, &authority, names).0, authority.certificate.pem())
}

/// Answers requests, and counts those that it could read.
fn listen(
    config: rustls::ConfigBuilder<rustls::ServerConfig, rustls::server::WantsServerCert>,
    authority: &Authority,
    names: &[&str],
) -> (u16, Arc<AtomicUsize>) {
    let (leaf, key) = authority.sign(names);
    let config = config
        .with_single_cert(
            vec![leaf.der().clone()],
            rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::new(config.clone())).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut buffer = [0; 4096];
            if tls.read(&mut buffer).is_ok_and(|n| n > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                let body = r#"{"healthy":true}"#;
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                tls.write_all(head.as_bytes()).and_then(|()| tls.write_all(body.as_bytes())).unwrap();
                tls.conn.send_close_notify();
                tls.flush().unwrap();
            } else {
                // The alert that says why was written; the client must be able to read it.
                drop(tls.sock.shutdown(std::net::Shutdown::Write));
                drop(tls.sock.read(&mut buffer));
            }
        }
    });
    (port, read)
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

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_ours_and_nothing_is_sent_to_it_without() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let (servers, clients, others) = (authority(), authority(), authority());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(clients.certificate.der().clone()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), ring())
            .build()
            .unwrap();
        let config = rustls::ServerConfig::builder_with_provider(ring())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier);
        let (port, read) = listen(config, &servers, &["127.0.0.1"]);
        let pem = |authority: &Authority| {
            let (certificate, key) = authority.sign(&["alm"]);
            format!("{}{}", certificate.pem(), key.serialize_pem())
        };
        let ask = async |own: Option<String>| {
            let mut builder = Client::builder(format!("https://127.0.0.1:{port}"))
                .authority(servers.certificate.pem())
                .only_these_authorities(true)
                .attempts(1);
            if let Some(own) = own {
                builder = builder.client_certificate(own.into());
            }
            builder.build().unwrap().system().health().await
        };
        assert!(ask(Some(pem(&clients))).await.unwrap().healthy);
        assert_eq!(read.load(Ordering::SeqCst), 1);
        for (name, own) in [("none", None), ("of another authority", Some(pem(&others)))] {
            let error = ask(own).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Connect, Outcome::NotSent),
                "{version:?}, {name}: {error:?}"
            );
        }
        assert_eq!(read.load(Ordering::SeqCst), 1, "no request was read");
    }
}

#[test]
fn an_own_certificate_that_cannot_be_used_is_refused_before_anything_is_sent() {
    let authority = authority();
    let ((one, _), (other, key)) = (authority.sign(&["a"]), authority.sign(&["b"]));
    for (name, pem) in [
        ("empty", String::new()),
        ("no key", one.pem()),
        ("no certificate", key.serialize_pem()),
        ("not each other's", format!("{}{}", one.pem(), key.serialize_pem())),
        ("broken", other.pem().replace("MII", "!!!") + &key.serialize_pem()),
    ] {
        let builder = Client::builder("https://vault.example").client_certificate(pem.clone().into());
        let shown = format!("{builder:?}");
        let error = builder.build().expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        let text = format!("{shown} {error} {error:?}");
        assert!(!text.contains("PRIVATE KEY") && !text.contains("MIG"), "{name}: {text}");
    }
}
