//! A stateful Secret Server on a real socket: for our tests, our examples and your tests.
//!
//! It keeps users with roles, a folder tree with inherited permissions, templates, secrets that are deactivated and restored, tokens that
//! expire, and an audit; it enforces permissions on every call, and misbehaves when asked to. It answers as documented and recorded, with its
//! quirks: `API_AccessDenied` for denied, absent and deactivated alike; 403 with one exact text for an expired token, 401 for an unknown one;
//! bare JSON strings for fields; `-1` for "none".
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
//! What is inferred, because no recorded answer is known: the answers for a taken name, for read-only mode and for web services that are off.
//! Not there yet: check-out, comments and approval (only flagged), groups, writing folders and users.
//!
//! **Not for real secrets**: its state file holds them as they are, readable by its owner only.

mod answer;
mod fault;
mod permission;
mod resource;
mod server;
mod store;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

pub use fault::{Fault, FaultKind, InvalidFault};
pub use permission::{FolderRole, SecretRole};
use world::World;
pub use world::{AuditRecord, Seed, StoredSecret};

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
    /// Why the last writing of the state file failed. A change that cannot be kept is answered with 500.
    store_error: Mutex<Option<String>>,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// Changes the world and keeps the change. `Err` when the state file cannot be written.
    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, std::io::Error> {
        let mut world = self.world();
        let result = change(&mut world);
        if let Some(path) = &self.state_file {
            store::save(path, &world).inspect_err(|e| *lock(&self.store_error) = Some(e.to_string()))?;
        }
        Ok(result)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The options of a simulator.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    address: SocketAddr,
    state_file: Option<PathBuf>,
    faults: Vec<Fault>,
    settings: world::Settings,
}

impl Builder {
    /// Where to listen; a free port of this machine by default.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Keeps the world in this file (mode 0600), and continues with what is there. Tokens are not kept.
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Misbehaves like this from the start.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Whether two active secrets of one folder may have the same name; true by default.
    pub fn duplicate_names(mut self, allowed: bool) -> Self {
        self.settings.duplicate_names = allowed;
        self
    }

    /// How long tokens live; 1199 s by default, as the server's 20 minutes are told.
    pub fn token_lifetime(mut self, life: Duration) -> Self {
        self.settings.token_seconds = life.as_secs().max(1);
        self
    }

    /// The largest page that is given, whatever is asked for; none by default.
    pub fn largest_page(mut self, entries: usize) -> Self {
        self.settings.largest_page = Some(entries.max(1));
        self
    }

    /// The version it claims to be; before 11, it knows `undelete` instead of `activate`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = version.into();
        self
    }

    /// Wrong passwords that lock a user; 5 by default.
    pub fn lock_out_after(mut self, failures: u32) -> Self {
        self.settings.lock_after = failures.max(1);
        self
    }

    /// Starts it on the current tokio runtime. Dropping the future before it is ready starts nothing.
    ///
    /// # Errors
    /// When the address is taken, or the state file is unreadable or from a newer version.
    pub async fn start(self) -> Result<Simulator, StartError> {
        let (world, fresh) = match &self.state_file {
            Some(path) => match store::load(path)? {
                Some(mut world) => {
                    world.settings = self.settings;
                    (world, false)
                }
                None => (World::seeded(self.settings), true),
            },
            None => (World::seeded(self.settings), true),
        };
        let listener = TcpListener::bind(self.address)
            .await
            .map_err(|source| StartError::Listen { address: self.address, source })?;
        let address =
            listener.local_addr().map_err(|source| StartError::Listen { address: self.address, source })?;
        let seed = world.seed.clone();
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            faults: Mutex::new(self.faults),
            requests: Mutex::new(Vec::new()),
            state_file: self.state_file,
            store_error: Mutex::new(None),
        });
        if fresh && let Some(path) = &shared.state_file {
            store::save(path, &shared.world())
                .map_err(|source| StartError::State { path: path.clone(), source })?;
        }
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(server::run(listener, Arc::clone(&shared), stopped));
        Ok(Simulator {
            url: format!("http://{address}{BASE_PATH}"),
            seed,
            shared,
            stop,
            server: Some(server),
        })
    }
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
        Builder {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            state_file: None,
            faults: Vec::new(),
            settings: world::Settings::default(),
        }
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

    /// Adds a user with these permissions of its roles, such as `View Secret`. It has no rights on any folder yet.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub fn add_user(
        &self,
        username: &str,
        password: &str,
        permissions: &[&str],
    ) -> Result<u32, std::io::Error> {
        self.shared.change(|world| world.add_user(username, password, permissions))
    }

    /// Changes a user as an administrator would. `None` leaves a part as it is. Unlocks it.
    ///
    /// # Errors
    /// When there is no such user, or the state file cannot be written.
    pub fn set_user(
        &self,
        username: &str,
        password: Option<&str>,
        enabled: Option<bool>,
    ) -> Result<(), std::io::Error> {
        self.shared.change(|world| world.set_user(username, password, enabled))?.ok_or_else(absent)
    }

    /// Adds a folder below another one (`None`: at the root), with the permissions of its parent, or none at the root.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub fn add_folder(&self, name: &str, parent: Option<u32>) -> Result<u32, std::io::Error> {
        self.shared.change(|world| world.add_folder(name, parent, parent.is_some()))
    }

    /// Gives a user a pair of roles on a folder, which no longer inherits from its parent.
    ///
    /// # Errors
    /// When there is no such user or folder, or the state file cannot be written.
    pub fn grant(
        &self,
        folder: u32,
        username: &str,
        folder_role: FolderRole,
        secret_role: SecretRole,
    ) -> Result<(), std::io::Error> {
        self.shared
            .change(|world| world.grant(folder, username, folder_role, secret_role))?
            .ok_or_else(absent)
    }

    /// Copies a secret with all its values, as people do, and gives back the copy's id.
    ///
    /// # Errors
    /// When there is no such secret, or the state file cannot be written.
    pub fn copy_secret(&self, id: u32, name: &str) -> Result<u32, std::io::Error> {
        self.shared.change(|world| world.copy_secret(id, name))?.ok_or_else(absent)
    }

    /// Changes a value, as people do in the web pages.
    ///
    /// # Errors
    /// When there is no such secret or field, or the state file cannot be written.
    pub fn set_value(&self, id: u32, slug: &str, value: &str) -> Result<(), std::io::Error> {
        self.shared.change(|world| world.set_value(id, slug, value))?.ok_or_else(absent)
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

fn absent() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such thing in the simulator")
}
