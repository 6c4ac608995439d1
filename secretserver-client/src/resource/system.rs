//! The server itself.

use crate::client::Client;
use crate::error::Error;
use crate::request::Path;
use crate::resource::configuration::{Configuration, GetConfiguration};
use crate::resource::endpoint;
use crate::resource::healthcheck::{GetHealth, Health};
use crate::resource::version::{GetVersion, Version};

/// The operations on the server itself. See [`Client::system`].
///
/// For every method: dropping its future abandons the wait; nothing on the server changes.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// let settings = client.system().configuration().await?;
/// assert!(settings.application_settings.enable_web_services);
/// # Ok(()) }
/// ```
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

    /// How the server is configured, as far as it matters to clients. Needs the role permission *View Configuration*.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): no such permission.
    pub async fn configuration(&self) -> Result<Configuration, Error> {
        self.0.request(GetConfiguration).await
    }

    /// Ends the token that the client has, on the server. The next call signs in again. Without a token it signs in first.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn expire_token(&self) -> Result<bool, Error> {
        let ended = self.0.request(ExpireToken).await?;
        if ended {
            self.0.forget_token();
        }
        Ok(ended)
    }
}

endpoint! {
    /// `POST /v1/oauth-expiration`: ends the token with which it is sent.
    #[derive(Clone, Copy, Debug)]
    pub struct ExpireToken;
    "system.expire_token": Post => bool;
    path = |_| Path::api("v1/oauth-expiration");
}
