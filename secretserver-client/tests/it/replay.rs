//! The requests of the published examples, sent to the simulator as they are written there, and its answers beside the recorded ones: the same
//! status, every key, every type, dates in the same form. Only numbers of things and credentials are those of the simulator.
#![allow(clippy::print_stdout, reason = "it says how much was checked")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secretserver_client::simulator::{Restrictions, Simulator};
use serde_json::{Value, json};

use crate::it::api::{Api, Said};
use crate::it::document::document_path;

/// Examples with an answer that the simulator does not give, with the reason.
const NOT_SIMULATED: &[(&str, &str)] = &[
    ("06-platform-token", "the Delinea Platform is another server"),
    ("07-platform-vaults", "the Delinea Platform is another server"),
    ("18-igi-account", "the form of another product"),
];

/// Where the answer differs from the example, with the reason.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("31-paging-envelope", ".filter", "only some envelopes have it, says the example"),
    (
        "05-sdk-client-register",
        ".userId",
        "null in the example, of which no recording is known; the document has a number",
    ),
    ("05-sdk-client-register", ".details", "as above"),
    ("05-sdk-client-register", ".ipAddress", "as above"),
    ("05-sdk-client-register", ".userDisplayName", "as above"),
    (
        "19-group-add-member",
        ".groupDomainId",
        "not recorded: made from the document, in which it is a number and never null",
    ),
    ("19-group-add-member", ".userDomainId", "as above"),
    (
        "23-secret-get",
        ".autoChangeNextPassword",
        "set by whoever made the recorded secret; there is no operation that sets it",
    ),
];

/// The kinds of value at each path of keys, such as `.records[].id`.
fn shape(value: &Value, at: &str, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let date = |text: &str| text.len() >= 19 && text.as_bytes()[10] == b'T' && text.as_bytes()[4] == b'-';
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "yes or no",
        Value::Number(n) if n.is_f64() => "fraction",
        Value::Number(_) => "number",
        Value::String(text) if date(text) && text.ends_with('Z') => "date with a zone",
        Value::String(text) if date(text) => "date without a zone",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    found.entry(at.to_owned()).or_default().insert(kind);
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                shape(inner, &format!("{at}.{name}"), found);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                shape(entry, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
}

fn compare(name: &str, example: &Value, answer: &Value) -> Vec<String> {
    let (mut wanted, mut given) = (BTreeMap::new(), BTreeMap::new());
    shape(example, "", &mut wanted);
    shape(answer, "", &mut given);
    let mut wrong = Vec::new();
    for (at, kinds) in wanted {
        let found = given.get(&at);
        if found.is_some_and(|found| kinds.is_subset(found)) {
            continue;
        }
        if !DIFFERENT.iter().any(|(n, a, _)| *n == name && *a == at) {
            wrong.push(format!("{name} {at}: {kinds:?} in the example, {found:?} answered"));
        }
    }
    wrong
}

/// The examples with an answer.
struct Examples {
    all: BTreeMap<String, Value>,
    wrong: Vec<String>,
    compared: usize,
}

impl Examples {
    fn read(document: &Path) -> Self {
        let folder = document.parent().unwrap_or_else(|| Path::new(".")).join("examples");
        let mut all = BTreeMap::new();
        for file in std::fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let example: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            if example.get("response").is_some() {
                all.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), example);
            }
        }
        Self { all, wrong: Vec::new(), compared: 0 }
    }

    /// The body that the example sends, with these members in the place of its own.
    fn body(&self, name: &str, ours: &Value) -> Value {
        let mut body = self.all[name]["request"]["body"].clone();
        for (member, value) in ours.as_object().unwrap() {
            assert!(body.get(member).is_some(), "{name} does not send {member}");
            body[member] = value.clone();
        }
        body
    }

    /// The form that the example sends, with these fields in the place of its own; what it calls optional is not sent.
    fn form(&self, name: &str, ours: &[(&str, &str)]) -> Vec<(String, String)> {
        let form = self.all[name]["request"]["form"].as_object().unwrap();
        let sent = form.iter().filter(|(_, v)| !v.as_str().unwrap().contains("optional"));
        sent.map(|(field, value)| {
            let own = ours.iter().find(|(f, _)| f == field).map(|(_, v)| *v);
            (field.clone(), own.unwrap_or_else(|| value.as_str().unwrap()).to_owned())
        })
        .collect()
    }

    fn hold(&mut self, name: &str, said: &Said) {
        let example = self.all.remove(name).unwrap_or_else(|| panic!("{name} is not there"));
        self.hold_part(name, &example["response"], &example["response"]["body"], said);
    }

    fn hold_part(&mut self, name: &str, response: &Value, body: &Value, said: &Said) {
        if u64::from(said.status) != response["status"].as_u64().unwrap() {
            self.wrong.push(format!("{name}: status {}: {}", said.status, said.code()));
            return;
        }
        self.wrong.extend(compare(name, body, &said.json()));
        self.compared += 1;
    }
}

async fn form(api: &Api, fields: &[(String, String)]) -> Said {
    let fields: Vec<_> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    api.form("/oauth2/token", &fields).await
}

async fn signing_in(x: &mut Examples, server: &Simulator) {
    let anyone = Api::new(server.url());
    let seed = server.seed().clone();
    let own = [("username", seed.username.as_str()), ("password", seed.password.as_str())];
    let token = form(&anyone, &x.form("01-token-password", &own)).await;
    let refresh = token.json()["refresh_token"].as_str().unwrap().to_owned();
    let again = x.form("02-token-refresh", &[("refresh_token", &refresh)]);
    let wrong = x.form("01-token-password", &[("username", seed.username.as_str())]);
    x.hold("01-token-password", &token);
    x.hold("02-token-refresh", &form(&anyone, &again).await);
    x.hold("03-token-login-failed", &form(&anyone, &wrong).await);

    let admin = Api::sign_in(server.url(), &seed.admin_username, &seed.admin_password).await;
    admin.post("/v1/sdk-client-accounts/enabled", Value::Null).await;
    let me = admin.get("/v1/users/current").await["id"].clone();
    let rule = json!({"name": "ProductionWebApp", "details": "", "userId": me, "requireOnboardingKey": true});
    let rule = admin.post("/v1/sdk-client-rules", rule).await["id"].clone();
    let key = admin.get(&format!("/v1/sdk-client-rules/{rule}/onboarding-key")).await;
    let key = key.get("onboardingKey").unwrap_or(&key).clone();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let register = x.body("05-sdk-client-register", &json!({"clientId": id, "onboardingKey": key}));
    x.hold("05-sdk-client-register", &anyone.send("POST", "/v1/sdk-client-accounts", register).await);

    let last = Api::sign_in(server.url(), &seed.username, &seed.password).await;
    x.hold("08-error-access-denied", &last.send("GET", "/v1/secrets/999999", Value::Null).await);
    x.hold("11-healthcheck", &anyone.send("GET", "/v1/healthcheck", Value::Null).await);
    x.hold("12-version", &last.send("GET", "/v1/version", Value::Null).await);
    x.hold("10-oauth-expiration", &last.send("POST", "/v1/oauth-expiration", Value::Null).await);
    x.hold("09-error-expired-token", &last.send("GET", "/v1/users/current", Value::Null).await);
}

async fn people(x: &mut Examples, a: &Api) {
    let body = x.body("13-user-create", &json!({}));
    let made = a.send("POST", "/v1/users", body).await;
    let id = made.json()["id"].clone();
    let path = format!("/v1/users/{id}");
    x.hold("13-user-create", &made);
    let mut whole = a.get(&path).await;
    let changes = x.body("14-user-update-put", &json!({"id": id}));
    for (member, value) in changes.as_object().unwrap() {
        whole[member] = value.clone();
    }
    x.hold("14-user-update-put", &a.send("PUT", &path, whole).await);
    let body = x.body("15-user-suspend-patch", &json!({}));
    x.hold("15-user-suspend-patch", &a.send("PATCH", &path, body).await);
    let mut body = x.body("16-user-password-reset", &json!({}));
    body["data"]["userId"] = id.clone();
    x.hold("16-user-password-reset", &a.send("POST", &format!("{path}/password-reset"), body).await);
    a.ok("PATCH", &path, json!({"enabled": {"dirty": true, "value": true}})).await;

    let group = a.post("/v1/groups", json!({"name": "g", "enabled": true})).await["id"].clone();
    let other = a.post("/v1/groups", json!({"name": "h", "enabled": true})).await["id"].clone();
    let body = x.body("19-group-add-member", &json!({"userId": id}));
    x.hold("19-group-add-member", &a.send("POST", &format!("/v1/groups/{group}/users"), body).await);
    let body = x.body("20-user-groups-put", &json!({"groupIds": [group, other]}));
    x.hold("20-user-groups-put", &a.send("PUT", &format!("{path}/groups"), body).await);
    x.hold("31-paging-envelope", &a.send("GET", "/v1/users?filter.searchText=nobody", Value::Null).await);
    x.hold("17-user-delete", &a.send("DELETE", &path, Value::Null).await);
}

async fn places(x: &mut Examples, a: &Api, folder: u32) {
    let body = x.body("21-folder-create", &json!({"parentFolderId": folder}));
    let made = a.send("POST", "/v1/folders", body).await;
    let id = made.json()["id"].clone();
    x.hold("21-folder-create", &made);
    let group = a.post("/v1/groups", json!({"name": "owners", "enabled": true})).await["id"].clone();
    let body = x.body("22-folder-permission-create", &json!({"folderId": id, "groupId": group}));
    x.hold("22-folder-permission-create", &a.send("POST", "/v1/folder-permissions", body).await);
    x.hold("30-secret-template", &a.send("GET", "/v1/secret-templates/6001", Value::Null).await);
}

async fn secrets(x: &mut Examples, server: &Simulator, s: &Api, folder: u32) {
    let body = x.body("24-secret-create", &json!({"folderId": folder}));
    let made = s.send("POST", "/v1/secrets", body).await;
    let path = format!("/v1/secrets/{}", made.json()["id"]);
    x.hold("24-secret-create", &made);
    x.hold("28-secret-state", &s.send("GET", &format!("{path}/state"), Value::Null).await);
    let example = x.all.remove("27-secret-checkout-checkin").unwrap();
    for (part, address) in [("checkOut", "check-out"), ("checkIn", "check-in")] {
        let said = s.send("POST", &format!("{path}/{address}"), Value::Null).await;
        let response = &example["response"];
        x.hold_part("27-secret-checkout-checkin", response, &response["body"][part], &said);
    }
    let number = made.json()["id"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap();
    server.restrict(number, Restrictions::default()).unwrap();
    let field = x.all["26-secret-field-put"]["request"]["json"].clone();
    x.hold("26-secret-field-put", &s.send("PUT", &format!("{path}/fields/machine"), field).await);
    x.hold("25-secret-delete", &s.send("DELETE", &path, Value::Null).await);

    // The recorded secret has a file, and lies in no folder.
    let items =
        json!([{"slug": "machine", "itemValue": "192.168.100.1"}, {"slug": "username", "itemValue": "u"}]);
    let made = json!({"name": "g1-machine", "secretTemplateId": 6007, "folderId": -1, "items": items});
    let path = format!("/v1/secrets/{}", s.post("/v1/secrets", made).await["id"]);
    let file = json!({"fileName": "test.pem", "fileAttachment": [45, 45, 45]});
    s.ok("PUT", &format!("{path}/fields/private-key"), file).await;
    x.hold("23-secret-get", &s.send("GET", &path, Value::Null).await);
}

#[tokio::test]
async fn the_simulator_answers_the_requests_of_the_examples_as_they_were_answered() {
    let Some(document) = document_path() else { return };
    let mut x = Examples::read(&document);
    let all = x.all.len();
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    signing_in(&mut x, &server).await;
    let admin = Api::sign_in(server.url(), &seed.admin_username, &seed.admin_password).await;
    let service = Api::sign_in(server.url(), &seed.username, &seed.password).await;
    people(&mut x, &admin).await;
    places(&mut x, &admin, seed.folder_id).await;
    secrets(&mut x, &server, &service, seed.folder_id).await;
    assert!(x.wrong.is_empty(), "{}", x.wrong.join("\n"));
    for (name, _) in NOT_SIMULATED {
        assert!(x.all.remove(*name).is_some(), "{name}: an exemption that nobody needs any more");
    }
    assert!(x.all.is_empty(), "compared with nothing: {:?}", x.all.keys());
    println!("{} answers compared; of {all} examples {} exempt", x.compared, NOT_SIMULATED.len());
}

/// A comparison that finds no difference between different things is none.
#[test]
fn other_shapes_are_found() {
    let example = json!({"id": 1, "at": "2024-01-02T03:04:05", "rows": [{"a": null}]});
    assert!(
        compare(
            "",
            &example,
            &json!({"id": 2, "at": "2025-01-02T03:04:05", "rows": [{"a": null, "b": 1}], "c": 1})
        )
        .is_empty()
    );
    for other in [
        json!({"id": "1", "at": "2024-01-02T03:04:05", "rows": [{"a": null}]}),
        json!({"id": 1, "at": "2024-01-02T03:04:05Z", "rows": [{"a": null}]}),
        json!({"id": 1, "at": "2024-01-02T03:04:05", "rows": [{"a": 1}]}),
        json!({"id": 1, "at": "2024-01-02T03:04:05", "rows": []}),
        json!({"id": 1, "rows": [{"a": null}]}),
        json!([1]),
    ] {
        assert!(!compare("", &example, &other).is_empty(), "{other}");
    }
}
