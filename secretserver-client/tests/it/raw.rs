//! A server that does with each connection what a test says, byte by byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request after it was read.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// These bytes, then the connection is closed.
    Say(String),
    /// The same for bytes that are no text.
    Raw(Vec<u8>),
    /// These bytes, one of them every so often, then the connection is closed.
    Drip(Vec<u8>, Duration),
    /// This, and nothing more for so long, then the connection is closed.
    Stall(String, Duration),
    /// The bytes of the first, and then those of the second this many times.
    Flood(String, &'static [u8], usize),
    /// Nothing; the connection is closed.
    Close,
    /// Nothing; the connection is reset.
    Reset,
    /// Nothing, for ever.
    Hang,
}

impl Act {
    /// A JSON answer of these bytes, whatever they are.
    pub(crate) fn bytes(headers: &str, body: &[u8]) -> Self {
        let mut all = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        all.extend_from_slice(body);
        Self::Raw(all)
    }

    pub(crate) fn json(status: &str, body: &str) -> Self {
        Self::with(status, "", body)
    }

    pub(crate) fn with(status: &str, headers: &str, body: &str) -> Self {
        Self::Say(format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
    }

    /// The first half of the body, under the length of the whole.
    pub(crate) fn cut(body: &str) -> Self {
        Self::Say(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            body.len(),
            &body[..body.len() / 2]
        ))
    }
}

pub(crate) struct Raw {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    /// Acts in this order; afterwards every request gets 418.
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/SecretServer", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut acts = acts.into_iter();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let act =
                    acts.next().unwrap_or_else(|| Act::json("418 Teapot", r#"{"message":"no more acts"}"#));
                tokio::spawn(serve(stream, act, Arc::clone(&seen)));
            }
        });
        Self { url, requests }
    }

    /// The requests that arrived, heads and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, act: Act, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).await.unwrap_or(0);
        if n == 0 {
            break;
        }
        request.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| {
                    l.to_ascii_lowercase()
                        .strip_prefix("content-length: ")
                        .map(|v| v.parse::<usize>().unwrap())
                })
                .unwrap_or(0);
            if body.len() >= length {
                break;
            }
        }
    }
    seen.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
    match act {
        Act::Say(bytes) => {
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        Act::Raw(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        // Whoever is fed so may hang up.
        Act::Drip(bytes, every) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(every).await;
            }
        }
        Act::Stall(text, pause) => {
            stream.write_all(text.as_bytes()).await.unwrap();
            tokio::time::sleep(pause).await;
        }
        Act::Flood(head, piece, times) => {
            let mut sent = stream.write_all(head.as_bytes()).await;
            for _ in 0..times {
                if sent.is_err() {
                    break;
                }
                sent = stream.write_all(piece).await;
            }
            drop(stream.shutdown().await);
        }
        Act::Close => drop(stream),
        Act::Reset => {
            stream.set_zero_linger().unwrap();
            drop(stream);
        }
        Act::Hang => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            drop(stream);
        }
    }
}
