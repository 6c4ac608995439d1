//! The stores that need no server pass the suite.

use std::sync::atomic::{AtomicU32, Ordering};

use alm_core::adapter::store_memory::MemoryStore;
use alm_core::adapter::store_sqlite::SqliteStore;
use alm_core::conformance::store::{PersistentHarness, StoreHarness};
use alm_core::model::ids::InstanceId;
use tempfile::TempDir;
use uuid::Uuid;

struct Memory;

impl StoreHarness for Memory {
    type Store = MemoryStore;

    async fn fresh(&self) -> MemoryStore {
        MemoryStore::new(InstanceId::new(Uuid::from_u128(1)))
    }
}

struct Sqlite {
    folder: TempDir,
    stores: AtomicU32,
}

fn sqlite() -> Sqlite {
    Sqlite { folder: TempDir::new().unwrap(), stores: AtomicU32::new(0) }
}

impl StoreHarness for Sqlite {
    type Store = SqliteStore;

    async fn fresh(&self) -> SqliteStore {
        let number = self.stores.fetch_add(1, Ordering::Relaxed);
        super::open(&self.folder.path().join(format!("{number}.alm"))).await.unwrap()
    }
}

impl PersistentHarness for Sqlite {
    async fn reopen(&self, store: SqliteStore) -> SqliteStore {
        let path = store.path().to_owned();
        drop(store);
        super::open(&path).await.unwrap()
    }
}

mod memory {
    use super::Memory;

    alm_core::store_suite!(Memory);
}

mod sqlite_file {
    use super::sqlite;

    alm_core::store_suite!(persistent sqlite());
}

/// Both can stand behind the same pointer.
#[tokio::test]
async fn a_store_can_be_chosen_at_run_time() {
    use alm_core::port::store::Store;

    let harness = sqlite();
    let stores: [Box<dyn Store>; 2] = [Box::new(Memory.fresh().await), Box::new(harness.fresh().await)];
    for store in stores {
        store.commit(super::create(1, "{}".to_owned())).await.unwrap();
        assert_eq!(store.meta().await.unwrap().commits, 1);
    }
}
