//! Which secret: by its number, or by its path. A path travels as id 0 with the argument `secretPath`, since Secret Server 11.0.

use std::fmt;
use std::str::FromStr;

use crate::ids::SecretId;
use crate::request::{Path, Query};

/// Names one secret: its number, or from Secret Server 11.0 on its path.
///
/// Every method that takes one takes a [`SecretId`] as well.
///
/// ```
/// use secretserver_client::SecretId;
/// use secretserver_client::resource::secrets::{SecretPath, SecretRef};
///
/// let by_number = SecretRef::from(SecretId::new(42)?);
/// let by_path = SecretRef::from("\\Service Accounts\\svc-web".parse::<SecretPath>()?);
/// assert_eq!(by_path.to_string(), "\\Service Accounts\\svc-web");
/// # assert_eq!(by_number.id(), SecretId::new(42).ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the server knows these two")]
pub enum SecretRef {
    /// By its number.
    Id(SecretId),
    /// By its path.
    Path(SecretPath),
}

impl SecretRef {
    /// Its number, if that is what names it.
    pub const fn id(&self) -> Option<SecretId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Path(_) => None,
        }
    }

    /// Adds it to a path: its number, or the 0 that stands for "see `secretPath`".
    pub(crate) fn segment(&self, path: Path) -> Path {
        match self {
            Self::Id(id) => path.id(id),
            Self::Path(_) => path.id(0),
        }
    }

    /// Adds its path to the arguments, if that is what names it.
    pub(crate) fn query(&self, query: Query) -> Query {
        match self {
            Self::Id(_) => query,
            Self::Path(path) => query.with("secretPath", path),
        }
    }
}

impl From<SecretId> for SecretRef {
    fn from(id: SecretId) -> Self {
        Self::Id(id)
    }
}

impl From<SecretPath> for SecretRef {
    fn from(path: SecretPath) -> Self {
        Self::Path(path)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Path(path) => path.fmt(f),
        }
    }
}

/// The path of a secret, such as `\Folder\Sub\Name`. Begins with a backslash, which is added if it is missing.
///
/// Secret Server has no escape for a backslash in a name: a secret or folder whose name has one can only be named by its number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretPath(String);

/// The text cannot be the path of a secret. It is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no path of a secret: it must look like \\Folder\\Name, without empty names and control characters")]
pub struct InvalidSecretPath(());

impl SecretPath {
    /// The path with this text.
    ///
    /// # Errors
    /// When a name in it is empty, or it has a control character.
    pub fn new(text: &str) -> Result<Self, InvalidSecretPath> {
        let names = text.strip_prefix('\\').unwrap_or(text);
        if names.split('\\').any(|name| name.trim().is_empty()) || names.chars().any(char::is_control) {
            return Err(InvalidSecretPath(()));
        }
        Ok(Self(format!("\\{names}")))
    }

    /// The text, with its backslash in front.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretPath {
    type Err = InvalidSecretPath;

    fn from_str(text: &str) -> Result<Self, InvalidSecretPath> {
        Self::new(text)
    }
}

impl fmt::Display for SecretPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_of_names() {
        for (text, path) in
            [("\\A\\B", "\\A\\B"), ("A\\B", "\\A\\B"), ("n", "\\n"), ("\\A/B\\c d&e", "\\A/B\\c d&e")]
        {
            assert_eq!(SecretPath::new(text).unwrap().as_str(), path);
        }
        for bad in ["", "\\", "\\\\", "\\A\\", "\\A\\\\B", "\\A\\ \\B", "\\A\r\nHost: x", "\0"] {
            assert!(SecretPath::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_path_goes_with_id_0_and_escaped() {
        let by_path = SecretRef::from(SecretPath::new("\\A&x=1#\\B+c").unwrap());
        let path = by_path.segment(Path::api("v1/secrets")).literal("summary").render().unwrap();
        assert_eq!(path, "/api/v1/secrets/0/summary");
        assert_eq!(by_path.query(Query::new()).encoded(), "secretPath=%5CA%26x%3D1%23%5CB%2Bc");
        let by_id = SecretRef::from(SecretId::new(4).unwrap());
        assert_eq!(by_id.segment(Path::api("v1/secrets")).render().unwrap(), "/api/v1/secrets/4");
        assert_eq!(by_id.query(Query::new()).encoded(), "");
    }
}
