#![cfg_attr(docsrs, feature(doc_cfg))]
// Its examples need the adapters.
#![cfg_attr(all(feature = "sqlite", feature = "secret-server", feature = "ldap"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "secret-server", feature = "ldap")),
    doc = "The life of service accounts: requested, approved, provisioned, renewed, expired, deleted, audited."
)]

pub mod adapter;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod engine;
pub mod error;
pub mod model;
pub mod port;
pub mod rules;
pub mod saga;
pub mod service;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

pub use engine::Engine;
pub use error::{Error, ErrorKind, Outcome, Refusal, Result};
pub use service::{Alm, Caller, Command, Dispatcher, IdempotencyKey, Settings};
