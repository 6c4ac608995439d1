//! Names of files.

use std::fmt;

/// The name of a file, as people see it in the secret.
///
/// From 1 to 255 characters; none of `/ \ : * ? " < > |` and no control character, which the server's own system refuses in names; not `.` or `..`.
///
/// ```
/// use secretserver_client::resource::secrets::FileName;
/// assert_eq!(FileName::new("server key.pem")?.as_str(), "server key.pem");
/// assert!(FileName::new("../key.pem").is_err());
/// # Ok::<(), secretserver_client::resource::secrets::InvalidFileName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(String);

/// The text cannot name a file. It is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no name of a file: it must have 1 to 255 characters, none of / \\ : * ? \" < > | and no control character"
)]
pub struct InvalidFileName(());

impl FileName {
    /// The name with this text.
    ///
    /// # Errors
    /// When it breaks a rule of this type.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidFileName> {
        let text = text.into();
        let characters = text.chars().count();
        let refused = |c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c);
        if !(1..=255).contains(&characters)
            || text.chars().any(refused)
            || text.trim_matches(['.', ' ']).is_empty()
        {
            return Err(InvalidFileName(()));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for good in ["key.pem", "a", "Schlüssel 1 (neu).txt", ".profile", &"x".repeat(255)] {
            assert!(FileName::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", " ", "a/b", "a\\b", "a\"b", "a\r\nX: y", "a:b", "a\0", &"x".repeat(256)] {
            assert!(FileName::new(bad).is_err(), "{bad:?}");
        }
    }
}
