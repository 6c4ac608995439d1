//! An engine's look at secrets for a sync of a vault (S-5): how they stand, whose they are, and whether a sign-in proves it.

use std::sync::Arc;

use ad_directory::{AccountKey, CheckPasswordOptions, Directory, FindOptions, PinOptions};

use crate::error::{Error, ErrorKind, Result};
use crate::model::ids::SecretId;
use crate::model::secret_link::{
    ClaimVerdict, SecretClaim, SecretMatch, SecretOwner, SecretProof, SecretSearch, SecretState, SecretView,
};
use crate::model::template::VaultPlace;
use crate::port::vault::{Vault, VaultError, VaultErrorKind};

const OPERATION: &str = "vault.sync";

/// The vault as a whole is away, which says nothing about the secret; everything else is about the secret.
fn away(error: &VaultError) -> Option<Error> {
    matches!(error.kind, VaultErrorKind::Unavailable | VaultErrorKind::SignIn)
        .then(|| Error::new(ErrorKind::Vault, OPERATION, error.to_string()))
}

fn unreachable(error: &ad_directory::Error) -> Error {
    Error::new(ErrorKind::Directory, OPERATION, error.to_string()).with_advice(error.advice())
}

/// How it stands, and what depends on it.
pub(super) async fn view(vault: &dyn Vault, secret: &SecretId) -> Result<SecretView> {
    let state = state(vault, secret).await?;
    if state != SecretState::Active {
        return Ok(SecretView::new(state));
    }
    match vault.dependencies(secret).await {
        Ok(dependencies) => Ok(SecretView::new(state).dependencies(dependencies)),
        Err(error) => match away(&error) {
            Some(away) => Err(away),
            // Who may not see what depends on it still keeps passwords in it.
            None => Ok(SecretView::new(state)),
        },
    }
}

async fn state(vault: &dyn Vault, secret: &SecretId) -> Result<SecretState> {
    match vault.status(secret).await {
        Ok(state) => Ok(state),
        Err(error) => match away(&error) {
            Some(away) => Err(away),
            None => Ok(SecretState::Unclear(error.to_string())),
        },
    }
}

/// The one that matches, and whether its password is the account's; at most one sign-in.
pub(super) async fn seek(
    directory: &Arc<dyn Directory>,
    vault: &dyn Vault,
    search: &SecretSearch,
) -> Result<SecretMatch> {
    let owner = &search.owner;
    let found = match vault.seek(&search.place, &owner.name, &owner.domain_name).await {
        Ok(found) => found,
        Err(error) => return away(&error).map_or(Ok(SecretMatch::Unclear(error.to_string())), Err),
    };
    let [one] = found.as_slice() else {
        let several = found.into_iter().map(|one| one.id).collect::<Vec<_>>();
        return Ok(if several.is_empty() { SecretMatch::None } else { SecretMatch::Several(several) });
    };
    let id = one.id.clone();
    if let Some(why) = &one.hidden {
        return Ok(SecretMatch::Unreadable(id, why.clone()));
    }
    if search.but_not.as_ref() == Some(&id) {
        return Ok(SecretMatch::One(id, SecretProof::Untried));
    }
    match prove(directory, vault, &id, owner).await? {
        Ok(proof) => Ok(SecretMatch::One(id, proof)),
        Err(why) => Ok(SecretMatch::Unreadable(id, why)),
    }
}

/// What a claim comes to; at most one sign-in, and none for a secret that is not where it has to be.
pub(super) async fn claim(
    directory: &Arc<dyn Directory>,
    vault: &dyn Vault,
    claim: &SecretClaim,
) -> Result<ClaimVerdict> {
    if let Some(place) = &claim.place {
        match vault.describe(&claim.secret).await {
            Ok(Some(found)) if !found.active => return Ok(ClaimVerdict::Unusable(SecretState::Inactive)),
            Ok(Some(found)) => match lies_in(vault, place, found.folder.as_deref()).await {
                Ok(true) => {}
                Ok(false) => return Ok(ClaimVerdict::Elsewhere),
                Err(error) => return unclear(&error),
            },
            Ok(None) => return Ok(ClaimVerdict::Unusable(SecretState::Gone)),
            Err(error) => return unclear(&error),
        }
    }
    match prove(directory, vault, &claim.secret, &claim.owner).await? {
        Ok(proof) => Ok(ClaimVerdict::Tried(proof)),
        Err(why) => Ok(ClaimVerdict::Unusable(SecretState::Unclear(why))),
    }
}

fn unclear(error: &VaultError) -> Result<ClaimVerdict> {
    let unclear = ClaimVerdict::Unusable(SecretState::Unclear(error.to_string()));
    away(error).map_or(Ok(unclear), Err)
}

/// A vault without folders has none that a secret could be outside of.
async fn lies_in(
    vault: &dyn Vault,
    place: &VaultPlace,
    folder: Option<&str>,
) -> std::result::Result<bool, VaultError> {
    let Some(folder) = folder else { return Ok(!vault.has_folders()) };
    if folder == place.folder {
        return Ok(true);
    }
    if !place.allow_folder_override {
        return Ok(false);
    }
    let refusals = vault.preflight(&place.chosen(Some(folder))).await?;
    Ok(refusals.iter().all(|refusal| refusal.rule() != "NM-4"))
}

/// One sign-in with the password of the secret; in words why there was none, if it could not be read.
async fn prove(
    directory: &Arc<dyn Directory>,
    vault: &dyn Vault,
    secret: &SecretId,
    owner: &SecretOwner,
) -> Result<std::result::Result<SecretProof, String>> {
    let password = match vault.read_password(secret).await {
        Ok(password) => password,
        Err(error) => return away(&error).map_or_else(|| Ok(Err(error.to_string())), Err),
    };
    let pinned = directory.pin(PinOptions::new()).await.map_err(|error| unreachable(&error))?;
    let key = AccountKey::Guid(owner.object);
    let found = pinned.find_account(&key, FindOptions::new()).await.map_err(|error| unreachable(&error))?;
    if found.is_none() {
        return Ok(Ok(SecretProof::Later(format!("{} is not on the controller that was asked", owner.name))));
    }
    let check = pinned
        .check_password(owner.object, &password, CheckPasswordOptions::new())
        .await
        .map_err(|error| unreachable(&error))?;
    Ok(Ok(match check.proves_password() {
        Some(true) => SecretProof::Right,
        Some(false) => SecretProof::Wrong,
        None => SecretProof::Later(format!("the directory says {check:?}")),
    }))
}
