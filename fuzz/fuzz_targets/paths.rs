//! Any text as the base address, as a segment of a path and as a value of a query: the request stays at the base's origin, below its path.
#![no_main]

use std::sync::Arc;

use fuzz::{Server, must_be_showable};
use libfuzzer_sys::fuzz_target;
use secretserver_client::{Client, SecretId};
use url::Url;

fuzz_target!(|input: (&str, &str)| {
    let (base, value) = input;
    let server = Arc::new(Server::default());
    match server.client(base).build() {
        Ok(client) => stays(&server, &client, &Url::parse(base.trim()).unwrap(), value),
        Err(error) => must_be_showable(&error.to_string()),
    }
    let fixed = "https://vault.example/SecretServer";
    let client = server.client(fixed).build().unwrap();
    stays(&server, &client, &Url::parse(fixed).unwrap(), value);
});

fn stays(server: &Arc<Server>, client: &Client, base: &Url, value: &str) {
    assert!(
        base.scheme() == "https"
            || matches!(base.host_str(), Some("localhost" | "[::1]"))
            || is_loopback(base)
    );
    assert!(base.username().is_empty() && base.password().is_none() && base.query().is_none());
    let root = base.as_str().trim_end_matches('/').to_owned();

    server.answers(200, http::HeaderMap::new(), b"\"v\"");
    let field = futures_executor::block_on(client.secrets().field(SecretId::new(4).unwrap(), value));
    match server.asked() {
        Some(asked) => {
            let sent = Url::parse(&asked.to_string()).unwrap();
            assert_eq!(sent.origin(), base.origin(), "{asked}");
            let slug = asked.to_string();
            let slug =
                slug.strip_prefix(&format!("{root}/api/v1/secrets/4/fields/")).expect("below the base");
            assert!(!slug.split('?').next().unwrap().contains(['/', '\\', '#']), "{asked}");
            assert_eq!(sent.to_string(), asked.to_string(), "another parser sees the same address");
        }
        None => must_be_showable(&field.unwrap_err().to_string()),
    }

    server.answers(200, http::HeaderMap::new(), b"{}");
    drop(futures_executor::block_on(client.folders().get_by_path(value)));
    if let Some(asked) = server.asked() {
        let sent = Url::parse(&asked.to_string()).unwrap();
        assert_eq!(sent.origin(), base.origin(), "{asked}");
        let given: Vec<_> = sent.query_pairs().into_owned().collect();
        assert_eq!(given, [("folderPath".to_owned(), value.to_owned())], "{asked}");
    }
}

fn is_loopback(base: &Url) -> bool {
    base.host_str().and_then(|h| h.parse::<std::net::IpAddr>().ok()).is_some_and(|ip| ip.is_loopback())
}
