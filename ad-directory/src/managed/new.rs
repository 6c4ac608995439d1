//! A managed account that does not exist yet.

use crate::{
    AccountExpires, Dn, EncryptionTypes, Marker, ParseError, PasswordReaders, SamAccountName,
    ServicePrincipalName, Sid,
};

/// A group managed service account to be made. It is enabled from the start unless that is said, as its password is the controllers' business.
///
/// ```
/// # use ad_directory::{EncryptionTypes, NewManagedAccount, Sid};
/// let hosts: Sid = "S-1-5-21-1-2-3-1104".parse()?;
/// let unit = "OU=Service Accounts,DC=corp,DC=example".parse()?;
/// let account = NewManagedAccount::new(unit, "svc-web$".parse()?, "svc-web.corp.example")
///     .principal(hosts)
///     .service_principal_name("HTTP/web.corp.example".parse()?)
///     .encryption_types(EncryptionTypes::AES);
/// assert_eq!(account.dn()?.to_string(), "CN=svc-web,OU=Service Accounts,DC=corp,DC=example");
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewManagedAccount {
    /// The container it is made in; `CN=Managed Service Accounts` of the domain is the usual one.
    pub parent: Dn,
    /// Its sign-in name: at most 15 characters and a `$`. Its common name is the same without the `$`.
    pub sam_account_name: SamAccountName,
    /// The DNS name of the service.
    pub dns_host_name: String,
    /// After how many days its password is changed; 30 by default. It cannot be changed later.
    pub password_interval_days: u32,
    /// How tickets for it are encrypted. RC4 and AES by default, as the tools of Windows do; [`EncryptionTypes::AES`] alone is better where
    /// all hosts can do it.
    pub encryption_types: EncryptionTypes,
    /// Its Kerberos service names.
    pub service_principal_names: Vec<ServicePrincipalName>,
    /// Who may read its password, usually groups of hosts. Nobody by default.
    pub principals: Vec<Sid>,
    /// Whether it may be used at once; it may by default.
    pub enabled: bool,
    /// When it stops working; never by default.
    pub expires: AccountExpires,
    /// Its description.
    pub description: Option<String>,
    /// Whose work it is.
    pub marker: Option<Marker>,
}

impl NewManagedAccount {
    /// One whose password nobody can read yet.
    pub fn new(parent: Dn, sam_account_name: SamAccountName, dns_host_name: impl Into<String>) -> Self {
        Self {
            parent,
            sam_account_name,
            dns_host_name: dns_host_name.into(),
            password_interval_days: 30,
            encryption_types: EncryptionTypes::AES.with(EncryptionTypes::RC4),
            service_principal_names: Vec::new(),
            principals: Vec::new(),
            enabled: true,
            expires: AccountExpires::Never,
            description: None,
            marker: None,
        }
    }

    /// Where it will be.
    ///
    /// # Errors
    /// When the sign-in name is nothing but a `$`.
    pub fn dn(&self) -> Result<Dn, ParseError> {
        self.parent.child(self.sam_account_name.as_str().trim_end_matches('$'))
    }

    /// After how many days its password is changed.
    #[must_use]
    pub const fn password_interval_days(mut self, days: u32) -> Self {
        self.password_interval_days = days;
        self
    }

    /// How tickets for it are encrypted.
    #[must_use]
    pub const fn encryption_types(mut self, types: EncryptionTypes) -> Self {
        self.encryption_types = types;
        self
    }

    /// One more Kerberos service name.
    #[must_use]
    pub fn service_principal_name(mut self, name: ServicePrincipalName) -> Self {
        self.service_principal_names.push(name);
        self
    }

    /// One more that may read its password.
    #[must_use]
    pub fn principal(mut self, principal: Sid) -> Self {
        self.principals.push(principal);
        self
    }

    /// Whether it may be used at once.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// When it stops working.
    #[must_use]
    pub const fn expires(mut self, expires: AccountExpires) -> Self {
        self.expires = expires;
        self
    }

    /// Its description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Whose work it is.
    #[must_use]
    pub fn marker(mut self, marker: Marker) -> Self {
        self.marker = Some(marker);
        self
    }

    /// What is wrong with it before anybody is asked, and who may read its password.
    pub(crate) fn checked(&self) -> Result<PasswordReaders, ParseError> {
        let refuse = |why| Err(ParseError::new("managed account", why));
        if !self.sam_account_name.as_str().ends_with('$') {
            return refuse("its sign-in name must end with a $");
        }
        // 16 characters are what the name of any computer may have; SamAccountName sees to it.
        if !is_host_name(&self.dns_host_name) {
            return refuse("its DNS name is not one");
        }
        if self.password_interval_days == 0 || i32::try_from(self.password_interval_days).is_err() {
            return refuse("its password must be changed after one day or more");
        }
        PasswordReaders::of(self.principals.iter().cloned())
    }
}

/// Labels of letters, digits, hyphens and underscores (RFC 1123, 2.1; Windows takes the underscore too).
pub(crate) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    name.len() <= 255 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::{NewManagedAccount, is_host_name};

    #[test]
    fn what_is_no_host_name() {
        for name in ["web", "web.corp.example", "a_b.c-d"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in ["", ".", "a..b", "-a", "a-.b", "a b", "a/b", &"a".repeat(64), &"a.".repeat(200)] {
            assert!(!is_host_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_refused_before_anybody_is_asked() {
        let unit: crate::Dn = "OU=x,DC=y".parse().unwrap();
        let new = |name: &str, host: &str| NewManagedAccount::new(unit.clone(), name.parse().unwrap(), host);
        assert!(new("svc-web$", "svc-web.y").checked().is_ok());
        assert!(new("svc-web", "svc-web.y").checked().is_err());
        assert!(new("svc-web$", "svc web").checked().is_err());
        assert!(new("svc-web$", "svc-web.y").password_interval_days(0).checked().is_err());
        assert!("sixteen-letters-$".parse::<crate::SamAccountName>().is_err());
    }
}
