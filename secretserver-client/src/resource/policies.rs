//! Secret policies: what is set for all secrets of a folder. `GET /v2/secret-policy/{id}`.

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{SecretPolicyId, optional};
use crate::open_enum::open_enum;
use crate::request::Path;
use crate::resource::{endpoint, or_default};

/// The operations on secret policies. See [`Client::policies`].
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let policy = client.policies().get(secretserver_client::SecretPolicyId::new(2)?).await?;
/// if policy.security_items.check_out_enabled.applies() {
///     println!("{}: secrets must be checked out", policy.secret_policy_name);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Policies<'c>(pub(crate) &'c Client);

impl Policies<'_> {
    /// Reads a policy. Only newer servers know it. Needs the role permission *View Secret Policy*. Dropping the future changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent. Otherwise see [`ErrorKind`](crate::ErrorKind).
    pub async fn get(&self, id: SecretPolicyId) -> Result<SecretPolicy, Error> {
        self.0.request(GetPolicy { id }).await
    }
}

open_enum! {
    /// How a policy sets something.
    ApplyType {
        /// Not at all.
        NotSet = "NotSet",
        /// New secrets begin with it.
        Default = "Default",
        /// All secrets have it.
        Enforced = "Enforced",
    }
}

/// A yes or no that a policy may set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicySwitch {
    /// How it is set.
    #[serde(default)]
    pub policy_apply_type: Option<ApplyType>,
    /// To what.
    #[serde(default, deserialize_with = "or_default")]
    pub value: bool,
}

impl PolicySwitch {
    /// Whether new secrets get a yes.
    pub fn applies(&self) -> bool {
        self.value && !matches!(self.policy_apply_type, None | Some(ApplyType::NotSet))
    }
}

/// A policy, as far as it decides who can read a password and who changes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretPolicy {
    /// Its number.
    #[serde(default, deserialize_with = "optional")]
    pub secret_policy_id: Option<SecretPolicyId>,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub secret_policy_name: String,
    /// Whether it is in force.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// What stands before secrets. An answer without it is none: it would pass for "nothing".
    #[serde(deserialize_with = "or_default")]
    pub security_items: SecurityItems,
    /// What is done on machines.
    #[serde(default, deserialize_with = "or_default")]
    pub rpc_items: RpcItems,
}

/// What stands before secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecurityItems {
    /// They must be checked out.
    #[serde(default, deserialize_with = "or_default")]
    pub check_out_enabled: PolicySwitch,
    /// Checking them in changes their password.
    #[serde(default, deserialize_with = "or_default")]
    pub check_out_change_password: PolicySwitch,
    /// Somebody must approve.
    #[serde(default, deserialize_with = "or_default")]
    pub require_approval_for_access: PolicySwitch,
    /// A comment is due.
    #[serde(default, deserialize_with = "or_default")]
    pub require_view_comment: PolicySwitch,
    /// A second factor is due.
    #[serde(default, deserialize_with = "or_default")]
    pub is_multi_factor_authentication_required: PolicySwitch,
}

/// What is done on machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RpcItems {
    /// The password is changed when the secret expires.
    #[serde(default, deserialize_with = "or_default")]
    pub auto_change_on_expiration: PolicySwitch,
    /// The password is checked now and then.
    #[serde(default, deserialize_with = "or_default")]
    pub heart_beat_enabled: PolicySwitch,
}

endpoint! {
    /// `GET /v2/secret-policy/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetPolicy {
        /// Which.
        pub id: SecretPolicyId,
    }
    "policies.get": Get => SecretPolicy;
    path = |e| Path::api("v2/secret-policy").id(e.id);
}
