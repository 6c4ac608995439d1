//! What stands behind the ports.

#[cfg(feature = "secret-server")]
#[cfg_attr(docsrs, doc(cfg(feature = "secret-server")))]
pub mod secret_server;
#[cfg(feature = "sqlite")]
mod sql;
pub mod store_memory;
#[cfg(feature = "sqlite")]
pub mod store_sqlite;
