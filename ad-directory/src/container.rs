//! Places: organizational units and containers.

use serde::{Deserialize, Serialize};

use crate::{Dn, ObjectGuid};

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

impl Container {
    /// A place without a description.
    pub const fn new(guid: ObjectGuid, dn: Dn, kind: ContainerKind) -> Self {
        Self { guid, dn, kind, description: None }
    }
}
