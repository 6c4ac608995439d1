//! Guides: one page for each question that takes more than one type to answer.

#[doc = include_str!("guide/signing_in.md")]
pub mod signing_in {}

#[doc = include_str!("guide/own_operations.md")]
pub mod own_operations {}

#[doc = include_str!("guide/blocking.md")]
pub mod blocking {}
