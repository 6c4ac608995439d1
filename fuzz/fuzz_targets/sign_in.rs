//! Any bytes as the answers of a sign-in, and any text as the address of the platform's vault: no panic, and the token goes to the platform
//! or to a host that may have it, and nowhere else.
#![no_main]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use fuzz::must_be_showable;
use libfuzzer_sys::fuzz_target;
use secretserver_client::auth::{Credential, Password, Platform};
use secretserver_client::testing::ManualClock;
use secretserver_client::transport::{Body, Transport, TransportError};
use secretserver_client::{Client, ErrorKind, SecretId};

const TOKEN: &str = "the-one-token";

/// Answers by path, and keeps the addresses to which the token went.
#[derive(Debug)]
struct Server {
    token: Vec<u8>,
    vaults: Vec<u8>,
    went: Mutex<Vec<http::Uri>>,
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        if request.headers().get("authorization").is_some_and(|v| v == &format!("Bearer {TOKEN}")) {
            self.went.lock().unwrap().push(request.uri().clone());
        }
        let path = request.uri().path();
        let answer = if path.ends_with("/vaultbroker/api/vaults") {
            self.vaults.clone()
        } else if path.contains("/oauth2/token") {
            self.token.clone()
        } else {
            b"{\"id\":4,\"name\":\"n\"}".to_vec()
        };
        Ok(http::Response::new(Body::from(Bytes::from(answer))))
    }
}

fuzz_target!(|input: (&str, &[u8])| {
    let (address, bytes) = input;
    let token = format!(r#"{{"access_token":"{TOKEN}","expires_in":60}}"#).into_bytes();
    let vaults = serde_json::json!({ "vaults": [{ "isDefault": true, "isActive": true, "connection": { "url": address } }] });
    run(Platform::new("c", "s".to_owned().into()), token.clone(), vaults.to_string().into_bytes());
    run(Platform::new("c", "s".to_owned().into()), token, bytes.to_vec());
    run(Password::new("u", "p".to_owned().into()), bytes.to_vec(), Vec::new());
});

fn run(credential: impl Into<Credential>, token: Vec<u8>, vaults: Vec<u8>) {
    let server = Arc::new(Server { token, vaults, went: Mutex::default() });
    let client = Client::builder("https://corp.delinea.app")
        .transport(server.clone())
        .clock(Arc::new(ManualClock::new()))
        .credential(credential)
        .build()
        .unwrap();
    if let Err(error) = futures_executor::block_on(client.secrets().summary(SecretId::new(4).unwrap())) {
        must_be_showable(&error.to_string());
        assert_ne!(error.kind(), ErrorKind::Auth, "nothing was refused: {error}");
    }
    for uri in server.went.lock().unwrap().iter() {
        let host = uri.host().unwrap();
        let cloud = ["com", "eu", "com.au", "com.sg", "ca", "co.uk", "ae"];
        assert_eq!(uri.scheme_str(), Some("https"), "{uri}");
        assert!(matches!(uri.port_u16(), None | Some(443)), "{uri}");
        assert!(
            host == "corp.delinea.app"
                || cloud.iter().any(|end| host.ends_with(&format!(".secretservercloud.{end}"))),
            "{uri}"
        );
        assert!(!uri.authority().unwrap().as_str().contains('@'), "{uri}");
    }
}
