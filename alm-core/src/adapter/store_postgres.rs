//! The shared store: a schema of PostgreSQL, for any number of processes.
//!
//! Every change holds a lock of the schema until its transaction has ended, so changes come one after the other over all processes, as the chain of
//! the audit needs it; those of one process that wait together go to the disk together. Reads wait for nobody. Leases and their ends go by the
//! database's clock. Commits survive a power loss as far as the server's `fsync` and `full_page_writes` are on, as they are by default;
//! `synchronous_commit` is switched on for each session.
//!
//! Tested with PostgreSQL 15. Every process keeps one connection that writes, up to [`readers`](PostgresOptions::readers) that read, and one that
//! listens once an engine waits. A pooler between has to be in session mode. The tables are for this crate alone: it
//! looks for nobody who writes to them without its lock.
//!
//! Instants are kept as they are in SQLite: in nanoseconds since 1970, exactly for the years 1678 to 2261. The driver looks at the
//! environment variables of PostgreSQL for what cannot be said here: `PGSSLCERT` and `PGSSLKEY` name a client's certificate, `PGSSLROOTCERT` a
//! file of authorities where [`Tls::Verified`] has none.

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
/// Dropping the future of a change before it has begun means that it does not happen; after that, it happens to its end. Dropping the store lets
/// what was begun end, and closes the connections soon after; [`close`](Self::close) waits for it.
///
/// Connections that are lost are made anew. A read is asked again, for as long as
/// [`connect_timeout`](PostgresOptions::connect_timeout) while the server is away. A change of which nothing can have happened is made again
/// once, and then fails with outcome [`NotDone`](crate::Outcome::NotDone); one whose end is not known fails with
/// [`Unknown`](crate::Outcome::Unknown), and whoever asked for it looks before asking again, as this crate's service does.
///
/// A server that does not answer a statement within [`statement_timeout`](PostgresOptions::statement_timeout), because another program holds a lock,
/// say, is not waited for by each change in turn: all changes that were waiting at that moment end with
/// [`StoreUnavailable`](crate::ErrorKind::StoreUnavailable) and outcome `NotDone`, so none waits longer than that time and a little (five
/// seconds more for a server that is gone without a word). The next one tries again.
///
/// Only the lease says whether the process of an engine is gone, so [`Claim::take_back`](crate::port::store::Claim::take_back) is refused with
/// [`Config`](crate::ErrorKind::Config): of two processes with engines of one id, each would take the other's work out of its hands.
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
    /// Call it in the tokio runtime in which the store will be used: its writer is a task there, and ends with it. Dropping the future
    /// leaves a store that is not open, and nothing half made.
    ///
    /// # Errors
    /// * [`Config`](crate::ErrorKind::Config): the connection would neither be protected nor stay on this machine.
    /// * [`Refused`](crate::ErrorKind::Refused) with O-14: a name that no schema can have.
    /// * [`StoreUnavailable`](crate::ErrorKind::StoreUnavailable): it cannot be reached, or the user may not use it.
    /// * [`StoreNewer`](crate::ErrorKind::StoreNewer): a newer version wrote it. Nothing was changed.
    /// * [`StoreCorrupt`](crate::ErrorKind::StoreCorrupt): the schema has tables of somebody else, or what must be in ours is missing. Nothing was
    ///   changed.
    /// * [`StoreFull`](crate::ErrorKind::StoreFull).
    pub async fn open(options: PostgresOptions) -> Result<Self> {
        schema::check_name(&options.schema)?;
        connect::check(&options)?;
        let place = options.place();
        let name = options.schema.clone();
        let postgres = Postgres::new(options);
        let failed = |error: sqlx::Error| error::of(OPEN, &place, &error.into());
        let mut session = postgres.connect().await.map_err(failed)?;
        let found = schema::prepare(&mut session.connection, &name, schema::STEPS).await.map_err(failed)?;
        schema::warn_of_risks(&mut session.connection, &place).await.map_err(failed)?;
        drop(Postgres::close(session).await);
        schema::refuse(found, &place)?;
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
