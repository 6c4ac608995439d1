//! What record, directory and vault say of each other when they are laid side by side.

use std::fmt;

use ad_directory::{Dn, ObjectGuid};
use serde::{Deserialize, Serialize};

use super::drift::DriftKind;
use super::ids::{AccountId, DomainId, SagaId, SecretId, VaultId};
use super::managed::AccountKind;
use super::mirror::MirrorEntry;

/// Whose work something is, by its marker, as an engine reads it: only an engine has the key (I-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "marker")]
#[non_exhaustive]
pub enum MarkerSeen {
    /// It has none.
    None,
    /// This instance's.
    Ours {
        /// The saga that wrote it last.
        saga: SagaId,
    },
    /// Another instance's, or one that was not made with our key.
    Foreign,
}

/// An account of a domain as an engine sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Surveyed {
    /// What it is like.
    pub entry: MirrorEntry,
    /// The groups that it is a direct member of.
    pub groups: Vec<Dn>,
    /// Whose it is.
    pub marker: MarkerSeen,
}

impl Surveyed {
    /// An account in no group that nobody has marked.
    pub const fn new(entry: MirrorEntry) -> Self {
        Self { entry, groups: Vec::new(), marker: MarkerSeen::None }
    }
}

/// Whether an account is there. That one controller does not have it says little.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Presence {
    /// It is.
    There(Box<Surveyed>),
    /// It was deleted: the directory still knows that it was there.
    Deleted,
    /// The controller that was asked does not have it, and nothing tells why.
    NotSeen,
}

/// A secret in a folder, without any of its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeptSecret {
    /// Which.
    pub id: SecretId,
    /// What it is called.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Whose it is: each of our sagas whose marker is in its notes; `None` when those may not be read.
    pub sagas: Option<Vec<SagaId>>,
}

impl KeptSecret {
    /// An active one that nobody has marked.
    pub fn new(id: SecretId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), active: true, sagas: Some(Vec::new()) }
    }
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// A managed account is not in the directory.
    AccountMissing,
    /// A managed account carries no marker of a saga that its record knows, so nothing may be done to it (I-3).
    AccountUnmarked,
    /// A managed account is not what its record says (S-6).
    Drift,
    /// An account of a saga that ended without one.
    LeftoverAccount,
    /// A second account of a saga: the recorded one is another.
    DuplicateAccount,
    /// An account with our marker whose saga is not in the record, as after a restore.
    UnknownAccount,
    /// A managed account whose secret is not there, or not active (I-1).
    SecretMissing,
    /// A managed account that should have a secret, and has none.
    SecretUnlinked,
    /// The secret of a retired account is still active.
    SecretActive,
    /// The password in the secret is not the account's (I-1).
    PasswordWrong,
    /// A second active secret of an account's sagas (I-2).
    DuplicateSecret,
    /// A secret of a saga that ended without an account.
    LeftoverSecret,
    /// A secret with our marker whose saga is not in the record.
    UnknownSecret,
    /// What an interrupted rotation left may hold the password.
    PendingSecret,
    /// An operation stopped and waits for a person (I-9).
    Parked,
    /// A record says that an operation is under way of which nothing is known, or which is over.
    OperationLost,
    /// The audit chain does not hold (I-8).
    AuditBroken,
}

impl FindingKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::AccountMissing,
        Self::AccountUnmarked,
        Self::Drift,
        Self::LeftoverAccount,
        Self::DuplicateAccount,
        Self::UnknownAccount,
        Self::SecretMissing,
        Self::SecretUnlinked,
        Self::SecretActive,
        Self::PasswordWrong,
        Self::DuplicateSecret,
        Self::LeftoverSecret,
        Self::UnknownSecret,
        Self::PendingSecret,
        Self::Parked,
        Self::OperationLost,
        Self::AuditBroken,
    ];
}

/// What would mend it, for [`Repair`](crate::service::repair::Repair): a person says so, and [`plan`](crate::Alm::plan) says what it would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "remedy")]
#[non_exhaustive]
pub enum Remedy {
    /// Make the account in the directory what its record says.
    Correct {
        /// Which account.
        account: AccountId,
        /// In these respects.
        differences: Vec<DriftKind>,
        /// Groups that it is in and should not be.
        leave: Vec<Dn>,
    },
    /// Put our marker back on an account that has none.
    Mark {
        /// Which account.
        account: AccountId,
    },
    /// Give it another password, which is then in both places.
    Rotate {
        /// Which account.
        account: AccountId,
    },
    /// Call the account deleted and erased, since it is gone, and deactivate its secret.
    WriteOff {
        /// Which account.
        account: AccountId,
    },
    /// Disable an account that a saga left.
    DisableLeftover(LeftAccount),
    /// Delete an account that a saga left, which is disabled and in no group.
    RemoveLeftover(LeftAccount),
    /// Deactivate a secret that a saga left.
    DeactivateLeftover {
        /// Whose it is.
        saga: SagaId,
        /// In which vault.
        vault: VaultId,
        /// Which.
        secret: SecretId,
    },
    /// Deactivate the secret of a retired account.
    DeactivateSecret {
        /// Whose.
        account: AccountId,
    },
}

/// An account that a saga left in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeftAccount {
    /// Which saga.
    pub saga: SagaId,
    /// Which object.
    pub object: ObjectGuid,
    /// What it is called.
    pub name: String,
    /// What kind of account it is.
    pub kind: AccountKind,
}

impl LeftAccount {
    /// This object of this saga.
    pub const fn new(saga: SagaId, object: ObjectGuid, name: String, kind: AccountKind) -> Self {
        Self { saga, object, name, kind }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// With what, for people: the name of an account or a secret.
    pub name: String,
    /// What was found, what is known of how it came to be, and what to do. Never a secret.
    pub text: String,
    /// Of which account, if one is managed.
    pub account: Option<AccountId>,
    /// What would mend it; nothing when a person has to look.
    pub remedy: Option<Remedy>,
}

impl Finding {
    /// Something that a person has to look at.
    pub fn new(kind: FindingKind, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind, name: name.into(), text: text.into(), account: None, remedy: None }
    }

    /// Of a managed account.
    #[must_use]
    pub const fn of(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// With what would mend it.
    #[must_use]
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.text)
    }
}

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Examination {
    /// Which domain, with the vaults that keep its passwords.
    pub domain: DomainId,
    /// Whether the password of every Active account is proved by one sign-in. Not by default: the directory may note it (S-8), and a wrong
    /// one brings a lock-out nearer.
    pub passwords: bool,
    /// Whether the whole audit chain is verified. So by default; of one with millions of records it takes its time.
    pub audit: bool,
}

impl Examination {
    /// A domain and its vaults, without signing in, and the audit chain.
    pub const fn of(domain: DomainId) -> Self {
        Self { domain, passwords: false, audit: true }
    }

    /// Leaves the audit chain to [`Alm::verify_audit`](crate::Alm::verify_audit).
    #[must_use]
    pub const fn without_audit(mut self) -> Self {
        self.audit = false;
        self
    }

    /// Proves every password too.
    #[must_use]
    pub const fn passwords(mut self) -> Self {
        self.passwords = true;
        self
    }
}

/// What an examination came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Examined {
    /// How many managed accounts were looked at.
    pub accounts: u64,
    /// How many accounts the directory has, managed or not.
    pub objects: u64,
    /// How many secrets were seen in the folders of the templates.
    pub secrets: u64,
    /// Accounts on which something is under way: they are judged when it has ended.
    pub under_way: Vec<AccountId>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What could not be looked at, and why: nothing is known of it.
    pub unseen: Vec<String>,
}

impl Examined {
    /// Whether everything was seen and nothing is wrong. What is under way is neither.
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.unseen.is_empty()
    }
}
