//! Bodies of answers: whole, or broken off.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};

/// The connection is closed without an answer, or within it.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
pub(super) struct Dropped;

pub(super) type Body = UnsyncBoxBody<Bytes, Dropped>;

pub(super) fn full(content: impl Into<Bytes>) -> Body {
    Full::new(content.into()).map_err(|never| match never {}).boxed_unsync()
}

async fn split(response: Response<Body>) -> (http::response::Parts, Bytes) {
    let (head, body) = response.into_parts();
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    (head, whole)
}

fn pieces(
    head: http::response::Parts,
    length: usize,
    pieces: Vec<(Duration, Result<Bytes, Dropped>)>,
) -> Response<Body> {
    let stream = futures_util::stream::iter(pieces).then(async |(pause, piece)| {
        tokio::time::sleep(pause).await;
        piece.map(Frame::data)
    });
    let mut response = Response::from_parts(head, StreamBody::new(stream).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The first half of the answer, under the length of the whole.
pub(super) async fn cut(response: Response<Body>) -> Response<Body> {
    let (head, whole) = split(response).await;
    let half = whole.slice(..whole.len() / 2);
    // The pause lets the first half leave before the connection is closed.
    let parts = vec![(Duration::ZERO, Ok(half)), (Duration::from_millis(20), Err(Dropped))];
    pieces(head, whole.len(), parts)
}

/// The whole answer in ten pieces, each after a tenth of the time.
pub(super) async fn slow(response: Response<Body>, time: Duration) -> Response<Body> {
    let (head, whole) = split(response).await;
    let length = whole.len();
    let size = length.div_ceil(10).max(1);
    let parts = (0..length).step_by(size).map(|at| whole.slice(at..length.min(at.saturating_add(size))));
    let parts = parts.map(|piece| (time / 10, Ok(piece))).collect();
    pieces(head, length, parts)
}
