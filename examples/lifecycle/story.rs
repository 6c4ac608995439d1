//! The story, chapter by chapter.
//!
//! Every command carries an idempotency key that says which sentence of the story it is. A run that goes on from a state file tells the story from
//! the beginning: what was done already answers with its first result (R-13), and only what is left happens.

use std::time::Duration;

use alm_core::engine::Engine;
use alm_core::model::account::AccountStatus;
use alm_core::model::event::Event;
use alm_core::model::ids::{AccountId, RequestId, SagaId};
use alm_core::model::managed::{AccountKind, ManagedTemplate, PasswordReader};
use alm_core::model::people::{APPROVER, REQUESTER};
use alm_core::model::period::Period;
use alm_core::model::request::{RequestForm, RequestStatus};
use alm_core::model::template::{
    ApprovalStep, DirectoryPlace, EolAction, Reminders, TemplateBody, VaultPlace,
};
use alm_core::port::clock::Clock as _;
use alm_core::port::sink::EventSink;
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{
    DeleteAccount, DisableAccount, EnableAccount, RenewAccount, SubmitRenewal,
};
use alm_core::service::approvals::CastVote;
use alm_core::service::estate::{AddDomain, AddVault};
use alm_core::service::groups::AddGroup;
use alm_core::service::people::AddPerson;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::requests::{DraftRequest, SubmitRequest};
use alm_core::service::rotation::RotateAccount;
use alm_core::service::sweep::SweepOptions;
use alm_core::service::templates::DraftTemplate;
use alm_core::{Caller, Command, ErrorKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::fault::Fault;
use crate::options::{Options, Until};
use crate::outcome;
use crate::teller::Teller;
use crate::tour;
use crate::world::World;

const PERIOD: Period = Period::Days(90);

/// The people of the story.
pub struct Cast {
    pub ada: Caller,
    pub rita: Caller,
    pub lea: Caller,
    pub liam: Caller,
    pub sam: Caller,
}

pub struct Story<'a> {
    pub world: &'a World,
    pub teller: &'a Teller,
    pub name: &'a str,
    patience: SignedDuration,
    pub cast: Cast,
    engine: Engine,
}

pub async fn tell(world: &World, options: &Options, teller: &Teller) -> Result<(), Fault> {
    teller.chapter("An organization");
    let cast = people(world, teller).await?;
    let (domain, bodies) = estate(world, &cast, teller).await?;
    let story = Story {
        world,
        teller,
        name: &options.name,
        patience: SignedDuration::from_secs(i64::try_from(options.patience).unwrap_or(i64::MAX)),
        engine: world.engine(domain)?,
        cast,
    };
    let mut accounts = Vec::new();
    let told = story.chapters(&bodies, options, &mut accounts).await;
    story.deliver().await?;
    told?;
    outcome::show(world, &story.cast.ada, &accounts, teller).await
}

async fn people(world: &World, teller: &Teller) -> Result<Cast, Fault> {
    let source = "lifecycle";
    let ada = Caller::new(world.alm.first_administrator("Ada", "ada@example.com").await?, source);
    let person = async |name: &str, role| -> Result<Caller, Fault> {
        let command = AddPerson::new(name, format!("{}@example.com", name.to_lowercase())).role(role);
        let id = world.alm.execute(&ada, format!("story/person/{name}"), command).await?;
        Ok(Caller::new(id, source))
    };
    let rita = person("Rita", REQUESTER).await?;
    let lea = person("Lea", APPROVER).await?;
    let liam = person("Liam", APPROVER).await?;
    let sam = person("Sam", APPROVER).await?;
    teller.say("Ada administers, Rita will ask, Lea and Liam lead the team, Sam looks after security");
    Ok(Cast { ada, rita, lea, liam, sam })
}

/// A template's name, what it says, and the ending of the account's name that is asked for with it.
pub struct Kind {
    title: &'static str,
    pub body: TemplateBody,
    ending: &'static str,
}

async fn estate(
    world: &World,
    cast: &Cast,
    teller: &Teller,
) -> Result<(alm_core::model::ids::DomainId, Vec<Kind>), Fault> {
    let places = &world.places;
    let ada = &cast.ada;
    let domain = AddDomain::new(&places.domain, places.base.clone());
    let domain = world.alm.execute(ada, "story/domain", domain).await?;
    // Not its address: a stand-in has another port in each run, and the command must be the same.
    let vault = world
        .alm
        .execute(ada, "story/vault", AddVault::new("Secret Server", "see the engine's settings"))
        .await?;
    // Rita leads too, so that there is something to refuse.
    let leads = [cast.lea.person, cast.liam.person, cast.rita.person];
    let leads = world
        .alm
        .execute(ada, "story/group/leads", AddGroup::new("Team leads", leads).role(APPROVER))
        .await?;
    let asking = AddGroup::new("Payroll developers", [cast.rita.person]);
    let asking = world.alm.execute(ada, "story/group/asking", asking).await?;
    teller.say(format!("domain {}, OU {}", places.domain, places.ou));

    let body = |action| {
        let mut directory = DirectoryPlace::new(domain, places.ou.clone());
        directory.name_pattern = Some("^(?!admin)[a-z][a-z0-9.-]*$".to_owned());
        directory.groups.clone_from(&places.groups);
        directory.retirement_ou.clone_from(&places.retired_ou);
        let place = VaultPlace::new(vault, &places.folder, &places.secret_template);
        let mut body = TemplateBody::new(action, place, directory);
        body.purpose = "Accounts that programs sign in with".to_owned();
        body.terms_of_service = Some("Nobody signs in interactively with a service account.".to_owned());
        body.periods = vec![PERIOD, Period::Years(1)];
        body.reminders = Reminders::default();
        body.requesters = [asking].into();
        let mut first = ApprovalStep::of_groups("team leads", [leads]);
        first.required = 2;
        body.approval = vec![first, ApprovalStep::of_people("security", [cast.sam.person])];
        body
    };
    let kind = |title, action, ending| Kind { title, body: body(action), ending };
    let mut kinds = vec![
        kind("Accounts that expire", EolAction::Expire, ""),
        kind("Accounts under review", EolAction::Review, "-r"),
        kind("Accounts that are disabled", EolAction::Disable, "-d"),
        kind("Accounts that are deleted", EolAction::Delete, "-x"),
    ];
    if let Some(readers) = &places.gmsa_readers {
        let mut managed = kind("Group managed service accounts", EolAction::Expire, "-g");
        let users = managed.body.clone();
        let readers = ManagedTemplate::new([PasswordReader::Group(readers.clone())]);
        managed.body = TemplateBody::managed(EolAction::Expire, users.directory.clone(), readers);
        managed.body.terms_of_service = users.terms_of_service;
        (managed.body.purpose, managed.body.periods) = (users.purpose, users.periods);
        (managed.body.requesters, managed.body.approval) = (users.requesters, users.approval);
        kinds.push(managed);
    }
    Ok((domain, kinds))
}

impl Story<'_> {
    async fn chapters(
        &self,
        kinds: &[Kind],
        options: &Options,
        accounts: &mut Vec<AccountId>,
    ) -> Result<(), Fault> {
        let until = options.until;
        let [main, others @ ..] = kinds else { return Err(Fault::new("the story has no template")) };
        self.teller.chapter(&format!("{} is asked for", self.name));
        let account = self.account(main, true).await?;
        accounts.push(account);
        if options.tour {
            return tour::tell(self, account, others, accounts).await;
        }
        if until == Until::Provisioned {
            return Ok(());
        }

        self.teller.chapter("Three others, with the other ends of life");
        self.teller.brief(true);
        for kind in others {
            accounts.push(self.account(kind, false).await?);
        }
        self.teller.brief(false);
        self.renewed(account).await?;
        self.teller.chapter("Another password");
        self.operate("rotate", &self.cast.rita, RotateAccount::new(account)).await?;
        self.teller.chapter("An emergency");
        self.operate("disable", &self.cast.ada, DisableAccount::new(account)).await?;
        if until == Until::Disabled {
            return Ok(());
        }
        self.operate("enable", &self.cast.ada, EnableAccount::new(account)).await?;
        self.ends_of_life(account, accounts).await?;
        if until == Until::Expired {
            return Ok(());
        }
        self.teller.chapter("The end");
        self.operate("retire", &self.cast.rita, DeleteAccount::new(account).confirmed()).await?;
        self.operate("erase", &self.cast.ada, DeleteAccount::new(account).confirmed()).await?;
        Ok(())
    }

    /// A template is drafted and published; an account is asked for with it, approved in two steps, and provisioned.
    pub async fn account(&self, kind: &Kind, shown: bool) -> Result<AccountId, Fault> {
        let Cast { ada, rita, lea, liam, sam } = &self.cast;
        let name = format!("{}{}", self.name, kind.ending);
        let key = |step: &str| format!("story/{name}/{step}");
        let title = format!("{} ({name})", kind.title);
        let template =
            self.execute(ada, key("draft-template"), DraftTemplate::new(&title, kind.body.clone())).await?;
        self.execute(ada, key("publish"), PublishTemplate::new(template)).await?;
        self.teller.say(format!(
            "Ada publishes the template {title:?}: {PERIOD} of life, then {:?}, after vault and domain were looked at",
            kind.body.eol_action
        ));
        let mut form =
            RequestForm::new(&name, PERIOD, "the nightly payroll run needs an identity of its own");
        form.description = format!("Runs the nightly payroll ({name})");
        form.agrees_to_terms = true;
        if kind.body.kind == AccountKind::GroupManaged {
            form.service_principal_names = vec![format!("HTTP/{name}.{}", self.world.places.domain)];
        }
        let request = self.execute(rita, key("draft"), DraftRequest::new(template, form)).await?;
        self.execute(rita, key("submit"), SubmitRequest::new(request)).await?;
        self.teller.say(format!("Rita asks for {name}, agrees to the terms, and gives her reason"));
        if shown {
            self.refused(request, rita, "Rita tries to approve her own request").await?;
        }
        self.vote(request, lea, "Lea", &key("lea")).await?;
        if shown {
            self.refused(request, lea, "Lea tries to approve a second time").await?;
            self.refused(request, sam, "Sam tries to approve a step that is not his").await?;
        }
        self.vote(request, liam, "Liam", &key("liam")).await?;
        self.vote(request, sam, "Sam", &key("sam")).await?;
        self.provisioned(request).await
    }

    /// All who are asked approve, and the account is provisioned.
    pub async fn approved(&self, request: RequestId, key: &str) -> Result<AccountId, Fault> {
        let Cast { lea, liam, sam, .. } = &self.cast;
        for (who, name) in [(lea, "Lea"), (liam, "Liam"), (sam, "Sam")] {
            self.vote(request, who, name, &format!("{key}/{name}")).await?;
        }
        self.provisioned(request).await
    }

    async fn provisioned(&self, request: RequestId) -> Result<AccountId, Fault> {
        let ada = &self.cast.ada;
        let asked = self.world.alm.request(ada, request).await?;
        let name = &asked.account_name;
        self.teller.detail(
            "all steps are met by distinct people; an engine takes over",
            json!({ "event": "queued", "account": name }),
        );
        let (Some(saga), Some(account)) = (asked.saga, asked.account) else {
            return Err(Fault::new(format!("the request for {name} was not queued")));
        };
        let saga = self.settled(saga).await?;
        match &saga.status {
            SagaStatus::Ended { ending: Ending::Done } => {}
            SagaStatus::Ended { ending: Ending::Compensated { message, .. } } => {
                return Err(Fault::new(format!(
                    "{name} was not provisioned, and nothing is left of the attempt: {message}"
                )));
            }
            other => return Err(Fault::new(format!("{name} was not provisioned: {other:?}"))),
        }
        let view = self.world.alm.account(ada, account).await?;
        self.teller.event(
            format!(
                "{} is provisioned: enabled, in its groups, {}; it ends on {}",
                view.account.name,
                match view.account.secret {
                    Some(_) => "its password in the vault",
                    None => "its password the domain's business",
                },
                day(view.account.eol)
            ),
            json!({
                "event": "provisioned", "account": name, "object_guid": view.account.object_guid,
                "secret": view.account.secret, "eol": view.account.eol,
            }),
        );
        Ok(account)
    }

    pub async fn execute<C: Command>(
        &self,
        who: &Caller,
        key: String,
        command: C,
    ) -> Result<C::Output, Fault> {
        Ok(self.world.alm.execute(who, key, command).await?)
    }

    /// A sentence's key.
    pub fn key(&self, step: &str) -> String {
        format!("story/{}/{step}", self.name)
    }

    async fn vote(&self, request: RequestId, who: &Caller, name: &str, key: &str) -> Result<(), Fault> {
        let status = self.execute(who, key.to_owned(), CastVote::approve(request)).await?;
        self.teller.detail(
            format!("{name} approves; the request is {status:?}"),
            json!({ "event": "vote", "who": name, "status": status }),
        );
        Ok(())
    }

    /// Something that must not work.
    async fn refused(&self, request: RequestId, who: &Caller, what: &str) -> Result<(), Fault> {
        // In a run that goes on, the step may be over already: then there is nothing left to refuse.
        if self.world.alm.request(&self.cast.ada, request).await?.status != RequestStatus::Submitted {
            return Ok(());
        }
        let key = format!("story/refused/{what}/{}", self.world.clock.now());
        match self.world.alm.execute(who, key, CastVote::approve(request)).await {
            Ok(_) => Err(Fault::new(format!("{what}, and it was accepted"))),
            Err(error) if matches!(error.kind(), ErrorKind::Refused | ErrorKind::Denied) => {
                let why = error.refusals().first().map_or_else(String::new, ToString::to_string);
                self.teller.event(
                    format!("{what}: refused ({why})"),
                    json!({ "event": "refused", "what": what, "why": why }),
                );
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the engine work until a saga is over.
    pub async fn settled(&self, saga: SagaId) -> Result<SagaRecord, Fault> {
        let deadline = self.world.clock.now() + self.patience;
        let mut last = String::new();
        loop {
            self.deliver().await?;
            self.engine.run_ready().await?;
            self.deliver().await?;
            let record = self.world.alm.saga(&self.cast.ada, saga).await?;
            match &record.status {
                SagaStatus::Waiting { why } => {
                    if *why != last {
                        self.teller.say(format!("    waiting: {why}"));
                        last.clone_from(why);
                    }
                    if self.world.clock.now() >= deadline {
                        return Err(Fault::new(format!(
                            "{} waits for longer than --patience: {why}; run again with the same --state to go on",
                            record.account_name
                        )));
                    }
                }
                SagaStatus::Running => {}
                _ => return Ok(record),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// One command on an account, carried out to its end.
    pub async fn operate<C: Command<Output = SagaId>>(
        &self,
        what: &str,
        who: &Caller,
        command: C,
    ) -> Result<(), Fault> {
        let saga = self.execute(who, format!("story/{}/{what}", self.name), command).await?;
        let saga = self.settled(saga).await?;
        match &saga.status {
            SagaStatus::Ended { ending: Ending::Done } => {
                self.teller.event(
                    format!("{}: {what} is done", saga.account_name),
                    json!({ "event": "operated", "what": what, "account": saga.account_name }),
                );
                Ok(())
            }
            SagaStatus::Parked { finding } => {
                Err(Fault::new(format!("to {what} {} needs a person: {finding}", saga.account_name)))
            }
            other => Err(Fault::new(format!("to {what} {} did not work: {other:?}", saga.account_name))),
        }
    }

    /// Time passes until the renewal date; owners are reminded; the renewal runs the same steps.
    async fn renewed(&self, account: AccountId) -> Result<(), Fault> {
        let Cast { ada, rita, lea, liam, sam } = &self.cast;
        let before = self.world.alm.account(ada, account).await?.account;
        if before.reminders.cycle == 0 {
            self.forward(before.renewal_date + SignedDuration::from_hours(9)).await?;
        }
        let key = |step: &str| format!("story/{}/renewal/{step}", self.name);
        let command = SubmitRenewal::new(account, "payroll still runs every night");
        let request = self.execute(rita, key("submit"), command).await?;
        self.teller.say(format!("Rita submits {} for renewal", self.name));
        self.vote(request, lea, "Lea", &key("lea")).await?;
        self.vote(request, liam, "Liam", &key("liam")).await?;
        self.vote(request, sam, "Sam", &key("sam")).await?;
        if let Some(saga) = self.world.alm.request(ada, request).await?.saga {
            self.settled(saga).await?;
        }
        let after = self.world.alm.account(ada, account).await?.account;
        self.teller.event(
            format!("{} now ends on {}, in the directory too", self.name, day(after.eol)),
            json!({ "event": "renewed", "account": self.name, "eol": after.eol }),
        );
        Ok(())
    }

    async fn ends_of_life(&self, main: AccountId, accounts: &[AccountId]) -> Result<(), Fault> {
        let ada = &self.cast.ada;
        let mut latest = None;
        for id in accounts.iter().filter(|id| **id != main) {
            let account = self.world.alm.account(ada, *id).await?.account;
            // A renewed one belongs to a run that goes on: its first end is past.
            if account.reminders.cycle == 0 {
                latest = latest.max(Some(account.eol));
            }
        }
        if let Some(eol) = latest {
            self.forward(eol + SignedDuration::from_hours(1)).await?;
        }
        for id in accounts.iter().filter(|id| **id != main) {
            let account = self.world.alm.account(ada, *id).await?.account;
            if let Some(operation) = account.operation {
                self.settled(operation.saga).await?;
            }
            let account = self.world.alm.account(ada, *id).await?.account;
            self.teller.say(format!("{} ({:?}) is {:?}", account.name, account.eol_action, account.status));
            if account.eol_action == EolAction::Review {
                let key = format!("story/{}/review", account.name);
                let saga = self.execute(&self.cast.rita, key, RenewAccount::new(*id)).await?;
                self.settled(saga).await?;
                self.teller.say(format!("Rita has reviewed {} and renews it", account.name));
            }
        }
        let account = self.world.alm.account(ada, main).await?.account;
        if account.status != AccountStatus::Deleted {
            self.forward(account.eol + SignedDuration::from_hours(1)).await?;
        }
        let account = self.world.alm.account(ada, main).await?.account;
        if let Some(operation) = account.operation {
            self.settled(operation.saga).await?;
        }
        let account = self.world.alm.account(ada, main).await?.account;
        self.teller.event(
            format!(
                "{} is {:?}: enabled still, but its domain lets nobody sign in with it",
                account.name, account.status
            ),
            json!({ "event": "end_of_life", "account": account.name, "status": account.status }),
        );
        Ok(())
    }

    /// Puts the clock forward and lets the sweep do what is due. After so long it asks first (L-39), and Ada says that it may.
    pub async fn forward(&self, to: Timestamp) -> Result<(), Fault> {
        if self.world.clock.forward_to(to)? {
            self.teller.chapter(&format!("Time passes: {}", day(to)));
        }
        let report = self.world.alm.sweep(SweepOptions::new()).await?;
        if !report.held.is_empty() {
            let why = report.held.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            self.teller.say(format!("the sweep stops and asks: {why}"));
            self.deliver().await?;
            self.world.alm.sweep(SweepOptions::new().confirmed_by(self.cast.ada.clone())).await?;
            self.teller.say("Ada confirms that so much time has passed");
        }
        self.deliver().await?;
        self.engine.run_ready().await?;
        self.deliver().await
    }

    pub async fn deliver(&self) -> Result<(), Fault> {
        self.world.alm.deliver(&Told(self.teller)).await?;
        Ok(())
    }
}

pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Shows who is told what.
#[derive(Debug)]
struct Told<'a>(&'a Teller);

#[async_trait::async_trait]
impl EventSink for Told<'_> {
    async fn deliver(&self, event: &Event) -> alm_core::Result<()> {
        let to = match event.to.len() {
            0 => String::new(),
            1 => " (1 person is told)".to_owned(),
            n => format!(" ({n} people are told)"),
        };
        self.0.detail(
            format!("  > {}: {}{to}", event.kind, event.text),
            json!({ "event": "notice", "kind": event.kind, "text": event.text, "id": event.id, "to": event.to.len() }),
        );
        Ok(())
    }
}
