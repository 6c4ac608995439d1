//! A directory that can only be read.

use std::sync::Arc;

use super::{Layer, Operation, OperationKind};
use crate::{Capabilities, Capability, Directory, Error, ErrorKind, Listing, Outcome, Result};

/// A directory around another one, through which nothing can be changed.
///
/// Every change is refused with `Forbidden` and the outcome [`Outcome::NotSent`], and so is checking a password: a wrong one counts towards the
/// lock-out of its account. Reading, listing and pinning go through.
///
/// ```
/// # use ad_directory::{Directory, ErrorKind, MemoryDirectory, NewAccount, Outcome, ReadOnlyDirectory};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = MemoryDirectory::builder("corp.example").unit("Service Accounts").build()?;
/// let view = ReadOnlyDirectory::new(directory);
/// let new = NewAccount::new("OU=Service Accounts,DC=corp,DC=example".parse()?, "svc-payroll".parse()?);
/// let error = view.create_account(&new, Default::default()).await.unwrap_err();
/// assert_eq!((error.kind(), error.outcome()), (ErrorKind::Forbidden, Outcome::NotSent));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ReadOnlyDirectory {
    inner: Arc<dyn Directory>,
}

impl ReadOnlyDirectory {
    /// A view of this directory.
    pub fn new(inner: impl Directory) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

impl Layer for ReadOnlyDirectory {
    fn inner(&self) -> &Arc<dyn Directory> {
        &self.inner
    }

    fn rewrap(&self, inner: Arc<dyn Directory>) -> Self {
        Self { inner }
    }

    fn offers(&self, capabilities: Capabilities) -> Capabilities {
        use Capability as C;
        [C::Move, C::CheckPassword, C::AtomicMarker, C::Restore]
            .into_iter()
            .fold(capabilities, Capabilities::without)
    }

    async fn around<T: Send>(
        &self,
        operation: Operation<'_>,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let reason = match operation.kind {
            OperationKind::Read => return work.await,
            OperationKind::Change => "this view of the directory can only be read",
            OperationKind::SignIn => {
                "this view of the directory can only be read, and a password check can lock an account"
            }
        };
        Err(Error::new(ErrorKind::Forbidden, operation.name)
            .with_outcome(Outcome::NotSent)
            .with_subject((operation.subject)())
            .with_reason(reason))
    }

    fn around_list<T: Send + 'static>(&self, _: Operation<'_>, list: Listing<T>) -> Listing<T> {
        list
    }
}
