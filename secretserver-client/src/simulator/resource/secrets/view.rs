//! How a secret looks in answers.

use serde_json::{Value, json};

use crate::simulator::answer::date;
use crate::simulator::world::{StoredSecret, World};

pub(super) fn full(world: &World, secret: &StoredSecret) -> Value {
    let template = world.template(secret.template_id);
    let items: Vec<Value> = template
        .map(|t| t.fields.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|f| {
            json!({
                "itemId": f.id, "fileAttachmentId": null, "filename": null, "itemValue": secret.values.get(&f.slug),
                "fieldId": f.id, "fieldName": f.name, "slug": f.slug, "fieldDescription": "", "isFile": false,
                "isNotes": f.notes, "isPassword": f.password, "isList": false, "listType": "None",
            })
        })
        .collect();
    json!({
        "id": secret.id, "name": secret.name, "secretTemplateId": secret.template_id,
        "secretTemplateName": template.map(|t| &t.name), "folderId": secret.folder_id.map_or(-1, i64::from),
        "siteId": secret.site_id, "active": secret.active, "items": items, "launcherConnectAsSecretId": -1,
        "checkOutMinutesRemaining": 0, "checkedOut": false, "checkOutUserDisplayName": "", "checkOutUserId": -1,
        "isRestricted": false, "isOutOfSync": false, "outOfSyncReason": "", "autoChangeEnabled": false,
        "autoChangeNextPassword": null, "requiresApprovalForAccess": false, "requiresComment": false,
        "checkOutEnabled": false, "checkOutIntervalMinutes": -1, "checkOutChangePasswordEnabled": false,
        "accessRequestWorkflowMapId": -1, "proxyEnabled": false, "sessionRecordingEnabled": false,
        "restrictSshCommands": false, "allowOwnersUnrestrictedSshCommands": false, "isDoubleLock": false,
        "doubleLockId": -1, "enableInheritPermissions": true, "passwordTypeWebScriptId": -1,
        "enableInheritSecretPolicy": false, "secretPolicyId": -1, "lastHeartBeatStatus": "Pending",
        "lastHeartBeatCheck": "0001-01-01T00:00:00", "failedPasswordChangeAttempts": 0,
        "lastPasswordChangeAttempt": "0001-01-01T00:00:00", "responseCodes": [],
    })
}

pub(super) fn summary(world: &World, secret: &StoredSecret) -> Value {
    json!({
        "id": secret.id, "name": secret.name, "secretTemplateId": secret.template_id,
        "secretTemplateName": world.template(secret.template_id).map(|t| &t.name),
        "folderId": secret.folder_id.map_or(-1, i64::from), "folderPath": secret.folder_id.map(|f| world.folder_path(f)),
        "siteId": secret.site_id, "active": secret.active, "checkedOut": false, "checkOutEnabled": false,
        "isRestricted": false, "requiresApproval": false, "requiresComment": false, "inheritsPermissions": true,
        "isOutOfSync": false, "outOfSyncReason": "", "hidePassword": false, "doubleLockEnabled": false,
        "autoChangeEnabled": false, "daysUntilExpiration": null, "extendedFields": null, "hasLauncher": false,
        "lastHeartBeatStatus": "Pending", "lastPasswordChangeAttempt": "0001-01-01T00:00:00", "lastAccessed": null,
        "createDate": date(secret.created), "responseCodes": null,
    })
}
