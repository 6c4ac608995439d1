//! The port, for every store in a database: all of them answer alike.

/// Makes a [`Store`](crate::port::store::Store) of a type whose field `core` is a [`Core`](super::Core).
macro_rules! store_in_sql {
    ($store:ty) => {
        const _: () = {
            use std::time::Duration;

            use async_trait::async_trait;
            use jiff::Timestamp;
            use uuid::Uuid;

            use crate::adapter::sql::lease;
            use crate::error::Result;
            use crate::model::audit::{AuditRecord, ChainHash};
            use crate::model::delivery::{Delivery, DeliveryState};
            use crate::model::event::Event;
            use crate::model::ids::{DestinationId, DomainId, EventId, SagaId};
            use crate::port::delivery::DeliveryClaim;
            use crate::port::store::{
                Claim, Commit, Document, DueKind, JournalEntry, Lease, RecordKind, Remembered, Store,
                StoreMeta,
            };

            #[async_trait]
            impl Store for $store {
                async fn meta(&self) -> Result<StoreMeta> {
                    self.core.read_meta().await
                }

                async fn load(&self, kind: RecordKind, id: Uuid) -> Result<Option<Document>> {
                    self.core.read_one(kind, id).await
                }

                async fn list(
                    &self,
                    kind: RecordKind,
                    after: Option<Uuid>,
                    limit: u32,
                ) -> Result<Vec<Document>> {
                    self.core.read_list(kind, after, limit).await
                }

                async fn find(
                    &self,
                    kind: RecordKind,
                    index: &str,
                    value: &str,
                    after: Option<Uuid>,
                    limit: u32,
                ) -> Result<Vec<Document>> {
                    self.core.read_found(kind, index, value, after, limit).await
                }

                async fn count(&self, kind: RecordKind, index: &str, value: &str) -> Result<u64> {
                    self.core.read_count(kind, index, value).await
                }

                async fn holder(&self, unique: &str) -> Result<Option<(RecordKind, Uuid)>> {
                    self.core.read_holder(unique).await
                }

                async fn due(
                    &self,
                    due: DueKind,
                    until: Timestamp,
                    limit: u32,
                ) -> Result<Vec<(RecordKind, Uuid, Timestamp)>> {
                    self.core.read_due(due, until, limit).await
                }

                async fn count_due(&self, due: DueKind, until: Timestamp) -> Result<u64> {
                    self.core.read_count_due(due, until).await
                }

                async fn commit(&self, commit: Commit) -> Result<()> {
                    self.core.change(commit).await
                }

                async fn claim(&self, claim: Claim) -> Result<Vec<Lease>> {
                    self.core.claim(claim).await
                }

                async fn renew(&self, lease: &Lease, now: Timestamp, lasting: Duration) -> Result<Lease> {
                    self.core.change(lease::Renew { lease: *lease, now, lasting }).await
                }

                async fn release(&self, lease: &Lease) -> Result<()> {
                    self.core.change(lease::Release(*lease)).await
                }

                async fn next_ready(&self, domains: &[DomainId]) -> Result<Option<Timestamp>> {
                    self.core.read_next_ready(domains).await
                }

                async fn work_changed(&self, seen: u64) -> u64 {
                    self.core.work_changed(seen).await
                }

                async fn journal(&self, saga: SagaId) -> Result<Vec<JournalEntry>> {
                    self.core.read_journal(saga).await
                }

                async fn remembered(&self, actor: Uuid, key: &str) -> Result<Option<Remembered>> {
                    self.core.read_remembered(actor, key).await
                }

                async fn forget(&self, before: Timestamp) -> Result<u64> {
                    self.core.forget(before).await
                }

                async fn audit(&self, from: u64, limit: u32) -> Result<Vec<AuditRecord>> {
                    self.core.read_audit(from, limit).await
                }

                async fn audit_head(&self) -> Result<(u64, ChainHash)> {
                    self.core.read_audit_head().await
                }

                async fn undelivered(&self, limit: u32) -> Result<Vec<Event>> {
                    self.core.read_undelivered(limit).await
                }

                async fn delivered(&self, events: &[EventId]) -> Result<()> {
                    self.core.change(lease::Delivered(events.to_vec())).await
                }

                async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<Delivery>> {
                    self.core.change(claim).await
                }

                async fn deliveries(
                    &self,
                    destination: DestinationId,
                    state: DeliveryState,
                    after: Option<u64>,
                    limit: u32,
                ) -> Result<Vec<Delivery>> {
                    self.core.read_deliveries(destination, state, after, limit).await
                }

                async fn forget_deliveries(&self, state: DeliveryState, before: Timestamp) -> Result<u64> {
                    self.core.forget_deliveries(state, before).await
                }
            }
        };
    };
}

pub(in crate::adapter) use store_in_sql;
