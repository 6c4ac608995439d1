//! The service beside the model, step by step.

use std::collections::BTreeSet;

use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::ids::{AccountId, RequestId, TemplateId};
use alm_core::model::managed::AccountKind;
use alm_core::model::people::{APPROVER, Group, Person, REQUESTER};
use alm_core::model::period::Period;
use alm_core::model::request::{Decision, Request, RequestForm, RequestStatus};
use alm_core::model::template::EolAction;
use alm_core::port::clock::Clock as _;
use alm_core::port::store::Stored;
use alm_core::rules::lifecycle::AccountOption;
use alm_core::service::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, RenewAccount, RetryOperation, SetOwners,
    SubmitRenewal,
};
use alm_core::service::approvals::CastVote;
use alm_core::service::cloning::CloneAccount;
use alm_core::service::failures::CancelProvisioning;
use alm_core::service::migration::MigrateAccount;
use alm_core::service::people::SetPersonEnabled;
use alm_core::service::requests::{
    CopyRequest, DeleteDraft, DraftRequest, EditRequest, SubmitRequest, WithdrawRequest,
};
use alm_core::service::rotation::RotateAccount;
use alm_core::{Caller, ErrorKind, Result};
use jiff::SignedDuration;
use uuid::Uuid;

use super::model::{self, Model, Verdict};
use super::{NAMES, PEOPLE, Step};
use crate::it::rules::received;
use crate::it::world::World;

/// Both, and which of the service's ids stands for which of the model's numbers.
pub(super) struct Play {
    world: World,
    model: Model,
    callers: [Caller; PEOPLE],
    templates: Vec<TemplateId>,
    requests: Vec<RequestId>,
    accounts: Vec<AccountId>,
    pub accepted: u32,
    pub refused: u32,
    told: Vec<String>,
}

fn form(name: usize) -> RequestForm {
    RequestForm::new(NAMES[name], Period::Days(90), "the payroll job needs it")
}

impl Play {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        for (caller, role) in
            [(&world.lead, REQUESTER), (&world.stranger, REQUESTER), (&world.requester, APPROVER)]
        {
            world
                .rewrite::<Person>(caller.person.uuid(), |person| {
                    person.roles.insert(role);
                })
                .await;
        }
        let lead = world.lead.person;
        world
            .rewrite::<Group>(world.requesters.uuid(), |group| {
                group.members.insert(lead);
            })
            .await;
        let mut templates = Vec::new();
        for action in EolAction::ALL {
            // Those of one template are gMSAs, to which the same happens.
            let managed = model::is_managed(action);
            let mut body = if managed { world.managed_body(action) } else { world.body(action) };
            if action == EolAction::Expire {
                body.approval[0].required = 2;
            }
            templates.push(world.publish(&format!("{action:?} accounts"), body).await);
        }
        let callers = [
            world.admin.clone(),
            world.requester.clone(),
            world.lead.clone(),
            world.lead2.clone(),
            world.security.clone(),
            world.stranger.clone(),
        ];
        let model = Model::new(world.clock.now());
        let (requests, accounts, told) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, model, callers, templates, requests, accounts, accepted: 0, refused: 0, told }
    }

    /// The service's word beside the model's.
    fn agree<T>(&mut self, step: Step, real: Result<T>, verdict: &Verdict) -> Result<Option<T>, String> {
        let shown = match (&real, verdict) {
            (Ok(_), Ok(())) => None,
            (Ok(_), Err(rules)) => Some(format!("accepted, and {rules:?} refuse it")),
            (Err(error), Ok(())) => Some(format!("should be accepted: {error}")),
            (Err(error), Err(rules)) if rules.is_empty() => {
                (error.kind() != ErrorKind::NotFound).then(|| format!("is not there: {error}"))
            }
            (Err(error), Err(rules)) => {
                let missing = rules.iter().find(|rule| !error.violates(rule));
                missing.map(|rule| format!("{rule} should be among: {error}"))
            }
        };
        if let Some(shown) = shown {
            return Err(self.failure(step, &shown));
        }
        if let (Err(error), Err(rules)) = (&real, verdict) {
            for rule in rules {
                received(error, rule);
            }
        }
        if verdict.is_ok() {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
        Ok(real.ok())
    }

    fn failure(&self, step: Step, what: &str) -> String {
        format!(
            "{step:?} at {}: {what}\nbefore it:\n  {}\n{:#?}",
            self.model.now,
            self.told.join("\n  "),
            self.model
        )
    }

    fn request(&self, number: usize) -> Option<usize> {
        let last = self.requests.len().checked_sub(1)?;
        Some(if number == usize::MAX { last } else { number % self.requests.len() })
    }

    pub(super) async fn step(&mut self, step: Step) -> Result<(), String> {
        self.act(step).await?;
        self.compare(step).await?;
        self.told.push(format!("{step:?}"));
        Ok(())
    }

    async fn act(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Draft { who, action, name } => {
                let command = DraftRequest::new(self.templates[action], form(name));
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.draft(who, EolAction::ALL[action], name);
                let made = self.agree(step, real, &verdict)?;
                self.requests.extend(made);
            }
            Step::Edit { who, request, name } => {
                let Some(at) = self.request(request) else { return Ok(()) };
                let command = EditRequest::new(self.requests[at], form(name));
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.edit(who, at, name);
                self.agree(step, real, &verdict)?;
            }
            Step::DeleteDraft { who, request } => {
                let Some(at) = self.request(request) else { return Ok(()) };
                let command = DeleteDraft::new(self.requests[at]);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.delete_draft(who, at);
                self.agree(step, real, &verdict)?;
            }
            Step::Submit { who, request } => {
                let Some(at) = self.request(request) else { return Ok(()) };
                self.submit(step, who, at).await?;
            }
            Step::Withdraw { who, request } => {
                let Some(at) = self.request(request) else { return Ok(()) };
                let command = WithdrawRequest::new(self.requests[at]);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.withdraw(who, at);
                self.agree(step, real, &verdict)?;
            }
            Step::Copy { who, request } => {
                let Some(at) = self.request(request) else { return Ok(()) };
                let command = CopyRequest::new(self.requests[at]);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.copy(who, at);
                let made = self.agree(step, real, &verdict)?;
                self.requests.extend(made);
            }
            Step::Cancel { who, request } => {
                let Some(at) = self.request(request) else { return Ok(()) };
                let command = CancelProvisioning::new(self.requests[at]);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.cancel(who, at);
                self.agree(step, real, &verdict)?;
            }
            Step::Vote { who, request, yes } => {
                let Some(at) = self.request(request) else { return Ok(()) };
                self.vote(step, who, at, yes).await?;
            }
            Step::Ask { who, account, option, sure } => {
                if self.accounts.is_empty() {
                    return Ok(());
                }
                self.ask(step, who, account % self.accounts.len(), option, sure).await?;
            }
            Step::Own { who, account, owners } => {
                if self.accounts.is_empty() {
                    return Ok(());
                }
                let at = account % self.accounts.len();
                let owners: BTreeSet<_> = (0..PEOPLE).filter(|person| owners >> person & 1 == 1).collect();
                let people = owners.iter().map(|person| Owner::Person(self.callers[*person].person));
                let command = SetOwners::new(self.accounts[at], people);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.own(who, at, &owners);
                self.agree(step, real, &verdict)?;
            }
            Step::Migrate { who, account, to } => {
                if self.accounts.is_empty() {
                    return Ok(());
                }
                let at = account % self.accounts.len();
                let command = MigrateAccount::new(self.accounts[at], self.templates[to]);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.migrate(who, at, EolAction::ALL[to]);
                self.agree(step, real, &verdict)?;
            }
            Step::Rotate { who, account } => {
                if self.accounts.is_empty() {
                    return Ok(());
                }
                let at = account % self.accounts.len();
                let command = RotateAccount::new(self.accounts[at]);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.rotate(who, at);
                self.agree(step, real, &verdict)?;
            }
            Step::Choose { account, which } => {
                if self.accounts.is_empty() {
                    return Ok(());
                }
                let at = account % self.accounts.len();
                let owner = *self.model.accounts[at].owners.first().unwrap();
                let view = self.world.alm.account(&self.callers[owner], self.accounts[at]).await;
                let offered: Vec<_> = view.iter().flat_map(|view| view.options.iter()).collect();
                if let Some(option) = offered.get(which % offered.len().max(1)) {
                    self.ask(step, owner, at, *option, true).await?;
                }
            }
            Step::Near { account, hours } => {
                if self.accounts.is_empty() {
                    return Ok(());
                }
                let eol = self.model.accounts[account % self.accounts.len()].eol;
                let wait = (eol + SignedDuration::from_hours(hours)).duration_since(self.model.now);
                if wait.is_positive() {
                    self.world.clock.advance(wait);
                    self.model.now = self.world.clock.now();
                }
            }
            Step::Enable { who, whom, on } => {
                let command = SetPersonEnabled::new(self.callers[whom].person, on);
                let real = self.world.execute(&self.callers[who], command).await;
                let verdict = self.model.enable(who, whom, on);
                self.agree(step, real, &verdict)?;
            }
            Step::Pass { hours } => {
                // Work that was ready before a clock went back is taken up when it is there again: not what is looked at here.
                if hours < 0 {
                    self.work(step).await?;
                }
                self.world.clock.advance(SignedDuration::from_hours(hours));
                self.model.now = self.world.clock.now();
            }
            Step::Sweep => {
                let report = self.world.sweep().await;
                let ended = self.model.sweep();
                let ended: BTreeSet<_> = ended.into_iter().map(|account| self.accounts[account]).collect();
                if report.ended.iter().copied().collect::<BTreeSet<_>>() != ended {
                    return Err(self.failure(step, &format!("{ended:?} should have ended: {report:?}")));
                }
            }
            Step::Work => self.work(step).await?,
            Step::Along { request, work } => self.along(step, request, work).await?,
        }
        Ok(())
    }

    async fn submit(&mut self, step: Step, who: usize, at: usize) -> Result<(), String> {
        let real = self.world.execute(&self.callers[who], SubmitRequest::new(self.requests[at])).await;
        let verdict = self.model.submit(who, at);
        self.agree(step, real, &verdict)?;
        Ok(())
    }

    async fn vote(&mut self, step: Step, who: usize, at: usize, yes: bool) -> Result<(), String> {
        let id = self.requests[at];
        let command = if yes { CastVote::approve(id) } else { CastVote::deny(id, "no") };
        let real = self.world.execute(&self.callers[who], command).await;
        let verdict = self.model.vote(who, at, yes);
        self.agree(step, real, &verdict)?;
        Ok(())
    }

    async fn along(&mut self, step: Step, request: usize, work: bool) -> Result<(), String> {
        let Some(at) = self.request(request) else { return Ok(()) };
        let who = self.model.requests[at].who;
        if self.model.requests[at].status == Some(RequestStatus::Draft) {
            self.submit(step, who, at).await?;
        }
        for voter in [2, 3, 1, 4] {
            if self.model.requests[at].status == Some(RequestStatus::Submitted) {
                self.vote(step, voter, at, true).await?;
            }
        }
        if work { self.work(step).await } else { Ok(()) }
    }

    async fn work(&mut self, step: Step) -> Result<(), String> {
        let report = self.world.run().await;
        if !report.notes.is_empty() {
            return Err(self.failure(step, &format!("{report:?}")));
        }
        let before = self.model.accounts.len();
        self.model.work();
        for held in &self.model.accounts[before..] {
            let request: Request = self.world.document(self.requests[held.from].uuid()).await;
            let Some(account) = request.account.filter(|_| request.status == RequestStatus::Provisioned)
            else {
                return Err(self.failure(step, &format!("is not provisioned: {request:?}")));
            };
            self.accounts.push(account);
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        step: Step,
        who: usize,
        at: usize,
        option: AccountOption,
        sure: bool,
    ) -> Result<(), String> {
        let (caller, id) = (self.callers[who].clone(), self.accounts[at]);
        let world = &self.world;
        let real: Result<Option<RequestId>> = match option {
            AccountOption::Renew => world.execute(&caller, RenewAccount::new(id)).await.map(|_| None),
            AccountOption::Disable => world.execute(&caller, DisableAccount::new(id)).await.map(|_| None),
            AccountOption::Enable => world.execute(&caller, EnableAccount::new(id)).await.map(|_| None),
            AccountOption::Delete => {
                let mut command = DeleteAccount::new(id);
                command.confirmed = sure;
                world.execute(&caller, command).await.map(|_| None)
            }
            AccountOption::SubmitRenewal => {
                world.execute(&caller, SubmitRenewal::new(id, "")).await.map(Some)
            }
            AccountOption::Clone => world.execute(&caller, CloneAccount::new(id)).await.map(Some),
            AccountOption::Retry => world.execute(&caller, RetryOperation::new(id)).await.map(|()| None),
            _ => world.execute(&caller, AbandonOperation::new(id)).await.map(|()| None),
        };
        let verdict = self.model.ask(who, at, option, sure);
        let made = self.agree(step, real, &verdict)?;
        self.requests.extend(made.flatten());
        Ok(())
    }

    async fn stored<T: Stored>(&self, id: Uuid) -> Option<T> {
        let document = self.world.store.load(T::KIND, id).await.unwrap()?;
        Some(T::read(&document).unwrap())
    }

    /// Everything that there is, beside the model.
    async fn compare(&self, step: Step) -> Result<(), String> {
        for (asked, id) in self.model.requests.iter().zip(&self.requests) {
            let request: Option<Request> = self.stored(id.uuid()).await;
            let seen = request.as_ref().map(|request| (request.status, request.step, request.votes.len()));
            let denied = usize::from(asked.status == Some(RequestStatus::Rejected));
            let wanted = asked.status.map(|status| (status, asked.step, asked.votes.len() + denied));
            if seen != wanted {
                return Err(self.failure(step, &format!("{seen:?} should be {wanted:?}: {request:?}")));
            }
            // I-5
            if let Some(request) = request.filter(|request| request.status == RequestStatus::Provisioned) {
                let approved = |step: usize| {
                    let votes = request
                        .votes
                        .iter()
                        .filter(|vote| vote.step == step && vote.decision == Decision::Approve);
                    votes
                        .map(|vote| vote.person)
                        .filter(|person| *person != request.requester)
                        .collect::<BTreeSet<_>>()
                        .len()
                };
                let two = if asked.action == EolAction::Expire { 2 } else { 1 };
                if approved(0) < two || approved(1) < 1 {
                    return Err(self.failure(step, &format!("I-5: {request:?}")));
                }
            }
        }
        for (held, id) in self.model.accounts.iter().zip(&self.accounts) {
            let account: Account = self.world.document(id.uuid()).await;
            let seen = (
                account.status,
                (account.eol, account.eol_action, account.ends_by),
                account.eol_done,
                account.operation.map(|open| open.kind),
                account.renewal,
                account.erased_at.is_some(),
                account.owners.clone(),
            );
            let owner = |person: &usize| Owner::Person(self.callers[*person].person);
            let wanted = (
                held.status,
                (held.eol, held.action, None),
                held.done,
                held.operation.as_ref().map(|open| open.kind),
                held.renewal.map(|request| self.requests[request]),
                held.erased,
                held.owners.iter().map(owner).collect::<BTreeSet<_>>(),
            );
            if seen != wanted {
                return Err(self.failure(step, &format!("{}: {seen:?} should be {wanted:?}", account.name)));
            }
            let ended = alm_core::rules::lifecycle::after_eol(account.eol_action, account.status);
            if account.eol_done && account.operation.is_none() && account.status != ended {
                return Err(self.failure(step, &format!("L-2 to L-4: nothing ends {}", account.name)));
            }
            // I-6
            let active = held.owners.iter().any(|owner| self.model.enabled[*owner]);
            if held.status != AccountStatus::Deleted && !active {
                return Err(self.failure(step, &format!("I-6: {} has no active owner", account.name)));
            }
        }
        Ok(())
    }

    /// Once all is quiet, directory and vault are as the records say, and the chain holds.
    pub(super) async fn end(&mut self) -> Result<(), String> {
        self.step(Step::Work).await?;
        for id in &self.accounts {
            let account: Account = self.world.document(id.uuid()).await;
            let there = self.world.there(&account).await;
            let enabled = matches!(account.status, AccountStatus::Active | AccountStatus::Expired);
            let fits = match &there {
                None => account.erased_at.is_some(),
                Some(there) => account.erased_at.is_none() && there.is_enabled() == enabled,
            };
            let secrets = self.world.vault.secrets();
            let secret = secrets.iter().find(|(id, _)| Some(id.to_string()) == account.secret);
            let kept = match secret {
                Some((_, secret)) => secret.active == (account.status != AccountStatus::Deleted),
                None => account.secret.is_none() && account.kind == AccountKind::GroupManaged,
            };
            if !fits || !kept {
                return Err(self.failure(Step::Work, &format!("I-1: {account:?}: {there:?}")));
            }
        }
        let chain = self.world.alm.verify_audit().await.unwrap();
        if !chain.is_intact() {
            return Err(self.failure(Step::Work, &format!("I-8: {chain:?}")));
        }
        Ok(())
    }
}
