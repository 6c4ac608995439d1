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
fn in_words(effect: &str) -> &str {
    match effect {
        "preflight" => "vault, OU and groups are looked at; a controller is chosen",
        "create_secret" => "a password is made and put into the vault",
        "add_account" => "the account is added, disabled, with the vault's password",
        "replace_password" => "another password is put into the vault",
        "join_group" => "it joins a group",
        "verify_password" => "a bind proves that directory and vault agree",
        "reset_password" => "the directory gets the vault's password",
        "settle_secrets" => "no second secret has come late",
        "locate" => "the account is found by its objectGUID, and its marker is ours",
        "change" => "its attributes are changed, under the marker",
        "move" => "it is moved",
        "ensure_groups" => "its memberships are there",
        "delete_account" => "the object is deleted",
        "deactivate_secret" => "the secret is deactivated",
        other => other,
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
            self.teller.event(format!("    {effect:<18} {}", in_words(effect)), event);
        } else {
            self.teller.data(&event);
        }
        if !self.slow.is_zero() {
            tokio::time::sleep(self.slow).await;
        }
    }
}
