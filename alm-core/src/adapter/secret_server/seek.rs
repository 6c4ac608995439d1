//! Secrets by their user name (S-5). Secret Server searches one field at a time, exactly and without its indexer (facts 3.2); the rest is read field by
//! field, of few.

use futures_util::TryStreamExt as _;
use secretserver_client::resource::secrets::{ReadOptions, SearchFilter, Summary};
use secretserver_client::{Client, Error, ErrorKind};

use super::{DOMAIN, USERNAME};
use crate::port::vault::{SecretCandidate, SecretId};
use crate::rules::secret_link;

/// After how many hits the look ends: that many secrets of one user name are a mess that a person has to clear up.
const MOST: usize = 20;

/// The hits whose user name is exactly this one, and whose domain is this one. Two are enough to know that nobody knows which; so are too many hits.
pub(super) async fn seek(
    client: &Client,
    filter: SearchFilter,
    username: &str,
    domain: &str,
) -> Result<Vec<SecretCandidate>, Error> {
    let mut hits = client.secrets().search(filter);
    let mut found = Vec::new();
    let mut seen = Vec::new();
    while let Some(hit) = hits.try_next().await? {
        seen.push(SecretCandidate::new(SecretId::new(hit.id.to_string())));
        if seen.len() > MOST {
            return Ok(seen);
        }
        if found.len() > 1 {
            break;
        }
        if hit.active {
            found.extend(candidate(client, &hit, username, domain).await?);
        }
    }
    Ok(found)
}

async fn candidate(
    client: &Client,
    hit: &Summary,
    username: &str,
    domain: &str,
) -> Result<Option<SecretCandidate>, Error> {
    let candidate = SecretCandidate::new(SecretId::new(hit.id.to_string()));
    let read = async |slug| {
        let value = client.secrets().field_with(hit.id, slug, ReadOptions::default()).await?;
        Ok::<_, Error>(value.expose().trim().to_owned())
    };
    // Older servers take "exact" lightly.
    match read(USERNAME).await {
        Ok(said) if !said.eq_ignore_ascii_case(username) => return Ok(None),
        Ok(_) => {}
        Err(error) if is_hidden(&error) => return Ok(Some(candidate.hidden(error.to_string()))),
        Err(error) => return Err(error),
    }
    match read(DOMAIN).await {
        Ok(said) => Ok(secret_link::is_domain(&said, domain).then_some(candidate)),
        Err(error) if is_hidden(&error) => Ok(Some(candidate.hidden(error.to_string()))),
        Err(error) => Err(error),
    }
}

/// Listed and not to be read, or behind a check-out, a comment, an approval or a second lock.
fn is_hidden(error: &Error) -> bool {
    error.is_denied_or_absent() || error.kind() == ErrorKind::Restricted
}
