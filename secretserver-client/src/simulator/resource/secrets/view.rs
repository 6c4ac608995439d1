//! How a secret looks in answers.

use serde_json::{Value, json};

use super::super::or_none;
use super::state::minutes_left;
use crate::simulator::answer::{date, date_or_never};
use crate::simulator::world::{StoredSecret, Template, World};

/// What a file looks like among texts (facts 2.7, recorded).
const NOT_FOR_DISPLAY: &str = "*** Not Valid For Display ***";

/// When a secret is shown: a creation writes 0 where a read writes -1 (example 24).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Created,
    Read,
}

fn items(template: &Template, secret: Option<&StoredSecret>) -> Vec<Value> {
    let first = secret.map(|s| s.first_item);
    template
        .fields
        .iter()
        .zip(0_u32..)
        .map(|(f, at)| {
            let file = secret.and_then(|s| s.files.get(&f.slug));
            let text = secret.and_then(|s| s.values.get(&f.slug)).map_or("", String::as_str);
            let value = if f.file { file.map_or("", |_| NOT_FOR_DISPLAY) } else { text };
            json!({
                "itemId": first.map(|n| n.saturating_add(at)), "fileAttachmentId": file.map(|x| x.id),
                "filename": file.map(|x| &x.name), "itemValue": value, "fieldId": f.id, "fieldName": f.name, "slug": f.slug,
                "fieldDescription": "", "isFile": f.file, "isNotes": f.notes, "isPassword": f.password, "isList": false,
                "listType": "None",
            })
        })
        .collect()
}

pub(super) fn full(world: &World, secret: &StoredSecret, moment: Moment) -> Value {
    let template = world.template(secret.template_id);
    let wants = &secret.restrictions;
    let none = if moment == Moment::Created { 0 } else { -1 };
    let holder = secret.held.as_ref().map(|h| h.user);
    let holder_name = holder.and_then(|u| world.user(u)).map_or("", |u| u.display_name.as_str());
    let flag = |name: &str| secret.kept.get(name).and_then(Value::as_bool).unwrap_or(false);
    let number = |name: &str| secret.kept.get(name).and_then(Value::as_i64).unwrap_or(-1);
    json!({
        "id": secret.id, "name": secret.name, "secretTemplateId": secret.template_id,
        "secretTemplateName": template.map(|t| &t.name), "folderId": or_none(secret.folder_id),
        "siteId": secret.site_id, "active": secret.active,
        "items": template.map(|t| items(t, Some(secret))).unwrap_or_default(),
        "launcherConnectAsSecretId": number("launcherConnectAsSecretId"),
        "checkOutMinutesRemaining": minutes_left(secret).unwrap_or(0), "checkedOut": holder.is_some(),
        "checkOutUserDisplayName": holder_name, "checkOutUserId": holder.map_or(none, i64::from),
        "isRestricted": wants.any(), "isOutOfSync": secret.expired,
        "outOfSyncReason": if secret.expired { "Expired" } else { "" }, "autoChangeEnabled": flag("autoChangeEnabled"),
        "autoChangeNextPassword": secret.kept.get("autoChangeNextPassword"), "requiresApprovalForAccess": wants.approval,
        "requiresComment": wants.comment, "checkOutEnabled": wants.check_out_minutes.is_some(),
        "checkOutIntervalMinutes": wants.check_out_minutes.map_or(-1, i64::from),
        "checkOutChangePasswordEnabled": wants.change_on_check_in, "accessRequestWorkflowMapId": -1,
        "proxyEnabled": flag("proxyEnabled"), "sessionRecordingEnabled": flag("sessionRecordingEnabled"),
        "restrictSshCommands": false, "allowOwnersUnrestrictedSshCommands": false,
        "isDoubleLock": wants.double_lock.is_some(),
        "doubleLockId": if wants.double_lock.is_some() { 1 } else { none }, "enableInheritPermissions": secret.sharing.is_none(),
        "passwordTypeWebScriptId": number("passwordTypeWebScriptId"),
        "enableInheritSecretPolicy": flag("enableInheritSecretPolicy"), "secretPolicyId": number("secretPolicyId"),
        "lastHeartBeatStatus": secret.heart, "lastHeartBeatCheck": date_or_never(secret.heart_checked),
        "failedPasswordChangeAttempts": 0, "lastPasswordChangeAttempt": date_or_never(secret.changed), "responseCodes": [],
        "webLauncherRequiresIncognitoMode": flag("webLauncherRequiresIncognitoMode"),
    })
}

/// A draft of a secret that does not exist yet.
pub(super) fn draft(template: &Template, folder: Option<u32>) -> Value {
    json!({
        "id": 0, "name": "", "secretTemplateId": template.id, "secretTemplateName": template.name, "folderId": or_none(folder),
        "siteId": 1, "active": true, "items": items(template, None), "launcherConnectAsSecretId": -1,
        "checkOutMinutesRemaining": 0, "checkedOut": false, "checkOutUserDisplayName": "", "checkOutUserId": 0,
        "isRestricted": false, "isOutOfSync": false, "outOfSyncReason": "", "autoChangeEnabled": false,
        "autoChangeNextPassword": null, "requiresApprovalForAccess": false, "requiresComment": false,
        "checkOutEnabled": false, "checkOutIntervalMinutes": -1, "checkOutChangePasswordEnabled": false,
        "accessRequestWorkflowMapId": -1, "proxyEnabled": false, "sessionRecordingEnabled": false,
        "restrictSshCommands": false, "allowOwnersUnrestrictedSshCommands": false, "isDoubleLock": false, "doubleLockId": 0,
        "enableInheritPermissions": folder.is_some(), "passwordTypeWebScriptId": -1, "enableInheritSecretPolicy": folder.is_some(),
        "secretPolicyId": -1, "lastHeartBeatStatus": "Pending", "lastHeartBeatCheck": date_or_never(None),
        "failedPasswordChangeAttempts": 0, "lastPasswordChangeAttempt": date_or_never(None), "responseCodes": [],
        "webLauncherRequiresIncognitoMode": false,
    })
}

pub(super) fn summary(world: &World, secret: &StoredSecret, extended: &[&str]) -> Value {
    let wants = &secret.restrictions;
    let template = world.template(secret.template_id);
    let holder = secret.held.as_ref().and_then(|h| world.user(h.user));
    // Only fields that may be shown: no passwords, no notes, no files.
    let shown = |name: &&str| {
        let fits = |x: &&str, y: &str| x.eq_ignore_ascii_case(y);
        let field = template?.fields.iter().find(|f| fits(name, &f.name) || fits(name, &f.slug))?;
        let open = !field.password && !field.notes && !field.file;
        open.then(|| json!({"name": field.name, "value": secret.values.get(&field.slug)}))
    };
    let extended: Option<Vec<Value>> =
        (!extended.is_empty()).then(|| extended.iter().filter_map(shown).collect());
    json!({
        "id": secret.id, "name": secret.name, "secretTemplateId": secret.template_id,
        "secretTemplateName": template.map(|t| &t.name), "folderId": or_none(secret.folder_id),
        "folderPath": secret.folder_id.map(|f| world.folder_path(f)), "siteId": secret.site_id, "active": secret.active,
        "checkedOut": secret.held.is_some(), "checkOutEnabled": wants.check_out_minutes.is_some(),
        "checkOutUserId": holder.map_or(-1, |u| i64::from(u.id)), "checkOutUserName": holder.map(|u| &u.name),
        "isRestricted": wants.any(), "requiresApproval": wants.approval, "requiresComment": wants.comment,
        "inheritsPermissions": secret.sharing.is_none(), "isOutOfSync": secret.expired,
        "outOfSyncReason": if secret.expired { "Expired" } else { "" }, "hidePassword": false,
        "doubleLockEnabled": wants.double_lock.is_some(),
        "autoChangeEnabled": secret.kept.get("autoChangeEnabled").and_then(Value::as_bool).unwrap_or(false),
        "daysUntilExpiration": secret.expired.then_some(0), "extendedFields": extended, "hasLauncher": false,
        "lastHeartBeatStatus": secret.heart, "lastPasswordChangeAttempt": date_or_never(secret.changed), "lastAccessed": null,
        "createDate": date(secret.created), "responseCodes": null,
    })
}

/// The answer to changes of name, folder and the like.
pub(super) fn general(secret: &StoredSecret) -> Value {
    json!({
        "id": secret.id, "active": secret.active, "name": secret.name, "folder": secret.folder_id, "site": secret.site_id,
        "template": secret.template_id, "secretPolicy": secret.kept.get("secretPolicy"),
        "enableInheritSecretPolicy": secret.kept.get("enableInheritSecretPolicy").and_then(Value::as_bool).unwrap_or(false),
        "heartbeatEnabled": secret.kept.get("heartbeatEnabled").and_then(Value::as_bool).unwrap_or(true),
        "autoChangePassword": false, "canGenerateSshKey": false, "expiration": null, "fields": [], "isFavorite": false,
        "isOutOfSync": secret.expired, "isTotpEnabled": false, "lastHeartBeatCheck": secret.heart_checked.map(date),
        "lastHeartBeatStatus": secret.heart, "launchers": [], "outOfSyncReason": null, "slugPrivateKey": null,
        "slugPublicKey": null, "totpPasswordSlug": null, "passwordCompliance": "Pending",
    })
}

/// The same in v1, where each value comes in an envelope of its own.
pub(super) fn general_v1(secret: &StoredSecret) -> Value {
    let mut answer = general(secret);
    for name in [
        "active",
        "name",
        "folder",
        "site",
        "template",
        "secretPolicy",
        "enableInheritSecretPolicy",
        "heartbeatEnabled",
        "autoChangePassword",
        "expiration",
        "isOutOfSync",
        "lastHeartBeatCheck",
        "lastHeartBeatStatus",
        "outOfSyncReason",
    ] {
        if let Some(value) = answer.get_mut(name) {
            *value = json!({"value": value.take()});
        }
    }
    answer
}
