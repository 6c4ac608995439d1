//! Group managed service accounts (gMSA), whose passwords the domain makes and changes (O-13, T-11).

use ad_directory::{Dn, EncryptionTypes, ServicePrincipalName, Sid};
use serde::{Deserialize, Serialize};

/// What kind of account it is (O-13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountKind {
    /// A user of Active Directory, whose password a vault keeps.
    #[default]
    User,
    /// A group managed service account: the domain makes its password and changes it, the hosts that run the service fetch it, and no vault
    /// has it.
    GroupManaged,
}

/// How tickets for a gMSA are encrypted: exactly one way (T-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TicketEncryption {
    /// Nothing is said: the controllers use the domain's default, which may be RC4.
    None,
    /// DES; broken.
    Des,
    /// RC4; its key is the plain hash of the password.
    Rc4,
    /// AES with 128 bits.
    Aes128,
    /// AES with 256 bits.
    #[default]
    Aes256,
}

impl TicketEncryption {
    /// As the directory writes it.
    pub const fn types(self) -> EncryptionTypes {
        match self {
            Self::None => EncryptionTypes::from_bits(0),
            Self::Des => EncryptionTypes::DES_CBC_CRC.with(EncryptionTypes::DES_CBC_MD5),
            Self::Rc4 => EncryptionTypes::RC4,
            Self::Aes128 => EncryptionTypes::AES128,
            Self::Aes256 => EncryptionTypes::AES256,
        }
    }
}

/// Who may retrieve the password of a gMSA.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PasswordReader {
    /// The members of a directory group, usually the computers that run the service.
    Group(Dn),
    /// One computer or another principal, by its security identifier.
    Sid(Sid),
}

/// What a template says of its accounts when they are gMSAs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManagedTemplate {
    /// Who may retrieve the password of each of them.
    pub readers: Vec<PasswordReader>,
    /// Whether the requester names others beside them, which the approvers see.
    pub allow_readers: bool,
    /// How tickets for them are encrypted.
    pub encryption: TicketEncryption,
    /// After how many days the domain changes the password, 1 to 3,650. It cannot be changed later.
    pub password_interval_days: u32,
}

impl ManagedTemplate {
    /// Accounts whose password these may retrieve and nobody else, with AES-256 and another password every 30 days.
    pub fn new(readers: impl IntoIterator<Item = PasswordReader>) -> Self {
        Self {
            readers: readers.into_iter().collect(),
            allow_readers: false,
            encryption: TicketEncryption::default(),
            password_interval_days: 30,
        }
    }

    /// Accounts whose password those may retrieve whom the requester names.
    pub fn of_requester() -> Self {
        Self { allow_readers: true, ..Self::new([]) }
    }
}

/// Everything that makes a gMSA one, as an engine gives it to the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "journalled data; its serde form is the contract")]
pub struct ManagedSpec {
    /// Who may retrieve its password.
    pub readers: Vec<PasswordReader>,
    /// How tickets for it are encrypted.
    pub encryption: TicketEncryption,
    /// Its Kerberos service names.
    pub service_principal_names: Vec<ServicePrincipalName>,
    /// After how many days its password is changed.
    pub password_interval_days: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_11_each_encryption_is_one_way_only() {
        let bits = [
            (TicketEncryption::None, 0),
            (TicketEncryption::Des, 3),
            (TicketEncryption::Rc4, 4),
            (TicketEncryption::Aes128, 8),
            (TicketEncryption::Aes256, 16),
        ];
        for (encryption, expected) in bits {
            assert_eq!(encryption.types().bits(), expected, "{encryption:?}");
        }
        assert!(!TicketEncryption::default().types().allows_weak());
    }
}
