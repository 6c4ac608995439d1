//! Reading secrets: whole, in short, as a draft.

use serde_json::json;

use super::{check_active, find, view};
use crate::simulator::answer::{Answer, Refusal, denied, ok, refused};
use crate::simulator::call::Call;
use crate::simulator::permission::{FolderRole, SecretRole, right};
use crate::simulator::world::{Ask, World};

/// A secret that the caller may view now. It may be checked out by that: a plain read does it (facts 2.7).
pub(super) fn opened(world: &mut World, call: &Call) -> Result<u32, Refusal> {
    let id = find(world, call, SecretRole::View)?;
    check_active(world, call, id)?;
    let ask = Ask::of(call, true);
    world.pass(call, id, &ask)?;
    world.record(&call.caller.name, "VIEW", id);
    Ok(id)
}

pub(in super::super::super) fn get(world: &mut World, call: &Call) -> Answer {
    let id = opened(world, call)?;
    let secret = world.secret(id).ok_or_else(denied)?;
    let answer = view::full(world, secret, view::Moment::Read);
    world.passed(call, id, &Ask::of(call, true));
    ok(answer)
}

pub(in super::super::super) fn restricted(world: &mut World, call: &Call) -> Answer {
    get(world, call)
}

pub(in super::super::super) fn summary(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call, SecretRole::List)?;
    let secret = world.secret(id).filter(|s| s.active || call.caller.has(right::VIEW_DELETED));
    ok(view::summary(world, secret.ok_or_else(denied)?, &[]))
}

pub(in super::super::super) fn lookup_one(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call, SecretRole::List)?;
    let secret = world.secret(id).filter(|s| s.active).ok_or_else(denied)?;
    ok(json!({"id": secret.id, "value": secret.name}))
}

/// A draft to fill in. The arguments have been seen with and without `filter.` (facts 2.7).
pub(in super::super::super) fn stub(world: &mut World, call: &Call) -> Answer {
    let (args, template) = (&call.args, "secretTemplateId");
    let template = args.id(template)?.or(args.id(&format!("filter.{template}"))?);
    let folder = args.id("folderId")?.or(args.id("filter.folderId")?);
    if folder.is_none() && world.settings.require_folder {
        return Err(refused("API_FolderIdRequired", "A folder is required."));
    }
    if folder.is_some_and(|f| !world.may_in_folder(&call.caller, f, FolderRole::AddSecret)) {
        return Err(denied());
    }
    let template = template.and_then(|t| world.template(t)).filter(|t| t.active).ok_or_else(denied)?;
    ok(view::draft(template, folder))
}
