//! The state: users, groups, roles, folders, templates, secrets, dependencies, SDK clients, audits, tokens.

mod approval;
mod change;
mod model;
mod people;
mod policy;
mod restriction;
mod seed;
mod seeded;
mod session;
mod settings;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::page::Remembered;
pub(super) use approval::{AccessRequest, Asked, Decision};
pub(super) use change::NewSecret;
pub use model::{AuditRecord, StoredSecret};
pub(super) use model::{
    Dependency, DependencyGroup, Folder, FolderAudit, Grant, Group, Principal, Role, SdkAccount, SdkRule,
    SecretGrant, StoredFile, Template, TemplateField, User, UserAudit,
};
pub(super) use people::DEFAULT_ROLE;
pub(super) use policy::Policy;
pub use restriction::Restrictions;
pub(super) use restriction::{Ask, after};
pub use seed::Seed;
pub(super) use seed::{DOMAIN, DOMAIN_NAME};
pub use seeded::SeedOptions;
pub(super) use session::TokenState;
use session::{Refresh, Token};
pub use settings::InvalidRange;
pub(super) use settings::{Range, Settings};

/// The format of the state file.
pub(super) const FORMAT: u32 = 2;

/// Lists are sorted by number, because numbers are given in order and nothing is moved.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct World {
    pub(super) format: u32,
    pub(super) settings: Settings,
    pub(super) seed: Seed,
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Group>,
    pub(super) roles: Vec<Role>,
    pub(super) folders: Vec<Folder>,
    pub(super) templates: Vec<Template>,
    pub(super) secrets: Vec<StoredSecret>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) dependency_groups: Vec<DependencyGroup>,
    pub(super) sdk_enabled: bool,
    pub(super) sdk_rules: Vec<SdkRule>,
    pub(super) sdk_accounts: Vec<SdkAccount>,
    /// Secrets that are checked out, or have something done to them.
    pub(super) waiting: BTreeSet<u32>,
    #[serde(default)]
    pub(super) access_requests: Vec<AccessRequest>,
    #[serde(default)]
    pub(super) policies: Vec<Policy>,
    pub(super) audit: Vec<AuditRecord>,
    pub(super) user_audit: Vec<UserAudit>,
    pub(super) folder_audit: Vec<FolderAudit>,
    next_id: u32,
    #[serde(skip)]
    tokens: HashMap<String, Token>,
    #[serde(skip)]
    refresh: HashMap<String, Refresh>,
    /// Runs of dependencies by identifier, with the answers that their progress gives.
    #[serde(skip)]
    pub(super) runs: HashMap<String, Value>,
    /// Grows with every change that lists can show.
    #[serde(skip)]
    pub(super) revision: u64,
    #[serde(skip)]
    pub(super) pages: Vec<Remembered>,
    /// Whether there is something that the state file does not have yet.
    #[serde(skip)]
    pub(super) unsaved: bool,
}

/// The entry with this number in a list that is sorted by number.
pub(super) fn by_id<T>(list: &[T], id: u32, number: impl Fn(&T) -> u32) -> Option<&T> {
    list.binary_search_by_key(&id, number).ok().and_then(|at| list.get(at))
}

pub(super) fn by_id_mut<T>(list: &mut [T], id: u32, number: impl Fn(&T) -> u32) -> Option<&mut T> {
    list.binary_search_by_key(&id, number).ok().and_then(|at| list.get_mut(at))
}

impl World {
    pub(super) fn fresh_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        id
    }

    /// Something changes: lists are looked up anew, and the state file is written.
    pub(super) fn touch(&mut self) {
        self.revision = self.revision.wrapping_add(1);
        self.unsaved = true;
    }

    pub(super) fn user(&self, id: u32) -> Option<&User> {
        by_id(&self.users, id, |u| u.id)
    }

    pub(super) fn user_mut(&mut self, id: u32) -> Option<&mut User> {
        by_id_mut(&mut self.users, id, |u| u.id)
    }

    pub(super) fn user_by_name(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|u| u.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn group(&self, id: u32) -> Option<&Group> {
        by_id(&self.groups, id, |g| g.id)
    }

    pub(super) fn group_mut(&mut self, id: u32) -> Option<&mut Group> {
        by_id_mut(&mut self.groups, id, |g| g.id)
    }

    pub(super) fn role(&self, id: u32) -> Option<&Role> {
        by_id(&self.roles, id, |r| r.id)
    }

    pub(super) fn folder(&self, id: u32) -> Option<&Folder> {
        by_id(&self.folders, id, |f| f.id)
    }

    pub(super) fn folder_mut(&mut self, id: u32) -> Option<&mut Folder> {
        by_id_mut(&mut self.folders, id, |f| f.id)
    }

    pub(super) fn secret(&self, id: u32) -> Option<&StoredSecret> {
        by_id(&self.secrets, id, |s| s.id)
    }

    pub(super) fn secret_mut(&mut self, id: u32) -> Option<&mut StoredSecret> {
        by_id_mut(&mut self.secrets, id, |s| s.id)
    }

    pub(super) fn template(&self, id: u32) -> Option<&Template> {
        by_id(&self.templates, id, |t| t.id)
    }

    /// Whether a folder is below another one, at any depth.
    pub(super) fn below(&self, folder: &Folder, ancestor: u32) -> bool {
        let mut at = folder.parent;
        for _ in 0..=self.folders.len() {
            match at {
                Some(id) if id == ancestor => return true,
                Some(id) => at = self.folder(id).and_then(|f| f.parent),
                None => return false,
            }
        }
        false
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
        let mut at = None;
        for name in path.trim_matches(['\\', '/']).split(['\\', '/']) {
            let parent = at.map(|f: &Folder| f.id);
            at = Some(self.folders.iter().find(|f| f.parent == parent && f.name.eq_ignore_ascii_case(name))?);
        }
        at
    }

    pub(super) fn secret_by_path(&self, path: &str) -> Option<&StoredSecret> {
        let (folder, name) = path.rsplit_once(['\\', '/'])?;
        let folder = self.folder_by_path(folder)?.id;
        self.secrets
            .iter()
            .find(|s| s.active && s.folder_id == Some(folder) && s.name.eq_ignore_ascii_case(name))
    }

    /// Remembers what was done with a secret.
    pub(super) fn record(&mut self, username: &str, action: &str, secret_id: u32) {
        self.record_with(username, action, secret_id, "", None);
    }

    pub(super) fn record_with(
        &mut self,
        username: &str,
        action: &str,
        secret_id: u32,
        notes: &str,
        ticket: Option<String>,
    ) {
        self.unsaved = true;
        self.audit.push(AuditRecord {
            at: Timestamp::now(),
            username: username.to_owned(),
            action: action.to_owned(),
            secret_id,
            notes: notes.to_owned(),
            ticket,
        });
    }

    /// Ends what takes time: check-outs whose interval is over, passwords that were to be changed.
    pub(super) fn settle(&mut self) {
        let now = Timestamp::now();
        for id in std::mem::take(&mut self.waiting) {
            let Some(secret) = self.secret_mut(id) else { continue };
            let due = secret.held.as_ref().is_some_and(|h| h.until <= now)
                || secret.pending.is_some()
                || secret.heart_due;
            if due {
                secret.settle(now);
            }
            if secret.held.is_some() || secret.pending.is_some() {
                self.waiting.insert(id);
            }
            if due {
                self.touch();
            }
        }
    }
}

/// 32 hexadecimal digits that nobody can guess.
pub(super) fn random() -> String {
    let half = || {
        getrandom::u64().unwrap_or_else(|_| {
            // Without randomness of the system there is no secrecy to lose in a simulator, but tokens must differ.
            Timestamp::now()
                .as_nanosecond()
                .to_le_bytes()
                .iter()
                .fold(0_u64, |n, b| n.wrapping_mul(257).wrapping_add(u64::from(*b)))
        })
    };
    format!("{:016x}{:016x}", half(), half())
}
