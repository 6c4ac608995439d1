// The page shows the LDAP backend, and its examples must compile.
#![cfg_attr(feature = "ldap", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "ldap"),
    doc = "Service accounts in a directory, behind one trait; here without the feature `ldap`."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod capability;
mod change;
#[cfg(feature = "conformance")]
pub mod conformance;
mod container;
mod deleted;
mod directory;
mod discovery;
mod error;
mod ext;
mod group;
mod key;
mod layer;
#[cfg(feature = "ldap")]
mod ldap;
mod listing;
mod managed;
mod memory;
mod options;
mod password_check;
mod policy;
mod probe;
mod query;
mod reserved;
mod service_names;
mod value;

pub use account::{Account, AccountUpdate, Change, MarkerChange, NewAccount};
pub use capability::{Capabilities, Capability};
pub use change::{
    AttributeValues, ChangeBatch, ChangeEvent, ChangeSource, ChangeToken, MemberName, MembersSeen,
    ObjectChange, ObjectKind,
};
pub use container::{Container, ContainerKind, NewContainer};
pub use deleted::DeletedAccount;
pub use directory::Directory;
pub use discovery::{Discovery, Finding, NamePattern, Reason, Signal};
pub use error::{Error, ErrorKind, Outcome, Result};
pub use ext::DirectoryExt;
pub use group::{
    Group, GroupScope, Member, MemberChanges, MemberKind, MembersChanged, MembershipChange, NewGroup,
};
pub use key::{AccountKey, GroupKey};
#[cfg(feature = "testing")]
pub use layer::fault::{Fault, FaultyDirectory};
#[cfg(feature = "limit")]
pub use layer::limit::LimitedDirectory;
pub use layer::{
    OperationKind,
    audit::{AuditEvent, AuditResult, AuditSink, AuditedDirectory},
    read_only::ReadOnlyDirectory,
};
#[cfg(all(any(fuzzing, test), feature = "ldap"))]
#[doc(hidden)]
pub use ldap::fuzzing;
#[cfg(feature = "ldap")]
pub use ldap::{
    LdapDirectory, LdapDirectoryBuilder, LdapEntry, Modification, SrvRecord, SrvResolver, TimeLimits,
};
pub use listing::Listing;
pub use managed::{
    ManagedAccount, ManagedAccountKind, ManagedAccountUpdate, NewManagedAccount, ReadersChange, RootKey,
};
pub use memory::{MemoryDirectory, MemoryDirectoryBuilder};
pub use options::{
    ChangePasswordOptions, ChangesOptions, CheckPasswordOptions, CreateOptions, DeleteContainerOptions,
    DeleteGroupOptions, DeleteOptions, FindOptions, ListDeletedOptions, ListMembersOptions, ListOptions,
    MemberOptions, MoveOptions, PinOptions, PolicyOptions, ProbeOptions, ReadPasswordOptions, RestoreOptions,
    RootKeyOptions, ServiceNameOptions, SetPasswordOptions, UpdateOptions,
};
pub use password_check::PasswordCheck;
pub use policy::{PasswordGenerator, PasswordPolicy, PolicyScope, PolicySource};
pub use probe::{Controller, Probe, Vendor};
pub use query::Query;
pub use service_names::{Reach, ServiceNameOwners};
pub use value::{
    ParseError,
    attribute::AttributeName,
    dn::Dn,
    encryption_types::EncryptionTypes,
    expires::AccountExpires,
    file_time::FileTime,
    filter::{Filter, FilterValue},
    generalized_time::GeneralizedTime,
    gmsa::{managed_password::ManagedPassword, readers::PasswordReaders},
    guid::ObjectGuid,
    interval::Interval,
    marker::Marker,
    names::{GroupName, SamAccountName, UserPrincipalName},
    object_classes::ObjectClasses,
    security_descriptor::{
        SecurityDescriptor,
        ace::{Ace, AceKind},
        acl::Acl,
    },
    sid::Sid,
    spn::ServicePrincipalName,
    uac::UserAccountControl,
};
