//! An operation as a value: what is sent and how the answer is read, without any IO.

pub mod path;
mod payload;
mod query;
mod reply;

use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::error::Error;
pub use path::{Path, PathError};
pub(crate) use payload::WipedVec;
pub use payload::{EncodeError, Payload};
pub use query::Query;
pub use reply::{DecodeError, Reply};

/// The verbs that Secret Server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the headers only.
    Head,
    /// Creates or starts something.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Removes or deactivates.
    Delete,
}

impl Method {
    /// Whether doing it twice is as good as doing it once, unless the endpoint says otherwise.
    pub const fn is_idempotent(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Put | Self::Delete)
    }

    pub(crate) const fn to_http(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Head => http::Method::HEAD,
            Self::Post => http::Method::POST,
            Self::Put => http::Method::PUT,
            Self::Patch => http::Method::PATCH,
            Self::Delete => http::Method::DELETE,
        }
    }
}

/// One operation of the server with its arguments.
///
/// Implement it to call an operation that this crate does not have; authentication, retry, limits and redaction are shared.
///
/// ```
/// use secretserver_client::request::{Endpoint, Method, Path};
///
/// struct SiteCount;
///
/// impl Endpoint for SiteCount {
///     const OPERATION: &'static str = "sites.count";
///     const METHOD: Method = Method::Get;
///     type Response = u32;
///     fn path(&self) -> Path {
///         Path::api("v1/sites/count")
///     }
/// }
///
/// let prepared = secretserver_client::request::prepare(&SiteCount)?;
/// assert_eq!(prepared.path_and_query(), "/api/v1/sites/count");
/// # Ok::<(), secretserver_client::Error>(())
/// ```
pub trait Endpoint: Send + Sync {
    /// Its name in errors and traces, such as `secrets.get`.
    const OPERATION: &'static str;
    /// Its verb.
    const METHOD: Method;
    /// Whether a repetition does no harm. Decides whether it is sent again after a reply was lost.
    const IDEMPOTENT: bool = Self::METHOD.is_idempotent();
    /// Whether a token is sent along.
    const AUTHENTICATED: bool = true;
    /// What the server answers.
    type Response: DeserializeOwned + Send;

    /// Where it lives.
    fn path(&self) -> Path;

    /// The arguments after the `?`.
    fn query(&self) -> Query {
        Query::new()
    }

    /// What is sent along.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    fn body(&self) -> Result<Payload, EncodeError> {
        Ok(Payload::none())
    }

    /// Headers of its own.
    fn headers(&self) -> HeaderMap {
        HeaderMap::new()
    }

    /// Like [`Endpoint::IDEMPOTENT`], when it depends on the arguments.
    fn idempotent(&self) -> bool {
        Self::IDEMPOTENT
    }

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When the answer has another shape.
    fn decode(&self, reply: &Reply) -> Result<Self::Response, DecodeError> {
        reply.json()
    }
}

/// A request that is ready to be sent, except for the server's address and the token.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) template: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    pub(crate) idempotent: bool,
}

impl Prepared {
    /// The verb.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path below the base address and the query, escaped.
    pub fn path_and_query(&self) -> String {
        let query = self.query.encoded();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// The body. May hold secrets: for tests of requests.
    pub fn body(&self) -> &[u8] {
        self.payload.bytes()
    }

    /// Whether it may be sent again after its reply was lost.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }
}

/// Turns an operation into a request, without any IO.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) when a segment of the path or the body cannot be written.
pub fn prepare<E: Endpoint>(endpoint: &E) -> Result<Prepared, Error> {
    let path = endpoint.path();
    let template = path.template().to_owned();
    let path = path.render().map_err(|e| {
        Error::config(E::OPERATION, e.to_string()).with_target(template.clone()).with_source(e)
    })?;
    let payload = endpoint
        .body()
        .map_err(|e| Error::config(E::OPERATION, e.to_string()).with_target(path.clone()).with_source(e))?;
    Ok(Prepared {
        operation: E::OPERATION,
        method: E::METHOD,
        path,
        template,
        query: endpoint.query(),
        headers: endpoint.headers(),
        payload,
        idempotent: endpoint.idempotent(),
    })
}
