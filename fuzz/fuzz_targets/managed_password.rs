//! Any bytes as the value of `msDS-ManagedPassword`, and as the passwords in a well-formed one: what is read lies in the value and ends where
//! it must, and neither an error nor `Debug` shows any of it.
#![no_main]

use std::time::Duration;

use ad_directory::ManagedPassword;
use fuzz::must_be_showable;
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;

/// "Canary", in UTF-16.
const CANARY: &[u8] = b"C\0a\0n\0a\0r\0y\0";

fuzz_target!(|bytes: &[u8]| {
    match ManagedPassword::from_wire(bytes) {
        Ok(read) => {
            for password in [Some(read.current()), read.previous()].into_iter().flatten() {
                let password = password.expose_secret();
                assert!(!password.is_empty() && password.len() % 2 == 0);
                assert!(!password.as_chunks::<2>().0.contains(&[0, 0]), "it ends at the first NUL");
                let ended = [password, &[0, 0]].concat();
                assert!(bytes.windows(ended.len()).any(|part| part == ended));
            }
            assert!(
                read.query_interval()
                    <= Duration::from_nanos(100)
                        .saturating_mul(u32::MAX)
                        .max(Duration::from_secs(u64::MAX / 10_000_000 + 1))
            );
            assert!(format!("{read:?}").len() < 400, "a password would be longer");
        }
        Err(error) => must_be_showable(&error.to_string()),
    }

    let units: Vec<u8> =
        bytes.as_chunks::<2>().0.iter().filter(|unit| **unit != [0, 0]).flatten().copied().collect();
    let (current, previous) = units.split_at(units.len() / 4 * 2);
    let current = [CANARY, current].concat();
    let previous = Some(previous).filter(|password| !password.is_empty());
    let query = bytes.first_chunk().map_or(u64::MAX, |ticks| u64::from_le_bytes(*ticks));
    let read = ManagedPassword::from_wire(&blob(&current, previous, query)).unwrap();
    assert_eq!(read.current().expose_secret(), current);
    assert_eq!(read.previous().map(|password| password.expose_secret()), previous);
    assert_eq!(read.query_interval().as_nanos(), u128::from(query) * 100);
    assert_eq!(read.unchanged_interval(), Duration::from_mins(5));
    let shown = format!("{read:?}");
    assert!(!shown.contains("Canary") && !shown.contains("67, 0, 97"), "{shown}");
});

/// MS-ADTS 2.2.19.
fn blob(current: &[u8], previous: Option<&[u8]>, query: u64) -> Vec<u8> {
    let mut body = [current, &[0, 0]].concat();
    let previous_at = previous.map_or(0, |_| 16 + body.len());
    if let Some(previous) = previous {
        body.extend([previous, &[0, 0]].concat());
    }
    body.resize(body.len().next_multiple_of(8), 0);
    let query_at = 16 + body.len();
    body.extend(query.to_le_bytes());
    body.extend(3_000_000_000u64.to_le_bytes());
    let mut bytes = vec![1, 0, 0, 0];
    bytes.extend(u32::try_from(16 + body.len()).unwrap().to_le_bytes());
    for offset in [16, previous_at, query_at, query_at + 8] {
        bytes.extend(u16::try_from(offset).unwrap().to_le_bytes());
    }
    [bytes, body].concat()
}
