//! A small organization with everything in memory: who is there, which template, what can be asked.

use std::sync::Arc;

use ad_directory::{
    AccountKey, Directory, FindOptions, ManagedAccount, MemoryDirectory, MemoryDirectoryBuilder,
};
use alm_core::adapter::store_memory::MemoryStore;
use alm_core::engine::{Engine, EngineBuilder, MarkerKey, PlaceInspector, RunReport};
use alm_core::model::account::Account;
use alm_core::model::audit::AuditResult;
use alm_core::model::discovery::DiscoveryOrder;
use alm_core::model::ids::{
    AccountId, DomainId, EngineId, GroupId, InstanceId, RequestId, TemplateId, VaultId,
};
use alm_core::model::managed::{ManagedTemplate, PasswordReader};
use alm_core::model::people::{APPROVER, REQUESTER};
use alm_core::model::period::Period;
use alm_core::model::request::{RequestForm, RequestStatus};
use alm_core::model::template::{ApprovalStep, DirectoryPlace, EolAction, TemplateBody, VaultPlace};
use alm_core::port::clock::Clock;
use alm_core::port::link::EngineLink;
use alm_core::port::store::{Commit, Store, Stored};
use alm_core::port::vault::Vault;
use alm_core::service::approvals::CastVote;
use alm_core::service::estate::{AddDomain, AddVault};
use alm_core::service::groups::AddGroup;
use alm_core::service::people::AddPerson;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::queries::AccountView;
use alm_core::service::requests::{DraftRequest, SubmitRequest};
use alm_core::service::sweep::{SweepOptions, SweepReport};
use alm_core::service::templates::DraftTemplate;
use alm_core::testing::{MemoryVault, TestClock};
use alm_core::{Alm, Caller, Command, Error, ErrorKind, Result};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::rules::{Proof, received};

pub(super) const OU: &str = "OU=Service Accounts,DC=corp,DC=example,DC=com";
pub(super) const RETIRED: &str = "OU=Retired,DC=corp,DC=example,DC=com";
/// Where migrated accounts go.
pub(super) const MOVED: &str = "OU=Moved,DC=corp,DC=example,DC=com";
pub(super) const WRITERS: &str = "CN=app-writers,OU=Service Accounts,DC=corp,DC=example,DC=com";
pub(super) const READERS: &str = "CN=app-readers,OU=Service Accounts,DC=corp,DC=example,DC=com";
pub(super) const HOSTS: &str = "CN=app-hosts,OU=Service Accounts,DC=corp,DC=example,DC=com";

/// Everything, and the people by what they do.
pub(super) struct World {
    pub clock: Arc<TestClock>,
    pub store: Arc<dyn Store>,
    pub directory: Arc<MemoryDirectory>,
    pub vault: Arc<MemoryVault>,
    pub alm: Alm,
    pub engine: Engine,
    pub domain: DomainId,
    pub vault_id: VaultId,
    pub admin: Caller,
    pub requester: Caller,
    pub lead: Caller,
    pub lead2: Caller,
    pub security: Caller,
    pub stranger: Caller,
    pub leads: GroupId,
    pub requesters: GroupId,
    /// What the test's name says is proved when it comes to its end.
    _proof: Proof,
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn key() -> MarkerKey {
    MarkerKey::new(vec![7; 32]).unwrap()
}

/// What is filled in, as short as it may be.
pub(super) fn form(name: &str) -> RequestForm {
    RequestForm::new(name, Period::Days(90), "the payroll job needs it")
}

/// An account of either kind, a gMSA with what it has in common with users.
pub(super) async fn found(
    directory: &MemoryDirectory,
    key: impl Into<AccountKey>,
) -> Option<ad_directory::Account> {
    let key = key.into();
    if let Some(account) = directory.find_account(&key, FindOptions::new()).await.unwrap() {
        return Some(account);
    }
    let managed = directory.find_managed_account(&key, FindOptions::new()).await.unwrap()?;
    let mut account = ad_directory::Account::new(managed.guid, managed.dn, managed.sam_account_name);
    account.user_account_control = managed.user_account_control;
    account.expires = managed.expires;
    account.marker = managed.marker;
    account.member_of = managed.member_of;
    account.service_principal_names = managed.service_principal_names;
    Some(account)
}

impl World {
    pub(super) async fn new() -> Self {
        let instance = InstanceId::new(Uuid::from_u128(0xA1));
        Self::on(Arc::new(MemoryStore::new(instance))).await
    }

    pub(super) async fn on(store: Arc<dyn Store>) -> Self {
        Self::built(store, |builder| builder).await
    }

    /// With more in its directory.
    pub(super) async fn on_directory(
        more: impl FnOnce(MemoryDirectoryBuilder) -> MemoryDirectoryBuilder,
    ) -> Self {
        let instance = InstanceId::new(Uuid::from_u128(0xA1));
        Self::built(Arc::new(MemoryStore::new(instance)), more).await
    }

    async fn built(
        store: Arc<dyn Store>,
        more: impl FnOnce(MemoryDirectoryBuilder) -> MemoryDirectoryBuilder,
    ) -> Self {
        let clock = Arc::new(TestClock::new(at("2026-11-20T09:00:00Z")));
        let for_directory = Arc::clone(&clock);
        let builder = MemoryDirectory::builder("corp.example.com")
            .unit(OU)
            .unit(RETIRED)
            .unit(MOVED)
            .group(READERS)
            .group(WRITERS)
            .group(HOSTS)
            .clock(move || for_directory.now());
        let directory = Arc::new(more(builder).build().unwrap());
        let vault = Arc::new(MemoryVault::new());
        let as_directory: Arc<dyn Directory> = directory.clone();
        let as_vault: Arc<dyn Vault> = vault.clone();
        let as_clock: Arc<dyn Clock> = clock.clone();
        let inspector = PlaceInspector::new(as_directory.clone(), as_vault.clone());
        let alm = Alm::builder(Arc::clone(&store), Arc::clone(&as_clock))
            .inspector(Arc::new(inspector.markers(key())))
            .open()
            .await
            .unwrap();
        let admin = alm.first_administrator("Ada Admin", "ada@example.com").await.unwrap();
        let admin = Caller::new(admin, "test");
        let person = async |name: &str, role| {
            let email = format!("{}@example.com", name.split(' ').next().unwrap().to_lowercase());
            let mut command = AddPerson::new(name, email);
            if let Some(role) = role {
                command = command.role(role);
            }
            Caller::new(alm.execute(&admin, format!("add {name}"), command).await.unwrap(), "test")
        };
        let requester = person("Rita Requester", Some(REQUESTER)).await;
        let lead = person("Lea Lead", Some(APPROVER)).await;
        let lead2 = person("Liam Lead", Some(APPROVER)).await;
        let security = person("Sam Security", Some(APPROVER)).await;
        let stranger = person("Steve Stranger", Some(APPROVER)).await;
        let group = AddGroup::new("Team leads", [lead.person, lead2.person, requester.person]);
        let leads = alm.execute(&admin, "leads", group).await.unwrap();
        let group = AddGroup::new("Requesters", [requester.person]);
        let requesters = alm.execute(&admin, "requesters", group).await.unwrap();
        let base = "DC=corp,DC=example,DC=com".parse().unwrap();
        let domain = alm.execute(&admin, "domain", AddDomain::new("corp.example.com", base)).await.unwrap();
        let vault_id =
            alm.execute(&admin, "vault", AddVault::new("Secret Server", "https://vault")).await.unwrap();
        let engine = Engine::builder(
            EngineId::new(Uuid::from_u128(0xE1)),
            domain,
            Arc::new(alm.clone()),
            as_directory,
            as_vault,
            as_clock,
            key(),
        )
        .take_back(true)
        .build()
        .unwrap();
        Self {
            clock,
            store,
            directory,
            vault,
            alm,
            engine,
            domain,
            vault_id,
            admin,
            requester,
            lead,
            lead2,
            security,
            stranger,
            leads,
            requesters,
            _proof: Proof::by_name(),
        }
    }

    pub(super) fn body(&self, action: EolAction) -> TemplateBody {
        let mut place = DirectoryPlace::new(self.domain, OU.parse().unwrap());
        place.name_prefix = "svc-".into();
        place.groups = vec![READERS.parse().unwrap()];
        place.retirement_ou = Some(RETIRED.parse().unwrap());
        let mut body = TemplateBody::new(action, VaultPlace::new(self.vault_id, "12", "6001"), place);
        body.requesters = [self.requesters].into();
        body.periods = vec![Period::Days(90), Period::Years(1)];
        body.approval = vec![
            ApprovalStep::of_groups("team lead", [self.leads]),
            ApprovalStep::of_people("security", [self.security.person]),
        ];
        body
    }

    /// As `body`, for gMSAs whose password the hosts may retrieve.
    pub(super) fn managed_body(&self, action: EolAction) -> TemplateBody {
        let users = self.body(action);
        let hosts = PasswordReader::Group(HOSTS.parse().unwrap());
        let mut body = TemplateBody::managed(action, users.directory, ManagedTemplate::new([hosts]));
        (body.requesters, body.periods, body.approval) = (users.requesters, users.periods, users.approval);
        body
    }

    pub(super) async fn execute<C: Command>(&self, caller: &Caller, command: C) -> Result<C::Output> {
        self.alm.execute(caller, Uuid::new_v4().to_string(), command).await
    }

    pub(super) async fn template(&self, action: EolAction) -> TemplateId {
        self.publish(&format!("{action:?} accounts"), self.body(action)).await
    }

    pub(super) async fn publish(&self, name: &str, body: TemplateBody) -> TemplateId {
        let template = self.execute(&self.admin, DraftTemplate::new(name, body)).await.unwrap();
        self.execute(&self.admin, PublishTemplate::new(template)).await.unwrap();
        template
    }

    pub(super) async fn submitted(&self, template: TemplateId, name: &str) -> RequestId {
        self.submitted_as(template, form(name)).await
    }

    pub(super) async fn submitted_as(&self, template: TemplateId, form: RequestForm) -> RequestId {
        let request = self.execute(&self.requester, DraftRequest::new(template, form)).await.unwrap();
        self.execute(&self.requester, SubmitRequest::new(request)).await.unwrap();
        request
    }

    pub(super) async fn approved(&self, template: TemplateId, name: &str) -> RequestId {
        let request = self.submitted(template, name).await;
        self.approve(request).await;
        request
    }

    pub(super) async fn approve(&self, request: RequestId) {
        let status = self.execute(&self.lead, CastVote::approve(request)).await.unwrap();
        assert_eq!(status, RequestStatus::Submitted);
        let status = self.execute(&self.security, CastVote::approve(request)).await.unwrap();
        assert_eq!(status, RequestStatus::Queued);
    }

    pub(super) async fn provisioned(&self, template: TemplateId, name: &str) -> AccountId {
        self.provisioned_as(template, form(name)).await
    }

    pub(super) async fn provisioned_as(&self, template: TemplateId, form: RequestForm) -> AccountId {
        let request = self.submitted_as(template, form).await;
        self.approve(request).await;
        let report = self.run().await;
        assert!(report.notes.is_empty(), "{report:?}");
        let request = self.alm.request(&self.requester, request).await.unwrap();
        assert_eq!(request.status, RequestStatus::Provisioned);
        request.account.unwrap()
    }

    /// Another engine of the same domain, on a directory and a vault that may misbehave.
    pub(super) fn engine_on(
        &self,
        number: u128,
        directory: Arc<dyn Directory>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
    ) -> EngineBuilder {
        let id = EngineId::new(Uuid::from_u128(number));
        Engine::builder(id, self.domain, Arc::new(self.alm.clone()), directory, vault, clock, key())
    }

    /// The world's engine at the service of somebody else.
    pub(super) fn engine_for(&self, link: Arc<dyn EngineLink>) -> EngineBuilder {
        let id = EngineId::new(Uuid::from_u128(0xE1));
        Engine::builder(
            id,
            self.domain,
            link,
            self.directory.clone(),
            self.vault.clone(),
            self.clock.clone(),
            key(),
        )
    }

    /// Lets engines work until nothing is left that goes on by itself, letting time pass over every wait.
    pub(super) async fn run_until_quiet(&self) -> RunReport {
        let mut total = self.run().await;
        for _ in 0..500 {
            let Some(at) = self.store.next_ready(&[self.domain]).await.unwrap() else { return total };
            let wait = at.duration_since(self.clock.now()).max(SignedDuration::ZERO);
            self.clock.advance(wait + SignedDuration::from_secs(1));
            total.notes.extend(self.run().await.notes);
        }
        panic!("never quiet: {total:?}");
    }

    /// A document of the model as the store has it.
    pub(super) async fn document<T: Stored>(&self, id: impl Into<Uuid>) -> T {
        T::read(&self.store.load(T::KIND, id.into()).await.unwrap().unwrap()).unwrap()
    }

    /// Changes a document behind the service's back, as another command would that there is not yet.
    pub(super) async fn rewrite<T: Stored>(&self, id: impl Into<Uuid>, change: impl FnOnce(&mut T)) {
        let document = self.store.load(T::KIND, id.into()).await.unwrap().unwrap();
        let mut value = T::read(&document).unwrap();
        change(&mut value);
        let puts = vec![value.put(document.version).unwrap()];
        self.store.commit(Commit { puts, ..Commit::default() }).await.unwrap();
    }

    pub(super) async fn run(&self) -> RunReport {
        self.engine.run_ready().await.unwrap()
    }

    pub(super) async fn view(&self, account: AccountId) -> AccountView {
        self.alm.account(&self.admin, account).await.unwrap()
    }

    pub(super) async fn sweep(&self) -> SweepReport {
        let options = SweepOptions::new().confirmed_by(self.admin.clone());
        self.alm.sweep(options).await.unwrap()
    }

    /// The account in the directory.
    pub(super) async fn there(&self, account: &Account) -> Option<ad_directory::Account> {
        found(&self.directory, account.object_guid).await
    }

    /// Whether a look through the domain does not find it.
    pub(super) async fn found_none(&self, name: &str) -> bool {
        let order = DiscoveryOrder::new(self.domain).everything();
        self.alm.discover(&self.admin, &order).await.unwrap().iter().all(|found| found.name != name)
    }

    /// The gMSA in the directory.
    pub(super) async fn managed(&self, account: &Account) -> Option<ManagedAccount> {
        let key = AccountKey::Guid(account.object_guid);
        self.directory.find_managed_account(&key, FindOptions::new()).await.unwrap()
    }

    pub(super) fn advance_days(&self, days: i64) {
        self.clock.advance(SignedDuration::from_hours(24 * days));
    }

    /// Refused by this rule, and the refusal is in the audit with it (P-3).
    pub(super) async fn refused<C: Command>(&self, caller: &Caller, command: C, rule: &str) -> Error {
        let (before, _) = self.store.audit_head().await.unwrap();
        let shown = format!("{command:?}");
        let Err(error) = self.execute(caller, command).await else {
            panic!("{shown} was not refused by {rule}");
        };
        assert!(matches!(error.kind(), ErrorKind::Refused | ErrorKind::Denied), "{error}");
        received(&error, rule);
        let records = self.store.audit(before + 1, 10).await.unwrap();
        assert_eq!(records.len(), 1, "{shown}: exactly the denial is audited");
        let entry = records[0].entry().unwrap();
        assert_eq!(entry.result, AuditResult::Refused);
        assert!(entry.facts.to_string().contains(&format!("\"{rule}\"")), "{}", entry.facts);
        error
    }
}
