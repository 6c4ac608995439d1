//! A directory that is not asked too much at once.

use std::{
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{Layer, Operation};
use crate::{Directory, Error, ErrorKind, Listing, Result};

/// A directory around another one, which lets through so many operations at once, and so many in a second.
///
/// What is too much waits, in the order in which it came, and nobody is overtaken. Whoever drops the future of an operation that waits gives
/// its place up, and nothing was sent. A list counts as one operation from the first item that is read to its end, or until it is dropped:
/// whoever reads a list and asks for something else for each item needs room for two.
///
/// Clones and pinned views share the limits. Operations need a Tokio runtime with time enabled.
///
/// ```
/// # use ad_directory::{Directory, LimitedDirectory, MemoryDirectory, ProbeOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ad_directory::Error> {
/// let directory = LimitedDirectory::new(MemoryDirectory::builder("corp.example").build()?)
///     .in_flight(4)
///     .per_second(50.try_into().unwrap());
/// directory.probe(ProbeOptions::new()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LimitedDirectory {
    inner: Arc<dyn Directory>,
    places: Option<Arc<Semaphore>>,
    rate: Option<Arc<Rate>>,
}

/// When the next one may go: the slots lie evenly in time, and whoever comes takes the next.
struct Rate {
    every: Duration,
    next: Mutex<Option<Instant>>,
    /// One at a time looks at the clock and waits; the others wait for it, in their order.
    line: Arc<Semaphore>,
}

impl Rate {
    /// Waits for the next slot. Whoever is dropped while waiting has taken none.
    async fn slot(&self) {
        let Ok(_turn) = self.line.acquire().await else { return };
        let lock = || self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let next = *lock();
        if let Some(next) = next {
            tokio::time::sleep_until(next).await;
        }
        *lock() = Some(Instant::now() + self.every);
    }
}

impl LimitedDirectory {
    /// Without limits, until they are given.
    pub fn new(inner: impl Directory) -> Self {
        Self { inner: Arc::new(inner), places: None, rate: None }
    }

    /// At most so many operations at once, and at least one.
    #[must_use]
    pub fn in_flight(mut self, operations: usize) -> Self {
        self.places = Some(Arc::new(Semaphore::new(operations.clamp(1, Semaphore::MAX_PERMITS))));
        self
    }

    /// At most so many operations in each second, evenly: one in a hundred milliseconds for 10.
    #[must_use]
    pub fn per_second(mut self, operations: NonZeroU32) -> Self {
        let every = Duration::from_secs(1) / operations.get();
        self.rate = Some(Arc::new(Rate { every, next: Mutex::default(), line: Arc::new(Semaphore::new(1)) }));
        self
    }

    /// Waits for a place and a slot; the operation runs as long as it holds what this answers.
    async fn admitted(&self, operation: &'static str) -> Result<Option<OwnedSemaphorePermit>> {
        let place = match &self.places {
            Some(places) => {
                let closed = |_| Error::new(ErrorKind::Config, operation).with_reason("the limit was closed");
                Some(Arc::clone(places).acquire_owned().await.map_err(closed)?)
            }
            None => None,
        };
        if let Some(rate) = &self.rate {
            rate.slot().await;
        }
        Ok(place)
    }
}

impl Layer for LimitedDirectory {
    fn inner(&self) -> &Arc<dyn Directory> {
        &self.inner
    }

    fn rewrap(&self, inner: Arc<dyn Directory>) -> Self {
        Self { inner, places: self.places.clone(), rate: self.rate.clone() }
    }

    async fn around<T: Send>(
        &self,
        operation: Operation<'_>,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        // Pinning asks the one controller who it is; what is done with the view afterwards waits again.
        let _place = self.admitted(operation.name).await?;
        work.await
    }

    fn around_list<T: Send + 'static>(&self, operation: Operation<'_>, list: Listing<T>) -> Listing<T> {
        let (limited, name) = (self.clone(), operation.name);
        let begun = async move {
            let place = limited.admitted(name).await?;
            Ok::<_, Error>(list.map(move |item| {
                let _held = &place;
                item
            }))
        };
        Box::pin(stream::once(begun).try_flatten())
    }
}

impl fmt::Debug for LimitedDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedDirectory")
            .field("inner", &self.inner)
            .field("places_left", &self.places.as_ref().map(|places| places.available_permits()))
            .field("every", &self.rate.as_ref().map(|rate| rate.every))
            .finish()
    }
}
