//! Signing in: what each grant sends to the token endpoint, as a transport gets it.

use std::sync::Arc;

use super::{BoxError, CatalogueEntry, SECRET};
use crate::auth::{Credential, Password, RefreshToken, SdkClient};
use crate::client::Client;
use crate::testing::{ManualClock, Script};

const BASE: &str = "https://vault.example";

/// The requests of the three grants of Secret Server's token endpoint. Their body, which is a form, is shown as an object; the published document
/// describes them in words only. Dropping the future abandons it, and changes nothing.
///
/// # Errors
/// When a sample value is refused, which would be a mistake in this crate.
pub async fn token_requests() -> Result<Vec<CatalogueEntry>, BoxError> {
    let mut all = Vec::new();
    let grants: [Credential; 3] = [
        Password::new("svc", SECRET.into()).domain("CORP").otp("123456".into()).into(),
        RefreshToken::new(SECRET.into()).into(),
        SdkClient::new("0f8fad5b-d9cb-469f-a165-70867728950e", SECRET.into()).into(),
    ];
    for grant in grants {
        let script = Arc::new(Script::new().json(200, r#"{"access_token":"sample","expires_in":1199}"#));
        let client = Client::builder(BASE)
            .transport(script.clone())
            .clock(Arc::new(ManualClock::new()))
            .credential(grant)
            .build()?;
        client.sign_in().await?;
        for request in script.requests() {
            // The code is a secret as well, and what the library calls itself says nothing.
            let shown =
                request.headers().iter().filter(|(name, _)| !["otp", "user-agent"].contains(&name.as_str()));
            let mut headers = Vec::new();
            for (name, value) in shown {
                headers.push((name.as_str().to_owned(), value.to_str()?.to_owned()));
            }
            let fields = url::form_urlencoded::parse(request.body()).into_owned();
            let body = fields.map(|(name, value)| (name, serde_json::Value::String(value))).collect();
            all.push(CatalogueEntry {
                operation: "auth.token",
                method: "POST",
                path: request.uri().path().to_owned(),
                template: request.uri().path().to_owned(),
                query: Vec::new(),
                headers,
                body: Some(serde_json::Value::Object(body)),
            });
        }
    }
    Ok(all)
}
