//! The operations, by what they are about. Each is an [`Endpoint`] value beside the method that sends it.

pub mod configuration;
pub mod dependencies;
mod endpoint;
pub mod folder_permissions;
pub mod folders;
pub mod groups;
pub mod healthcheck;
pub mod policies;
pub mod roles;
pub mod sdk_clients;
pub mod secret_permissions;
pub mod secrets;
pub(crate) mod sort;
pub mod system;
pub mod templates;
pub mod users;
pub mod version;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::client::Client;
use crate::error::{Error, ErrorKind, Outcome};
use crate::ids::{GroupId, UserId};
use crate::page::{LenientPage, Page, Pager};
use crate::request::{DecodeError, Endpoint, Query, Reply};
pub(crate) use endpoint::{endpoint, list_endpoint, search_endpoint};

/// Reads `null` as the default: the server writes it for texts, lists and booleans that are not set.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// An answer whose content does not matter.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(from).map(|_| Self)
    }
}

/// Any answer will do, also an empty one, as long as it is not a web page.
pub(crate) fn ignore(reply: &Reply) -> Result<Ignored, DecodeError> {
    if reply.is_html() { reply.json() } else { Ok(Ignored) }
}

/// An id and a name: the short form of anything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(bound = "I: Deserialize<'de>")]
#[non_exhaustive]
pub struct Lookup<I> {
    /// Which.
    pub id: I,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub value: String,
}

/// What the server says after deleting or disabling something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Deleted {
    /// Its number.
    pub id: u32,
    /// What it was, such as `User`.
    #[serde(default)]
    pub object_type: Option<String>,
    /// What the server has to remark, in its own words.
    #[serde(default, deserialize_with = "crate::lenient::texts")]
    pub response_codes: Vec<String>,
}

/// Whether the server says that it did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Acknowledged {
    /// False although the status was 200: it refused, without a reason.
    pub success: bool,
}

impl Acknowledged {
    /// A refusal that arrived as a success. What was done of a list that was asked for, nobody says.
    pub(crate) fn checked(self, operation: &'static str) -> Result<(), Error> {
        if self.success {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Invalid, Outcome::Unknown, operation)
            .with_detail("the server answered that it did not succeed, and not why; look at what it did"))
    }
}

/// Somebody who can be given a right: exactly one user, or one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the server knows users and groups")]
pub enum Principal {
    /// One user.
    User(UserId),
    /// All members of a group.
    Group(GroupId),
}

impl Principal {
    pub(crate) const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Group(_) => None,
        }
    }

    pub(crate) const fn group(self) -> Option<GroupId> {
        match self {
            Self::Group(id) => Some(id),
            Self::User(_) => None,
        }
    }
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascending => "Asc",
            Self::Descending => "Desc",
        })
    }
}

/// Adds place, size and order of a page. Without an explicit order the server's is unspecified, and pages could overlap.
pub(crate) fn paging(query: Query, skip: u32, take: u32, sort: &str) -> Query {
    query
        .with("skip", skip)
        .with("take", take)
        .with("sortBy[0].name", sort)
        .with("sortBy[0].direction", Direction::Ascending)
}

/// Whether a 404 is how this server says that it found nothing: it comes from the operation itself, with a message of its own. A web page, or
/// the message that there is no such operation, is no empty list: taking it for one would make people create what exists.
fn found_nothing(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
        && error.api().is_some_and(|api| !api.message().to_ascii_lowercase().contains("http resource"))
}

/// A search as a pager. Some servers answer an empty search with 404, which is an empty list and no error.
pub(crate) fn search<E, T>(client: &Client, page: impl Fn(u32, u32) -> E + Send + Sync + 'static) -> Pager<T>
where
    E: Endpoint<Response = Page<T>> + 'static,
    T: DeserializeOwned + Send + 'static,
{
    let client = client.clone();
    Pager::new(E::OPERATION, move |ask| {
        let client = client.clone();
        let endpoint = page(ask.skip, ask.take);
        let skip = ask.skip;
        Box::pin(async move {
            let result = if ask.lenient {
                client.request(LenientPage { endpoint, skip }).await
            } else {
                client.request(endpoint).await
            };
            match result {
                Err(error) if found_nothing(&error) => Ok(Page::empty(skip)),
                result => result,
            }
        })
    })
}
