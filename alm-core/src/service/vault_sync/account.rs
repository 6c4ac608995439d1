//! What becomes of one account after a look.

use serde_json::json;

use super::Run;
use super::look::{Job, Seen};
use crate::error::{ErrorKind, Result};
use crate::model::account::{Account, AccountStatus};
use crate::model::drift::{AccountDrift, DriftKind, RefusedSecret};
use crate::model::ids::SecretId;
use crate::model::secret_link::{
    SecretFinding, SecretFindingKind, SecretMatch, SecretProof, SecretState, SecretView,
};
use crate::rules::secret_link as rules;
use crate::service::complete;
use crate::service::secret_link::{link, rotated_by_vault};
use crate::service::stored::secret_name;
use crate::service::unit::Unit;

/// How often something is written that others write at the same moment.
const TRIES: usize = 3;

/// Something to keep, or nothing any more.
pub(super) struct Report {
    pub(super) before: Option<SecretFinding>,
    pub(super) after: Option<SecretFinding>,
}

/// What there is to report of an account, and whether it has to be looked at again.
type Outcome = (Option<Report>, bool);

impl Run<'_> {
    pub(super) async fn apply(&self, job: Job, seen: Seen) -> Result<Outcome> {
        match seen {
            Seen::Later => Ok((None, true)),
            Seen::Secret { view, proof } => self.refresh(job, view, proof).await,
            Seen::Search(found) => self.found(job, found).await,
        }
    }

    /// An account whose secret was looked at.
    async fn refresh(&self, job: Job, view: SecretView, proof: Option<SecretProof>) -> Result<Outcome> {
        let SecretView { state, dependencies } = view;
        let secret = job.account.secret.clone().map(SecretId::new);
        if let (Some(SecretProof::Wrong), Some(secret)) = (&proof, &secret) {
            self.refused(&job.account, secret).await?;
        }
        let after = rules::report(&job.account, &state).map(|(kind, text)| {
            let finding = self.finding(&job.account, kind, text);
            SecretFinding { secret, ..finding }
        });
        let dependencies = dependencies.map(rules::kept).filter(|now| *now != job.account.dependencies);
        let is_vaults = proof == Some(SecretProof::Right);
        if state == SecretState::Active && (dependencies.is_some() || is_vaults) {
            let mut unit = self.unit();
            // Only what was looked at: somebody may have given it another secret since.
            let Some(mut account) = unit.find::<Account>(job.account.id.uuid()).await? else {
                return Ok((None, true));
            };
            if account != job.account {
                if is_vaults {
                    self.remember(&account).await?;
                }
                return Ok((None, true));
            }
            let has_other = dependencies.is_some();
            if let Some(dependencies) = dependencies {
                let facts = json!({ "before": account.dependencies, "after": dependencies });
                unit.audit("account.dependencies", format!("account {}", account.id), facts);
                account.dependencies = dependencies;
            }
            if is_vaults {
                rotated_by_vault(&mut unit, &mut account).await?;
                if let Some(mut drift) = unit.find::<AccountDrift>(account.id.uuid()).await? {
                    drift.items.retain(|item| item.kind != DriftKind::Password);
                    drift.refused = None;
                    unit.put(&drift, format!("the vault has the password of {}", account.name))?;
                }
            }
            unit.put(&account, format!("what depends on {}", account.name))?;
            self.count(&mut unit, |counts| {
                counts.dependencies += u64::from(has_other);
                counts.rotated += u64::from(is_vaults);
            })
            .await?;
            if !self.commit(unit).await? {
                if is_vaults {
                    self.remember(&account).await?;
                }
                return Ok((None, true));
            }
        }
        Ok((Some(Report { before: job.before, after }), matches!(proof, Some(SecretProof::Later(_)))))
    }

    /// Its password is not the account's: kept whatever else becomes of the look, so that it is not tried at every sync.
    async fn refused(&self, account: &Account, secret: &SecretId) -> Result<()> {
        for _ in 0..TRIES {
            let mut unit = self.unit();
            let Some(mut drift) = unit.find::<AccountDrift>(account.id.uuid()).await? else { return Ok(()) };
            drift.refused = Some(RefusedSecret::new(secret.clone(), unit.now));
            unit.put(&drift, format!("secret {secret} has not the password of {}", account.name))?;
            if self.commit(unit).await? {
                break;
            }
        }
        Ok(())
    }

    /// An account whose secret was looked for.
    async fn found(&self, job: Job, found: SecretMatch) -> Result<Outcome> {
        let name = &job.account.name;
        let (kind, text, secret, tried) = match found {
            SecretMatch::None => return Ok((Some(Report { before: job.before, after: None }), false)),
            SecretMatch::One(secret, SecretProof::Right) => return self.link(job, secret).await,
            SecretMatch::One(_, SecretProof::Later(_)) => return Ok((None, true)),
            // What was said when it was tried.
            SecretMatch::One(_, SecretProof::Untried) => return Ok((None, false)),
            SecretMatch::One(secret, SecretProof::Wrong) => {
                let text = format!(
                    "secret {secret} has the name of {name} and not its password: it is not linked, and not tried again for a day"
                );
                (SecretFindingKind::Unproved, text, Some(secret), Some(self.unit().now))
            }
            SecretMatch::Several(secrets) => {
                let secrets: Vec<_> = secrets.iter().take(5).map(SecretId::as_str).collect();
                let text = format!("several secrets match {name}: {}; link one by hand", secrets.join(", "));
                (SecretFindingKind::Ambiguous, text, None, None)
            }
            SecretMatch::Unreadable(secret, why) => {
                let text = format!("secret {secret} matches {name} and cannot be read: {why}");
                (SecretFindingKind::Unreadable, text, Some(secret), None)
            }
            SecretMatch::Unclear(why) => {
                let text = format!("no secret can be looked for that is {name}'s: {why}");
                let secret = job.before.as_ref().and_then(|before| before.secret.clone());
                (SecretFindingKind::Unclear, text, secret, None)
            }
        };
        // What cannot be looked at for a while is not tried any earlier for it.
        let before = job.before.as_ref().filter(|before| before.secret == secret);
        let tried = tried.or_else(|| before.and_then(|before| before.tried));
        let finding = self.finding(&job.account, kind, text);
        let after = Some(SecretFinding { secret, tried, ..finding });
        Ok((Some(Report { before: job.before, after }), false))
    }

    /// S-8: a sign-in of ours is not somebody's use of the account, whatever else becomes of the look.
    async fn remember(&self, account: &Account) -> Result<()> {
        let now = self.unit().now;
        for _ in 0..TRIES {
            let mut unit = self.unit();
            let Some(mut account) = unit.find::<Account>(account.id.uuid()).await? else { return Ok(()) };
            complete::remember(&mut account, &[now]);
            unit.put(&account, format!("the sync signed in as {}", account.name))?;
            if self.commit(unit).await? {
                break;
            }
        }
        Ok(())
    }

    /// S-5: exactly one matches, and its password is the account's.
    async fn link(&self, job: Job, secret: SecretId) -> Result<Outcome> {
        let mut unit = self.unit();
        let Some(mut account) = unit.find::<Account>(job.account.id.uuid()).await? else {
            return Ok((None, true));
        };
        if account != job.account {
            self.remember(&account).await?;
            return Ok((None, true));
        }
        let holder = self.alm.0.store.holder(&secret_name(self.vault.id, secret.as_str())).await?;
        if holder.is_some_and(|(_, id)| id != account.id.uuid()) {
            self.remember(&account).await?;
            let text = format!("secret {secret} matches {} and is another account's", account.name);
            let finding = self.finding(&account, SecretFindingKind::Taken, text);
            // Its password was tried and is right; trying it at every sync would be of no use.
            let after = SecretFinding { tried: Some(unit.now), ..finding }.about(secret);
            return Ok((Some(Report { before: job.before, after: Some(after) }), false));
        }
        link(&mut unit, &mut account, self.vault.id, &secret).await?;
        self.count(&mut unit, |counts| counts.linked += 1).await?;
        let is_linked = self.commit(unit).await?;
        if !is_linked {
            self.remember(&account).await?;
        }
        Ok((None, !is_linked))
    }

    fn finding(&self, account: &Account, kind: SecretFindingKind, text: String) -> SecretFinding {
        SecretFinding::new(account.id, &account.name, self.vault.id, kind, text, self.begun)
    }

    /// Whether it was done; not when somebody changed the account meanwhile, and then the next sync looks. Only whoever took over ends this one.
    async fn commit(&self, unit: Unit<'_>) -> Result<bool> {
        match self.alm.0.store.commit(unit.commit).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.own(&mut self.unit()).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// What was reported of an account that is not looked at any more: nothing, once it is deleted.
    pub(super) async fn forget(&self, account: &Account) -> Result<()> {
        if account.status != AccountStatus::Deleted {
            return Ok(());
        }
        let mut unit = self.unit();
        let Some(finding) = unit.find::<SecretFinding>(account.id.uuid()).await? else { return Ok(()) };
        if finding.vault != self.vault.id {
            return Ok(());
        }
        unit.remove(&finding, format!("{} is deleted", account.name));
        unit.settle().await.map(drop)
    }
}
