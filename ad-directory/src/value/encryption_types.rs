//! msDS-SupportedEncryptionTypes: how tickets for an account are encrypted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::ParseError;

/// The bits of `msDS-SupportedEncryptionTypes` (MS-KILE 2.2.7). Bits that have no name here are kept as they are.
///
/// ```
/// # use ad_directory::EncryptionTypes;
/// let stored: EncryptionTypes = "28".parse()?;
/// assert!(stored.allows_weak());
/// assert_eq!(stored.without(EncryptionTypes::WEAK), EncryptionTypes::AES);
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncryptionTypes(u32);

impl EncryptionTypes {
    /// DES with CRC; broken.
    pub const DES_CBC_CRC: Self = Self(0x1);
    /// DES with MD5; broken.
    pub const DES_CBC_MD5: Self = Self(0x2);
    /// RC4; a guesser's wish, since its key is the plain hash of the password.
    pub const RC4: Self = Self(0x4);
    /// AES with 128 bits.
    pub const AES128: Self = Self(0x8);
    /// AES with 256 bits.
    pub const AES256: Self = Self(0x10);
    /// AES session keys although the ticket itself is encrypted otherwise.
    pub const AES256_SESSION_KEYS: Self = Self(0x20);
    /// FAST armoring is supported.
    pub const FAST: Self = Self(0x1_0000);
    /// Compound identity is supported.
    pub const COMPOUND_IDENTITY: Self = Self(0x2_0000);
    /// Claims are supported.
    pub const CLAIMS: Self = Self(0x4_0000);
    /// SIDs of resource groups are not compressed.
    pub const NO_SID_COMPRESSION: Self = Self(0x8_0000);
    /// Both kinds of AES and nothing else: what a new account should have.
    pub const AES: Self = Self(0x18);
    /// DES and RC4.
    pub const WEAK: Self = Self(0x7);

    /// From the raw bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The raw bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all bits of `types` are set.
    pub const fn contains(self, types: Self) -> bool {
        self.0 & types.0 == types.0
    }

    /// Whether DES or RC4 is allowed. Nothing set at all means the default of the domain, which may allow RC4 (MS-KILE 3.3.5.7).
    pub const fn allows_weak(self) -> bool {
        const ALL: u32 = EncryptionTypes::WEAK.0 | EncryptionTypes::AES.0;
        self.0 & Self::WEAK.0 != 0 || self.0 & ALL == 0
    }

    /// These bits and those of `types`.
    #[must_use]
    pub const fn with(self, types: Self) -> Self {
        Self(self.0 | types.0)
    }

    /// These bits without those of `types`.
    #[must_use]
    pub const fn without(self, types: Self) -> Self {
        Self(self.0 & !types.0)
    }
}

impl FromStr for EncryptionTypes {
    type Err = ParseError;

    /// Decimal; the attribute is a signed 32-bit integer.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("set of encryption types", "it is not a 32-bit number");
        let number: i64 = text.parse().map_err(|_| error())?;
        let bits = u32::try_from(number)
            .or_else(|_| i32::try_from(number).map(i32::cast_unsigned))
            .map_err(|_| error())?;
        Ok(Self(bits))
    }
}

impl fmt::Display for EncryptionTypes {
    /// As the directory writes it: a signed decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.cast_signed().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::EncryptionTypes as Types;

    proptest! {
        #[test]
        fn round_trips_and_keeps_unknown_bits(bits: u32) {
            let types = Types::from_bits(bits);
            prop_assert_eq!(types.to_string().parse::<Types>().unwrap(), types);
            prop_assert_eq!(types.with(Types::RC4).without(Types::RC4).bits(), bits & !4);
        }
    }

    #[test]
    fn what_is_weak() {
        assert_eq!(Types::AES.bits(), 24);
        assert_eq!(Types::AES.with(Types::RC4).bits(), 28);
        for (bits, weak) in
            [(0, true), (24, false), (28, true), (0x1_0000, true), (0x1_0010, false), (1, true)]
        {
            assert_eq!(Types::from_bits(bits).allows_weak(), weak, "{bits}");
        }
        for text in ["", "x", "4294967296", "-2147483649"] {
            assert!(text.parse::<Types>().is_err(), "{text}");
        }
    }
}
