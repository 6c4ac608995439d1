//! How far an operation has come, so that whatever ends it can say what is known of the change.

use std::{
    future::Future,
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use tracing::Instrument;

use crate::{Error, ErrorKind, Outcome, Result};

/// One call of one operation.
pub(super) struct Call {
    pub(super) operation: &'static str,
    stage: AtomicU8,
}

const NOT_SENT: u8 = 0;
const SENT: u8 = 1;
const REFUSED: u8 = 2;
const DONE: u8 = 3;

impl Call {
    pub(super) const fn new(operation: &'static str) -> Self {
        Self { operation, stage: AtomicU8::new(NOT_SENT) }
    }

    /// A change is about to be handed to the connection.
    pub(super) fn sending(&self) {
        self.stage.store(SENT, Ordering::Release);
    }

    /// It never left.
    pub(super) fn not_sent(&self) {
        self.stage.store(NOT_SENT, Ordering::Release);
    }

    /// The controller has refused it.
    pub(super) fn refused(&self) {
        self.stage.store(REFUSED, Ordering::Release);
    }

    /// The controller has done it.
    pub(super) fn done(&self) {
        self.stage.store(DONE, Ordering::Release);
    }

    /// Whether a change has left, whatever became of it.
    pub(super) fn has_sent(&self) -> bool {
        self.stage.load(Ordering::Acquire) != NOT_SENT
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.operation)
    }

    /// Runs the operation within its limit, and puts into its error what is known of the change. The work is boxed first: it is large, and
    /// every future around it would hold it once more.
    pub(super) fn run<T: Send>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T>> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        // Names and codes only: where an account lies may say more than a log's readers should know.
        let span = tracing::debug_span!(
            "ad_directory",
            operation = self.operation,
            controller = tracing::field::Empty
        );
        self.limited(limit, Box::pin(work)).instrument(span)
    }

    async fn limited<T>(&self, limit: Duration, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let timeout = || self.error(ErrorKind::Timeout).with_reason(format!("no answer within {limit:?}"));
        let result = tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(timeout()));
        result.map_err(|error| {
            let outcome = match self.stage.load(Ordering::Acquire) {
                DONE => Outcome::Done,
                SENT => Outcome::Unknown,
                // It was looked at, and was refused or given up before it was sent.
                REFUSED => Outcome::NotDone,
                _ if error.outcome() == Outcome::Unknown => Outcome::NotSent,
                _ => error.outcome(),
            };
            let error = error.with_operation(self.operation).with_outcome(outcome);
            tracing::debug!(
                kind = error.kind().as_str(),
                ldap_code = error.ldap_code(),
                win32_code = error.win32_code(),
                ?outcome,
                "failed"
            );
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use super::{Call, ErrorKind, Outcome, Result};

    #[tokio::test]
    async fn a_time_out_says_how_far_it_came() {
        type Step = fn(&Call);
        let stages: [(Step, Outcome); 4] = [
            (|_| (), Outcome::NotSent),
            (Call::sending, Outcome::Unknown),
            (Call::refused, Outcome::NotDone),
            (Call::done, Outcome::Done),
        ];
        for (come_to, outcome) in stages {
            let call = Call::new("accounts.create");
            let work = async {
                come_to(&call);
                pending::<Result<()>>().await
            };
            let error = call.run(Duration::from_millis(5), work).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, outcome));
        }
    }
}
