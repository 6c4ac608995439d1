//! `GET /v2/configuration/general`: only the parts that were asked for, and of those what is known here.

use serde_json::{Map, Value, json};

use crate::simulator::answer::{Answer, ok};
use crate::simulator::call::Call;
use crate::simulator::world::World;

pub(in super::super) fn general(world: &mut World, call: &Call) -> Answer {
    let s = &world.settings;
    let (minutes, hours) = (s.token_seconds.div_ceil(60) % 60, s.token_seconds.div_ceil(60) / 60 % 24);
    let parts = [
        (
            "applicationSettings",
            json!({
                "apiRefreshTokensEnabled": s.refresh_tokens, "apiSessionTimeoutDays": s.token_seconds / 86_400,
                "apiSessionTimeoutHours": hours, "apiSessionTimeoutMinutes": minutes, "apiSessionTimeoutUnlimited": false,
                "enableWebServices": s.web_services, "maximumTokenRefreshesAllowed": s.max_refreshes,
                "preventDirectApiAuthentication": s.prevent_direct,
            }),
        ),
        ("folders", json!({"enablePersonalFolders": true, "requireViewFolderPermission": false})),
        ("localUserPasswords", json!({"passwordMinimumLength": s.password_length})),
        (
            "login",
            json!({
                "maximumLoginFailures": s.lock_after, "twoFactor": {"requireTwoFactorForWebServices": s.two_factor},
            }),
        ),
        ("permissionOptions", json!({"allowDuplicateSecretNames": s.duplicate_names})),
        ("security", json!({"hideVersionNumber": s.hide_version})),
        ("unlimitedAdmin", json!({"enabled": false})),
        ("userExperience", json!({"requireFolderForSecret": s.require_folder})),
    ];
    let asked = |name: &str| call.args.flag("loadAll") || call.args.flag(&format!("load{name}"));
    let shown = parts.into_iter().filter(|(name, _)| asked(name));
    ok(Value::Object(shown.map(|(name, part)| (name.to_owned(), part)).collect::<Map<_, _>>()))
}
