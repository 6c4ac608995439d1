//! What a group managed service account has of its own: who may read its password, and the password.

pub(crate) mod managed_password;
pub(crate) mod readers;
