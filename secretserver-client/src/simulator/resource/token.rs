//! `POST /oauth2/token`, `POST /v1/oauth-expiration`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Form, Json};
use serde_json::{Value, json};

use crate::simulator::Shared;
use crate::simulator::answer::{Answer, Caller, login_failed};

pub(super) async fn token(
    State(shared): State<Arc<Shared>>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let life = shared.world().settings.token_seconds;
    let user = match field("grant_type") {
        // Failures count, so they are kept like any change.
        "password" => shared.change(|world| world.sign_in(field("username"), field("password")))?,
        "refresh_token" => shared.world().redeem(field("refresh_token")),
        _ => None,
    };
    let (access, refresh) = shared.world().issue(user.ok_or_else(login_failed)?);
    Ok(Json(
        json!({"access_token": access, "token_type": "bearer", "expires_in": life, "refresh_token": refresh}),
    ))
}

pub(super) async fn expire(State(shared): State<Arc<Shared>>, caller: Caller) -> Answer {
    shared.world().expire_token(&caller.token);
    Ok(Json(Value::Bool(true)))
}
