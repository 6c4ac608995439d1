//! What happened, for those who want to be told (section N, H-5).

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::Audited;
use super::ids::{AccountId, DestinationId, EventId, PersonId, RequestId, SagaId, TemplateId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A template waits for a second person to publish it (N-1).
    TemplateNeedsApproval,
    /// A template was published, unpublished or disabled (N-2).
    TemplateStateChanged,
    /// A request changed its status (N-3, N-5).
    RequestStateChanged,
    /// A step waits for its approvers (N-4).
    ApprovalRequired,
    /// A step's time is over; administrators may vote in it now.
    ApprovalEscalated,
    /// An approver lets another vote in their place, or no longer does.
    ApprovalDelegated,
    /// An account was provisioned (N-5).
    AccountProvisioned,
    /// Provisioning failed (N-5).
    ProvisioningFailed,
    /// Owners changed (N-6, W-3).
    AccountOwnerChanged,
    /// The account can be renewed now (N-10).
    RenewalAvailable,
    /// It still can (N-11).
    RenewalReminder,
    /// Its end is near (N-12).
    RenewalUrgent,
    /// The end of life came (L-1 to L-4).
    EndOfLife,
    /// The account changed its status for another reason.
    AccountStateChanged,
    /// The account has another password; who keeps a copy of it fetches it anew.
    AccountPasswordRotated,
    /// Two accounts take turns from now on, changed places, or do not take turns any more (BG-1 to BG-5).
    AccountPairChanged,
    /// Two accounts cannot change places although it is time (BG-4).
    AccountPairHeld,
    /// The account joined a directory group or left one.
    AccountPrivilegeChanged,
    /// An operation stopped and waits for a person (I-9).
    OperationParked,
    /// The sweep stopped before it changed anything and asks (L-39).
    SweepHeld,
    /// The audit chain does not go on from its last checkpoint: somebody changed it.
    AuditChainBroken,
    /// Accounts are to be reviewed (C-1), or still are (C-4).
    ReviewRequested,
    /// A campaign ended; how many accounts were kept, retired and not decided about (C-4).
    CampaignEnded,
    /// An account that was there already is managed now, or could not be (M-1).
    AccountAdopted,
    /// An account came under another template, or another version of its own (M-2).
    AccountMigrated,
    /// A sync found a service account that nobody manages (S-7).
    NewExternalUser,
    /// A sync made somebody a user, or keeps one from now on (N-8).
    NewSyncedUser,
    /// A sync disabled users; how many (S-3).
    UserDisabledBySync,
    /// Directory groups whose members are users are gone; how many (S-3).
    ExternalGroupsDisabled,
    /// A sync could not make or disable a user by itself, and a person has to look (S-3, W-2).
    SyncNeedsAttention,
    /// A sync stopped before it changed anything and asks (S-4).
    SyncHeld,
    /// A domain could not be read (N-7).
    DomainUnreachable,
    /// A managed account is not in the directory what its record says (S-6).
    AccountDrifted,
    /// Nobody has signed in with a managed account for long (S-8).
    AccountDormant,
    /// A destination did not take an event, often enough that it is not tried any more, or wants none at all (H-6).
    DeliveryFailed,
    /// Somebody tries out a destination (H-1, H-4).
    Test,
    /// An account's secret is another one now, or it has one and had none (S-5).
    AccountSecretChanged,
    /// A sync of a vault found something between accounts and their secrets that a person has to look at (S-5).
    SecretNeedsAttention,
    /// A vault could not be asked (N-7).
    VaultUnreachable,
    /// Something was written into the audit chain (H-5). Only who names this kind is told: see
    /// [`EventFilter`](super::destination::EventFilter).
    AuditRecord,
}

impl EventKind {
    /// Every kind that this version raises.
    pub const ALL: [Self; 40] = [
        Self::TemplateNeedsApproval,
        Self::TemplateStateChanged,
        Self::RequestStateChanged,
        Self::ApprovalRequired,
        Self::ApprovalEscalated,
        Self::ApprovalDelegated,
        Self::AccountProvisioned,
        Self::ProvisioningFailed,
        Self::AccountOwnerChanged,
        Self::RenewalAvailable,
        Self::RenewalReminder,
        Self::RenewalUrgent,
        Self::EndOfLife,
        Self::AccountStateChanged,
        Self::AccountPasswordRotated,
        Self::AccountPairChanged,
        Self::AccountPairHeld,
        Self::AccountPrivilegeChanged,
        Self::OperationParked,
        Self::SweepHeld,
        Self::AuditChainBroken,
        Self::ReviewRequested,
        Self::CampaignEnded,
        Self::AccountAdopted,
        Self::AccountMigrated,
        Self::NewExternalUser,
        Self::NewSyncedUser,
        Self::UserDisabledBySync,
        Self::ExternalGroupsDisabled,
        Self::SyncNeedsAttention,
        Self::SyncHeld,
        Self::DomainUnreachable,
        Self::AccountDrifted,
        Self::AccountDormant,
        Self::DeliveryFailed,
        Self::Test,
        Self::AccountSecretChanged,
        Self::SecretNeedsAttention,
        Self::VaultUnreachable,
        Self::AuditRecord,
    ];
}

impl EventKind {
    /// Its name as machines read it, such as `account_provisioned`; the same as in JSON, and never changed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TemplateNeedsApproval => "template_needs_approval",
            Self::TemplateStateChanged => "template_state_changed",
            Self::RequestStateChanged => "request_state_changed",
            Self::ApprovalRequired => "approval_required",
            Self::ApprovalEscalated => "approval_escalated",
            Self::ApprovalDelegated => "approval_delegated",
            Self::AccountProvisioned => "account_provisioned",
            Self::ProvisioningFailed => "provisioning_failed",
            Self::AccountOwnerChanged => "account_owner_changed",
            Self::RenewalAvailable => "renewal_available",
            Self::RenewalReminder => "renewal_reminder",
            Self::RenewalUrgent => "renewal_urgent",
            Self::EndOfLife => "end_of_life",
            Self::AccountStateChanged => "account_state_changed",
            Self::AccountPasswordRotated => "account_password_rotated",
            Self::AccountPairChanged => "account_pair_changed",
            Self::AccountPairHeld => "account_pair_held",
            Self::AccountPrivilegeChanged => "account_privilege_changed",
            Self::OperationParked => "operation_parked",
            Self::SweepHeld => "sweep_held",
            Self::AuditChainBroken => "audit_chain_broken",
            Self::ReviewRequested => "review_requested",
            Self::CampaignEnded => "campaign_ended",
            Self::AccountAdopted => "account_adopted",
            Self::AccountMigrated => "account_migrated",
            Self::NewExternalUser => "new_external_user",
            Self::NewSyncedUser => "new_synced_user",
            Self::UserDisabledBySync => "user_disabled_by_sync",
            Self::ExternalGroupsDisabled => "external_groups_disabled",
            Self::SyncNeedsAttention => "sync_needs_attention",
            Self::SyncHeld => "sync_held",
            Self::DomainUnreachable => "domain_unreachable",
            Self::AccountDrifted => "account_drifted",
            Self::AccountDormant => "account_dormant",
            Self::DeliveryFailed => "delivery_failed",
            Self::Test => "test",
            Self::AccountSecretChanged => "account_secret_changed",
            Self::SecretNeedsAttention => "secret_needs_attention",
            Self::VaultUnreachable => "vault_unreachable",
            Self::AuditRecord => "audit_record",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TemplateNeedsApproval => "template needs approval",
            Self::TemplateStateChanged => "template state changed",
            Self::RequestStateChanged => "request state changed",
            Self::ApprovalRequired => "approval required",
            Self::ApprovalEscalated => "approval escalated",
            Self::ApprovalDelegated => "approval delegated",
            Self::AccountProvisioned => "account provisioned",
            Self::ProvisioningFailed => "provisioning failed",
            Self::AccountOwnerChanged => "account owner changed",
            Self::RenewalAvailable => "renewal available",
            Self::RenewalReminder => "renewal reminder",
            Self::RenewalUrgent => "renewal urgent",
            Self::EndOfLife => "end of life",
            Self::AccountStateChanged => "account state changed",
            Self::AccountPasswordRotated => "account password rotated",
            Self::AccountPrivilegeChanged => "account privilege changed",
            Self::OperationParked => "operation parked",
            Self::SweepHeld => "sweep held",
            Self::AuditChainBroken => "audit chain broken",
            Self::ReviewRequested => "review requested",
            Self::CampaignEnded => "campaign ended",
            Self::AccountAdopted => "account adopted",
            Self::AccountMigrated => "account migrated",
            Self::NewExternalUser => "new external user",
            Self::NewSyncedUser => "new synced user",
            Self::UserDisabledBySync => "user disabled by sync",
            Self::ExternalGroupsDisabled => "external groups disabled",
            Self::SyncNeedsAttention => "sync needs attention",
            Self::SyncHeld => "sync held",
            Self::DomainUnreachable => "domain unreachable",
            Self::AccountPairChanged => "account pair changed",
            Self::AccountPairHeld => "account pair held",
            Self::AccountDrifted => "account drifted",
            Self::AccountDormant => "account dormant",
            Self::DeliveryFailed => "delivery failed",
            Self::Test => "test",
            Self::AccountSecretChanged => "account secret id changed",
            Self::SecretNeedsAttention => "secret needs attention",
            Self::VaultUnreachable => "vault unreachable",
            Self::AuditRecord => "audit record",
        })
    }
}

/// One thing that happened; delivered at least once, always under the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Receivers drop repeats by it.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// One line for people. Never a secret.
    pub text: String,
    /// The account it is about, if one.
    pub account: Option<AccountId>,
    /// The version that the account's record has after the change that the event tells of: what puts the events of an account in order (H-6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_version: Option<u64>,
    /// The request it is about, if one.
    pub request: Option<RequestId>,
    /// The template it is about, if one.
    pub template: Option<TemplateId>,
    /// The saga it came from, if one.
    pub saga: Option<SagaId>,
    /// The destination it is about, if one. It is not told of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationId>,
    /// Who is to be told.
    pub to: BTreeSet<PersonId>,
    /// The audit record that it tells of, in an event of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Box<Audited>>,
}

impl Event {
    /// Something that happened, about nothing in particular and for nobody.
    pub fn new(id: EventId, at: Timestamp, kind: EventKind, text: impl Into<String>) -> Self {
        Self {
            id,
            at,
            kind,
            text: text.into(),
            account: None,
            account_version: None,
            request: None,
            template: None,
            saga: None,
            destination: None,
            to: BTreeSet::new(),
            audit: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_list_once() {
        let shown: BTreeSet<_> = EventKind::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), EventKind::ALL.len());
        // One for each line of both lists of names above, which the compiler holds complete.
        let source = include_str!("event.rs");
        let lines =
            source.lines().filter(|line| line.starts_with("            Self::") && line.contains(" => \""));
        assert_eq!(lines.count(), 2 * EventKind::ALL.len());
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
