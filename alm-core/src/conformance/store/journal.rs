//! The inputs of sagas.

use super::StoreHarness;
use super::make::{done, input, inputs, put, puts, refused, remove, removes, saga};
use crate::error::ErrorKind;
use crate::port::store::{JournalEntry, RecordKind, Store as _};

/// In one commit or in many.
pub async fn inputs_stay_in_their_order(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    for first in (1..=200).step_by(5) {
        done(&store, inputs((first..first + 5).map(|seq| input(1, seq)))).await;
    }
    let expected: Vec<_> = (1..=200).map(|seq| input(1, seq)).collect();
    assert_eq!(store.journal(saga(1)).await.unwrap(), expected);
}

/// Each counts from 1; a commit may have inputs of several.
pub async fn sagas_have_journals_of_their_own(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, inputs([input(1, 1), input(2, 1), input(1, 2)])).await;
    assert_eq!(store.journal(saga(1)).await.unwrap(), [input(1, 1), input(1, 2)]);
    assert_eq!(store.journal(saga(2)).await.unwrap(), [input(2, 1)]);
    assert_eq!(store.journal(saga(3)).await.unwrap(), []);
}

/// The first place is 1, and none is left out.
pub async fn a_gap_is_a_conflict(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    for wrong in [0, 2, u64::MAX] {
        refused(&store, inputs([input(1, wrong)]), ErrorKind::Conflict).await;
    }
    done(&store, inputs([input(1, 1)])).await;
    refused(&store, inputs([input(1, 3)]), ErrorKind::Conflict).await;
    refused(&store, inputs([input(1, 3), input(1, 2)]), ErrorKind::Conflict).await;
    assert_eq!(store.journal(saga(1)).await.unwrap(), [input(1, 1)]);
}

/// Who comes second reads again; what is written stays.
pub async fn a_taken_place_is_a_conflict(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, inputs([input(1, 1), input(1, 2)])).await;
    for taken in [1, 2] {
        let other = JournalEntry { body: "\"another\"".to_owned(), ..input(1, taken) };
        refused(&store, inputs([other]), ErrorKind::Conflict).await;
    }
    refused(&store, inputs([input(1, 3), input(1, 3)]), ErrorKind::Conflict).await;
    assert_eq!(store.journal(saga(1)).await.unwrap(), [input(1, 1), input(1, 2)]);
}

/// It is what happened.
pub async fn the_journal_outlives_its_saga(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([put(RecordKind::Saga, 1, 0)])).await;
    done(&store, inputs([input(1, 1)])).await;
    done(&store, removes([remove(RecordKind::Saga, 1, 1)])).await;
    assert_eq!(store.journal(saga(1)).await.unwrap(), [input(1, 1)]);
}
