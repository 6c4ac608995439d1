//! Certification campaigns (section C): whether accounts are still needed, asked of their owners by a date.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::accounts::{offered, owned};
use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::stored::{index, owner_key, review_key};
use super::unit::Unit;
use super::{begin, owners};
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus, Owner};
use crate::model::audit::AuditResult;
use crate::model::campaign::{
    Campaign, CampaignEnd, CampaignScope, Review, ReviewOutcome, ReviewResult, Unanswered, Verdict,
};
use crate::model::event::EventKind;
use crate::model::ids::{CampaignId, GroupId, PersonId, ReviewId, SagaId};
use crate::model::people::{EVERYONE, Feature, Group, Verb};
use crate::model::template::Template;
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::campaign;
use crate::rules::lifecycle::AccountOption;

/// Opens a campaign: each account of its scope is to be reviewed by an owner, who keeps or retires it (C-1). Owners are told at once, each in
/// one event, whatever the number of their accounts.
///
/// Needs managed-account Update with Manage. At its end nothing happens to accounts that nobody decided about, unless
/// [`disable_unanswered`](Self::disable_unanswered) says so; then they count among what the sweep asks about before it changes much (L-39).
///
/// ```
/// # async fn run(alm: alm_core::Alm, auditor: alm_core::Caller, owner: alm_core::Caller, template: alm_core::model::ids::TemplateId)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use alm_core::model::campaign::CampaignScope;
/// use alm_core::service::campaigns::{DecideReview, OpenCampaign};
///
/// let open = OpenCampaign::new("Batch accounts 2027", CampaignScope::Template(template), "2027-02-01T00:00:00Z".parse()?)
///     .remind_at("2027-01-25T08:00:00Z".parse()?)
///     .disable_unanswered();
/// let campaign = alm.execute(&auditor, "batch accounts 2027", open).await?;
///
/// for review in alm.open_reviews(&owner).await? {
///     alm.execute(&owner, format!("keep {}", review.id), DecideReview::keep(review.id)).await?;
/// }
/// let result = alm.campaign(&auditor, campaign).await?;
/// println!("{} of {} accounts are still to be reviewed", result.open, result.campaign.accounts);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct OpenCampaign {
    /// As shown to reviewers; 1 to 100 characters.
    pub name: String,
    /// Which accounts; at least one, and 5,000 at most.
    pub scope: CampaignScope,
    /// Until when.
    pub until: Timestamp,
    /// When those who have not decided are reminded; never when not said.
    pub remind_at: Option<Timestamp>,
    /// What becomes of accounts that nobody decided about.
    pub unanswered: Unanswered,
}

impl OpenCampaign {
    /// A campaign until an instant, that reminds nobody and leaves alone what nobody decides about.
    pub fn new(name: impl Into<String>, scope: CampaignScope, until: Timestamp) -> Self {
        Self { name: name.into(), scope, until, remind_at: None, unanswered: Unanswered::Report }
    }

    /// Reminds at an instant those who have not decided.
    #[must_use]
    pub const fn remind_at(mut self, at: Timestamp) -> Self {
        self.remind_at = Some(at);
        self
    }

    /// Disables the accounts that nobody decided about.
    #[must_use]
    pub const fn disable_unanswered(mut self) -> Self {
        self.unanswered = Unanswered::Disable;
        self
    }
}

#[async_trait]
impl Decide for OpenCampaign {
    const NAME: &'static str = "campaign.open";
    type Output = CampaignId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<CampaignId> {
        unit.require(Feature::ManagedAccount, Verb::Update, false).await?;
        let mut refusals = campaign::check(&self.name, self.until, self.remind_at, unit.now);
        let accounts = in_scope(unit, self.scope).await?;
        refusals.extend(campaign::check_size(accounts.len()).err());
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let campaign = Campaign {
            id: CampaignId::new(unit.new_id()?),
            name: self.name.clone(),
            scope: self.scope,
            accounts: u64::try_from(accounts.len()).unwrap_or(u64::MAX),
            opened_by: unit.person()?,
            opened_at: unit.now,
            until: self.until,
            remind_at: self.remind_at,
            unanswered: self.unanswered,
            ended: None,
        };
        unit.put(
            &campaign,
            format!("open the campaign {} for {} accounts", campaign.name, campaign.accounts),
        )?;
        for account in &accounts {
            let review = Review {
                id: ReviewId::new(unit.new_id()?),
                campaign: campaign.id,
                account: account.id,
                account_name: account.name.clone(),
                until: campaign.until,
                outcome: None,
            };
            unit.put(&review, format!("have {} reviewed", account.name))?;
        }
        unit.audit(
            Self::NAME,
            format!("campaign {}", campaign.id),
            json!({
                "name": campaign.name, "scope": campaign.scope, "accounts": campaign.accounts, "until": campaign.until,
                "unanswered": campaign.unanswered,
            }),
        );
        ask(unit, &campaign, &accounts).await?;
        Ok(campaign.id)
    }
}

async fn in_scope(unit: &mut Unit<'_>, scope: CampaignScope) -> Result<Vec<Account>> {
    let mut accounts: Vec<Account> = match scope {
        CampaignScope::Owner(owner) => unit.find_by(index::OWNER, &owner_key(owner)).await?,
        CampaignScope::Template(template) => {
            let template: Template = unit.get(template.uuid()).await?;
            unit.find_by(index::TEMPLATE, &template.id.to_string()).await?
        }
    };
    accounts.retain(|account| account.status != AccountStatus::Deleted);
    Ok(accounts)
}

/// Tells each owner of these accounts how many of them are theirs to review, in one event for all who have as many. What nobody could review is the
/// administrators'.
pub(super) async fn ask(unit: &mut Unit<'_>, campaign: &Campaign, accounts: &[Account]) -> Result<()> {
    let mut people: BTreeMap<&BTreeSet<Owner>, BTreeSet<PersonId>> = BTreeMap::new();
    let mut each: BTreeMap<PersonId, usize> = BTreeMap::new();
    for account in accounts {
        if !people.contains_key(&account.owners) {
            let mut told = owners::owners_to_tell(unit, &account.owners).await?;
            if told.is_empty() {
                told = unit.administrators().await?;
            }
            people.insert(&account.owners, told);
        }
        for person in people.get(&account.owners).into_iter().flatten() {
            *each.entry(*person).or_default() += 1;
        }
    }
    let mut alike: BTreeMap<usize, BTreeSet<PersonId>> = BTreeMap::new();
    for (person, count) in each {
        alike.entry(count).or_default().insert(person);
    }
    for (count, people) in alike {
        let what = if count == 1 { "1 account is".to_owned() } else { format!("{count} accounts are") };
        let text = format!("{what} to be reviewed until {} ({})", campaign.until, campaign.name);
        unit.event(EventKind::ReviewRequested, text, people, |_| ())?;
    }
    Ok(())
}

/// Says about an account of a campaign that it is still needed, or retires it (C-2, C-3).
///
/// Needs managed-account Update on the account. Retiring is [`DeleteAccount`](super::accounts::DeleteAccount), confirmed, in the same commit: refused
/// when the account cannot be deleted at this moment, and then nothing is written down either. Whoever kept an account may retire it as long as
/// the campaign lasts.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DecideReview {
    /// Which review.
    pub review: ReviewId,
    /// What.
    pub verdict: Verdict,
    /// Why; required to retire.
    pub reason: String,
}

impl DecideReview {
    /// It is still needed.
    pub const fn keep(review: ReviewId) -> Self {
        Self { review, verdict: Verdict::Keep, reason: String::new() }
    }

    /// It is not.
    pub fn retire(review: ReviewId, reason: impl Into<String>) -> Self {
        Self { review, verdict: Verdict::Retire, reason: reason.into() }
    }

    /// Says why.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

#[async_trait]
impl Decide for DecideReview {
    const NAME: &'static str = "campaign.decide";
    /// The operation that retires the account.
    type Output = Option<SagaId>;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Option<SagaId>> {
        let mut review: Review = unit.get(self.review.uuid()).await?;
        let account = owned(unit, review.account, Verb::Update).await?;
        let mut refusals = campaign::check_verdict(&review, self.verdict, &self.reason, unit.now);
        refusals.extend(campaign::check_account(&account, self.verdict, unit.now));
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let (result, saga) = match self.verdict {
            Verdict::Keep => (ReviewResult::Kept, None),
            Verdict::Retire => {
                let mut account = offered(unit, review.account, AccountOption::Delete).await?;
                (ReviewResult::Retired, Some(begin::delete(unit, &mut account).await?))
            }
        };
        let by = Some(unit.person()?);
        review.outcome = Some(ReviewOutcome { result, at: unit.now, by, reason: self.reason.clone(), saga });
        unit.put(&review, format!("{result:?}: {}", review.account_name))?;
        let personal = if self.reason.is_empty() { None } else { unit.personal(&self.reason)? };
        unit.audit_as(
            Self::NAME,
            format!("account {}", review.account),
            AuditResult::Done,
            json!({ "campaign": review.campaign, "account": review.account_name, "result": result, "saga": saga }),
            personal,
        );
        Ok(saga)
    }
}

/// Ends a campaign before its time: what is not decided stays as it is (C-4). Needs managed-account Update with Manage.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct CancelCampaign {
    /// Which.
    pub campaign: CampaignId,
}

impl CancelCampaign {
    /// Ends it.
    pub const fn new(campaign: CampaignId) -> Self {
        Self { campaign }
    }
}

#[async_trait]
impl Decide for CancelCampaign {
    const NAME: &'static str = "campaign.cancel";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::ManagedAccount, Verb::Update, false).await?;
        let mut campaign: Campaign = unit.get(self.campaign.uuid()).await?;
        if campaign.ended.is_some() {
            return unit.refuse(Refusal::new("C-4", "campaign", format!("{} has ended", campaign.name)));
        }
        let by = unit.person()?;
        let reviews: Vec<Review> = unit.find_by(index::CAMPAIGN, &campaign.id.to_string()).await?;
        for mut review in reviews {
            let outcome = ReviewOutcome {
                result: ReviewResult::Cancelled,
                at: unit.now,
                by: Some(by),
                reason: String::new(),
                saga: None,
            };
            let text = match review.outcome {
                Some(_) => format!("let no more be decided about {}", review.account_name),
                None => format!("leave {} undecided", review.account_name),
            };
            review.outcome.get_or_insert(outcome);
            // What is kept is not to be retired any more either (C-2).
            review.until = unit.now;
            unit.put(&review, text)?;
        }
        campaign.ended = Some(CampaignEnd { at: unit.now, cancelled_by: Some(by) });
        unit.put(&campaign, format!("cancel the campaign {}", campaign.name))?;
        unit.audit(Self::NAME, format!("campaign {}", campaign.id), json!({ "name": campaign.name }));
        Ok(())
    }
}

/// A campaign, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CampaignView {
    /// The campaign.
    pub campaign: Campaign,
    /// How many of its accounts nobody has decided about yet.
    pub open: u64,
}

impl Alm {
    /// A campaign. Needs managed-account Read with Manage.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), [`NotFound`](crate::ErrorKind::NotFound), those of the store.
    pub async fn campaign(&self, caller: &Caller, id: CampaignId) -> Result<CampaignView> {
        let mut unit = Unit::of(&self.0, "campaign.read", caller);
        unit.require(Feature::ManagedAccount, Verb::Read, false).await?;
        let campaign: Campaign = unit.get(id.uuid()).await?;
        let open = self.0.store.count(RecordKind::Review, index::STATUS, &review_key(id, true)).await?;
        Ok(CampaignView { campaign, open })
    }

    /// What came of each account of a campaign, in the order of the reviews' ids, those behind `after`. Needs managed-account Read with Manage.
    ///
    /// # Errors
    /// As [`campaign`](Alm::campaign).
    pub async fn reviews(
        &self,
        caller: &Caller,
        campaign: CampaignId,
        after: Option<ReviewId>,
        limit: u32,
    ) -> Result<Vec<Review>> {
        let mut unit = Unit::of(&self.0, "campaign.reviews", caller);
        unit.require(Feature::ManagedAccount, Verb::Read, false).await?;
        let after = after.map(ReviewId::uuid);
        let found =
            self.0.store.find(Review::KIND, index::CAMPAIGN, &campaign.to_string(), after, limit).await?;
        found.iter().map(Review::read).collect()
    }

    /// What is still to be reviewed of the caller's own accounts, those of their groups too: in the order of the campaigns' ends.
    ///
    /// # Errors
    /// As [`campaign`](Alm::campaign).
    pub async fn open_reviews(&self, caller: &Caller) -> Result<Vec<Review>> {
        let mut unit = Unit::of(&self.0, "campaign.own_reviews", caller);
        unit.require(Feature::ManagedAccount, Verb::Read, true).await?;
        let groups: Vec<Group> = unit.find_by(index::MEMBER, &caller.person.to_string()).await?;
        let enabled = groups.iter().filter(|group| group.enabled).map(|group| group.id);
        let mut open: Vec<GroupId> = enabled.chain([EVERYONE]).collect();
        let mut seen = BTreeSet::new();
        let mut owners = vec![Owner::Person(caller.person)];
        while let Some(group) = open.pop() {
            if seen.insert(group) {
                owners.push(Owner::Group(group));
                // Those whose place it takes, and theirs (O-2).
                let places: Vec<Group> = unit.find_by(index::REPLACED_BY, &group.to_string()).await?;
                open.extend(places.iter().filter(|place| !place.enabled).map(|place| place.id));
            }
        }
        let mut reviews = BTreeMap::new();
        for owner in owners {
            let accounts: Vec<Account> = unit.find_by(index::OWNER, &owner_key(owner)).await?;
            for account in accounts.iter().filter(|account| account.status != AccountStatus::Deleted) {
                let open: Vec<Review> = unit.find_by(index::ACCOUNT, &account.id.to_string()).await?;
                let open = open.into_iter().filter(|one| one.until > unit.now);
                reviews.extend(open.map(|one| ((one.until, one.id), one)));
            }
        }
        Ok(reviews.into_values().collect())
    }
}
