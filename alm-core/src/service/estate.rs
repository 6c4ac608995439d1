//! Commands about domains and vaults (O-8, O-9).

use ad_directory::Dn;
use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::unit::Unit;
use crate::error::{Refusal, Result};
use crate::model::estate::{Domain, Vault};
use crate::model::ids::{DomainId, VaultId};
use crate::model::people::{Feature, Verb};
use crate::rules::text;

/// Adds a domain. Needs directory-service Create. How to sign in to it is known to the engines alone.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddDomain {
    /// Its DNS name.
    pub name: String,
    /// Its naming context.
    pub base: Dn,
}

impl AddDomain {
    /// A domain.
    pub fn new(name: impl Into<String>, base: Dn) -> Self {
        Self { name: name.into(), base }
    }
}

#[async_trait]
impl Decide for AddDomain {
    const NAME: &'static str = "domain.add";
    type Output = DomainId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<DomainId> {
        unit.require(Feature::DirectoryService, Verb::Create, true).await?;
        if let Err(refusal) = text::check("O-9", "name", &self.name, 255, true, false) {
            return unit.refuse(refusal);
        }
        let unique = format!("domain:{}", self.name.to_lowercase());
        unit.require_free(&unique, None, || {
            Refusal::new("O-9", "name", format!("the domain {} exists already", self.name))
        })
        .await?;
        let domain = Domain::new(DomainId::new(unit.new_id()?), &self.name, self.base.clone());
        unit.put(&domain, format!("add the domain {}", self.name))?;
        unit.audit(Self::NAME, format!("domain {}", domain.id), json!({ "name": self.name }));
        Ok(domain.id)
    }
}

/// Adds a vault. Needs vault Create. How to sign in to it is known to the engines alone.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AddVault {
    /// As shown to others; unique.
    pub name: String,
    /// Where it is, for people.
    pub url: String,
}

impl AddVault {
    /// A vault.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { name: name.into(), url: url.into() }
    }
}

#[async_trait]
impl Decide for AddVault {
    const NAME: &'static str = "vault.add";
    type Output = VaultId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<VaultId> {
        unit.require(Feature::Vault, Verb::Create, true).await?;
        for (field, value) in [("name", &self.name), ("url", &self.url)] {
            if let Err(refusal) = text::check("O-8", field, value, 1_000, true, false) {
                return unit.refuse(refusal);
            }
        }
        let unique = format!("vault:{}", self.name.to_lowercase());
        unit.require_free(&unique, None, || {
            Refusal::new("O-8", "name", format!("the vault {} exists already", self.name))
        })
        .await?;
        let vault = Vault::new(VaultId::new(unit.new_id()?), &self.name, &self.url);
        unit.put(&vault, format!("add the vault {}", self.name))?;
        unit.audit(Self::NAME, format!("vault {}", vault.id), json!({ "name": self.name }));
        Ok(vault.id)
    }
}
