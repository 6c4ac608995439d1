//! The table of section L, written down a second time and walked through as a whole: what a query offers, and what commands then accept.

use alm_core::model::account::{Account, AccountStatus, OpenOperation, OperationKind, ReminderState};
use alm_core::model::ids::{AccountId, RequestId, SagaId};
use alm_core::model::managed::AccountKind;
use alm_core::model::template::EolAction;
use alm_core::rules::lifecycle::{self, AccountOption, Phase};
use alm_core::service::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, RenewAccount, RetryOperation,
    SubmitRenewal,
};
use alm_core::service::cloning::CloneAccount;
use alm_core::service::rotation::RotateAccount;
use alm_core::{Error, Refusal};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{proves, received};
use crate::it::world::{World, at};

/// id, action, phases, statuses, renewal open, R Di En De Su Cl.
const TABLE: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("L-10", "Review", "B1", "Active", "-", "- Di - De - Cl"),
    ("L-11", "Review", "B1", "Disabled", "-", "- - En De - Cl"),
    ("L-12", "Review", "B2 A", "Active", "-", "R Di - De - Cl"),
    ("L-13", "Review", "B2 A", "Disabled", "-", "R - En De - Cl"),
    ("L-14", "Disable", "B1", "Active", "-", "- Di - De - Cl"),
    ("L-15", "Disable", "B1", "Disabled", "-", "- - En De - Cl"),
    ("L-16", "Disable", "B2", "Active", "-", "R Di - De - Cl"),
    ("L-17", "Disable", "B2", "Disabled", "-", "R - En De - Cl"),
    ("L-18", "Disable", "A", "Disabled", "-", "R - - De - Cl"),
    ("L-19", "Expire", "B1", "Active", "-", "- Di - De - Cl"),
    ("L-20", "Expire", "B1", "Disabled", "-", "- - En De - Cl"),
    ("L-21", "Expire", "B2", "Active", "no", "- Di - De Su Cl"),
    ("L-22", "Expire", "B2", "Disabled", "no", "- - En De Su Cl"),
    ("L-23", "Expire", "B2", "Active", "yes", "- Di - De - Cl"),
    ("L-24", "Expire", "B2", "Disabled", "yes", "- - En De - Cl"),
    ("L-25", "Expire", "A", "Expired Disabled", "no", "- - - De Su Cl"),
    ("L-26", "Expire", "A", "Expired Disabled", "yes", "- - - De - Cl"),
    ("L-27", "Delete", "B1 B2", "Active", "-", "- Di - De - Cl"),
    ("L-28", "Delete", "B1 B2", "Disabled", "-", "- - En De - Cl"),
    ("L-29", "any", "any", "Deleted", "-", "- - - De - Cl"),
    ("L-30", "any", "any", "Erased", "-", "- - - - - Cl"),
];

/// What the clock makes of a status past the end, by action: of Active, of Disabled (L-1 to L-4).
const TICK: [(&str, &str, &str, &str); 4] = [
    ("L-1", "Review", "Active", "Disabled"),
    ("L-2", "Disable", "Disabled", "Disabled"),
    ("L-3", "Expire", "Expired", "Disabled"),
    ("L-4", "Delete", "Deleted", "Deleted"),
];

const STATUSES: [&str; 5] = ["Active", "Disabled", "Expired", "Deleted", "Erased"];
const OPTIONS: [(&str, AccountOption); 6] = [
    ("R", AccountOption::Renew),
    ("Di", AccountOption::Disable),
    ("En", AccountOption::Enable),
    ("De", AccountOption::Delete),
    ("Su", AccountOption::SubmitRenewal),
    ("Cl", AccountOption::Clone),
];

fn has(words: &str, word: &str) -> bool {
    words == "any" || words.split(' ').any(|one| one == word)
}

/// What a status is after the tick, past the end (L-32).
fn ticked<'a>(action: &str, phase: &str, status: &'a str) -> &'a str {
    let (_, _, active, disabled) = TICK.into_iter().find(|(_, of, _, _)| *of == action).unwrap();
    match (phase, status) {
        ("A", "Active") => active,
        ("A", "Disabled") => disabled,
        // Not what a tick leaves behind with this action; it would retire it all the same.
        ("A", "Expired") if action == "Delete" => "Deleted",
        _ => status,
    }
}

/// The row of the table, if one has this combination.
fn row(action: &str, phase: &str, status: &str, open: bool) -> Option<(&'static str, &'static str)> {
    let status = ticked(action, phase, status);
    let mut rows = TABLE.iter().filter(|(_, of, phases, statuses, column, _)| {
        has(of, action)
            && has(phases, phase)
            && has(statuses, status)
            && (*column == "-" || (*column == "yes") == open)
    });
    let row = rows.next().map(|(id, _, _, _, _, options)| (*id, *options));
    assert!(rows.next().is_none(), "two rows have {action} {phase} {status} {open}");
    row
}

/// What the clock makes of a status past the end.
pub(in crate::it) fn after_tick(action: EolAction, status: AccountStatus) -> AccountStatus {
    let status = ticked_name(action, Phase::A, status);
    AccountStatus::ALL.into_iter().find(|one| format!("{one:?}") == status).unwrap()
}

fn ticked_name(action: EolAction, phase: Phase, status: AccountStatus) -> String {
    ticked(&format!("{action:?}"), &format!("{phase:?}"), &format!("{status:?}")).to_owned()
}

/// Whether an option is offered to an account without an open operation, and if not, the row that says so.
pub(in crate::it) fn offers(
    action: EolAction,
    phase: Phase,
    status: AccountStatus,
    erased: bool,
    open: bool,
    option: AccountOption,
) -> Result<(), &'static str> {
    let status = if erased { "Erased".to_owned() } else { format!("{status:?}") };
    let (rule, offered) =
        row(&format!("{action:?}"), &format!("{phase:?}"), &status, open).unwrap_or(("L-32", ""));
    let word = OPTIONS.into_iter().find(|(_, one)| *one == option).map(|(word, _)| word);
    if word.is_some_and(|word| has(offered, word)) { Ok(()) } else { Err(rule) }
}

/// One account that is made to be whatever is wanted.
struct Bench {
    world: World,
    account: Account,
    renewal: RequestId,
}

impl Bench {
    async fn new(action: EolAction, kind: AccountKind) -> Self {
        let world = World::new().await;
        // Some renewal that is open; whose it is does not matter to what is offered.
        let other = world.template(EolAction::Expire).await;
        let other = world.provisioned(other, "other").await;
        let body = if kind == AccountKind::User { world.body(action) } else { world.managed_body(action) };
        let template = world.publish("the one", body).await;
        let id = world.provisioned(template, "payroll").await;
        world.advance_days(80);
        let renewal = world.execute(&world.requester, SubmitRenewal::new(other, "")).await.unwrap();
        Self { account: world.view(id).await.account, world, renewal }
    }

    fn now(&self) -> Timestamp {
        alm_core::port::clock::Clock::now(self.world.clock.as_ref())
    }

    async fn be(&self, phase: &str, status: &str, open: bool) -> AccountId {
        let day = |days: i64| self.now() + SignedDuration::from_hours(24 * days);
        let (renewal_date, eol) = match phase {
            "B1" => (day(1), day(2)),
            "B2" => (day(0), day(1)),
            _ => (day(-1), day(0)),
        };
        let (wanted, erased_at) = match status {
            "Active" => (AccountStatus::Active, None),
            "Disabled" => (AccountStatus::Disabled, None),
            "Expired" => (AccountStatus::Expired, None),
            "Deleted" => (AccountStatus::Deleted, None),
            _ => (AccountStatus::Deleted, Some(day(-1))),
        };
        let renewal = open.then_some(self.renewal);
        self.world
            .rewrite::<Account>(self.account.id.uuid(), |account| {
                (account.status, account.erased_at, account.renewal) = (wanted, erased_at, renewal);
                (account.renewal_date, account.eol, account.eol_done) = (renewal_date, eol, false);
            })
            .await;
        self.account.id
    }

    /// What a command for this option would be refused for.
    async fn ask(&self, option: AccountOption) -> Vec<Refusal> {
        let (world, id) = (&self.world, self.account.id);
        let caller = &world.requester;
        let plan = match option {
            AccountOption::Renew => world.alm.plan(caller, &RenewAccount::new(id)).await,
            AccountOption::Disable => world.alm.plan(caller, &DisableAccount::new(id)).await,
            AccountOption::Enable => world.alm.plan(caller, &EnableAccount::new(id)).await,
            AccountOption::Delete => world.alm.plan(caller, &DeleteAccount::new(id).confirmed()).await,
            AccountOption::SubmitRenewal => world.alm.plan(caller, &SubmitRenewal::new(id, "")).await,
            AccountOption::Clone => world.alm.plan(caller, &CloneAccount::new(id)).await,
            AccountOption::Retry => world.alm.plan(caller, &RetryOperation::new(id)).await,
            _ => world.alm.plan(caller, &AbandonOperation::new(id)).await,
        };
        plan.unwrap().refusals
    }
}

/// Every combination there is: offered by the query, accepted by the command, and if not, refused by the row that says so.
#[tokio::test]
async fn l_10_to_l_30_every_combination_is_offered_and_refused_as_the_table_says() {
    let (mut accepted, mut refused, mut rows) = (0, 0, std::collections::BTreeSet::new());
    for (name, action) in [
        ("Review", EolAction::Review),
        ("Disable", EolAction::Disable),
        ("Expire", EolAction::Expire),
        ("Delete", EolAction::Delete),
    ] {
        for kind in [AccountKind::User, AccountKind::GroupManaged] {
            let bench = Bench::new(action, kind).await;
            for phase in ["B1", "B2", "A"] {
                for status in STATUSES {
                    for open in [false, true] {
                        let id = bench.be(phase, status, open).await;
                        let view = bench.world.view(id).await;
                        let what = format!("{name} {phase} {status} {open}");
                        let found = row(name, phase, status, open);
                        // What no tick leaves behind is in no row: nothing can be asked of it.
                        let (rule, offered) = found.unwrap_or(("L-32", ""));
                        rows.extend(found.map(|(id, _)| id));
                        for (word, option) in OPTIONS {
                            let wanted = has(offered, word);
                            assert_eq!(view.options.has(option), wanted, "{what}: {word} by {rule}");
                            let refusals = bench.ask(option).await;
                            assert_eq!(refusals.is_empty(), wanted, "{what}: {word}: {refusals:?}");
                            if wanted {
                                accepted += 1;
                            } else {
                                refused += 1;
                                received(&Error::refused("table", refusals), rule);
                            }
                        }
                        for option in [AccountOption::Retry, AccountOption::Abandon] {
                            assert!(!view.options.has(option), "{what}");
                            refused += 1;
                            received(&Error::refused("table", bench.ask(option).await), rule);
                        }
                        // L-31 and I-4 aside, the domain changes its password, whatever its status.
                        if kind == AccountKind::GroupManaged {
                            let rotate = RotateAccount::new(id);
                            let refusals =
                                bench.world.alm.plan(&bench.world.requester, &rotate).await.unwrap().refusals;
                            received(&Error::refused("table", refusals), "T-11");
                        }
                    }
                }
            }
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert_eq!(accepted + refused, 2 * 4 * 3 * 5 * 2 * 8, "both kinds alike");
    assert_eq!(rows.len(), TABLE.len(), "every row was met");
}

/// Whatever operation is open: Retry and Abandon when it failed, and the emergency stop where the account is Active and it is not a stop itself.
#[tokio::test]
async fn l_31_an_open_operation_leaves_retry_abandon_and_the_emergency_stop() {
    let kinds = [
        (OperationKind::Provision, false),
        (OperationKind::Disable, false),
        (OperationKind::Enable, true),
        (OperationKind::Renew, true),
        (OperationKind::Expire, true),
        (OperationKind::Delete, false),
        (OperationKind::Erase, false),
        (OperationKind::Rotate, true),
        (OperationKind::Privilege, true),
        (OperationKind::Adopt, false),
    ];
    let bench = Bench::new(EolAction::Expire, AccountKind::User).await;
    for phase in ["B1", "B2", "A"] {
        for status in STATUSES {
            let id = bench.be(phase, status, false).await;
            for (kind, stoppable) in kinds {
                for failed in [false, true] {
                    let mut account = bench.world.view(id).await.account;
                    let saga = SagaId::new(Uuid::from_u128(7));
                    let mut open: OpenOperation = account.operation.unwrap_or_else(|| operation(saga));
                    (open.kind, open.failed) = (kind, failed);
                    account.operation = Some(open);
                    let offered = lifecycle::options_at(&account, bench.now());
                    for option in AccountOption::ALL {
                        let wanted = match option {
                            AccountOption::Retry | AccountOption::Abandon => failed,
                            AccountOption::Disable => status == "Active" && stoppable,
                            _ => false,
                        };
                        let what = format!("{phase} {status} {kind:?} {failed} {option:?}");
                        assert_eq!(offered.has(option), wanted, "{what}");
                        let verdict = lifecycle::require(&account, bench.now(), option);
                        assert_eq!(verdict.is_ok(), wanted, "{what}");
                        if let Err(refusal) = verdict {
                            received(&Error::refused("table", vec![refusal]), "L-31");
                        }
                    }
                }
            }
        }
    }
}

/// Whatever is outside of this crate makes one by reading it.
fn operation(saga: SagaId) -> OpenOperation {
    serde_json::from_value(serde_json::json!({ "saga": saga, "kind": "renew", "failed": false })).unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// An account as the store could have it, of which only the dates and the status matter.
fn template_account() -> Account {
    static ONE: std::sync::OnceLock<Account> = std::sync::OnceLock::new();
    ONE.get_or_init(|| block_on(async { Bench::new(EolAction::Review, AccountKind::User).await.account }))
        .clone()
}

prop_compose! {
    fn any_account()(
        action in proptest::sample::select(EolAction::ALL.to_vec()),
        status in proptest::sample::select(AccountStatus::ALL.to_vec()),
        eol_day in 0_i64..40_000,
        lead in 0_i64..400,
        open in any::<bool>(),
        erased in any::<bool>(),
        done in any::<bool>(),
    ) -> Account {
        let mut account = template_account();
        let eol = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * eol_day);
        (account.eol_action, account.status, account.eol, account.eol_done) = (action, status, eol, done);
        account.renewal_date = eol - SignedDuration::from_hours(24 * lead);
        account.renewal = open.then(|| RequestId::new(Uuid::from_u128(3)));
        account.erased_at = (erased && status == AccountStatus::Deleted).then_some(eol);
        account.reminders = ReminderState::default();
        account
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// L-32: what is offered is what would be offered after the tick; L-35: what excludes each other is never both offered, and a second
    /// tick changes nothing; L-33: nothing but R brings back what the end of life disabled.
    #[test]
    fn l_32_l_33_l_35_options_are_those_of_the_result(account in any_account(), minute in -600_000_i64..600_000) {
        let _proof = proves(&["L-32", "L-33", "L-35"]);
        let now = account.eol + SignedDuration::from_mins(minute);
        let offered = lifecycle::options_at(&account, now);
        let mut after = account.clone();
        after.status = lifecycle::status_at(&account, now);
        prop_assert_eq!(lifecycle::options_at(&after, now), offered);
        prop_assert_eq!(lifecycle::status_at(&after, now), after.status);
        for (one, other) in [
            (AccountOption::Disable, AccountOption::Enable),
            (AccountOption::Renew, AccountOption::SubmitRenewal),
        ] {
            prop_assert!(!(offered.has(one) && offered.has(other)));
        }
        if account.status == AccountStatus::Deleted {
            prop_assert_eq!(after.status, AccountStatus::Deleted);
        }
        if account.eol_action == EolAction::Disable && now >= account.eol {
            prop_assert!(!offered.has(AccountOption::Enable), "L-33");
        }
        // Before the end the clock has no say.
        if now < account.eol {
            prop_assert_eq!(after.status, account.status);
        }
        // From one reading of the clock.
        let phase = Phase::at(now, account.renewal_date, account.eol);
        prop_assert_eq!(phase == Phase::A, now >= account.eol);
        prop_assert_eq!(phase == Phase::B1, now < account.renewal_date && now < account.eol);
    }
}

/// What may be under way when the end comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnderWay {
    Nothing,
    Disabling,
    Renewing,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// L-36: at whatever instants a command, the sweep and the engine come, the end is the one that the rule says.
    #[test]
    fn l_36_whoever_commits_first_wins_and_the_tick_waits_as_long_as_it_says(
        under_way in proptest::sample::select(vec![UnderWay::Nothing, UnderWay::Disabling, UnderWay::Renewing]),
        command in -200_i64..-1,
        sweep in -200_i64..4_000,
    ) {
        block_on(async {
            let world = World::new().await;
            let template = world.template(EolAction::Disable).await;
            let id = world.provisioned(template, "payroll").await;
            let eol = world.view(id).await.account.eol;
            world.clock.set(eol + SignedDuration::from_mins(command));
            match under_way {
                UnderWay::Nothing => {}
                UnderWay::Disabling => drop(world.execute(&world.requester, DisableAccount::new(id)).await.unwrap()),
                UnderWay::Renewing => drop(world.execute(&world.requester, RenewAccount::new(id)).await.unwrap()),
            }
            // No engine works while the sweep comes.
            world.clock.set(eol + SignedDuration::from_mins(sweep.max(command)));
            let report = world.sweep().await;
            let past = sweep >= 0;
            let patience = sweep > 24 * 60;
            let ends = match under_way {
                UnderWay::Nothing => past,
                UnderWay::Disabling => patience,
                UnderWay::Renewing => false,
            };
            assert_eq!(!report.ended.is_empty(), ends, "{report:?}");
            assert_eq!(!report.waiting.is_empty(), past && !ends, "{report:?}");
            world.run_until_quiet().await;
            let account = world.view(id).await.account;
            let renewed = under_way == UnderWay::Renewing;
            let status = if renewed || (under_way == UnderWay::Nothing && !past) {
                AccountStatus::Active
            } else {
                AccountStatus::Disabled
            };
            assert_eq!(account.status, status);
            assert_eq!(account.eol > eol, renewed);
            assert_eq!(world.there(&account).await.unwrap().is_disabled(), status == AccountStatus::Disabled);
            // And the next one finds what is left to do, once.
            world.sweep().await;
            world.run_until_quiet().await;
            let same = world.view(id).await.account;
            assert!(world.sweep().await.ended.is_empty());
            world.run_until_quiet().await;
            assert_eq!(world.view(id).await.account, same, "L-35");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// L-35: in whatever order accounts were made, and so are found, each ends as it would alone.
    #[test]
    fn l_35_the_order_of_accounts_does_not_matter(order in Just((0..4).collect::<Vec<usize>>()).prop_shuffle(), hours in -48_i64..48) {
        block_on(async {
            let world = World::new().await;
            let mut ids = Vec::new();
            for which in order {
                let action = EolAction::ALL[which];
                let template = world.template(action).await;
                ids.push((action, world.provisioned(template, &format!("{action:?}").to_lowercase()).await));
            }
            world.clock.set(at("2027-02-18T00:00:00Z") + SignedDuration::from_hours(hours));
            let ended = world.sweep().await.ended.len();
            assert_eq!(ended, if hours >= 0 { 4 } else { 0 });
            world.run_until_quiet().await;
            for (action, id) in ids {
                let status = format!("{:?}", world.view(id).await.account.status);
                let expected = ticked(&format!("{action:?}"), if hours >= 0 { "A" } else { "B2" }, "Active").to_owned();
                assert_eq!(status, expected, "{action:?}");
            }
        });
    }
}
