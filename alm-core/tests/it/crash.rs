//! Every effect of every saga, with every single thing going wrong at every point (section X, I-1 to I-12).

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ad_directory::{AccountExpires, AccountKey, CheckPasswordOptions, Directory, ErrorKind, FindOptions, MemoryDirectory};
use alm_core::engine::{Engine, RunReport};
use alm_core::model::account::{Account, AccountStatus};
use alm_core::model::ids::{AccountId, RequestId, SagaId};
use alm_core::model::request::RequestStatus;
use alm_core::model::template::EolAction;
use alm_core::port::clock::Clock;
use alm_core::port::store::{Store, Stored as _};
use alm_core::rules::naming;
use alm_core::saga::effect::Effect;
use alm_core::saga::{Completion, Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{DeleteAccount, DisableAccount, EnableAccount, SubmitRenewal};
use alm_core::service::requests::CancelProvisioning;
use alm_core::testing::{MemoryVault, TestClock};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::chaos::{Chaos, ChaosDirectory, ChaosVault, Mishap};
use super::world::{OU, READERS, RETIRED, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Provision,
    /// The directory refuses the first password (X-9).
    PasswordRefused,
    /// Somebody sets another password before the proof (X-13).
    PasswordWrong,
    /// Joining is forbidden: the way back, by identity (X-12).
    GroupForbidden,
    /// Adding is forbidden: the way back, by marker.
    AddForbidden,
    Disable,
    Enable,
    Renew,
    /// A renewal that enables a disabled account as well.
    RenewDisabled,
    Expire,
    Delete,
    Erase,
}

impl Case {
    const ALL: [Self; 12] = [
        Self::Provision,
        Self::PasswordRefused,
        Self::PasswordWrong,
        Self::GroupForbidden,
        Self::AddForbidden,
        Self::Disable,
        Self::Enable,
        Self::Renew,
        Self::RenewDisabled,
        Self::Expire,
        Self::Delete,
        Self::Erase,
    ];

    const fn makes_one(self) -> bool {
        matches!(self, Self::Provision | Self::PasswordRefused | Self::PasswordWrong)
    }

    const fn is_undone(self) -> bool {
        matches!(self, Self::GroupForbidden | Self::AddForbidden)
    }
}

/// A world in which one saga is about to begin.
struct Stage {
    world: World,
    case: Case,
    chaos: Arc<Chaos>,
    saga: SagaId,
    account: AccountId,
    request: Option<RequestId>,
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    // Everything is in memory and at hand: what is not ready at once stands still for good.
    future.poll(&mut Context::from_waker(Waker::noop()))
}

impl Stage {
    async fn new(case: Case, plan: impl IntoIterator<Item = (usize, Mishap)>) -> Self {
        let world = World::new().await;
        let template = world.template(EolAction::Expire).await;
        let chaos = Chaos::new(plan);
        let (saga, account, request);
        if case.makes_one() || case.is_undone() {
            let id = world.approved(template, "payroll").await;
            let queued = world.alm.request(&world.requester, id).await.unwrap();
            (saga, account, request) = (queued.saga.unwrap(), queued.account.unwrap(), Some(id));
        } else {
            account = world.provisioned(template, "payroll").await;
            request = None;
            saga = Self::begin(&world, case, account).await;
        }
        match case {
            Case::PasswordRefused => chaos.refuse("accounts.create", 1, ErrorKind::PasswordPolicy),
            Case::PasswordWrong => chaos.spoil_password(),
            Case::GroupForbidden => chaos.refuse("groups.add_member", u32::MAX, ErrorKind::Forbidden),
            Case::AddForbidden => chaos.refuse("accounts.create", u32::MAX, ErrorKind::Forbidden),
            _ => {}
        }
        let stage = Self { world, case, chaos, saga, account, request };
        stage.watch(&stage.chaos);
        stage
    }

    async fn begin(world: &World, case: Case, id: AccountId) -> SagaId {
        match case {
            Case::Disable => world.execute(&world.requester, DisableAccount::new(id)).await.unwrap(),
            Case::Enable => {
                world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
                world.run().await;
                world.execute(&world.requester, EnableAccount::new(id)).await.unwrap()
            }
            Case::Renew | Case::RenewDisabled => {
                if case == Case::RenewDisabled {
                    world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
                    world.run().await;
                }
                world.advance_days(80);
                let mut renewal = SubmitRenewal::new(id, "still needed");
                renewal.enable = true;
                let request = world.execute(&world.requester, renewal).await.unwrap();
                world.approve(request).await;
                world.view(id).await.account.operation.unwrap().saga
            }
            Case::Expire => {
                world.advance_days(91);
                world.sweep().await;
                world.view(id).await.account.operation.unwrap().saga
            }
            Case::Delete => world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap(),
            Case::Erase => {
                world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
                world.run().await;
                world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap()
            }
            _ => unreachable!("makes the account itself"),
        }
    }

    /// I-1 and I-12, after every single call.
    fn watch(&self, chaos: &Chaos) {
        let directory = Arc::clone(&self.world.directory);
        let vault = Arc::clone(&self.world.vault);
        let store = Arc::clone(&self.world.store);
        let (saga, account) = (self.saga, self.account);
        chaos.watch(Box::new(move || {
            let (directory, vault, store) = (Arc::clone(&directory), Arc::clone(&vault), Arc::clone(&store));
            Box::pin(async move { look(&directory, &vault, store.as_ref(), saga, account).await })
        }));
    }

    fn engine(&self, number: u128, chaos: &Arc<Chaos>, clock: Arc<dyn Clock>) -> Engine {
        let directory = ChaosDirectory { inner: self.world.directory.clone(), chaos: Arc::clone(chaos) };
        let vault = ChaosVault { inner: self.world.vault.clone(), chaos: Arc::clone(chaos) };
        let hook: Arc<Chaos> = Arc::clone(chaos);
        self.world
            .engine_on(number, Arc::new(directory), Arc::new(vault), clock)
            .take_back(number == 1)
            .hook(hook)
            .build()
            .unwrap()
    }

    /// Runs engine after engine, each started when the one before died, until nothing goes on by itself.
    async fn run_until_quiet(&self, chaos: &Arc<Chaos>, number: u128) -> Result<(), String> {
        for _ in 0..300 {
            let engine = self.engine(number, chaos, self.world.clock.clone());
            let mut run = pin!(engine.run_ready());
            match poll(run.as_mut()) {
                Poll::Pending => continue,
                Poll::Ready(report) => drop(report.map_err(|error| error.to_string())?),
            }
            chaos.carry_out_late().await;
            match self.world.store.next_ready(&[self.world.domain]).await.unwrap() {
                None => return Ok(()),
                Some(at) => {
                    let wait = at.duration_since(self.world.clock.now()).max(SignedDuration::ZERO);
                    self.world.clock.advance(wait + SignedDuration::from_secs(1));
                }
            }
        }
        Err("I-9: it never comes to an end".to_owned())
    }

    async fn end(&self) -> Ending {
        let saga: SagaRecord = self.world.document(self.saga.uuid()).await;
        match saga.status {
            SagaStatus::Ended { ending } => ending,
            other => panic!("I-9: {other:?}"),
        }
    }

    /// Everything that is wrong once all is quiet.
    async fn problems(&self, cancelled: bool) -> Vec<String> {
        let world = &self.world;
        let mut problems = self.chaos.wrong();
        let mut check = |holds: bool, what: String| {
            if !holds {
                problems.push(what);
            }
        };

        let saga: SagaRecord = world.document(self.saga.uuid()).await;
        let undone = self.case.is_undone() || cancelled;
        let ended = match &saga.status {
            SagaStatus::Ended { ending: Ending::Done } => !undone,
            SagaStatus::Ended { ending: Ending::Compensated { .. } } => self.case.is_undone(),
            SagaStatus::Ended { ending: Ending::Cancelled } => cancelled,
            _ => false,
        };
        check(ended, format!("I-9: {:?}", saga.status));

        let all = world.vault.secrets();
        let active: Vec<_> = all.iter().filter(|(_, secret)| secret.active).collect();
        let named = account_named(&world.directory, "svc-payroll").await;
        if undone {
            check(named.is_none(), format!("I-2: an account is left: {named:?}"));
            check(active.is_empty(), format!("I-2: {} secrets are left", active.len()));
            let request = world.alm.request(&world.admin, self.request.unwrap()).await.unwrap();
            let expected =
                if cancelled { RequestStatus::Abandoned } else { RequestStatus::ProvisioningFailed };
            check(
                request.status == expected || request.status == RequestStatus::ProvisioningFailed,
                format!("R-12: the request is {:?}", request.status),
            );
            check(request.failure.is_some(), "R-12: nobody knows why".to_owned());
        } else {
            let account: Account = world.document(self.account.uuid()).await;
            let there = world.there(&account).await;
            let expected = match self.case {
                Case::Disable => AccountStatus::Disabled,
                Case::Expire => AccountStatus::Expired,
                Case::Delete | Case::Erase => AccountStatus::Deleted,
                _ => AccountStatus::Active,
            };
            check(account.status == expected, format!("the record is {:?}", account.status));
            check(account.operation.is_none(), format!("an operation is open: {:?}", account.operation));
            check(account.renewal.is_none(), "a renewal is open".to_owned());
            check((self.case == Case::Erase) == account.erased_at.is_some(), "erased".to_owned());
            check((self.case == Case::Erase) == there.is_none(), format!("in the directory: {there:?}"));
            let secrets = usize::from(!matches!(self.case, Case::Delete | Case::Erase));
            check(active.len() == secrets, format!("I-2: {} secrets are active", active.len()));
            if let Some(there) = &there {
                let enabled = matches!(expected, AccountStatus::Active | AccountStatus::Expired);
                check(there.is_enabled() == enabled, format!("enabled: {}", there.is_enabled()));
                let ou = if enabled { OU } else { RETIRED };
                check(there.dn.parent() == Some(ou.parse().unwrap()), format!("it is at {}", there.dn));
                check(there.expires == AccountExpires::At(account.eol), format!("I-12: {:?}", there.expires));
                check(there.is_member_of(&READERS.parse().unwrap()), "no member of its group".to_owned());
                let name = if self.case == Case::Delete {
                    naming::retired_name(self.account)
                } else {
                    "svc-payroll".to_owned()
                };
                check(there.sam_account_name.as_str() == name, format!("called {}", there.sam_account_name));
                let own = active.iter().find(|(id, _)| id.to_string() == account.secret);
                check(secrets == own.into_iter().count(), "its own secret is not the active one".to_owned());
                if let Some((_, secret)) = own {
                    let bind = world
                        .directory
                        .check_password(there.guid, &secret.password, CheckPasswordOptions::new())
                        .await
                        .unwrap();
                    check(bind.proves_password() == Some(true), format!("I-1: the password is {bind:?}"));
                }
            }
            check(
                named.map(|account| account.guid) == there.filter(|_| self.case != Case::Delete).map(|account| account.guid),
                "I-2: another account has the name".to_owned(),
            );
        }
        problems.extend(self.audit_problems().await);
        problems
    }

    /// I-8.
    async fn audit_problems(&self) -> Vec<String> {
        let chain = self.world.alm.verify_audit().await.unwrap();
        let mut problems: Vec<String> = chain.fault.into_iter().map(|fault| format!("I-8: {fault}")).collect();
        let saga = self.saga.to_string();
        let mut under_way: Option<String> = None;
        for record in self.world.store.audit(1, u32::MAX).await.unwrap() {
            let entry = record.entry().unwrap();
            if entry.facts.get("saga").and_then(|id| id.as_str()) != Some(&saga) {
                continue;
            }
            match entry.action.as_str() {
                "effect.started" => {
                    under_way = entry.facts["effect"]["effect"].as_str().map(str::to_owned);
                }
                "effect.finished" => {
                    let name = entry.facts["effect"].as_str().map(str::to_owned);
                    if name.is_none() || under_way.take() != name {
                        problems.push(format!("I-8: {name:?} ended without its beginning"));
                    }
                }
                _ => {}
            }
        }
        problems.extend(under_way.map(|name| format!("I-8: {name} has no end")));
        problems
    }
}

async fn account_named(directory: &MemoryDirectory, name: &str) -> Option<ad_directory::Account> {
    let key = AccountKey::SamAccountName(name.parse().unwrap());
    directory.find_account(&key, FindOptions::new()).await.unwrap()
}

async fn look(
    directory: &MemoryDirectory,
    vault: &MemoryVault,
    store: &dyn Store,
    saga: SagaId,
    id: AccountId,
) -> Option<String> {
    let mut allowed = None;
    if let Some(document) = store.load(Account::KIND, id.uuid()).await.unwrap() {
        allowed = Some(Account::read(&document).unwrap().eol);
    }
    let document = store.load(SagaRecord::KIND, saga.uuid()).await.unwrap().unwrap();
    let saga = SagaRecord::read(&document).unwrap();
    if let (true, Completion::Renew { eol, .. } | Completion::Provision { eol }) = (saga.status.is_open(), saga.then) {
        allowed = allowed.max(Some(eol));
    }
    for name in ["svc-payroll".to_owned(), naming::retired_name(id)] {
        let Some(account) = account_named(directory, &name).await else { continue };
        match account.expires {
            AccountExpires::At(at) if Some(at) <= allowed => {}
            other => return Some(format!("I-12: {name} expires {other:?}, allowed is {allowed:?}")),
        }
        if !account.is_enabled() {
            continue;
        }
        let mut bound = false;
        for (_, secret) in vault.secrets().into_iter().filter(|(_, secret)| secret.active) {
            let check =
                directory.check_password(account.guid, &secret.password, CheckPasswordOptions::new()).await.unwrap();
            bound |= check.proves_password() == Some(true);
        }
        if !bound {
            return Some(format!("I-1: {name} is enabled and no active secret holds its password"));
        }
    }
    None
}

/// The points of an undisturbed run.
async fn points(case: Case) -> Vec<String> {
    let stage = Stage::new(case, []).await;
    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
    let problems = stage.problems(false).await;
    assert!(problems.is_empty(), "{case:?} undisturbed: {problems:#?}");
    stage.chaos.points()
}

fn is_change(point: &str) -> bool {
    ["create", "update", "set_password", "move", "delete", "add_member", "write_password", "deactivate"]
        .iter()
        .any(|change| point.ends_with(change))
}

fn mishaps(point: &str) -> Vec<Mishap> {
    if point.starts_with("at ") {
        return vec![Mishap::DieBefore];
    }
    let mut all = vec![Mishap::DieBefore, Mishap::DieAfter, Mishap::LoseReply, Mishap::NotSent];
    if is_change(point) {
        all.extend([Mishap::Late(0), Mishap::Late(1), Mishap::Late(2), Mishap::Late(4), Mishap::Late(9), Mishap::Late(1_000)]);
    }
    all
}

async fn try_out(case: Case, plan: &[(usize, Mishap)], failures: &mut Vec<String>) {
    let stage = Stage::new(case, plan.iter().copied()).await;
    let mut problems = Vec::new();
    if let Err(problem) = stage.run_until_quiet(&stage.chaos, 1).await {
        problems.push(problem);
    }
    problems.extend(stage.problems(false).await);
    if !problems.is_empty() {
        let points = stage.chaos.points();
        let plan: Vec<String> = plan
            .iter()
            .map(|(at, mishap)| format!("{mishap:?} at {at} ({})", points.get(*at).map_or("never reached", |p| p)))
            .collect();
        failures.push(format!("{case:?}: {}: {problems:#?}", plan.join(", ")));
    }
}

fn conclude(what: &str, schedules: usize, failures: &[String]) {
    println!("{what}: {schedules} schedules");
    assert!(
        failures.is_empty(),
        "{} of {schedules} schedules failed:\n{}",
        failures.len(),
        failures.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    );
}

/// Whatever single thing goes wrong at whatever point: crashes, lost and late answers, calls that never left.
#[tokio::test]
async fn i_1_to_i_12_hold_with_any_one_mishap_at_any_point_of_any_saga() {
    let mut failures = Vec::new();
    let mut schedules = 0;
    for case in Case::ALL {
        for (at, point) in points(case).await.iter().enumerate() {
            for mishap in mishaps(point) {
                schedules += 1;
                try_out(case, &[(at, mishap)], &mut failures).await;
            }
        }
    }
    conclude("one mishap", schedules, &failures);
}

/// Two things go wrong, the second at any point after the first.
#[tokio::test]
async fn i_1_to_i_12_hold_with_any_two_mishaps_of_the_worst_kinds() {
    let mut failures = Vec::new();
    let mut schedules = 0;
    for case in [Case::Provision, Case::GroupForbidden, Case::RenewDisabled, Case::Delete] {
        let points = points(case).await;
        for (first, point) in points.iter().enumerate() {
            let firsts: &[Mishap] = match is_change(point) {
                true => &[Mishap::DieAfter, Mishap::LoseReply, Mishap::Late(3)],
                false if point.starts_with("at After") => &[Mishap::DieBefore],
                false => &[],
            };
            for mishap in firsts {
                for second in first + 1..points.len() + 12 {
                    for other in [Mishap::DieBefore, Mishap::LoseReply] {
                        schedules += 1;
                        try_out(case, &[(first, *mishap), (second, other)], &mut failures).await;
                    }
                }
            }
        }
    }
    conclude("two mishaps", schedules, &failures);
}

/// Nothing can be reached for a while, from any point on.
#[tokio::test]
async fn i_9_an_outage_that_begins_at_any_point_is_waited_out() {
    let mut failures = Vec::new();
    let mut schedules = 0;
    for case in Case::ALL {
        let points = points(case).await;
        for from in 0..points.len() {
            schedules += 1;
            let plan: Vec<_> = (from..from + 40).map(|at| (at, Mishap::NotSent)).collect();
            try_out_calls(case, &plan, &mut failures).await;
        }
    }
    conclude("outages", schedules, &failures);
}

async fn try_out_calls(case: Case, plan: &[(usize, Mishap)], failures: &mut Vec<String>) {
    let stage = Stage::new(case, plan.iter().copied()).await;
    stage.chaos.spare_the_engine();
    let mut problems = Vec::new();
    if let Err(problem) = stage.run_until_quiet(&stage.chaos, 1).await {
        problems.push(problem);
    }
    problems.extend(stage.problems(false).await);
    if !problems.is_empty() {
        failures.push(format!("{case:?}: nothing reachable from {}: {problems:#?}", plan[0].0));
    }
}

/// X-16: a cancel at any point either undoes all, or is refused and the account comes to be.
#[tokio::test]
async fn x_16_a_cancel_at_any_point_undoes_all_or_is_refused() {
    let mut failures = Vec::new();
    let mut schedules = 0;
    let (mut undone, mut refused) = (0, 0);
    for case in [Case::Provision, Case::PasswordRefused, Case::PasswordWrong] {
        for (at, point) in points(case).await.iter().enumerate() {
            for mishap in mishaps(point) {
                schedules += 1;
                let stage = Stage::new(case, [(at, mishap)]).await;
                // The first engine goes as far as the mishap lets it.
                let engine = stage.engine(1, &stage.chaos, stage.world.clock.clone());
                {
                    let mut run = pin!(engine.run_ready());
                    let _ready = poll(run.as_mut());
                }
                let cancel = CancelProvisioning::new(stage.request.unwrap());
                let cancelled = match stage.world.execute(&stage.world.admin, cancel).await {
                    Ok(()) => true,
                    Err(error) => {
                        assert!(error.violates("X-16"), "{error}");
                        false
                    }
                };
                if cancelled { undone += 1 } else { refused += 1 }
                let mut problems: Vec<String> =
                    stage.run_until_quiet(&stage.chaos, 1).await.err().into_iter().collect();
                problems.extend(stage.problems(cancelled).await);
                if !problems.is_empty() {
                    failures.push(format!("{case:?}: cancelled {cancelled} after {mishap:?} at {at} ({point}): {problems:#?}"));
                }
            }
        }
    }
    assert!(undone > 50 && refused > 10, "{undone} undone, {refused} refused");
    conclude("cancels", schedules, &failures);
}

/// Counts on the clock that the test moves, so that time limits strike when the process goes on.
#[derive(Debug)]
struct LimitClock(Arc<TestClock>);

#[async_trait]
impl Clock for LimitClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn steady(&self) -> Duration {
        self.0.steady()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.0.steady() + duration;
        std::future::poll_fn(|_| if self.0.steady() >= until { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// E-5, I-10: an engine stands still at any point for longer than its lease; another one takes over and ends the work; the first one goes on.
#[tokio::test]
async fn i_10_an_engine_that_stood_still_at_any_point_changes_nothing_any_more() {
    let mut failures = Vec::new();
    let mut schedules = 0;
    for case in Case::ALL {
        for (at, point) in points(case).await.iter().enumerate() {
            schedules += 1;
            let stage = Stage::new(case, [(at, Mishap::Stall)]).await;
            let first = stage.engine(0xA, &stage.chaos, Arc::new(LimitClock(stage.world.clock.clone())));
            let mut run = pin!(first.run_ready());
            assert!(poll(run.as_mut()).is_pending(), "{case:?} at {at} ({point})");
            let before = stage.chaos.points().len();

            // Its lease and the grace are over.
            stage.world.clock.advance(SignedDuration::from_secs(120 + 35 + 1));
            let second = Chaos::new([]);
            stage.watch(&second);
            for kind in [Case::GroupForbidden, Case::AddForbidden] {
                if kind == case {
                    let call = if kind == Case::GroupForbidden { "groups.add_member" } else { "accounts.create" };
                    second.refuse(call, u32::MAX, ErrorKind::Forbidden);
                }
            }
            let mut problems: Vec<String> = stage.run_until_quiet(&second, 0xB).await.err().into_iter().collect();

            stage.chaos.release();
            match poll(run.as_mut()) {
                Poll::Ready(Ok(report)) => {
                    let RunReport { notes, .. } = report;
                    if !notes.iter().all(|note| note.contains("another engine")) {
                        problems.push(format!("E-5: the loser says {notes:?}"));
                    }
                }
                other => problems.push(format!("E-5: the loser does not stop: {other:?}")),
            }
            let late: Vec<String> =
                stage.chaos.points()[before..].iter().filter(|point| is_change(point)).cloned().collect();
            if !late.is_empty() {
                problems.push(format!("I-10: the loser still did {late:?}"));
            }
            problems.extend(second.wrong());
            problems.extend(stage.problems(false).await);
            if !problems.is_empty() {
                failures.push(format!("{case:?}: stood still at {at} ({point}): {problems:#?}"));
            }
        }
    }
    conclude("engines that stood still", schedules, &failures);
}

/// I-10: an engine dies with a call on its way. A Modify arrives when everything is over, anything else before the next engine may begin.
#[tokio::test]
async fn i_10_what_was_on_its_way_when_an_engine_died_changes_nothing_in_the_end() {
    let mut failures = Vec::new();
    let mut schedules = 0;
    let mut modifies = 0;
    for case in Case::ALL {
        for (at, point) in points(case).await.iter().enumerate().filter(|(_, point)| is_change(point)) {
            schedules += 1;
            let stage = Stage::new(case, [(at, Mishap::DieInFlight)]).await;
            {
                let first = stage.engine(0xA, &stage.chaos, stage.world.clock.clone());
                let mut run = pin!(first.run_ready());
                assert!(poll(run.as_mut()).is_pending());
            }
            stage.world.clock.advance(SignedDuration::from_secs(120 + 35 + 1));
            let carries_the_marker = matches!(point.as_str(), "accounts.update" | "accounts.set_password");
            modifies += usize::from(carries_the_marker);
            if !carries_the_marker {
                stage.chaos.carry_out_late().await;
            }
            let second = Chaos::new([]);
            stage.watch(&second);
            match case {
                Case::GroupForbidden => second.refuse("groups.add_member", u32::MAX, ErrorKind::Forbidden),
                Case::AddForbidden => second.refuse("accounts.create", u32::MAX, ErrorKind::Forbidden),
                _ => {}
            }
            let mut problems: Vec<String> = stage.run_until_quiet(&second, 0xB).await.err().into_iter().collect();
            stage.chaos.carry_out_late().await;
            problems.extend(second.wrong());
            problems.extend(stage.problems(false).await);
            if !problems.is_empty() {
                failures.push(format!("{case:?}: in flight at {at} ({point}): {problems:#?}"));
            }
        }
    }
    assert!(modifies >= 8, "{modifies}");
    conclude("calls in flight", schedules, &failures);
}

/// Every effect that there is takes part in these tests: the list is the one that serde knows.
#[tokio::test]
async fn i_8_every_effect_has_a_case() {
    let unknown = serde_json::from_str::<Effect>(r#"{"effect":"nothing"}"#).unwrap_err().to_string();
    let known: BTreeSet<String> =
        unknown.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(known.len() >= 15 && known.contains("settle_secrets"), "{unknown}");
    let mut seen = BTreeSet::new();
    for case in Case::ALL {
        for point in points(case).await {
            seen.extend(point.strip_prefix("at Before ").map(str::to_owned));
        }
    }
    assert_eq!(known, seen, "an effect without a case");
}

#[tokio::test]
async fn the_watch_sees_what_it_watches_for() {
    let stage = Stage::new(Case::Provision, []).await;
    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
    assert_eq!(stage.end().await, Ending::Done);
    assert!(stage.problems(false).await.is_empty());
    // Somebody deactivates the secret of an account that is in use.
    let (secret, _) = stage.world.vault.secrets().remove(0);
    alm_core::port::vault::Vault::deactivate(stage.world.vault.as_ref(), &secret).await.unwrap();
    let saw = look(
        &stage.world.directory,
        &stage.world.vault,
        stage.world.store.as_ref(),
        stage.saga,
        stage.account,
    )
    .await;
    assert!(saw.unwrap().contains("I-1"));
    assert!(!stage.problems(false).await.is_empty());
}
