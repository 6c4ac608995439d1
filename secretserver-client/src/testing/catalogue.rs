//! What every operation sends, from sample values: to compare with the published document, or with another server's idea of it.

mod accounts;
mod permissions;
mod places;
mod tokens;
mod vault;

use std::fmt;
use std::sync::Arc;

use super::AnswerReader;
use crate::client::Client;
use crate::request::{Endpoint, Method, prepare};
use crate::transport::BoxFuture;

pub use tokens::token_requests;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The value of every field that holds a secret, in every operation of the catalogue: to be looked for in logs and errors. It has all the characters that
/// one encoding or another treats in its own way.
pub const SECRET: &str = "S4mple<&\"\\>é+ %/";

/// One operation with sample values, as it would be sent. No header that authenticates is part of it, and no sample value is a real secret.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct CatalogueEntry {
    /// The operation's name, such as `secrets.get`.
    pub operation: &'static str,
    /// The verb.
    pub method: &'static str,
    /// The path below the server's address.
    pub path: String,
    /// The path with names in the place of values.
    pub template: String,
    /// The arguments after the `?`, in their order.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<serde_json::Value>,
}

/// An operation of the catalogue that can be called, against any server.
#[derive(Clone)]
#[non_exhaustive]
pub struct CatalogueCall {
    /// What it sends.
    pub entry: CatalogueEntry,
    /// How its arguments look in `Debug`.
    pub arguments: String,
    call: Arc<dyn Fn(Client) -> BoxFuture<Result<String, crate::Error>> + Send + Sync>,
}

impl CatalogueCall {
    /// Calls it, and gives the answer as it looks in `Debug`. Dropping the future abandons the wait.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn call(&self, client: &Client) -> Result<String, crate::Error> {
        (self.call)(client.clone()).await
    }
}

impl fmt::Debug for CatalogueCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogueCall").field("entry", &self.entry).finish_non_exhaustive()
    }
}

/// The operations that are collected.
#[derive(Default)]
pub(super) struct Collected {
    calls: Vec<CatalogueCall>,
    pub(super) readers: Vec<AnswerReader>,
}

impl Collected {
    fn add<E>(&mut self, endpoint: E) -> Result<(), BoxError>
    where
        E: Endpoint<Response: fmt::Debug> + Clone + fmt::Debug + 'static,
    {
        let prepared = prepare(&endpoint)?;
        let method = match prepared.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        let query = prepared.query.encoded();
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in &prepared.headers {
            headers.push((name.as_str().to_owned(), value.to_str()?.to_owned()));
        }
        if !prepared.headers.contains_key(http::header::ACCEPT) {
            headers.push(("accept".to_owned(), "application/json".to_owned()));
        }
        headers.extend(prepared.payload.content_type().map(|v| ("content-type".to_owned(), v.to_owned())));
        let body = match prepared.payload.bytes() {
            [] => None,
            bytes => Some(serde_json::from_slice(bytes)?),
        };
        let entry = CatalogueEntry {
            operation: prepared.operation,
            method,
            path: prepared.path,
            template: prepared.template,
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers,
            body,
        };
        let called = endpoint.clone();
        self.calls.push(CatalogueCall {
            entry,
            arguments: format!("{endpoint:?}"),
            call: Arc::new(move |client| {
                let endpoint = called.clone();
                Box::pin(async move { client.request(endpoint).await.map(|answer| format!("{answer:?}")) })
            }),
        });
        self.readers.push(AnswerReader::of(endpoint));
        Ok(())
    }
}

/// Every operation that the client can send; [`token_requests`] has those of the token endpoint. An operation whose arguments change its shape is there more than once.
///
/// # Errors
/// When a sample value is refused, which would be a mistake in this crate.
pub fn catalogue() -> Result<Vec<CatalogueEntry>, BoxError> {
    Ok(collect()?.calls.into_iter().map(|call| call.entry).collect())
}

/// The same operations, to be called.
///
/// # Errors
/// As for [`catalogue`].
pub fn catalogue_calls() -> Result<Vec<CatalogueCall>, BoxError> {
    Ok(collect()?.calls)
}

pub(super) fn collect() -> Result<Collected, BoxError> {
    let mut all = Collected::default();
    accounts::add(&mut all)?;
    permissions::add(&mut all)?;
    places::add(&mut all)?;
    vault::add(&mut all)?;
    Ok(all)
}
