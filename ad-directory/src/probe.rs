//! Who answers, and what it says of itself.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Dn;

/// One domain controller.
///
/// Record it when a piece of work begins, and pin to it ([`Directory::pin`](crate::Directory::pin)) when the work goes on: other
/// controllers learn of a change only when it is replicated to them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Controller {
    /// Its DNS name.
    pub host: String,
    /// The identity of its database. Another one under the same name means that the controller was rebuilt or restored.
    pub invocation_id: Option<Uuid>,
    /// The site it belongs to.
    pub site: Option<String>,
}

impl Controller {
    /// A controller of which only the name is known.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), invocation_id: None, site: None }
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

/// Whose directory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Vendor {
    /// Active Directory on Windows.
    ActiveDirectory,
    /// Samba as a domain controller.
    Samba,
    /// The one in memory.
    Memory,
}

/// What a controller says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Probe {
    /// Who answered.
    pub controller: Controller,
    /// The domain.
    pub default_naming_context: Dn,
    /// The controller's clock, to the second.
    pub time: Option<Timestamp>,
    /// Whose directory it is.
    pub vendor: Vendor,
    /// The controls (OIDs) that the controller offers.
    pub supported_controls: Vec<String>,
}

impl Probe {
    /// What every backend knows; the rest is set field by field.
    pub const fn new(controller: Controller, default_naming_context: Dn, vendor: Vendor) -> Self {
        Self { controller, default_naming_context, time: None, vendor, supported_controls: Vec::new() }
    }
}
