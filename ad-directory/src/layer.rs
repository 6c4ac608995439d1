//! Directories around directories.

#[cfg(feature = "testing")]
pub(crate) mod fault;
