//! A change of an account, made in one request.

use std::collections::BTreeMap;

use crate::{AccountExpires, AttributeName, Marker, SamAccountName, ServicePrincipalName, UserPrincipalName};

/// What becomes of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a value stays, goes or becomes another; there is nothing else")]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

/// A compare-and-set of the marker: the change is made only if the marker is `expect` at that moment.
///
/// The comparison and the change are one request, so the directory decides between two workers, and the later one gets
/// [`ErrorKind::MarkerMismatch`](crate::ErrorKind::MarkerMismatch).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarkerChange {
    /// What must be there; `None` means nothing may be there.
    pub expect: Option<Marker>,
    /// What is there afterwards; `None` means nothing.
    pub set: Option<Marker>,
}

impl MarkerChange {
    /// The marker must be this one, and stays.
    pub fn keep(marker: Marker) -> Self {
        Self { expect: Some(marker.clone()), set: Some(marker) }
    }

    /// The marker must be `expect`, and becomes `set`.
    pub const fn replace(expect: Marker, set: Marker) -> Self {
        Self { expect: Some(expect), set: Some(set) }
    }

    /// There must be no marker, and then this one: adopting an account.
    pub const fn adopt(set: Marker) -> Self {
        Self { expect: None, set: Some(set) }
    }

    /// The marker must be this one, and goes: letting an account go.
    pub const fn release(expect: Marker) -> Self {
        Self { expect: Some(expect), set: None }
    }
}

/// A change of an account. It is one request: all of it is done, or nothing.
///
/// ```
/// # use ad_directory::{AccountUpdate, MarkerChange};
/// let update = AccountUpdate::new().enabled(true).marker(MarkerChange::keep("alm:7:ZmFr".parse()?));
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountUpdate {
    /// Switch it on or off.
    pub enabled: Option<bool>,
    /// Whether its password does not age.
    pub password_never_expires: Option<bool>,
    /// Whether it is kept from changing its own password: two entries in its security descriptor deny that right to the account itself and to
    /// everybody. Whoever may reset passwords still can. The entries are read and written in one go, but the directory does not compare what was
    /// read: what somebody else changes in the descriptor in that moment is lost.
    pub password_change_denied: Option<bool>,
    /// When it stops working.
    pub expires: Option<AccountExpires>,
    /// Whether its password must be changed at the next sign-in. A service cannot, so that this usually ends it.
    pub must_change_password: Option<bool>,
    /// Unlock it, when wrong passwords have locked it.
    pub unlock: bool,
    /// Another sign-in name.
    pub sam_account_name: Option<SamAccountName>,
    /// Another principal name.
    pub user_principal_name: Change<UserPrincipalName>,
    /// Another description.
    pub description: Change<String>,
    /// Another display name.
    pub display_name: Change<String>,
    /// All its Kerberos service names; an empty list clears them.
    pub service_principal_names: Option<Vec<String>>,
    /// Service names it gets beside those it has. Having one already is no error.
    pub add_service_principal_names: Vec<ServicePrincipalName>,
    /// Service names it loses. Not having one is no error.
    pub remove_service_principal_names: Vec<ServicePrincipalName>,
    /// Make the change only if the marker fits.
    pub marker: Option<MarkerChange>,
    /// Further attributes: all values of each; an empty list clears it.
    pub attributes: BTreeMap<AttributeName, Vec<String>>,
}

impl AccountUpdate {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong with it before anybody is asked.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let (add, remove) = (&self.add_service_principal_names, &self.remove_service_principal_names);
        if self.is_empty() {
            return Some("nothing would change");
        }
        if self.service_principal_names.is_some() && !(add.is_empty() && remove.is_empty()) {
            return Some("its service names are both replaced and changed one by one");
        }
        if add.iter().any(|name| remove.contains(name)) {
            return Some("a service name is both added and removed");
        }
        None
    }

    /// Switch it on or off.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// Whether it is kept from changing its own password; see [`password_change_denied`](Self::password_change_denied).
    #[must_use]
    pub const fn password_change_denied(mut self, denied: bool) -> Self {
        self.password_change_denied = Some(denied);
        self
    }

    /// Whether its password does not age.
    #[must_use]
    pub const fn password_never_expires(mut self, never: bool) -> Self {
        self.password_never_expires = Some(never);
        self
    }

    /// When it stops working.
    #[must_use]
    pub const fn expires(mut self, expires: AccountExpires) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Whether its password must be changed at the next sign-in.
    #[must_use]
    pub const fn must_change_password(mut self, must: bool) -> Self {
        self.must_change_password = Some(must);
        self
    }

    /// Unlock it, when wrong passwords have locked it.
    #[must_use]
    pub const fn unlock(mut self) -> Self {
        self.unlock = true;
        self
    }

    /// Another sign-in name.
    #[must_use]
    pub fn sam_account_name(mut self, name: SamAccountName) -> Self {
        self.sam_account_name = Some(name);
        self
    }

    /// Another principal name, or none.
    #[must_use]
    pub fn user_principal_name(mut self, name: Option<UserPrincipalName>) -> Self {
        self.user_principal_name = name.map_or(Change::Clear, Change::Set);
        self
    }

    /// Another description, or none.
    #[must_use]
    pub fn description(mut self, text: Option<String>) -> Self {
        self.description = text.map_or(Change::Clear, Change::Set);
        self
    }

    /// Another display name, or none.
    #[must_use]
    pub fn display_name(mut self, text: Option<String>) -> Self {
        self.display_name = text.map_or(Change::Clear, Change::Set);
        self
    }

    /// All its Kerberos service names; an empty list clears them.
    #[must_use]
    pub fn service_principal_names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.service_principal_names = Some(names.into_iter().collect());
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

    /// Make the change only if the marker fits.
    #[must_use]
    pub fn marker(mut self, change: MarkerChange) -> Self {
        self.marker = Some(change);
        self
    }

    /// All values of a further attribute; none clears it.
    #[must_use]
    pub fn attribute(mut self, name: AttributeName, values: impl IntoIterator<Item = String>) -> Self {
        self.attributes.insert(name, values.into_iter().collect());
        self
    }
}
