//! Bringing an account under another template (M-2).

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::Dn;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::account::{Owner, PrivilegeEnd};
use super::ids::{TemplateId, TemplateVersionId};
use super::period::Period;

/// When a migrated account ends (M-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NewEnd {
    /// When it did before.
    #[default]
    Keep,
    /// After its life duration, counted from the day of the command, 00:00 UTC (L-34).
    Renew,
    /// At 00:00 UTC of this day. One that is over already ends the account at once.
    On(Date),
}

/// What a migration makes of an account's record when everything outside is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Migration {
    /// The template it comes under.
    pub template: TemplateId,
    /// The version that it is pinned to then (T-9).
    pub version: TemplateVersionId,
    /// Its life duration.
    pub period: Period,
    /// Its end of life before, put back when the migration is given up (L-37).
    pub eol_before: Timestamp,
    /// Its end of life.
    pub eol: Timestamp,
    /// Who answers for it.
    pub owners: BTreeSet<Owner>,
    /// Where it is.
    pub ou: Dn,
    /// Its directory groups.
    pub groups: Vec<Dn>,
    /// The attributes that it was given, those of its new template among them.
    pub attributes: BTreeMap<String, String>,
    /// Those groups that it leaves again, and when.
    pub privilege_ends: Vec<PrivilegeEnd>,
}
