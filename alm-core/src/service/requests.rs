//! Commands about requests until they are voted on.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::command::decide::Decide;
use super::owners::owners_of;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::account::Account;
use crate::model::audit::hex;
use crate::model::event::EventKind;
use crate::model::ids::{AccountId, PersonId, RequestId, TemplateId};
use crate::model::people::{Feature, Person, Verb};
use crate::model::request::{AgreedTerms, Delegation, Request, RequestForm, RequestKind, RequestStatus};
use crate::model::template::{Template, TemplateState, TemplateVersion};
use crate::rules::{approval, managed, naming, ownership, request as rules};

/// Begins a request with a published template. Needs provision-request Create. A draft may be incomplete.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DraftRequest {
    /// With which template; its current version.
    pub template: TemplateId,
    /// What was filled in so far.
    pub form: RequestForm,
}

impl DraftRequest {
    /// A draft.
    pub const fn new(template: TemplateId, form: RequestForm) -> Self {
        Self { template, form }
    }
}

#[async_trait]
impl Decide for DraftRequest {
    const NAME: &'static str = "request.draft";
    type Output = RequestId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<RequestId> {
        unit.require(Feature::ProvisionRequest, Verb::Create, true).await?;
        let version = current_version(unit, self.template).await?;
        draft(unit, &version, self.form.clone(), None)
    }
}

/// The version that new requests use (T-9).
pub(super) async fn current_version(unit: &mut Unit<'_>, template: TemplateId) -> Result<TemplateVersion> {
    let template: Template = unit.get(template.uuid()).await?;
    match (template.state, template.current) {
        (TemplateState::Published, Some(current)) => unit.get(current.uuid()).await,
        (state, _) => unit.refuse(Refusal::new(
            "T-8",
            "template",
            format!("{} is {state:?} and cannot be requested with", template.name),
        )),
    }
}

/// Stages a draft; when it is made after the pattern of an account, the audit says of which.
pub(super) fn draft(
    unit: &mut Unit<'_>,
    version: &TemplateVersion,
    form: RequestForm,
    clone_of: Option<AccountId>,
) -> Result<RequestId> {
    let request = Request {
        id: RequestId::new(unit.new_id()?),
        kind: RequestKind::New,
        privilege: None,
        requester: unit.person()?,
        template: version.id,
        domain: version.body.directory.domain,
        account_name: naming::full_name(&version.body.directory, version.body.kind, &form.name),
        form,
        status: RequestStatus::Draft,
        step: 0,
        escalates_at: None,
        escalated: false,
        votes: Vec::new(),
        terms: None,
        account: None,
        saga: None,
        eol: None,
        failure: None,
        created_at: unit.now,
        submitted_at: None,
    };
    unit.put(&request, format!("draft a request for {}", request.account_name))?;
    unit.audit(
        unit.operation,
        format!("request {}", request.id),
        json!({
            "account": request.account_name, "template": version.template, "version": version.number,
            "clone_of": clone_of,
        }),
    );
    Ok(request.id)
}

/// Changes a draft. One's own only.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EditRequest {
    /// Which.
    pub request: RequestId,
    /// What is filled in now.
    pub form: RequestForm,
}

impl EditRequest {
    /// Another form.
    pub const fn new(request: RequestId, form: RequestForm) -> Self {
        Self { request, form }
    }
}

#[async_trait]
impl Decide for EditRequest {
    const NAME: &'static str = "request.edit";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut request = own_request(unit, self.request, Verb::Update).await?;
        require_status(unit, &request, &[RequestStatus::Draft], "R-4", "edited")?;
        let version: TemplateVersion = unit.get(request.template.uuid()).await?;
        request.form = self.form.clone();
        let body = &version.body;
        request.account_name = naming::full_name(&body.directory, body.kind, &self.form.name);
        unit.put(&request, format!("edit the draft for {}", request.account_name))?;
        unit.audit(Self::NAME, format!("request {}", request.id), json!({ "account": request.account_name }));
        Ok(())
    }
}

/// Deletes a draft. One's own only.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct DeleteDraft {
    /// Which.
    pub request: RequestId,
}

impl DeleteDraft {
    /// Deletes it.
    pub const fn new(request: RequestId) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Decide for DeleteDraft {
    const NAME: &'static str = "request.delete_draft";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let request = own_request(unit, self.request, Verb::Delete).await?;
        require_status(unit, &request, &[RequestStatus::Draft], "R-4", "deleted")?;
        unit.remove(&request, format!("delete the draft for {}", request.account_name));
        unit.audit(Self::NAME, format!("request {}", request.id), json!({ "account": request.account_name }));
        Ok(())
    }
}

/// Submits a draft to its approvers. It is pinned to the version that is current now (T-9), the name is reserved (NM-2).
///
/// All problems of the form are said at once.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct SubmitRequest {
    /// Which.
    pub request: RequestId,
}

impl SubmitRequest {
    /// Submits it.
    pub const fn new(request: RequestId) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Decide for SubmitRequest {
    const NAME: &'static str = "request.submit";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut request = own_request(unit, self.request, Verb::Create).await?;
        require_status(unit, &request, &[RequestStatus::Draft], "R-4", "submitted")?;
        let begun_with: TemplateVersion = unit.get(request.template.uuid()).await?;
        let version = current_version(unit, begun_with.template).await?;
        let body = &version.body;

        let requester: Person = unit.get(request.requester.uuid()).await?;
        let owners = ownership::with_requester(&request.form.owners, requester.id);
        let (people, mut groups) = owners_of(unit, &owners).await?;
        groups.extend(unit.groups(body.requesters.iter().copied()).await?);
        let mut refusals =
            rules::check(&request.form, body, &requester, &people, &groups).err().unwrap_or_default();
        request.account_name = naming::full_name(&body.directory, body.kind, &request.form.name);
        let reservation = naming::reservation(body.directory.domain, &request.account_name);
        if unit.alm.store.holder(&reservation).await?.is_some_and(|(_, id)| id != request.id.uuid()) {
            refusals.push(Refusal::new(
                "NM-2",
                "name",
                format!("{} is taken by another live request or account of the domain", request.account_name),
            ));
        }
        for name in &request.form.service_principal_names {
            let reservation = naming::service_reservation(body.directory.domain, name);
            if unit.alm.store.holder(&reservation).await?.is_some_and(|(_, id)| id != request.id.uuid()) {
                let message = format!("{name} is taken by another live request or account of the domain");
                refusals.push(Refusal::new("T-11", "service_principal_names", message));
            }
        }
        if refusals.is_empty()
            && let Some(inspector) = unit.alm.inspector.clone()
        {
            if let Some(place) =
                body.place(request.form.folder.as_deref()).filter(|place| place.within.is_some())
            {
                refusals.extend(inspector.inspect_place_for(&place, body.rotation.by).await?);
            }
            if let Some(spec) = managed::spec(body, &request.form) {
                refusals.extend(inspector.inspect_managed(&spec).await?);
            }
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }

        request.terms = body
            .terms_of_service
            .as_ref()
            .map(|terms| AgreedTerms { sha256: hex(&Sha256::digest(terms.as_bytes())), at: unit.now });
        request.template = version.id;
        request.domain = body.directory.domain;
        request.status = RequestStatus::Submitted;
        request.submitted_at = Some(unit.now);
        put_submitted(unit, &mut request, &version).await
    }
}

/// A request about an account that exists, submitted at this moment: it runs the steps of the account's own template version.
pub(super) fn about(
    unit: &Unit<'_>,
    account: &Account,
    version: &TemplateVersion,
    kind: RequestKind,
    form: RequestForm,
) -> Result<Request> {
    Ok(Request {
        id: RequestId::new(unit.new_id()?),
        kind,
        privilege: None,
        requester: unit.person()?,
        template: version.id,
        domain: account.domain,
        account_name: account.name.clone(),
        form,
        status: RequestStatus::Submitted,
        step: 0,
        escalates_at: None,
        escalated: false,
        votes: Vec::new(),
        terms: None,
        account: Some(account.id),
        saga: None,
        eol: None,
        failure: None,
        created_at: unit.now,
        submitted_at: Some(unit.now),
    })
}

/// Stages a request that is now waiting for the first step's votes.
pub(super) async fn put_submitted(
    unit: &mut Unit<'_>,
    request: &mut Request,
    version: &TemplateVersion,
) -> Result<()> {
    begin_step(unit, request, version);
    unit.put(request, format!("submit the request for {}", request.account_name))?;
    let personal = unit.personal(&request.form.justification)?;
    unit.audit_as(
        unit.operation,
        format!("request {}", request.id),
        crate::model::audit::AuditResult::Done,
        json!({
            "account": request.account_name, "kind": request.kind, "version": version.number,
            "terms": request.terms, "privilege": request.privilege,
        }),
        personal,
    );
    state_event(unit, request, BTreeSet::new())?;
    step_event(unit, request, version).await
}

/// the time of the step that a request is at begins now.
pub(super) fn begin_step(unit: &Unit<'_>, request: &mut Request, version: &TemplateVersion) {
    let step = version.body.approval.get(request.step);
    request.escalates_at = step.and_then(|step| approval::escalates_at(step, unit.now));
    request.escalated = false;
}

/// the step's approvers are told that it waits for them (N-4), and those who may vote in their place at this moment.
pub(super) async fn step_event(
    unit: &mut Unit<'_>,
    request: &Request,
    version: &TemplateVersion,
) -> Result<()> {
    let Some(step) = version.body.approval.get(request.step) else { return Ok(()) };
    let groups = unit.groups(step.groups.iter().copied()).await?;
    let mut people = unit.people(step.people.iter().copied()).await?;
    people.extend(unit.members(&groups).await?);
    let mut approvers = approval::approvers(step, request.requester, &people, &groups);
    let delegations: Vec<Delegation> = unit.all().await?;
    let now = unit.now;
    let stand_ins = delegations.iter().filter(|one| one.holds_at(now) && approvers.contains(&one.from));
    let stand_ins: Vec<PersonId> = stand_ins.map(|one| one.to).collect();
    approvers.extend(stand_ins.into_iter().filter(|person| *person != request.requester));
    let text = format!(
        "step {} ({}) of the request for {} waits for {} approval(s)",
        request.step + 1,
        step.name,
        request.account_name,
        step.required
    );
    unit.event(EventKind::ApprovalRequired, text, approvers, |event| event.request = Some(request.id))
}

pub(super) fn state_event(unit: &mut Unit<'_>, request: &Request, to: BTreeSet<PersonId>) -> Result<()> {
    let text = format!("the request for {} is {:?}", request.account_name, request.status);
    unit.event(EventKind::RequestStateChanged, text, to, |event| {
        event.request = Some(request.id);
        event.account = request.account;
    })
}

/// Takes a submitted request back. One's own only.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct WithdrawRequest {
    /// Which.
    pub request: RequestId,
}

impl WithdrawRequest {
    /// Takes it back.
    pub const fn new(request: RequestId) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Decide for WithdrawRequest {
    const NAME: &'static str = "request.withdraw";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut request = own_request(unit, self.request, Verb::Update).await?;
        require_status(unit, &request, &[RequestStatus::Submitted], "R-5", "withdrawn")?;
        withdraw(unit, &mut request).await
    }
}

/// Ends a request that waits for votes, and closes the renewal that it is.
pub(super) async fn withdraw(unit: &mut Unit<'_>, request: &mut Request) -> Result<()> {
    request.status = RequestStatus::Withdrawn;
    unit.put(request, format!("withdraw the request for {}", request.account_name))?;
    unit.audit(unit.operation, format!("request {}", request.id), json!({ "status": request.status }));
    state_event(unit, request, BTreeSet::new())?;
    close_renewal(unit, request).await
}

/// A renewal that ended without an approval leaves its account as it was, and Su is offered again.
pub(super) async fn close_renewal(unit: &mut Unit<'_>, request: &Request) -> Result<()> {
    if let RequestKind::Renewal { account, .. } = request.kind {
        let mut account: Account = unit.get(account.uuid()).await?;
        if account.renewal == Some(request.id) {
            account.renewal = None;
            unit.put(&account, format!("close the renewal of {}", account.name))?;
        }
    }
    Ok(())
}

/// Copies a withdrawn or rejected request to a new draft. One's own only.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct CopyRequest {
    /// Which.
    pub request: RequestId,
}

impl CopyRequest {
    /// Copies it.
    pub const fn new(request: RequestId) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Decide for CopyRequest {
    const NAME: &'static str = "request.copy";
    type Output = RequestId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<RequestId> {
        let request = own_request(unit, self.request, Verb::Create).await?;
        require_status(
            unit,
            &request,
            &[RequestStatus::Withdrawn, RequestStatus::Rejected],
            "R-5",
            "copied",
        )?;
        if request.kind != RequestKind::New {
            return unit.refuse(Refusal::new(
                "R-5",
                "request",
                "is about an account that exists; ask for the same again there",
            ));
        }
        let begun_with: TemplateVersion = unit.get(request.template.uuid()).await?;
        let version = current_version(unit, begun_with.template).await?;
        let mut form = request.form.clone();
        // T-1: an agreement is given to a text at a time; it is asked for anew.
        form.agrees_to_terms = false;
        draft(unit, &version, form, None)
    }
}

/// A request that the caller may act on: their own, or any with Manage.
pub(super) async fn own_request(unit: &mut Unit<'_>, id: RequestId, verb: Verb) -> Result<Request> {
    let request: Request = unit.get(id.uuid()).await?;
    let own = unit.person()? == request.requester;
    unit.require(Feature::ProvisionRequest, verb, own).await?;
    Ok(request)
}

pub(super) fn require_status(
    unit: &Unit<'_>,
    request: &Request,
    allowed: &[RequestStatus],
    rule: &'static str,
    what: &str,
) -> Result<()> {
    if allowed.contains(&request.status) {
        return Ok(());
    }
    unit.refuse(Refusal::new(rule, "request", format!("is {:?} and cannot be {what}", request.status)))
}
