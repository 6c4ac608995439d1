//! Secrets that something stands before: check-out, comment, ticket, second lock. `POST …/restricted`, `…/check-out`, `…/check-in`, `…/expire`.

use serde::Serialize;

use crate::ids::{SecretId, TicketSystemId};
use crate::lenient;
use crate::request::{DecodeError, EncodeError, Endpoint, Method, Path, Payload, Reply};
use crate::resource::endpoint;
use crate::resource::secrets::read::field_value;
use crate::resource::secrets::{Secret, Summary};
use crate::secret_value::{SecretValue, exposed_option};

/// What is said, or done, to get past what stands before a secret.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Access {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The ticket that asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_number: Option<String>,
    /// Where that ticket is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_system_id: Option<TicketSystemId>,
    /// The password of the second lock.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed_option")]
    pub double_lock_password: Option<SecretValue>,
    /// Take it from whoever has it checked out.
    pub force_check_in: bool,
    /// Also if it is deactivated.
    pub include_inactive: bool,
    /// Do not check it out when it wants to be. True by default.
    pub no_auto_checkout: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            comment: None,
            ticket_number: None,
            ticket_system_id: None,
            double_lock_password: None,
            force_check_in: false,
            include_inactive: false,
            no_auto_checkout: true,
        }
    }
}

impl Access {
    /// With this comment.
    pub fn comment(text: impl Into<String>) -> Self {
        Self { comment: Some(text.into()), ..Self::default() }
    }

    /// With this ticket.
    #[must_use]
    pub fn ticket(mut self, number: impl Into<String>, system: Option<TicketSystemId>) -> Self {
        self.ticket_number = Some(number.into());
        self.ticket_system_id = system;
        self
    }

    /// With the password of the second lock.
    #[must_use]
    pub fn double_lock(mut self, password: SecretValue) -> Self {
        self.double_lock_password = Some(password);
        self
    }

    /// Check it out when it wants to be. The read is then not repeated when its answer is lost.
    #[must_use]
    pub fn checking_out(mut self) -> Self {
        self.no_auto_checkout = false;
        self
    }

    /// Whether a repetition changes nothing.
    fn only_reads(&self) -> bool {
        self.no_auto_checkout && !self.force_check_in
    }
}

endpoint! {
    /// `POST /v1/secrets/{id}/restricted`: a read, in spite of its verb. Repeated only if it cannot check the secret out or in.
    #[derive(Clone, Debug)]
    pub struct GetRestricted {
        /// Which.
        pub id: SecretId,
        /// How.
        pub access: Access,
    }
    "secrets.get_restricted": Post => Secret;
    path = |e| Path::api("v1/secrets").id(e.id).literal("restricted");
    body = |e| e.access;
    idempotent = |e| e.access.only_reads();
}

/// `POST /v1/secrets/{id}/restricted/fields/{slug}`. Repeated like [`GetRestricted`].
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct GetRestrictedField {
    /// Which secret.
    pub id: SecretId,
    /// Which field.
    pub slug: String,
    /// How.
    pub access: Access,
}

impl Endpoint for GetRestrictedField {
    const OPERATION: &'static str = "secrets.restricted_field";
    const METHOD: Method = Method::Post;
    type Response = SecretValue;

    fn path(&self) -> Path {
        Path::api("v1/secrets").id(self.id).literal("restricted/fields").text("slug", &self.slug)
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        Payload::json(&self.access)
    }

    fn idempotent(&self) -> bool {
        self.access.only_reads()
    }

    fn decode(&self, reply: &Reply) -> Result<SecretValue, DecodeError> {
        field_value(reply)
    }
}

/// What the server remarks, such as that a comment is due.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Remarks {
    /// In its own words; empty when all is well.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub response_codes: Vec<String>,
}

endpoint! {
    /// `POST /v1/secrets/{id}/check-out`. Never repeated.
    #[derive(Clone, Copy, Debug)]
    pub struct CheckOut {
        /// Which.
        pub id: SecretId,
    }
    "secrets.check_out": Post => Remarks;
    path = |e| Path::api("v1/secrets").id(e.id).literal("check-out");
}

endpoint! {
    /// `POST /v1/secrets/{id}/check-in`. Never repeated: it can start a change of the password.
    #[derive(Clone, Debug)]
    pub struct CheckIn {
        /// Which.
        pub id: SecretId,
        /// How.
        pub access: Access,
    }
    "secrets.check_in": Post => Summary;
    path = |e| Path::api("v1/secrets").id(e.id).literal("check-in");
    body = |e| e.access;
}

endpoint! {
    /// `POST /v1/secrets/{id}/expire`. Never repeated: it can start a change of the password.
    #[derive(Clone, Debug)]
    pub struct Expire {
        /// Which.
        pub id: SecretId,
        /// How.
        pub access: Access,
    }
    "secrets.expire": Post => Summary;
    path = |e| Path::api("v1/secrets").id(e.id).literal("expire");
    body = |e| e.access;
}

endpoint! {
    /// `POST /v1/secrets/{id}/heartbeat`: has the password checked. The result comes later, in `last_heart_beat_status`.
    #[derive(Clone, Copy, Debug)]
    pub struct Heartbeat {
        /// Which.
        pub id: SecretId,
    }
    "secrets.heartbeat": Post => Summary;
    path = |e| Path::api("v1/secrets").id(e.id).literal("heartbeat");
}

/// `POST /v1/secrets/{id}/change-password`: has the password changed on its machine, which is done later. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct ChangePassword {
    /// Of which secret.
    pub id: SecretId,
    /// The new one; the server makes one if there is none.
    pub new_password: Option<SecretValue>,
    /// How.
    pub access: Access,
}

impl Endpoint for ChangePassword {
    const OPERATION: &'static str = "secrets.change_password";
    const METHOD: Method = Method::Post;
    type Response = Summary;

    fn path(&self) -> Path {
        Path::api("v1/secrets").id(self.id).literal("change-password")
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Args<'a> {
            #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed_option")]
            new_password: &'a Option<SecretValue>,
            #[serde(flatten)]
            access: &'a Access,
        }
        Payload::json(&Args { new_password: &self.new_password, access: &self.access })
    }
}
