//! Secrets and their templates.

use std::error::Error;
use std::sync::Arc;

use super::Collected;
use crate::ids::{FieldId, FolderId, GroupId, SecretId, SecretTemplateId, SiteId, TicketSystemId, UserId};
use crate::patch::Change;
use crate::resource::secrets::{
    self, Access, GeneralPatch, NewSecret, ReadOptions, SearchFilter, SecretUpdate,
};
use crate::resource::templates::{self, FieldFilter, TemplatePermissionFilter};

pub(super) fn add(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = SecretId::new(4)?;
    let folder = FolderId::new(7)?;
    let template = SecretTemplateId::new(6001)?;
    let (skip, take) = (0, 50);
    let slug = "password".to_owned();
    let options = ReadOptions::default().with_inactive();
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
    all.add(secrets::GetName { id })?;
    all.add(secrets::GetSecretV2 { id, options })?;
    all.add(secrets::GetStub { template, folder: Some(folder) })?;
    all.add(secrets::ListAudit { id, skip, take })?;
    all.add(secrets::GetSecret { id, options })?;
    all.add(secrets::GetByPath { path: "\\A\\B".to_owned(), options })?;
    all.add(secrets::GetSummary { id })?;
    all.add(secrets::GetState { id })?;
    all.add(secrets::GetField { id, slug: slug.clone(), options })?;
    all.add(secrets::UpdateField { id, slug, value: "sample".into() })?;
    let new = NewSecret::new("n", template).folder(folder).site(SiteId::new(1)?).item("password", "sample");
    all.add(secrets::Create(new))?;
    all.add(secrets::Deactivate { id })?;
    all.add(secrets::Activate { id })?;
    all.add(secrets::Undelete { id })?;
    restricted(all)?;
    templates(all)
}

fn restricted(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = SecretId::new(4)?;
    let access =
        Access::comment("why").ticket("INC1", Some(TicketSystemId::new(1)?)).double_lock("sample".into());
    all.add(secrets::GetRestricted { id, access: access.clone() })?;
    all.add(secrets::GetRestrictedField { id, slug: "password".to_owned(), access: access.clone() })?;
    all.add(secrets::CheckOut { id })?;
    all.add(secrets::CheckIn { id, access: access.clone() })?;
    all.add(secrets::Expire { id, access: access.clone() })?;
    all.add(secrets::Heartbeat { id })?;
    all.add(secrets::ChangePassword { id, new_password: Some("sample".into()), access })?;
    let secret: secrets::Secret = serde_json::from_value(serde_json::json!({
        "id": 4, "name": "n", "secretTemplateId": 6001, "folderId": -1, "siteId": 1, "active": true,
        "checkOutIntervalMinutes": 30, "launcherConnectAsSecretId": 5,
        "items": [{ "slug": "password", "itemValue": "sample" }, { "slug": "key", "isFile": true }],
    }))?;
    all.add(secrets::Replace(SecretUpdate::of(&secret)))?;
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
    all.add(secrets::PatchGeneral { id, patch })
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
