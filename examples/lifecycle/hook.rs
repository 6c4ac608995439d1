//! Shows each effect of the engine, and slows it down when asked to.

use std::sync::Arc;
use std::time::Duration;

use alm_core::engine::{EffectHook, EffectPoint};
use alm_core::model::account::OperationKind;
use alm_core::model::ids::SagaId;
use serde_json::json;

use crate::teller::Teller;

#[derive(Debug)]
pub struct ShowEffects {
    pub teller: Arc<Teller>,
    pub slow: Duration,
}

/// What an effect is to a reader.
fn in_words<'a>(effect: &'a str, operation: OperationKind, account: &str) -> &'a str {
    match (effect, operation) {
        ("add_account", _) if account.ends_with('$') => {
            "the account is added, disabled; its domain makes the password"
        }
        ("preflight", _) => "vault, OU and groups are looked at; a controller is chosen",
        ("create_secret", OperationKind::Rotate) => "a second secret gets a new password",
        ("set_password", _) => "the directory gets the new password, in a request that carries the marker",
        ("verify_password", OperationKind::Rotate) => "a bind proves that the new password is there",
        ("copy_password", _) => "the account's own secret gets it",
        ("tell_dependents", _) => "what depends on the secret is told",
        ("settle_secrets", OperationKind::Rotate) => "the second secret is deactivated",
        ("create_secret", _) => "a password is made and put into the vault",
        ("add_account", _) => "the account is added, disabled, with the vault's password",
        ("replace_password", _) => "another password is put into the vault",
        ("leave_group", _) => "it leaves a group",
        ("join_group", _) => "it joins a group",
        ("verify_password", _) => "a bind proves that directory and vault agree",
        ("reset_password", _) => "the directory gets the vault's password",
        ("settle_secrets", _) => "no second secret has come late",
        ("locate", _) => "the account is found by its objectGUID, and its marker is ours",
        ("change", OperationKind::Provision | OperationKind::Enable) => {
            "it is enabled, in a request that carries the marker"
        }
        ("survey", _) => "what it is like is written down, to be put back if this is given up",
        ("move_secret", _) => "its secret is moved to its folder",
        ("change", OperationKind::Migrate) => "what the new template says of it is written",
        ("examine", _) => "it is nobody's yet, and is looked at",
        ("claim", _) => "our marker is put on it",
        ("release", _) => "our marker is taken off it again",
        ("change", OperationKind::Adopt) => "it gets the end date of its template",
        ("change", OperationKind::Disable) => "it is disabled, in a request that carries the marker",
        ("change", OperationKind::Renew | OperationKind::Expire) => "its end date is set in the directory",
        ("change", _) => "it is disabled, and loses its names",
        ("move", OperationKind::Delete) => "it is moved under the name of a retired object",
        ("move", _) => "it is moved",
        ("ensure_groups", _) => "its memberships are there",
        ("delete_account", _) => "the object is deleted",
        ("deactivate_secret", _) => "the secret is deactivated",
        (other, _) => other,
    }
}

#[async_trait::async_trait]
impl EffectHook for ShowEffects {
    async fn at(
        &self,
        point: EffectPoint,
        saga: SagaId,
        account: &str,
        operation: OperationKind,
        effect: &'static str,
    ) {
        let name = match point {
            EffectPoint::Before => "before",
            EffectPoint::After => "after",
            _ => "recorded",
        };
        let event = json!({
            "event": "effect", "point": name, "effect": effect, "account": account, "operation": operation, "saga": saga,
        });
        if point == EffectPoint::Recorded {
            self.teller.detail(format!("    {effect:<18} {}", in_words(effect, operation, account)), event);
        } else {
            self.teller.data(&event);
        }
        if !self.slow.is_zero() {
            tokio::time::sleep(self.slow).await;
        }
    }
}
