//! Looking on while an engine works, and holding it up.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::model::account::OperationKind;
use crate::model::ids::SagaId;

/// Where in an effect an engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EffectPoint {
    /// Its start is in the journal; nothing was done yet.
    Before,
    /// It was done; its end is not in the journal yet.
    After,
    /// Its end is in the journal.
    Recorded,
}

/// Told of each effect, and may hold the engine up: to show progress, to measure, to inject delays.
#[async_trait]
pub trait EffectHook: Debug + Send + Sync + 'static {
    /// The engine goes on when this returns. The lease goes on running.
    async fn at(
        &self,
        point: EffectPoint,
        saga: SagaId,
        account: &str,
        operation: OperationKind,
        effect: &'static str,
    );
}
