//! A small HTTP server: notes requests, answers as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One request as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(super) struct WebServer {
    pub port: u16,
    pub seen: Arc<Mutex<Vec<Request>>>,
    /// Heads and bodies of the next answers; 204 when there is none.
    pub answers: Arc<Mutex<VecDeque<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl WebServer {
    pub(super) async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, answers) = (Arc::default(), Arc::default());
        let (to_seen, from_answers) = (Arc::clone(&seen), Arc::clone(&answers));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answers, tls) = (Arc::clone(&to_seen), Arc::clone(&from_answers), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => talk(stream, &seen, &answers).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                talk(stream, &seen, &answers).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, seen, answers, task }
    }

    pub(super) fn answer(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        self.answers.lock().unwrap().push_back(text);
    }

    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<Request>>,
    answers: &Mutex<VecDeque<String>>,
) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = Request::default();
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let text = line.trim_end();
            if request.line.is_empty() {
                text.clone_into(&mut request.line);
            } else if text.is_empty() {
                break;
            } else if let Some((name, value)) = text.split_once(':') {
                request.headers.push((name.to_lowercase(), value.trim().to_owned()));
            }
        }
        let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        request.body = String::from_utf8(body).unwrap();
        seen.lock().unwrap().push(request);
        let answer = answers.lock().unwrap().pop_front();
        let answer = answer.unwrap_or_else(|| "HTTP/1.1 204 No Content\r\n\r\n".to_owned());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
