//! Any text as a date of the server, and as `Retry-After`: a moment, never, or a clear refusal; a wait is never negative.
#![no_main]

use std::sync::{Arc, LazyLock};

use fuzz::{Server, must_be_showable};
use libfuzzer_sys::fuzz_target;
use secretserver_client::{Client, ErrorKind, SecretId};

static SERVER: LazyLock<(Arc<Server>, Client)> = LazyLock::new(|| {
    let server = Arc::new(Server::default());
    let client = server.client("https://vault.example").build().unwrap();
    (server, client)
});

fuzz_target!(|text: &str| {
    let (server, client) = &*SERVER;
    let read = |date: &str| {
        let body = serde_json::json!({ "id": 4, "name": "n", "createDate": date });
        server.answers(200, http::HeaderMap::new(), body.to_string().as_bytes());
        futures_executor::block_on(client.secrets().summary(SecretId::new(4).unwrap())).map(|s| s.create_date)
    };
    match read(text) {
        Ok(Some(at)) => {
            assert_eq!(read(&at.to_string()).unwrap(), Some(at), "what was read is read again as the same")
        }
        Ok(None) => {}
        Err(error) => {
            must_be_showable(&error.to_string());
            assert_eq!(error.kind(), ErrorKind::Decode);
        }
    }
    if let Ok(value) = http::HeaderValue::from_str(text) {
        let headers = http::HeaderMap::from_iter([(http::header::RETRY_AFTER, value)]);
        server.answers(429, headers, b"{}");
        let error =
            futures_executor::block_on(client.secrets().summary(SecretId::new(4).unwrap())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        must_be_showable(&error.to_string());
    }
});
