//! Sockets, faults, and the way to the operations.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::answer::{failure, message, unreadable, web_page};
use super::body::{Body, Dropped, cut, slow};
use super::fault::{self, FaultKind};
use super::operation::{self, Outcome};
use super::{BASE_PATH, Shared, lock};

/// No request is longer: a file in JSON, with some digits for each byte, included.
const LONGEST_REQUEST: usize = 64 * 1024 * 1024;

/// Serves until it is told to stop, and then until every connection is closed.
pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted =
            match select(std::pin::pin!(told(&mut stopped)), std::pin::pin!(listener.accept())).await {
                Either::Left(_) => break,
                Either::Right((accepted, _)) => accepted,
            };
        if let Ok((stream, from)) = accepted {
            connections.spawn(connection(stream, from, Arc::clone(&shared), stopped.clone()));
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
    from: SocketAddr,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let service = hyper::service::service_fn(move |request| serve(request, from.ip(), Arc::clone(&shared)));
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

async fn serve(
    request: Request<Incoming>,
    from: IpAddr,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Dropped> {
    let (head, body) = request.into_parts();
    let Some(path) = head.uri.path().strip_prefix(BASE_PATH).filter(|p| p.starts_with('/')) else {
        return Ok(web_page(StatusCode::NOT_FOUND));
    };
    let method = head.method.as_str();
    lock(&shared.requests).push(format!("{method} {path}"));
    let met = fault::take(&mut lock(&shared.faults), method, path);
    let (mut after, mut pace) = (None, None);
    for kind in met {
        match kind {
            FaultKind::Delay(time) => tokio::time::sleep(time).await,
            FaultKind::DropRequest => return Err(Dropped),
            FaultKind::RateLimit(seconds) => {
                let refusal = message(StatusCode::TOO_MANY_REQUESTS, "Too many requests.");
                let (mut response, _) = refusal.into_response();
                if let Some(seconds) = seconds {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                return Ok(response);
            }
            FaultKind::ErrorBefore(status) => return Ok(failure(status)),
            FaultKind::ExpireTokens => shared.world().expire_tokens(),
            FaultKind::ReadOnly => shared.world().settings.read_only = true,
            FaultKind::SlowBody(time) => pace = Some(time),
            FaultKind::DropReply | FaultKind::CutBody | FaultKind::ErrorAfter(_) | FaultKind::HtmlReply => {
                after = Some(kind);
            }
        }
    }
    if let Some(page) = gate(&shared, from, path) {
        return Ok(page);
    }
    let Ok(body) = Limited::new(body, LONGEST_REQUEST).collect().await else {
        return Ok(unreadable().into_response().0);
    };
    let body = body.to_bytes();
    let request = operation::Request { from, path, head: &head, body: &body };
    let Outcome { response, template, said } = operation::answer(&shared, &request);
    if let (Some(record), Some(template), Some(said)) = (&shared.record, template, said) {
        record.note(method, template, response.status(), &said);
    }
    let response = match after {
        Some(FaultKind::DropReply) => return Err(Dropped),
        Some(FaultKind::ErrorAfter(status)) => failure(status),
        Some(FaultKind::CutBody) => cut(response).await,
        Some(FaultKind::HtmlReply) => web_page(StatusCode::OK),
        _ => response,
    };
    Ok(match pace {
        Some(time) => slow(response, time).await,
        None => response,
    })
}

/// What stands before all operations: whether there are any, and from where they may be called.
fn gate(shared: &Shared, from: IpAddr, path: &str) -> Option<Response<Body>> {
    let world = shared.world();
    if !world.settings.web_services {
        return Some(web_page(StatusCode::NOT_FOUND));
    }
    // No recorded body is known. The health check stays open, which load balancers need.
    let refused = world.settings.refuses(from) && path != "/api/v1/healthcheck";
    refused.then(|| {
        message(StatusCode::FORBIDDEN, "Access is not allowed from this IP address.").into_response().0
    })
}
