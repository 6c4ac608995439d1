//! The few pieces of BER that the values of controls are made of (X.690). The protocol's library panics on values that are not well-formed.

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// One element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// The cookie of a paged result: `SEQUENCE { INTEGER, OCTET STRING }` (RFC 2696).
pub(super) fn page_cookie(value: &[u8]) -> Option<Vec<u8>> {
    let (sequence, _) = expect(SEQUENCE, value)?;
    let (_, rest) = expect(INTEGER, sequence)?;
    expect(OCTETS, rest).map(|(cookie, _)| cookie.to_vec())
}

/// The value of a request for a page.
pub(super) fn page_request(size: u32, cookie: &[u8]) -> Vec<u8> {
    sequence(&[integer(i64::from(size)), tlv(OCTETS, cookie)])
}

/// The value of a control that is one number: `SEQUENCE { INTEGER }`.
pub(super) fn number(number: i64) -> Vec<u8> {
    sequence(&[integer(number)])
}

/// The value of a request for changes: `SEQUENCE { flags, maxBytes, cookie }` (MS-ADTS 3.1.1.3.4.1.3).
pub(super) fn dirsync_request(flags: i32, max_bytes: i64, cookie: &[u8]) -> Vec<u8> {
    sequence(&[integer(i64::from(flags)), integer(max_bytes), tlv(OCTETS, cookie)])
}

/// The value of its answer: whether there is more, and the cookie: `SEQUENCE { moreResults, unused, cookie }`.
pub(crate) fn dirsync_answer(value: &[u8]) -> Option<(bool, Vec<u8>)> {
    let (sequence, _) = expect(SEQUENCE, value)?;
    let (more, rest) = expect(INTEGER, sequence)?;
    let (_, rest) = expect(INTEGER, rest)?;
    let (cookie, _) = expect(OCTETS, rest)?;
    Some((more.iter().any(|byte| *byte != 0), cookie.to_vec()))
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// In as few bytes as it takes, the first of which carries the sign.
fn integer(number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let spare = bytes
        .windows(2)
        .take_while(|pair| {
            matches!(pair, [0, next] if next & 0x80 == 0) || matches!(pair, [0xff, next] if next & 0x80 != 0)
        })
        .count();
    tlv(INTEGER, bytes.get(spare..).unwrap_or(&bytes))
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => bytes.push(length),
        _ => {
            bytes.push(0x84);
            // Cookies and numbers: far below 4 GiB.
            bytes.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{dirsync_answer, dirsync_request, integer, number, page_cookie, page_request};

    /// The forms that controllers take (measured on Samba).
    #[test]
    fn the_values_of_the_controls_for_changes() {
        assert_eq!(dirsync_request(0, 0, b""), [0x30, 8, 2, 1, 0, 2, 1, 0, 4, 0]);
        let incremental = dirsync_request(i32::MIN | 1, 0, b"c");
        assert_eq!(incremental, [0x30, 12, 2, 4, 0x80, 0, 0, 1, 2, 1, 0, 4, 1, b'c']);
        assert_eq!(dirsync_answer(&incremental), Some((true, b"c".to_vec())));
        assert_eq!(dirsync_answer(&dirsync_request(0, 5, b"")), Some((false, Vec::new())));
        assert_eq!(number(1), [0x30, 3, 2, 1, 1]);
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(-1), [2, 1, 0xff]);
        assert_eq!(integer(i64::from(i32::MIN)), [2, 4, 0x80, 0, 0, 0]);
        assert_eq!(page_request(1000, b""), [0x30, 6, 2, 2, 3, 0xe8, 4, 0]);
    }

    proptest! {
        #[test]
        fn cookies_come_back(size: u32, cookie in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(page_cookie(&page_request(size, &cookie)), Some(cookie));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _any = (page_cookie(&bytes), dirsync_answer(&bytes));
        }
    }
}
