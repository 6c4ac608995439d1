//! `/v1/secrets` and what is below it.

mod read;
mod view;
mod write;

use crate::simulator::answer::{Args, Refusal, denied};
use crate::simulator::permission::{SecretRole, right};
use crate::simulator::world::{StoredSecret, User, World};

pub(super) use read::{field, get, search, search_total, state, summary};
pub(super) use write::{activate, create, deactivate, undelete, update_field};

/// Finds a secret by id, or by path when the id is 0.
fn find<'w>(world: &'w World, id: i64, args: &Args) -> Result<&'w StoredSecret, Refusal> {
    match (id, args.text("secretPath")) {
        (0, Some(path)) => world.secret_by_path(path),
        _ => u32::try_from(id).ok().and_then(|id| world.secret(id)),
    }
    .ok_or_else(denied)
}

/// Whether the caller may do that; a secret that it may not see is refused like an absent one.
fn check(
    world: &World,
    user: &User,
    secret: &StoredSecret,
    right: &str,
    role: SecretRole,
) -> Result<(), Refusal> {
    if user.has(right) && world.may_with_secret(user, secret, role) { Ok(()) } else { Err(denied()) }
}

/// Deactivated secrets are shown on request, to those who may see them.
fn check_active(user: &User, secret: &StoredSecret, args: &Args) -> Result<(), Refusal> {
    let shown = secret.active || (args.flag("includeInactive") && user.has(right::VIEW_DELETED));
    if shown { Ok(()) } else { Err(denied()) }
}
