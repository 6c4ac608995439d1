//! Files up and down, on sockets: streamed, flat in memory, sent once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use secretserver_client::auth::StaticToken;
use secretserver_client::resource::secrets::{FileContent, FileName, ReadOptions};
use secretserver_client::{Client, ErrorKind, Outcome, SecretId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::it::raw::{Act, Raw};

const PIECE: usize = 64 * 1024;
const FILE: u64 = 64 * 1024 * 1024;

fn client(url: &str) -> Client {
    Client::builder(url).credential(StaticToken::new("token".into())).build().unwrap()
}

fn id() -> SecretId {
    SecretId::new(4).unwrap()
}

/// Memory that counts itself while it lives.
struct Counted(Vec<u8>, Arc<AtomicI64>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(i64::try_from(self.0.len()).unwrap(), Ordering::SeqCst);
    }
}

/// A head of a request: up to the empty line, and what came after it.
async fn head(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut all = Vec::new();
    let mut buffer = vec![0; PIECE];
    loop {
        let n = stream.read(&mut buffer).await.unwrap();
        assert!(n > 0, "the request ends before its head");
        all.extend_from_slice(&buffer[..n]);
        if let Some(end) = all.windows(4).position(|w| w == b"\r\n\r\n") {
            let rest = all.split_off(end + 4);
            return (String::from_utf8(all).unwrap(), rest);
        }
    }
}

#[tokio::test]
async fn a_large_file_goes_up_with_flat_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (head, mut rest) = head(&mut stream).await;
        let length: u64 = head
            .lines()
            .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(|v| v.parse().unwrap()))
            .unwrap();
        let mut got = rest.len() as u64;
        let begin = String::from_utf8_lossy(&rest[..rest.len().min(120)]).into_owned();
        let mut buffer = vec![0; PIECE];
        while got < length {
            let n = stream.read(&mut buffer).await.unwrap();
            assert!(n > 0, "broken off after {got} of {length}");
            got += n as u64;
            rest = buffer[..n].to_vec();
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nnull";
        stream.write_all(answer.as_bytes()).await.unwrap();
        (head, begin, rest, got)
    });

    let (alive, peak) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let (a, p) = (Arc::clone(&alive), Arc::clone(&peak));
    let pieces = futures_util::stream::iter(0..FILE / PIECE as u64).map(move |_| {
        let size = i64::try_from(PIECE).unwrap();
        let now = a.fetch_add(size, Ordering::SeqCst) + size;
        p.fetch_max(now, Ordering::SeqCst);
        Ok(Bytes::from_owner(Counted(vec![7; PIECE], Arc::clone(&a))))
    });
    let name = FileName::new("Schlüssel.pem").unwrap();
    client(&url)
        .secrets()
        .upload_file(id(), "private-key", &name, FileContent::stream(Some(FILE), pieces))
        .await
        .unwrap();

    let (head, begin, end, got) = server.await.unwrap();
    assert!(head.starts_with("PUT /api/v1/secrets/4/fields/private-key HTTP/1.1\r\n"), "{head}");
    let lower = head.to_ascii_lowercase();
    assert!(
        lower.contains("content-type: multipart/form-data; boundary=") && !lower.contains("chunked"),
        "{head}"
    );
    assert!(lower.matches("content-length").count() == 1);
    assert!(begin.contains(r#"name="file"; filename="Schlüssel.pem""#), "{begin}");
    assert!(end.ends_with(b"--\r\n"));
    assert!(got > FILE && got < FILE + 1024);
    let peak = peak.load(Ordering::SeqCst);
    assert!(peak < 4 * 1024 * 1024, "{peak} bytes of the file were in memory at once");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_large_file_comes_down_with_flat_memory_and_no_faster_than_it_is_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let written = Arc::new(AtomicU64::new(0));
    let w = Arc::clone(&written);
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (head, _) = head(&mut stream).await;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {FILE}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        let piece = vec![9; PIECE];
        while w.load(Ordering::SeqCst) < FILE {
            stream.write_all(&piece).await.unwrap();
            w.fetch_add(PIECE as u64, Ordering::SeqCst);
        }
        head
    });
    let mut file = client(&url).secrets().download_file(id(), "key", ReadOptions::default()).await.unwrap();
    assert_eq!(file.length(), Some(FILE));
    let mut ahead = 0;
    let mut bytes = 0;
    while let Some(piece) = file.try_next().await.unwrap() {
        assert!(piece.iter().all(|b| *b == 9));
        bytes += piece.len() as u64;
        if bytes % (16 * PIECE as u64) < piece.len() as u64 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        ahead = ahead.max(written.load(Ordering::SeqCst).saturating_sub(bytes));
    }
    assert_eq!((bytes, file.received()), (FILE, FILE));
    assert!(ahead < 32 * 1024 * 1024, "{ahead} bytes came before they were asked for");
    assert!(server.await.unwrap().contains("GET /api/v1/secrets/4/fields/key?noAutoCheckout=true"));
}

fn file(content: &str) -> Act {
    Act::Say(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{content}",
        content.len()
    ))
}

#[tokio::test]
async fn a_download_keeps_to_its_limit_and_ends_after_an_error() {
    let server = Raw::start(vec![file("0123456789"), file("0123456789"), Act::cut("\"0123456789\"")]).await;
    let client = client(&server.url);
    let get = async || client.secrets().download_file(id(), "key", ReadOptions::default()).await.unwrap();
    let all: Vec<Bytes> = get().await.limit(10).try_collect().await.unwrap();
    assert_eq!(all.concat(), b"0123456789");
    let mut short = get().await.limit(9);
    let error = short.try_next().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Done));
    assert!(short.next().await.is_none());
    let mut cut = get().await;
    let error = loop {
        match cut.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("a cut file must not look whole"),
        }
    };
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, Outcome::Done));
    assert!(cut.next().await.is_none());
}

#[tokio::test]
async fn a_file_that_stops_coming_is_a_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234").await.unwrap();
        tokio::time::sleep(Duration::from_mins(1)).await;
        drop(stream);
    });
    let client = client(&url).with_idle_timeout(Duration::from_millis(100));
    let mut file = client.secrets().download_file(id(), "key", ReadOptions::default()).await.unwrap();
    assert_eq!(file.next().await.unwrap().unwrap(), "01234");
    assert_eq!(file.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    server.abort();
}

/// What a stream is made of is gone once it was sent: nothing that happens makes it go out twice.
#[tokio::test]
async fn a_stream_is_never_sent_twice() {
    for (act, kind, outcome) in [
        (Act::Close, ErrorKind::Interrupted, Outcome::Unknown),
        (Act::json("500 Oops", "{}"), ErrorKind::Server, Outcome::Unknown),
        (Act::with("429 Slow down", "Retry-After: 0\r\n", "{}"), ErrorKind::RateLimited, Outcome::NotDone),
        (Act::json("401 No", "{}"), ErrorKind::Auth, Outcome::NotDone),
        (Act::json("400 No", r#"{"errorCode":"API_AccessDenied"}"#), ErrorKind::Denied, Outcome::NotDone),
        (
            Act::Say(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".to_owned(),
            ),
            ErrorKind::Decode,
            Outcome::Unknown,
        ),
    ] {
        let server = Raw::start(vec![act.clone()]).await;
        let polled = Arc::new(AtomicUsize::new(0));
        let p = Arc::clone(&polled);
        let pieces = futures_util::stream::iter([Ok(Bytes::from_static(b"C4n4ry"))]).inspect(move |_| {
            p.fetch_add(1, Ordering::SeqCst);
        });
        let name = FileName::new("k").unwrap();
        let error = client(&server.url)
            .secrets()
            .upload_file(id(), "key", &name, FileContent::stream(Some(6), pieces))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.outcome(), error.attempts()), (kind, outcome, 1), "{act:?}");
        assert_eq!((server.requests().len(), polled.load(Ordering::SeqCst)), (1, 1), "{act:?}");
        assert!(!format!("{error} {error:?}").contains("C4n4ry"));
    }
}

#[tokio::test]
async fn a_download_is_begun_again_only_with_a_new_token() {
    let server = Raw::start(vec![Act::json("401 No", "{}"), file("x")]).await;
    let error =
        client(&server.url).secrets().download_file(id(), "key", ReadOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "a given token cannot be replaced");
    let token = r#"{"access_token":"t","token_type":"bearer","expires_in":1199}"#;
    let server = Raw::start(vec![
        Act::json("200 OK", token),
        Act::json("401 No", "{}"),
        Act::json("200 OK", token),
        file("x"),
    ])
    .await;
    let client = Client::builder(server.url.as_str())
        .credential(secretserver_client::auth::Password::new("u", "p".to_owned().into()))
        .build()
        .unwrap();
    let all: Vec<Bytes> = client
        .secrets()
        .download_file(id(), "key", ReadOptions::default())
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.concat(), b"x");
    let mut checking_out = ReadOptions::default();
    checking_out.no_auto_checkout = false;
    let server = Raw::start(vec![Act::json("200 OK", token), Act::json("401 No", "{}")]).await;
    let client = Client::builder(server.url.as_str())
        .credential(secretserver_client::auth::Password::new("u", "p".to_owned().into()))
        .build()
        .unwrap();
    client.secrets().download_file(id(), "key", checking_out).await.unwrap_err();
    assert_eq!(server.requests().len(), 2, "what may check out is not repeated");
}

#[tokio::test]
async fn a_login_page_is_no_file_and_a_page_that_is_a_file_is() {
    let page = |extra: &str| {
        Act::Say(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{extra}Content-Length: 6\r\nConnection: close\r\n\r\n<html>"
        ))
    };
    let server = Raw::start(vec![page(""), page("Content-Disposition: attachment\r\n")]).await;
    let client = client(&server.url);
    let get = async || client.secrets().download_file(id(), "key", ReadOptions::default()).await;
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::Decode);
    let all: Vec<Bytes> = get().await.unwrap().try_collect().await.unwrap();
    assert_eq!(all.concat(), b"<html>");
}
