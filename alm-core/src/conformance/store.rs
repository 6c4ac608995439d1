//! What every [`Store`] must do, one case each.
//!
//! ```no_run
//! use alm_core::adapter::store_memory::MemoryStore;
//! use alm_core::conformance::store::StoreHarness;
//! use alm_core::model::ids::InstanceId;
//!
//! struct Memory;
//!
//! impl StoreHarness for Memory {
//!     type Store = MemoryStore;
//!
//!     async fn fresh(&self) -> MemoryStore {
//!         MemoryStore::new(InstanceId::new(uuid::Uuid::from_u128(1)))
//!     }
//! }
//!
//! // One #[tokio::test] for each case; tokio needs the features `macros` and `rt-multi-thread`.
//! alm_core::store_suite!(Memory);
//! # fn main() {}
//! ```

pub mod atomicity;
pub mod audit;
pub mod concurrency;
pub mod delivery;
pub mod documents;
pub mod due;
pub mod fences;
pub mod indexes;
pub mod journal;
pub mod leases;
mod make;
pub mod names;
pub mod outbox;
pub mod persistence;
pub mod remembered;

use crate::port::store::Store;

/// Where the suite gets its stores from. Each case asks for one of its own.
pub trait StoreHarness: Sync {
    /// What is tested.
    type Store: Store;

    /// An empty store that shares nothing with those before.
    fn fresh(&self) -> impl Future<Output = Self::Store> + Send;

    /// Whether its stores give an engine its own leases back at once ([`Claim::take_back`](crate::port::store::Claim::take_back)), as one that only
    /// one process can have open does. Those that several processes share say no, and have to refuse it.
    fn takes_back(&self) -> bool {
        true
    }
}

/// A harness of stores that outlive the process.
pub trait PersistentHarness: StoreHarness {
    /// Drops the store without closing it, and opens it anew.
    fn reopen(&self, store: Self::Store) -> impl Future<Output = Self::Store> + Send;
}

/// Makes a `#[tokio::test]` of every case, for the [`StoreHarness`](crate::conformance::store::StoreHarness) that the expression gives. With `persistent`
/// in front of it, for a [`PersistentHarness`](crate::conformance::store::PersistentHarness), those about opening anew come on top.
#[macro_export]
macro_rules! store_suite {
    (persistent $harness:expr) => {
        $crate::store_suite!($harness);
        $crate::store_suite! { @cases $harness;
            persistence {
                everything_is_there_after_opening_anew
                leases_and_epochs_are_there_after_opening_anew
                the_chain_goes_on_after_opening_anew
            }
        }
    };
    ($harness:expr) => {
        $crate::store_suite! { @cases $harness;
            documents {
                a_new_store_is_empty
                a_document_is_read_as_it_was_written
                versions_rise_by_one
                a_new_document_must_not_exist_yet
                a_stale_version_is_a_conflict
                a_missing_document_cannot_be_replaced
                a_removed_document_is_gone_and_begins_anew
                a_remove_needs_the_right_version
                documents_are_listed_by_id_in_pages
                lists_know_only_their_kind
                the_lowest_and_the_highest_id_are_listed
                a_document_may_be_put_twice_in_a_commit
                a_document_may_be_removed_and_put_in_a_commit
                a_megabyte_is_kept
                any_text_is_kept
            }
            indexes {
                documents_are_found_by_index
                a_put_replaces_the_indexes
                a_remove_takes_the_indexes_along
                found_documents_come_in_pages
                values_are_compared_exactly
                long_values_are_compared_to_their_end
                an_index_belongs_to_its_kind
                a_pair_that_is_there_twice_counts_once
                a_document_may_have_many_indexes
            }
            names {
                a_name_is_held_once
                a_name_is_held_across_kinds
                a_removed_document_gives_up_its_names
                a_put_without_the_name_gives_it_up
                a_document_keeps_its_own_name
                names_can_be_exchanged_in_one_commit
                a_name_can_be_handed_on_in_one_commit
                two_documents_of_one_commit_cannot_take_one_name
                names_are_compared_exactly
                long_names_are_compared_to_their_end
            }
            due {
                the_earliest_come_first
                the_instant_itself_counts
                kinds_are_apart
                a_put_replaces_the_instants
                a_remove_takes_the_instants_along
                the_earliest_of_a_kind_counts
                instants_are_kept_to_the_nanosecond
            }
            atomicity {
                an_empty_commit_changes_nothing
                commits_are_counted
                a_commit_does_all_of_it
                a_stale_fence_leaves_nothing
                a_wrong_version_leaves_nothing
                what_a_commit_rests_on_must_be_as_it_was
                a_commit_may_rest_on_many_documents
                a_wrong_remove_leaves_nothing
                a_taken_name_leaves_nothing
                a_taken_journal_place_leaves_nothing
                an_event_that_is_gone_leaves_nothing
                a_delivery_at_another_attempt_leaves_nothing
                a_taken_key_leaves_nothing
                a_refused_commit_leaves_the_store_usable
            }
            leases {
                only_ready_work_is_claimed
                only_work_of_the_domains_is_claimed
                the_longest_ready_comes_first
                no_more_than_the_limit_is_claimed
                claimed_work_is_not_claimed_again
                a_lease_is_left_alone_until_its_grace_is_over
                an_own_lease_is_left_alone_as_well
                own_leases_are_taken_back
                leases_of_others_are_not_taken_back
                what_cannot_be_taken_back_is_refused
                epochs_only_rise
                a_lease_can_be_renewed
                a_stale_lease_cannot_be_renewed
                a_released_lease_is_free_at_once
                releasing_a_stale_lease_changes_nothing
                a_put_moves_the_work_and_keeps_the_lease
                the_next_ready_is_the_earliest
                endless_times_are_not_an_error
                work_of_other_kinds_means_nothing
            }
            fences {
                the_newest_passes
                an_expired_or_released_one_passes
                an_older_one_is_stale
                one_of_another_saga_is_stale
                without_a_lease_it_is_stale
                work_that_is_done_makes_it_stale
                a_removed_saga_makes_it_stale
                an_empty_commit_is_fenced_too
                a_commit_may_end_its_own_work
            }
            journal {
                inputs_stay_in_their_order
                sagas_have_journals_of_their_own
                a_gap_is_a_conflict
                a_taken_place_is_a_conflict
                the_journal_outlives_its_saga
            }
            remembered {
                a_result_is_remembered
                a_key_is_taken_once_for_each_actor
                long_keys_are_compared_to_their_end
                older_results_are_forgotten
                many_results_are_forgotten
            }
            audit {
                the_chain_verifies_over_many_commits
                entries_of_a_commit_keep_their_order
                a_refused_commit_leaves_no_gap
                records_come_in_pages
                personal_text_is_kept_beside_the_chain
                many_entries_fit_into_one_commit
            }
            outbox {
                events_come_in_their_order
                delivered_events_do_not_come_again
                delivering_twice_or_the_unknown_changes_nothing
            }
            delivery {
                a_routed_event_goes_from_the_outbox_to_its_destinations
                an_event_is_queued_once_for_a_destination
                the_longest_ready_is_given_first
                one_under_way_is_left_alone_for_its_time
                of_two_who_set_out_the_last_is_heard
                a_postponed_one_comes_again
                events_of_an_account_go_in_the_order_of_its_versions
                accounts_and_destinations_do_not_hold_each_other_up
                a_dead_letter_holds_its_account_back_for_a_time
                a_dead_letter_can_be_sent_again
                deliveries_are_listed_by_state_in_pages
                old_deliveries_are_forgotten
                many_old_deliveries_are_forgotten
                a_destination_can_be_forgotten
            }
            concurrency {
                no_delivery_is_given_to_two
                of_many_writers_one_wins_each_version
                of_many_takers_one_gets_the_name
                of_many_repeats_one_is_done
                no_work_is_claimed_by_two_engines
                the_chain_holds_under_many_writers
                nobody_sees_half_a_commit
                a_dropped_commit_happens_whole_or_not_at_all
            }
        }
    };
    (@cases $harness:expr; $($module:ident { $($case:ident)+ })+) => {
        $(mod $module {
            #[allow(unused_imports, reason = "the harness may be an expression that needs no name from outside")]
            use super::*;
            $(#[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::conformance::store::$module::$case(&$harness).await;
            })+
        })+
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_in_the_suite() {
        let listed: Vec<&str> = include_str!("store.rs").lines().map(str::trim).collect();
        let files = [
            include_str!("store/atomicity.rs"),
            include_str!("store/audit.rs"),
            include_str!("store/concurrency.rs"),
            include_str!("store/delivery.rs"),
            include_str!("store/documents.rs"),
            include_str!("store/due.rs"),
            include_str!("store/fences.rs"),
            include_str!("store/indexes.rs"),
            include_str!("store/journal.rs"),
            include_str!("store/leases.rs"),
            include_str!("store/names.rs"),
            include_str!("store/outbox.rs"),
            include_str!("store/persistence.rs"),
            include_str!("store/remembered.rs"),
        ];
        let mut cases = 0;
        for line in files.iter().flat_map(|file| file.lines()) {
            if let Some((case, _)) =
                line.strip_prefix("pub async fn ").and_then(|rest| rest.split_once(['<', '(']))
            {
                assert!(listed.contains(&case), "{case} is never run");
                cases += 1;
            }
        }
        assert!(cases >= 112, "only {cases} cases were found");
    }
}
