//! Random people give random commands, and a simple model says what must come of each (sections R, L, W, P as a whole).
//!
//! A sequence that the service and the model disagree about is made as short as it gets before it is shown. `PROPTEST_CASES` says how many
//! sequences.

mod model;
mod play;

use alm_core::rules::lifecycle::AccountOption;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use super::rules::proves;
use play::Play;

/// Who there is, by number: admin, requester, lead, second lead, security, stranger.
const PEOPLE: usize = 6;
const ADMIN: usize = 0;
const NAMES: [&str; 3] = ["payroll", "reports", "backup"];

/// What somebody does. Requests and accounts are numbered as they come to be; a number beyond them goes round.
#[derive(Clone, Copy, Debug)]
enum Step {
    Draft {
        who: usize,
        action: usize,
        name: usize,
    },
    Edit {
        who: usize,
        request: usize,
        name: usize,
    },
    DeleteDraft {
        who: usize,
        request: usize,
    },
    Submit {
        who: usize,
        request: usize,
    },
    Withdraw {
        who: usize,
        request: usize,
    },
    Copy {
        who: usize,
        request: usize,
    },
    Cancel {
        who: usize,
        request: usize,
    },
    Vote {
        who: usize,
        request: usize,
        yes: bool,
    },
    Ask {
        who: usize,
        account: usize,
        option: AccountOption,
        sure: bool,
    },
    /// The first owner asks for one of the options that the query offers.
    Choose {
        account: usize,
        which: usize,
    },
    Own {
        who: usize,
        account: usize,
        owners: u8,
    },
    /// Under another template, which is known by its action at the end of life, with the end that it has.
    Migrate {
        who: usize,
        account: usize,
        to: usize,
    },
    Rotate {
        who: usize,
        account: usize,
    },
    Enable {
        who: usize,
        whom: usize,
        on: bool,
    },
    /// So many hours go by.
    Pass {
        hours: i64,
    },
    /// It is so many hours after an account's end of life, if that is still to come.
    Near {
        account: usize,
        hours: i64,
    },
    /// The clock's turn.
    Sweep,
    /// The engine's turn.
    Work,
    /// What usually happens to a request: it is submitted, approved by whoever is asked, and (at once or later) carried out.
    Along {
        request: usize,
        work: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = || prop_oneof![3 => Just(1_usize), 2 => 0_usize..PEOPLE];
    let request = || prop_oneof![2 => Just(usize::MAX), 1 => 0_usize..12];
    let account = || 0_usize..4;
    let options = proptest::sample::select(AccountOption::ALL.to_vec());
    prop_oneof![
        3 => (who(), 0_usize..4, 0_usize..3).prop_map(|(who, action, name)| Step::Draft { who, action, name }),
        1 => (who(), request(), 0_usize..3).prop_map(|(who, request, name)| Step::Edit { who, request, name }),
        1 => (who(), request()).prop_map(|(who, request)| Step::DeleteDraft { who, request }),
        2 => (who(), request()).prop_map(|(who, request)| Step::Submit { who, request }),
        1 => (who(), request()).prop_map(|(who, request)| Step::Withdraw { who, request }),
        1 => (who(), request()).prop_map(|(who, request)| Step::Copy { who, request }),
        1 => (who(), request()).prop_map(|(who, request)| Step::Cancel { who, request }),
        3 => (0_usize..PEOPLE, request(), proptest::bool::weighted(0.9))
            .prop_map(|(who, request, yes)| Step::Vote { who, request, yes }),
        5 => (who(), account(), options, proptest::bool::weighted(0.8))
            .prop_map(|(who, account, option, sure)| Step::Ask { who, account, option, sure }),
        7 => (account(), 0_usize..6).prop_map(|(account, which)| Step::Choose { account, which }),
        1 => (who(), account(), 0_u8..64).prop_map(|(who, account, owners)| Step::Own { who, account, owners }),
        2 => (prop_oneof![4 => Just(ADMIN), 1 => 0_usize..PEOPLE], account(), 0_usize..4)
            .prop_map(|(who, account, to)| Step::Migrate { who, account, to }),
        2 => (who(), account()).prop_map(|(who, account)| Step::Rotate { who, account }),
        2 => (prop_oneof![4 => Just(ADMIN), 1 => 0_usize..PEOPLE], 0_usize..PEOPLE, any::<bool>())
            .prop_map(|(who, whom, on)| Step::Enable { who, whom, on }),
        2 => prop_oneof![0_i64..48, -24_i64..0].prop_map(|hours| Step::Pass { hours }),
        4 => (account(), proptest::sample::select(vec![-24 * 15, -24 * 10, -1, 1, 23, 25]))
            .prop_map(|(account, hours)| Step::Near { account, hours }),
        4 => Just(Step::Sweep),
        4 => Just(Step::Work),
        6 => (request(), proptest::bool::weighted(0.7)).prop_map(|(request, work)| Step::Along { request, work }),
    ]
}

async fn play(steps: impl IntoIterator<Item = Step>) -> Result<Play, String> {
    let mut play = Play::new().await;
    for step in steps {
        play.step(step).await?;
    }
    play.end().await?;
    Ok(play)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn p_1_r_8_l_31_l_32_w_2_i_4_i_5_i_6_random_people_get_what_the_model_says() {
    let _proof = proves(&["I-5", "I-8"]);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let counts = std::cell::Cell::new((0_u32, 0_u32, 0_u32));
    let result = runner.run(&proptest::collection::vec(step(), 1..60), |steps| {
        let played = block_on(play(steps)).map_err(TestCaseError::fail)?;
        let (sequences, before, not) = counts.get();
        counts.set((sequences + 1, before + played.accepted, not + played.refused));
        Ok(())
    });
    let (sequences, accepted, refused) = counts.get();
    println!("{sequences} sequences, {accepted} commands accepted and {refused} refused");
    if let Err(failure) = result {
        panic!("{failure}");
    }
    assert!(accepted > refused / 4, "most of what is tried must lead somewhere");
}

/// Sequences that the walk found once, with what they were about.
#[tokio::test]
async fn what_went_wrong_once_goes_right() {
    for action in 0..4 {
        // A command that came right after the end of life called the account disabled, and nothing disabled it.
        play([
            Step::Draft { who: 1, action, name: 0 },
            Step::Along { request: 0, work: true },
            Step::Near { account: 0, hours: 1 },
            Step::Rotate { who: 1, account: 0 },
            Step::Work,
            Step::Sweep,
        ])
        .await
        .unwrap();
    }
    // Enabled when the clock had gone back behind the end of life, it never ended again.
    play([
        Step::Draft { who: 1, action: 1, name: 0 },
        Step::Along { request: 0, work: true },
        Step::Near { account: 0, hours: 1 },
        Step::Sweep,
        Step::Pass { hours: -2 },
        Step::Ask { who: 1, account: 0, option: AccountOption::Enable, sure: true },
        Step::Work,
        Step::Pass { hours: 2 },
        Step::Sweep,
    ])
    .await
    .unwrap();
}
