//! The directory in a file, so that a process that was killed finds its world again.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::world::World;
use crate::{Error, ErrorKind, Result};

/// Raised when an older version of this crate could not read what this one writes.
const FORMAT: u32 = 1;

#[derive(Debug)]
pub(super) struct WorldFile {
    path: PathBuf,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    world: &'a World,
}

#[derive(Deserialize)]
struct Read {
    world: World,
}

/// Read first: a newer format may have another world.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl WorldFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Held while the file is read or written, so that several processes can share it. Ends with the process.
    pub(super) fn lock(&self) -> Result<File> {
        let lock = options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(self.beside("lock"))
            .map_err(|error| self.storage(error))?;
        lock.lock().map_err(|error| self.storage(error))?;
        Ok(lock)
    }

    /// The world in the file, or `None` when there is no file.
    pub(super) fn read(&self) -> Result<Option<World>> {
        let refuse = |reason| {
            Error::new(ErrorKind::Config, "memory.open").with_subject(self.path.display()).with_reason(reason)
        };
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refuse("the file cannot be read").with_source(error)),
        };
        // The text of serde's error may quote the file, and the file holds hashes.
        let head: Head =
            serde_json::from_slice(&bytes).map_err(|_| refuse("the file is not a stored directory"))?;
        if head.format > FORMAT {
            return Err(refuse("the file was written by a newer version of this library"));
        }
        let read: Read = serde_json::from_slice(&bytes)
            .map_err(|_| refuse("the file is not a stored directory, or damaged"))?;
        Ok(Some(read.world.indexed()))
    }

    pub(super) fn read_existing(&self) -> Result<World> {
        let missing = || {
            Error::new(ErrorKind::Config, "memory.open")
                .with_subject(self.path.display())
                .with_reason("there is no such file")
        };
        self.read()?.ok_or_else(missing)
    }

    /// Beside it, synced, and then put in its place: whoever looks sees the old world or the new one.
    pub(super) fn write(&self, world: &World) -> Result<()> {
        let bytes = serde_json::to_vec(&Written { format: FORMAT, world })
            .map_err(|error| self.storage(io::Error::from(error)))?;
        let new = self.beside("new");
        let replace = || {
            let mut file = options().create(true).write(true).truncate(true).open(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &self.path)?;
            sync_parent(&self.path)
        };
        replace().map_err(|error| self.storage(error))
    }

    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }

    fn storage(&self, error: io::Error) -> Error {
        Error::new(ErrorKind::Storage, "memory.store").with_subject(self.path.display()).with_source(error)
    }
}

/// Only the owner may read it: it holds password hashes.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The new name is safe only once the folder is written too.
#[cfg(unix)]
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(not(unix))]
fn sync_parent(_: &Path) -> io::Result<()> {
    Ok(())
}
