//! Notices in the application itself (N-17).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::event::EventKind;
use super::ids::{AccountId, EventId, InboxItemId, PersonId, RequestId, TemplateId};

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Category {
    /// Somebody waits for an answer, or got one.
    Approvals,
    /// An account, its owners, its end.
    Accounts,
    /// The instance itself: templates, syncs, what needs a hand.
    Administration,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Approvals, Self::Accounts, Self::Administration];

    /// Where events of a kind belong.
    pub const fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::RequestStateChanged
            | EventKind::ApprovalRequired
            | EventKind::ApprovalEscalated
            | EventKind::ApprovalDelegated
            | EventKind::ProvisioningFailed
            | EventKind::ReviewRequested => Self::Approvals,
            EventKind::AccountProvisioned
            | EventKind::AccountOwnerChanged
            | EventKind::RenewalAvailable
            | EventKind::RenewalReminder
            | EventKind::RenewalUrgent
            | EventKind::EndOfLife
            | EventKind::AccountStateChanged
            | EventKind::AccountPasswordRotated
            | EventKind::AccountPrivilegeChanged
            | EventKind::AccountAdopted
            | EventKind::AccountMigrated
            | EventKind::AccountDrifted
            | EventKind::AccountDormant
            | EventKind::AccountSecretChanged
            | EventKind::SecretNeedsAttention => Self::Accounts,
            _ => Self::Administration,
        }
    }
}

/// One notice for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InboxItem {
    /// Which. Sorts by the time of the event, the newest first.
    pub id: InboxItemId,
    /// Whose.
    pub person: PersonId,
    /// Of which event: there is one notice for each person and event.
    pub event: EventId,
    /// What happened.
    pub kind: EventKind,
    /// What it is about.
    pub category: Category,
    /// One line for people.
    pub text: String,
    /// When it happened.
    pub at: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// Whether it was marked as read.
    pub read: bool,
    /// The account it is about, if one.
    pub account: Option<AccountId>,
    /// The request it is about, if one.
    pub request: Option<RequestId>,
    /// The template it is about, if one.
    pub template: Option<TemplateId>,
}

impl InboxItem {
    /// The id of the notice for `person` of `event`, which happened `at`: the same whoever makes it, and however often.
    pub fn key(person: PersonId, event: EventId, at: Timestamp) -> InboxItemId {
        let hash = Sha256::new()
            .chain_update(b"alm-inbox-1")
            .chain_update(person.uuid().as_bytes())
            .chain_update(event.uuid().as_bytes())
            .finalize();
        // Milliseconds counted down from a far end, so that the newest has the lowest id; the rest tells notices of one millisecond apart.
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let down = u64::MAX - (millis << 16);
        let mut bytes = [0; 16];
        for (place, byte) in bytes.iter_mut().zip(down.to_be_bytes().into_iter().take(6).chain(hash)) {
            *place = byte;
        }
        InboxItemId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// A nil id is before every notice.
pub const NEWEST: InboxItemId = InboxItemId::new(Uuid::nil());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_17_newer_notices_have_lower_ids_and_each_person_and_event_has_its_own() {
        let at: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let (ada, bob) = (PersonId::new(Uuid::from_u128(1)), PersonId::new(Uuid::from_u128(2)));
        let event = |number| EventId::new(Uuid::from_u128(number));
        let later = at + jiff::SignedDuration::from_millis(1);
        assert!(InboxItem::key(ada, event(1), later) < InboxItem::key(ada, event(1), at));
        assert_eq!(InboxItem::key(ada, event(1), at), InboxItem::key(ada, event(1), at));
        assert_ne!(InboxItem::key(ada, event(1), at), InboxItem::key(bob, event(1), at));
        assert_ne!(InboxItem::key(ada, event(1), at), InboxItem::key(ada, event(2), at));
        assert!(NEWEST < InboxItem::key(ada, event(1), Timestamp::MAX));
    }
}
