//! The machine of a saga: its state, and what follows from it.

use std::borrow::Borrow;

use ad_directory::ObjectGuid;

use super::effect::Seen;
use super::input::Input;
use super::plan::{Plan, Step};
use super::record::{Misfit, Next};
use super::state::Saga;
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

    fn saga(&self) -> &dyn Saga {
        match &self.0 {
            Kind::Provision(state) => state,
            Kind::Operate(state) => state,
            Kind::Rotate(state) => state,
            Kind::RotateByVault(state) => state,
            Kind::Adopt(state) => state,
        }
    }

    /// Takes one input.
    ///
    /// # Errors
    /// When it does not fit the state; the state is then as before.
    pub fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        let saga: &mut dyn Saga = match &mut self.0 {
            Kind::Provision(state) => state,
            Kind::Operate(state) => state,
            Kind::Rotate(state) => state,
            Kind::RotateByVault(state) => state,
            Kind::Adopt(state) => state,
        };
        saga.apply(input)
    }

    /// What to do next. Depends on the state alone.
    pub fn next(&self) -> Next {
        self.saga().next()
    }

    /// The effect that is under way or next, whatever a person wanted in the meantime.
    pub fn effect_name(&self) -> Option<&'static str> {
        self.saga().effect().map(|effect| effect.name())
    }

    /// Whether an effect was started of which nobody has heard the end.
    pub fn is_under_way(&self) -> bool {
        self.saga().attempt().is_started()
    }

    /// Whether a person can still cancel it: what it does is not yet visible to anybody.
    pub fn can_cancel(&self) -> bool {
        self.saga().can_cancel()
    }

    /// The identity of the account, once it is known.
    pub fn account(&self) -> Option<ObjectGuid> {
        self.saga().account()
    }

    /// The secret, once it is known.
    pub fn secret(&self) -> Option<&SecretId> {
        self.saga().secret()
    }

    /// The second secret of a rotation, once it is known.
    pub fn pending_secret(&self) -> Option<&SecretId> {
        self.saga().pending()
    }

    /// Whether an operation on a live account set its password to the one that the vault has, or may have.
    pub fn may_have_reset(&self) -> bool {
        self.saga().may_have_reset()
    }

    /// Whether the second secret of a rotation may be the only one that holds what the directory has.
    pub fn leaves_pending(&self) -> bool {
        self.saga().leaves_pending()
    }

    /// The secret that an adoption made and that may be the only one to hold what the directory has, though the account is not managed.
    pub fn leaves_secret(&self) -> Option<&SecretId> {
        self.saga().leaves_secret()
    }

    /// What a person should know though everything succeeded.
    pub fn findings(&self) -> &[String] {
        self.saga().findings()
    }

    /// What an account was like that was adopted or is being migrated, once that was looked at.
    pub fn seen(&self) -> Option<&Seen> {
        self.saga().seen()
    }

    /// What puts back what an operation on a live account has done so far, or may have: for whoever takes its place.
    pub fn way_back(&self) -> Vec<Step> {
        self.saga().way_back()
    }

    /// What an operation still has to put back of those whose place it took: for whoever takes its own place.
    pub fn inherited(&self) -> Vec<Step> {
        self.saga().inherited()
    }
}
