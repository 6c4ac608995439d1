//! Secrets that something stands before: check-out, comment, ticket, second lock. `POST …/restricted`, `…/check-out`, `…/check-in`.

use serde::Serialize;

use crate::error::{Error, ErrorKind, Outcome};
use crate::ids::TicketSystemId;
use crate::lenient;
use crate::request::{DecodeError, EncodeError, Endpoint, Method, Path, Payload, Query, Reply};
use crate::resource::endpoint;
use crate::resource::secrets::read::field_value;
use crate::resource::secrets::{Access, CheckedOut, Secret, SecretRef, Secrets, Summary, UpdateField};
use crate::secret_value::{SecretValue, exposed_option};

impl Secrets<'_> {
    /// Reads a secret that something stands before. The server writes an audit record.
    ///
    /// # Errors
    /// As for [`Secrets::get`]; [`ErrorKind::Restricted`]: not enough was said.
    pub async fn get_restricted(
        &self,
        id: impl Into<SecretRef> + Send,
        access: AccessOptions,
    ) -> Result<Secret, Error> {
        self.0.request(GetRestricted { id: id.into(), access }).await
    }

    /// Reads one value of a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::get_restricted`].
    pub async fn restricted_field(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        access: AccessOptions,
    ) -> Result<SecretValue, Error> {
        self.0.request(GetRestrictedField { id: id.into(), slug: slug.to_owned(), access }).await
    }

    /// Like [`Secrets::update_field`], of a secret that something stands before.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`]; [`ErrorKind::Restricted`]: not enough was said.
    pub async fn update_restricted_field(
        &self,
        id: impl Into<SecretRef> + Send,
        slug: &str,
        value: impl Into<SecretValue> + Send,
        access: AccessOptions,
    ) -> Result<(), Error> {
        let (id, slug, value) = (id.into(), slug.to_owned(), value.into());
        self.0.request(UpdateField { id, slug, value, access: Some(access) }).await.map(drop)
    }

    /// Takes a secret for the caller alone, until it is [checked in](Self::check_in) or the time is over. A comment or ticket in the options is given
    /// first; nothing else of them is used.
    ///
    /// The server says in different ways that it refuses. So when it refuses, or answers with remarks, the secret's [`access`](Self::access) is asked
    /// for, and that is the result. Never sent twice: when the answer is lost, look at the access, which then is
    /// [`Access::CheckedOutByMe`].
    ///
    /// # Errors
    /// As for [`Secrets::get`], when its access says nothing that explains it.
    pub async fn check_out(
        &self,
        id: impl Into<SecretRef> + Send,
        options: AccessOptions,
    ) -> Result<CheckedOut, Error> {
        let id = id.into();
        if options.has_reason() {
            let number = match id.id() {
                Some(number) => number,
                None => self.name(id.clone()).await?.id,
            };
            self.give_reason(number, options).await?;
        }
        match self.0.request(CheckOut { id: id.clone() }).await {
            Ok(remarks) if remarks.response_codes.is_empty() => Ok(CheckedOut::Done),
            Ok(_) => Ok(match self.access(id).await? {
                Access::CheckedOutByMe { .. } => CheckedOut::Done,
                access => CheckedOut::Refused(access),
            }),
            Err(error)
                if error.outcome() == Outcome::NotDone
                    && matches!(
                        error.kind(),
                        ErrorKind::Restricted | ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::Conflict
                    ) =>
            {
                match (self.access(id).await, error.restriction()) {
                    (Ok(access), _) if !access.is_open() => Ok(CheckedOut::Refused(access)),
                    (Err(_), Some(access)) => Ok(CheckedOut::Refused(access)),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Gives a secret back, after which its password may be changed. With [`AccessOptions::forced`], also from another user who has it.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn check_in(
        &self,
        id: impl Into<SecretRef> + Send,
        access: AccessOptions,
    ) -> Result<Summary, Error> {
        self.0.request(CheckIn { id: id.into(), access }).await
    }
}

/// What is said, or done, to get past what stands before a secret.
///
/// ```
/// use secretserver_client::resource::secrets::AccessOptions;
///
/// let why = AccessOptions::comment("deployment of web 7").ticket("INC0042", None).double_lock("second password".into());
/// assert!(!format!("{why:?}").contains("second"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessOptions {
    /// Why. People read it in the audit of the secret.
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
    /// Take it from whoever has it checked out. Needs the right to do so (`ForceCheckin` among the actions of the state).
    pub force_check_in: bool,
    /// Also if it is deactivated.
    pub include_inactive: bool,
    /// Do not check it out when it wants to be. True by default.
    pub no_auto_checkout: bool,
}

impl Default for AccessOptions {
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

impl AccessOptions {
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

    /// Take it from whoever has it checked out, which can start a change of its password. Never repeated.
    #[must_use]
    pub fn forced(mut self) -> Self {
        self.force_check_in = true;
        self
    }

    /// Also if it is deactivated.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive = true;
        self
    }

    /// Whether a repetition changes nothing.
    pub(super) fn only_reads(&self) -> bool {
        self.no_auto_checkout && !self.force_check_in
    }

    /// Whether there is a reason in it, which has to be given before a check-out.
    pub(super) fn has_reason(&self) -> bool {
        self.comment.is_some() || self.ticket_number.is_some()
    }
}

endpoint! {
    /// `POST /v1/secrets/{id}/restricted`: a read, in spite of its verb. Repeated only if it cannot check the secret out or in.
    #[derive(Clone, Debug)]
    pub struct GetRestricted {
        /// Which.
        pub id: SecretRef,
        /// How.
        pub access: AccessOptions,
    }
    "secrets.get_restricted": Post => Secret;
    path = |e| e.id.segment(Path::api("v1/secrets")).literal("restricted");
    query = |e| e.id.query(Query::new());
    body = |e| e.access;
    idempotent = |e| e.access.only_reads();
}

/// `POST /v1/secrets/{id}/restricted/fields/{slug}`. Repeated like [`GetRestricted`].
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct GetRestrictedField {
    /// Which secret.
    pub id: SecretRef,
    /// Which field.
    pub slug: String,
    /// How.
    pub access: AccessOptions,
}

impl Endpoint for GetRestrictedField {
    const OPERATION: &'static str = "secrets.restricted_field";
    const METHOD: Method = Method::Post;
    type Response = SecretValue;

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

    fn decode(&self, reply: &Reply) -> Result<SecretValue, DecodeError> {
        field_value(reply)
    }
}

/// What the server remarks, such as that a comment is due.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Remarks {
    /// In its own words; empty when all is well. An answer without them is none: it would pass for a check-out.
    #[serde(deserialize_with = "lenient::texts")]
    pub response_codes: Vec<String>,
}

endpoint! {
    /// `POST /v1/secrets/{id}/check-out`. Never repeated.
    #[derive(Clone, Debug)]
    pub struct CheckOut {
        /// Which.
        pub id: SecretRef,
    }
    "secrets.check_out": Post => Remarks;
    path = |e| e.id.segment(Path::api("v1/secrets")).literal("check-out");
    query = |e| e.id.query(Query::new());
}

endpoint! {
    /// `POST /v1/secrets/{id}/check-in`. Never repeated: it can start a change of the password.
    #[derive(Clone, Debug)]
    pub struct CheckIn {
        /// Which.
        pub id: SecretRef,
        /// How.
        pub access: AccessOptions,
    }
    "secrets.check_in": Post => Summary;
    path = |e| e.id.segment(Path::api("v1/secrets")).literal("check-in");
    query = |e| e.id.query(Query::new());
    body = |e| e.access;
}
