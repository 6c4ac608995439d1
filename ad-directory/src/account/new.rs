//! An account that does not exist yet.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::{AccountExpires, AttributeName, Dn, Marker, ParseError, SamAccountName, UserPrincipalName};

/// An account to be made.
///
/// ```
/// # use ad_directory::NewAccount;
/// let account = NewAccount::new("OU=Service Accounts,DC=corp,DC=example".parse()?, "svc-payroll".parse()?)
///     .password("a long and random one".to_owned())
///     .marker("alm:7:ZmFr".parse()?)
///     .description("Payroll");
/// assert_eq!(account.dn()?.to_string(), "CN=svc-payroll,OU=Service Accounts,DC=corp,DC=example");
/// assert!(!format!("{account:?}").contains("random"));
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewAccount {
    /// The container it is made in.
    pub parent: Dn,
    /// Its common name, at most 64 characters; unique in the container.
    pub cn: String,
    /// Its sign-in name, unique in the domain.
    pub sam_account_name: SamAccountName,
    /// Its principal name, unique in the forest.
    pub user_principal_name: Option<UserPrincipalName>,
    /// Its password. An account without one cannot be enabled.
    pub password: Option<SecretString>,
    /// Whether it can sign in at once. Off by default: make it, look at it, then enable it.
    pub enabled: bool,
    /// Whether its password does not age. On by default, as whoever keeps service accounts changes passwords by a plan of his own.
    pub password_never_expires: bool,
    /// When it stops working.
    pub expires: AccountExpires,
    /// Whose work it is.
    pub marker: Option<Marker>,
    /// Its description.
    pub description: Option<String>,
    /// Its display name.
    pub display_name: Option<String>,
    /// Its Kerberos service names.
    pub service_principal_names: Vec<String>,
    /// Further attributes. Those that have a field here, and those that the directory keeps for itself, are refused.
    pub attributes: BTreeMap<AttributeName, Vec<String>>,
}

impl NewAccount {
    /// A disabled account without a password, whose common name is its sign-in name.
    pub fn new(parent: Dn, sam_account_name: SamAccountName) -> Self {
        Self {
            parent,
            cn: sam_account_name.as_str().to_owned(),
            sam_account_name,
            user_principal_name: None,
            password: None,
            enabled: false,
            password_never_expires: true,
            expires: AccountExpires::Never,
            marker: None,
            description: None,
            display_name: None,
            service_principal_names: Vec::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// Where it will be.
    ///
    /// # Errors
    /// When the common name is empty, too long or holds a NUL.
    pub fn dn(&self) -> Result<Dn, ParseError> {
        self.parent.child(&self.cn)
    }

    /// Its common name, when it is not the sign-in name.
    #[must_use]
    pub fn cn(mut self, cn: impl Into<String>) -> Self {
        self.cn = cn.into();
        self
    }

    /// Its principal name.
    #[must_use]
    pub fn user_principal_name(mut self, name: UserPrincipalName) -> Self {
        self.user_principal_name = Some(name);
        self
    }

    /// Its password.
    #[must_use]
    pub fn password(mut self, password: impl Into<SecretString>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Whether it can sign in at once.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Whether its password does not age.
    #[must_use]
    pub const fn password_never_expires(mut self, never: bool) -> Self {
        self.password_never_expires = never;
        self
    }

    /// When it stops working.
    #[must_use]
    pub const fn expires(mut self, expires: AccountExpires) -> Self {
        self.expires = expires;
        self
    }

    /// Whose work it is.
    #[must_use]
    pub fn marker(mut self, marker: Marker) -> Self {
        self.marker = Some(marker);
        self
    }

    /// Its description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Its display name.
    #[must_use]
    pub fn display_name(mut self, text: impl Into<String>) -> Self {
        self.display_name = Some(text.into());
        self
    }

    /// One more Kerberos service name.
    #[must_use]
    pub fn service_principal_name(mut self, name: impl Into<String>) -> Self {
        self.service_principal_names.push(name.into());
        self
    }

    /// A further attribute.
    #[must_use]
    pub fn attribute(mut self, name: AttributeName, values: impl IntoIterator<Item = String>) -> Self {
        self.attributes.insert(name, values.into_iter().collect());
        self
    }
}
