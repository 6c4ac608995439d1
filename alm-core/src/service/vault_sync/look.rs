//! Going through the accounts of a vault: which are looked at, a few at a time, and what the vault says of each.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use futures_util::StreamExt as _;
use futures_util::stream;
use uuid::Uuid;

use super::Run;
use crate::error::{ErrorKind, Result};
use crate::model::account::{Account, AccountStatus};
use crate::model::drift::AccountDrift;
use crate::model::estate::Domain;
use crate::model::ids::{DomainId, SecretId, TemplateVersionId};
use crate::model::managed::AccountKind;
use crate::model::secret_link::{
    ClaimVerdict, SecretClaim, SecretFinding, SecretMatch, SecretOwner, SecretProof, SecretSearch,
    SecretState, SecretView,
};
use crate::model::template::{TemplateVersion, VaultPlace};
use crate::port::store::{RecordKind, Stored as _};
use crate::rules::drift::is_another_password;
use crate::rules::secret_link as rules;

/// How many accounts are read at a time.
const PAGE: u32 = 500;
/// How many of them the vault is asked about at the same moment.
const AT_ONCE: usize = 8;

/// An account that is looked at, and what was known of it before.
pub(super) struct Job {
    pub(super) account: Account,
    /// What was reported of it before.
    pub(super) before: Option<SecretFinding>,
    wanted: Wanted,
}

enum Wanted {
    /// How its secret stands; and whose password it is, if a domain's sync said that somebody set one.
    Secret { secret: SecretId, claim: Option<SecretClaim> },
    /// Which secret is its own.
    Search(SecretSearch),
}

/// What was seen.
pub(super) enum Seen {
    Secret {
        view: SecretView,
        /// Whether the vault has the password that somebody set.
        proof: Option<SecretProof>,
    },
    Search(SecretMatch),
    /// Its domain could not be asked.
    Later,
}

/// What is the same for many accounts, read once in a run.
#[derive(Default)]
struct Known {
    places: HashMap<TemplateVersionId, Option<VaultPlace>>,
    domains: HashMap<DomainId, Option<Domain>>,
}

impl Run<'_> {
    /// Every account of the vault, page by page.
    pub(super) async fn accounts(&self) -> Result<()> {
        let mut known = Known::default();
        // No domain is waited for more than once.
        let mut away = HashSet::new();
        let mut after: Option<Uuid> = None;
        loop {
            let page = self.alm.0.store.list(RecordKind::Account, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let mut jobs = Vec::new();
            for document in &page {
                let account = Account::read(document)?;
                jobs.extend(self.job(account, &mut known).await?);
            }
            self.look_at(jobs, &mut away).await?;
        }
    }

    async fn look_at(&self, jobs: Vec<Job>, away: &mut HashSet<DomainId>) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut reports = Vec::new();
        let (mut looked, mut later) = (0, 0);
        let mut jobs = jobs.into_iter();
        loop {
            // In rounds, so that a domain that is away is noticed before all of its accounts were asked about.
            let round: Vec<_> = jobs.by_ref().filter(|job| !job.waits_for(away)).take(AT_ONCE).collect();
            if round.is_empty() {
                break;
            }
            let mut looks =
                stream::iter(round.into_iter().map(|job| self.look(job))).buffer_unordered(AT_ONCE);
            while let Some((job, seen)) = looks.next().await {
                let seen = match seen {
                    Err(error) if error.kind() == ErrorKind::Directory => {
                        away.insert(job.account.domain);
                        Seen::Later
                    }
                    seen => seen?,
                };
                looked += 1;
                let (report, is_late) = self.apply(job, seen).await?;
                later += u64::from(is_late);
                reports.extend(report);
            }
        }
        let mut unit = self.unit();
        self.count(&mut unit, |counts| {
            counts.accounts += looked;
            counts.later += later;
        })
        .await?;
        self.alm.0.store.commit(unit.commit).await?;
        self.report(reports).await
    }

    /// What is to be looked at of an account, if anything: not while something is under way on it, nor once it is deleted.
    async fn job(&self, account: Account, known: &mut Known) -> Result<Option<Job>> {
        let is_left_out = account.operation.is_some()
            || account.kind != AccountKind::User
            || account.status == AccountStatus::Deleted;
        if is_left_out {
            return self.forget(&account).await.map(|()| None);
        }
        let store = &self.alm.0.store;
        let before = store.load(SecretFinding::KIND, account.id.uuid()).await?;
        let before = before.as_ref().map(SecretFinding::read).transpose()?;
        let wanted = match (&account.secret, account.vault) {
            (Some(secret), Some(vault)) if vault == self.vault.id => {
                let secret = SecretId::new(secret);
                let drift = store.load(AccountDrift::KIND, account.id.uuid()).await?;
                let drift = drift.as_ref().map(AccountDrift::read).transpose()?;
                // Every wrong sign-in brings a lock-out nearer.
                let is_set = drift.is_some_and(|drift| {
                    drift.items.iter().any(is_another_password)
                        && !rules::is_refused(&drift, &secret, self.begun)
                });
                let owner = if is_set { self.owner(&account, known).await? } else { None };
                let claim = owner.map(|owner| SecretClaim::new(vault, secret.clone(), owner));
                Wanted::Secret { secret, claim }
            }
            (Some(_), _) => return Ok(None),
            (None, _) => {
                let place = self.place(&account, known).await?;
                let Some(place) = place.filter(|place| place.vault == self.vault.id) else { return Ok(None) };
                let Some(owner) = self.owner(&account, known).await? else { return Ok(None) };
                let spared = before.as_ref().filter(|before| rules::is_spared(before, self.begun));
                let but_not = spared.and_then(|before| before.secret.clone());
                Wanted::Search(SecretSearch::new(place, owner).but_not(but_not))
            }
        };
        Ok(Some(Job { account, before, wanted }))
    }

    async fn place(&self, account: &Account, known: &mut Known) -> Result<Option<VaultPlace>> {
        let id = account.template_version;
        if let Some(place) = known.places.get(&id) {
            return Ok(place.clone());
        }
        let mut unit = self.unit();
        let place = unit.find::<TemplateVersion>(id.uuid()).await?.and_then(|version| version.body.vault);
        known.places.insert(id, place.clone());
        Ok(place)
    }

    /// Whose the secret would be; nobody's in a domain that is disabled, which gets no work.
    async fn owner(&self, account: &Account, known: &mut Known) -> Result<Option<SecretOwner>> {
        let domain = match known.domains.entry(account.domain) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let mut unit = self.unit();
                let domain = unit.find::<Domain>(account.domain.uuid()).await?;
                unknown.insert(domain.filter(|domain| domain.enabled))
            }
        };
        Ok(domain
            .as_ref()
            .map(|domain| SecretOwner::new(domain.id, &domain.name, account.object_guid, &account.name)))
    }

    async fn look(&self, job: Job) -> (Job, Result<Seen>) {
        let seen = match &job.wanted {
            Wanted::Search(search) => self.inspector.seek_secret(search).await.map(Seen::Search),
            Wanted::Secret { secret, claim } => self.look_at_secret(secret, claim.as_ref()).await,
        };
        (job, seen)
    }

    async fn look_at_secret(&self, secret: &SecretId, claim: Option<&SecretClaim>) -> Result<Seen> {
        let view = self.inspector.secret(self.vault.id, secret).await?;
        let proof = match claim.filter(|_| view.state == SecretState::Active) {
            None => None,
            Some(claim) => match self.inspector.prove_secret(claim).await {
                Ok(ClaimVerdict::Tried(proof)) => Some(proof),
                Ok(_) => None,
                // What its secret is like is known all the same; whether the password is the vault's, the next sync looks.
                Err(error) if error.kind() == ErrorKind::Directory => None,
                Err(error) => return Err(error),
            },
        };
        Ok(Seen::Secret { view, proof })
    }
}

impl Job {
    /// Whether it cannot be looked at while its domain is away.
    fn waits_for(&self, away: &HashSet<DomainId>) -> bool {
        matches!(self.wanted, Wanted::Search(_)) && away.contains(&self.account.domain)
    }
}
