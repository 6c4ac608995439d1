//! The machine of a saga: its state, and what follows from it.

use std::borrow::Borrow;

use super::effect::Seen;
use super::input::Input;
use super::plan::{Plan, Step};
use super::record::{Misfit, Next};
use super::{adopt, provision, rotate, sequence, vault_rotate};
use crate::model::ids::SecretId;

/// A saga's state, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Provision(provision::State),
    Operate(sequence::State),
    Rotate(rotate::State),
    RotateByVault(vault_rotate::State),
    Adopt(adopt::State),
}

impl Machine {
    /// The state at the beginning.
    pub fn begin(plan: &Plan) -> Self {
        Self(match plan {
            Plan::Provision(plan) => Kind::Provision(provision::State::new(plan.clone())),
            Plan::Operate(plan) => Kind::Operate(sequence::State::new(plan.clone())),
            Plan::Rotate(plan) => Kind::Rotate(rotate::State::new(plan.clone())),
            Plan::RotateByVault(plan) => Kind::RotateByVault(vault_rotate::State::new(plan.clone())),
            Plan::Adopt(plan) => Kind::Adopt(adopt::State::new(plan.clone())),
        })
    }

    /// The state after these inputs.
    ///
    /// # Errors
    /// When an input does not fit.
    pub fn replay(plan: &Plan, inputs: impl IntoIterator<Item: Borrow<Input>>) -> Result<Self, Misfit> {
        let mut machine = Self::begin(plan);
        for input in inputs {
            machine.apply(input.borrow())?;
        }
        Ok(machine)
    }

    /// Takes one input.
    ///
    /// # Errors
    /// When it does not fit the state; the state is then as before.
    pub fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        match &mut self.0 {
            Kind::Provision(state) => state.apply(input),
            Kind::Operate(state) => state.apply(input),
            Kind::Rotate(state) => state.apply(input),
            Kind::RotateByVault(state) => state.apply(input),
            Kind::Adopt(state) => state.apply(input),
        }
    }

    /// What to do next. Depends on the state alone.
    pub fn next(&self) -> Next {
        match &self.0 {
            Kind::Provision(state) => state.next(),
            Kind::Operate(state) => state.next(),
            Kind::Rotate(state) => state.next(),
            Kind::RotateByVault(state) => state.next(),
            Kind::Adopt(state) => state.next(),
        }
    }

    /// The effect that is under way or next, whatever a person wanted in the meantime.
    pub fn effect_name(&self) -> Option<&'static str> {
        match &self.0 {
            Kind::Provision(state) => state.effect_name(),
            Kind::Operate(state) => state.effect_name(),
            Kind::Rotate(state) => state.effect_name(),
            Kind::RotateByVault(state) => state.effect_name(),
            Kind::Adopt(state) => state.effect_name(),
        }
    }

    /// Whether an effect was started of which nobody has heard the end.
    pub const fn is_under_way(&self) -> bool {
        match &self.0 {
            Kind::Provision(state) => state.is_under_way(),
            Kind::Operate(state) => state.is_under_way(),
            Kind::Rotate(state) => state.is_under_way(),
            Kind::RotateByVault(state) => state.is_under_way(),
            Kind::Adopt(state) => state.is_under_way(),
        }
    }

    /// Whether a person can still cancel it: what it does is not yet visible to anybody.
    pub fn can_cancel(&self) -> bool {
        match &self.0 {
            Kind::Provision(state) => state.can_cancel(),
            Kind::Operate(_) | Kind::Rotate(_) | Kind::RotateByVault(_) | Kind::Adopt(_) => false,
        }
    }

    /// The identity of the account, once it is known.
    pub fn account(&self) -> Option<ad_directory::ObjectGuid> {
        match &self.0 {
            Kind::Provision(state) => state.account(),
            Kind::Operate(state) => Some(state.account()),
            Kind::Rotate(state) => Some(state.account()),
            Kind::RotateByVault(state) => Some(state.account()),
            Kind::Adopt(state) => Some(state.account()),
        }
    }

    /// The secret, once it is known.
    pub fn secret(&self) -> Option<&SecretId> {
        match &self.0 {
            Kind::Provision(state) => state.secret(),
            Kind::Operate(state) => state.secret(),
            Kind::Rotate(state) => Some(state.secret()),
            Kind::RotateByVault(state) => Some(state.secret()),
            Kind::Adopt(state) => state.secret(),
        }
    }

    /// The second secret of a rotation, once it is known.
    pub const fn pending_secret(&self) -> Option<&SecretId> {
        match &self.0 {
            Kind::Rotate(state) => state.pending(),
            Kind::Provision(_) | Kind::Operate(_) | Kind::RotateByVault(_) | Kind::Adopt(_) => None,
        }
    }

    /// Whether the second secret of a rotation may be the only one that holds what the directory has.
    pub const fn leaves_pending(&self) -> bool {
        match &self.0 {
            Kind::Rotate(state) => state.leaves_pending(),
            Kind::Provision(_) | Kind::Operate(_) | Kind::RotateByVault(_) | Kind::Adopt(_) => false,
        }
    }

    /// The secret that an adoption made and that may be the only one to hold what the directory has, though the account is not managed.
    pub const fn leaves_secret(&self) -> Option<&SecretId> {
        match &self.0 {
            Kind::Adopt(state) => state.leaves_secret(),
            Kind::Provision(_) | Kind::Operate(_) | Kind::Rotate(_) | Kind::RotateByVault(_) => None,
        }
    }

    /// What a person should know though everything succeeded.
    pub fn findings(&self) -> &[String] {
        match &self.0 {
            Kind::Provision(state) => state.findings(),
            Kind::Operate(state) => state.findings(),
            Kind::Rotate(state) => state.findings(),
            Kind::RotateByVault(state) => state.findings(),
            Kind::Adopt(state) => state.findings(),
        }
    }

    /// What an account was like that was adopted or is being migrated, once that was looked at.
    pub fn seen(&self) -> Option<&Seen> {
        match &self.0 {
            Kind::Adopt(state) => state.seen(),
            Kind::Operate(state) => state.seen(),
            Kind::Provision(_) | Kind::Rotate(_) | Kind::RotateByVault(_) => None,
        }
    }

    /// What puts back what an operation on a live account has done so far, or may have: for whoever takes its place.
    pub fn way_back(&self) -> Vec<Step> {
        match &self.0 {
            Kind::Operate(state) => state.way_back(),
            Kind::Provision(_) | Kind::Rotate(_) | Kind::RotateByVault(_) | Kind::Adopt(_) => Vec::new(),
        }
    }

    /// What an operation still has to put back of those whose place it took: for whoever takes its own place.
    pub fn inherited(&self) -> Vec<Step> {
        match &self.0 {
            Kind::Operate(state) => state.inherited(),
            Kind::Provision(_) | Kind::Rotate(_) | Kind::RotateByVault(_) | Kind::Adopt(_) => Vec::new(),
        }
    }
}
