//! Fetching a token (H-2).

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::{Token, WebhookCourier, not_for, unsent};
use crate::model::webhook::{OAuth, TokenContent};
use crate::port::courier::Undelivered;
use crate::port::credential::Credential;
use crate::rules::webhook::fill;

/// A reply longer than this has no token in it that anybody would send.
const LONGEST: usize = 64 * 1024;
/// So much before its end a token is not begun with any more: the request takes its time.
const MARGIN: Duration = Duration::from_secs(30);

impl WebhookCourier {
    /// A new token. Neither what is sent nor the reply is part of an error.
    pub(super) async fn fetch_token(
        &self,
        oauth: &OAuth,
        credential: &Credential,
    ) -> Result<Token, Undelivered> {
        let asked_at = self.clock.steady();
        let url = self.target(&oauth.token_url)?;
        if !credential.is_for(&url) {
            return Err(not_for(&oauth.credential, &url));
        }
        let value = |name: &str| match name {
            "auth_id" => credential.user.clone(),
            "auth_secret" => credential.secret.expose_secret().to_owned(),
            _ => String::new(),
        };
        let fields: BTreeMap<&str, Zeroizing<String>> = oauth
            .fields
            .iter()
            .map(|(name, text)| (name.as_str(), Zeroizing::new(fill(text, value))))
            .collect();
        let (content, body) = match oauth.content {
            TokenContent::Form => {
                let mut form = Serializer::new(String::new());
                for (name, value) in &fields {
                    form.append_pair(name, value);
                }
                ("application/x-www-form-urlencoded", form.finish())
            }
            TokenContent::Json => {
                let object: BTreeMap<_, &str> =
                    fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let json = serde_json::to_string(&object);
                ("application/json", json.map_err(|_| Undelivered::never("the token's fields are unfit"))?)
            }
        };
        let request =
            self.client.post(url).header(CONTENT_TYPE, content).header(ACCEPT, "application/json").body(body);
        let mut answer = request
            .send()
            .await
            .map_err(|error| Undelivered::again(format!("the token: {}", unsent(&error))))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Undelivered::again(format!("the token: answered with status {}", status.as_u16())));
        }
        let mut reply = Zeroizing::new(Vec::new());
        while let Some(part) = answer
            .chunk()
            .await
            .map_err(|error| Undelivered::again(format!("the token: {}", unsent(&error))))?
        {
            if reply.len() + part.len() > LONGEST {
                return Err(Undelivered::again("the token: the reply is too long"));
            }
            reply.extend_from_slice(&part);
        }
        let reply: Value = serde_json::from_slice(&reply)
            .map_err(|_| Undelivered::again("the token: the reply is no JSON"))?;
        match reply.pointer(&oauth.token).and_then(Value::as_str) {
            Some(token) if !token.is_empty() => {
                let until = lifetime(&reply, &oauth.token)
                    .map(|time| asked_at.saturating_add(time.saturating_sub(MARGIN)));
                Ok(Token { text: SecretString::from(token), until })
            }
            _ => Err(Undelivered::again(format!("the token: the reply has none at {}", oauth.token))),
        }
    }
}

/// `expires_in` beside the token (RFC 6749, section 5.1), in seconds; some send it as text.
fn lifetime(reply: &Value, token: &str) -> Option<Duration> {
    let (beside, _) = token.rsplit_once('/')?;
    let said = reply.pointer(beside)?.get("expires_in")?;
    let seconds = said.as_u64().or_else(|| said.as_str()?.parse().ok())?;
    Some(Duration::from_secs(seconds))
}
