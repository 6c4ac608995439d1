//! Which product answers at an address, found out without a credential.
//!
//! Secret Server answers `GET {url}/api/v1/healthcheck`, the Delinea Platform `GET {url}/health`. Only a 2xx that says `{"healthy": true}`
//! (the key in any case) or exactly `Healthy` counts: a login page is no product, and "Unhealthy" is not healthy.

use crate::client::Client;
use crate::error::{Error, ErrorKind, Outcome};
use crate::request::{DecodeError, Endpoint, Method, Path, Reply};
use crate::resource::healthcheck::{GetHealth, Health};

const OPERATION: &str = "client.product";

/// What answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// Secret Server itself: sign in with [`Password`](crate::auth::Password), [`SdkClient`](crate::auth::SdkClient) or a token.
    SecretServer,
    /// The Delinea Platform: sign in with [`Platform`](crate::auth::Platform).
    Platform,
}

struct GetPlatformHealth;

impl Endpoint for GetPlatformHealth {
    const OPERATION: &'static str = OPERATION;
    const METHOD: Method = Method::Get;
    const AUTHENTICATED: bool = false;
    type Response = Health;

    fn path(&self) -> Path {
        Path::root("health")
    }

    fn decode(&self, reply: &Reply) -> Result<Health, DecodeError> {
        GetHealth.decode(reply)
    }
}

impl Client {
    /// Asks which product answers at the client's address. Sends no token, so it needs no credential.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use secretserver_client::testing::Script;
    /// use secretserver_client::{Client, client::Product};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), secretserver_client::Error> {
    /// # let script = Arc::new(Script::new().json(200, r#"{"Healthy":true}"#));
    ///
    /// let client = Client::builder("https://vault.corp.example/SecretServer")
    /// #   .transport(script)
    ///     .build()?;
    /// assert_eq!(client.product().await?, Product::SecretServer);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] when something answers that is neither, such as a login page, or a proxy; its cause is what was said to the
    /// question for Secret Server. [`ErrorKind::Server`] when a product answers and says that it is not healthy. Otherwise the address
    /// could not be reached, see [`ErrorKind`].
    pub async fn product(&self) -> Result<Product, Error> {
        let first = match self.request(GetHealth).await {
            Ok(health) => return healthy(health, Product::SecretServer),
            // Nobody answered at all.
            Err(error) if error.status().is_none() => return Err(error),
            Err(error) => error,
        };
        match self.request(GetPlatformHealth).await {
            Ok(health) => healthy(health, Product::Platform),
            Err(error) if error.status().is_none() => Err(error),
            // A server that is down for the moment may be either.
            Err(_) if first.is_transient() => Err(first),
            Err(_) => Err(Error::new(ErrorKind::Unsupported, Outcome::NotDone, OPERATION)
                .with_detail(
                    "neither Secret Server nor the Delinea Platform answers there: a login page, a proxy, or another path",
                )
                .with_source(first)),
        }
    }
}

fn healthy(health: Health, product: Product) -> Result<Product, Error> {
    if health.healthy {
        return Ok(product);
    }
    let detail = match product {
        Product::SecretServer => "Secret Server answers and says that it is not healthy",
        Product::Platform => "the Delinea Platform answers and says that it is not healthy",
    };
    Err(Error::new(ErrorKind::Server, Outcome::NotDone, OPERATION).with_detail(detail))
}
