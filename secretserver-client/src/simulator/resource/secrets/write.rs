//! Making, changing, deactivating and restoring secrets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::deleted;
use super::{find, find_active, view};
use crate::simulator::answer::{Answer, Refusal, denied, invalid, ok, refused};
use crate::simulator::call::{Call, Fields};
use crate::simulator::permission::{FolderRole, SecretRole, right};
use crate::simulator::world::{Ask, StoredSecret, World};

/// Settings that are kept and shown, and do nothing here.
const KEPT: &[&str] = &[
    "autoChangeEnabled",
    "autoChangeNextPassword",
    "proxyEnabled",
    "sessionRecordingEnabled",
    "enableInheritSecretPolicy",
    "secretPolicyId",
    "launcherConnectAsSecretId",
    "passwordTypeWebScriptId",
    "webLauncherRequiresIncognitoMode",
];

/// The values of a secret, checked against its template. What is not sent is empty, or stays as it was.
fn values(
    world: &World,
    template: u32,
    items: &[Value],
    before: Option<&StoredSecret>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let template = world.template(template).filter(|t| t.active);
    let template = template.ok_or_else(|| invalid("The secret template does not exist."))?;
    let texts = || template.fields.iter().filter(|f| !f.file);
    let old = |slug: &str| before.and_then(|s| s.values.get(slug)).cloned().unwrap_or_default();
    let mut values: BTreeMap<String, String> = texts().map(|f| (f.slug.clone(), old(&f.slug))).collect();
    for item in items {
        let item = Fields(item);
        let given = item.text("slug").or_else(|| item.text("fieldName"));
        let by_id = item.id("fieldId");
        let field = template.fields.iter().find(|f| match given {
            Some(name) => f.slug.eq_ignore_ascii_case(name) || f.name.eq_ignore_ascii_case(name),
            None => by_id == Some(f.id),
        });
        let field = field.ok_or_else(|| invalid("A field does not belong to the secret template."))?;
        let value = item.text("itemValue").unwrap_or_default();
        if !field.file {
            values.insert(field.slug.clone(), value.to_owned());
        } else if before.is_none() && !value.is_empty() {
            // A file belongs into an upload (facts 2.6).
            return Err(refused(
                "API_InvalidSecretItemValueLength",
                "The value of a file cannot be set here.",
            ));
        }
    }
    let missing = texts().any(|f| f.required && values.get(&f.slug).is_none_or(String::is_empty));
    if missing { Err(invalid("A required field is missing.")) } else { Ok(values) }
}

/// A name that is taken in the folder, where that is not allowed.
fn check_name(world: &World, name: &str, folder: Option<u32>, but: Option<u32>) -> Result<(), Refusal> {
    let same = |s: &StoredSecret| s.active && s.folder_id == folder && s.name.eq_ignore_ascii_case(name);
    let taken = !world.settings.duplicate_names && world.secrets.iter().any(|s| Some(s.id) != but && same(s));
    if taken {
        let text = "A secret with this name already exists in the folder.";
        return Err(refused("API_DuplicateSecretName", text));
    }
    Ok(())
}

fn check_folder(world: &World, call: &Call, folder: Option<u32>, template: u32) -> Result<(), Refusal> {
    let Some(folder) = folder else {
        let required = world.settings.require_folder;
        return if required { Err(refused("API_FolderIdRequired", "A folder is required.")) } else { Ok(()) };
    };
    let allowed = world.folder(folder).map(|f| f.allowed_templates.as_slice()).unwrap_or_default();
    let fits = allowed.is_empty() || allowed.contains(&template);
    if fits && world.may_in_folder(&call.caller, folder, FolderRole::AddSecret) {
        Ok(())
    } else {
        Err(denied())
    }
}

/// What stands before it, and the settings that only are kept, as they were sent.
fn keep(secret: &mut StoredSecret, sent: Fields<'_>) {
    for name in KEPT {
        if let Some(value) = sent.raw(name) {
            secret.kept.insert((*name).to_owned(), value.clone());
        }
    }
    let minutes = sent.id("checkOutIntervalMinutes");
    match sent.flag("checkOutEnabled") {
        Some(true) => {
            let known = secret.restrictions.check_out_minutes;
            secret.restrictions.check_out_minutes = Some(minutes.or(known).unwrap_or(30));
        }
        Some(false) => secret.restrictions.check_out_minutes = None,
        None => {}
    }
    if let Some(comment) = sent.flag("requiresComment") {
        secret.restrictions.comment = comment;
    }
    if let Some(change) = sent.flag("checkOutChangePasswordEnabled") {
        secret.restrictions.change_on_check_in = change;
    }
}

pub(in super::super::super) fn create(world: &mut World, call: &Call) -> Answer {
    let sent = call.fields();
    let name = sent.name("name").ok_or_else(|| invalid("Secret name is required."))?;
    let template = sent.id("secretTemplateId").ok_or_else(|| invalid("Secret template is required."))?;
    let items = sent.list("items").ok_or_else(|| invalid("Items are required."))?;
    let folder = sent.id("folderId");
    check_folder(world, call, folder, template)?;
    let values = values(world, template, items, None)?;
    check_name(world, name, folder, None)?;
    let (site, by) = (sent.id("siteId").unwrap_or(1), call.caller.id);
    let id =
        world.add_secret(crate::simulator::world::NewSecret { name, template, folder, site, values, by });
    if let Some(secret) = world.secret_mut(id) {
        keep(secret, sent);
    }
    if sent.flag("enableInheritPermissions") == Some(false) {
        world.stop_sharing_with_folder(id);
    }
    world.record(&call.caller.name, "CREATE", id);
    ok(view::full(world, world.secret(id).ok_or_else(denied)?, view::Moment::Created))
}

/// Moves are allowed to owners who may add to the place they move to.
fn check_move(world: &World, call: &Call, id: u32, folder: Option<u32>) -> Result<(), Refusal> {
    let secret = world.secret(id).ok_or_else(denied)?;
    if secret.folder_id == folder {
        return Ok(());
    }
    if !world.may_with_secret(&call.caller, secret, SecretRole::Owner) {
        return Err(denied());
    }
    check_folder(world, call, folder, secret.template_id)
}

pub(in super::super::super) fn replace(world: &mut World, call: &Call) -> Answer {
    let id = find_active(world, call, SecretRole::Edit)?;
    let sent = call.fields();
    if sent.id("id") != Some(id) {
        return Err(invalid("The id in the body must be that of the path."));
    }
    let name = sent.name("name").ok_or_else(|| invalid("Secret name is required."))?.to_owned();
    let items = sent.list("items").ok_or_else(|| invalid("Items are required."))?;
    let folder = match sent.raw("folderId") {
        None => world.secret(id).and_then(|s| s.folder_id),
        Some(_) => sent.id("folderId"),
    };
    check_move(world, call, id, folder)?;
    check_name(world, &name, folder, Some(id))?;
    let secret = world.secret(id).ok_or_else(denied)?;
    let values = values(world, secret.template_id, items, Some(secret))?;
    let ask = Ask::of(call, false);
    world.pass(call, id, &ask)?;
    let secret = world.secret_mut(id).ok_or_else(denied)?;
    (secret.name, secret.folder_id, secret.values) = (name, folder, values);
    if let Some(site) = sent.id("siteId") {
        secret.site_id = site;
    }
    keep(secret, sent);
    match sent.flag("enableInheritPermissions") {
        Some(false) => world.stop_sharing_with_folder(id),
        Some(true) => world.secret_mut(id).ok_or_else(denied)?.sharing = None,
        None => {}
    }
    world.record(&call.caller.name, "EDIT", id);
    let answer = view::full(world, world.secret(id).ok_or_else(denied)?, view::Moment::Read);
    world.passed(call, id, &ask);
    ok(answer)
}

/// Changes what is dirty.
fn patch(world: &mut World, call: &Call) -> Result<u32, Refusal> {
    let id = find(world, call, SecretRole::Edit)?;
    let sent = call.data();
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let folder = sent.dirty("folder").map(|f| number(f).filter(|f| *f > 0));
    let name = sent.dirty("name").map(|n| n.and_then(Value::as_str).unwrap_or_default().trim().to_owned());
    if name.as_ref().is_some_and(String::is_empty) {
        return Err(invalid("Secret name is required."));
    }
    if let Some(folder) = folder {
        check_move(world, call, id, folder)?;
    }
    let secret = world.secret(id).ok_or_else(denied)?;
    let place = folder.unwrap_or(secret.folder_id);
    check_name(world, name.as_deref().unwrap_or(&secret.name), place, Some(id))?;
    let active = sent.dirty("active").map(|a| a.and_then(Value::as_bool).unwrap_or(true));
    if !secret.active && active != Some(true) {
        return Err(denied());
    }
    let fields = sent.list("secretFields").unwrap_or_default();
    let template = sent.dirty("template").and_then(number).unwrap_or(secret.template_id);
    let items: Vec<Value> = fields
        .iter()
        .filter(|f| Fields(f).flag("dirty") == Some(true))
        .map(|f| json!({"slug": Fields(f).text("slug"), "itemValue": Fields(f).text("value")}))
        .collect();
    let values = values(world, template, &items, Some(secret))?;
    let ask = Ask::of(call, false);
    world.pass(call, id, &ask)?;
    let secret = world.secret_mut(id).ok_or_else(denied)?;
    // Nothing in place of a file clears it (facts 2.7).
    for item in &items {
        secret.files.remove(Fields(item).text("slug").unwrap_or_default());
    }
    (secret.values, secret.template_id, secret.folder_id) = (values, template, place);
    if let Some(name) = name {
        secret.name = name;
    }
    if let Some(site) = sent.dirty("site").and_then(number) {
        secret.site_id = site;
    }
    if let Some(active) = active {
        secret.active = active;
    }
    for kept in ["heartbeatEnabled", "enableInheritSecretPolicy", "secretPolicy"] {
        if let Some(value) = sent.dirty(kept) {
            secret.kept.insert(kept.to_owned(), value.cloned().unwrap_or(Value::Null));
        }
    }
    world.record(&call.caller.name, "EDIT", id);
    world.passed(call, id, &ask);
    Ok(id)
}

pub(in super::super::super) fn general(world: &mut World, call: &Call) -> Answer {
    let id = patch(world, call)?;
    ok(view::general(world.secret(id).ok_or_else(denied)?))
}

pub(in super::super::super) fn general_v1(world: &mut World, call: &Call) -> Answer {
    let id = patch(world, call)?;
    ok(view::general_v1(world.secret(id).ok_or_else(denied)?))
}

/// Switches a secret off or on. What is so already is refused like an absent one.
fn switch(world: &mut World, call: &Call, on: bool) -> Result<u32, Refusal> {
    let id = find(world, call, SecretRole::Owner)?;
    if world.secret(id).is_none_or(|s| s.active == on) || on && !call.caller.has(right::VIEW_DELETED) {
        return Err(denied());
    }
    if let Some(secret) = world.secret_mut(id) {
        secret.active = on;
        secret.held = None;
    }
    world.record(&call.caller.name, if on { "UNDELETE" } else { "DELETE" }, id);
    Ok(id)
}

pub(in super::super::super) fn deactivate(world: &mut World, call: &Call) -> Answer {
    let id = switch(world, call, false)?;
    deleted(id, "Secret")
}

/// `activate`, and `undelete` before version 11.
pub(in super::super::super) fn activate(world: &mut World, call: &Call) -> Answer {
    let id = switch(world, call, true)?;
    ok(view::general(world.secret(id).ok_or_else(denied)?))
}
