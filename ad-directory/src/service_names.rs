//! Who has a Kerberos service name.

pub(crate) mod aliases;

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
/// A computer with `HOST/web1` answers for `HTTP/web1`, `CIFS/web1` and some fifty more as long as nobody has that very name (`sPNMappings` of
/// the forest). For the service account of a web site it is right to have `HTTP/web1` all the same; but from then on the tickets are the
/// account's, and whatever else on that computer was reached by the name gets tickets that it cannot read: for `HTTP`, remote management
/// (`WinRM`). Since CVE-2021-42282 (KB5008382) a controller lets only administrators take a name from its [`aliased`](Self::aliased) owners;
/// anybody else is refused, and needs a name of the service's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceNameOwners {
    /// The accounts, managed accounts and computers that have it.
    pub owners: Vec<Member>,
    /// How far it was looked.
    pub reach: Reach,
    /// Who answers for it while it has no owner, by another name that the forest takes for it.
    #[serde(default)]
    pub aliased: Vec<Member>,
}

impl ServiceNameOwners {
    /// These, as far as was looked.
    pub const fn new(owners: Vec<Member>, reach: Reach) -> Self {
        Self { owners, reach, aliased: Vec::new() }
    }

    /// And these by another name.
    #[must_use]
    pub fn with_aliased(mut self, aliased: Vec<Member>) -> Self {
        self.aliased = aliased;
        self
    }

    /// Whether nobody has it, as far as was looked. Somebody may answer for it nevertheless: [`aliased`](Self::aliased).
    pub const fn is_free(&self) -> bool {
        self.owners.is_empty()
    }
}
