//! Signing in by refresh token and as an SDK client: what is sent, how often, and what comes after a refusal.

use std::sync::Arc;
use std::time::Duration;

use secretserver_client::auth::{Credential, Password, RefreshToken, SdkClient};
use secretserver_client::resource::sdk_clients::Registration;
use secretserver_client::testing::{ManualClock, Script};
use secretserver_client::transport::TransportErrorKind;
use secretserver_client::{Client, ErrorKind, Outcome};

const USER: &str = r#"{"id":1,"userName":"svc","permissions":[]}"#;
const REFUSED: &str = r#"{"error":"Login failed."}"#;

fn token(access: &str, refresh: &str) -> String {
    format!(
        r#"{{"access_token":"{access}","token_type":"bearer","expires_in":1199,"refresh_token":"{refresh}"}}"#
    )
}

fn client(script: &Arc<Script>, clock: &ManualClock, credential: impl Into<Credential>) -> Client {
    Client::builder("https://vault.example/SecretServer")
        .transport(script.clone())
        .clock(Arc::new(clock.clone()))
        .credential(credential)
        .build()
        .unwrap()
}

fn password() -> Password {
    Password::new("svc", "pw".into()).refreshes(3)
}

/// What was sent to the token endpoint, in order.
fn exchanges(script: &Script) -> Vec<String> {
    script
        .requests()
        .iter()
        .filter(|r| r.uri().path() == "/SecretServer/oauth2/token")
        .map(|r| String::from_utf8(r.body().clone()).unwrap())
        .collect()
}

const BY_PASSWORD: &str = "grant_type=password&username=svc&password=pw";

fn by_refresh(token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={token}")
}

/// What `wire_catalogue` prints of the token endpoint: the three grants, with the fields that the published examples have.
#[tokio::test]
async fn the_catalogue_has_every_grant() {
    let requests = secretserver_client::testing::token_requests().await.unwrap();
    let fields = |at: usize| {
        let body = requests[at].body.as_ref().unwrap().as_object().unwrap();
        (body["grant_type"].as_str().unwrap().to_owned(), body.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(
        fields(0),
        ("password".into(), ["domain", "grant_type", "password", "username"].map(str::to_owned).into())
    );
    assert_eq!(
        fields(1),
        ("refresh_token".into(), ["grant_type", "refresh_token"].map(str::to_owned).into())
    );
    let sdk = ["client_id", "client_secret", "grant_type"].map(str::to_owned).into();
    assert_eq!(fields(2), ("client_credentials".into(), sdk));
    for request in requests {
        assert_eq!((request.method, request.path.as_str()), ("POST", "/oauth2/token"));
        assert!(request.headers.iter().all(|(name, _)| name != "authorization" && name != "otp"));
    }
}

#[tokio::test]
async fn each_renewal_uses_the_refresh_token_of_the_last_and_the_password_comes_after_the_limit() {
    let script = Arc::new(
        Script::new()
            .json(200, token("a", "r1"))
            .json(200, token("b", "r2"))
            .json(200, token("c", "r3"))
            .json(200, token("d", "r4"))
            .json(200, token("e", "r5"))
            .json(200, token("f", "r6")),
    );
    let clock = ManualClock::new();
    let client = client(&script, &clock, password());
    for _ in 0..6 {
        client.sign_in().await.unwrap();
        clock.advance(Duration::from_mins(20));
    }
    assert_eq!(
        exchanges(&script),
        [
            BY_PASSWORD,
            &by_refresh("r1"),
            &by_refresh("r2"),
            &by_refresh("r3"),
            BY_PASSWORD,
            &by_refresh("r5")
        ]
    );
}

#[tokio::test]
async fn a_refused_refresh_token_falls_back_to_the_password_once() {
    let script = Arc::new(
        Script::new()
            .json(200, token("a", "r1"))
            .json(400, REFUSED)
            .json(200, token("b", "r2"))
            .json(400, REFUSED)
            .json(400, REFUSED),
    );
    let clock = ManualClock::new();
    let client = client(&script, &clock, password());
    client.sign_in().await.unwrap();
    clock.advance(Duration::from_mins(20));
    client.sign_in().await.unwrap();
    clock.advance(Duration::from_mins(20));
    let error = client.sign_in().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotDone), "{error}");
    client.sign_in().await.unwrap_err();
    let sent = exchanges(&script);
    assert_eq!(
        sent,
        [BY_PASSWORD, &by_refresh("r1"), BY_PASSWORD, &by_refresh("r2"), BY_PASSWORD],
        "and then closed"
    );
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_not_repeated() {
    for lost in [TransportErrorKind::Interrupted, TransportErrorKind::Timeout] {
        let script = Arc::new(
            Script::new().json(200, token("a", "r1")).fail(lost).json(200, token("b", "r2")).json(200, USER),
        );
        let clock = ManualClock::new();
        let client = client(&script, &clock, password());
        client.sign_in().await.unwrap();
        clock.advance(Duration::from_mins(20));
        client.users().current().await.unwrap();
        assert_eq!(exchanges(&script), [BY_PASSWORD, &by_refresh("r1"), BY_PASSWORD], "{lost:?}");
    }
}

#[tokio::test]
async fn a_refresh_that_did_not_get_there_keeps_the_token_and_sends_no_password() {
    let mut script = Script::new().json(200, token("a", "r1"));
    for _ in 0..3 {
        script = script.fail(TransportErrorKind::Connect);
    }
    let script = Arc::new(script.json(200, token("b", "r2")));
    let clock = ManualClock::new();
    let client = client(&script, &clock, password());
    client.sign_in().await.unwrap();
    clock.advance(Duration::from_mins(20));
    let error = client.sign_in().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent), "{error}");
    client.sign_in().await.unwrap();
    let sent = exchanges(&script);
    assert_eq!(sent.iter().filter(|s| **s == by_refresh("r1")).count(), 4, "{sent:?}");
    assert_eq!(sent.iter().filter(|s| *s == BY_PASSWORD).count(), 1, "{sent:?}");
}

#[tokio::test]
async fn a_refresh_token_that_has_ended_is_not_sent() {
    let script = Arc::new(Script::new().json(200, token("a", "r1")).json(200, token("b", "r2")));
    let clock = ManualClock::new();
    let client = client(&script, &clock, password());
    client.sign_in().await.unwrap();
    clock.advance(Duration::from_secs(1199 + 15 * 60));
    client.sign_in().await.unwrap();
    assert_eq!(exchanges(&script), [BY_PASSWORD, BY_PASSWORD]);
}

#[tokio::test]
async fn a_one_time_code_is_outlived_by_refresh_tokens() {
    let script =
        Arc::new(Script::new().json(200, token("a", "r1")).json(200, token("b", "r2")).json(400, REFUSED));
    let clock = ManualClock::new();
    let client = client(&script, &clock, password().otp("123456".into()));
    client.sign_in().await.unwrap();
    clock.advance(Duration::from_mins(20));
    client.sign_in().await.unwrap();
    clock.advance(Duration::from_mins(20));
    let error = client.sign_in().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.to_string().contains("one-time code"), "{error}");
    assert_eq!(exchanges(&script), [BY_PASSWORD, &by_refresh("r1"), &by_refresh("r2")]);
}

#[tokio::test]
async fn an_ended_session_is_not_prolonged() {
    let script =
        Arc::new(Script::new().json(200, token("a", "r1")).json(200, "true").json(200, token("b", "r2")));
    let client = client(&script, &ManualClock::new(), password());
    client.sign_in().await.unwrap();
    client.system().expire_token().await.unwrap();
    client.sign_in().await.unwrap();
    assert_eq!(exchanges(&script), [BY_PASSWORD, BY_PASSWORD]);
}

#[tokio::test]
async fn a_given_refresh_token_is_used_once_and_its_successors_after_it() {
    let script =
        Arc::new(Script::new().json(200, token("a", "r2")).json(200, token("b", "r3")).json(400, REFUSED));
    let clock = ManualClock::new();
    let client = client(&script, &clock, RefreshToken::new("r1".into()));
    for _ in 0..2 {
        client.sign_in().await.unwrap();
        clock.advance(Duration::from_mins(20));
    }
    for _ in 0..2 {
        let error = client.sign_in().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotDone), "{error}");
    }
    assert_eq!(exchanges(&script), [by_refresh("r1"), by_refresh("r2"), by_refresh("r3")]);
}

#[tokio::test]
async fn a_kept_refresh_token_does_not_go_to_another_server() {
    let credential = Credential::from(password());
    let (here, there) = (
        Arc::new(Script::new().json(200, token("a", "r1"))),
        Arc::new(Script::new().json(200, token("b", "r2"))),
    );
    client(&here, &ManualClock::new(), credential.clone()).sign_in().await.unwrap();
    let other = Client::builder("https://other.example")
        .transport(there.clone())
        .credential(credential)
        .build()
        .unwrap();
    other.sign_in().await.unwrap();
    assert_eq!(String::from_utf8_lossy(there.requests()[0].body()), BY_PASSWORD);
}

#[tokio::test]
async fn a_program_onboards_signs_in_and_is_refused_for_good_once_it_is_revoked() {
    let script = Arc::new(
        Script::new()
            .json(200, r#"{"id":7,"clientId":"5a86","clientSecret":"CANARY & more","name":"web-1"}"#)
            .json(200, r#"{"access_token":"t","token_type":"bearer","expires_in":1199}"#)
            .json(200, USER)
            .json(401, "{}")
            .json(400, REFUSED),
    );
    let client =
        Client::builder("https://vault.example/SecretServer").transport(script.clone()).build().unwrap();
    let registration = Registration::new("web-1", "Machine: web-1", "Web").key("a2V5".into());
    let credential = client.sdk_clients().onboard(registration).await.unwrap();
    assert_eq!((credential.client_id(), credential.account().unwrap().get()), ("5a86", 7));
    assert!(!format!("{credential:?}").contains("CANARY"));
    client.replace_credential(credential);
    client.users().current().await.unwrap();
    let requests = script.requests();
    assert!(requests[0].headers().get("authorization").is_none(), "onboarding has no token");
    assert_eq!(
        exchanges(&script),
        ["grant_type=client_credentials&client_id=sdk-client-5a86&client_secret=CANARY+%26+more"]
    );
    for _ in 0..2 {
        let error = client.users().current().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
    assert_eq!(exchanges(&script).len(), 2, "one refusal, and closed");
}

#[tokio::test]
async fn the_prefix_of_an_sdk_client_is_sent_once_however_the_id_was_given() {
    for id in ["5a86", "sdk-client-5a86"] {
        let script = Arc::new(Script::new().json(200, token("t", "")));
        client(&script, &ManualClock::new(), SdkClient::new(id, "s".into())).sign_in().await.unwrap();
        assert!(exchanges(&script)[0].contains("client_id=sdk-client-5a86&"), "{id}");
    }
}

#[tokio::test]
async fn an_onboarding_without_a_secret_says_which_account_to_revoke() {
    let script = Arc::new(Script::new().json(200, r#"{"id":7,"clientId":"5a86","clientSecret":null}"#));
    let client = Client::builder("https://vault.example").transport(script).build().unwrap();
    let error = client.sdk_clients().onboard(Registration::new("n", "d", "r")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Done));
    assert!(error.to_string().contains("revoke the account 7"), "{error}");
}
