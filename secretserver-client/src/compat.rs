//! What depends on the server's version, in one table ([`Feature`]), and how a client learns the version.
//!
//! Where a call has one form that every version knows, that form is used and the version is not asked for: reads of secrets go to their v1
//! addresses, which 10.2 to 11.7 answer, so that a read costs one request. Where the versions have no form in common and the wrong one would
//! be a *change*, the version is asked for once, before the first such change, and kept for the client and its clones; a program that knows
//! it can state it with [`ClientBuilder::server_version`](crate::ClientBuilder::server_version). A version that the server hides is taken for the newest.
//!
//! A read whose address the server does not have (404 with its own text about the address, or 405) is asked for once more at the other
//! address. Nothing that changes is ever tried at two addresses, with one exception: making a secret active again, where both addresses do the same.

use std::sync::{Arc, OnceLock};

use crate::client::Client;
use crate::error::{Error, ErrorKind, Outcome};
use crate::resource::version::{GetVersion, Version};

/// What not every version has. Each says since when, and where that is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Setting permissions of secrets, searching templates, deleting folders: the least this crate is made for. From the vendor's release notes: 10.2.000018.
    Baseline,
    /// Having the server make a password. From the vendor's release notes: 10.3.
    GeneratePassword,
    /// Dependencies and groups. From the vendor's release notes: 10.4.
    Dependencies,
    /// Refresh tokens. From the vendor's release notes: 10.7.
    RefreshTokens,
    /// `POST …/users/{id}/password-reset`; before, `PUT …/users/{id}` with `password`. The limit is what another client checks: 10.9.
    PasswordReset,
    /// `GET …/secrets/{id}/state`. From the issue in which another client added it: 10.9.32.
    State,
    /// Secrets by path (`secretPath`). The limit is what another client checks: 11.0.
    SecretPath,
    /// The addresses of version 2 for secrets and templates. That they begin with 11.0 is what other clients assume.
    V2,
    /// `PUT …/secrets/{id}/activate` in the place of `…/undelete`, which 10.9 has. That it changed with 11.0 is a guess.
    Activate,
}

impl Feature {
    /// The first version that has it, as text.
    pub const fn since(self) -> &'static str {
        match self {
            Self::Baseline => "10.2.000018",
            Self::GeneratePassword => "10.3.000000",
            Self::Dependencies => "10.4.000000",
            Self::RefreshTokens => "10.7.000000",
            Self::PasswordReset => "10.9.000000",
            Self::State => "10.9.000032",
            Self::SecretPath | Self::V2 | Self::Activate => "11.0.000000",
        }
    }

    /// Whether this version has it.
    ///
    /// ```
    /// use secretserver_client::compat::Feature;
    /// assert!(Feature::State.is_in(&"11.2.000002".parse()?));
    /// assert!(!Feature::State.is_in(&"10.5.000003".parse()?));
    /// # Ok::<(), secretserver_client::resource::version::InvalidVersion>(())
    /// ```
    pub fn is_in(self, version: &Version) -> bool {
        self.since().parse::<Version>().is_ok_and(|since| *version >= since)
    }
}

/// What is known of the server's version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerVersion {
    /// The server said it, or the caller stated it.
    Known(Version),
    /// The server does not say it (*Hide Secret Server Version Numbers*), or not to this user. Taken for the newest.
    Hidden,
}

impl ServerVersion {
    /// Whether the server has this, as far as is known.
    pub fn has(&self, feature: Feature) -> bool {
        match self {
            Self::Known(version) => feature.is_in(version),
            Self::Hidden => true,
        }
    }
}

/// A version that is learned once. Shared by the clones of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned(Arc<OnceLock<ServerVersion>>);

impl Learned {
    pub(crate) fn stated(version: Option<Version>) -> Self {
        let learned = Self::default();
        if let Some(version) = version {
            learned.0.get_or_init(|| ServerVersion::Known(version));
        }
        learned
    }

    pub(crate) fn known(&self) -> Option<&ServerVersion> {
        self.0.get()
    }
}

impl Client {
    /// The server's version, as stated or as asked for once. Concurrent first calls may ask more than once.
    ///
    /// # Errors
    /// When the server cannot be asked at all. That it does not say its version is no error.
    pub async fn server_version(&self) -> Result<ServerVersion, Error> {
        if let Some(version) = self.version.known() {
            return Ok(version.clone());
        }
        let version = match self.request(GetVersion).await {
            Ok(version) => ServerVersion::Known(version),
            Err(error) if is_hidden(&error) => ServerVersion::Hidden,
            Err(error) => return Err(error),
        };
        Ok(self.version.0.get_or_init(|| version).clone())
    }

    /// Whether the server has this, as far as was stated or learned by now. Nothing is asked for.
    pub(crate) fn is_known_to_lack(&self, feature: Feature) -> bool {
        self.version.known().is_some_and(|version| !version.has(feature))
    }
}

/// Whether the server answered, and does not say its version.
pub(crate) fn is_hidden(error: &Error) -> bool {
    error.outcome() == Outcome::NotDone
        && matches!(
            error.kind(),
            ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Unsupported | ErrorKind::Invalid
        )
}

/// Whether the server does not have this address, as opposed to not having the object: nothing was done.
pub(crate) fn is_unknown_address(error: &Error) -> bool {
    error.outcome() == Outcome::NotDone
        && match error.kind() {
            ErrorKind::Unsupported => error.status().is_some_and(|s| s.as_u16() == 405),
            // Secret Server's own router says so in these words; anything else comes from the operation.
            ErrorKind::NotFound => {
                error.api().is_none_or(|api| api.message().to_ascii_lowercase().contains("http resource"))
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_a_version_and_holds() {
        use Feature::{
            Activate, Baseline, Dependencies, GeneratePassword, PasswordReset, RefreshTokens, SecretPath,
            State, V2,
        };
        let has = |version: &str| {
            let version: Version = version.parse().unwrap();
            [
                Baseline,
                GeneratePassword,
                Dependencies,
                RefreshTokens,
                PasswordReset,
                State,
                SecretPath,
                V2,
                Activate,
            ]
            .into_iter()
            .filter(|feature| feature.is_in(&version))
            .count()
        };
        for (version, count) in [
            ("10.2.000017", 0),
            ("10.2.000018", 1),
            ("10.3", 2),
            ("10.5.000003", 3),
            ("10.7", 4),
            ("10.9.000031", 5),
            ("10.9.000032", 6),
            ("11.2.000002", 9),
            ("11.10", 9),
        ] {
            assert_eq!(has(version), count, "{version}");
        }
        assert!(ServerVersion::Hidden.has(V2));
    }
}
