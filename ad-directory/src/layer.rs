//! Directories around directories.

use std::{fmt, sync::Arc};

use crate::{
    Capabilities,
    directory::methods::{for_each_method, prelude::*},
};

pub(crate) mod audit;
#[cfg(feature = "testing")]
pub(crate) mod fault;
#[cfg(feature = "limit")]
pub(crate) mod limit;
pub(crate) mod read_only;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// It reads.
    Read,
    /// It changes something.
    Change,
    /// It signs in to check a password: a wrong one counts towards the lock-out of the account.
    SignIn,
}

/// One call of an operation, as a wrapper sees it.
pub(crate) struct Operation<'a> {
    pub(crate) name: &'static str,
    pub(crate) kind: OperationKind,
    /// Made only for those who want it.
    pub(crate) subject: &'a (dyn Fn() -> String + Sync),
}

/// A wrapper that treats all operations alike; [`layer!`] makes a directory of it.
pub(crate) trait Layer: Sized {
    fn inner(&self) -> &Arc<dyn Directory>;

    /// The same wrapper around a pinned directory.
    fn rewrap(&self, inner: Arc<dyn Directory>) -> Self;

    fn offers(&self, capabilities: Capabilities) -> Capabilities {
        capabilities
    }

    /// Runs `work`, or does not.
    fn around<T: Send>(
        &self,
        operation: Operation<'_>,
        work: impl Future<Output = Result<T>> + Send,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Hands a list out. Nothing is asked before it is polled.
    fn around_list<T: Send + 'static>(&self, operation: Operation<'_>, list: Listing<T>) -> Listing<T>;
}

macro_rules! kind {
    (read) => {
        OperationKind::Read
    };
    (change) => {
        OperationKind::Change
    };
    (sign_in) => {
        OperationKind::SignIn
    };
}

macro_rules! layer {
    ([$layer:ty]
     futures { $($kind:ident $operation:literal $method:ident($($argument:ident: $type:ty),*) -> $answer:ty, on $subject:expr;)* }
     lists { $($list_operation:literal $list:ident($($list_argument:ident: $list_type:ty),*) -> $item:ty, on $list_subject:expr;)* }) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl Directory for $layer {
            fn capabilities(&self) -> Capabilities {
                self.offers(self.inner().capabilities())
            }

            async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>> {
                let subject = || "the controller".to_owned();
                let operation = Operation { name: "pin", kind: OperationKind::Read, subject: &subject };
                let pinned = self.around(operation, self.inner().pin(options)).await?;
                Ok(Arc::new(self.rewrap(pinned)))
            }

            $(#[allow(clippy::redundant_closure_call, clippy::redundant_closure_for_method_calls, reason = "one form for all methods")]
            async fn $method(&self, $($argument: $type),*) -> Result<$answer> {
                let subject = || $subject;
                let operation = Operation { name: $operation, kind: kind!($kind), subject: &subject };
                self.around(operation, self.inner().$method($($argument),*)).await
            })*

            $(fn $list(&self, $($list_argument: $list_type),*) -> Listing<$item> {
                let text = $list_subject;
                let subject = || text.clone();
                let operation = Operation { name: $list_operation, kind: OperationKind::Read, subject: &subject };
                self.around_list(operation, self.inner().$list($($list_argument),*))
            })*
        }
    };
}

for_each_method!(layer audit::AuditedDirectory);
#[cfg(feature = "limit")]
for_each_method!(layer limit::LimitedDirectory);
for_each_method!(layer read_only::ReadOnlyDirectory);

impl fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
