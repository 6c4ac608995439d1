//! What the system is about: people, templates, requests, accounts, the estate, audit records and events.
//!
//! Plain data. Nothing here does IO, reads a clock or makes a random number.

pub mod account;
pub mod api_token;
pub mod audit;
pub mod campaign;
pub mod checkpoint;
pub mod delivery;
pub mod destination;
pub mod discovery;
pub mod doctor;
pub mod drift;
pub mod email;
pub mod estate;
pub mod event;
pub mod ids;
pub mod inbox;
pub mod managed;
pub mod migration;
pub mod mirror;
pub mod pair;
pub mod people;
pub mod period;
pub mod policy;
pub mod publication;
pub mod refusal;
pub mod request;
pub mod secret_link;
pub mod secret_readers;
pub mod siem;
pub mod sweep;
pub mod sync;
pub mod template;
pub mod vault_sync;
pub mod webhook;
