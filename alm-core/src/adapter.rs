//! What stands behind the ports.

pub mod store_memory;
