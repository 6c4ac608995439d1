//! What the core needs from the world: a store, a vault, a clock, randomness, and a link between service and engine.
//!
//! The directory's port is [`ad_directory::Directory`].

pub mod checkpoint;
pub mod clock;
pub mod courier;
pub mod credential;
pub mod delivery;
pub mod entropy;
pub mod inspector;
pub mod link;
pub mod sink;
pub mod store;
pub mod vault;
