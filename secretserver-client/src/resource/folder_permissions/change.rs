//! Several changes of a folder's rights at once.

use crate::ids::RoleId;
use crate::patch::Change;
use crate::resource::Principal;

/// Which rights to give, change and take.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FolderPermissionsPatch {
    set: Vec<(Principal, RoleId, Option<RoleId>)>,
    remove: Vec<Principal>,
    inherit: Change<bool>,
    allow_remove_owner: bool,
}

impl FolderPermissionsPatch {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This user or group shall have these rights, by their numbers.
    #[must_use]
    pub fn set(mut self, who: Principal, on_folder: RoleId, on_secrets: Option<RoleId>) -> Self {
        self.set.push((who, on_folder, on_secrets));
        self
    }

    /// This user or group shall have none.
    #[must_use]
    pub fn remove(mut self, who: Principal) -> Self {
        self.remove.push(who);
        self
    }

    /// Whether the folder inherits its rights.
    #[must_use]
    pub fn inherit(mut self, inherit: bool) -> Self {
        self.inherit = Change::Set(inherit);
        self
    }

    /// Also if nobody owns the folder afterwards.
    #[must_use]
    pub fn allowing_no_owner(mut self) -> Self {
        self.allow_remove_owner = true;
        self
    }

    pub(super) fn body(&self) -> serde_json::Value {
        let set: Vec<_> = self
            .set
            .iter()
            .map(|(who, folder, secrets)| {
                serde_json::json!({
                    "userId": who.user(), "groupId": who.group(),
                    "folderAccessRoleId": folder, "secretAccessRoleId": secrets,
                })
            })
            .collect();
        let remove: Vec<_> = self
            .remove
            .iter()
            .map(|who| serde_json::json!({ "userId": who.user(), "groupId": who.group() }))
            .collect();
        serde_json::json!({ "data": {
            "addOrUpdateItems": set,
            "removeItems": remove,
            "inheritPermissions": self.inherit,
            "allowRemoveOwner": self.allow_remove_owner,
        } })
    }
}
