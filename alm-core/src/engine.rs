//! The engine: runs the effects of sagas on the organization's machine, where the domain and the vault can be reached (section E).
//!
//! ```text
//!   claim ─► begin ─► [effect: look first, then act, under a time limit] ─► finish ─► next effect … ─► over
//! ```
//!
//! Passwords are made here, put into the vault first, and read back from there when the directory needs them. They travel no further.

mod account_effects;
mod adopt_effects;
mod changes;
mod discover;
mod guard;
pub mod hook;
mod inspector;
mod local_policy;
mod managed;
mod marker;
mod migrate_effects;
mod object;
mod password;
mod run;
mod secret_effects;
mod secret_inspector;
mod survey;
mod translate;
mod vault_change;

pub use self::hook::{EffectHook, EffectPoint};
pub use self::inspector::PlaceInspector;
pub use self::local_policy::LocalPolicy;
pub use self::marker::{MarkerKey, SagaMarker};
pub use self::run::{Engine, EngineBuilder, RunReport};
