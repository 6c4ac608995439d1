//! The engine's side of the service: work is claimed, effects are begun and ended, each with a commit under the fence of its lease.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::alm::{Alm, Inner};
use super::complete;
use super::unit::Unit;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::model::account::{Account, OperationKind};
use crate::model::audit::{Actor, AuditResult};
use crate::model::event::EventKind;
use crate::model::ids::DomainId;
use crate::port::link::{EngineLink, Order, Task, WorkWish};
use crate::port::store::{Claim, Fence, Lease, Stored};
use crate::saga::effect::{Effect, EffectResult};
use crate::saga::input::Input;
use crate::saga::{Machine, Next, SagaRecord, SagaStatus};

/// How often a step is decided anew because a person changed the saga in between.
const DECISIONS: u32 = 16;

/// The state of a saga, from its journal.
pub(super) async fn machine(alm: &Inner, saga: &SagaRecord) -> Result<Machine> {
    let corrupt = |what: String| {
        Error::new(ErrorKind::StoreCorrupt, "saga.replay", format!("the journal of saga {}: {what}", saga.id))
            .with_advice("the store is damaged; restore a backup")
    };
    let mut machine = Machine::begin(&saga.plan);
    // Entries behind the record's own count belong to a commit that came after it was read; that commit makes this one fail.
    for entry in alm.store.journal(saga.id).await?.into_iter().take_while(|entry| entry.seq <= saga.inputs) {
        let input: Input = serde_json::from_str(&entry.body).map_err(|error| {
            corrupt(format!("entry {} cannot be read at column {}", entry.seq, error.column()))
        })?;
        machine.apply(&input).map_err(|misfit| corrupt(format!("entry {}: {misfit}", entry.seq)))?;
    }
    Ok(machine)
}

impl Alm {
    async fn advance(
        &self,
        operation: &'static str,
        lease: &Lease,
        result: Option<EffectResult>,
    ) -> Result<Order> {
        for _ in 0..DECISIONS {
            let mut unit = Unit::new(&self.0, operation, Actor::System, format!("engine {}", lease.engine));
            unit.commit.fence = Some(Fence { saga: lease.saga, epoch: lease.epoch });
            let order = self.decide(&mut unit, lease, result.clone()).await?;
            match self.0.store.commit(unit.commit).await {
                Ok(()) => {
                    if !matches!(order, Order::Run(_)) {
                        self.0.store.release(lease).await?;
                    }
                    return Ok(order);
                }
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict, operation, "others kept changing the saga")
            .with_advice("try again"))
    }

    async fn decide(
        &self,
        unit: &mut Unit<'_>,
        lease: &Lease,
        result: Option<EffectResult>,
    ) -> Result<Order> {
        let mut saga: SagaRecord = unit.get(lease.saga.uuid()).await?;
        if !saga.status.is_open() {
            return Err(Error::new(
                ErrorKind::StaleLease,
                unit.operation,
                format!("saga {} is not open any more", saga.id),
            ));
        }
        let mut machine = machine(&self.0, &saga).await?;
        if let Some(result) = result {
            let name = machine.effect_name();
            let done = matches!(result, EffectResult::Done(_));
            audit_effect(
                unit,
                &saga,
                lease,
                "effect.finished",
                if done { AuditResult::Done } else { AuditResult::Failed },
                json!({ "effect": name, "result": &result }),
            );
            apply(unit, &mut saga, &mut machine, &Input::Finished { result, at: unit.now })?;
        }
        saga.findings = machine.findings().to_vec();
        let next = machine.next();
        // Said once, with what comes instead of the end that nobody heard; not with every look while a doubt settles.
        if !matches!(&next, Next::Run { not_before: Some((until, _)), .. } if *until > unit.now) {
            lost(unit, &saga, &machine);
        }
        let order = match next {
            Next::Run { effect, not_before } => {
                if let Some((until, why)) = not_before.filter(|(until, _)| *until > unit.now) {
                    saga.status = SagaStatus::Waiting { why: why.clone() };
                    saga.ready_at = until;
                    Order::Later { until, why }
                } else {
                    audit_effect(
                        unit,
                        &saga,
                        lease,
                        "effect.started",
                        AuditResult::Intended,
                        json!({ "effect": &effect }),
                    );
                    let started = Input::Started {
                        effect: effect.name().to_owned(),
                        engine: lease.engine,
                        epoch: lease.epoch,
                        at: unit.now,
                    };
                    apply(unit, &mut saga, &mut machine, &started)?;
                    note_bind(&mut saga, &effect, unit.now);
                    saga.status = SagaStatus::Running;
                    Order::Run(effect)
                }
            }
            Next::Park { finding } => {
                saga.status = SagaStatus::Parked { finding: finding.clone() };
                park(unit, &saga, &finding).await?;
                Order::Parked { finding }
            }
            Next::End(ending) => {
                saga.status = SagaStatus::Ended { ending: ending.clone() };
                complete::end(unit, &saga, &machine, &ending).await?;
                Order::Ended(ending)
            }
        };
        unit.put(&saga, format!("saga {} goes on", saga.id))?;
        Ok(order)
    }
}

/// S-8: whatever comes of it, the directory may note a sign-in. It does not where the account is disabled, as it is in all other operations.
fn note_bind(saga: &mut SagaRecord, effect: &Effect, now: Timestamp) {
    let in_use = matches!(saga.plan.operation(), OperationKind::Rotate | OperationKind::Adopt);
    if in_use && matches!(effect, Effect::VerifyPassword { .. } | Effect::ProveChange { .. }) {
        saga.binds.push(now);
    }
}

fn apply(unit: &mut Unit<'_>, saga: &mut SagaRecord, machine: &mut Machine, input: &Input) -> Result<()> {
    machine.apply(input).map_err(|misfit| {
        Error::new(ErrorKind::StaleLease, unit.operation, format!("saga {} is elsewhere by now", saga.id))
            .with_source(misfit)
    })?;
    unit.journal(saga, input)
}

fn audit_effect(
    unit: &mut Unit<'_>,
    saga: &SagaRecord,
    lease: &Lease,
    action: &str,
    result: AuditResult,
    mut facts: serde_json::Value,
) {
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("saga".to_owned(), json!(saga.id));
        facts.insert("epoch".to_owned(), json!(lease.epoch));
    }
    unit.audit_as(action, format!("account {}", saga.account), result, facts, None);
}

/// I-8: an effect whose engine is gone has an outcome in the audit too: that nobody knows it.
pub(super) fn lost(unit: &mut Unit<'_>, saga: &SagaRecord, machine: &Machine) {
    if machine.is_under_way() {
        unit.audit_as(
            "effect.lost",
            format!("account {}", saga.account),
            AuditResult::Failed,
            json!({ "saga": saga.id, "effect": machine.effect_name(), "outcome": Outcome::Unknown }),
            None,
        );
    }
}

/// I-9: what stops is shown, and administrators are told.
async fn park(unit: &mut Unit<'_>, saga: &SagaRecord, finding: &str) -> Result<()> {
    if let Some(mut account) = unit.find::<Account>(saga.account.uuid()).await?
        && let Some(open) = account.operation.as_mut().filter(|open| open.saga == saga.id)
    {
        open.failed = true;
        unit.put(&account, "the operation is parked")?;
    }
    unit.audit_as(
        "saga.parked",
        format!("account {}", saga.account),
        AuditResult::Failed,
        json!({ "saga": saga.id, "finding": finding }),
        None,
    );
    let administrators = unit.administrators().await?;
    let text = format!("{:?} of {} waits for a person: {finding}", saga.plan.operation(), saga.account_name);
    unit.event(EventKind::OperationParked, text, administrators, |event| {
        event.account = Some(saga.account);
        event.saga = Some(saga.id);
    })
}

#[async_trait]
impl EngineLink for Alm {
    async fn claim(&self, wish: &WorkWish) -> Result<Vec<Task>> {
        let leases = self
            .0
            .store
            .claim(Claim {
                engine: wish.engine,
                domains: wish.domains.clone(),
                now: self.0.clock.now(),
                lease: wish.lease,
                grace: wish.grace,
                take_back: wish.take_back,
                limit: wish.limit,
            })
            .await?;
        let mut tasks = Vec::with_capacity(leases.len());
        for lease in leases {
            let Some(document) = self.0.store.load(SagaRecord::KIND, lease.saga.uuid()).await? else {
                continue;
            };
            let saga = SagaRecord::read(&document)?;
            tasks.push(Task {
                lease,
                instance: self.0.instance,
                account_name: saga.account_name,
                kind: saga.plan.kind(),
                operation: saga.plan.operation(),
                known_sagas: saga.known_sagas,
                intent_at: saga.created_at,
            });
        }
        Ok(tasks)
    }

    async fn begin(&self, lease: &Lease) -> Result<Order> {
        self.advance("effect.begin", lease, None).await
    }

    async fn finish(&self, lease: &Lease, result: EffectResult) -> Result<Order> {
        self.advance("effect.finish", lease, Some(result)).await
    }

    async fn renew(&self, lease: &Lease, lasting: Duration) -> Result<Lease> {
        self.0.store.renew(lease, self.0.clock.now(), lasting).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.0.store.release(lease).await
    }

    async fn next_ready(&self, domains: &[DomainId]) -> Result<Option<Timestamp>> {
        self.0.store.next_ready(domains).await
    }

    async fn work_changed(&self, seen: u64) -> Result<u64> {
        Ok(self.0.store.work_changed(seen).await)
    }
}
