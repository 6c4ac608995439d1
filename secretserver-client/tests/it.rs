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
    mod answers;
    mod api;
    mod canary;
    mod capacity;
    mod document;
    mod everything;
    mod examples;
    mod gates;
    mod hostile;
    mod operations;
    mod options;
    mod raw;
    mod requests;
    mod restricted;
    mod sending;
    mod signing_in;
    mod simulator;
    mod tls;
}
