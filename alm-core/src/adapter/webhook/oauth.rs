//! Fetching a token (H-2).

use std::collections::BTreeMap;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::{WebhookCourier, unsent};
use crate::model::webhook::{OAuth, TokenContent};
use crate::port::courier::Undelivered;
use crate::rules::webhook::fill;

/// A reply longer than this has no token in it that anybody would send.
const LONGEST: usize = 64 * 1024;

impl WebhookCourier {
    /// A new token. Neither what is sent nor the reply is part of an error.
    pub(super) async fn fetch_token(&self, oauth: &OAuth) -> Result<SecretString, Undelivered> {
        let url = self.target(&oauth.token_url)?;
        let credential = self.credential(&oauth.credential).await?;
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
            Some(token) if !token.is_empty() => Ok(SecretString::from(token)),
            _ => Err(Undelivered::again(format!("the token: the reply has none at {}", oauth.token))),
        }
    }
}
