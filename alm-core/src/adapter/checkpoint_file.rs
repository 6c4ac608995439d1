//! Checkpoints in a file: one line of JSON each, added at the end and never changed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::model::checkpoint::SignedCheckpoint;
use crate::model::ids::InstanceId;
use crate::port::checkpoint::CheckpointSink;

/// More than any checkpoint has.
const LONGEST: u64 = 4_096;

/// A file of checkpoints. It is worth what protects it: on a disk to which whoever writes to the store does not come, and where the file can only grow
/// (`chattr +a`, a share that keeps versions).
///
/// Each is on the disk when [`append`](CheckpointSink::append) returns. Adding blocks the thread until the disk has it, a few milliseconds. A line that a
/// crash cut off is left as it is, and the next one begins behind it.
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    path: PathBuf,
}

impl CheckpointFile {
    /// The file at this path; made by the first checkpoint.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All checkpoints in it, in their order; none where there is no file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it cannot be read, or has a line that is no checkpoint and was not cut off.
    pub fn read(&self) -> Result<Vec<SignedCheckpoint>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed("checkpoint.read", "cannot be read", error)),
        };
        let mut reader = BufReader::new(file);
        let mut checkpoints = Vec::new();
        for number in 1_u64.. {
            let mut line = Vec::new();
            let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            if read.map_err(|error| self.failed("checkpoint.read", "cannot be read", error))? == 0 {
                break;
            }
            // A checkpoint has one brace at its end and none within: without it, the line was cut off.
            if !line.trim_ascii_end().ends_with(b"}") && (line.len() as u64) < LONGEST {
                continue;
            }
            checkpoints.push(serde_json::from_slice(&line).map_err(|error| {
                let message = format!("line {number} of {} is no checkpoint", self.path.display());
                Error::new(ErrorKind::Config, "checkpoint.read", message)
                    .with_advice("it was changed by somebody else")
                    .with_source(error)
            })?);
        }
        Ok(checkpoints)
    }

    fn add(&self, line: &str) -> io::Result<()> {
        let new = !self.path.exists();
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.path)?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut last = [b'\n'];
        if length > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let cut_off = if last == [b'\n'] { "" } else { "\n" };
        // In one write, so that two programs do not write into each other's line.
        file.write_all(format!("{cut_off}{line}\n").as_bytes())?;
        file.sync_all()?;
        if new {
            sync_folder(&self.path)?;
        }
        Ok(())
    }

    fn failed(&self, operation: &'static str, what: &str, error: io::Error) -> Error {
        let kind =
            if error.kind() == io::ErrorKind::StorageFull { ErrorKind::StoreFull } else { ErrorKind::Config };
        Error::new(kind, operation, format!("the file of checkpoints {} {what}", self.path.display()))
            .with_advice("look at its folder, its permissions and its disk")
            .with_source(error)
    }
}

/// The file's name is on the disk once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[async_trait]
impl CheckpointSink for CheckpointFile {
    async fn append(&self, checkpoint: &SignedCheckpoint) -> Result<()> {
        const OPERATION: &str = "checkpoint.append";
        let line = serde_json::to_string(checkpoint).map_err(|error| {
            Error::new(ErrorKind::Config, OPERATION, "the checkpoint cannot be written as JSON")
                .with_source(error)
        })?;
        self.add(&line).map_err(|error| {
            self.failed(OPERATION, "cannot be added to", error).with_outcome(Outcome::Unknown)
        })
    }

    async fn last(&self, instance: InstanceId) -> Result<Option<SignedCheckpoint>> {
        Ok(self.read()?.into_iter().rfind(|one| one.instance == instance))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::model::audit::ChainHash;
    use crate::model::checkpoint::{AuditCheckpoint, CheckpointKey, CheckpointSignature};

    fn checkpoint(instance: u128, seq: u64) -> SignedCheckpoint {
        let instance = InstanceId::new(uuid::Uuid::from_u128(instance));
        let at = "2026-11-20T10:00:00Z".parse().unwrap();
        AuditCheckpoint::new(instance, seq, ChainHash::GENESIS, at)
            .signed(CheckpointKey::new([1; 32]), CheckpointSignature::new([2; 64]))
    }

    fn append(file: &CheckpointFile, one: &SignedCheckpoint) -> Result<()> {
        file.append(one).now_or_never().unwrap()
    }

    #[test]
    fn a_2_a_file_has_a_line_for_each_and_a_line_cut_off_by_a_crash_costs_none_but_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::new(folder.path().join("checkpoints"));
        assert_eq!(file.read().unwrap(), []);
        let (one, two, other) = (checkpoint(1, 5), checkpoint(1, 9), checkpoint(2, 3));
        append(&file, &one).unwrap();
        append(&file, &other).unwrap();
        let whole = std::fs::read_to_string(file.path()).unwrap();
        for cut in 1..whole.lines().next().unwrap().len() {
            let part: String = whole.chars().take(cut).collect();
            std::fs::write(file.path(), whole.clone() + &part).unwrap();
            append(&file, &two).unwrap();
            assert_eq!(file.read().unwrap(), [one, other, two], "{cut}");
        }
        let last =
            |instance| file.last(InstanceId::new(uuid::Uuid::from_u128(instance))).now_or_never().unwrap();
        assert_eq!(last(1).unwrap(), Some(two));
        assert_eq!(last(2).unwrap(), Some(other));
        assert_eq!(last(3).unwrap(), None);
    }

    #[test]
    fn a_2_what_somebody_else_wrote_and_what_cannot_be_written_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::new(folder.path().join("checkpoints"));
        for strange in ["{}".to_owned(), "x".repeat(5_000)] {
            std::fs::write(file.path(), format!("{strange}\n")).unwrap();
            let error = file.read().unwrap_err();
            assert!(
                error.to_string().contains("line 1 of") && !error.to_string().contains(&strange),
                "{error}"
            );
        }
        let nowhere = CheckpointFile::new(folder.path().join("missing").join("checkpoints"));
        let error = append(&nowhere, &checkpoint(1, 1)).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::Unknown));
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
