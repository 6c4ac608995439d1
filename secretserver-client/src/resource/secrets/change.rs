//! Changing a secret. `PUT /v1/secrets/{id}/fields/{slug}`, `DELETE /v1/secrets/{id}`, `PUT /v1/secrets/{id}/activate`.

use serde::{Deserialize, Serialize};

use crate::ids::SecretId;
use crate::request::{DecodeError, EncodeError, Endpoint, Method, Path, Payload, Query, Reply};
use crate::resource::secrets::{AccessOptions, SecretRef};
use crate::resource::{Ignored, ignore};
use crate::secret_value::{SecretValue, exposed};

/// Writes one value. Not repeated, although it is a PUT: it can start a change of the password on the machine.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct UpdateField {
    /// Which secret.
    pub id: SecretRef,
    /// Which field.
    pub slug: String,
    /// The new value.
    pub value: SecretValue,
    /// How to get past what stands before it; nothing of it is sent if there is none.
    pub access: Option<AccessOptions>,
}

impl Endpoint for UpdateField {
    const OPERATION: &'static str = "secrets.update_field";
    const METHOD: Method = Method::Put;
    const IDEMPOTENT: bool = false;
    type Response = Ignored;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("fields").text("slug", &self.slug)
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        #[derive(Serialize)]
        struct Args<'a> {
            #[serde(serialize_with = "exposed")]
            value: &'a SecretValue,
            #[serde(flatten)]
            access: &'a Option<AccessOptions>,
        }
        Payload::json(&Args { value: &self.value, access: &self.access })
    }

    /// The answer repeats the value as a bare JSON string; it is not looked at.
    fn decode(&self, reply: &Reply) -> Result<Ignored, DecodeError> {
        if reply.bytes().trim_ascii_start().starts_with(b"\"") { Ok(Ignored) } else { ignore(reply) }
    }
}

/// Deactivates a secret. A second time it is refused like an absent one; repeated all the same when the answer was lost, since one refusal
/// does no harm.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see UpdateField")]
pub struct Deactivate {
    /// Which.
    pub id: SecretRef,
}

/// What the server says after deactivating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Deactivated {
    /// What was deactivated.
    pub id: SecretId,
}

impl Endpoint for Deactivate {
    const OPERATION: &'static str = "secrets.deactivate";
    const METHOD: Method = Method::Delete;
    type Response = Deactivated;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets"))
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }
}

/// Makes a secret active again.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see UpdateField")]
pub struct Activate {
    /// Which.
    pub id: SecretRef,
}

impl Endpoint for Activate {
    const OPERATION: &'static str = "secrets.restore";
    const METHOD: Method = Method::Put;
    type Response = Ignored;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("activate")
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }

    fn decode(&self, reply: &Reply) -> Result<Ignored, DecodeError> {
        ignore(reply)
    }
}

/// Makes a secret active again, on servers before 11, which know no paths of secrets either.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see UpdateField")]
pub struct Undelete {
    /// Which.
    pub id: SecretId,
}

impl Endpoint for Undelete {
    const OPERATION: &'static str = "secrets.restore";
    const METHOD: Method = Method::Put;
    type Response = Ignored;

    fn path(&self) -> Path {
        Path::api("v1/secrets").id(self.id).literal("undelete")
    }

    fn decode(&self, reply: &Reply) -> Result<Ignored, DecodeError> {
        ignore(reply)
    }
}
