//! `msDS-ManagedPassword`: the password of a managed account.

use std::time::Duration;

use secrecy::SecretSlice;
use zeroize::Zeroizing;

use crate::value::ParseError;

/// The password of a group managed service account, as a controller hands it to those who may read it (MS-ADTS 2.2.19).
///
/// It is random UTF-16 and not always valid text, so it is kept as its bytes: little-endian, without the NUL at the end. The NT hash of
/// the account is MD4 of just these bytes. They are wiped when it is dropped, and `Debug` does not show them.
#[derive(Debug)]
pub struct ManagedPassword {
    current: SecretSlice<u8>,
    previous: Option<SecretSlice<u8>>,
    query_interval: Duration,
    unchanged_interval: Duration,
}

const HEADER: usize = 16;

const fn error(why: &'static str) -> ParseError {
    ParseError::new("managed password", why)
}

impl ManagedPassword {
    /// From the value of `msDS-ManagedPassword`. Wipe `blob` afterwards: it holds the password.
    ///
    /// # Errors
    /// When the version is not 1, the length is not that of the value, or a part does not lie where it may.
    pub fn from_wire(blob: &[u8]) -> Result<Self, ParseError> {
        let head = blob.first_chunk::<HEADER>().ok_or_else(|| error("it is shorter than its header"))?;
        let (words, _) = head.as_chunks::<2>();
        let words: Vec<u16> = words.iter().map(|word| u16::from_le_bytes(*word)).collect();
        let &[version, _, length_0, length_1, current, previous, query, unchanged] = words.as_slice() else {
            return Err(error("it is shorter than its header"));
        };
        if version != 1 {
            return Err(error("its version is not 1"));
        }
        let length = u32::from(length_1) << 16 | u32::from(length_0);
        if usize::try_from(length) != Ok(blob.len()) {
            return Err(error("its length is not that of the value"));
        }
        let offsets = [current, previous, query, unchanged].map(usize::from);
        // Where the part at `offset` ends at the latest: where another begins, or the whole ends.
        let end =
            |offset: usize| offsets.into_iter().filter(|other| *other > offset).min().unwrap_or(blob.len());
        let part = |offset: usize| {
            if offset < HEADER {
                return Err(error("a part lies in its header"));
            }
            blob.get(offset..end(offset)).ok_or_else(|| error("a part lies behind its end"))
        };
        let interval = |offset: usize| {
            let ticks = part(offset)?.first_chunk().ok_or_else(|| error("an interval is cut off"))?;
            let ticks = u64::from_le_bytes(*ticks);
            Ok(Duration::from_secs(ticks / 10_000_000) + Duration::from_nanos(ticks % 10_000_000 * 100))
        };
        Ok(Self {
            current: password(part(usize::from(current))?)?,
            previous: if previous == 0 { None } else { Some(password(part(usize::from(previous))?)?) },
            query_interval: interval(usize::from(query))?,
            unchanged_interval: interval(usize::from(unchanged))?,
        })
    }

    /// The password of now.
    pub const fn current(&self) -> &SecretSlice<u8> {
        &self.current
    }

    /// The password before it, if there was one: tickets that were made with it may still be about.
    pub const fn previous(&self) -> Option<&SecretSlice<u8>> {
        self.previous.as_ref()
    }

    /// When to ask for the password again, from the moment it was read.
    pub const fn query_interval(&self) -> Duration {
        self.query_interval
    }

    /// How long the password stays what it is at least, from the moment it was read.
    pub const fn unchanged_interval(&self) -> Duration {
        self.unchanged_interval
    }
}

/// UTF-16 up to the NUL, after which only padding may come.
fn password(part: &[u8]) -> Result<SecretSlice<u8>, ParseError> {
    let (units, _) = part.as_chunks::<2>();
    let length =
        units.iter().position(|unit| *unit == [0, 0]).ok_or_else(|| error("a password has no end"))?;
    if length == 0 {
        return Err(error("a password is empty"));
    }
    let (password, padding) =
        part.split_at_checked(length * 2).ok_or_else(|| error("a password has no end"))?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(error("something stands behind the end of a password"));
    }
    let mut copy = Zeroizing::new(password.to_vec());
    Ok(std::mem::take(&mut *copy).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::{Duration, ManagedPassword};

    fn blob(current: &[u8], previous: Option<&[u8]>) -> Vec<u8> {
        let mut body = [current, &[0, 0]].concat();
        let previous_offset = previous.map_or(0, |_| 16 + body.len());
        if let Some(previous) = previous {
            body.extend([previous, &[0, 0]].concat());
        }
        body.resize(body.len().next_multiple_of(8), 0);
        let query = 16 + body.len();
        body.extend(12_345_678_901u64.to_le_bytes());
        body.extend(3_000_000_000u64.to_le_bytes());
        let mut bytes = vec![1, 0, 0, 0];
        bytes.extend(u32::try_from(16 + body.len()).unwrap().to_le_bytes());
        for offset in [16, previous_offset, query, query + 8] {
            bytes.extend(u16::try_from(offset).unwrap().to_le_bytes());
        }
        bytes.extend(body);
        bytes
    }

    #[test]
    fn both_passwords_and_both_intervals() {
        let current: Vec<u8> = (0..=255).map(|n| n | 1).collect();
        // An unpaired surrogate: no text, and still a password.
        let previous = [0x00, 0xd8].repeat(128);
        let read = ManagedPassword::from_wire(&blob(&current, Some(&previous))).unwrap();
        assert_eq!(read.current().expose_secret(), current);
        assert_eq!(read.previous().unwrap().expose_secret(), previous);
        assert_eq!(read.query_interval(), Duration::new(1234, 567_890_100));
        assert_eq!(read.unchanged_interval(), Duration::from_mins(5));
        let alone = ManagedPassword::from_wire(&blob(&current, None)).unwrap();
        assert!(alone.previous().is_none());
    }

    #[test]
    fn debug_shows_nothing() {
        let read = ManagedPassword::from_wire(&blob(b"C\0a\0n\0a\0r\0y\0", Some(b"O\0l\0d\0"))).unwrap();
        let shown = format!("{read:?}");
        assert!(
            shown.contains("REDACTED") && !shown.contains("Canary") && !shown.contains("67, 0, 97"),
            "{shown}"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let good = blob(&[1; 256], Some(&[2; 256]));
        let with = |place: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[place] = value;
            bytes
        };
        let cases = [
            Vec::new(),
            good[..15].to_vec(),
            good[..good.len() - 1].to_vec(),
            [good.as_slice(), &[0]].concat(),
            with(0, 2),
            with(4, 0),
            with(8, 0),
            with(8, 15),
            with(9, 0xff),
            with(11, 0xff),
            with(13, 0xff),
            with(15, 0xff),
            with(16, 0).into_iter().enumerate().map(|(n, byte)| if n == 17 { 0 } else { byte }).collect(),
            with(16 + 256, 1),
            blob(&[], None),
        ];
        for (number, bytes) in cases.iter().enumerate() {
            assert!(ManagedPassword::from_wire(bytes).is_err(), "case {number}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, place in 0usize..16, value: u8) {
            let _any = ManagedPassword::from_wire(&bytes);
            let mut damaged = blob(&[3; 256], Some(&[4; 256]));
            damaged[place] = value;
            if let Ok(read) = ManagedPassword::from_wire(&damaged) {
                prop_assert!(read.current().expose_secret().len() <= damaged.len());
            }
        }
    }
}
