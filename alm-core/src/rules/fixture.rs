//! Records for the tests of rules, in which nothing is special: a test sets what it is about.

use ad_directory::{Dn, ObjectGuid};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::model::account::{Account, AccountStatus, OpenOperation, OperationKind, ReminderState};
use crate::model::ids::{AccountId, DomainId, SagaId, TemplateId, TemplateVersionId, VaultId};
use crate::model::managed::AccountKind;
use crate::model::period::Period;
use crate::model::template::{DirectoryPlace, EolAction, TemplateBody, VaultPlace};

pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);
pub(super) const SECOND: SignedDuration = SignedDuration::from_secs(1);

pub(super) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(super) fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

/// An Active user without groups: made a year ago, ends in a year, its password is kept in a vault.
pub(super) fn account(n: u128) -> Account {
    let year = HOUR * (24 * 365);
    Account {
        id: AccountId::new(Uuid::from_u128(n)),
        name: format!("svc_{n}"),
        common_name: None,
        kind: AccountKind::User,
        domain: DomainId::new(Uuid::from_u128(1)),
        status: AccountStatus::Active,
        owners: [].into(),
        template: TemplateId::new(Uuid::from_u128(3)),
        template_version: TemplateVersionId::new(Uuid::from_u128(4)),
        period: Period::Days(730),
        renewal_date: now() + year - HOUR * (24 * 30),
        eol: now() + year,
        ends_by: None,
        eol_action: EolAction::Review,
        eol_done: false,
        description: String::new(),
        ou: dn("OU=Services,DC=x"),
        retirement_ou: None,
        groups: Vec::new(),
        privilege_ends: Vec::new(),
        attributes: [].into(),
        object_guid: ObjectGuid::new(Uuid::from_u128(n)),
        vault: Some(VaultId::new(Uuid::from_u128(2))),
        secret: Some(n.to_string()),
        service_principal_names: Vec::new(),
        tags: [].into(),
        dependencies: Vec::new(),
        operation: None,
        renewal: None,
        reminders: ReminderState::default(),
        sagas: Vec::new(),
        binds: Vec::new(),
        password_changed_at: now() - year,
        rotates_at: None,
        pending: None,
        pair: None,
        provisioned_at: now() - year,
        erased_at: None,
    }
}

pub(super) fn operation(kind: OperationKind, failed: bool) -> OpenOperation {
    OpenOperation { saga: SagaId::new(Uuid::from_u128(5)), kind, failed }
}

/// A template of such accounts.
pub(super) fn body() -> TemplateBody {
    let place = DirectoryPlace::new(DomainId::new(Uuid::from_u128(1)), dn("OU=Services,DC=x"));
    let vault = VaultPlace::new(VaultId::new(Uuid::from_u128(2)), "12", "6001");
    let mut body = TemplateBody::new(EolAction::Review, vault, place);
    body.periods = vec![Period::Days(90), Period::Days(30)];
    body
}
