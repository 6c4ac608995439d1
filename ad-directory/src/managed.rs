//! Managed service accounts: as they are, as they should be made, and how they should change.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AccountExpires, Dn, EncryptionTypes, Marker, ObjectGuid, PasswordReaders, SamAccountName, Sid,
    UserAccountControl,
};

mod new;
mod update;

pub use new::NewManagedAccount;
pub use update::{ManagedAccountUpdate, ReadersChange};

/// Which of the managed account classes it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ManagedAccountKind {
    /// A group managed service account (gMSA): many hosts read its password. The only one that is made and changed here.
    Group,
    /// A standalone one (sMSA): one host has it.
    Standalone,
    /// A delegated one (dMSA; Windows Server 2025).
    Delegated,
}

/// A managed service account as the directory holds it. Its password is made and changed by the controllers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManagedAccount {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Where it is now.
    pub dn: Dn,
    /// Which class it is.
    pub kind: ManagedAccountKind,
    /// Its sign-in name, with a `$` at the end.
    pub sam_account_name: SamAccountName,
    /// The DNS name of the service (`dNSHostName`).
    pub dns_host_name: Option<String>,
    /// Its flags.
    pub user_account_control: UserAccountControl,
    /// When it stops working (`accountExpires`, which managed accounts have as all accounts do).
    #[serde(default)]
    pub expires: AccountExpires,
    /// Who may read its password (`msDS-GroupMSAMembership`); `None` when nobody was named, or when the account that signs in may not see it.
    pub readers: Option<PasswordReaders>,
    /// After how many days its password is changed (`msDS-ManagedPasswordInterval`). Given once, when it is made.
    pub password_interval_days: Option<u32>,
    /// How tickets for it are encrypted; `None` when nothing is set.
    pub encryption_types: Option<EncryptionTypes>,
    /// Its Kerberos service names.
    pub service_principal_names: Vec<String>,
    /// Its description.
    pub description: Option<String>,
    /// Whose work it is, as on an [`Account`](crate::Account).
    pub marker: Option<Marker>,
    /// Whether the marker's attribute holds something that is no marker.
    pub foreign_marker: bool,
    /// The groups it is a direct member of, without its primary group (Domain Computers).
    pub member_of: Vec<Dn>,
    /// `adminCount` is 1: the directory protects it, since it is or was in an administrative group.
    #[serde(default)]
    pub is_protected: bool,
    /// Its security identifier.
    pub sid: Option<Sid>,
    /// When it was made.
    pub when_created: Option<Timestamp>,
    /// When it was last changed on this controller.
    pub when_changed: Option<Timestamp>,
}

impl ManagedAccount {
    /// An enabled gMSA with nothing else set: a start for tests and other backends.
    pub const fn new(guid: ObjectGuid, dn: Dn, sam_account_name: SamAccountName) -> Self {
        Self {
            guid,
            dn,
            kind: ManagedAccountKind::Group,
            sam_account_name,
            dns_host_name: None,
            user_account_control: UserAccountControl::WORKSTATION_TRUST,
            expires: AccountExpires::Never,
            readers: None,
            password_interval_days: None,
            encryption_types: None,
            service_principal_names: Vec::new(),
            description: None,
            marker: None,
            foreign_marker: false,
            member_of: Vec::new(),
            is_protected: false,
            sid: None,
            when_created: None,
            when_changed: None,
        }
    }

    /// Whether it may sign in, as far as this flag goes.
    pub const fn is_enabled(&self) -> bool {
        !self.is_disabled()
    }

    /// Whether it is switched off.
    pub const fn is_disabled(&self) -> bool {
        self.user_account_control.contains(UserAccountControl::ACCOUNT_DISABLE)
    }

    /// Those that may read its password, as far as they are named; members of groups are not resolved.
    pub fn principals(&self) -> Vec<&Sid> {
        self.readers.as_ref().map(PasswordReaders::principals).unwrap_or_default()
    }
}

/// What is known of the key from which the controllers make the passwords of managed accounts (MS-GKDI; a `msKds-ProvRootKey` in the
/// configuration of the forest).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
#[non_exhaustive]
pub enum RootKey {
    /// There is one, and every controller has it: 10 hours have passed since it was made.
    Usable {
        /// Since when.
        since: Timestamp,
    },
    /// There is one, and it is too young.
    NotYet {
        /// From when on it can be used.
        from: Timestamp,
    },
    /// None can be seen: either there is none (`Add-KdsRootKey` makes one), or the account that signs in may not see it, as is usual for all
    /// but administrators.
    NotSeen,
}

/// How old a root key must be (Microsoft, "Create the Key Distribution Services KDS Root Key"): by then all controllers have it.
pub(crate) const ROOT_KEY_AGE: std::time::Duration = std::time::Duration::from_hours(10);

impl RootKey {
    /// From when the oldest key was made and from when on it says it may be used; the later of the two decides.
    pub(crate) fn of(made: Timestamp, valid_from: Timestamp, now: Timestamp) -> Self {
        let mature = made.saturating_add(ROOT_KEY_AGE).unwrap_or(made);
        // `Add-KdsRootKey -EffectiveTime` in the past says: there is one controller only, do not wait.
        let from = if valid_from < made { valid_from } else { mature.max(valid_from) };
        if from <= now { Self::Usable { since: from } } else { Self::NotYet { from } }
    }

    /// Whether accounts can be made with it, or nobody can say.
    pub const fn may_be_usable(self) -> bool {
        !matches!(self, Self::NotYet { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::{RootKey, Timestamp};

    #[test]
    fn a_key_must_be_ten_hours_old_unless_it_was_dated_back() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let of = |made, valid, now| RootKey::of(at(made), at(valid), at(now));
        assert_eq!(of(100, 100, 105), RootKey::NotYet { from: at(110) });
        assert_eq!(of(100, 100, 110), RootKey::Usable { since: at(110) });
        assert_eq!(of(100, 120, 115), RootKey::NotYet { from: at(120) });
        assert_eq!(of(100, 90, 100), RootKey::Usable { since: at(90) });
        assert!(!of(100, 100, 105).may_be_usable() && RootKey::NotSeen.may_be_usable());
    }
}
