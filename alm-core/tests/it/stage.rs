//! A saga about to begin, in a world where anything can go wrong, and what must hold in the end.

use std::collections::HashSet;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use ad_directory::{AccountExpires, AccountKey, CheckPasswordOptions, Directory, ErrorKind, MemoryDirectory};
use ad_directory::{
    AccountUpdate, CreateOptions, DeleteOptions, FindOptions, GroupKey, MarkerChange, MemberOptions,
    MoveOptions, NewAccount, UpdateOptions, UserAccountControl,
};
use alm_core::engine::Engine;
use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::discovery::DiscoveryOrder;
use alm_core::model::doctor::{Examination, Finding};
use alm_core::model::ids::{AccountId, RequestId, SagaId, SecretId, TemplateId};
use alm_core::model::managed::{AccountKind, PasswordReader, TicketEncryption};
use alm_core::model::migration::NewEnd;
use alm_core::model::period::Period;
use alm_core::model::request::RequestStatus;
use alm_core::model::template::{EolAction, Rotator, TemplateVersion};
use alm_core::port::clock::Clock;
use alm_core::port::store::{Store, Stored as _};
use alm_core::port::vault::Vault as _;
use alm_core::rules::naming;
use alm_core::saga::{Completion, Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, SubmitRenewal,
};
use alm_core::service::adoption::{AdoptAccounts, Adoptee};
use alm_core::service::migration::MigrateAccount;
use alm_core::service::privileges::RequestPrivilege;
use alm_core::service::repair::Repair;
use alm_core::service::rotation::RotateAccount;
use alm_core::testing::{MemoryVault, StoredSecret, VaultFault};
use jiff::SignedDuration;
use secrecy::ExposeSecret;

use super::chaos::{Chaos, ChaosDirectory, ChaosVault, Mishap};
use super::world::{HOSTS, MOVED, OU, READERS, RETIRED, WRITERS, World, form, found};

/// The service name of the gMSAs.
/// The password of the account that is adopted.
const LEGACY: &str = "Grown-up-in-2009!forever";
const SERVICE: &str = "HTTP/payroll.corp.example.com";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Provision,
    /// The directory refuses the first password.
    PasswordRefused,
    /// Somebody sets another password before the proof.
    PasswordWrong,
    /// Joining is forbidden: the way back, by identity.
    GroupForbidden,
    /// Adding is forbidden: the way back, by marker.
    AddForbidden,
    Disable,
    Enable,
    Renew,
    /// A renewal that enables a disabled account as well.
    RenewDisabled,
    Expire,
    Delete,
    Erase,
    /// Another password for an account in use.
    Rotate,
    /// The directory refuses the first one.
    RotateRefused,
    /// An emergency stop takes the place of a rotation that was stopped halfway, and the account is enabled again.
    RotateStopped,
    /// Another password, from the vault.
    RotateByVault,
    /// It joins a group, as a request asked.
    Join,
    /// It leaves a group whose time is over.
    Leave,
    /// An account that is there already, with its secret (M-1).
    Adopt,
    /// The same, with a secret that holds another password: it is let go again.
    AdoptWrong,
    /// An account that is there already and gets another password, in a secret that is made for it.
    AdoptReset,
    /// The same; the directory refuses the first password.
    AdoptResetRefused,
    /// The same; setting passwords is forbidden: it is let go again, and its secret goes.
    AdoptResetForbidden,
    /// Another template: place, groups, attributes, secret's folder and a later end (M-2).
    Migrate,
    /// Given up when all but the last was done: everything is put back.
    MigrateAbandoned,
    /// An emergency stop takes its place then.
    MigrateStopped,
    /// Somebody disabled it, moved it and changed its groups: it is put right (S-6).
    Correct,
    /// Somebody took our marker off.
    Mark,
    /// Somebody deleted it.
    WriteOff,
    /// A second account of its saga is there.
    Clean,
    /// The same with a gMSA (T-11).
    Managed(OfManaged),
}

/// What happens to a gMSA otherwise than to a user, or through other calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfManaged {
    Provision,
    GroupForbidden,
    AddForbidden,
    Disable,
    Enable,
    RenewDisabled,
    Expire,
    Delete,
    Erase,
    Leave,
    Migrate,
}

impl Case {
    pub(super) const ALL: [Self; 41] = [
        Self::Provision,
        Self::PasswordRefused,
        Self::PasswordWrong,
        Self::GroupForbidden,
        Self::AddForbidden,
        Self::Disable,
        Self::Enable,
        Self::Renew,
        Self::RenewDisabled,
        Self::Expire,
        Self::Delete,
        Self::Erase,
        Self::Rotate,
        Self::RotateRefused,
        Self::RotateStopped,
        Self::RotateByVault,
        Self::Join,
        Self::Leave,
        Self::Adopt,
        Self::AdoptWrong,
        Self::AdoptReset,
        Self::AdoptResetRefused,
        Self::AdoptResetForbidden,
        Self::Migrate,
        Self::MigrateAbandoned,
        Self::MigrateStopped,
        Self::Correct,
        Self::Mark,
        Self::WriteOff,
        Self::Clean,
        Self::Managed(OfManaged::Provision),
        Self::Managed(OfManaged::GroupForbidden),
        Self::Managed(OfManaged::AddForbidden),
        Self::Managed(OfManaged::Disable),
        Self::Managed(OfManaged::Enable),
        Self::Managed(OfManaged::RenewDisabled),
        Self::Managed(OfManaged::Expire),
        Self::Managed(OfManaged::Delete),
        Self::Managed(OfManaged::Erase),
        Self::Managed(OfManaged::Leave),
        Self::Managed(OfManaged::Migrate),
    ];

    /// What happens, whatever the kind of the account.
    pub(super) const fn base(self) -> Self {
        let Self::Managed(what) = self else { return self };
        match what {
            OfManaged::Provision => Self::Provision,
            OfManaged::GroupForbidden => Self::GroupForbidden,
            OfManaged::AddForbidden => Self::AddForbidden,
            OfManaged::Disable => Self::Disable,
            OfManaged::Enable => Self::Enable,
            OfManaged::RenewDisabled => Self::RenewDisabled,
            OfManaged::Expire => Self::Expire,
            OfManaged::Delete => Self::Delete,
            OfManaged::Erase => Self::Erase,
            OfManaged::Leave => Self::Leave,
            OfManaged::Migrate => Self::Migrate,
        }
    }

    pub(super) const fn kind(self) -> AccountKind {
        match self {
            Self::Managed(_) => AccountKind::GroupManaged,
            _ => AccountKind::User,
        }
    }

    /// What the directory forbids for good in this case.
    pub(super) const fn forbidden(self) -> Option<&'static str> {
        match (self.base(), self.kind()) {
            (Self::GroupForbidden, _) => Some("groups.add_member"),
            (Self::AddForbidden, AccountKind::GroupManaged) => Some("managed.create"),
            (Self::AddForbidden, _) => Some("accounts.create"),
            (Self::AdoptResetForbidden, _) => Some("accounts.set_password"),
            _ => None,
        }
    }

    pub(super) const fn adopts(self) -> bool {
        matches!(self, Self::Adopt | Self::AdoptWrong) || self.resets()
    }

    pub(super) const fn resets(self) -> bool {
        matches!(self, Self::AdoptReset | Self::AdoptResetRefused | Self::AdoptResetForbidden)
    }

    /// Whether it is let go again.
    pub(super) const fn lets_go(self) -> bool {
        matches!(self, Self::AdoptWrong | Self::AdoptResetForbidden)
    }

    pub(super) const fn makes_one(self) -> bool {
        matches!(self, Self::Provision | Self::PasswordRefused | Self::PasswordWrong)
    }

    pub(super) const fn is_undone(self) -> bool {
        matches!(self, Self::GroupForbidden | Self::AddForbidden)
    }
}

/// A world in which one saga is about to begin.
pub(super) struct Stage {
    pub(super) world: World,
    /// What happens, whatever the kind.
    pub(super) case: Case,
    pub(super) kind: AccountKind,
    pub(super) chaos: Arc<Chaos>,
    pub(super) saga: SagaId,
    pub(super) account: AccountId,
    pub(super) request: Option<RequestId>,
}

pub(super) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    // Everything is in memory and at hand: what is not ready at once stands still for good.
    future.poll(&mut Context::from_waker(Waker::noop()))
}

impl Stage {
    pub(super) async fn new(case: Case, plan: impl IntoIterator<Item = (usize, Mishap)>) -> Self {
        let world = World::new().await;
        let (forbidden, kind, case) = (case.forbidden(), case.kind(), case.base());
        let mut form = form("payroll");
        let body = if kind == AccountKind::GroupManaged {
            form.service_principal_names = vec![SERVICE.to_owned()];
            world.managed_body(EolAction::Expire)
        } else {
            let mut body = world.body(EolAction::Expire);
            body.rotation.tell_dependents = true;
            if case == Case::RotateByVault {
                body.rotation.by = Rotator::Vault;
                world.vault.changes_passwords_in(world.directory.clone());
            }
            body
        };
        let template = world.publish("Expire accounts", body).await;
        let chaos = Chaos::new(plan);
        let (saga, account, request);
        if case.makes_one() || case.is_undone() {
            let id = world.submitted_as(template, form).await;
            world.approve(id).await;
            let queued = world.alm.request(&world.requester, id).await.unwrap();
            (saga, account, request) = (queued.saga.unwrap(), queued.account.unwrap(), Some(id));
        } else if case.adopts() {
            request = None;
            (saga, account) = Self::adopt(&world, case, template).await;
        } else {
            account = world.provisioned_as(template, form).await;
            request = None;
            saga = Self::begin(&world, case, account).await;
        }
        match case {
            Case::PasswordRefused => chaos.refuse("accounts.create", 1, ErrorKind::PasswordPolicy),
            Case::PasswordWrong => chaos.spoil_password(),
            Case::AdoptResetRefused => chaos.refuse("accounts.set_password", 1, ErrorKind::PasswordPolicy),
            Case::RotateRefused => chaos.refuse("accounts.set_password", 2, ErrorKind::PasswordPolicy),
            _ => {}
        }
        if let Some(call) = forbidden {
            chaos.refuse(call, u32::MAX, ErrorKind::Forbidden);
        }
        let stage = Self { world, case, kind, chaos, saga, account, request };
        stage.watch(&stage.chaos);
        stage
    }

    /// An account that somebody made, in its group, with an end before that which it will get; its password is in the vault.
    async fn adopt(world: &World, case: Case, template: TemplateId) -> (SagaId, AccountId) {
        let soon = world.clock.now() + SignedDuration::from_hours(24 * 30);
        let new = NewAccount::new(OU.parse().unwrap(), "svc-payroll".parse().unwrap())
            .password(LEGACY.to_owned())
            .enabled(true)
            .expires(AccountExpires::At(soon));
        let there = world.directory.create_account(&new, CreateOptions::new()).await.unwrap();
        let readers = GroupKey::Dn(READERS.parse().unwrap());
        world.directory.add_member(&readers, there.guid, MemberOptions::new()).await.unwrap();
        let mut secret = None;
        if !case.resets() {
            secret = Some(world.vault.plant("12", "payroll", "", LEGACY));
        }
        if case == Case::AdoptWrong {
            secret = Some(world.vault.plant("12", "something else", "", "another password"));
        }
        let order = DiscoveryOrder::new(world.domain);
        let mut one = Adoptee::from(&world.alm.discover(&world.admin, &order).await.unwrap()[0]);
        one.secret = secret.map(|secret| secret.to_string());
        let mut adopt = AdoptAccounts::new(template, Period::Days(90), [one]);
        adopt.owners.insert(Owner::Person(world.requester.person));
        adopt.description = Some("adopted".to_owned());
        adopt.reset_passwords = case.resets();
        let id = world.execute(&world.admin, adopt).await.unwrap()[0];
        (world.view(id).await.account.operation.unwrap().saga, id)
    }

    async fn begin(world: &World, case: Case, id: AccountId) -> SagaId {
        match case {
            Case::Disable => world.execute(&world.requester, DisableAccount::new(id)).await.unwrap(),
            Case::Enable => {
                world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
                world.run().await;
                world.execute(&world.requester, EnableAccount::new(id)).await.unwrap()
            }
            Case::Renew | Case::RenewDisabled => {
                if case == Case::RenewDisabled {
                    world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
                    world.run().await;
                }
                world.advance_days(80);
                let mut renewal = SubmitRenewal::new(id, "still needed");
                renewal.enable = true;
                let request = world.execute(&world.requester, renewal).await.unwrap();
                world.approve(request).await;
                world.view(id).await.account.operation.unwrap().saga
            }
            Case::Expire => {
                world.advance_days(91);
                world.sweep().await;
                world.view(id).await.account.operation.unwrap().saga
            }
            Case::Delete => {
                world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap()
            }
            Case::Erase => {
                world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
                world.run().await;
                world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap()
            }
            Case::Rotate | Case::RotateRefused | Case::RotateByVault => {
                // Another moment than that at which it got its password.
                world.clock.advance(SignedDuration::from_secs(1));
                world.execute(&world.requester, RotateAccount::new(id)).await.unwrap()
            }
            Case::Join | Case::Leave => {
                let until = world.clock.now() + SignedDuration::from_hours(24);
                let ask =
                    RequestPrivilege::join(id, WRITERS.parse().unwrap(), "the year-end run").until(until);
                let request = world.execute(&world.requester, ask).await.unwrap();
                world.approve(request).await;
                if case == Case::Leave {
                    world.run().await;
                    world.advance_days(1);
                    world.sweep().await;
                }
                world.view(id).await.account.operation.unwrap().saga
            }
            Case::RotateStopped => {
                world.execute(&world.requester, RotateAccount::new(id)).await.unwrap();
                // The directory has the new password, and the account's own secret has not.
                world.vault.fault("write_password", VaultFault::Unreachable);
                world.run().await;
                world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
                world.run().await;
                world.execute(&world.requester, EnableAccount::new(id)).await.unwrap()
            }
            Case::Migrate | Case::MigrateAbandoned | Case::MigrateStopped => {
                Self::migrate(world, case, id).await
            }
            Case::Correct | Case::Mark | Case::WriteOff | Case::Clean => Self::mend(world, case, id).await,
            _ => unreachable!("makes the account itself"),
        }
    }

    /// Something is wrong, which doctor finds.
    async fn mend(world: &World, case: Case, id: AccountId) -> SagaId {
        let account = world.view(id).await.account;
        let object = account.object_guid;
        let directory = &world.directory;
        let there = found(directory, object).await.unwrap();
        match case {
            Case::Correct => {
                let update = AccountUpdate::new().enabled(false);
                directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
                directory.move_account(object, &MOVED.parse().unwrap(), MoveOptions::new()).await.unwrap();
                let group = |name: &str| GroupKey::Dn(name.parse().unwrap());
                directory.remove_member(&group(READERS), object, MemberOptions::new()).await.unwrap();
                directory.add_member(&group(WRITERS), object, MemberOptions::new()).await.unwrap();
            }
            Case::Mark => {
                let update = AccountUpdate::new().marker(MarkerChange::release(there.marker.unwrap()));
                directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
            }
            Case::WriteOff => directory.delete_account(object, DeleteOptions::new()).await.unwrap(),
            _ => {
                let mut second = NewAccount::new(OU.parse().unwrap(), "svc-second".parse().unwrap());
                second.marker = there.marker;
                directory.create_account(&second, CreateOptions::new()).await.unwrap();
            }
        }
        let report = world.alm.doctor(&world.admin, &Examination::of(world.domain)).await.unwrap();
        let [Finding { remedy: Some(remedy), .. }] = report.findings.as_slice() else {
            panic!("{:#?}", report.findings);
        };
        world.execute(&world.admin, Repair::new(remedy.clone())).await.unwrap()
    }

    async fn migrate(world: &World, case: Case, id: AccountId) -> SagaId {
        let account = world.view(id).await.account;
        let kind = account.kind;
        let mut body = match kind {
            AccountKind::GroupManaged => world.managed_body(EolAction::Expire),
            _ => world.body(EolAction::Expire),
        };
        body.directory.ous = vec![MOVED.parse().unwrap()];
        body.directory.groups = vec![WRITERS.parse().unwrap()];
        if let Some(managed) = &mut body.managed {
            managed.readers = vec![PasswordReader::Group(WRITERS.parse().unwrap())];
            managed.encryption = TicketEncryption::Aes128;
        } else {
            body.directory.password_never_expires = false;
            body.attributes = [("department".to_owned(), "IT".into())].into();
            "13".clone_into(&mut body.vault.as_mut().unwrap().folder);
        }
        let template = world.publish("Moved accounts", body).await;
        let mut migrate = MigrateAccount::new(id, template);
        // A later end goes to the directory last, an earlier one first.
        migrate = match case {
            Case::Migrate => migrate.period(Period::Years(1)).end(NewEnd::Renew),
            _ => migrate.end(NewEnd::On("2026-12-24".parse().unwrap())),
        };
        let saga = world.execute(&world.admin, migrate).await.unwrap();
        let secret = account.secret.map(SecretId::new);
        match case {
            Case::MigrateAbandoned => {
                // In its new folder it cannot be read any more.
                world.vault.deactivate(secret.as_ref().unwrap()).await.unwrap();
                world.run().await;
                world.vault.reactivate(secret.as_ref().unwrap());
                world.execute(&world.requester, AbandonOperation::new(id)).await.unwrap();
                saga
            }
            Case::MigrateStopped => {
                world.vault.fault("relocate", VaultFault::LoseReply);
                world.run().await;
                world.execute(&world.requester, DisableAccount::new(id)).await.unwrap()
            }
            _ => saga,
        }
    }

    /// I-1 and I-12, after every single call.
    pub(super) fn watch(&self, chaos: &Chaos) {
        let directory = Arc::clone(&self.world.directory);
        let vault = Arc::clone(&self.world.vault);
        let store = Arc::clone(&self.world.store);
        let (saga, account) = (self.saga, self.account);
        let bound = Arc::new(Bound::default());
        chaos.watch(Box::new(move || {
            let (directory, vault, store) = (Arc::clone(&directory), Arc::clone(&vault), Arc::clone(&store));
            let bound = Arc::clone(&bound);
            Box::pin(async move { look(&directory, &vault, store.as_ref(), saga, account, &bound).await })
        }));
    }

    pub(super) fn engine(&self, number: u128, chaos: &Arc<Chaos>, clock: Arc<dyn Clock>) -> Engine {
        let directory = ChaosDirectory { inner: self.world.directory.clone(), chaos: Arc::clone(chaos) };
        let vault = ChaosVault { inner: self.world.vault.clone(), chaos: Arc::clone(chaos) };
        let hook: Arc<Chaos> = Arc::clone(chaos);
        self.world
            .engine_on(number, Arc::new(directory), Arc::new(vault), clock)
            .take_back(number == 1)
            .hook(hook)
            .build()
            .unwrap()
    }

    /// Runs engine after engine, each started when the one before died, until nothing goes on by itself.
    pub(super) async fn run_until_quiet(&self, chaos: &Arc<Chaos>, number: u128) -> Result<(), String> {
        for _ in 0..300 {
            let engine = self.engine(number, chaos, self.world.clock.clone());
            let mut run = pin!(engine.run_ready());
            match poll(run.as_mut()) {
                Poll::Pending => continue,
                Poll::Ready(report) => drop(report.map_err(|error| error.to_string())?),
            }
            chaos.carry_out_late().await;
            match self.world.store.next_ready(&[self.world.domain]).await.unwrap() {
                None => return Ok(()),
                Some(at) => {
                    let wait = at.duration_since(self.world.clock.now()).max(SignedDuration::ZERO);
                    self.world.clock.advance(wait + SignedDuration::from_secs(1));
                }
            }
        }
        Err("I-9: it never comes to an end".to_owned())
    }

    pub(super) async fn end(&self) -> Ending {
        let saga: SagaRecord = self.world.document(self.saga.uuid()).await;
        match saga.status {
            SagaStatus::Ended { ending } => ending,
            other => panic!("I-9: {other:?}"),
        }
    }

    /// Everything that is wrong once all is quiet.
    pub(super) async fn problems(&self, cancelled: bool) -> Vec<String> {
        let world = &self.world;
        let mut problems = self.chaos.wrong();
        let mut check = |holds: bool, what: String| {
            if !holds {
                problems.push(what);
            }
        };

        let saga: SagaRecord = world.document(self.saga.uuid()).await;
        let undone = self.case.is_undone() || cancelled;
        let ended = match &saga.status {
            SagaStatus::Ended { ending: Ending::Done } => {
                !undone && !self.case.lets_go() && self.case != Case::MigrateAbandoned
            }
            SagaStatus::Ended { ending: Ending::Abandoned } => self.case == Case::MigrateAbandoned,
            SagaStatus::Ended { ending: Ending::Compensated { .. } } => {
                self.case.is_undone() || self.case.lets_go()
            }
            SagaStatus::Ended { ending: Ending::Cancelled } => cancelled,
            _ => false,
        };
        check(ended, format!("I-9: {:?}", saga.status));

        let all = world.vault.secrets();
        let active: Vec<_> = all.iter().filter(|(_, secret)| secret.active).collect();
        let name = if self.kind == AccountKind::User { "svc-payroll" } else { "svc-payroll$" };
        let named = account_named(&world.directory, name).await;
        if self.case.lets_go() {
            let record = world.store.load(Account::KIND, self.account.uuid()).await.unwrap();
            check(record.is_none(), "M-1: a record is left".to_owned());
            let there = named.unwrap();
            check(there.marker.is_none() && !there.foreign_marker, format!("M-1: marked {:?}", there.marker));
            let soon = there.when_created.unwrap() + SignedDuration::from_hours(24 * 30);
            check(there.expires == AccountExpires::At(soon), format!("M-1: {:?}", there.expires));
            check(there.description.is_none() && there.is_enabled(), "M-1: it was changed".to_owned());
            let left = if self.case == Case::AdoptWrong { 2 } else { 0 };
            check(active.len() == left, format!("M-1: {} secrets are active", active.len()));
            let old = LEGACY.into();
            let bind = world.directory.check_password(there.guid, &old, CheckPasswordOptions::new());
            check(bind.await.unwrap().proves_password() == Some(true), "M-1: it has another password".into());
        } else if undone {
            check(named.is_none(), format!("I-2: an account is left: {named:?}"));
            check(active.is_empty(), format!("I-2: {} secrets are left", active.len()));
            let request = world.alm.request(&world.admin, self.request.unwrap()).await.unwrap();
            let expected =
                if cancelled { RequestStatus::Abandoned } else { RequestStatus::ProvisioningFailed };
            check(
                request.status == expected || request.status == RequestStatus::ProvisioningFailed,
                format!("R-12: the request is {:?}", request.status),
            );
            check(request.failure.is_some(), "R-12: nobody knows why".to_owned());
        } else {
            let Some(account) = world.store.load(Account::KIND, self.account.uuid()).await.unwrap() else {
                problems.push("there is no record of the account".to_owned());
                return problems;
            };
            let account = Account::read(&account).unwrap();
            let there = world.there(&account).await;
            let expected = match self.case {
                Case::Disable | Case::MigrateStopped => AccountStatus::Disabled,
                Case::Expire => AccountStatus::Expired,
                Case::Delete | Case::Erase | Case::WriteOff => AccountStatus::Deleted,
                _ => AccountStatus::Active,
            };
            check(account.status == expected, format!("the record is {:?}", account.status));
            check(account.pending.is_none(), format!("a rotation left {:?}", account.pending));
            check(account.operation.is_none(), format!("an operation is open: {:?}", account.operation));
            check(account.renewal.is_none(), "a renewal is open".to_owned());
            let gone = matches!(self.case, Case::Erase | Case::WriteOff);
            check(gone == account.erased_at.is_some(), "erased".to_owned());
            check(gone == there.is_none(), format!("in the directory: {there:?}"));
            let keeps = self.kind == AccountKind::User && !gone && self.case != Case::Delete;
            let secrets = usize::from(keeps);
            check(active.len() == secrets, format!("I-2: {} secrets are active", active.len()));
            if let Some(there) = &there {
                let enabled = matches!(expected, AccountStatus::Active | AccountStatus::Expired);
                check(there.is_enabled() == enabled, format!("enabled: {}", there.is_enabled()));
                let moved = self.case == Case::Migrate;
                let ou = match enabled {
                    true if moved => MOVED,
                    true => OU,
                    false => RETIRED,
                };
                check(there.dn.parent() == Some(ou.parse().unwrap()), format!("it is at {}", there.dn));
                check(there.expires == AccountExpires::At(account.eol), format!("I-12: {:?}", there.expires));
                let reads = there.is_member_of(&READERS.parse().unwrap());
                check(reads != moved, format!("member of the readers: {reads}"));
                let writers = WRITERS.parse().unwrap();
                let joined = self.case == Case::Join || moved;
                check(there.is_member_of(&writers) == joined, format!("member of the writers: {}", !joined));
                check(
                    account.groups.contains(&writers) == joined,
                    format!("the record has {:?}", account.groups),
                );
                let retired = naming::retired_name(self.account, self.kind);
                let name = if self.case == Case::Delete { retired } else { name.to_owned() };
                check(there.sam_account_name.as_str() == name, format!("called {}", there.sam_account_name));
                let services = &there.service_principal_names;
                let served = self.kind == AccountKind::GroupManaged && self.case != Case::Delete;
                check(services.len() == usize::from(served), format!("its services are {services:?}"));
                let own = active.iter().find(|(id, _)| Some(id.to_string()) == account.secret);
                check(secrets == own.into_iter().count(), "its own secret is not the active one".to_owned());
                for problem in self.migration_problems(&account, own.map(|(_, secret)| secret)).await {
                    check(false, problem);
                }
                if let Some((_, secret)) = own {
                    let bind = world
                        .directory
                        .check_password(there.guid, &secret.password, CheckPasswordOptions::new())
                        .await
                        .unwrap();
                    check(bind.proves_password() == Some(true), format!("I-1: the password is {bind:?}"));
                }
            }
            check(
                named.map(|account| account.guid)
                    == there.filter(|_| self.case != Case::Delete).map(|account| account.guid),
                "I-2: another account has the name".to_owned(),
            );
        }
        if self.kind == AccountKind::GroupManaged && !(world.vault.calls().is_empty() && all.is_empty()) {
            problems.push(format!("T-11: the vault was asked: {:?}", world.vault.calls()));
        }
        problems.extend(self.audit_problems().await);
        let examination = Examination::of(world.domain).without_audit();
        let doctor = world.alm.doctor(&world.admin, &examination).await.unwrap();
        problems.extend(doctor.findings.iter().map(|finding| format!("doctor finds: {finding}")));
        problems.extend(doctor.unseen);
        problems
    }

    /// What only a migration changes: as it was, or as the new template says.
    async fn migration_problems(&self, account: &Account, secret: Option<&StoredSecret>) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                problems.push(format!("M-2: {what}"));
            }
        };
        let moved = self.case == Case::Migrate;
        let template: TemplateVersion = self.world.document(account.template_version.uuid()).await;
        check((template.name == "Moved accounts") == moved, format!("it is under {}", template.name));
        check(account.ends_by.is_none(), format!("it ends by {:?}", account.ends_by));
        if let Some(managed) = self.world.managed(account).await {
            let hosts = if moved { WRITERS } else { HOSTS };
            let group = GroupKey::Dn(hosts.parse().unwrap());
            let group = self.world.directory.find_group(&group, FindOptions::new()).await.unwrap().unwrap();
            let gone = self.case == Case::Delete;
            check(
                gone || managed.principals() == [&group.sid.unwrap()],
                format!("{:?}", managed.principals()),
            );
            let encryption = if moved { TicketEncryption::Aes128 } else { TicketEncryption::Aes256 };
            check(
                managed.encryption_types == Some(encryption.types()),
                format!("{:?}", managed.encryption_types),
            );
            return problems;
        }
        let asked = FindOptions::new().attributes(vec!["department".parse().unwrap()]);
        let key = AccountKey::Guid(account.object_guid);
        let there = self.world.directory.find_account(&key, asked).await.unwrap().unwrap();
        let never = there.user_account_control.contains(UserAccountControl::PASSWORD_NEVER_EXPIRES);
        check(never != moved, format!("password never expires: {never}"));
        check(there.attributes.len() == usize::from(moved), format!("{:?}", there.attributes));
        if let Some(secret) = secret {
            let folder = if moved { "13" } else { "12" };
            check(secret.folder == folder, format!("its secret is in folder {}", secret.folder));
        }
        problems
    }

    /// I-8.
    async fn audit_problems(&self) -> Vec<String> {
        let chain = self.world.alm.verify_audit().await.unwrap();
        let mut problems: Vec<String> =
            chain.fault.into_iter().map(|fault| format!("I-8: {fault}")).collect();
        let saga = self.saga.to_string();
        let mut under_way: Option<String> = None;
        for record in self.world.store.audit(1, u32::MAX).await.unwrap() {
            let entry = record.entry().unwrap();
            if entry.facts.get("saga").and_then(|id| id.as_str()) != Some(&saga) {
                continue;
            }
            match entry.action.as_str() {
                "effect.started" => {
                    let name = entry.facts["effect"]["effect"].as_str().map(str::to_owned);
                    if let Some(before) = under_way.replace(name.unwrap()) {
                        problems.push(format!("I-8: {before} has no end"));
                    }
                }
                "effect.finished" | "effect.lost" => {
                    let name = entry.facts["effect"].as_str().map(str::to_owned);
                    if name.is_none() || under_way.take() != name {
                        problems.push(format!("I-8: {name:?} ended without its beginning"));
                    }
                }
                _ => {}
            }
        }
        problems.extend(under_way.map(|name| format!("I-8: {name} has no end")));
        problems
    }
}

pub(super) async fn account_named(directory: &MemoryDirectory, name: &str) -> Option<ad_directory::Account> {
    found(directory, AccountKey::SamAccountName(name.parse().unwrap())).await
}

/// Passwords that were proved already: a bind costs more than all the rest.
#[derive(Debug, Default)]
pub(super) struct Bound(Mutex<HashSet<String>>);

pub(super) async fn look(
    directory: &MemoryDirectory,
    vault: &MemoryVault,
    store: &dyn Store,
    saga: SagaId,
    id: AccountId,
    known: &Bound,
) -> Option<String> {
    let mut allowed = None;
    if let Some(document) = store.load(Account::KIND, id.uuid()).await.unwrap() {
        allowed = Some(Account::read(&document).unwrap().eol);
    }
    let document = store.load(SagaRecord::KIND, saga.uuid()).await.unwrap().unwrap();
    let saga = SagaRecord::read(&document).unwrap();
    // An account that was let go is nobody's business any more.
    if allowed.is_none() && saga.then == Completion::Adopt {
        return None;
    }
    let intended = match saga.then {
        Completion::Renew { eol, .. } | Completion::Provision { eol } => Some(eol),
        Completion::Migrate { ref migration } => Some(migration.eol),
        _ => None,
    };
    if saga.status.is_open() {
        allowed = allowed.max(intended);
    }
    let kinds = [AccountKind::User, AccountKind::GroupManaged];
    let names = kinds.iter().flat_map(|kind| {
        let name = if *kind == AccountKind::User { "svc-payroll" } else { "svc-payroll$" };
        [name.to_owned(), naming::retired_name(id, *kind)]
    });
    for name in names {
        let Some(account) = account_named(directory, &name).await else { continue };
        match account.expires {
            AccountExpires::At(at) if Some(at) <= allowed => {}
            other => return Some(format!("I-12: {name} expires {other:?}, allowed is {allowed:?}")),
        }
        // I-1 is about accounts whose password a vault keeps.
        if !account.is_enabled() || name.ends_with('$') {
            continue;
        }
        let mut secrets: Vec<_> = vault.secrets().into_iter().filter(|(_, secret)| secret.active).collect();
        // One that is being adopted may have the password that it always had, which no vault has to know.
        if saga.then == Completion::Adopt {
            let old = vault.plant("elsewhere", "what people know", "", LEGACY);
            secrets.extend(vault.secrets().into_iter().filter(|(id, _)| *id == old));
            vault.erase(&old);
        }
        // Every change of a password writes a marker too.
        let key = |password: &str| {
            format!("{} {:?} {:?} {password}", account.guid, account.marker, account.password_last_set)
        };
        let keys: Vec<_> = secrets.iter().map(|(_, secret)| key(secret.password.expose_secret())).collect();
        let mut bound = keys.iter().any(|key| known.0.lock().unwrap().contains(key));
        for ((_, secret), key) in secrets.iter().zip(keys) {
            // Every wrong bind brings a lockout nearer.
            if bound {
                break;
            }
            let check = directory.check_password(account.guid, &secret.password, CheckPasswordOptions::new());
            if check.await.unwrap().proves_password() == Some(true) {
                known.0.lock().unwrap().insert(key);
                bound = true;
            }
        }
        if !bound {
            return Some(format!("I-1: {name} is enabled and no active secret holds its password"));
        }
    }
    None
}
