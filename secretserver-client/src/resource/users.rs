//! Users of Secret Server: find, create, change, disable, and what groups and roles they have.

mod audit;
mod change;
mod create;
mod membership;
mod model;
mod read;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{GroupId, RoleId, UserId};
use crate::page::Pager;
use crate::resource::groups::Membership;
use crate::resource::roles::RoleSummary;
use crate::resource::{Deleted, Lookup};
use crate::secret_value::SecretValue;
pub use audit::{ListUserAudit, UserAuditEntry};
pub use change::{
    ChangeOwnPassword, DisableUser, LockOutReason, LockOutUser, PatchUser, ReplaceUser, ResetPassword,
    ResetTwoFactor, TwoFactorKind, UserPatch, UserUpdate,
};
pub use create::{CreateUser, NewUser};
pub use membership::{
    AddGroups, AddRoles, AssignedRole, AssignedThrough, ListAssignedRoles, ListUserGroups, ListUserRoles,
    RemoveGroups, RemoveRoles, SetGroups, SetRoles,
};
pub use model::{
    CurrentUser, Domain, ExternalSource, RolePermission, TwoFactorMethod, UnixAuthentication, User,
    UserSummary,
};
pub use read::{
    AccountFilter, GetCurrentUser, GetUser, GetUserStub, ListDomains, LookupApplicationAccounts, LookupUsers,
    SearchUsers, UserFilter, UserStub,
};

/// The operations on users. See [`Client::users`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Errors are described at
/// [`ErrorKind`](crate::ErrorKind). Reading others needs the role permission *View Users*, changing them *Administer Users*.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// use futures_util::TryStreamExt as _;
/// use secretserver_client::resource::users::{NewUser, UserFilter, UserPatch};
///
/// let made = client.users().create(NewUser::new("harry1", "Harry One", "N3w-password!")).await?;
/// client.users().patch(made.id, UserPatch { enabled: false.into(), ..UserPatch::default() }).await?;
/// let mut everybody = client.users().search(UserFilter::default().with_inactive());
/// while let Some(user) = everybody.try_next().await? {
///     println!("{} {}", user.user_name, user.enabled);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Users<'c>(pub(crate) &'c Client);

impl Users<'_> {
    /// Who the client is signed in as, and what it may do.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn current(&self) -> Result<CurrentUser, Error> {
        self.0.request(GetCurrentUser).await
    }

    /// Finds users, in order of their ids. Disabled ones only when the filter says so.
    pub fn search(&self, filter: UserFilter) -> Pager<UserSummary> {
        SearchUsers::pager(self.0, filter)
    }

    /// Like [`Users::search`], with ids and names only.
    pub fn lookup(&self, filter: UserFilter) -> Pager<Lookup<UserId>> {
        LookupUsers::pager(self.0, filter)
    }

    /// Ids and names of application accounts. The server includes disabled ones unless the filter says otherwise.
    pub fn application_accounts(&self, filter: AccountFilter) -> Pager<Lookup<UserId>> {
        LookupApplicationAccounts::pager(self.0, filter)
    }

    /// The directory domains that users can come from.
    pub fn domains(&self) -> Pager<Domain> {
        crate::resource::search(self.0, |skip, take| ListDomains { skip, take })
    }

    /// Reads a user, also a disabled one.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent.
    pub async fn get(&self, id: UserId) -> Result<User, Error> {
        self.0.request(GetUser { id, include_inactive: true }).await
    }

    /// Creates a user. Never sent twice: when the answer is lost ([`Outcome::Unknown`](crate::Outcome::Unknown)), look for the name first.
    ///
    /// The answer's `personal_group_id` is not set yet: read the user again if you need it.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the password does not meet the policy, or the licence allows no more.
    pub async fn create(&self, user: NewUser) -> Result<User, Error> {
        self.0.request(CreateUser(user)).await
    }

    /// Replaces what can be changed of a user; works on servers before 10.9 too. Start from what [`Users::get`] gave.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn replace(&self, user: UserUpdate) -> Result<User, Error> {
        self.0.request(ReplaceUser(user)).await
    }

    /// Changes single fields, and leaves all others. Compare the answer with what you asked for.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn patch(&self, id: UserId, patch: UserPatch) -> Result<User, Error> {
        self.0.request(PatchUser { id, patch }).await
    }

    /// Enables or disables a user.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn set_enabled(&self, id: UserId, enabled: bool) -> Result<User, Error> {
        self.patch(id, UserPatch { enabled: enabled.into(), ..UserPatch::default() }).await
    }

    /// Disables a user: Secret Server calls it deleting, but keeps it. A second time it may be refused.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn disable(&self, id: UserId) -> Result<Deleted, Error> {
        self.0.request(DisableUser { id }).await
    }

    /// Gives another user a new password. Asks for the server's version once, unless it was stated: before 10.9 the user is read and replaced
    /// with a password, since there is no other way. Servers before 10.7 end the caller's own session as well, after which the client signs in
    /// again. Dropping the future abandons the wait: what was sent may be carried out all the same.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the password does not meet the policy.
    pub async fn reset_password(&self, id: UserId, password: SecretValue) -> Result<(), Error> {
        if self.0.server_version().await?.has(crate::compat::Feature::PasswordReset) {
            return self.0.request(ResetPassword { id, password }).await?.checked("users.reset_password");
        }
        let mut update = UserUpdate::of(&self.get(id).await?);
        update.password = Some(password);
        self.replace(update).await.map(drop)
    }

    /// Changes the password of the user that the client is signed in as. Replace the client's credential afterwards.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the new password does not meet the policy, or the current one is wrong.
    pub async fn change_own_password(&self, current: SecretValue, new: SecretValue) -> Result<(), Error> {
        self.0.request(ChangeOwnPassword { current, new }).await.map(drop)
    }

    /// Locks a user out. To undo it, patch `is_locked_out`. This is not the same as disabling.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn lock_out(&self, id: UserId, reason: LockOutReason, description: &str) -> Result<(), Error> {
        let request = LockOutUser { id, reason, description: description.to_owned() };
        self.0.request(request).await?.checked("users.lock_out")
    }

    /// Makes a user set up the second factor again.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn reset_two_factor(&self, id: UserId, kind: TwoFactorKind) -> Result<(), Error> {
        self.0.request(ResetTwoFactor { id, kind }).await?.checked("users.reset_two_factor")
    }

    /// What was done to a user, oldest first.
    pub fn audit(&self, id: UserId) -> Pager<UserAuditEntry> {
        ListUserAudit::pager(self.0, id)
    }

    /// The groups of a user, its personal one included.
    pub fn groups(&self, id: UserId) -> Pager<Membership> {
        ListUserGroups::pager(self.0, id)
    }

    /// Puts a user into more groups.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): among them is a group that is kept by a directory.
    pub async fn add_groups(&self, id: UserId, groups: Vec<GroupId>) -> Result<(), Error> {
        self.0.request(AddGroups { id, groups }).await?.checked("users.add_groups")
    }

    /// Puts a user into exactly these groups.
    ///
    /// # Errors
    /// As for [`Users::add_groups`].
    pub async fn set_groups(&self, id: UserId, groups: Vec<GroupId>) -> Result<(), Error> {
        self.0.request(SetGroups { id, groups }).await?.checked("users.set_groups")
    }

    /// Takes a user out of these groups. An empty list sends nothing.
    ///
    /// # Errors
    /// As for [`Users::add_groups`].
    pub async fn remove_groups(&self, id: UserId, groups: Vec<GroupId>) -> Result<(), Error> {
        if groups.is_empty() {
            return Ok(());
        }
        self.0.request(RemoveGroups { id, groups }).await?.checked("users.remove_groups")
    }

    /// The roles that a user was given directly.
    pub fn roles(&self, id: UserId) -> Pager<RoleSummary> {
        ListUserRoles::pager(self.0, id)
    }

    /// All roles of a user, and through which groups it has them.
    pub fn assigned_roles(&self, id: UserId) -> Pager<AssignedRole> {
        ListAssignedRoles::pager(self.0, id)
    }

    /// Gives a user more roles.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn add_roles(&self, id: UserId, roles: Vec<RoleId>) -> Result<(), Error> {
        self.0.request(AddRoles { id, roles }).await?.checked("users.add_roles")
    }

    /// Gives a user exactly these roles.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn set_roles(&self, id: UserId, roles: Vec<RoleId>) -> Result<(), Error> {
        self.0.request(SetRoles { id, roles }).await?.checked("users.set_roles")
    }

    /// Takes roles from a user.
    ///
    /// # Errors
    /// As for [`Users::get`].
    pub async fn remove_roles(&self, id: UserId, roles: Vec<RoleId>) -> Result<(), Error> {
        self.0.request(RemoveRoles { id, roles }).await?.checked("users.remove_roles")
    }
}
