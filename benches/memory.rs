//! The directory in memory with a million accounts: what an indexed find costs, beside a get of the map that std has, and what it takes to
//! hold them. Prints the figures and what they must be, and fails when one is missed: `cargo bench -p benches --bench memory`; with another
//! number of accounts: `ACCOUNTS=100000 cargo bench …`. What waits for memory waits longer while other programs use it: on a machine that does
//! something else too, look at the ratios.
//!
//! A find touches some fifteen places of which none is in a cache, so that with pages of 4 KiB half of it is looking up where they are. The
//! program therefore asks glibc for huge pages, as a program that holds a million accounts should; `GLIBC_TUNABLES= cargo bench …` shows
//! what it is without.
//!
//! Accounts are looked up in an order that no cache can guess, since that is how they are asked for.

#[allow(dead_code, reason = "each program uses what it needs of it")]
mod figure;

use std::{
    collections::HashMap,
    future::Future,
    hint::black_box,
    pin::pin,
    process::ExitCode,
    sync::OnceLock,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use ad_directory::{
    Account, AccountKey, CreateOptions, Directory, Dn, FindOptions, MemoryDirectory, NewAccount,
    SamAccountName, Sid, UserPrincipalName,
};

use figure::Figure;

const FINDS: usize = 200_000;

/// What an indexed find may take, in nanoseconds, with a million accounts.
const MOST: f64 = 2000.0;

/// Nothing in memory ever waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the directory in memory waits for nobody"),
    }
}

/// Megabytes that are resident.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default()
        / 1024
}

/// How long this thread has computed. Another program on the same processor does not count, as it would by the clock.
fn computed() -> Duration {
    // Where the system does not say it, the clock must do.
    figure::cpu().map_or_else(|_| BEGUN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

static BEGUN: OnceLock<Instant> = OnceLock::new();

fn nanoseconds(of: impl Fn(usize) -> bool, count: usize) -> f64 {
    // The best of five runs: what disturbs a run makes it slower and never faster.
    let run = || {
        let mut place = 12_345_usize;
        let begun = computed();
        for _ in 0..FINDS {
            // Numerical Recipes' generator, for an order without a pattern.
            place = place.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % 0x1_0000_0000;
            assert!(black_box(of(place % count)));
        }
        (computed() - begun).as_nanos() as f64 / FINDS as f64
    };
    (0..5).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// The setting is read when a program begins: so it begins once more.
fn with_huge_pages() {
    use std::os::unix::process::CommandExt as _;
    const TUNABLES: &str = "GLIBC_TUNABLES";
    if std::env::var_os(TUNABLES).is_none()
        && let Ok(program) = std::env::current_exe()
    {
        // Comes back only if it cannot.
        let _ = std::process::Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(TUNABLES, "glibc.malloc.hugetlb=1")
            .exec();
    }
    println!("{TUNABLES}={}", std::env::var(TUNABLES).unwrap_or_default());
}

fn main() -> ExitCode {
    with_huge_pages();
    let count: usize = std::env::var("ACCOUNTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let directory =
        MemoryDirectory::builder("corp.example").unit("Service Accounts").build().expect("a directory");
    let unit: Dn = "OU=Service Accounts,DC=corp,DC=example".parse().expect("a name");
    let before = resident();
    let begun = computed();
    let accounts: Vec<Account> = (0..count)
        .map(|number| {
            let new = NewAccount::new(unit.clone(), format!("svc-{number}").parse().expect("a name"))
                .user_principal_name(format!("svc-{number}@corp.example").parse().expect("a name"))
                .service_principal_name(format!("HTTP/svc-{number}.corp.example"));
            ready(directory.create_account(&new, CreateOptions::new())).expect("an account")
        })
        .collect();
    let made = computed() - begun;
    // As a caller has them: of his own memory, and not shared with what is looked for.
    fn key<T: std::str::FromStr + Into<AccountKey>>(text: &str) -> AccountKey {
        text.parse::<T>().ok().expect("what is shown is read").into()
    }
    let texts = |text: &dyn Fn(&Account) -> AccountKey| accounts.iter().map(text).collect();
    let keys: [(&str, Vec<AccountKey>); 5] = [
        ("find by objectGUID (ns)", texts(&|account| account.guid.into())),
        (
            "find by objectSid (ns)",
            texts(&|account| key::<Sid>(&account.sid.as_ref().expect("a SID").to_string())),
        ),
        (
            "find by sAMAccountName (ns)",
            texts(&|account| key::<SamAccountName>(account.sam_account_name.as_str())),
        ),
        (
            "find by userPrincipalName (ns)",
            texts(&|account| {
                let name = account.user_principal_name.as_ref().expect("a name");
                key::<UserPrincipalName>(name.as_str())
            }),
        ),
        ("find by distinguishedName (ns)", texts(&|account| key::<Dn>(&account.dn.to_string()))),
    ];
    let map: HashMap<_, _> = accounts.iter().map(|account| (account.guid, account.when_created)).collect();
    let guids: Vec<_> = accounts.iter().map(|account| account.guid).collect();
    drop(accounts);
    println!(
        "{count} accounts made in {:.1} s ({:.1} µs each)",
        made.as_secs_f64(),
        made.as_micros() as f64 / count as f64
    );
    println!(
        "{} MB resident with them, their keys and the map of this program; {before} MB before",
        resident()
    );
    let get = nanoseconds(|place| map.contains_key(&guids[place]), count);
    println!("{get:.0} ns for a get of HashMap, by objectGUID");
    let mut figures = Vec::new();
    for (what, keys) in &keys {
        let find = |place: usize| {
            ready(directory.find_account(&keys[place], FindOptions::new())).is_ok_and(|found| found.is_some())
        };
        let time = nanoseconds(find, count);
        println!("{what}: {:.1} × HashMap::get", time / get);
        figures.push(Figure::at_most(what, time, MOST));
    }
    if figure::print_all(&figures) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
