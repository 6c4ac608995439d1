//! Nothing secret is in any trace, error or `Debug` output, at the finest level, over all operations.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use futures_util::TryStreamExt as _;
use secretserver_client::auth::Password;
use secretserver_client::resource::folders::FolderFilter;
use secretserver_client::resource::secrets::{NewSecret, ReadOptions, SearchFilter};
use secretserver_client::simulator::Simulator;
use secretserver_client::{Client, FolderId, SecretTemplateId};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

const CANARY: &str = "C4n4ry<&\"\\>é";

/// Collects the text of every span and event.
#[derive(Clone, Default)]
struct Collect(Arc<Mutex<String>>);

struct Text<'a>(&'a mut String);

impl tracing::field::Visit for Text<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Collect {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let mut text = self.0.lock().unwrap();
        text.push_str(attributes.metadata().name());
        attributes.record(&mut Text(&mut text));
    }

    fn on_record(
        &self,
        _: &tracing::Id,
        values: &tracing::span::Record<'_>,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        values.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut text = self.0.lock().unwrap();
        text.push('\n');
        event.record(&mut Text(&mut text));
    }
}

/// For the whole process, since a subscriber of one thread misses what other threads met first; records of the `log` crate, which the HTTP
/// library writes, are collected too.
fn collect() -> Collect {
    let collected = Collect::default();
    tracing_subscriber::registry().with(collected.clone()).try_init().unwrap();
    collected
}

/// The canary in the forms in which it could appear.
fn forms() -> Vec<String> {
    let hex = CANARY.bytes().fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
    let numbers = format!("{:?}", CANARY.as_bytes());
    let escaped: String = url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
    let json = serde_json::to_string(CANARY).unwrap().trim_matches('"').to_owned();
    let debug = format!("{CANARY:?}").trim_matches('"').to_owned();
    vec![
        "C4n4ry".to_owned(),
        CANARY.to_owned(),
        hex,
        numbers.trim_matches(['[', ']']).to_owned(),
        escaped,
        json,
        debug,
    ]
}

fn found_in(text: &str) -> Option<String> {
    forms().into_iter().find(|f| text.contains(f.as_str()))
}

#[tokio::test(flavor = "current_thread")]
async fn no_operation_shows_a_secret() {
    let collected = collect();
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    server.set_user(&seed.username, Some(CANARY), None).unwrap();
    let client = Client::builder(server.url())
        .credential(Password::new(seed.username.clone(), CANARY.into()))
        .build()
        .unwrap();
    let mut shown = String::new();
    let folder = FolderId::new(seed.folder_id.into()).unwrap();
    let template = SecretTemplateId::new(seed.template_id.into()).unwrap();
    let new = NewSecret::new("svc", template)
        .folder(folder)
        .item("domain", "corp")
        .item("username", "svc")
        .item("password", CANARY)
        .item("notes", CANARY);
    write!(shown, "{new:?} {client:?}").unwrap();
    let made = client.secrets().create(new).await.unwrap();
    let read = client.secrets().get(made.id).await.unwrap();
    assert_eq!(read.value("password").unwrap().expose(), CANARY, "it is there, only not shown");
    write!(shown, "{made:?} {read:?}").unwrap();
    client.secrets().update_field(made.id, "password", CANARY).await.unwrap();
    write!(shown, "{:?}", client.secrets().field(made.id, "password").await.unwrap()).unwrap();
    write!(shown, "{:?}", client.secrets().summary(made.id).await.unwrap()).unwrap();
    write!(shown, "{:?}", client.secrets().state(made.id).await.unwrap()).unwrap();
    let all: Vec<_> = client.secrets().search(SearchFilter::default()).try_collect().await.unwrap();
    let folders: Vec<_> = client.folders().search(FolderFilter::default()).try_collect().await.unwrap();
    let looked: Vec<_> = client.folders().lookup(FolderFilter::default()).try_collect().await.unwrap();
    write!(shown, "{all:?} {folders:?} {looked:?} {:?}", client.folders().get(folder).await.unwrap())
        .unwrap();
    write!(shown, "{:?}", client.templates().get(template).await.unwrap()).unwrap();
    write!(shown, "{:?}", client.users().current().await.unwrap()).unwrap();
    write!(shown, "{:?} {:?}", client.system().version().await, client.system().health().await).unwrap();
    client.secrets().deactivate(made.id).await.unwrap();
    write!(shown, "{:?}", client.secrets().get(made.id).await.unwrap_err()).unwrap();
    write!(
        shown,
        "{:?}",
        client.secrets().get_with(made.id, ReadOptions::default().with_inactive()).await.unwrap()
    )
    .unwrap();
    client.secrets().restore(made.id).await.unwrap();
    for fault in ["drop-reply", "cut-body", "error-after", "rate-limit"] {
        server.inject(format!("{fault}:PUT:/api/v1/secrets:1").parse().unwrap());
        let error = client.clone().with_attempts(1).secrets().update_field(made.id, "password", CANARY).await;
        write!(shown, "{error:?}").unwrap();
    }
    client.replace_credential(Password::new(seed.username, "C4n4ry wrong".into()));
    write!(shown, "{:?} {server:?}", client.users().current().await.unwrap_err()).unwrap();

    let traces = collected.0.lock().unwrap().clone();
    assert!(
        traces.contains("secrets.create") && traces.contains("/api/v1/secrets/{id}/fields/{slug}"),
        "traces are collected"
    );
    assert_eq!(found_in(&traces), None, "in the traces");
    assert_eq!(found_in(&shown), None, "in Debug or errors: {shown}");
}

#[test]
fn a_planted_canary_is_found_in_every_form() {
    for form in forms() {
        assert!(found_in(&format!("x {form} y")).is_some());
    }
}
