//! Security identifiers.

use std::{fmt, hash, str::FromStr};

use super::{ParseError, text_serde};

/// A security identifier, such as `S-1-5-21-678829047-4203559871-263114962-513` (MS-DTYP 2.4.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_copy_implementations, reason = "72 bytes: where it is copied should be seen")]
pub struct Sid {
    /// 48 bits.
    authority: u64,
    /// Noughts behind the last one, so that the comparison of the whole is that of those that there are, and then of their count. In place,
    /// since a large directory in memory is read at the speed of its memory.
    sub_authorities: [u32; MAX_SUB_AUTHORITIES],
    count: u8,
}

const MAX_SUB_AUTHORITIES: usize = 15;

const fn error(why: &'static str) -> ParseError {
    ParseError::new("security identifier", why)
}

impl Sid {
    /// From an identifier authority (48 bits; 5 is NT) and its sub-authorities (at most 15).
    ///
    /// # Errors
    /// When either is too big.
    pub fn new(authority: u64, sub_authorities: Vec<u32>) -> Result<Self, ParseError> {
        Self::of(authority, sub_authorities)
    }

    fn of(authority: u64, sub_authorities: impl IntoIterator<Item = u32>) -> Result<Self, ParseError> {
        if authority >= 1 << 48 {
            return Err(error("the authority is larger than 48 bits"));
        }
        let mut sid = Self { authority, sub_authorities: [0; MAX_SUB_AUTHORITIES], count: 0 };
        for sub in sub_authorities {
            let place = sid.sub_authorities.get_mut(usize::from(sid.count));
            *place.ok_or_else(|| error("it has more than 15 sub-authorities"))? = sub;
            sid.count += 1;
        }
        Ok(sid)
    }

    fn sub_authorities(&self) -> &[u32] {
        self.sub_authorities.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// From the bytes that the directory stores: the authority is big-endian, the rest little-endian.
    ///
    /// # Errors
    /// When the length does not fit the count, or the revision is not 1.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, ParseError> {
        let (head, rest) =
            bytes.split_first_chunk::<8>().ok_or_else(|| error("it is shorter than 8 bytes"))?;
        let [revision, count, authority @ ..] = head;
        if *revision != 1 {
            return Err(error("its revision is not 1"));
        }
        let (chunks, left) = rest.as_chunks::<4>();
        if chunks.len() != usize::from(*count) || !left.is_empty() {
            return Err(error("its length does not fit its count"));
        }
        let authority = authority.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        Self::of(authority, chunks.iter().map(|chunk| u32::from_le_bytes(*chunk)))
    }

    /// The identifier at the beginning of `bytes`, and what follows it.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let count = bytes.get(1).ok_or_else(|| error("it is shorter than 8 bytes"))?;
        let length = 8 + 4 * usize::from(*count);
        let (sid, rest) =
            bytes.split_at_checked(length).ok_or_else(|| error("its length does not fit its count"))?;
        Ok((Self::from_wire(sid)?, rest))
    }

    /// The bytes that the directory stores.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.wire_len());
        bytes.extend([1, self.count]);
        bytes.extend(self.authority.to_be_bytes().iter().skip(2));
        bytes.extend(self.sub_authorities().iter().flat_map(|sub| sub.to_le_bytes()));
        bytes
    }

    pub(crate) fn wire_len(&self) -> usize {
        8 + 4 * usize::from(self.count)
    }

    /// The last sub-authority: the relative identifier within a domain.
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities().last().copied()
    }

    /// Whether it is that of an account or a group that administers a domain by its nature, such as Domain Admins, krbtgt or Backup Operators:
    /// those of Microsoft's "Protected Accounts and Groups in Active Directory" (its appendix C), and Group Policy Creator Owners. Their
    /// `adminCount` is set by the domain only within the hour.
    ///
    /// ```
    /// use ad_directory::Sid;
    ///
    /// assert!("S-1-5-21-1-2-3-512".parse::<Sid>()?.is_administrative());
    /// assert!(!"S-1-5-21-1-2-3-513".parse::<Sid>()?.is_administrative());
    /// # Ok::<(), ad_directory::ParseError>(())
    /// ```
    pub fn is_administrative(&self) -> bool {
        match (self.authority, self.sub_authorities()) {
            // BUILTIN
            (5, [32, rid]) => matches!(rid, 544 | 548..=552),
            // A domain.
            (5, [21, _, _, _, rid]) => {
                matches!(rid, 498 | 500 | 502 | 512 | 516 | 518 | 519 | 520 | 521 | 526 | 527)
            }
            _ => false,
        }
    }

    /// The SID with another relative identifier at the end: from a domain's SID, the SID of its member.
    ///
    /// # Errors
    /// When there are 15 sub-authorities already.
    pub fn with_rid(&self, rid: u32) -> Result<Self, ParseError> {
        Self::of(self.authority, self.sub_authorities().iter().copied().chain([rid]))
    }
}

impl FromStr for Sid {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut parts = text.split('-');
        if !parts.next().is_some_and(|part| part.eq_ignore_ascii_case("S")) || parts.next() != Some("1") {
            return Err(error("it does not begin with S-1-"));
        }
        let authority = parts.next().ok_or_else(|| error("it has no authority"))?;
        let authority = match authority.strip_prefix("0x").or_else(|| authority.strip_prefix("0X")) {
            Some(hex) if !hex.starts_with('+') => u64::from_str_radix(hex, 16).ok(),
            Some(_) => None,
            None => number(authority),
        };
        let authority = authority.ok_or_else(|| error("its authority is not a number"))?;
        let subs = parts
            .map(|part| number(part).and_then(|n| u32::try_from(n).ok()))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| error("a sub-authority is not a 32-bit number"))?;
        Self::new(authority, subs)
    }
}

/// Digits only: `u64::from_str` takes a leading `+` too.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // MS-DTYP 2.4.2.1: in decimal below 2^32, in hex from there.
        if self.authority < 1 << 32 {
            write!(f, "S-1-{}", self.authority)?;
        } else {
            write!(f, "S-1-0x{:012X}", self.authority)?;
        }
        self.sub_authorities().iter().try_for_each(|sub| write!(f, "-{sub}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

impl hash::Hash for Sid {
    /// Only those that there are.
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        (self.authority, self.sub_authorities()).hash(state);
    }
}

text_serde!(Sid);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Sid;

    #[test]
    fn knows_administrators_by_their_numbers_and_nobody_else() {
        let is = |text: String| text.parse::<Sid>().unwrap().is_administrative();
        for rid in [498, 500, 502, 512, 516, 518, 519, 520, 521, 526, 527] {
            assert!(is(format!("S-1-5-21-1-2-3-{rid}")), "{rid}");
            // The same number means something else elsewhere.
            assert!(!is(format!("S-1-5-32-{rid}")) && !is(format!("S-1-5-21-1-2-{rid}")), "{rid}");
        }
        for rid in [501, 513, 514, 515, 517, 522, 544, 1_512] {
            assert!(!is(format!("S-1-5-21-1-2-3-{rid}")), "{rid}");
        }
        for rid in [544, 548, 549, 550, 551, 552] {
            assert!(is(format!("S-1-5-32-{rid}")), "{rid}");
        }
        for rid in [545, 546, 547, 553, 580] {
            assert!(!is(format!("S-1-5-32-{rid}")), "{rid}");
        }
    }

    #[test]
    fn reads_what_a_controller_stores() {
        let golden = [
            (
                "010500000000000515000000f71b7628bf3b8dfad2d0ae0f01020000",
                "S-1-5-21-678829047-4203559871-263114962-513",
            ),
            ("01020000000000052000000021020000", "S-1-5-32-545"),
        ];
        for (hex, text) in golden {
            let bytes: Vec<u8> = (0..hex.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(hex.get(i..i + 2).unwrap(), 16).unwrap())
                .collect();
            let sid = Sid::from_wire(&bytes).unwrap();
            assert_eq!(sid.to_string(), text);
            assert_eq!(sid.to_wire(), bytes);
        }
    }

    #[test]
    fn what_is_not_a_sid_is_refused() {
        for text in
            ["", "S", "S-2-5", "S-1-", "S-1-5-4294967296", "S-1-5--1", "S-1-+5", "S-1-0x1000000000000", "1-5"]
        {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        for bytes in
            [&[][..], &[1, 1, 0, 0, 0, 0, 0, 5], &[2, 0, 0, 0, 0, 0, 0, 5], &[1, 0, 0, 0, 0, 0, 0, 5, 1]]
        {
            assert!(Sid::from_wire(bytes).is_err());
        }
    }

    #[test]
    fn the_order_is_that_of_the_numbers() {
        let sid = |text: &str| text.parse::<Sid>().unwrap();
        let sorted =
            ["S-1-4", "S-1-5", "S-1-5-0", "S-1-5-0-0", "S-1-5-0-1", "S-1-5-1", "S-1-5-21-9"].map(sid);
        assert!(sorted.is_sorted() && sorted.windows(2).all(|pair| pair[0] != pair[1]));
    }

    proptest! {
        #[test]
        fn round_trips(authority in 0u64..1 << 48, subs in prop::collection::vec(any::<u32>(), 0..=15)) {
            let sid = Sid::new(authority, subs).unwrap();
            prop_assert_eq!(&Sid::from_wire(&sid.to_wire()).unwrap(), &sid);
            prop_assert_eq!(&sid.to_string().parse::<Sid>().unwrap(), &sid);
        }
    }
}
