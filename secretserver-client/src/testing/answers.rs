//! How the answer of each operation is read: for fuzzing, and for checks that must hold for all operations.

use std::error::Error;
use std::fmt;

use http::{HeaderMap, StatusCode};
use zeroize::Zeroizing;

use crate::request::{DecodeError, Endpoint, Reply};

type Read = Box<dyn Fn(&Reply) -> Result<(), DecodeError> + Send + Sync>;

/// Reads any bytes as if a server had sent them with status 200 in answer to one operation.
///
/// ```
/// let readers = secretserver_client::testing::answer_readers()?;
/// let version = readers.iter().find(|r| r.operation() == "system.version").ok_or("not there")?;
/// version.read(br#"{"version":"11.2.000002"}"#)?;
/// assert!(version.read(b"\xff").is_err());
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct AnswerReader {
    operation: &'static str,
    read: Read,
}

impl AnswerReader {
    pub(super) fn of<E: Endpoint + 'static>(endpoint: E) -> Self {
        Self { operation: E::OPERATION, read: Box::new(move |reply| endpoint.decode(reply).map(drop)) }
    }

    /// The operation's name, such as `secrets.get`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Reads this body and drops what was read.
    ///
    /// # Errors
    /// What a caller of the operation would get as the cause of a [`Decode`](crate::ErrorKind::Decode) error.
    pub fn read(&self, body: &[u8]) -> Result<(), DecodeError> {
        (self.read)(&Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Zeroizing::new(body.to_vec()),
        })
    }
}

impl fmt::Debug for AnswerReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerReader").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// A reader for every operation of the [`catalogue`](super::catalogue()).
///
/// # Errors
/// When a sample value is refused, which would be a mistake in this crate.
pub fn answer_readers() -> Result<Vec<AnswerReader>, Box<dyn Error + Send + Sync>> {
    Ok(super::catalogue::collect()?.readers)
}
