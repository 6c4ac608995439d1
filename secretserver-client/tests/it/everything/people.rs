//! Users, groups and roles.

use serde_json::{Value, json};

use super::{DENIED, World, user};
use crate::it::api::Api;

pub(super) async fn users(w: &World) {
    let a = &w.admin;
    a.get("/v1/users/stub").await;
    let body = json!({"displayName": "UserOne", "password": "12345", "userName": "UserOne"});
    let made = a.post("/v1/users", body.clone()).await;
    let id = made["id"].as_u64().unwrap();
    let created = made["created"].as_str().unwrap();
    assert!(created.ends_with('Z') && made["personalGroupId"] == 0, "as recorded: {created}");
    assert_eq!(a.refused("POST", "/v1/users", body).await, "API_DuplicateUserName");
    let read = a.get(&format!("/v1/users/{id}")).await;
    assert!(!read["created"].as_str().unwrap().ends_with('Z') && read["personalGroupId"] != 0);

    let mut whole = read.clone();
    whole["displayName"] = json!("myTestUser");
    let put = a.ok("PUT", &format!("/v1/users/{id}"), whole.clone()).await;
    assert_eq!(put["displayName"], "myTestUser");
    whole["id"] = json!(id + 100);
    a.refused("PUT", &format!("/v1/users/{id}"), whole).await;
    let dirty = |name: &str, value: Value| json!({name: {"dirty": true, "value": value}});
    let address = format!("/v1/users/{id}");
    let off = a.ok("PATCH", &address, dirty("enabled", json!(false))).await;
    assert_eq!(
        (&off["enabled"], &off["displayName"]),
        (&json!(false), &json!("myTestUser")),
        "only what is dirty"
    );
    let clean = json!({"displayName": {"dirty": false, "value": "no"}});
    assert_eq!(a.ok("PATCH", &address, clean).await["displayName"], "myTestUser");
    let find = async |query: &str| {
        a.get(&format!("/v1/users?filter.searchText=userone{query}")).await["total"].clone()
    };
    assert_eq!((find("").await, find("&filter.includeInactive=true").await), (json!(0), json!(1)));
    a.ok("PATCH", &address, dirty("enabled", json!(true))).await;
    a.get("/v1/users/lookup?filter.searchText=one").await;

    let reset = json!({"data": {"password": "N3w!", "userId": id}});
    a.post(&format!("/v1/users/{id}/password-reset"), reset.clone()).await;
    a.refused("POST", &format!("/v1/users/{}/password-reset", id + 1), reset).await;
    let own = Api::sign_in(w.server.url(), "userone", "N3w!").await;
    let change = json!({"currentPassword": "N3w!", "newPassword": "own"});
    own.post("/v1/users/change-password", change.clone()).await;
    own.refused("POST", "/v1/users/change-password", change).await;
    own.get(&format!("/v1/users/{id}")).await;
    assert_eq!(own.refused("GET", &format!("/v1/users/{}", w.admin_id), Value::Null).await, DENIED);
    assert_eq!(own.refused("GET", "/v1/users", Value::Null).await, DENIED);

    let why = json!({"data": {"reasonType": "SuspiciousActivity", "description": "odd"}});
    a.post(&format!("/v1/users/{id}/lock-out"), why).await;
    assert_eq!(own.send("GET", "/v1/users/current", Value::Null).await.status, 401, "signed out");
    assert_eq!(a.get(&address).await["isLockedOut"], true);
    a.ok("PATCH", &address, dirty("isLockedOut", json!(false))).await;
    Api::sign_in(w.server.url(), "UserOne", "own").await;
    a.post(&format!("/v1/users/{id}/reset-two-factor"), json!({"data": {"twoFactorType": "Oath"}})).await;
    let audit = a.get(&format!("/v1/users/{id}/audit?take=100")).await;
    assert!(audit["records"].as_array().unwrap().iter().any(|r| r["action"] == "LOCK OUT"));
    assert_eq!(a.ok("DELETE", &address, Value::Null).await["responseCodes"], Value::Null);
    assert_eq!(a.refused("DELETE", &address, Value::Null).await, DENIED, "it is disabled already");
    a.get("/v1/domains").await;
    let app = json!({"displayName": "App", "password": "x", "userName": "app", "isApplicationAccount": true});
    a.post("/v1/users", app).await;
    assert_eq!(a.get("/v1/application-accounts/lookup").await["total"], 1);
}

pub(super) async fn groups(w: &World) {
    let a = &w.admin;
    let (one, two) = (user(w, "harry1").await, user(w, "harry2").await);
    a.get("/v1/groups/stub").await;
    let id = a.post("/v1/groups", json!({"name": "g", "enabled": true})).await["id"].clone();
    assert_eq!(a.refused("POST", "/v1/groups", json!({"name": "G"})).await, "API_DuplicateGroupName");
    let path = format!("/v1/groups/{id}");
    a.post(&format!("{path}/users"), json!({"userId": one})).await;
    a.ok("PATCH", &format!("{path}/users"), json!({"addedUserIds": [two], "removeUserIds": [one]})).await;
    assert_eq!(a.get(&format!("{path}/users")).await["records"][0]["userName"], "harry2");
    a.get(&format!("{path}/users/{two}")).await;
    a.refused("GET", &format!("{path}/users/{one}"), Value::Null).await;
    a.ok("PUT", &format!("{path}/users"), json!({"userIds": [one, two]})).await;
    a.ok("DELETE", &format!("{path}/users/{two}"), Value::Null).await;
    let mut whole = a.get(&path).await;
    whole["name"] = json!("g2");
    a.ok("PUT", &path, whole).await;
    let owner = json!({"data": {"name": {"dirty": true, "value": "g3"}, "addedOwnerGroupIds": [one + 1]}});
    let patched = a.ok("PATCH", &path, owner).await;
    assert_eq!(
        (&patched["name"], &patched["owners"][0]["userId"]),
        (&json!("g3"), &json!(one)),
        "by its personal group"
    );
    a.get("/v1/groups?filter.searchText=g3").await;
    a.get("/v1/groups/lookup").await;

    let mine = format!("/v1/users/{two}/groups");
    a.post(&mine, json!({"groupIds": [id]})).await;
    assert_eq!(a.get(&mine).await["total"], 1);
    a.ok("DELETE", &format!("{mine}?groupIds={id}"), Value::Null).await;
    a.ok("PUT", &mine, json!({"groupIds": [id]})).await;
    assert_eq!(a.get(&format!("{path}/users")).await["total"], 2);

    let synced = w.server.add_group("from directory", &["harry1"], true).unwrap();
    let code = "API_CannotAddRemoveUsersFromDirectoryManagedGroups";
    for (method, path, body) in [
        ("POST", format!("/v1/groups/{synced}/users"), json!({"userId": two})),
        ("PUT", format!("/v1/groups/{synced}/users"), json!({"userIds": []})),
        ("PATCH", format!("/v1/groups/{synced}/users"), json!({"addedUserIds": [two]})),
        ("DELETE", format!("/v1/groups/{synced}/users/{one}"), Value::Null),
        ("POST", format!("/v1/users/{two}/groups"), json!({"groupIds": [synced]})),
    ] {
        assert_eq!(a.refused(method, &path, body).await, code, "{method} {path}");
    }
    assert_eq!(a.get(&format!("/v1/groups/{synced}")).await["canEditMembers"], false);

    let roles = a.get("/v1/roles").await;
    let role = roles["records"][0]["id"].clone();
    a.get(&format!("/v1/roles/{role}")).await;
    a.get(&format!("/v1/roles/{role}/permissions")).await;
    let of = format!("/v1/users/{two}/roles");
    for method in ["POST", "DELETE", "PUT"] {
        a.ok(method, &of, json!({"roleIds": [role]})).await;
    }
    assert_eq!(a.get(&of).await["total"], 1);
    a.get(&format!("/v1/users/{two}/roles-assigned")).await;
    a.ok("DELETE", &path, Value::Null).await;
    assert_eq!(w.service.refused("GET", "/v1/groups", Value::Null).await, DENIED);
}
