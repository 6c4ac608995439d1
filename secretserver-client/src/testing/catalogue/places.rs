//! Folders, and where passwords are used.

use std::error::Error;
use std::sync::Arc;

use super::Collected;
use crate::ids::{
    DependencyGroupId, DependencyId, DependencyTemplateId, DependencyTypeId, FolderId, ScriptId, SecretId,
    SecretPolicyId, SecretTemplateId, SiteId,
};
use crate::patch::Change;
use crate::resource::dependencies::{self, DependencyDraft, DependencyFilter, RunResult, StubFor};
use crate::resource::folders::{self, FolderFilter, FolderPatch, FolderPermission, FolderUpdate, NewFolder};

pub(super) fn add(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = FolderId::new(7)?;
    let (skip, take) = (0, 50);
    let filter = Arc::new(FolderFilter::text("x").below(id).requiring(FolderPermission::AddSecret));
    all.add(folders::SearchFolders { filter: Arc::clone(&filter), skip, take })?;
    all.add(folders::LookupFolders { filter, skip, take })?;
    all.add(folders::GetFolderStub)?;
    all.add(folders::GetFolder { id })?;
    all.add(folders::GetFolderByPath { path: "\\A\\B".to_owned() })?;
    all.add(folders::CreateFolder(NewFolder::below(id, "Web").with_own_permissions()))?;
    all.add(folders::CreateFolder(NewFolder::at_root("Top")))?;
    let folder: folders::Folder =
        serde_json::from_value(serde_json::json!({ "id": 7, "folderName": "Web", "secretPolicyId": 2 }))?;
    all.add(folders::ReplaceFolder(FolderUpdate::of(&folder)))?;
    let patch = FolderPatch {
        folder_name: "Web".to_owned().into(),
        enable_inherit_permissions: true.into(),
        enable_inherit_secret_policy: false.into(),
        secret_policy: Change::Set(Some(SecretPolicyId::new(2)?)),
        allowed_templates: Some(vec![SecretTemplateId::new(6001)?]),
    };
    all.add(folders::PatchFolder { id, patch })?;
    all.add(folders::DeleteFolder { id })?;
    all.add(folders::GetFolderDetails { id })?;
    all.add(folders::ListFolderAudit { id, skip, take })?;
    dependencies(all)
}

fn dependencies(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let secret = SecretId::new(42)?;
    let id = DependencyId::new(8)?;
    let mut filter = DependencyFilter::of(secret).with_inactive();
    filter.group_id = Some(DependencyGroupId::new(1)?);
    filter.template_id = Some(DependencyTemplateId::new(4)?);
    filter.last_run_status = Some(RunResult::Failed);
    filter.search_text = Some("host".to_owned());
    all.add(dependencies::SearchDependencies { filter: Arc::new(filter), skip: 0, take: 50 })?;
    for of in [
        StubFor::Template(DependencyTemplateId::new(4)?),
        StubFor::Type(DependencyTypeId::new(1)?),
        StubFor::Script(ScriptId::new(2)?),
    ] {
        all.add(dependencies::GetDependencyStub { secret, of })?;
    }
    let draft: DependencyDraft = serde_json::from_value(serde_json::json!({
        "active": true, "conditionMode": "ALWAYSRUN", "secretId": 42, "groupId": 0, "machineName": "host",
        "serviceName": "svc", "privilegedAccountSecretId": 12, "sortOrder": 1, "typeId": 1, "description": null,
        "dependencyTemplate": {
            "secretDependencyTemplateId": 4,
            "dependencyScanItemFields": [{ "id": 1, "name": "ServiceName", "value": "svc" }],
        },
        "runScript": { "scriptId": 2, "scriptArguments": [{ "name": "a", "type": "string", "value": "b" }] },
        "settings": [{ "settingId": 1, "settingName": "n", "settingValue": "v", "changerSettingValue": null }],
    }))?;
    all.add(dependencies::CreateDependency(draft.clone()))?;
    all.add(dependencies::GetDependency { id })?;
    all.add(dependencies::ReplaceDependency { id, draft })?;
    all.add(dependencies::DeleteDependency { id })?;
    all.add(dependencies::ListDependencyGroups { secret })?;
    let site = Some(SiteId::new(1)?);
    all.add(dependencies::CreateDependencyGroup { secret, name: "web".to_owned(), site })?;
    all.add(dependencies::ListDependencyTemplates)?;
    all.add(dependencies::ListDependencyScripts)?;
    all.add(dependencies::RunDependencies { ids: vec![id] })?;
    all.add(dependencies::GetRunProgress { task: "0f8fad5b-d9cb".to_owned() })
}
