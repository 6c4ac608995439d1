//! `POST /oauth2/token`, `POST /v1/oauth-expiration`.

use serde_json::{Value, json};

use crate::simulator::answer::{Answer, login_failed, ok};
use crate::simulator::call::Call;
use crate::simulator::world::World;

pub(in super::super) fn token(world: &mut World, call: &Call) -> Answer {
    let form = call.fields();
    let field = |name| form.text(name).unwrap_or_default();
    let issued = match field("grant_type") {
        "password" => world.sign_in(field("username"), field("password"), call.otp.as_deref()),
        "refresh_token" => world.redeem(field("refresh_token")),
        "client_credentials" => world.sign_in_sdk(field("client_id"), field("client_secret")),
        _ => None,
    };
    let issued = issued.ok_or_else(login_failed)?;
    let life = world.settings.token_seconds;
    let mut answer = json!({"access_token": issued.access, "token_type": "bearer", "expires_in": life});
    if let (Some(refresh), Value::Object(members)) = (issued.refresh, &mut answer) {
        members.insert("refresh_token".to_owned(), json!(refresh));
    }
    ok(answer)
}

pub(in super::super) fn expire(world: &mut World, call: &Call) -> Answer {
    world.expire_token(&call.caller.token);
    ok(json!(true))
}
