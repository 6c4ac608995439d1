//! Which secret is an account's: by hand, with the check of S-5.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::complete;
use super::owners::owners_to_tell;
use super::stored::secret_name;
use super::unit::Unit;
use crate::error::{Refusal, Result};
use crate::model::account::Account;
use crate::model::estate::Domain;
use crate::model::event::EventKind;
use crate::model::ids::{AccountId, SecretId, VaultId};
use crate::model::people::{Feature, Verb};
use crate::model::secret_link::{SecretClaim, SecretFinding, SecretOwner};
use crate::model::template::TemplateVersion;
use crate::rules::{rotation, secret_link as rules};

/// Says which secret holds an account's password (O-7), of one that has none or another. Needs managed-account Update with Manage.
///
/// The secret is believed when it is proved (S-5): it is active, lies in the folder of the account's template, and its password signs in to the directory.
/// The password is tried once, also by [`plan`](crate::Alm::plan); an account that is locked out is neither believed nor refused for good, but later.
/// If anything about the account changes until it is written down, it is looked at anew. What the account had before stays as it is in the vault.
///
/// Refused are: a gMSA (T-11), a deleted account (I-4), one with an operation open (L-31), one in a domain that is disabled (O-9), and with S-5 a secret that is not proved, that another
/// account has, or that would settle what a rotation left open.
///
/// ```
/// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller, account: alm_core::model::ids::AccountId) -> alm_core::Result<()> {
/// use alm_core::service::secret_link::SetAccountSecret;
///
/// alm.execute(&admin, "svc-web is secret 4711", SetAccountSecret::new(account, "4711")).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SetAccountSecret {
    /// Of which account.
    pub account: AccountId,
    /// The vault's own identifier of the secret.
    pub secret: SecretId,
}

impl SetAccountSecret {
    /// This secret holds the password of this account.
    pub fn new(account: AccountId, secret: impl Into<String>) -> Self {
        Self { account, secret: SecretId::new(secret) }
    }
}

#[async_trait]
impl Decide for SetAccountSecret {
    const NAME: &'static str = "account.set_secret";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::ManagedAccount, Verb::Update, false).await?;
        let mut account: Account = unit.get(self.account.uuid()).await?;
        if let Err(refusal) = rules::require(&account) {
            return unit.refuse(refusal);
        }
        let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
        let Some(place) = version.body.vault else {
            let message = format!("the template of {} has no vault", account.name);
            return unit.refuse(Refusal::new("S-5", "account", message));
        };
        let vault = place.vault;
        let (name, own) = (secret_name(vault, self.secret.as_str()), account.id.uuid());
        let taken = || Refusal::new("S-5", "secret", format!("secret {} is another account's", self.secret));
        unit.require_free(&name, Some(own), taken).await?;
        let inspector = unit.inspector()?;
        let domain: Domain = unit.get(account.domain.uuid()).await?;
        if !domain.enabled {
            return unit.refuse(Refusal::new("O-9", "account", format!("{} is disabled", domain.name)));
        }
        let owner = SecretOwner::new(domain.id, domain.name, account.object_guid, &account.name);
        let claim = SecretClaim::new(vault, self.secret.clone(), owner).within(place);
        let verdict = inspector.prove_secret(&claim).await?;
        if let Err(refusal) = rules::judge(&account.name, self.secret.as_str(), &verdict) {
            return unit.refuse(refusal);
        }
        link(unit, &mut account, vault, &self.secret).await
    }
}

/// Writes down that a secret, which was proved a moment ago, is an account's.
pub(super) async fn link(
    unit: &mut Unit<'_>,
    account: &mut Account,
    vault: VaultId,
    secret: &SecretId,
) -> Result<()> {
    let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
    let before = account.secret.replace(secret.to_string());
    account.vault = Some(vault);
    account.dependencies.clear();
    // How old a password is that was in no vault, nobody knows: from now on it ages as its template says. Another place makes none younger.
    if before.is_none() {
        account.password_changed_at = unit.now;
        account.rotates_at = rotation::due(&version.body.rotation, unit.now);
    }
    complete::remember(account, &[unit.now]);
    let text = format!("{} has its password in secret {secret}", account.name);
    unit.put(account, &text)?;
    if let Some(finding) = unit.find::<SecretFinding>(account.id.uuid()).await? {
        unit.remove(&finding, format!("no more: {}", finding.text));
    }
    let facts = json!({ "account": account.name, "vault": vault, "before": before, "after": secret });
    unit.audit("account.secret", format!("account {}", account.id), facts);
    let told = owners_to_tell(unit, &account.owners).await?;
    unit.event(EventKind::AccountSecretChanged, text, told, |event| event.account = Some(account.id))
}

/// V-8: the directory has what the vault holds, as a sign-in proved a moment ago, so it was the vault that changed it. The caller writes the account.
pub(super) async fn rotated_by_vault(unit: &mut Unit<'_>, account: &mut Account) -> Result<()> {
    complete::remember(account, &[unit.now]);
    let before = std::mem::replace(&mut account.password_changed_at, unit.now);
    let facts = json!({ "before": before, "after": account.password_changed_at });
    unit.audit("account.rotated_by_vault", format!("account {}", account.id), facts);
    let text = format!("{} has another password, from its vault", account.name);
    let told = owners_to_tell(unit, &account.owners).await?;
    unit.event(EventKind::AccountPasswordRotated, text, told, |event| event.account = Some(account.id))
}
