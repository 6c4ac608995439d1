//! Laying record, directory and vault side by side: everything that does not fit, what it means, and what would mend it (X-18, X-21).
//!
//! Nothing is changed, but for the sign-ins that are remembered where passwords are proved. What looks wrong at first is looked at once more, between
//! two looks at the record: only what is wrong while the record stays the same is told.

mod accounts;
mod secrets;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use ad_directory::ObjectGuid;
use futures_util::TryStreamExt as _;

use super::alm::Alm;
use super::command::Caller;
use super::stored::{index, request_key};
use super::unit::Unit;
use crate::error::Result;
use crate::model::account::{Account, AccountStatus};
use crate::model::doctor::{Examination, Examined, Finding, FindingKind, MarkerSeen, Surveyed};
use crate::model::estate::Domain;
use crate::model::ids::{AccountId, SagaId, TemplateVersionId, VaultId};
use crate::model::people::{Feature, Verb};
use crate::model::request::{Request, RequestStatus};
use crate::model::template::{TemplateVersion, VaultPlace};
use crate::port::inspector::Inspector;
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::doctor::{self as rules, SagaKnown};
use crate::saga::plan::Plan;
use crate::saga::{SagaRecord, SagaStatus};

const OPERATION: &str = "doctor";
/// How many records are read at a time.
const PAGE: u32 = 500;

/// One examination of one domain.
struct Doctor<'a> {
    alm: &'a Alm,
    caller: &'a Caller,
    order: &'a Examination,
    inspector: Arc<dyn Inspector>,
    domain: Domain,
    report: Examined,
    /// The accounts of the domain, by what they are in the directory.
    by_object: HashMap<ObjectGuid, AccountId>,
    /// Their secrets, by vault and identifier.
    by_secret: HashSet<(uuid::Uuid, String)>,
    /// Those that are not in the directory.
    missing: HashSet<AccountId>,
    /// The sagas that left an account in the directory.
    left: HashSet<SagaId>,
    /// The versions of templates that keep passwords in a vault, and where.
    keeps: HashSet<TemplateVersionId>,
    places: Vec<VaultPlace>,
}

impl Alm {
    /// Finds everything that does not fit between the record, a domain and the vaults that keep its passwords, and explains it, each with what
    /// would mend it, for [`Repair`](super::repair::Repair). Needs managed-account Read with Manage.
    ///
    /// Found are: managed accounts that are missing, unmarked or not what their record says; accounts and secrets that a saga left, twice or
    /// without a record; secrets that are missing, inactive or active too long; what an interrupted rotation left; operations that
    /// stopped; an audit chain that does not hold; and, when [asked](Examination::passwords), passwords that do not sign in. Accounts on which
    /// something is under way are named and not judged. What could not be looked at is said in [`Examined::unseen`]: nothing is known of it.
    ///
    /// It reads every account of the domain and every secret in the folders of the templates, so on a large domain it takes its time. Dropping
    /// the future ends it; nothing is half done.
    ///
    /// ```
    /// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller, domain: alm_core::model::ids::DomainId) -> alm_core::Result<()> {
    /// use alm_core::model::doctor::Examination;
    /// use alm_core::service::repair::Repair;
    ///
    /// let report = alm.doctor(&admin, &Examination::of(domain)).await?;
    /// for finding in &report.findings {
    ///     println!("{finding}");
    ///     let Some(remedy) = &finding.remedy else { continue };
    ///     // A person reads this, and says yes.
    ///     println!("{:?}", alm.plan(&admin, &Repair::new(remedy.clone())).await?.changes);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied); [`NotFound`](crate::ErrorKind::NotFound) for a domain that is not known;
    /// [`Config`](crate::ErrorKind::Config) when nobody is there who could look, or who knows the key of our markers;
    /// [`Directory`](crate::ErrorKind::Directory) when the domain could not be asked; those of the store.
    pub async fn doctor(&self, caller: &Caller, order: &Examination) -> Result<Examined> {
        let mut unit = Unit::of(&self.0, OPERATION, caller);
        unit.require(Feature::ManagedAccount, Verb::Read, false).await?;
        let domain = unit.get(order.domain.uuid()).await?;
        let doctor = Doctor {
            alm: self,
            caller,
            order,
            inspector: unit.inspector()?,
            domain,
            report: Examined::default(),
            by_object: HashMap::new(),
            by_secret: HashSet::new(),
            missing: HashSet::new(),
            left: HashSet::new(),
            keeps: HashSet::new(),
            places: Vec::new(),
        };
        doctor.examine().await
    }
}

impl Doctor<'_> {
    async fn examine(mut self) -> Result<Examined> {
        if self.order.audit {
            self.audit().await?;
        }
        self.read_places().await?;
        self.read_records().await?;
        self.requests().await?;
        let suspects = self.directory().await?;
        for account in suspects {
            self.judge_account(account).await?;
        }
        self.secrets().await?;
        Ok(self.report)
    }

    async fn audit(&mut self) -> Result<()> {
        if let Some(fault) = self.alm.verify_audit_against_last().await?.fault {
            let text = format!("the audit chain does not hold: {fault}; compare it with a backup [I-8]");
            self.tell(Finding::new(FindingKind::AuditBroken, "audit", text));
        }
        Ok(())
    }

    fn tell(&mut self, finding: Finding) {
        self.report.findings.push(finding);
    }

    fn unit(&self) -> Unit<'_> {
        Unit::of(&self.alm.0, OPERATION, self.caller)
    }

    /// The accounts of the domain, in pages: what is needed to know one again.
    async fn read_records(&mut self) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.alm.0.store.list(RecordKind::Account, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for document in &page {
                let account = Account::read(document)?;
                if account.domain != self.domain.id {
                    continue;
                }
                // An erased one has given its names free.
                if account.erased_at.is_none() {
                    self.report.accounts += 1;
                    self.by_object.insert(account.object_guid, account.id);
                    self.by_secret.extend(account.vault.map(VaultId::uuid).zip(account.secret.clone()));
                }
                self.places.extend(account.pending.as_ref().map(|pending| pending.place.clone()));
                self.record(&account).await?;
            }
        }
    }

    /// Where the templates of the domain keep passwords, or once did, and where rotations do meanwhile.
    async fn read_places(&mut self) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.alm.0.store.list(RecordKind::TemplateVersion, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for document in &page {
                let version = TemplateVersion::read(document)?;
                if let Some(place) =
                    version.body.vault.filter(|_| version.body.directory.domain == self.domain.id)
                {
                    self.keeps.insert(version.id);
                    self.places.extend([place.pending(), place]);
                }
            }
        }
    }

    /// What a record says of itself: its operation, and what a rotation left.
    async fn record(&mut self, account: &Account) -> Result<()> {
        if let Some(open) = account.operation {
            let (name, id) = (account.name.as_str(), Some(account.id));
            return self.operation(name, id, open.saga, &format!("{:?}", open.kind)).await;
        }
        if account.pending.is_some() && account.erased_at.is_none() {
            let text = "a rotation was given up halfway: the password may be in the second secret; rotate it again, which goes on with that one";
            let finding = Finding::new(FindingKind::PendingSecret, &account.name, text).of(account.id);
            let remedy = rules::rotate(account).filter(|_| account.status != AccountStatus::Deleted);
            self.tell(Finding { remedy, ..finding });
        }
        Ok(())
    }

    /// An operation that a record says is open.
    async fn operation(
        &mut self,
        name: &str,
        account: Option<AccountId>,
        saga: SagaId,
        kind: &str,
    ) -> Result<()> {
        let found = self.unit().find::<SagaRecord>(saga.uuid()).await?;
        let (finding, text) = match found.map(|saga| saga.status) {
            Some(SagaStatus::Running | SagaStatus::Waiting { .. }) => {
                self.report.under_way.extend(account);
                return Ok(());
            }
            Some(SagaStatus::Parked { finding }) => (
                FindingKind::Parked,
                format!("{kind} waits for a person: {finding}; retry it, or give it up"),
            ),
            Some(SagaStatus::Ended { .. }) => (
                FindingKind::OperationLost,
                format!(
                    "its record says that {kind} is under way, and saga {saga} has ended; restore a backup"
                ),
            ),
            None => (
                FindingKind::OperationLost,
                format!(
                    "its record says that {kind} is under way, and there is no saga {saga}; restore a backup"
                ),
            ),
        };
        let finding = Finding::new(finding, name, text);
        self.tell(match account {
            Some(account) => finding.of(account),
            None => finding,
        });
        Ok(())
    }

    /// What is being made, and has no account yet.
    async fn requests(&mut self) -> Result<()> {
        let queued = request_key(RequestStatus::Queued);
        let found: Vec<Request> = self.unit().find_by(index::STATUS, queued).await?;
        let recorded: HashSet<AccountId> = self.by_object.values().copied().collect();
        for request in found {
            // Those about an account that is there are known by it.
            let is_known = request.account.is_some_and(|account| recorded.contains(&account));
            if let Some(saga) = request.saga.filter(|_| request.domain == self.domain.id && !is_known) {
                self.operation(&request.account_name, request.account, saga, "making it").await?;
            }
        }
        Ok(())
    }

    /// Every account that the directory has; returned are those to look at again.
    async fn directory(&mut self) -> Result<Vec<AccountId>> {
        let mut unseen: BTreeSet<AccountId> = self.by_object.values().copied().collect();
        let mut suspects = Vec::new();
        let mut strays: Vec<(Surveyed, SagaId)> = Vec::new();
        let mut list = self.inspector.survey(self.alm.0.instance, self.domain.id);
        while let Some(seen) = list.try_next().await? {
            self.report.objects += 1;
            if let Some(account) = self.by_object.get(&seen.entry.guid) {
                unseen.remove(account);
                let record = self.unit().find::<Account>(account.uuid()).await?;
                if record.is_some_and(|record| !self.judge(&record, &seen.into()).is_empty()) {
                    suspects.push(*account);
                }
            } else if let MarkerSeen::Ours { saga } = seen.marker {
                strays.push((seen, saga));
            }
        }
        drop(list);
        for (seen, saga) in strays {
            self.stray_account(&seen, saga).await?;
        }
        suspects.extend(unseen);
        Ok(suspects)
    }

    /// What the record knows of a saga, and the account that it was about.
    async fn known(&self, saga: SagaId) -> Result<(SagaKnown, Option<Account>)> {
        let Some(saga) = self.unit().find::<SagaRecord>(saga.uuid()).await? else {
            return Ok((SagaKnown::Unknown, None));
        };
        if !matches!(saga.status, SagaStatus::Ended { .. }) {
            return Ok((SagaKnown::Open, None));
        }
        let account: Option<Account> = self.unit().find(saga.account.uuid()).await?;
        // What is under way on it may be just about this.
        let known = match &account {
            Some(account) if account.operation.is_some() => SagaKnown::Open,
            None if matches!(saga.plan, Plan::Adopt(_)) => SagaKnown::Adopted,
            _ => SagaKnown::Ended,
        };
        Ok((known, account))
    }
}
