//! Having the vault give an account another password (T-14).
//!
//! What directory and vault are like before is noted; the vault is asked; it is looked at until it has done it; and a sign-in proves that the directory has
//! what the vault holds, tried only once the directory shows another password. Nothing is undone: at every moment the vault holds what it set.

use ad_directory::{Controller, ObjectGuid};
use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, describe};
use super::effect::{Effect, EffectResult, Reason};
use super::input::Input;
use super::plan::VaultRotatePlan;
use super::record::{Ending, Misfit, Next};
use super::state::Saga;
use crate::error::Outcome;
use crate::model::ids::SecretId;

/// After how many failures to reach the controller another one is chosen.
const UNREACHED: u32 = 2;
/// How often a bind may say that the vault's password is wrong: below every sensible lockout threshold.
const WRONG_BINDS: u32 = 2;
/// How long the second one waits: the controllers may not agree yet.
const BETWEEN_BINDS: SignedDuration = SignedDuration::from_mins(5);
/// How often nobody may know whether the vault took the order, before a person is asked.
const DOUBTS: u32 = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    plan: VaultRotatePlan,
    step: Step,
    attempt: Attempt,
    controller: Option<Controller>,
    /// The vault's last try, and the directory's last password, before it was asked.
    noted: Noted,
    /// Since when it is waited for what the step wants.
    waits_since: Option<Timestamp>,
    doubts: u32,
    wrong_binds: u32,
    bind_from: Option<Timestamp>,
    abandoned: bool,
    findings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Noted {
    change: Option<Timestamp>,
    had_failed: bool,
    password: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Note,
    Ask,
    Follow,
    Prove,
    Ended,
    Parked { finding: String, resume: Box<Self> },
}

impl State {
    pub(super) fn new(plan: VaultRotatePlan) -> Self {
        Self {
            plan,
            step: Step::Note,
            attempt: Attempt::default(),
            controller: None,
            noted: Noted::default(),
            waits_since: None,
            doubts: 0,
            wrong_binds: 0,
            bind_from: None,
            abandoned: false,
            findings: Vec::new(),
        }
    }

    fn not_before(&self) -> Option<(Timestamp, String)> {
        let pause = self.attempt.not_before();
        let why = || "the controllers may not agree on the password yet".to_owned();
        let bind = self.bind_from.filter(|_| self.step == Step::Prove).map(|at| (at, why()));
        match (pause, bind) {
            (Some(pause), Some(bind)) => Some(if bind.0 > pause.0 { bind } else { pause }),
            (pause, bind) => pause.or(bind),
        }
    }

    fn patience(&self) -> SignedDuration {
        SignedDuration::from_millis(i64::try_from(self.plan.patience_ms).unwrap_or(i64::MAX))
    }

    fn go(&mut self, step: Step) {
        self.step = step;
        self.attempt = Attempt::default();
        self.waits_since = None;
    }

    fn finished(&mut self, result: &EffectResult, at: Timestamp) {
        let is_locating = matches!(self.effect(), Some(Effect::Locate { .. }));
        match result {
            EffectResult::Done(found) if is_locating => {
                self.controller.clone_from(&found.controller);
                self.attempt = Attempt::default();
            }
            EffectResult::Done(found) if found.not_yet => self.not_yet(at),
            EffectResult::Done(found) => {
                self.findings.extend(found.findings.iter().cloned());
                let next = match &self.step {
                    Step::Note => {
                        self.noted = Noted {
                            change: found.vault_change,
                            had_failed: found.vault_failed,
                            password: found.password_set,
                        };
                        Step::Ask
                    }
                    Step::Ask => Step::Follow,
                    Step::Follow => Step::Prove,
                    Step::Prove | Step::Ended | Step::Parked { .. } => Step::Ended,
                };
                self.go(next);
            }
            EffectResult::Failed { outcome, message } => {
                let is_doubt = matches!(outcome, Outcome::Unknown | Outcome::Done);
                self.attempt.fail(at, *outcome, message);
                if self.step == Step::Ask && is_doubt {
                    self.doubts += 1;
                }
                if *outcome == Outcome::NotSent && self.attempt.failures() >= UNREACHED {
                    self.controller = None;
                }
            }
            EffectResult::Refused { reason, message } => self.refused(*reason, message, at),
        }
        if self.doubts > DOUBTS {
            let message =
                format!("nobody knows whether the vault took the order to change {}", self.plan.name);
            self.park(&message, Step::Note);
        }
    }

    /// Looked at again, with growing pauses, as long as there is patience.
    fn not_yet(&mut self, at: Timestamp) {
        let since = *self.waits_since.get_or_insert(at);
        // An order that may still be told waits for its own time first.
        let times = if self.step == Step::Ask { 2 } else { 1 };
        let is_over = at.duration_since(since) > self.patience().saturating_mul(times);
        let name = &self.plan.name;
        let (what, resume) = match self.step {
            Step::Note => (format!("the vault is changing the password of {name} already"), Step::Note),
            Step::Ask => (format!("nobody knows whether the vault was asked to change {name}"), Step::Note),
            Step::Prove => (
                format!(
                    "the vault says that it changed the password of {name}, and the directory shows no other"
                ),
                Step::Prove,
            ),
            _ => (format!("the vault has not changed the password of {name} yet"), Step::Note),
        };
        if is_over {
            self.park(&what, resume);
        } else {
            self.attempt.fail(at, Outcome::NotDone, &what);
        }
    }

    fn refused(&mut self, reason: Reason, message: &str, at: Timestamp) {
        match (&self.step, reason) {
            (Step::Prove, Reason::PasswordWrong) => {
                self.wrong_binds += 1;
                if self.wrong_binds < WRONG_BINDS {
                    self.attempt.fail(at, Outcome::NotDone, message);
                    self.bind_from = at.checked_add(BETWEEN_BINDS).ok();
                } else {
                    self.park(message, Step::Prove);
                }
            }
            (Step::Prove, _) => self.park(message, Step::Prove),
            // A person mended something: what was before is noted anew, and the vault asked again.
            _ => self.park(message, Step::Note),
        }
    }

    fn park(&mut self, finding: &str, resume: Step) {
        self.go(Step::Parked { finding: finding.to_owned(), resume: Box::new(resume) });
    }
}

impl Saga for State {
    fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        match input {
            Input::Started { effect: name, at, .. } => {
                self.next_is(name)?;
                if self.step == Step::Ask && self.attempt.is_started() {
                    self.doubts += 1;
                }
                self.attempt.start(*at);
                self.waits_since.get_or_insert(*at);
                Ok(())
            }
            Input::Finished { result, .. } if !self.attempt.is_started() => {
                Err(Misfit::new(describe(result), "no effect under way"))
            }
            Input::Finished { result, at } => {
                self.finished(result, *at);
                Ok(())
            }
            Input::Retry { .. } => {
                if let Step::Parked { resume, .. } = &self.step {
                    let resume = (**resume).clone();
                    self.go(resume);
                }
                // Whatever a person mended, it is looked at anew.
                (self.controller, self.bind_from) = (None, None);
                (self.doubts, self.wrong_binds) = (0, 0);
                Ok(())
            }
            Input::Abandon { .. } => match self.step {
                Step::Parked { .. } => {
                    self.abandoned = true;
                    self.go(Step::Ended);
                    Ok(())
                }
                ref step => Err(Misfit::new("an abandon", format!("{step:?}"))),
            },
            Input::Cancel { .. } => Err(Misfit::new("a cancel", "a rotation of a live account's password")),
        }
    }

    fn next(&self) -> Next {
        match (&self.step, self.effect()) {
            (Step::Ended, _) if self.abandoned => Next::End(Ending::Abandoned),
            (Step::Ended, _) => Next::End(Ending::Done),
            (Step::Parked { finding, .. }, _) => Next::Park { finding: finding.clone() },
            (_, Some(effect)) => Next::Run { effect, not_before: self.not_before() },
            (step, None) => Next::Park { finding: format!("nothing can be done in step {step:?}") },
        }
    }

    fn effect(&self) -> Option<Effect> {
        let (account, secret) = (self.plan.account, self.plan.secret.clone());
        let controller = match (&self.controller, &self.step) {
            (Some(controller), _) => Some(controller.clone()),
            (None, Step::Note | Step::Prove) => {
                return Some(Effect::Locate { account, may_be_gone: false });
            }
            (None, _) => None,
        };
        Some(match &self.step {
            Step::Note => Effect::NoteChange { controller: controller?, account, secret },
            Step::Ask => {
                let patience = self.patience();
                let later = |at: Timestamp| at.checked_add(patience).unwrap_or(Timestamp::MAX);
                let again_from = self.attempt.doubt_since().map(later);
                Effect::AskChange { secret, since: self.noted.change, again_from }
            }
            Step::Follow => {
                let Noted { change: since, had_failed, .. } = self.noted;
                Effect::FollowChange { secret, since, had_failed }
            }
            Step::Prove => {
                Effect::ProveChange { controller: controller?, account, secret, since: self.noted.password }
            }
            Step::Ended | Step::Parked { .. } => return None,
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
        Some(&self.plan.secret)
    }
}
