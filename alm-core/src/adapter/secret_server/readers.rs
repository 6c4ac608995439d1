//! Who can read the secrets of a folder (T-16): those who have a right on it, one by one and through groups.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use secretserver_client::resource::folder_permissions::{FolderPermissionFilter, SecretRole};
use secretserver_client::resource::groups::MemberFilter;
use secretserver_client::{Client, Error, FolderId, UserId};

use crate::model::secret_readers::{FolderReader, FolderReaders};

/// A right on a folder tells the person or the group; of a person, only the right to see others tells the address. What is not told is said.
pub(super) async fn of_folder(client: &Client, folder: FolderId) -> Result<FolderReaders, Error> {
    let rights: Vec<_> =
        client.folder_permissions().search(FolderPermissionFilter::on(folder)).try_collect().await?;
    let reads = |role: &Option<SecretRole>| {
        matches!(role, Some(SecretRole::View | SecretRole::Edit | SecretRole::Owner))
    };
    let mut users: BTreeMap<UserId, String> = BTreeMap::new();
    let mut readers = FolderReaders::default();
    for right in rights.into_iter().filter(|right| reads(&right.secret_access_role_name)) {
        if let Some(user) = right.user_id {
            users.insert(user, right.user_name.unwrap_or(right.known_as));
        } else if let Some(group) = right.group_id {
            let members: Result<Vec<_>, _> =
                client.groups().members(group, MemberFilter::default()).try_collect().await;
            match members {
                Ok(members) => {
                    let enabled = members.into_iter().filter(|member| member.enabled);
                    users.extend(enabled.map(|member| (member.user_id, member.user_name)));
                }
                Err(error) if error.is_denied_or_absent() => {
                    readers.unknown.push(right.group_name.unwrap_or(right.known_as));
                }
                Err(error) => return Err(error),
            }
        }
    }
    for (id, name) in users {
        match client.users().get(id).await {
            Ok(user) if user.is_application_account || !user.enabled => {}
            Ok(user) => {
                let mut reader = FolderReader::new(user.user_name);
                reader.email = user.email_address.filter(|email| !email.is_empty());
                reader.object = user.ad_guid.and_then(|guid| guid.parse().ok());
                readers.people.push(reader);
            }
            Err(error) if error.is_denied_or_absent() => readers.people.push(FolderReader::new(name)),
            Err(error) => return Err(error),
        }
    }
    Ok(readers)
}
