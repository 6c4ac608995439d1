//! `GET /v2/secret-policy/{id}`.

use serde_json::{Value, json};

use crate::simulator::answer::{Answer, denied, ok};
use crate::simulator::call::Call;
use crate::simulator::world::World;

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    let policy = world.policy(call.id(0)?).ok_or_else(denied)?;
    let mut number = 0_u32;
    let mut item = |set: bool, value: Value| {
        number = number.saturating_add(1);
        let apply = if set { "Enforced" } else { "NotSet" };
        json!({"policyItemId": number, "parentPolicyItemId": null, "policyApplyType": apply, "value": value})
    };
    let wants = &policy.enforced;
    let mut flag = |set: bool| item(set, json!(set));
    let security = json!({
        "checkOutEnabled": flag(wants.check_out_minutes.is_some()), "checkOutChangePassword": flag(wants.change_on_check_in),
        "requireApprovalForAccess": flag(wants.approval), "requireViewComment": flag(wants.comment),
        "isMultiFactorAuthenticationRequired": flag(false), "hideLauncherPassword": flag(false),
        "isProxyEnabled": flag(false), "isSessionRecordingEnabled": flag(false),
        "requireApprovalForAccessForEditors": flag(wants.approval),
        "requireApprovalForAccessForOwnersAndApprovers": flag(wants.approval),
        "enableSshCommandRestrictions": flag(false), "allowOwnersUnrestrictedSshCommands": flag(false),
        "checkOutIntervalMinutes": item(wants.check_out_minutes.is_some(), json!(wants.check_out_minutes)),
    });
    let rpc = json!({
        "autoChangeOnExpiration": item(false, json!(false)), "heartBeatEnabled": item(false, json!(false)),
        "privilegedSecretId": item(false, Value::Null),
    });
    let general = json!({"siteId": item(false, Value::Null)});
    let launcher = json!({"webLauncherRequiresIncognitoMode": item(false, json!(false))});
    let direct = |id| world.folders.iter().filter(move |f| f.policy == Some(id) && !f.inherit_policy).count();
    let inheriting =
        || world.folders.iter().filter(|f| f.inherit_policy && world.policy_of(f.id) == Some(policy.id));
    let within = |inherits: bool| {
        let of = |s: &&crate::simulator::world::StoredSecret| {
            let folder = s.folder_id.and_then(|f| world.folder(f));
            folder
                .is_some_and(|f| world.policy_of(f.id) == Some(policy.id) && (f.inherit_policy || !inherits))
        };
        world.secrets.iter().filter(|s| s.active).filter(of).count()
    };
    ok(json!({
        "secretPolicyId": policy.id, "secretPolicyName": policy.name, "secretPolicyDescription": "", "active": true,
        "affectedFolderCount": direct(policy.id).saturating_add(inheriting().count()),
        "affectedInheritingFoldersCount": inheriting().count(), "affectedSecretCount": within(false),
        "affectedInheritingSecretsCount": within(true), "securityItems": security, "rpcItems": rpc, "generalItems": general,
        "launcherItems": launcher,
    }))
}
