//! The integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected must fail, also in its helpers"
)]

mod it {
    mod canary;
    mod document;
    mod examples;
    mod files;
    mod hostile;
    mod leaks;
    mod lenient;
    mod marks;
    mod operations;
    mod options;
    mod preflight;
    mod raw;
    mod requests;
    mod restricted;
    mod sending;
    mod signing_in;
    mod simulator;
    mod tls;
}
