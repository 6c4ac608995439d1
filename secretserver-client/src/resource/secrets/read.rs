//! Reading one secret. `GET /v1/secrets/{id}`, `…/summary`, `…/state`, `…/fields/{slug}`.

use crate::request::{DecodeError, Endpoint, Method, Path, Query, Reply};
use crate::resource::secrets::{Secret, SecretRef, State, Summary};
use crate::secret_value::SecretValue;

/// How to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Do not check the secret out when it wants to be. True by default: a plain read of such a secret would take it from everybody else.
    pub no_auto_checkout: bool,
    /// Also if it is deactivated. Needs the right to view deleted secrets.
    pub include_inactive: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { no_auto_checkout: true, include_inactive: false }
    }
}

impl ReadOptions {
    /// The same, also for deactivated secrets.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive = true;
        self
    }

    pub(super) fn query(self) -> Query {
        Query::new()
            .with_flag("noAutoCheckout", self.no_auto_checkout)
            .with_flag("includeInactive", self.include_inactive)
    }
}

/// Reads a secret. Repeated only if it cannot check the secret out.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "its arguments are those of the server's operation; more go into the options"
)]
pub struct GetSecret {
    /// Which.
    pub id: SecretRef,
    /// How.
    pub options: ReadOptions,
}

impl Endpoint for GetSecret {
    const OPERATION: &'static str = "secrets.get";
    const METHOD: Method = Method::Get;
    type Response = Secret;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets"))
    }

    fn query(&self) -> Query {
        self.id.query(self.options.query())
    }

    fn idempotent(&self) -> bool {
        self.options.no_auto_checkout
    }
}

/// Reads what is known of a secret without its values.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see GetSecret")]
pub struct GetSummary {
    /// Which.
    pub id: SecretRef,
}

impl Endpoint for GetSummary {
    const OPERATION: &'static str = "secrets.summary";
    const METHOD: Method = Method::Get;
    type Response = Summary;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("summary")
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }
}

/// Reads whether a secret can be read.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see GetSecret")]
pub struct GetState {
    /// Which.
    pub id: SecretRef,
}

impl Endpoint for GetState {
    const OPERATION: &'static str = "secrets.state";
    const METHOD: Method = Method::Get;
    type Response = State;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("state")
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }
}

/// Reads one value. The answer is a JSON string and nothing around it.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see GetSecret")]
pub struct GetField {
    /// Which secret.
    pub id: SecretRef,
    /// Which field.
    pub slug: String,
    /// How.
    pub options: ReadOptions,
}

impl Endpoint for GetField {
    const OPERATION: &'static str = "secrets.field";
    const METHOD: Method = Method::Get;
    type Response = SecretValue;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("fields").text("slug", &self.slug)
    }

    fn query(&self) -> Query {
        self.id.query(self.options.query())
    }

    fn idempotent(&self) -> bool {
        self.options.no_auto_checkout
    }

    fn decode(&self, reply: &Reply) -> Result<SecretValue, DecodeError> {
        field_value(reply)
    }
}

/// A bare JSON string. A value may begin with `<`: only what is declared as a web page is one here.
pub(super) fn field_value(reply: &Reply) -> Result<SecretValue, DecodeError> {
    serde_json::from_slice(reply.bytes()).or_else(|_| reply.json())
}
