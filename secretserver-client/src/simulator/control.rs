//! What the owner of a simulator does by hand, as people do in the web pages.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use super::world::{Principal, Restrictions, after};
use super::{FolderRole, SecretRole, Simulator};

impl Simulator {
    /// Adds a user with these permissions of its roles, such as `View Secret`. It has no rights on any folder yet.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub fn add_user(&self, username: &str, password: &str, permissions: &[&str]) -> Result<u32, Error> {
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
    ) -> Result<(), Error> {
        self.shared.change(|world| world.set_user(username, password, enabled))?.ok_or_else(absent)
    }

    /// Adds a folder below another one (`None`: at the root), with the permissions of its parent, or none at the root.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub fn add_folder(&self, name: &str, parent: Option<u32>) -> Result<u32, Error> {
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
    ) -> Result<(), Error> {
        self.shared
            .change(|world| world.grant(folder, username, folder_role, secret_role))?
            .ok_or_else(absent)
    }

    /// Copies a secret with all its values, as people do, and gives back the copy's id.
    ///
    /// # Errors
    /// When there is no such secret, or the state file cannot be written.
    pub fn copy_secret(&self, id: u32, name: &str) -> Result<u32, Error> {
        self.shared.change(|world| world.copy_secret(id, name))?.ok_or_else(absent)
    }

    /// Changes a value, as people do in the web pages.
    ///
    /// # Errors
    /// When there is no such secret or field, or the state file cannot be written.
    pub fn set_value(&self, id: u32, slug: &str, value: &str) -> Result<(), Error> {
        self.shared.change(|world| world.set_value(id, slug, value))?.ok_or_else(absent)
    }

    /// Sets what stands before a secret, in place of what stood there.
    ///
    /// # Errors
    /// When there is no such secret, or the state file cannot be written.
    pub fn restrict(&self, secret: u32, restrictions: Restrictions) -> Result<(), Error> {
        self.shared.change(|world| world.restrict(secret, restrictions))?.ok_or_else(absent)
    }

    /// Allows a user to see a secret that wants approval, for this long: what it has asked for, or as if it had. Not longer than it asked for.
    ///
    /// # Errors
    /// When there is no such secret or user, or the state file cannot be written.
    pub fn approve(&self, secret: u32, username: &str, time: Duration) -> Result<(), Error> {
        self.shared.change(|world| world.approve(secret, username, after(time)))?.ok_or_else(absent)
    }

    /// Refuses what a user has asked for, and says why.
    ///
    /// # Errors
    /// When that user has not asked for access to the secret, or the state file cannot be written.
    pub fn deny(&self, secret: u32, username: &str, why: &str) -> Result<(), Error> {
        self.shared.change(|world| world.deny(secret, username, why))?.ok_or_else(absent)
    }

    /// Adds a secret policy, which enforces these things before all secrets of the folders that have it. A second lock is not a policy's to set.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub fn add_policy(&self, name: &str, enforced: Restrictions) -> Result<u32, Error> {
        self.shared.change(|world| world.add_policy(name, enforced))
    }

    /// Gives a folder a policy of its own, or takes it away.
    ///
    /// # Errors
    /// When there is no such folder or policy, or the state file cannot be written.
    pub fn set_policy(&self, folder: u32, policy: Option<u32>) -> Result<(), Error> {
        self.shared.change(|world| world.set_policy(folder, policy))?.ok_or_else(absent)
    }

    /// What the next heartbeats and changes of a password come to: `Success` at first, or another of the server's words, such as `Failed`.
    ///
    /// # Errors
    /// When there is no such secret, or the state file cannot be written.
    pub fn set_heartbeat(&self, secret: u32, status: &str) -> Result<(), Error> {
        let set = |world: &mut super::World| {
            status.clone_into(&mut world.secret_mut(secret)?.heart_next);
            Some(())
        };
        self.shared.change(set)?.ok_or_else(absent)
    }

    /// The number that a user's header `OTP` must have from now on; `None`: no second factor.
    ///
    /// # Errors
    /// When there is no such user, or the state file cannot be written.
    pub fn set_otp(&self, username: &str, number: Option<&str>) -> Result<(), Error> {
        let set = |world: &mut super::World| {
            let id = world.user_by_name(username)?.id;
            world.user_mut(id)?.otp = number.map(str::to_owned);
            Some(())
        };
        self.shared.change(set)?.ok_or_else(absent)
    }

    /// Makes a user an application account, or an ordinary one again.
    ///
    /// # Errors
    /// When there is no such user, or the state file cannot be written.
    pub fn set_application_account(&self, username: &str, application: bool) -> Result<(), Error> {
        let set = |world: &mut super::World| {
            let id = world.user_by_name(username)?.id;
            world.user_mut(id)?.application = application;
            Some(())
        };
        self.shared.change(set)?.ok_or_else(absent)
    }

    /// Adds a group. One that is synchronized with a directory refuses edits of its members.
    ///
    /// # Errors
    /// When a member is not there, or the state file cannot be written.
    pub fn add_group(&self, name: &str, members: &[&str], synchronized: bool) -> Result<u32, Error> {
        let add = |world: &mut super::World| {
            let found = members.iter().map(|m| world.user_by_name(m).map(|u| u.id));
            let mut found = found.collect::<Option<Vec<u32>>>()?;
            found.sort_unstable();
            let id = world.add_group(name, synchronized);
            world.group_mut(id)?.members = found;
            Some(id)
        };
        self.shared.change(add)?.ok_or_else(absent)
    }

    /// Gives a group a pair of roles on a folder, which no longer inherits from its parent.
    ///
    /// # Errors
    /// When there is no such group or folder, or the state file cannot be written.
    pub fn grant_group(
        &self,
        folder: u32,
        group: u32,
        folder_role: FolderRole,
        secret_role: SecretRole,
    ) -> Result<(), Error> {
        let set = |world: &mut super::World| {
            world.group(group)?;
            world.folder_mut(folder)?.inherit = false;
            world.set_grant(folder, Principal::Group(group), folder_role, secret_role).map(drop)
        };
        self.shared.change(set)?.ok_or_else(absent)
    }

    /// Says that it may be called from these addresses only, such as `10.0.0.0/8`; from everywhere when there are none.
    ///
    /// # Errors
    /// [`InvalidRange`](super::InvalidRange) when a text is no address and no range.
    pub fn allow_addresses(&self, ranges: &[&str]) -> Result<(), super::InvalidRange> {
        let ranges = ranges.iter().map(|r| r.parse()).collect::<Result<_, _>>()?;
        self.shared.world().settings.addresses = ranges;
        Ok(())
    }

    /// Hides its version number, or shows it again.
    pub fn hide_version(&self, hidden: bool) {
        self.shared.world().settings.hide_version = hidden;
    }
}

fn absent() -> Error {
    Error::new(ErrorKind::NotFound, "there is no such thing in the simulator")
}
