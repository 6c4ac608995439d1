//! What the clock does about campaigns: the reminder, and the end (C-4).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::alm::Alm;
use super::stored::{index, review_key};
use super::unit::Unit;
use super::{begin, campaigns};
use crate::error::{ErrorKind, Result};
use crate::model::account::{Account, AccountStatus, OperationKind};
use crate::model::audit::Actor;
use crate::model::campaign::{Campaign, CampaignEnd, Review, ReviewOutcome, ReviewResult, Unanswered};
use crate::model::event::EventKind;
use crate::model::ids::AccountId;
use crate::port::store::DueKind;
use crate::rules::campaign::{self, Settlement};
use crate::saga::Completion;

/// How many campaigns are looked at together.
const BATCH: u32 = 100;

impl Alm {
    /// How many accounts the campaigns that are over want to have disabled, for the guard of the sweep (L-39).
    pub(super) async fn campaigns_would_disable(&self, now: Timestamp) -> Result<u64> {
        let mut accounts = BTreeSet::new();
        for campaign in self.due_campaigns(now).await? {
            if campaign.unanswered != Unanswered::Disable || campaign.until > now {
                continue;
            }
            let mut unit = Unit::new(&self.0, "clock.sweep", Actor::Clock, "clock");
            let open: Vec<Review> = unit.find_by(index::STATUS, &review_key(campaign.id, true)).await?;
            for review in open {
                let account = unit.find::<Account>(review.account.uuid()).await?;
                // One whose life ends now is counted as that.
                let ends = account.as_ref().is_some_and(|account| account.eol <= now && !account.eol_done);
                let settled = campaign::settle(account.as_ref(), campaign.unanswered, now);
                if settled == Settlement::Disable && !ends {
                    accounts.insert(review.account);
                }
            }
        }
        Ok(u64::try_from(accounts.len()).unwrap_or(u64::MAX))
    }

    /// Reminds where it is time to, and ends the campaigns whose time is over; the accounts that are being disabled.
    pub(super) async fn end_campaigns(
        &self,
        operation: &'static str,
        now: Timestamp,
    ) -> Result<Vec<AccountId>> {
        let mut disabled = Vec::new();
        for campaign in self.due_campaigns(now).await? {
            if campaign.until > now {
                self.remind_reviewers(operation, campaign.id.uuid(), now).await?;
                continue;
            }
            let mut reader = Unit::new(&self.0, operation, Actor::Clock, "clock");
            let open: Vec<Review> = reader.find_by(index::STATUS, &review_key(campaign.id, true)).await?;
            for review in open {
                let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
                let account = settle(&mut unit, review.id.uuid(), campaign.unanswered, now).await?;
                match self.0.store.commit(unit.commit).await {
                    Ok(()) => disabled.extend(account),
                    // Somebody changed it; the next sweep looks again.
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
            self.end_campaign(operation, campaign.id.uuid(), now).await?;
        }
        Ok(disabled)
    }

    async fn due_campaigns(&self, now: Timestamp) -> Result<Vec<Campaign>> {
        let mut unit = Unit::new(&self.0, "clock.sweep", Actor::Clock, "clock");
        let mut seen = BTreeSet::new();
        let mut campaigns = Vec::new();
        loop {
            let reach = BATCH + u32::try_from(seen.len()).unwrap_or(u32::MAX - BATCH);
            let due = self.0.store.due(DueKind::Campaign, now, reach).await?;
            let fresh: Vec<_> = due.into_iter().filter(|(_, id, _)| seen.insert(*id)).collect();
            if fresh.is_empty() {
                return Ok(campaigns);
            }
            for (_, id, _) in fresh {
                campaigns.extend(unit.find::<Campaign>(id).await?);
            }
        }
    }

    async fn remind_reviewers(&self, operation: &'static str, id: Uuid, now: Timestamp) -> Result<()> {
        let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
        let Some(mut campaign) = unit.find::<Campaign>(id).await? else { return Ok(()) };
        if campaign.ended.is_some() || campaign.remind_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        campaign.remind_at = None;
        unit.put(&campaign, "remember the reminder")?;
        let open: Vec<Review> = unit.find_by(index::STATUS, &review_key(campaign.id, true)).await?;
        let mut accounts = Vec::new();
        for review in open {
            let account = unit.find::<Account>(review.account.uuid()).await?;
            accounts.extend(account.filter(|account| account.status != AccountStatus::Deleted));
        }
        campaigns::ask(&mut unit, &campaign, &accounts).await?;
        // What somebody changed in between is looked at again by the next sweep.
        unit.settle().await.map(drop)
    }

    /// Once nothing of it is open any more.
    async fn end_campaign(&self, operation: &'static str, id: Uuid, now: Timestamp) -> Result<()> {
        let mut unit = Unit::new(&self.0, operation, Actor::Clock, "clock");
        let Some(mut campaign) = unit.find::<Campaign>(id).await? else { return Ok(()) };
        let reviews: Vec<Review> = unit.find_by(index::CAMPAIGN, &campaign.id.to_string()).await?;
        if campaign.ended.is_some() || reviews.iter().any(|review| review.outcome.is_none()) {
            return Ok(());
        }
        let mut results: BTreeMap<ReviewResult, u64> = BTreeMap::new();
        for outcome in reviews.iter().filter_map(|review| review.outcome.as_ref()) {
            *results.entry(outcome.result).or_default() += 1;
        }
        campaign.ended = Some(CampaignEnd { at: now, cancelled_by: None });
        unit.put(&campaign, format!("end the campaign {}", campaign.name))?;
        unit.audit(
            "campaign.end",
            format!("campaign {}", campaign.id),
            json!({ "name": campaign.name, "results": results }),
        );
        let mut told = unit.administrators().await?;
        told.insert(campaign.opened_by);
        let results: Vec<_> = results.iter().map(|(result, count)| format!("{count} {result:?}")).collect();
        let text = format!("the campaign {} has ended: {}", campaign.name, results.join(", "));
        unit.event(EventKind::CampaignEnded, text, told, |_| ())?;
        // What somebody changed in between is looked at again by the next sweep.
        unit.settle().await.map(drop)
    }
}

/// Writes down what became of an account that nobody decided about, and says so if it is being disabled.
async fn settle(
    unit: &mut Unit<'_>,
    id: Uuid,
    unanswered: Unanswered,
    now: Timestamp,
) -> Result<Option<AccountId>> {
    let Some(mut review) = unit.find::<Review>(id).await? else { return Ok(None) };
    if review.outcome.is_some() {
        return Ok(None);
    }
    let account = unit.find::<Account>(review.account.uuid()).await?;
    let (result, saga) = match (campaign::settle(account.as_ref(), unanswered, now), account) {
        (Settlement::Wait, _) => return Ok(None),
        (Settlement::Disable, Some(mut account)) => {
            let steps = begin::disable_steps(&account);
            let then = Completion::Become { status: AccountStatus::Disabled };
            let saga =
                begin::operate(unit, &mut account, OperationKind::Disable, steps, Vec::new(), then, None)
                    .await?;
            (ReviewResult::Disabled, Some(saga))
        }
        (Settlement::Disable, None) => (ReviewResult::Gone, None),
        (Settlement::Record(result), _) => (result, None),
    };
    let outcome = ReviewOutcome { result, at: now, by: None, reason: String::new(), saga };
    review.outcome = Some(outcome);
    unit.put(&review, format!("{result:?}: {}", review.account_name))?;
    unit.audit(
        "campaign.settle",
        format!("account {}", review.account),
        json!({ "campaign": review.campaign, "account": review.account_name, "result": result, "saga": saga }),
    );
    Ok(saga.map(|_| review.account))
}
