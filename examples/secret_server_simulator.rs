//! A Secret Server to develop against: serves until SIGTERM or SIGINT. The first line on stdout is one JSON object that says where it is
//! and who can sign in.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use secretserver_client::simulator::{Fault, Simulator};

#[derive(Parser)]
#[command(
    about = "A stateful stand-in for Secret Server, for tests and demonstrations. Not for real secrets."
)]
struct Options {
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Keep the state in this file (mode 0600) and continue with what is there.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Misbehave: KIND:METHOD:/api/path-prefix[:COUNT[:ARG]]. Kinds: delay (ARG 500ms), drop-request, drop-reply, cut-body, rate-limit
    /// (ARG seconds), error-before (ARG status), error-after (ARG status), expire-tokens, read-only. METHOD may be *; COUNT 0 means always.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,

    /// Refuse a secret whose name is taken in its folder.
    #[arg(long)]
    unique_names: bool,

    /// How long tokens live, in seconds.
    #[arg(long, default_value_t = 1199, value_name = "SECONDS")]
    token_lifetime: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("secret_server_simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    // Asked for before the first line is written: whoever reads it may send the signal at once.
    let stopped = stop_signal()?;
    let mut builder = Simulator::builder()
        .listen(options.listen)
        .duplicate_names(!options.unique_names)
        .token_lifetime(std::time::Duration::from_secs(options.token_lifetime));
    if let Some(path) = options.state {
        builder = builder.state_file(path);
    }
    for fault in options.fault {
        builder = builder.fault(fault);
    }
    let server = builder.start().await?;
    let mut line = serde_json::to_value(server.seed())?;
    line["url"] = server.url().into();
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    stopped.await;
    server.shutdown().await;
    Ok(())
}

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
