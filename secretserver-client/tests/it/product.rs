//! Which product answers, found out without a credential.

use std::sync::Arc;

use secretserver_client::auth::StaticToken;
use secretserver_client::client::Product;
use secretserver_client::testing::Script;
use secretserver_client::{Client, Error, ErrorKind};

use super::raw::{Act, Raw};

async fn ask(script: Script) -> (Result<Product, Error>, Vec<String>) {
    let script = Arc::new(script);
    let client = Client::builder("https://host.example/base")
        .transport(script.clone())
        .credential(StaticToken::new("CANARY".into()))
        .attempts(1)
        .build()
        .unwrap();
    let product = client.product().await;
    assert!(script.requests().iter().all(|r| r.headers().get("authorization").is_none()));
    (product, script.requests().iter().map(|r| r.uri().path().to_owned()).collect())
}

const LOGIN: &str = "<!DOCTYPE html><title>Healthy</title>";

#[tokio::test]
async fn secret_server_is_asked_for_first() {
    for body in [r#"{"healthy":true}"#, r#"{"Healthy":true,"readOnlyMode":true}"#, "Healthy", "\"Healthy\""] {
        let (product, asked) = ask(Script::new().json(200, body)).await;
        assert_eq!(
            (product.unwrap(), asked.as_slice()),
            (Product::SecretServer, &["/base/api/v1/healthcheck".to_owned()][..]),
            "{body}"
        );
    }
}

#[tokio::test]
async fn then_the_platform() {
    for first in [(404, ""), (404, LOGIN), (200, LOGIN), (401, "{}"), (302, ""), (200, "{}"), (500, LOGIN)] {
        let (product, asked) =
            ask(Script::new().json(first.0, first.1).json(200, r#"{"HEALTHY":true}"#)).await;
        assert_eq!(product.unwrap(), Product::Platform, "{first:?}");
        assert_eq!(asked, ["/base/api/v1/healthcheck", "/base/health"]);
    }
}

#[tokio::test]
async fn unhealthy_is_not_healthy() {
    for body in [r#"{"healthy":false}"#, "Unhealthy"] {
        let (product, _) = ask(Script::new().json(200, body)).await;
        let error = product.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server, "{body}");
        assert!(
            error.to_string().contains("Secret Server answers and says that it is not healthy"),
            "{error}"
        );
        let (product, _) = ask(Script::new().json(404, "").json(200, body)).await;
        let error = product.unwrap_err();
        assert!(error.to_string().contains("the Delinea Platform answers and says"), "{error}");
    }
}

#[tokio::test]
async fn something_else_is_neither_and_says_what_it_may_be() {
    for body in [LOGIN, "Not Healthy", "Healthy, more or less", r#"{"healthy":"Healthy"}"#, "[]", ""] {
        let (product, asked) = ask(Script::new().json(200, body).json(200, body)).await;
        let error = product.unwrap_err();
        assert_eq!((error.kind(), asked.len()), (ErrorKind::Unsupported, 2), "{body}");
        assert!(error.to_string().contains("a login page, a proxy, or another path"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_not_called_something_else() {
    let (product, _) = ask(Script::new().json(503, "").json(404, "")).await;
    assert_eq!(product.unwrap_err().kind(), ErrorKind::Server);
    let client = Client::builder("http://127.0.0.1:1").attempts(1).build().unwrap();
    assert_eq!(client.product().await.unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn on_a_socket_no_token_and_no_redirect() {
    let trap = Raw::start(vec![Act::json("200 OK", r#"{"healthy":true}"#)]).await;
    let to_login = || Act::with("302 Found", &format!("Location: {}/login\r\n", trap.url), "");
    let raw = Raw::start(vec![to_login(), to_login()]).await;
    let client = Client::builder(&raw.url).credential(StaticToken::new("CANARY".into())).build().unwrap();
    assert_eq!(client.product().await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(raw.requests().len(), 2);
    assert!(raw.requests().iter().all(|r| !r.contains("CANARY")) && trap.requests().is_empty());
}
