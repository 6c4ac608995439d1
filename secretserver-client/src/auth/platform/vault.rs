//! Which vault, and whether its address may get the token.

use serde::Deserialize;
use url::{Host, Url};

use crate::error::{Error, ErrorKind, Outcome};
use crate::resource::or_default;
use crate::transport::BaseUrl;

use super::OPERATION;

/// Where the vendor runs Secret Server. The list is the vendor's own, of the regions it sells.
const CLOUD: [&str; 7] = [
    ".secretservercloud.com",
    ".secretservercloud.eu",
    ".secretservercloud.com.au",
    ".secretservercloud.com.sg",
    ".secretservercloud.ca",
    ".secretservercloud.co.uk",
    ".secretservercloud.ae",
];

#[derive(Deserialize)]
pub(super) struct Vaults {
    vaults: Vec<Vault>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vault {
    #[serde(default, deserialize_with = "or_default")]
    is_default: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_active: bool,
    #[serde(default)]
    connection: Option<Connection>,
}

#[derive(Deserialize)]
struct Connection {
    #[serde(default, deserialize_with = "or_default")]
    url: String,
}

/// The address of the first vault that is default and active, if it may be trusted.
pub(super) fn choose(vaults: &Vaults, platform: &BaseUrl, trusted: &[Url]) -> Result<BaseUrl, Error> {
    let refused = |why: &str| {
        Error::new(ErrorKind::Unsupported, Outcome::NotSent, OPERATION)
            .with_detail(format!("{why}; ask the administrator of the platform"))
    };
    let vault = vaults
        .vaults
        .iter()
        .find(|v| v.is_default && v.is_active)
        .ok_or_else(|| refused("the platform names no vault that is default and active"))?;
    let address = vault.connection.as_ref().map(|c| c.url.as_str()).unwrap_or_default();
    let base = BaseUrl::parse(address)
        .map_err(|_| refused("the platform names a vault without a usable https:// address"))?;
    if base.same_origin(platform)
        || is_cloud(base.url())
        || trusted.iter().any(|t| t.origin() == base.url().origin())
    {
        return Ok(base);
    }
    // The host is as the parser of addresses wrote it, so it has no strange characters.
    let host = base.url().host_str().unwrap_or_default();
    Err(Error::config(
        OPERATION,
        format!(
            "the platform names a vault at {host}, which is not trusted, so the token was not sent there; name its origin with Platform::trust"
        ),
    ))
}

fn is_cloud(url: &Url) -> bool {
    let known = |name: &str| CLOUD.iter().any(|end| name.len() > end.len() && name.ends_with(end));
    url.scheme() == "https"
        && url.port().is_none()
        && matches!(url.host(), Some(Host::Domain(name)) if known(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(address: &str, trusted: &[&str]) -> Result<String, Error> {
        let vaults = serde_json::json!({ "vaults": [
            { "isDefault": true, "isActive": false, "connection": null },
            { "isDefault": false, "isActive": true, "connection": { "url": "https://not-default.example" } },
            { "isDefault": true, "isActive": true, "connection": { "url": address } },
            { "isDefault": true, "isActive": true, "connection": { "url": "https://second.secretservercloud.com" } },
        ]});
        let trusted: Vec<Url> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        let platform = BaseUrl::parse("https://corp.delinea.app").unwrap();
        choose(&serde_json::from_value(vaults).unwrap(), &platform, &trusted).map(|b| b.as_str().to_owned())
    }

    #[test]
    fn trusts_the_cloud_the_platform_itself_and_what_is_named() {
        for (address, trusted, base) in [
            ("https://tenant.secretservercloud.com/", &[][..], "https://tenant.secretservercloud.com"),
            ("https://TENANT.SecretServerCloud.co.uk", &[], "https://tenant.secretservercloud.co.uk"),
            ("https://tenant.secretservercloud.com:443/a", &[], "https://tenant.secretservercloud.com/a"),
            ("https://corp.delinea.app/vault/", &[], "https://corp.delinea.app/vault"),
            (
                "https://vault.corp.example:8443/SecretServer",
                &["https://vault.corp.example:8443"],
                "https://vault.corp.example:8443/SecretServer",
            ),
        ] {
            assert_eq!(chosen(address, trusted).unwrap(), base, "{address}");
        }
    }

    #[test]
    fn everything_else_is_refused_and_nothing_strange_is_quoted() {
        for address in [
            "",
            "not a url",
            "//tenant.secretservercloud.com",
            "http://tenant.secretservercloud.com",
            "https://secretservercloud.com",
            "https://evilsecretservercloud.com",
            "https://tenant.secretservercloud.com.evil.example",
            "https://tenant.secretservercloud.com@evil.example",
            "https://CANARY:CANARY@tenant.secretservercloud.com",
            "https://tenant.secretservercloud.com:8443",
            "https://tenant.secretservercloud.com?x=CANARY",
            "https://tenant.secretservercloud.com#CANARY",
            "https://evil.example\\.secretservercloud.com",
            "https://evil.example/.secretservercloud.com",
            "https://evil.example%2f.secretservercloud.com",
            "https://corp.delinea.app:8443",
            "https://corp.delinea.app.evil.example",
            "https://vault.corp.example",
            "https://vault.corp.example:8444",
            "http://vault.corp.example:8443",
            "https://10.0.0.1",
            "http://127.0.0.1:1",
            "javascript:CANARY",
            "file:///etc/passwd",
        ] {
            let error = chosen(address, &["https://vault.corp.example:8443"]).expect_err(address);
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
            assert_eq!(error.outcome(), Outcome::NotSent);
        }
    }

    #[test]
    fn no_default_vault_is_said_so() {
        for body in [r#"{"vaults":[]}"#, r#"{"vaults":[{"isDefault":true,"isActive":null}]}"#] {
            let platform = BaseUrl::parse("https://corp.delinea.app").unwrap();
            let error = choose(&serde_json::from_str(body).unwrap(), &platform, &[]).unwrap_err();
            assert!(error.to_string().contains("default and active"), "{error}");
        }
    }
}
