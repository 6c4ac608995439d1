//! What can be said beside the subject of an operation. Every struct grows without breaking anybody.

use std::fmt;

use crate::{
    AttributeName, ChangeSource, ChangeToken, Controller, Dn, Marker, MarkerChange, ObjectGuid, ObjectKind,
    SamAccountName,
};

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty => $setter:ty, $convert:expr;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        #[allow(missing_copy_implementations, reason = "a field that is added later need not be Copy")]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl $name {
            /// The usual options.
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$field_doc])*
            #[must_use]
            pub fn $field(mut self, $field: $setter) -> Self {
                self.$field = ($convert)($field);
                self
            })*
        }
    )*};
}

options! {
    /// Options of [`Directory::probe`](crate::Directory::probe).
    ProbeOptions {}

    /// Options of [`Directory::pin`](crate::Directory::pin).
    PinOptions {
        /// The controller to talk to. Without one, any that answers is chosen.
        controller: Option<Controller> => Controller, Some;
    }

    /// Options of the `find` operations.
    FindOptions {
        /// Further attributes to read, into [`Account::attributes`](crate::Account::attributes). Values that are not text are left out.
        attributes: Vec<AttributeName> => Vec<AttributeName>, std::convert::identity;
        /// Also look whether a user may change its own password, into
        /// [`Account::password_change_denied`](crate::Account::password_change_denied): over LDAP, one question more.
        password_change: bool => bool, std::convert::identity;
    }

    /// Options of [`Directory::create_account`](crate::Directory::create_account).
    CreateOptions {}

    /// Options of [`Directory::update_account`](crate::Directory::update_account).
    UpdateOptions {}

    /// Options of [`Directory::set_password`](crate::Directory::set_password).
    SetPasswordOptions {
        /// Set it only if the marker fits, in the same request.
        marker: Option<MarkerChange> => MarkerChange, Some;
        /// Whether the account must change it at the next sign-in. Off by default: a service cannot.
        must_change: bool => bool, std::convert::identity;
        /// Whether a locked account is unlocked in the same request.
        unlock: bool => bool, std::convert::identity;
        /// Whether the history of the account's passwords holds, as it does when its owner changes one. Off by default, as in Active Directory. A
        /// controller that cannot do it (Samba 4.17 is one) answers `Unsupported`, and nothing is sent.
        enforce_history: bool => bool, std::convert::identity;
    }

    /// Options of [`Directory::check_password`](crate::Directory::check_password).
    CheckPasswordOptions {}

    /// Options of [`Directory::move_account`](crate::Directory::move_account).
    MoveOptions {
        /// Another common name, given in the same request.
        new_cn: Option<String> => String, Some;
        /// The marker that the account must have, looked at right before: a move cannot carry it.
        expect_marker: Option<Marker> => Marker, Some;
    }

    /// Options of [`Directory::delete_account`](crate::Directory::delete_account).
    DeleteOptions {
        /// The marker that the account must have, looked at right before: a deletion cannot carry it.
        expect_marker: Option<Marker> => Marker, Some;
        /// Whether what lies below it is deleted too, such as the connection points that some services keep below their account. Off by
        /// default: an account with something below it is then refused with `Constraint`.
        with_children: bool => bool, std::convert::identity;
    }

    /// Options of the `list` operations.
    ListOptions {
        /// Further attributes of accounts to read, into [`Account::attributes`](crate::Account::attributes). Values that are not text are left out.
        attributes: Vec<AttributeName> => Vec<AttributeName>, std::convert::identity;
        /// How many objects are asked for at a time; 1000 without it, and never more. It changes how a list is read, not what is in it.
        page_size: Option<u32> => u32, Some;
    }

    /// Options of [`Directory::list_members`](crate::Directory::list_members).
    ListMembersOptions {
        /// Whether the members of groups that are members are listed too, each once, however they are reached.
        nested: bool => bool, std::convert::identity;
        /// Whether those are listed too whose primary group it is, which directories keep apart from the members: all that most domains have in
        /// `Domain Users`. Not those whose primary group is one of its groups.
        primary: bool => bool, std::convert::identity;
        /// As in [`ListOptions::page_size`].
        page_size: Option<u32> => u32, Some;
    }

    /// Options of [`Directory::list_changes`](crate::Directory::list_changes).
    ChangesOptions {
        /// Where to begin: the token of the last piece that was applied. Everything that there is without one.
        token: Option<ChangeToken> => ChangeToken, Some;
        /// Only what lies below this place; and what has left it, as [`ChangeEvent::Outside`](crate::ChangeEvent::Outside).
        below: Option<Dn> => Dn, Some;
        /// What to tell of; accounts, managed accounts and groups when it is empty.
        kinds: Vec<ObjectKind> => Vec<ObjectKind>, std::convert::identity;
        /// Further attributes to tell of, beside the marker, `accountExpires`, `adminCount`, `adminDescription`, `description`, `displayName`,
        /// `dNSHostName`, `groupType`, `lockoutTime`, `msDS-GroupMSAMembership`, `msDS-SupportedEncryptionTypes`, `objectSid`,
        /// `primaryGroupID`, `pwdLastSet`, `sAMAccountName`, `servicePrincipalName`, `userAccountControl` and `userPrincipalName`.
        attributes: Vec<AttributeName> => Vec<AttributeName>, std::convert::identity;
        /// By what to find changes; the best that the directory offers without it.
        source: Option<ChangeSource> => ChangeSource, Some;
        /// As in [`ListOptions::page_size`], where the directory lets the reader choose.
        page_size: Option<u32> => u32, Some;
    }

    /// Options of [`Directory::change_password`](crate::Directory::change_password).
    ChangePasswordOptions {}

    /// Options of [`Directory::delete_group`](crate::Directory::delete_group).
    DeleteGroupOptions {}

    /// Options of [`Directory::delete_container`](crate::Directory::delete_container).
    DeleteContainerOptions {
        /// Whether everything that lies in it is deleted too. Off by default.
        with_contents: bool => bool, std::convert::identity;
    }

    /// Options of the membership operations.
    MemberOptions {}

    /// Options of [`Directory::restore_account`](crate::Directory::restore_account).
    RestoreOptions {
        /// The container it goes to; without one, that in which it was.
        to: Option<Dn> => Dn, Some;
        /// Another common name than it had.
        new_cn: Option<String> => String, Some;
    }

    /// Options of [`Directory::list_deleted`](crate::Directory::list_deleted). Without any, all deleted accounts are listed.
    ListDeletedOptions {
        /// Only the one with this identity.
        guid: Option<ObjectGuid> => ObjectGuid, Some;
        /// Only those that had this sign-in name.
        sam_account_name: Option<SamAccountName> => SamAccountName, Some;
        /// As in [`ListOptions::page_size`].
        page_size: Option<u32> => u32, Some;
    }

    /// Options of [`Directory::password_policy`](crate::Directory::password_policy).
    PolicyOptions {}

    /// Options of [`Directory::service_name_owners`](crate::Directory::service_name_owners).
    ServiceNameOptions {}

    /// Options of [`Directory::root_key`](crate::Directory::root_key).
    RootKeyOptions {}

    /// Options of [`Directory::read_managed_password`](crate::Directory::read_managed_password).
    ReadPasswordOptions {}
}

impl fmt::Display for ChangesOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.below {
            Some(below) => write!(f, "everything below {below}"),
            None => f.write_str("everything"),
        }
    }
}

impl fmt::Display for ListDeletedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.guid, &self.sam_account_name) {
            (Some(guid), _) => guid.fmt(f),
            (None, Some(name)) => name.fmt(f),
            (None, None) => f.write_str("everything deleted"),
        }
    }
}
