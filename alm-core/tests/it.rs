//! Tests from outside: one binary, a module for each subject.

#![allow(missing_docs, reason = "tests are documented by their names")]

mod it {
    mod canary;
    mod chaos;
    mod crash;
    mod flow;
    mod recover;
    mod refusals;
    mod stage;
    mod store;
    mod structure;
    mod sweep;
    mod world;
}
