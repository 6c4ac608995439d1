//! API tokens: made, changed, removed, and signed in with (O-11, P-1).

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;

use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::stored::{index, owner_key, token_name};
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::account::Owner;
use crate::model::api_token::{ApiToken, ApiTokenSecret, TokenFingerprint};
use crate::model::audit::Actor;
use crate::model::ids::{ApiTokenId, PersonId};
use crate::model::people::{Feature, Permission, Person, Verb};
use crate::port::entropy::Entropy;
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::text;

/// How long a token can live at most.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(366 * 24);

impl ApiTokenSecret {
    /// A new token. Make it where it will be used, hand its [fingerprint](Self::fingerprint) to [`CreateApiToken`], and keep it: the service
    /// never sees it, and nobody can show it again.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes)?;
        Ok(Self::from_random(bytes))
    }
}

/// Makes an API token of one's own known. Needs api-token Create, and every permission that the token is to open.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CreateApiToken {
    /// What it is for.
    pub description: String,
    /// By which it will be recognized.
    pub fingerprint: TokenFingerprint,
    /// What its program may do, as far as the owner may at that moment.
    pub permissions: BTreeSet<Permission>,
    /// From when on it opens nothing; within a year.
    pub expires_at: Timestamp,
}

impl CreateApiToken {
    /// This token, for these permissions.
    pub fn new(
        description: impl Into<String>,
        token: &ApiTokenSecret,
        permissions: impl IntoIterator<Item = Permission>,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            description: description.into(),
            fingerprint: token.fingerprint(),
            permissions: permissions.into_iter().collect(),
            expires_at,
        }
    }
}

#[async_trait]
impl Decide for CreateApiToken {
    const NAME: &'static str = "api_token.create";
    type Output = ApiTokenId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<ApiTokenId> {
        unit.require(Feature::ApiToken, Verb::Create, true).await?;
        let mut refusals = Vec::new();
        refusals.extend(text::check("O-11", "description", &self.description, 200, true, false).err());
        if self.permissions.is_empty() {
            refusals.push(Refusal::new("O-11", "permissions", "a token that opens nothing is of no use"));
        }
        if !unit.access().await?.holds(&self.permissions) {
            refusals.push(Refusal::new(
                "P-1",
                "permissions",
                "the token would open more than the caller may",
            ));
        }
        if self.expires_at <= unit.now {
            refusals.push(Refusal::new("O-11", "expires_at", "the end is past"));
        } else if self.expires_at.duration_since(unit.now) > LONGEST_LIFE {
            refusals.push(Refusal::new("O-11", "expires_at", "a token lives a year at most"));
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let in_use = || Refusal::new("O-11", "fingerprint", "a token with this fingerprint exists already");
        unit.require_free(&token_name(&self.fingerprint), None, in_use).await?;
        let id = ApiTokenId::new(unit.new_id()?);
        let mut token = ApiToken::new(
            id,
            unit.person()?,
            self.fingerprint.clone(),
            self.permissions.clone(),
            unit.now,
            self.expires_at,
        );
        token.description.clone_from(&self.description);
        unit.put(&token, format!("create the API token {:?}", self.description))?;
        unit.audit(
            Self::NAME,
            format!("api_token {id}"),
            json!({ "permissions": self.permissions, "expires_at": self.expires_at }),
        );
        Ok(id)
    }
}

async fn own_token(unit: &mut Unit<'_>, id: ApiTokenId, verb: Verb) -> Result<ApiToken> {
    let token: ApiToken = unit.get(id.uuid()).await?;
    let own = token.owner == unit.person()?;
    unit.require(Feature::ApiToken, verb, own).await?;
    Ok(token)
}

/// Says anew what a token is for, and whether it is enabled; what it opens and until when stays. One's own, or any with Manage; needs
/// api-token Update.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EditApiToken {
    /// Which.
    pub token: ApiTokenId,
    /// What it is for.
    pub description: String,
    /// A disabled token opens nothing.
    pub enabled: bool,
}

impl EditApiToken {
    /// An enabled token.
    pub fn new(token: ApiTokenId, description: impl Into<String>) -> Self {
        Self { token, description: description.into(), enabled: true }
    }

    /// Lets it open nothing until it is enabled again.
    #[must_use]
    pub const fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

#[async_trait]
impl Decide for EditApiToken {
    const NAME: &'static str = "api_token.edit";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut token = own_token(unit, self.token, Verb::Update).await?;
        if let Err(refusal) = text::check("O-11", "description", &self.description, 200, true, false) {
            return unit.refuse(refusal);
        }
        let before = token.enabled;
        token.description.clone_from(&self.description);
        token.enabled = self.enabled;
        unit.put(&token, format!("change the API token {:?}", self.description))?;
        unit.audit(
            Self::NAME,
            format!("api_token {}", token.id),
            json!({ "before": { "enabled": before }, "after": { "enabled": self.enabled } }),
        );
        Ok(())
    }
}

/// Removes a token at once. One's own, or any with Manage; needs api-token Delete.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct DeleteApiToken {
    /// Which.
    pub token: ApiTokenId,
}

impl DeleteApiToken {
    /// Removes it.
    pub const fn new(token: ApiTokenId) -> Self {
        Self { token }
    }
}

#[async_trait]
impl Decide for DeleteApiToken {
    const NAME: &'static str = "api_token.delete";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let token = own_token(unit, self.token, Verb::Delete).await?;
        unit.remove(&token, format!("delete the API token {:?}", token.description));
        unit.audit(Self::NAME, format!("api_token {}", token.id), json!({ "owner": token.owner }));
        Ok(())
    }
}

impl Alm {
    /// Who a token speaks for: hand the result to every command and query of that program. What the token opens is looked at anew with
    /// each of them, so that a token which is disabled meanwhile opens nothing more.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied) for a token that is not known, disabled or expired, and one whose owner is disabled; it does not say
    /// which, and is audited as the system's own record.
    pub async fn sign_in_by_token(&self, token: &SecretString, source: impl Into<String>) -> Result<Caller> {
        const OPERATION: &str = "api_token.sign_in";
        let source = source.into();
        let mut unit = Unit::new(&self.0, OPERATION, Actor::System, source.clone());
        let known = match ApiTokenSecret::parse(token).map(|token| token.fingerprint()) {
            Some(fingerprint) => self.0.store.holder(&token_name(&fingerprint)).await?,
            None => None,
        };
        let found = match known {
            Some((RecordKind::ApiToken, id)) => unit.find::<ApiToken>(id).await?,
            _ => None,
        };
        if let Some(token) = found.filter(|token| token.is_valid_at(unit.now)) {
            let owner = unit.find::<Person>(token.owner.uuid()).await?;
            if owner.is_some_and(|owner| owner.enabled) {
                let mut caller = Caller::new(token.owner, format!("{source} (API token {})", token.id));
                caller.token = Some(token.id);
                return Ok(caller);
            }
        }
        let refusal =
            Refusal::new("P-1", "token", "is unknown, disabled or expired, or its owner is disabled");
        let error = Error::denied(OPERATION, refusal);
        unit.audit_as(
            OPERATION,
            "api_token",
            crate::model::audit::AuditResult::Refused,
            super::unit::denial(&error),
            None,
        );
        self.0.store.commit(unit.commit).await?;
        Err(error)
    }

    /// The tokens of a person, in the order of their ids. One's own, or anybody's with Manage; needs api-token Read.
    ///
    /// # Errors
    /// As [`account`](Alm::account).
    pub async fn api_tokens(&self, caller: &Caller, owner: PersonId) -> Result<Vec<ApiToken>> {
        let mut unit = Unit::of(&self.0, "api_token.list", caller);
        unit.require(Feature::ApiToken, Verb::Read, caller.person == owner).await?;
        let key = owner_key(Owner::Person(owner));
        let mut tokens: Vec<ApiToken> = unit.find_by(index::OWNER, &key).await?;
        tokens.sort_by_key(ApiToken::id);
        Ok(tokens)
    }
}
