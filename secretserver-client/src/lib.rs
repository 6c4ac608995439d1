#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(all(feature = "reqwest", feature = "simulator"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "reqwest", feature = "simulator")),
    doc = "Typed client for Delinea (Thycotic) Secret Server."
)]

pub mod auth;
pub mod client;
pub mod compat;
pub mod error;
#[cfg(any(doc, all(doctest, feature = "testing")))]
pub mod guide;
pub mod ids;
mod lenient;
mod open_enum;
pub mod page;
mod patch;
pub mod preflight;
pub mod request;
pub mod resource;
mod secret_value;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
pub mod transport;

pub use auth::Credential;
pub use client::{Client, ClientBuilder};
pub use error::{Error, ErrorKind, Outcome};
pub use ids::{
    DependencyGroupId, DependencyId, DependencyTemplateId, DependencyTypeId, DomainId, FieldId, FileId,
    FolderId, FolderPermissionId, GroupId, InvalidId, RoleId, ScriptId, SdkClientId, SecretId,
    SecretPermissionId, SecretPolicyId, SecretTemplateId, SiteId, TicketSystemId, UserId, WorkflowMapId,
};
pub use page::{LenientPager, Page, Pager, RecordError};
pub use patch::Change;
pub use secret_value::SecretValue;
