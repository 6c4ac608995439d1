//! Many users and secrets: what it takes to make them, and what a page costs.
#![allow(clippy::print_stdout, reason = "it says what was measured")]

use std::time::{Duration, Instant};

use secretserver_client::simulator::{SeedOptions, Simulator};

use crate::it::api::Api;

/// What the process occupies, in MB, where the system says it.
fn occupied() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

async fn seeded(users: u32, secrets: u32) -> (Simulator, Api, Duration) {
    let begun = Instant::now();
    let options = SeedOptions::new(7).users(users).groups(20).folders(50).secrets(secrets);
    let server = Simulator::builder().seed(options).start().await.unwrap();
    let took = begun.elapsed();
    let seed = server.seed().clone();
    let api = Api::sign_in(server.url(), &seed.admin_username, &seed.admin_password).await;
    (server, api, took)
}

/// The first page of a list, which is when it is looked through and sorted, and the median of twenty others.
async fn pages(api: &Api, list: &str, total: u64) -> (Duration, Duration) {
    let page = async |skip: u64| {
        let begun = Instant::now();
        let said = api.get(&format!("{list}&skip={skip}&take=100")).await;
        assert_eq!(said["records"].as_array().unwrap().len(), 100, "{list} at {skip}");
        (begun.elapsed(), said)
    };
    let (first, said) = page(0).await;
    assert_eq!(said["total"], total, "{list}");
    let mut others = Vec::new();
    for i in 1..=20 {
        others.push(page(i * (total - 100) / 20).await.0);
    }
    others.sort();
    (first, others[10])
}

async fn measure(users: u32, secrets: u32) -> Vec<Duration> {
    let (server, api, took) = seeded(users, secrets).await;
    println!("{users} users and {secrets} secrets: made in {took:?}, {:?} MB", occupied());
    let mut medians = Vec::new();
    for (list, total) in [
        ("/v1/users?filter.includeInactive=true&sortBy[0].name=userName", users + 2),
        ("/v1/users?filter.includeInactive=true&sortBy[0].name=id", users + 2),
        ("/v1/secrets?sortBy[0].name=name", secrets + 1),
    ] {
        let (first, other) = pages(&api, list, total.into()).await;
        println!("{list}: first page {first:?}, others {other:?}");
        medians.push(other);
    }
    drop(server);
    medians
}

#[tokio::test]
async fn a_hundred_thousand_users_are_paged_without_going_through_them_each_time() {
    let few = measure(1_000, 1_000).await;
    let many = measure(100_000, 10_000).await;
    for (few, many) in few.into_iter().zip(many) {
        // A hundred times as many: a page that went through them all would cost many times as much. The bound is wide, since others work here too.
        assert!(many < few * 10 + Duration::from_millis(100), "{few:?}, then {many:?}");
    }
}

#[tokio::test]
#[ignore = "a million users: run by .ci/long"]
async fn a_million_users() {
    measure(1_000_000, 100_000).await;
}

#[tokio::test]
async fn the_same_number_makes_the_same_world() {
    let names = async |number: u64| {
        let options = SeedOptions::new(number).users(50).secrets(20);
        let server = Simulator::builder().seed(options).start().await.unwrap();
        let seed = server.seed().clone();
        let api = Api::sign_in(server.url(), &seed.admin_username, &seed.admin_password).await;
        let users = api.get("/v1/users?filter.includeInactive=true&take=1000").await;
        let users =
            users["records"].as_array().unwrap().iter().map(|u| u["userName"].clone()).collect::<Vec<_>>();
        let secrets: Vec<_> = server.secrets().into_iter().skip(1).map(|s| (s.name, s.values)).collect();
        (users, secrets)
    };
    let first = names(1).await;
    assert!(first == names(1).await && first.0.len() == 52 && first.1.len() == 20);
    assert!(first != names(2).await);
}
