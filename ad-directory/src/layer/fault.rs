//! A directory that misbehaves on demand.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{TryStreamExt, stream};
use secrecy::SecretString;

use crate::{
    Account, AccountKey, AccountUpdate, Capabilities, ChangeBatch, ChangePasswordOptions, ChangesOptions,
    CheckPasswordOptions, Container, CreateOptions, DeleteContainerOptions, DeleteGroupOptions,
    DeleteOptions, Directory, Dn, Error, ErrorKind, FindOptions, Group, GroupKey, ListMembersOptions,
    ListOptions, Listing, Member, MemberChanges, MemberOptions, MembersChanged, MembershipChange,
    MoveOptions, NewAccount, NewContainer, NewGroup, ObjectGuid, Outcome, PasswordCheck, PinOptions, Probe,
    ProbeOptions, Query, Result, SetPasswordOptions, UpdateOptions,
};

/// What goes wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is done, and this error is the answer. Its operation becomes the one that failed.
    Fail(Error),
    /// It is done, and the answer is lost: `Timeout`, with the outcome [`Outcome::Unknown`].
    LoseReply,
    /// The answer is `Timeout` at once, and it is done only after this time, behind the caller's back.
    DoLate(Duration),
    /// It is done after this time, and answered.
    Delay(Duration),
}

impl Fault {
    /// Nothing is sent: no controller can be reached.
    pub fn unreachable() -> Self {
        Self::Fail(Error::new(ErrorKind::Connect, "any"))
    }
}

#[derive(Debug)]
struct Rule {
    operation: Option<&'static str>,
    /// Calls that still pass.
    skip: u32,
    /// Calls that still fail; `None` means for ever.
    left: Option<u32>,
    fault: Fault,
}

/// A directory around another one, which loses answers, refuses and delays as it is told.
///
/// Operations are named as in [`Error::operation`]: `"accounts.create"`, `"groups.add_member"`, … Clones and pinned views share the faults.
///
/// ```
/// # use ad_directory::{Directory, Fault, FaultyDirectory, MemoryDirectory, Outcome, ProbeOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ad_directory::Error> {
/// let directory = FaultyDirectory::new(MemoryDirectory::builder("corp.example").build()?);
/// directory.inject("probe", 1, Fault::LoseReply); // the second probe
/// assert!(directory.probe(ProbeOptions::new()).await.is_ok());
/// assert_eq!(directory.probe(ProbeOptions::new()).await.unwrap_err().outcome(), Outcome::Unknown);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FaultyDirectory {
    inner: Arc<dyn Directory>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    rules: Vec<Rule>,
    calls: Vec<&'static str>,
}

impl FaultyDirectory {
    /// A directory that does all that the inner one does, until something is injected.
    pub fn new(inner: impl Directory) -> Self {
        Self { inner: Arc::new(inner), plan: Arc::default() }
    }

    /// The call of `operation` after `skip` further ones goes wrong, once.
    pub fn inject(&self, operation: &'static str, skip: u32, fault: Fault) {
        self.plan().rules.push(Rule { operation: Some(operation), skip, left: Some(1), fault });
    }

    /// Every call of `operation`, or of any operation, goes wrong from now on.
    pub fn inject_always(&self, operation: Option<&'static str>, fault: Fault) {
        self.plan().rules.push(Rule { operation, skip: 0, left: None, fault });
    }

    /// The call of any operation after `skip` further ones goes wrong, once: for going through a piece of work step by step.
    pub fn inject_nth(&self, skip: u32, fault: Fault) {
        self.plan().rules.push(Rule { operation: None, skip, left: Some(1), fault });
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.plan().rules.clear();
    }

    /// The operations that were called so far, in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.plan().calls.clone()
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_fault(&self, operation: &'static str) -> Option<Fault> {
        let mut plan = self.plan();
        plan.calls.push(operation);
        let mut fault = None;
        for rule in plan.rules.iter_mut().filter(|rule| rule.operation.is_none_or(|name| name == operation)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if fault.is_none() && rule.left != Some(0) {
                rule.left = rule.left.map(|left| left - 1);
                fault = Some(rule.fault.clone());
            }
        }
        drop(plan);
        fault
    }

    /// What goes wrong with a list goes wrong when it is first read.
    fn listed<T: Send + 'static>(
        &self,
        operation: &'static str,
        list: impl FnOnce() -> Listing<T> + Send + 'static,
    ) -> Listing<T> {
        let faulty = self.clone();
        let begun = async move { faulty.run(operation, async move { Ok(list()) }).await };
        Box::pin(stream::once(begun).try_flatten())
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let lost = || Error::new(ErrorKind::Timeout, operation).with_outcome(Outcome::Unknown);
        match self.next_fault(operation) {
            None => call.await,
            Some(Fault::Fail(error)) => Err(error.with_operation(operation)),
            Some(Fault::LoseReply) => {
                let _answer = call.await;
                Err(lost())
            }
            Some(Fault::DoLate(after)) => {
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    let _answer = call.await;
                });
                Err(lost())
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                call.await
            }
        }
    }
}

/// Runs a method of the inner directory on clones of what it borrows, since it may outlive the caller.
macro_rules! run {
    ($self:ident, $operation:literal, |$inner:ident $(, $borrowed:ident)*| $call:expr) => {{
        let $inner = Arc::clone(&$self.inner);
        $(let $borrowed = $borrowed.clone();)*
        $self.run($operation, async move { $call.await }).await
    }};
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Directory for FaultyDirectory {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn probe(&self, options: ProbeOptions) -> Result<Probe> {
        run!(self, "probe", |inner| inner.probe(options))
    }

    async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>> {
        let inner = run!(self, "pin", |inner| inner.pin(options))?;
        Ok(Arc::new(Self { inner, plan: Arc::clone(&self.plan) }))
    }

    async fn find_account(&self, key: &AccountKey, options: FindOptions) -> Result<Option<Account>> {
        run!(self, "accounts.find", |inner, key| inner.find_account(&key, options))
    }

    async fn find_group(&self, key: &GroupKey, options: FindOptions) -> Result<Option<Group>> {
        run!(self, "groups.find", |inner, key| inner.find_group(&key, options))
    }

    async fn find_container(&self, dn: &Dn, options: FindOptions) -> Result<Option<Container>> {
        run!(self, "containers.find", |inner, dn| inner.find_container(&dn, options))
    }

    fn list_accounts(&self, query: &Query, options: ListOptions) -> Listing<Account> {
        let (inner, query) = (Arc::clone(&self.inner), query.clone());
        self.listed("accounts.list", move || inner.list_accounts(&query, options))
    }

    fn list_groups(&self, query: &Query, options: ListOptions) -> Listing<Group> {
        let (inner, query) = (Arc::clone(&self.inner), query.clone());
        self.listed("groups.list", move || inner.list_groups(&query, options))
    }

    fn list_containers(&self, query: &Query, options: ListOptions) -> Listing<Container> {
        let (inner, query) = (Arc::clone(&self.inner), query.clone());
        self.listed("containers.list", move || inner.list_containers(&query, options))
    }

    fn list_members(&self, group: &GroupKey, options: ListMembersOptions) -> Listing<Member> {
        let (inner, group) = (Arc::clone(&self.inner), group.clone());
        self.listed("groups.list_members", move || inner.list_members(&group, options))
    }

    fn list_changes(&self, options: ChangesOptions) -> Listing<ChangeBatch> {
        let inner = Arc::clone(&self.inner);
        self.listed("changes.list", move || inner.list_changes(options))
    }

    async fn create_account(&self, account: &NewAccount, options: CreateOptions) -> Result<Account> {
        run!(self, "accounts.create", |inner, account| inner.create_account(&account, options))
    }

    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        options: UpdateOptions,
    ) -> Result<Account> {
        run!(self, "accounts.update", |inner, update| inner.update_account(id, &update, options))
    }

    async fn set_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: SetPasswordOptions,
    ) -> Result<()> {
        run!(self, "accounts.set_password", |inner, password| inner.set_password(id, &password, options))
    }

    async fn check_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: CheckPasswordOptions,
    ) -> Result<PasswordCheck> {
        run!(self, "accounts.check_password", |inner, password| inner.check_password(id, &password, options))
    }

    async fn move_account(&self, id: ObjectGuid, to: &Dn, options: MoveOptions) -> Result<Account> {
        run!(self, "accounts.move", |inner, to| inner.move_account(id, &to, options))
    }

    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        run!(self, "accounts.delete", |inner| inner.delete_account(id, options))
    }

    async fn add_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        options: MemberOptions,
    ) -> Result<MembershipChange> {
        run!(self, "groups.add_member", |inner, group| inner.add_member(&group, member, options))
    }

    async fn remove_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        options: MemberOptions,
    ) -> Result<MembershipChange> {
        run!(self, "groups.remove_member", |inner, group| inner.remove_member(&group, member, options))
    }

    async fn change_password(
        &self,
        id: ObjectGuid,
        old: &SecretString,
        new: &SecretString,
        options: ChangePasswordOptions,
    ) -> Result<()> {
        run!(self, "accounts.change_password", |inner, old, new| inner
            .change_password(id, &old, &new, options))
    }

    async fn create_group(&self, group: &NewGroup, options: CreateOptions) -> Result<Group> {
        run!(self, "groups.create", |inner, group| inner.create_group(&group, options))
    }

    async fn delete_group(&self, id: ObjectGuid, options: DeleteGroupOptions) -> Result<()> {
        run!(self, "groups.delete", |inner| inner.delete_group(id, options))
    }

    async fn change_members(
        &self,
        group: &GroupKey,
        changes: &MemberChanges,
        options: MemberOptions,
    ) -> Result<MembersChanged> {
        run!(self, "groups.change_members", |inner, group, changes| inner
            .change_members(&group, &changes, options))
    }

    async fn create_container(&self, container: &NewContainer, options: CreateOptions) -> Result<Container> {
        run!(self, "containers.create", |inner, container| inner.create_container(&container, options))
    }

    async fn delete_container(&self, id: ObjectGuid, options: DeleteContainerOptions) -> Result<()> {
        run!(self, "containers.delete", |inner| inner.delete_container(id, options))
    }
}

impl fmt::Debug for FaultyDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyDirectory")
            .field("inner", &self.inner)
            .field("rules", &self.plan().rules)
            .finish_non_exhaustive()
    }
}
