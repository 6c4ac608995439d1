//! The Delinea Platform: where the token comes from, where it goes, and where it never goes.

use std::sync::Arc;
use std::time::Duration;

use secretserver_client::auth::{Credential, Platform};
use secretserver_client::testing::{ManualClock, Script};
use secretserver_client::{Client, ErrorKind, Outcome};

use super::raw::{Act, Raw};

const USER: &str = r#"{"id":1,"userName":"svc","permissions":[]}"#;

fn token(name: &str, life: u64) -> String {
    format!(
        r#"{{"access_token":"{name}","refresh_token":"CANARY","id_token":"CANARY","token_type":"Bearer","expires_in":{life},"session_expires_in":0,"scope":"xpmheadless"}}"#
    )
}

fn vaults(url: &str) -> String {
    serde_json::json!({ "vaults": [{ "vaultId": "v", "name": "GlobalDefaultVault", "type": "SecretServerCloud",
        "isDefault": true, "isGlobalDefault": true, "isActive": true,
        "connection": { "url": url, "oAuthProfileId": "p" } }] })
    .to_string()
}

const CLOUD: &str = "https://tenant.secretservercloud.com/";

fn client(script: &Arc<Script>, clock: &ManualClock) -> Client {
    Client::builder("https://corp.delinea.app")
        .transport(script.clone())
        .clock(Arc::new(clock.clone()))
        .credential(Platform::new("svc@corp", "CANARY".into()))
        .build()
        .unwrap()
}

/// Where each request went, and with which token.
fn sent(script: &Script) -> Vec<String> {
    let token = |r: &http::Request<Vec<u8>>| {
        r.headers().get("authorization").map(|v| format!(" {}", v.to_str().unwrap())).unwrap_or_default()
    };
    script.requests().iter().map(|r| format!("{} {}{}", r.method(), r.uri(), token(r))).collect()
}

const SIGN_IN: &str = "POST https://corp.delinea.app/identity/api/oauth2/token/xpmplatform";

fn asks(token: &str) -> String {
    format!("GET https://corp.delinea.app/vaultbroker/api/vaults Bearer {token}")
}

fn calls(token: &str) -> String {
    format!("GET https://tenant.secretservercloud.com/api/v1/users/current Bearer {token}")
}

#[tokio::test]
async fn signs_in_finds_the_vault_and_asks_again_after_five_minutes_with_the_same_token() {
    let script = Arc::new(
        Script::new()
            .json(200, token("t1", 3600))
            .json(200, vaults(CLOUD))
            .json(200, USER)
            .json(200, USER)
            .json(200, vaults(CLOUD))
            .json(200, USER)
            .json(200, token("t2", 3600))
            .json(200, vaults(CLOUD))
            .json(200, USER),
    );
    let clock = ManualClock::new();
    let client = client(&script, &clock);
    client.users().current().await.unwrap();
    clock.advance(Duration::from_mins(3));
    client.users().current().await.unwrap();
    clock.advance(Duration::from_mins(3));
    client.users().current().await.unwrap();
    clock.advance(Duration::from_mins(54));
    client.users().current().await.unwrap();
    assert_eq!(
        sent(&script),
        [
            SIGN_IN.to_owned(),
            asks("t1"),
            calls("t1"),
            calls("t1"),
            asks("t1"),
            calls("t1"),
            SIGN_IN.to_owned(),
            asks("t2"),
            calls("t2"),
        ]
    );
    assert_eq!(
        String::from_utf8_lossy(script.requests()[0].body()),
        "grant_type=client_credentials&client_id=svc%40corp&client_secret=CANARY&scope=xpmheadless"
    );
}

#[tokio::test]
async fn the_vault_in_use_is_kept_while_the_platform_does_not_answer_but_not_for_long() {
    let mut script = Script::new().json(200, token("t1", 3600)).json(200, vaults(CLOUD)).json(200, USER);
    for _ in 0..4 {
        script = script.json(503, "{}");
    }
    let script = Arc::new(script.json(200, USER).json(400, r#"{"message":"no"}"#));
    let clock = ManualClock::new();
    let client = client(&script, &clock);
    client.users().current().await.unwrap();
    clock.advance(Duration::from_secs(275));
    client.users().current().await.unwrap();
    clock.advance(Duration::from_mins(2));
    let error = client.users().current().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::NotSent), "{error}");
    assert_eq!(script.requests().len(), 9);
}

#[tokio::test]
async fn a_refused_token_means_a_new_one_and_not_the_one_that_is_kept() {
    let script = Arc::new(
        Script::new()
            .json(200, token("t1", 3600))
            .json(200, vaults(CLOUD))
            .json(401, "{}")
            .json(200, token("t2", 3600))
            .json(200, vaults(CLOUD))
            .json(200, USER),
    );
    client(&script, &ManualClock::new()).users().current().await.unwrap();
    let all = sent(&script);
    assert_eq!(all[2..], [calls("t1"), SIGN_IN.to_owned(), asks("t2"), calls("t2")]);
}

#[tokio::test]
async fn a_token_that_ended_early_is_replaced_when_the_vault_is_asked_for() {
    let script = Arc::new(
        Script::new()
            .json(200, token("t1", 3600))
            .json(200, vaults(CLOUD))
            .json(200, USER)
            .json(401, "{}")
            .json(200, token("t2", 3600))
            .json(200, vaults(CLOUD))
            .json(200, USER),
    );
    let clock = ManualClock::new();
    let client = client(&script, &clock);
    client.users().current().await.unwrap();
    clock.advance(Duration::from_mins(6));
    client.users().current().await.unwrap();
    assert_eq!(sent(&script)[3..], [asks("t1"), SIGN_IN.to_owned(), asks("t2"), calls("t2")]);
}

#[tokio::test]
async fn a_refusal_closes_the_client_wherever_it_comes_from() {
    for script in [
        Script::new().json(400, r#"{"error":"invalid_client"}"#),
        Script::new().json(401, r#"{"error":"invalid_client"}"#),
        Script::new().json(200, token("t", 3600)).json(401, "{}"),
    ] {
        let script = Arc::new(script);
        let client = client(&script, &ManualClock::new());
        for _ in 0..3 {
            let error = client.users().current().await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotSent), "{error}");
            assert!(!format!("{error} {error:?} {client:?}").contains("CANARY"), "{error:?}");
        }
        assert!(
            script.requests().iter().filter(|r| r.method() == "POST").count() == 1,
            "{:?}",
            sent(&script)
        );
    }
}

#[tokio::test]
async fn lives_that_cannot_be_are_refused() {
    for life in [0, 365 * 24 * 3600 + 1] {
        let script = Arc::new(Script::new().json(200, token("t", life)));
        let error = client(&script, &ManualClock::new()).sign_in().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{life}");
    }
}

#[tokio::test]
async fn an_answer_of_the_sign_in_has_its_own_limit() {
    let large = format!(r#"{{"access_token":"{}","expires_in":60}}"#, "x".repeat(1024 * 1024));
    let script = Arc::new(Script::new().json(200, large));
    let error = client(&script, &ManualClock::new()).sign_in().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("larger than allowed"), "{error}");
}

#[tokio::test]
async fn a_kept_token_does_not_go_to_another_platform() {
    let credential = Credential::from(Platform::new("svc@corp", "s".into()));
    let answers = || Arc::new(Script::new().json(200, token("t", 3600)).json(200, vaults(CLOUD)));
    let (here, there) = (answers(), answers());
    for (script, base) in [(&here, "https://corp.delinea.app"), (&there, "https://other.delinea.app")] {
        let client =
            Client::builder(base).transport(script.clone()).credential(credential.clone()).build().unwrap();
        client.sign_in().await.unwrap();
    }
    assert!(sent(&there)[0].starts_with("POST https://other.delinea.app/identity/"), "{:?}", sent(&there));
}

/// A platform on a socket that names this vault.
async fn platform(vault: &str) -> Raw {
    let json = |body: &str| Act::json("200 OK", body);
    Raw::start(vec![json(&token("CANARY", 3600)), json(&vaults(vault)), json(USER)]).await
}

#[tokio::test]
async fn the_token_never_goes_to_a_vault_that_is_not_trusted() {
    let trap = Raw::start(vec![Act::json("200 OK", USER); 20]).await;
    let port = trap.url.trim_start_matches("http://127.0.0.1:").trim_end_matches("/SecretServer").to_owned();
    for vault in [
        trap.url.clone(),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("//127.0.0.1:{port}/x"),
        format!("http://127.0.0.1:1@127.0.0.1:{port}/"),
        format!("http:\\\\127.0.0.1:{port}\\x"),
        format!("http://127.0.0.1:{port}#.secretservercloud.com"),
        format!("http://127.0.0.1:{port}/.secretservercloud.com"),
    ] {
        let platform = platform(&vault).await;
        let client = Client::builder(&platform.url)
            .credential(
                Platform::new("svc@corp", "s".into()).trust("https://vault.corp.example".parse().unwrap()),
            )
            .build()
            .unwrap();
        let error = client.users().current().await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{vault}: {error}");
        assert_eq!(platform.requests().len(), 2, "{vault}");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    }
    assert!(trap.requests().is_empty(), "{:?}", trap.requests());
}

#[tokio::test]
async fn a_vault_that_is_named_is_used_with_its_path() {
    let vault = Raw::start(vec![Act::json("200 OK", USER)]).await;
    let platform = platform(&vault.url).await;
    let client = Client::builder(&platform.url)
        .credential(Platform::new("svc@corp", "s".into()).trust(vault.url.parse().unwrap()))
        .build()
        .unwrap();
    client.users().current().await.unwrap();
    let request = &vault.requests()[0];
    assert!(request.starts_with("GET /SecretServer/api/v1/users/current HTTP/1.1"), "{request}");
    assert!(request.contains("authorization: Bearer CANARY"));
    assert_eq!(platform.requests().len(), 2);
}
