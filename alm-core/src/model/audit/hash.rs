//! The two hashes of a record. The byte-by-byte account of them is in [the parent module](super).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Set before what is hashed, so that no hash of one kind is ever one of the other.
const CONTENT: &[u8] = b"alm-audit-content-1\0";
const CHAIN: &[u8] = b"alm-audit-chain-1\0";

/// How bytes are read and written that people see as hexadecimal digits: in lower case, so that they have one spelling.
macro_rules! in_hex {
    ($name:ident, $length:literal, $digits:literal) => {
        impl $name {
            /// Reads its hexadecimal digits, in lower case.
            pub fn parse(text: &str) -> Option<Self> {
                unhex(text).map(Self)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text)
                    .ok_or_else(|| serde::de::Error::custom(concat!("not ", $digits, " hexadecimal digits")))
            }
        }
    };
}
pub(in crate::model) use in_hex;

/// A hash of the chain: of a record, its number and everything before it. 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChainHash([u8; 32]);

/// The hash of what one record says, wherever it stands. 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash([u8; 32]);

in_hex!(ChainHash, 32, "64");
in_hex!(ContentHash, 32, "64");

impl ChainHash {
    /// What the first record follows.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash of the record with number `seq` that follows `prev` and has this content.
    pub fn link(seq: u64, prev: Self, content: ContentHash) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(CHAIN);
        hasher.update(seq.to_be_bytes());
        hasher.update(prev.0);
        hasher.update(content.0);
        Self(hasher.finalize().into())
    }
}

impl ContentHash {
    /// The hash of a record's body.
    pub fn of(body: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(CONTENT);
        hasher.update(body.as_bytes());
        Self(hasher.finalize().into())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('?');
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
        text
    })
}

/// Bytes from twice as many hexadecimal digits in lower case, and nothing else.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_text_form_and_nothing_else_is_one() {
        let hash = ChainHash::link(1, ChainHash::GENESIS, ContentHash::of("{}"));
        assert_eq!(ChainHash::parse(&hash.to_string()), Some(hash));
        let upper = hash.to_string().to_uppercase();
        let long = format!("{hash}0");
        // A sign is no digit, although numbers may have one.
        let signed: String = "+1".chars().chain(hash.to_string().chars().skip(2)).collect();
        for other in ["zz", "", &upper, &long, &signed, &"é".repeat(32)] {
            assert_eq!(ChainHash::parse(other), None, "{other}");
        }
        assert_eq!(hex(&[0, 0x0f, 0xf0, 0xff]), "000ff0ff");
        assert_eq!(unhex("000ff0ff"), Some([0, 0x0f, 0xf0, 0xff]));
    }

    #[test]
    fn a_2_number_place_and_content_each_make_another_hash() {
        let (one, two) = (ContentHash::of("1"), ContentHash::of("2"));
        let hash = ChainHash::link(1, ChainHash::GENESIS, one);
        assert_ne!(hash, ChainHash::link(2, ChainHash::GENESIS, one));
        assert_ne!(hash, ChainHash::link(1, hash, one));
        assert_ne!(hash, ChainHash::link(1, ChainHash::GENESIS, two));
    }
}
