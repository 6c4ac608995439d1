//! The systems of the story: real ones where flags name them, stand-ins where not.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ad_directory::{Directory, Dn, FindOptions, LdapDirectory, MemoryDirectory, ProbeOptions};
use alm_core::adapter::secret_server::SecretServerVault;
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::engine::{Engine, MarkerKey, PlaceInspector};
use alm_core::model::ids::{DomainId, EngineId};
use alm_core::port::clock::Clock;
use alm_core::port::entropy::{Entropy as _, SystemEntropy};
use alm_core::port::store::Store;
use alm_core::port::vault::Vault;
use alm_core::rules::guard::SweepLimits;
use alm_core::{Alm, Settings};
use jiff::SignedDuration;
use secrecy::SecretString;
use secretserver_client::Client;
use secretserver_client::auth::Password;
use secretserver_client::simulator::Simulator;

use crate::clock::StoryClock;
use crate::fault::Fault;
use crate::hook::ShowEffects;
use crate::options::{Options, Until};
use crate::teller::Teller;

/// How long before today the story begins on a real domain, in days, so that its last chapter, the end of life, plays today: then the controller
/// itself, whose clock nobody puts forward, says that the account has expired.
const DAYS_BACK: i64 = 165;
/// What must be free beside the state file.
const ROOM: usize = 8 << 20;

/// Where accounts and secrets go.
#[derive(Clone, Debug)]
pub struct Places {
    pub domain: String,
    pub base: Dn,
    pub ou: Dn,
    pub retired_ou: Option<Dn>,
    pub groups: Vec<Dn>,
    pub gmsa_readers: Option<Dn>,
    pub vault_url: String,
    pub folder: String,
    pub secret_template: String,
}

/// Everything that the story needs.
pub struct World {
    pub alm: Alm,
    pub clock: Arc<StoryClock>,
    pub directory: Arc<dyn Directory>,
    pub vault: Arc<dyn Vault>,
    pub places: Places,
    pub directory_name: String,
    /// Whether the story's clock is behind the one of the domain.
    pub is_back: bool,
    key: MarkerKey,
    slow: Duration,
    teller: Arc<Teller>,
    store: Arc<SqliteStore>,
    simulator: Option<Simulator>,
    temporary: Option<PathBuf>,
}

impl World {
    pub async fn open(options: &Options, teller: &Arc<Teller>) -> Result<Self, Fault> {
        let temporary = match &options.state {
            Some(_) => None,
            None => Some(temporary_folder()?),
        };
        let opened = Self::open_in(options, temporary.as_deref(), teller).await;
        match opened {
            Ok(world) => Ok(Self { temporary, ..world }),
            Err(fault) => {
                remove(temporary.as_deref());
                Err(fault)
            }
        }
    }

    async fn open_in(
        options: &Options,
        temporary: Option<&Path>,
        teller: &Arc<Teller>,
    ) -> Result<Self, Fault> {
        let kept = options.state.as_deref();
        let state = match (kept, temporary) {
            (Some(state), _) => state.to_owned(),
            (None, Some(folder)) => folder.join("state.db"),
            (None, None) => return Err(Fault::new("there is no place for the state")),
        };
        require_room(&state)?;
        let store = Arc::new(SqliteStore::open(&state, SqliteOptions::default()).await?);
        let beside = |ending: &str| kept.map(|state| with_ending(state, ending));
        let key = marker_key(beside("key").as_deref())?;

        let back = options.directory.is_some() && options.until >= Until::Expired;
        let ahead = if back { SignedDuration::from_hours(-24 * DAYS_BACK) } else { SignedDuration::ZERO };
        let clock = Arc::new(StoryClock::open(beside("clock"), ahead)?);

        let (directory, directory_name, mut places) =
            open_directory(options, beside("directory"), &clock).await?;
        let readers = options.gmsa_readers.as_deref();
        places.gmsa_readers = readers.map(|text| dn("--gmsa-readers", text)).transpose()?;
        if options.tour && options.directory.is_none() && places.gmsa_readers.is_none() {
            places.gmsa_readers = places.groups.first().cloned();
        }
        let (client, simulator) = open_vault(options, beside("vault"), &mut places).await?;
        let vault: Arc<dyn Vault> = Arc::new(SecretServerVault::new(client));

        let mut settings = Settings::default();
        // A call that was not answered within its limit may still be carried out for a moment.
        settings.settle = Duration::from_secs(options.vault_timeout + 3);
        settings.sweep = SweepLimits::default();
        let as_store: Arc<dyn Store> = store.clone();
        let as_clock: Arc<dyn Clock> = clock.clone();
        let inspector = PlaceInspector::new(directory.clone(), vault.clone()).markers(key.clone());
        let alm =
            Alm::builder(as_store, as_clock).settings(settings).inspector(Arc::new(inspector)).open().await?;
        Ok(Self {
            alm,
            clock,
            directory,
            vault,
            places,
            directory_name,
            key,
            is_back: back,
            slow: Duration::from_millis(options.slow),
            teller: Arc::clone(teller),
            store,
            simulator,
            temporary: None,
        })
        .inspect(|world: &Self| world.introduce(options, teller, &state))
    }

    fn introduce(&self, options: &Options, teller: &Teller, state: &Path) {
        teller.chapter("The systems");
        teller.say(format!("directory  {}", self.directory_name));
        let simulated = if self.simulator.is_some() { " (simulator)" } else { "" };
        teller.say(format!("vault      {}{simulated}", self.places.vault_url));
        let kept = if options.state.is_some() { "" } else { " (removed at the end)" };
        teller.say(format!("state      {}{kept}", state.display()));
        teller.say(format!("clock      says {}", self.clock.now().strftime("%Y-%m-%d %H:%M UTC")));
    }

    /// The engine for a domain. There is one, and the state file's lock makes sure of it.
    pub fn engine(&self, domain: DomainId) -> Result<Engine, Fault> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let hook = ShowEffects { teller: self.teller.clone(), slow: self.slow };
        Ok(Engine::builder(
            EngineId::new(self.alm.instance().uuid()),
            domain,
            Arc::new(self.alm.clone()),
            self.directory.clone(),
            self.vault.clone(),
            clock,
            self.key.clone(),
        )
        .hook(Arc::new(hook))
        .take_back(true)
        .build()?)
    }

    pub async fn close(self) {
        drop(self.alm);
        drop(self.store);
        if let Some(simulator) = self.simulator {
            simulator.shutdown().await;
        }
        remove(self.temporary.as_deref());
    }
}

fn with_ending(state: &Path, ending: &str) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn temporary_folder() -> Result<PathBuf, Fault> {
    let fault =
        |error: &dyn std::fmt::Display| Fault::new(format!("cannot make a temporary folder: {error}"));
    let mut random = [0; 8];
    SystemEntropy::new().fill(&mut random).map_err(|error| fault(&error))?;
    let name = format!("lifecycle-{:016x}", u64::from_be_bytes(random));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir(&folder).map_err(|error| fault(&error))?;
    Ok(folder)
}

fn remove(folder: Option<&Path>) {
    if let Some(folder) = folder {
        // What cannot be removed stays in the temporary folder, and holds no password.
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// A disk that fills up in the middle stops the story until there is room again. Better to know before it begins.
fn require_room(state: &Path) -> Result<(), Fault> {
    let probe = with_ending(state, "room");
    let written = std::fs::File::create(&probe)
        .and_then(|mut file| file.write_all(&vec![0; ROOM]).and_then(|()| file.sync_all()));
    let _ = std::fs::remove_file(&probe);
    written.map_err(|error| {
        let full = matches!(
            error.kind(),
            std::io::ErrorKind::StorageFull
                | std::io::ErrorKind::QuotaExceeded
                | std::io::ErrorKind::FileTooLarge
        );
        Fault::new(if full {
            format!(
                "the disk is full: {} MiB are needed beside {}; make room and start again",
                ROOM >> 20,
                state.display()
            )
        } else {
            format!("cannot write beside {}: {error}; choose another --state", state.display())
        })
    })
}

/// The key of the markers: never in the state file. Made once, readable by its owner alone.
fn marker_key(path: Option<&Path>) -> Result<MarkerKey, Fault> {
    let mut key = vec![0; 32];
    match path {
        Some(path) if path.exists() => {
            key = std::fs::read(path).map_err(|error| {
                Fault::new(format!("cannot read the marker key {}: {error}", path.display()))
            })?;
        }
        _ => {
            SystemEntropy::new().fill(&mut key)?;
            if let Some(path) = path {
                write_private(path, &key).map_err(|error| {
                    Fault::new(format!("cannot write the marker key {}: {error}", path.display()))
                })?;
            }
        }
    }
    Ok(MarkerKey::new(key)?)
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn dn(flag: &str, text: &str) -> Result<Dn, Fault> {
    text.parse().map_err(|error| Fault::new(format!("{flag} {text:?} is no distinguished name: {error}")))
}

fn password(flag: &str, variable: Option<&String>) -> Result<SecretString, Fault> {
    let variable = variable.map_or("", String::as_str);
    match std::env::var(variable) {
        Ok(password) if !password.is_empty() => Ok(SecretString::from(password)),
        _ => Err(Fault::new(format!("{flag} names the variable {variable:?}, which is not set or empty"))),
    }
}

async fn open_directory(
    options: &Options,
    file: Option<PathBuf>,
    clock: &Arc<StoryClock>,
) -> Result<(Arc<dyn Directory>, String, Places), Fault> {
    let places = |domain: String, base: Dn, ou: Dn, retired_ou: Option<Dn>, groups: Vec<Dn>| Places {
        domain,
        base,
        ou,
        retired_ou,
        groups,
        gmsa_readers: None,
        vault_url: String::new(),
        folder: String::new(),
        secret_template: String::new(),
    };
    let Some(url) = &options.directory else {
        let base = dn("the stand-in's domain", "DC=corp,DC=example,DC=com")?;
        let group = "CN=app-readers,CN=Users,DC=corp,DC=example,DC=com";
        let now = Arc::clone(clock);
        let builder = MemoryDirectory::builder("corp.example.com")
            .unit("Service Accounts")
            .unit("Retired")
            .group("app-readers")
            .clock(move || now.now());
        let directory = match file {
            Some(file) => builder.open(file)?,
            None => builder.build()?,
        };
        let unit = |name: &str| dn("the stand-in's OU", &format!("OU={name},DC=corp,DC=example,DC=com"));
        let places = places(
            "corp.example.com".to_owned(),
            base,
            unit("Service Accounts")?,
            Some(unit("Retired")?),
            vec![dn("the stand-in's group", group)?],
        );
        return Ok((Arc::new(directory), "corp.example.com, in memory".to_owned(), places));
    };
    let base = dn("--base-dn", options.base_dn.as_deref().unwrap_or_default())?;
    let ou = dn("--ou", options.ou.as_deref().unwrap_or_default())?;
    let retired = options.retired_ou.as_deref().map(|text| dn("--retired-ou", text)).transpose()?;
    let groups = options.groups.iter().map(|text| dn("--group", text)).collect::<Result<Vec<_>, _>>()?;
    let mut builder = LdapDirectory::builder(url)
        .base_dn(base.clone())
        .bind_name(options.bind.clone().unwrap_or_default())
        .password(password("--bind-password-env", options.bind_password_env.as_ref())?);
    if let Some(file) = &options.ca_file {
        builder = builder.ca_file(file);
    }
    let directory = builder.build()?;
    let probe = directory.probe(ProbeOptions::new()).await.map_err(|error| {
        let bind = options.bind.as_deref().unwrap_or_default();
        Fault::from(error).concerning(&format!("--directory {url}, --bind {bind}"))
    })?;
    // Said now, with the flag's name, and not first by a template that cannot be published.
    for (flag, place) in [("--ou", Some(&ou)), ("--retired-ou", retired.as_ref())] {
        if let Some(place) = place
            && directory.find_container(place, FindOptions::new()).await?.is_none()
        {
            return Err(Fault::new(format!(
                "{flag} {place} does not exist in the domain, or may not be seen; create it or name another"
            )));
        }
    }
    let domain =
        base.domain().ok_or_else(|| Fault::new(format!("--base-dn {base} is not the root of a domain")))?;
    let name = format!("{domain}, controller {}", probe.controller);
    Ok((Arc::new(directory), name, places(domain, base, ou, retired, groups)))
}

async fn open_vault(
    options: &Options,
    file: Option<PathBuf>,
    places: &mut Places,
) -> Result<(Client, Option<Simulator>), Fault> {
    let limit = Duration::from_secs(options.vault_timeout);
    let Some(url) = &options.vault else {
        let mut builder = Simulator::builder();
        if let Some(file) = file {
            builder = builder.state_file(file);
        }
        let simulator = builder.start().await.map_err(|error| Fault::new(error.to_string()))?;
        let seed = simulator.seed();
        places.vault_url = simulator.url().to_owned();
        places.folder = seed.folder_id.to_string();
        places.secret_template = seed.template_id.to_string();
        let client = Client::builder(simulator.url())
            .credential(Password::new(seed.username.clone(), seed.password.clone().into()))
            .total_timeout(limit)
            .build()?;
        return Ok((client, Some(simulator)));
    };
    places.vault_url.clone_from(url);
    places.folder = options.vault_folder.clone().unwrap_or_default();
    places.secret_template = options.vault_template.clone().unwrap_or_default();
    let password = password("--vault-password-env", options.vault_password_env.as_ref())?;
    let mut builder = Client::builder(url)
        .credential(Password::new(options.vault_user.clone().unwrap_or_default(), password))
        .total_timeout(limit);
    if let Some(file) = &options.vault_ca_file {
        let pem = std::fs::read(file)
            .map_err(|error| Fault::new(format!("--vault-ca-file {}: {error}", file.display())))?;
        builder = builder.authority(pem);
    }
    let client = builder.build()?;
    client.users().current().await.map_err(|error| {
        let user = options.vault_user.as_deref().unwrap_or_default();
        Fault::from(error).concerning(&format!("--vault {url}, --vault-user {user}"))
    })?;
    Ok((client, None))
}
