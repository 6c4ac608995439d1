//! The client beside bare reqwest and serde_json, over a socket. Prints the ratios and what they must be, and fails when one is missed:
//! `cargo bench -p benches --bench client`.

mod figure;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _};
use secretserver_client::auth::StaticToken;
use secretserver_client::resource::secrets::Secret;
use secretserver_client::resource::users::UserFilter;
use secretserver_client::{Client, SecretId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use figure::{Figure, cpu, median};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USERS: u32 = 100_000;
const PAGE: u32 = 100;
const SECRET: &str = r#"{"id":4,"name":"svc-payroll.corp.example.com","secretTemplateId":6001,"secretTemplateName":"Active Directory Account",
"folderId":7,"siteId":1,"active":true,"checkedOut":false,"checkOutUserId":-1,"checkOutEnabled":false,"isRestricted":false,
"requiresApprovalForAccess":false,"requiresComment":false,"checkOutIntervalMinutes":30,"checkOutChangePasswordEnabled":false,
"enableInheritSecretPolicy":true,"proxyEnabled":false,"sessionRecordingEnabled":false,"webLauncherRequiresIncognitoMode":false,
"launcherConnectAsSecretId":-1,"isDoubleLock":false,"autoChangeEnabled":false,"autoChangeNextPassword":null,
"enableInheritPermissions":true,"secretPolicyId":-1,"lastHeartBeatStatus":"Success","lastHeartBeatCheck":"2026-11-03T16:20:34.917",
"lastPasswordChangeAttempt":"0001-01-01T00:00:00","items":[
{"itemId":1,"fieldId":108,"slug":"domain","fieldName":"Domain","itemValue":"corp.example.com","isPassword":false,"isNotes":false,"isFile":false,"filename":null},
{"itemId":2,"fieldId":111,"slug":"username","fieldName":"Username","itemValue":"svc-payroll","isPassword":false,"isNotes":false,"isFile":false,"filename":null},
{"itemId":3,"fieldId":110,"slug":"password","fieldName":"Password","itemValue":"correct horse battery staple","isPassword":true,"isNotes":false,"isFile":false,"filename":null},
{"itemId":4,"fieldId":109,"slug":"notes","fieldName":"Notes","itemValue":"","isPassword":false,"isNotes":true,"isFile":false,"filename":null}]}"#;

/// A server on a thread of its own, that waits before each answer.
struct Server {
    url: String,
    delay: Arc<AtomicU64>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Result<Self> {
        let (delay, requests) = (Arc::<AtomicU64>::default(), Arc::<AtomicUsize>::default());
        let (d, r) = (Arc::clone(&delay), Arc::clone(&requests));
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&d), Arc::clone(&r)));
                }
            });
        });
        Ok(Self { url, delay, requests })
    }

    fn wait_before_answers(&self, delay: Duration) {
        self.delay.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    fn client(&self) -> Result<Client> {
        Ok(Client::builder(&self.url).credential(StaticToken::new("token".to_owned().into())).build()?)
    }
}

async fn serve(mut stream: TcpStream, delay: Arc<AtomicU64>, requests: Arc<AtomicUsize>) {
    drop(stream.set_nodelay(true));
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Ok(n) = stream.read(&mut buffer).await else { return };
        if n == 0 {
            return;
        }
        request.extend_from_slice(buffer.get(..n).unwrap_or_default());
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        requests.fetch_add(1, Ordering::SeqCst);
        let delay = delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let line =
            String::from_utf8_lossy(request.split(|b| *b == b'\r').next().unwrap_or_default()).into_owned();
        let body = if line.contains("/users?") { users(&line) } else { SECRET.to_owned() };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        request.clear();
    }
}

fn users(line: &str) -> String {
    let argument = |name: &str| {
        let after = line.split(name).nth(1).unwrap_or_default();
        after
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .and_then(|n| n.parse::<u32>().ok())
            .unwrap_or_default()
    };
    let (skip, take) = (argument("skip="), argument("take=").min(1000));
    let end = skip.saturating_add(take).min(USERS);
    let records: Vec<String> = (skip..end)
        .map(|i| {
            format!(
                r#"{{"id":{},"userName":"user-{i}","displayName":"User Number {i}","emailAddress":"user-{i}@corp.example","enabled":true,"isApplicationAccount":false,"isLockedOut":false,"loginFailures":0,"domainId":-1,"domainName":null,"externalUserSource":"None","twoFactorMethod":"None","created":"2026-06-01T08:09:39","lastLogin":"0001-01-01T00:00:00"}}"#,
                i + 1
            )
        })
        .collect();
    format!(
        r#"{{"records":[{}],"skip":{skip},"take":{take},"total":{USERS},"hasNext":{},"nextSkip":{end}}}"#,
        records.join(","),
        end < USERS
    )
}

/// The most memory that this process ever had, in KiB.
fn peak() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no peak")?;
    Ok(line.split_whitespace().nth(1).ok_or("no peak")?.parse()?)
}

fn bare() -> Result<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?)
}

/// One request for each warm read, and its processor time beside that of the bare libraries, in turns.
async fn overhead(server: &Server) -> Result<Vec<Figure>> {
    const ROUNDS: usize = 31;
    const READS: u32 = 400;
    let client = server.client()?;
    let bare = bare()?;
    let id = SecretId::new(4)?;
    let url = format!("{}/api/v1/secrets/4?noAutoCheckout=true", server.url);
    let read_bare = async || -> Result<Secret> {
        let request = bare
            .get(&url)
            .header("authorization", "Bearer token")
            .header("accept", "application/json")
            .header("user-agent", "bare");
        Ok(serde_json::from_slice(&request.send().await?.bytes().await?)?)
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut requests = 0;
    for round in 0..ROUNDS + 2 {
        let before = server.requests.load(Ordering::SeqCst);
        let begin = cpu()?;
        for _ in 0..READS {
            std::hint::black_box(client.secrets().get(id).await?);
        }
        let middle = cpu()?;
        let sent = server.requests.load(Ordering::SeqCst) - before;
        for _ in 0..READS {
            std::hint::black_box(read_bare().await?);
        }
        let end = cpu()?;
        // The first rounds open connections and warm caches.
        if round >= 2 {
            requests += sent;
            ours.push((middle - begin) as f64 / f64::from(READS) / 1000.0);
            theirs.push((end - middle) as f64 / f64::from(READS) / 1000.0);
        }
    }
    let ratios = ours.iter().zip(&theirs).map(|(a, b)| a / b).collect();
    println!("processor time of one read: {:.1} µs, bare {:.1} µs", median(ours), median(theirs));
    let each = requests as f64 / (ROUNDS as f64 * f64::from(READS));
    Ok(vec![
        Figure::at_most("requests for one warm read, at most", each, 1.0),
        Figure::at_least("requests for one warm read, at least", each, 1.0),
        Figure::at_most("processor time of one read, by bare reqwest + serde_json", median(ratios), 1.3),
    ])
}

/// Reads in flight together, by reads one after the other.
async fn in_flight(server: &Server) -> Result<Vec<Figure>> {
    let client = server.client()?;
    let id = SecretId::new(4)?;
    let read = || async { client.secrets().get(id).await.map(drop) };
    futures_util::stream::iter(0..32).map(|_| read()).buffer_unordered(32).try_collect::<Vec<()>>().await?;
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let begin = Instant::now();
        for _ in 0..25 {
            read().await?;
        }
        let one = 25.0 / begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        futures_util::stream::iter(0..800)
            .map(|_| read())
            .buffer_unordered(32)
            .try_collect::<Vec<()>>()
            .await?;
        ratios.push(800.0 / begin.elapsed().as_secs_f64() / one);
    }
    Ok(vec![Figure::at_least("20 ms server: throughput of 32 in flight, by one", median(ratios), 15.0)])
}

/// A long list with pages ahead, by page after page; and the memory for both.
async fn long_list(server: &Server) -> Result<Vec<Figure>> {
    let client = server.client()?;
    let before = peak()?;
    let read = async |prefetch: usize| -> Result<f64> {
        let begin = Instant::now();
        let mut users = client.users().search(UserFilter::default()).page_size(PAGE).prefetch(prefetch);
        let mut expected = 0;
        while let Some(user) = users.try_next().await? {
            expected += 1;
            if user.id.get() != expected {
                return Err(format!("user {} in the place of {expected}", user.id).into());
            }
        }
        if expected != USERS {
            return Err(format!("{expected} users instead of {USERS}").into());
        }
        Ok(begin.elapsed().as_secs_f64())
    };
    let ahead = median(vec![read(16).await?, read(16).await?, read(16).await?]);
    let one = read(1).await?;
    println!("{USERS} users: {one:.1} s page after page, {ahead:.2} s with 16 pages ahead");
    let grown = (peak()?.saturating_sub(before)) as f64 / 1024.0;
    Ok(vec![
        Figure::at_least("100,000 users: 16 pages ahead, by page after page", one / ahead, 12.0),
        Figure::at_most("100,000 users: growth of the peak memory, MB", grown, 64.0),
    ])
}

async fn run() -> Result<bool> {
    let server = Server::start()?;
    let mut figures = overhead(&server).await?;
    server.wait_before_answers(Duration::from_millis(20));
    figures.extend(in_flight(&server).await?);
    figures.extend(long_list(&server).await?);
    Ok(figure::print_all(&figures))
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
