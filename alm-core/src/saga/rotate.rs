//! Giving an account another password, and the way its secret comes to hold it (section X, *rotate*).
//!
//! The new password is kept in a second, short-lived secret before the directory hears of it, so at every moment one of the two secrets holds
//! what the directory has. Never is a third password made while it is open which of two holds: what was begun before is gone on with.

use ad_directory::{Controller, ObjectGuid};
use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, describe, settled};
use super::effect::{Effect, EffectResult, Reason};
use super::input::Input;
use super::plan::RotatePlan;
use super::record::{Ending, Misfit, Next};
use super::state::Saga;
use crate::error::Outcome;
use crate::model::ids::SecretId;

/// How many passwords the directory may refuse.
const PASSWORDS: u32 = 3;
/// How often a bind may say that the new password is wrong: below every sensible lockout threshold.
const WRONG_BINDS: u32 = 2;
/// After how many failures to reach the controller another one is chosen.
const UNREACHED: u32 = 2;
/// How often telling the dependents may fail before they are left to people, by name.
const TELLINGS: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about what may be outside")]
pub(super) struct State {
    plan: RotatePlan,
    step: Step,
    attempt: Attempt,
    controller: Option<Controller>,
    pending: Option<SecretId>,
    /// Since when one more pending secret may come, and since when a write to either secret may.
    secret_doubt: Option<Timestamp>,
    write_doubt: Option<Timestamp>,
    /// Whether the directory may have the new password and the account's own secret has not.
    maybe_set: bool,
    /// Whether an attempt to set it may still arrive, and whether one is known to have arrived.
    set_doubt: bool,
    set_done: bool,
    /// Whether a bind is to tell if a password that was refused is there all the same.
    rechecks: bool,
    /// Whether the account's own secret has it.
    written: bool,
    passwords_refused: u32,
    wrong_binds: u32,
    abandoned: bool,
    findings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    CreatePending,
    ReplacePending,
    Set,
    VerifyNew,
    VerifyOld,
    Write,
    TellDependents,
    DropPending,
    Ended,
    Parked { finding: String, resume: Box<Self> },
}

impl State {
    pub(super) fn new(plan: RotatePlan) -> Self {
        let pending = plan.pending.secret.clone();
        Self {
            step: if pending.is_some() { Step::Set } else { Step::CreatePending },
            // What an earlier rotation left may be what the directory has.
            maybe_set: plan.resumes,
            plan,
            attempt: Attempt::default(),
            controller: None,
            pending,
            secret_doubt: None,
            write_doubt: None,
            set_doubt: false,
            set_done: false,
            rechecks: false,
            written: false,
            passwords_refused: 0,
            wrong_binds: 0,
            abandoned: false,
            findings: Vec::new(),
        }
    }

    /// a request whose answer never came may still be carried out, so what would be harmed by that waits.
    fn not_before(&self) -> Option<(Timestamp, String)> {
        let settle = SignedDuration::from_millis(i64::try_from(self.plan.settle_ms).unwrap_or(i64::MAX));
        let doubt = match self.step {
            Step::CreatePending => self.attempt.doubt_since(),
            // What is proved must be what stays there.
            Step::VerifyNew => self.write_doubt,
            // A late write of this rotation must not come behind the next one.
            Step::DropPending => self.secret_doubt.max(self.write_doubt),
            _ => None,
        };
        settled(self.attempt.not_before(), doubt, settle)
    }

    fn started(&mut self, name: &str, at: Timestamp) -> Result<(), Misfit> {
        let effect = self.next_is(name)?;
        if self.attempt.is_started() {
            self.note_doubt(at);
        }
        self.attempt.start(at);
        self.maybe_set |= matches!(effect, Effect::SetPassword { .. });
        Ok(())
    }

    /// What was asked may still be carried out.
    fn note_doubt(&mut self, at: Timestamp) {
        match self.step {
            Step::CreatePending => self.secret_doubt = self.secret_doubt.max(Some(at)),
            Step::ReplacePending | Step::Write => self.write_doubt = self.write_doubt.max(Some(at)),
            Step::Set => self.set_doubt |= self.controller.is_some(),
            _ => {}
        }
    }

    fn finished(&mut self, result: &EffectResult, at: Timestamp) {
        let locating = matches!(self.effect(), Some(Effect::Locate { .. }));
        match result {
            EffectResult::Done(found) => {
                self.findings.extend(found.findings.iter().cloned());
                if locating {
                    self.controller.clone_from(&found.controller);
                    self.attempt = Attempt::default();
                } else {
                    if found.secret.is_some() {
                        self.pending.clone_from(&found.secret);
                    }
                    self.done();
                }
            }
            EffectResult::Failed { outcome, message } => {
                if matches!(outcome, Outcome::Unknown | Outcome::Done) {
                    self.note_doubt(at);
                }
                self.attempt.fail(at, *outcome, message);
                if self.step == Step::TellDependents && self.attempt.failures() >= TELLINGS {
                    self.findings.push(message.clone());
                    self.go(Step::DropPending);
                } else if *outcome == Outcome::NotSent && self.attempt.failures() >= UNREACHED {
                    self.choose_again();
                }
            }
            EffectResult::Refused { reason, message } => self.refused(*reason, message),
        }
    }

    /// Another controller may not have the new password yet, so there it is set first: the same one again, which is harmless.
    fn choose_again(&mut self) {
        (self.controller, self.rechecks) = (None, false);
        if matches!(self.step, Step::VerifyNew | Step::VerifyOld) {
            self.step = Step::Set;
        }
    }

    fn go(&mut self, step: Step) {
        self.step = step;
        self.attempt = Attempt::default();
    }

    fn done(&mut self) {
        let next = match &self.step {
            Step::CreatePending | Step::ReplacePending | Step::VerifyOld => Step::Set,
            Step::Set => {
                // Its marker makes fail what an earlier attempt may still send.
                (self.set_doubt, self.set_done) = (false, true);
                Step::VerifyNew
            }
            Step::VerifyNew => {
                self.rechecks = false;
                Step::Write
            }
            Step::Write => {
                // From here on the account's own secret has it.
                (self.maybe_set, self.written) = (false, true);
                if self.plan.tell_dependents { Step::TellDependents } else { Step::DropPending }
            }
            Step::TellDependents => Step::DropPending,
            Step::DropPending | Step::Ended | Step::Parked { .. } => Step::Ended,
        };
        self.go(next);
    }

    fn refused(&mut self, reason: Reason, message: &str) {
        let unset = !self.set_doubt && !self.set_done && !self.plan.resumes;
        if self.step == Step::Set && unset {
            self.maybe_set = false;
        }
        let could_replace = !self.set_done && !self.plan.resumes && self.passwords_refused + 1 < PASSWORDS;
        match (&self.step, reason) {
            // X-9; not while the directory may have the one that would be replaced.
            (Step::Set, Reason::PasswordPolicy) if could_replace => {
                self.passwords_refused += 1;
                self.rechecks = self.set_doubt;
                self.go(if self.rechecks { Step::VerifyNew } else { Step::ReplacePending });
            }
            // Refused, and not there: the attempt in doubt was refused as well.
            (Step::VerifyNew, Reason::PasswordWrong) if self.rechecks => {
                (self.rechecks, self.set_doubt, self.maybe_set) = (false, false, false);
                self.go(Step::ReplacePending);
            }
            (Step::VerifyNew, Reason::PasswordWrong) => {
                self.wrong_binds += 1;
                if self.wrong_binds < WRONG_BINDS { self.go(Step::VerifyOld) } else { self.park(message) }
            }
            (Step::VerifyOld, Reason::PasswordWrong) => {
                self.park(&format!("neither the old nor the new password is right: {message}"));
            }
            // E-8: a person changes the policy, and they are told then.
            (_, Reason::LocalPolicy) => self.park(message),
            (Step::TellDependents, _) => {
                self.findings.push(message.to_owned());
                self.go(Step::DropPending);
            }
            (Step::DropPending, Reason::SecretMissing) => self.go(Step::Ended),
            _ => self.park(message),
        }
    }

    fn park(&mut self, finding: &str) {
        let resume = match self.step {
            // A person mended something: the new password is set once more before it is proved.
            Step::VerifyNew | Step::VerifyOld => Step::Set,
            ref step => step.clone(),
        };
        self.go(Step::Parked { finding: finding.to_owned(), resume: Box::new(resume) });
    }

    /// Given up. While nobody knows whether the directory has the new password, its secret stays, and the record remembers it.
    fn abandon(&mut self) -> Result<(), Misfit> {
        let Step::Parked { resume, .. } = &self.step else {
            return Err(Misfit::new("an abandon", format!("{:?}", self.step)));
        };
        let dropping = **resume == Step::DropPending;
        if self.maybe_set {
            self.findings.push(format!(
                "the secret {} may hold the password that the directory has; the next rotation goes on with it",
                self.plan.pending.name
            ));
        }
        // A second time gives up the tidying too.
        let over = self.maybe_set || (dropping && self.abandoned);
        self.abandoned = true;
        self.go(if over { Step::Ended } else { Step::DropPending });
        Ok(())
    }
}

impl Saga for State {
    fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        match input {
            Input::Started { effect: name, at, .. } => self.started(name, *at),
            Input::Finished { result, .. } if !self.attempt.is_started() => {
                Err(Misfit::new(describe(result), "no effect under way"))
            }
            Input::Finished { result, at } => {
                self.finished(result, *at);
                Ok(())
            }
            Input::Retry { .. } => {
                if let Step::Parked { resume, .. } = &self.step {
                    self.step = (**resume).clone();
                }
                self.attempt.forgive();
                self.wrong_binds = 0;
                self.passwords_refused = 0;
                // Whatever a person mended, it is looked at anew.
                self.choose_again();
                Ok(())
            }
            Input::Abandon { .. } => self.abandon(),
            Input::Cancel { .. } => Err(Misfit::new("a cancel", "a rotation of a live account's password")),
        }
    }

    fn next(&self) -> Next {
        match (&self.step, self.effect()) {
            (Step::Ended, _) if self.abandoned && !self.written => Next::End(Ending::Abandoned),
            (Step::Ended, _) => Next::End(Ending::Done),
            (Step::Parked { finding, .. }, _) => Next::Park { finding: finding.clone() },
            (_, Some(effect)) => Next::Run { effect, not_before: self.not_before() },
            (step, None) => Next::Park { finding: format!("nothing can be done in step {step:?}") },
        }
    }

    fn effect(&self) -> Option<Effect> {
        let plan = &self.plan;
        let account = plan.account;
        let on_controller = matches!(self.step, Step::Set | Step::VerifyNew | Step::VerifyOld);
        let controller = match (&self.controller, on_controller) {
            (Some(controller), _) => Some(controller.clone()),
            (None, true) => return Some(Effect::Locate { account, may_be_gone: false }),
            (None, false) => None,
        };
        let pending = self.pending.clone();
        Some(match &self.step {
            Step::CreatePending => Effect::CreateSecret {
                place: plan.pending.place.clone(),
                name: plan.pending.name.clone(),
                domain: plan.domain.clone(),
                username: plan.name.clone(),
            },
            Step::ReplacePending => Effect::ReplacePassword { secret: pending? },
            Step::Set => Effect::SetPassword { controller: controller?, account, secret: pending? },
            Step::VerifyNew => Effect::VerifyPassword { controller: controller?, account, secret: pending? },
            Step::VerifyOld => {
                Effect::VerifyPassword { controller: controller?, account, secret: plan.secret.clone() }
            }
            Step::Write => Effect::CopyPassword { from: pending?, to: plan.secret.clone() },
            Step::TellDependents => Effect::TellDependents { secret: plan.secret.clone() },
            Step::DropPending => Effect::SettleSecrets {
                place: plan.pending.place.clone(),
                name: plan.pending.name.clone(),
                recorded: pending,
                keep: false,
            },
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

    /// The pending secret, once it is known.
    fn pending(&self) -> Option<&SecretId> {
        self.pending.as_ref()
    }

    /// Whether the pending secret may hold what the directory has, and nothing else does.
    fn leaves_pending(&self) -> bool {
        self.maybe_set
    }
}
