//! Every operation against the simulator, with the permissions that it needs.

use futures_util::TryStreamExt as _;
use secretserver_client::auth::Password;
use secretserver_client::resource::folders::{FolderFilter, FolderPermission};
use secretserver_client::resource::secrets::{AccessState, NewSecret, ReadOptions, SearchFilter, Summary};
use secretserver_client::simulator::{FolderRole, SecretRole, Simulator};
use secretserver_client::{Client, ErrorKind, FolderId, Outcome, SecretId, SecretTemplateId};

struct World {
    server: Simulator,
    service: Client,
    admin: Client,
    folder: FolderId,
    pending: FolderId,
}

async fn world() -> World {
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let client = |name: &str, password: &str| {
        Client::builder(server.url()).credential(Password::new(name, password.into())).build().unwrap()
    };
    World {
        service: client(&seed.username, &seed.password),
        admin: client(&seed.admin_username, &seed.admin_password),
        folder: FolderId::new(seed.folder_id.into()).unwrap(),
        pending: FolderId::new(seed.pending_folder_id.into()).unwrap(),
        server,
    }
}

fn new(name: &str, folder: FolderId) -> NewSecret {
    NewSecret::new(name, SecretTemplateId::new(6001).unwrap())
        .folder(folder)
        .item("domain", "corp.example")
        .item("username", name)
        .item("password", "pass \"word\" <é>")
        .item("notes", "marker")
}

async fn find(client: &Client, filter: SearchFilter) -> Vec<Summary> {
    client.secrets().search(filter).try_collect().await.unwrap()
}

#[tokio::test]
async fn the_life_of_a_secret() {
    let w = world().await;
    let made = w.service.secrets().create(new("svc-web", w.folder)).await.unwrap();
    assert!(made.active && made.folder_id == Some(w.folder));
    assert_eq!(made.value("PASSWORD").unwrap().expose(), "pass \"word\" <é>");
    assert_eq!(w.service.secrets().field(made.id, "password").await.unwrap().expose(), "pass \"word\" <é>");
    w.service.secrets().update_field(made.id, "password", "<second>").await.unwrap();
    assert_eq!(w.service.secrets().field(made.id, "password").await.unwrap().expose(), "<second>");
    let by_path =
        w.service.secrets().get_by_path("\\Service Accounts\\svc-web", ReadOptions::default()).await.unwrap();
    assert_eq!(by_path.id, made.id);
    assert_eq!(by_path.last_heart_beat_check, None, "0001-01-01 is never");
    assert_eq!(w.service.secrets().state(made.id).await.unwrap().secret_state, AccessState::None);
    assert!(w.service.secrets().summary(made.id).await.unwrap().create_date.is_some());

    assert_eq!(w.service.secrets().deactivate(made.id).await.unwrap().id, made.id);
    let error = w.service.secrets().get(made.id).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Denied, Outcome::NotDone));
    assert_eq!(error.api().unwrap().code(), Some("API_AccessDenied"));
    let state = w.service.secrets().state(made.id).await.unwrap();
    assert_eq!(state.secret_state, AccessState::RequiresUndelete);
    let inactive =
        w.service.secrets().get_with(made.id, ReadOptions::default().with_inactive()).await.unwrap();
    assert!(!inactive.active);
    assert_eq!(w.service.secrets().deactivate(made.id).await.unwrap_err().kind(), ErrorKind::Denied, "twice");
    w.service.secrets().restore(made.id).await.unwrap();
    assert!(w.service.secrets().get(made.id).await.unwrap().active);

    let actions: Vec<_> =
        w.server.audit().iter().filter(|a| a.secret_id == made.id.get()).map(|a| a.action.clone()).collect();
    assert_eq!(actions, ["CREATE", "VIEW", "EDIT", "VIEW", "VIEW", "DELETE", "VIEW", "UNDELETE", "VIEW"]);
}

#[tokio::test]
async fn restoring_works_on_servers_before_11() {
    let server = Simulator::builder().version("10.9.000033").start().await.unwrap();
    let seed = server.seed().clone();
    let client = Client::builder(server.url())
        .credential(Password::new(seed.username, seed.password.into()))
        .build()
        .unwrap();
    let id = SecretId::new(seed.secret_id.into()).unwrap();
    client.secrets().deactivate(id).await.unwrap();
    client.secrets().restore(id).await.unwrap();
    assert!(client.secrets().get(id).await.unwrap().active);
    assert!(server.requests().contains(&format!("PUT /api/v1/secrets/{id}/undelete")));
}

#[tokio::test]
async fn searching() {
    let w = world().await;
    let a = w.service.secrets().create(new("svc-a", w.folder)).await.unwrap();
    let b = w.service.secrets().create(new("svc-ab", w.folder)).await.unwrap();
    let hidden = w.service.secrets().create(new("svc-a", w.pending)).await.unwrap();
    let copy = w.server.copy_secret(a.id.get(), "svc-a").unwrap();
    w.service.secrets().deactivate(b.id).await.unwrap();
    let ids = |found: Vec<Summary>| found.iter().map(|s| s.id.get()).collect::<Vec<_>>();

    let exact = SearchFilter::exact_name("SVC-A").in_folder(w.folder);
    assert_eq!(
        ids(find(&w.service, exact.clone()).await),
        [a.id.get(), copy],
        "names may be taken twice, folders are apart"
    );
    assert_eq!(ids(find(&w.service, exact.with_sub_folders()).await), [a.id.get(), hidden.id.get(), copy]);
    assert_eq!(ids(find(&w.service, SearchFilter::text("svc-ab")).await), [0_u32; 0]);
    assert_eq!(ids(find(&w.service, SearchFilter::text("svc-ab").with_everything()).await), [b.id.get()]);
    assert_eq!(
        ids(find(&w.service, SearchFilter::exact_name("svc-a").by_field("username").in_folder(w.pending))
            .await),
        [hidden.id.get()]
    );
    assert!(find(&w.service, SearchFilter::text("marker")).await.is_empty(), "notes are not searched");
    assert!(find(&w.service, SearchFilter::exact_name("marker").by_field("notes")).await.is_empty());
    assert!(
        find(&w.service, SearchFilter::default().of_template(SecretTemplateId::new(6003).unwrap()))
            .await
            .is_empty()
    );
    let total =
        w.service.secrets().search_total(SearchFilter::text("svc-a").in_folder(w.folder)).await.unwrap();
    assert_eq!(total, 2);
    assert!(
        ids(find(&w.admin, SearchFilter::exact_name("svc-a")).await).iter().all(|id| *id != hidden.id.get()),
        "the admin does not see the pending folder"
    );
}

#[tokio::test]
async fn long_lists_come_whole_also_from_a_server_that_gives_little_at_once() {
    let server = Simulator::builder().largest_page(7).start().await.unwrap();
    let seed = server.seed().clone();
    for i in 0..50 {
        server.copy_secret(seed.secret_id, &format!("copy-{i}")).unwrap();
    }
    let client = Client::builder(server.url())
        .credential(Password::new(seed.username, seed.password.into()))
        .build()
        .unwrap();
    for prefetch in [1, 4] {
        let all: Vec<_> = client
            .secrets()
            .search(SearchFilter::default())
            .page_size(20)
            .prefetch(prefetch)
            .try_collect()
            .await
            .unwrap();
        let ids: Vec<u32> = all.iter().map(|s: &Summary| s.id.get()).collect();
        assert_eq!(ids.len(), 51);
        assert!(ids.is_sorted() && ids.windows(2).all(|w| w[0] != w[1]));
    }
}

#[tokio::test]
async fn folders_and_templates_and_the_rest() {
    let w = world().await;
    let folder = w.service.folders().get(w.folder).await.unwrap();
    assert_eq!((folder.folder_path.as_str(), folder.parent_folder_id), ("\\Service Accounts", None));
    let pending = w.service.folders().get_by_path("\\Service Accounts\\Pending").await.unwrap();
    assert_eq!((pending.id, pending.parent_folder_id), (w.pending, Some(w.folder)));
    assert_eq!(w.admin.folders().get(w.pending).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(w.service.folders().get_by_path("\\Nowhere").await.unwrap_err().kind(), ErrorKind::Denied);
    let owned = FolderFilter::default().requiring(FolderPermission::AddSecret);
    let owned: Vec<_> = w.service.folders().lookup(owned).try_collect().await.unwrap();
    assert_eq!(owned.iter().map(|f| f.value.as_str()).collect::<Vec<_>>(), ["Service Accounts", "Pending"]);
    let seen: Vec<_> = w.admin.folders().search(FolderFilter::text("p")).try_collect().await.unwrap();
    assert!(seen.is_empty());

    let template = w.service.templates().get(SecretTemplateId::new(6001).unwrap()).await.unwrap();
    let slugs: Vec<_> = template.fields.iter().map(|f| f.field_slug_name.as_str()).collect();
    assert_eq!(slugs, ["domain", "username", "password", "notes"]);
    assert!(template.field("password").unwrap().is_password && !template.field("notes").unwrap().is_required);
    let found: Vec<_> = w.service.templates().search("active directory", false).try_collect().await.unwrap();
    assert_eq!(found.len(), 1);

    let me = w.service.users().current().await.unwrap();
    assert!(me.may("add secret") && !me.may("Administer Users"));
    assert!(w.service.system().version().await.unwrap() > "10.2.000018".parse().unwrap());
    assert!(w.service.system().health().await.unwrap().healthy);
}

#[tokio::test]
async fn health_needs_no_credential() {
    let server = Simulator::builder().start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    assert!(client.system().health().await.unwrap().healthy);
    assert_eq!(client.system().version().await.unwrap_err().kind(), ErrorKind::Config);
    assert!(!server.requests().iter().any(|r| r.contains("token")));
}

#[tokio::test]
async fn permissions_are_enforced_by_pairs_of_roles_and_inherited() {
    let w = world().await;
    let seed = w.server.seed().clone();
    let below = w.server.add_folder("Below", Some(seed.folder_id)).unwrap();
    let made = w.service.secrets().create(new("svc", FolderId::new(below.into()).unwrap())).await.unwrap();
    w.admin.secrets().get(made.id).await.expect("inherited from the folder above");

    // (secret role, list, view, edit, delete)
    for (role, list, view, edit, delete) in [
        (SecretRole::None, false, false, false, false),
        (SecretRole::List, true, false, false, false),
        (SecretRole::View, true, true, false, false),
        (SecretRole::Edit, true, true, true, false),
        (SecretRole::Owner, true, true, true, true),
    ] {
        w.server.grant(below, &seed.admin_username, FolderRole::View, role).unwrap();
        let secrets = w.admin.secrets();
        assert_eq!(secrets.summary(made.id).await.is_ok(), list, "{role:?}");
        assert_eq!(secrets.field(made.id, "password").await.is_ok(), view, "{role:?}");
        assert_eq!(secrets.update_field(made.id, "notes", "x").await.is_ok(), edit, "{role:?}");
        assert_eq!(secrets.deactivate(made.id).await.is_ok(), delete, "{role:?}");
        let folder = FolderId::new(below.into()).unwrap();
        assert_eq!(
            secrets.create(new("n", folder)).await.unwrap_err().kind(),
            ErrorKind::Denied,
            "folder role View"
        );
    }
    w.server.grant(below, &seed.admin_username, FolderRole::AddSecret, SecretRole::List).unwrap();
    w.admin.secrets().create(new("n", FolderId::new(below.into()).unwrap())).await.unwrap();
    assert_eq!(
        w.service.secrets().get(made.id).await.unwrap_err().kind(),
        ErrorKind::Denied,
        "the tie to the parent is cut"
    );
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_where_names_must_differ() {
    let server = Simulator::builder().duplicate_names(false).start().await.unwrap();
    let seed = server.seed().clone();
    let client = Client::builder(server.url())
        .credential(Password::new(seed.username, seed.password.into()))
        .build()
        .unwrap();
    let folder = FolderId::new(seed.folder_id.into()).unwrap();
    client.secrets().create(new("svc", folder)).await.unwrap();
    let error = client.secrets().create(new("SVC", folder)).await.unwrap_err();
    assert!(error.is_conflict() && error.outcome() == Outcome::NotDone, "{error}");
    assert_eq!(server.secrets().iter().filter(|s| s.name.eq_ignore_ascii_case("svc")).count(), 1);
}

#[tokio::test]
async fn the_template_decides_what_a_secret_may_be() {
    let w = world().await;
    let template = SecretTemplateId::new(6001).unwrap();
    for bad in [
        NewSecret::new("n", template).folder(w.folder),
        new("n", w.folder).item("no-such-field", "x"),
        new("", w.folder),
        NewSecret::new("n", SecretTemplateId::new(9).unwrap()).folder(w.folder),
    ] {
        let error = w.service.secrets().create(bad).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::NotDone));
    }
    let error = w.service.secrets().create(new("n", FolderId::new(999).unwrap())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_user_needs_the_permission_of_a_role_besides_the_folder() {
    let w = world().await;
    let seed = w.server.seed().clone();
    let id = SecretId::new(seed.secret_id.into()).unwrap();
    for (permissions, reads, writes) in [
        (&[][..], false, false),
        (&["View Secret"][..], true, false),
        (&["View Secret", "Edit Secret"][..], true, true),
    ] {
        let name = format!("user-{}", permissions.len());
        w.server.add_user(&name, "pw", permissions).unwrap();
        w.server.grant(seed.folder_id, &name, FolderRole::Owner, SecretRole::Owner).unwrap();
        let client =
            Client::builder(w.server.url()).credential(Password::new(name, "pw".into())).build().unwrap();
        assert_eq!(client.secrets().get(id).await.is_ok(), reads, "{permissions:?}");
        assert_eq!(client.secrets().update_field(id, "notes", "x").await.is_ok(), writes, "{permissions:?}");
        assert_eq!(
            client.templates().get(SecretTemplateId::new(6001).unwrap()).await.unwrap_err().kind(),
            ErrorKind::Denied
        );
    }
}
