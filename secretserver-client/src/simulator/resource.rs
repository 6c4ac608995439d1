//! The operations, one file per resource.

mod folders;
mod secrets;
mod system;
mod templates;
mod token;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use http::StatusCode;

use super::Shared;
use super::answer::{Refusal, message};

/// Every operation and its address.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/oauth2/token", post(token::token))
        .route("/api/v1/oauth-expiration", post(token::expire))
        .route("/api/v1/healthcheck", get(system::health))
        .route("/api/v1/version", get(system::version))
        .route("/api/v1/users/current", get(users::current))
        .route("/api/v1/folders", get(folders::search))
        .route("/api/v1/folders/lookup", get(folders::lookup))
        .route("/api/v1/folders/{id}", get(folders::get))
        .route("/api/v1/secret-templates", get(templates::search))
        .route("/api/v1/secret-templates/{id}", get(templates::get))
        .route("/api/v1/secrets", get(secrets::search).post(secrets::create))
        .route("/api/v2/secrets", get(secrets::search))
        .route("/api/v1/secrets/search-total", get(secrets::search_total))
        .route("/api/v2/secrets/search-total", get(secrets::search_total))
        .route("/api/v1/secrets/{id}", get(secrets::get).delete(secrets::deactivate))
        .route("/api/v2/secrets/{id}", get(secrets::get))
        .route("/api/v1/secrets/{id}/summary", get(secrets::summary))
        .route("/api/v1/secrets/{id}/state", get(secrets::state))
        .route("/api/v1/secrets/{id}/activate", put(secrets::activate))
        .route("/api/v1/secrets/{id}/undelete", put(secrets::undelete))
        .route("/api/v1/secrets/{id}/fields/{slug}", get(secrets::field).put(secrets::update_field))
        .fallback(unknown)
        .with_state(shared)
}

async fn unknown() -> Response {
    message(StatusCode::NOT_FOUND, "No HTTP resource was found that matches the request URI.").into_response()
}

/// Changes are refused while the server is in read-only mode.
fn writable(shared: &Shared) -> Result<(), Refusal> {
    if shared.world().settings.read_only {
        return Err(super::answer::refused("API_ReadOnlyMode", "Secret Server is in read-only mode."));
    }
    Ok(())
}
