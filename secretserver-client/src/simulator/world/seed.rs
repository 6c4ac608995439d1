//! What a fresh simulator begins with.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{FORMAT, Grant, Settings, Template, TemplateField, World, random};
use crate::simulator::permission::{FolderRole, SecretRole, right};

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
