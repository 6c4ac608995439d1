//! What must come of a command: the rules once more, as short as they can be said, for a world in which the outside always obeys.

use std::collections::BTreeSet;

use alm_core::model::account::{AccountStatus, OperationKind};
use alm_core::model::request::RequestStatus;
use alm_core::model::template::EolAction;
use alm_core::rules::lifecycle::{AccountOption, Phase};
use jiff::{SignedDuration, Timestamp};

use super::{ADMIN, PEOPLE};
use crate::it::rules::table::{after_tick, offers};

/// The life of every account, and how long before its end it can be renewed.
const LIFE: i64 = 90;
const LEAD: i64 = 15;
/// Who may ask for accounts, by their roles; and who of them with the templates there are.
const REQUESTERS: [usize; 4] = [ADMIN, 1, 2, 5];
const IN_SCOPE: [usize; 2] = [1, 2];
/// Who is asked in each step.
const NAMED: [&[usize]; 2] = [&[1, 2, 3], &[4]];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub who: usize,
    pub action: EolAction,
    pub name: usize,
    /// Nothing for a draft that was deleted.
    pub status: Option<RequestStatus>,
    pub justified: bool,
    pub step: usize,
    /// (step, person) of each approval.
    pub votes: Vec<(usize, usize)>,
    /// Of which account it is a renewal.
    pub renews: Option<usize>,
    pub eol: Option<Timestamp>,
    pub cancelled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub kind: OperationKind,
    /// The end and the status that a renewal gives.
    gives: Option<(Timestamp, AccountStatus)>,
    /// What a migration makes of its action at the end of life.
    to: Option<EolAction>,
    request: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Of which request.
    pub from: usize,
    pub name: usize,
    pub action: EolAction,
    pub owners: BTreeSet<usize>,
    pub status: AccountStatus,
    pub eol: Timestamp,
    pub done: bool,
    pub operation: Option<Operation>,
    pub renewal: Option<usize>,
    pub erased: bool,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub now: Timestamp,
    pub enabled: [bool; PEOPLE],
    pub requests: Vec<Asked>,
    pub accounts: Vec<Held>,
}

/// Whether accounts with this end of life are gMSAs.
pub(super) const fn is_managed(action: EolAction) -> bool {
    matches!(action, EolAction::Delete)
}

/// Accepted, or refused by all of these rules; by none when the thing is not there at all.
pub(super) type Verdict = Result<(), Vec<&'static str>>;

fn no<T>(rule: &'static str) -> Result<T, Vec<&'static str>> {
    Err(vec![rule])
}

fn need(holds: bool, rule: &'static str) -> Verdict {
    if holds { Ok(()) } else { no(rule) }
}

impl Model {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, enabled: [true; PEOPLE], requests: Vec::new(), accounts: Vec::new() }
    }

    fn end(&self) -> Timestamp {
        let day = self.now.as_second().div_euclid(86_400);
        Timestamp::from_second((day + LIFE) * 86_400).unwrap()
    }

    fn required(action: EolAction, step: usize) -> usize {
        if action == EolAction::Expire && step == 0 { 2 } else { 1 }
    }

    fn may_request(&self, who: usize, own: bool) -> bool {
        self.enabled[who] && REQUESTERS.contains(&who) && (own || who == ADMIN)
    }

    fn own_request(&self, who: usize, request: usize) -> Verdict {
        let asked = &self.requests[request];
        if asked.status.is_none() {
            return Err(Vec::new());
        }
        need(self.may_request(who, asked.who == who), "P-1")
    }

    /// NM-2
    fn taken(&self, name: usize) -> bool {
        let live = |asked: &Asked| {
            asked.renews.is_none()
                && matches!(asked.status, Some(RequestStatus::Submitted | RequestStatus::Queued))
        };
        self.requests.iter().any(|asked| asked.name == name && live(asked))
            || self.accounts.iter().any(|held| held.name == name && held.status != AccountStatus::Deleted)
    }

    pub(super) fn draft(&mut self, who: usize, action: EolAction, name: usize) -> Verdict {
        need(self.may_request(who, true), "P-1")?;
        self.begin(who, action, name, true);
        Ok(())
    }

    fn begin(&mut self, who: usize, action: EolAction, name: usize, justified: bool) {
        let status = Some(RequestStatus::Draft);
        let votes = Vec::new();
        let (renews, eol, cancelled) = (None, None, false);
        self.requests.push(Asked {
            who,
            action,
            name,
            status,
            justified,
            step: 0,
            votes,
            renews,
            eol,
            cancelled,
        });
    }

    pub(super) fn edit(&mut self, who: usize, request: usize, name: usize) -> Verdict {
        self.own_request(who, request)?;
        let asked = &mut self.requests[request];
        need(asked.status == Some(RequestStatus::Draft), "R-4")?;
        (asked.name, asked.justified) = (name, true);
        Ok(())
    }

    pub(super) fn delete_draft(&mut self, who: usize, request: usize) -> Verdict {
        self.own_request(who, request)?;
        let asked = &mut self.requests[request];
        need(asked.status == Some(RequestStatus::Draft), "R-4")?;
        asked.status = None;
        Ok(())
    }

    pub(super) fn submit(&mut self, who: usize, request: usize) -> Verdict {
        self.own_request(who, request)?;
        let asked = self.requests[request].clone();
        need(asked.status == Some(RequestStatus::Draft), "R-4")?;
        let problems = [
            (!IN_SCOPE.contains(&asked.who), "T-7"),
            (!asked.justified, "R-3"),
            (!self.enabled[asked.who], "W-2"),
            (self.taken(asked.name), "NM-2"),
        ];
        let problems: Vec<_> = problems.into_iter().filter(|(bad, _)| *bad).map(|(_, rule)| rule).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        self.requests[request].status = Some(RequestStatus::Submitted);
        Ok(())
    }

    fn close_renewal(&mut self, request: usize) {
        for held in &mut self.accounts {
            if held.renewal == Some(request) {
                held.renewal = None;
            }
        }
    }

    pub(super) fn withdraw(&mut self, who: usize, request: usize) -> Verdict {
        self.own_request(who, request)?;
        need(self.requests[request].status == Some(RequestStatus::Submitted), "R-5")?;
        self.requests[request].status = Some(RequestStatus::Withdrawn);
        self.close_renewal(request);
        Ok(())
    }

    pub(super) fn copy(&mut self, who: usize, request: usize) -> Verdict {
        self.own_request(who, request)?;
        let asked = self.requests[request].clone();
        let over = matches!(asked.status, Some(RequestStatus::Withdrawn | RequestStatus::Rejected));
        need(over && asked.renews.is_none(), "R-5")?;
        self.begin(who, asked.action, asked.name, asked.justified);
        Ok(())
    }

    pub(super) fn cancel(&mut self, who: usize, request: usize) -> Verdict {
        need(self.may_request(who, false), "P-1")?;
        let asked = &mut self.requests[request];
        match asked.status {
            None => return Err(Vec::new()),
            Some(RequestStatus::Queued) if asked.renews.is_none() && !asked.cancelled => {}
            Some(_) => return no("X-16"),
        }
        asked.cancelled = true;
        Ok(())
    }

    pub(super) fn vote(&mut self, who: usize, request: usize, yes: bool) -> Verdict {
        need(self.enabled[who], "P-1")?;
        let asked = self.requests[request].clone();
        match asked.status {
            None => return Err(Vec::new()),
            Some(status) => need(status == RequestStatus::Submitted, "R-8")?,
        }
        need(who != asked.who && NAMED[asked.step].contains(&who), "R-11")?;
        need(!asked.votes.contains(&(asked.step, who)), "R-11")?;
        if !yes {
            self.requests[request].status = Some(RequestStatus::Rejected);
            self.close_renewal(request);
            return Ok(());
        }
        let votes = asked.votes.iter().filter(|(step, _)| *step == asked.step).count() + 1;
        let met = votes >= Self::required(asked.action, asked.step);
        if met && asked.step + 1 == NAMED.len() {
            self.approved(request, &asked)?;
        } else if met {
            self.requests[request].step += 1;
        }
        self.requests[request].votes.push((asked.step, who));
        Ok(())
    }

    fn approved(&mut self, request: usize, asked: &Asked) -> Verdict {
        let eol = self.end();
        match asked.renews {
            None => need(self.enabled[asked.who], "W-2")?,
            Some(account) => {
                need(self.accounts[account].operation.is_none(), "L-31")?;
                self.tick_by_command(account);
                let held = &mut self.accounts[account];
                let gives = match held.status {
                    AccountStatus::Expired => AccountStatus::Active,
                    other => other,
                };
                held.operation = Some(Operation {
                    kind: OperationKind::Renew,
                    gives: Some((eol, gives)),
                    to: None,
                    request: Some(request),
                });
            }
        }
        (self.requests[request].status, self.requests[request].eol) =
            (Some(RequestStatus::Queued), Some(eol));
        Ok(())
    }

    /// L-32: a command carries the tick out.
    fn tick_by_command(&mut self, account: usize) {
        let now = self.now;
        let held = &mut self.accounts[account];
        if !held.done && now >= held.eol && held.status != AccountStatus::Deleted {
            held.done = true;
            if held.action != EolAction::Delete {
                held.status = after_tick(held.action, held.status);
            }
        }
    }

    fn offered(&self, account: usize, option: AccountOption) -> Verdict {
        let held = &self.accounts[account];
        if let Some(operation) = &held.operation {
            let stop = option == AccountOption::Disable
                && held.status == AccountStatus::Active
                && matches!(
                    operation.kind,
                    OperationKind::Enable
                        | OperationKind::Renew
                        | OperationKind::Expire
                        | OperationKind::Migrate
                        | OperationKind::Rotate
                );
            return need(stop, "L-31");
        }
        let phase = Phase::at(self.now, held.eol - SignedDuration::from_hours(24 * LEAD), held.eol);
        offers(held.action, phase, held.status, held.erased, held.renewal.is_some(), option)
            .map_err(|rule| vec![rule])
    }

    fn give_up(&mut self, account: usize) {
        let Some(operation) = self.accounts[account].operation.take() else { return };
        if let Some(request) = operation.request {
            self.requests[request].status = Some(RequestStatus::Abandoned);
            self.close_renewal(request);
        }
    }

    fn operate(&mut self, account: usize, kind: OperationKind, gives: Option<(Timestamp, AccountStatus)>) {
        self.give_up(account);
        self.accounts[account].operation = Some(Operation { kind, gives, to: None, request: None });
    }

    fn delete(&mut self, account: usize) {
        if let Some(renewal) = self.accounts[account].renewal.take()
            && self.requests[renewal].status == Some(RequestStatus::Submitted)
        {
            self.requests[renewal].status = Some(RequestStatus::Withdrawn);
        }
        self.operate(account, OperationKind::Delete, None);
    }

    /// P-4
    fn may(&self, who: usize, account: usize) -> bool {
        self.enabled[who] && (who == ADMIN || self.accounts[account].owners.contains(&who))
    }

    pub(super) fn ask(&mut self, who: usize, account: usize, option: AccountOption, sure: bool) -> Verdict {
        if option == AccountOption::Clone {
            need(self.may_request(who, true), "P-1")?;
        }
        need(self.may(who, account), "P-1")?;
        self.offered(account, option)?;
        let held = self.accounts[account].clone();
        match option {
            AccountOption::Clone => {
                need(IN_SCOPE.contains(&who), "T-7")?;
                self.begin(who, held.action, held.name, false);
            }
            AccountOption::Disable => {
                if held.operation.is_none() {
                    self.tick_by_command(account);
                }
                self.operate(account, OperationKind::Disable, None);
            }
            AccountOption::Enable => {
                self.tick_by_command(account);
                self.operate(account, OperationKind::Enable, None);
            }
            AccountOption::Renew => {
                self.tick_by_command(account);
                let gives = Some((self.end(), AccountStatus::Active));
                self.operate(account, OperationKind::Renew, gives);
            }
            AccountOption::SubmitRenewal => {
                self.tick_by_command(account);
                self.begin(who, held.action, held.name, true);
                let request = self.requests.len() - 1;
                let asked = &mut self.requests[request];
                (asked.status, asked.renews) = (Some(RequestStatus::Submitted), Some(account));
                self.accounts[account].renewal = Some(request);
            }
            AccountOption::Delete => {
                let erase = held.status == AccountStatus::Deleted;
                need(sure || (!erase && held.action == EolAction::Delete), "P-4")?;
                self.tick_by_command(account);
                if erase {
                    self.operate(account, OperationKind::Erase, None);
                } else {
                    self.delete(account);
                }
            }
            _ => return no("L-31"),
        }
        Ok(())
    }

    pub(super) fn own(&mut self, who: usize, account: usize, owners: &BTreeSet<usize>) -> Verdict {
        need(self.may(who, account), "P-1")?;
        need(self.accounts[account].status != AccountStatus::Deleted, "I-4")?;
        let migrates = |operation: &Operation| operation.kind == OperationKind::Migrate;
        need(!self.accounts[account].operation.as_ref().is_some_and(migrates), "L-31")?;
        need(owners.iter().any(|owner| self.enabled[*owner]), "W-2")?;
        self.accounts[account].owners.clone_from(owners);
        Ok(())
    }

    /// T-14, on demand.
    pub(super) fn rotate(&mut self, who: usize, account: usize) -> Verdict {
        need(self.may(who, account), "P-1")?;
        let held = &self.accounts[account];
        need(!is_managed(held.action), "T-11")?;
        need(held.status != AccountStatus::Deleted, "I-4")?;
        need(held.operation.is_none(), "L-31")?;
        let ends = !held.done && self.now >= held.eol && after_tick(held.action, held.status) != held.status;
        need(!ends, "L-32")?;
        self.tick_by_command(account);
        self.operate(account, OperationKind::Rotate, None);
        Ok(())
    }

    pub(super) fn migrate(&mut self, who: usize, account: usize, to: EolAction) -> Verdict {
        need(self.enabled[who] && who == ADMIN, "P-1")?;
        let held = self.accounts[account].clone();
        let status = if self.now < held.eol { held.status } else { after_tick(held.action, held.status) };
        let before_its_end = status == AccountStatus::Active && self.now < held.eol;
        let fits = to != held.action && is_managed(to) == is_managed(held.action);
        let mut problems = Vec::new();
        if held.operation.is_some() {
            problems.push("L-31");
        }
        if !before_its_end || !fits || held.renewal.is_some() {
            problems.push("M-2");
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (gives, to) = (Some((held.eol, AccountStatus::Active)), Some(to));
        let operation = Operation { kind: OperationKind::Migrate, gives, to, request: None };
        self.accounts[account].operation = Some(operation);
        Ok(())
    }

    pub(super) fn enable(&mut self, who: usize, whom: usize, on: bool) -> Verdict {
        need(self.enabled[who] && who == ADMIN, "P-1")?;
        if !on && self.enabled[whom] {
            need(whom != ADMIN, "P-2")?;
            let left =
                |owners: &BTreeSet<usize>| owners.iter().any(|owner| *owner != whom && self.enabled[*owner]);
            let owned = self.accounts.iter().filter(|held| held.status != AccountStatus::Deleted);
            let orphans = owned.clone().any(|held| held.owners.contains(&whom) && !left(&held.owners));
            let queued =
                |asked: &Asked| asked.status == Some(RequestStatus::Queued) && asked.renews.is_none();
            need(!orphans && !self.requests.iter().any(|asked| asked.who == whom && queued(asked)), "W-2")?;
        }
        self.enabled[whom] = on;
        Ok(())
    }

    /// The accounts whose end was carried out or begun.
    pub(super) fn sweep(&mut self) -> BTreeSet<usize> {
        let mut ended = BTreeSet::new();
        for account in 0..self.accounts.len() {
            let held = self.accounts[account].clone();
            if held.done || held.eol > self.now || held.status == AccountStatus::Deleted {
                continue;
            }
            if let Some(operation) = &held.operation {
                // L-36
                let late = self.now.duration_since(held.eol) > SignedDuration::from_hours(24);
                let yields = matches!(
                    operation.kind,
                    OperationKind::Disable
                        | OperationKind::Enable
                        | OperationKind::Expire
                        | OperationKind::Migrate
                        | OperationKind::Rotate
                );
                if !(late && yields && matches!(held.action, EolAction::Disable | EolAction::Delete)) {
                    continue;
                }
            }
            ended.insert(account);
            self.tick(account);
        }
        ended
    }

    /// L-1 to L-4
    fn tick(&mut self, account: usize) {
        let held = &mut self.accounts[account];
        held.done = true;
        match (held.action, held.status) {
            (EolAction::Disable, AccountStatus::Active) => {
                self.operate(account, OperationKind::Disable, None);
            }
            (EolAction::Expire, AccountStatus::Active) => {
                self.operate(account, OperationKind::Expire, None);
            }
            (EolAction::Delete, _) => self.delete(account),
            _ => {}
        }
    }

    pub(super) fn work(&mut self) {
        for request in 0..self.requests.len() {
            let asked = self.requests[request].clone();
            if asked.status != Some(RequestStatus::Queued) || asked.renews.is_some() {
                continue;
            }
            if asked.cancelled {
                self.requests[request].status = Some(RequestStatus::Abandoned);
                continue;
            }
            self.requests[request].status = Some(RequestStatus::Provisioned);
            self.accounts.push(Held {
                from: request,
                name: asked.name,
                action: asked.action,
                owners: BTreeSet::from([asked.who]),
                status: AccountStatus::Active,
                eol: asked.eol.unwrap(),
                done: false,
                operation: None,
                renewal: None,
                erased: false,
            });
        }
        for account in 0..self.accounts.len() {
            // What it ends in may begin another one.
            while self.accounts[account].operation.is_some() {
                self.finish(account);
            }
        }
    }

    fn finish(&mut self, account: usize) {
        let Some(operation) = self.accounts[account].operation.take() else { return };
        let held = &mut self.accounts[account];
        match operation.kind {
            OperationKind::Disable => held.status = AccountStatus::Disabled,
            OperationKind::Enable => held.status = AccountStatus::Active,
            OperationKind::Expire => held.status = AccountStatus::Expired,
            OperationKind::Delete => held.status = AccountStatus::Deleted,
            OperationKind::Erase => held.erased = true,
            OperationKind::Renew => {
                (held.eol, held.status) = operation.gives.unwrap();
                held.done = false;
            }
            OperationKind::Rotate => {}
            OperationKind::Migrate => {
                (held.action, held.done) = (operation.to.unwrap(), false);
                if held.eol <= self.now {
                    self.tick(account);
                }
            }
            other => unreachable!("{other:?}"),
        }
        // It was enabled when the clock had gone back behind its end.
        let held = &mut self.accounts[account];
        held.done &= held.operation.is_some() || after_tick(held.action, held.status) == held.status;
        if let Some(request) = operation.request {
            self.requests[request].status = Some(RequestStatus::Provisioned);
            self.close_renewal(request);
        }
    }
}
