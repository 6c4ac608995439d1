//! Options by name, from the environment or from any map: one list of keys for both.

use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::auth::{Credential, Password, Platform, RefreshToken, SdkClient, StaticToken};
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
    /// How often in a row the user's token is renewed by its refresh token before the password is sent again.
    Refreshes = "refreshes",
    /// A token, instead of a user.
    Token = "token",
    /// A refresh token, instead of a user.
    RefreshToken = "refresh_token",
    /// The id of an SDK client, or of a service user of the Delinea Platform, instead of a user.
    ClientId = "client_id",
    /// The secret that belongs to `client_id`.
    ClientSecret = "client_secret",
    /// `true`: the address is that of the Delinea Platform.
    Platform = "platform",
    /// Origins of vaults that are trusted when the Delinea Platform names them, separated by commas.
    TrustedVaults = "trusted_vaults",
    /// A file with certificates of authorities in PEM, trusted besides those of the machine.
    CaFile = "ca_file",
    /// `true`: only the authorities in `ca_file` are trusted, and none of the machine's.
    OnlyCaFile = "only_ca_file",
    /// A file with the client's own certificate and private key in PEM.
    ClientCertificateFile = "client_certificate_file",
    /// What the client calls itself.
    UserAgent = "user_agent",
    /// In seconds, `2.5` is fine.
    ConnectTimeout = "connect_timeout",
    /// In seconds.
    AttemptTimeout = "attempt_timeout",
    /// In seconds.
    TotalTimeout = "total_timeout",
    /// In seconds.
    IdleTimeout = "idle_timeout",
    /// From 1 to 4.
    Attempts = "attempts",
    /// In bytes.
    BodyLimit = "body_limit",
    /// Requests under way at once.
    InFlight = "in_flight",
    /// The address of a proxy.
    Proxy = "proxy",
    /// `true`: the environment is asked for a proxy.
    EnvironmentProxy = "environment_proxy",
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
        let mut account = Account::default();
        for (key, value) in options {
            let bad = |what: &str| Error::config(OPERATION, format!("the option {} {what}", key.name()));
            let seconds = || {
                let seconds = value.trim().parse::<f64>().map_err(|_| bad("is no number of seconds"))?;
                Duration::try_from_secs_f64(seconds).map_err(|_| bad("is no number of seconds"))
            };
            let number = || value.trim().parse::<usize>().map_err(|_| bad("is no number"));
            let yes = || match value.trim() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(bad("is neither true nor false")),
            };
            let file = || std::fs::read(&value).map_err(|e| bad("names an unreadable file").with_source(e));
            match key {
                ConfigKey::BaseUrl => base = Some(value),
                ConfigKey::Username => account.username = Some(value),
                ConfigKey::Password => account.password = Some(value.into()),
                ConfigKey::Domain => account.domain = Some(value),
                ConfigKey::Otp => account.otp = Some(value.into()),
                ConfigKey::Refreshes => {
                    account.refreshes = Some(u32::try_from(number()?).map_err(|_| bad("is too large"))?);
                }
                ConfigKey::Token => account.token = Some(value.into()),
                ConfigKey::RefreshToken => account.refresh_token = Some(value.into()),
                ConfigKey::ClientId => account.client_id = Some(value),
                ConfigKey::ClientSecret => account.client_secret = Some(value.into()),
                ConfigKey::Platform => account.platform = yes()?,
                ConfigKey::TrustedVaults => {
                    for origin in value.split(',').map(str::trim).filter(|o| !o.is_empty()) {
                        account.trusted.push(origin.parse().map_err(|_| bad("has a part that is no url"))?);
                    }
                }
                ConfigKey::CaFile => builder.authorities.push(file()?),
                ConfigKey::OnlyCaFile => builder.only_these_authorities = yes()?,
                ConfigKey::ClientCertificateFile => {
                    let pem = String::from_utf8(file()?).map_err(|_| bad("names a file that is not PEM"))?;
                    builder.identity = Some(pem.into());
                }
                ConfigKey::UserAgent => builder.user_agent = value,
                ConfigKey::ConnectTimeout => builder.connect_timeout = seconds()?,
                ConfigKey::AttemptTimeout => builder.limits.attempt = seconds()?,
                ConfigKey::TotalTimeout => builder.limits.total = seconds()?,
                ConfigKey::IdleTimeout => builder.limits.idle = seconds()?,
                ConfigKey::Attempts => {
                    builder.limits.attempts = u32::try_from(number()?).map_err(|_| bad("is too large"))?;
                }
                ConfigKey::BodyLimit => builder.limits.body = number()?,
                ConfigKey::InFlight => builder.in_flight = number()?,
                ConfigKey::Proxy => builder.proxy = Some(value.parse().map_err(|_| bad("is no url"))?),
                ConfigKey::EnvironmentProxy => builder.environment_proxy = yes()?,
            }
        }
        builder.credential = account.credential()?;
        let base = base.ok_or_else(|| Error::config(OPERATION, "the option base_url is missing"))?;
        Ok(builder.base_url(base))
    }
}

/// What the options say of how to sign in.
#[derive(Default)]
struct Account {
    username: Option<String>,
    password: Option<SecretString>,
    domain: Option<String>,
    otp: Option<SecretString>,
    refreshes: Option<u32>,
    token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    platform: bool,
    trusted: Vec<Url>,
}

impl Account {
    fn credential(self) -> Result<Option<Credential>, Error> {
        let mistake = |what: &'static str| Err(Error::config(OPERATION, what));
        let alone = "give one way to sign in: username and password, client_id and client_secret, token, or refresh_token";
        let of_user = self.domain.is_some() || self.otp.is_some() || self.refreshes.is_some();
        if of_user && self.username.is_none() {
            return mistake("domain, otp and refreshes belong to a username");
        }
        if (self.platform || !self.trusted.is_empty()) && self.client_id.is_none() {
            return mistake("platform and trusted_vaults belong to a client_id");
        }
        if !self.platform && !self.trusted.is_empty() {
            return mistake("trusted_vaults belongs to the Delinea Platform");
        }
        let user = (self.username, self.password);
        let program = (self.client_id, self.client_secret);
        Ok(Some(match (user, program, self.token, self.refresh_token) {
            ((Some(username), Some(password)), (None, None), None, None) => {
                let mut credential = Password::new(username, password).refreshes(self.refreshes.unwrap_or(0));
                if let Some(domain) = self.domain {
                    credential = credential.domain(domain);
                }
                if let Some(otp) = self.otp {
                    credential = credential.otp(otp);
                }
                credential.into()
            }
            ((None, None), (Some(id), Some(secret)), None, None) if self.platform => {
                self.trusted.into_iter().fold(Platform::new(id, secret), Platform::trust).into()
            }
            ((None, None), (Some(id), Some(secret)), None, None) => SdkClient::new(id, secret).into(),
            ((None, None), (None, None), Some(token), None) => StaticToken::new(token).into(),
            ((None, None), (None, None), None, Some(token)) => RefreshToken::new(token).into(),
            ((None, None), (None, None), None, None) => return Ok(None),
            _ => return mistake(alone),
        }))
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
            (ConfigKey::ClientCertificateFile, "/nowhere/CANARY"),
            (ConfigKey::OnlyCaFile, "CANARY"),
            (ConfigKey::EnvironmentProxy, "1"),
            (ConfigKey::TrustedVaults, "https://v.example, CANARY"),
        ] {
            let error = ClientBuilder::from_options([base.clone(), (key, value.to_owned())]).unwrap_err();
            assert!(error.to_string().contains(key.name()), "{error}");
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
        assert!(ClientBuilder::from_options([]).is_err());
    }

    #[test]
    fn each_way_to_sign_in_by_its_own_keys_and_one_at_a_time() {
        use ConfigKey::{
            ClientId, ClientSecret, Domain, Otp, Platform, Refreshes, Token, TrustedVaults, Username,
        };
        let of = |options: &[(ConfigKey, &str)]| {
            let base = [(ConfigKey::BaseUrl, "https://h".to_owned())];
            let options = options.iter().map(|&(key, value)| (key, value.to_owned()));
            ClientBuilder::from_options(base.into_iter().chain(options))
                .map(|b| format!("{:?}", b.credential))
        };
        let (user, password) = ((Username, "u"), (ConfigKey::Password, "CANARY"));
        let (id, secret) = ((ClientId, "c"), (ClientSecret, "CANARY"));
        let trusted = (TrustedVaults, "https://a.example, https://b.example:8443");
        for (options, shown) in [
            (&[][..], "None"),
            (&[user, password, (Domain, "CORP"), (Otp, "CANARY")], "PasswordGrant"),
            (&[user, password, (Refreshes, "3")], "RefreshGrant"),
            (&[(ConfigKey::RefreshToken, "CANARY")], "RefreshGrant"),
            (&[(Token, "CANARY")], "StaticToken"),
            (&[id, secret], "SdkClient"),
            (&[id, secret, (Platform, "true"), trusted], "Platform { client_id: \"c\", trusted: 2, .. }"),
            (&[id, secret, (Platform, "false")], "SdkClient"),
        ] {
            let text = of(options).unwrap();
            assert!(text.contains(shown) && !text.contains("CANARY"), "{text}");
        }
        for options in [
            &[user][..],
            &[password],
            &[id],
            &[secret],
            &[user, password, (Token, "t")],
            &[user, password, id, secret],
            &[(Token, "t"), (ConfigKey::RefreshToken, "r")],
            &[(Token, "t"), (Domain, "CORP")],
            &[id, secret, trusted],
            &[(Platform, "true")],
            &[id, secret, (Otp, "1")],
        ] {
            let error = of(options).expect_err("one way, and whole");
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
    }
}
