//! Every effect of every saga, with every single thing going wrong at every point (section X, I-1 to I-12).

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ad_directory::ErrorKind;
use alm_core::engine::RunReport;
use alm_core::port::clock::Clock;
use alm_core::port::vault::Vault as _;
use alm_core::saga::Ending;
use alm_core::saga::effect::Effect;
use alm_core::service::failures::CancelProvisioning;
use alm_core::testing::TestClock;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::chaos::{Chaos, Mishap};
use super::rules::{proves, received};
use super::stage::{Bound, Case, OfManaged, Stage, look, poll};

/// The points of an undisturbed run.
async fn points(case: Case) -> Vec<String> {
    let stage = Stage::new(case, []).await;
    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
    let problems = stage.problems(false).await;
    assert!(problems.is_empty(), "{case:?} undisturbed: {problems:#?}");
    stage.chaos.points()
}

fn is_change(point: &str) -> bool {
    !point.starts_with("at ")
        && [
            "create",
            "update",
            "set_password",
            "move",
            "delete",
            "add_member",
            "remove_member",
            "relocate",
            "write_password",
            "deactivate",
            "ask_change",
        ]
        .iter()
        .any(|change| point.ends_with(change))
}

fn mishaps(point: &str) -> Vec<Mishap> {
    if point.starts_with("at ") {
        return vec![Mishap::DieBefore];
    }
    let mut all = vec![Mishap::DieBefore, Mishap::DieAfter, Mishap::LoseReply, Mishap::NotSent];
    if is_change(point) {
        all.extend([
            Mishap::Late(0),
            Mishap::Late(1),
            Mishap::Late(2),
            Mishap::Late(4),
            Mishap::Late(9),
            Mishap::Late(1_000),
        ]);
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
            .map(|(at, mishap)| {
                format!("{mishap:?} at {at} ({})", points.get(*at).map_or("never reached", |p| p))
            })
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
    let _proof = proves(&["I-2", "I-8", "I-9", "X-2", "X-14"]);
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
    let _proof = proves(&["I-2", "I-8", "I-9"]);
    let mut failures = Vec::new();
    let mut schedules = 0;
    let managed = [OfManaged::Provision, OfManaged::GroupForbidden, OfManaged::Delete].map(Case::Managed);
    let users = [Case::Provision, Case::GroupForbidden, Case::RenewDisabled, Case::Delete];
    for case in users.into_iter().chain(managed) {
        let points = points(case).await;
        for (first, point) in points.iter().enumerate() {
            let firsts: &[Mishap] = match is_change(point) {
                true => &[Mishap::DieAfter, Mishap::LoseReply, Mishap::Late(3)],
                false if point.starts_with("at After") => &[Mishap::DieBefore],
                false => &[],
            };
            for mishap in firsts {
                for second in first + 1..points.len() + 12 {
                    // At a point of the engine every mishap is a death.
                    let other = if (first + second) % 2 == 0 { Mishap::DieBefore } else { Mishap::LoseReply };
                    schedules += 1;
                    try_out(case, &[(first, *mishap), (second, other)], &mut failures).await;
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
    let managed = Case::Managed(OfManaged::Provision);
    for case in [Case::Provision, Case::PasswordRefused, Case::PasswordWrong, managed] {
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
                        received(&error, "X-16");
                        false
                    }
                };
                if cancelled {
                    undone += 1;
                } else {
                    refused += 1;
                }
                let mut problems: Vec<String> =
                    stage.run_until_quiet(&stage.chaos, 1).await.err().into_iter().collect();
                problems.extend(stage.problems(cancelled).await);
                if !problems.is_empty() {
                    failures.push(format!(
                        "{case:?}: cancelled {cancelled} after {mishap:?} at {at} ({point}): {problems:#?}"
                    ));
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
        std::future::poll_fn(|_| if self.0.steady() >= until { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }
}

/// E-5, I-10: an engine stands still at any point for longer than its lease; another one takes over and ends the work; the first one goes on.
#[tokio::test]
async fn i_10_an_engine_that_stood_still_at_any_point_changes_nothing_any_more() {
    let _proof = proves(&["E-5", "X-17"]);
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
            if let Some(call) = case.forbidden() {
                second.refuse(call, u32::MAX, ErrorKind::Forbidden);
            }
            let mut problems: Vec<String> =
                stage.run_until_quiet(&second, 0xB).await.err().into_iter().collect();

            stage.chaos.release();
            match poll(run.as_mut()) {
                Poll::Ready(Ok(report)) => {
                    let RunReport { notes, .. } = report;
                    if !notes.iter().all(|note| note.contains("another engine") || note.contains("undone")) {
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
            // What puts a marker where none is cannot be stopped by one; the way back waits for it (X-3).
            let claims = case.lets_go();
            let carries_the_marker = !claims
                && matches!(point.as_str(), "accounts.update" | "accounts.set_password" | "managed.update");
            modifies += usize::from(carries_the_marker);
            if !carries_the_marker {
                stage.chaos.carry_out_late().await;
            }
            let second = Chaos::new([]);
            stage.watch(&second);
            if let Some(call) = case.forbidden() {
                second.refuse(call, u32::MAX, ErrorKind::Forbidden);
            }
            let mut problems: Vec<String> =
                stage.run_until_quiet(&second, 0xB).await.err().into_iter().collect();
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
    let known: BTreeSet<String> = unknown.split('`').skip(3).step_by(2).map(str::to_owned).collect();
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
    stage.world.vault.deactivate(&secret).await.unwrap();
    let saw = look(
        &stage.world.directory,
        &stage.world.vault,
        stage.world.store.as_ref(),
        stage.saga,
        stage.account,
        &Bound::default(),
    )
    .await;
    assert!(saw.unwrap().contains("I-1"));
    assert!(!stage.problems(false).await.is_empty());
}
