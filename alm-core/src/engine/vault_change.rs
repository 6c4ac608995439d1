//! Effects where the vault changes the password (T-14): what was before is noted, the vault is asked once, and then looked at.

use ad_directory::{AccountKey, Controller, FindOptions, ObjectGuid};
use jiff::Timestamp;

use super::guard::Tools;
use super::secret_effects::SecretEffects;
use super::translate::{self, Step, done, refused};
use crate::port::vault::{SecretId, VaultChange};
use crate::saga::effect::{EffectResult, Found, Reason};

impl Tools<'_> {
    /// When the directory last got a password for an account of ours.
    pub(super) async fn password_set(
        &self,
        controller: &Controller,
        account: ObjectGuid,
    ) -> Step<Option<Timestamp>> {
        let pinned = self.pinned(Some(controller)).await?;
        self.guard(&pinned, account).await?;
        let found = pinned
            .find_account(&AccountKey::Guid(account), FindOptions::new())
            .await
            .map_err(|error| translate::directory(&error))?;
        Ok(found.and_then(|account| account.password_last_set))
    }
}

fn not_yet() -> EffectResult {
    done(Found { not_yet: true, ..Found::default() })
}

impl SecretEffects<'_> {
    async fn last_change(&self, secret: &SecretId) -> Step<VaultChange> {
        self.vault.last_change(secret).await.map_err(|error| translate::vault(&error))
    }

    /// The directory was looked at before the vault: what the vault does in between is then asked for once more, and never taken for what was asked.
    pub(super) async fn note_change(&self, secret: &SecretId, set: Option<Timestamp>) -> Step<EffectResult> {
        let change = self.last_change(secret).await?;
        if change.under_way {
            return Ok(not_yet());
        }
        let vault_failed = change.failed.is_some();
        Ok(done(Found { vault_change: change.last, vault_failed, password_set: set, ..Found::default() }))
    }

    /// A try that came since is the one that was asked for. What is under way may be a look at the password alone: it is waited for.
    pub(super) async fn ask_change(
        &self,
        secret: &SecretId,
        since: Option<Timestamp>,
        may_ask: bool,
    ) -> Step<EffectResult> {
        let change = self.last_change(secret).await?;
        if change.last != since {
            return Ok(done(Found::default()));
        }
        if change.under_way || !may_ask {
            return Ok(not_yet());
        }
        self.allowed(secret).await?;
        self.vault.ask_change(secret).await.map_err(|error| translate::vault(&error))?;
        Ok(done(Found::default()))
    }

    /// A failure that stood before may be what the vault still thinks of the password before: whether it changed, the directory shows.
    pub(super) async fn follow_change(
        &self,
        secret: &SecretId,
        since: Option<Timestamp>,
        had_failed: bool,
    ) -> Step<EffectResult> {
        let change = self.last_change(secret).await?;
        if change.under_way || change.last == since {
            return Ok(not_yet());
        }
        match change.failed {
            Some(why) if !had_failed => {
                refused(Reason::Other, format!("the vault could not change the password: {why}"))
            }
            _ => Ok(done(Found::default())),
        }
    }
}
