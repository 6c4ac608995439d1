//! What is done on the machine that a password belongs to: change it, check it, let it expire. The server only takes the order; an engine carries it
//! out later.

use serde::Serialize;

use crate::error::Error;
use crate::request::{EncodeError, Endpoint, Method, Path, Payload, Query};
use crate::resource::endpoint;
use crate::resource::secrets::{AccessOptions, SecretRef, Secrets, Summary};
use crate::secret_value::{SecretValue, exposed_option};

impl Secrets<'_> {
    /// Has the password changed on its machine, which happens later: look at `last_password_change_attempt`. Without a new password the server
    /// makes one. Never sent twice.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn change_password(
        &self,
        id: impl Into<SecretRef> + Send,
        new_password: Option<SecretValue>,
        access: AccessOptions,
    ) -> Result<Ordered, Error> {
        self.0.request(ChangePassword { id: id.into(), new_password, access }).await.map(Ordered::of)
    }

    /// Has the password checked on its machine, which happens later: look at `last_heart_beat_status`, which is `Pending` until then.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn heartbeat(&self, id: impl Into<SecretRef> + Send) -> Result<Ordered, Error> {
        self.0.request(Heartbeat { id: id.into() }).await.map(Ordered::of)
    }

    /// Makes a secret expire now, which can start a change of its password. Never sent twice.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn expire(
        &self,
        id: impl Into<SecretRef> + Send,
        access: AccessOptions,
    ) -> Result<Ordered, Error> {
        self.0.request(Expire { id: id.into(), access }).await.map(Ordered::of)
    }
}

/// What became of an order to do something on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ordered {
    /// The server took it, and an engine carries it out later.
    Accepted(Summary),
    /// The server answered with success and with remarks, in words that are not documented: it may not have taken the order. The remarks are in
    /// [`Summary::response_codes`].
    Remarked(Summary),
}

impl Ordered {
    pub(super) fn of(summary: Summary) -> Self {
        if summary.response_codes.is_empty() { Self::Accepted(summary) } else { Self::Remarked(summary) }
    }

    /// The secret as it was when the order was taken.
    pub const fn summary(&self) -> &Summary {
        match self {
            Self::Accepted(summary) | Self::Remarked(summary) => summary,
        }
    }

    /// Whether the server took it without a remark.
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

endpoint! {
    /// `POST /v1/secrets/{id}/expire`. Never repeated: it can start a change of the password.
    #[derive(Clone, Debug)]
    pub struct Expire {
        /// Which.
        pub id: SecretRef,
        /// How.
        pub access: AccessOptions,
    }
    "secrets.expire": Post => Summary;
    path = |e| e.id.segment(Path::api("v1/secrets")).literal("expire");
    query = |e| e.id.query(Query::new());
    body = |e| e.access;
}

endpoint! {
    /// `POST /v1/secrets/{id}/heartbeat`: has the password checked. The result comes later, in `last_heart_beat_status`.
    #[derive(Clone, Debug)]
    pub struct Heartbeat {
        /// Which.
        pub id: SecretRef,
    }
    "secrets.heartbeat": Post => Summary;
    path = |e| e.id.segment(Path::api("v1/secrets")).literal("heartbeat");
    query = |e| e.id.query(Query::new());
}

/// `POST /v1/secrets/{id}/change-password`: has the password changed on its machine, which is done later. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct ChangePassword {
    /// Of which secret.
    pub id: SecretRef,
    /// The new one; the server makes one if there is none.
    pub new_password: Option<SecretValue>,
    /// How.
    pub access: AccessOptions,
}

impl Endpoint for ChangePassword {
    const OPERATION: &'static str = "secrets.change_password";
    const METHOD: Method = Method::Post;
    type Response = Summary;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("change-password")
    }

    fn query(&self) -> Query {
        self.id.query(Query::new())
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Args<'a> {
            #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed_option")]
            new_password: &'a Option<SecretValue>,
            #[serde(flatten)]
            access: &'a AccessOptions,
        }
        Payload::json(&Args { new_password: &self.new_password, access: &self.access })
    }
}
