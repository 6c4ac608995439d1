//! Where credentials are kept.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::error::{Outcome, Refusal};
pub use crate::model::ids::SecretId;
use crate::model::secret_link::{Dependency, SecretState};
use crate::model::secret_readers::FolderReaders;
use crate::model::template::{Rotator, VaultPlace};

/// A secret to create.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NewSecret<'a> {
    /// Where.
    pub place: &'a VaultPlace,
    /// Its name; fixed in the journal before, so that it can be found again (section X, step 3).
    pub name: &'a str,
    /// The account's domain, as people sign in to it.
    pub domain: &'a str,
    /// The account's name.
    pub username: &'a str,
    /// The account's password. Its `Debug` shows nothing.
    pub password: &'a SecretString,
    /// A line for the notes: the marker that says whose it is.
    pub marker: &'a str,
}

impl<'a> NewSecret<'a> {
    /// A secret with all its fields.
    pub const fn new(
        place: &'a VaultPlace,
        name: &'a str,
        domain: &'a str,
        username: &'a str,
        password: &'a SecretString,
        marker: &'a str,
    ) -> Self {
        Self { place, name, domain, username, password, marker }
    }
}

/// A secret as a look-up by name shows it; never its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundSecret {
    /// Which.
    pub id: SecretId,
    /// Whether it is active.
    pub active: bool,
    /// The marker lines in its notes. `None` when this vault account may not read them: then nothing is known of whose it is.
    pub markers: Option<Vec<String>>,
    /// The vault's own identifier of the folder it is in, where the vault has folders and tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

impl FoundSecret {
    /// A secret that was found.
    pub const fn new(id: SecretId, active: bool, markers: Option<Vec<String>>) -> Self {
        Self { id, active, markers, folder: None }
    }

    /// In this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<String>) -> Self {
        self.folder = Some(folder.into());
        self
    }
}

/// A secret as a list of a folder shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedSecret {
    /// What it is called.
    pub name: String,
    /// As a look-up shows it.
    pub found: FoundSecret,
}

impl ListedSecret {
    /// A secret of this name.
    pub fn new(name: impl Into<String>, found: FoundSecret) -> Self {
        Self { name: name.into(), found }
    }
}

/// A secret that a search for an account found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretCandidate {
    /// Which.
    pub id: SecretId,
    /// Why nothing more is known of it than that its user name matches, if so: it may not be read, or is behind something.
    pub hidden: Option<String>,
}

impl SecretCandidate {
    /// One whose user name and domain are those that were looked for.
    pub const fn new(id: SecretId) -> Self {
        Self { id, hidden: None }
    }

    /// One that may not be read, for this reason.
    #[must_use]
    pub fn hidden(mut self, why: impl Into<String>) -> Self {
        self.hidden = Some(why.into());
        self
    }
}

/// How a vault's own changes of the password in one secret stand (T-14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VaultChange {
    /// When it last tried one, by its own clock: two that are equal are the same try. `None` before the first.
    pub last: Option<Timestamp>,
    /// Whether one is waiting or under way.
    pub under_way: bool,
    /// Why the last one failed, if it did.
    pub failed: Option<String>,
}

impl VaultChange {
    /// The last try, which went well, or none.
    pub const fn new(last: Option<Timestamp>) -> Self {
        Self { last, under_way: false, failed: None }
    }
}

/// What kept the vault from doing something.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct VaultError {
    /// What kind of failure.
    pub kind: VaultErrorKind,
    /// What is known of the change.
    pub outcome: Outcome,
    /// One line that names the thing and says what to do. Never a secret.
    pub message: String,
}

impl VaultError {
    /// A failure of which it is certain that nothing was done.
    pub fn new(kind: VaultErrorKind, message: impl Into<String>) -> Self {
        Self { kind, outcome: Outcome::NotDone, message: message.into() }
    }

    /// Says what is known of the outcome.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

/// What kind of failure a vault had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VaultErrorKind {
    /// It could not be reached, was busy, or did not answer in time. Worth repeating, minding the outcome.
    Unavailable,
    /// It does not accept our credential. Repeating locks it out.
    SignIn,
    /// There is no such folder, template or secret, or we may not see it; vaults do not tell the two apart.
    DeniedOrAbsent,
    /// A secret of this name exists, and duplicates are not allowed.
    NameTaken,
    /// It refuses what we sent.
    Invalid,
    /// It answered something that is not understood.
    Protocol,
}

/// Where credentials are kept. One for each vault; made with the credential of the engine's host.
///
/// Every method is safe to repeat except [`create`](Vault::create) and [`ask_change`](Vault::ask_change), whose callers look first. Dropping a future leaves open
/// whether the change happens.
#[async_trait]
pub trait Vault: Debug + Send + Sync + 'static {
    /// Whether an engine could keep credentials in this place unattended: everything wrong with it at once, with the ids of section V; and
    /// NM-4 when the place is [`within`](VaultPlace::within) a folder and does not lie in or below it.
    ///
    /// # Errors
    /// When the vault could not be asked.
    async fn preflight(&self, place: &VaultPlace) -> Result<Vec<Refusal>, VaultError>;

    /// As [`preflight`](Vault::preflight), for passwords that this side changes (T-14, V-8): with [`Rotator::Engine`] the vault must not change them by
    /// itself there, with [`Rotator::Vault`] it must. A vault that never does is, as the default body says, no place for the second.
    ///
    /// # Errors
    /// As for [`preflight`](Vault::preflight).
    async fn preflight_for(&self, place: &VaultPlace, rotator: Rotator) -> Result<Vec<Refusal>, VaultError> {
        let mut refusals = self.preflight(place).await?;
        if rotator == Rotator::Vault {
            let message = "the vault is to change the passwords, and this one does not";
            refusals.push(Refusal::new("V-8", "vault", message));
        }
        Ok(refusals)
    }

    /// Creates a secret.
    ///
    /// # Errors
    /// [`VaultErrorKind::NameTaken`] and the others; with outcome `Unknown` the secret may exist or come to exist.
    async fn create(&self, secret: NewSecret<'_>) -> Result<SecretId, VaultError>;

    /// All secrets of exactly this name in the folder, active or not, restricted or not, in the order of their identifiers.
    ///
    /// # Errors
    /// When the vault could not be asked.
    async fn find(&self, place: &VaultPlace, name: &str) -> Result<Vec<FoundSecret>, VaultError>;

    /// All secrets in the folder of a place, active or not, and in those below it where requesters may
    /// [choose](VaultPlace::allow_folder_override) one; for whoever lays vault and record side by side.
    ///
    /// # Errors
    /// [`VaultErrorKind::Invalid`] from a vault that cannot be listed, as the default body; when the vault could not be asked.
    async fn list(&self, _place: &VaultPlace) -> Result<Vec<ListedSecret>, VaultError> {
        let message = "this vault does not list its secrets";
        Err(VaultError::new(VaultErrorKind::Invalid, message))
    }

    /// Whether its secrets lie in folders, as the default body says. Of a vault that has them, a secret in no folder is in none that was asked for.
    fn has_folders(&self) -> bool {
        true
    }

    /// One secret by its identifier; `None` when there is none, or we may not see it.
    ///
    /// # Errors
    /// When the vault could not be asked.
    async fn describe(&self, secret: &SecretId) -> Result<Option<FoundSecret>, VaultError>;

    /// The password that a secret holds.
    ///
    /// # Errors
    /// [`VaultErrorKind::DeniedOrAbsent`] and the others.
    async fn read_password(&self, secret: &SecretId) -> Result<SecretString, VaultError>;

    /// Puts another password into a secret and reads it back: success means that it is there.
    ///
    /// # Errors
    /// With outcome `Unknown`, the secret holds the old one or the new one.
    async fn write_password(&self, secret: &SecretId, password: &SecretString) -> Result<(), VaultError>;

    /// Has the vault tell everything that depends on a secret, such as Windows services, that its password changed; returns the names of
    /// those that could not be told. A vault that keeps no dependents has none to tell.
    ///
    /// # Errors
    /// When the vault could not be asked, or did not end in time: telling again is harmless.
    async fn tell_dependents(&self, _secret: &SecretId) -> Result<Vec<String>, VaultError> {
        Ok(Vec::new())
    }

    /// How a secret stands, without reading any of its values where the vault can tell without.
    ///
    /// # Errors
    /// When the vault could not be asked. That it did not tell is no error, but [`SecretState::Unclear`].
    async fn status(&self, secret: &SecretId) -> Result<SecretState, VaultError> {
        Ok(match self.describe(secret).await? {
            Some(found) if found.active => SecretState::Active,
            Some(_) => SecretState::Inactive,
            None => SecretState::Gone,
        })
    }

    /// The active secrets of a place's folder and secret template whose user name is `username` and whose domain is the one with the DNS name
    /// `domain` (S-5); in the folders below as well where the place [lets requesters choose](VaultPlace::allow_folder_override) one. Compared without
    /// case. More than one means that nobody knows which, so whoever has found two may stop looking. A vault that cannot be searched finds none.
    ///
    /// # Errors
    /// When the vault could not be asked.
    async fn seek(
        &self,
        _place: &VaultPlace,
        _username: &str,
        _domain: &str,
    ) -> Result<Vec<SecretCandidate>, VaultError> {
        Ok(Vec::new())
    }

    /// Everything that depends on a secret, as the vault keeps it, switched off or not (O-7). A vault that keeps no dependents has none.
    ///
    /// # Errors
    /// [`VaultErrorKind::DeniedOrAbsent`] when we may not see them, and the others.
    async fn dependencies(&self, _secret: &SecretId) -> Result<Vec<Dependency>, VaultError> {
        Ok(Vec::new())
    }

    /// Everybody whom the vault lets read the secrets in the folder of a place, as far as it tells (T-16). A vault that does not say so knows nobody.
    ///
    /// # Errors
    /// [`VaultErrorKind::DeniedOrAbsent`] when we may not see who has rights on the folder, and the others.
    async fn readers(&self, _place: &VaultPlace) -> Result<FolderReaders, VaultError> {
        Ok(FolderReaders::unknown("this vault does not say who can read"))
    }

    /// How the vault's own changes of a secret's password stand. Reads no value.
    ///
    /// # Errors
    /// [`VaultErrorKind::Invalid`] from a vault that changes none, as the default body; when the vault could not be asked.
    async fn last_change(&self, secret: &SecretId) -> Result<VaultChange, VaultError> {
        Err(changes_none(secret))
    }

    /// Asks the vault to give the account of a secret another password, in the directory and in the secret; which one, the vault chooses. Success means
    /// that it took the order: [`last_change`](Vault::last_change) tells what becomes of it. The only other method that is not safe to repeat:
    /// a second order is a second change. Dropping the future leaves open whether it was taken.
    ///
    /// # Errors
    /// [`VaultErrorKind::Invalid`] from a vault that changes none, as the default body; with outcome `Unknown` it may have been taken.
    async fn ask_change(&self, secret: &SecretId) -> Result<(), VaultError> {
        Err(changes_none(secret))
    }

    /// Moves a secret into the folder of a place; success means that it is there. One that is there already is success. Who may read it there is
    /// the folder's business.
    ///
    /// # Errors
    /// [`VaultErrorKind::Invalid`] from a vault that does not move secrets, as the default body; [`VaultErrorKind::DeniedOrAbsent`] and the
    /// others. With outcome `Unknown` it is in the one folder or the other.
    async fn relocate(&self, secret: &SecretId, _place: &VaultPlace) -> Result<(), VaultError> {
        let message = format!("secret {secret} stays where it is: this vault does not move secrets");
        Err(VaultError::new(VaultErrorKind::Invalid, message))
    }

    /// Deactivates a secret. One that is inactive already is success.
    ///
    /// # Errors
    /// [`VaultErrorKind::DeniedOrAbsent`] and the others.
    async fn deactivate(&self, secret: &SecretId) -> Result<(), VaultError>;
}

fn changes_none(secret: &SecretId) -> VaultError {
    let message =
        format!("the password in secret {secret} stays as it is: this vault does not change passwords");
    VaultError::new(VaultErrorKind::Invalid, message)
}
