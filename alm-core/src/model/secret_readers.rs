//! Who can read the secrets of a folder, as its vault tells it (T-16).

use ad_directory::ObjectGuid;
use serde::{Deserialize, Serialize};

use super::ids::PersonId;

/// Somebody whom the vault lets read the secrets of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FolderReader {
    /// The name they sign in to the vault with.
    pub name: String,
    /// Their e-mail address, if the vault has one.
    pub email: Option<String>,
    /// Their account in Active Directory, if they come from there.
    pub object: Option<ObjectGuid>,
}

impl FolderReader {
    /// Of whom the vault tells the name alone.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), email: None, object: None }
    }

    /// With an e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }
}

/// Everybody whom the vault lets read the secrets of a folder, as far as it tells. Programs are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FolderReaders {
    /// The people.
    pub people: Vec<FolderReader>,
    /// What could not be looked into, by name: a group whose members we may not see. Whoever is not among the people may be among these.
    pub unknown: Vec<String>,
}

impl FolderReaders {
    /// These people.
    pub fn new(people: impl IntoIterator<Item = FolderReader>) -> Self {
        Self { people: people.into_iter().collect(), unknown: Vec::new() }
    }

    /// Nothing is known, for this reason.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { people: Vec::new(), unknown: vec![why.into()] }
    }
}

/// Whether somebody can read the secrets of a template's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CanRead {
    /// The vault lets them.
    Yes,
    /// The vault does not let them.
    No,
    /// They could not be matched with anybody in the vault.
    Unknown,
}

/// One person, and whether they can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReaderOf {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Whether they can.
    pub can_read: CanRead,
}

impl ReaderOf {
    /// Whether somebody can read.
    pub fn new(person: PersonId, name: impl Into<String>, can_read: CanRead) -> Self {
        Self { person, name: name.into(), can_read }
    }
}
