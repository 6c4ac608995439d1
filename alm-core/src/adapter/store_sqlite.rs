//! The embedded store: one file of SQLite, for one process.
//!
//! Instants are kept in nanoseconds since 1970, exactly for the years 1678 to 2261. The file is made with mode 0600, and so are its log
//! (`-wal`), its index (`-shm`) and its lock (`.lock`). Move or copy it only while it is closed, all of them together.

mod backend;
mod error;
mod file;
mod options;
mod schema;

use std::path::Path;

pub use options::{Durability, SqliteOptions};

use self::backend::Sqlite;
use super::sql::Core;
use crate::error::Result;
use crate::port::store::Store as _;

const OPEN: &str = "store.open";

/// A store in one file, with one writer and some readers.
///
/// No other process can open the file while this lives, which is why [`Claim::take_back`](crate::port::store::Claim::take_back) is safe with it: whoever opened the store
/// knows that the process before is gone.
///
/// Dropping the future of a change before it has begun means that it does not happen; after that, it happens to its end. Dropping the
/// store lets what was begun end and lets go of the file soon after; [`close`](Self::close) waits for it.
///
/// ```
/// use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
/// use alm_core::port::store::Store;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("accounts.alm");
/// let store = SqliteStore::open(&path, SqliteOptions::default()).await?;
/// let instance = store.meta().await?.instance;
/// store.close().await?;
///
/// let store = SqliteStore::open(&path, SqliteOptions::default()).await?;
/// assert_eq!(store.meta().await?.instance, instance);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    core: Core<Sqlite>,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes one there with a new instance id. A store of an older format is brought to the newest.
    ///
    /// Call it in the tokio runtime in which the store will be used: its writer is a task there, and ends with it. Dropping the
    /// future leaves a store that is not open, and nothing half made.
    ///
    /// # Errors
    /// * [`StoreUnavailable`](crate::ErrorKind::StoreUnavailable): another process has it open and did not end within
    ///   [`busy_timeout`](SqliteOptions::busy_timeout), or the folder is missing or forbidden.
    /// * [`StoreNewer`](crate::ErrorKind::StoreNewer): a newer version wrote it. Nothing was changed.
    /// * [`StoreCorrupt`](crate::ErrorKind::StoreCorrupt): the file is something else, empty or damaged, or it is gone and its log is
    ///   there. Nothing was changed.
    /// * [`StoreFull`](crate::ErrorKind::StoreFull).
    pub async fn open(path: impl AsRef<Path> + Send, options: SqliteOptions) -> Result<Self> {
        let path = file::resolve(path.as_ref())?;
        // Looked at before anything is made beside it: a wrong path should not even get a lock.
        file::look(&path)?;
        let lock = file::lock(&path, options.busy_timeout).await?;
        match file::look(&path)? {
            file::Found::Nothing => file::create(&path).await?,
            file::Found::Store { format } => schema::upgrade(&path, format).await?,
        }
        let sqlite = Sqlite::new(path, options);
        let place = sqlite.path.clone();
        let core = Core::start(sqlite, lock).await.map_err(|error| error::of(OPEN, &place, &error.into()))?;
        let store = Self { core };
        // Whether it can be read is better known now.
        store.meta().await?;
        Ok(store)
    }

    /// The file, by the name under which it is locked.
    pub fn path(&self) -> &Path {
        &self.core.backend.path
    }

    /// Ends everything under way and lets go of the file. Dropping the future still closes it, only unobserved.
    ///
    /// # Errors
    /// None today.
    pub async fn close(self) -> Result<()> {
        self.core.backend.readers.close().await;
        self.core.close().await;
        Ok(())
    }
}

super::sql::store::store_in_sql!(SqliteStore);
