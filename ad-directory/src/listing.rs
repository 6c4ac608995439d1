//! Lists that come piece by piece.

use std::{future::Future, pin::Pin};

use futures_core::Stream;
use futures_util::{TryStreamExt, stream};

use crate::{Error, ErrorKind, Result};

/// A list that is read while it is consumed. It borrows nothing, so it may outlive the directory it came from.
///
/// Nothing is asked before it is polled. It ends after the last item, or after the first error: a list that ends without an error is whole.
/// Dropping it early is harmless.
pub type Listing<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

/// A list that is nothing but an error.
pub(crate) fn failed<T: Send + 'static>(error: Error) -> Listing<T> {
    Box::pin(stream::iter([Err(error)]))
}

pub(crate) fn unsupported<T: Send + 'static>(operation: &'static str) -> Listing<T> {
    failed(Error::new(ErrorKind::Unsupported, operation))
}

/// A list that is made as a whole when it is first polled.
pub(crate) fn lazily<T: Send + 'static>(
    make: impl Future<Output = Result<Vec<T>>> + Send + 'static,
) -> Listing<T> {
    let whole = stream::once(make).map_ok(|items| stream::iter(items.into_iter().map(Ok)));
    Box::pin(whole.try_flatten())
}
