//! What can be said beside the subject of an operation. Every struct grows without breaking anybody.

use crate::{AttributeName, ChangeSource, ChangeToken, Controller, Dn, Marker, MarkerChange, ObjectKind};

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
        /// `groupType`, `lockoutTime`, `objectSid`, `primaryGroupID`, `pwdLastSet`, `sAMAccountName`, `servicePrincipalName`,
        /// `userAccountControl` and `userPrincipalName`.
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
}
