#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

pub mod adapter;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod error;
pub mod model;
pub mod port;
pub mod rules;
pub mod saga;

pub use error::{Error, ErrorKind, Outcome, Refusal, Result};
