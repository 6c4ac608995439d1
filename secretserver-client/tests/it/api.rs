//! Plain HTTP over a socket: a client that shares nothing with ours.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) bytes: Vec<u8>,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// The server's code, or its message where there is none.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        body["errorCode"].as_str().or_else(|| body["message"].as_str()).unwrap_or_default().to_owned()
    }
}

/// Somebody who may be signed in.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) address: String,
    pub(crate) token: String,
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        Self { address, token: String::new() }
    }

    pub(crate) async fn sign_in(url: &str, username: &str, password: &str) -> Self {
        let mut api = Self::new(url);
        let form = [("grant_type", "password"), ("username", username), ("password", password)];
        let said = api.form("/oauth2/token", &form).await;
        assert_eq!(said.status, 200, "{}", said.code());
        said.json()["access_token"].as_str().unwrap().clone_into(&mut api.token);
        api
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Said {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.raw("POST", path, "application/x-www-form-urlencoded", form.as_bytes()).await
    }

    /// Any request; `path` begins after the base.
    pub(crate) async fn raw(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Said {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let token = if self.token.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {}\r\n", self.token)
        };
        let head = format!(
            "{method} /SecretServer{path} HTTP/1.1\r\nHost: {}\r\n{token}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let end = all.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer");
        let head = String::from_utf8_lossy(&all[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Said { status, head, bytes: all[end + 4..].to_vec() }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Said {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, &format!("/api{path}"), "application/json", body.as_bytes()).await
    }

    /// What a request that is allowed answers.
    pub(crate) async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let said = self.send(method, path, body).await;
        assert_eq!(said.status, 200, "{method} {path}: {}", String::from_utf8_lossy(&said.bytes));
        said.json()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.ok("POST", path, body).await
    }

    /// With what code a request is refused.
    pub(crate) async fn refused(&self, method: &str, path: &str, body: Value) -> String {
        let said = self.send(method, path, body).await;
        assert_ne!(said.status, 200, "{method} {path}: {}", String::from_utf8_lossy(&said.bytes));
        said.code()
    }
}
