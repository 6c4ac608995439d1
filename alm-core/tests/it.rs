//! Tests from outside: one binary, a module for each subject.

#![allow(missing_docs, reason = "tests are documented by their names")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::large_futures,
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::format_collect,
    reason = "a test fails by panicking, says how much it did, and is as long as what it tells"
)]

mod it {
    mod adoption;
    mod approvals;
    mod attributes;
    mod audit;
    mod bulk;
    mod campaigns;
    mod canary;
    mod chaos;
    mod crash;
    mod doctor;
    mod flow;
    mod local_policy;
    mod managed;
    mod migration;
    mod notices;
    mod pairs;
    mod password_change;
    mod people;
    mod policy;
    mod privileges;
    mod races;
    mod recover;
    mod refusals;
    mod rotation;
    mod rules;
    mod secret_readers;
    mod secret_server;
    mod stage;
    mod store;
    mod structure;
    mod sweep;
    mod sync;
    mod tags;
    mod vault_rotation;
    mod vault_sync;
    mod walk;
    mod world;
}
