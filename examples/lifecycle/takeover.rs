//! An account that somebody made by hand, years ago: it is found, taken over, and brought under the next version of its template.

use ad_directory::{AccountKey, CreateOptions, FindOptions, NewAccount, SamAccountName};
use alm_core::model::account::Owner;
use alm_core::model::discovery::{Discovered, DiscoveryOrder};
use alm_core::model::ids::{AccountId, SagaId, SecretId, TemplateId};
use alm_core::model::migration::NewEnd;
use alm_core::model::period::Period;
use alm_core::model::template::{EolAction, TemplateBody, TemplateVersion, VaultPlace};
use alm_core::port::entropy::{Entropy as _, SystemEntropy};
use alm_core::port::vault::{NewSecret, VaultError};
use alm_core::saga::{Ending, SagaStatus};
use alm_core::service::adoption::{AdoptAccounts, Adoptee};
use alm_core::service::migration::MigrateAccount;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::templates::{DraftTemplate, EditTemplate};
use secrecy::SecretString;
use serde_json::json;

use crate::fault::Fault;
use crate::story::{Story, day};

pub async fn tell(story: &Story<'_>, body: &TemplateBody) -> Result<AccountId, Fault> {
    let place = body.vault.clone().ok_or_else(|| Fault::new("the template keeps no passwords"))?;
    story.teller.chapter("Accounts made by hand");
    let secret = by_hand(story, &place).await?;
    let found = discovery(story, body).await?;
    let (template, account) = adoption(story, body, found, secret).await?;
    migration(story, body, template, account).await?;
    Ok(account)
}

fn name(story: &Story<'_>) -> String {
    format!("{}-old", story.name)
}

fn vault(error: &VaultError) -> Fault {
    Fault::new(error.to_string())
}

/// What is there before anybody manages it: an enabled account, and a secret that a person typed in.
async fn by_hand(story: &Story<'_>, place: &VaultPlace) -> Result<SecretId, Fault> {
    let (directory, name) = (&story.world.directory, name(story));
    let sign_in: SamAccountName = name.parse().map_err(|error| Fault::new(format!("{name}: {error}")))?;
    // In a run that goes on, what was made by hand is there, under its own name or another.
    let title = format!("{name} (typed in by hand)");
    let secret = match story.world.vault.find(place, &title).await.map_err(|error| vault(&error))?.first() {
        Some(secret) => secret.id.clone(),
        None => {
            let (password, domain) = (password()?, story.world.places.domain.as_str());
            let new = NewSecret::new(place, &title, domain, &name, &password, "kept by the payroll team");
            story.world.vault.create(new).await.map_err(|error| vault(&error))?
        }
    };
    if directory
        .find_account(&AccountKey::SamAccountName(sign_in.clone()), FindOptions::new())
        .await?
        .is_none()
    {
        let password = story.world.vault.read_password(&secret).await.map_err(|error| vault(&error))?;
        let new = NewAccount::new(story.world.places.ou.clone(), sign_in)
            .password(password)
            .password_never_expires(true)
            .description(format!("ask Jane ({name})"))
            .enabled(true);
        directory.create_account(&new, CreateOptions::new()).await?;
    }
    story.teller.say(format!(
        "somebody made {name} years ago; its password is in the vault, and nobody answers for it"
    ));
    Ok(secret)
}

fn password() -> Result<SecretString, Fault> {
    let mut random = [0; 16];
    SystemEntropy::new().fill(&mut random)?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(SecretString::from(format!("Aa1-{text}")))
}

async fn discovery(story: &Story<'_>, body: &TemplateBody) -> Result<Option<Discovered>, Fault> {
    story.teller.chapter("Discovery");
    let order = DiscoveryOrder::new(body.directory.domain).below(story.world.places.ou.clone());
    let found = story.world.alm.discover(&story.cast.ada, &order).await?;
    let old = found.into_iter().find(|found| found.name == name(story));
    let Some(old) = old else {
        story.teller.say("nobody is found who is not managed already");
        return Ok(None);
    };
    story.teller.event(
        format!("Ada finds {}: {} of 100, because {}", old.dn, old.score, old.reasons.join(", ")),
        json!({ "event": "discovered", "account": old.name, "dn": old.dn, "score": old.score, "reasons": old.reasons }),
    );
    Ok(Some(old))
}

async fn adoption(
    story: &Story<'_>,
    body: &TemplateBody,
    found: Option<Discovered>,
    secret: SecretId,
) -> Result<(TemplateId, AccountId), Fault> {
    story.teller.chapter("Adoption");
    let (alm, ada) = (&story.world.alm, &story.cast.ada);
    let title = format!("Accounts from before ({})", name(story));
    let draft = DraftTemplate::new(title, body.clone());
    let template = story.execute(ada, story.key("old-template"), draft).await?;
    story.execute(ada, story.key("old-publish"), PublishTemplate::new(template)).await?;
    let Some(found) = found else {
        // In a run that goes on, it is managed already.
        let known = alm.accounts(ada, None, 1_000).await?;
        let known = known.into_iter().find(|account| account.name == name(story));
        let known =
            known.ok_or_else(|| Fault::new(format!("{} is neither found nor managed", name(story))))?;
        if let Some(open) = known.operation {
            story.settled(open.saga).await?;
        }
        return Ok((template, known.id));
    };
    let mut one = Adoptee::from(&found);
    one.secret = Some(secret.to_string());
    let adopt =
        AdoptAccounts::new(template, Period::Days(90), [one]).owner(Owner::Person(story.cast.rita.person));
    for change in alm.plan(ada, &adopt).await?.changes.iter().filter(|change| change.contains("ends on")) {
        story.teller.say(format!("    plan: {change}"));
    }
    let accounts = story.execute(ada, story.key("adopt"), adopt).await?;
    let account = accounts.first().copied().ok_or_else(|| Fault::new("nothing was adopted"))?;
    if let Some(open) = alm.account(ada, account).await?.account.operation {
        done(story, open.saga).await?;
    }
    let adopted = alm.account(ada, account).await?.account;
    story.teller.event(
        format!("Rita owns {} by now; its name, place and password are what they were; it ends on {}", adopted.name, day(adopted.eol)),
        json!({ "event": "adopted", "account": adopted.name, "object_guid": adopted.object_guid, "eol": adopted.eol }),
    );
    Ok((template, account))
}

async fn migration(
    story: &Story<'_>,
    body: &TemplateBody,
    template: TemplateId,
    account: AccountId,
) -> Result<(), Fault> {
    story.teller.chapter("Migration");
    let (alm, ada) = (&story.world.alm, &story.cast.ada);
    let mut next = body.clone();
    next.eol_action = EolAction::Expire;
    next.attributes = [("department".to_owned(), "Payroll".into())].into();
    story.execute(ada, story.key("old-edit"), EditTemplate::new(template, next)).await?;
    story.execute(ada, story.key("old-publish-2"), PublishTemplate::new(template)).await?;
    let migrate = MigrateAccount::new(account, template).period(Period::Years(1)).end(NewEnd::Renew);
    let plan = alm.plan_each(ada, [migrate]).await?;
    for line in plan.items().flat_map(|(_, plan)| &plan.changes).take(5) {
        story.teller.say(format!("    plan: {line}"));
    }
    let report = alm.execute_each(ada, story.key("migrate").as_str(), plan).await?;
    for (_, result) in report.results {
        done(story, result?).await?;
    }
    let account = alm.account(ada, account).await?.account;
    let version = alm.template_version(ada, account.template_version).await?;
    let TemplateVersion { name, number, .. } = version;
    story.teller.event(
        format!("{} is under version {number} of {name}, and ends on {}", account.name, day(account.eol)),
        json!({
            "event": "migrated", "account": account.name, "object_guid": account.object_guid, "version": number, "eol": account.eol,
        }),
    );
    Ok(())
}

async fn done(story: &Story<'_>, saga: SagaId) -> Result<(), Fault> {
    let saga = story.settled(saga).await?;
    match saga.status {
        SagaStatus::Ended { ending: Ending::Done } => Ok(()),
        other => Err(Fault::new(format!("{}: {other:?}", saga.account_name))),
    }
}
