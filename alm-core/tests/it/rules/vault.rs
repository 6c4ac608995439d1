//! Section V: what the adapter of Secret Server says of a place, one thing wrong at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use alm_core::Error;
use alm_core::adapter::secret_server::SecretServerVault;
use alm_core::model::ids::VaultId;
use alm_core::model::template::{Rotator, VaultPlace};
use alm_core::port::vault::{Vault as _, VaultErrorKind};
use async_trait::async_trait;
use secretserver_client::auth::StaticToken;
use secretserver_client::preflight::{CheckResult, PreflightOptions, Rule};
use secretserver_client::transport::{Body, Transport, TransportError, TransportErrorKind};
use secretserver_client::{Client, FolderId, SecretTemplateId};
use uuid::Uuid;

use super::proof::note_code;
use super::received;

/// Answers by path; what is not there is not found. Status 0: no connection.
#[derive(Debug)]
struct ByPath(BTreeMap<&'static str, (u16, &'static str)>);

#[async_trait]
impl Transport for ByPath {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        let path = request.uri().path().trim_start_matches("/api/");
        let (status, body) = self.0.get(path).copied().unwrap_or((404, "{}"));
        if status == 0 {
            return Err(TransportError::new(TransportErrorKind::Connect, None));
        }
        let mut response = http::Response::new(Body::from(body.to_owned()));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

const DENIED: &str = r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#;
const USER: &str = r#"{"id":7,"userName":"svc","permissions":[{"name":"Add Secret"},{"name":"View Secret"},{"name":"Edit Secret"},
    {"name":"View Folders"},{"name":"View Secret Templates"},{"name":"Delete Secret"},{"name":"View Deleted Secrets"}]}"#;
const TEMPLATE: &str = r#"{"id":6001,"name":"AD","fields":[{"fieldSlugName":"domain","isRequired":true,"isPassword":false},
    {"fieldSlugName":"username","isRequired":true,"isPassword":false},{"fieldSlugName":"password","isRequired":true,"isPassword":true},
    {"fieldSlugName":"notes","isRequired":false,"isPassword":false}]}"#;
const POLICY_ON: &str = r#"{"id":5,"folderName":"F","folderPath":"\\F","secretPolicyId":2}"#;
const CHECK_OUT: &str = r#"{"secretPolicyId":2,"secretPolicyName":"P","active":true,
    "securityItems":{"checkOutEnabled":{"policyApplyType":"Enforced","value":true}}}"#;
const AUTO_CHANGE: &str = r#"{"secretPolicyId":2,"secretPolicyName":"P","active":true,"securityItems":{},
    "rpcItems":{"autoChangeOnExpiration":{"policyApplyType":"Enforced","value":true}}}"#;

fn client(changes: &[(&'static str, u16, &'static str)]) -> Client {
    let mut answers = BTreeMap::from([
        ("v1/healthcheck", (200, r#"{"healthy":true}"#)),
        ("v1/version", (200, r#"{"version":"11.7.000002"}"#)),
        ("v1/users/current", (200, USER)),
        ("v1/users/7", (200, r#"{"id":7,"userName":"svc","isApplicationAccount":true}"#)),
        ("v1/folders/5", (200, r#"{"id":5,"folderName":"F","folderPath":"\\F"}"#)),
        ("v1/folder-details/5", (200, r#"{"id":5,"actions":["AddSecret"],"allowedTemplates":[]}"#)),
        ("v1/secret-templates/6001", (200, TEMPLATE)),
        ("v2/secret-templates/6001", (200, r#"{"id":6001,"name":"AD"}"#)),
    ]);
    answers.extend(changes.iter().map(|(path, status, body)| (*path, (*status, *body))));
    Client::builder("https://vault.example")
        .transport(Arc::new(ByPath(answers)))
        .credential(StaticToken::new("token".into()))
        .attempts(1)
        .build()
        .unwrap()
}

fn place() -> VaultPlace {
    VaultPlace::new(VaultId::new(Uuid::from_u128(1)), "5", "6001")
}

#[tokio::test]
async fn v_1_to_v_8_what_is_wrong_with_a_place_is_refused_by_its_rule() {
    assert_eq!(SecretServerVault::new(client(&[])).preflight(&place()).await.unwrap(), []);
    for (changes, rule) in [
        (vec![("v1/healthcheck", 200, r#"{"healthy":false}"#)], "V-1"),
        (vec![("v1/version", 200, r#"{"version":"10.2.000017"}"#)], "V-3"),
        (
            vec![(
                "v1/users/current",
                200,
                r#"{"id":7,"userName":"svc","permissions":[{"name":"Add Secret"}]}"#,
            )],
            "V-4",
        ),
        (vec![("v1/folder-details/5", 200, r#"{"id":5,"actions":["EditFolder"]}"#)], "V-5"),
        (vec![("v1/secret-templates/6001", 400, DENIED)], "V-6"),
        (vec![("v1/folders/5", 200, POLICY_ON), ("v2/secret-policy/2", 200, CHECK_OUT)], "V-7"),
        (vec![("v1/folders/5", 200, POLICY_ON), ("v2/secret-policy/2", 200, AUTO_CHANGE)], "V-8"),
    ] {
        let refusals = SecretServerVault::new(client(&changes))
            .preflight(&place())
            .await
            .unwrap_or_else(|error| panic!("{rule}: {error}"));
        let rules: Vec<_> = refusals.iter().map(alm_core::Refusal::rule).collect();
        assert_eq!(rules, [rule], "{refusals:?}");
        received(&Error::refused("vault.preflight", refusals), rule);
    }
}

/// Where the vault is to change the passwords, a place whose policy says so is right, and any other wrong.
#[tokio::test]
async fn v_8_t_14_a_place_fits_whoever_changes_the_passwords() {
    let changing = [("v1/folders/5", 200, POLICY_ON), ("v2/secret-policy/2", 200, AUTO_CHANGE)];
    let vault = SecretServerVault::new(client(&changing));
    assert_eq!(vault.preflight_for(&place(), Rotator::Vault).await.unwrap(), []);
    let refusals = vault.preflight_for(&place(), Rotator::Engine).await.unwrap();
    received(&Error::refused("vault.preflight", refusals), "V-8");
    let hidden = [("v1/folders/5", 200, POLICY_ON), ("v2/secret-policy/2", 400, DENIED)];
    for changes in [&[][..], &hidden[..]] {
        let vault = SecretServerVault::new(client(changes));
        let refusals = vault.preflight_for(&place(), Rotator::Vault).await.unwrap();
        assert_eq!(refusals.iter().map(alm_core::Refusal::rule).collect::<Vec<_>>(), ["V-8"], "{refusals:?}");
        received(&Error::refused("vault.preflight", refusals), "V-8");
    }
    // What cannot be found out is no verdict.
    let error = SecretServerVault::new(client(&[("v1/folders/5", 0, "")]));
    assert!(error.preflight_for(&place(), Rotator::Vault).await.is_err());
}

/// A credential that is not accepted says nothing about the place: the client names the rule, the adapter says to wait for a better one.
#[tokio::test]
async fn v_2_a_sign_in_that_is_refused_is_named_and_no_verdict_on_the_place() {
    let client = client(&[("v1/users/current", 401, "{}")]);
    let options = PreflightOptions::new(FolderId::new(5).unwrap(), SecretTemplateId::new(6001).unwrap());
    let report = client.preflight(options).await;
    let check = report.check(Rule::SignIn).unwrap();
    assert_eq!((check.result, check.rule.code()), (CheckResult::Failed, "V-2"));
    note_code(check.rule.code(), "vault");
    let error = SecretServerVault::new(client).preflight(&place()).await.unwrap_err();
    assert_eq!(error.kind, VaultErrorKind::SignIn);
}

/// An outage is no refusal: it says nothing about the place.
#[tokio::test]
async fn a_vault_that_is_away_refuses_nothing() {
    let away = client(&[("v1/healthcheck", 0, "")]);
    let error = SecretServerVault::new(away).preflight(&place()).await.unwrap_err();
    assert_eq!(error.kind, VaultErrorKind::Unavailable);
}
