//! Any bytes as the value of a control, as the option of an attribute that comes in parts, and as a whole entry in BER: no panic; what our
//! own reader of BER takes, that of the protocol's library takes for the same; and what we write is read back.
#![no_main]

use ad_directory::fuzzing;
use fuzz::must_be_showable;
use ldap3::asn1::{PL, parse_tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // It reads all of a value, and ours no more than it needs.
    if let Some(parts) = parts(bytes) {
        if let Some(cookie) = fuzzing::page_cookie(bytes) {
            let [_, PL::P(theirs), ..] = &parts[..] else { panic!("it sees no cookie in {parts:?}") };
            assert_eq!(theirs, &cookie);
        }
        if let Some((more, cookie)) = fuzzing::dirsync_answer(bytes) {
            let [PL::P(flag), _, PL::P(theirs), ..] = &parts[..] else {
                panic!("it sees no cookie in {parts:?}")
            };
            assert_eq!((flag.iter().any(|byte| *byte != 0), theirs), (more, &cookie));
        }
    }
    let size = bytes.first_chunk().map_or(0, |size| u32::from_le_bytes(*size));
    assert_eq!(fuzzing::page_cookie(&fuzzing::page_request(size, bytes)).as_deref(), Some(bytes));
    let request = fuzzing::dirsync_request(size.cast_signed(), i64::from(size), bytes);
    assert_eq!(fuzzing::dirsync_answer(&request), Some((size != 0, bytes.to_vec())));
    assert_eq!(parse_tag(&request).unwrap().0, b"", "all of what we write is one element");

    if let Ok((_, tag)) = parse_tag(bytes)
        && let Some(read) = fuzzing::entry(tag)
    {
        read.errors().for_each(|error| must_be_showable(&error.to_string()));
    }
    if let Ok(key) = std::str::from_utf8(bytes)
        && let Some((attribute, next)) = fuzzing::range(key)
    {
        let option = key.strip_prefix(&attribute).expect("the attribute comes first");
        let (_, end) = option.strip_prefix(";range=").unwrap().split_once('-').unwrap();
        match next {
            Some(next) => assert_eq!(end.parse::<u64>().unwrap() + 1, next),
            None => assert_eq!(end, "*"),
        }
    }
});

/// The parts of the sequence, as the library reads it.
fn parts(bytes: &[u8]) -> Option<Vec<PL>> {
    match parse_tag(bytes).ok()?.1.payload {
        PL::C(parts) => Some(parts.into_iter().map(|part| part.payload).collect()),
        PL::P(_) => None,
    }
}
