//! A stateful Secret Server on a real socket: for our tests, our examples and your tests.
//!
//! It answers every operation of this client, from one state: users (disabled, locked, application accounts), groups (those of a directory refuse
//! edits), roles, folders with inherited and own rights, templates, secrets with files and with check-out, comments, tickets, approval and second
//! locks before them, dependencies, SDK clients, audits, tokens that end. It enforces permissions on every call and roles on every folder and
//! secret, is of the version that you say, and misbehaves when asked to ([`Fault`]).
//!
//! It answers as documented and recorded, quirks included: `API_AccessDenied` for denied, absent and deactivated alike; 403 with one exact text for
//! an ended token, 401 for an unknown one; bare JSON strings for fields; `-1` for "none"; a plain read checks a secret out. Each answer of our own
//! tests is held against the published document and the published examples.
//!
//! ```
//! use secretserver_client::{Client, SecretId, auth::Password, simulator::Simulator};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Simulator::builder().start().await?;
//! let seed = server.seed();
//! let client = Client::builder(server.url())
//!     .credential(Password::new(seed.username.clone(), seed.password.clone().into()))
//!     .build()?;
//! assert_eq!(client.users().current().await?.user_name, seed.username);
//! # Ok(()) }
//! ```
//!
//! # What is inferred
//!
//! No recorded answer is known, or none could be found, for: names that are taken, read-only mode, web services that are off, refused addresses,
//! restricted secrets other than for a missing comment (their codes are named after that one, `API_ValidateSecretAccess…`), the numbers of roles on
//! folders and secrets, refused requests for access, most first versions of operations, and which permission most operations want. How long a comment counts (5 minutes) and
//! that heartbeats and changes of passwords are done by the next request are made up.
//!
//! # Not simulated
//!
//! Deciding on requests for access through the interface ([`Simulator::approve`] and [`Simulator::deny`] do it), writing of roles, templates and
//! policies, teams, the Delinea Platform, Windows authentication. Dependencies run nothing.
//!
//! **Not for real secrets**: its state file holds them as they are, readable by its owner only.

mod answer;
mod body;
mod builder;
mod call;
mod control;
mod fault;
mod operation;
mod page;
mod permission;
mod record;
mod resource;
mod server;
mod store;
mod upload;
mod version;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use answer::{Answer, Refusal};
pub use builder::Builder;
pub use fault::{Fault, FaultKind, InvalidFault};
pub use permission::{FolderRole, SecretRole};
use record::Record;
use world::World;
pub use world::{AuditRecord, InvalidRange, Restrictions, Seed, SeedOptions, StoredSecret};

/// The path below which the server lives, as on premises.
const BASE_PATH: &str = "/SecretServer";

/// Why the simulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The state file cannot be read or written.
    #[error("state file {path}: {source}")]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The state file was written by a newer version.
    #[error("state file {path} has format {found}; this version reads up to {known}")]
    NewerState {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that is known.
        known: u32,
    },
}

/// What all parts of a running simulator share.
pub(crate) struct Shared {
    world: Mutex<World>,
    faults: Mutex<Vec<Fault>>,
    requests: Mutex<Vec<String>>,
    state_file: Option<PathBuf>,
    record: Option<Record>,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// Changes the world and keeps the change. When the state file cannot be written, nothing was changed.
    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, std::io::Error> {
        let mut world = self.world();
        let before = self.state_file.is_some().then(|| world.clone());
        world.touch();
        let result = change(&mut world);
        self.save(&mut world, before)?;
        Ok(result)
    }

    /// Does an operation and keeps what it changed. What it refuses is as if it had never begun, unless the refusal says otherwise.
    fn act(&self, operation: impl FnOnce(&mut World) -> Answer) -> Answer {
        let mut world = self.world();
        let before = self.state_file.is_some().then(|| world.clone());
        let answer = operation(&mut world);
        if let (Err(Refusal { keep: false, .. }), Some(before)) = (&answer, &before) {
            world.clone_from(before);
        }
        self.save(&mut world, before)?;
        answer
    }

    fn save(&self, world: &mut World, before: Option<World>) -> Result<(), std::io::Error> {
        let (Some(path), Some(before)) = (&self.state_file, before) else { return Ok(()) };
        if std::mem::take(&mut world.unsaved)
            && let Err(error) = store::save(path, world)
        {
            *world = before;
            return Err(error);
        }
        Ok(())
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A simulator that runs. Dropping it stops it.
#[derive(Debug)]
pub struct Simulator {
    url: String,
    seed: Seed,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    server: Option<tokio::task::JoinHandle<()>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("state_file", &self.state_file).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Begins a simulator.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base address, with its path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was there from the start: users with their passwords, folders, a template, a secret.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// All secrets with their values, also deactivated ones.
    pub fn secrets(&self) -> Vec<StoredSecret> {
        self.shared.world().secrets.clone()
    }

    /// What was done with secrets, and by whom.
    pub fn audit(&self) -> Vec<AuditRecord> {
        self.shared.world().audit.clone()
    }

    /// The requests that arrived, each as `METHOD /path`, without the base path and the query.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.shared.requests).clone()
    }

    /// Misbehaves like this from now on.
    pub fn inject(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Behaves again.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Ends all tokens, as a restart of the server or `oauth-expiration` does.
    pub fn expire_tokens(&self) {
        self.shared.world().expire_tokens();
    }

    /// Refuses all changes, or allows them again.
    pub fn set_read_only(&self, read_only: bool) {
        self.shared.world().settings.read_only = read_only;
    }

    /// Switches web services off or on.
    pub fn set_web_services(&self, on: bool) {
        self.shared.world().settings.web_services = on;
    }

    /// Stops it and waits until all connections are closed. Dropping the future leaves it stopping.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            // Only a panic of the server task could fail here, and there is nothing left to stop then.
            drop(server.await);
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
