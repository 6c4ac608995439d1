//! Every example of the published material that has an answer, read through the client as if a server had sent it.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "it says how much was checked")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use secretserver_client::auth::{Credential, Password, Platform, RefreshToken, StaticToken};
use secretserver_client::request::Endpoint;
use secretserver_client::resource::{
    dependencies, folder_permissions, folders, groups, healthcheck, sdk_clients, secrets, system, templates,
    users, version,
};
use secretserver_client::testing::Script;
use secretserver_client::{
    Client, Error, ErrorKind, FolderId, GroupId, Outcome, SecretId, SecretTemplateId, SecretValue, UserId,
};
use serde_json::Value;

use crate::it::document::document_path;

async fn read<E: Endpoint>(endpoint: E, status: u16, body: &Value) -> Result<E::Response, Error> {
    let script = Arc::new(Script::new().json(status, body.to_string()));
    let client = Client::builder("https://vault.example")
        .transport(script)
        .credential(StaticToken::new("sample".to_owned().into()))
        .build()
        .unwrap();
    client.with_attempts(1).request(endpoint).await
}

/// Examples with an answer that none of our types is for, with the reason.
const NOT_OURS: &[(&str, &str)] =
    &[("18-igi-account", "the form of another product, not an answer of the server")];

/// Signs in with these answers, and then reads one value.
async fn sign_in(
    url: &str,
    credential: impl Into<Credential>,
    answers: Vec<(u16, Value)>,
) -> (Result<SecretValue, Error>, Vec<String>) {
    let script = answers
        .into_iter()
        .fold(Script::new(), |script, (status, body)| script.json(status, body.to_string()));
    let script = Arc::new(script.json(200, "\"v\""));
    let client = Client::builder(url)
        .transport(script.clone())
        .credential(credential)
        .build()
        .unwrap()
        .with_attempts(1);
    let read = client.secrets().field(SecretId::new(4).unwrap(), "password").await;
    (read, script.requests().iter().map(|r| r.uri().to_string()).collect())
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one example after the other")]
async fn every_example_is_read() {
    let Some(document) = document_path() else { return };
    let folder = document.parent().unwrap_or_else(|| Path::new(".")).join("examples");
    let mut answers = BTreeMap::new();
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let example: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if let Some(response) = example.get("response") {
            let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            answers.insert(name, (status, response["body"].clone()));
        }
    }
    let all = answers.len();
    let mut take = |name: &str| answers.remove(name).unwrap_or_else(|| panic!("{name} is not there"));
    let (user, group, folder_id) =
        (UserId::new(20).unwrap(), GroupId::new(3).unwrap(), FolderId::new(5).unwrap());
    let secret = SecretId::new(4).unwrap();

    let password = || Password::new("u", "p".to_owned().into());
    let (read_value, _) = sign_in("https://vault.example", password(), vec![take("01-token-password")]).await;
    assert_eq!(read_value.unwrap().expose(), "v");
    let refresh = RefreshToken::new("r1".to_owned().into());
    let (read_value, _) = sign_in("https://vault.example", refresh, vec![take("02-token-refresh")]).await;
    assert_eq!(read_value.unwrap().expose(), "v");
    let (refused, sent) =
        sign_in("https://vault.example", password(), vec![take("03-token-login-failed")]).await;
    assert_eq!((refused.unwrap_err().kind(), sent.len()), (ErrorKind::Auth, 1));
    let platform = Platform::new("svc@x", "s".to_owned().into());
    let on_platform = vec![take("06-platform-token"), take("07-platform-vaults")];
    let (read_value, sent) = sign_in("https://tenant.delinea.app", platform, on_platform).await;
    assert_eq!(read_value.unwrap().expose(), "v");
    assert!(
        sent[2].starts_with("https://tenant.secretservercloud.com/api/v1/secrets/4/fields/password"),
        "{sent:?}"
    );

    let (status, body) = take("05-sdk-client-register");
    let registration = sdk_clients::Registration::new("host", "d", "ProductionWebApp");
    let account = read(sdk_clients::Register(registration), status, &body).await.unwrap();
    assert_eq!((account.id.get(), account.client_secret.expose()), (1, "..."));
    let (status, body) = take("08-error-access-denied");
    let error = read(secrets::GetSummary { id: secret.into() }, status, &body).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Denied, Outcome::NotDone));
    let (status, body) = take("09-error-expired-token");
    let error = read(secrets::GetSummary { id: secret.into() }, status, &body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    let (status, body) = take("10-oauth-expiration");
    assert!(read(system::ExpireToken, status, &body).await.unwrap());
    let (status, body) = take("11-healthcheck");
    assert!(read(healthcheck::GetHealth, status, &body).await.unwrap().healthy);
    let (status, body) = take("12-version");
    assert_eq!(read(version::GetVersion, status, &body).await.unwrap().to_string(), "11.2.000002");

    let (status, body) = take("13-user-create");
    let made = read(users::CreateUser(users::NewUser::new("u", "u", "p")), status, &body).await.unwrap();
    assert_eq!((made.domain_id, made.personal_group_id, made.last_login), (None, None, None));
    assert_eq!(made.created.unwrap().to_string(), "2022-06-01T08:31:15.275Z");
    let (status, body) = take("14-user-update-put");
    let changed = read(users::ReplaceUser(users::UserUpdate::of(&made)), status, &body).await.unwrap();
    assert_eq!(changed.created.unwrap().to_string(), "2022-06-01T08:09:39Z");
    let (status, mut body) = take("15-user-suspend-patch");
    body["id"] = 20.into(); // The example is cut down to the field it is about.
    let patch = users::UserPatch { enabled: false.into(), ..users::UserPatch::default() };
    assert!(!read(users::PatchUser { id: user, patch }, status, &body).await.unwrap().enabled);
    let (status, body) = take("16-user-password-reset");
    assert!(
        read(users::ResetPassword { id: user, password: "x".into() }, status, &body).await.unwrap().success
    );
    let (status, body) = take("17-user-delete");
    let gone = read(users::DisableUser { id: user }, status, &body).await.unwrap();
    assert_eq!((gone.id, gone.object_type.as_deref(), gone.response_codes.len()), (5, Some("User"), 0));
    let (status, body) = take("19-group-add-member");
    let member = read(groups::AddMember { id: group, user }, status, &body).await.unwrap();
    assert_eq!((member.group_id, member.user_id), (group, user));
    let (status, body) = take("20-user-groups-put");
    assert!(read(users::SetGroups { id: user, groups: vec![group] }, status, &body).await.unwrap().success);

    let (status, body) = take("21-folder-create");
    let new = folders::NewFolder::below(FolderId::new(3).unwrap(), "xsoarFolderTest");
    let folder = read(folders::CreateFolder(new), status, &body).await.unwrap();
    assert_eq!((folder.id, folder.secret_policy_id, folder.folder_type_id), (folder_id, None, 1));
    let (status, body) = take("22-folder-permission-create");
    let right = read(
        folder_permissions::GetFolderPermission {
            id: secretserver_client::FolderPermissionId::new(100).unwrap(),
        },
        status,
        &body,
    )
    .await
    .unwrap();
    assert_eq!(right.folder_access_role_name, Some(folder_permissions::FolderRole::Owner));

    let options = secrets::ReadOptions::default();
    let (status, body) = take("23-secret-get");
    let found = read(secrets::GetSecret { id: secret.into(), options }, status, &body).await.unwrap();
    assert_eq!((found.folder_id, found.value("machine").unwrap().expose()), (None, "192.168.100.1"));
    let (status, body) = take("24-secret-create");
    let new = secrets::NewSecret::new("n", SecretTemplateId::new(6003).unwrap());
    assert_eq!(read(secrets::Create(new), status, &body).await.unwrap().items.len(), 4);
    let (status, body) = take("25-secret-delete");
    assert_eq!(read(secrets::Deactivate { id: secret.into() }, status, &body).await.unwrap().id.get(), 2);
    let (status, body) = take("26-secret-field-put");
    let field = secrets::GetField { id: secret.into(), slug: "machine".to_owned(), options };
    assert_eq!(read(field, status, &body).await.unwrap().expose(), "newhost");
    let (status, body) = take("27-secret-checkout-checkin");
    assert!(
        read(secrets::CheckOut { id: secret.into() }, status, &body["checkOut"])
            .await
            .unwrap()
            .response_codes
            .is_empty()
    );
    let check_in = secrets::CheckIn { id: secret.into(), access: secrets::AccessOptions::default() };
    let summary = read(check_in, status, &body["checkIn"]).await.unwrap();
    assert!(summary.check_out_enabled && summary.last_accessed.is_none());
    let (status, body) = take("28-secret-state");
    let state = read(secrets::GetState { id: secret.into() }, status, &body).await.unwrap();
    assert_eq!(state.secret_state, secrets::AccessState::RequiresCheckout);
    let (status, body) = take("30-secret-template");
    let template = templates::GetTemplate { id: SecretTemplateId::new(6001).unwrap() };
    assert!(read(template, status, &body).await.unwrap().field("password").unwrap().is_password);
    let (status, body) = take("31-paging-envelope");
    let filter = Arc::new(users::UserFilter::default());
    assert!(
        read(users::SearchUsers { filter, skip: 0, take: 50 }, status, &body)
            .await
            .unwrap()
            .records
            .is_empty()
    );

    for (name, _) in NOT_OURS {
        assert!(answers.remove(*name).is_some(), "{name}: an exemption that nobody needs any more");
    }
    assert!(answers.is_empty(), "not read: {:?}", answers.keys());
    println!("{} of {all} examples with an answer are read, {} exempt", all - NOT_OURS.len(), NOT_OURS.len());
}

/// The request of the example of a dependency, which has no answer, is one that our draft reads and writes unchanged in what it says.
#[tokio::test]
async fn a_dependency_goes_round() {
    let Some(document) = document_path() else { return };
    let path = document.parent().unwrap_or_else(|| Path::new(".")).join("examples/32-dependency-create.json");
    let example: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let body = &example["request"]["body"];
    let draft: dependencies::DependencyDraft = serde_json::from_value(body.clone()).unwrap();
    let written = secretserver_client::request::prepare(&dependencies::CreateDependency(draft)).unwrap();
    let written: Value = serde_json::from_slice(written.body()).unwrap();
    for (name, value) in body.as_object().unwrap().iter().filter(|(_, v)| !v.is_null()) {
        assert_eq!(&written[name], value, "{name}");
    }
}

/// A refusal that arrives with status 200 is none of our successes, and nobody knows how much was done.
#[tokio::test]
async fn a_success_that_says_no_is_an_error() {
    let script = Arc::new(Script::new().json(200, r#"{"success":false}"#));
    let client = Client::builder("https://vault.example")
        .transport(script)
        .credential(StaticToken::new("sample".to_owned().into()))
        .build()
        .unwrap();
    let error = client.users().set_groups(UserId::new(20).unwrap(), Vec::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::Unknown));
    assert!(error.to_string().contains("users.set_groups"), "{error}");
}

/// What is repeated after a lost answer, where the verb alone does not say it.
#[test]
fn only_what_does_no_harm_is_repeated() {
    use secretserver_client::request::prepare;
    use secretserver_client::resource::secrets::AccessOptions;
    let id = SecretId::new(4).unwrap();
    let restricted =
        |access| prepare(&secrets::GetRestricted { id: id.into(), access }).unwrap().is_idempotent();
    assert!(restricted(AccessOptions::comment("why")));
    assert!(!restricted(AccessOptions::default().checking_out()));
    assert!(!restricted(AccessOptions::default().forced()));
    let field = secretserver_client::FieldId::new(7).unwrap();
    assert!(prepare(&templates::GeneratePassword { field }).unwrap().is_idempotent());
    let made: secrets::Secret = serde_json::from_str(r#"{"id":4,"secretTemplateId":6001}"#).unwrap();
    let replace = secrets::Replace(secrets::SecretUpdate::of(&made));
    assert!(!prepare(&replace).unwrap().is_idempotent());
    assert!(!prepare(&secrets::CheckOut { id: id.into() }).unwrap().is_idempotent());
    assert!(
        !prepare(&groups::AddMember { id: GroupId::new(3).unwrap(), user: UserId::new(20).unwrap() })
            .unwrap()
            .is_idempotent()
    );
}
