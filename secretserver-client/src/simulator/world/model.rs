//! What the state is made of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::restriction::{Held, Restrictions};
use crate::simulator::permission::{FolderRole, SecretRole};

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct User {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) display_name: String,
    pub(in super::super) email: Option<String>,
    pub(in super::super) password: String,
    pub(in super::super) enabled: bool,
    pub(in super::super) locked: bool,
    pub(in super::super) application: bool,
    pub(in super::super) failures: u32,
    /// `None` for the server's own users.
    pub(in super::super) domain: Option<u32>,
    pub(in super::super) created: Timestamp,
    pub(in super::super) last_login: Option<Timestamp>,
    pub(in super::super) password_changed: Option<Timestamp>,
    pub(in super::super) roles: Vec<u32>,
    /// The number that the header `OTP` must have.
    pub(in super::super) otp: Option<String>,
    /// Settings without a meaning here, as they were sent: two factors, Unix, radius, formats of dates.
    pub(in super::super) kept: BTreeMap<String, Value>,
}

/// Who has a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in super::super) enum Principal {
    User(u32),
    Group(u32),
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Group {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) enabled: bool,
    pub(in super::super) synchronized: bool,
    pub(in super::super) system: bool,
    pub(in super::super) domain: Option<u32>,
    pub(in super::super) created: Timestamp,
    /// Sorted.
    pub(in super::super) members: Vec<u32>,
    pub(in super::super) roles: Vec<u32>,
    pub(in super::super) owners: Vec<Principal>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Role {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) enabled: bool,
    pub(in super::super) system: bool,
    pub(in super::super) created: Timestamp,
    pub(in super::super) permissions: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Folder {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) parent: Option<u32>,
    pub(in super::super) inherit: bool,
    pub(in super::super) grants: Vec<Grant>,
    pub(in super::super) policy: Option<u32>,
    pub(in super::super) inherit_policy: bool,
    /// Empty: all.
    pub(in super::super) allowed_templates: Vec<u32>,
    /// Whose personal folder it is.
    pub(in super::super) personal_of: Option<u32>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Grant {
    pub(in super::super) id: u32,
    pub(in super::super) who: Principal,
    pub(in super::super) folder_role: FolderRole,
    pub(in super::super) secret_role: SecretRole,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct SecretGrant {
    pub(in super::super) id: u32,
    pub(in super::super) who: Principal,
    pub(in super::super) role: SecretRole,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Template {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) active: bool,
    pub(in super::super) fields: Vec<TemplateField>,
}

#[allow(clippy::struct_excessive_bools, reason = "properties of the server's fields")]
#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct TemplateField {
    pub(in super::super) id: u32,
    pub(in super::super) slug: String,
    pub(in super::super) name: String,
    pub(in super::super) required: bool,
    pub(in super::super) password: bool,
    pub(in super::super) notes: bool,
    pub(in super::super) file: bool,
}

/// A file that is kept in a field.
#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct StoredFile {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) content: Vec<u8>,
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
    /// What stands before it.
    pub restrictions: Restrictions,
    /// Who has it checked out.
    pub(in super::super) held: Option<Held>,
    /// Who said why, and until when that counts.
    pub(in super::super) commented: Vec<(u32, Timestamp)>,
    /// `None`: as its folder says.
    pub(in super::super) sharing: Option<Vec<SecretGrant>>,
    pub(in super::super) files: BTreeMap<String, StoredFile>,
    /// The number of its first item; the others follow in the order of the template.
    pub(in super::super) first_item: u32,
    pub(in super::super) heart: String,
    pub(in super::super) heart_checked: Option<Timestamp>,
    pub(in super::super) heart_due: bool,
    /// What the next heartbeat and the next change of the password will come to.
    pub(in super::super) heart_next: String,
    /// The password that it is about to get.
    pub(in super::super) pending: Option<String>,
    pub(in super::super) changed: Option<Timestamp>,
    pub(in super::super) expired: bool,
    /// Settings without a meaning here, as they were sent.
    pub(in super::super) kept: BTreeMap<String, Value>,
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

impl StoredSecret {
    pub(super) fn settle(&mut self, now: Timestamp) {
        if self.held.as_ref().is_some_and(|h| h.until <= now) {
            self.release();
        }
        let good = self.heart_next == "Success";
        if let Some(password) = self.pending.take() {
            self.changed = Some(now);
            self.heart_next.clone_into(&mut self.heart);
            if good {
                self.expired = false;
                self.values.insert("password".to_owned(), password);
            }
        }
        if std::mem::take(&mut self.heart_due) {
            self.heart_next.clone_into(&mut self.heart);
            self.heart_checked = Some(now);
        }
    }

    /// Checks it in. Where the password is to change then, that begins.
    pub(in super::super) fn release(&mut self) {
        self.held = None;
        if self.restrictions.change_on_check_in {
            self.pending = Some(super::random());
        }
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
    /// What: `CREATE`, `VIEW`, `EDIT`, `DELETE`, `UNDELETE`, `CHECK OUT`, `CHECK IN`, `EXPIRE`, `HEARTBEAT`, `CHANGE PASSWORD`, `EDIT SHARE`,
    /// `VIEW COMMENT`.
    pub action: String,
    /// With which secret.
    pub secret_id: u32,
    /// Why, where a comment was given.
    pub notes: String,
    /// The number of the ticket that was given.
    pub ticket: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct UserAudit {
    pub(in super::super) at: Timestamp,
    pub(in super::super) by: u32,
    pub(in super::super) user: u32,
    pub(in super::super) action: String,
    pub(in super::super) notes: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct FolderAudit {
    pub(in super::super) at: Timestamp,
    pub(in super::super) by: u32,
    pub(in super::super) folder: u32,
    pub(in super::super) action: String,
    pub(in super::super) notes: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Dependency {
    pub(in super::super) id: u32,
    pub(in super::super) secret: u32,
    pub(in super::super) group: u32,
    /// The rest, as it was sent.
    pub(in super::super) sent: Value,
    /// `Success`, `Failed`, `NotRun`.
    pub(in super::super) result: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct DependencyGroup {
    pub(in super::super) id: u32,
    pub(in super::super) secret: u32,
    pub(in super::super) name: String,
    pub(in super::super) site: u32,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct SdkRule {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    /// Addresses or ranges, with commas between them; empty: every one.
    pub(in super::super) details: String,
    pub(in super::super) user: Option<u32>,
    pub(in super::super) require_key: bool,
    pub(in super::super) key: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct SdkAccount {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) details: String,
    pub(in super::super) client_id: String,
    pub(in super::super) secret: String,
    pub(in super::super) user: u32,
    pub(in super::super) address: String,
    pub(in super::super) revoked: bool,
}
