//! Files that are kept in secrets, up and down. `PUT` and `GET /v1/secrets/{id}/fields/{slug}`.
//!
//! A file goes up as a form with one part, `file`: that is how clients send it (the published document also has a JSON body with the bytes as
//! numbers, which is four times as large). It comes down as its bytes and nothing around them. A file never goes into `itemValue`, which the
//! server refuses as too long.

mod download;
mod name;
mod upload;

use crate::error::Error;
use crate::resource::secrets::{AccessOptions, ReadOptions, SecretRef, Secrets};
pub use download::Download;
pub(crate) use download::{DownloadFile, DownloadRestrictedFile};
pub use name::{FileName, InvalidFileName};
pub use upload::FileContent;
pub(crate) use upload::UploadFile;

impl Secrets<'_> {
    /// Puts a file into a field. Sent once and never again: a stream cannot be sent twice, and when the answer is lost
    /// ([`Outcome::Unknown`](crate::Outcome::Unknown)), the secret says by `filename` and `file_attachment_id` which file it has.
    ///
    /// The client's total time limit is for all of it: give large files a client [with a longer one](crate::Client::with_total_timeout).
    ///
    /// ```
    /// # async fn run(client: &secretserver_client::Client, id: secretserver_client::SecretId) -> Result<(), Box<dyn std::error::Error>> {
    /// use secretserver_client::resource::secrets::{FileContent, FileName};
    /// let name = FileName::new("server.pem")?;
    /// client.secrets().upload_file(id, "private-key", &name, FileContent::bytes("-----BEGIN …")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the field is none for files, or the server refuses such files. Otherwise as for [`Secrets::update_field`].
    pub async fn upload_file(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        name: &FileName,
        content: FileContent,
    ) -> Result<(), Error> {
        let upload = UploadFile::new(id.into(), slug)?;
        let (body, length) = upload.form(name, content);
        self.0.upload(&upload, body, length).await
    }

    /// Reads the file in a field, as a stream. The server writes an audit record. The client's total time limit is for the beginning of the answer,
    /// its attempt time limit for the wait for each further piece. Not repeated, except with a new token when the old one was refused.
    ///
    /// ```
    /// # async fn run(client: &secretserver_client::Client, id: secretserver_client::SecretId) -> Result<(), secretserver_client::Error> {
    /// use futures_util::TryStreamExt as _;
    /// let mut file = client.secrets().download_file(id, "private-key", Default::default()).await?.limit(1 << 20);
    /// while let Some(piece) = file.try_next().await? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn download_file(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        options: ReadOptions,
    ) -> Result<Download, Error> {
        let request = DownloadFile { id: id.into(), slug: slug.to_owned(), options };
        Download::new(self.0.open(&request).await?)
    }

    /// Like [`Secrets::download_file`], of a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::get_restricted`].
    pub async fn download_restricted_file(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        access: AccessOptions,
    ) -> Result<Download, Error> {
        let request = DownloadRestrictedFile { id: id.into(), slug: slug.to_owned(), access };
        Download::new(self.0.open(&request).await?)
    }
}
