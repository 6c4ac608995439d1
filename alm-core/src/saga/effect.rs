//! What an engine does for a saga, and how it ends.
//!
//! Every effect is safe to repeat: whoever runs it looks first whether it was done already. No effect holds a password: those that
//! need one name the secret it is in.

use std::collections::BTreeMap;

use ad_directory::{AccountExpires, Controller, Dn, ObjectGuid, Sid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Outcome;
use crate::model::ids::SecretId;
use crate::model::managed::{ManagedSpec, PasswordReader, TicketEncryption};
use crate::model::template::{Rotator, VaultPlace};

/// One step of a saga on a system outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
#[non_exhaustive]
pub enum Effect {
    /// Look whether the vault's place, the OU, the groups and what a gMSA needs are there and usable, and choose the controller (step 2).
    Preflight {
        /// Where the secret will be, if there is to be one.
        place: Option<VaultPlace>,
        /// Where the account will be.
        ou: Dn,
        /// What it will join.
        groups: Vec<Dn>,
        /// What makes it a gMSA, if it is to be one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        managed: Option<ManagedSpec>,
        /// Who is to change the password (T-14): the place has to fit.
        #[serde(default, skip_serializing_if = "is_engine")]
        rotator: Rotator,
    },
    /// Create the secret with a password made on the spot, unless one of this name and this saga's marker is there (step 3).
    CreateSecret {
        /// Where.
        place: VaultPlace,
        /// Under this name.
        name: String,
        /// The domain for its field.
        domain: String,
        /// The account's name for its field.
        username: String,
    },
    /// Add the account, disabled, with the password that the secret holds; a gMSA has one from the domain (step 5).
    AddAccount {
        /// On this controller, which the next effects go to as well.
        controller: Controller,
        /// What to add.
        account: AccountSpec,
        /// Where its password is; nowhere for a gMSA.
        secret: Option<SecretId>,
    },
    /// Put another password into the secret, because the directory refused the one in it.
    ReplacePassword {
        /// Which secret.
        secret: SecretId,
    },
    /// Make it a member of one group (step 7).
    JoinGroup {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Of which group.
        group: Dn,
    },
    /// End its membership of one group. No member, or no such group any more, is as good.
    LeaveGroup {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Of which group.
        group: Dn,
    },
    /// Prove by a bind that the directory has the password that the secret holds (step 8).
    VerifyPassword {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Where the password is.
        secret: SecretId,
    },
    /// Set the account's password to the secret's: the account is disabled and unseen.
    ResetPassword {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Where the password is.
        secret: SecretId,
    },
    /// Set the password of an account in use to the one that a second secret holds (rotation).
    SetPassword {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Where the new password is.
        secret: SecretId,
    },
    /// Put the password of one secret into another one, read it back and compare (rotation).
    CopyPassword {
        /// Where it is.
        from: SecretId,
        /// Where it goes.
        to: SecretId,
    },
    /// Have the vault tell what depends on the secret that its password changed.
    TellDependents {
        /// Which secret.
        secret: SecretId,
    },
    /// Write down when the directory last got a password for the account, and when the vault last tried to give it one (T-14).
    NoteChange {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Where its password is.
        secret: SecretId,
    },
    /// Ask the vault to change the password, unless it did so since it was noted.
    AskChange {
        /// Which secret.
        secret: SecretId,
        /// The vault's last try before.
        since: Option<Timestamp>,
        /// It was asked before, and nobody knows whether it heard: until then it is only looked at.
        again_from: Option<Timestamp>,
    },
    /// Look whether the vault has done it.
    FollowChange {
        /// Which secret.
        secret: SecretId,
        /// The vault's last try before.
        since: Option<Timestamp>,
        /// Whether that one had failed, by what the vault said.
        #[serde(default)]
        had_failed: bool,
    },
    /// Prove that the directory got another password since, and that it is the one in the vault. Nothing is tried before the first is so.
    ProveChange {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Where the password is.
        secret: SecretId,
        /// When the directory had got the one before.
        since: Option<Timestamp>,
    },
    /// Look once more for secrets of this saga that came late, and deactivate them (X-3, before step 9); in a compensation the recorded one too.
    SettleSecrets {
        /// Where.
        place: VaultPlace,
        /// Of this name.
        name: String,
        /// The recorded one, if any is.
        recorded: Option<SecretId>,
        /// Whether the recorded one stays active.
        keep: bool,
    },
    /// Find the account by its identity, see that its marker is ours, and choose the controller.
    Locate {
        /// Which account.
        account: ObjectGuid,
        /// Whether an account that is gone already is as good (erase).
        may_be_gone: bool,
    },
    /// Change the account, in one request that carries the marker: enable, disable, end date, names.
    Change {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// To what.
        change: AccountChange,
    },
    /// Move it below an OU, renaming it if said (section X: disable, enable, delete).
    Move {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// To which OU; where it is when not said.
        ou: Option<Dn>,
        /// New common name, if any.
        name: Option<String>,
    },
    /// See that it is (still) a member of all these groups; repair what is missing.
    EnsureGroups {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Of which groups.
        groups: Vec<Dn>,
    },
    /// Delete the account by its identity and marker (compensation, erase).
    DeleteAccount {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
    },
    /// Look for an account of this name that is as this saga would have added it, its marker being one of several signs, and remove it:
    /// compensation when it is not known whether one was added. Nothing is deleted on a marker alone (I-3).
    RemoveByMarker {
        /// On this controller.
        controller: Controller,
        /// Where it would be.
        ou: Dn,
        /// Its sAMAccountName. The marker attribute is not indexed, the name is.
        name: String,
    },
    /// Deactivate the secret.
    DeactivateSecret {
        /// Which.
        secret: SecretId,
    },
    /// Write down what the account is like, and where its secret is.
    Survey {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
        /// Attributes to read beside what is always looked at, by LDAP name.
        attributes: Vec<String>,
        /// Its secret, if that is looked at too.
        secret: Option<SecretId>,
        /// Whether it may change its own password, if that is looked at too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        security: bool,
    },
    /// Move the secret to a folder.
    MoveSecret {
        /// Which.
        secret: SecretId,
        /// There.
        place: VaultPlace,
        /// Whether a folder below that one is as good: then it stays where it is.
        stay_below: bool,
    },
    /// Look whether an account that nobody manages can be adopted, and choose the controller (M-1).
    Examine {
        /// Which account.
        account: ObjectGuid,
        /// What it must be called still.
        name: String,
    },
    /// Put our marker on an account that has none.
    Claim {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
    },
    /// See that the directory has deleted the account, and knows that it has: that one controller does not have it says little.
    ConfirmGone {
        /// Which account.
        account: ObjectGuid,
    },
    /// Take our marker off again.
    Release {
        /// On this controller.
        controller: Controller,
        /// Which account.
        account: ObjectGuid,
    },
}

impl Effect {
    /// The names of all effects.
    pub const NAMES: [&'static str; 29] = [
        "preflight",
        "create_secret",
        "add_account",
        "replace_password",
        "join_group",
        "leave_group",
        "verify_password",
        "reset_password",
        "set_password",
        "copy_password",
        "tell_dependents",
        "note_change",
        "ask_change",
        "follow_change",
        "prove_change",
        "settle_secrets",
        "locate",
        "change",
        "move",
        "ensure_groups",
        "delete_account",
        "remove_by_marker",
        "deactivate_secret",
        "survey",
        "move_secret",
        "examine",
        "claim",
        "confirm_gone",
        "release",
    ];

    /// Whether it may change something, in the directory or the vault.
    pub const fn changes(&self) -> bool {
        !matches!(
            self,
            Self::Preflight { .. }
                | Self::VerifyPassword { .. }
                | Self::NoteChange { .. }
                | Self::FollowChange { .. }
                | Self::ProveChange { .. }
                | Self::Locate { .. }
                | Self::Survey { .. }
                | Self::Examine { .. }
                | Self::ConfirmGone { .. }
        )
    }

    /// Its name, as journals, logs and `--slow` flags show it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Preflight { .. } => "preflight",
            Self::CreateSecret { .. } => "create_secret",
            Self::AddAccount { .. } => "add_account",
            Self::ReplacePassword { .. } => "replace_password",
            Self::JoinGroup { .. } => "join_group",
            Self::LeaveGroup { .. } => "leave_group",
            Self::VerifyPassword { .. } => "verify_password",
            Self::ResetPassword { .. } => "reset_password",
            Self::SetPassword { .. } => "set_password",
            Self::CopyPassword { .. } => "copy_password",
            Self::TellDependents { .. } => "tell_dependents",
            Self::NoteChange { .. } => "note_change",
            Self::AskChange { .. } => "ask_change",
            Self::FollowChange { .. } => "follow_change",
            Self::ProveChange { .. } => "prove_change",
            Self::SettleSecrets { .. } => "settle_secrets",
            Self::Locate { .. } => "locate",
            Self::Change { .. } => "change",
            Self::Move { .. } => "move",
            Self::EnsureGroups { .. } => "ensure_groups",
            Self::DeleteAccount { .. } => "delete_account",
            Self::RemoveByMarker { .. } => "remove_by_marker",
            Self::DeactivateSecret { .. } => "deactivate_secret",
            Self::Survey { .. } => "survey",
            Self::MoveSecret { .. } => "move_secret",
            Self::Examine { .. } => "examine",
            Self::Claim { .. } => "claim",
            Self::ConfirmGone { .. } => "confirm_gone",
            Self::Release { .. } => "release",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_engine(rotator: &Rotator) -> bool {
    *rotator == Rotator::Engine
}

/// An account to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct AccountSpec {
    /// Its sAMAccountName; its common name is the same, without the `$` of a gMSA.
    pub name: String,
    /// The suffix of its user principal name.
    pub domain: String,
    /// Where.
    pub ou: Dn,
    /// Shown in the directory.
    pub description: String,
    /// Until when the directory lets it sign in.
    pub expires: AccountExpires,
    /// Whether its password never expires (T-15).
    pub password_never_expires: bool,
    /// Whether it is kept from changing its own password (T-15).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub password_change_denied: bool,
    /// Other attributes that the template gives.
    pub attributes: BTreeMap<String, String>,
    /// What makes it a gMSA, if it is to be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedSpec>,
}

/// A change of an account's attributes. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct AccountChange {
    /// Enable or disable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Another end date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<AccountExpires>,
    /// Another sAMAccountName, with the user principal name to fit: (name, suffix).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rename: Option<(String, String)>,
    /// Remove all service principal names, and whoever may retrieve the password of a gMSA (NM-2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clear_service_principal_names: bool,
    /// Another description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Other attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Other attributes with all the values they get; none takes one away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub all_values: BTreeMap<String, Vec<String>>,
    /// Whether its password never expires (T-15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_never_expires: Option<bool>,
    /// Whether it is kept from changing its own password (T-15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_change_denied: Option<bool>,
    /// How tickets for a gMSA are encrypted (T-11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<TicketEncryption>,
    /// Who may retrieve the password of a gMSA beside those who may (T-11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_readers: Vec<PasswordReader>,
    /// Who no longer may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_readers: Vec<PasswordReader>,
    /// Who may from now on, and nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_readers: Option<Vec<Sid>>,
}

/// What an account was like before anything of it was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct Seen {
    /// Its name in its container.
    pub common_name: String,
    /// Where it was.
    pub ou: Dn,
    /// Whether it could sign in.
    pub enabled: bool,
    /// The groups it was a direct member of.
    pub groups: Vec<Dn>,
    /// Its Kerberos service names.
    pub service_principal_names: Vec<String>,
    /// Its description.
    pub description: Option<String>,
    /// Attributes that were asked for, with their values; one that it had not has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Whether its password never expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_never_expires: Option<bool>,
    /// Whether it was kept from changing its own password, where that could be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_change_denied: Option<bool>,
    /// Who could retrieve the password of a gMSA.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<Sid>,
    /// In which folder its secret was, if that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// What an effect found or made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct Found {
    /// The controller that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<Controller>,
    /// The secret that was created or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretId>,
    /// The account that was added, adopted or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<ObjectGuid>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dn: Option<Dn>,
    /// What it was like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<Seen>>,
    /// When the vault last tried to change the password by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault_change: Option<Timestamp>,
    /// Whether that one had failed, by what the vault said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vault_failed: bool,
    /// When the directory last got a password for the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_set: Option<Timestamp>,
    /// Whether what was looked for is not there yet, and is looked for again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_yet: bool,
    /// Whether it was gone already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// Things that a person should know, though the effect succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// How an effect ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EffectResult {
    /// It is done, now or already before.
    Done(Found),
    /// A system refused, for good; the same again would be refused again.
    Refused {
        /// Why, for the saga.
        reason: Reason,
        /// Why, for people. Never a secret.
        message: String,
    },
    /// It did not get through; the same again may.
    Failed {
        /// What is known of the change.
        outcome: Outcome,
        /// Why, for people. Never a secret.
        message: String,
    },
}

/// Why a system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// An account of that name exists and is not ours.
    NameTaken,
    /// A secret of that name exists and is not ours.
    SecretNameTaken,
    /// The directory does not accept the password.
    PasswordPolicy,
    /// The directory's password is not the vault's.
    PasswordWrong,
    /// We may not do it.
    Forbidden,
    /// OU, group, folder or template is missing or unusable.
    PlaceUnusable,
    /// The account's marker is not ours, or its epoch is higher than ours (I-3, E-5).
    MarkerForeign,
    /// The account is not there.
    AccountMissing,
    /// The secret is not there.
    SecretMissing,
    /// The engine's own policy forbids it (E-8).
    LocalPolicy,
    /// Our credential for a system is refused.
    SignIn,
    /// Anything else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_is_in_the_list_of_names_once() {
        let names: std::collections::BTreeSet<_> = Effect::NAMES.into_iter().collect();
        assert_eq!(names.len(), Effect::NAMES.len());
        // One for each line of the names, which the compiler holds complete.
        let lines = include_str!("effect.rs").lines();
        let arms = lines.filter(|line| line.starts_with("            Self::") && line.contains(" => \""));
        assert_eq!(arms.count(), Effect::NAMES.len());
    }
}
