//! Between service and engine: who gets which work, what is next, how it ended.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::account::OperationKind;
use crate::model::ids::{DomainId, EngineId, InstanceId, SagaId};
use crate::model::managed::AccountKind;
use crate::port::store::Lease;
use crate::saga::Ending;
use crate::saga::effect::{Effect, EffectResult};

/// An engine's wish for work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkWish {
    /// Who asks.
    pub engine: EngineId,
    /// For which domains.
    pub domains: Vec<DomainId>,
    /// How long the lease is to last.
    pub lease: Duration,
    /// The longest that an effect may take, with a margin (E-5).
    pub grace: Duration,
    /// Whether leases of this very engine are taken back at once: its process was started anew, and the old one is known to be gone. Refused with
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where several processes share the store.
    pub take_back: bool,
    /// At most so many.
    pub limit: u32,
}

impl WorkWish {
    /// A wish for up to `limit` pieces of work of one domain.
    pub fn new(engine: EngineId, domain: DomainId, limit: u32) -> Self {
        Self {
            engine,
            domains: vec![domain],
            lease: Duration::from_mins(2),
            grace: Duration::from_secs(45),
            take_back: false,
            limit,
        }
    }
}

/// A saga that an engine may act on, and what it must know to do so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// The right to act on it.
    pub lease: Lease,
    /// Whose saga it is; part of every marker.
    pub instance: InstanceId,
    /// The account's name, for people.
    pub account_name: String,
    /// What kind of account it is.
    #[serde(default)]
    pub kind: AccountKind,
    /// What it does.
    pub operation: OperationKind,
    /// Sagas whose markers the account may carry (I-3).
    pub known_sagas: Vec<SagaId>,
    /// When the saga was begun: an account that is adopted must be younger.
    pub intent_at: Timestamp,
}

/// What is next for a saga.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "an engine holds one at a time; a box would be in everybody's way"
)]
pub enum Order {
    /// Run this; that it starts is in the journal already.
    Run(Effect),
    /// Nothing now; the lease is given back.
    Later {
        /// When it goes on.
        until: Timestamp,
        /// Why not now.
        why: String,
    },
    /// A person is asked; the lease is given back.
    Parked {
        /// About what.
        finding: String,
    },
    /// It is over.
    Ended(Ending),
}

/// The engine's side of the service. In one process it is the service itself.
#[async_trait]
pub trait EngineLink: Debug + Send + Sync + 'static {
    /// Takes work.
    ///
    /// # Errors
    /// When the service cannot be reached; [`ErrorKind::Config`](crate::ErrorKind::Config) when its store cannot [take back](WorkWish::take_back).
    async fn claim(&self, wish: &WorkWish) -> Result<Vec<Task>>;

    /// What is next; if it is an effect, its start is journalled before this returns.
    ///
    /// # Errors
    /// [`StaleLease`](crate::ErrorKind::StaleLease): stop.
    async fn begin(&self, lease: &Lease) -> Result<Order>;

    /// How the effect ended, and what is next. With an error it is not known whether the end was journalled; the next holder of the work
    /// runs the effect again, which is harmless.
    ///
    /// # Errors
    /// [`StaleLease`](crate::ErrorKind::StaleLease): stop.
    async fn finish(&self, lease: &Lease, result: EffectResult) -> Result<Order>;

    /// Makes the lease last longer.
    ///
    /// # Errors
    /// [`StaleLease`](crate::ErrorKind::StaleLease): stop.
    async fn renew(&self, lease: &Lease, lasting: Duration) -> Result<Lease>;

    /// Gives work back, so that another engine can take it at once. Only for work of which no effect is under way.
    ///
    /// # Errors
    /// When the service cannot be reached.
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// When work of these domains becomes ready; `None` when there is none.
    ///
    /// # Errors
    /// When the service cannot be reached.
    async fn next_ready(&self, domains: &[DomainId]) -> Result<Option<Timestamp>>;

    /// Waits until work may have come that no engine has, as [`Store::work_changed`](crate::port::store::Store::work_changed) says. A hint, to be
    /// waited for with a limit. A link that can tell nothing waits for ever, as the default does.
    ///
    /// # Errors
    /// When the service cannot be reached.
    async fn work_changed(&self, seen: u64) -> Result<u64> {
        let _ = seen;
        std::future::pending().await
    }
}
