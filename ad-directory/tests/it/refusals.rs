//! What the LDAP backend refuses, and what it says, without any controller.

use std::time::Duration;

use ad_directory::{
    Directory, ErrorKind, LdapDirectory, LdapDirectoryBuilder, Outcome, ProbeOptions, TimeLimits,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::stub::{Issuer, acceptor, authority};

const CANARY: &str = "Canary-7f3a";

/// A bind response, success, to message 1; sent again for message 2, where it answers nothing.
const BOUND: &[u8] = &[0x30, 0x0c, 0x02, 0x01, 0x01, 0x61, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00];

fn builder(url: &str, ca: &str) -> LdapDirectoryBuilder {
    LdapDirectory::builder(url).bind_name("svc@corp.example").password(CANARY.into()).ca_pem(ca).time_limits(
        TimeLimits::default().connect(Duration::from_secs(2)).operation(Duration::from_millis(500)),
    )
}

/// A controller that speaks TLS under these names and says nothing, or what `answer` says.
async fn controller(issuer: &Issuer, name: &str, answer: &'static [u8]) -> String {
    let acceptor = acceptor(issuer, name);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut buffer = [0; 1024];
                while let Ok(1..) = stream.read(&mut buffer).await {
                    if !answer.is_empty() && stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("ldaps://127.0.0.1:{port}")
}

#[test]
fn nothing_is_built_that_would_be_unsafe() {
    let (_, ca) = authority();
    let cases = [
        builder("ldap://dc1.corp.example", &ca),
        builder("ldaps://svc:Canary-7f3a@dc1", &ca),
        builder("ldaps://dc1", &ca).password(String::new().into()),
        builder("ldaps://dc1", &ca).bind_name(""),
        builder("ldaps://dc1", "not a certificate"),
        builder("ldaps://dc1", &ca).ca_file("/nowhere/ca.pem"),
        builder("ldaps://dc1", &ca).marker_attribute("cn)(x=*"),
        builder("ldaps://dc1", &ca).max_connections(0),
        builder("ldaps://dc1", &ca).fallback("ldap://dc2"),
    ];
    for case in cases {
        let error = case.build().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    }
    let directory = builder("ldaps://dc1", &ca).build().unwrap();
    assert!(!format!("{directory:?}").contains(CANARY));
    assert_eq!(directory.replace_password(String::new().into()).unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let (_, ca) = authority();
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = builder(&format!("ldaps://127.0.0.1:{port}"), &ca)
        .build()
        .unwrap()
        .probe(ProbeOptions::new())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    assert!(
        error.to_string().contains(&port.to_string()) && error.to_string().contains("nobody listens"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unknown_host_is_named() {
    let (_, ca) = authority();
    let error =
        builder("ldaps://dc1.invalid", &ca).build().unwrap().probe(ProbeOptions::new()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_name_is_refused() {
    let (issuer, ca) = authority();
    let (_, other) = authority();
    let url = controller(&issuer, "127.0.0.1", b"").await;
    let error = builder(&url, &other).build().unwrap().probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Tls, Outcome::NotSent));
    let url = controller(&issuer, "dc9.corp.example", b"").await;
    let error = builder(&url, &ca).build().unwrap().probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.to_string().contains("subjectAltName"), "{error}");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_named() {
    let (_, ca) = authority();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _sent = stream.write_all(b"220 smtp.corp.example ready\r\n").await;
        }
    });
    let error = builder(&format!("ldaps://127.0.0.1:{port}"), &ca)
        .build()
        .unwrap()
        .probe(ProbeOptions::new())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Tls, Outcome::NotSent));
}

#[tokio::test]
async fn a_silent_controller_does_not_hold_the_caller() {
    let (issuer, ca) = authority();
    let url = controller(&issuer, "127.0.0.1", b"").await;
    let began = std::time::Instant::now();
    let error = builder(&url, &ca).build().unwrap().probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// An answer that is no LDAP, and a sign-in that is granted to a connection that then says nonsense.
#[tokio::test]
async fn nonsense_is_an_error_and_no_panic() {
    let (issuer, ca) = authority();
    for answer in [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), &[0x30, 0x84, 0xff], BOUND] {
        let url = controller(&issuer, "127.0.0.1", answer).await;
        let error = builder(&url, &ca).build().unwrap().probe(ProbeOptions::new()).await.unwrap_err();
        assert!(error.is_transient() || error.kind() == ErrorKind::Protocol, "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}
