//! A small SMTP server: takes messages, refuses some addresses, speaks TLS if asked to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One message as it was taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub text: String,
    pub login: bool,
    pub tls: bool,
}

impl Taken {
    /// The lines of a header, unfolded.
    pub(super) fn header(&self, name: &str) -> Vec<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ");
        let prefix = format!("{}:", name.to_lowercase());
        unfolded
            .split("\r\n")
            .filter(|line| line.to_lowercase().starts_with(&prefix))
            .map(|line| line[prefix.len()..].trim().to_owned())
            .collect()
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub taken: Vec<Taken>,
    /// What is answered to RCPT for addresses that contain this.
    pub refuse: Vec<(&'static str, &'static str)>,
    /// What is answered to AUTH.
    pub login: Option<&'static str>,
}

pub(super) struct Server {
    pub port: u16,
    pub state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(tls: Option<TlsAcceptor>, wrapped: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (shared.clone(), tls.clone());
                tokio::spawn(async move {
                    if wrapped {
                        if let Ok(stream) = tls.unwrap().accept(stream).await {
                            talk(BufReader::new(stream), &state, true, true, false).await;
                        }
                        return;
                    }
                    let mut plain = BufReader::new(stream);
                    if talk_until_tls(&mut plain, &state, tls.is_some()).await
                        && let Ok(stream) = tls.unwrap().accept(plain.into_inner()).await
                    {
                        talk(BufReader::new(stream), &state, true, false, false).await;
                    }
                });
            }
        });
        Self { port, state, task }
    }

    pub(super) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }
}

/// Until the client asks for TLS; whether it did.
async fn talk_until_tls<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &Mutex<State>,
    offers: bool,
) -> bool {
    session(stream, state, false, true, offers).await
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    state: &Mutex<State>,
    tls: bool,
    greet: bool,
    offers: bool,
) {
    session(&mut stream, state, tls, greet, offers).await;
}

async fn session<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &Mutex<State>,
    tls: bool,
    greet: bool,
    offers: bool,
) -> bool {
    let (mut from, mut to, mut login) = (String::new(), Vec::new(), false);
    if greet {
        stream.write_all(b"220 test\r\n").await.unwrap();
    }
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let upper = line.trim_end().to_uppercase();
        let answer = if upper.starts_with("EHLO") {
            let offer = if offers { "250-STARTTLS\r\n" } else { "" };
            format!("250-test\r\n{offer}250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
        } else if upper == "STARTTLS" {
            stream.write_all(b"220 go\r\n").await.unwrap();
            return true;
        } else if upper.starts_with("AUTH") {
            let refused = state.lock().unwrap().login;
            login = refused.is_none();
            refused.unwrap_or("235 ok").to_owned()
        } else if upper.starts_with("MAIL FROM") {
            line.trim_end().clone_into(&mut from);
            to.clear();
            "250 ok".to_owned()
        } else if upper.starts_with("RCPT TO") {
            let refusals = state.lock().unwrap().refuse.clone();
            if let Some((_, answer)) = refusals.iter().find(|(address, _)| line.contains(address)) {
                (*answer).to_owned()
            } else {
                to.push(line.trim_end().to_owned());
                "250 ok".to_owned()
            }
        } else if upper == "DATA" {
            stream.write_all(b"354 go on\r\n").await.unwrap();
            let mut text = String::new();
            loop {
                line.clear();
                stream.read_line(&mut line).await.unwrap();
                if line == ".\r\n" {
                    break;
                }
                text.push_str(line.strip_prefix('.').unwrap_or(&line));
            }
            let taken = Taken { from: from.clone(), to: to.clone(), text, login, tls };
            state.lock().unwrap().taken.push(taken);
            "250 ok".to_owned()
        } else if upper == "QUIT" {
            stream.write_all(b"221 bye\r\n").await.ok();
            return false;
        } else {
            "250 ok".to_owned()
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}
