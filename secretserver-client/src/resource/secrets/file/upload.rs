//! Files on their way up: a form with one part, which is sent once.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, header};

use super::FileName;
use crate::error::Error;
use crate::request::{DecodeError, Endpoint, Method, Path, Query, Reply};
use crate::resource::secrets::SecretRef;
use crate::resource::{Ignored, ignore};
use crate::transport::{Body, BoxError};

/// What is in a file that goes up: bytes, or a stream of them, which is never kept in memory as a whole.
pub struct FileContent {
    body: Body,
    length: Option<u64>,
}

impl FileContent {
    /// These bytes.
    pub fn bytes(content: impl Into<Bytes>) -> Self {
        let bytes = content.into();
        Self { length: u64::try_from(bytes.len()).ok(), body: Body::from(bytes) }
    }

    /// What comes out of this stream. If its length in bytes is known, say it: some proxies want it, and a stream that gives more or less is then
    /// noticed and the upload broken off.
    pub fn stream(
        length: Option<u64>,
        pieces: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    ) -> Self {
        Self { body: Body::stream(pieces), length }
    }

    /// The form: this content between the part's head and end.
    fn into_form(self, head: String, end: String) -> (Body, Option<u64>) {
        let around = u64::try_from(head.len().saturating_add(end.len())).unwrap_or(u64::MAX);
        let whole = self.length.map(|length| length.saturating_add(around));
        let content = Exactly { body: self.body, left: self.length };
        let piece = |text: String| futures_util::stream::once(async move { Ok(Bytes::from(text)) });
        (Body::stream(Box::pin(piece(head).chain(content).chain(piece(end)))), whole)
    }
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileContent").field("length", &self.length).finish_non_exhaustive()
    }
}

/// A stream that fails unless it is as long as was said.
struct Exactly {
    body: Body,
    left: Option<u64>,
}

impl Stream for Exactly {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(cx);
        let Some(left) = self.left else { return next };
        match &next {
            Poll::Ready(Some(Ok(piece))) => {
                match u64::try_from(piece.len()).ok().and_then(|length| left.checked_sub(length)) {
                    Some(rest) => {
                        self.left = Some(rest);
                        next
                    }
                    None => Poll::Ready(Some(Err("the file is longer than was said".into()))),
                }
            }
            Poll::Ready(None) if left > 0 => {
                self.left = Some(0);
                Poll::Ready(Some(Err("the file is shorter than was said".into())))
            }
            _ => next,
        }
    }
}

/// The request of an upload, without its body.
#[derive(Clone, Debug)]
pub(crate) struct UploadFile {
    pub(crate) id: SecretRef,
    pub(crate) slug: String,
    pub(crate) boundary: String,
}

impl UploadFile {
    /// A boundary that cannot be in the content by chance, and not by design either, since nobody can foresee it.
    pub(crate) fn new(id: SecretRef, slug: &str) -> Result<Self, Error> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random)
            .map_err(|_| Error::config(Self::OPERATION, "the system has no random numbers"))?;
        let boundary = format!("{:032x}", u128::from_be_bytes(random));
        Ok(Self { id, slug: slug.to_owned(), boundary })
    }

    pub(crate) fn form(&self, name: &FileName, content: FileContent) -> (Body, Option<u64>) {
        // No escaping is needed: the type of the name has no quotation mark and no control character.
        let head = format!(
            "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n",
            self.boundary
        );
        content.into_form(head, format!("\r\n--{}--\r\n", self.boundary))
    }
}

impl Endpoint for UploadFile {
    const OPERATION: &'static str = "secrets.upload_file";
    const METHOD: Method = Method::Put;
    const IDEMPOTENT: bool = false;
    type Response = Ignored;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("fields").text("slug", &self.slug)
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let kind = format!("multipart/form-data; boundary={}", self.boundary);
        if let Ok(kind) = HeaderValue::from_str(&kind) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        headers
    }

    fn decode(&self, reply: &Reply) -> Result<Ignored, DecodeError> {
        ignore(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn form(content: FileContent) -> (String, Option<u64>, bool) {
        let upload = UploadFile {
            id: crate::ids::SecretId::new(4).unwrap().into(),
            slug: "key".to_owned(),
            boundary: "B".to_owned(),
        };
        let (body, length) = upload.form(&FileName::new("k.pem").unwrap(), content);
        let pieces: Vec<_> = body.collect().await;
        let broken = pieces.iter().any(Result::is_err);
        let text = pieces.into_iter().flatten().fold(Vec::new(), |mut all, piece| {
            all.extend_from_slice(&piece);
            all
        });
        (String::from_utf8(text).unwrap(), length, broken)
    }

    #[tokio::test]
    async fn a_form_is_as_long_as_it_says() {
        let (text, length, broken) = form(FileContent::bytes(&b"abc"[..])).await;
        assert_eq!(
            text,
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"k.pem\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nabc\r\n--B--\r\n"
        );
        assert_eq!((length, broken), (Some(text.len() as u64), false));
    }

    #[tokio::test]
    async fn a_file_of_another_length_than_was_said_is_broken_off() {
        let pieces =
            || futures_util::stream::iter([Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"de"))]);
        for (said, broken) in
            [(None, false), (Some(5), false), (Some(4), true), (Some(6), true), (Some(0), true)]
        {
            assert_eq!(form(FileContent::stream(said, pieces())).await.2, broken, "{said:?}");
        }
    }
}
