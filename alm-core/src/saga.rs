//! Changes that cross record, directory and vault (section X), as machines without IO.
//!
//! A saga is begun with a [plan](plan::Plan), which fixes everything that it needs, and goes on by [inputs](input::Input): that an effect was
//! started, how it ended, that a person wants it cancelled, retried or abandoned. The inputs are journalled; replaying them gives
//! the state ([`Machine::replay`]). From the state alone follows what to do next ([`Machine::next`]): run an effect, wait, stop and ask a
//! person, or end.
//!
//! ```text
//!   plan ──► Machine ──next()──► Run(effect) ──► engine runs it ──► Input::Finished ──► apply() ──┐
//!              ▲                 Wait(until)                                                     │
//!              └─────────────────Park(finding)   End(ending) ◄──────────────────────────────────┘
//! ```

mod adopt;
mod attempt;
pub mod effect;
pub mod input;
mod machine;
pub mod plan;
mod provision;
mod record;
mod rotate;
mod sequence;
mod state;
mod vault_rotate;
mod way_back;

pub use self::machine::Machine;
pub use self::record::{Completion, Ending, Misfit, Next, SagaRecord, SagaStatus};
