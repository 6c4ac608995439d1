//! Any status, header and body as a refusal: no panic, an error that can be shown, and an outcome that claims nothing too much.
#![no_main]

use std::error::Error as _;
use std::sync::{Arc, LazyLock};

use fuzz::{Server, must_be_showable};
use libfuzzer_sys::fuzz_target;
use secretserver_client::resource::secrets::NewSecret;
use secretserver_client::{Client, Error, Outcome, SecretId, SecretTemplateId};

static SERVER: LazyLock<(Arc<Server>, Client)> = LazyLock::new(|| {
    let server = Arc::new(Server::default());
    let client = server.client("https://vault.example").build().unwrap();
    (server, client)
});

fuzz_target!(|input: (u16, Option<&str>, &[u8])| {
    let (status, retry_after, body) = input;
    let (server, client) = &*SERVER;
    // A closed client asks for nothing more, so each round begins with a new credential.
    client.replace_credential(secretserver_client::auth::StaticToken::new("token".to_owned().into()));
    let status = 300 + status % 300;
    let mut headers = http::HeaderMap::new();
    if let Some(value) = retry_after.and_then(|v| http::HeaderValue::from_str(v).ok()) {
        headers.insert(http::header::RETRY_AFTER, value);
    }
    server.answers(status, headers, body);
    let read = futures_executor::block_on(client.secrets().summary(SecretId::new(4).unwrap())).unwrap_err();
    let new = NewSecret::new("n", SecretTemplateId::new(6001).unwrap());
    let written = futures_executor::block_on(client.secrets().create(new)).unwrap_err();
    for error in [&read, &written] {
        check(error, status);
    }
});

fn check(error: &Error, status: u16) {
    must_be_showable(&error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        must_be_showable(&cause.to_string());
        source = cause.source();
    }
    // A given token that was refused closes the client: the second call is not sent.
    if let Some(seen) = error.status() {
        assert_eq!(seen.as_u16(), status, "{error}");
    }
    assert_ne!(error.outcome(), Outcome::Done, "{status}: {error}");
    if status >= 500 || status == 408 {
        assert_eq!(error.outcome(), Outcome::Unknown, "{status}: {error}");
    }
    if let Some(api) = error.api() {
        assert!(api.message().chars().count() <= 200 && api.code().unwrap_or_default().chars().count() <= 80);
    }
}
