//! How each type of the model is kept: by what it is found, when it is due, which names it holds.

use std::collections::BTreeSet;

use ad_directory::ObjectGuid;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::account::{Account, AccountStatus, Owner};
use crate::model::api_token::{ApiToken, TokenFingerprint};
use crate::model::audit::AuditCursor;
use crate::model::campaign::{Campaign, Review};
use crate::model::destination::Destination;
use crate::model::drift::{AccountDrift, DriftKind};
use crate::model::email::EmailTemplate;
use crate::model::estate::{Domain, Vault};
use crate::model::event::EventKind;
use crate::model::ids::{CampaignId, DomainId, PersonId, VaultId};
use crate::model::inbox::{Category, InboxItem};
use crate::model::mirror::{MirrorEntry, MirrorKind, key};
use crate::model::pair::AccountPair;
use crate::model::people::{Group, Person, Role};
use crate::model::publication::Publication;
use crate::model::request::{Delegation, Request, RequestKind, RequestStatus};
use crate::model::secret_link::SecretFinding;
use crate::model::sweep::SweepState;
use crate::model::sync::{SyncFinding, SyncState};
use crate::model::template::{Template, TemplateVersion};
use crate::model::vault_sync::VaultSyncState;
use crate::port::store::{DueKind, RecordKind, Stored, Work};
use crate::rules::naming::{reservation, service_reservation};
use crate::rules::ownership::with_requester;
use crate::rules::tags;
use crate::saga::SagaRecord;

/// Names of indexes, so that those who declare one and those who ask it agree.
pub(crate) mod index {
    pub(crate) const MEMBER: &str = "member";
    pub(crate) const ROLE: &str = "role";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const OWNER: &str = "owner";
    pub(crate) const REQUESTER: &str = "requester";
    pub(crate) const ACCOUNT: &str = "account";
    pub(crate) const TEMPLATE: &str = "template";
    pub(crate) const GROUP: &str = "group";
    pub(crate) const REPLACED_BY: &str = "replaced_by";
    pub(crate) const DELEGATE: &str = "delegate";
    pub(crate) const PRINCIPAL: &str = "principal";
    pub(crate) const CAMPAIGN: &str = "campaign";
    pub(crate) const EMAIL: &str = "email";
    pub(crate) const MIRROR: &str = "mirror";
    pub(crate) const NAME: &str = "name";
    pub(crate) const DOMAIN: &str = "domain";
    pub(crate) const PERSON: &str = "person";
    pub(crate) const DRIFT: &str = "drift";
    pub(crate) const VAULT: &str = "vault";
    pub(crate) const TAG: &str = "tag";
}

/// An owner, as the index of accounts by owner writes it.
pub(crate) fn owner_key(owner: Owner) -> String {
    match owner {
        Owner::Person(id) => format!("person:{id}"),
        Owner::Group(id) => format!("group:{id}"),
    }
}

/// An account's status, as the index writes it.
pub(crate) const fn status_key(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "active",
        AccountStatus::Disabled => "disabled",
        AccountStatus::Expired => "expired",
        AccountStatus::Deleted => "deleted",
    }
}

/// A request's status, as the index writes it.
pub(crate) const fn request_key(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Draft => "draft",
        RequestStatus::Submitted => "submitted",
        RequestStatus::Withdrawn => "withdrawn",
        RequestStatus::Rejected => "rejected",
        RequestStatus::Queued => "queued",
        RequestStatus::Provisioned => "provisioned",
        RequestStatus::ProvisioningFailed => "provisioning_failed",
        RequestStatus::Abandoned => "abandoned",
    }
}

impl Stored for Person {
    const KIND: RecordKind = RecordKind::Person;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let emails: BTreeSet<_> = self.emails.iter().map(|email| email.to_lowercase()).collect();
        let roles = self.roles.iter().map(|role| (index::ROLE, role.to_string()));
        roles.chain(emails.into_iter().map(|email| (index::EMAIL, email))).collect()
    }

    /// O-1: an account of a directory is one person's.
    fn unique(&self) -> Vec<String> {
        self.directory.iter().map(|(domain, object)| person_link(*domain, *object)).collect()
    }
}

/// The name that a person's account in a directory is reserved under.
pub(crate) fn person_link(domain: DomainId, object: ObjectGuid) -> String {
    format!("person_of:{domain}:{object}")
}

impl Stored for Group {
    const KIND: RecordKind = RecordKind::Group;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let members = self.members.iter().map(|person| (index::MEMBER, person.to_string()));
        let roles = self.roles.iter().map(|role| (index::ROLE, role.to_string()));
        let place = self.replaced_by.map(|group| (index::REPLACED_BY, group.to_string()));
        members.chain(roles).chain(place).collect()
    }

    fn unique(&self) -> Vec<String> {
        vec![format!("group:{}", self.name.to_lowercase())]
    }
}

impl Stored for Role {
    const KIND: RecordKind = RecordKind::Role;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn unique(&self) -> Vec<String> {
        vec![format!("role:{}", self.name.to_lowercase())]
    }
}

impl Stored for ApiToken {
    const KIND: RecordKind = RecordKind::ApiToken;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(index::OWNER, owner_key(Owner::Person(self.owner)))]
    }

    fn unique(&self) -> Vec<String> {
        vec![token_name(&self.fingerprint)]
    }
}

/// The name that a token is found by.
pub(crate) fn token_name(fingerprint: &TokenFingerprint) -> String {
    format!("token:{fingerprint}")
}

impl Stored for Domain {
    const KIND: RecordKind = RecordKind::Domain;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn unique(&self) -> Vec<String> {
        vec![format!("domain:{}", self.name.to_lowercase())]
    }
}

impl Stored for Vault {
    const KIND: RecordKind = RecordKind::Vault;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn unique(&self) -> Vec<String> {
        vec![format!("vault:{}", self.name.to_lowercase())]
    }
}

impl Stored for Template {
    const KIND: RecordKind = RecordKind::Template;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn unique(&self) -> Vec<String> {
        vec![format!("template:{}", self.name.to_lowercase())]
    }
}

impl Stored for TemplateVersion {
    const KIND: RecordKind = RecordKind::TemplateVersion;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        // O-2: accounts and open requests run the steps of the version they are pinned to, however old.
        let groups: BTreeSet<_> = self.body.approval.iter().flat_map(|step| &step.groups).collect();
        let named = groups.into_iter().map(|group| (index::GROUP, group.to_string()));
        std::iter::once((index::TEMPLATE, self.template.to_string())).chain(named).collect()
    }
}

impl Stored for Destination {
    const KIND: RecordKind = RecordKind::Destination;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn unique(&self) -> Vec<String> {
        vec![format!("destination:{}", self.name.to_lowercase())]
    }
}

impl Stored for AuditCursor {
    const KIND: RecordKind = RecordKind::AuditCursor;

    fn id(&self) -> Uuid {
        self.destination.uuid()
    }
}

/// The one template about events of a kind.
pub(crate) fn email_template_key(kind: EventKind) -> Uuid {
    let hash = Sha256::digest(format!("alm-email-template-1:{kind}").as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(place, byte)| *place = byte);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl Stored for EmailTemplate {
    const KIND: RecordKind = RecordKind::EmailTemplate;

    fn id(&self) -> Uuid {
        email_template_key(self.kind)
    }
}

/// A person's notices, of one category or of all, as the index writes it.
pub(crate) fn inbox_key(person: PersonId, category: Option<Category>) -> String {
    match category {
        None => person.to_string(),
        Some(Category::Approvals) => format!("{person}:approvals"),
        Some(Category::Accounts) => format!("{person}:accounts"),
        Some(Category::Administration) => format!("{person}:administration"),
    }
}

/// A person's unread notices, as the index writes it.
pub(crate) fn unread_key(person: PersonId) -> String {
    format!("unread:{person}")
}

impl Stored for InboxItem {
    const KIND: RecordKind = RecordKind::InboxItem;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let mut indexes = vec![
            (index::PERSON, inbox_key(self.person, None)),
            (index::PERSON, inbox_key(self.person, Some(self.category))),
        ];
        indexes.extend((!self.read).then(|| (index::STATUS, unread_key(self.person))));
        indexes
    }

    fn due(&self) -> Vec<(DueKind, Timestamp)> {
        vec![(DueKind::Notice, self.until)]
    }
}

impl Stored for Publication {
    const KIND: RecordKind = RecordKind::Publication;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(index::TEMPLATE, self.template.to_string())]
    }
}

impl Stored for Request {
    const KIND: RecordKind = RecordKind::Request;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let mut indexes = vec![
            (index::STATUS, request_key(self.status).to_owned()),
            (index::REQUESTER, self.requester.to_string()),
        ];
        indexes.extend(self.account.map(|account| (index::ACCOUNT, account.to_string())));
        // W-2: what is being provisioned has owners already.
        if self.kind == RequestKind::New && self.status == RequestStatus::Queued {
            let owners = with_requester(&self.form.owners, self.requester);
            indexes.extend(owners.into_iter().map(|owner| (index::OWNER, owner_key(owner))));
        }
        indexes
    }

    fn due(&self) -> Vec<(DueKind, Timestamp)> {
        let waiting = self.escalates_at.filter(|_| self.status == RequestStatus::Submitted);
        waiting.map(|at| (DueKind::Escalation, at)).into_iter().collect()
    }

    /// NM-2, T-11: while it may still lead to an account, its names are reserved.
    fn unique(&self) -> Vec<String> {
        if self.kind == RequestKind::New && self.status.is_live() {
            let services = self.form.service_principal_names.iter();
            let services = services.map(|name| service_reservation(self.domain, name));
            std::iter::once(reservation(self.domain, &self.account_name)).chain(services).collect()
        } else {
            Vec::new()
        }
    }
}

impl Stored for Delegation {
    const KIND: RecordKind = RecordKind::Delegation;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(index::PRINCIPAL, self.from.to_string()), (index::DELEGATE, self.to.to_string())]
    }
}

/// The name that an object of a directory is held under by its record.
pub(crate) fn object_name(domain: DomainId, object: ObjectGuid) -> String {
    format!("object:{domain}:{object}")
}

/// The name that a secret is held under by the account whose password is in it: two accounts never share one (S-5).
pub(crate) fn secret_name(vault: VaultId, secret: &str) -> String {
    format!("secret:{vault}:{secret}")
}

impl Stored for Account {
    const KIND: RecordKind = RecordKind::Account;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let mut indexes = vec![(index::STATUS, status_key(self.status).to_owned())];
        indexes.extend(self.owners.iter().map(|owner| (index::OWNER, owner_key(*owner))));
        indexes.push((index::TEMPLATE, self.template.to_string()));
        indexes.extend(self.tags.iter().map(|tag| (index::TAG, tags::key(tag))));
        indexes
    }

    fn due(&self) -> Vec<(DueKind, Timestamp)> {
        let mut due = Vec::new();
        if self.status != AccountStatus::Deleted && !self.eol_done {
            due.push((DueKind::EndOfLife, self.ends_at()));
        }
        // N-15: disabled accounts get none.
        if self.status == AccountStatus::Active
            && let Some(next) = self.reminders.next
        {
            due.push((DueKind::Reminder, next));
        }
        if self.status == AccountStatus::Active
            && let Some(at) = self.rotates_at
        {
            due.push((DueKind::Rotation, at));
        }
        if self.status != AccountStatus::Deleted
            && let Some(at) = self.privilege_ends.iter().map(|end| end.at).min()
        {
            due.push((DueKind::PrivilegeEnd, at));
        }
        due
    }

    fn unique(&self) -> Vec<String> {
        let mut names = Vec::new();
        if self.erased_at.is_none() {
            names.push(object_name(self.domain, self.object_guid));
            let secret = self.vault.zip(self.secret.as_deref());
            names.extend(secret.map(|(vault, secret)| secret_name(vault, secret)));
        }
        // NM-2: a deleted account's name is free again.
        if self.status != AccountStatus::Deleted {
            names.push(reservation(self.domain, &self.name));
            let services = self.service_principal_names.iter();
            names.extend(services.map(|name| service_reservation(self.domain, name)));
        }
        names
    }
}

impl Stored for AccountPair {
    const KIND: RecordKind = RecordKind::AccountPair;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    /// BG-1: an account is in one pair.
    fn unique(&self) -> Vec<String> {
        [self.current, self.resting].iter().map(|account| format!("paired:{account}")).collect()
    }
}

impl Stored for SagaRecord {
    const KIND: RecordKind = RecordKind::Saga;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(index::ACCOUNT, self.account.to_string())]
    }

    fn work(&self) -> Option<Work> {
        self.status.is_open().then_some(Work { domain: self.domain, ready_at: self.ready_at })
    }
}

impl Stored for SweepState {
    const KIND: RecordKind = RecordKind::Sweep;

    fn id(&self) -> Uuid {
        Self::ID
    }
}

impl Stored for Campaign {
    const KIND: RecordKind = RecordKind::Campaign;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn due(&self) -> Vec<(DueKind, Timestamp)> {
        if self.ended.is_some() {
            return Vec::new();
        }
        self.remind_at.into_iter().chain([self.until]).map(|at| (DueKind::Campaign, at)).collect()
    }
}

/// The reviews of a campaign that are open, or that are not, as the index writes it.
pub(crate) fn review_key(campaign: CampaignId, open: bool) -> String {
    format!("{}:{campaign}", if open { "open" } else { "decided" })
}

impl Stored for Review {
    const KIND: RecordKind = RecordKind::Review;

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let mut indexes = vec![
            (index::CAMPAIGN, self.campaign.to_string()),
            (index::STATUS, review_key(self.campaign, self.outcome.is_none())),
        ];
        // What is decided is asked for by its campaign alone.
        indexes.extend(self.outcome.is_none().then(|| (index::ACCOUNT, self.account.to_string())));
        indexes
    }
}

/// Objects of a kind in a domain, as the index of the mirror writes it.
pub(crate) fn mirror_key(domain: DomainId, kind: MirrorKind) -> String {
    let kind = match kind {
        MirrorKind::Account => "account",
        MirrorKind::ManagedAccount => "managed_account",
        MirrorKind::Group => "group",
        MirrorKind::Container => "container",
    };
    format!("{domain}:{kind}")
}

/// An object's sAMAccountName, as the index of the mirror writes it.
pub(crate) fn mirror_name(domain: DomainId, name: &str) -> String {
    format!("{domain}:{}", name.to_lowercase())
}

impl Stored for MirrorEntry {
    const KIND: RecordKind = RecordKind::MirrorEntry;

    fn id(&self) -> Uuid {
        key("mirror", self.domain, self.guid)
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let kind = (index::MIRROR, mirror_key(self.domain, self.kind));
        let name = self.name().map(|name| (index::NAME, mirror_name(self.domain, name)));
        std::iter::once(kind).chain(name).collect()
    }
}

impl Stored for SyncState {
    const KIND: RecordKind = RecordKind::SyncState;

    fn id(&self) -> Uuid {
        self.domain.uuid()
    }

    fn due(&self) -> Vec<(DueKind, Timestamp)> {
        self.next_at.map(|at| (DueKind::Sync, at)).into_iter().collect()
    }
}

impl Stored for SyncFinding {
    const KIND: RecordKind = RecordKind::SyncFinding;

    fn id(&self) -> Uuid {
        Self::key(self.domain, self.object)
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(index::DOMAIN, self.domain.to_string())]
    }
}

/// Accounts of a domain with something to report, of one kind or of any, as the index writes it.
pub(crate) fn drift_key(domain: DomainId, kind: Option<DriftKind>) -> String {
    kind.map_or_else(|| domain.to_string(), |kind| format!("{domain}:{kind}"))
}

impl Stored for AccountDrift {
    const KIND: RecordKind = RecordKind::AccountDrift;

    fn id(&self) -> Uuid {
        self.account.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let any = self.items.first().map(|_| None);
        let kinds = any.into_iter().chain(self.items.iter().map(|item| Some(item.kind)));
        kinds.map(|kind| (index::DRIFT, drift_key(self.domain, kind))).collect()
    }
}

impl Stored for VaultSyncState {
    const KIND: RecordKind = RecordKind::VaultSyncState;

    fn id(&self) -> Uuid {
        self.vault.uuid()
    }

    fn due(&self) -> Vec<(DueKind, Timestamp)> {
        self.next_at.map(|at| (DueKind::VaultSync, at)).into_iter().collect()
    }
}

impl Stored for SecretFinding {
    const KIND: RecordKind = RecordKind::SecretFinding;

    fn id(&self) -> Uuid {
        self.account.uuid()
    }

    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(index::VAULT, self.vault.to_string())]
    }
}
