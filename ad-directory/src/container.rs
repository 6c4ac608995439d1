//! Places: organizational units and containers.

use serde::{Deserialize, Serialize};

use crate::{Dn, ObjectGuid, ParseError};

/// What sort of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContainerKind {
    /// An organizational unit: policies and delegation hang on it.
    OrganizationalUnit,
    /// A plain container, such as `CN=Users`.
    Container,
    /// The domain itself.
    Domain,
}

/// A place that accounts can be in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Container {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Where it is.
    pub dn: Dn,
    /// What sort of place it is.
    pub kind: ContainerKind,
    /// Its description.
    pub description: Option<String>,
}

/// An organizational unit to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewContainer {
    /// The place it is made in.
    pub parent: Dn,
    /// Its name, at most 64 characters; unique in its place.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
}

impl NewContainer {
    /// A unit without a description.
    pub fn new(parent: Dn, name: impl Into<String>) -> Self {
        Self { parent, name: name.into(), description: None }
    }

    /// With a description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Where it will be.
    ///
    /// # Errors
    /// When the name is empty or too long.
    pub fn dn(&self) -> Result<Dn, ParseError> {
        self.parent.unit(&self.name)
    }
}

impl Container {
    /// A place without a description.
    pub const fn new(guid: ObjectGuid, dn: Dn, kind: ContainerKind) -> Self {
        Self { guid, dn, kind, description: None }
    }
}
