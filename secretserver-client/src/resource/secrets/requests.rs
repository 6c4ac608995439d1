//! Asking for access to a secret. `…/secret-access-requests/secrets/{id}`, `…/view-comment`, `POST …/secret-access-requests`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ids::{SecretId, TicketSystemId, UserId, optional};
use crate::open_enum::open_enum;
use crate::page::Pager;
use crate::request::Path;
use crate::resource::secrets::{AccessOptions, Secrets};
use crate::resource::{Acknowledged, endpoint, list_endpoint, or_default};
use crate::time;

impl Secrets<'_> {
    /// What stands before a secret by its configuration, whoever asks.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn access_rules(&self, id: SecretId) -> Result<AccessRules, Error> {
        self.0.request(GetAccessRules { id }).await
    }

    /// Who has asked for access to a secret.
    pub fn access_requests(&self, id: SecretId) -> Pager<AccessRequest> {
        ListAccessRequests::pager(self.0, id)
    }

    /// Asks for access to a secret, on which somebody must then decide. Never sent twice: when the answer is lost, look at
    /// [`access_requests`](Self::access_requests).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): it is not possible, such as when access was asked for already. Otherwise as for [`Secrets::get`].
    pub async fn request_access(&self, request: NewAccessRequest) -> Result<AccessRequest, Error> {
        self.0.request(RequestAccess(request)).await
    }

    /// Says why the caller is about to look at a secret, which [`check_out`](Self::check_out) does by itself when its options have a reason.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn give_reason(&self, id: SecretId, access: AccessOptions) -> Result<(), Error> {
        let said = self.0.request(GiveReason { id, access }).await?;
        Acknowledged { success: said }.checked("secrets.give_reason")
    }
}

open_enum! {
    /// Where a request for access stands.
    RequestStatus {
        /// Nobody has asked yet.
        WaitingForRequest = "WaitingForRequest",
        /// Somebody must decide.
        Pending = "Pending",
        /// Somebody approved.
        Approved = "Approved",
        /// Somebody refused.
        Denied = "Denied",
        /// It was taken back.
        Canceled = "Canceled",
        /// Its time is over.
        Expired = "Expired",
    }
}

/// A request for access to a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessRequest {
    /// Its number.
    #[serde(default, deserialize_with = "crate::lenient::number")]
    pub secret_access_request_id: Option<i64>,
    /// To which secret.
    #[serde(default, deserialize_with = "optional")]
    pub secret_id: Option<SecretId>,
    /// Who asks.
    #[serde(default, deserialize_with = "optional")]
    pub requesting_user_id: Option<UserId>,
    /// Why.
    #[serde(default)]
    pub request_comment: Option<String>,
    /// When it was asked.
    #[serde(default, deserialize_with = "time::optional")]
    pub request_date: Option<Timestamp>,
    /// From when.
    #[serde(default, deserialize_with = "time::optional")]
    pub start_date: Option<Timestamp>,
    /// Until when.
    #[serde(default, deserialize_with = "time::optional")]
    pub expiration_date: Option<Timestamp>,
    /// Where it stands.
    #[serde(default)]
    pub status: Option<RequestStatus>,
    /// Who decided.
    #[serde(default)]
    pub approver_display_name: Option<String>,
    /// What that one said.
    #[serde(default)]
    pub response_comment: Option<String>,
    /// When it was decided.
    #[serde(default, deserialize_with = "time::optional")]
    pub response_date: Option<Timestamp>,
    /// Whether nothing is left to decide.
    #[serde(default, deserialize_with = "or_default")]
    pub completed: bool,
}

/// Access that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewAccessRequest {
    /// To which secret.
    pub secret_id: SecretId,
    /// Why.
    pub request_comment: String,
    /// From when; now if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Timestamp>,
    /// Until when; the server's choice if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_date: Option<Timestamp>,
    /// The ticket that asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_number: Option<String>,
    /// Where that ticket is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_system_id: Option<TicketSystemId>,
}

impl NewAccessRequest {
    /// Access to this secret, for this reason.
    pub fn new(secret: SecretId, comment: impl Into<String>) -> Self {
        Self {
            secret_id: secret,
            request_comment: comment.into(),
            start_date: None,
            expiration_date: None,
            ticket_number: None,
            ticket_system_id: None,
        }
    }

    /// Until this instant.
    #[must_use]
    pub fn until(mut self, end: Timestamp) -> Self {
        self.expiration_date = Some(end);
        self
    }

    /// From this instant.
    #[must_use]
    pub fn from(mut self, start: Timestamp) -> Self {
        self.start_date = Some(start);
        self
    }
}

/// `POST /v1/secret-access-requests`. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the request")]
pub struct RequestAccess(
    /// What is asked for.
    pub NewAccessRequest,
);

endpoint! {
    @impl RequestAccess "secrets.request_access": Post => AccessRequest;
    path = |_| Path::api("v1/secret-access-requests");
    body = |e| e.0;
}

list_endpoint! {
    /// One page of `GET /v1/secret-access-requests/secrets/{id}`.
    pub struct ListAccessRequests(SecretId);
    "secrets.access_requests" => AccessRequest;
    path = |e| Path::api("v1/secret-access-requests/secrets").id(e.id);
    sort = crate::resource::sort::REQUEST_ID;
}

/// What stands before a secret by its configuration, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct AccessRules {
    /// A comment is due, and a ticket where a ticket system is configured.
    #[serde(default, deserialize_with = "or_default")]
    pub require_comment_ticket_number: bool,
    /// It must be checked out. An answer without this is none: it would pass for "nothing".
    #[serde(deserialize_with = "or_default")]
    pub require_checkout: bool,
    /// Somebody must approve.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_requires_approval_for_access: bool,
    /// A second password is due.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_double_lock: bool,
    /// Approval also for those who may change it.
    #[serde(default, deserialize_with = "or_default")]
    pub editors_also_require_approval: bool,
    /// Approval also for owners and approvers.
    #[serde(default, deserialize_with = "or_default")]
    pub owners_and_approvers_also_require_approval: bool,
}

endpoint! {
    /// `GET /v1/secret-access-requests/secrets/{id}/options`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetAccessRules {
        /// Of which secret.
        pub id: SecretId,
    }
    "secrets.access_rules": Get => AccessRules;
    path = |e| Path::api("v1/secret-access-requests/secrets").id(e.id).literal("options");
}

/// `POST /v1/secret-access-requests/secrets/{id}/view-comment`: says why the caller is about to look, which a check-out with comment wants first.
/// Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct GiveReason {
    /// For which secret.
    pub id: SecretId,
    /// Comment and ticket; nothing else of it is sent.
    pub access: AccessOptions,
}

endpoint! {
    @impl GiveReason "secrets.give_reason": Post => bool;
    path = |e| Path::api("v1/secret-access-requests/secrets").id(e.id).literal("view-comment");
    body = |e| Reason {
        comment: e.access.comment.as_deref(),
        ticket_number: e.access.ticket_number.as_deref(),
        ticket_system_id: e.access.ticket_system_id,
    };
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reason<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_system_id: Option<TicketSystemId>,
}
