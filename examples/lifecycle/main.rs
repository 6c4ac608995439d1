//! The main job: one service account's whole life, told as it happens.
//!
//! Without flags it runs on stand-ins: a directory in memory, a Secret Server simulator on a real socket, a SQLite file. With flags it does the
//! same on a real domain and a real Secret Server.

mod clock;
mod fault;
mod hook;
mod options;
mod outcome;
mod story;
mod takeover;
mod teller;
mod tour;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use options::Options;
use teller::Teller;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) if error.use_stderr() => {
            // One line, as for every other error; the rest of what clap says is in --help.
            let text = error.to_string();
            eprintln!("{}; see --help", text.lines().next().unwrap_or("error: unusable arguments"));
            return ExitCode::from(2);
        }
        Err(help) => {
            print!("{help}");
            return ExitCode::SUCCESS;
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let teller = Arc::new(Teller::new(options.json));
    match run(options, &teller).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options, teller: &Arc<Teller>) -> Result<(), fault::Fault> {
    let world = world::World::open(&options, teller).await?;
    let told = story::tell(&world, &options, teller).await;
    world.close().await;
    told
}
