//! The state file: written beside and renamed, readable by its owner only.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Deserialize;

use super::StartError;
use super::world::{FORMAT, World};

/// Reads the world. `None` when there is no file yet.
pub(super) fn load(path: &Path) -> Result<Option<World>, StartError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let failed = |source: io::Error| StartError::State { path: path.to_owned(), source };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    // Serde's own words quote values.
    let unreadable = |_| failed(io::Error::new(io::ErrorKind::InvalidData, "not a state of the simulator"));
    let Format { format: found } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if found > FORMAT {
        return Err(StartError::NewerState { path: path.to_owned(), found, known: FORMAT });
    }
    if found < FORMAT {
        let text = format!("its format {found} is from an earlier version and is not read any more");
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, text)));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
}

/// Writes the world, so that the file is always whole.
pub(super) fn save(path: &Path, world: &World) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // What an earlier run left there may have another mode; usually there is nothing.
    drop(fs::remove_file(&beside));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(&serde_json::to_vec(world)?)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
