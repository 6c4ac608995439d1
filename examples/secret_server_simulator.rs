//! A Secret Server to develop against: serves until SIGTERM or SIGINT. The first line on stdout is one JSON object that says where it is
//! and who can sign in.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use secretserver_client::simulator::{Builder, Fault, SeedOptions, Simulator};

#[derive(Parser)]
#[command(
    about = "A stateful stand-in for Secret Server, for tests and demonstrations. Not for real secrets.",
    after_help = "The first line on stdout is a JSON object: the address, two users with their passwords, folders, a template, a secret.\n\n\
        Faults are KIND:METHOD:/api/path-prefix[:COUNT[:ARG]]; METHOD may be *, COUNT 0 means always. Kinds:\n  \
        delay:…:TIME         wait first (500ms, 2s)\n  \
        drop-request         close the connection and do nothing\n  \
        drop-reply           do the work, then close the connection\n  \
        cut-body             do the work, send half of the answer\n  \
        slow-body:…:TIME     do the work, send the answer over this time\n  \
        html-reply           do the work, answer 200 with a web page\n  \
        rate-limit[:…:S]     429, with Retry-After if there are seconds\n  \
        error-before[:…:N]   this status (503) without the work\n  \
        error-after[:…:N]    this status (500) after the work\n  \
        expire-tokens        end all tokens first\n  \
        read-only            refuse all changes from now on"
)]
struct Options {
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Keep the state in this file (mode 0600) and continue with what is there.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Misbehave; see below. May be given several times.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,

    /// The version to be: operations that it does not know yet are answered with 404.
    #[arg(long, default_value = "11.7.000002", value_name = "VERSION")]
    server_version: String,

    /// Do not tell the version.
    #[arg(long)]
    hide_version: bool,

    /// Refuse a secret whose name is taken in its folder.
    #[arg(long)]
    unique_names: bool,

    /// Refuse a secret without a folder.
    #[arg(long)]
    require_folder: bool,

    /// How long tokens live, in seconds.
    #[arg(long, default_value_t = 1199, value_name = "SECONDS")]
    token_lifetime: u64,

    /// How often refresh tokens work one after the other; 0 gives none.
    #[arg(long, default_value_t = 3, value_name = "TIMES")]
    refreshes: u32,

    /// Give no more rows than these at once, whatever is asked for.
    #[arg(long, value_name = "ROWS")]
    largest_page: Option<usize>,

    /// Wrong passwords that lock a user.
    #[arg(long, default_value_t = 5, value_name = "TIMES")]
    lock_after: u32,

    /// Let only application accounts sign in by password.
    #[arg(long)]
    prevent_direct: bool,

    /// Want a second factor of all users but application accounts.
    #[arg(long)]
    two_factor: bool,

    /// Answer only these addresses or ranges, such as 10.0.0.0/8. May be given several times.
    #[arg(long, value_name = "RANGE")]
    allow: Vec<String>,

    /// Refuse all changes.
    #[arg(long)]
    read_only: bool,

    /// Have web services off: a web page is all that is answered.
    #[arg(long)]
    web_services_off: bool,

    /// Users to add: a JSON list of {"username", "password", "permissions": ["View Secret", …], "otp": "123456", "application": true}.
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,

    /// Make this many users, whose names follow from --seed.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed_users: u32,

    /// Make this many groups of them.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed_groups: u32,

    /// Make this many folders.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed_folders: u32,

    /// Make this many secrets.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed_secrets: u32,

    /// From what the names follow: the same number makes the same users and secrets.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Append the shape of each answer to this file, without values.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// A user of the file that --users names.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    username: String,
    password: String,
    #[serde(default)]
    permissions: Vec<String>,
    otp: Option<String>,
    #[serde(default)]
    application: bool,
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
    let server = builder(&options)?.start().await?;
    if let Some(path) = &options.users {
        add_users(&server, path)?;
    }
    let mut line = serde_json::to_value(server.seed())?;
    line["url"] = server.url().into();
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    stopped.await;
    server.shutdown().await;
    Ok(())
}

fn builder(options: &Options) -> Result<Builder, Box<dyn std::error::Error>> {
    let seed = SeedOptions::new(options.seed)
        .users(options.seed_users)
        .groups(options.seed_groups)
        .folders(options.seed_folders)
        .secrets(options.seed_secrets);
    let mut builder = Simulator::builder()
        .listen(options.listen)
        .version(&options.server_version)
        .duplicate_names(!options.unique_names)
        .token_lifetime(std::time::Duration::from_secs(options.token_lifetime))
        .refresh_tokens(options.refreshes > 0, options.refreshes)
        .lock_out_after(options.lock_after)
        .seed(seed)
        .allow_addresses(&options.allow.iter().map(String::as_str).collect::<Vec<_>>())?;
    for (wanted, set) in [
        (options.hide_version, Builder::hidden_version as fn(Builder) -> Builder),
        (options.require_folder, Builder::require_folder),
        (options.prevent_direct, Builder::prevent_direct_authentication),
        (options.two_factor, Builder::require_two_factor),
        (options.read_only, Builder::read_only),
        (options.web_services_off, Builder::web_services_off),
    ] {
        if wanted {
            builder = set(builder);
        }
    }
    if let Some(rows) = options.largest_page {
        builder = builder.largest_page(rows);
    }
    if let Some(path) = &options.state {
        builder = builder.state_file(path);
    }
    if let Some(path) = &options.record {
        builder = builder.record(path);
    }
    Ok(options.fault.iter().cloned().fold(builder, Builder::fault))
}

/// Adds users who are not there yet, so that a kept state can be continued with the same file.
fn add_users(server: &Simulator, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    // Serde's own words quote values, and there are passwords among them.
    let users: Vec<User> = serde_json::from_slice(&text).map_err(|e| {
        format!("{}: not a list of users (line {}, column {})", path.display(), e.line(), e.column())
    })?;
    for user in users {
        if server.set_user(&user.username, Some(&user.password), None).is_err() {
            let permissions: Vec<&str> = user.permissions.iter().map(String::as_str).collect();
            server.add_user(&user.username, &user.password, &permissions)?;
        }
        server.set_otp(&user.username, user.otp.as_deref())?;
        server.set_application_account(&user.username, user.application)?;
    }
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
