//! The state: users, folders, templates, secrets, audit, tokens.

mod seed;
mod session;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::permission::{FolderRole, SecretRole};
pub use seed::Seed;
use session::Token;
pub(super) use session::TokenState;

/// The format of the state file.
pub(super) const FORMAT: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(super) duplicate_names: bool,
    pub(super) token_seconds: u64,
    pub(super) largest_page: Option<usize>,
    pub(super) version: String,
    pub(super) lock_after: u32,
    pub(super) read_only: bool,
    pub(super) web_services: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            duplicate_names: true,
            token_seconds: 1199,
            largest_page: None,
            version: "11.7.000002".to_owned(),
            lock_after: 5,
            read_only: false,
            web_services: true,
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct World {
    pub(super) format: u32,
    pub(super) settings: Settings,
    pub(super) seed: Seed,
    pub(super) users: Vec<User>,
    pub(super) folders: Vec<Folder>,
    pub(super) templates: Vec<Template>,
    pub(super) secrets: Vec<StoredSecret>,
    pub(super) audit: Vec<AuditRecord>,
    next_id: u32,
    #[serde(skip)]
    tokens: HashMap<String, Token>,
    #[serde(skip)]
    refresh: HashMap<String, u32>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) display_name: String,
    pub(super) password: String,
    pub(super) enabled: bool,
    pub(super) locked: bool,
    pub(super) failures: u32,
    pub(super) permissions: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Folder {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) parent: Option<u32>,
    pub(super) inherit: bool,
    pub(super) grants: Vec<Grant>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) user: u32,
    pub(super) folder_role: FolderRole,
    pub(super) secret_role: SecretRole,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) fields: Vec<TemplateField>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct TemplateField {
    pub(super) id: u32,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) password: bool,
    pub(super) notes: bool,
}

/// A secret as the simulator keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredSecret {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Its template.
    pub template_id: u32,
    /// Its folder.
    pub folder_id: Option<u32>,
    /// Its site.
    pub site_id: u32,
    /// False when it is deactivated.
    pub active: bool,
    /// Its values by slug.
    pub values: BTreeMap<String, String>,
    /// Who made it.
    pub created_by: u32,
    /// When it was made.
    pub created: Timestamp,
}

impl std::fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSecret")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("folder_id", &self.folder_id)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// Something that was done with a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub username: String,
    /// What: `CREATE`, `VIEW`, `EDIT`, `DELETE`, `UNDELETE`.
    pub action: String,
    /// With which secret.
    pub secret_id: u32,
}

impl World {
    pub(super) fn fresh_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        id
    }

    pub(super) fn add_user(&mut self, name: &str, password: &str, rights: &[&str]) -> u32 {
        let id = self.fresh_id();
        self.users.push(User {
            id,
            name: name.to_owned(),
            display_name: name.to_owned(),
            password: password.to_owned(),
            enabled: true,
            locked: false,
            failures: 0,
            permissions: rights.iter().map(|r| (*r).to_owned()).collect(),
        });
        id
    }

    pub(super) fn add_folder(&mut self, name: &str, parent: Option<u32>, inherit: bool) -> u32 {
        let id = self.fresh_id();
        self.folders.push(Folder { id, name: name.to_owned(), parent, inherit, grants: Vec::new() });
        id
    }

    pub(super) fn add_secret(
        &mut self,
        name: &str,
        template_id: u32,
        folder_id: Option<u32>,
        site_id: u32,
        values: BTreeMap<String, String>,
        created_by: u32,
    ) -> u32 {
        let id = self.fresh_id();
        let name = name.to_owned();
        let created = Timestamp::now();
        self.secrets.push(StoredSecret {
            id,
            name,
            template_id,
            folder_id,
            site_id,
            active: true,
            values,
            created_by,
            created,
        });
        id
    }

    pub(super) fn set_user(
        &mut self,
        username: &str,
        password: Option<&str>,
        enabled: Option<bool>,
    ) -> Option<()> {
        let user = self.users.iter_mut().find(|u| u.name.eq_ignore_ascii_case(username))?;
        if let Some(password) = password {
            password.clone_into(&mut user.password);
        }
        if let Some(enabled) = enabled {
            user.enabled = enabled;
        }
        user.locked = false;
        user.failures = 0;
        let (id, enabled) = (user.id, user.enabled);
        if !enabled {
            self.tokens.retain(|_, token| token.user != id);
        }
        Some(())
    }

    pub(super) fn grant(
        &mut self,
        folder: u32,
        username: &str,
        folder_role: FolderRole,
        secret_role: SecretRole,
    ) -> Option<()> {
        let user = self.users.iter().find(|u| u.name.eq_ignore_ascii_case(username))?.id;
        let folder = self.folders.iter_mut().find(|f| f.id == folder)?;
        folder.inherit = false;
        folder.grants.retain(|g| g.user != user);
        folder.grants.push(Grant { user, folder_role, secret_role });
        Some(())
    }

    pub(super) fn copy_secret(&mut self, id: u32, name: &str) -> Option<u32> {
        let s = self.secret(id)?.clone();
        Some(self.add_secret(name, s.template_id, s.folder_id, s.site_id, s.values, s.created_by))
    }

    pub(super) fn set_value(&mut self, id: u32, slug: &str, value: &str) -> Option<()> {
        let secret = self.secrets.iter_mut().find(|s| s.id == id)?;
        value.clone_into(secret.values.get_mut(&slug.to_ascii_lowercase())?);
        Some(())
    }

    pub(super) fn user(&self, id: u32) -> Option<&User> {
        self.users.iter().find(|u| u.id == id)
    }

    pub(super) fn folder(&self, id: u32) -> Option<&Folder> {
        self.folders.iter().find(|f| f.id == id)
    }

    pub(super) fn secret(&self, id: u32) -> Option<&StoredSecret> {
        self.secrets.iter().find(|s| s.id == id)
    }

    pub(super) fn template(&self, id: u32) -> Option<&Template> {
        self.templates.iter().find(|t| t.id == id)
    }

    /// `\A\B`, from the root down.
    pub(super) fn folder_path(&self, id: u32) -> String {
        let mut names = Vec::new();
        let mut at = self.folder(id);
        while let Some(folder) = at
            && names.len() <= self.folders.len()
        {
            names.push(folder.name.as_str());
            at = folder.parent.and_then(|p| self.folder(p));
        }
        names.iter().rev().fold(String::new(), |path, name| path + "\\" + name)
    }

    pub(super) fn folder_by_path(&self, path: &str) -> Option<&Folder> {
        let wanted = format!("\\{}", path.trim_matches(['\\', '/']));
        self.folders.iter().find(|f| self.folder_path(f.id).eq_ignore_ascii_case(&wanted))
    }

    pub(super) fn secret_by_path(&self, path: &str) -> Option<&StoredSecret> {
        let (folder, name) = path.rsplit_once('\\')?;
        let folder = self.folder_by_path(folder)?.id;
        self.secrets
            .iter()
            .find(|s| s.active && s.folder_id == Some(folder) && s.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn record(&mut self, user: &User, action: &str, secret_id: u32) {
        let record = AuditRecord {
            at: Timestamp::now(),
            username: user.name.clone(),
            action: action.to_owned(),
            secret_id,
        };
        self.audit.push(record);
    }
}

/// 32 hexadecimal digits that nobody can guess.
fn random() -> String {
    let half = || {
        getrandom::u64().unwrap_or_else(|_| {
            // Without randomness of the system there is no secrecy to lose in a simulator, but tokens must differ.
            Timestamp::now().as_nanosecond().to_le_bytes().iter().fold(0, |n, b| n * 257 + u64::from(*b))
        })
    };
    format!("{:016x}{:016x}", half(), half())
}
