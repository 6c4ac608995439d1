//! Passwords that Secret Server changes itself (T-14): it takes the order and carries it out later (facts 3.2).

use secretserver_client::resource::secrets::{AccessOptions, HeartbeatStatus, Ordered, Summary};
use secretserver_client::{Client, Error, SecretId};

use super::translate;
use crate::error::Outcome;
use crate::port::vault::{VaultChange, VaultError, VaultErrorKind};

/// By the summary, which has no value. That a try failed, the server says by what it thinks of the password afterwards; whether one that it calls good is,
/// the directory says.
pub(super) async fn last(client: &Client, secret: SecretId) -> Result<VaultChange, Error> {
    let summary = client.secrets().summary(secret).await?;
    let mut change = VaultChange::new(summary.last_password_change_attempt);
    change.under_way = summary.last_heart_beat_status == Some(HeartbeatStatus::Processing);
    change.failed = failure(&summary).map(str::to_owned);
    Ok(change)
}

fn failure(summary: &Summary) -> Option<&'static str> {
    match &summary.last_heart_beat_status {
        _ if summary.is_out_of_sync => Some("the server calls the secret out of sync with the directory"),
        Some(HeartbeatStatus::Failed) => Some("the server says that its password is not the directory's"),
        _ => None,
    }
}

/// The server makes the password.
pub(super) async fn ask(client: &Client, secret: SecretId) -> Result<(), VaultError> {
    let ordered = client.secrets().change_password(secret, None, AccessOptions::default()).await;
    match ordered.map_err(|error| translate(&error))? {
        Ordered::Accepted(_) => Ok(()),
        other => {
            let remarks = other.summary().response_codes.join(", ");
            let message = format!("secret {secret}: the server remarks on the order to change it: {remarks}");
            // It may have taken it all the same.
            Err(VaultError::new(VaultErrorKind::Protocol, message).with_outcome(Outcome::Unknown))
        }
    }
}
