//! Folders and the rights on them.

use serde_json::{Value, json};

use super::{DENIED, World, user};
use crate::it::api::Api;

pub(super) async fn folders(w: &World) {
    let a = &w.admin;
    a.get("/v1/folders/stub").await;
    let root =
        json!({"folderName": "Root", "folderTypeId": 1, "parentFolderId": -1, "inheritPermissions": true});
    assert_eq!(a.refused("POST", "/v1/folders", root).await, DENIED, "nothing to inherit from");
    let body = json!({"folderName": "below", "folderTypeId": 1, "parentFolderId": w.folder, "inheritPermissions": true});
    let made = a.post("/v1/folders", body.clone()).await;
    assert_eq!(made["folderPath"], "\\Service Accounts\\below");
    assert_eq!(a.refused("POST", "/v1/folders", body.clone()).await, "API_DuplicateFolderName");
    assert_eq!(w.service.refused("POST", "/v1/folders", body).await, DENIED, "without the permission");
    let id = made["id"].clone();
    let path = format!("/v1/folders/{id}");
    let by_path = a.get("/v1/folders/0?folderPath=%5CService%20Accounts%5Cbelow").await;
    assert_eq!(by_path["id"], id);
    let all =
        a.get(&format!("/v1/folders/{}?getAllChildren=true&includeAssociatedTemplates=true", w.folder)).await;
    assert!(all["childFolders"].as_array().unwrap().iter().any(|f| f["id"] == id));
    let details = a.get(&format!("/v1/folder-details/{id}")).await;
    assert!(details["actions"].as_array().unwrap().contains(&json!("AddSecret")));
    a.get("/v1/folders?filter.searchText=below").await;
    a.get("/v1/folders/lookup").await;
    let mut whole = made;
    whole["folderName"] = json!("renamed");
    a.ok("PUT", &path, whole).await;
    let change =
        json!({"data": {"folderName": {"dirty": true, "value": "again"}, "allowedTemplates": [6003]}});
    a.ok("PATCH", &format!("/v1/folder/{id}"), change).await;
    let usable = a.get(&format!("/v1/templates/{id}")).await;
    assert_eq!(usable[0]["id"], 6003);
    a.get("/v1/templates").await;

    // Rights: refused while they are inherited.
    let group = a.post("/v1/groups", json!({"name": "readers", "enabled": true})).await["id"].clone();
    let reader = user(w, "reader").await;
    a.post(&format!("/v1/groups/{group}/users"), json!({"userId": reader})).await;
    let reads = Api::sign_in(w.server.url(), "reader", "pw").await;
    assert_eq!(reads.refused("GET", &path, Value::Null).await, DENIED);
    a.get(&format!("/v1/folder-permissions/stub?folderId={id}")).await;
    let grant = json!({"folderId": id, "groupId": group, "folderAccessRoleName": "View", "secretAccessRoleName": "View"});
    assert_eq!(
        a.refused("POST", "/v1/folder-permissions", grant.clone()).await,
        "API_FolderInheritsPermissions"
    );
    let mut grant = grant;
    grant["breakInheritance"] = json!(true);
    let right = a.post("/v1/folder-permissions", grant).await;
    assert_eq!(a.get(&path).await["inheritPermissions"], false);
    reads.get(&path).await;
    let permission = format!("/v1/folder-permissions/{}", right["id"]);
    a.get(&permission).await;
    let rows = a.get(&format!("/v1/folder-permissions?filter.folderId={id}")).await;
    let owners: Vec<_> =
        rows["records"].as_array().unwrap().iter().filter(|r| r["folderAccessRoleName"] == "Owner").collect();
    assert_eq!(owners.len(), 2, "those that it had inherited");
    let edit = json!({"id": right["id"], "folderId": id, "folderAccessRoleName": "Edit", "secretAccessRoleName": "List"});
    let edited = a.ok("PUT", &permission, edit).await;
    let merge = json!({"data": {"addOrUpdateItems": [{"groupId": group, "folderAccessRoleId": edited["folderAccessRoleId"]}],
        "removeItems": [{"userId": owners[0]["userId"]}]}});
    a.ok("PATCH", &format!("/v1/folder/{id}/permissions"), merge).await;
    let left = a.get(&format!("/v1/folder-permissions?filter.folderId={id}")).await;
    let owner =
        left["records"].as_array().unwrap().iter().find(|r| r["folderAccessRoleName"] == "Owner").unwrap();
    if owner["userId"] == json!(w.admin_id) {
        let last = format!("/v1/folder-permissions/{}", owner["id"]);
        assert_eq!(a.refused("DELETE", &last, Value::Null).await, "API_FolderOwnerRequired");
        a.ok("DELETE", &permission, Value::Null).await;
        assert_eq!(reads.refused("GET", &path, Value::Null).await, DENIED);
        a.get(&format!("{path}/audit")).await;
        a.ok("DELETE", &path, Value::Null).await;
    } else {
        panic!("the wrong owner was removed: {left}");
    }
}
