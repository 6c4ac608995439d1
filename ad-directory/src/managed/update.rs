//! A change of a managed account, made in one request.

use crate::{
    AccountExpires, Change, EncryptionTypes, MarkerChange, PasswordReaders, SamAccountName,
    ServicePrincipalName, Sid,
};

/// Who may read the password afterwards. What others wrote into the list stays as it is, byte by byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadersChange {
    /// These and nobody else, before the others below are looked at.
    pub set: Option<Vec<Sid>>,
    /// These too. Being one already is no error.
    pub add: Vec<Sid>,
    /// These no longer. Not being one is no error.
    pub remove: Vec<Sid>,
}

impl ReadersChange {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What becomes of a list; `None` is no list yet.
    pub(crate) fn apply(
        &self,
        before: Option<&PasswordReaders>,
    ) -> Result<PasswordReaders, crate::ParseError> {
        let mut readers = before.cloned().unwrap_or_default();
        if let Some(set) = &self.set {
            readers.set(set.iter().cloned())?;
        }
        for principal in &self.remove {
            readers.remove(principal);
        }
        for principal in &self.add {
            readers.add(principal.clone())?;
        }
        Ok(readers)
    }
}

/// A change of a managed account. It is one request: all of it is done, or nothing.
///
/// The list of those who may read the password is compared and set: when somebody else has changed it in between, the change is made anew
/// on what is there then.
///
/// ```
/// # use ad_directory::{ManagedAccountUpdate, Sid};
/// let hosts: Sid = "S-1-5-21-1-2-3-1104".parse()?;
/// let update = ManagedAccountUpdate::new().add_principal(hosts).add_service_principal_name("HTTP/web".parse()?);
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManagedAccountUpdate {
    /// Switch it on or off.
    pub enabled: Option<bool>,
    /// When it stops working.
    pub expires: Option<AccountExpires>,
    /// Another sign-in name, with a `$` at the end.
    pub sam_account_name: Option<SamAccountName>,
    /// Who may read its password.
    pub readers: ReadersChange,
    /// How tickets for it are encrypted.
    pub encryption_types: Option<EncryptionTypes>,
    /// Service names it gets. Having one already is no error.
    pub add_service_principal_names: Vec<ServicePrincipalName>,
    /// Service names it loses. Not having one is no error.
    pub remove_service_principal_names: Vec<ServicePrincipalName>,
    /// Another DNS name.
    pub dns_host_name: Option<String>,
    /// Another description.
    pub description: Change<String>,
    /// Make the change only if the marker fits.
    pub marker: Option<MarkerChange>,
}

impl ManagedAccountUpdate {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Switch it on or off.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// When it stops working.
    #[must_use]
    pub const fn expires(mut self, expires: AccountExpires) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Another sign-in name, with a `$` at the end. Its common name stays: see
    /// [`Directory::move_managed_account`](crate::Directory::move_managed_account).
    #[must_use]
    pub fn sam_account_name(mut self, name: SamAccountName) -> Self {
        self.sam_account_name = Some(name);
        self
    }

    /// These may read its password, and nobody else.
    #[must_use]
    pub fn set_principals(mut self, principals: impl IntoIterator<Item = Sid>) -> Self {
        self.readers.set = Some(principals.into_iter().collect());
        self
    }

    /// One more may read its password.
    #[must_use]
    pub fn add_principal(mut self, principal: Sid) -> Self {
        self.readers.add.push(principal);
        self
    }

    /// One no longer may read its password. It keeps what it has read until the controllers change it.
    #[must_use]
    pub fn remove_principal(mut self, principal: Sid) -> Self {
        self.readers.remove.push(principal);
        self
    }

    /// How tickets for it are encrypted.
    #[must_use]
    pub const fn encryption_types(mut self, types: EncryptionTypes) -> Self {
        self.encryption_types = Some(types);
        self
    }

    /// One more service name.
    #[must_use]
    pub fn add_service_principal_name(mut self, name: ServicePrincipalName) -> Self {
        self.add_service_principal_names.push(name);
        self
    }

    /// One service name less.
    #[must_use]
    pub fn remove_service_principal_name(mut self, name: ServicePrincipalName) -> Self {
        self.remove_service_principal_names.push(name);
        self
    }

    /// Another DNS name.
    #[must_use]
    pub fn dns_host_name(mut self, name: impl Into<String>) -> Self {
        self.dns_host_name = Some(name.into());
        self
    }

    /// Another description, or none.
    #[must_use]
    pub fn description(mut self, text: Option<String>) -> Self {
        self.description = text.map_or(Change::Clear, Change::Set);
        self
    }

    /// Make the change only if the marker fits.
    #[must_use]
    pub fn marker(mut self, change: MarkerChange) -> Self {
        self.marker = Some(change);
        self
    }

    /// What is wrong with it before anybody is asked.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if self.is_empty() {
            return Some("nothing would change");
        }
        if self.dns_host_name.as_ref().is_some_and(|name| !super::new::is_host_name(name)) {
            return Some("the DNS name is not one");
        }
        if self.sam_account_name.as_ref().is_some_and(|name| !name.as_str().ends_with('$')) {
            return Some("its sign-in name must end with a $");
        }
        if self.readers.add.iter().any(|principal| self.readers.remove.contains(principal)) {
            return Some("a principal is both added and removed");
        }
        let names = &self.remove_service_principal_names;
        if self.add_service_principal_names.iter().any(|name| names.contains(name)) {
            return Some("a service name is both added and removed");
        }
        None
    }
}
