//! The simulator itself: how it misbehaves, what it keeps, what it refuses.

use std::time::{Duration, Instant};

use secretserver_client::auth::Password;
use secretserver_client::resource::secrets::NewSecret;
use secretserver_client::simulator::{Simulator, StartError};
use secretserver_client::{Client, Error, ErrorKind, FolderId, Outcome, SecretId, SecretTemplateId};

fn client(server: &Simulator) -> Client {
    let seed = server.seed();
    Client::builder(server.url())
        .credential(Password::new(seed.username.clone(), seed.password.clone().into()))
        .build()
        .unwrap()
}

async fn create(client: &Client, server: &Simulator) -> Result<SecretId, Error> {
    let secret = NewSecret::new("made", SecretTemplateId::new(6001).unwrap())
        .folder(FolderId::new(server.seed().folder_id.into()).unwrap())
        .item("domain", "d")
        .item("username", "u")
        .item("password", "p");
    client.secrets().create(secret).await.map(|s| s.id)
}

fn made(server: &Simulator) -> usize {
    server.secrets().iter().filter(|s| s.name == "made").count()
}

#[tokio::test]
async fn faults_do_what_they_say_and_the_client_knows_what_it_knows() {
    for (fault, ok, done, outcome) in [
        ("drop-request:POST:/api/v1/secrets", false, 0, Some(Outcome::Unknown)),
        ("drop-reply:POST:/api/v1/secrets", false, 1, Some(Outcome::Unknown)),
        ("cut-body:POST:/api/v1/secrets", false, 1, Some(Outcome::Done)),
        ("error-before:POST:/api/v1/secrets", false, 0, Some(Outcome::Unknown)),
        ("error-after:POST:/api/v1/secrets:1:502", false, 1, Some(Outcome::Unknown)),
        ("rate-limit:POST:/api/v1/secrets:1:0", true, 1, None),
        ("rate-limit:*:/api/v1/secrets", true, 1, None),
        ("expire-tokens:POST:/api/v1/secrets", false, 0, Some(Outcome::NotDone)),
        ("read-only:POST:/api/v1/secrets", false, 0, Some(Outcome::NotDone)),
        ("delay:POST:/api/v1/secrets:1:50ms", true, 1, None),
    ] {
        let server = Simulator::builder().start().await.unwrap();
        let client = client(&server);
        client.sign_in().await.unwrap();
        server.inject(fault.parse().unwrap());
        let result = create(&client, &server).await;
        assert_eq!(result.is_ok(), ok, "{fault}: {result:?}");
        assert_eq!(result.err().map(|e| e.outcome()), outcome, "{fault}");
        assert_eq!(made(&server), done, "{fault}");
    }
}

#[tokio::test]
async fn reads_survive_every_passing_fault() {
    let server = Simulator::builder().start().await.unwrap();
    let client = client(&server);
    let id = SecretId::new(server.seed().secret_id.into()).unwrap();
    for kind in [
        "drop-request",
        "drop-reply",
        "cut-body",
        "error-before",
        "error-after",
        "rate-limit",
        "expire-tokens",
    ] {
        server.inject(format!("{kind}:GET:/api/v1/secrets").parse().unwrap());
        client.secrets().get(id).await.unwrap_or_else(|e| panic!("{kind}: {e}"));
    }
}

#[tokio::test]
async fn a_delay_is_cut_short_by_the_time_limit_and_the_work_is_unknown() {
    let server =
        Simulator::builder().fault("delay:POST:/api/v1/secrets:0:5s".parse().unwrap()).start().await.unwrap();
    let client = client(&server).with_attempt_timeout(Duration::from_millis(200));
    let started = Instant::now();
    let error = create(&client, &server).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!((error.kind(), error.outcome(), error.attempts()), (ErrorKind::Timeout, Outcome::Unknown, 1));
}

#[tokio::test]
async fn tokens_end_and_are_replaced() {
    let server = Simulator::builder().token_lifetime(Duration::from_secs(1)).start().await.unwrap();
    let client = client(&server);
    client.users().current().await.unwrap();
    server.expire_tokens();
    client.users().current().await.unwrap();
    assert_eq!(server.requests().iter().filter(|r| r.contains("/oauth2/token")).count(), 2);
}

#[tokio::test]
async fn wrong_passwords_lock_a_user_and_the_client_asks_only_once() {
    let server = Simulator::builder().lock_out_after(2).start().await.unwrap();
    let seed = server.seed().clone();
    let wrong = Client::builder(server.url())
        .credential(Password::new(seed.username.clone(), "wrong".into()))
        .build()
        .unwrap();
    for _ in 0..5 {
        assert_eq!(wrong.users().current().await.unwrap_err().kind(), ErrorKind::Auth);
    }
    let right = client(&server);
    right.users().current().await.expect("five calls were one wrong try, and two lock");
    wrong.replace_credential(Password::new(seed.username.clone(), "wrong".into()));
    wrong.sign_in().await.unwrap_err();
    wrong.replace_credential(Password::new(seed.username.clone(), "wrong".into()));
    wrong.sign_in().await.unwrap_err();
    wrong.replace_credential(Password::new(seed.username.clone(), seed.password.clone().into()));
    let error = wrong.sign_in().await.unwrap_err();
    assert_eq!((error.kind(), error.api().unwrap().message()), (ErrorKind::Auth, "Login failed."), "locked");
    server.set_user(&seed.username, None, Some(true)).unwrap();
    wrong.replace_credential(Password::new(seed.username.clone(), seed.password.clone().into()));
    wrong.sign_in().await.unwrap();
    server.set_user(&seed.username, None, Some(false)).unwrap();
    assert_eq!(wrong.users().current().await.unwrap_err().kind(), ErrorKind::Auth, "disabled");
}

#[tokio::test]
async fn web_services_off_and_read_only() {
    let server = Simulator::builder().start().await.unwrap();
    let client = client(&server);
    client.sign_in().await.unwrap();
    server.set_read_only(true);
    assert!(client.system().health().await.unwrap().read_only);
    assert_eq!(create(&client, &server).await.unwrap_err().outcome(), Outcome::NotDone);
    server.set_read_only(false);
    server.set_web_services(false);
    let error = client.users().current().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    server.set_web_services(true);
    client.users().current().await.unwrap();
}

#[tokio::test]
async fn the_state_file_keeps_the_world_but_no_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let server = Simulator::builder().state_file(&path).start().await.unwrap();
    let first = client(&server);
    let id = create(&first, &server).await.unwrap();
    let seed = server.seed().clone();
    // As if it had been killed: nothing is written at the end.
    drop(server);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = Simulator::builder().state_file(&path).start().await.unwrap();
    assert_eq!(again.seed().password, seed.password);
    let second = client(&again);
    assert_eq!(second.secrets().field(id, "password").await.unwrap().expose(), "p");
    let next = create(&second, &again).await.unwrap();
    assert!(next > id, "ids are not given twice");
}

#[tokio::test]
async fn a_state_file_that_cannot_be_used_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    std::fs::write(&path, r#"{"format":999}"#).unwrap();
    let error = Simulator::builder().state_file(&path).start().await.unwrap_err();
    assert!(matches!(error, StartError::NewerState { found: 999, .. }), "{error}");
    std::fs::write(&path, "CANARY").unwrap();
    let error = Simulator::builder().state_file(&path).start().await.unwrap_err();
    assert!(matches!(error, StartError::State { .. }) && !error.to_string().contains("CANARY"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "CANARY");
}

#[tokio::test]
async fn a_taken_address_is_an_error() {
    let server = Simulator::builder().start().await.unwrap();
    let address = server.url().strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap();
    let error = Simulator::builder().listen(address).start().await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {address}")), "{error}");
    server.shutdown().await;
    Simulator::builder().listen(address).start().await.expect("free again");
}
