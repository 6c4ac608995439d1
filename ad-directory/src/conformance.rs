//! The suite that every backend must pass. Not a stable part of the API: what it checks may change in any release.
//!
//! Implement [`Harness`] and expand [`conformance_suite!`](crate::conformance_suite) in a test; every case becomes a test of its own.
//!
//! ```
//! # use ad_directory::{MemoryDirectory, conformance::{Ground, Harness}};
//! struct Memory;
//!
//! impl Harness for Memory {
//!     async fn fresh(&self) -> Ground {
//!         let directory = MemoryDirectory::builder("corp.example")
//!             .unit("Accounts")
//!             .unit("Retired")
//!             .group("readers")
//!             .group("writers")
//!             .build()
//!             .expect("a directory");
//!         let dn = |text: &str| text.parse().expect("a name");
//!         Ground::new(directory, dn("OU=Accounts,DC=corp,DC=example"), dn("OU=Retired,DC=corp,DC=example"), "readers", "writers")
//!     }
//! }
//!
//! mod memory {
//!     ad_directory::conformance_suite!(super::Memory);
//! }
//! ```

#![allow(
    clippy::missing_errors_doc,
    reason = "every case fails for the one reason that its documentation states"
)]
#![allow(
    clippy::missing_panics_doc,
    reason = "a case is a test: it panics when the backend does not do what the case says"
)]

mod changes;
mod controller;
mod create;
mod delete;
mod deviation;
mod discovery;
mod ground;
mod listing;
mod lookup;
mod managed;
mod marker;
mod members;
mod moving;
mod password;
mod policy;
mod restore;
mod services;
mod structure;
mod update;

use std::future::Future;

pub use deviation::{Deviation, SAMBA, judge};
pub use ground::Ground;

/// What a case answers: nothing, or what went wrong on the way to what it checks.
pub type Checked = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Gives every case a directory to try things on.
pub trait Harness {
    /// A directory with two units and two groups. It may be the same one each time: cases use names of their own and clean up.
    fn fresh(&self) -> impl Future<Output = Ground> + Send;
}

/// One list makes the functions public and the suite run them: a case that is missing here is an unreachable function, which the lints refuse.
macro_rules! list {
    ($d:tt $($module:ident: $($name:ident)*;)*) => {
        /// The cases, each with what it rests on.
        pub mod case {
            $(pub use super::$module::{$($name),*};)*
        }

        /// The names of the cases.
        pub const NAMES: &[&str] = &[$($(stringify!($name)),*),*];

        /// One `#[tokio::test]` for every case of [`conformance`](crate::conformance), in the module it is expanded in. Takes an expression
        /// that makes a [`Harness`](crate::conformance::Harness).
        #[macro_export]
        macro_rules! conformance_suite {
            ($d harness:expr) => {
                $($(
                    #[::tokio::test]
                    async fn $name() {
                        let harness = $d harness;
                        let ground = $d crate::conformance::Harness::fresh(&harness).await;
                        let case = $d crate::conformance::case::$name(&ground);
                        let judged = $d crate::conformance::judge(&ground, stringify!($name), case).await;
                        ground.clean_up().await;
                        if let Err(failure) = judged {
                            panic!("{failure}");
                        }
                    }
                )*)*
            };
        }
    };
}

list! { $
    lookup: nothing_is_found_as_none every_key_finds_the_account names_are_found_whatever_their_case groups_are_no_accounts
        accounts_are_no_groups every_key_finds_the_group containers_are_found_with_their_kind special_characters_stay_in_their_place
        further_attributes_are_read_when_asked;
    create: an_account_begins_disabled all_that_is_given_is_kept a_taken_sign_in_name_is_refused a_taken_common_name_is_refused
        a_taken_principal_name_is_refused a_taken_service_name_is_refused the_name_of_a_group_is_taken_too
        a_missing_container_is_not_found a_weak_password_leaves_nothing_behind no_account_is_enabled_without_a_password
        an_enabled_account_can_sign_in_at_once attributes_with_a_field_are_refused an_empty_first_password_is_refused
        a_new_account_has_a_new_identity names_differ_by_more_than_case;
    update: an_empty_update_is_refused enabling_and_disabling an_end_is_kept_exactly an_end_long_past_is_not_never
        texts_are_set_and_cleared renaming_frees_the_old_name a_refused_update_changes_nothing service_names_are_replaced_and_cleared
        flags_are_changed_one_by_one the_right_to_change_a_password_is_denied_and_given_back attributes_are_set_and_cleared an_unknown_account_is_not_found the_past_is_dated;
    marker: a_marker_is_found_below_its_container_only two_of_one_marker_are_ambiguous a_fitting_marker_lets_the_change_through
        a_marker_is_replaced_with_the_change a_stale_marker_stops_the_change adopting_needs_an_unmarked_account
        releasing_removes_the_marker of_two_workers_one_wins a_stale_marker_stops_a_password_change;
    password: the_right_password_proves_itself_while_disabled the_right_password_is_accepted a_wrong_password_is_wrong
        an_empty_password_is_never_sent a_new_password_works_at_once a_weak_password_changes_nothing
        an_expired_account_proves_its_password a_password_to_be_changed_proves_itself guessing_locks_and_unlocking_helps
        any_character_may_be_in_a_password the_password_of_nobody_is_not_found errors_hold_no_password
        a_password_is_changed_by_its_owner a_wrong_old_password_changes_nothing a_changed_password_meets_the_policy
        unlocking_is_a_change_like_others having_to_change_a_password_comes_and_goes;
    moving: a_moved_account_stays_the_same a_move_can_rename renaming_in_place a_taken_name_stops_a_move
        a_missing_target_is_not_found a_stale_marker_stops_a_move staying_is_no_error;
    delete: a_deleted_account_is_gone deleting_again_is_not_found a_stale_marker_stops_a_deletion a_deleted_name_is_free;
    listing: a_list_is_whole_whatever_its_pages a_filter_selects a_list_holds_accounts_only a_missing_place_is_not_found
        nothing_that_fits_is_an_empty_list listed_accounts_are_as_found further_attributes_are_listed_when_asked
        a_list_outlives_its_directory a_dropped_list_disturbs_nobody negated_and_combined_filters_select
        times_and_flags_are_compared_as_numbers special_characters_in_a_filter_stay_values groups_are_listed
        containers_are_listed members_are_listed an_unknown_group_has_no_list;
    structure: groups_are_made_of_every_scope a_taken_group_name_is_refused a_deleted_group_is_gone many_join_and_leave_at_once
        a_stranger_in_a_batch_stops_it nested_members_are_listed_once a_unit_is_made_and_found a_unit_with_something_in_it_stays
        only_units_are_deleted_as_units;
    members: joining_twice_is_success leaving_twice_is_success every_key_of_a_group_will_do an_unknown_group_is_not_found
        an_unknown_member_is_not_found groups_are_kept_apart the_primary_group_is_had_already_and_not_left
        members_by_primary_group_are_listed_when_asked a_group_joins_a_group;
    changes: a_first_reading_tells_everything a_token_tells_what_came_after_it an_old_token_tells_the_same_again
        changed_attributes_are_told changes_of_one_object_are_one a_move_is_told a_deletion_is_told
        a_restored_account_is_told a_managed_account_is_told
        members_that_come_and_go_are_told a_part_of_the_domain_can_be_read other_kinds_are_told_when_asked
        a_token_belongs_to_its_question a_token_of_another_domain_is_refused;
    restore: a_deleted_account_can_be_restored what_was_enabled_comes_back_disabled a_restore_can_move_and_rename
        only_the_deleted_are_restored a_name_that_was_given_away_stops_a_restore a_missing_place_stops_a_restore the_deleted_are_listed_with_what_they_were
        deleting_and_restoring_can_be_repeated;
    policy: the_domains_policy_is_what_it_does an_account_has_the_policy_of_its_domain nobody_has_no_policy a_generated_password_is_accepted
        the_name_of_the_account_is_no_part_of_its_password a_reset_forgets_the_history history_holds_for_a_reset_when_asked
        history_holds_for_the_owner the_password_before_does_not_lock;
    services: service_names_come_and_go_one_by_one a_service_name_can_be_added_and_removed_twice a_taken_service_name_is_not_added
        the_owner_of_a_service_name_is_found who_answers_for_a_service_name_by_an_alias_is_told of_two_who_want_a_service_name_one_gets_it two_who_add_service_names_both_succeed
        contradicting_service_names_are_refused;
    managed: a_managed_account_is_as_it_was_made a_managed_account_has_the_usual_defaults every_key_finds_a_managed_account
        managed_accounts_are_no_accounts managed_accounts_are_listed a_taken_name_stops_a_managed_account
        what_is_no_managed_account_is_never_sent a_missing_place_stops_a_managed_account readers_come_and_go
        two_who_add_readers_both_succeed encryption_types_are_kept a_managed_account_is_switched_off_and_on
        service_names_of_managed_accounts_come_and_go texts_of_managed_accounts_change a_stale_marker_stops_a_managed_change
        an_empty_managed_update_is_refused a_deleted_managed_account_is_gone managed_accounts_join_groups
        a_managed_account_begins_disabled_when_asked the_end_of_a_managed_account_is_kept a_renamed_managed_account_frees_its_name
        a_managed_account_moves_and_is_renamed a_stale_marker_stops_a_managed_move strangers_do_not_read_a_managed_password the_root_key_says_whether_accounts_can_be_made;
    discovery: accounts_with_service_names_are_found never_expiring_passwords_are_found names_like_those_of_services_are_found
        dormant_accounts_are_found the_known_are_not_found nowhere_nothing_is_discovered;
    controller: a_controller_says_who_it_is its_clock_is_near a_pinned_view_reads_its_own_writes a_rebuilt_controller_is_noticed
        an_unknown_controller_is_refused;
}
