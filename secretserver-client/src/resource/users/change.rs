//! Changing a user: as a whole, field by field, its password, its locks.

use serde::Serialize;

use crate::ids::UserId;
use crate::open_enum::open_enum;
use crate::patch::Change;
use crate::request::{EncodeError, Endpoint, Method, Path, Payload};
use crate::resource::users::{UnixAuthentication, User};
use crate::resource::{Acknowledged, Deleted, Ignored, endpoint, ignore};
use crate::secret_value::{SecretValue, exposed, exposed_option};

/// What can be replaced of a user. What is not set stays, except where the server thinks otherwise: start from [`UserUpdate::of`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct UserUpdate {
    /// Which.
    pub id: UserId,
    /// Its name for people.
    pub display_name: String,
    /// Its e-mail address.
    pub email_address: Option<String>,
    /// Whether it can sign in.
    pub enabled: bool,
    /// Whether it is a program.
    pub is_application_account: bool,
    /// Whether it is locked out.
    pub is_locked_out: bool,
    /// Failed sign-ins since the last good one.
    pub login_failures: u32,
    /// A new password, on servers before 10.9.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed_option")]
    pub password: Option<SecretValue>,
    /// Whether it needs a second factor.
    pub two_factor: bool,
    /// Whether Duo is its second factor.
    pub duo_two_factor: bool,
    /// Whether a key is its second factor.
    pub fido2_two_factor: bool,
    /// Whether codes of an app are its second factor.
    pub oath_two_factor: bool,
    /// Whether RADIUS is its second factor.
    pub radius_two_factor: bool,
    /// Its name for RADIUS.
    pub radius_user_name: Option<String>,
    /// How it signs in to the SSH terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unix_authentication_method: Option<UnixAuthentication>,
}

impl UserUpdate {
    /// Everything as it is. Its password is not among it.
    pub fn of(user: &User) -> Self {
        Self {
            id: user.id,
            display_name: user.display_name.clone(),
            email_address: user.email_address.clone(),
            enabled: user.enabled,
            is_application_account: user.is_application_account,
            is_locked_out: user.is_locked_out,
            login_failures: user.login_failures,
            password: None,
            two_factor: user.two_factor,
            duo_two_factor: user.duo_two_factor,
            fido2_two_factor: user.fido2_two_factor,
            oath_two_factor: user.oath_two_factor,
            radius_two_factor: user.radius_two_factor,
            radius_user_name: user.radius_user_name.clone(),
            unix_authentication_method: user.unix_authentication_method.clone(),
        }
    }
}

/// `PUT /v1/users/{id}`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the update")]
pub struct ReplaceUser(
    /// What it shall be.
    pub UserUpdate,
);

endpoint! {
    @impl ReplaceUser "users.replace": Put => User;
    path = |e| Path::api("v1/users").id(e.0.id);
    body = |e| e.0;
}

/// Which fields of a user to change.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(
    clippy::exhaustive_structs,
    reason = "made with `..UserPatch::default()`, which non_exhaustive forbids"
)]
pub struct UserPatch {
    /// Its name for people.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub display_name: Change<String>,
    /// Its e-mail address.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub email_address: Change<Option<String>>,
    /// Whether it can sign in.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub enabled: Change<bool>,
    /// Whether it is a program.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub is_application_account: Change<bool>,
    /// Whether it is locked out: set it to false to unlock.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub is_locked_out: Change<bool>,
    /// Failed sign-ins since the last good one.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub login_failures: Change<u32>,
    /// A new password.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "crate::patch::exposed")]
    pub password: Change<SecretValue>,
    /// Whether it needs a second factor.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub two_factor: Change<bool>,
    /// Whether Duo is its second factor.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub duo_two_factor: Change<bool>,
    /// Whether a key is its second factor.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub fido2_two_factor: Change<bool>,
    /// Whether codes of an app are its second factor.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub oath_two_factor: Change<bool>,
    /// Whether RADIUS is its second factor.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub radius_two_factor: Change<bool>,
    /// Its name for RADIUS.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub radius_user_name: Change<Option<String>>,
}

endpoint! {
    /// `PATCH /v1/users/{id}`. Unlike other changes of this sort, the fields are not wrapped in `data`.
    #[derive(Clone, Debug)]
    pub struct PatchUser {
        /// Which.
        pub id: UserId,
        /// What to change.
        pub patch: UserPatch,
    }
    "users.patch": Patch => User;
    path = |e| Path::api("v1/users").id(e.id);
    body = |e| e.patch;
}

endpoint! {
    /// `DELETE /v1/users/{id}`, which disables.
    #[derive(Clone, Copy, Debug)]
    pub struct DisableUser {
        /// Which.
        pub id: UserId,
    }
    "users.disable": Delete => Deleted;
    path = |e| Path::api("v1/users").id(e.id);
}

/// `POST /v1/users/{userId}/password-reset`. The id is in the path and in the body.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct ResetPassword {
    /// Whose.
    pub id: UserId,
    /// The new password.
    pub password: SecretValue,
}

impl Endpoint for ResetPassword {
    const OPERATION: &'static str = "users.reset_password";
    const METHOD: Method = Method::Post;
    type Response = Acknowledged;

    fn path(&self) -> Path {
        Path::api("v1/users").id(self.id).literal("password-reset")
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Data<'a> {
            user_id: UserId,
            #[serde(serialize_with = "exposed")]
            password: &'a SecretValue,
        }
        #[derive(Serialize)]
        struct Args<'a> {
            data: Data<'a>,
        }
        Payload::json(&Args { data: Data { user_id: self.id, password: &self.password } })
    }
}

/// `POST /v1/users/change-password`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct ChangeOwnPassword {
    /// The password so far.
    pub current: SecretValue,
    /// The new one.
    pub new: SecretValue,
}

impl Endpoint for ChangeOwnPassword {
    const OPERATION: &'static str = "users.change_own_password";
    const METHOD: Method = Method::Post;
    type Response = Ignored;

    fn path(&self) -> Path {
        Path::api("v1/users/change-password")
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Args<'a> {
            #[serde(serialize_with = "exposed")]
            current_password: &'a SecretValue,
            #[serde(serialize_with = "exposed")]
            new_password: &'a SecretValue,
        }
        Payload::json(&Args { current_password: &self.current, new_password: &self.new })
    }

    fn decode(&self, reply: &crate::request::Reply) -> Result<Ignored, crate::request::DecodeError> {
        ignore(reply)
    }
}

open_enum! {
    /// Why a user is locked out.
    LockOutReason {
        /// It behaved strangely.
        SuspiciousActivity = "SuspiciousActivity",
        /// Too many failed sign-ins.
        LoginAttemptsExceeded = "LoginAttemptsExceeded",
        /// Something else.
        Other = "Other",
    }
}

open_enum! {
    /// Which second factor to set up again.
    TwoFactorKind {
        /// Codes of an app.
        Oath = "Oath",
        /// A key.
        Fido = "Fido",
    }
}

endpoint! {
    /// `POST /v1/users/{userId}/lock-out`.
    #[derive(Clone, Debug)]
    pub struct LockOutUser {
        /// Whom.
        pub id: UserId,
        /// Why.
        pub reason: LockOutReason,
        /// Why, in your words.
        pub description: String,
    }
    "users.lock_out": Post => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("lock-out");
    body = |e| serde_json::json!({ "data": { "reasonType": e.reason, "description": e.description } });
}

endpoint! {
    /// `POST /v1/users/{userId}/reset-two-factor`.
    #[derive(Clone, Debug)]
    pub struct ResetTwoFactor {
        /// Whose.
        pub id: UserId,
        /// Which factor.
        pub kind: TwoFactorKind,
    }
    "users.reset_two_factor": Post => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("reset-two-factor");
    body = |e| serde_json::json!({ "data": { "twoFactorType": e.kind } });
}
