//! A directory and a vault in which any single call can go wrong, by number.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};

use ad_directory::{
    Account, AccountKey, AccountUpdate, Capabilities, CheckPasswordOptions, Container, CreateOptions,
    DeleteOptions, DeletedAccount, Directory, DirectoryExt as _, Dn, Error, ErrorKind, FindOptions, Group,
    GroupKey, ListDeletedOptions, Listing, ManagedAccount, ManagedAccountUpdate, MemberOptions,
    MembershipChange, MoveOptions, NewAccount, NewManagedAccount, ObjectGuid, PasswordCheck, PinOptions,
    Probe, ProbeOptions, RootKey, RootKeyOptions, ServiceNameOptions, ServiceNameOwners,
    ServicePrincipalName, SetPasswordOptions, UpdateOptions,
};
use alm_core::engine::{EffectHook, EffectPoint};
use alm_core::model::account::OperationKind;
use alm_core::model::ids::SagaId;
use alm_core::model::secret_link::{Dependency, SecretState};
use alm_core::model::template::{Rotator, VaultPlace};
use alm_core::port::vault::{
    FoundSecret, NewSecret, SecretCandidate, SecretId, Vault, VaultChange, VaultError, VaultErrorKind,
};
use alm_core::{Outcome, Refusal};
use async_trait::async_trait;
use futures_util::{TryStreamExt as _, stream};
use secrecy::SecretString;

/// What goes wrong at one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// The process dies before the call is sent.
    DieBefore,
    /// The process dies after the call was carried out, before it hears of it.
    DieAfter,
    /// The call is carried out, and its answer is lost.
    LoseReply,
    /// The call is never sent, and the caller knows.
    NotSent,
    /// No answer comes in time; the call is carried out so many calls later, or when everything is quiet.
    Late(usize),
    /// The call is on its way when the process dies, and is carried out when [`Chaos::carry_out_late`] is called.
    DieInFlight,
    /// The process stands still before the call until it is [released](Chaos::release).
    Stall,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Looks at the world after every call; what it says is wrong.
type Watch = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send + Sync>;

#[derive(Default)]
struct State {
    points: Vec<String>,
    plan: BTreeMap<usize, Mishap>,
    late: Vec<(usize, Work)>,
    refusals: Vec<(&'static str, u32, ErrorKind)>,
    spared: Vec<(&'static str, u32)>,
    spoil: bool,
    released: bool,
    spares_engine: bool,
    wrong: Vec<String>,
    errors: Vec<String>,
}

/// The sequence of all that an engine does, and what goes wrong in it.
#[derive(Default)]
pub(super) struct Chaos {
    state: Mutex<State>,
    watch: OnceLock<Watch>,
}

impl fmt::Debug for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chaos")
    }
}

impl Chaos {
    pub(super) fn new(plan: impl IntoIterator<Item = (usize, Mishap)>) -> Arc<Self> {
        let chaos = Self::default();
        chaos.state.lock().unwrap().plan = plan.into_iter().collect();
        Arc::new(chaos)
    }

    /// After every call, and at the end.
    pub(super) fn watch(&self, watch: Watch) {
        assert!(self.watch.set(watch).is_ok());
    }

    /// The directory refuses the next calls of an operation.
    pub(super) fn refuse(&self, operation: &'static str, times: u32, kind: ErrorKind) {
        self.state.lock().unwrap().refusals.push((operation, times, kind));
    }

    /// The directory refuses all calls of an operation but the first so many.
    pub(super) fn refuse_after(&self, operation: &'static str, calls: u32, kind: ErrorKind) {
        self.state.lock().unwrap().spared.push((operation, calls));
        self.refuse(operation, u32::MAX, kind);
    }

    /// Before the next proof by bind, somebody sets another password.
    pub(super) fn spoil_password(&self) {
        self.state.lock().unwrap().spoil = true;
    }

    /// Everything that happened so far: calls, and points of the engine as `at …`.
    pub(super) fn points(&self) -> Vec<String> {
        self.state.lock().unwrap().points.clone()
    }

    /// What the watch found wrong.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.state.lock().unwrap().wrong.clone()
    }

    /// Mishaps that were planned for points of the engine do not happen: only calls go wrong.
    pub(super) fn spare_the_engine(&self) {
        self.state.lock().unwrap().spares_engine = true;
    }

    pub(super) fn release(&self) {
        self.state.lock().unwrap().released = true;
    }

    pub(super) async fn carry_out_late(&self) {
        let late = std::mem::take(&mut self.state.lock().unwrap().late);
        for (_, work) in late {
            work.await;
            self.look("a late call").await;
        }
    }

    async fn look(&self, after: &str) {
        if let Some(watch) = self.watch.get()
            && let Some(wrong) = watch().await
        {
            self.state.lock().unwrap().wrong.push(format!("after {after}: {wrong}"));
        }
    }

    /// Notes the point and says what goes wrong at it; what is late until here is carried out.
    async fn reach(&self, point: String) -> Option<Mishap> {
        let (mishap, due) = {
            let mut state = self.state.lock().unwrap();
            let number = state.points.len();
            state.points.push(point);
            let (due, rest) = std::mem::take(&mut state.late).into_iter().partition(|(at, _)| *at <= number);
            state.late = rest;
            (state.plan.get(&number).copied(), due)
        };
        let due: Vec<(usize, Work)> = due;
        for (_, work) in due {
            work.await;
            self.look("a late call").await;
        }
        mishap
    }

    async fn stalled(&self) {
        std::future::poll_fn(|_| {
            if self.state.lock().unwrap().released {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }

    /// Every error that a call answered, as it would be shown and logged.
    pub(super) fn errors(&self) -> Vec<String> {
        self.state.lock().unwrap().errors.clone()
    }

    async fn call<T: Send + 'static, E: fmt::Display + fmt::Debug + Send + 'static>(
        &self,
        name: &'static str,
        away: impl Fn(Outcome) -> E + Send + Sync,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let late = |work: Pin<Box<dyn Future<Output = Result<T, E>> + Send>>| -> Work {
            Box::pin(async move { drop(work.await) })
        };
        let answer = match self.reach(name.to_owned()).await {
            None => work.await,
            Some(Mishap::DieBefore) => std::future::pending().await,
            Some(Mishap::DieAfter) => {
                drop(work.await);
                self.look(name).await;
                std::future::pending().await
            }
            Some(Mishap::LoseReply) => {
                drop(work.await);
                Err(away(Outcome::Unknown))
            }
            Some(Mishap::NotSent) => Err(away(Outcome::NotSent)),
            Some(Mishap::Late(by)) => {
                let mut state = self.state.lock().unwrap();
                let at = state.points.len() + by;
                state.late.push((at, late(Box::pin(work))));
                Err(away(Outcome::Unknown))
            }
            Some(Mishap::DieInFlight) => {
                self.state.lock().unwrap().late.push((usize::MAX, late(Box::pin(work))));
                std::future::pending().await
            }
            Some(Mishap::Stall) => {
                self.stalled().await;
                work.await
            }
        };
        if let Err(error) = &answer {
            self.state.lock().unwrap().errors.push(format!("{error}\n{error:?}\n{error:#?}"));
        }
        self.look(name).await;
        answer
    }

    fn refusal(&self, operation: &'static str) -> Option<Error> {
        let mut state = self.state.lock().unwrap();
        if let Some((_, left)) = state.spared.iter_mut().find(|(name, left)| *name == operation && *left > 0)
        {
            *left -= 1;
            return None;
        }
        let (_, left, kind) =
            state.refusals.iter_mut().find(|(name, left, _)| *name == operation && *left > 0)?;
        *left -= 1;
        Some(Error::new(*kind, operation))
    }

    fn takes_spoiling(&self) -> bool {
        std::mem::take(&mut self.state.lock().unwrap().spoil)
    }
}

#[async_trait]
impl EffectHook for Chaos {
    async fn at(&self, point: EffectPoint, _: SagaId, _: &str, _: OperationKind, effect: &'static str) {
        match self.reach(format!("at {point:?} {effect}")).await {
            _ if self.state.lock().unwrap().spares_engine => {}
            None => {}
            Some(Mishap::Stall) => self.stalled().await,
            Some(_) => std::future::pending().await,
        }
    }
}

/// The directory's side.
#[derive(Clone, Debug)]
pub(super) struct ChaosDirectory {
    pub(super) inner: Arc<dyn Directory>,
    pub(super) chaos: Arc<Chaos>,
}

fn away(operation: &'static str) -> impl Fn(Outcome) -> Error {
    move |outcome| {
        let (kind, outcome) = match outcome {
            Outcome::NotSent => (ErrorKind::Connect, ad_directory::Outcome::NotSent),
            _ => (ErrorKind::Timeout, ad_directory::Outcome::Unknown),
        };
        Error::new(kind, operation).with_outcome(outcome)
    }
}

macro_rules! call {
    ($self:ident, $operation:literal, |$inner:ident $(, $borrowed:ident)*| $call:expr) => {{
        let $inner = Arc::clone(&$self.inner);
        let chaos = Arc::clone(&$self.chaos);
        $(let $borrowed = $borrowed.clone();)*
        $self
            .chaos
            .call($operation, away($operation), async move {
                match chaos.refusal($operation) {
                    Some(error) => Err(error),
                    None => $call.await,
                }
            })
            .await
    }};
}

#[async_trait]
impl Directory for ChaosDirectory {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn probe(&self, options: ProbeOptions) -> Result<Probe, Error> {
        call!(self, "probe", |inner| inner.probe(options))
    }

    async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>, Error> {
        let inner = call!(self, "pin", |inner| inner.pin(options))?;
        Ok(Arc::new(Self { inner, chaos: Arc::clone(&self.chaos) }))
    }

    async fn find_account(&self, key: &AccountKey, options: FindOptions) -> Result<Option<Account>, Error> {
        call!(self, "accounts.find", |inner, key| inner.find_account(&key, options))
    }

    async fn find_group(&self, key: &GroupKey, options: FindOptions) -> Result<Option<Group>, Error> {
        call!(self, "groups.find", |inner, key| inner.find_group(&key, options))
    }

    async fn find_container(&self, dn: &Dn, options: FindOptions) -> Result<Option<Container>, Error> {
        call!(self, "containers.find", |inner, dn| inner.find_container(&dn, options))
    }

    async fn create_account(&self, account: &NewAccount, options: CreateOptions) -> Result<Account, Error> {
        call!(self, "accounts.create", |inner, account| inner.create_account(&account, options))
    }

    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        options: UpdateOptions,
    ) -> Result<Account, Error> {
        call!(self, "accounts.update", |inner, update| inner.update_account(id, &update, options))
    }

    async fn set_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: SetPasswordOptions,
    ) -> Result<(), Error> {
        call!(self, "accounts.set_password", |inner, password| inner.set_password(id, &password, options))
    }

    async fn check_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: CheckPasswordOptions,
    ) -> Result<PasswordCheck, Error> {
        if self.chaos.takes_spoiling() {
            let other = SecretString::from("Somebody-Elses-Choice-4711");
            self.inner.set_password(id, &other, SetPasswordOptions::new()).await?;
        }
        call!(self, "accounts.check_password", |inner, password| inner.check_password(id, &password, options))
    }

    async fn move_account(&self, id: ObjectGuid, to: &Dn, options: MoveOptions) -> Result<Account, Error> {
        call!(self, "accounts.move", |inner, to| inner.move_account(id, &to, options))
    }

    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<(), Error> {
        call!(self, "accounts.delete", |inner| inner.delete_account(id, options))
    }

    async fn add_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        options: MemberOptions,
    ) -> Result<MembershipChange, Error> {
        call!(self, "groups.add_member", |inner, group| inner.add_member(&group, member, options))
    }

    async fn root_key(&self, options: RootKeyOptions) -> Result<RootKey, Error> {
        call!(self, "managed.root_key", |inner| inner.root_key(options))
    }

    async fn service_name_owners(
        &self,
        name: &ServicePrincipalName,
        options: ServiceNameOptions,
    ) -> Result<ServiceNameOwners, Error> {
        call!(self, "service_names.owners", |inner, name| inner.service_name_owners(&name, options))
    }

    fn list_deleted(&self, options: ListDeletedOptions) -> Listing<DeletedAccount> {
        let this = Self { inner: Arc::clone(&self.inner), chaos: Arc::clone(&self.chaos) };
        let all = async move { call!(this, "accounts.list_deleted", |inner| inner.all_deleted(options)) };
        let each = |all: Vec<DeletedAccount>| stream::iter(all.into_iter().map(Ok));
        Box::pin(stream::once(all).map_ok(each).try_flatten())
    }

    async fn find_managed_account(
        &self,
        key: &AccountKey,
        options: FindOptions,
    ) -> Result<Option<ManagedAccount>, Error> {
        call!(self, "managed.find", |inner, key| inner.find_managed_account(&key, options))
    }

    async fn create_managed_account(
        &self,
        account: &NewManagedAccount,
        options: CreateOptions,
    ) -> Result<ManagedAccount, Error> {
        call!(self, "managed.create", |inner, account| inner.create_managed_account(&account, options))
    }

    async fn update_managed_account(
        &self,
        id: ObjectGuid,
        update: &ManagedAccountUpdate,
        options: UpdateOptions,
    ) -> Result<ManagedAccount, Error> {
        call!(self, "managed.update", |inner, update| inner.update_managed_account(id, &update, options))
    }

    async fn move_managed_account(
        &self,
        id: ObjectGuid,
        to: &Dn,
        options: MoveOptions,
    ) -> Result<ManagedAccount, Error> {
        call!(self, "managed.move", |inner, to| inner.move_managed_account(id, &to, options))
    }

    async fn delete_managed_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<(), Error> {
        call!(self, "managed.delete", |inner| inner.delete_managed_account(id, options))
    }

    async fn remove_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        options: MemberOptions,
    ) -> Result<MembershipChange, Error> {
        call!(self, "groups.remove_member", |inner, group| inner.remove_member(&group, member, options))
    }
}

/// The vault's side.
#[derive(Clone, Debug)]
pub(super) struct ChaosVault {
    pub(super) inner: Arc<dyn Vault>,
    pub(super) chaos: Arc<Chaos>,
}

fn no_answer(outcome: Outcome) -> VaultError {
    VaultError::new(VaultErrorKind::Unavailable, "vault: no answer").with_outcome(outcome)
}

macro_rules! vault {
    ($self:ident, $operation:literal, |$inner:ident $(, $borrowed:ident)*| $call:expr) => {{
        let $inner = Arc::clone(&$self.inner);
        $(let $borrowed = $borrowed.to_owned();)*
        $self.chaos.call($operation, no_answer, async move { $call.await }).await
    }};
}

#[async_trait]
impl Vault for ChaosVault {
    async fn preflight(&self, place: &VaultPlace) -> Result<Vec<Refusal>, VaultError> {
        vault!(self, "vault.preflight", |inner, place| inner.preflight(&place))
    }

    async fn preflight_for(&self, place: &VaultPlace, rotator: Rotator) -> Result<Vec<Refusal>, VaultError> {
        vault!(self, "vault.preflight", |inner, place| inner.preflight_for(&place, rotator))
    }

    async fn status(&self, secret: &SecretId) -> Result<SecretState, VaultError> {
        vault!(self, "vault.status", |inner, secret| inner.status(&secret))
    }

    async fn seek(
        &self,
        place: &VaultPlace,
        username: &str,
        domain: &str,
    ) -> Result<Vec<SecretCandidate>, VaultError> {
        vault!(self, "vault.seek", |inner, place, username, domain| inner.seek(&place, &username, &domain))
    }

    async fn dependencies(&self, secret: &SecretId) -> Result<Vec<Dependency>, VaultError> {
        vault!(self, "vault.dependencies", |inner, secret| inner.dependencies(&secret))
    }

    async fn last_change(&self, secret: &SecretId) -> Result<VaultChange, VaultError> {
        vault!(self, "vault.last_change", |inner, secret| inner.last_change(&secret))
    }

    async fn ask_change(&self, secret: &SecretId) -> Result<(), VaultError> {
        vault!(self, "vault.ask_change", |inner, secret| inner.ask_change(&secret))
    }

    async fn create(&self, secret: NewSecret<'_>) -> Result<SecretId, VaultError> {
        let (place, password) = (secret.place.clone(), secret.password.clone());
        let [name, domain, username, marker] =
            [secret.name, secret.domain, secret.username, secret.marker].map(str::to_owned);
        let inner = Arc::clone(&self.inner);
        let work = async move {
            inner.create(NewSecret::new(&place, &name, &domain, &username, &password, &marker)).await
        };
        self.chaos.call("vault.create", no_answer, work).await
    }

    async fn find(&self, place: &VaultPlace, name: &str) -> Result<Vec<FoundSecret>, VaultError> {
        vault!(self, "vault.find", |inner, place, name| inner.find(&place, &name))
    }

    async fn describe(&self, secret: &SecretId) -> Result<Option<FoundSecret>, VaultError> {
        vault!(self, "vault.describe", |inner, secret| inner.describe(&secret))
    }

    async fn read_password(&self, secret: &SecretId) -> Result<SecretString, VaultError> {
        vault!(self, "vault.read_password", |inner, secret| inner.read_password(&secret))
    }

    async fn write_password(&self, secret: &SecretId, password: &SecretString) -> Result<(), VaultError> {
        vault!(self, "vault.write_password", |inner, secret, password| inner
            .write_password(&secret, &password))
    }

    async fn tell_dependents(&self, secret: &SecretId) -> Result<Vec<String>, VaultError> {
        vault!(self, "vault.tell_dependents", |inner, secret| inner.tell_dependents(&secret))
    }

    async fn relocate(&self, secret: &SecretId, place: &VaultPlace) -> Result<(), VaultError> {
        vault!(self, "vault.relocate", |inner, secret, place| inner.relocate(&secret, &place))
    }

    async fn deactivate(&self, secret: &SecretId) -> Result<(), VaultError> {
        vault!(self, "vault.deactivate", |inner, secret| inner.deactivate(&secret))
    }
}
