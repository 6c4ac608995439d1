//! Requests whose step nobody voted on in time.

use jiff::Timestamp;
use serde_json::json;

use super::alm::Alm;
use super::unit::Unit;
use crate::error::{ErrorKind, Result};
use crate::model::audit::Actor;
use crate::model::event::EventKind;
use crate::model::request::{Request, RequestStatus};
use crate::port::store::DueKind;

/// How many due requests are looked at together.
const BATCH: u32 = 200;

impl Alm {
    /// Goes through the requests that have waited too long; how many.
    pub(super) async fn escalate(&self, operation: &'static str, now: Timestamp) -> Result<u64> {
        let mut escalated = 0;
        loop {
            let due = self.0.store.due(DueKind::Escalation, now, BATCH).await?;
            if due.is_empty() {
                return Ok(escalated);
            }
            for (_, id, _) in due {
                let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
                let Some(request) = unit.find::<Request>(id).await? else { continue };
                let told = escalation(&mut unit, request, now).await?;
                match self.0.store.commit(unit.commit).await {
                    Ok(()) => escalated += u64::from(told),
                    // It is looked at again with the next batch.
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// whoever was asked did not answer in time, so administrators may, and are told.
async fn escalation(unit: &mut Unit<'_>, mut request: Request, now: Timestamp) -> Result<bool> {
    let due = request.status == RequestStatus::Submitted && request.escalates_at.is_some_and(|at| at <= now);
    if !due {
        // Somebody voted in between.
        return Ok(false);
    }
    request.escalates_at = None;
    request.escalated = true;
    let text = format!(
        "the time for step {} of the request for {} is over; administrators may vote",
        request.step + 1,
        request.account_name
    );
    unit.put(&request, &text)?;
    unit.audit("request.escalate", format!("request {}", request.id), json!({ "step": request.step + 1 }));
    let mut administrators = unit.administrators().await?;
    administrators.remove(&request.requester);
    unit.event(EventKind::ApprovalEscalated, text, administrators, |event| event.request = Some(request.id))?;
    Ok(true)
}
