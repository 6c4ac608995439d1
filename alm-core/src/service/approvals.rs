//! Votes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::stored::index;
use super::unit::Unit;
use super::{begin, requests};
use crate::error::Result;
use crate::model::ids::{PersonId, RequestId};
use crate::model::people::{Feature, Person, Verb};
use crate::model::request::{Decision, Delegation, Request, RequestKind, RequestStatus};
use crate::model::template::TemplateVersion;
use crate::rules::approval::{self, Verdict, Voter};

/// Approves or denies the step that a request is at. Needs provision-approval Update, and to be named by the step at this moment, or to
/// administer once the step's time is over.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CastVote {
    /// On which request.
    pub request: RequestId,
    /// Yes, or no and why.
    pub decision: Decision,
    /// The approver in whose place, if they delegated it to the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PersonId>,
}

impl CastVote {
    /// Yes.
    pub const fn approve(request: RequestId) -> Self {
        Self { request, decision: Decision::Approve, on_behalf_of: None }
    }

    /// No, with the reason that the requester sees.
    pub fn deny(request: RequestId, reason: impl Into<String>) -> Self {
        Self { request, decision: Decision::Deny { reason: reason.into() }, on_behalf_of: None }
    }

    /// In the place of an approver who delegated it.
    #[must_use]
    pub const fn on_behalf_of(mut self, approver: PersonId) -> Self {
        self.on_behalf_of = Some(approver);
        self
    }
}

#[async_trait]
impl Decide for CastVote {
    const NAME: &'static str = "request.vote";
    type Output = RequestStatus;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<RequestStatus> {
        unit.require(Feature::ProvisionApproval, Verb::Update, true).await?;
        let mut request: Request = unit.get(self.request.uuid()).await?;
        let version: TemplateVersion = unit.get(request.template.uuid()).await?;
        let voter: Person = unit.get(unit.person()?.uuid()).await?;
        let named = version.body.approval.get(request.step);
        let groups = unit.groups(named.iter().flat_map(|step| step.groups.iter().copied())).await?;
        let principal: Option<Person> = match self.on_behalf_of {
            Some(approver) => Some(unit.get(approver.uuid()).await?),
            None => None,
        };
        let agreed: Vec<Delegation> = match principal {
            Some(_) => unit.find_by(index::DELEGATE, &voter.id.to_string()).await?,
            None => Vec::new(),
        };
        let mut voting = Voter::new(&voter);
        if request.escalated {
            voting = voting.administers(unit.administrators().await?.contains(&voter.id));
        }
        if let Some(principal) = &principal {
            voting = voting.in_place_of(principal, &agreed);
        }
        let decided = approval::decide(&request, &version.body, &voting, &groups, unit.now, &self.decision);
        let verdict = match decided {
            Ok(verdict) => verdict,
            Err(refusal) => return unit.refuse(refusal),
        };
        let vote = voting.vote(&request, unit.now, self.decision.clone());
        request.votes.push(vote);
        let (approved, reason) = match &self.decision {
            Decision::Approve => (true, None),
            Decision::Deny { reason } => (false, Some(reason.clone())),
        };
        let personal = match reason {
            Some(reason) => unit.personal(reason)?,
            None => None,
        };
        unit.audit_as(
            Self::NAME,
            format!("request {}", request.id),
            crate::model::audit::AuditResult::Done,
            json!({
                "step": request.step + 1, "approved": approved, "verdict": format!("{verdict:?}"),
                "on_behalf_of": self.on_behalf_of,
            }),
            personal,
        );
        match verdict {
            Verdict::Waiting => unit.put(&request, format!("approve step {}", request.step + 1))?,
            Verdict::NextStep => {
                request.step += 1;
                requests::begin_step(unit, &mut request, &version);
                unit.put(&request, format!("step {} begins", request.step + 1))?;
                requests::step_event(unit, &request, &version).await?;
            }
            Verdict::Rejected => {
                request.status = RequestStatus::Rejected;
                unit.put(&request, "the request is rejected")?;
                requests::state_event(unit, &request, BTreeSet::from([request.requester]))?;
                requests::close_renewal(unit, &request).await?;
            }
            Verdict::Approved => approved_request(unit, &mut request, &version).await?,
        }
        Ok(request.status)
    }
}

/// After the last step: what was asked for begins.
async fn approved_request(
    unit: &mut Unit<'_>,
    request: &mut Request,
    version: &TemplateVersion,
) -> Result<()> {
    match request.kind {
        RequestKind::New => begin::provision(unit, request, version).await,
        RequestKind::Renewal { account, enable } => {
            let account = unit.get(account.uuid()).await?;
            begin::approved_renewal(unit, request, account, enable).await
        }
        RequestKind::Privilege { account } => {
            let account = unit.get(account.uuid()).await?;
            begin::approved_privilege(unit, request, account).await
        }
    }
}
