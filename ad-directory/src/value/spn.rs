//! Service principal names.

use std::{cmp::Ordering, fmt, hash, str::FromStr};

use super::{ParseError, text_serde};

/// A Kerberos service name, `class/host`, `class/host:port`, `class/host:instance` or `class/host/name` (MS-KILE 3.1.5.11; MS-ADTS
/// 5.1.1.4). Unique in the forest; names that differ in case are equal.
///
/// ```
/// # use ad_directory::ServicePrincipalName;
/// let name: ServicePrincipalName = "MSSQLSvc/db1.corp.example:1433".parse()?;
/// assert_eq!((name.class(), name.host(), name.instance()), ("MSSQLSvc", "db1.corp.example", Some("1433")));
/// assert_eq!(name, "mssqlsvc/DB1.corp.example:1433".parse()?);
/// assert!("db1.corp.example".parse::<ServicePrincipalName>().is_err());
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServicePrincipalName(String);

impl ServicePrincipalName {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What sort of service it is: `HTTP`, `MSSQLSvc`.
    pub fn class(&self) -> &str {
        self.0.split_once('/').map_or("", |(class, _)| class)
    }

    /// The host, without a port or an instance.
    pub fn host(&self) -> &str {
        self.place().split_once(':').map_or_else(|| self.place(), |(host, _)| host)
    }

    /// The port, or the name of an instance.
    pub fn instance(&self) -> Option<&str> {
        self.place().split_once(':').map(|(_, instance)| instance)
    }

    /// The name of the service where it is not that of the host: a domain, or the DN of an object.
    pub fn service(&self) -> Option<&str> {
        self.0.splitn(3, '/').nth(2)
    }

    fn place(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }
}

impl FromStr for ServicePrincipalName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = |why| Err(ParseError::new("service principal name", why));
        if text.len() > 1024 {
            return error("it is longer than 1024 bytes");
        }
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return error("it holds a space or a control character");
        }
        let name = Self(text.to_owned());
        if name.class().is_empty() || name.host().is_empty() {
            return error("it is not class/host");
        }
        if name.instance().is_some_and(|instance| instance.is_empty() || instance.contains(':')) {
            return error("what follows the colon is neither a port nor an instance");
        }
        if name.service().is_some_and(|service| service.is_empty() || service.contains('/')) {
            return error("it has an empty part, or more than three");
        }
        Ok(name)
    }
}

impl From<ServicePrincipalName> for String {
    fn from(name: ServicePrincipalName) -> Self {
        name.0
    }
}

impl fmt::Display for ServicePrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for ServicePrincipalName {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl Eq for ServicePrincipalName {}

impl hash::Hash for ServicePrincipalName {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.to_lowercase().hash(state);
    }
}

impl Ord for ServicePrincipalName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.to_lowercase().cmp(&other.0.to_lowercase())
    }
}

impl PartialOrd for ServicePrincipalName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

text_serde!(ServicePrincipalName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ServicePrincipalName as Spn;

    #[test]
    fn the_forms() {
        let parts = |text: &str| {
            let name: Spn = text.parse().unwrap();
            let own = |part: Option<&str>| part.map(ToOwned::to_owned);
            (name.class().to_owned(), name.host().to_owned(), own(name.instance()), own(name.service()))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("HTTP/web"), ("HTTP".into(), "web".into(), None, None));
        assert_eq!(parts("MSSQLSvc/db:INST"), ("MSSQLSvc".into(), "db".into(), some("INST"), None));
        assert_eq!(
            parts("ldap/dc1:389/corp.example"),
            ("ldap".into(), "dc1".into(), some("389"), some("corp.example"))
        );
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "",
            "http",
            "/web",
            "http/",
            "http/:80",
            "http/web:",
            "http/web:1:2",
            "a/b/",
            "a/b/c/d",
            "a b/c",
            "a/b\n",
        ] {
            assert!(text.parse::<Spn>().is_err(), "{text:?}");
        }
        assert!(format!("a/{}", "b".repeat(1024)).parse::<Spn>().is_err());
    }

    proptest! {
        #[test]
        fn round_trips(class in "[A-Za-z0-9-]{1,8}", host in "[a-z0-9.-]{1,12}", instance in prop::option::of("[A-Z0-9]{1,5}"), service in prop::option::of("[a-z.]{1,9}")) {
            let mut text = format!("{class}/{host}");
            if let Some(instance) = &instance { text = format!("{text}:{instance}"); }
            if let Some(service) = &service { text = format!("{text}/{service}"); }
            let name: Spn = text.parse().unwrap();
            prop_assert_eq!(name.to_string(), text);
            prop_assert_eq!((name.class(), name.host()), (class.as_str(), host.as_str()));
            prop_assert_eq!((name.instance(), name.service()), (instance.as_deref(), service.as_deref()));
        }
    }
}
