//! The service itself.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::checkpoints::{Checkpoints, Keeper};
use super::command::{Caller, Command, IdempotencyKey};
use super::plan::Plan;
use super::settings::Settings;
use super::unit::{Unit, denial};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::audit::{Actor, AuditResult, hex};
use crate::model::ids::{InstanceId, PersonId};
use crate::model::people::{
    ACCOUNT_OWNER, EVERYONE, Group, Person, Role, SYSTEM_ADMINISTRATOR, built_in_roles,
};
use crate::port::clock::Clock;
use crate::port::entropy::{Entropy, SystemEntropy};
use crate::port::inspector::Inspector;
use crate::port::store::{Remembered, Store};

/// How often a command is decided anew because somebody changed what it had read.
const DECISIONS: u32 = 16;

/// The account lifecycle service of one instance. Cheap to clone.
///
/// Commands are values, given to [`execute`](Alm::execute); [`plan`](Alm::plan) says what one would do. Queries are methods.
#[derive(Clone, Debug)]
pub struct Alm(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) inspector: Option<Arc<dyn Inspector>>,
    pub(super) settings: Settings,
    pub(super) instance: InstanceId,
    pub(super) checkpoints: Option<Keeper>,
}

/// Makes an [`Alm`].
#[derive(Debug)]
#[must_use]
pub struct AlmBuilder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    inspector: Option<Arc<dyn Inspector>>,
    settings: Settings,
    checkpoints: Option<Checkpoints>,
}

impl AlmBuilder {
    /// Another source of randomness than the operating system's.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Who looks at vault and domain before a template is published (T-12). Without one, no template can be.
    pub fn inspector(mut self, inspector: Arc<dyn Inspector>) -> Self {
        self.inspector = Some(inspector);
        self
    }

    /// Who signs checkpoints of the audit chain, and where they are kept. Without it, none are made.
    pub fn checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.checkpoints = Some(checkpoints);
        self
    }

    /// Other settings than the defaults.
    pub const fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Opens the instance, and creates the built-in roles and the group Everyone in a new one.
    ///
    /// Dropping the future leaves the store as it was, or complete.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(self) -> Result<Alm> {
        let meta = self.store.meta().await?;
        let inner = Inner {
            store: self.store,
            clock: self.clock,
            entropy: self.entropy,
            inspector: self.inspector,
            settings: self.settings,
            instance: meta.instance,
            checkpoints: self.checkpoints.map(Keeper::new),
        };
        let alm = Alm(Arc::new(inner));
        alm.create_built_ins().await?;
        Ok(alm)
    }
}

impl Alm {
    /// A service on this store, with this clock.
    pub fn builder(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> AlmBuilder {
        AlmBuilder {
            store,
            clock,
            entropy: Arc::new(SystemEntropy::new()),
            inspector: None,
            settings: Settings::default(),
            checkpoints: None,
        }
    }

    /// Whose service it is.
    pub fn instance(&self) -> InstanceId {
        self.0.instance
    }

    /// The store it works on.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// Its clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    async fn create_built_ins(&self) -> Result<()> {
        loop {
            let mut unit = Unit::new(&self.0, "instance.open", Actor::System, "set-up");
            for role in built_in_roles() {
                if unit.find::<Role>(role.id.uuid()).await?.is_none() {
                    unit.put(&role, format!("create the role {}", role.name))?;
                }
            }
            if unit.find::<Group>(EVERYONE.uuid()).await?.is_none() {
                let mut everyone = Group::new(EVERYONE, "Everyone", []);
                everyone.roles.insert(ACCOUNT_OWNER);
                unit.put(&everyone, "create the group Everyone")?;
            }
            if unit.commit.is_empty() {
                return Ok(());
            }
            let created = unit.changes.clone();
            unit.audit(
                "instance.create",
                format!("instance {}", self.0.instance),
                json!({ "created": created }),
            );
            match self.0.store.commit(unit.commit).await {
                // Another process opened it at the same moment.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                other => return other,
            }
        }
    }

    /// Makes the first administrator of a new instance, who can then do everything else. The same name again returns the same person.
    ///
    /// # Errors
    /// Refused with P-2 when there is an administrator of another name already.
    pub async fn first_administrator(&self, display_name: &str, email: &str) -> Result<PersonId> {
        const OPERATION: &str = "instance.first_administrator";
        loop {
            let mut unit = Unit::new(&self.0, OPERATION, Actor::System, "set-up");
            let administrators = unit.administrators().await?;
            if !administrators.is_empty() {
                let known = unit.people(administrators).await?;
                return match known.iter().find(|person| person.display_name == display_name) {
                    Some(person) => Ok(person.id),
                    None => unit.refuse(Refusal::new(
                        "P-2",
                        "caller",
                        "the instance has an administrator already",
                    )),
                };
            }
            // Everybody who sets up an instance at the same moment writes this record, so that only one succeeds.
            let role: Role = unit.get(SYSTEM_ADMINISTRATOR.uuid()).await?;
            unit.put(&role, "give the role System Administrator")?;
            let mut person = Person::new(PersonId::new(unit.new_id()?), display_name);
            person.emails.push(email.to_owned());
            person.roles.insert(SYSTEM_ADMINISTRATOR);
            unit.put(&person, "create the first administrator")?;
            unit.audit(
                "person.create",
                format!("person {}", person.id),
                json!({ "roles": ["System Administrator"] }),
            );
            match self.0.store.commit(unit.commit).await {
                Ok(()) => return Ok(person.id),
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Carries out a command: checks who may, decides by the rules, and commits all of it at once, with its audit records.
    ///
    /// The same command again under the same `key` returns the first result. Dropping the future leaves open whether the command was
    /// carried out; give it again under the same key.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied) and [`Refused`](ErrorKind::Refused), both audited, with the ids of all rules that forbid it;
    /// [`NotFound`](ErrorKind::NotFound); [`KeyReused`](ErrorKind::KeyReused); those of the store.
    pub async fn execute<C: Command>(
        &self,
        caller: &Caller,
        key: impl Into<IdempotencyKey>,
        command: C,
    ) -> Result<C::Output> {
        let key = key.into();
        let hash = fingerprint(&command)?;
        for _ in 0..DECISIONS {
            if let Some(first) = self.0.store.remembered(caller.person.uuid(), key.as_str()).await? {
                return self.repeat::<C>(caller, &first, &hash).await;
            }
            let mut unit = Unit::of(&self.0, C::NAME, caller);
            let output = match command.decide(&mut unit).await {
                Ok(output) => output,
                Err(error) => {
                    self.keep_failure(caller, &command, &error).await?;
                    return Err(error);
                }
            };
            unit.commit.remember = Some(Remembered {
                actor: caller.person.uuid(),
                key: key.as_str().to_owned(),
                command: hash.clone(),
                result: to_json(C::NAME, &output)?,
                at: unit.now,
            });
            match self.0.store.commit(unit.commit).await {
                Ok(()) => return Ok(output),
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict, C::NAME, "others kept changing what it needs")
            .with_advice("give it again"))
    }

    async fn repeat<C: Command>(&self, caller: &Caller, first: &Remembered, hash: &str) -> Result<C::Output> {
        if first.command != hash {
            return Err(Error::new(
                ErrorKind::KeyReused,
                C::NAME,
                format!("the idempotency key {:?} was used for another command", first.key),
            )
            .with_advice("use a new key for a new intention"));
        }
        // only if the actor may still see it.
        let mut unit = Unit::of(&self.0, C::NAME, caller);
        if !unit.access().await?.enabled {
            let error =
                Error::denied(C::NAME, Refusal::new("P-1", "caller", "is disabled and has no access"));
            self.audit_denial(C::NAME, caller, &error).await?;
            return Err(error);
        }
        serde_json::from_str(&first.result).map_err(|error| {
            Error::new(ErrorKind::StoreCorrupt, C::NAME, "the remembered result cannot be read")
                .with_source(error)
        })
    }

    /// What is kept of a command that was not carried out: its denial (P-3), and what it wants kept itself.
    async fn keep_failure<C: Command>(&self, caller: &Caller, command: &C, error: &Error) -> Result<()> {
        let mut unit = Unit::of(&self.0, C::NAME, caller);
        command.failed(&mut unit, error).await?;
        if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Refused) {
            unit.audit_as(C::NAME, "command", AuditResult::Refused, denial(error), None);
        } else if unit.commit.is_empty() {
            return Ok(());
        } else {
            let facts = json!({ "error": error.to_string() });
            unit.audit_as(C::NAME, "command", AuditResult::Failed, facts, None);
        }
        self.0.store.commit(unit.commit).await
    }

    /// P-3: a denial is audited, though nothing else of the command is.
    pub(super) async fn audit_denial(
        &self,
        operation: &'static str,
        caller: &Caller,
        error: &Error,
    ) -> Result<()> {
        let mut unit = Unit::of(&self.0, operation, caller);
        unit.audit_as(operation, "command", AuditResult::Refused, denial(error), None);
        self.0.store.commit(unit.commit).await
    }

    /// What a command would do if it were given now. Changes nothing, and is not audited.
    ///
    /// # Errors
    /// As [`execute`](Alm::execute), but refusals are in the plan.
    pub async fn plan<C: Command>(&self, caller: &Caller, command: &C) -> Result<Plan> {
        match self.would(caller, command).await {
            Ok(plan) => Ok(plan),
            Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Refused) => {
                Ok(Plan { refusals: error.refusals().to_vec(), ..Plan::default() })
            }
            Err(error) => Err(error),
        }
    }

    /// What a command would do, or why it would not.
    pub(super) async fn would<C: Command>(&self, caller: &Caller, command: &C) -> Result<Plan> {
        let mut unit = Unit::of(&self.0, C::NAME, caller);
        command.decide(&mut unit).await?;
        let events = &unit.commit.events;
        let events = events.iter().map(|event| format!("{}: {}", event.kind, event.text)).collect();
        Ok(Plan { changes: unit.changes, events, refusals: Vec::new() })
    }

    /// Forgets remembered results that are older than the [settings](Settings::remember) say; how many.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_results(&self) -> Result<u64> {
        let age = SignedDuration::try_from(self.0.settings.remember).unwrap_or(SignedDuration::MAX);
        let before = self.0.clock.now().checked_sub(age).unwrap_or(jiff::Timestamp::MIN);
        self.0.store.forget(before).await
    }
}

fn fingerprint<C: Command>(command: &C) -> Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(C::NAME.as_bytes());
    hasher.update([0]);
    hasher.update(to_json(C::NAME, command)?.as_bytes());
    Ok(hex(&hasher.finalize()))
}

fn to_json(operation: &'static str, value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::Config, operation, "cannot be written as JSON").with_source(error)
    })
}
