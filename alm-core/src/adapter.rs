//! What stands behind the ports.

pub mod store_memory;
#[cfg(feature = "sqlite")]
pub mod store_sqlite;
