//! The directory in memory: the reference for what every other backend must do.

mod account;
mod accounts;
mod builder;
mod changes;
mod checks;
mod deleted;
mod file;
mod find;
mod index;
mod list;
mod log;
mod managed;
mod memberships;
mod object;
mod operations;
mod password;
mod policy;
mod sign_in;
mod structure;
mod world;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

pub use builder::MemoryDirectoryBuilder;

use crate::{Dn, ObjectGuid, Result, Sid};
use file::WorldFile;
use policy::Policies;
use world::World;

/// The attribute that the LDAP backend uses unless told otherwise; here it is only kept from being set twice.
const MARKER_ATTRIBUTE: &str = "adminDescription";

/// Reads the time. Tests give one that they set.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A directory in memory, for tests, for trying things out, and as the reference for what a backend must do.
///
/// It behaves like Active Directory on Windows, also where Samba is laxer: no account is enabled without a password, names are unique among
/// accounts and groups, passwords meet a policy, wrong ones lock, an end is enforced by a clock you set, and protected accounts cannot be
/// changed. Containers and groups must exist; the [builder](Self::builder) makes them.
///
/// Cloning it gives another handle of the same directory. With [`open`](MemoryDirectoryBuilder::open) it lives in a file, and a process
/// that was killed finds it again. Passwords are kept as salted hashes, in memory too; the hash is a quick one and no place for passwords
/// of production systems.
///
/// ```
/// # use ad_directory::{Directory, DirectoryExt, MemoryDirectory, NewAccount, SamAccountName};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = MemoryDirectory::builder("corp.example").unit("Service Accounts").build()?;
/// let unit = "OU=Service Accounts,DC=corp,DC=example".parse()?;
/// let name: SamAccountName = "svc-payroll".parse()?;
/// directory.create_account(&NewAccount::new(unit, name.clone()), Default::default()).await?;
/// assert!(directory.get_account(name).await?.is_disabled());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryDirectory {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<World>,
    file: Option<WorldFile>,
    policies: Policies,
    clock: Clock,
    signed_in_as: Option<Sid>,
}

impl MemoryDirectory {
    /// Begins an empty domain, such as `corp.example`.
    pub fn builder(domain: impl Into<String>) -> MemoryDirectoryBuilder {
        MemoryDirectoryBuilder::new(domain.into())
    }

    /// Opens the directory that [`MemoryDirectoryBuilder::open`] made in this file, with the usual policy and the system's clock.
    ///
    /// # Errors
    /// `Config` when there is none, when it cannot be read, or when a newer version of this crate wrote it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let file = WorldFile::new(path.as_ref());
        let world = file.read_existing()?;
        Ok(Self::assemble(world, Some(file), Policies::default(), Arc::new(Timestamp::now), None))
    }

    /// The accounts that are members of a group, for looking at in tests; empty when there is no such group.
    ///
    /// # Errors
    /// `Storage` when the file cannot be read.
    pub fn members(&self, group: &Dn) -> Result<Vec<ObjectGuid>> {
        self.read(|world| {
            Ok(world
                .groups
                .values()
                .find(|stored| stored.group.dn == *group)
                .map_or_else(Vec::new, |stored| stored.members.iter().copied().collect()))
        })
    }

    fn assemble(
        world: World,
        file: Option<WorldFile>,
        policies: Policies,
        clock: Clock,
        signed_in_as: Option<Sid>,
    ) -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::new(world), file, policies, clock, signed_in_as }) }
    }

    fn now(&self) -> Timestamp {
        (self.shared.clock)()
    }

    fn read<T>(&self, look: impl FnOnce(&World) -> Result<T>) -> Result<T> {
        let mut world = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.shared.file {
            let _lock = file.lock()?;
            *world = file.read_existing()?;
        }
        look(&world)
    }

    /// One change. `make` looks first and changes then: when it fails, it has changed nothing.
    fn change<T>(&self, make: impl FnOnce(&mut World) -> Result<T>) -> Result<T> {
        let mut world = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.shared.file else {
            return make(&mut world);
        };
        // Under the lock of the file, since other processes may have changed it, and in a copy, so that what could not be written is not
        // done here either.
        let _lock = file.lock()?;
        let mut changed = file.read_existing()?;
        let result = make(&mut changed)?;
        file.write(&changed)?;
        *world = changed;
        Ok(result)
    }
}

impl fmt::Debug for MemoryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDirectory")
            .field("policies", &self.shared.policies)
            .field("file", &self.shared.file)
            .finish_non_exhaustive()
    }
}
