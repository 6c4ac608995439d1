//! A look through which things can be seen, go wrong, or happen meanwhile.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use alm_core::engine::PlaceInspector;
use alm_core::model::ids::{SecretId, VaultId};
use alm_core::model::mirror::{ChangesOrder, Reading};
use alm_core::model::secret_link::{
    ClaimVerdict, SecretClaim, SecretMatch, SecretProof, SecretSearch, SecretView,
};
use alm_core::model::template::TemplateBody;
use alm_core::port::inspector::Inspector;
use alm_core::{Alm, Error, ErrorKind, Refusal, Result};
use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::super::chaos::{Chaos, ChaosDirectory};
use super::super::world::World;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Trouble {
    Locked,
    NoDirectory,
    NoVault,
    Hidden(SecretId),
}

type Happening = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Through {
    inner: PlaceInspector,
    /// What is the same without trouble: changes of a domain.
    plain: PlaceInspector,
    chaos: Arc<Chaos>,
    trouble: Mutex<Option<Trouble>>,
    meanwhile: Mutex<Option<Happening>>,
}

impl std::fmt::Debug for Through {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Through")
    }
}

impl Through {
    pub(super) fn new(world: &World) -> Arc<Self> {
        let chaos = Chaos::new([]);
        let directory = ChaosDirectory { inner: world.directory.clone(), chaos: chaos.clone() };
        let inner = PlaceInspector::new(Arc::new(directory), world.vault.clone());
        let plain = PlaceInspector::new(world.directory.clone(), world.vault.clone());
        Arc::new(Self { inner, plain, chaos, trouble: Mutex::new(None), meanwhile: Mutex::new(None) })
    }

    /// The same service, looking through this one.
    pub(super) async fn alm(self: &Arc<Self>, world: &World) -> Alm {
        let inspector: Arc<Self> = Arc::clone(self);
        Alm::builder(world.store.clone(), world.clock.clone()).inspector(inspector).open().await.unwrap()
    }

    /// How many passwords were tried.
    pub(super) fn binds(&self) -> usize {
        self.chaos.points().iter().filter(|point| *point == "accounts.check_password").count()
    }

    fn be(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    /// Every account is locked out.
    pub(super) fn lock(&self) {
        self.be(Some(Trouble::Locked));
    }

    pub(super) fn no_directory(&self) {
        self.be(Some(Trouble::NoDirectory));
    }

    pub(super) fn no_vault(&self) {
        self.be(Some(Trouble::NoVault));
    }

    /// The vault does not let this one be read.
    pub(super) fn hide(&self, secret: &SecretId) {
        self.be(Some(Trouble::Hidden(secret.clone())));
    }

    /// Everything is well again.
    pub(super) fn unlock(&self) {
        self.be(None);
    }

    /// Something that happens during the next look, once.
    pub(super) fn happens(&self, what: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::pin(what));
    }

    fn trouble(&self) -> Result<Option<Trouble>> {
        let trouble = self.trouble.lock().unwrap().clone();
        match trouble {
            Some(Trouble::NoDirectory) => Err(Error::new(ErrorKind::Directory, "test", "away")),
            Some(Trouble::NoVault) => Err(Error::new(ErrorKind::Vault, "test", "the vault is away")),
            other => Ok(other),
        }
    }

    async fn meanwhile_now(&self) {
        let happening = self.meanwhile.lock().unwrap().take();
        if let Some(happening) = happening {
            happening.await;
        }
    }
}

#[async_trait]
impl Inspector for Through {
    async fn inspect(&self, _: &TemplateBody) -> Result<Vec<Refusal>> {
        Ok(Vec::new())
    }

    async fn secret(&self, vault: VaultId, secret: &SecretId) -> Result<SecretView> {
        self.meanwhile_now().await;
        self.trouble()?;
        self.inner.secret(vault, secret).await
    }

    async fn seek_secret(&self, search: &SecretSearch) -> Result<SecretMatch> {
        self.meanwhile_now().await;
        let trouble = self.trouble()?;
        let found = self.inner.seek_secret(search).await?;
        Ok(match (trouble, found) {
            (Some(Trouble::Locked), SecretMatch::One(id, _)) => {
                SecretMatch::One(id, SecretProof::Later("locked".into()))
            }
            (Some(Trouble::Hidden(hidden)), SecretMatch::One(id, _)) if id == hidden => {
                SecretMatch::Unreadable(id, "it is behind a check-out".into())
            }
            (_, found) => found,
        })
    }

    fn changes(&self, order: &ChangesOrder) -> BoxStream<'static, Result<Reading>> {
        self.plain.changes(order)
    }

    async fn prove_secret(&self, claim: &SecretClaim) -> Result<ClaimVerdict> {
        self.meanwhile_now().await;
        if self.trouble()? == Some(Trouble::Locked) {
            return Ok(ClaimVerdict::Tried(SecretProof::Later("locked".into())));
        }
        self.inner.prove_secret(claim).await
    }
}
