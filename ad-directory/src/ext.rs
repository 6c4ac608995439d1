//! What can be said with the trait's few operations, said once.

use std::future::Future;

use crate::{Account, AccountKey, Directory, Error, ErrorKind, FindOptions, Group, GroupKey, Result};

/// Conveniences for every [`Directory`]; they need no implementing.
///
/// Dropping one of these futures is as harmless as dropping the reading operation it consists of.
pub trait DirectoryExt: Directory {
    /// The account with this key.
    ///
    /// # Errors
    /// As [`Directory::find_account`], and `NotFound` when there is none.
    fn get_account(&self, key: impl Into<AccountKey> + Send) -> impl Future<Output = Result<Account>> + Send {
        let key = key.into();
        async move {
            let found = self.find_account(&key, FindOptions::new()).await?;
            found.ok_or_else(|| Error::new(ErrorKind::NotFound, "accounts.find").with_subject(&key))
        }
    }

    /// The group with this key.
    ///
    /// # Errors
    /// As [`Directory::find_group`], and `NotFound` when there is none.
    fn get_group(&self, key: impl Into<GroupKey> + Send) -> impl Future<Output = Result<Group>> + Send {
        let key = key.into();
        async move {
            let found = self.find_group(&key, FindOptions::new()).await?;
            found.ok_or_else(|| Error::new(ErrorKind::NotFound, "groups.find").with_subject(&key))
        }
    }
}

impl<D: Directory + ?Sized> DirectoryExt for D {}
