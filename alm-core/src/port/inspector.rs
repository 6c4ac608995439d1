//! Who looks at vault and domain for the service: before a template is published, for accounts nobody manages, for secrets, and for changes.

use std::fmt::Debug;

use ad_directory::ObjectGuid;
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};

use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::discovery::{Discovered, DiscoveryOrder};
use crate::model::doctor::{KeptSecret, Presence, Surveyed};
use crate::model::ids::{DomainId, InstanceId, SecretId, VaultId};
use crate::model::managed::ManagedSpec;
use crate::model::mirror::{ChangesOrder, Reading};
use crate::model::secret_link::{ClaimVerdict, SecretClaim, SecretMatch, SecretSearch, SecretView};
use crate::model::secret_readers::FolderReaders;
use crate::model::template::{Rotator, TemplateBody, VaultPlace};

/// Looks, where the vault and the domain can be reached, whether accounts of a template could be made (T-12). An engine is one:
/// [`crate::engine::PlaceInspector`].
#[async_trait]
pub trait Inspector: Debug + Send + Sync + 'static {
    /// Everything that is wrong with the template's places, each with its rule.
    ///
    /// # Errors
    /// When vault or domain could not be asked.
    async fn inspect(&self, body: &TemplateBody) -> Result<Vec<Refusal>>;

    /// Everything that is wrong with a place that a requester chose (NM-4). Whoever does not look is no obstacle: the engine looks again before
    /// it makes anything.
    ///
    /// # Errors
    /// When the vault could not be asked.
    async fn inspect_place(&self, _place: &VaultPlace) -> Result<Vec<Refusal>> {
        Ok(Vec::new())
    }

    /// As [`inspect_place`](Self::inspect_place), where this side changes the passwords (T-14, V-8).
    ///
    /// # Errors
    /// When the vault could not be asked.
    async fn inspect_place_for(&self, place: &VaultPlace, _rotator: Rotator) -> Result<Vec<Refusal>> {
        self.inspect_place(place).await
    }

    /// Everything that stands against a gMSA like this one (T-11): no root key that can be used yet, readers that are not there, service names
    /// that another account of the forest has. As with places, whoever does not look is no obstacle.
    ///
    /// # Errors
    /// When the domain could not be asked.
    async fn inspect_managed(&self, _managed: &ManagedSpec) -> Result<Vec<Refusal>> {
        Ok(Vec::new())
    }

    /// Everybody who can read the secrets in a place, as far as its vault tells (T-16). Whoever does not look knows nobody.
    ///
    /// # Errors
    /// When the vault could not be asked.
    async fn secret_readers(&self, _place: &VaultPlace) -> Result<FolderReaders> {
        Ok(FolderReaders::unknown("nobody is there who could ask the vault"))
    }

    /// How a secret stands, and what depends on it (S-5).
    ///
    /// # Errors
    /// [`Vault`](ErrorKind::Vault) when the vault could not be asked at all, which then is so of its other secrets too;
    /// [`Config`](ErrorKind::Config) as the default body.
    async fn secret(&self, _vault: VaultId, _secret: &SecretId) -> Result<SecretView> {
        Err(Error::new(ErrorKind::Config, "vault.sync", "this inspector does not look at secrets"))
    }

    /// Looks for the secret of an account that has none, and tries the password of the one that matches, once (S-5).
    ///
    /// # Errors
    /// [`Vault`](ErrorKind::Vault) as for [`secret`](Self::secret); [`Directory`](ErrorKind::Directory) when the domain could not be asked;
    /// [`Config`](ErrorKind::Config) as the default body.
    async fn seek_secret(&self, _search: &SecretSearch) -> Result<SecretMatch> {
        Err(Error::new(ErrorKind::Config, "vault.sync", "this inspector does not look for secrets"))
    }

    /// Looks at a secret that somebody says is an account's, and tries its password, once (S-5).
    ///
    /// # Errors
    /// As for [`seek_secret`](Self::seek_secret).
    async fn prove_secret(&self, _claim: &SecretClaim) -> Result<ClaimVerdict> {
        Err(Error::new(ErrorKind::Config, "vault.prove", "this inspector does not try passwords"))
    }

    /// The accounts of a domain that fit (M-1), managed ones among them.
    ///
    /// # Errors
    /// When the domain could not be asked; [`Config`](ErrorKind::Config) as the default body.
    async fn discover(&self, _order: &DiscoveryOrder) -> Result<Vec<Discovered>> {
        Err(Error::new(ErrorKind::Config, "account.discover", "this inspector does not look for accounts"))
    }

    /// What has changed in a domain since a token, piece by piece (S-2); all there is without one. It ends behind the last piece, behind the
    /// first error, or behind [`Reading::Anew`]. Nothing is asked before it is polled.
    ///
    /// One stream, and not a question for each piece: a directory that finds changes by the numbers of one controller tells them in no order,
    /// so that a reading cannot be gone on with by another question.
    ///
    /// # Errors
    /// In the stream: when the domain could not be asked; [`Config`](ErrorKind::Config) as the default body.
    fn changes(&self, _order: &ChangesOrder) -> BoxStream<'static, Result<Reading>> {
        let error = Error::new(ErrorKind::Config, "domain.sync", "this inspector does not read changes");
        Box::pin(stream::iter([Err(error)]))
    }

    /// Every account of a domain, managed or not, with its marker read: whether it is one of this instance. Nothing is asked before it is polled.
    ///
    /// # Errors
    /// In the stream: when the domain could not be asked; [`Config`](ErrorKind::Config) as the default body.
    fn survey(&self, _instance: InstanceId, _domain: DomainId) -> BoxStream<'static, Result<Surveyed>> {
        Box::pin(stream::iter([Err(no_doctor())]))
    }

    /// Whether one account is there, and what it is like.
    ///
    /// # Errors
    /// When the domain could not be asked; [`Config`](ErrorKind::Config) as the default body.
    async fn presence(
        &self,
        _instance: InstanceId,
        _domain: DomainId,
        _object: ObjectGuid,
    ) -> Result<Presence> {
        Err(no_doctor())
    }

    /// Every secret in the folder of a place, with its markers read.
    ///
    /// # Errors
    /// [`Vault`](ErrorKind::Vault) when the vault could not be asked, or cannot list; [`Config`](ErrorKind::Config) as the default body.
    async fn kept_secrets(&self, _instance: InstanceId, _place: &VaultPlace) -> Result<Vec<KeptSecret>> {
        Err(no_doctor())
    }
}

fn no_doctor() -> Error {
    Error::new(ErrorKind::Config, "doctor", "this inspector does not tell our markers from others")
        .with_advice("give the inspector the key of the markers")
}
