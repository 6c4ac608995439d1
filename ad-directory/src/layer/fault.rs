//! A directory that misbehaves on demand.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{TryStreamExt, stream};

use crate::{
    Error, ErrorKind, Outcome,
    directory::methods::{for_each_method, prelude::*},
};

/// What goes wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is done, and this error is the answer. Its operation becomes the one that failed.
    Fail(Error),
    /// It is done, and the answer is lost: `Timeout`, with the outcome [`Outcome::Unknown`].
    LoseReply,
    /// The answer is `Timeout` at once, and it is done only after this time, behind the caller's back.
    DoLate(Duration),
    /// It is done after this time, and answered.
    Delay(Duration),
}

impl Fault {
    /// Nothing is sent: no controller can be reached.
    pub fn unreachable() -> Self {
        Self::Fail(Error::new(ErrorKind::Connect, "any"))
    }
}

#[derive(Debug)]
struct Rule {
    operation: Option<&'static str>,
    /// Calls that still pass.
    skip: u32,
    /// Calls that still fail; `None` means for ever.
    left: Option<u32>,
    fault: Fault,
}

/// A directory around another one, which loses answers, refuses and delays as it is told.
///
/// Operations are named as in [`Error::operation`]: `"accounts.create"`, `"groups.add_member"`, … Clones and pinned views share the faults.
///
/// ```
/// # use ad_directory::{Directory, Fault, FaultyDirectory, MemoryDirectory, Outcome, ProbeOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ad_directory::Error> {
/// let directory = FaultyDirectory::new(MemoryDirectory::builder("corp.example").build()?);
/// directory.inject("probe", 1, Fault::LoseReply); // the second probe
/// assert!(directory.probe(ProbeOptions::new()).await.is_ok());
/// assert_eq!(directory.probe(ProbeOptions::new()).await.unwrap_err().outcome(), Outcome::Unknown);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FaultyDirectory {
    inner: Arc<dyn Directory>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    rules: Vec<Rule>,
    calls: Vec<&'static str>,
}

impl FaultyDirectory {
    /// A directory that does all that the inner one does, until something is injected.
    pub fn new(inner: impl Directory) -> Self {
        Self { inner: Arc::new(inner), plan: Arc::default() }
    }

    /// The call of `operation` after `skip` further ones goes wrong, once.
    pub fn inject(&self, operation: &'static str, skip: u32, fault: Fault) {
        self.plan().rules.push(Rule { operation: Some(operation), skip, left: Some(1), fault });
    }

    /// Every call of `operation`, or of any operation, goes wrong from now on.
    pub fn inject_always(&self, operation: Option<&'static str>, fault: Fault) {
        self.plan().rules.push(Rule { operation, skip: 0, left: None, fault });
    }

    /// The call of any operation after `skip` further ones goes wrong, once: for going through a piece of work step by step.
    pub fn inject_nth(&self, skip: u32, fault: Fault) {
        self.plan().rules.push(Rule { operation: None, skip, left: Some(1), fault });
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.plan().rules.clear();
    }

    /// The operations that were called so far, in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.plan().calls.clone()
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_fault(&self, operation: &'static str) -> Option<Fault> {
        let mut plan = self.plan();
        plan.calls.push(operation);
        let mut fault = None;
        for rule in plan.rules.iter_mut().filter(|rule| rule.operation.is_none_or(|name| name == operation)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if fault.is_none() && rule.left != Some(0) {
                rule.left = rule.left.map(|left| left - 1);
                fault = Some(rule.fault.clone());
            }
        }
        drop(plan);
        fault
    }

    /// What goes wrong with a list goes wrong when it is first read.
    fn listed<T: Send + 'static>(
        &self,
        operation: &'static str,
        list: impl FnOnce() -> Listing<T> + Send + 'static,
    ) -> Listing<T> {
        let faulty = self.clone();
        let begun = async move { faulty.run(operation, async move { Ok(list()) }).await };
        Box::pin(stream::once(begun).try_flatten())
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let lost = || Error::new(ErrorKind::Timeout, operation).with_outcome(Outcome::Unknown);
        match self.next_fault(operation) {
            None => call.await,
            Some(Fault::Fail(error)) => Err(error.with_operation(operation)),
            Some(Fault::LoseReply) => {
                let _answer = call.await;
                Err(lost())
            }
            Some(Fault::DoLate(after)) => {
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    let _answer = call.await;
                });
                Err(lost())
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                call.await
            }
        }
    }
}

/// What a call keeps of its arguments, as the method wants it: lent what it borrows, and given what it takes.
trait Lend<'a, T> {
    fn lend(&'a self) -> T;
}

impl<'a, T> Lend<'a, &'a T> for T {
    fn lend(&'a self) -> &'a T {
        self
    }
}

impl<T: Clone> Lend<'_, T> for T {
    fn lend(&self) -> T {
        self.clone()
    }
}

/// Runs the methods of the inner directory on clones of their arguments, since a call may outlive its caller.
macro_rules! faulty {
    ([]
     futures { $($kind:ident $operation:literal $method:ident($($argument:ident: $type:ty),*) -> $answer:ty, on $subject:expr;)* }
     lists { $($list_operation:literal $list:ident($($list_argument:ident: $list_type:ty),*) -> $item:ty, on $list_subject:expr;)* }) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl Directory for FaultyDirectory {
            fn capabilities(&self) -> Capabilities {
                self.inner.capabilities()
            }

            async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>> {
                let inner = Arc::clone(&self.inner);
                let pinned = self.run("pin", async move { inner.pin(options).await }).await?;
                Ok(Arc::new(Self { inner: pinned, plan: Arc::clone(&self.plan) }))
            }

            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer> {
                let inner = Arc::clone(&self.inner);
                $(let $argument = $argument.to_owned();)*
                self.run($operation, async move { inner.$method($(Lend::lend(&$argument)),*).await }).await
            })*

            $(fn $list(&self, $($list_argument: $list_type),*) -> Listing<$item> {
                let inner = Arc::clone(&self.inner);
                $(let $list_argument = $list_argument.to_owned();)*
                self.listed($list_operation, move || inner.$list($(Lend::lend(&$list_argument)),*))
            })*
        }
    };
}

for_each_method!(faulty);

impl fmt::Debug for FaultyDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyDirectory")
            .field("inner", &self.inner)
            .field("rules", &self.plan().rules)
            .finish_non_exhaustive()
    }
}
