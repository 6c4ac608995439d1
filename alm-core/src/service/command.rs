//! Commands: what can be asked of the service, each a value.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::ids::{ApiTokenId, PersonId};

/// Who gives a command, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caller {
    /// Who.
    pub person: PersonId,
    /// From where, for the audit: an address, a program.
    pub source: String,
    /// The API token that the person's program signed in with, which may open less than the person may do. Looked at anew with each command.
    pub token: Option<ApiTokenId>,
}

impl Caller {
    /// A person at some place.
    pub fn new(person: PersonId, source: impl Into<String>) -> Self {
        Self { person, source: source.into(), token: None }
    }
}

/// A key that makes repeating a command harmless: the same command under the same key returns the first result.
///
/// Choose one for each intention, such as a random identifier made when a form is opened, and keep it until the answer arrived.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for IdempotencyKey {
    fn from(key: &str) -> Self {
        Self::new(key)
    }
}

impl From<String> for IdempotencyKey {
    fn from(key: String) -> Self {
        Self::new(key)
    }
}

/// Something that can be asked of the service. Given to [`Alm::execute`](super::Alm::execute), or to [`Alm::plan`](super::Alm::plan) to
/// see what it would do. Implemented by the commands of this crate alone.
pub trait Command: Serialize + Debug + Send + Sync + decide::Decide {}

impl<C: Serialize + Debug + Send + Sync + decide::Decide> Command for C {}

pub(crate) mod decide {
    use async_trait::async_trait;

    use super::{DeserializeOwned, Serialize};
    use crate::error::{Error, Result};
    use crate::service::unit::Unit;

    #[expect(unnameable_types, reason = "sealed: commands are those of this crate")]
    /// What a command does: it looks, checks, and stages its changes. Nothing happens before the unit is committed.
    #[async_trait]
    pub trait Decide {
        /// The command's name in audit records and errors, such as `request.submit`.
        const NAME: &'static str;
        /// What it returns.
        type Output: Serialize + DeserializeOwned + Send;

        /// Checks everything and stages all changes.
        async fn decide(&self, unit: &mut Unit<'_>) -> Result<Self::Output>;

        /// Stages what is kept of it although nothing came of it.
        async fn failed(&self, _unit: &mut Unit<'_>, _error: &Error) -> Result<()> {
            Ok(())
        }
    }
}
