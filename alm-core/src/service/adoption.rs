//! Discovery and adoption (M-1): what a domain has that nobody manages, and how it becomes managed.
//!
//! In four steps: [`Alm::discover`] looks through OUs of one domain; a person chooses [`Adoptee`]s of what was found; [`AdoptAccounts`] says
//! the template, the owners, the period and which attributes are written, and [`Alm::plan`] shows what it would do; then it is given.

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::{Dn, ObjectGuid, SamAccountName};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::alm::Alm;
use super::command::{Caller, decide::Decide};
use super::requests::current_version;
use super::unit::Unit;
use super::{begin, owners};
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus, Owner, ReminderState, renewal_date};
use crate::model::discovery::{Discovered, DiscoveryOrder};
use crate::model::estate::Domain;
use crate::model::ids::{AccountId, SagaId, SecretId, TemplateId};
use crate::model::managed::AccountKind;
use crate::model::people::{Feature, Verb};
use crate::model::period::Period;
use crate::model::template::TemplateVersion;
use crate::rules::{attributes, naming, ownership, text};
use crate::saga::Completion;
use crate::saga::plan::{AdoptPlan, NewSecretPlan, Plan};

/// How many accounts one command adopts.
const MOST: usize = 200;

/// An account to be adopted, as it was found.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Adoptee {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Its sAMAccountName. If it has another one when an engine looks, it is not adopted.
    pub name: String,
    /// Where it was found.
    pub dn: Dn,
    /// What kind of account it is.
    pub kind: AccountKind,
    /// Who answers for it; those of the command when empty.
    pub owners: BTreeSet<Owner>,
    /// The vault's own identifier of the secret that holds its password, if a vault has it. An engine proves it before the account is adopted;
    /// without one, no vault keeps its password and nothing rotates it.
    pub secret: Option<String>,
}

impl From<&Discovered> for Adoptee {
    fn from(found: &Discovered) -> Self {
        Self {
            guid: found.guid,
            name: found.name.clone(),
            dn: found.dn.clone(),
            kind: found.kind,
            owners: BTreeSet::new(),
            secret: None,
        }
    }
}

/// Adopts accounts that are in a directory already (M-1). Needs managed-account Create with Manage.
///
/// Each comes under the current version of one template, with its own or shared owners and an end of life that counts from today. What it is
/// called, where it is and in which groups it is stays as it is, and its password too unless that is [asked for](Self::reset_passwords); an end date that somebody gave it in the directory gives
/// way to the template's (L-38), and the saga's findings say what it was. While it is under way nothing can be asked of the account. Each is a saga of its own: one that an engine finds
/// marked, protected, renamed or expired is not adopted and stays as it was, and the others go on.
///
/// With [`resetting_passwords`](Self::resetting_passwords), an account without a named secret gets a secret with a new password, then the directory gets that
/// password, then a sign-in proves it, and only then is anything else of the account changed. Whatever refuses before the directory gets it is undone:
/// the secret is deactivated, the account is as it was. After that there is no way back, because nobody knows the old password: what goes wrong then
/// waits for a person, and if that one gives the adoption up, the account is not managed and the secret stays, with the only password there is.
///
/// Refused are, all at once: accounts of another domain or kind, those that are managed already, and what the template's rules say of period,
/// owners and attributes.
///
/// ```
/// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller, domain: alm_core::model::ids::DomainId,
/// #     template: alm_core::model::ids::TemplateId, owner: alm_core::model::account::Owner) -> Result<(), Box<dyn std::error::Error>> {
/// use alm_core::model::discovery::DiscoveryOrder;
/// use alm_core::model::period::Period;
/// use alm_core::service::adoption::AdoptAccounts;
///
/// let found = alm.discover(&caller, &DiscoveryOrder::new(domain).below("OU=Legacy,DC=corp,DC=example".parse()?)).await?;
/// let chosen = found.iter().filter(|account| account.obstacle.is_none() && account.score >= 40);
/// let adopt = AdoptAccounts::new(template, Period::Years(1), chosen.map(Into::into)).owner(owner);
/// for change in alm.plan(&caller, &adopt).await?.changes {
///     println!("{change}");
/// }
/// let accounts = alm.execute(&caller, "adopt OU=Legacy, 2026-11", adopt).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AdoptAccounts {
    /// Under which template; its current version.
    pub template: TemplateId,
    /// One of its periods.
    pub period: Period,
    /// Which.
    pub accounts: Vec<Adoptee>,
    /// Who answers for those that name nobody.
    pub owners: BTreeSet<Owner>,
    /// Another description; the one each has when not said.
    pub description: Option<String>,
    /// Attributes to write, by LDAP name; an empty value keeps what is there.
    pub attributes: BTreeMap<String, String>,
    /// Whether those that name no secret get another password, which is kept in a secret that is made for each. Whoever signs in with the old one no
    /// longer can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset_passwords: bool,
}

impl AdoptAccounts {
    /// Adopts these, with nobody's ownership yet.
    pub fn new(template: TemplateId, period: Period, accounts: impl IntoIterator<Item = Adoptee>) -> Self {
        Self {
            template,
            period,
            accounts: accounts.into_iter().collect(),
            owners: BTreeSet::new(),
            description: None,
            attributes: BTreeMap::new(),
            reset_passwords: false,
        }
    }

    /// Gives those that name no secret another password.
    #[must_use]
    pub const fn resetting_passwords(mut self) -> Self {
        self.reset_passwords = true;
        self
    }

    /// One more owner of those that name nobody.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owners.insert(owner);
        self
    }

    /// Whatever is wrong with it as a whole.
    fn check(&self, version: &TemplateVersion) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let body = &version.body;
        if self.accounts.is_empty() || self.accounts.len() > MOST {
            let message =
                format!("{} accounts are named, 1 to {MOST} are adopted at once", self.accounts.len());
            refusals.push(Refusal::new("M-1", "accounts", message));
        }
        if !body.periods.contains(&self.period) {
            let message = format!("{} is not offered by the template", self.period);
            refusals.push(Refusal::new("T-5", "period", message));
        }
        if let Some(description) = &self.description {
            refusals.extend(text::check("M-1", "description", description, 1_000, false, false).err());
        }
        refusals.extend(attributes::check_values("M-1", body, &self.attributes));
        if self.reset_passwords && body.vault.is_none() {
            let message = "no vault of the template would keep the new passwords";
            refusals.push(Refusal::new("M-1", "reset_passwords", message));
        }
        refusals
    }

    /// Whatever is wrong with one of the accounts.
    async fn check_one(
        &self,
        unit: &mut Unit<'_>,
        one: &Adoptee,
        domain: &Domain,
        version: &TemplateVersion,
    ) -> Result<Vec<Refusal>> {
        let mut refusals = Vec::new();
        let mut refuse = |rule, field, message: String| refusals.push(Refusal::new(rule, field, message));
        let (name, body) = (&one.name, &version.body);
        if one.kind != body.kind {
            refuse("M-1", "kind", format!("{name} is another kind of account than the template's"));
        }
        if !one.dn.is_below(&domain.base) || one.dn.parent().is_none() {
            refuse("M-1", "domain", format!("{} is no account of {}", one.dn, domain.name));
        }
        if name.parse::<SamAccountName>().is_err() {
            refuse("M-1", "name", format!("{name:?} is no name of an account"));
        }
        if one.secret.is_some() && body.vault.is_none() {
            refuse("T-11", "secret", format!("no vault keeps the password of {name}"));
        }
        if self.accounts.iter().filter(|other| other.guid == one.guid).count() > 1 {
            refuse("M-1", "accounts", format!("{name} is named twice"));
        }
        if let (Some(place), Some(secret)) = (&body.vault, &one.secret) {
            let held = unit.alm.store.holder(&super::stored::secret_name(place.vault, secret)).await?;
            let others = self.accounts.iter().filter(|other| other.secret.as_ref() == Some(secret));
            if held.is_some() || others.count() > 1 {
                refuse("S-5", "secret", format!("secret {secret} is another account's than {name}"));
            }
        }
        let object = super::stored::object_name(domain.id, one.guid);
        if unit.alm.store.holder(&object).await?.is_some() {
            refuse("M-1", "accounts", format!("{name} is managed already"));
        } else if unit.alm.store.holder(&naming::reservation(domain.id, name)).await?.is_some() {
            refuse(
                "NM-2",
                "name",
                format!("{name} is taken by a live request or another account of the domain"),
            );
        }
        let named = self.owners_of(one);
        let (people, groups) = owners::owners_of(unit, named).await?;
        let requester = unit.person()?;
        for refusal in ownership::check(body.ownership, requester, named, &people, &groups) {
            refuse(refusal.rule(), refusal.field(), format!("{name}: {}", refusal.message()));
        }
        owners::take_on(unit, named, &people, &groups)?;
        Ok(refusals)
    }

    fn owners_of<'a>(&'a self, one: &'a Adoptee) -> &'a BTreeSet<Owner> {
        if one.owners.is_empty() { &self.owners } else { &one.owners }
    }

    fn begin(
        &self,
        unit: &mut Unit<'_>,
        one: &Adoptee,
        (in_domain, version): (&Domain, &TemplateVersion),
        eol: Timestamp,
    ) -> Result<AccountId> {
        let (body, domain) = (&version.body, version.body.directory.domain);
        let Some(ou) = one.dn.parent() else {
            return unit.refuse(Refusal::new("M-1", "domain", format!("{} lies in no container", one.dn)));
        };
        let secret = one.secret.clone().filter(|_| body.vault.is_some());
        let written = self.attributes.iter().filter(|(_, value)| !value.is_empty());
        let written: BTreeMap<_, _> = written.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut account = Account {
            id: AccountId::new(unit.new_id()?),
            name: one.name.clone(),
            common_name: None,
            kind: body.kind,
            domain,
            status: AccountStatus::Active,
            owners: self.owners_of(one).clone(),
            template: version.template,
            template_version: version.id,
            period: self.period,
            renewal_date: renewal_date(eol, body.renewal_lead_days),
            eol,
            ends_by: None,
            eol_action: body.eol_action,
            eol_done: false,
            description: self.description.clone().unwrap_or_default(),
            ou,
            retirement_ou: body.directory.retirement_ou.clone(),
            groups: Vec::new(),
            privilege_ends: Vec::new(),
            attributes: written.clone(),
            object_guid: one.guid,
            vault: body.vault.as_ref().filter(|_| secret.is_some()).map(|place| place.vault),
            secret: secret.clone(),
            dependencies: Vec::new(),
            tags: BTreeSet::new(),
            service_principal_names: Vec::new(),
            password_changed_at: unit.now,
            rotates_at: None,
            pending: None,
            pair: None,
            operation: None,
            renewal: None,
            reminders: ReminderState::default(),
            sagas: Vec::new(),
            binds: Vec::new(),
            provisioned_at: unit.now,
            erased_at: None,
        };
        let saga = SagaId::new(unit.new_id()?);
        let resets = body.vault.clone().filter(|_| self.reset_passwords && secret.is_none());
        let new_secret = resets.map(|place| NewSecretPlan {
            place,
            name: naming::secret_name(&one.name, &in_domain.name, saga),
            domain: in_domain.name.clone(),
        });
        let resets = new_secret.is_some();
        let plan = Plan::Adopt(AdoptPlan {
            new_secret,
            account: one.guid,
            name: one.name.clone(),
            kind: body.kind,
            secret: secret.map(SecretId::new),
            expires: begin::expires(body.eol_action, eol),
            password_change_denied: (!body.directory.password_change_allowed).then_some(true),
            description: self.description.clone().filter(|text| !text.is_empty()),
            attributes: written,
            settle_ms: begin::settle_ms(unit),
        });
        begin::open(unit, &mut account, saga, plan, Completion::Adopt, None)?;
        unit.changes.push(format!("{} ({}) ends on {eol}: {:?}", one.name, one.dn, body.eol_action));
        if resets {
            unit.changes
                .push(format!("{} gets another password; nobody can bring back the old one", one.name));
        }
        unit.audit(
            Self::NAME,
            format!("account {}", account.id),
            json!({
                "account": account.name, "dn": one.dn, "object": one.guid, "owners": account.owners, "template": version.template,
                "version": version.number, "eol": eol, "saga": saga, "secret": account.secret, "resets": resets,
            }),
        );
        Ok(account.id)
    }
}

#[async_trait]
impl Decide for AdoptAccounts {
    const NAME: &'static str = "account.adopt";
    type Output = Vec<AccountId>;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Vec<AccountId>> {
        unit.require(Feature::ManagedAccount, Verb::Create, false).await?;
        let version = current_version(unit, self.template).await?;
        let domain: Domain = unit.get(version.body.directory.domain.uuid()).await?;
        let mut refusals = self.check(&version);
        for one in self.accounts.iter().take(MOST) {
            refusals.extend(self.check_one(unit, one, &domain, &version).await?);
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let eol = begin::end_of_life(unit, self.period)?;
        let mut accounts = Vec::new();
        for one in &self.accounts {
            accounts.push(self.begin(unit, one, (&domain, &version), eol)?);
        }
        Ok(accounts)
    }
}

impl Alm {
    /// Looks through a domain for accounts that nobody manages (M-1), with the directory of whoever inspects templates. Those that are managed
    /// already are left out. Needs managed-account Create with Manage. Changes nothing; dropping the future ends the look.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied); [`NotFound`](crate::ErrorKind::NotFound) for a domain that is not known; Refused with M-1 for a place outside
    /// of it; [`Config`](crate::ErrorKind::Config) when nobody is there who could look; [`Directory`](crate::ErrorKind::Directory) when the domain could not
    /// be asked.
    pub async fn discover(&self, caller: &Caller, order: &DiscoveryOrder) -> Result<Vec<Discovered>> {
        const OPERATION: &str = "account.discover";
        let mut unit = Unit::of(&self.0, OPERATION, caller);
        unit.require(Feature::ManagedAccount, Verb::Create, false).await?;
        let domain: Domain = unit.get(order.domain.uuid()).await?;
        if let Some(place) =
            order.below.iter().find(|place| **place != domain.base && !place.is_below(&domain.base))
        {
            return unit.refuse(Refusal::new(
                "M-1",
                "below",
                format!("{place} is no place of {}", domain.name),
            ));
        }
        let inspector = unit.inspector()?;
        let mut found = Vec::new();
        for one in inspector.discover(order).await? {
            let object = super::stored::object_name(domain.id, one.guid);
            if self.0.store.holder(&object).await?.is_none() {
                found.push(one);
            }
        }
        Ok(found)
    }
}
