//! Rights on folders and secrets.

use std::error::Error;
use std::sync::Arc;

use super::Collected;
use crate::ids::{FolderId, FolderPermissionId, GroupId, RoleId, SecretId, SecretPermissionId, UserId};
use crate::resource::Principal;
use crate::resource::folder_permissions::{
    self as folder, FolderPermissionFilter, FolderPermissionUpdate, FolderPermissionsPatch, FolderRole,
    NewFolderPermission,
};
use crate::resource::secret_permissions::{
    self as secret, NewSecretPermission, SecretPermissionFilter, SecretRole,
};

pub(super) fn add(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let on = FolderId::new(7)?;
    let user = Principal::User(UserId::new(20)?);
    let group = Principal::Group(GroupId::new(3)?);
    let (skip, take) = (0, 50);
    let id = FolderPermissionId::new(100)?;
    let mut filter = FolderPermissionFilter::on(on).of(user);
    filter.search_text = Some("har".to_owned());
    all.add(folder::SearchFolderPermissions { filter: Arc::new(filter), skip, take })?;
    all.add(folder::GetFolderPermissionStub { folder: on })?;
    all.add(folder::GetFolderPermission { id })?;
    let new = NewFolderPermission::new(on, group, FolderRole::AddSecret, SecretRole::List);
    all.add(folder::CreateFolderPermission(new.breaking_inheritance()))?;
    let right: folder::FolderPermission =
        serde_json::from_value(serde_json::json!({ "id": 100, "folderId": 7 }))?;
    let update = FolderPermissionUpdate::new(&right, FolderRole::Owner, SecretRole::Owner);
    all.add(folder::ReplaceFolderPermission(update))?;
    all.add(folder::DeleteFolderPermission { id, break_inheritance: true })?;
    let patch = FolderPermissionsPatch::new()
        .set(user, RoleId::new(2)?, Some(RoleId::new(5)?))
        .remove(group)
        .inherit(false)
        .allowing_no_owner();
    all.add(folder::PatchFolderPermissions { folder: on, patch })?;
    let unchanged = FolderPermissionsPatch::new().set(group, RoleId::new(2)?, None);
    all.add(folder::PatchFolderPermissions { folder: on, patch: unchanged })?;

    let on = SecretId::new(4)?;
    let id = SecretPermissionId::new(101)?;
    let mut filter = SecretPermissionFilter::on(on).of(group);
    filter.user_name = Some("harry1".to_owned());
    filter.group_name = Some("web".to_owned());
    filter.domain_name = Some("corp.example".to_owned());
    filter.search_text = Some("h".to_owned());
    all.add(secret::SearchSecretPermissions { filter: Arc::new(filter), skip, take })?;
    all.add(secret::GetSecretPermissionStub { secret: on })?;
    all.add(secret::GetSecretPermission { id })?;
    all.add(secret::CreateSecretPermission(NewSecretPermission::new(on, user, SecretRole::View)))?;
    let by_name = NewSecretPermission::for_user_name(on, "harry1", Some("corp.example"), SecretRole::View);
    all.add(secret::CreateSecretPermission(by_name))?;
    all.add(secret::ReplaceSecretPermission { id, secret: on, role: SecretRole::Edit })?;
    all.add(secret::DeleteSecretPermission { id })?;
    all.add(secret::ShareSecret { secret: on, inherit: false })?;
    all.add(secret::IsOwner { rights: vec![(GroupId::new(3)?, RoleId::new(5)?)] })
}
