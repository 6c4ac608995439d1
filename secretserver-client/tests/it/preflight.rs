//! The preflight: one thing wrong at a time, and what the report says of it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secretserver_client::auth::{Password, StaticToken};
use secretserver_client::preflight::{CheckResult, PreflightOptions, PreflightReport, Rotation, Rule};
use secretserver_client::simulator::Simulator;
use secretserver_client::transport::{Body, Transport, TransportError, TransportErrorKind};
use secretserver_client::{Client, FolderId, SecretId, SecretTemplateId};

use CheckResult::{Failed, Passed, Unknown, Warning};

/// Answers by path; a path that is not there is an address that the server does not have. Status 0: no connection.
#[derive(Debug)]
struct ByPath {
    answers: BTreeMap<&'static str, (u16, String)>,
    verbs: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for ByPath {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        self.verbs.lock().unwrap().push(request.method().to_string());
        let unknown =
            (404, r#"{"message":"No HTTP resource was found that matches the request URI."}"#.to_owned());
        let path = request.uri().path().trim_start_matches("/api/");
        let (status, body) = self.answers.get(path).cloned().unwrap_or(unknown);
        if status == 0 {
            return Err(TransportError::new(TransportErrorKind::Connect, None));
        }
        let mut response = http::Response::new(Body::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

const DENIED: &str = r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#;
const PERMISSIONS: [&str; 7] = [
    "Add Secret",
    "View Secret",
    "Edit Secret",
    "View Folders",
    "View Secret Templates",
    "Delete Secret",
    "View Deleted Secrets",
];

fn user(permissions: &[&str]) -> String {
    let permissions: Vec<_> = permissions.iter().map(|p| serde_json::json!({ "name": p })).collect();
    serde_json::json!({ "id": 7, "userName": "svc", "permissions": permissions }).to_string()
}

fn template(fields: &[(&str, bool, bool)]) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|(slug, required, password)| {
            serde_json::json!({ "fieldSlugName": slug, "isRequired": required, "isPassword": password })
        })
        .collect();
    serde_json::json!({ "id": 6001, "name": "AD", "fields": fields }).to_string()
}

const FIELDS: [(&str, bool, bool); 4] =
    [("Domain", true, false), ("username", true, false), ("password", true, true), ("notes", false, false)];

fn policy(area: &str, item: &str) -> String {
    let other = if area == "securityItems" { "rpcItems" } else { "securityItems" };
    format!(
        r#"{{"secretPolicyId":2,"secretPolicyName":"P","active":true,"{other}":{{}},"{area}":{{"{item}":{{"policyApplyType":"Enforced","value":true}}}}}}"#
    )
}

/// A server on which everything is well.
fn good() -> BTreeMap<&'static str, (u16, String)> {
    let ok = |body: &str| (200, body.to_owned());
    BTreeMap::from([
        ("v1/healthcheck", ok(r#"{"healthy":true}"#)),
        ("v1/version", ok(r#"{"version":"11.7.000002"}"#)),
        ("v1/users/current", (200, user(&PERMISSIONS))),
        ("v1/users/7", ok(r#"{"id":7,"userName":"svc","isApplicationAccount":true}"#)),
        ("v1/folders/5", ok(r#"{"id":5,"folderName":"F","folderPath":"\\F"}"#)),
        ("v1/folder-details/5", ok(r#"{"id":5,"actions":["AddSecret"],"allowedTemplates":[]}"#)),
        ("v1/secret-templates/6001", (200, template(&FIELDS))),
        ("v2/secret-templates/6001", ok(r#"{"id":6001,"name":"AD"}"#)),
    ])
}

fn options() -> PreflightOptions {
    PreflightOptions::new(FolderId::new(5).unwrap(), SecretTemplateId::new(6001).unwrap())
}

async fn run(changes: &[(&'static str, u16, &str)], options: PreflightOptions) -> PreflightReport {
    let mut answers = good();
    for (path, status, body) in changes {
        if *status == 404 && body.is_empty() {
            answers.remove(path);
        } else {
            answers.insert(path, (*status, (*body).to_owned()));
        }
    }
    let server = Arc::new(ByPath { answers, verbs: Mutex::default() });
    let client = Client::builder("https://vault.example")
        .transport(server.clone())
        .credential(StaticToken::new("token".into()))
        .attempts(1)
        .build()
        .unwrap();
    let report = client.preflight(options).await;
    assert!(server.verbs.lock().unwrap().iter().all(|verb| verb == "GET"), "it changes nothing");
    let rules: Vec<_> = report.checks().iter().map(|c| c.rule).collect();
    assert_eq!(rules, Rule::ALL, "each check once and in order");
    for check in report.checks() {
        assert_eq!(check.to_do.is_empty(), check.result == Passed, "{check}");
        assert!(!check.seen.is_empty());
        // What is unknown rests on a call that failed, or on an earlier check.
        if check.result == Unknown {
            assert!(check.error.is_some() || check.seen.contains("(V-"), "{check}");
        }
    }
    report
}

fn results(report: &PreflightReport) -> Vec<CheckResult> {
    report.checks().iter().map(|c| c.result).collect()
}

#[tokio::test]
async fn a_good_place_passes_every_check() {
    let report = run(&[], options()).await;
    assert_eq!(results(&report), [Passed; 8], "{report}");
    assert!(report.is_usable() && report.failed().next().is_none());
}

/// What is otherwise, the check that says so, how, and a word of it.
type Case<'a> = (Vec<(&'static str, u16, &'a str)>, Rule, CheckResult, &'static str);

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table")]
async fn one_thing_wrong_at_a_time() {
    let few = user(&PERMISSIONS[..5]);
    let other = template(&[
        ("username", true, false),
        ("password", true, false),
        ("notes", false, false),
        ("pin", true, false),
    ]);
    let with_policy = r#"{"id":5,"folderName":"F","folderPath":"\\F","secretPolicyId":2}"#;
    let check_out = policy("securityItems", "checkOutEnabled");
    let comment = policy("securityItems", "requireViewComment");
    let approval = policy("securityItems", "requireApprovalForAccess");
    let on_check_in = policy("securityItems", "checkOutChangePassword");
    let auto_change = policy("rpcItems", "autoChangeOnExpiration");
    let heartbeat = policy("rpcItems", "heartBeatEnabled");
    let not_set = check_out.replace("Enforced", "NotSet");
    let table: Vec<Case<'_>> = vec![
        (vec![("v1/healthcheck", 404, "")], Rule::Reachable, Warning, "does not know"),
        (vec![("v1/version", 403, DENIED)], Rule::Version, Warning, "does not say"),
        (vec![("v1/version", 200, r#"{"version":"10.2.000017"}"#)], Rule::Version, Failed, "10.2.000018"),
        (vec![("v1/version", 500, "{}")], Rule::Version, Unknown, "system.version"),
        (
            vec![("v1/users/current", 200, &few)],
            Rule::Permissions,
            Failed,
            "Delete Secret, View Deleted Secrets",
        ),
        (vec![("v1/users/current", 404, "")], Rule::Permissions, Warning, "does not say"),
        (vec![("v1/users/7", 400, DENIED)], Rule::Permissions, Warning, "not visible"),
        (vec![("v1/users/7", 200, r#"{"id":7,"userName":"svc"}"#)], Rule::Permissions, Warning, "person"),
        (
            vec![("v1/folder-details/5", 200, r#"{"actions":["EditFolder"]}"#)],
            Rule::Folder,
            Failed,
            "may not add",
        ),
        (
            vec![("v1/folder-details/5", 200, r#"{"actions":["AddSecret"],"allowedTemplates":[{"id":9}]}"#)],
            Rule::Folder,
            Failed,
            "template 6001",
        ),
        (
            vec![
                ("v1/folder-details/5", 404, ""),
                ("v1/folders/lookup", 200, r#"{"records":[{"id":5,"value":"F"}]}"#),
            ],
            Rule::Folder,
            Passed,
            "can be added",
        ),
        (
            vec![
                ("v1/folder-details/5", 404, ""),
                ("v1/folders/lookup", 200, r#"{"records":[{"id":6,"value":"F"}]}"#),
            ],
            Rule::Folder,
            Failed,
            "may not add",
        ),
        (vec![("v1/folder-details/5", 500, "{}")], Rule::Folder, Unknown, "folders.details"),
        (vec![("v1/secret-templates/6001", 400, DENIED)], Rule::Template, Failed, "does not exist"),
        (
            vec![("v1/secret-templates/6001", 200, &other)],
            Rule::Template,
            Failed,
            "has no field domain, has a field password that is not marked as a password, requires the field pin",
        ),
        (
            vec![("v2/secret-templates/6001", 200, r#"{"id":6001,"namePattern":"^svc-"}"#)],
            Rule::Restrictions,
            Failed,
            "^svc-",
        ),
        (vec![("v2/secret-templates/6001", 404, "")], Rule::Restrictions, Warning, "pattern"),
        (
            vec![("v1/folders/5", 200, with_policy), ("v2/secret-policy/2", 200, &check_out)],
            Rule::Restrictions,
            Failed,
            "check-out",
        ),
        (
            vec![("v1/folders/5", 200, with_policy), ("v2/secret-policy/2", 200, &comment)],
            Rule::Restrictions,
            Failed,
            "comment",
        ),
        (
            vec![("v1/folders/5", 200, with_policy), ("v2/secret-policy/2", 200, &approval)],
            Rule::Restrictions,
            Failed,
            "approval",
        ),
        (
            vec![("v1/folders/5", 200, with_policy), ("v2/secret-policy/2", 200, &not_set)],
            Rule::Restrictions,
            Passed,
            "nothing",
        ),
        (
            vec![("v1/folders/5", 200, with_policy), ("v2/secret-policy/2", 200, &on_check_in)],
            Rule::Rotation,
            Failed,
            "checked in",
        ),
        (
            vec![("v1/folders/5", 200, with_policy), ("v2/secret-policy/2", 200, &auto_change)],
            Rule::Rotation,
            Failed,
            "expire",
        ),
        (
            vec![("v1/folders/5", 200, with_policy), ("v2/secret-policy/2", 200, &heartbeat)],
            Rule::Rotation,
            Warning,
            "heartbeat",
        ),
    ];
    for (changes, rule, result, word) in table {
        let report = run(&changes, options()).await;
        let check = report.check(rule).unwrap();
        assert_eq!(check.result, result, "{changes:?}: {check}");
        assert!(check.seen.contains(word), "{changes:?}: {check}");
        assert!(
            report.checks().iter().all(|c| c.rule == rule || c.result == Passed),
            "{changes:?}: {report}"
        );
        assert_eq!(report.is_usable(), matches!(result, Passed | Warning));
    }
}

#[tokio::test]
async fn what_rests_on_a_failed_check_is_unknown_and_says_why() {
    for (changes, at) in [
        (("v1/healthcheck", 0, ""), 0),
        (("v1/healthcheck", 200, "<html>a login page</html>"), 0),
        (("v1/healthcheck", 200, r#"{"healthy":false}"#), 0),
        (("v1/healthcheck", 200, r#"{"healthy":true,"readOnlyMode":true}"#), 0),
        (("v1/users/current", 401, "{}"), 1),
        (("v1/users/current", 200, "<html>web services are off</html>"), 1),
    ] {
        let report = run(&[changes], options()).await;
        for (i, check) in report.checks().iter().enumerate() {
            let expected = match i.cmp(&at) {
                Ordering::Less => Passed,
                Ordering::Equal => Failed,
                Ordering::Greater => Unknown,
            };
            assert_eq!(check.result, expected, "{changes:?}: {check}");
            if changes.1 == 0 && i == at {
                assert!(check.error.as_ref().unwrap().is_transient(), "an outage is no finding");
            }
            if i > at {
                assert!(check.seen.contains(Rule::ALL[at].code()), "{check}");
            }
        }
    }
    let report = run(&[("v1/folders/5", 400, DENIED)], options()).await;
    assert_eq!(results(&report)[4..], [Failed, Passed, Unknown, Unknown], "{report}");
    let hidden = [
        ("v1/folders/5", 200, r#"{"id":5,"folderName":"F","secretPolicyId":2}"#),
        ("v2/secret-policy/2", 400, DENIED),
    ];
    let report = run(&hidden, options()).await;
    assert_eq!(results(&report)[4..], [Passed, Passed, Warning, Warning], "{report}");
}

#[tokio::test]
async fn the_options_change_what_is_wanted() {
    let pattern = [("v2/secret-templates/6001", 200, r#"{"id":6001,"namePattern":"^svc-"}"#)];
    assert_eq!(results(&run(&pattern, options().name_pattern("^svc-")).await), [Passed; 8]);
    let report = run(&[("v1/version", 200, r#"{"version":"10.3"}"#)], options().with_dependencies()).await;
    assert_eq!(report.check(Rule::Version).unwrap().result, Failed);
    assert!(report.check(Rule::Permissions).unwrap().seen.contains("View Advanced Secret Options"));
    let report = run(&[], options().rotated_by(Rotation::Server)).await;
    assert_eq!(report.check(Rule::Rotation).unwrap().result, Warning);
    let like = options().like_secret(SecretId::new(4).unwrap());
    let restricted = [
        ("v1/secrets/4/state", 200, r#"{"secretState":"RequiresDoubleLockPassword"}"#),
        ("v1/secrets/4/summary", 200, r#"{"id":4,"autoChangeEnabled":true}"#),
    ];
    let report = run(&restricted, like).await;
    assert_eq!(results(&report)[6..], [Failed, Failed], "{report}");
    let machine = options().fields(["machine"]);
    assert!(run(&[], machine).await.check(Rule::Template).unwrap().seen.contains("has no field machine"));
}

#[tokio::test]
async fn it_can_be_asked_of_a_real_server() {
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let place = PreflightOptions::new(
        FolderId::new(seed.folder_id.into()).unwrap(),
        SecretTemplateId::new(seed.template_id.into()).unwrap(),
    );
    let client = |password: &str| {
        Client::builder(server.url())
            .credential(Password::new(seed.username.clone(), password.to_owned().into()))
            .build()
            .unwrap()
    };
    let report = client(&seed.password).preflight(place.clone()).await;
    assert!(report.failed().next().is_none(), "{report}");
    for rule in [Rule::Reachable, Rule::SignIn, Rule::Version, Rule::Folder, Rule::Template] {
        assert_eq!(report.check(rule).unwrap().result, Passed, "{report}");
    }
    let report = client("wrong").preflight(place).await;
    assert_eq!(results(&report)[..3], [Passed, Failed, Unknown], "{report}");
    assert!(!report.to_string().contains("wrong"));
}
