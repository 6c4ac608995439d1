//! The state: users, folders, templates, secrets, audit, tokens.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::permission::{FolderRole, SecretRole, right};

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

/// What a fresh simulator begins with. The passwords are made at random.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Seed {
    /// A service account that owns both folders.
    pub username: String,
    /// Its password.
    pub password: String,
    /// A person who administers and owns `folder_id`, but does not see `pending_folder_id`.
    pub admin_username: String,
    /// That person's password.
    pub admin_password: String,
    /// A folder.
    pub folder_id: u32,
    /// Its path.
    pub folder_path: String,
    /// A folder that only the service account sees.
    pub pending_folder_id: u32,
    /// Its path.
    pub pending_folder_path: String,
    /// The built-in template `Active Directory Account`.
    pub template_id: u32,
    /// The site `Local`.
    pub site_id: u32,
    /// A secret in `folder_id`.
    pub secret_id: u32,
    /// Its path.
    pub secret_path: String,
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seed")
            .field("username", &self.username)
            .field("folder_path", &self.folder_path)
            .finish_non_exhaustive()
    }
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

#[derive(Clone)]
struct Token {
    user: u32,
    ends: Instant,
}

/// What a token is worth.
pub(super) enum TokenState {
    Valid(u32),
    Expired,
    Unknown,
}

impl World {
    pub(super) fn seeded(settings: Settings) -> Self {
        let mut world = Self {
            format: FORMAT,
            settings,
            seed: Seed {
                username: "svc-alm".to_owned(),
                password: random(),
                admin_username: "vault-admin".to_owned(),
                admin_password: random(),
                folder_id: 0,
                folder_path: r"\Service Accounts".to_owned(),
                pending_folder_id: 0,
                pending_folder_path: r"\Service Accounts\Pending".to_owned(),
                template_id: 6001,
                site_id: 1,
                secret_id: 0,
                secret_path: r"\Service Accounts\svc-example".to_owned(),
            },
            users: Vec::new(),
            folders: Vec::new(),
            templates: built_in_templates(),
            secrets: Vec::new(),
            audit: Vec::new(),
            next_id: 1,
            tokens: HashMap::new(),
            refresh: HashMap::new(),
        };
        let (service_name, service_password) = (world.seed.username.clone(), world.seed.password.clone());
        let (admin_name, admin_password) =
            (world.seed.admin_username.clone(), world.seed.admin_password.clone());
        let service = world.add_user(&service_name, &service_password, right::SERVICE);
        let everything = [right::SERVICE, right::ADMINISTRATOR].concat();
        let admin = world.add_user(&admin_name, &admin_password, &everything);
        let folder = world.add_folder("Service Accounts", None, false);
        let pending = world.add_folder("Pending", Some(folder), false);
        let owner = |user| Grant { user, folder_role: FolderRole::Owner, secret_role: SecretRole::Owner };
        for f in &mut world.folders {
            f.grants.push(owner(service));
            if f.id == folder {
                f.grants.push(owner(admin));
            }
        }
        let values = [("domain", "corp.example"), ("username", "svc-example"), ("notes", "")];
        let mut values: BTreeMap<String, String> =
            values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        values.insert("password".to_owned(), random());
        let secret = world.add_secret("svc-example", 6001, Some(folder), 1, values, admin);
        world.seed.folder_id = folder;
        world.seed.pending_folder_id = pending;
        world.seed.secret_id = secret;
        world
    }

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

    /// Signs in by password. A refusal counts, and locks the user when there were too many.
    pub(super) fn sign_in(&mut self, username: &str, password: &str) -> Option<u32> {
        let lock_after = self.settings.lock_after;
        // `DOMAIN\user` is accepted like `user`.
        let name = username.rsplit_once('\\').map_or(username, |(_, name)| name);
        let user = self.users.iter_mut().find(|u| u.name.eq_ignore_ascii_case(name))?;
        if user.enabled && !user.locked && user.password == password {
            user.failures = 0;
            return Some(user.id);
        }
        user.failures = user.failures.saturating_add(1);
        user.locked |= user.failures >= lock_after;
        None
    }

    /// A new access token and a new refresh token.
    pub(super) fn issue(&mut self, user: u32) -> (String, String) {
        let (access, refresh) = (random(), random());
        let life = Duration::from_secs(self.settings.token_seconds);
        let now = Instant::now();
        self.tokens.insert(access.clone(), Token { user, ends: now.checked_add(life).unwrap_or(now) });
        self.refresh.insert(refresh.clone(), user);
        (access, refresh)
    }

    /// Takes a refresh token, which works once.
    pub(super) fn redeem(&mut self, refresh: &str) -> Option<u32> {
        let user = self.refresh.remove(refresh)?;
        self.user(user).filter(|u| u.enabled && !u.locked).map(|u| u.id)
    }

    pub(super) fn token(&self, token: &str) -> TokenState {
        match self.tokens.get(token) {
            None => TokenState::Unknown,
            Some(t) if t.ends <= Instant::now() => TokenState::Expired,
            Some(t) => TokenState::Valid(t.user),
        }
    }

    pub(super) fn expire_tokens(&mut self) {
        let now = Instant::now();
        self.tokens.values_mut().for_each(|t| t.ends = now);
    }

    pub(super) fn expire_token(&mut self, token: &str) {
        if let Some(token) = self.tokens.get_mut(token) {
            token.ends = Instant::now();
        }
    }
}

fn built_in_templates() -> Vec<Template> {
    let template = |id, name: &str, fields: &[(&str, &str, bool)], first: u32| Template {
        id,
        name: name.to_owned(),
        fields: fields
            .iter()
            .zip(first..)
            .map(|((slug, name, required), id)| TemplateField {
                id,
                slug: (*slug).to_owned(),
                name: (*name).to_owned(),
                required: *required,
                password: *slug == "password",
                notes: *slug == "notes",
            })
            .collect(),
    };
    let account = |machine: (&'static str, &'static str)| {
        [
            (machine.0, machine.1, true),
            ("username", "Username", true),
            ("password", "Password", true),
            ("notes", "Notes", false),
        ]
    };
    vec![
        template(6001, "Active Directory Account", &account(("domain", "Domain")), 60),
        template(6003, "Windows Account", &account(("machine", "Machine")), 83),
    ]
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
