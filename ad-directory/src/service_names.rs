//! Who has a Kerberos service name.

use serde::{Deserialize, Serialize};

use crate::Member;

/// How far a search for a service name has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reach {
    /// The whole forest, at its global catalog: as far as a service name must be unique.
    Forest,
    /// This domain only. Another domain of the forest may have the name, and the controller refuses it then.
    Domain,
}

/// Who has a service name: at most one, unless somebody got two past the controllers. With two, no ticket can be had for it.
///
/// Aliases are not resolved: a computer with `HOST/web1` also answers for `HTTP/web1` (`sPNMappings`), and yet an account may have the latter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceNameOwners {
    /// The accounts, managed accounts and computers that have it.
    pub owners: Vec<Member>,
    /// How far it was looked.
    pub reach: Reach,
}

impl ServiceNameOwners {
    /// These, as far as was looked.
    pub const fn new(owners: Vec<Member>, reach: Reach) -> Self {
        Self { owners, reach }
    }

    /// Whether nobody has it, as far as was looked.
    pub const fn is_free(&self) -> bool {
        self.owners.is_empty()
    }
}
