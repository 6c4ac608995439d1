//! The trait that every backend implements.

use std::fmt::Debug;

use crate::{Error, ErrorKind, listing};

pub(crate) mod methods;

use methods::{for_each_method, prelude::*};

/// A directory that holds accounts.
///
/// It speaks of accounts, groups and containers, not of a protocol, and is used as `Arc<dyn Directory>`. Conveniences are in
/// [`DirectoryExt`](crate::DirectoryExt).
///
/// # Identity
///
/// What changes an account names it by its [`ObjectGuid`], which it keeps when it moves, and never by its name.
///
/// # Cancellation
///
/// Dropping the future of a reading operation is harmless. Dropping that of a changing one leaves the change as
/// [`Outcome::Unknown`](crate::Outcome::Unknown): it may have been sent, and nobody reads the answer. Read the object before you repeat it.
///
/// # Errors
///
/// Every operation may fail with `Connect`, `Tls`, `Timeout`, `Interrupted`, `Auth`, `Busy` or `Protocol` (see
/// [`ErrorKind`](crate::ErrorKind)); what else it may fail with stands beside it.
#[async_trait]
pub trait Directory: Debug + Send + Sync + 'static {
    /// What this backend can do. Asks nobody.
    fn capabilities(&self) -> Capabilities;

    /// Who answers, which domain it serves, and what its clock says.
    async fn probe(&self, options: ProbeOptions) -> Result<Probe>;

    /// A view of the same directory that talks to one controller only, so that it reads its own writes. It is as cheap as a clone, and
    /// the connections are shared.
    ///
    /// # Errors
    /// `WrongController` when the one that answers is not the one that was asked for (its `invocation_id` differs), `Invalid` when it is
    /// not one of the configured ones.
    async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>>;

    /// The account with this key, or `None`. Groups, computers and contacts are never found.
    ///
    /// # Errors
    /// `Ambiguous` when there is more than one.
    async fn find_account(&self, key: &AccountKey, options: FindOptions) -> Result<Option<Account>>;

    /// The group with this key, or `None`.
    ///
    /// # Errors
    /// `Ambiguous` when there is more than one.
    async fn find_group(&self, key: &GroupKey, options: FindOptions) -> Result<Option<Group>>;

    /// The organizational unit, container or domain of this name, or `None`.
    async fn find_container(&self, dn: &Dn, options: FindOptions) -> Result<Option<Container>>;

    /// The accounts that fit, piece by piece. Groups, computers, contacts and managed accounts are never among them.
    ///
    /// A list that is being read may hold one of the backend's connections.
    ///
    /// # Errors
    /// In the list: `NotFound` when the place to look below does not exist; `Unsupported` as the default body.
    fn list_accounts(&self, _query: &Query, _options: ListOptions) -> Listing<Account> {
        listing::unsupported("accounts.list")
    }

    /// The groups that fit.
    ///
    /// # Errors
    /// As for [`list_accounts`](Self::list_accounts).
    fn list_groups(&self, _query: &Query, _options: ListOptions) -> Listing<Group> {
        listing::unsupported("groups.list")
    }

    /// The organizational units and containers that fit.
    ///
    /// # Errors
    /// As for [`list_accounts`](Self::list_accounts).
    fn list_containers(&self, _query: &Query, _options: ListOptions) -> Listing<Container> {
        listing::unsupported("containers.list")
    }

    /// The members of a group, and those of its groups when the options say so; those whose primary group it is only when the options say
    /// that. Members from other domains of the forest come last, as [`MemberKind::Elsewhere`](crate::MemberKind::Elsewhere); what is in a
    /// group of another domain is not looked for.
    ///
    /// # Errors
    /// In the list: `NotFound` when there is no such group; `Unsupported` as the default body.
    fn list_members(&self, _group: &GroupKey, _options: ListMembersOptions) -> Listing<Member> {
        listing::unsupported("groups.list_members")
    }

    /// What has changed since [`ChangesOptions::token`], in pieces; without a token everything that there is, and then the token to begin with.
    ///
    /// Apply a piece, store its [`token`](ChangeBatch::token), and only then read the next one. Whoever is killed in between hands the old token in
    /// again and is told the same once more: nothing is lost, and everything can be applied twice. A reading with no changes ends with one
    /// empty piece.
    ///
    /// ```
    /// # use ad_directory::{ChangeEvent, ChangesOptions, Directory, ErrorKind, MemoryDirectory};
    /// # use futures_util::TryStreamExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ad_directory::Error> {
    /// # let directory = MemoryDirectory::builder("corp.example").build()?;
    /// # let mut stored: Option<ad_directory::ChangeToken> = None;
    /// let mut options = ChangesOptions::new();
    /// options.token = stored.clone();
    /// let mut batches = directory.list_changes(options);
    /// loop {
    ///     match batches.try_next().await {
    ///         Ok(Some(batch)) => {
    ///             for change in &batch.changes {
    ///                 // Apply it to your own picture of the directory, by `change.guid`.
    ///             }
    ///             stored = Some(batch.token); // Last, and in the same transaction if there is one.
    ///         }
    ///         Ok(None) => break,
    ///         // Begin again without a token; what is not named by then is gone.
    ///         Err(error) if error.kind() == ErrorKind::ResyncNeeded => { stored = None; break }
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// In the list: `ResyncNeeded` when the token is of no use any more; `Invalid` when it is of another domain; `NotFound` when the place to
    /// look below does not exist; `Unsupported` as the default body.
    fn list_changes(&self, _options: ChangesOptions) -> Listing<ChangeBatch> {
        listing::unsupported("changes.list")
    }

    /// Makes an account and reads it back.
    ///
    /// # Errors
    /// `AlreadyExists` when the common name, sign-in name, principal name or a service name is taken; `NotFound` when the container does
    /// not exist; `PasswordPolicy` when the password does not meet the policy, or there is none and the account should be enabled;
    /// `Forbidden`; `Invalid`. After [`Outcome::Unknown`](crate::Outcome::Unknown) look for the marker on the same controller; after
    /// `Done` the account exists and could only not be read back.
    async fn create_account(&self, account: &NewAccount, options: CreateOptions) -> Result<Account>;

    /// Changes an account in one request and reads it back.
    ///
    /// # Errors
    /// `NotFound`; `MarkerMismatch`; `AlreadyExists` when a new name is taken; `PasswordPolicy` when it should be enabled and has no
    /// password; `Forbidden`; `Constraint`; `Invalid` when nothing would change.
    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        options: UpdateOptions,
    ) -> Result<Account>;

    /// Sets a password without knowing the old one.
    ///
    /// # Errors
    /// `NotFound`; `MarkerMismatch`; `PasswordPolicy`; `Forbidden`; `Invalid` for an empty password.
    async fn set_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: SetPasswordOptions,
    ) -> Result<()>;

    /// Asks the directory, by signing in with it, whether this is the account's password.
    ///
    /// A wrong one counts towards the lock-out of the account, so at most two tries per occasion.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for an empty password, with which a sign-in would succeed as nobody.
    async fn check_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: CheckPasswordOptions,
    ) -> Result<PasswordCheck>;

    /// Moves an account into another container, with a new common name if wanted, and reads it back.
    ///
    /// # Errors
    /// `NotFound` for the account or the container; `AlreadyExists` when the common name is taken there; `MarkerMismatch`; `Forbidden`.
    async fn move_account(&self, id: ObjectGuid, to: &Dn, options: MoveOptions) -> Result<Account>;

    /// Deletes an account.
    ///
    /// # Errors
    /// `NotFound` when it does not exist, which after an `Unknown` outcome is good news; `MarkerMismatch`; `Forbidden`.
    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()>;

    /// Makes an account, a managed account, a computer or another group a member of a group. Being one already is success.
    ///
    /// # Errors
    /// `NotFound` for the group or the member; `Constraint` for a group that may not be in this one; `Forbidden`.
    async fn add_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        options: MemberOptions,
    ) -> Result<MembershipChange>;

    /// Ends a membership of a group. Not being one is success.
    ///
    /// # Errors
    /// `NotFound` for the group or the member; `Forbidden`; `Constraint` for its primary group.
    async fn remove_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        options: MemberOptions,
    ) -> Result<MembershipChange>;

    /// Sets a new password by proving the old one, as the account itself would: its policy, with history and least age, holds.
    ///
    /// A wrong old password counts towards the lock-out of the account, so at most two tries per occasion.
    ///
    /// # Errors
    /// `WrongPassword` when the old one is not right; `NotFound`; `PasswordPolicy`; `Forbidden`; `Invalid` for an empty password;
    /// `Unsupported` as the default body.
    async fn change_password(
        &self,
        _id: ObjectGuid,
        _old: &SecretString,
        _new: &SecretString,
        _options: ChangePasswordOptions,
    ) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "accounts.change_password"))
    }

    /// Makes a group and reads it back.
    ///
    /// # Errors
    /// `AlreadyExists` when its name or common name is taken; `NotFound` when the container does not exist; `Forbidden`; `Invalid`;
    /// `Unsupported` as the default body.
    async fn create_group(&self, _group: &NewGroup, _options: CreateOptions) -> Result<Group> {
        Err(Error::new(ErrorKind::Unsupported, "groups.create"))
    }

    /// Deletes a group. Its members stay what they are.
    ///
    /// # Errors
    /// `NotFound` when there is no such group; `Forbidden`; `Unsupported` as the default body.
    async fn delete_group(&self, _id: ObjectGuid, _options: DeleteGroupOptions) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "groups.delete"))
    }

    /// Begins and ends many memberships of a group in one request: all of it is done, or nothing. Who is as wanted already is no error.
    ///
    /// # Errors
    /// `NotFound` for the group or one of the members; `Invalid` for more than [`MemberChanges::MAX`] or one that both joins and leaves;
    /// `Constraint` for a member whose primary group it is; `Busy` when others keep changing the same memberships; `Forbidden`;
    /// `Unsupported` as the default body.
    async fn change_members(
        &self,
        _group: &GroupKey,
        _changes: &MemberChanges,
        _options: MemberOptions,
    ) -> Result<MembersChanged> {
        Err(Error::new(ErrorKind::Unsupported, "groups.change_members"))
    }

    /// Makes an organizational unit and reads it back.
    ///
    /// # Errors
    /// `AlreadyExists` when its name is taken there; `NotFound` when the place does not exist; `Forbidden`; `Invalid`; `Unsupported` as
    /// the default body.
    async fn create_container(
        &self,
        _container: &NewContainer,
        _options: CreateOptions,
    ) -> Result<Container> {
        Err(Error::new(ErrorKind::Unsupported, "containers.create"))
    }

    /// Deletes an organizational unit; with all that lies in it only when the options say so.
    ///
    /// # Errors
    /// `NotFound` when there is no such unit: containers and domains are never deleted; `Constraint` when something lies in it;
    /// `Forbidden`, also when it is protected from deletion; `Unsupported` as the default body.
    async fn delete_container(&self, _id: ObjectGuid, _options: DeleteContainerOptions) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "containers.delete"))
    }

    /// Brings a deleted account back: its identity is the same, and it is disabled.
    ///
    /// A controller gives it back as it was, so one that was enabled is disabled by a second request right after.
    ///
    /// Without the Recycle Bin of the forest, everything but its names, its identity and its flags is lost: its password, memberships, service
    /// names, marker and texts. With it, all of that comes back. Restoring an account that is not deleted is `NotFound`.
    ///
    /// # Errors
    /// `NotFound` when no deleted account with this identity can be seen (administrators see them, others by delegation), or when the container
    /// it should go to does not exist; `AlreadyExists` when one of its names is taken by now; `Constraint` when the controller cannot restore it;
    /// `Forbidden`; `Unsupported` as the default body.
    async fn restore_account(&self, _id: ObjectGuid, _options: RestoreOptions) -> Result<Account> {
        Err(Error::new(ErrorKind::Unsupported, "accounts.restore"))
    }

    /// The deleted accounts that can still be restored. Whoever may not see deleted objects gets an empty list.
    ///
    /// # Errors
    /// In the list: `Unsupported` as the default body.
    fn list_deleted(&self, _options: ListDeletedOptions) -> Listing<DeletedAccount> {
        listing::unsupported("accounts.list_deleted")
    }

    /// The password policy of the domain, or the one that holds for an account.
    ///
    /// # Errors
    /// `NotFound` when there is no such account; `Forbidden` when a fine-grained policy applies to it that cannot be read, as only
    /// administrators can until it is delegated; `Unsupported` as the default body.
    async fn password_policy(&self, _scope: &PolicyScope, _options: PolicyOptions) -> Result<PasswordPolicy> {
        Err(Error::new(ErrorKind::Unsupported, "policy.read"))
    }

    /// Who has a service name: the check before one is given to an account. Creating and changing accounts do it by themselves; between the
    /// check and the change somebody else may take the name, and the controller refuses it then.
    ///
    /// # Errors
    /// `Unsupported` as the default body.
    async fn service_name_owners(
        &self,
        _name: &ServicePrincipalName,
        _options: ServiceNameOptions,
    ) -> Result<ServiceNameOwners> {
        Err(Error::new(ErrorKind::Unsupported, "service_names.owners"))
    }

    /// Whether the forest has a key from which passwords of managed accounts can be made.
    ///
    /// # Errors
    /// `Unsupported` as the default body.
    async fn root_key(&self, _options: RootKeyOptions) -> Result<RootKey> {
        Err(Error::new(ErrorKind::Unsupported, "managed.root_key"))
    }

    /// The managed account with this key, or `None`. Users and computers are never found.
    ///
    /// # Errors
    /// `Ambiguous` when there is more than one; `Unsupported` as the default body.
    async fn find_managed_account(
        &self,
        _key: &AccountKey,
        _options: FindOptions,
    ) -> Result<Option<ManagedAccount>> {
        Err(Error::new(ErrorKind::Unsupported, "managed.find"))
    }

    /// The managed accounts that fit.
    ///
    /// # Errors
    /// As for [`list_accounts`](Self::list_accounts).
    fn list_managed_accounts(&self, _query: &Query, _options: ListOptions) -> Listing<ManagedAccount> {
        listing::unsupported("managed.list")
    }

    /// Makes a group managed service account and reads it back.
    ///
    /// # Errors
    /// `Constraint` when a root key can be seen that is too young, or the controller says that there is none ([`root_key`](Self::root_key));
    /// `AlreadyExists` when a name is taken; `NotFound` when the container does not exist; `Unsupported` when the schema of the domain does
    /// not know such accounts; `Forbidden`; `Invalid`.
    async fn create_managed_account(
        &self,
        _account: &NewManagedAccount,
        _options: CreateOptions,
    ) -> Result<ManagedAccount> {
        Err(Error::new(ErrorKind::Unsupported, "managed.create"))
    }

    /// Changes a managed account in one request and reads it back.
    ///
    /// # Errors
    /// `NotFound`; `MarkerMismatch`; `AlreadyExists` when a name is taken; `Busy` when others keep changing the same values;
    /// `Unsupported` for a kind that is not made here; `Constraint` when its list of readers cannot be changed like this (it is open to
    /// everybody, or denies one who should be added); `Forbidden`; `Invalid` when nothing would change.
    async fn update_managed_account(
        &self,
        _id: ObjectGuid,
        _update: &ManagedAccountUpdate,
        _options: UpdateOptions,
    ) -> Result<ManagedAccount> {
        Err(Error::new(ErrorKind::Unsupported, "managed.update"))
    }

    /// Moves a managed account into another container, with a new common name if wanted, and reads it back.
    ///
    /// # Errors
    /// As for [`move_account`](Self::move_account); `Unsupported` as the default body.
    async fn move_managed_account(
        &self,
        _id: ObjectGuid,
        _to: &Dn,
        _options: MoveOptions,
    ) -> Result<ManagedAccount> {
        Err(Error::new(ErrorKind::Unsupported, "managed.move"))
    }

    /// Deletes a managed account, of any kind. Services that run under it stop at their next ticket.
    ///
    /// # Errors
    /// As for [`delete_account`](Self::delete_account).
    async fn delete_managed_account(&self, _id: ObjectGuid, _options: DeleteOptions) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "managed.delete"))
    }

    /// The password of a managed account, which the account that signs in must be allowed to read.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the controller does not show it: the account that signs in is none of its readers, or the controller
    /// cannot make it (Samba before 4.21); `Protocol` when it cannot be understood; `Unsupported` as the default body.
    async fn read_managed_password(
        &self,
        _id: ObjectGuid,
        _options: ReadPasswordOptions,
    ) -> Result<ManagedPassword> {
        Err(Error::new(ErrorKind::Unsupported, "managed.read_password"))
    }
}

/// Forwards every method through a pointer.
macro_rules! forward {
    ([$pointer:ident]
     futures { $($kind:ident $operation:literal $method:ident($($argument:ident: $type:ty),*) -> $answer:ty, on $subject:expr;)* }
     lists { $($list_operation:literal $list:ident($($list_argument:ident: $list_type:ty),*) -> $item:ty, on $list_subject:expr;)* }) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<D: Directory + ?Sized> Directory for $pointer<D> {
            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }

            async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>> {
                (**self).pin(options).await
            }

            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer> {
                (**self).$method($($argument),*).await
            })*

            $(fn $list(&self, $($list_argument: $list_type),*) -> Listing<$item> {
                (**self).$list($($list_argument),*)
            })*
        }
    };
}

for_each_method!(forward Arc);
for_each_method!(forward Box);
