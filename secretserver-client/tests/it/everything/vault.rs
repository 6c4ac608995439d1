//! Secrets: their life, what stands before them, their files, the rights on them.

use secretserver_client::simulator::Restrictions;
use serde_json::{Value, json};

use super::{DENIED, World, user};
use crate::it::api::Api;

pub(super) async fn secrets(w: &World) {
    let (a, s) = (&w.admin, &w.service);
    s.get(&format!("/v1/secrets/stub?filter.secrettemplateid=6003&filter.folderId={}", w.folder)).await;
    let items = json!([
        {"fieldName": "Machine", "slug": "machine", "itemValue": "my-machine"},
        {"slug": "username", "itemValue": "my-username"}, {"slug": "password", "itemValue": "XXXXXX", "isPassword": true},
    ]);
    let body = json!({"name": "xsoarSecret", "secretTemplateId": 6003, "siteId": 1, "folderId": w.folder, "items": items});
    let mut locked = body.clone();
    locked["checkOutEnabled"] = json!(true);
    let held = s.post("/v1/secrets", locked).await;
    assert_eq!((&held["doubleLockId"], &held["isRestricted"]), (&json!(0), &json!(true)), "as recorded");
    let path = format!("/v1/secrets/{}", held["id"]);
    assert_eq!(s.get(&format!("{path}/state")).await["secretState"], "RequiresCheckout");
    s.post(&format!("{path}/check-out"), Value::Null).await;
    s.post(&format!("{path}/check-in"), json!({})).await;
    let made = s.post("/v1/secrets", body).await;
    let path = format!("/v1/secrets/{}", made["id"]);
    let read = s.get(&path).await;
    assert_eq!(read["doubleLockId"], -1);
    s.get(&format!("/v2/secrets/{}", made["id"])).await;
    s.get("/v1/secrets/0?secretPath=%5CService%20Accounts%5CxsoarSecret").await;
    for address in ["summary", "state", "fields/machine"] {
        s.get(&format!("{path}/{address}")).await;
    }
    a.get(&format!("{path}/audits")).await;
    for address in ["/v1/secrets", "/v2/secrets", "/v1/secrets/lookup"] {
        s.get(&format!("{address}?filter.extendedFields=Machine")).await;
    }
    s.get(&format!("/v1/secrets/lookup/{}", made["id"])).await;
    for version in ["v1", "v2"] {
        assert!(s.get(&format!("/{version}/secrets/search-total")).await.is_u64());
    }
    let mut whole = read;
    whole["name"] = json!("other");
    whole["items"][0]["itemValue"] = json!("newer");
    assert_eq!(s.ok("PUT", &path, whole).await["name"], "other");
    let change = json!({"data": {"name": {"dirty": true, "value": "third"}, "secretFields": [{"slug": "notes", "dirty": true, "value": "n"}]}});
    for version in ["v1", "v2"] {
        s.ok("PATCH", &format!("/{version}/secrets/{}/general", made["id"]), change.clone()).await;
    }
    assert_eq!(s.get(&format!("{path}/fields/notes")).await, "n");
    assert_eq!(s.ok("PUT", &format!("{path}/fields/machine"), json!({"value": "newhost"})).await, "newhost");
    let access = json!({"comment": "why", "ticketNumber": "INC1", "noAutoCheckout": true});
    s.post(&format!("{path}/restricted"), access.clone()).await;
    s.post(&format!("{path}/restricted/fields/machine"), access.clone()).await;
    s.post(&format!("/v1/secret-access-requests/secrets/{}/view-comment", made["id"]), access).await;
    s.post(&format!("{path}/heartbeat"), Value::Null).await;
    s.post(&format!("{path}/expire"), json!({})).await;
    s.post(&format!("{path}/change-password"), json!({"newPassword": "x"})).await;
    s.ok("DELETE", &path, Value::Null).await;
    assert_eq!(s.refused("GET", &path, Value::Null).await, DENIED);
    s.ok("PUT", &format!("{path}/activate"), Value::Null).await;
    let too_long = json!({"value": "x".repeat(20_000)});
    let code = s.refused("PUT", &format!("{path}/fields/notes"), too_long).await;
    assert_eq!(code, "API_InvalidSecretItemValueLength", "a file belongs into an upload");
}

pub(super) async fn approval_and_policies(w: &World) {
    let (a, s) = (&w.admin, &w.service);
    let requests = format!("/v1/secret-access-requests/secrets/{}", w.secret);
    let ask = |comment: &str| json!({"secretId": w.secret, "requestComment": comment, "ticketNumber": "INC1", "ticketSystemId": 1});
    assert_eq!(s.refused("POST", "/v1/secret-access-requests", ask("why")).await, "API_ApprovalNotRequired");
    w.server.restrict(w.secret, Restrictions::default().with_approval()).unwrap();
    assert_eq!(s.get(&format!("{requests}/options")).await["enableRequiresApprovalForAccess"], true);
    let asked = s.post("/v1/secret-access-requests", ask("why")).await;
    assert_eq!((&asked["status"], &asked["completed"]), (&json!("Pending"), &json!(false)));
    assert_eq!(
        s.refused("POST", "/v1/secret-access-requests", ask("again")).await,
        "API_AccessRequestExists"
    );
    w.server.deny(w.secret, &w.server.seed().username, "not today").unwrap();
    assert_eq!(s.get(&requests).await["records"][0]["responseComment"], "not today");
    w.server.restrict(w.secret, Restrictions::default()).unwrap();

    let id = w.server.add_policy("Checked out", Restrictions::default().with_check_out(60)).unwrap();
    let policy = a.get(&format!("/v2/secret-policy/{id}")).await;
    let set = &policy["securityItems"]["checkOutEnabled"];
    assert_eq!((&set["policyApplyType"], &set["value"]), (&json!("Enforced"), &json!(true)));
    assert_eq!(s.refused("GET", &format!("/v2/secret-policy/{id}"), Value::Null).await, DENIED);
    assert_eq!(a.refused("GET", "/v2/secret-policy/999999", Value::Null).await, DENIED);
    let folder = json!({"folderName": "ruled", "folderTypeId": 1, "parentFolderId": w.folder, "secretPolicyId": 999_999});
    assert_eq!(
        a.refused("POST", "/v1/folders", folder.clone()).await,
        DENIED,
        "of a policy that is not there"
    );
    let mut folder = folder;
    folder["secretPolicyId"] = json!(id);
    let ruled = a.post("/v1/folders", folder).await["id"].clone();
    let items = json!([{"slug": "domain", "itemValue": "d"}, {"slug": "username", "itemValue": "u"}, {"slug": "password", "itemValue": "p"}]);
    let body = json!({"name": "n", "secretTemplateId": 6001, "folderId": ruled, "items": items});
    assert_eq!(a.post("/v1/secrets", body).await["checkOutIntervalMinutes"], 60);
    assert_eq!(a.get(&format!("/v2/secret-policy/{id}")).await["affectedSecretCount"], 1);
}

pub(super) async fn files(w: &World) {
    let s = &w.service;
    let items = json!([{"slug": "machine", "itemValue": "m"}, {"slug": "username", "itemValue": "u"}]);
    let body = json!({"name": "key", "secretTemplateId": 6007, "folderId": w.folder, "items": items});
    let made = s.post("/v1/secrets", body).await;
    let path = format!("/v1/secrets/{}/fields/private-key", made["id"]);
    let content = b"-----BEGIN\x00\xff\r\n--x-----";
    let mut body =
        b"--bnd\r\nContent-Disposition: form-data; name=\"file\"; filename=\"id_rsa\"\r\n\r\n".to_vec();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--bnd--\r\n");
    let said = s.raw("PUT", &format!("/api{path}"), "multipart/form-data; boundary=bnd", &body).await;
    assert_eq!(said.status, 200, "{}", said.code());
    let file = s.send("GET", &path, Value::Null).await;
    assert_eq!(file.bytes, content);
    assert!(file.head.contains("application/octet-stream") && file.head.contains("id_rsa"), "{}", file.head);
    let item = s.get(&format!("/v1/secrets/{}", made["id"])).await["items"][4].clone();
    assert_eq!(
        (&item["itemValue"], &item["filename"]),
        (&json!("*** Not Valid For Display ***"), &json!("id_rsa"))
    );
    s.ok("PUT", &path, json!({"fileName": "test.pem", "fileAttachment": [45, 45, 0]})).await;
    assert_eq!(s.send("GET", &path, Value::Null).await.bytes, [45, 45, 0]);
    assert_eq!(s.send("POST", &path, json!({})).await.status, 405, "the wrong verb");
    let clear = json!({"data": {"secretFields": [{"slug": "private-key", "dirty": true, "value": null}]}});
    s.ok("PATCH", &format!("/v2/secrets/{}/general", made["id"]), clear).await;
    assert_eq!(s.refused("GET", &path, Value::Null).await, DENIED);
}

pub(super) async fn sharing(w: &World) {
    let a = &w.admin;
    let friend = user(w, "friend").await;
    let reads = Api::sign_in(w.server.url(), "friend", "pw").await;
    let path = format!("/v1/secrets/{}", w.secret);
    assert_eq!(reads.refused("GET", &path, Value::Null).await, DENIED);
    a.get(&format!("/v1/secret-permissions/stub?secretId={}", w.secret)).await;
    let give = json!({"secretId": w.secret, "userId": friend, "secretAccessRoleName": "View"});
    assert_eq!(reads.refused("POST", "/v1/secret-permissions", give.clone()).await, DENIED);
    let right = a.post("/v1/secret-permissions", give).await;
    reads.get(&path).await;
    assert_eq!(a.get(&format!("{path}/summary")).await["inheritsPermissions"], false);
    let address = format!("/v1/secret-permissions/{}", right["id"]);
    a.get(&address).await;
    let rows = a.get(&format!("/v1/secret-permissions?filter.secretId={}", w.secret)).await;
    assert_eq!(rows["total"], 3);
    let list = json!({"id": right["id"], "secretId": w.secret, "secretAccessRoleName": "List"});
    a.ok("PUT", &address, list).await;
    assert_eq!(reads.refused("GET", &path, Value::Null).await, DENIED);
    reads.get(&format!("{path}/summary")).await;
    a.ok("DELETE", &address, Value::Null).await;
    let by_name = json!({"secretId": w.secret, "userName": "friend", "secretAccessRoleName": "Edit"});
    let right = a.post("/v1/secret-permissions", by_name).await;
    let owner =
        json!({"data": {"groupSecretAccessRoles": [{"groupId": w.admin_id + 1, "secretAccessRoleId": 10}]}});
    let is = a.post("/v1/secret-permissions/is-current-user-secret-owner", owner).await;
    assert_eq!(is["isCurrentUserSecretOwner"], true, "{right}");
    let inherit = json!({"data": {"inheritPermissions": {"dirty": true, "value": true}}});
    a.ok("PATCH", &format!("{path}/share"), inherit).await;
    assert_eq!(reads.refused("GET", &path, Value::Null).await, DENIED);
}
