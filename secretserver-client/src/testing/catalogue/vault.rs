//! Secrets and their templates.

use std::error::Error;
use std::sync::Arc;

use super::{Collected, SECRET};
use crate::ids::{
    FieldId, FolderId, GroupId, SecretId, SecretPolicyId, SecretTemplateId, SiteId, TicketSystemId, UserId,
};
use crate::patch::Change;
use crate::resource::policies;
use crate::resource::secrets::{
    self, AccessOptions, DownloadFile, DownloadRestrictedFile, GeneralPatch, NewAccessRequest, NewSecret,
    ReadOptions, SearchFilter, SecretPath, SecretRef, SecretUpdate, UploadFile,
};
use crate::resource::templates::{self, FieldFilter, TemplatePermissionFilter};

pub(super) fn add(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let number = SecretId::new(4)?;
    let folder = FolderId::new(7)?;
    let template = SecretTemplateId::new(6001)?;
    let (skip, take) = (0, 50);
    let filter = SearchFilter::exact_name("a b")
        .in_folder(folder)
        .with_everything()
        .with_sub_folders()
        .of_template(template)
        .by_field("username");
    all.add(secrets::Search { filter: Arc::new(filter.clone()), skip, take })?;
    let shared = Arc::new(filter.clone());
    all.add(secrets::SearchV2 { filter: Arc::clone(&shared), skip, take })?;
    all.add(secrets::LookupSecrets { filter: shared, skip, take })?;
    all.add(secrets::SearchTotal { filter })?;
    let path = SecretRef::from(SecretPath::new("\\A\\B")?);
    for id in [SecretRef::from(number), path] {
        by_number_or_path(all, &id)?;
    }
    all.add(secrets::GetStub { template, folder: Some(folder) })?;
    let new = NewSecret::new("n", template).folder(folder).site(SiteId::new(1)?).item("password", SECRET);
    all.add(secrets::Create(new))?;
    all.add(secrets::Undelete { id: number })?;
    let secret: secrets::Secret = serde_json::from_value(serde_json::json!({
        "id": 4, "name": "n", "secretTemplateId": 6001, "folderId": -1, "siteId": 1, "active": true,
        "checkOutIntervalMinutes": 30, "launcherConnectAsSecretId": 5, "passwordTypeWebScriptId": 3,
        "accessRequestWorkflowMapId": 2,
        "items": [{ "slug": "password", "itemValue": SECRET }, { "slug": "key", "isFile": true }],
    }))?;
    all.add(secrets::Replace(SecretUpdate::of(&secret)))?;
    let mut update = SecretUpdate::of(&secret);
    update.access = Some(access()?);
    all.add(secrets::Replace(update))?;
    all.add(policies::GetPolicy { id: SecretPolicyId::new(2)? })?;
    requests(all)?;
    templates(all)
}

fn access() -> Result<AccessOptions, Box<dyn Error + Send + Sync>> {
    Ok(AccessOptions::comment("why").ticket("INC1", Some(TicketSystemId::new(1)?)).double_lock(SECRET.into()))
}

/// What can be done with a secret that is named in either way.
fn by_number_or_path(all: &mut Collected, id: &SecretRef) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = || id.clone();
    let slug = || "password".to_owned();
    let access = access()?;
    let options = ReadOptions::default().with_inactive();
    all.add(secrets::GetName { id: id() })?;
    all.add(secrets::GetSecretV2 { id: id(), options })?;
    all.add(secrets::ListAudit { id: id(), skip: 0, take: 50 })?;
    all.add(secrets::GetSecret { id: id(), options })?;
    all.add(secrets::GetSummary { id: id() })?;
    all.add(secrets::GetState { id: id() })?;
    all.add(secrets::GetField { id: id(), slug: slug(), options })?;
    for access in [None, Some(access.clone())] {
        all.add(secrets::UpdateField { id: id(), slug: slug(), value: SECRET.into(), access })?;
    }
    all.add(UploadFile { id: id(), slug: slug(), boundary: "sample".to_owned() })?;
    all.add(DownloadFile { id: id(), slug: slug(), options })?;
    all.add(DownloadRestrictedFile { id: id(), slug: slug(), access: access.clone() })?;
    all.add(secrets::Deactivate { id: id() })?;
    all.add(secrets::Activate { id: id() })?;
    all.add(secrets::GetRestricted { id: id(), access: access.clone() })?;
    all.add(secrets::GetRestrictedField { id: id(), slug: slug(), access: access.clone() })?;
    all.add(secrets::CheckOut { id: id() })?;
    all.add(secrets::CheckIn { id: id(), access: access.clone() })?;
    all.add(secrets::Expire { id: id(), access: access.clone() })?;
    all.add(secrets::Heartbeat { id: id() })?;
    all.add(secrets::ChangePassword { id: id(), new_password: Some(SECRET.into()), access })?;
    let patch = GeneralPatch {
        name: "n".to_owned().into(),
        folder: Change::Set(Some(FolderId::new(7)?)),
        site: Change::Set(Some(SiteId::new(1)?)),
        template: Change::Set(Some(SecretTemplateId::new(6001)?)),
        active: true.into(),
        heartbeat_enabled: false.into(),
        enable_inherit_secret_policy: false.into(),
        secret_policy: Change::Set(None),
    };
    all.add(secrets::PatchGeneralV1 { id: id(), patch: patch.clone() })?;
    all.add(secrets::PatchGeneral { id: id(), patch })
}

fn requests(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = SecretId::new(4)?;
    let begin: jiff::Timestamp = "2026-01-02T03:04:05Z".parse()?;
    let request = NewAccessRequest::new(id, "why").from(begin).until("2026-01-02T04:04:05Z".parse()?);
    all.add(secrets::RequestAccess(request))?;
    all.add(secrets::ListAccessRequests { id, skip: 0, take: 50 })?;
    all.add(secrets::GetAccessRules { id })?;
    all.add(secrets::GiveReason { id, access: access()? })
}

fn templates(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = SecretTemplateId::new(6001)?;
    let (skip, take) = (0, 50);
    all.add(templates::GetTemplate { id })?;
    all.add(templates::GetTemplateDetails { id })?;
    all.add(templates::SearchTemplates { text: "x".to_owned(), include_inactive: true, skip, take })?;
    let filter = FieldFilter { include_inactive: true, ..FieldFilter::of(id) };
    all.add(templates::SearchFields { filter: Arc::new(filter), skip, take })?;
    all.add(templates::GeneratePassword { field: FieldId::new(7)? })?;
    all.add(templates::ListUsable { folder: FolderId::new(7)? })?;
    let mut filter = TemplatePermissionFilter::on(id);
    filter.group_id = Some(GroupId::new(3)?);
    filter.user_id = Some(UserId::new(20)?);
    all.add(templates::SearchTemplatePermissions { filter: Arc::new(filter.into()), skip, take })?;
    all.add(templates::SearchGroupedPermissions { filter: Arc::new(filter), skip, take })?;
    all.add(templates::ListTemplateRoles)
}
