//! Creating a user. `POST /v1/users`.

use serde::Serialize;

use crate::ids::DomainId;
use crate::request::Path;
use crate::resource::endpoint;
use crate::resource::users::{UnixAuthentication, User};
use crate::secret_value::{SecretValue, exposed};

/// A user that is to be made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewUser {
    /// Its sign-in name.
    pub user_name: String,
    /// Its name for people.
    pub display_name: String,
    /// Its password. The server wants one also for users of a directory, who sign in with the directory's.
    #[serde(serialize_with = "exposed")]
    pub password: SecretValue,
    /// Its e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_address: Option<String>,
    /// Whether it can sign in; the server's choice, which is yes, if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether it is a program. There can be as many as the licence allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_application_account: Option<bool>,
    /// The directory domain it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<DomainId>,
    /// Its objectGUID in that domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_guid: Option<String>,
    /// Whether it needs a second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub two_factor: Option<bool>,
    /// Whether Duo is its second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duo_two_factor: Option<bool>,
    /// Whether a key is its second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fido2_two_factor: Option<bool>,
    /// Whether codes of an app are its second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oath_two_factor: Option<bool>,
    /// Whether RADIUS is its second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius_two_factor: Option<bool>,
    /// Its name for RADIUS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius_user_name: Option<String>,
    /// How it signs in to the SSH terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unix_authentication_method: Option<UnixAuthentication>,
}

impl NewUser {
    /// A user with these names and this password.
    pub fn new(
        user_name: impl Into<String>,
        display_name: impl Into<String>,
        password: impl Into<SecretValue>,
    ) -> Self {
        Self {
            user_name: user_name.into(),
            display_name: display_name.into(),
            password: password.into(),
            email_address: None,
            enabled: None,
            is_application_account: None,
            domain_id: None,
            ad_guid: None,
            two_factor: None,
            duo_two_factor: None,
            fido2_two_factor: None,
            oath_two_factor: None,
            radius_two_factor: None,
            radius_user_name: None,
            unix_authentication_method: None,
        }
    }

    /// Its e-mail address.
    #[must_use]
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.email_address = Some(address.into());
        self
    }

    /// It is a program.
    #[must_use]
    pub fn application_account(mut self) -> Self {
        self.is_application_account = Some(true);
        self
    }

    /// It comes from this directory domain.
    #[must_use]
    pub fn domain(mut self, domain: DomainId) -> Self {
        self.domain_id = Some(domain);
        self
    }
}

/// Creates a user. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the new user")]
pub struct CreateUser(
    /// What to make.
    pub NewUser,
);

endpoint! {
    @impl CreateUser "users.create": Post => User;
    path = |_| Path::api("v1/users");
    body = |e| e.0;
}
