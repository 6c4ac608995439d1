//! What is looked at before Secret Server is trusted with a template's credentials (section V).

use futures_util::TryStreamExt as _;
use secretserver_client::resource::folders::{FolderFilter, FolderPermission};
use secretserver_client::{Client, Error, ErrorKind, FolderId, SecretTemplateId};

use crate::error::Refusal;

/// The oldest version that can do what is needed (V-3).
const OLDEST: &str = "10.2.000018";
/// What the vault account must be allowed to do (V-4).
const PERMISSIONS: [&str; 7] = [
    "Add Secret",
    "View Secret",
    "Edit Secret",
    "View Folders",
    "View Secret Templates",
    "Delete Secret",
    "View Deleted Secrets",
];
/// How deep a folder may lie: no tree of folders is that deep, and one that went round would never end.
const DEEPEST: usize = 64;
/// The fields that are written (V-6), each with what it must be.
const FIELDS: [&str; 4] = ["domain", "username", "password", "notes"];

pub(super) async fn preflight(
    client: &Client,
    folder: FolderId,
    within: Option<FolderId>,
    template: SecretTemplateId,
) -> Result<Vec<Refusal>, Error> {
    let mut refusals = Vec::new();
    refusals.extend(version(client).await?);
    refusals.extend(permissions(client).await?);
    refusals.extend(folder_usable(client, folder).await?);
    if let Some(root) = within {
        refusals.extend(below(client, folder, root).await?);
    }
    refusals.extend(template_usable(client, template).await?);
    Ok(refusals)
}

/// V-3. A version that is hidden or denied says nothing, and is no reason to refuse.
async fn version(client: &Client) -> Result<Option<Refusal>, Error> {
    let version = match client.system().version().await {
        Ok(version) => version,
        Err(error) if is_hidden(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Ok(oldest) = OLDEST.parse() else { return Ok(None) };
    Ok((version < oldest)
        .then(|| Refusal::new("V-3", "vault", format!("Secret Server {version} is older than {OLDEST}"))))
}

fn is_hidden(error: &Error) -> bool {
    error.is_denied_or_absent() || matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Invalid)
}

/// V-4. Where the server does not tell, the operations themselves will.
async fn permissions(client: &Client) -> Result<Option<Refusal>, Error> {
    let user = match client.users().current().await {
        Ok(user) => user,
        Err(error) if is_hidden(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let missing: Vec<_> = PERMISSIONS.into_iter().filter(|permission| !user.may(permission)).collect();
    Ok((!missing.is_empty()).then(|| {
        Refusal::new(
            "V-4",
            "vault",
            format!("the vault account {} lacks the role permissions {}", user.user_name, missing.join(", ")),
        )
    }))
}

/// V-5.
async fn folder_usable(client: &Client, id: FolderId) -> Result<Option<Refusal>, Error> {
    let folder = match client.folders().get(id).await {
        Ok(folder) => folder,
        Err(error) if error.is_denied_or_absent() => {
            return Ok(Some(Refusal::new(
                "V-5",
                "folder",
                format!("folder {id} does not exist, or the vault account may not see it"),
            )));
        }
        Err(error) => return Err(error),
    };
    let filter = FolderFilter::text(&folder.folder_name).requiring(FolderPermission::AddSecret);
    let allowed: Vec<_> = client.folders().lookup(filter).try_collect().await?;
    Ok((!allowed.iter().any(|hit| hit.id == id)).then(|| {
        Refusal::new(
            "V-5",
            "folder",
            format!("the vault account may not add secrets to folder {id} ({})", folder.folder_path),
        )
    }))
}

/// NM-4. A folder that may not be seen is not known to lie anywhere.
async fn below(client: &Client, folder: FolderId, root: FolderId) -> Result<Option<Refusal>, Error> {
    let refusal = || {
        let message = format!("folder {folder} does not lie below the template's folder {root}");
        Ok(Some(Refusal::new("NM-4", "folder", message)))
    };
    let mut at = folder;
    for _ in 0..DEEPEST {
        if at == root {
            return Ok(None);
        }
        match client.folders().get(at).await {
            Ok(found) => match found.parent_folder_id {
                Some(parent) => at = parent,
                None => return refusal(),
            },
            Err(error) if error.is_denied_or_absent() => return refusal(),
            Err(error) => return Err(error),
        }
    }
    refusal()
}

/// V-6.
async fn template_usable(client: &Client, id: SecretTemplateId) -> Result<Vec<Refusal>, Error> {
    let template = match client.templates().get(id).await {
        Ok(template) => template,
        Err(error) if error.is_denied_or_absent() => {
            return Ok(vec![Refusal::new(
                "V-6",
                "secret_template",
                format!("secret template {id} does not exist, or the vault account may not see it"),
            )]);
        }
        Err(error) => return Err(error),
    };
    let mut refusals = Vec::new();
    let mut refuse = |message: String| {
        let name = &template.name;
        refusals.push(Refusal::new(
            "V-6",
            "secret_template",
            format!("secret template {id} ({name}) {message}"),
        ));
    };
    for slug in FIELDS {
        match template.field(slug) {
            None => refuse(format!("has no field {slug}")),
            Some(field) if slug == "password" && !field.is_password => {
                refuse("has a field password that is not marked as a password".to_owned());
            }
            Some(_) => {}
        }
    }
    for field in &template.fields {
        let known = FIELDS.iter().any(|slug| slug.eq_ignore_ascii_case(&field.field_slug_name));
        if field.is_required && !known {
            refuse(format!("requires the field {}, which nobody could fill in", field.field_slug_name));
        }
    }
    Ok(refusals)
}
