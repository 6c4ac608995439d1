//! What a saga was begun with. Never changes afterwards.

use ad_directory::{AccountExpires, Dn, ObjectGuid};
use serde::{Deserialize, Serialize};

use super::effect::{AccountChange, AccountSpec};
use crate::model::account::{OperationKind, PendingSecret};
use crate::model::ids::SecretId;
use crate::model::managed::AccountKind;
use crate::model::template::{Rotator, VaultPlace};

/// What a saga was begun with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "plan")]
#[non_exhaustive]
pub enum Plan {
    /// Make an account.
    Provision(ProvisionPlan),
    /// Change an account that exists.
    Operate(OperatePlan),
    /// Give an account another password.
    Rotate(RotatePlan),
    /// Have the vault give an account another password.
    RotateByVault(VaultRotatePlan),
    /// Take an account over that is there already.
    Adopt(AdoptPlan),
}

impl Plan {
    /// What it does to the account.
    pub const fn operation(&self) -> OperationKind {
        match self {
            Self::Provision(_) => OperationKind::Provision,
            Self::Operate(plan) => plan.operation,
            Self::Rotate(_) | Self::RotateByVault(_) => OperationKind::Rotate,
            Self::Adopt(_) => OperationKind::Adopt,
        }
    }

    /// What kind of account it is about.
    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::Provision(plan) if plan.account.managed.is_some() => AccountKind::GroupManaged,
            Self::Operate(plan) => plan.kind,
            Self::Adopt(plan) => plan.kind,
            Self::Provision(_) | Self::Rotate(_) | Self::RotateByVault(_) => AccountKind::User,
        }
    }
}

/// How to make an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct ProvisionPlan {
    /// Where its credential goes; nowhere for a gMSA.
    pub place: Option<VaultPlace>,
    /// The secret's name, fixed here so that it can be found again (section X, step 3); empty when there is none.
    pub secret_name: String,
    /// What to add to the directory.
    pub account: AccountSpec,
    /// The groups it joins.
    pub groups: Vec<Dn>,
    /// How long the vault may still carry out a request whose reply never came, in milliseconds.
    pub settle_ms: u64,
    /// Who is to change its password (T-14).
    #[serde(default, skip_serializing_if = "is_engine")]
    pub rotator: Rotator,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_engine(rotator: &Rotator) -> bool {
    *rotator == Rotator::Engine
}

/// How to give an account another password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct RotatePlan {
    /// Which object.
    pub account: ObjectGuid,
    /// Its name in the record.
    pub name: String,
    /// The domain, for the pending secret's field.
    pub domain: String,
    /// The account's own secret.
    pub secret: SecretId,
    /// The short-lived second secret.
    pub pending: PendingSecret,
    /// Whether an earlier rotation left the pending secret, so that the directory may have what it holds.
    pub resumes: bool,
    /// Whether what depends on the secret is told.
    pub tell_dependents: bool,
    /// How long the vault may still carry out a request whose reply never came, in milliseconds.
    pub settle_ms: u64,
}

/// How to have the vault give an account another password (T-14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct VaultRotatePlan {
    /// Which object.
    pub account: ObjectGuid,
    /// Its name in the record.
    pub name: String,
    /// Its secret.
    pub secret: SecretId,
    /// How long the vault may take, in milliseconds, and an order whose answer was lost be carried out.
    pub patience_ms: u64,
}

/// A secret to make for an account that is there already (M-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct NewSecretPlan {
    /// Where.
    pub place: VaultPlace,
    /// Its name, fixed here so that it can be found again.
    pub name: String,
    /// The domain, for its field.
    pub domain: String,
}

/// How to take over an account that is there already (M-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct AdoptPlan {
    /// Which object.
    pub account: ObjectGuid,
    /// What it was called when a person chose it.
    pub name: String,
    /// What kind of account it is.
    pub kind: AccountKind,
    /// Where somebody says that its password is; proved before it is believed.
    pub secret: Option<SecretId>,
    /// The secret that is made for a password of its own, if it gets another one: it is nowhere else then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_secret: Option<NewSecretPlan>,
    /// Its end date in the directory from then on (L-38).
    pub expires: AccountExpires,
    /// Its description from then on; the one it has when not said.
    pub description: Option<String>,
    /// Whether it is kept from changing its own password from then on; as it is when not said (T-15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_change_denied: Option<bool>,
    /// Other attributes that are written.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// How long the directory may still carry out a request whose reply never came, in milliseconds.
    pub settle_ms: u64,
}

/// How to change an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct OperatePlan {
    /// What it is for.
    pub operation: OperationKind,
    /// What kind of account it is.
    #[serde(default)]
    pub kind: AccountKind,
    /// Which object.
    pub account: ObjectGuid,
    /// Its name in the record.
    pub name: String,
    /// Where its password is, if a vault has it.
    pub secret: Option<SecretId>,
    /// What to do, in this order, after the account was located. Nothing about a secret when there is none.
    pub steps: Vec<Step>,
    /// What puts things back when a person gives the saga up (L-37). Where the steps begin with a survey, they are put back by what it saw, and
    /// only end dates by what is said here.
    pub undo: Vec<Step>,
    /// Those of the steps that put back what an operation did whose place this one took. They are due for as long as the account is not as it was
    /// before that one, whatever becomes of this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inherited: Vec<Step>,
}

/// One thing to do to an account, without the controller, which is chosen when the saga runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
#[non_exhaustive]
pub enum Step {
    /// Disable it.
    Disable,
    /// Enable it.
    Enable,
    /// Set its end date.
    Expires {
        /// To this.
        expires: AccountExpires,
    },
    /// Move it, rename it, or both in one request.
    MoveTo {
        /// There; where it is when not said.
        ou: Option<Dn>,
        /// Its new common name; the one it has when not said.
        name: Option<String>,
    },
    /// Give it the sign-in names of a retired object and take its service principal names (NM-2).
    RetireName {
        /// The new name.
        name: String,
        /// The suffix of its user principal name.
        domain: String,
    },
    /// See that it is in these groups.
    EnsureGroups {
        /// Which.
        groups: Vec<Dn>,
    },
    /// Join one group.
    JoinGroup {
        /// Which.
        group: Dn,
    },
    /// Leave one group.
    LeaveGroup {
        /// Which.
        group: Dn,
    },
    /// Prove that the vault has its password.
    VerifyPassword,
    /// Write down what it is like before anything of it is changed: giving the saga up then puts back exactly that (M-2).
    Survey {
        /// Attributes that are going to be written, by LDAP name.
        attributes: Vec<String>,
        /// Whether its secret is going to be moved.
        secret: bool,
        /// Whether the right to change its own password is going to be changed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        security: bool,
    },
    /// Change several things of it in one request.
    Update {
        /// To what.
        change: AccountChange,
    },
    /// Move its secret.
    MoveSecret {
        /// To this folder.
        place: VaultPlace,
        /// Whether a folder below that one is as good.
        stay_below: bool,
    },
    /// Deactivate its secret.
    DeactivateSecret,
    /// Deactivate what a rotation left (section X).
    DropPending {
        /// What.
        pending: PendingSecret,
    },
    /// Delete it.
    DeleteAccount,
    /// Put our marker on it, which has none.
    Mark,
    /// See that the directory knows it as deleted.
    ConfirmGone,
}

impl Step {
    /// Whether it is about the account's own secret, and so nothing for one that has none.
    pub const fn needs_secret(&self) -> bool {
        matches!(self, Self::VerifyPassword | Self::DeactivateSecret | Self::MoveSecret { .. })
    }
}
