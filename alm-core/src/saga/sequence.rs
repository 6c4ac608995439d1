//! Changing an account that exists: the account is located, then the plan's steps are taken one by one.
//!
//! There is nothing to compensate: each step is right in itself, and a step that is refused parks the saga and asks a person, who retries
//! it or gives it up. Giving up takes the plan's own steps back (L-37), or what a survey saw before the first of them (M-2).

use ad_directory::{Controller, ObjectGuid};

use super::attempt::{Attempt, describe};
use super::effect::{AccountChange, Effect, EffectResult, Reason, Seen};
use super::input::Input;
use super::plan::{OperatePlan, Step};
use super::record::{Ending, Misfit, Next};
use super::state::Saga;
use super::way_back::way_back;
use crate::error::Outcome;
use crate::model::account::OperationKind;
use crate::model::ids::SecretId;

/// After how many failures to reach the controller another one is chosen.
const UNREACHED: u32 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about where it stands")]
pub(super) struct State {
    plan: OperatePlan,
    controller: Option<Controller>,
    index: usize,
    /// What it was like, once that was looked at.
    seen: Option<Box<Seen>>,
    /// What puts things back, once the saga is given up.
    undo: Vec<Step>,
    undoing: bool,
    abandoned: bool,
    gone: bool,
    /// Whether the password of the account, which is disabled and unseen, is being set to the vault's, and whether it was.
    resetting: bool,
    reset: bool,
    parked: Option<String>,
    attempt: Attempt,
    findings: Vec<String>,
}

impl State {
    pub(super) fn new(plan: OperatePlan) -> Self {
        Self {
            plan,
            controller: None,
            index: 0,
            seen: None,
            undo: Vec::new(),
            undoing: false,
            abandoned: false,
            gone: false,
            resetting: false,
            reset: false,
            parked: None,
            attempt: Attempt::default(),
            findings: Vec::new(),
        }
    }

    fn steps(&self) -> &[Step] {
        if self.undoing { &self.undo } else { &self.plan.steps }
    }

    fn skip_directory(&mut self) {
        let rest = self.steps().iter().skip(self.index);
        let outside = |step: &&Step| {
            matches!(step, Step::DeactivateSecret | Step::DropPending { .. } | Step::MoveSecret { .. })
        };
        let next = rest.take_while(|step| !outside(step)).count();
        self.index += next;
    }

    fn refused(&mut self, reason: Reason, message: &str) {
        self.attempt = Attempt::default();
        let step = self.steps().get(self.index);
        // it is disabled and unseen, so it gets the vault's, never the reverse.
        let enables = self.steps().iter().skip(self.index).any(|step| *step == Step::Enable);
        if step == Some(&Step::VerifyPassword) && reason == Reason::PasswordWrong && enables && !self.reset {
            self.resetting = true;
            return;
        }
        let already = match (step, reason) {
            // E-8: a person changes the policy.
            (_, Reason::LocalPolicy) => false,
            // What should go is gone.
            (Some(Step::DeactivateSecret), Reason::SecretMissing)
            | (Some(Step::DeleteAccount), Reason::AccountMissing)
            // It is of no use to anybody any more; a finding tells who may remove it.
            | (Some(Step::DropPending { .. }), _) => true,
            _ => false,
        };
        if already || self.plan.operation == OperationKind::Clean {
            // What is in the way of clearing away stays to be found; nobody could retry it.
            self.abandoned |= !already;
            self.findings.push(message.to_owned());
            self.index += 1;
        } else {
            self.parked = Some(message.to_owned());
        }
    }
}

impl Saga for State {
    fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        match input {
            Input::Started { effect: name, .. } if self.parked.is_some() => {
                Err(Misfit::new(format!("the start of {name}"), "parked"))
            }
            Input::Started { effect: name, at, .. } => {
                self.next_is(name)?;
                self.attempt.start(*at);
                Ok(())
            }
            Input::Finished { result, .. } if !self.attempt.is_started() => {
                Err(Misfit::new(describe(result), "no effect under way"))
            }
            Input::Finished { result, at } => {
                match result {
                    EffectResult::Done(found) => {
                        self.findings.extend(found.findings.iter().cloned());
                        self.attempt = Attempt::default();
                        self.gone |= found.gone;
                        if self.seen.is_none() {
                            self.seen.clone_from(&found.seen);
                        }
                        if self.controller.is_none() && found.controller.is_some() {
                            self.controller.clone_from(&found.controller);
                            if self.gone {
                                // Erase: there is nothing left to do in the directory.
                                self.skip_directory();
                            }
                        } else if std::mem::take(&mut self.resetting) {
                            self.reset = true;
                            self.findings.push(format!(
                                "the password of {} was not the vault's; it was reset to it [X-13]",
                                self.plan.name
                            ));
                        } else {
                            self.index += 1;
                        }
                    }
                    EffectResult::Failed { outcome, message } => {
                        self.attempt.fail(*at, *outcome, message);
                        if *outcome == Outcome::NotSent && self.attempt.failures() >= UNREACHED {
                            // Every step is safe on any controller; the one before cannot be reached.
                            self.controller = None;
                        }
                    }
                    EffectResult::Refused { reason, message } => self.refused(*reason, message),
                }
                Ok(())
            }
            Input::Retry { .. } => {
                self.parked = None;
                self.attempt.forgive();
                // Whatever a person mended, it is looked at anew.
                self.controller = None;
                Ok(())
            }
            Input::Abandon { .. } => {
                self.parked = None;
                self.attempt = Attempt::default();
                self.controller = None;
                // A second time gives up the way back too.
                self.undo = if self.abandoned { Vec::new() } else { self.way_back() };
                self.undoing = !self.undo.is_empty();
                self.abandoned = true;
                self.index = 0;
                Ok(())
            }
            Input::Cancel { .. } => Err(Misfit::new("a cancel", "an operation on a live account")),
        }
    }

    fn next(&self) -> Next {
        if let Some(finding) = &self.parked {
            return Next::Park { finding: finding.clone() };
        }
        match self.effect() {
            Some(effect) => Next::Run { effect, not_before: self.attempt.not_before() },
            // A plan that speaks of a secret which the account has not: a person looks at it.
            None if self.steps().get(self.index).is_some() && (self.undoing || !self.abandoned) => {
                Next::Park { finding: format!("{} has no secret", self.plan.name) }
            }
            None if self.abandoned => Next::End(Ending::Abandoned),
            None => Next::End(Ending::Done),
        }
    }

    fn effect(&self) -> Option<Effect> {
        if self.abandoned && !self.undoing {
            return None;
        }
        let step = self.steps().get(self.index)?;
        let account = self.plan.account;
        // Secrets are deactivated whether or not a controller can be reached.
        match step {
            Step::DeactivateSecret => {
                return Some(Effect::DeactivateSecret { secret: self.plan.secret.clone()? });
            }
            Step::ConfirmGone => return Some(Effect::ConfirmGone { account }),
            Step::DropPending { pending } => {
                return Some(Effect::SettleSecrets {
                    place: pending.place.clone(),
                    name: pending.name.clone(),
                    recorded: pending.secret.clone(),
                    keep: false,
                });
            }
            Step::MoveSecret { place, stay_below } => {
                return Some(Effect::MoveSecret {
                    secret: self.plan.secret.clone()?,
                    place: place.clone(),
                    stay_below: *stay_below,
                });
            }
            _ => {}
        }
        let Some(controller) = self.controller.clone() else {
            if *step == Step::Mark {
                return Some(Effect::Examine { account, name: self.plan.name.clone() });
            }
            return Some(Effect::Locate {
                account,
                may_be_gone: self.plan.operation == OperationKind::Erase,
            });
        };
        let change = |change| Effect::Change { controller: controller.clone(), account, change };
        Some(match step {
            Step::Disable => change(AccountChange { enabled: Some(false), ..AccountChange::default() }),
            Step::Enable => change(AccountChange { enabled: Some(true), ..AccountChange::default() }),
            Step::Expires { expires } => {
                change(AccountChange { expires: Some(*expires), ..AccountChange::default() })
            }
            Step::RetireName { name, domain } => change(AccountChange {
                rename: Some((name.clone(), domain.clone())),
                clear_service_principal_names: true,
                ..AccountChange::default()
            }),
            Step::MoveTo { ou, name } => {
                Effect::Move { controller, account, ou: ou.clone(), name: name.clone() }
            }
            Step::EnsureGroups { groups } => {
                Effect::EnsureGroups { controller, account, groups: groups.clone() }
            }
            Step::JoinGroup { group } => Effect::JoinGroup { controller, account, group: group.clone() },
            Step::LeaveGroup { group } => Effect::LeaveGroup { controller, account, group: group.clone() },
            Step::VerifyPassword if self.resetting => {
                Effect::ResetPassword { controller, account, secret: self.plan.secret.clone()? }
            }
            Step::VerifyPassword => {
                Effect::VerifyPassword { controller, account, secret: self.plan.secret.clone()? }
            }
            Step::DeleteAccount => Effect::DeleteAccount { controller, account },
            Step::Survey { attributes, secret, security } => Effect::Survey {
                controller,
                account,
                attributes: attributes.clone(),
                secret: self.plan.secret.clone().filter(|_| *secret),
                security: *security,
            },
            Step::Update { change: to } => change(to.clone()),
            Step::Mark => Effect::Claim { controller, account },
            Step::DeactivateSecret
            | Step::DropPending { .. }
            | Step::MoveSecret { .. }
            | Step::ConfirmGone => return None,
        })
    }

    fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    fn findings(&self) -> &[String] {
        &self.findings
    }

    fn account(&self) -> Option<ObjectGuid> {
        Some(self.plan.account)
    }

    fn secret(&self) -> Option<&SecretId> {
        self.plan.secret.as_ref()
    }

    fn seen(&self) -> Option<&Seen> {
        self.seen.as_deref()
    }

    /// What puts back what it has done so far, or may have.
    fn way_back(&self) -> Vec<Step> {
        if self.undoing {
            self.undo.clone()
        } else if self.abandoned {
            Vec::new()
        } else {
            way_back(&self.plan, self.index, self.seen())
        }
    }

    /// What it took over from operations whose place it took, and from those before them, that may not be put back yet.
    fn inherited(&self) -> Vec<Step> {
        // A person who gave up twice has seen what is left.
        if self.abandoned && !self.undoing { Vec::new() } else { self.plan.inherited.clone() }
    }
}
