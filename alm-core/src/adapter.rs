//! What stands behind the ports.

pub mod checkpoint_file;
pub mod ed25519;
#[cfg(feature = "email")]
#[cfg_attr(docsrs, doc(cfg(feature = "email")))]
pub mod email;
#[cfg(feature = "secret-server")]
#[cfg_attr(docsrs, doc(cfg(feature = "secret-server")))]
pub mod secret_server;
#[cfg(feature = "siem")]
#[cfg_attr(docsrs, doc(cfg(feature = "siem")))]
pub mod siem;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
pub mod store_memory;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub mod store_postgres;
#[cfg(feature = "sqlite")]
pub mod store_sqlite;
#[cfg(any(feature = "siem", feature = "webhook"))]
mod tls;
#[cfg(feature = "webhook")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
pub mod webhook;
