//! That every rule of the table is proved by a test, and the proofs that are about the rules as a whole.
//!
//! A test proves what its name says (`l_36_l_37_the_tick_…`) when it has a [`World`](super::world::World) and comes to its end, what it says
//! with [`proves`], and every rule whose refusal it received by [`received`] or `World::refused`. `ids.rs` has the list.

mod bounds;
mod check;
mod ids;
mod messages;
mod proof;
mod refusals;
pub(super) mod table;
mod time;
mod vault;

pub(super) use proof::{Proof, proves, received};
