//! Effects on the vault: each looks first whether it was done already.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::guard::Tools;
use super::password;
use super::translate::{self, Step, Stop, done, failed, refused};
use crate::error::Outcome;
use crate::model::account::OperationKind;
use crate::model::template::VaultPlace;
use crate::port::entropy::Entropy;
use crate::port::vault::{FoundSecret, NewSecret, SecretId, Vault, VaultErrorKind};
use crate::saga::effect::{EffectResult, Found, Reason};

/// The vault's side of an engine.
#[derive(Debug)]
pub(super) struct SecretEffects<'a> {
    pub(super) vault: &'a Arc<dyn Vault>,
    pub(super) entropy: &'a Arc<dyn Entropy>,
    pub(super) tools: &'a Tools<'a>,
}

impl SecretEffects<'_> {
    /// E-8: where this engine may use secrets. One that is not there is for whoever wants it to say.
    pub(super) async fn allowed(&self, secret: &SecretId) -> Step<()> {
        if !self.tools.policy.limits_folders() {
            return Ok(());
        }
        let found = self.vault.describe(secret).await.map_err(|error| translate::vault(&error))?;
        match found.map(|found| found.folder) {
            None => Ok(()),
            Some(Some(folder)) => self.tools.policy.folder(&folder),
            Some(None) => self.tools.policy.folder("that the vault does not tell"),
        }
    }

    async fn find(&self, place: &VaultPlace, name: &str) -> Step<Vec<FoundSecret>> {
        self.vault.find(place, name).await.map_err(|error| translate::vault(&error))
    }

    fn is_ours(&self, secret: &FoundSecret) -> bool {
        secret
            .markers
            .as_ref()
            .is_some_and(|markers| markers.iter().any(|marker| self.tools.is_known_saga(marker)))
    }

    fn password(&self) -> Step<secrecy::SecretString> {
        password::generate(self.entropy.as_ref(), &self.tools.task.account_name)
            .or_else(|error| failed(Outcome::NotSent, error.to_string()))
    }

    /// Step 3: a reply that was lost is made up for by looking.
    pub(super) async fn create(
        &self,
        place: &VaultPlace,
        name: &str,
        domain: &str,
        username: &str,
    ) -> Step<EffectResult> {
        if let Some(found) = self.created(place, name).await? {
            return Ok(found);
        }
        let password = self.password()?;
        let marker = self.tools.marker()?;
        let secret = NewSecret::new(place, name, domain, username, &password, marker.as_str());
        match self.vault.create(secret).await {
            Ok(id) => Ok(done(Found { secret: Some(id), ..Found::default() })),
            // it came between the look and the request; perhaps from an attempt of ours.
            Err(error) if error.kind == VaultErrorKind::NameTaken && error.outcome == Outcome::NotDone => {
                match self.created(place, name).await? {
                    Some(found) => Ok(found),
                    None => Err(translate::vault(&error)),
                }
            }
            Err(error) => Err(translate::vault(&error)),
        }
    }

    /// The active secret of this name, if this saga made it. Another's is never adopted.
    async fn created(&self, place: &VaultPlace, name: &str) -> Step<Option<EffectResult>> {
        let found = self.find(place, name).await?;
        if let Some(secret) = found.iter().find(|secret| secret.active && self.is_ours(secret)) {
            return Ok(Some(done(Found { secret: Some(secret.id.clone()), ..Found::default() })));
        }
        match found.iter().find(|secret| !self.is_ours(secret)) {
            Some(secret) => refused(
                Reason::SecretNameTaken,
                format!("a secret named {name} exists already ({}) and is not ours", secret.id),
            ),
            None => Ok(None),
        }
    }

    /// the account is not there yet, or disabled and unseen; so the vault's password may change.
    pub(super) async fn replace_password(&self, secret: &SecretId) -> Step<EffectResult> {
        self.allowed(secret).await?;
        let password = self.password()?;
        self.vault.write_password(secret, &password).await.map_err(|error| translate::vault(&error))?;
        Ok(done(Found::default()))
    }

    /// Rotation: the account's own secret gets the password that the directory has.
    pub(super) async fn copy(&self, from: &SecretId, to: &SecretId) -> Step<EffectResult> {
        let password = self.read(from).await?;
        let there = self.read(to).await?;
        if password.expose_secret() != there.expose_secret() {
            self.vault.write_password(to, &password).await.map_err(|error| translate::vault(&error))?;
        }
        Ok(done(Found::default()))
    }

    /// What failed is named, and told again.
    pub(super) async fn tell_dependents(&self, secret: &SecretId) -> Step<EffectResult> {
        self.allowed(secret).await?;
        let failed_ones =
            self.vault.tell_dependents(secret).await.map_err(|error| translate::vault(&error))?;
        if failed_ones.is_empty() {
            return Ok(done(Found::default()));
        }
        failed(Outcome::NotDone, format!("these still have the old password: {}", failed_ones.join(", ")))
    }

    /// secrets that came late are ours by name and marker, and nobody knows them.
    pub(super) async fn settle(
        &self,
        place: &VaultPlace,
        name: &str,
        recorded: Option<&SecretId>,
        keep: bool,
    ) -> Step<EffectResult> {
        let mut findings = Vec::new();
        for secret in self.find(place, name).await? {
            if !secret.active || Some(&secret.id) == recorded {
                continue;
            }
            if self.is_ours(&secret) {
                self.deactivate_found(&secret.id).await?;
                if keep {
                    findings.push(format!("secret {} came late and was deactivated", secret.id));
                }
            } else {
                findings.push(format!(
                    "secret {} has the name {name} and is not ours; it was left alone",
                    secret.id
                ));
            }
        }
        match recorded {
            Some(recorded) if keep => {
                let secret = self.vault.describe(recorded).await.map_err(|error| translate::vault(&error))?;
                if !secret.is_some_and(|secret| secret.active) {
                    return refused(
                        Reason::SecretMissing,
                        format!("secret {recorded} is not active any more; somebody deactivated it"),
                    );
                }
            }
            Some(recorded) => self.deactivate_found(recorded).await?,
            None => {}
        }
        Ok(done(Found { findings, ..Found::default() }))
    }

    async fn deactivate_found(&self, secret: &SecretId) -> Step<()> {
        self.tools.policy.deed("deactivate_secret")?;
        self.allowed(secret).await?;
        self.vault.deactivate(secret).await.map_err(|error| translate::vault(&error))
    }

    pub(super) async fn deactivate(&self, secret: &SecretId) -> Step<EffectResult> {
        let found = self.vault.describe(secret).await.map_err(|error| translate::vault(&error))?;
        match found {
            None => {
                refused(Reason::SecretMissing, format!("secret {secret} is not there, or may not be seen"))
            }
            Some(found) if !found.active => Ok(done(Found { gone: true, ..Found::default() })),
            // I-3: what no record names is ours by its marker or not at all.
            Some(found) if self.tools.task.operation == OperationKind::Clean && !self.is_ours(&found) => {
                refused(
                    Reason::Other,
                    format!(
                        "secret {secret} carries no marker of the saga that left it; it was left alone [I-3]"
                    ),
                )
            }
            Some(_) => {
                self.deactivate_found(secret).await?;
                Ok(done(Found::default()))
            }
        }
    }

    /// Where a secret is, if its vault tells.
    pub(super) async fn folder(&self, secret: &SecretId) -> Step<Option<String>> {
        let found = self.vault.describe(secret).await.map_err(|error| translate::vault(&error))?;
        match found {
            Some(found) => Ok(found.folder),
            None => {
                refused(Reason::SecretMissing, format!("secret {secret} is not there, or may not be seen"))
            }
        }
    }

    /// Moves a secret, unless it is there already or in a place that is as good. It must be readable there: an engine that cannot read it any more
    /// could neither prove nor change the password.
    pub(super) async fn relocate(
        &self,
        secret: &SecretId,
        place: &VaultPlace,
        stay_below: bool,
    ) -> Step<EffectResult> {
        let there = self.folder(secret).await?;
        if there.as_ref() == Some(&place.folder) {
            // It may be there since an attempt that came no further.
            self.read(secret).await?;
            return Ok(done(Found::default()));
        }
        self.allowed(secret).await?;
        if let Some(folder) = there.filter(|_| stay_below) {
            let refusals = self
                .vault
                .preflight(&place.chosen(Some(&folder)))
                .await
                .map_err(|error| translate::vault(&error))?;
            if refusals.iter().all(|refusal| refusal.rule() != "NM-4") {
                return Ok(done(Found::default()));
            }
        }
        self.vault.relocate(secret, place).await.map_err(|error| translate::vault(&error))?;
        self.read(secret).await?;
        Ok(done(Found::default()))
    }

    pub(super) async fn read(&self, secret: &SecretId) -> Step<secrecy::SecretString> {
        self.allowed(secret).await?;
        self.vault.read_password(secret).await.map_err(|error| {
            // In these words a saga can tell it from a folder that is missing.
            let mut stop = translate::vault(&error);
            if let Stop::End(result) = &mut stop
                && let EffectResult::Refused { reason: reason @ Reason::PlaceUnusable, .. } = &mut **result
            {
                *reason = Reason::SecretMissing;
            }
            stop
        })
    }
}
