//! Accounts that were deleted and can still be brought back.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Dn, ObjectGuid, SamAccountName, Sid};

/// For how long a deleted account is kept, unless the forest says otherwise (`tombstoneLifetime`; MS-ADTS 6.1.1.2.4.1.1): 180 days.
pub(crate) const KEPT_FOR: Duration = Duration::from_hours(180 * 24);

/// A deleted account.
///
/// Its identity is that of the account, so what was granted to its SID is valid again once it is restored. What else is left depends on the
/// Recycle Bin of the forest (MS-ADTS 3.1.1.5.5.1): with it everything, memberships and password included, without it little more than
/// what stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeletedAccount {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Where it is now: in the container of deleted objects, under a name that nobody can give.
    pub dn: Dn,
    /// Its common name while it lived, as far as it can be told.
    pub cn: String,
    /// Its sign-in name; another account may have it by now.
    pub sam_account_name: Option<SamAccountName>,
    /// Its security identifier.
    pub sid: Option<Sid>,
    /// Where it was when it was deleted.
    pub last_known_parent: Option<Dn>,
    /// When it was last changed, and so deleted, on this controller.
    pub deleted_at: Option<Timestamp>,
}

impl DeletedAccount {
    /// One of which only identity and names are known: a start for other backends.
    pub const fn new(guid: ObjectGuid, dn: Dn, cn: String) -> Self {
        Self { guid, dn, cn, sam_account_name: None, sid: None, last_known_parent: None, deleted_at: None }
    }

    /// The common name in the name of a deleted object: what stands before `\nDEL:` and its identity (MS-ADTS 3.1.1.5.5.1).
    #[cfg_attr(
        not(feature = "ldap"),
        allow(dead_code, reason = "only the LDAP backend reads what others wrote")
    )]
    pub(crate) fn living_name(name: &str) -> &str {
        name.split_once("\nDEL:").map_or(name, |(living, _)| living)
    }
}

#[cfg(test)]
mod tests {
    use super::DeletedAccount;

    #[test]
    fn the_name_before_it_was_deleted() {
        for (name, living) in [("svc\nDEL:9384b142", "svc"), ("svc", "svc"), ("a\nb\nDEL:1", "a\nb")] {
            assert_eq!(DeletedAccount::living_name(name), living);
        }
    }
}
