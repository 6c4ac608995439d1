//! Claiming work and carrying it out, effect by effect.

use std::sync::Arc;
use std::time::Duration;

use ad_directory::Directory;
use futures_util::future::{Either, select};

use super::guard::Tools;
use super::hook::{EffectHook, EffectPoint};
use super::local_policy::{Enforced, LocalPolicy};
use super::marker::MarkerKey;
use super::secret_effects::SecretEffects;
use super::translate::{self, Step, Stop, done, refused};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::model::ids::{DomainId, EngineId};
use crate::model::template::{Rotator, VaultPlace};
use crate::port::clock::Clock;
use crate::port::entropy::{Entropy, SystemEntropy};
use crate::port::link::{EngineLink, Order, Task, WorkWish};
use crate::port::store::Lease;
use crate::port::vault::Vault;
use crate::saga::Ending;
use crate::saga::effect::{Effect, EffectResult, Found, Reason};

/// Runs the effects of one domain's sagas.
#[derive(Clone, Debug)]
pub struct Engine {
    link: Arc<dyn EngineLink>,
    directory: Arc<dyn Directory>,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    hook: Option<Arc<dyn EffectHook>>,
    key: MarkerKey,
    policy: Enforced,
    id: EngineId,
    domain: DomainId,
    effect_limit: Duration,
    lease: Duration,
    margin: Duration,
    take_back: bool,
}

/// Makes an [`Engine`].
#[derive(Debug)]
#[must_use]
pub struct EngineBuilder(Engine);

impl EngineBuilder {
    /// Another source of randomness than the operating system's.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.0.entropy = entropy;
        self
    }

    /// Who looks on.
    pub fn hook(mut self, hook: Arc<dyn EffectHook>) -> Self {
        self.0.hook = Some(hook);
        self
    }

    /// What this host lets it do (E-8).
    pub fn local_policy(mut self, policy: LocalPolicy) -> Self {
        self.0.policy = Enforced::new(policy);
        self
    }

    /// The longest that an effect may take; then its outcome is unknown, and it is looked at again. Default 30 s.
    pub const fn effect_limit(mut self, limit: Duration) -> Self {
        self.0.effect_limit = limit;
        self
    }

    /// How long a lease lasts. Default 120 s; at least twice the limit of an effect with its margin.
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.0.lease = lease;
        self
    }

    /// Takes back what an engine of the same id left when its process died. Only where the store makes sure that the old process is gone,
    /// as the embedded one does by its lock. Where several processes share the store, as in PostgreSQL, the first claim is refused with
    /// [`ErrorKind::Config`], and [`run`](Engine::run) ends with that: there, what the old process left is free when its lease and the time
    /// of an effect are over.
    pub const fn take_back(mut self, take_back: bool) -> Self {
        self.0.take_back = take_back;
        self
    }

    /// The engine.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the lease is too short for an effect, or the local policy names an effect that there is none of.
    pub fn build(self) -> Result<Engine> {
        let engine = self.0;
        engine.policy.check()?;
        let needed = (engine.effect_limit + engine.margin) * 2;
        if engine.lease < needed {
            return Err(Error::new(
                ErrorKind::Config,
                "engine.build",
                format!(
                    "a lease of {:?} is too short: effects of {:?} need {needed:?}",
                    engine.lease, engine.effect_limit
                ),
            ));
        }
        Ok(engine)
    }
}

/// What an engine did in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunReport {
    /// How many sagas it had in its hands.
    pub sagas: u64,
    /// How many effects it ran.
    pub effects: u64,
    /// What did not end well: parked, compensated, waiting, or lost to another engine; one line each.
    pub notes: Vec<String>,
}

impl Engine {
    /// An engine that works for `domain`, with the directory and the vault that its host reaches.
    pub fn builder(
        id: EngineId,
        domain: DomainId,
        link: Arc<dyn EngineLink>,
        directory: Arc<dyn Directory>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        key: MarkerKey,
    ) -> EngineBuilder {
        EngineBuilder(Self {
            link,
            directory,
            vault,
            clock,
            entropy: Arc::new(SystemEntropy::new()),
            hook: None,
            key,
            policy: Enforced::default(),
            id,
            domain,
            effect_limit: Duration::from_secs(30),
            lease: Duration::from_mins(2),
            margin: Duration::from_secs(5),
            take_back: false,
        })
    }

    /// Which engine it is.
    pub const fn id(&self) -> EngineId {
        self.id
    }

    fn wish(&self) -> WorkWish {
        WorkWish {
            engine: self.id,
            domains: vec![self.domain],
            lease: self.lease,
            grace: self.effect_limit + self.margin,
            take_back: self.take_back,
            limit: 1,
        }
    }

    /// Does all work that is ready now, and returns when there is none left.
    ///
    /// Dropping the future leaves an effect under way as if the process had died: it is looked at again by whoever has the work next.
    ///
    /// # Errors
    /// Those of the link.
    pub async fn run_ready(&self) -> Result<RunReport> {
        let mut report = RunReport::default();
        loop {
            // Measured from before it was asked for: the answer may have been on its way for a while.
            let leased_at = self.clock.steady();
            let tasks = self.link.claim(&self.wish()).await?;
            if tasks.is_empty() {
                return Ok(report);
            }
            for task in tasks {
                report.sagas += 1;
                self.run_task(task, leased_at, &mut report).await?;
            }
        }
    }

    /// Works until `stop` is ready: finishes the effect under way, then returns. Looks for work every `pause`, and at once where the link tells
    /// that some has come.
    ///
    /// Dropping the future does to an effect under way what it does in [`run_ready`](Self::run_ready).
    ///
    /// # Errors
    /// Those of the link that do not pass by themselves.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send, pause: Duration) -> Result<RunReport> {
        let mut stop = Box::pin(stop);
        let mut total = RunReport::default();
        let mut seen = 0;
        loop {
            match self.run_ready().await {
                Ok(report) => {
                    total.sagas += report.sagas;
                    total.effects += report.effects;
                    total.notes.extend(report.notes);
                }
                Err(error) if error.is_transient() => tracing::warn!(%error, "the service is away"),
                Err(error) => return Err(error),
            }
            match select(stop, Box::pin(self.wait(seen, pause))).await {
                Either::Left(_) => return Ok(total),
                Either::Right((now, rest)) => (seen, stop) = (now, rest),
            }
        }
    }

    /// For at most `pause`; what the link told last.
    async fn wait(&self, seen: u64, pause: Duration) -> u64 {
        match select(self.link.work_changed(seen), self.clock.sleep(pause)).await {
            Either::Left((Ok(now), _)) => now,
            // Whoever is away would be asked again without a pause.
            Either::Left((Err(_), pause)) => {
                pause.await;
                seen
            }
            Either::Right(_) => seen,
        }
    }

    async fn run_task(&self, mut task: Task, mut leased_at: Duration, report: &mut RunReport) -> Result<()> {
        let mut order = match self.link.begin(&task.lease).await {
            Err(error) if error.kind() == ErrorKind::StaleLease => return Ok(()),
            other => other?,
        };
        loop {
            let effect = match order {
                Order::Run(effect) => effect,
                Order::Later { until, why } => {
                    report.notes.push(format!("{}: waits until {until}: {why}", task.account_name));
                    return Ok(());
                }
                Order::Parked { finding } => {
                    report.notes.push(format!("{}: parked: {finding}", task.account_name));
                    return Ok(());
                }
                Order::Ended(ending) => {
                    if let Ending::Compensated { message, .. } = ending {
                        report.notes.push(format!("{}: undone: {message}", task.account_name));
                    }
                    return Ok(());
                }
            };
            let name = effect.name();
            self.at(EffectPoint::Before, &task, name).await;
            // E-5: an effect starts only under a lease that outlasts it, by a clock that nobody sets. After the hook, which may have taken long.
            let now = self.clock.steady();
            if now.saturating_sub(leased_at) + self.effect_limit + self.margin > self.lease {
                match self.link.renew(&task.lease, self.lease).await {
                    Ok(lease) => (task.lease, leased_at) = (lease, now),
                    Err(error) if error.kind() == ErrorKind::StaleLease => {
                        report.notes.push(format!("{}: another engine has it", task.account_name));
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                }
            }
            report.effects += 1;
            let result = match self.limited(&task, &effect).await {
                Ok(result) => result,
                Err(Stop::End(result)) => *result,
                // Whoever has the higher epoch has the lease too, and the service refuses this end. Should nobody have it, because the store
                // went back, it waits and says why.
                Err(Stop::Superseded) => EffectResult::Failed {
                    outcome: Outcome::NotDone,
                    message: format!("{} carries the marker of a later lease [E-5]", task.account_name),
                },
            };
            self.at(EffectPoint::After, &task, name).await;
            order = match self.link.finish(&task.lease, result).await {
                Err(error) if error.kind() == ErrorKind::StaleLease => {
                    report.notes.push(format!("{}: another engine has it", task.account_name));
                    return Ok(());
                }
                other => other?,
            };
            self.at(EffectPoint::Recorded, &task, name).await;
        }
    }

    async fn at(&self, point: EffectPoint, task: &Task, effect: &'static str) {
        if let Some(hook) = &self.hook {
            hook.at(point, task.lease.saga, &task.account_name, task.operation, effect).await;
        }
    }

    async fn limited(&self, task: &Task, effect: &Effect) -> Step<EffectResult> {
        let started = self.clock.steady();
        self.policy.effect(effect, started)?;
        let work = Box::pin(self.effect(task, effect));
        // The limit is looked at first: a process that stood still must not go on with an effect whose time is over.
        let result = match select(self.clock.sleep(self.effect_limit), work).await {
            Either::Right((result, _)) => result,
            Either::Left(((), _)) => translate::failed(
                Outcome::Unknown,
                format!("{} did not end within {:?}", effect.name(), self.effect_limit),
            ),
        };
        let took = u64::try_from(self.clock.steady().saturating_sub(started).as_millis()).unwrap_or(u64::MAX);
        let ended = match &result {
            Ok(EffectResult::Done(_)) => "done",
            Err(Stop::End(result)) if matches!(**result, EffectResult::Refused { .. }) => "refused",
            Err(Stop::Superseded) => "superseded",
            Ok(_) | Err(Stop::End(_)) => "failed",
        };
        tracing::info!(saga = %task.lease.saga, effect = effect.name(), ended, took_ms = took, "effect");
        result
    }

    /// Section V.
    async fn usable(&self, place: &VaultPlace, rotator: Rotator) -> Step<()> {
        let refusals = self.vault.preflight_for(place, rotator).await;
        let refusals = refusals.map_err(|error| translate::vault(&error))?;
        if refusals.is_empty() {
            return Ok(());
        }
        let why = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        refused(Reason::PlaceUnusable, why)
    }

    async fn effect(&self, task: &Task, effect: &Effect) -> Step<EffectResult> {
        let tools = Tools { directory: &self.directory, key: &self.key, policy: &self.policy, task };
        let secrets = SecretEffects { vault: &self.vault, entropy: &self.entropy, tools: &tools };
        match effect {
            Effect::Preflight { place, ou, groups, managed, rotator } => {
                if let Some(place) = place {
                    self.usable(place, *rotator).await?;
                }
                let controller = tools.preflight(ou, groups, managed.as_ref()).await?;
                Ok(done(Found { controller: Some(controller), ..Found::default() }))
            }
            Effect::CreateSecret { place, name, domain, username } => {
                secrets.create(place, name, domain, username).await
            }
            Effect::AddAccount { controller, account, secret } => {
                let password = match secret {
                    Some(secret) => Some(secrets.read(secret).await?),
                    None => None,
                };
                tools.add(controller, account, password).await
            }
            Effect::ReplacePassword { secret } => secrets.replace_password(secret).await,
            Effect::JoinGroup { controller, account, group } => tools.join(controller, *account, group).await,
            Effect::LeaveGroup { controller, account, group } => {
                tools.leave(controller, *account, group).await
            }
            Effect::VerifyPassword { controller, account, secret } => {
                let password = secrets.read(secret).await?;
                tools.verify(controller, *account, &password).await
            }
            Effect::ResetPassword { controller, account, secret } => {
                let password = secrets.read(secret).await?;
                tools.reset_password(controller, *account, &password).await
            }
            Effect::SetPassword { controller, account, secret } => {
                let password = secrets.read(secret).await?;
                tools.set_password(controller, *account, &password).await
            }
            Effect::CopyPassword { from, to } => secrets.copy(from, to).await,
            Effect::TellDependents { secret } => secrets.tell_dependents(secret).await,
            Effect::NoteChange { controller, account, secret } => {
                let set = tools.password_set(controller, *account).await?;
                secrets.note_change(secret, set).await
            }
            Effect::AskChange { secret, since, again_from } => {
                let may_ask = again_from.is_none_or(|from| from <= self.clock.now());
                secrets.ask_change(secret, *since, may_ask).await
            }
            Effect::FollowChange { secret, since, had_failed } => {
                secrets.follow_change(secret, *since, *had_failed).await
            }
            Effect::ProveChange { controller, account, secret, since } => {
                if tools.password_set(controller, *account).await? == *since {
                    return Ok(done(Found { not_yet: true, ..Found::default() }));
                }
                let password = secrets.read(secret).await?;
                tools.verify(controller, *account, &password).await
            }
            Effect::SettleSecrets { place, name, recorded, keep } => {
                secrets.settle(place, name, recorded.as_ref(), *keep).await
            }
            Effect::Locate { account, may_be_gone } => tools.locate(*account, *may_be_gone).await,
            Effect::Change { controller, account, change } => {
                tools.change(controller, *account, change).await
            }
            Effect::Move { controller, account, ou, name } => {
                tools.relocate(controller, *account, ou.as_ref(), name.as_deref()).await
            }
            Effect::EnsureGroups { controller, account, groups } => {
                tools.ensure_groups(controller, *account, groups).await
            }
            Effect::DeleteAccount { controller, account } => tools.delete(controller, *account).await,
            Effect::RemoveByMarker { controller, ou, name } => {
                tools.remove_by_marker(controller, ou, name).await
            }
            Effect::DeactivateSecret { secret } => secrets.deactivate(secret).await,
            Effect::Survey { controller, account, attributes, secret, security } => {
                let folder = match secret {
                    Some(secret) => secrets.folder(secret).await?,
                    None => None,
                };
                tools.survey(controller, *account, attributes, *security, folder).await
            }
            Effect::MoveSecret { secret, place, stay_below } => {
                secrets.relocate(secret, place, *stay_below).await
            }
            Effect::Examine { account, name } => tools.examine(*account, name).await,
            Effect::Claim { controller, account } => tools.claim(controller, *account).await,
            Effect::ConfirmGone { account } => tools.confirm_gone(*account).await,
            Effect::Release { controller, account } => tools.release(controller, *account).await,
        }
    }

    /// Gives back work of which no effect is under way.
    ///
    /// # Errors
    /// Those of the link.
    pub async fn release(&self, lease: &Lease) -> Result<()> {
        self.link.release(lease).await
    }
}
