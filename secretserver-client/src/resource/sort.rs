//! The orders in which lists are asked for, in one place, because none of their names is documented: the published document only says that
//! `sortBy[0].name` is the name of a field. Without an explicit order the server's is unspecified, and pages could overlap.
//!
//! How sure each is:
//!
//! * [`ID`] on secrets, folders, users, groups, roles, templates, permissions and dependencies: a field of every record of those lists, and so
//!   inferred to be one to sort by.
//! * [`DOMAIN_ID`], [`GROUP_ID`], [`ROLE_ID`], [`USER_ID`], [`NAME`], [`DATE`], [`REQUEST_ID`]: fields of the records of those lists, and **guesses** as sort
//!   keys. A server that does not know one may refuse the list, or order it as it likes. A list that is ordered by a date can have ties: entries of the
//!   same instant could change places between two pages.

/// The record's own number.
pub(crate) const ID: &str = "id";
/// Directory domains.
pub(crate) const DOMAIN_ID: &str = "domainId";
/// The groups of a user, rights right by right.
pub(crate) const GROUP_ID: &str = "groupId";
/// The roles of a user.
pub(crate) const ROLE_ID: &str = "roleId";
/// The members of a group.
pub(crate) const USER_ID: &str = "userId";
/// The permissions of a role, which have no number.
pub(crate) const NAME: &str = "name";
/// Audits: oldest first.
pub(crate) const DATE: &str = "dateRecorded";
/// Requests for access.
pub(crate) const REQUEST_ID: &str = "secretAccessRequestId";
