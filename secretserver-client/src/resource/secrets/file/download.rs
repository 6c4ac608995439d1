//! Files on their way down: a stream of their bytes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, HeaderValue, header};

use crate::error::{Error, ErrorKind};
use crate::request::{DecodeError, EncodeError, Endpoint, Method, Path, Payload, Query, Reply};
use crate::resource::secrets::{AccessOptions, ReadOptions, SecretRef};
use crate::resource::{Ignored, ignore};
use crate::transport::Incoming;

/// The request of a download. With access options it is the one for restricted secrets.
#[derive(Clone, Debug)]
pub(crate) struct DownloadFile {
    pub(crate) id: SecretRef,
    pub(crate) slug: String,
    pub(crate) options: ReadOptions,
}

impl Endpoint for DownloadFile {
    const OPERATION: &'static str = "secrets.download_file";
    const METHOD: Method = Method::Get;
    type Response = Ignored;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("fields").text("slug", &self.slug)
    }

    fn query(&self) -> Query {
        self.id.query(self.options.query())
    }

    fn idempotent(&self) -> bool {
        self.options.no_auto_checkout
    }

    fn headers(&self) -> HeaderMap {
        anything()
    }

    fn decode(&self, reply: &Reply) -> Result<Ignored, DecodeError> {
        ignore(reply)
    }
}

/// The request of a download of a secret that something stands before.
#[derive(Clone, Debug)]
pub(crate) struct DownloadRestrictedFile {
    pub(crate) id: SecretRef,
    pub(crate) slug: String,
    pub(crate) access: AccessOptions,
}

impl Endpoint for DownloadRestrictedFile {
    const OPERATION: &'static str = "secrets.download_restricted_file";
    const METHOD: Method = Method::Post;
    type Response = Ignored;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("restricted/fields").text("slug", &self.slug)
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        Payload::json(&self.access)
    }

    fn idempotent(&self) -> bool {
        self.access.only_reads()
    }

    fn headers(&self) -> HeaderMap {
        anything()
    }

    fn decode(&self, reply: &Reply) -> Result<Ignored, DecodeError> {
        ignore(reply)
    }
}

fn anything() -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("*/*"))])
}

/// A file that comes down: a stream of its pieces, of which one at a time is in memory. Ends after the first error.
///
/// Its pieces are not wiped when they are dropped: that is for whoever takes them.
#[must_use = "streams do nothing unless you poll them"]
pub struct Download(Incoming);

impl Download {
    /// The largest file that is taken unless another limit is set, in bytes: 1 GiB.
    pub const LIMIT: u64 = 1 << 30;

    pub(crate) fn new(mut incoming: Incoming) -> Result<Self, Error> {
        incoming.longest = Self::LIMIT;
        let has = |name, text: &str| {
            incoming
                .headers
                .get(name)
                .and_then(|v: &HeaderValue| v.to_str().ok())
                .is_some_and(|v| v.to_ascii_lowercase().contains(text))
        };
        // A file may be a web page, and then says that it is a file.
        if has(header::CONTENT_TYPE, "html") && !incoming.headers.contains_key(header::CONTENT_DISPOSITION) {
            return Err(incoming.error(ErrorKind::Decode, "a web page instead of a file"));
        }
        Ok(Self(incoming))
    }

    /// Breaks off with an error when more than this many bytes come.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.0.longest = bytes;
        self
    }

    /// The file's length in bytes, if the server says it.
    pub fn length(&self) -> Option<u64> {
        self.0.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// How many bytes have come so far.
    pub fn received(&self) -> u64 {
        self.0.read
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("received", &self.0.read).finish_non_exhaustive()
    }
}
