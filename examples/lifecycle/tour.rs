//! What else can be done with accounts, one chapter each: `--tour`.

use std::collections::BTreeSet;

use alm_core::ErrorKind;
use alm_core::model::account::AccountStatus;
use alm_core::model::campaign::{CampaignScope, ReviewResult};
use alm_core::model::ids::{AccountId, TemplateId};
use alm_core::model::managed::AccountKind;
use alm_core::port::clock::Clock as _;
use alm_core::service::accounts::DisableAccount;
use alm_core::service::campaigns::{DecideReview, OpenCampaign};
use alm_core::service::cloning::CloneAccount;
use alm_core::service::policy::ApplyPolicy;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::requests::{EditRequest, SubmitRequest};
use alm_core::service::rotation::RotateAccount;
use jiff::{SignedDuration, Unit};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::story::{Kind, Story, day};
use crate::takeover;

pub async fn tell(
    story: &Story<'_>,
    account: AccountId,
    kinds: &[Kind],
    accounts: &mut Vec<AccountId>,
) -> Result<(), Fault> {
    story.teller.chapter("Another password");
    story.operate("rotate", &story.cast.rita, RotateAccount::new(account)).await?;
    let template = story.world.alm.account(&story.cast.ada, account).await?.account.template;
    policy(story, template).await?;
    let like_it = clone(story, account).await?;
    accounts.push(like_it);
    bulk(story, &[account, like_it]).await?;
    if let Some(kind) = kinds.iter().find(|kind| kind.body.kind == AccountKind::GroupManaged) {
        story.teller.chapter("A group managed service account");
        accounts.push(story.account(kind, false).await?);
    }
    campaign(story, template, account).await?;
    if let Some(kind) = kinds.iter().find(|kind| kind.body.kind == AccountKind::User) {
        accounts.push(takeover::tell(story, &kind.body).await?);
    }
    Ok(())
}

/// What Ada has set up, as a file; a line of it is changed, looked at as a plan, and applied.
async fn policy(story: &Story<'_>, template: TemplateId) -> Result<(), Fault> {
    story.teller.chapter("Policy as code");
    let (alm, ada) = (&story.world.alm, &story.cast.ada);
    let mut policy = alm.policy(ada).await?;
    let written = policy.to_toml()?;
    story.teller.say(format!("Ada's templates are a file of {} lines:", written.lines().count()));
    for line in written.lines().skip_while(|line| !line.starts_with("[[template]]")).take(8) {
        story.teller.say(format!("    {line}"));
    }
    // One template alone: a file need not say everything.
    policy.templates.retain(|each| each.name.ends_with(&format!("({})", story.name)));
    for each in &mut policy.templates {
        each.body.insert("renewal_lead_days".to_owned(), Value::from(30));
    }
    let apply = ApplyPolicy::new(policy).revision("1f6c2ab");
    for line in alm.plan(ada, &apply).await?.changes {
        story.teller.say(format!("    plan: {line}"));
    }
    let applied = story.execute(ada, story.key("policy"), apply).await?;
    for id in applied.to_publish {
        story.execute(ada, story.key(&format!("publish-policy-{id}")), PublishTemplate::new(id)).await?;
    }
    story.teller.event(
        "published as the next version; accounts that are there keep theirs",
        json!({ "event": "policy", "template": template }),
    );
    Ok(())
}

/// Another account like it, through the same steps.
async fn clone(story: &Story<'_>, account: AccountId) -> Result<AccountId, Fault> {
    story.teller.chapter("Another one like it");
    let rita = &story.cast.rita;
    let draft = story.execute(rita, story.key("clone"), CloneAccount::new(account)).await?;
    let asked = story.world.alm.request(rita, draft).await?;
    let mut form = asked.form.clone();
    form.name = format!("{}-2", story.name);
    "the second payroll run needs an identity of its own".clone_into(&mut form.justification);
    form.agrees_to_terms = true;
    if asked.account.is_none() {
        story.execute(rita, story.key("clone-form"), EditRequest::new(draft, form)).await?;
    }
    story.execute(rita, story.key("clone-submit"), SubmitRequest::new(draft)).await?;
    story.teller.say(format!("Rita asks for {}-2, filled in from {}", story.name, story.name));
    story.teller.brief(true);
    let made = story.approved(draft, &story.key("clone")).await;
    story.teller.brief(false);
    made
}

/// A command for several accounts: what it would do is known before.
async fn bulk(story: &Story<'_>, accounts: &[AccountId]) -> Result<(), Fault> {
    story.teller.chapter("One command for many accounts");
    let (alm, rita) = (&story.world.alm, &story.cast.rita);
    let plan = alm.plan_each(rita, accounts.iter().copied().map(DisableAccount::new)).await?;
    story.teller.say(format!("Rita would disable {} accounts:", plan.allowed()));
    for (_, plan) in plan.items() {
        for change in &plan.changes {
            story.teller.say(format!("    plan: {change}"));
        }
    }
    // She strikes out the first.
    let plan = plan.without(&accounts.iter().copied().take(1).collect::<BTreeSet<_>>());
    let report = alm.execute_each(rita, story.key("bulk").as_str(), plan).await?;
    for (account, result) in report.results {
        match result {
            Ok(saga) => drop(story.settled(saga).await?),
            // In a run that goes on, it is disabled already, or gone.
            Err(error) if error.kind() == ErrorKind::Refused => {}
            Err(error) => return Err(error.into()),
        }
        let account = alm.account(rita, account).await?.account;
        if account.status == AccountStatus::Active {
            return Err(Fault::new(format!("{} is not disabled", account.name)));
        }
        story.teller.event(
            format!("{} is {:?}; the one that she struck out is not", account.name, account.status),
            json!({ "event": "bulk", "account": account.name, "status": account.status }),
        );
    }
    Ok(())
}

/// Owners say by a date what is still needed.
async fn campaign(story: &Story<'_>, template: TemplateId, keep: AccountId) -> Result<(), Fault> {
    story.teller.chapter("A certification campaign");
    let (alm, ada, rita) = (&story.world.alm, &story.cast.ada, &story.cast.rita);
    let begun = alm.account(ada, keep).await?.account.provisioned_at.round(Unit::Hour);
    let begun = begun.map_err(|error| Fault::new(error.to_string()))?;
    let until = begun + SignedDuration::from_hours(24 * 30);
    let open = OpenCampaign::new("Payroll accounts", CampaignScope::Template(template), until);
    let id = story.execute(ada, story.key("campaign"), open.disable_unanswered()).await?;
    story.deliver().await?;
    let now = story.world.clock.now();
    for review in alm.open_reviews(rita).await?.into_iter().filter(|review| review.campaign == id) {
        if review.account == keep {
            let kept = DecideReview::keep(review.id).reason("runs every night");
            story.execute(rita, story.key("review-keep"), kept).await?;
            story.teller.say(format!("Rita keeps {}", review.account_name));
        } else {
            let retire = DecideReview::retire(review.id, "the second run was never needed");
            let saga = story.execute(rita, story.key("review-retire"), retire).await?;
            story
                .teller
                .say(format!("Rita retires {}: the second run was never needed", review.account_name));
            story.teller.brief(true);
            if let Some(saga) = saga {
                story.settled(saga).await?;
            }
            story.teller.brief(false);
        }
    }
    if now < until {
        story.forward(until).await?;
    }
    let view = alm.campaign(ada, id).await?;
    let reviews = alm.reviews(ada, id, None, 100).await?;
    let results: Vec<_> =
        reviews.iter().filter_map(|review| review.outcome.as_ref()).map(|o| o.result).collect();
    let kept = results.iter().filter(|result| **result == ReviewResult::Kept).count();
    let retired = results.iter().filter(|result| **result == ReviewResult::Retired).count();
    if view.open != 0 || kept + retired != reviews.len() {
        return Err(Fault::new(format!("the campaign is not done: {results:?}")));
    }
    for review in &reviews {
        let account = alm.account(ada, review.account).await?.account;
        let gone = account.status == AccountStatus::Deleted;
        if gone == (review.account == keep) {
            return Err(Fault::new(format!("{} is {:?} after its review", account.name, account.status)));
        }
    }
    story.teller.event(
        format!("ended on {}: {kept} kept, {retired} retired, in the record for good", day(until)),
        json!({ "event": "campaign", "kept": kept, "retired": retired }),
    );
    Ok(())
}
