//! What can be said with the trait's few operations, said once.

use std::future::Future;

use futures_util::TryStreamExt;

use crate::{
    Account, AccountKey, DeletedAccount, Directory, Discovery, Error, ErrorKind, FindOptions, Finding, Group,
    GroupKey, ListDeletedOptions, ListMembersOptions, ListOptions, Listing, ManagedAccount, Member,
    ObjectGuid, Query, Result, discovery,
};

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

    /// All accounts that fit, at once. For many, read [`Directory::list_accounts`] piece by piece.
    ///
    /// # Errors
    /// As [`Directory::list_accounts`].
    fn all_accounts(&self, query: &Query) -> impl Future<Output = Result<Vec<Account>>> + Send {
        self.list_accounts(query, ListOptions::new()).try_collect()
    }

    /// All members of a group, at once; those of its groups too, when `nested`.
    ///
    /// # Errors
    /// As [`Directory::list_members`].
    fn all_members(
        &self,
        group: impl Into<GroupKey> + Send,
        nested: bool,
    ) -> impl Future<Output = Result<Vec<Member>>> + Send {
        self.list_members(&group.into(), ListMembersOptions::new().nested(nested)).try_collect()
    }

    /// All managed accounts that fit, at once.
    ///
    /// # Errors
    /// As [`Directory::list_managed_accounts`].
    fn all_managed_accounts(
        &self,
        query: &Query,
    ) -> impl Future<Output = Result<Vec<ManagedAccount>>> + Send {
        self.list_managed_accounts(query, ListOptions::new()).try_collect()
    }

    /// All deleted accounts that fit, at once.
    ///
    /// # Errors
    /// As [`Directory::list_deleted`].
    fn all_deleted(
        &self,
        options: ListDeletedOptions,
    ) -> impl Future<Output = Result<Vec<DeletedAccount>>> + Send {
        self.list_deleted(options).try_collect()
    }

    /// The deleted account with this identity, or `None` when there is none or it may not be seen.
    ///
    /// # Errors
    /// As [`Directory::list_deleted`].
    fn find_deleted(&self, id: ObjectGuid) -> impl Future<Output = Result<Option<DeletedAccount>>> + Send {
        let mut list = self.list_deleted(ListDeletedOptions::new().guid(id));
        async move { list.try_next().await }
    }

    /// Accounts that look like service accounts, each with its reasons; piece by piece. Findings come in the order of the directory: sort by
    /// [`Finding::score`](crate::Finding::score) what should be looked at first.
    ///
    /// # Errors
    /// In the list, as [`Directory::list_accounts`].
    fn discover(&self, discovery: &Discovery) -> Listing<Finding> {
        discovery::discover(self, discovery)
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
