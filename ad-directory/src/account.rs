//! Accounts: as they are, as they should be made, and how they should change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AccountExpires, AttributeName, Dn, Marker, ObjectClasses, ObjectGuid, SamAccountName, Sid,
    UserAccountControl, UserPrincipalName,
};

mod new;
mod update;

pub use new::NewAccount;
pub use update::{AccountUpdate, Change, MarkerChange};

/// An account as the directory holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Where it is now.
    pub dn: Dn,
    /// Its sign-in name.
    pub sam_account_name: SamAccountName,
    /// Its principal name.
    pub user_principal_name: Option<UserPrincipalName>,
    /// Its common name.
    pub cn: String,
    /// Its flags.
    pub user_account_control: UserAccountControl,
    /// When it stops working.
    pub expires: AccountExpires,
    /// Whose work it is. A text that is not a [`Marker`] (somebody else's use of the attribute) reads as `None` here and is in
    /// [`foreign_marker`](Self::foreign_marker).
    pub marker: Option<Marker>,
    /// Whether the marker's attribute holds something that is no marker.
    pub foreign_marker: bool,
    /// Its description.
    pub description: Option<String>,
    /// Its display name.
    pub display_name: Option<String>,
    /// Its Kerberos service names.
    pub service_principal_names: Vec<String>,
    /// The groups it is a direct member of, without its primary group.
    pub member_of: Vec<Dn>,
    /// Its security identifier.
    pub sid: Option<Sid>,
    /// The relative identifier of its primary group; 513 is Domain Users.
    pub primary_group_id: Option<u32>,
    /// `adminCount` is 1: the directory protects it, since it is or was in an administrative group.
    pub is_protected: bool,
    /// When it was made.
    pub when_created: Option<Timestamp>,
    /// When it was last changed on this controller.
    pub when_changed: Option<Timestamp>,
    /// When its password was last set; `None` when never, or when it must be changed.
    pub password_last_set: Option<Timestamp>,
    /// Whether it is kept from changing its own password; only when [`FindOptions::password_change`](crate::FindOptions::password_change) asks for it, and
    /// `None` too when its security descriptor may not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_change_denied: Option<bool>,
    /// Its object classes.
    pub object_classes: ObjectClasses,
    /// The further attributes that were asked for in [`FindOptions::attributes`](crate::FindOptions::attributes).
    pub attributes: BTreeMap<AttributeName, Vec<String>>,
}

impl Account {
    /// A disabled account that never expires, with nothing else set: a start for tests and other backends.
    pub fn new(guid: ObjectGuid, dn: Dn, sam_account_name: SamAccountName) -> Self {
        Self {
            guid,
            cn: dn.name().to_owned(),
            dn,
            sam_account_name,
            user_principal_name: None,
            user_account_control: UserAccountControl::NORMAL_ACCOUNT
                .with(UserAccountControl::ACCOUNT_DISABLE),
            expires: AccountExpires::Never,
            marker: None,
            foreign_marker: false,
            description: None,
            display_name: None,
            service_principal_names: Vec::new(),
            member_of: Vec::new(),
            sid: None,
            primary_group_id: None,
            is_protected: false,
            when_created: None,
            when_changed: None,
            password_last_set: None,
            password_change_denied: None,
            object_classes: ObjectClasses::default(),
            attributes: BTreeMap::new(),
        }
    }

    /// Whether it may sign in, as far as this flag goes: it may still be expired or locked.
    pub const fn is_enabled(&self) -> bool {
        !self.is_disabled()
    }

    /// Whether it is switched off.
    pub const fn is_disabled(&self) -> bool {
        self.user_account_control.contains(UserAccountControl::ACCOUNT_DISABLE)
    }

    /// Whether it is a direct member of the group.
    pub fn is_member_of(&self, group: &Dn) -> bool {
        self.member_of.contains(group)
    }
}
