//! Commands about requests whose provisioning failed, is parked, or should not go on.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::requests::{own_request, require_status, state_event};
use super::unit::Unit;
use super::{begin, link};
use crate::error::{Refusal, Result};
use crate::model::ids::RequestId;
use crate::model::people::{Feature, Verb};
use crate::model::request::{Request, RequestKind, RequestStatus};
use crate::model::template::TemplateVersion;
use crate::rules::naming;
use crate::saga::input::Input;
use crate::saga::{SagaRecord, SagaStatus};

/// Lets a request whose provisioning failed be tried again, from the beginning, with the name reserved anew; one whose provisioning is
/// parked goes on where it stopped (I-9).
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct RetryRequest {
    /// Which.
    pub request: RequestId,
}

impl RetryRequest {
    /// Tries again.
    pub const fn new(request: RequestId) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Decide for RetryRequest {
    const NAME: &'static str = "request.retry";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut request = own_request(unit, self.request, Verb::Update).await?;
        if let Some(saga) = parked(unit, &request).await? {
            return begin::resume_saga(unit, saga, false).await;
        }
        require_status(unit, &request, &[RequestStatus::ProvisioningFailed], "R-12", "retried")?;
        let reservation = naming::reservation(request.domain, &request.account_name);
        unit.require_free(&reservation, None, || {
            Refusal::new("NM-2", "name", format!("{} was taken in the meantime", request.account_name))
        })
        .await?;
        for name in &request.form.service_principal_names {
            let reservation = naming::service_reservation(request.domain, name);
            unit.require_free(&reservation, None, || {
                Refusal::new("T-11", "service_principal_names", format!("{name} was taken in the meantime"))
            })
            .await?;
        }
        let version: TemplateVersion = unit.get(request.template.uuid()).await?;
        request.failure = None;
        begin::provision(unit, &mut request, &version).await
    }
}

/// Gives up a request whose provisioning failed, or is parked: then what is there outside stays as it is, and the findings name it.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct AbandonRequest {
    /// Which.
    pub request: RequestId,
}

impl AbandonRequest {
    /// Gives it up.
    pub const fn new(request: RequestId) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Decide for AbandonRequest {
    const NAME: &'static str = "request.abandon";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut request = own_request(unit, self.request, Verb::Update).await?;
        if let Some(saga) = parked(unit, &request).await? {
            return begin::resume_saga(unit, saga, true).await;
        }
        require_status(unit, &request, &[RequestStatus::ProvisioningFailed], "R-12", "abandoned")?;
        request.status = RequestStatus::Abandoned;
        unit.put(&request, format!("give up the request for {}", request.account_name))?;
        unit.audit(Self::NAME, format!("request {}", request.id), json!({ "status": request.status }));
        state_event(unit, &request, BTreeSet::from([request.requester]))
    }
}

/// The saga of a request whose provisioning stopped and waits for a person.
async fn parked(unit: &mut Unit<'_>, request: &Request) -> Result<Option<SagaRecord>> {
    let (RequestStatus::Queued, RequestKind::New, Some(saga)) = (request.status, request.kind, request.saga)
    else {
        return Ok(None);
    };
    let saga: SagaRecord = unit.get(saga.uuid()).await?;
    Ok(matches!(saga.status, SagaStatus::Parked { .. }).then_some(saga))
}

/// Cancels the provisioning of a queued request; what was made is undone. Refused once enabling has begun. Needs
/// provision-request Update with Manage.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct CancelProvisioning {
    /// Of which request.
    pub request: RequestId,
}

impl CancelProvisioning {
    /// Cancels it.
    pub const fn new(request: RequestId) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Decide for CancelProvisioning {
    const NAME: &'static str = "request.cancel";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::ProvisionRequest, Verb::Update, false).await?;
        let request: Request = unit.get(self.request.uuid()).await?;
        let (RequestStatus::Queued, RequestKind::New, Some(saga)) =
            (request.status, request.kind, request.saga)
        else {
            return unit.refuse(Refusal::new(
                "X-16",
                "request",
                format!("is {:?}; only what is being provisioned can be cancelled", request.status),
            ));
        };
        let mut saga: SagaRecord = unit.get(saga.uuid()).await?;
        let mut machine = link::machine(unit.alm, &saga).await?;
        let input = Input::Cancel { by: unit.person()?, at: unit.now };
        if !machine.can_cancel() || machine.apply(&input).is_err() {
            return unit.refuse(Refusal::new(
                "X-16",
                "request",
                "enabling the account has begun; delete it instead",
            ));
        }
        unit.journal(&mut saga, &input)?;
        saga.status = SagaStatus::Running;
        saga.ready_at = unit.now;
        unit.put(&saga, format!("cancel the provisioning of {}", request.account_name))?;
        unit.audit(Self::NAME, format!("request {}", request.id), json!({ "saga": saga.id }));
        Ok(())
    }
}
