//! What the simulator refuses before any operation is looked at: versions, addresses, permissions, sign-ins.

use secretserver_client::simulator::Simulator;
use secretserver_client::testing::catalogue;
use serde_json::{Value, json};

use crate::it::api::Api;

async fn admin(server: &Simulator) -> Api {
    let seed = server.seed();
    Api::sign_in(server.url(), &seed.admin_username, &seed.admin_password).await
}

#[tokio::test]
async fn each_version_knows_what_it_had() {
    // (operation, known in 10.2.000018, 10.5, 10.9, 11.2, 11.7)
    let table = [
        ("GET", "/v1/secrets", [true, true, true, true, true]),
        ("GET", "/v1/groups", [false, true, true, true, true]),
        ("GET", "/v1/secret-dependencies/templates", [false, true, true, true, true]),
        ("GET", "/v1/sdk-client-rules", [false, true, true, true, true]),
        ("GET", "/v1/secrets/7/state", [false, false, true, true, true]),
        ("GET", "/v2/secrets", [false, false, false, true, true]),
        ("GET", "/v2/configuration/general", [false, false, false, true, true]),
        ("POST", "/v1/users/1/lock-out", [false, false, false, true, true]),
        ("PUT", "/v1/secrets/7/undelete", [true, true, true, false, false]),
        ("PUT", "/v1/secrets/7/activate", [false, false, false, true, true]),
    ];
    for (place, version) in
        ["10.2.000018", "10.5.000000", "10.9.000033", "11.2.000002", "11.7.000002"].iter().enumerate()
    {
        let server = Simulator::builder().version(*version).start().await.unwrap();
        let api = admin(&server).await;
        assert_eq!(api.get("/v1/version").await["model"]["version"], *version);
        for (method, path, known) in table {
            let said = api.send(method, path, Value::Null).await;
            assert_eq!(said.status != 404, known[place], "{method} {path} in {version}: {}", said.code());
        }
        let id = server.seed().secret_id;
        let by_path = api
            .send("GET", "/v1/secrets/0?secretPath=%5CService%20Accounts%5Csvc-example", Value::Null)
            .await;
        assert_eq!(by_path.status == 200, *version > "11", "{version}");
        api.ok("DELETE", &format!("/v1/secrets/{id}"), Value::Null).await;
        let back = if *version > "11" { "activate" } else { "undelete" };
        api.ok("PUT", &format!("/v1/secrets/{id}/{back}"), Value::Null).await;
    }
    let server = Simulator::builder().hidden_version().start().await.unwrap();
    let api = admin(&server).await;
    api.refused("GET", "/v1/version", Value::Null).await;
    api.get("/v2/secrets").await;
}

/// Nobody gets anything without a permission, but what is everybody's.
#[tokio::test]
async fn every_operation_wants_its_permission() {
    let server = Simulator::builder().start().await.unwrap();
    server.add_user("nobody", "pw", &[]).unwrap();
    let nobody = Api::sign_in(server.url(), "nobody", "pw").await;
    let open = [
        "GET /api/v1/healthcheck",
        "GET /api/v1/version",
        "GET /api/v1/users/current",
        "GET /api/v1/domains",
        "POST /api/v1/oauth-expiration",
        "POST /api/v1/users/change-password",
        "POST /api/v1/sdk-client-accounts",
        "POST /api/v1/secret-templates/generate-password/7",
        "PUT /api/v1/secrets/4/undelete",
    ];
    let anyone = Api::new(server.url());
    let mut denied = 0;
    for entry in catalogue().unwrap() {
        let name = format!("{} {}", entry.method, entry.path);
        if open.contains(&name.as_str()) {
            continue;
        }
        let path = entry.path.strip_prefix("/api").unwrap();
        let body = entry.body.unwrap_or(Value::Null);
        assert_eq!(anyone.send(entry.method, path, body.clone()).await.status, 401, "{name} without a token");
        assert_eq!(nobody.refused(entry.method, path, body).await, "API_AccessDenied", "{name}");
        denied += 1;
    }
    assert!(denied > 100, "{denied}");
}

#[tokio::test]
async fn read_only_servers_refuse_every_change_and_answer_every_read() {
    let server = Simulator::builder().read_only().start().await.unwrap();
    let api = admin(&server).await;
    let posts_that_read = ["/restricted", "/generate-password/", "/is-current-user-secret-owner"];
    let (mut changes, mut reads) = (0, 0);
    for entry in catalogue().unwrap() {
        let path = entry.path.strip_prefix("/api").unwrap();
        // One ends the token that is used here, the other is of servers before 11.
        if path.ends_with("/oauth-expiration") || path.ends_with("/undelete") {
            continue;
        }
        let said = api.send(entry.method, path, entry.body.unwrap_or(Value::Null)).await;
        let read = entry.method == "GET" || posts_that_read.iter().any(|r| path.contains(r));
        let refused = said.status == 400 && said.code() == "API_ReadOnlyMode";
        assert_eq!(refused, !read, "{} {path}: {}", entry.method, said.status);
        if read { reads += 1 } else { changes += 1 }
    }
    assert!(reads > 60 && changes > 45, "{reads} reads, {changes} changes");
}

#[tokio::test]
async fn addresses_and_web_services() {
    let server = Simulator::builder().allow_addresses(&["10.0.0.0/8"]).unwrap().start().await.unwrap();
    let anyone = Api::new(server.url());
    let form = [("grant_type", "password")];
    assert_eq!(anyone.form("/oauth2/token", &form).await.status, 403);
    anyone.get("/v1/healthcheck").await;
    server.allow_addresses(&["127.0.0.0/8"]).unwrap();
    admin(&server).await.get("/v1/users/current").await;
    assert!(server.allow_addresses(&["nowhere"]).is_err());
    let server = Simulator::builder().web_services_off().start().await.unwrap();
    let said = Api::new(server.url()).form("/oauth2/token", &form).await;
    assert!(said.status == 404 && said.bytes.starts_with(b"<!DOCTYPE html>"));
}

#[tokio::test]
async fn second_factors_and_direct_sign_ins() {
    let server = Simulator::builder().require_two_factor().start().await.unwrap();
    let seed = server.seed().clone();
    let grant = [
        ("grant_type", "password"),
        ("username", seed.username.as_str()),
        ("password", seed.password.as_str()),
    ];
    let anyone = Api::new(server.url());
    let said = anyone.form("/oauth2/token", &grant).await;
    assert_eq!((said.status, said.json()), (400, json!({"error": "Login failed."})));
    server.set_application_account(&seed.username, true).unwrap();
    assert_eq!(anyone.form("/oauth2/token", &grant).await.status, 200);
    let server = Simulator::builder().prevent_direct_authentication().start().await.unwrap();
    let seed = server.seed().clone();
    let grant = [
        ("grant_type", "password"),
        ("username", seed.username.as_str()),
        ("password", seed.password.as_str()),
    ];
    let anyone = Api::new(server.url());
    assert_eq!(anyone.form("/oauth2/token", &grant).await.status, 400);
    server.set_application_account(&seed.username, true).unwrap();
    assert_eq!(anyone.form("/oauth2/token", &grant).await.status, 200);
}

#[tokio::test]
async fn a_change_that_cannot_be_kept_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sub").join("state");
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    let server = Simulator::builder().state_file(&path).start().await.unwrap();
    let api = admin(&server).await;
    let (before, audit) = (server.secrets().len(), server.audit().len());
    std::fs::rename(dir.path().join("sub"), dir.path().join("gone")).unwrap();
    let items = json!([{"slug": "domain", "itemValue": "d"}, {"slug": "username", "itemValue": "u"}, {"slug": "password", "itemValue": "p"}]);
    let body =
        json!({"name": "n", "secretTemplateId": 6001, "folderId": server.seed().folder_id, "items": items});
    assert_eq!(api.send("POST", "/v1/secrets", body.clone()).await.status, 500);
    assert_eq!((server.secrets().len(), server.audit().len()), (before, audit), "nothing is left of it");
    std::fs::rename(dir.path().join("gone"), dir.path().join("sub")).unwrap();
    api.post("/v1/secrets", body).await;
    assert_eq!(server.secrets().len(), before + 1);
}

#[tokio::test]
async fn slow_bodies_and_web_pages_in_place_of_answers() {
    let server = Simulator::builder().start().await.unwrap();
    let api = admin(&server).await;
    server.inject("slow-body:GET:/api/v1/users/current:1:300ms".parse().unwrap());
    let begun = std::time::Instant::now();
    api.get("/v1/users/current").await;
    assert!(begun.elapsed() >= std::time::Duration::from_millis(250));
    server.inject("html-reply:GET:/api/v1/users/current".parse().unwrap());
    let said = api.send("GET", "/v1/users/current", Value::Null).await;
    assert!(said.status == 200 && said.head.contains("text/html"));
}

#[tokio::test]
async fn personal_folders_are_made_at_the_first_sign_in_and_belong_to_one() {
    let server = Simulator::builder().start().await.unwrap();
    let api = admin(&server).await;
    let made = json!({"userName": "pia", "displayName": "Pia", "password": "pw"});
    let other = api.post("/v1/users", made).await["id"].clone();
    let pia = Api::sign_in(server.url(), "pia", "pw").await;
    let found = pia.get("/v1/folders").await;
    assert_eq!(
        (&found["total"], &found["records"][0]["folderPath"]),
        (&json!(1), &json!("\\Personal Folders\\pia"))
    );
    let mine = api.get("/v1/folders?filter.searchText=vault-admin").await["records"][0]["id"].clone();
    pia.refused("GET", &format!("/v1/folders/{mine}"), Value::Null).await;
    let grant = json!({"folderId": mine, "userId": other, "folderAccessRoleName": "View", "secretAccessRoleName": "View"});
    assert_eq!(
        api.refused("POST", "/v1/folder-permissions", grant).await,
        "API_AccessDenied",
        "they are not shared"
    );
    assert_eq!(api.refused("DELETE", &format!("/v1/folders/{mine}"), Value::Null).await, "API_AccessDenied");
}
