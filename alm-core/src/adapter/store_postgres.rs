//! The shared store: a schema of PostgreSQL, for any number of processes.
//!
//! Every commit holds a lock of the schema, so commits come one after the other over all processes, as the chain of the audit needs it; those of one
//! process that wait together go to the disk together. Leases go by the database's clock.

mod backend;
mod connect;
mod error;
mod listen;
mod options;
#[cfg(test)]
mod real_postgres;
mod schema;
mod text;

pub use options::{LeaseClock, PostgresOptions, Tls};

use self::backend::Postgres;
use super::sql::Core;
use super::sql::backend::Backend as _;
use crate::error::Result;
use crate::port::store::Store as _;

const OPEN: &str = "store.open";

/// A store in a schema of PostgreSQL, with one writer and some readers in this process.
///
/// Dropping the future of a change before it has begun means that it does not happen; after that, it happens to its end. A connection that is
/// lost is made anew by the next operation; a commit under way then ends with outcome [`Unknown`](crate::Outcome::Unknown).
///
/// ```no_run
/// use alm_core::adapter::store_postgres::{PostgresOptions, PostgresStore};
/// use alm_core::port::store::Store;
///
/// # async fn run() -> alm_core::Result<()> {
/// let options = PostgresOptions::new("db.corp.example", "alm", "alm_service").password(std::env::var("ALM_DB_PASSWORD").unwrap_or_default());
/// let store = PostgresStore::open(options).await?;
/// println!("instance {}", store.meta().await?.instance);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct PostgresStore {
    core: Core<Postgres>,
}

impl PostgresStore {
    /// Opens the store, or makes one with a new instance id if the schema is missing or empty. A store of an older format is brought to the
    /// newest; whoever opens it at the same time waits.
    ///
    /// Call it in the tokio runtime in which the store will be used: its writer is a task there, and ends with it.
    ///
    /// # Errors
    /// * [`Config`](crate::ErrorKind::Config): the connection would neither be protected nor stay on this machine.
    /// * [`Refused`](crate::ErrorKind::Refused) with O-14: a name that no schema can have.
    /// * [`StoreUnavailable`](crate::ErrorKind::StoreUnavailable): it cannot be reached, or the user may not use it.
    /// * [`StoreNewer`](crate::ErrorKind::StoreNewer): a newer version wrote it. Nothing was changed.
    /// * [`StoreCorrupt`](crate::ErrorKind::StoreCorrupt): the schema has tables of somebody else. Nothing was changed.
    pub async fn open(options: PostgresOptions) -> Result<Self> {
        schema::check_name(&options.schema)?;
        connect::check(&options)?;
        let place = options.place();
        let name = options.schema.clone();
        let postgres = Postgres::new(options);
        let failed = |error: sqlx::Error| error::of(OPEN, &place, &error.into());
        let mut session = postgres.connect().await.map_err(failed)?;
        let found = schema::prepare(&mut session.connection, &name, schema::STEPS).await.map_err(failed)?;
        drop(Postgres::close(session).await);
        schema::refuse(&found, &place)?;
        let store = Self { core: Core::start(postgres, ()).await.map_err(failed)? };
        // Whether it can be read is better known now.
        store.meta().await?;
        Ok(store)
    }

    /// Where it is, and how it is used.
    pub fn options(&self) -> &PostgresOptions {
        &self.core.backend.options
    }

    /// Ends everything under way and closes the connections. Dropping the future still closes them, only unobserved.
    ///
    /// # Errors
    /// None today.
    pub async fn close(self) -> Result<()> {
        self.core.backend.readers.close().await;
        self.core.close().await;
        Ok(())
    }
}

super::sql::store::store_in_sql!(PostgresStore);
