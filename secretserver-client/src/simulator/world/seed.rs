//! What a fresh simulator begins with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::change::NewSecret;
use super::people::DEFAULT_ROLE;
use super::{FORMAT, Principal, Settings, Template, TemplateField, World, random};
use crate::simulator::permission::{FolderRole, SecretRole, right};

/// The directory that synchronized groups and users come from.
pub(in super::super) const DOMAIN: u32 = 1;
/// Its name.
pub(in super::super) const DOMAIN_NAME: &str = "corp.example";
/// Where personal folders are.
pub(in super::super) const PERSONAL_FOLDERS: &str = "Personal Folders";

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

impl World {
    pub(in super::super) fn seeded(settings: Settings) -> Self {
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
            groups: Vec::new(),
            roles: Vec::new(),
            folders: Vec::new(),
            templates: built_in_templates(),
            secrets: Vec::new(),
            dependencies: Vec::new(),
            dependency_groups: Vec::new(),
            sdk_enabled: false,
            sdk_rules: Vec::new(),
            sdk_accounts: Vec::new(),
            waiting: BTreeSet::new(),
            access_requests: Vec::new(),
            policies: Vec::new(),
            audit: Vec::new(),
            user_audit: Vec::new(),
            folder_audit: Vec::new(),
            next_id: 1,
            tokens: HashMap::new(),
            refresh: HashMap::new(),
            runs: HashMap::new(),
            revision: 0,
            pages: Vec::new(),
            unsaved: false,
        };
        world.fill();
        world
    }

    fn fill(&mut self) {
        let usual = [right::SERVICE, &[right::PERSONAL_FOLDERS]].concat();
        self.add_role(DEFAULT_ROLE, &usual, true);
        let (name, password) = (self.seed.username.clone(), self.seed.password.clone());
        let service = self.add_user(&name, &password, right::SERVICE);
        let everything = [right::SERVICE, right::ADMINISTRATOR].concat();
        let (name, password) = (self.seed.admin_username.clone(), self.seed.admin_password.clone());
        let admin = self.add_user(&name, &password, &everything);
        let folder = self.add_folder("Service Accounts", None, false);
        let pending = self.add_folder("Pending", Some(folder), false);
        for (folder, user) in [(folder, service), (pending, service), (folder, admin)] {
            self.set_grant(folder, Principal::User(user), FolderRole::Owner, SecretRole::Owner);
        }
        let values = [("domain", DOMAIN_NAME), ("username", "svc-example"), ("notes", "")];
        let mut values: BTreeMap<String, String> =
            values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        values.insert("password".to_owned(), random());
        let new = NewSecret {
            name: "svc-example",
            template: 6001,
            folder: Some(folder),
            site: 1,
            values,
            by: admin,
        };
        self.seed.secret_id = self.add_secret(new);
        self.seed.folder_id = folder;
        self.seed.pending_folder_id = pending;
        self.add_folder(PERSONAL_FOLDERS, None, false);
    }
}

fn built_in_templates() -> Vec<Template> {
    // Their numbers, and those of their first fields, are the server's own (examples 23 and 24).
    let template = |id, name: &str, first: u32, fields: &[(&str, &str, bool)]| Template {
        id,
        name: name.to_owned(),
        active: true,
        fields: fields
            .iter()
            .zip(first..)
            .map(|((slug, name, required), id)| TemplateField {
                id,
                slug: (*slug).to_owned(),
                name: (*name).to_owned(),
                required: *required,
                password: slug.starts_with("pass") || slug.ends_with("-passphrase"),
                notes: *slug == "notes",
                file: *slug == "private-key" || *slug == "public-key",
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
    let unix = [
        ("machine", "Machine", true),
        ("username", "Username", true),
        ("password", "Password", false),
        ("notes", "Notes", false),
        ("private-key", "Private Key", false),
        ("private-key-passphrase", "Private Key Passphrase", false),
    ];
    vec![
        template(6001, "Active Directory Account", 60, &account(("domain", "Domain"))),
        template(6003, "Windows Account", 83, &account(("machine", "Machine"))),
        template(6007, "Unix Account (SSH)", 108, &unix),
    ]
}
