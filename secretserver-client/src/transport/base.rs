//! The address of the server.

use http::Uri;
use url::{Host, Url};

/// The base address: checked once, and only ever extended by a path.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    /// Without a slash at the end.
    text: String,
    uri: Uri,
    url: Url,
}

impl BaseUrl {
    /// Checks the address. The message names the mistake and does not quote the address, which may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "the base address is no url")?;
        let host = url.host().ok_or("the base address has no host")?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => {
                return Err("the base address must begin with https://; http:// is for this machine only");
            }
            _ => return Err("the base address must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the base address must not hold a user or a password");
        }
        if url.query().is_some() {
            return Err("the base address must not have a query");
        }
        if url.fragment().is_some() {
            return Err("the base address must not have a fragment");
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        let uri = text.parse().map_err(|_| "the base address is no url")?;
        Ok(Self { text, uri, url })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    pub(crate) fn is_plain_http(&self) -> bool {
        self.uri.scheme() == Some(&http::uri::Scheme::HTTP)
    }

    /// The address of a path below the base. `None` if it is not on the same scheme, host and port, which no path can bring about; it is
    /// checked all the same, because the token goes there.
    pub(crate) fn join(&self, path_and_query: &str) -> Option<Uri> {
        let uri: Uri = format!("{}{path_and_query}", self.text).parse().ok()?;
        (uri.scheme() == self.uri.scheme() && uri.authority() == self.uri.authority()).then_some(uri)
    }
}

/// Whether an address is on this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    url.host().is_some_and(|host| is_loopback(&host))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_its_own_path() {
        let base = BaseUrl::parse("https://vault.corp.example/SecretServer/").unwrap();
        assert_eq!(
            base.join("/api/v1/secrets/4?x=1").unwrap().to_string(),
            "https://vault.corp.example/SecretServer/api/v1/secrets/4?x=1"
        );
        let root = BaseUrl::parse("https://tenant.example").unwrap();
        assert_eq!(root.join("/oauth2/token").unwrap().to_string(), "https://tenant.example/oauth2/token");
    }

    #[test]
    fn refuses_what_is_dangerous_and_never_quotes_it() {
        for bad in [
            "",
            "vault",
            "ftp://h",
            "file:///etc/passwd",
            "http://vault.corp.example",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "https://user:CANARY@h",
            "https://user@h",
            "https://h?token=CANARY",
            "https://h#CANARY",
            "https://",
        ] {
            let why = BaseUrl::parse(bad).expect_err(bad);
            assert!(!why.contains("CANARY"));
        }
        for good in ["http://127.0.0.1:8080", "http://[::1]:1/x", "http://localhost", "https://h:8443/a/b"] {
            BaseUrl::parse(good).expect(good);
        }
    }

    #[test]
    fn a_path_cannot_change_the_host() {
        let base = BaseUrl::parse("https://h").unwrap();
        for hostile in ["@evil", ":1", ".evil/"] {
            assert!(base.join(hostile).is_none(), "{hostile}");
        }
    }
}
