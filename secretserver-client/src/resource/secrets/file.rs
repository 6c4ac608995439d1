//! Files that are kept in secrets, up and down. `PUT` and `GET /v1/secrets/{id}/fields/{slug}`.
//!
//! A file goes up as a form with one part, `file`: that is how clients send it (the published document also has a JSON body with the bytes as
//! numbers, which is four times as large). It comes down as its bytes and nothing around them. A file never goes into `itemValue`, which the
//! server refuses as too long.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, header};

use crate::error::{Error, ErrorKind};
use crate::request::{DecodeError, EncodeError, Endpoint, Method, Path, Payload, Query, Reply};
use crate::resource::secrets::{AccessOptions, ReadOptions, SecretRef};
use crate::resource::{Ignored, ignore};
use crate::transport::{Body, BoxError, Incoming};

/// The name of a file, as people see it in the secret.
///
/// From 1 to 255 characters; none of `/ \ : * ? " < > |` and no control character, which the server's own system refuses in names; not `.` or `..`.
///
/// ```
/// use secretserver_client::resource::secrets::FileName;
/// assert_eq!(FileName::new("server key.pem")?.as_str(), "server key.pem");
/// assert!(FileName::new("../key.pem").is_err());
/// # Ok::<(), secretserver_client::resource::secrets::InvalidFileName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(String);

/// The text cannot name a file. It is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no name of a file: it must have 1 to 255 characters, none of / \\ : * ? \" < > | and no control character"
)]
pub struct InvalidFileName(());

impl FileName {
    /// The name with this text.
    ///
    /// # Errors
    /// When it breaks a rule of this type.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidFileName> {
        let text = text.into();
        let characters = text.chars().count();
        let refused = |c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c);
        if !(1..=255).contains(&characters)
            || text.chars().any(refused)
            || text.trim_matches(['.', ' ']).is_empty()
        {
            return Err(InvalidFileName(()));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for good in ["key.pem", "a", "Schlüssel 1 (neu).txt", ".profile", &"x".repeat(255)] {
            assert!(FileName::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", " ", "a/b", "a\\b", "a\"b", "a\r\nX: y", "a:b", "a\0", &"x".repeat(256)] {
            assert!(FileName::new(bad).is_err(), "{bad:?}");
        }
    }

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
