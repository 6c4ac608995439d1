//! Nothing secret is in any trace, error or `Debug` output, at the finest level, over all operations.

use std::fmt::Write as _;

use futures_util::TryStreamExt as _;
use secretserver_client::auth::Password;
use secretserver_client::resource::folders::FolderFilter;
use secretserver_client::resource::secrets::{NewSecret, ReadOptions, SearchFilter};
use secretserver_client::simulator::Simulator;
use secretserver_client::{Client, FolderId, SecretTemplateId};

use crate::it::marks::{Marks, traces};

const CANARY: &str = "C4n4ry<&\"\\>é";

#[tokio::test(flavor = "current_thread")]
async fn no_operation_shows_a_secret() {
    drop(traces());
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

    let traces = traces();
    assert!(
        traces.contains("secrets.create") && traces.contains("/api/v1/secrets/{id}/fields/{slug}"),
        "traces are collected"
    );
    let marks = Marks::of(CANARY, "C4n4ry");
    assert_eq!(marks.found_in(&traces), None, "in the traces");
    assert_eq!(marks.found_in(&shown), None, "in Debug or errors: {shown}");
}
