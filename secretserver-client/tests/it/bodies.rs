//! Answers that no decent server gives: too slow, too long, too packed, no text. Each ends in time, in bounded memory, and in a clear error.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use secretserver_client::auth::StaticToken;
use secretserver_client::{Client, ClientBuilder, Error, ErrorKind, Outcome, SecretId};

use super::child;
use super::raw::{Act, Raw};

const SUMMARY: &str = r#"{"id":4,"name":"svc"}"#;
const MIB: usize = 1024 * 1024;

fn builder(raw: &Raw) -> ClientBuilder {
    Client::builder(&raw.url).credential(StaticToken::new("token".into())).attempts(1)
}

async fn read(client: &Client) -> Result<String, Error> {
    client.secrets().summary(SecretId::new(4).unwrap()).await.map(|s| s.name)
}

fn packed(text: &[u8], times: usize) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::best());
    (0..times).for_each(|_| to.write_all(text).unwrap());
    to.finish().unwrap()
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    let raw =
        Raw::start(vec![Act::bytes("Content-Encoding: gzip\r\n", &packed(SUMMARY.as_bytes(), 1))]).await;
    assert_eq!(read(&builder(&raw).build().unwrap()).await.unwrap(), "svc");
    assert!(raw.requests()[0].contains("accept-encoding: gzip"), "{}", raw.requests()[0]);
}

#[tokio::test]
async fn a_packed_answer_counts_as_it_is_unpacked() {
    let bomb = packed(&[b' '; 4096], 16 * 256);
    assert!(bomb.len() < 32 * 1024, "16 MiB in {} bytes", bomb.len());
    let raw = Raw::start(vec![Act::bytes("Content-Encoding: gzip\r\n", &bomb)]).await;
    let client = builder(&raw).body_limit(MIB).build().unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Done), "{error}");
    assert!(error.to_string().contains("larger than allowed"), "{error}");
}

#[tokio::test]
async fn a_packed_answer_that_is_broken_counts_as_cut() {
    let mut broken = packed(SUMMARY.as_bytes(), 1);
    broken.truncate(12);
    let raw = Raw::start(vec![Act::bytes("Content-Encoding: gzip\r\n", &broken)]).await;
    let error = read(&builder(&raw).build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, Outcome::Done), "{error}");
}

#[tokio::test]
async fn a_byte_now_and_then_ends_at_the_limit_of_the_attempt() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n";
    let all = [head.as_bytes(), SUMMARY.as_bytes()].concat();
    let raw = Raw::start(vec![Act::Drip(all, Duration::from_millis(20))]).await;
    let client = builder(&raw)
        .attempt_timeout(Duration::from_millis(700))
        .idle_timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let started = Instant::now();
    let error = read(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
    assert!((650..3000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_answer_that_stops_arriving_ends_at_the_idle_limit_and_was_done() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n";
    let raw = Raw::start(vec![stall(head), stall(head)]).await;
    let client = builder(&raw).idle_timeout(Duration::from_millis(300)).build().unwrap();
    let started = Instant::now();
    let error = read(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Done), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));

    let patient = client.with_idle_timeout(Duration::from_millis(100));
    let started = Instant::now();
    read(&patient).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(290), "also for one call: {:?}", started.elapsed());
}

/// A head and one byte of the body, then nothing for ten seconds.
fn stall(head: &str) -> Act {
    Act::Stall(format!("{head}{{"), Duration::from_secs(10))
}

#[tokio::test]
async fn what_is_no_text_is_said_so_and_not_quoted() {
    for body in [
        &b"{\"id\":4,\"name\":\"\xff\xfe\xfd\"}"[..],
        b"\xff\xfe{\0\"",
        b"\xc3\x28",
        b"\x1f\x8b\x08",
        b"\0\0\0\0",
    ] {
        let raw = Raw::start(vec![Act::bytes("", body)]).await;
        let error = read(&builder(&raw).build().unwrap()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Done), "{body:?}: {error}");
        assert_eq!(error.operation(), "secrets.summary");
        assert!(error.to_string().is_ascii(), "{error}");
    }
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let status = "HTTP/1.1 200 OK\r\n";
    for (name, act) in [
        ("one endless header", Act::Flood(format!("{status}X-Big: "), &[b'a'; 16 * 1024], 4096)),
        (
            "headers without end",
            Act::Flood(status.to_owned(), b"X-Many: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 1_000_000),
        ),
        ("an endless reason", Act::Flood("HTTP/1.1 200 ".to_owned(), &[b'a'; 16 * 1024], 4096)),
        (
            "endless chunk extensions",
            Act::Flood(format!("{status}Transfer-Encoding: chunked\r\n\r\n1;"), &[b'a'; 16 * 1024], 4096),
        ),
        ("no http at all", Act::Flood(String::new(), &[0; 16 * 1024], 4096)),
    ] {
        let raw = Raw::start(vec![act]).await;
        let started = Instant::now();
        let error = read(&builder(&raw).build().unwrap()).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Interrupted) && error.outcome() != Outcome::NotSent,
            "{name}: {error}"
        );
        assert!(started.elapsed() < Duration::from_secs(10), "{name}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_refusal_with_an_endless_text_is_still_that_refusal() {
    let head = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{\"message\":\"";
    let raw = Raw::start(vec![Act::Flood(head.to_owned(), &[b'a'; 16 * 1024], 4096)]).await;
    let error = read(&builder(&raw).build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::NotDone), "{error}");
}

/// The most memory this process ever took, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

const GIBIBYTE: &str = "it::bodies::a_gibibyte_takes_less_than_twice_the_limit";

#[tokio::test]
async fn a_gibibyte_takes_less_than_twice_the_limit() {
    static PIECE: [u8; 64 * 1024] = [b' '; 64 * 1024];
    if !cfg!(target_os = "linux") {
        return;
    }
    if !child::is_for(GIBIBYTE) {
        return tokio::task::spawn_blocking(|| child::run(GIBIBYTE, &[])).await.unwrap();
    }
    let gibibyte = 1024 * MIB;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let announced = format!("{head}Content-Length: {gibibyte}\r\n\r\n");
    let endless = format!("{head}Connection: close\r\n\r\n");
    for limit in [16 * MIB, 17 * MIB] {
        for act in [announced.clone(), endless.clone()] {
            let raw = Raw::start(vec![
                Act::json("200 OK", SUMMARY),
                Act::Flood(act, &PIECE, gibibyte / PIECE.len()),
            ])
            .await;
            let client = builder(&raw).body_limit(limit).build().unwrap();
            read(&client).await.unwrap();
            let before = peak();
            let error = read(&client).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Done), "{error}");
            let taken = peak() - before;
            println!("limit {limit}: {taken} bytes more at the peak");
            assert!(taken < 2 * limit, "{taken} bytes for a limit of {limit}");
        }
    }
}
