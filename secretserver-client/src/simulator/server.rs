//! Sockets, faults, and the way to the operations.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::answer::{message, web_page};
use super::fault::{self, FaultKind};
use super::{BASE_PATH, Shared, lock, resource};

/// Serves until it is told to stop, and then until every connection is closed.
pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let router = resource::router(Arc::clone(&shared));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted =
            match select(std::pin::pin!(told(&mut stopped)), std::pin::pin!(listener.accept())).await {
                Either::Left(_) => break,
                Either::Right((accepted, _)) => accepted,
            };
        if let Ok((stream, _)) = accepted {
            connections.spawn(connection(stream, router.clone(), Arc::clone(&shared), stopped.clone()));
        } else {
            // Too many open files, most likely: it passes.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while connections.try_join_next().is_some() {}
    }
    while connections.join_next().await.is_some() {}
}

/// Ends when it is told to stop, or when nobody is left who could.
async fn told(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stop| *stop).await);
}

async fn connection(
    stream: TcpStream,
    router: Router,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let service =
        hyper::service::service_fn(move |request| serve(request, router.clone(), Arc::clone(&shared)));
    let serving = std::pin::pin!(
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service)
    );
    let stop = std::pin::pin!(told(&mut stopped));
    match select(serving, stop).await {
        // A connection that was cut on purpose ends with an error, and so does one whose client went away.
        Either::Left(_) => {}
        Either::Right(((), mut serving)) => {
            serving.as_mut().graceful_shutdown();
            drop(tokio::time::timeout(Duration::from_secs(2), serving).await);
        }
    }
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Dropped;

async fn serve(request: Request<Incoming>, router: Router, shared: Arc<Shared>) -> Result<Response, Dropped> {
    let Some(path) = request.uri().path().strip_prefix(BASE_PATH).filter(|p| p.starts_with('/')) else {
        return Ok(web_page(StatusCode::NOT_FOUND));
    };
    let (method, path) = (request.method().to_string(), path.to_owned());
    lock(&shared.requests).push(format!("{method} {path}"));
    let met = fault::take(&mut lock(&shared.faults), &method, &path);
    let mut after = None;
    for kind in met {
        match kind {
            FaultKind::Delay(time) => tokio::time::sleep(time).await,
            FaultKind::DropRequest => return Err(Dropped),
            FaultKind::RateLimit(seconds) => {
                let mut response =
                    message(StatusCode::TOO_MANY_REQUESTS, "Too many requests.").into_response();
                if let Some(seconds) = seconds {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                return Ok(response);
            }
            FaultKind::ErrorBefore(status) => return Ok(failure(status)),
            FaultKind::ExpireTokens => shared.world().expire_tokens(),
            FaultKind::ReadOnly => shared.world().settings.read_only = true,
            FaultKind::DropReply | FaultKind::CutBody | FaultKind::ErrorAfter(_) => after = Some(kind),
        }
    }
    if !shared.world().settings.web_services {
        return Ok(web_page(StatusCode::NOT_FOUND));
    }
    let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
    let mut request = request.map(Body::new);
    if let Ok(uri) = format!("{path}{query}").parse() {
        *request.uri_mut() = uri;
    }
    let answered: Result<Response, Infallible> = TowerToHyperService::new(router).call(request).await;
    let Ok(response) = answered;
    match after {
        Some(FaultKind::DropReply) => Err(Dropped),
        Some(FaultKind::ErrorAfter(status)) => Ok(failure(status)),
        Some(FaultKind::CutBody) => Ok(cut(response).await),
        _ => Ok(response),
    }
}

/// What the server says when it fails, with the stack trace that it should not show.
fn failure(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::json!({
        "message": "An error has occurred.",
        "exceptionMessage": "Object reference not set to an instance of an object.",
        "exceptionType": "System.NullReferenceException",
        "stackTrace": "   at Thycotic.ihawu.Business.Something()",
    });
    (status, axum::Json(body)).into_response()
}

/// The first half of the answer, under the length of the whole.
async fn cut(response: Response) -> Response {
    let (head, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    let pieces =
        futures_util::stream::iter([Ok(half), Err(Dropped)]).then(async |piece: Result<Bytes, Dropped>| {
            if piece.is_err() {
                // Lets the first half leave before the connection is closed.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            piece
        });
    let mut response = Response::from_parts(head, Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response
}
