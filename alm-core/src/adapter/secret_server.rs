//! Secret Server as the vault.
//!
//! A place's folder and secret template are Secret Server's numbers, as text. The marker is a line of its own in `notes`; other text there
//! belongs to people and is kept. Secrets are looked for by name alone: Secret Server's search does not find what stands in `notes`.

mod change;
mod checks;
mod dependents;
mod readers;
mod seek;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use secrecy::SecretString;
use secretserver_client::resource::secrets::{GeneralPatch, NewSecret as NewItem, ReadOptions, SearchFilter};
use secretserver_client::{Change, Client, Error, ErrorKind, FolderId, SecretTemplateId};

use crate::error::{Outcome, Refusal};
use crate::model::secret_link::{Dependency, SecretState};
use crate::model::secret_readers::FolderReaders;
use crate::model::template::{Rotator, VaultPlace};
use crate::port::vault::{
    FoundSecret, ListedSecret, NewSecret, SecretCandidate, SecretId, Vault, VaultChange, VaultError,
    VaultErrorKind,
};

const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const NOTES: &str = "notes";
const DOMAIN: &str = "domain";
/// How every marker line begins; other lines of the notes are not looked at.
const MARKER: &str = "alm1:";
/// How many secrets of a list are looked at together.
const AT_ONCE: usize = 8;

/// A Secret Server, signed in to with the engine's credential.
#[derive(Clone, Debug)]
pub struct SecretServerVault {
    client: Client,
}

impl SecretServerVault {
    /// Uses this client.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    async fn found(
        &self,
        id: secretserver_client::SecretId,
        active: bool,
    ) -> Result<FoundSecret, VaultError> {
        let options = ReadOptions::default().with_inactive();
        let markers = match self.client.secrets().field_with(id, NOTES, options).await {
            Ok(notes) => Some(
                notes
                    .expose()
                    .lines()
                    .map(str::trim)
                    .filter(|line| line.starts_with(MARKER))
                    .map(str::to_owned)
                    .collect(),
            ),
            // Visible by name, but not to be read: restricted, or only listed. Then nothing is known of whose it is.
            Err(error) if error.is_denied_or_absent() => None,
            Err(error) => return Err(translate(&error)),
        };
        Ok(FoundSecret::new(SecretId::new(id.to_string()), active, markers))
    }
}

fn folder(place: &VaultPlace) -> Result<FolderId, VaultError> {
    folder_number(&place.folder)
}

fn folder_number(text: &str) -> Result<FolderId, VaultError> {
    text.parse().map_err(|_| {
        VaultError::new(
            VaultErrorKind::Invalid,
            format!("{text:?} is no folder of Secret Server: a folder is named by its number"),
        )
    })
}

fn template(place: &VaultPlace) -> Result<SecretTemplateId, VaultError> {
    place.secret_template.parse().map_err(|_| {
        VaultError::new(
            VaultErrorKind::Invalid,
            format!(
                "{:?} is no secret template of Secret Server: a template is named by its number",
                place.secret_template
            ),
        )
    })
}

fn secret_id(secret: &SecretId) -> Result<secretserver_client::SecretId, VaultError> {
    secret.as_str().parse().map_err(|_| {
        VaultError::new(
            VaultErrorKind::Invalid,
            format!("{secret} is no secret of Secret Server: a secret is named by its number"),
        )
    })
}

/// The client's error in the port's terms. Its text names operation and target, and never a value.
fn translate(error: &Error) -> VaultError {
    let kind = match error.kind() {
        ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Interrupted
        | ErrorKind::RateLimited
        | ErrorKind::Server => VaultErrorKind::Unavailable,
        ErrorKind::Auth | ErrorKind::Config => VaultErrorKind::SignIn,
        ErrorKind::Denied | ErrorKind::NotFound => VaultErrorKind::DeniedOrAbsent,
        ErrorKind::Conflict => VaultErrorKind::NameTaken,
        ErrorKind::Invalid | ErrorKind::Unsupported => VaultErrorKind::Invalid,
        _ => VaultErrorKind::Protocol,
    };
    let outcome = match error.outcome() {
        secretserver_client::Outcome::NotSent => Outcome::NotSent,
        secretserver_client::Outcome::NotDone => Outcome::NotDone,
        secretserver_client::Outcome::Done => Outcome::Done,
        // Whatever is added later is not known to be harmless.
        _ => Outcome::Unknown,
    };
    VaultError::new(kind, format!("{error}; {}", error.advice())).with_outcome(outcome)
}

#[async_trait]
impl Vault for SecretServerVault {
    async fn preflight(&self, place: &VaultPlace) -> Result<Vec<Refusal>, VaultError> {
        self.preflight_for(place, Rotator::Engine).await
    }

    async fn preflight_for(&self, place: &VaultPlace, rotator: Rotator) -> Result<Vec<Refusal>, VaultError> {
        let within = place.within.as_deref().map(folder_number).transpose()?;
        checks::preflight(&self.client, folder(place)?, within, template(place)?, rotator)
            .await
            .map_err(|error| translate(&error))
    }

    async fn create(&self, secret: NewSecret<'_>) -> Result<SecretId, VaultError> {
        let new = NewItem::new(secret.name, template(secret.place)?)
            .folder(folder(secret.place)?)
            .item(DOMAIN, secret.domain)
            .item(USERNAME, secret.username)
            .item(PASSWORD, secret.password.clone())
            .item(NOTES, secret.marker);
        let created = self.client.secrets().create(new).await.map_err(|error| translate(&error))?;
        Ok(SecretId::new(created.id.to_string()))
    }

    async fn find(&self, place: &VaultPlace, name: &str) -> Result<Vec<FoundSecret>, VaultError> {
        let filter = SearchFilter::exact_name(name).in_folder(folder(place)?).with_everything();
        let hits: Vec<_> =
            self.client.secrets().search(filter).try_collect().await.map_err(|error| translate(&error))?;
        let mut found = Vec::new();
        // Older servers take "exact" lightly.
        for hit in hits.into_iter().filter(|hit| hit.name == name) {
            found.push((hit.id, self.found(hit.id, hit.active).await?));
        }
        found.sort_by_key(|(id, _)| *id);
        found.dedup_by_key(|(id, _)| *id);
        Ok(found.into_iter().map(|(_, found)| found).collect())
    }

    async fn list(&self, place: &VaultPlace) -> Result<Vec<ListedSecret>, VaultError> {
        let filter = SearchFilter::default().in_folder(folder(place)?).with_everything();
        let filter = if place.allow_folder_override { filter.with_sub_folders() } else { filter };
        let hits = self.client.secrets().search(filter).map_err(|error| translate(&error));
        let named = hits.map_ok(async |hit| {
            let found = self.found(hit.id, hit.active).await?;
            Ok::<_, VaultError>(ListedSecret::new(hit.name, found))
        });
        named.try_buffered(AT_ONCE).try_collect().await
    }

    async fn describe(&self, secret: &SecretId) -> Result<Option<FoundSecret>, VaultError> {
        let id = secret_id(secret)?;
        let options = ReadOptions::default().with_inactive();
        match self.client.secrets().get_with(id, options).await {
            Ok(secret) => {
                let mut found = self.found(id, secret.active).await?;
                found.folder = secret.folder_id.map(|folder| folder.to_string());
                Ok(Some(found))
            }
            Err(error) if error.is_denied_or_absent() => Ok(None),
            Err(error) => Err(translate(&error)),
        }
    }

    async fn read_password(&self, secret: &SecretId) -> Result<SecretString, VaultError> {
        let options = ReadOptions::default();
        let value = self
            .client
            .secrets()
            .field_with(secret_id(secret)?, PASSWORD, options)
            .await
            .map_err(|error| translate(&error))?;
        if value.is_empty() {
            return Err(VaultError::new(
                VaultErrorKind::Invalid,
                format!("secret {secret} holds no password"),
            ));
        }
        Ok(value.into_secret_string())
    }

    async fn write_password(&self, secret: &SecretId, password: &SecretString) -> Result<(), VaultError> {
        let id = secret_id(secret)?;
        let written = self.client.secrets().update_field(id, PASSWORD, password.clone()).await;
        // Read back even when the answer was lost: what is there is what counts.
        if let Err(error) = &written
            && !matches!(
                error.outcome(),
                secretserver_client::Outcome::Unknown | secretserver_client::Outcome::Done
            )
        {
            return Err(translate(error));
        }
        let there = self.read_password(secret).await.map_err(|error| error.with_outcome(Outcome::Unknown))?;
        let wanted = secretserver_client::SecretValue::from(password.clone());
        if secretserver_client::SecretValue::from(there) == wanted {
            return Ok(());
        }
        Err(match written {
            Err(error) => translate(&error),
            Ok(()) => VaultError::new(
                VaultErrorKind::Protocol,
                format!("secret {secret} does not hold the password that was written to it"),
            )
            .with_outcome(Outcome::Unknown),
        })
    }

    async fn tell_dependents(&self, secret: &SecretId) -> Result<Vec<String>, VaultError> {
        dependents::tell(&self.client, secret_id(secret)?).await.map_err(|error| translate(&error))
    }

    /// By its summary, which has no value and leaves no record of a reading (facts 3.2).
    async fn status(&self, secret: &SecretId) -> Result<SecretState, VaultError> {
        match self.client.secrets().summary(secret_id(secret)?).await {
            Ok(summary) if summary.active => Ok(SecretState::Active),
            Ok(_) => Ok(SecretState::Inactive),
            // What of an inactive one may be seen, servers differ about.
            Err(error) if error.is_denied_or_absent() => Ok(match self.describe(secret).await? {
                Some(found) if found.active => SecretState::Active,
                Some(_) => SecretState::Inactive,
                None => SecretState::Gone,
            }),
            Err(error) => Err(translate(&error)),
        }
    }

    async fn seek(
        &self,
        place: &VaultPlace,
        username: &str,
        domain: &str,
    ) -> Result<Vec<SecretCandidate>, VaultError> {
        let mut filter = SearchFilter::text(username)
            .by_field(USERNAME)
            .in_folder(folder(place)?)
            .of_template(template(place)?);
        filter.is_exact_match = true;
        filter.include_restricted = true;
        filter.include_sub_folders = place.allow_folder_override;
        seek::seek(&self.client, filter, username, domain).await.map_err(|error| translate(&error))
    }

    async fn dependencies(&self, secret: &SecretId) -> Result<Vec<Dependency>, VaultError> {
        dependents::all(&self.client, secret_id(secret)?).await.map_err(|error| translate(&error))
    }

    async fn last_change(&self, secret: &SecretId) -> Result<VaultChange, VaultError> {
        change::last(&self.client, secret_id(secret)?).await.map_err(|error| translate(&error))
    }

    async fn ask_change(&self, secret: &SecretId) -> Result<(), VaultError> {
        change::ask(&self.client, secret_id(secret)?).await
    }

    async fn readers(&self, place: &VaultPlace) -> Result<FolderReaders, VaultError> {
        readers::of_folder(&self.client, folder(place)?).await.map_err(|error| translate(&error))
    }

    async fn relocate(&self, secret: &SecretId, place: &VaultPlace) -> Result<(), VaultError> {
        let (id, to) = (secret_id(secret)?, folder(place)?);
        let patch = GeneralPatch { folder: Change::Set(Some(to)), ..GeneralPatch::default() };
        let moved = self.client.secrets().patch(id, patch).await;
        let Err(error) = &moved else { return Ok(()) };
        // Looked at even when the answer was lost: where it is, is what counts.
        if matches!(
            error.outcome(),
            secretserver_client::Outcome::Unknown | secretserver_client::Outcome::Done
        ) && let Ok(there) = self.client.secrets().get_with(id, ReadOptions::default()).await
            && there.folder_id == Some(to)
        {
            return Ok(());
        }
        Err(translate(error))
    }

    async fn deactivate(&self, secret: &SecretId) -> Result<(), VaultError> {
        let id = secret_id(secret)?;
        match self.client.secrets().deactivate(id).await {
            Ok(_) => Ok(()),
            // The server says the same of a secret that is denied, absent or inactive already.
            Err(error) if error.is_denied_or_absent() => match self.describe(secret).await? {
                Some(found) if !found.active => Ok(()),
                _ => Err(translate(&error)),
            },
            Err(error) => Err(translate(&error)),
        }
    }
}
