//! The rules that are asked for every account, and finding those that are due, each beside the obvious other way. Prints the figures and what
//! they must be, and fails when one is missed: `cargo bench -p benches --bench rules`. `ACCOUNTS` says how many there are in the store.

mod figure;

use std::collections::HashMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::account::{Account, AccountStatus, renewal_date};
use alm_core::model::template::{EolAction, Reminders};
use alm_core::port::store::{Commit, DueKind, RecordKind, Store as _, Stored as _};
use alm_core::rules::lifecycle::{Options, Phase, options, options_at, status_at};
use alm_core::rules::reminders::Schedule;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use figure::{Figure, cpu, median};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How many are due of those in the store.
const DUE: u64 = 1_000;
const ROUNDS: usize = 15;
/// How often all accounts are gone through for one measurement: the kernel counts a thread's time in steps of milliseconds.
const PASSES: usize = 100;

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The next number of a sequence that looks like none (SplitMix64): the same in every run.
fn number(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// An account as the store has it, whose end is so many hours away.
fn account(n: u64, random: &mut u64, hours: i64) -> Result<Account> {
    let id = |kind: u128| Uuid::from_u128((kind << 64) | u128::from(n));
    let eol = now() + SignedDuration::from_hours(hours);
    let pick = |random: &mut u64, of: usize| usize::try_from(number(random)).unwrap_or(0) % of;
    let status = AccountStatus::ALL[pick(random, 2)];
    let action = EolAction::ALL[pick(random, 4)];
    Ok(serde_json::from_value(json!({
        "id": id(1), "name": format!("svc-{n:07}"), "domain": Uuid::from_u128(2), "status": status,
        "owners": [{ "person": Uuid::from_u128(0x1_0000 + u128::from(number(random) % 20_000)) }],
        "template": Uuid::from_u128(4), "template_version": Uuid::from_u128(5), "period": { "days": 365 },
        "renewal_date": renewal_date(eol, 15), "eol": eol, "eol_action": action, "eol_done": false,
        "description": "runs what nobody remembers", "ou": "OU=Service Accounts,DC=corp,DC=example,DC=com",
        "retirement_ou": "OU=Retired,DC=corp,DC=example,DC=com",
        "groups": ["CN=app-readers,OU=Service Accounts,DC=corp,DC=example,DC=com"],
        "object_guid": id(6), "vault": Uuid::from_u128(7), "secret": n.to_string(), "operation": null,
        "renewal": null, "reminders": { "last": null, "next": renewal_date(eol, 15), "cycle": 0 },
        "sagas": [id(8)], "provisioned_at": now(), "password_changed_at": now(), "erased_at": null,
    }))?)
}

/// Nanoseconds of processor time for each of `count`, of the whole thing so many times.
fn each<T>(count: usize, mut work: impl FnMut() -> T) -> Result<f64> {
    let mut times = Vec::new();
    for round in 0..ROUNDS + 2 {
        let begin = cpu()?;
        for _ in 0..PASSES {
            black_box(work());
        }
        let end = cpu()?;
        // The first rounds warm the caches.
        if round >= 2 {
            times.push((end - begin) as f64 / (PASSES * count) as f64);
        }
    }
    Ok(median(times))
}

/// What may be asked of an account, beside a lookup of the same combination in a hash map.
fn option_query(accounts: &[Account]) -> Result<Vec<Figure>> {
    let now = now();
    let ours = each(accounts.len(), || {
        accounts
            .iter()
            .filter(|account| options_at(black_box(account), black_box(now)) == Options::NONE)
            .count()
    })?;
    let mut map = HashMap::new();
    for action in EolAction::ALL {
        for phase in Phase::ALL {
            for status in AccountStatus::ALL {
                for flags in 0..4 {
                    let (open, erased) = (flags & 1 == 1, flags & 2 == 2);
                    let found = options(action, phase, status, open, erased);
                    map.insert((action, phase, status, open, erased), found);
                }
            }
        }
    }
    let theirs = each(accounts.len(), || {
        let look = |account: &&Account| {
            let account = black_box(account);
            let phase = Phase::at(black_box(now), account.renewal_date, account.eol);
            let key = (
                account.eol_action,
                phase,
                status_at(account, now),
                account.renewal.is_some(),
                account.erased_at.is_some(),
            );
            map.get(&key) == Some(&Options::NONE)
        };
        accounts.iter().filter(look).count()
    })?;
    println!("option query: {ours:.1} ns; the same in a hash map: {theirs:.1} ns");
    Ok(vec![
        Figure::at_most("option query, ns", ours, 1_000.0),
        Figure::at_most("option query, by a lookup in a hash map", ours / theirs, 1.0),
    ])
}

/// Whether a reminder is due and when the next one is, beside going through all of them from the first on.
fn reminders(accounts: &[Account]) -> Result<Vec<Figure>> {
    let now = now();
    let mut rules = Reminders::default();
    rules.every_days = Some(1);
    rules.stop_after_days = Some(60);
    let schedule = |account: &Account| Schedule::new(rules, account.renewal_date, account.eol);
    let ours = each(accounts.len(), || {
        let due = |account: &&Account| {
            schedule(black_box(account)).due(account.reminders.last, black_box(now)).0.is_some()
        };
        accounts.iter().filter(due).count()
    })?;
    let theirs = each(accounts.len(), || {
        let walk = |account: &&Account| {
            let schedule = schedule(black_box(account));
            let (mut last, mut next) = (None, schedule.next_after(None));
            while let Some(reminder) = next.filter(|reminder| reminder.at <= black_box(now)) {
                last = Some(reminder.at);
                next = schedule.next_after(last);
            }
            last.is_some()
        };
        accounts.iter().filter(walk).count()
    })?;
    let a_second = 1e9 / ours;
    println!("reminders: {ours:.0} ns an account; one after the other from the first on: {theirs:.0} ns");
    Ok(vec![
        Figure::at_least("reminders: accounts a second on one core", a_second, 1_000_000.0),
        Figure::at_least("reminders: times as fast as one after the other", theirs / ours, 1.0),
    ])
}

/// Those that are due among very many, beside looking at all of them.
async fn due() -> Result<Vec<Figure>> {
    let count: u64 = std::env::var("ACCOUNTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("accounts.alm"), SqliteOptions::default()).await?;
    let (mut random, begin) = (7, Instant::now());
    let mut commit = Commit::default();
    for n in 0..count {
        // A thousand of them, anywhere among the others, ended in the last day.
        let ended = n % (count / DUE) == 0;
        let hours = if ended {
            -1 - (n % 24).cast_signed()
        } else {
            24 + (number(&mut random) % 8_000).cast_signed()
        };
        commit.puts.push(account(n, &mut random, hours)?.put(0)?);
        if commit.puts.len() == 2_000 || n + 1 == count {
            store.commit(std::mem::take(&mut commit)).await?;
        }
    }
    println!("{count} accounts written in {:.0} s", begin.elapsed().as_secs_f64());
    // Closed and opened: nothing is at hand by accident.
    let path = store.path().to_owned();
    store.close().await?;
    let store = SqliteStore::open(&path, SqliteOptions::default()).await?;

    let (mut finds, mut loads) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let expected = store.count_due(DueKind::EndOfLife, now()).await?;
        let found = store.due(DueKind::EndOfLife, now(), u32::try_from(DUE * 2)?).await?;
        finds.push(begin.elapsed().as_secs_f64() * 1e3);
        if expected != DUE || found.len() as u64 != DUE {
            return Err(format!("{} of {expected} found", found.len()).into());
        }
        let begin = Instant::now();
        for (kind, id, _) in &found {
            let document = store.load(*kind, *id).await?.ok_or("is gone")?;
            black_box(Account::read(&document)?);
        }
        loads.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let begin = Instant::now();
    let (mut after, mut seen, mut there) = (None, 0_u64, 0_u64);
    loop {
        let page = store.list(RecordKind::Account, after, 10_000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for document in &page {
            let account = Account::read(document)?;
            seen += u64::from(!account.eol_done && account.eol <= now());
            there += 1;
        }
    }
    let scan = begin.elapsed().as_secs_f64() * 1e3;
    if (seen, there) != (DUE, count) {
        return Err(format!("{seen} of {there} are due").into());
    }
    let (first, find, load) = (finds.first().copied().unwrap_or(f64::NAN), median(finds), median(loads));
    println!(
        "{DUE} due of {count}: found in {find:.2} ms (the first time {first:.2} ms), and read in {load:.0} ms; all read: {scan:.0} ms"
    );
    Ok(vec![
        Figure::at_most("1,000 due of all in SQLite, ms", find, 100.0),
        Figure::at_most("the same right after opening, ms", first, 100.0),
        Figure::at_least("times as fast as looking at all of them", scan / find, 100.0),
    ])
}

fn run() -> Result<bool> {
    let mut random = 42;
    let accounts: Vec<Account> = (0..4_096)
        .map(|n| {
            let hours = (number(&mut random) % 1_200).cast_signed() - 200;
            account(n, &mut random, hours)
        })
        .collect::<Result<_>>()?;
    let mut figures = option_query(&accounts)?;
    figures.extend(reminders(&accounts)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    figures.extend(runtime.block_on(due())?);
    Ok(figure::print_all(&figures))
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
