//! What a sign-in says about a password.

use serde::{Deserialize, Serialize};

/// The answer to "is this the password?", found by a sign-in.
///
/// A refusal may prove the password right: the controller looks at the password first and then at the state of the account. Ask
/// [`proves_password`](Self::proves_password).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PasswordCheck {
    /// Signed in.
    Accepted,
    /// Right, but the account is disabled (`533`).
    Disabled,
    /// Right, but the password is too old (`532`).
    PasswordExpired,
    /// Right, but the account is past its end (`701`).
    AccountExpired,
    /// Right, but it must be changed first (`773`).
    MustChange,
    /// Right, but not at this hour (`530`).
    LogonHours,
    /// Right, but not from here (`531`).
    Workstation,
    /// Wrong (`52e`).
    Wrong,
    /// The account is locked; nothing was said about the password (`775`). Wait: another try makes it last longer.
    LockedOut,
    /// Refused by another restriction, which says nothing certain about the password (`52f` and others).
    Restricted,
}

impl PasswordCheck {
    /// `Some(true)` when the password is the account's, `Some(false)` when it is not, `None` when the answer does not tell.
    pub const fn proves_password(self) -> Option<bool> {
        match self {
            Self::Accepted
            | Self::Disabled
            | Self::PasswordExpired
            | Self::AccountExpired
            | Self::MustChange
            | Self::LogonHours
            | Self::Workstation => Some(true),
            Self::Wrong => Some(false),
            Self::LockedOut | Self::Restricted => None,
        }
    }

    /// From the sub-code of a refused sign-in (`data 52e`); `None` for one that does not speak of the account.
    pub const fn from_bind_code(code: u32) -> Option<Self> {
        Some(match code {
            // 525, no such user, is as wrong as a wrong password: Windows tells them apart, Samba does not.
            0x525 | 0x52e => Self::Wrong,
            0x530 => Self::LogonHours,
            0x531 => Self::Workstation,
            0x532 => Self::PasswordExpired,
            0x533 => Self::Disabled,
            0x701 => Self::AccountExpired,
            0x773 => Self::MustChange,
            0x775 => Self::LockedOut,
            0x52f | 0x568 => Self::Restricted,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::PasswordCheck;

    #[test]
    fn only_a_known_refusal_says_something() {
        for (code, proof) in [
            (0x52e, Some(false)),
            (0x530, Some(true)),
            (0x531, Some(true)),
            (0x532, Some(true)),
            (0x533, Some(true)),
            (0x701, Some(true)),
            (0x773, Some(true)),
            (0x775, None),
            (0x52f, None),
        ] {
            assert_eq!(PasswordCheck::from_bind_code(code).unwrap().proves_password(), proof, "{code:x}");
        }
        assert_eq!(PasswordCheck::from_bind_code(0x57), None);
    }
}
