//! What every kind of saga says of its state.

use ad_directory::ObjectGuid;

use super::attempt::Attempt;
use super::effect::{Effect, Seen};
use super::input::Input;
use super::plan::Step;
use super::record::{Misfit, Next};
use crate::model::ids::SecretId;

/// A state, and what follows from it. What a kind has nothing of stays as it is here.
pub(super) trait Saga {
    /// Takes one input; one that does not fit changes nothing.
    fn apply(&mut self, input: &Input) -> Result<(), Misfit>;

    /// What to do next. Depends on the state alone.
    fn next(&self) -> Next;

    /// The effect that is under way or next, whatever a person wanted in the meantime.
    fn effect(&self) -> Option<Effect>;

    /// The effect that is next, if it has this name.
    fn next_is(&self, name: &str) -> Result<Effect, Misfit> {
        match self.effect() {
            Some(effect) if effect.name() == name => Ok(effect),
            other => {
                let instead = other.map_or("nothing", |effect| effect.name());
                Err(Misfit::new(format!("the start of {name}"), instead))
            }
        }
    }

    /// What is known of the attempts at it.
    fn attempt(&self) -> &Attempt;

    /// What a person should know though everything succeeded.
    fn findings(&self) -> &[String];

    /// The identity of the account, once it is known.
    fn account(&self) -> Option<ObjectGuid>;

    /// The secret, once it is known.
    fn secret(&self) -> Option<&SecretId>;

    /// The second secret of a rotation, once it is known.
    fn pending(&self) -> Option<&SecretId> {
        None
    }

    /// Whether the second secret of a rotation may be the only one that holds what the directory has.
    fn leaves_pending(&self) -> bool {
        false
    }

    /// Whether an operation on a live account set its password to the vault's, or may have.
    fn may_have_reset(&self) -> bool {
        false
    }

    /// The secret that an adoption made and that may be the only one to hold what the directory has, though the account is not managed.
    fn leaves_secret(&self) -> Option<&SecretId> {
        None
    }

    /// What an account was like that was adopted or is being migrated, once that was looked at.
    fn seen(&self) -> Option<&Seen> {
        None
    }

    /// Whether a person can still cancel it: what it does is not yet visible to anybody.
    fn can_cancel(&self) -> bool {
        false
    }

    /// What puts back what an operation on a live account has done so far, or may have: for whoever takes its place.
    fn way_back(&self) -> Vec<Step> {
        Vec::new()
    }

    /// What an operation still has to put back of those whose place it took: for whoever takes its own place.
    fn inherited(&self) -> Vec<Step> {
        Vec::new()
    }
}
