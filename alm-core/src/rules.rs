//! What is allowed, as total functions on plain data: no IO, no clock, no randomness.
//!
//! A rule that refuses returns a [`Refusal`](crate::model::refusal::Refusal) with its id; a form is checked whole, so that all its problems are said at once.

pub mod access;
pub mod approval;
pub mod attributes;
pub mod audit_chain;
pub mod audit_export;
pub mod audit_proof;
pub mod campaign;
pub mod delivery;
pub mod destination;
pub mod doctor;
pub mod drift;
pub mod email;
pub mod guard;
pub mod lifecycle;
pub mod managed;
pub mod migration;
pub mod mirror;
pub mod naming;
pub mod ownership;
pub mod pair;
pub mod policy;
pub mod privileges;
pub mod reminders;
pub mod request;
pub mod rotation;
pub mod secret_link;
pub mod secret_readers;
pub mod siem;
pub mod sync;
pub mod tags;
pub mod template;
pub mod text;
pub mod webhook;

#[cfg(test)]
mod fixture;
