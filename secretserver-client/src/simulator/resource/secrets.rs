//! `/v1/secrets` and what is below it.

mod access;
mod audit;
mod field;
mod read;
mod search;
mod state;
mod view;
mod write;

use crate::simulator::answer::{Refusal, denied};
use crate::simulator::call::Call;
use crate::simulator::permission::{SecretRole, right};
use crate::simulator::version::Version;
use crate::simulator::world::World;

pub(in super::super) use access::{change_password, check_in, check_out, expire, heartbeat, view_comment};
pub(in super::super) use audit::audits;
pub(in super::super) use field::{field, restricted_field, update_field};
pub(in super::super) use read::{get, lookup_one, restricted, stub, summary};
pub(in super::super) use search::{lookup, search, search_total};
pub(in super::super) use state::state;
pub(in super::super) use write::{activate, create, deactivate, general, general_v1, replace};

/// The number of a secret, by number or by path when the number is 0 (facts 2.7), if the caller has this role on it. One that it may not see is
/// refused like an absent one.
fn find(world: &World, call: &Call, needed: SecretRole) -> Result<u32, Refusal> {
    let by_path = Version::parse(&world.settings.version) >= Version::V11;
    let secret = match (call.number(0)?, call.args.text("secretPath")) {
        (0, Some(path)) if by_path => world.secret_by_path(path),
        _ => world.secret(call.id(0)?),
    };
    let secret = secret.filter(|s| world.may_with_secret(&call.caller, s, needed));
    Ok(secret.ok_or_else(denied)?.id)
}

/// Deactivated secrets are shown on request, to those who may see them.
fn check_active(world: &World, call: &Call, id: u32) -> Result<(), Refusal> {
    let asked = call.args.flag("includeInactive") || call.fields().flag("includeInactive") == Some(true);
    let active = world.secret(id).is_some_and(|s| s.active);
    if active || asked && call.caller.has(right::VIEW_DELETED) { Ok(()) } else { Err(denied()) }
}

/// Like [`find`], and active.
pub(super) fn find_active(world: &World, call: &Call, needed: SecretRole) -> Result<u32, Refusal> {
    let id = find(world, call, needed)?;
    if world.secret(id).is_some_and(|s| s.active) { Ok(id) } else { Err(denied()) }
}
