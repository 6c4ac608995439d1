//! A domain, before it begins.

use std::{fmt, path::Path, sync::Arc};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Clock, MemoryDirectory,
    file::WorldFile,
    index::Names,
    policy::Policies,
    world::{COMPUTERS, StoredAccount, USERS, World},
};
use crate::{
    Account, Container, ContainerKind, Controller, Dn, Error, ErrorKind, Group, ObjectGuid, PasswordPolicy,
    Result, Sid,
};

/// Builds a [`MemoryDirectory`]: what a directory's administrators make before accounts are managed in it.
#[must_use]
pub struct MemoryDirectoryBuilder {
    domain: String,
    units: Vec<String>,
    groups: Vec<(String, bool)>,
    protected_accounts: Vec<String>,
    policies: Policies,
    recycle_bin: bool,
    root_key: Option<Timestamp>,
    signed_in_as: Option<Sid>,
    controller: Option<Controller>,
    clock: Clock,
    change_log: Option<usize>,
}

impl MemoryDirectoryBuilder {
    pub(super) fn new(domain: String) -> Self {
        Self {
            domain,
            units: Vec::new(),
            groups: Vec::new(),
            protected_accounts: Vec::new(),
            policies: Policies::default(),
            recycle_bin: false,
            // Older than ten hours, whatever clock the tests set.
            root_key: Some(Timestamp::UNIX_EPOCH),
            signed_in_as: None,
            controller: None,
            clock: Arc::new(Timestamp::now),
            change_log: None,
        }
    }

    /// An organizational unit: a name below the domain (`Service Accounts`), or a whole DN, whose units above are made too.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.units.push(unit.into());
        self
    }

    /// A global security group: a name in `CN=Users`, or a whole DN.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.groups.push((group.into(), false));
        self
    }

    /// A group that the directory protects, such as `Domain Admins`: its members cannot be changed.
    pub fn protected_group(mut self, group: impl Into<String>) -> Self {
        self.groups.push((group.into(), true));
        self
    }

    /// An account that the directory protects, such as `krbtgt`: it cannot be changed. It is made in `CN=Users`.
    pub fn protected_account(mut self, sam_account_name: impl Into<String>) -> Self {
        self.protected_accounts.push(sam_account_name.into());
        self
    }

    /// Another password policy.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.policies.domain = policy;
        self
    }

    /// A fine-grained password policy that holds for the members of a group (by its `sAMAccountName`), directly or through others. Of two that
    /// would, the one that was given first does.
    pub fn fine_grained_policy(mut self, group: impl Into<String>, policy: PasswordPolicy) -> Self {
        self.policies.of_groups.push((group.into(), policy));
        self
    }

    /// Whether deleted accounts keep what they had until they are restored. Off, as in a fresh forest.
    pub const fn recycle_bin(mut self, on: bool) -> Self {
        self.recycle_bin = on;
        self
    }

    /// When the key was made from which passwords of managed accounts are made; `None`: there is none. Without this, there is an old one.
    pub const fn root_key(mut self, made: Option<Timestamp>) -> Self {
        self.root_key = made;
        self
    }

    /// The identity with which passwords of managed accounts are read. Without one, nobody may read any.
    pub fn signed_in_as(mut self, sid: Sid) -> Self {
        self.signed_in_as = Some(sid);
        self
    }

    /// Another name and identity of the controller than `dc1.` and the domain, and a random one.
    pub fn controller(mut self, controller: Controller) -> Self {
        self.controller = Some(controller);
        self
    }

    /// Another clock than the system's: it decides what has expired and how long an account stays locked.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How many changes are remembered for [`list_changes`](crate::Directory::list_changes); 10,000 without it. A token from before the oldest of
    /// them is answered with `ResyncNeeded`, as a controller does after its tombstone lifetime.
    pub const fn change_log(mut self, entries: usize) -> Self {
        self.change_log = Some(entries);
        self
    }

    /// The directory, in memory only.
    ///
    /// # Errors
    /// `Invalid` when a name is not one; `Config` when two are the same.
    pub fn build(self) -> Result<MemoryDirectory> {
        let world = self.world()?;
        Ok(MemoryDirectory::assemble(world, None, self.policies, self.clock, self.signed_in_as))
    }

    /// The directory in a file: the one that is there, whatever units and groups this builder names; or, when there is no file, a new one.
    ///
    /// Every change is written and synced before it is answered; one that cannot be written is not made and fails with `Storage`. Only the
    /// owner can read the file (mode 0600). Several processes may have it open; a second file beside it, `.lock`, keeps them apart.
    ///
    /// # Errors
    /// As for [`build`](Self::build); `Config` when the file is damaged or of a newer version; `Storage` when it cannot be written.
    pub fn open(self, path: impl AsRef<Path>) -> Result<MemoryDirectory> {
        let file = WorldFile::new(path.as_ref());
        let lock = file.lock()?;
        let world = if let Some(world) = file.read()? {
            world
        } else {
            let world = self.world()?;
            file.write(&world)?;
            world
        };
        drop(lock);
        Ok(MemoryDirectory::assemble(world, Some(file), self.policies, self.clock, self.signed_in_as))
    }

    fn world(&self) -> Result<World> {
        let domain = Dn::from_domain(&self.domain)?;
        let controller = self.controller.clone().unwrap_or_else(|| {
            let mut controller = Controller::new(format!("dc1.{}", self.domain));
            controller.invocation_id = Some(Uuid::new_v4());
            controller
        });
        let (a, b) = Uuid::new_v4().as_u64_pair();
        let sid = Sid::new(5, vec![21, low(a), low(a >> 32), low(b)])?;
        let mut world = World::new(domain.clone(), sid, controller);
        if let Some(entries) = self.change_log {
            world.log.limit(entries);
        }
        world.recycle_bin = self.recycle_bin;
        world.root_key = self.root_key.map(|made| (made, made));
        let users = domain.child("Users")?;
        let managed = domain.child("Managed Service Accounts")?;
        world.add_container(Container::new(new_guid(), domain.clone(), ContainerKind::Domain));
        world.add_container(Container::new(new_guid(), users.clone(), ContainerKind::Container));
        world.add_container(Container::new(new_guid(), managed, ContainerKind::Container));
        for unit in &self.units {
            let dn = if unit.contains('=') { unit.parse()? } else { domain.unit(unit)? };
            add_unit(&mut world, &dn)?;
        }
        for (name, rid) in [("Domain Users", USERS), ("Domain Computers", COMPUTERS)] {
            let mut group = Group::new(new_guid(), users.child(name)?, name.parse()?);
            group.sid = world.domain_sid.with_rid(rid).ok();
            world.add_group(group);
        }
        for (group, protected) in &self.groups {
            let dn: Dn = if group.contains('=') { group.parse()? } else { users.child(group)? };
            let mut group = Group::new(new_guid(), dn.clone(), dn.name().parse()?);
            group.sid = world.next_sid();
            group.is_protected = *protected;
            if world.find_group(&group.name.clone().into()).is_some() {
                return Err(conflict(&dn));
            }
            if dn.parent().and_then(|parent| world.find_container(&parent)).is_none() {
                return Err(misplaced(&dn));
            }
            world.add_group(group);
        }
        for name in &self.protected_accounts {
            let mut account = Account::new(new_guid(), users.child(name)?, name.parse()?);
            account.is_protected = true;
            account.sid = world.next_sid();
            account.primary_group_id = Some(USERS);
            account.when_created = Some((self.clock)());
            world
                .index
                .check(&Names::of_account(&account), "memory.build")
                .map_err(|_| conflict(&account.dn))?;
            world.put_account(StoredAccount::new(account));
        }
        Ok(world)
    }
}

fn add_unit(world: &mut World, dn: &Dn) -> Result<()> {
    if !dn.is_below(&world.domain) {
        return Err(misplaced(dn));
    }
    if world.find_container(dn).is_some() {
        return Ok(());
    }
    if let Some(parent) = dn.parent()
        && world.find_container(&parent).is_none()
    {
        add_unit(world, &parent)?;
    }
    world.add_container(Container::new(new_guid(), dn.clone(), ContainerKind::OrganizationalUnit));
    Ok(())
}

fn new_guid() -> ObjectGuid {
    Uuid::new_v4().into()
}

#[allow(clippy::cast_possible_truncation, reason = "the low half of random bits is wanted")]
const fn low(bits: u64) -> u32 {
    bits as u32
}

fn conflict(dn: &Dn) -> Error {
    Error::new(ErrorKind::Config, "memory.build").with_subject(dn).with_reason("the name is there twice")
}

fn misplaced(dn: &Dn) -> Error {
    Error::new(ErrorKind::Config, "memory.build")
        .with_subject(dn)
        .with_reason("it lies in no container of this domain")
}

impl fmt::Debug for MemoryDirectoryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDirectoryBuilder")
            .field("domain", &self.domain)
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}
