//! What an engineer in a hurry does with this crate, and what stops it. What does not compile at all is shown where the type is documented.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, TryStreamExt as _};
use secretserver_client::auth::{Password, StaticToken};
use secretserver_client::resource::secrets::{FileName, NewSecret, ReadOptions, SecretPath};
use secretserver_client::resource::users::UserFilter;
use secretserver_client::simulator::Simulator;
use secretserver_client::testing::{Script, catalogue_calls};
use secretserver_client::{Client, ErrorKind, FolderId, Outcome, SecretId, SecretTemplateId};

use crate::it::raw::{Act, Raw};

fn id() -> SecretId {
    SecretId::new(4).unwrap()
}

fn scripted(script: &Arc<Script>) -> Client {
    Client::builder("https://vault.example")
        .transport(script.clone())
        .credential(StaticToken::new("token".to_owned().into()))
        .build()
        .unwrap()
}

#[test]
fn a_call_on_a_thread_without_a_runtime_is_an_error_and_no_panic() {
    let client = Client::builder("https://vault.example")
        .credential(Password::new("u", "p".to_owned().into()))
        .build()
        .unwrap();
    let error = client.secrets().get(id()).now_or_never().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome(), error.attempts()), (ErrorKind::Config, Outcome::NotSent, 0));
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
    let error = client.sign_in().now_or_never().unwrap().unwrap_err();
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
    let secrets = client.secrets();
    let download = secrets.download_file(id(), "key", ReadOptions::default());
    assert_eq!(download.now_or_never().unwrap().unwrap_err().kind(), ErrorKind::Config);
}

/// A client in a `static`, and a runtime for each test or call: the sign-in that was under way is gone with its runtime.
#[test]
fn a_runtime_that_is_dropped_in_the_middle_of_a_sign_in_does_not_break_the_client() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime();
    let token = Act::json("200 OK", r#"{"access_token":"t","expires_in":1199}"#);
    let user = Act::json("200 OK", r#"{"id":20,"userName":"u"}"#);
    let raw = server.block_on(Raw::start(vec![Act::Hang, token, user]));
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let url = raw.url.clone();
    let background = std::thread::spawn(move || {
        server.block_on(async {
            while stopped.try_recv().is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    });
    let client = Client::builder(url).credential(Password::new("u", "p".to_owned().into())).build().unwrap();
    let first = runtime();
    let given_up = first
        .block_on(async { tokio::time::timeout(Duration::from_millis(100), client.users().current()).await });
    assert!(given_up.is_err());
    drop(first);
    let user = runtime().block_on(client.users().current()).unwrap();
    assert_eq!(user.user_name, "u");
    stop.send(()).unwrap();
    background.join().unwrap();
    assert_eq!(raw.requests().len(), 3);
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent() {
    let raw = Raw::start(vec![]).await;
    let client = Client::builder(&raw.url).build().unwrap();
    let error = client.secrets().get(id()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
    assert!(format!("{error} {:?}", std::error::Error::source(&error)).contains("credential"), "{error}");
    assert!(raw.requests().is_empty());
}

#[tokio::test]
async fn values_in_the_wrong_place_are_refused_before_anything_is_sent() {
    let script = Arc::new(Script::new());
    let client = scripted(&script);
    for slug in ["", "..", "a/b", "a\\b", "a\r\nX: y", "\0"] {
        let error = client.secrets().field(id(), slug).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{slug:?}");
    }
    for number in [0, -1, i64::MIN, i64::from(i32::MAX) + 1] {
        assert!(SecretId::new(number).is_err(), "{number}");
    }
    for path in ["", "\\", "\\a\0\\b"] {
        assert!(SecretPath::new(path).is_err(), "{path:?}");
    }
    assert!(FileName::new("../../etc/passwd").is_err());
    assert!(script.requests().is_empty());
}

/// A code or a name from an untrusted place cannot add a header, and cannot add a field to the form.
#[tokio::test]
async fn credentials_cannot_add_headers_or_fields() {
    let script = Arc::new(Script::new().json(200, r#"{"access_token":"t","expires_in":1199}"#));
    let build = |password: Password| {
        Client::builder("https://vault.example").transport(script.clone()).credential(password).build()
    };
    let with_code = build(Password::new("u", "p".to_owned().into()).otp("1\r\nX-Evil: 1".to_owned().into()));
    if let Ok(client) = with_code {
        let error = client.sign_in().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(script.requests().is_empty());
    }
    build(Password::new("u&grant_type=x", "p&domain=evil".to_owned().into()))
        .unwrap()
        .sign_in()
        .await
        .unwrap();
    let sent = String::from_utf8(script.requests()[0].body().clone()).unwrap();
    assert!(sent.contains("u%26grant_type%3Dx") && sent.contains("p%26domain%3Devil"), "{sent}");
}

#[tokio::test]
async fn numbers_without_sense_do_no_harm() {
    let script =
        Arc::new(Script::new().json(200, r#"{"records":[],"total":0,"hasNext":false,"nextSkip":0}"#));
    let client = scripted(&script)
        .with_attempts(1000)
        .with_total_timeout(Duration::MAX)
        .with_attempt_timeout(Duration::MAX)
        .with_idle_timeout(Duration::MAX);
    let users = client.users().search(UserFilter::default()).page_size(0).prefetch(usize::MAX);
    assert_eq!(users.try_collect::<Vec<_>>().await.unwrap().len(), 0);
}

/// A retry around `create`, as people write it: the outcome tells them not to.
#[tokio::test]
async fn a_create_whose_answer_was_lost_says_that_it_must_not_be_repeated_blindly() {
    let server = Simulator::builder().duplicate_names(false).start().await.unwrap();
    let seed = server.seed().clone();
    let client = Client::builder(server.url())
        .credential(Password::new(seed.username, seed.password.into()))
        .build()
        .unwrap();
    let new = NewSecret::new("twice", SecretTemplateId::new(6001).unwrap())
        .folder(FolderId::new(seed.folder_id.into()).unwrap())
        .item("domain", "d")
        .item("username", "u")
        .item("password", "p");
    server.inject("drop-reply:POST:/api/v1/secrets:1".parse().unwrap());
    let error = client.secrets().create(new.clone()).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    assert_eq!(error.advice(), "look whether it was done before you repeat it");
    assert_eq!(client.secrets().create(new).await.unwrap_err().kind(), ErrorKind::Conflict, "it was done");
}

/// Operations that take it all the same, with the reason.
const ANYTHING_WILL_DO: &[(&str, &str)] = &[
    ("dependencies.replace", "a draft: servers leave out what is not set, and what was sent is known"),
    ("dependencies.stub", "a draft to fill in"),
    ("folder_permissions.stub", "a draft to fill in"),
    ("folders.stub", "a draft to fill in"),
    ("groups.stub", "a draft to fill in"),
    ("secret_permissions.stub", "a draft to fill in"),
    ("users.stub", "a draft to fill in"),
    ("folders.patch", "what the server shows of it afterwards; the change itself is what the status says"),
    ("secrets.request_access", "as above; where a request stands is asked for anew"),
    ("secrets.restore", "the status says it; servers differ in the body"),
    ("secrets.update_field", "as above"),
    ("secrets.upload_file", "as above"),
    ("users.change_own_password", "as above"),
    ("secrets.download_file", "any bytes are a file"),
    ("secrets.download_restricted_file", "any bytes are a file"),
    ("system.configuration", "which settings there are depends on the version; each is read on its own"),
];

/// A gateway that answers everything with `{}` and 200: no operation may take that for "nothing there" or "nothing stands before it".
#[tokio::test]
async fn an_empty_object_is_no_answer() {
    let mut taken = std::collections::BTreeSet::new();
    for call in catalogue_calls().unwrap() {
        let script = Arc::new(Script::new().json(200, "{}"));
        if call.call(&scripted(&script).with_attempts(1)).await.is_ok() {
            taken.insert(call.entry.operation);
        }
    }
    for (operation, reason) in ANYTHING_WILL_DO {
        assert!(taken.remove(operation), "{operation} ({reason}): an exemption that nobody needs any more");
    }
    assert!(taken.is_empty(), "take {{}} for an answer: {taken:?}");
}
