//! The embedded store: one file of SQLite, for one process.
//!
//! Instants are kept in nanoseconds since 1970, exactly for the years 1678 to 2261. The file is made with mode 0600, and so are its log
//! (`-wal`), its index (`-shm`) and its lock (`.lock`). Move or copy it only while it is closed, all of them together.

mod commit;
mod delivery;
mod error;
mod file;
mod lease;
mod options;
mod read;
mod schema;
mod sql;
mod value;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlitePool};
use uuid::Uuid;

pub use options::{Durability, SqliteOptions};

use crate::error::Result;
use crate::model::audit::{AuditRecord, ChainHash};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::{DestinationId, DomainId, EventId, SagaId};
use crate::port::delivery::DeliveryClaim;
use crate::port::store::{
    Claim, Commit, Document, DueKind, JournalEntry, Lease, RecordKind, Remembered, Store, StoreMeta,
};
use writer::Writer;

const OPEN: &str = "store.open";
/// SQLite's pages, in bytes; its default since 2016.
const PAGE: u64 = 4096;

/// A store in one file, with one writer and some readers.
///
/// No other process can open the file while this lives, which is why [`Claim::take_back`] is safe with it: whoever opened the store
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
    path: Arc<Path>,
    writer: Writer,
    readers: SqlitePool,
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
        let path: Arc<Path> = path.into();
        let writer = Writer::start(path.clone(), for_writing(&path, options), lock)
            .await
            .map_err(|error| error::of(OPEN, &path, &error.into()))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(for_reading(&path, options));
        let store = Self { path, writer, readers };
        // Whether it can be read is better known now.
        store.meta().await?;
        Ok(store)
    }

    /// The file, by the name under which it is locked.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends everything under way and lets go of the file. Dropping the future still closes it, only unobserved.
    ///
    /// # Errors
    /// None today.
    pub async fn close(self) -> Result<()> {
        self.readers.close().await;
        self.writer.close().await;
        Ok(())
    }
}

fn for_all(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(options.busy_timeout)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}

fn for_writing(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    let synchronous = match options.durability {
        Durability::PowerLoss => SqliteSynchronous::Full,
        Durability::ProcessCrash => SqliteSynchronous::Normal,
    };
    let connect = for_all(path, options)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .statement_cache_capacity(200)
        // After a burst the log gives its room back.
        .pragma("journal_size_limit", "67108864");
    match options.max_bytes {
        Some(bytes) => connect.pragma("max_page_count", (bytes / PAGE).max(1).to_string()),
        None => connect,
    }
}

fn for_reading(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    // Not opened read-only: the last one to close a file has to be able to tidy up its log.
    for_all(path, options).pragma("query_only", "ON")
}

#[async_trait]
impl Store for SqliteStore {
    async fn meta(&self) -> Result<StoreMeta> {
        self.read_meta().await
    }

    async fn load(&self, kind: RecordKind, id: Uuid) -> Result<Option<Document>> {
        self.read_one(kind, id).await
    }

    async fn list(&self, kind: RecordKind, after: Option<Uuid>, limit: u32) -> Result<Vec<Document>> {
        self.read_list(kind, after, limit).await
    }

    async fn find(
        &self,
        kind: RecordKind,
        index: &str,
        value: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Document>> {
        self.read_found(kind, index, value, after, limit).await
    }

    async fn count(&self, kind: RecordKind, index: &str, value: &str) -> Result<u64> {
        self.read_count(kind, index, value).await
    }

    async fn holder(&self, unique: &str) -> Result<Option<(RecordKind, Uuid)>> {
        self.read_holder(unique).await
    }

    async fn due(
        &self,
        due: DueKind,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RecordKind, Uuid, Timestamp)>> {
        self.read_due(due, until, limit).await
    }

    async fn count_due(&self, due: DueKind, until: Timestamp) -> Result<u64> {
        self.read_count_due(due, until).await
    }

    async fn commit(&self, commit: Commit) -> Result<()> {
        self.writer.change(commit).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>> {
        self.writer.change(claim).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Lease> {
        self.writer.change(lease::Renew { lease: *lease, until }).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.writer.change(lease::Release(*lease)).await
    }

    async fn next_ready(&self, domains: &[DomainId]) -> Result<Option<Timestamp>> {
        self.read_next_ready(domains).await
    }

    async fn journal(&self, saga: SagaId) -> Result<Vec<JournalEntry>> {
        self.read_journal(saga).await
    }

    async fn remembered(&self, actor: Uuid, key: &str) -> Result<Option<Remembered>> {
        self.read_remembered(actor, key).await
    }

    async fn forget(&self, before: Timestamp) -> Result<u64> {
        self.writer.change(lease::Forget(before)).await
    }

    async fn audit(&self, from: u64, limit: u32) -> Result<Vec<AuditRecord>> {
        self.read_audit(from, limit).await
    }

    async fn audit_head(&self) -> Result<(u64, ChainHash)> {
        self.read_audit_head().await
    }

    async fn undelivered(&self, limit: u32) -> Result<Vec<Event>> {
        self.read_undelivered(limit).await
    }

    async fn delivered(&self, events: &[EventId]) -> Result<()> {
        self.writer.change(lease::Delivered(events.to_vec())).await
    }

    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<Delivery>> {
        self.writer.change(claim).await
    }

    async fn deliveries(
        &self,
        destination: DestinationId,
        state: DeliveryState,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        self.read_deliveries(destination, state, after, limit).await
    }

    async fn forget_deliveries(&self, state: DeliveryState, before: Timestamp) -> Result<u64> {
        self.writer.change(delivery::ForgetDeliveries { state, before }).await
    }
}
