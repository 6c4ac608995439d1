//! The server itself.

use crate::client::Client;
use crate::error::Error;
use crate::resource::healthcheck::{GetHealth, Health};
use crate::resource::version::{GetVersion, Version};

/// The operations on the server itself. See [`Client::system`].
///
/// For every method: dropping its future abandons the wait; nothing on the server changes.
#[derive(Clone, Copy, Debug)]
pub struct System<'c>(pub(crate) &'c Client);

impl System<'_> {
    /// Whether the server is well. Needs no credential.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode): what answers is not Secret Server. Otherwise see [`ErrorKind`](crate::ErrorKind).
    pub async fn health(&self) -> Result<Health, Error> {
        self.0.request(GetHealth).await
    }

    /// The server's version. It can be hidden by a setting of the server, and is then refused.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn version(&self) -> Result<Version, Error> {
        self.0.request(GetVersion).await
    }
}
