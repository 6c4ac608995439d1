//! What the targets share: a client whose server says what the fuzzer wants, and what must hold of every text that is shown or read back.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use secretserver_client::auth::StaticToken;
use secretserver_client::testing::ManualClock;
use secretserver_client::transport::{Body, Transport, TransportError};
use secretserver_client::{Client, ClientBuilder};
use serde::{Serialize, de::DeserializeOwned};

/// One answer for all requests, and the address of the last one.
#[derive(Debug, Default)]
pub struct Server {
    answer: Mutex<(u16, http::HeaderMap, Vec<u8>)>,
    asked: Mutex<Option<http::Uri>>,
}

impl Server {
    /// What is answered from now on.
    pub fn answers(&self, status: u16, headers: http::HeaderMap, body: &[u8]) {
        *self.answer.lock().unwrap() = (status, headers, body.to_vec());
    }

    /// The address that was asked for last.
    pub fn asked(&self) -> Option<http::Uri> {
        self.asked.lock().unwrap().take()
    }

    /// A client of this server under this address, which sends each call once.
    pub fn client(self: &Arc<Self>, base: &str) -> ClientBuilder {
        Client::builder(base)
            .transport(self.clone())
            .clock(Arc::new(ManualClock::new()))
            .credential(StaticToken::new("token".to_owned().into()))
            .attempts(1)
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        *self.asked.lock().unwrap() = Some(request.uri().clone());
        let (status, headers, body) = self.answer.lock().unwrap().clone();
        let mut response = http::Response::new(Body::from(Bytes::from(body)));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Of everything that is shown to a person or written into a log: one line, of a length that a log bears, without control characters.
pub fn must_be_showable(text: &str) {
    assert!(text.len() < 4096, "{} bytes long", text.len());
    assert!(!text.chars().any(char::is_control), "control characters in {text:?}");
}

/// What is written is read as the same value, in JSON too, and written again in the same letters.
pub fn must_come_back<T>(value: &T) -> String
where
    T: PartialEq + std::fmt::Debug + std::fmt::Display + std::str::FromStr + Serialize + DeserializeOwned,
    T::Err: std::fmt::Debug,
{
    let text = value.to_string();
    let again: T = text.parse().unwrap_or_else(|error| panic!("{text:?} is not read: {error:?}"));
    assert_eq!(&again, value, "{text:?}");
    assert_eq!(again.to_string(), text, "what is written is the shortest way to say it");
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    text
}
