//! Taking an account over that is there already (M-1): it is looked at, marked as ours, its password is proved if somebody says where it is, and
//! it gets what its template says. Nothing resets a password.
//!
//! Until the last effect everything can be undone: letting an account go again takes the marker off, and nothing else was written.

use ad_directory::{Controller, ObjectGuid};
use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, describe, settled};
use super::effect::{AccountChange, Effect, EffectResult, Reason, Seen};
use super::input::Input;
use super::plan::AdoptPlan;
use super::record::{Ending, Misfit, Next};
use crate::error::Outcome;
use crate::model::ids::SecretId;

/// After how many failures to reach the controller another one is chosen, as long as nothing was asked of it.
const UNREACHED: u32 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    plan: AdoptPlan,
    step: Step,
    attempt: Attempt,
    controller: Option<Controller>,
    seen: Option<Box<Seen>>,
    /// Whether a marker of ours may be on it, and since when one may still come.
    claim_touched: bool,
    claim_doubt: Option<Timestamp>,
    failure: Option<Ending>,
    findings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Examine,
    Claim,
    Verify,
    Change,
    Done,
    // The way back.
    Release,
    Ended,
    Parked { finding: String, resume: Box<Self> },
}

impl State {
    pub(super) fn new(plan: AdoptPlan) -> Self {
        Self {
            plan,
            step: Step::Examine,
            attempt: Attempt::default(),
            controller: None,
            seen: None,
            claim_touched: false,
            claim_doubt: None,
            failure: None,
            findings: Vec::new(),
        }
    }

    pub(super) const fn account(&self) -> ObjectGuid {
        self.plan.account
    }

    pub(super) const fn secret(&self) -> Option<&SecretId> {
        self.plan.secret.as_ref()
    }

    pub(super) fn seen(&self) -> Option<&Seen> {
        self.seen.as_deref()
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.attempt.is_started()
    }

    pub(super) fn effect_name(&self) -> Option<&'static str> {
        self.effect().map(|effect| effect.name())
    }

    pub(super) fn findings(&self) -> &[String] {
        &self.findings
    }

    pub(super) fn next(&self) -> Next {
        match (&self.step, self.effect()) {
            (Step::Done, _) => Next::End(Ending::Done),
            (Step::Ended, _) => Next::End(self.failure.clone().unwrap_or(Ending::Abandoned)),
            (Step::Parked { finding, .. }, _) => Next::Park { finding: finding.clone() },
            (_, Some(effect)) => Next::Run { effect, not_before: self.not_before() },
            (step, None) => Next::Park { finding: format!("nothing can be done in step {step:?}") },
        }
    }

    /// A marker that comes late must not come behind the look that takes it off.
    fn not_before(&self) -> Option<(Timestamp, String)> {
        let settle = SignedDuration::from_millis(i64::try_from(self.plan.settle_ms).unwrap_or(i64::MAX));
        let doubt = if self.step == Step::Release { self.claim_doubt } else { None };
        settled(self.attempt.not_before(), doubt, settle)
    }

    fn effect(&self) -> Option<Effect> {
        let account = self.plan.account;
        let controller = || self.controller.clone();
        Some(match &self.step {
            Step::Examine => Effect::Examine { account, name: self.plan.name.clone() },
            Step::Claim => Effect::Claim { controller: controller()?, account },
            Step::Verify => Effect::VerifyPassword {
                controller: controller()?,
                account,
                secret: self.plan.secret.clone()?,
            },
            Step::Change => Effect::Change {
                controller: controller()?,
                account,
                change: AccountChange {
                    expires: Some(self.plan.expires),
                    description: self.plan.description.clone(),
                    attributes: self.plan.attributes.clone(),
                    password_change_denied: self.plan.password_change_denied,
                    ..AccountChange::default()
                },
            },
            Step::Release => Effect::Release { controller: controller()?, account },
            Step::Done | Step::Ended | Step::Parked { .. } => return None,
        })
    }

    pub(super) fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        match input {
            Input::Started { effect: name, at, .. } => match self.effect() {
                Some(effect) if effect.name() == name => {
                    self.attempt.start(*at);
                    self.claim_touched |= self.step == Step::Claim;
                    Ok(())
                }
                other => Err(Misfit::new(
                    format!("the start of {name}"),
                    other.map_or("nothing", |effect| effect.name()),
                )),
            },
            Input::Finished { result, .. } if !self.attempt.is_started() => {
                Err(Misfit::new(describe(result), "no effect under way"))
            }
            Input::Finished { result, at } => self.finished(result, *at),
            Input::Retry { .. } => {
                if let Step::Parked { resume, .. } = &self.step {
                    let resume = (**resume).clone();
                    self.go(resume);
                }
                self.attempt.forgive();
                Ok(())
            }
            Input::Abandon { .. } => match &self.step {
                // A second time gives up the way back too: then the marker stays, and the finding has said so.
                Step::Parked { resume, .. } if **resume == Step::Release => {
                    self.go(Step::Ended);
                    Ok(())
                }
                Step::Parked { .. } => {
                    self.turn_back(Ending::Abandoned);
                    Ok(())
                }
                step => Err(Misfit::new("an abandon", format!("{step:?}"))),
            },
            Input::Cancel { .. } => Err(Misfit::new("a cancel", "an adoption")),
        }
    }

    fn go(&mut self, step: Step) {
        if self.step == Step::Claim {
            self.claim_doubt = self.claim_doubt.max(self.attempt.doubt_since());
        }
        self.step = step;
        self.attempt = Attempt::default();
    }

    fn finished(&mut self, result: &EffectResult, at: Timestamp) -> Result<(), Misfit> {
        match result {
            EffectResult::Done(found) => {
                self.findings.extend(found.findings.iter().cloned());
                let next = match &self.step {
                    Step::Examine => {
                        let missing = || Misfit::new("a result without what was seen", "what was seen");
                        self.controller = Some(found.controller.clone().ok_or_else(missing)?);
                        self.seen = Some(found.seen.clone().ok_or_else(missing)?);
                        Step::Claim
                    }
                    Step::Claim if self.plan.secret.is_some() => Step::Verify,
                    Step::Claim | Step::Verify => Step::Change,
                    Step::Change => Step::Done,
                    Step::Release | Step::Done | Step::Ended | Step::Parked { .. } => Step::Ended,
                };
                self.attempt.end();
                self.go(next);
            }
            EffectResult::Failed { outcome, message } => {
                self.attempt.fail(at, *outcome, message);
                // Nothing was ever asked of this controller, so any other will do.
                if self.step == Step::Claim
                    && *outcome == Outcome::NotSent
                    && !self.attempt.in_doubt()
                    && self.attempt.failures() >= UNREACHED
                {
                    self.go(Step::Examine);
                }
            }
            EffectResult::Refused { reason, message } => {
                self.attempt.end();
                self.refused(*reason, message);
            }
        }
        Ok(())
    }

    fn refused(&mut self, reason: Reason, message: &str) {
        match (&self.step, reason) {
            (Step::Release, Reason::AccountMissing) => self.go(Step::Ended),
            // Whether it was changed by an attempt that nobody saw the end of, a person says.
            (Step::Change, _) if self.attempt.in_doubt() => self.park(message),
            (Step::Release, _) | (Step::Verify | Step::Change, Reason::MarkerForeign) => self.park(message),
            _ => self.turn_back(Ending::Compensated { reason, message: message.to_owned() }),
        }
    }

    fn park(&mut self, finding: &str) {
        let resume = Box::new(self.step.clone());
        self.go(Step::Parked { finding: finding.to_owned(), resume });
    }

    fn turn_back(&mut self, ending: Ending) {
        self.failure = Some(ending);
        let step = if self.claim_touched { Step::Release } else { Step::Ended };
        self.go(step);
    }
}
