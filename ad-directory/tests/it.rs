//! Everything that is tested from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy takes helpers of tests for production code"
)]

#[path = "it/changes.rs"]
mod changes;
#[path = "it/cited.rs"]
mod cited;
#[path = "it/controllers.rs"]
mod controllers;
#[path = "it/failover.rs"]
mod failover;
#[path = "it/fault.rs"]
mod fault;
#[path = "it/ground.rs"]
mod ground;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/layers.rs"]
mod layers;
#[path = "it/lists.rs"]
mod lists;
#[path = "it/logs.rs"]
mod logs;
#[path = "it/managed.rs"]
mod managed;
#[path = "it/memory.rs"]
mod memory;
#[path = "it/memory_policy.rs"]
mod memory_policy;
#[path = "it/raw.rs"]
mod raw;
#[path = "it/real_domain.rs"]
mod real_domain;
#[path = "it/refusals.rs"]
mod refusals;
#[path = "it/restore.rs"]
mod restore;
#[path = "it/services.rs"]
mod services;
#[path = "it/sign_in.rs"]
mod sign_in;
#[path = "it/stub.rs"]
mod stub;
#[path = "it/windows.rs"]
mod windows;
