//! What every operation sends, from sample values: to compare with the published document, or with another server's idea of it.

mod accounts;
mod permissions;
mod places;
mod vault;

use std::error::Error;

use super::AnswerReader;
use crate::request::{Endpoint, Method, prepare};

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

/// The operations that are collected.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) entries: Vec<CatalogueEntry>,
    pub(super) readers: Vec<AnswerReader>,
}

impl Collected {
    fn add<E: Endpoint + 'static>(&mut self, endpoint: E) -> Result<(), Box<dyn Error + Send + Sync>> {
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
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        headers.extend(prepared.payload.content_type().map(|v| ("content-type".to_owned(), v.to_owned())));
        let body = match prepared.payload.bytes() {
            [] => None,
            bytes => Some(serde_json::from_slice(bytes)?),
        };
        self.entries.push(CatalogueEntry {
            operation: prepared.operation,
            method,
            path: prepared.path,
            template: prepared.template,
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers,
            body,
        });
        self.readers.push(AnswerReader::of(endpoint));
        Ok(())
    }
}

/// Every operation that the client can send, the token endpoint apart. An operation whose arguments change its shape is there more than once.
///
/// # Errors
/// When a sample value is refused, which would be a mistake in this crate.
pub fn catalogue() -> Result<Vec<CatalogueEntry>, Box<dyn Error + Send + Sync>> {
    Ok(collect()?.entries)
}

pub(super) fn collect() -> Result<Collected, Box<dyn Error + Send + Sync>> {
    let mut all = Collected::default();
    accounts::add(&mut all)?;
    permissions::add(&mut all)?;
    places::add(&mut all)?;
    vault::add(&mut all)?;
    Ok(all)
}
