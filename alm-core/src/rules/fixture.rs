//! Records for the tests of rules, in which nothing is special: a test sets what it is about.

use ad_directory::{Dn, ObjectGuid};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::model::account::{Account, AccountStatus, OpenOperation, OperationKind, ReminderState};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::{Event, EventKind};
use crate::model::ids::{
    AccountId, DomainId, PersonId, RequestId, SagaId, TemplateId, TemplateVersionId, VaultId,
};
use crate::model::managed::AccountKind;
use crate::model::people::Person;
use crate::model::period::Period;
use crate::model::request::{Request, RequestForm, RequestKind, RequestStatus};
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

/// An enabled person without roles, called `person N`.
pub(super) fn person(n: u128) -> Person {
    Person::new(PersonId::new(Uuid::from_u128(n)), format!("person {n}"))
}

/// What person 1 asks for, submitted and in its first step, without votes.
pub(super) fn request() -> Request {
    Request {
        id: RequestId::new(Uuid::from_u128(1)),
        kind: RequestKind::New,
        requester: person(1).id,
        template: TemplateVersionId::new(Uuid::from_u128(4)),
        domain: DomainId::new(Uuid::from_u128(1)),
        account_name: "svc_1".into(),
        form: RequestForm::new("1", Period::Days(90), "payroll"),
        privilege: None,
        status: RequestStatus::Submitted,
        step: 0,
        escalates_at: None,
        escalated: false,
        votes: Vec::new(),
        terms: None,
        account: None,
        saga: None,
        eol: None,
        failure: None,
        created_at: now(),
        submitted_at: Some(now()),
    }
}

/// That account 8 is there, as it goes to a destination for the first time, after another event of it could not be delivered.
pub(super) fn delivery(text: &str) -> Delivery {
    let at: Timestamp = "2026-01-02T03:04:05.678901Z".parse().unwrap();
    let mut event = Event::new(Uuid::from_u128(7).into(), at, EventKind::AccountProvisioned, text);
    event.account = Some(Uuid::from_u128(8).into());
    Delivery {
        seq: 1,
        destination: Uuid::from_u128(1).into(),
        event,
        state: DeliveryState::Waiting,
        attempts: 1,
        round: 1,
        ready_at: at,
        at,
        after_gap: true,
        note: None,
    }
}
