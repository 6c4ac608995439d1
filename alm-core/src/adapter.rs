//! What stands behind the ports.

#[cfg(feature = "secret-server")]
#[cfg_attr(docsrs, doc(cfg(feature = "secret-server")))]
pub mod secret_server;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
pub mod store_memory;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub mod store_postgres;
#[cfg(feature = "sqlite")]
pub mod store_sqlite;
