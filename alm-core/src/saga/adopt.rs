//! Taking an account over that is there already (M-1): it is looked at, marked as ours, its password is proved if somebody says where it is, and
//! it gets what its template says.
//!
//! Until the last effect everything can be undone: letting an account go again takes the marker off, and nothing else was written.
//!
//! If somebody asked for it, the account gets another password: a secret with it is made first, then the directory hears of it, then a sign-in proves it.
//! That cannot be undone, because nobody knows the old one: from the moment on in which the directory may have the new one, the secret stays, whatever
//! becomes of the rest.

use ad_directory::{Controller, ObjectGuid};
use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, describe, settled};
use super::effect::{AccountChange, Effect, EffectResult, Reason, Seen};
use super::input::Input;
use super::plan::{AdoptPlan, NewSecretPlan};
use super::record::{Ending, Misfit, Next};
use super::state::Saga;
use crate::error::Outcome;
use crate::model::ids::SecretId;

/// After how many failures to reach the controller another one is chosen, as long as nothing was asked of it.
const UNREACHED: u32 = 2;
/// How many passwords the directory may refuse.
const PASSWORDS: u32 = 3;
/// How often a bind may say that the new password is wrong: below every sensible lockout threshold.
const WRONG_BINDS: u32 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about what may be outside")]
pub(super) struct State {
    plan: AdoptPlan,
    step: Step,
    attempt: Attempt,
    controller: Option<Controller>,
    seen: Option<Box<Seen>>,
    /// Whether a marker of ours may be on it, and since when one may still come.
    claim_touched: bool,
    claim_doubt: Option<Timestamp>,
    /// The secret that was made for it, whether one may be there, and since when one more may come, or another password into it.
    made: Option<SecretId>,
    secret_touched: bool,
    secret_doubt: Option<Timestamp>,
    write_doubt: Option<Timestamp>,
    /// Whether the directory may have the password of that secret; whether an attempt to set it may still arrive, and whether one is known to have.
    maybe_set: bool,
    set_doubt: Option<Timestamp>,
    set_done: bool,
    /// Why the directory refused it, while an attempt before may have got through.
    refusal: Option<(Reason, String)>,
    passwords_refused: u32,
    wrong_binds: u32,
    failure: Option<Ending>,
    findings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Examine,
    Claim,
    CreateSecret,
    ReplacePassword,
    Set,
    Recheck,
    Verify,
    Settle,
    Change,
    Done,
    // The way back.
    DropSecrets,
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
            made: None,
            secret_touched: false,
            secret_doubt: None,
            write_doubt: None,
            maybe_set: false,
            set_doubt: None,
            set_done: false,
            refusal: None,
            passwords_refused: 0,
            wrong_binds: 0,
            failure: None,
            findings: Vec::new(),
        }
    }

    /// A marker that comes late must not come behind the look that takes it off, nor a secret behind the look for it.
    fn not_before(&self) -> Option<(Timestamp, String)> {
        let settle = SignedDuration::from_millis(i64::try_from(self.plan.settle_ms).unwrap_or(i64::MAX));
        let doubt = match self.step {
            Step::Release => self.claim_doubt,
            //
            Step::CreateSecret => self.attempt.doubt_since(),
            Step::Settle | Step::DropSecrets => self.secret_doubt,
            // What is proved must be what stays there.
            Step::Verify => self.write_doubt,
            // What may still arrive has arrived by then.
            Step::Recheck => self.set_doubt,
            _ => None,
        };
        settled(self.attempt.not_before(), doubt, settle)
    }

    /// What was asked may still be carried out.
    fn note_doubt(&mut self, at: Timestamp) {
        match self.step {
            Step::CreateSecret => self.secret_doubt = self.secret_doubt.max(Some(at)),
            Step::ReplacePassword => self.write_doubt = self.write_doubt.max(Some(at)),
            Step::Set => self.set_doubt = self.set_doubt.max(Some(at)),
            _ => {}
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
                    Step::Claim if self.plan.new_secret.is_some() => Step::CreateSecret,
                    Step::CreateSecret => {
                        self.made = Some(found.secret.clone().ok_or_else(|| {
                            Misfit::new("a result without a secret", "the secret that was made")
                        })?);
                        Step::Set
                    }
                    Step::ReplacePassword => Step::Set,
                    Step::Set => {
                        self.set_done = true;
                        Step::Verify
                    }
                    Step::Recheck => {
                        (self.set_done, self.refusal) = (true, None);
                        Step::Settle
                    }
                    Step::Verify if self.made.is_some() => Step::Settle,
                    Step::Claim | Step::Verify | Step::Settle => Step::Change,
                    Step::Change => Step::Done,
                    Step::DropSecrets => Step::Release,
                    Step::Release | Step::Done | Step::Ended | Step::Parked { .. } => Step::Ended,
                };
                self.attempt.end();
                self.go(next);
            }
            EffectResult::Failed { outcome, message } => {
                if matches!(outcome, Outcome::Unknown | Outcome::Done) {
                    self.note_doubt(at);
                }
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
        let is_sure = self.set_doubt.is_none() && !self.set_done;
        if self.step == Step::Set && is_sure {
            self.maybe_set = false;
        }
        match (&self.step, reason) {
            (Step::Release, Reason::AccountMissing) => self.go(Step::Ended),
            // X-9; not while the directory may have the one that would be replaced.
            (Step::Set, Reason::PasswordPolicy) if is_sure && self.passwords_refused + 1 < PASSWORDS => {
                self.passwords_refused += 1;
                self.go(Step::ReplacePassword);
            }
            // An attempt before may have got through: a sign-in tells, once that one has settled.
            (Step::Set, _) if !self.set_done && !is_sure => {
                self.refusal = Some((reason, message.to_owned()));
                self.go(Step::Recheck);
            }
            (Step::Recheck, Reason::PasswordWrong) => {
                (self.maybe_set, self.set_doubt) = (false, None);
                let (reason, message) = self.refusal.take().unwrap_or_else(|| (reason, message.to_owned()));
                if reason == Reason::PasswordPolicy && self.passwords_refused + 1 < PASSWORDS {
                    self.passwords_refused += 1;
                    self.go(Step::ReplacePassword);
                } else {
                    self.turn_back(Ending::Compensated { reason, message });
                }
            }
            // Somebody set another one in between: the vault's is set once more.
            (Step::Verify, Reason::PasswordWrong) if self.made.is_some() => {
                self.wrong_binds += 1;
                if self.wrong_binds < WRONG_BINDS { self.go(Step::Set) } else { self.park(message) }
            }
            // Whether it was changed by an attempt that nobody saw the end of, a person says.
            (Step::Change, _) if self.attempt.in_doubt() => self.park(message),
            (Step::Release | Step::DropSecrets, _) | (Step::Verify | Step::Change, Reason::MarkerForeign) => {
                self.park(message);
            }
            // E-8: while nothing is there yet it ends here; after that a person changes the policy.
            (Step::Examine | Step::Claim, Reason::LocalPolicy) => {
                self.turn_back(Ending::Compensated { reason, message: message.to_owned() });
            }
            (_, Reason::LocalPolicy) => self.park(message),
            // There is no way back from a password that is gone.
            _ if self.maybe_set => self.park(message),
            _ => self.turn_back(Ending::Compensated { reason, message: message.to_owned() }),
        }
    }

    fn park(&mut self, finding: &str) {
        let resume = match self.step {
            // A person mended something: the new password is set once more before it is proved.
            Step::Verify | Step::Recheck if self.made.is_some() => Step::Set,
            ref step => step.clone(),
        };
        self.go(Step::Parked { finding: finding.to_owned(), resume: Box::new(resume) });
    }

    fn turn_back(&mut self, ending: Ending) {
        self.failure = Some(ending);
        if let Some(secret) = self.leaves_secret() {
            let name = &self.plan.name;
            self.findings
                .push(format!("the password of {name} was reset; secret {secret} has the new one and stays"));
        }
        let step = match (self.secret_touched, self.claim_touched) {
            (true, _) => Step::DropSecrets,
            (false, true) => Step::Release,
            (false, false) => Step::Ended,
        };
        self.go(step);
    }
}

impl Saga for State {
    fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        match input {
            Input::Started { effect: name, at, .. } => {
                self.next_is(name)?;
                if self.attempt.is_started() {
                    self.note_doubt(*at);
                }
                self.attempt.start(*at);
                self.claim_touched |= self.step == Step::Claim;
                self.secret_touched |= self.step == Step::CreateSecret;
                self.maybe_set |= self.step == Step::Set;
                Ok(())
            }
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
                (self.passwords_refused, self.wrong_binds) = (0, 0);
                Ok(())
            }
            Input::Abandon { .. } => match &self.step {
                // A second time gives up the way back too: then the marker stays, and the finding has said so.
                Step::Parked { resume, .. } if matches!(**resume, Step::Release | Step::DropSecrets) => {
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

    fn next(&self) -> Next {
        match (&self.step, self.effect()) {
            (Step::Done, _) => Next::End(Ending::Done),
            (Step::Ended, _) => Next::End(self.failure.clone().unwrap_or(Ending::Abandoned)),
            (Step::Parked { finding, .. }, _) => Next::Park { finding: finding.clone() },
            (_, Some(effect)) => Next::Run { effect, not_before: self.not_before() },
            (step, None) => Next::Park { finding: format!("nothing can be done in step {step:?}") },
        }
    }

    fn effect(&self) -> Option<Effect> {
        let account = self.plan.account;
        let controller = || self.controller.clone();
        Some(match &self.step {
            Step::Examine => Effect::Examine { account, name: self.plan.name.clone() },
            Step::Claim => Effect::Claim { controller: controller()?, account },
            Step::CreateSecret => {
                let NewSecretPlan { place, name, domain } = self.plan.new_secret.clone()?;
                Effect::CreateSecret { place, name, domain, username: self.plan.name.clone() }
            }
            Step::ReplacePassword => Effect::ReplacePassword { secret: self.made.clone()? },
            Step::Set => {
                Effect::SetPassword { controller: controller()?, account, secret: self.made.clone()? }
            }
            Step::Verify | Step::Recheck => {
                Effect::VerifyPassword { controller: controller()?, account, secret: self.secret().cloned()? }
            }
            Step::Settle | Step::DropSecrets => {
                let NewSecretPlan { place, name, .. } = self.plan.new_secret.clone()?;
                // Once the directory may have its password, the secret stays whatever becomes of the account.
                let keep = self.step == Step::Settle || self.maybe_set;
                Effect::SettleSecrets { place, name, recorded: self.made.clone(), keep }
            }
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
        if self.plan.secret.is_some() { self.plan.secret.as_ref() } else { self.made.as_ref() }
    }

    /// The secret that holds what the directory may have by now, though the account is not managed.
    fn leaves_secret(&self) -> Option<&SecretId> {
        if self.maybe_set { self.made.as_ref() } else { None }
    }

    fn seen(&self) -> Option<&Seen> {
        self.seen.as_deref()
    }
}
