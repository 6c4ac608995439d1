//! Certification campaigns (section C).

use std::sync::Arc;

use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::campaign::{CampaignScope, Review, ReviewResult};
use alm_core::model::event::EventKind;
use alm_core::model::ids::{AccountId, CampaignId, TemplateId};
use alm_core::model::template::EolAction;
use alm_core::service::accounts::{DeleteAccount, DisableAccount, RenewAccount, SetOwners};
use alm_core::service::campaigns::{CancelCampaign, DecideReview, OpenCampaign};
use alm_core::service::sweep::SweepOptions;
use alm_core::{Alm, Caller, Settings};
use jiff::{SignedDuration, Timestamp};

use super::rules::proves;
use super::world::World;

fn in_days(w: &World, days: i64) -> Timestamp {
    use alm_core::port::clock::Clock as _;
    w.clock.now() + SignedDuration::from_hours(24 * days)
}

/// Accounts of one template, each of the requester.
async fn accounts(w: &World, names: &[&str]) -> (TemplateId, Vec<AccountId>) {
    let template = w.template(EolAction::Review).await;
    let mut accounts = Vec::new();
    for name in names {
        accounts.push(w.provisioned(template, name).await);
    }
    (template, accounts)
}

fn of(w: &World, template: TemplateId) -> OpenCampaign {
    OpenCampaign::new("Autumn", CampaignScope::Template(template), in_days(w, 14))
}

async fn opened(w: &World, open: OpenCampaign) -> CampaignId {
    w.execute(&w.admin, open).await.unwrap()
}

async fn review_of(w: &World, campaign: CampaignId, account: AccountId) -> Review {
    let all = w.alm.reviews(&w.admin, campaign, None, 100).await.unwrap();
    all.into_iter().find(|review| review.account == account).unwrap()
}

async fn result(w: &World, campaign: CampaignId, account: AccountId) -> Option<ReviewResult> {
    review_of(w, campaign, account).await.outcome.map(|outcome| outcome.result)
}

async fn open_names(w: &World, caller: &Caller) -> Vec<String> {
    let open = w.alm.open_reviews(caller).await.unwrap();
    let mut names: Vec<_> = open.into_iter().map(|review| review.account_name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn c_1_c_2_c_3_each_account_is_kept_or_retired_by_its_owners() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll", "billing", "mail"]).await;
    w.execute(&w.requester, SetOwners::new(ids[2], [Owner::Person(w.lead.person)])).await.unwrap();
    w.refused(&w.requester, of(&w, template), "P-1").await;
    let campaign = opened(&w, of(&w, template)).await;
    assert_eq!(w.alm.campaign(&w.admin, campaign).await.unwrap().open, 3);
    let told = w.events(EventKind::ReviewRequested).await;
    let to = |caller: &Caller| told.iter().find(|event| event.to.contains(&caller.person)).unwrap();
    assert_eq!(told.len(), 2);
    assert!(to(&w.requester).text.starts_with("2 accounts are"));
    assert!(to(&w.lead).text.starts_with("1 account is"));

    assert_eq!(open_names(&w, &w.requester).await, ["svc-billing", "svc-payroll"]);
    assert_eq!(open_names(&w, &w.lead).await, ["svc-mail"]);
    assert_eq!(open_names(&w, &w.stranger).await, Vec::<String>::new());
    let payroll = review_of(&w, campaign, ids[0]).await.id;
    let billing = review_of(&w, campaign, ids[1]).await.id;
    w.refused(&w.stranger, DecideReview::keep(payroll), "P-1").await;
    w.refused(&w.lead, DecideReview::keep(payroll), "P-1").await;
    let kept = DecideReview::keep(payroll).reason("runs every night");
    assert_eq!(w.execute(&w.requester, kept).await.unwrap(), None);
    w.refused(&w.requester, DecideReview::keep(payroll), "C-2").await;
    let error = w.refused(&w.requester, DecideReview::retire(billing, " "), "C-2").await;
    assert_eq!(error.refusals()[0].field(), "reason");
    let saga = w.execute(&w.requester, DecideReview::retire(billing, "replaced by the new system")).await;
    let outcome = review_of(&w, campaign, ids[1]).await.outcome.unwrap();
    assert_eq!((outcome.saga, outcome.by), (saga.unwrap(), Some(w.requester.person)));
    assert_eq!(outcome.reason, "replaced by the new system");
    w.run().await;
    assert_eq!(w.view(ids[1]).await.account.status, AccountStatus::Deleted);
    assert_eq!(w.view(ids[0]).await.account.status, AccountStatus::Active);
    assert_eq!(w.alm.campaign(&w.admin, campaign).await.unwrap().open, 1);
    assert_eq!(open_names(&w, &w.requester).await, Vec::<String>::new());
    // Nobody's words are in the chain itself.
    let records = w.alm.audit(&w.admin, 1, 1000).await.unwrap();
    let decided: Vec<_> = records.iter().filter(|record| record.body.contains("campaign.decide")).collect();
    assert!(decided.iter().all(|record| !record.body.contains("new system")));
    assert!(
        decided.iter().any(|record| record.personal.as_ref().is_some_and(|p| p.text.contains("new system")))
    );
}

#[tokio::test]
async fn c_1_what_makes_no_campaign_is_refused_all_at_once() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll"]).await;
    let mut worst =
        OpenCampaign::new("", CampaignScope::Owner(Owner::Person(w.stranger.person)), in_days(&w, -1));
    worst = worst.remind_at(in_days(&w, 3));
    let error = w.refused(&w.admin, worst, "C-1").await;
    let fields: Vec<_> = error.refusals().iter().map(alm_core::Refusal::field).collect();
    assert_eq!(fields, ["name", "until", "remind_at", "scope"]);
    w.refused(&w.admin, of(&w, template).remind_at(in_days(&w, 14)), "C-1").await;
    // What is deleted is reviewed by nobody.
    w.execute(&w.requester, DeleteAccount::new(ids[0]).confirmed()).await.unwrap();
    w.run().await;
    w.refused(&w.admin, of(&w, template), "C-1").await;
}

#[tokio::test]
async fn c_2_until_the_end_a_kept_one_may_still_be_retired_and_nothing_else_is_taken_back() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll", "billing", "mail"]).await;
    let campaign = opened(&w, of(&w, template)).await;
    let review = review_of(&w, campaign, ids[0]).await.id;
    w.execute(&w.requester, DecideReview::keep(review)).await.unwrap();
    // C-3: refused as deleting is, and nothing is written down.
    w.execute(&w.requester, DisableAccount::new(ids[0])).await.unwrap();
    w.refused(&w.requester, DecideReview::retire(review, "over"), "L-31").await;
    assert_eq!(result(&w, campaign, ids[0]).await, Some(ReviewResult::Kept));
    w.run().await;
    w.execute(&w.requester, DecideReview::retire(review, "over")).await.unwrap();
    w.refused(&w.requester, DecideReview::keep(review), "C-2").await;
    w.run().await;
    let other = review_of(&w, campaign, ids[1]).await.id;
    w.execute(&w.requester, DeleteAccount::new(ids[1]).confirmed()).await.unwrap();
    w.run().await;
    w.refused(&w.requester, DecideReview::keep(other), "I-4").await;
    w.advance_days(14);
    let late = review_of(&w, campaign, ids[2]).await.id;
    let error = w.refused(&w.requester, DecideReview::keep(late), "C-2").await;
    assert_eq!(error.refusals()[0].field(), "until");
    assert_eq!(open_names(&w, &w.requester).await, Vec::<String>::new());
}

#[tokio::test]
async fn c_4_at_the_end_what_nobody_decided_is_written_down() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll", "billing", "mail"]).await;
    let campaign = opened(&w, of(&w, template).remind_at(in_days(&w, 7))).await;
    let kept = review_of(&w, campaign, ids[0]).await.id;
    w.execute(&w.requester, DecideReview::keep(kept)).await.unwrap();
    w.execute(&w.requester, DeleteAccount::new(ids[1]).confirmed()).await.unwrap();
    w.run().await;
    let asked = w.events(EventKind::ReviewRequested).await.len();
    w.advance_days(7);
    w.sweep().await;
    w.sweep().await;
    let told = w.events(EventKind::ReviewRequested).await;
    assert_eq!(told.len(), asked + 1, "reminded once, of what is left");
    assert!(told.iter().any(|event| event.text.starts_with("1 account is")));
    w.advance_days(7);
    assert_eq!(w.sweep().await.unanswered, []);
    w.sweep().await;
    assert_eq!(result(&w, campaign, ids[0]).await, Some(ReviewResult::Kept));
    assert_eq!(result(&w, campaign, ids[1]).await, Some(ReviewResult::Gone));
    assert_eq!(result(&w, campaign, ids[2]).await, Some(ReviewResult::Unanswered));
    assert_eq!(w.view(ids[2]).await.account.status, AccountStatus::Active);
    let ended = w.events(EventKind::CampaignEnded).await;
    assert_eq!(ended.len(), 1, "said once");
    assert!(ended[0].text.ends_with("1 Kept, 1 Unanswered, 1 Gone"), "{}", ended[0].text);
    assert!(ended[0].to.contains(&w.admin.person));
    w.refused(&w.admin, CancelCampaign::new(campaign), "C-4").await;
}

#[tokio::test]
async fn c_4_unanswered_ones_are_disabled_where_the_campaign_says_so() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll", "billing", "mail"]).await;
    w.execute(&w.requester, DisableAccount::new(ids[1])).await.unwrap();
    w.run().await;
    let campaign = opened(&w, of(&w, template).disable_unanswered()).await;
    w.advance_days(14);
    // On one of them something is under way: it is waited for, and so is the campaign's end.
    w.advance_days(70);
    w.execute(&w.requester, RenewAccount::new(ids[2])).await.unwrap();
    assert_eq!(w.sweep().await.unanswered, [ids[0]]);
    assert_eq!(result(&w, campaign, ids[0]).await, Some(ReviewResult::Disabled));
    assert_eq!(result(&w, campaign, ids[1]).await, Some(ReviewResult::Unanswered));
    assert_eq!(result(&w, campaign, ids[2]).await, None);
    assert_eq!(w.alm.campaign(&w.admin, campaign).await.unwrap().campaign.ended, None);
    w.run().await;
    assert_eq!(w.sweep().await.unanswered, [ids[2]]);
    assert_eq!(w.sweep().await.unanswered, []);
    w.run().await;
    for id in ids {
        assert_eq!(w.view(id).await.account.status, AccountStatus::Disabled);
    }
    assert!(w.alm.campaign(&w.admin, campaign).await.unwrap().campaign.ended.is_some());
    assert_eq!(w.events(EventKind::CampaignEnded).await.len(), 1);
}

/// What a campaign says of an account is true when it is read.
#[tokio::test]
async fn c_2_c_4_what_is_being_deleted_is_neither_kept_nor_unanswered() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll"]).await;
    let campaign = opened(&w, of(&w, template)).await;
    let review = review_of(&w, campaign, ids[0]).await.id;
    w.execute(&w.requester, DeleteAccount::new(ids[0]).confirmed()).await.unwrap();
    w.refused(&w.requester, DecideReview::keep(review), "L-31").await;
    w.advance_days(14);
    w.sweep().await;
    assert_eq!(result(&w, campaign, ids[0]).await, None);
    w.run().await;
    w.sweep().await;
    assert_eq!(result(&w, campaign, ids[0]).await, Some(ReviewResult::Gone));
    // Past an end of life that deletes, and before the tick.
    let dies = w.template(EolAction::Delete).await;
    let id = w.provisioned(dies, "batch").await;
    let campaign =
        opened(&w, OpenCampaign::new("Late", CampaignScope::Template(dies), in_days(&w, 200))).await;
    w.advance_days(91);
    w.refused(&w.requester, DecideReview::keep(review_of(&w, campaign, id).await.id), "I-4").await;
}

/// Disabling that stopped and waits for a person is not passed over in silence.
#[tokio::test]
async fn c_4_a_parked_disabling_is_waited_for() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll"]).await;
    let campaign = opened(&w, of(&w, template).disable_unanswered()).await;
    w.execute(&w.requester, DisableAccount::new(ids[0])).await.unwrap();
    w.rewrite::<Account>(ids[0].uuid(), |account| {
        account.operation.as_mut().unwrap().failed = true;
    })
    .await;
    w.advance_days(14);
    w.sweep().await;
    assert_eq!(result(&w, campaign, ids[0]).await, None);
    w.rewrite::<Account>(ids[0].uuid(), |account| account.operation.as_mut().unwrap().failed = false).await;
    w.run().await;
    w.sweep().await;
    assert_eq!(result(&w, campaign, ids[0]).await, Some(ReviewResult::Unanswered));
    assert_eq!(w.view(ids[0]).await.account.status, AccountStatus::Disabled);
}

/// L-39: silence may not disable a whole estate without somebody saying that it is meant.
#[tokio::test]
async fn c_4_l_39_the_sweep_asks_before_silence_disables_many() {
    let mut w = World::new().await;
    let (template, ids) = accounts(&w, &["mail", "print"]).await;
    let mut settings = Settings::default();
    settings.sweep.accounts = 1;
    w.alm = Alm::builder(Arc::clone(&w.store), w.clock.clone()).settings(settings).open().await.unwrap();
    opened(&w, of(&w, template).disable_unanswered()).await;
    for _ in 0..14 {
        w.advance_days(1);
        let report = w.alm.sweep(SweepOptions::new()).await.unwrap();
        assert_eq!(report.unanswered, []);
    }
    let report = w.alm.sweep(SweepOptions::new()).await.unwrap();
    let asks = |refusal: &alm_core::Refusal| refusal.message().contains("would change 2 accounts");
    assert!(report.held.iter().any(asks), "{report:?}");
    assert_eq!(w.view(ids[0]).await.account.operation, None);
    assert_eq!(w.sweep().await.unanswered.len(), 2);
}

#[tokio::test]
async fn c_4_a_campaign_is_cancelled_and_what_is_decided_stays() {
    let w = World::new().await;
    let (template, ids) = accounts(&w, &["payroll", "billing"]).await;
    let campaign = opened(&w, of(&w, template).disable_unanswered()).await;
    let kept = review_of(&w, campaign, ids[0]).await.id;
    w.execute(&w.requester, DecideReview::keep(kept)).await.unwrap();
    w.refused(&w.requester, CancelCampaign::new(campaign), "P-1").await;
    w.execute(&w.admin, CancelCampaign::new(campaign)).await.unwrap();
    assert_eq!(result(&w, campaign, ids[0]).await, Some(ReviewResult::Kept));
    assert_eq!(result(&w, campaign, ids[1]).await, Some(ReviewResult::Cancelled));
    // Nor is anything decided any more.
    w.refused(&w.requester, DecideReview::retire(kept, "after all"), "C-2").await;
    w.advance_days(14);
    assert_eq!(w.sweep().await.unanswered, []);
    assert_eq!(w.events(EventKind::CampaignEnded).await, []);
    let view = w.alm.campaign(&w.admin, campaign).await.unwrap();
    assert_eq!(view.campaign.ended.unwrap().cancelled_by, Some(w.admin.person));
}

/// Whoever is an owner at the moment of the decision decides; an account that nobody could review is the administrators'.
#[tokio::test]
async fn c_2_owners_are_those_of_the_moment() {
    let w = World::new().await;
    let _proof = proves(&["C-1"]);
    let (template, ids) = accounts(&w, &["payroll"]).await;
    let open =
        OpenCampaign::new("Theirs", CampaignScope::Owner(Owner::Person(w.requester.person)), in_days(&w, 3));
    let campaign = opened(&w, open).await;
    let review = review_of(&w, campaign, ids[0]).await.id;
    w.execute(&w.requester, SetOwners::new(ids[0], [Owner::Person(w.lead.person)])).await.unwrap();
    w.refused(&w.requester, DecideReview::keep(review), "P-1").await;
    w.execute(&w.lead, DecideReview::keep(review)).await.unwrap();

    // Behind the rules, as a sync of users would leave it.
    w.rewrite::<alm_core::model::people::Person>(w.lead.person.uuid(), |person| person.enabled = false).await;
    let before = w.events(EventKind::ReviewRequested).await.len();
    opened(&w, of(&w, template)).await;
    let told = w.events(EventKind::ReviewRequested).await;
    assert_eq!(told.len(), before + 1);
    assert!(told.iter().any(|event| event.to.contains(&w.admin.person)));
}
