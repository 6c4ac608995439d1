//! The suites that everything behind a port must pass. What they check may change in any release.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a suite reports by panicking"
)]

pub mod store;
