//! How a simulator is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::record::Record;
use super::world::{Settings, World};
use super::{BASE_PATH, Fault, SeedOptions, Shared, Simulator, StartError, server, store};

/// The variable that names the file for the shapes of answers.
const RECORD: &str = "SECRETSERVER_SIMULATOR_RECORD";

/// The options of a simulator.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    address: SocketAddr,
    state_file: Option<PathBuf>,
    faults: Vec<Fault>,
    settings: Settings,
    grow: SeedOptions,
    record: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            state_file: None,
            faults: Vec::new(),
            settings: Settings::default(),
            grow: SeedOptions::default(),
            record: None,
        }
    }
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

    /// Hides its version number, as `Hide Secret Server Version Numbers` does.
    pub fn hidden_version(mut self) -> Self {
        self.settings.hide_version = true;
        self
    }

    /// Adds users, groups, folders and secrets at the start, if there is no state file yet.
    pub fn seed(mut self, options: SeedOptions) -> Self {
        self.grow = options;
        self
    }

    /// Whether signing in gives refresh tokens, and how often they can be used one after the other; three times by default.
    pub fn refresh_tokens(mut self, enabled: bool, times: u32) -> Self {
        self.settings.refresh_tokens = enabled;
        self.settings.max_refreshes = times;
        self
    }

    /// Lets only application accounts sign in by password, and users with a permission for it (`preventDirectApiAuthentication`).
    pub fn prevent_direct_authentication(mut self) -> Self {
        self.settings.prevent_direct = true;
        self
    }

    /// Wants a second factor of all users but application accounts: [`Simulator::set_otp`].
    pub fn require_two_factor(mut self) -> Self {
        self.settings.two_factor = true;
        self
    }

    /// Wants a folder for each secret.
    pub fn require_folder(mut self) -> Self {
        self.settings.require_folder = true;
        self
    }

    /// How many application accounts the licence has; any number by default.
    pub fn application_accounts(mut self, number: usize) -> Self {
        self.settings.application_accounts = Some(number);
        self
    }

    /// How long passwords of users must be; 1 by default.
    pub fn password_length(mut self, length: usize) -> Self {
        self.settings.password_length = length;
        self
    }

    /// Refuses all changes from the start.
    pub fn read_only(mut self) -> Self {
        self.settings.read_only = true;
        self
    }

    /// Has web services off from the start.
    pub fn web_services_off(mut self) -> Self {
        self.settings.web_services = false;
        self
    }

    /// Says that it may be called from these addresses only, such as `10.0.0.0/8`.
    ///
    /// # Errors
    /// [`InvalidRange`](super::InvalidRange) when a text is no address and no range.
    pub fn allow_addresses(mut self, ranges: &[&str]) -> Result<Self, super::InvalidRange> {
        self.settings.addresses = ranges.iter().map(|r| r.parse()).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Appends the shape of each answer to this file, one JSON line for each that is new: operation, status, and the body without its values.
    /// What the variable `SECRETSERVER_SIMULATOR_RECORD` names is used when this is not called.
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.record = Some(path.into());
        self
    }

    /// Starts it on the current tokio runtime. Dropping the future before it is ready starts nothing.
    ///
    /// # Errors
    /// When the address is taken, or the state file is unreadable or from a newer version.
    pub async fn start(self) -> Result<Simulator, StartError> {
        let known = self.state_file.as_deref().map(store::load).transpose()?.flatten();
        let fresh = known.is_none();
        let world = if let Some(mut world) = known {
            world.settings = self.settings;
            world
        } else {
            let mut world = World::seeded(self.settings);
            world.grow(self.grow);
            world
        };
        let record = self.record.or_else(|| std::env::var_os(RECORD).map(PathBuf::from));
        let record = record
            .map(|path| Record::open(&path).map_err(|source| StartError::State { path, source }))
            .transpose()?;
        let failed = |source| StartError::Listen { address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let seed = world.seed.clone();
        if let (true, Some(path)) = (fresh, &self.state_file) {
            store::save(path, &world).map_err(|source| StartError::State { path: path.clone(), source })?;
        }
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            faults: Mutex::new(self.faults),
            requests: Mutex::new(Vec::new()),
            state_file: self.state_file,
            record,
        });
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
