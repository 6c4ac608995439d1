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
    /// Nothing; the connection is closed.
    Close,
    /// Nothing, for ever.
    Hang,
}

impl Act {
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
        Act::Close => drop(stream),
        Act::Hang => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            drop(stream);
        }
    }
}
