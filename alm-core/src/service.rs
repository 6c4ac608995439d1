//! The service: commands that change, queries that tell, the sweep of the clock, and the engine's side.
//!
//! ```text
//! caller ─► Alm::execute ─ remembered? ─► Command::decide(unit) ─► one Store::commit: records, audit, events, journal, result
//!                                           who may? load, rules            └─ a version changed in between: decide anew
//! ```

pub mod accounts;
pub mod adoption;
mod alm;
pub mod api_tokens;
pub mod approvals;
pub mod audit_export;
mod audit_feed;
pub mod audit_proof;
pub mod audit_verify;
mod begin;
pub mod bulk;
mod campaign_sweep;
pub mod campaigns;
pub mod checkpoints;
pub mod cloning;
pub mod command;
mod complete;
pub mod delegations;
mod deliver;
pub mod destinations;
mod dispatch;
pub mod doctor;
pub mod drift;
pub mod emails;
mod escalation;
pub mod estate;
pub mod failures;
pub mod groups;
pub mod inbox;
mod leaving;
mod link;
pub mod migration;
mod migration_end;
pub mod mirror;
mod owners;
mod pair_turns;
pub mod pairs;
pub mod people;
pub mod plan;
pub mod policy;
pub mod privileges;
mod publications;
pub mod publishing;
pub mod queries;
mod remaining;
pub mod repair;
pub mod requests;
pub mod roles;
pub mod rotation;
pub mod secret_link;
pub mod secret_readers;
mod settings;
mod stored;
pub mod sweep;
pub mod sync;
pub mod tags;
pub mod templates;
mod unit;
pub mod vault_sync;

pub use self::alm::{Alm, AlmBuilder};
pub use self::command::{Caller, Command, IdempotencyKey};
pub use self::dispatch::{Dispatched, Dispatcher};
pub use self::plan::Plan;
pub use self::settings::Settings;
