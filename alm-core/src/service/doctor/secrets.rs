//! Secrets in the vaults, beside the records of their accounts.

use std::collections::{HashMap, HashSet};

use super::{Doctor, PAGE};
use crate::error::Result;
use crate::model::account::Account;
use crate::model::doctor::{Finding, FindingKind, KeptSecret};
use crate::model::ids::{SecretId, VaultId};
use crate::model::secret_link::SecretState;
use crate::model::template::VaultPlace;
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::doctor as rules;

impl Doctor<'_> {
    pub(super) async fn secrets(&mut self) -> Result<()> {
        // Whether each secret that was seen is active.
        let mut seen = HashMap::new();
        let mut looked = HashSet::new();
        for place in std::mem::take(&mut self.places) {
            if !looked.insert((place.vault.uuid(), place.folder.clone(), place.allow_folder_override)) {
                continue;
            }
            let kept = match self.inspector.kept_secrets(self.alm.0.instance, &place).await {
                Ok(kept) => kept,
                Err(error) => {
                    let text =
                        format!("the secrets in folder {} of vault {}: {error}", place.folder, place.vault);
                    self.report.unseen.push(text);
                    continue;
                }
            };
            for secret in kept {
                let key = (place.vault.uuid(), secret.id.as_str().to_owned());
                if seen.insert(key.clone(), secret.active).is_some() {
                    continue;
                }
                self.report.secrets += 1;
                if !self.by_secret.contains(&key) {
                    self.stray_secret(&place, &secret).await?;
                }
            }
        }
        let mut after = None;
        loop {
            let page = self.alm.0.store.list(RecordKind::Account, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for document in &page {
                let account = Account::read(document)?;
                if account.domain == self.domain.id && account.operation.is_none() {
                    self.secret_of(&account, &seen).await?;
                }
            }
        }
    }

    async fn stray_secret(&mut self, place: &VaultPlace, secret: &KeptSecret) -> Result<()> {
        let Some(sagas) = &secret.sagas else {
            let text = format!("whose secret {} ({}) is: its notes may not be read", secret.id, secret.name);
            self.report.unseen.push(text);
            return Ok(());
        };
        // Asked again, and judged by what is known after that.
        if sagas.is_empty() || !secret.active || !self.is_active(&secret.name, place.vault, &secret.id).await
        {
            return Ok(());
        }
        let mut known = Vec::new();
        for saga in sagas {
            known.push((*saga, self.known(*saga).await?));
        }
        let kinds: Vec<_> = known.iter().map(|(saga, (kind, _))| (*saga, *kind)).collect();
        let Some((saga, kind)) = rules::best(&kinds) else { return Ok(()) };
        let recorded = known.into_iter().find(|(one, _)| *one == saga).and_then(|(_, (_, account))| account);
        // It became its account's own while this went on.
        if recorded.as_ref().is_some_and(|account| account.secret.as_deref() == Some(secret.id.as_str())) {
            return Ok(());
        }
        if let Some(finding) =
            rules::stray_secret(secret, place.vault, saga, kind, recorded.as_ref(), self.left.contains(&saga))
        {
            self.tell(finding);
        }
        Ok(())
    }

    async fn secret_of(
        &mut self,
        account: &Account,
        seen: &HashMap<(uuid::Uuid, String), bool>,
    ) -> Result<()> {
        // An erased one has given its secret's name free: somebody else may have it.
        if account.erased_at.is_some() {
            return Ok(());
        }
        let key = account.vault.map(VaultId::uuid).zip(account.secret.clone());
        let state = match (key, account.vault) {
            (Some(key), Some(vault)) => match seen.get(&key) {
                Some(true) => Some(SecretState::Active),
                // Seen inactive, or not where its template keeps secrets: asked for itself.
                _ => self.state(&account.name, vault, &SecretId::new(key.1)).await,
            },
            _ => None,
        };
        let wants = self.keeps.contains(&account.template_version);
        if let Some(finding) = rules::secret(account, state.as_ref(), wants)
            && self.is_as(account).await?
            && self.still(account, &finding).await
        {
            self.tell(finding);
        }
        if self.order.passwords && state == Some(SecretState::Active) {
            self.prove(account).await?;
        }
        Ok(())
    }

    /// What the list said a while ago is asked again before it is told.
    async fn still(&mut self, account: &Account, finding: &Finding) -> bool {
        match (finding.kind, account.vault, account.secret.clone()) {
            (FindingKind::SecretActive, Some(vault), Some(secret)) => {
                self.is_active(&account.name, vault, &SecretId::new(secret)).await
            }
            _ => true,
        }
    }

    async fn is_active(&mut self, name: &str, vault: VaultId, secret: &SecretId) -> bool {
        self.state(name, vault, secret).await == Some(SecretState::Active)
    }

    /// How one secret stands; a vault that does not tell is said, and ends nothing.
    async fn state(&mut self, name: &str, vault: VaultId, secret: &SecretId) -> Option<SecretState> {
        let unclear = match self.inspector.secret(vault, secret).await {
            Ok(view) => match view.state {
                SecretState::Unclear(why) => why,
                state => return Some(state),
            },
            Err(error) => error.to_string(),
        };
        self.report.unseen.push(format!("secret {secret} of {name}: {unclear}"));
        None
    }
}
