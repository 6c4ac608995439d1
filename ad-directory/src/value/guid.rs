//! objectGUID: what an object is, wherever it moves.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ParseError;

/// The `objectGUID` of an object. It stays when the object is renamed or moved, and is never given out again.
///
/// On the wire the first three fields are little-endian (MS-DTYP 2.3.4.2); in text it is the usual dashed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectGuid(Uuid);

impl ObjectGuid {
    /// From the identity as people write it.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// From the 16 bytes that the directory stores.
    ///
    /// # Errors
    /// When there are not 16 bytes.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, ParseError> {
        let bytes = bytes.try_into().map_err(|_| ParseError::new("objectGUID", "it is not 16 bytes"))?;
        Ok(Self(Uuid::from_bytes_le(bytes)))
    }

    /// The 16 bytes that the directory stores.
    pub const fn to_wire(self) -> [u8; 16] {
        self.0.to_bytes_le()
    }

    /// The same as a UUID.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl FromStr for ObjectGuid {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| ParseError::new("objectGUID", "it is not 32 hex digits with dashes"))
    }
}

impl fmt::Display for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Uuid> for ObjectGuid {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ObjectGuid;

    #[test]
    fn the_first_three_fields_are_little_endian() {
        let bytes: Vec<u8> = (0..16).collect();
        let guid = ObjectGuid::from_wire(&bytes).unwrap();
        assert_eq!(guid.to_string(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert!(ObjectGuid::from_wire(&bytes[..15]).is_err());
    }

    proptest! {
        #[test]
        fn round_trips(bytes: [u8; 16]) {
            let guid = ObjectGuid::from_wire(&bytes).unwrap();
            prop_assert_eq!(guid.to_wire(), bytes);
            prop_assert_eq!(guid.to_string().parse::<ObjectGuid>().unwrap(), guid);
        }
    }
}
