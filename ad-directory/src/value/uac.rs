//! userAccountControl: the flags of an account.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::ParseError;

/// The bits of `userAccountControl` (MS-ADTS 2.2.16). Bits that have no name here are kept as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserAccountControl(u32);

impl UserAccountControl {
    /// The account cannot sign in.
    pub const ACCOUNT_DISABLE: Self = Self(2);
    /// An empty password would be allowed. Never set by this crate.
    pub const PASSWORD_NOT_REQUIRED: Self = Self(32);
    /// An ordinary account.
    pub const NORMAL_ACCOUNT: Self = Self(512);
    /// A computer of the domain, or a managed account.
    pub const WORKSTATION_TRUST: Self = Self(4096);
    /// The password does not age.
    pub const PASSWORD_NEVER_EXPIRES: Self = Self(65_536);
    /// Sign-in by smart card only.
    pub const SMARTCARD_REQUIRED: Self = Self(262_144);
    /// Unconstrained delegation.
    pub const TRUSTED_FOR_DELEGATION: Self = Self(524_288);
    /// The account's identity is not delegated.
    pub const NOT_DELEGATED: Self = Self(1_048_576);
    /// Tickets without Kerberos pre-authentication: a password guesser's wish.
    pub const NO_PREAUTHENTICATION: Self = Self(4_194_304);
    /// Protocol transition.
    pub const TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION: Self = Self(16_777_216);

    /// From the raw bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The raw bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all bits of `flags` are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These bits and those of `flags`.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }

    /// These bits without those of `flags`.
    #[must_use]
    pub const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }

    /// With or without `flags`.
    #[must_use]
    pub const fn set(self, flags: Self, on: bool) -> Self {
        if on { self.with(flags) } else { self.without(flags) }
    }
}

impl FromStr for UserAccountControl {
    type Err = ParseError;

    /// Decimal; the attribute is a signed 32-bit integer, so the highest bit arrives as a minus.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("userAccountControl", "it is not a 32-bit number");
        let number: i64 = text.parse().map_err(|_| error())?;
        let bits = u32::try_from(number)
            .or_else(|_| i32::try_from(number).map(i32::cast_unsigned))
            .map_err(|_| error())?;
        Ok(Self(bits))
    }
}

impl fmt::Display for UserAccountControl {
    /// As the directory writes it: a signed decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.cast_signed().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::UserAccountControl as Uac;

    proptest! {
        #[test]
        fn round_trips_and_keeps_unknown_bits(bits: u32) {
            let flags = Uac::from_bits(bits);
            prop_assert_eq!(flags.to_string().parse::<Uac>().unwrap(), flags);
            let toggled = flags.set(Uac::ACCOUNT_DISABLE, true).set(Uac::ACCOUNT_DISABLE, false);
            prop_assert_eq!(toggled.bits(), bits & !2);
        }
    }

    #[test]
    fn what_is_not_32_bits_is_refused() {
        for text in ["", "x", "4294967296", "-2147483649", "1.0"] {
            assert!(text.parse::<Uac>().is_err(), "{text}");
        }
    }
}
