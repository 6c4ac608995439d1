//! Accounts in the directory, beside their records.

use super::Doctor;
use crate::error::Result;
use crate::model::account::{Account, AccountStatus};
use crate::model::doctor::{Finding, FindingKind, MarkerSeen, Presence, Surveyed};
use crate::model::ids::{AccountId, SagaId, SecretId};
use crate::model::managed::AccountKind;
use crate::model::secret_link::{ClaimVerdict, SecretClaim, SecretOwner, SecretProof};
use crate::rules::doctor as rules;
use crate::service::{begin, complete};

/// How often something is written that others write at the same moment.
const TRIES: usize = 16;

impl From<Surveyed> for Presence {
    fn from(seen: Surveyed) -> Self {
        Self::There(Box::new(seen))
    }
}

impl Doctor<'_> {
    /// What is wrong with an account as it was seen; nothing while something is under way on it.
    pub(super) fn judge(&self, account: &Account, presence: &Presence) -> Vec<Finding> {
        if account.operation.is_some() {
            return Vec::new();
        }
        let expires = begin::expires(account.eol_action, account.eol);
        rules::account(account, presence, expires, &self.domain.base, self.alm.0.clock.now())
    }

    /// Looks at one account by itself, between two looks at its record.
    pub(super) async fn judge_account(&mut self, id: AccountId) -> Result<()> {
        let Some(before) = self.unit().find::<Account>(id.uuid()).await? else { return Ok(()) };
        let presence =
            self.inspector.presence(self.alm.0.instance, self.domain.id, before.object_guid).await?;
        if !matches!(presence, Presence::There(_)) {
            self.missing.insert(id);
        }
        if self.is_as(&before).await? {
            for finding in self.judge(&before, &presence) {
                self.tell(finding);
            }
        }
        Ok(())
    }

    /// Whether the record of an account is still this one.
    pub(super) async fn is_as(&self, before: &Account) -> Result<bool> {
        let now: Option<Account> = self.unit().find(before.id.uuid()).await?;
        Ok(now.as_ref() == Some(before))
    }

    pub(super) async fn stray_account(&mut self, seen: &Surveyed, saga: SagaId) -> Result<()> {
        // Seen again, and judged by what is known after that.
        let again = self.inspector.presence(self.alm.0.instance, self.domain.id, seen.entry.guid).await?;
        let Presence::There(seen) = again else { return Ok(()) };
        let (known, recorded) = self.known(saga).await?;
        let is_its_own =
            |account: &Account| account.object_guid == seen.entry.guid && account.erased_at.is_none();
        // It became somebody's while this went on.
        if seen.marker != (MarkerSeen::Ours { saga }) || recorded.as_ref().is_some_and(is_its_own) {
            return Ok(());
        }
        if let Some(finding) = rules::stray_account(&seen, saga, known, recorded.as_ref()) {
            self.left.insert(saga);
            self.tell(finding);
        }
        Ok(())
    }

    /// One sign-in, for an account in use on which nothing is under way.
    pub(super) async fn prove(&mut self, account: &Account) -> Result<()> {
        let in_use = account.status == AccountStatus::Active
            && account.operation.is_none()
            && !self.missing.contains(&account.id);
        let secret = account.secret.clone().map(SecretId::new);
        let (Some(secret), Some(vault)) = (secret, account.vault) else { return Ok(()) };
        if !in_use || account.kind == AccountKind::GroupManaged || !self.is_as(account).await? {
            return Ok(());
        }
        let owner = SecretOwner::new(self.domain.id, &self.domain.name, account.object_guid, &account.name);
        let verdict = self.inspector.prove_secret(&SecretClaim::new(vault, secret.clone(), owner)).await;
        let stayed = self.is_as(account).await?;
        self.remember_bind(account).await?;
        let name = &account.name;
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(error) => {
                self.report
                    .unseen
                    .push(format!("whether secret {secret} has the password of {name}: {error}"));
                return Ok(());
            }
        };
        match verdict {
            ClaimVerdict::Tried(SecretProof::Right) => {}
            // Something began with it meanwhile.
            ClaimVerdict::Tried(SecretProof::Wrong) if !stayed => self.report.under_way.push(account.id),
            ClaimVerdict::Tried(SecretProof::Wrong) => {
                let text =
                    format!("the password in secret {secret} is not its own; give it another one [I-1]");
                let finding = Finding::new(FindingKind::PasswordWrong, name, text).of(account.id);
                self.tell(Finding { remedy: rules::rotate(account), ..finding });
            }
            other => self
                .report
                .unseen
                .push(format!("whether secret {secret} has the password of {name}: {other:?}")),
        }
        Ok(())
    }

    /// S-8: the directory may have noted the sign-in.
    async fn remember_bind(&self, account: &Account) -> Result<()> {
        for _ in 0..TRIES {
            let mut unit = self.unit();
            let Some(mut now) = unit.find::<Account>(account.id.uuid()).await? else { return Ok(()) };
            let at = unit.now;
            complete::remember(&mut now, &[at]);
            unit.put(&now, format!("remember that we signed in as {}", account.name))?;
            if unit.settle().await? {
                break;
            }
        }
        Ok(())
    }
}
