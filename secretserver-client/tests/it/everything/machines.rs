//! Templates and dependencies, SDK clients, signing in, the server itself.

use serde_json::{Value, json};

use super::{DENIED, World, user};
use crate::it::api::Api;

pub(super) async fn templates_and_dependencies(w: &World) {
    let (a, s) = (&w.admin, &w.service);
    a.get("/v1/secret-templates?filter.includeSecretCount=true").await;
    a.get("/v1/secret-templates/6001").await;
    a.get("/v2/secret-templates/6001").await;
    let fields = a.get("/v1/secret-templates/fields/search?filter.secretTemplateId=6001").await;
    assert_eq!(fields["records"][2]["type"], "Password");
    let id = fields["records"][2]["id"].clone();
    assert!(s.post(&format!("/v1/secret-templates/generate-password/{id}"), Value::Null).await.is_string());
    a.get("/v1/secret-template-permissions").await;
    a.get("/v1/secret-template-permissions/grouped?filter.templateId=6001").await;
    a.get("/v1/secret-template-permissions/roles").await;

    let secret = w.secret;
    assert_eq!(
        s.refused("GET", "/v1/secret-dependencies", Value::Null).await,
        DENIED,
        "the secret is required"
    );
    let mut draft = s.get(&format!("/v1/secret-dependencies/stub?secretId={secret}&templateId=4")).await;
    s.get(&format!("/v1/secret-dependencies/stub?secretId={secret}&scriptId=1")).await;
    draft["machineName"] = json!("host");
    draft["serviceName"] = json!("svc");
    let made = s.post("/v1/secret-dependencies", draft.clone()).await;
    let path = format!("/v1/secret-dependencies/{}", made["id"]);
    draft["machineName"] = json!("failing-host");
    draft["groupId"] = json!(0);
    let second = s.post("/v1/secret-dependencies", draft.clone()).await;
    let mut whole = s.get(&path).await;
    whole["machineName"] = json!("host");
    s.ok("PUT", &path, whole).await;
    let group = json!({"secretDependencyGroupName": "web", "siteId": 1});
    s.post(&format!("/v1/secret-dependencies/groups/{secret}"), group).await;
    s.get("/v1/secret-dependencies/templates").await;
    s.get("/v1/secret-dependencies/scripts").await;
    let run = s.post("/v1/secret-dependencies/run", json!([made["id"], second["id"]])).await;
    let progress = s.get(&format!("/v1/secret-dependencies/run/{}", run.as_str().unwrap())).await;
    assert_eq!((&progress["isComplete"], progress["errors"].as_array().unwrap().len()), (&json!(true), 1));
    let failed =
        s.get(&format!("/v1/secret-dependencies?filter.secretId={secret}&filter.lastRunStatus=Failed")).await;
    assert_eq!(failed["records"][0]["id"], second["id"]);
    let groups = s.get(&format!("/v1/secret-dependencies/groups/{secret}")).await;
    assert_eq!(groups["model"][0]["statusSuccessCount"], 1);
    s.ok("DELETE", &path, Value::Null).await;
    assert_eq!(s.refused("GET", &path, Value::Null).await, DENIED, "for good");
}

pub(super) async fn machines(w: &World) {
    let a = &w.admin;
    let machine = user(w, "machine").await;
    let anyone = Api::new(w.server.url());
    let body = json!({"clientId": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "name": "host", "description": "d", "ruleName": "Rule"});
    assert_eq!(anyone.refused("POST", "/v1/sdk-client-accounts", body.clone()).await, DENIED, "it is off");
    assert_eq!(a.get("/v1/sdk-client-accounts/enabled").await, false);
    for on in [true, false, true] {
        assert_eq!(a.post("/v1/sdk-client-accounts/enabled", Value::Null).await, on, "a toggle");
    }
    a.get("/v1/sdk-client-rules/stub").await;
    let rule =
        json!({"name": "Rule", "details": "127.0.0.0/8", "userId": machine, "requireOnboardingKey": true});
    let rule = a.post("/v1/sdk-client-rules", rule).await;
    let path = format!("/v1/sdk-client-rules/{}", rule["id"]);
    a.get(&path).await;
    a.get("/v1/sdk-client-rules").await;
    assert_eq!(
        anyone.refused("POST", "/v1/sdk-client-accounts", body.clone()).await,
        DENIED,
        "without the key"
    );
    let key = a.get(&format!("{path}/onboarding-key")).await;
    let mut keyed = body;
    keyed["onboardingKey"] = key.clone();
    let account = anyone.post("/v1/sdk-client-accounts", keyed).await;
    let form = [
        ("name", "other"),
        ("description", "d"),
        ("ruleName", "Rule"),
        ("onboardingKey", key.as_str().unwrap()),
    ];
    assert_eq!(anyone.form("/api/v1/sdk-client-accounts", &form).await.status, 200, "as a form too");
    let secret = account["clientSecret"].as_str().unwrap();
    let name = format!("sdk-client-{}", account["clientId"].as_str().unwrap());
    let grant = [("grant_type", "client_credentials"), ("client_id", &name), ("client_secret", secret)];
    let token = anyone.form("/oauth2/token", &grant).await;
    let me = Api { token: token.json()["access_token"].as_str().unwrap().to_owned(), ..anyone.clone() };
    assert_eq!(me.get("/v1/users/current").await["userName"], "machine");
    assert!(token.json().get("refresh_token").is_none());
    a.get("/v1/sdk-client-accounts").await;
    let account = format!("/v1/sdk-client-accounts/{}", account["id"]);
    assert!(a.get(&account).await.get("clientSecret").is_none(), "shown once");
    a.post(&format!("{account}/revoke"), Value::Null).await;
    assert_eq!(anyone.form("/oauth2/token", &grant).await.code(), "");
    let elsewhere =
        json!({"name": "Rule", "details": "10.0.0.0/8", "userId": machine, "requireOnboardingKey": false});
    a.ok("PUT", &path, elsewhere).await;
    let body = json!({"name": "h", "description": "d", "ruleName": "Rule"});
    assert_eq!(anyone.refused("POST", "/v1/sdk-client-accounts", body).await, DENIED, "from another address");
    a.ok("DELETE", &path, Value::Null).await;
}

pub(super) async fn signing_in(w: &World) {
    let anyone = Api::new(w.server.url());
    let seed = w.server.seed().clone();
    let grant = [("grant_type", "password"), ("username", &seed.username), ("password", &seed.password)];
    let mut refresh = anyone.form("/oauth2/token", &grant).await.json()["refresh_token"].clone();
    let first = refresh.clone();
    for left in [true, true, false] {
        let token = refresh.as_str().unwrap();
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let next = anyone.form("/oauth2/token", &grant).await.json();
        assert_eq!(next.get("refresh_token").is_some(), left, "three times");
        refresh = next["refresh_token"].clone();
    }
    let again = [("grant_type", "refresh_token"), ("refresh_token", first.as_str().unwrap())];
    let said = anyone.form("/oauth2/token", &again).await;
    assert_eq!((said.status, said.json()), (400, json!({"error": "Login failed."})), "it works once");
    anyone.get("/v1/healthcheck").await;
    let last = Api::sign_in(w.server.url(), &seed.username, &seed.password).await;
    last.get("/v1/version").await;
    assert_eq!(last.post("/v1/oauth-expiration", Value::Null).await, true);
    let said = last.send("GET", "/v1/users/current", Value::Null).await;
    assert_eq!((said.status, said.code().as_str()), (403, "Authentication failed or expired token."));
    let unknown = Api { token: "x".to_owned(), ..anyone };
    assert_eq!(unknown.send("GET", "/v1/users/current", Value::Null).await.status, 401);
    w.admin.get("/v2/configuration/general?loadAll=true").await;
    assert_eq!(w.service.refused("GET", "/v2/configuration/general", Value::Null).await, DENIED);
}
