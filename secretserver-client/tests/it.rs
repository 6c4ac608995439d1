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
    mod bodies;
    mod canary;
    mod capacity;
    mod child;
    mod document;
    mod everything;
    mod examples;
    mod files;
    mod gates;
    mod grants;
    mod hostile;
    mod leaks;
    mod lenient;
    mod marks;
    mod misuse;
    mod operations;
    mod options;
    mod origin;
    mod platform;
    mod preflight;
    mod product;
    mod raw;
    mod replay;
    mod requests;
    mod restricted;
    mod sending;
    mod signing_in;
    mod simulator;
    mod simulator_restrictions;
    mod tls;
}
