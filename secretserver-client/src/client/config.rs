//! Options by name, from the environment or from any map: one list of keys for both.

use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use crate::auth::{Password, StaticToken};
use crate::client::builder::OPERATION;
use crate::client::{Client, ClientBuilder};
use crate::error::Error;

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident = $name:literal),* $(,)?) => {
        /// The name of an option. In the environment it is written in capitals after `SECRET_SERVER_`, such as `SECRET_SERVER_BASE_URL`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ConfigKey { $($(#[$doc])* $key),* }

        impl ConfigKey {
            /// All keys.
            pub const ALL: &'static [Self] = &[$(Self::$key),*];

            /// Its name, such as `base_url`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$key => $name),* }
            }
        }
    };
}

keys! {
    /// The address of the server. Needed.
    BaseUrl = "base_url",
    /// The user who signs in.
    Username = "username",
    /// The user's password.
    Password = "password",
    /// The user's directory domain.
    Domain = "domain",
    /// A one-time code for the first sign-in.
    Otp = "otp",
    /// A token, instead of a user.
    Token = "token",
    /// A file with certificates of authorities in PEM, trusted besides those of the machine.
    CaFile = "ca_file",
    /// What the client calls itself.
    UserAgent = "user_agent",
    /// In seconds, `2.5` is fine.
    ConnectTimeout = "connect_timeout",
    /// In seconds.
    AttemptTimeout = "attempt_timeout",
    /// In seconds.
    TotalTimeout = "total_timeout",
    /// From 1 to 4.
    Attempts = "attempts",
    /// In bytes.
    BodyLimit = "body_limit",
    /// Requests under way at once.
    InFlight = "in_flight",
    /// The address of a proxy.
    Proxy = "proxy",
}

impl FromStr for ConfigKey {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .iter()
            .copied()
            .find(|k| k.name() == name)
            .ok_or_else(|| Error::config(OPERATION, "there is no option with that name"))
    }
}

impl Client {
    /// Makes a client from the environment variables `SECRET_SERVER_…` (see [`ConfigKey`]). Values are never part of an error.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the address is missing or a value is unusable; the error names the variable's key.
    pub fn from_env() -> Result<Self, Error> {
        let read =
            |key: ConfigKey| std::env::var(format!("SECRET_SERVER_{}", key.name().to_ascii_uppercase())).ok();
        ClientBuilder::from_options(ConfigKey::ALL.iter().filter_map(|&k| read(k).map(|v| (k, v))))?.build()
    }
}

impl ClientBuilder {
    /// Begins with options by name, from a file or a map of your own.
    ///
    /// ```
    /// use secretserver_client::{ClientBuilder, client::ConfigKey};
    /// let builder = ClientBuilder::from_options([
    ///     (ConfigKey::BaseUrl, "https://vault.corp.example/SecretServer".to_owned()),
    ///     (ConfigKey::Attempts, "2".to_owned()),
    /// ])?;
    /// # Ok::<(), secretserver_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the address is missing or a value is unusable; the error names the key, never the value.
    pub fn from_options(options: impl IntoIterator<Item = (ConfigKey, String)>) -> Result<Self, Error> {
        let mut builder = Self::new("");
        let mut base = None;
        let (mut username, mut password, mut domain, mut otp, mut token) = (None, None, None, None, None);
        for (key, value) in options {
            let bad = |what: &str| Error::config(OPERATION, format!("the option {} {what}", key.name()));
            let seconds = || {
                let seconds = value.trim().parse::<f64>().map_err(|_| bad("is no number of seconds"))?;
                Duration::try_from_secs_f64(seconds).map_err(|_| bad("is no number of seconds"))
            };
            let number = || value.trim().parse::<usize>().map_err(|_| bad("is no number"));
            match key {
                ConfigKey::BaseUrl => base = Some(value),
                ConfigKey::Username => username = Some(value),
                ConfigKey::Password => password = Some(SecretString::from(value)),
                ConfigKey::Domain => domain = Some(value),
                ConfigKey::Otp => otp = Some(SecretString::from(value)),
                ConfigKey::Token => token = Some(SecretString::from(value)),
                ConfigKey::CaFile => {
                    let pem =
                        std::fs::read(&value).map_err(|e| bad("names an unreadable file").with_source(e))?;
                    builder.authorities.push(pem);
                }
                ConfigKey::UserAgent => builder.user_agent = value,
                ConfigKey::ConnectTimeout => builder.connect_timeout = seconds()?,
                ConfigKey::AttemptTimeout => builder.limits.attempt = seconds()?,
                ConfigKey::TotalTimeout => builder.limits.total = seconds()?,
                ConfigKey::Attempts => {
                    builder.limits.attempts = u32::try_from(number()?).map_err(|_| bad("is too large"))?;
                }
                ConfigKey::BodyLimit => builder.limits.body = number()?,
                ConfigKey::InFlight => builder.in_flight = number()?,
                ConfigKey::Proxy => builder.proxy = Some(value.parse().map_err(|_| bad("is no url"))?),
            }
        }
        builder.credential = match (token, username, password) {
            (Some(token), None, None) => Some(StaticToken::new(token).into()),
            (None, Some(username), Some(password)) => {
                let mut credential = Password::new(username, password);
                if let Some(domain) = domain {
                    credential = credential.domain(domain);
                }
                if let Some(otp) = otp {
                    credential = credential.otp(otp);
                }
                Some(credential.into())
            }
            (None, None, None) => None,
            _ => {
                return Err(Error::config(OPERATION, "give either username and password, or a token"));
            }
        };
        let base = base.ok_or_else(|| Error::config(OPERATION, "the option base_url is missing"))?;
        Ok(builder.base_url(base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_of_its_own() {
        for key in ConfigKey::ALL {
            assert_eq!(key.name().parse::<ConfigKey>().unwrap(), *key);
        }
        assert!("nonsense".parse::<ConfigKey>().is_err());
    }

    #[test]
    fn mistakes_name_the_key_and_not_the_value() {
        let base = (ConfigKey::BaseUrl, "https://h".to_owned());
        for (key, value) in [
            (ConfigKey::TotalTimeout, "CANARY"),
            (ConfigKey::TotalTimeout, "-1"),
            (ConfigKey::Attempts, "CANARY"),
            (ConfigKey::Proxy, "CANARY"),
            (ConfigKey::CaFile, "/nowhere/CANARY"),
        ] {
            let error = ClientBuilder::from_options([base.clone(), (key, value.to_owned())]).unwrap_err();
            assert!(error.to_string().contains(key.name()), "{error}");
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
        assert!(ClientBuilder::from_options([]).is_err());
        assert!(ClientBuilder::from_options([base, (ConfigKey::Username, "u".to_owned())]).is_err());
    }
}
