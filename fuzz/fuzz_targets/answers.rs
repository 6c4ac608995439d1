//! Any bytes as the answer of every operation: no panic, and an error that can be shown.
#![no_main]

use std::sync::OnceLock;

use fuzz::must_be_showable;
use libfuzzer_sys::fuzz_target;
use secretserver_client::testing::{AnswerReader, answer_readers};

static READERS: OnceLock<Vec<AnswerReader>> = OnceLock::new();

/// The first byte says which part of the operations reads the rest: all of them at each run would be slow.
const PARTS: u8 = 16;

fuzz_target!(|input: &[u8]| {
    let Some((part, body)) = input.split_first() else { return };
    let readers = READERS.get_or_init(|| answer_readers().unwrap());
    for reader in readers.iter().skip((part % PARTS).into()).step_by(PARTS.into()) {
        if let Err(error) = reader.read(body) {
            must_be_showable(&error.to_string());
        }
    }
});
