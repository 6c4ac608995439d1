//! Commands about delegations: an approver lets another vote in their place for a time.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::stored::index;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::event::EventKind;
use crate::model::ids::{DelegationId, PersonId};
use crate::model::people::{Feature, Person, Verb};
use crate::model::request::Delegation;
use crate::rules::approval::LONGEST_DELEGATION;

/// Lets another person vote in one's place for a time, or with Manage in another's. Needs provision-approval Update.
///
/// The other one needs the permission to vote themselves, and cannot pass it on. Who is an approver is still judged at each vote.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct Delegate {
    /// Whose votes; the caller's own when not said.
    pub from: Option<PersonId>,
    /// Who casts them.
    pub to: PersonId,
    /// From when on; at once when not said.
    pub since: Option<Timestamp>,
    /// Until when, that instant not included; at most a year after its beginning.
    pub until: Timestamp,
}

impl Delegate {
    /// One's own votes, from now on.
    pub const fn new(to: PersonId, until: Timestamp) -> Self {
        Self { from: None, to, since: None, until }
    }

    /// From a later instant on.
    #[must_use]
    pub const fn since(mut self, since: Timestamp) -> Self {
        self.since = Some(since);
        self
    }

    /// Another's votes, such as those of somebody who fell ill.
    #[must_use]
    pub const fn from(mut self, approver: PersonId) -> Self {
        self.from = Some(approver);
        self
    }
}

#[async_trait]
impl Decide for Delegate {
    const NAME: &'static str = "approval.delegate";
    type Output = DelegationId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<DelegationId> {
        let caller = unit.person()?;
        let from = self.from.unwrap_or(caller);
        unit.require(Feature::ProvisionApproval, Verb::Update, from == caller).await?;
        let principal: Person = unit.get(from.uuid()).await?;
        let stand_in: Person = unit.get(self.to.uuid()).await?;
        let since = self.since.unwrap_or(unit.now).max(unit.now);
        let mut refusals = Vec::new();
        let mut refuse = |field, message: &str| refusals.push(Refusal::new("R-11", field, message));
        if from == self.to {
            refuse("to", "nobody stands in for themselves");
        }
        if !stand_in.enabled {
            refuse("to", "is disabled and could not vote");
        }
        if self.until <= since {
            refuse("until", "the end is not after the beginning, or is past");
        } else if self.until.duration_since(since) > LONGEST_DELEGATION {
            refuse("until", "a delegation lasts a year at most");
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        // What is over is of no use to anybody any more; the audit keeps it.
        for old in unit.find_by::<Delegation>(index::PRINCIPAL, &from.to_string()).await? {
            if old.until <= unit.now {
                unit.remove(&old, "remove a delegation that is over");
            }
        }
        let id = DelegationId::new(unit.new_id()?);
        let delegation = Delegation { id, from, to: self.to, since, until: self.until };
        let text = format!(
            "{} may vote in the place of {} from {since} until {}",
            stand_in.display_name, principal.display_name, self.until
        );
        unit.put(&delegation, &text)?;
        audit(unit, &delegation);
        unit.event(EventKind::ApprovalDelegated, text, BTreeSet::from([from, self.to]), |_| ())?;
        Ok(id)
    }
}

/// Ends a delegation before its time. One's own, one that was given to oneself, or any with Manage; needs provision-approval Update.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct EndDelegation {
    /// Which.
    pub delegation: DelegationId,
}

impl EndDelegation {
    /// Ends it.
    pub const fn new(delegation: DelegationId) -> Self {
        Self { delegation }
    }
}

#[async_trait]
impl Decide for EndDelegation {
    const NAME: &'static str = "approval.end_delegation";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let delegation: Delegation = unit.get(self.delegation.uuid()).await?;
        let both = BTreeSet::from([delegation.from, delegation.to]);
        let own = both.contains(&unit.person()?);
        unit.require(Feature::ProvisionApproval, Verb::Update, own).await?;
        unit.remove(&delegation, "end a delegation");
        audit(unit, &delegation);
        unit.event(EventKind::ApprovalDelegated, "a delegation of votes ended early", both, |_| ())
    }
}

fn audit(unit: &mut Unit<'_>, delegation: &Delegation) {
    unit.audit(
        unit.operation,
        format!("delegation {}", delegation.id),
        json!({
            "from": delegation.from, "to": delegation.to, "since": delegation.since, "until": delegation.until,
        }),
    );
}
