//! An engine's look at vault and domain before a template is published (T-12).

use std::sync::Arc;

use ad_directory::{Directory, ObjectGuid, PinOptions};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};

use super::account_effects::missing_places;
use super::changes::changes;
use super::discover::discover;
use super::managed::obstacles;
use super::marker::MarkerKey;
use super::secret_inspector;
use super::survey::{self, Reader};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::discovery::{Discovered, DiscoveryOrder};
use crate::model::doctor::{KeptSecret, Presence, Surveyed};
use crate::model::ids::{DomainId, InstanceId, SecretId, VaultId};
use crate::model::managed::ManagedSpec;
use crate::model::mirror::{ChangesOrder, Reading};
use crate::model::period::Period;
use crate::model::request::RequestForm;
use crate::model::secret_link::{ClaimVerdict, SecretClaim, SecretMatch, SecretSearch, SecretView};
use crate::model::secret_readers::FolderReaders;
use crate::model::template::{Rotator, TemplateBody, VaultPlace};
use crate::port::inspector::Inspector;
use crate::port::vault::{Vault, VaultErrorKind};
use crate::rules::managed;

/// Looks with the same directory and vault that an engine uses.
#[derive(Clone, Debug)]
pub struct PlaceInspector {
    directory: Arc<dyn Directory>,
    vault: Arc<dyn Vault>,
    key: Option<MarkerKey>,
}

impl PlaceInspector {
    /// Looks here.
    pub fn new(directory: Arc<dyn Directory>, vault: Arc<dyn Vault>) -> Self {
        Self { directory, vault, key: None }
    }

    /// Tells our markers from others, by the key that the engines have: without it, [`Alm::doctor`](crate::Alm::doctor) has nobody to ask.
    #[must_use]
    pub fn markers(mut self, key: MarkerKey) -> Self {
        self.key = Some(key);
        self
    }

    fn reader(&self, instance: InstanceId) -> Result<Reader> {
        let key = self.key.clone().ok_or_else(|| {
            Error::new(ErrorKind::Config, "doctor", "this inspector does not tell our markers from others")
                .with_advice("give it the key of the markers: `PlaceInspector::markers`")
        })?;
        Ok(Reader::new(instance, key))
    }
}

const OPERATION: &str = "template.inspect";

fn unreachable(error: &ad_directory::Error) -> Error {
    Error::new(ErrorKind::Directory, OPERATION, error.to_string()).with_advice(error.advice())
}

#[async_trait]
impl Inspector for PlaceInspector {
    async fn inspect_place(&self, place: &VaultPlace) -> Result<Vec<Refusal>> {
        self.inspect_place_for(place, Rotator::Engine).await
    }

    async fn inspect_place_for(&self, place: &VaultPlace, rotator: Rotator) -> Result<Vec<Refusal>> {
        self.vault
            .preflight_for(place, rotator)
            .await
            .map_err(|error| Error::new(ErrorKind::Vault, OPERATION, error.to_string()))
    }

    async fn inspect_managed(&self, managed: &ManagedSpec) -> Result<Vec<Refusal>> {
        let directory = self.directory.pin(PinOptions::new()).await.map_err(|error| unreachable(&error))?;
        obstacles(&directory, managed).await.map_err(|error| unreachable(&error))
    }

    async fn secret_readers(&self, place: &VaultPlace) -> Result<FolderReaders> {
        match self.vault.readers(place).await {
            Ok(readers) => Ok(readers),
            // Who may not see the rights on a folder still keeps secrets in it.
            Err(error) if error.kind == VaultErrorKind::DeniedOrAbsent => {
                Ok(FolderReaders::unknown(error.to_string()))
            }
            Err(error) => Err(Error::new(ErrorKind::Vault, OPERATION, error.to_string())),
        }
    }

    async fn secret(&self, _vault: VaultId, secret: &SecretId) -> Result<SecretView> {
        secret_inspector::view(self.vault.as_ref(), secret).await
    }

    async fn seek_secret(&self, search: &SecretSearch) -> Result<SecretMatch> {
        secret_inspector::seek(&self.directory, self.vault.as_ref(), search).await
    }

    async fn prove_secret(&self, claim: &SecretClaim) -> Result<ClaimVerdict> {
        secret_inspector::claim(&self.directory, self.vault.as_ref(), claim).await
    }

    async fn discover(&self, order: &DiscoveryOrder) -> Result<Vec<Discovered>> {
        let directory = self.directory.pin(PinOptions::new()).await.map_err(|error| unreachable(&error))?;
        discover(&directory, order).await.map_err(|error| unreachable(&error))
    }

    /// Not pinned: the directory finds the controller that gave the token.
    fn changes(&self, order: &ChangesOrder) -> BoxStream<'static, Result<Reading>> {
        changes(&self.directory, order)
    }

    fn survey(&self, instance: InstanceId, domain: DomainId) -> BoxStream<'static, Result<Surveyed>> {
        match self.reader(instance) {
            Ok(reader) => survey::survey(&self.directory, &reader, domain),
            Err(error) => Box::pin(stream::iter([Err(error)])),
        }
    }

    async fn presence(&self, instance: InstanceId, domain: DomainId, object: ObjectGuid) -> Result<Presence> {
        survey::presence(&self.directory, &self.reader(instance)?, domain, object).await
    }

    async fn kept_secrets(&self, instance: InstanceId, place: &VaultPlace) -> Result<Vec<KeptSecret>> {
        survey::kept(self.vault.as_ref(), &self.reader(instance)?, place).await
    }

    async fn inspect(&self, body: &TemplateBody) -> Result<Vec<Refusal>> {
        let mut refusals = Vec::new();
        if let Some(place) = &body.vault {
            refusals.extend(self.inspect_place_for(place, body.rotation.by).await?);
            // Where the vault changes passwords, no second secret is needed.
            if place.pending_folder.is_some() && body.rotation.by == Rotator::Engine {
                refusals.extend(self.inspect_place(&place.pending()).await?);
            }
        }
        // What the template says alone: what requesters add is looked at when they submit it.
        if let Some(spec) = managed::spec(body, &RequestForm::new("", Period::Days(1), "")) {
            refusals.extend(self.inspect_managed(&spec).await?);
        }
        let directory = self.directory.pin(PinOptions::new()).await.map_err(|error| unreachable(&error))?;
        let mut missing = Vec::new();
        for ou in body.directory.ous.iter().chain(&body.directory.retirement_ou) {
            missing.extend(missing_places(&directory, ou, &[]).await.map_err(|error| unreachable(&error))?);
        }
        if let Some(ou) = body.directory.ous.first() {
            let groups = missing_places(&directory, ou, &body.directory.groups)
                .await
                .map_err(|error| unreachable(&error))?;
            missing.extend(groups);
        }
        missing.sort();
        missing.dedup();
        refusals.extend(missing.into_iter().map(|what| Refusal::new("T-12", "directory", what)));
        Ok(refusals)
    }
}
