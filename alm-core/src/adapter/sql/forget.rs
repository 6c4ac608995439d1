//! Deleting what is old, however much it is.

use jiff::Timestamp;

use super::Core;
use super::backend::Backend;
use super::delivery::ForgetDeliveries;
use super::lease::Forget;
use super::writer::Change;
use crate::error::{Outcome, Result};
use crate::model::delivery::DeliveryState;

/// How many rows a statement deletes at most: it stands in their texts, for the database to plan with. Nobody else writes until its transaction has
/// ended, so that is kept short; what waits has its turn in between.
const PAGE: u64 = 1_000;

impl<B: Backend> Core<B> {
    pub(in crate::adapter) async fn forget(&self, before: Timestamp) -> Result<u64> {
        self.page_by_page(|| Forget(before)).await
    }

    pub(in crate::adapter) async fn forget_deliveries(
        &self,
        state: DeliveryState,
        before: Timestamp,
    ) -> Result<u64> {
        self.page_by_page(|| ForgetDeliveries { state, before }).await
    }

    async fn page_by_page<C: Change<B, Answer = u64>>(
        &self,
        page: impl Fn() -> C + Send + Sync,
    ) -> Result<u64> {
        let mut gone = 0;
        loop {
            match self.change(page()).await {
                Ok(now) if now < PAGE => return Ok(gone + now),
                Ok(now) => gone += now,
                // The pages before stay deleted, so nobody may believe that nothing was.
                Err(error) if gone > 0 => return Err(error.with_outcome(Outcome::Unknown)),
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PAGE;
    use crate::adapter::sql::statements::{DELIVERY_AGE, FORGET};

    #[test]
    fn a_page_is_as_long_as_the_statements_say() {
        for text in [FORGET, DELIVERY_AGE] {
            assert!(text.ends_with(&format!(" ORDER BY at LIMIT {PAGE})")), "{text}");
        }
    }
}
