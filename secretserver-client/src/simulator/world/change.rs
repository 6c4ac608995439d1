//! Changes that several operations make, and those that the owner of a simulator makes by hand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Folder, FolderAudit, Grant, Principal, Restrictions, SecretGrant, StoredSecret, World};
use crate::simulator::permission::{FolderRole, SecretRole};

/// What a new secret is made of.
pub(in super::super) struct NewSecret<'n> {
    pub(in super::super) name: &'n str,
    pub(in super::super) template: u32,
    pub(in super::super) folder: Option<u32>,
    pub(in super::super) site: u32,
    pub(in super::super) values: BTreeMap<String, String>,
    pub(in super::super) by: u32,
}

impl World {
    pub(in super::super) fn add_folder(&mut self, name: &str, parent: Option<u32>, inherit: bool) -> u32 {
        let id = self.fresh_id();
        self.folders.push(Folder {
            id,
            name: name.to_owned(),
            parent,
            inherit,
            grants: Vec::new(),
            policy: None,
            inherit_policy: false,
            allowed_templates: Vec::new(),
            personal_of: None,
        });
        id
    }

    pub(in super::super) fn add_secret(&mut self, new: NewSecret<'_>) -> u32 {
        let id = self.fresh_id();
        let first_item = self.fresh_id();
        let fields = self.template(new.template).map_or(0, |t| t.fields.len());
        for _ in 1..fields {
            self.fresh_id();
        }
        self.secrets.push(StoredSecret {
            id,
            name: new.name.to_owned(),
            template_id: new.template,
            folder_id: new.folder,
            site_id: new.site,
            active: true,
            values: new.values,
            created_by: new.by,
            created: Timestamp::now(),
            restrictions: Restrictions::default(),
            held: None,
            commented: Vec::new(),
            sharing: None,
            files: BTreeMap::new(),
            first_item,
            heart: "Pending".to_owned(),
            heart_checked: None,
            heart_due: false,
            heart_next: "Success".to_owned(),
            pending: None,
            changed: None,
            expired: false,
            kept: BTreeMap::new(),
        });
        self.enforce_in(new.folder, id);
        id
    }

    pub(in super::super) fn set_user(
        &mut self,
        username: &str,
        password: Option<&str>,
        enabled: Option<bool>,
    ) -> Option<()> {
        let id = self.user_by_name(username)?.id;
        let user = self.user_mut(id)?;
        if let Some(password) = password {
            password.clone_into(&mut user.password);
        }
        if let Some(enabled) = enabled {
            user.enabled = enabled;
        }
        user.locked = false;
        user.failures = 0;
        if !user.enabled {
            self.sign_out(id);
        }
        Some(())
    }

    /// The rights of a folder are its own from now on: those that it inherited until now.
    pub(in super::super) fn stop_inheriting(&mut self, folder: u32) {
        let grants = self.permission_source(folder).map(|f| f.grants.clone()).unwrap_or_default();
        let own = self.folder(folder).is_some_and(|f| !f.inherit);
        if own {
            return;
        }
        let grants = grants.into_iter().map(|g| Grant { id: self.fresh_id(), ..g }).collect();
        if let Some(folder) = self.folder_mut(folder) {
            folder.inherit = false;
            folder.grants = grants;
        }
    }

    /// The same for a secret: its folder's roles on secrets become its own.
    pub(in super::super) fn stop_sharing_with_folder(&mut self, secret: u32) {
        let Some(found) = self.secret(secret).filter(|s| s.sharing.is_none()) else { return };
        let inherited = found.folder_id.and_then(|f| self.permission_source(f)).map(|f| f.grants.clone());
        let inherited = match inherited {
            Some(grants) => grants.iter().map(|g| (g.who, g.secret_role)).collect(),
            None => vec![(Principal::User(found.created_by), SecretRole::Owner)],
        };
        let own = inherited.into_iter().filter(|(_, role)| *role > SecretRole::None);
        let own = own.map(|(who, role)| SecretGrant { id: self.fresh_id(), who, role }).collect();
        if let Some(secret) = self.secret_mut(secret) {
            secret.sharing = Some(own);
        }
    }

    /// Sets the pair of roles of somebody on a folder that does not inherit.
    pub(in super::super) fn set_grant(
        &mut self,
        folder: u32,
        who: Principal,
        folder_role: FolderRole,
        secret_role: SecretRole,
    ) -> Option<u32> {
        let known = self.folder(folder)?.grants.iter().find(|g| g.who == who).map(|g| g.id);
        let id = known.unwrap_or_else(|| self.fresh_id());
        let folder = self.folder_mut(folder)?;
        folder.grants.retain(|g| g.who != who);
        folder.grants.push(Grant { id, who, folder_role, secret_role });
        Some(id)
    }

    pub(in super::super) fn grant(
        &mut self,
        folder: u32,
        username: &str,
        folder_role: FolderRole,
        secret_role: SecretRole,
    ) -> Option<()> {
        let user = self.user_by_name(username)?.id;
        let found = self.folder_mut(folder)?;
        found.inherit = false;
        self.set_grant(folder, Principal::User(user), folder_role, secret_role).map(drop)
    }

    pub(in super::super) fn copy_secret(&mut self, id: u32, name: &str) -> Option<u32> {
        let s = self.secret(id)?.clone();
        Some(self.add_secret(NewSecret {
            name,
            template: s.template_id,
            folder: s.folder_id,
            site: s.site_id,
            values: s.values,
            by: s.created_by,
        }))
    }

    pub(in super::super) fn set_value(&mut self, id: u32, slug: &str, value: &str) -> Option<()> {
        let secret = self.secret_mut(id)?;
        value.clone_into(secret.values.get_mut(&slug.to_ascii_lowercase())?);
        Some(())
    }

    pub(in super::super) fn restrict(&mut self, id: u32, restrictions: Restrictions) -> Option<()> {
        let secret = self.secret_mut(id)?;
        secret.restrictions = restrictions;
        Some(())
    }

    pub(in super::super) fn record_folder(&mut self, by: u32, folder: u32, action: &str, notes: &str) {
        self.unsaved = true;
        let (action, notes) = (action.to_owned(), notes.to_owned());
        self.folder_audit.push(FolderAudit { at: Timestamp::now(), by, folder, action, notes });
    }
}
