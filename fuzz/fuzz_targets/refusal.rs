//! Any code and any words of a controller as a refusal: an error that can be shown, with the codes that were in it, and without its words,
//! which may quote what was written.
#![no_main]

use std::error::Error as _;

use ad_directory::{ErrorKind, Outcome, fuzzing};
use fuzz::must_be_showable;
use libfuzzer_sys::fuzz_target;

const CANARY: &str = "Canary-hunter2";
const INVALID_CREDENTIALS: u32 = 49;

fuzz_target!(|input: (u8, &str)| {
    let (code, words) = (u32::from(input.0), input.1);
    check(code, words);
    check(code, &format!("{words}{CANARY}"));
    check(code, &format!("{CANARY}: {words}"));
});

fn check(code: u32, words: &str) {
    let error = fuzzing::refusal(code, words);
    let shown = error.to_string();
    must_be_showable(&shown);
    assert!(!shown.contains(CANARY) && !format!("{error:?}").contains(CANARY), "{shown}");
    assert!(error.source().is_none() && !error.advice().is_empty());
    assert_eq!((error.ldap_code(), error.outcome()), (Some(code), Outcome::NotDone));
    let head = words.split_once(':').map(|(head, _)| head.trim());
    let hex = head.filter(|head| head.len() == 8 && head.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let win32 = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
    if code == INVALID_CREDENTIALS {
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::Auth, None));
    } else {
        assert_eq!((error.bind_code(), error.win32_code()), (None, win32), "{words:?}");
    }
    // What a program decides by: nobody is told that a password was refused, or wrong, by a text that does not say so.
    let says = |code| win32 == Some(code);
    assert_eq!(
        error.kind() == ErrorKind::PasswordPolicy,
        says(0x52d) && code != INVALID_CREDENTIALS,
        "{words:?}"
    );
    assert_eq!(
        error.kind() == ErrorKind::WrongPassword,
        says(0x56) && code != INVALID_CREDENTIALS,
        "{words:?}"
    );
}
