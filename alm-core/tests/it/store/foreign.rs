//! Files that are not a store of ours, and stores that cannot be opened: refused in one line, and not a byte is changed.

use std::fs;
use std::path::Path;

use alm_core::{Error, ErrorKind};
use tempfile::TempDir;

use super::{create, open, open_now};
use alm_core::port::store::Store as _;

/// The bytes of a store that was closed in order.
async fn store_bytes() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let store = open(&path).await.unwrap();
    for number in 1..50 {
        store.commit(create(number, "{}".to_owned())).await.unwrap();
    }
    store.close().await.unwrap();
    fs::read(path).unwrap()
}

fn one_line_about(error: &Error, path: &Path) {
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "{text}");
    assert!(!text.contains('\n'), "{text}");
    assert!(error.advice().is_some(), "{text}");
    assert_eq!(error.operation(), "store.open");
}

/// Opening it fails so, changes nothing in it, and leaves nothing beside it.
async fn left_alone(bytes: &[u8], kind: ErrorKind) -> Error {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.file");
    fs::write(&path, bytes).unwrap();
    let error = open_now(&path).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    one_line_about(&error, &path.canonicalize().unwrap());
    assert!(fs::read(&path).unwrap() == bytes, "the file was changed");
    let beside: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["other.file"]);
    error
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let mut bytes = store_bytes().await;
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let text = left_alone(&bytes, ErrorKind::StoreNewer).await.to_string();
    assert!(text.contains("format 99") && text.contains("up to 2"), "{text}");
}

#[tokio::test]
async fn other_files_are_refused() {
    left_alone(b"", ErrorKind::StoreCorrupt).await;
    left_alone(b"notes of mine", ErrorKind::StoreCorrupt).await;
    left_alone(&[0x5a; 8192], ErrorKind::StoreCorrupt).await;
}

#[tokio::test]
async fn databases_of_other_programs_are_refused() {
    let mut bytes = store_bytes().await;
    bytes[68..72].copy_from_slice(&7_u32.to_be_bytes());
    left_alone(&bytes, ErrorKind::StoreCorrupt).await;
}

#[tokio::test]
async fn what_is_left_of_a_lost_store_is_not_swallowed_by_a_new_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let log = folder.path().join("store.alm-wal");
    fs::write(&log, "the last commits").unwrap();
    let error = open(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreCorrupt);
    one_line_about(&error, &folder.path().canonicalize().unwrap().join("store.alm"));
    assert_eq!(fs::read(&log).unwrap(), b"the last commits");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_damaged_store_says_so() {
    let bytes = store_bytes().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let mut found = 0;
    for page in 1..bytes.len() / 4096 {
        let mut damaged = bytes.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, &damaged).unwrap();
        let outcome = match open(&path).await {
            Err(error) => Err(error),
            Ok(store) => {
                let audit = store.audit(1, 1000).await.map(|_| ());
                let load =
                    store.list(alm_core::port::store::RecordKind::Account, None, 1000).await.map(|_| ());
                let commit = store.commit(create(1000, "{}".to_owned())).await;
                store.close().await.unwrap();
                audit.and(load).and(commit)
            }
        };
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::StoreCorrupt, "page {page}: {error}");
            found += 1;
        }
    }
    // Pages of tables that these questions do not touch stay unread.
    assert!(found >= 5, "{found}");
}

#[tokio::test]
async fn a_folder_is_not_a_store() {
    let folder = TempDir::new().unwrap();
    let error = open_now(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable, "{error}");
    let error = open_now(&folder.path().join("missing").join("store.alm")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[tokio::test]
async fn half_of_a_store_that_was_being_made_is_made_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    fs::write(folder.path().join("store.alm.new"), "half").unwrap();
    let store = open(&path).await.unwrap();
    store.commit(create(1, "{}".to_owned())).await.unwrap();
    store.close().await.unwrap();
    assert!(!folder.path().join("store.alm.new").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("store.alm")).await.unwrap();
    store.commit(create(1, "{}".to_owned())).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?} has mode {mode:o}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["store.alm", "store.alm-shm", "store.alm-wal", "store.alm.lock"]);
}

#[cfg(unix)]
#[tokio::test]
async fn another_name_of_the_same_file_is_the_same_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let link = folder.path().join("link.alm");
    let store = open(&path).await.unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let error = open_now(&link).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable, "{error}");
    drop(store);
}
