//! The file itself: whose it is, what it is, and how it comes to be. Nothing here changes a file that is not a store.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{OPEN, error, schema};
use crate::error::{Error, ErrorKind, Result};

/// How long until a lock is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// The file by the one name that every process sees, so that all agree on the lock.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let whole = match fs::canonicalize(path) {
        Ok(whole) => return Ok(whole),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Err(_) => match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => {
                let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                fs::canonicalize(folder).map(|folder| folder.join(name))
            }
            _ => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        },
    };
    whole.map_err(|error| error::io(OPEN, path, error))
}

/// The file with something behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Makes sure that no other process has the store, for as long as what is returned lives. The operating system lets go of it
/// when the process ends, however it ends.
pub(super) async fn lock(path: &Path, wait: Duration) -> Result<File> {
    let lock_path = beside(path, ".lock");
    let file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(&lock_path)
        .map_err(|error| error::io(OPEN, path, error))?;
    let end = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(PAUSE).await,
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(
                    ErrorKind::StoreUnavailable,
                    OPEN,
                    format!("another process has {} open", path.display()),
                )
                .with_advice(format!(
                    "end it first; two programs share PostgreSQL, not a file. The lock is {}; deleting it does not help",
                    lock_path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(error::io(OPEN, &lock_path, error)),
        }
    }
}

/// What is at the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A store of this format, which is not newer than ours.
    Store {
        format: u32,
    },
}

/// Reads the first hundred bytes: enough to tell, and reading changes nothing, where opening as a database might.
///
/// They are always true: the format is only ever changed without a log.
pub(super) fn look(path: &Path) -> Result<Found> {
    let mut header = Vec::with_capacity(100);
    match File::open(path) {
        Ok(file) => {
            file.take(100).read_to_end(&mut header).map_err(|error| error::io(OPEN, path, error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return nothing(path),
        Err(error) => return Err(error::io(OPEN, path, error)),
    }
    let word = |at: usize| {
        let bytes = header.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    // https://www.sqlite.org/fileformat.html, section 1.3
    let (Some(format), Some(application)) = (word(60), word(68)) else {
        return Err(foreign(path, "is too short to be a store"));
    };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(foreign(path, "is not a SQLite database"));
    }
    if application != schema::APPLICATION || format == 0 {
        return Err(foreign(path, "is a SQLite database of another program"));
    }
    if format > schema::FORMAT {
        return Err(Error::new(
            ErrorKind::StoreNewer,
            OPEN,
            format!("{} has format {format}, this version reads up to {}", path.display(), schema::FORMAT),
        )
        .with_advice("use the newer version of the program that wrote it; nothing was changed"));
    }
    Ok(Found::Store { format })
}

/// A log without its database is what is left of a store that was lost: a new one would swallow it.
fn nothing(path: &Path) -> Result<Found> {
    for ending in ["-wal", "-journal"] {
        let log = beside(path, ending);
        if log.exists() {
            return Err(error::corrupt(
                OPEN,
                format!("{} is gone, but its log {} is there", path.display(), log.display()),
            ));
        }
    }
    Ok(Found::Nothing)
}

fn foreign(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::StoreCorrupt, OPEN, format!("{} {what}", path.display()))
        .with_advice("choose another file; this one was not changed")
}

/// Makes a store under another name first, so that under its own there is never half of one.
pub(super) async fn create(path: &Path) -> Result<()> {
    let draft = beside(path, ".new");
    for left in [draft.clone(), beside(&draft, "-journal")] {
        match fs::remove_file(&left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error::io(OPEN, &left, error));
            }
            _ => {}
        }
    }
    private(OpenOptions::new().write(true).create_new(true))
        .open(&draft)
        .map_err(|error| error::io(OPEN, &draft, error))?;
    let made = schema::build(&draft).await.and_then(|()| {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        File::open(&draft)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&draft, path))
            .and_then(|()| flush_folder(folder))
            .map_err(|error| error::io(OPEN, path, error))
    });
    if made.is_err() {
        // It holds nothing yet; if it cannot be removed now, the next attempt does.
        drop(fs::remove_file(&draft));
    }
    made
}

#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn flush_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// For the owner only. SQLite gives its logs the permissions of the file.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
