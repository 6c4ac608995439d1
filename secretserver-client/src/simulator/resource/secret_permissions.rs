//! `/v1/secret-permissions`, `PATCH /v1/secrets/{secretId}/share`. Adding a right breaks the tie to the folder (facts 1.2).

use serde_json::{Value, json};

use super::deleted;
use super::folder_permissions::principal;
use crate::simulator::answer::{Answer, Refusal, denied, invalid, ok};
use crate::simulator::call::{Call, Fields};
use crate::simulator::page::short_page;
use crate::simulator::permission::SecretRole;
use crate::simulator::world::{DOMAIN_NAME, Principal, SecretGrant, World};

fn model(world: &World, secret: u32, grant: &SecretGrant) -> Value {
    let (group, group_name, user, user_name, known) = principal(world, grant.who);
    json!({
        "id": grant.id, "secretId": secret, "groupId": group, "groupName": group_name, "userId": user, "userName": user_name,
        "knownAs": known, "secretAccessRoleId": grant.role.id(), "secretAccessRoleName": grant.role.name(),
    })
}

fn check(world: &World, call: &Call, secret: u32, needed: SecretRole) -> Result<(), Refusal> {
    let secret = world.secret(secret).filter(|s| s.active).ok_or_else(denied)?;
    if world.may_with_secret(&call.caller, secret, needed) { Ok(()) } else { Err(denied()) }
}

/// The rights that count for a secret: its own, or its folder's.
fn effective(world: &World, secret: u32) -> Vec<SecretGrant> {
    let Some(secret) = world.secret(secret) else { return Vec::new() };
    match (&secret.sharing, secret.folder_id) {
        (Some(own), _) => own.clone(),
        (None, Some(folder)) => {
            let grants = world.permission_source(folder).map(|f| f.grants.as_slice()).unwrap_or_default();
            grants.iter().map(|g| SecretGrant { id: g.id, who: g.who, role: g.secret_role }).collect()
        }
        (None, None) => {
            let who = Principal::User(secret.created_by);
            vec![SecretGrant { id: secret.id, who, role: SecretRole::Owner }]
        }
    }
}

/// Whom the body names: by number, or by name (facts 1.2).
fn sent_principal(world: &World, sent: Fields<'_>) -> Result<Principal, Refusal> {
    let own = sent.text("domainName").is_none_or(|d| d.is_empty() || d.eq_ignore_ascii_case("local"));
    let domain = sent.text("domainName").is_some_and(|d| d.eq_ignore_ascii_case(DOMAIN_NAME));
    let fits = |has: Option<u32>| if has.is_some() { domain } else { own };
    let named =
        |name: &str| world.user_by_name(name).filter(|u| fits(u.domain)).map(|u| Principal::User(u.id));
    let group = |name: &str| world.groups.iter().find(|g| g.name.eq_ignore_ascii_case(name));
    let found = match (sent.id("userId"), sent.id("groupId"), sent.name("userName"), sent.name("groupName")) {
        (Some(user), None, None, None) => world.user(user).map(|u| Principal::User(u.id)),
        (None, Some(group), None, None) => world.principal_of_group(group),
        (None, None, Some(name), None) => named(name),
        (None, None, None, Some(name)) => group(name).map(|g| Principal::Group(g.id)),
        _ => return Err(invalid("Exactly one user or group is required.")),
    };
    found.ok_or_else(denied)
}

/// List, View, Edit or Owner: None is for folders only (facts 1.2).
fn sent_role(sent: Fields<'_>) -> Result<SecretRole, Refusal> {
    let role = sent.text("secretAccessRoleName").and_then(SecretRole::parse);
    role.filter(|r| *r > SecretRole::None).ok_or_else(|| invalid("The role is not known."))
}

pub(in super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let args = &call.args;
    let secret = args.id("filter.secretId")?.ok_or_else(denied)?;
    check(world, call, secret, SecretRole::List)?;
    let (user, group) = (args.id("filter.userId")?, args.id("filter.groupId")?);
    let text = args.search_text();
    let same = |filter: Option<&str>, value: &Value| {
        filter.is_none_or(|f| value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(f)))
    };
    let wanted = |g: &SecretGrant| {
        let (_, group_name, _, user_name, known) = principal(world, g.who);
        user.is_none_or(|u| g.who == Principal::User(u))
            && group.is_none_or(|id| world.principal_of_group(id) == Some(g.who))
            && same(args.text("filter.userName"), &user_name)
            && same(args.text("filter.groupName"), &group_name)
            && known.as_str().unwrap_or_default().to_lowercase().contains(&text)
    };
    let grants = effective(world, secret);
    let rows = grants
        .iter()
        .filter(|g| wanted(g))
        .map(|g| {
            let mut row = model(world, secret, g);
            if let Value::Object(members) = &mut row {
                members.insert("domainName".to_owned(), Value::Null);
            }
            row
        })
        .collect();
    short_page(world, call, rows)
}

pub(in super::super) fn stub(_: &mut World, call: &Call) -> Answer {
    let secret = call.args.id("secretId")?.or(call.args.id("filter.secretId")?);
    ok(json!({
        "id": 0, "secretId": secret.unwrap_or(0), "groupId": 0, "groupName": null, "userId": 0, "userName": null, "knownAs": null,
        "secretAccessRoleId": SecretRole::View.id(), "secretAccessRoleName": SecretRole::View.name(),
    }))
}

/// A right of a secret that does not inherit.
fn find(world: &World, call: &Call) -> Result<(u32, SecretGrant), Refusal> {
    let id = call.id(0)?;
    let own =
        |s: &crate::simulator::world::StoredSecret| s.sharing.as_ref()?.iter().find(|g| g.id == id).cloned();
    world.secrets.iter().find_map(|s| Some((s.id, own(s)?))).ok_or_else(denied)
}

pub(in super::super) fn get(world: &mut World, call: &Call) -> Answer {
    let (secret, grant) = find(world, call)?;
    check(world, call, secret, SecretRole::List)?;
    ok(model(world, secret, &grant))
}

fn set(world: &mut World, call: &Call, secret: u32, who: Principal, role: SecretRole) -> Answer {
    world.stop_sharing_with_folder(secret);
    let known = effective(world, secret).iter().find(|g| g.who == who).map(|g| g.id);
    let id = known.unwrap_or_else(|| world.fresh_id());
    let grant = SecretGrant { id, who, role };
    let own = world.secret_mut(secret).and_then(|s| s.sharing.as_mut()).ok_or_else(denied)?;
    let mut next: Vec<SecretGrant> = own.iter().filter(|g| g.who != who).cloned().collect();
    next.push(grant.clone());
    // A secret always has somebody who owns it.
    if !next.iter().any(|g| g.role == SecretRole::Owner) {
        return Err(denied());
    }
    *own = next;
    world.record(&call.caller.name, "EDIT SHARE", secret);
    ok(model(world, secret, &grant))
}

pub(in super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let secret = sent.id("secretId").ok_or_else(denied)?;
    check(world, call, secret, SecretRole::Owner)?;
    let (who, role) = (sent_principal(world, sent)?, sent_role(sent)?);
    set(world, call, secret, who, role)
}

pub(in super::super) fn replace(world: &mut World, call: &Call) -> Answer {
    let (secret, grant) = find(world, call)?;
    let sent = call.fields();
    if sent.id("id") != Some(grant.id) || sent.id("secretId") != Some(secret) {
        return Err(invalid("The ids in the body must be those of the permission."));
    }
    check(world, call, secret, SecretRole::Owner)?;
    set(world, call, secret, grant.who, sent_role(sent)?)
}

pub(in super::super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (secret, grant) = find(world, call)?;
    check(world, call, secret, SecretRole::Owner)?;
    let own = world.secret_mut(secret).and_then(|s| s.sharing.as_mut()).ok_or_else(denied)?;
    if !own.iter().any(|g| g.id != grant.id && g.role == SecretRole::Owner) {
        return Err(denied());
    }
    own.retain(|g| g.id != grant.id);
    world.record(&call.caller.name, "EDIT SHARE", secret);
    deleted(grant.id, "SecretPermission")
}

pub(in super::super) fn share(world: &mut World, call: &Call) -> Answer {
    let secret = call.id(0)?;
    check(world, call, secret, SecretRole::Owner)?;
    match call.data().dirty("inheritPermissions").map(|v| v.and_then(Value::as_bool).unwrap_or(false)) {
        Some(true) => world.secret_mut(secret).ok_or_else(denied)?.sharing = None,
        Some(false) => world.stop_sharing_with_folder(secret),
        None => {}
    }
    world.record(&call.caller.name, "EDIT SHARE", secret);
    let inherit = world.secret(secret).is_some_and(|s| s.sharing.is_none());
    ok(json!({"inheritPermissions": inherit, "secretId": secret}))
}

/// Whether the caller would own a secret with these rights.
pub(in super::super) fn is_owner(world: &mut World, call: &Call) -> Answer {
    let rights = call.data().list("groupSecretAccessRoles").unwrap_or_default().iter().map(Fields);
    let mut full =
        rights.filter(|r| r.id("secretAccessRoleId").and_then(SecretRole::by_id) == Some(SecretRole::Owner));
    let me = |group: u32| world.principal_of_group(group).is_some_and(|who| call.caller.is(who));
    let owner = full.any(|r| r.id("groupId").is_some_and(me));
    ok(json!({"isCurrentUserSecretOwner": owner}))
}
