//! What a case stands on.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use secrecy::SecretString;
use uuid::Uuid;

use super::Deviation;
use crate::{
    Account, AccountKey, ChangeSource, CreateOptions, DeleteOptions, Directory, Dn, Error, ErrorKind,
    FindOptions, GroupKey, GroupName, NewAccount, ObjectGuid, Result, SamAccountName,
};

/// A directory with what the cases need in it.
pub struct Ground {
    /// The directory.
    pub directory: Arc<dyn Directory>,
    /// The same one, through which the cases read; for wrappers through which nothing else can be done.
    pub reader: Arc<dyn Directory>,
    /// The same one, signed in as somebody who may also make groups, units and managed accounts in `unit`, and see deleted accounts.
    pub manager: Arc<dyn Directory>,
    /// Where accounts are made.
    pub unit: Dn,
    /// Where they are moved to.
    pub retired: Dn,
    /// By what changes are read; the backend's own choice without it.
    pub change_source: Option<ChangeSource>,
    group: String,
    other_group: String,
    pub(super) deviations: &'static [Deviation],
    made: Mutex<Vec<ObjectGuid>>,
    made_managed: Mutex<Vec<ObjectGuid>>,
    numbers: AtomicU32,
    prefix: String,
    guard: Option<Box<dyn std::any::Any + Send + Sync>>,
}

impl Ground {
    /// A directory, two units of it, and the `sAMAccountName`s of two groups. Its policy must take passwords of 20 characters of four kinds and refuse those of
    /// six; it must lock an account after at most ten wrong ones.
    pub fn new(directory: impl Directory, unit: Dn, retired: Dn, group: &str, other_group: &str) -> Self {
        let mut prefix = Uuid::new_v4().simple().to_string();
        prefix.truncate(8);
        let directory: Arc<dyn Directory> = Arc::new(directory);
        Self {
            reader: Arc::clone(&directory),
            manager: Arc::clone(&directory),
            directory,
            unit,
            retired,
            change_source: None,
            group: group.to_owned(),
            other_group: other_group.to_owned(),
            deviations: &[],
            made: Mutex::default(),
            made_managed: Mutex::default(),
            numbers: AtomicU32::new(0),
            prefix,
            guard: None,
        }
    }

    /// Another signing account makes the groups and units.
    #[must_use]
    pub fn manager(mut self, manager: impl Directory) -> Self {
        self.manager = Arc::new(manager);
        self
    }

    /// Through another one, what is made is read back.
    #[must_use]
    pub fn reader(mut self, reader: impl Directory) -> Self {
        self.reader = Arc::new(reader);
        self
    }

    /// What the server is known to do otherwise, such as [`SAMBA`](super::SAMBA). Each must occur.
    #[must_use]
    pub const fn deviations(mut self, deviations: &'static [Deviation]) -> Self {
        self.deviations = deviations;
        self
    }

    /// Changes are read by this source.
    #[must_use]
    pub const fn change_source(mut self, source: ChangeSource) -> Self {
        self.change_source = Some(source);
        self
    }

    /// Something that must live as long as the directory, such as a temporary folder.
    #[must_use]
    pub fn guard(mut self, guard: impl std::any::Any + Send + Sync) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    /// Deletes what the case has made.
    pub async fn clean_up(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for guid in made {
            // Most cases have moved, locked or deleted some of it; the next one uses other names anyway.
            let _gone = self.directory.delete_account(guid, DeleteOptions::new()).await;
        }
        let made = std::mem::take(&mut *self.made_managed.lock().unwrap_or_else(PoisonError::into_inner));
        for guid in made {
            let _gone = self.manager.delete_managed_account(guid, DeleteOptions::new()).await;
        }
    }

    /// A sign-in name that nothing else has.
    pub(super) fn name(&self) -> Result<SamAccountName> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Ok(format!("T-{}-{number}", self.prefix).parse()?)
    }

    /// An account that does not exist yet, with a good password.
    pub(super) fn draft(&self) -> Result<NewAccount> {
        Ok(NewAccount::new(self.unit.clone(), self.name()?).password(good_password()))
    }

    pub(super) async fn create(&self, new: &NewAccount) -> Result<Account> {
        let account = self.directory.create_account(new, CreateOptions::new()).await?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(account.guid);
        Ok(account)
    }

    /// To be deleted when the case is over.
    pub(super) fn remember_managed(&self, guid: ObjectGuid) {
        self.made_managed.lock().unwrap_or_else(PoisonError::into_inner).push(guid);
    }

    /// An account with a good password, disabled.
    pub(super) async fn account(&self) -> Result<Account> {
        self.create(&self.draft()?).await
    }

    pub(super) async fn find(&self, key: impl Into<AccountKey> + Send) -> Result<Option<Account>> {
        self.reader.find_account(&key.into(), FindOptions::new()).await
    }

    /// The account as it is now.
    pub(super) async fn now(&self, guid: ObjectGuid) -> Result<Account> {
        let found = self.find(guid).await?;
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, "conformance").with_subject(guid))
    }

    pub(super) fn group(&self) -> Result<GroupKey> {
        Ok(GroupKey::SamAccountName(self.group.parse::<GroupName>()?))
    }

    pub(super) fn other_group(&self) -> Result<GroupKey> {
        Ok(GroupKey::SamAccountName(self.other_group.parse::<GroupName>()?))
    }
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// 36 characters of four kinds, and another one every time.
pub(super) fn good_password() -> SecretString {
    SecretString::from(format!("Zq1!{}", Uuid::new_v4().simple()))
}

/// The error of what must fail, when it is of the right kind.
pub(super) fn refused<T: fmt::Debug>(result: Result<T>, kind: ErrorKind) -> Result<Error, String> {
    match result {
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => Err(format!("it should be refused as {kind:?}, and is as {error:?}")),
        Ok(value) => Err(format!("it should be refused as {kind:?}, and answers {value:?}")),
    }
}
