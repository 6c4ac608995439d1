//! Making an account: steps 2 to 9 of section X, and the way back.
//!
//! Vault first: whatever crashes, no live account is left whose password nobody has. The account is added disabled, and enabled by the last
//! effect, so that until then everything can be undone. A gMSA goes the same way without the steps of a vault: the domain makes its password.

use ad_directory::{Controller, ObjectGuid};
use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, describe, settled};
use super::effect::{AccountChange, Effect, EffectResult, Found, Reason};
use super::input::Input;
use super::plan::ProvisionPlan;
use super::record::{Ending, Misfit, Next};
use super::state::Saga;
use crate::error::Outcome;
use crate::model::ids::SecretId;

/// How many passwords the directory may refuse.
const PASSWORDS: u32 = 3;
/// How often a bind may say that the password is wrong: below every sensible lockout threshold (section X, step 8).
const WRONG_BINDS: u32 = 2;
/// After how many failures to reach the controller another one is chosen, as long as nothing was asked of it.
const UNREACHED: u32 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about what may be outside")]
pub(super) struct State {
    plan: ProvisionPlan,
    step: Step,
    attempt: Attempt,
    controller: Option<Controller>,
    secret: Option<SecretId>,
    account: Option<ObjectGuid>,
    /// Whether a secret may exist, recorded or not, and since when one more may come.
    secret_touched: bool,
    secret_doubt: Option<Timestamp>,
    /// Whether an account may exist, recorded or not, and since when one may come.
    account_touched: bool,
    account_doubt: Option<Timestamp>,
    /// Since when a password may still be written into the secret behind our back.
    password_doubt: Option<Timestamp>,
    /// Whether an attempt to enable it ended without anybody knowing how: from then on it is never undone, nor cancelled.
    maybe_enabled: bool,
    suffixed: bool,
    passwords_refused: u32,
    wrong_binds: u32,
    cancel: bool,
    failure: Option<Ending>,
    findings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Preflight,
    CreateSecret,
    AddAccount,
    /// Another password is needed before going back to the step.
    ReplacePassword(Box<Self>),
    Join(usize),
    Verify,
    Reset,
    Settle,
    Enable,
    Done,
    // The way back.
    RemoveAccount,
    DropSecrets,
    Ended,
    Parked {
        finding: String,
        resume: Box<Self>,
    },
    Abandoned,
}

impl State {
    pub(super) fn new(plan: ProvisionPlan) -> Self {
        Self {
            plan,
            step: Step::Preflight,
            attempt: Attempt::default(),
            controller: None,
            secret: None,
            account: None,
            secret_touched: false,
            secret_doubt: None,
            account_touched: false,
            account_doubt: None,
            password_doubt: None,
            maybe_enabled: false,
            suffixed: false,
            passwords_refused: 0,
            wrong_binds: 0,
            cancel: false,
            failure: None,
            findings: Vec::new(),
        }
    }

    /// Where a late effect of an earlier attempt would make a second thing, or would come behind the one that looks for it, the next step waits
    /// until that attempt has settled. An account needs it on the way back only: on the way there its name protects it.
    fn not_before(&self) -> Option<(Timestamp, String)> {
        let settle = SignedDuration::from_millis(i64::try_from(self.plan.settle_ms).unwrap_or(i64::MAX));
        let doubt = match self.step {
            Step::CreateSecret => self.attempt.doubt_since(),
            Step::Settle | Step::DropSecrets => self.secret_doubt,
            Step::RemoveAccount => self.account_doubt,
            // What is proved must be what stays there.
            Step::Verify => self.password_doubt,
            _ => None,
        };
        settled(self.attempt.not_before(), doubt, settle)
    }

    fn secret_name(&self) -> String {
        // a name that somebody else has gets a suffix, once.
        if self.suffixed { format!("{}-2", self.plan.secret_name) } else { self.plan.secret_name.clone() }
    }

    fn is_forward(&self) -> bool {
        !matches!(
            self.step,
            Step::Done
                | Step::Ended
                | Step::Abandoned
                | Step::RemoveAccount
                | Step::DropSecrets
                | Step::Parked { .. }
        )
    }

    fn started(&mut self, name: &str, at: Timestamp) -> Result<(), Misfit> {
        if self.cancel && self.is_forward() {
            self.turn_back(Ending::Cancelled);
        }
        self.next_is(name)?;
        self.attempt.start(at);
        match self.step {
            Step::CreateSecret => self.secret_touched = true,
            Step::AddAccount => self.account_touched = true,
            _ => {}
        }
        Ok(())
    }

    fn finished(&mut self, result: &EffectResult, at: Timestamp) -> Result<(), Misfit> {
        if !self.attempt.is_started() {
            return Err(Misfit::new(describe(result), format!("{:?}", self.step)));
        }
        match result {
            EffectResult::Done(found) => {
                self.attempt.end();
                self.findings.extend(found.findings.iter().cloned());
                self.done(found)?;
            }
            EffectResult::Failed { outcome, message } => self.failed(*outcome, message, at),
            EffectResult::Refused { reason, message } => {
                self.attempt.end();
                self.refused(*reason, message);
            }
        }
        Ok(())
    }

    fn go(&mut self, step: Step) {
        let since = self.attempt.doubt_since();
        match self.step {
            Step::CreateSecret => self.secret_doubt = self.secret_doubt.max(since),
            Step::AddAccount => self.account_doubt = self.account_doubt.max(since),
            Step::ReplacePassword(_) => self.password_doubt = self.password_doubt.max(since),
            Step::Enable => self.maybe_enabled |= since.is_some(),
            _ => {}
        }
        self.step = step;
        self.attempt = Attempt::default();
    }

    fn done(&mut self, found: &Found) -> Result<(), Misfit> {
        let missing = |what: &str| Misfit::new(format!("a result without {what}"), what);
        match self.step.clone() {
            Step::Preflight => {
                self.controller = Some(found.controller.clone().ok_or_else(|| missing("a controller"))?);
                // A second preflight only chooses another controller.
                let waits = self.has_secret() && self.secret.is_none();
                let next = if waits { Step::CreateSecret } else { Step::AddAccount };
                self.go(next);
            }
            Step::CreateSecret => {
                self.secret = Some(found.secret.clone().ok_or_else(|| missing("a secret"))?);
                self.go(Step::AddAccount);
            }
            Step::AddAccount => {
                self.account = Some(found.account.ok_or_else(|| missing("an account"))?);
                self.go(self.join_from(0));
            }
            Step::ReplacePassword(back) => self.go(*back),
            Step::Join(index) => self.go(self.join_from(index + 1)),
            Step::Verify => self.go(Step::Settle),
            Step::Reset => self.go(Step::Verify),
            Step::Settle => self.go(Step::Enable),
            Step::Enable => self.go(Step::Done),
            Step::RemoveAccount => self.go(self.after_account()),
            Step::DropSecrets => self.go(Step::Ended),
            Step::Done | Step::Ended | Step::Abandoned | Step::Parked { .. } => {}
        }
        Ok(())
    }

    fn join_from(&self, index: usize) -> Step {
        if index < self.plan.groups.len() {
            Step::Join(index)
        } else if self.has_secret() {
            Step::Verify
        } else {
            Step::Enable
        }
    }

    /// Whether a vault keeps its password.
    const fn has_secret(&self) -> bool {
        self.plan.place.is_some()
    }

    fn after_account(&self) -> Step {
        if self.secret_touched { Step::DropSecrets } else { Step::Ended }
    }

    fn failed(&mut self, outcome: Outcome, message: &str, at: Timestamp) {
        self.attempt.fail(at, outcome, message);
        // Nothing was ever asked of this controller, so any other will do.
        if self.step == Step::AddAccount
            && outcome == Outcome::NotSent
            && !self.attempt.in_doubt()
            && self.attempt.failures() >= UNREACHED
        {
            self.go(Step::Preflight);
        }
    }

    fn refused(&mut self, reason: Reason, message: &str) {
        let compensated = || Ending::Compensated { reason, message: message.to_owned() };
        match (&self.step, reason) {
            //
            (Step::CreateSecret, Reason::SecretNameTaken) if !self.suffixed => {
                self.suffixed = true;
                self.go(Step::CreateSecret);
            }
            //
            (Step::AddAccount | Step::Reset, Reason::PasswordPolicy) => {
                self.passwords_refused += 1;
                if self.passwords_refused >= PASSWORDS {
                    self.turn_back(compensated());
                } else {
                    let back = Box::new(self.step.clone());
                    self.go(Step::ReplacePassword(back));
                }
            }
            // to the vault's value, never the reverse.
            (Step::Verify, Reason::PasswordWrong) => {
                self.wrong_binds += 1;
                if self.wrong_binds >= WRONG_BINDS {
                    self.turn_back(compensated());
                } else {
                    self.go(Step::Reset);
                }
            }
            // It may have been enabled by an attempt that nobody saw the end of: then nothing is undone.
            (Step::Enable, _) if self.maybe_enabled || self.attempt.in_doubt() => self.park(message),
            //
            (Step::RemoveAccount, Reason::AccountMissing) => self.go(self.after_account()),
            (Step::DropSecrets, Reason::SecretMissing) => self.go(Step::Ended),
            (Step::RemoveAccount | Step::DropSecrets, _) | (Step::Enable, Reason::MarkerForeign) => {
                self.park(message);
            }
            // E-8: a person changes the policy or gives it up.
            (_, Reason::LocalPolicy) => self.park(message),
            // and the rest.
            _ => self.turn_back(compensated()),
        }
    }

    fn park(&mut self, finding: &str) {
        let resume = Box::new(self.step.clone());
        self.go(Step::Parked { finding: finding.to_owned(), resume });
    }

    /// Begins the way back: what may be there is removed, the account first.
    fn turn_back(&mut self, ending: Ending) {
        self.failure = Some(ending);
        let step = if self.account_touched { Step::RemoveAccount } else { self.after_account() };
        self.go(step);
    }

    fn cancelled(&mut self) -> Result<(), Misfit> {
        if !self.can_cancel() {
            return Err(Misfit::new("a cancel", format!("{:?}", self.step)));
        }
        if let Step::Parked { resume, .. } = &self.step {
            self.step = (**resume).clone();
        }
        self.cancel = true;
        if !self.attempt.is_started() {
            self.turn_back(Ending::Cancelled);
        }
        Ok(())
    }

    fn retried(&mut self) -> Result<(), Misfit> {
        match &self.step {
            Step::Parked { resume, .. } => {
                let resume = (**resume).clone();
                self.go(resume);
                Ok(())
            }
            _ if self.is_forward() || self.failure.is_some() => {
                self.attempt.forgive();
                Ok(())
            }
            step => Err(Misfit::new("a retry", format!("{step:?}"))),
        }
    }

    fn abandoned(&mut self) -> Result<(), Misfit> {
        match &self.step {
            Step::Parked { .. } => {
                self.go(Step::Abandoned);
                Ok(())
            }
            step => Err(Misfit::new("an abandon", format!("{step:?}"))),
        }
    }
}

impl Saga for State {
    fn apply(&mut self, input: &Input) -> Result<(), Misfit> {
        match input {
            Input::Started { effect, at, .. } => self.started(effect, *at),
            Input::Finished { result, at } => self.finished(result, *at),
            Input::Cancel { .. } => self.cancelled(),
            Input::Retry { .. } => self.retried(),
            Input::Abandon { .. } => self.abandoned(),
        }
    }

    fn next(&self) -> Next {
        if self.cancel && self.is_forward() {
            let mut turned = self.clone();
            turned.turn_back(Ending::Cancelled);
            return turned.next();
        }
        match (&self.step, self.effect()) {
            (Step::Done, _) => Next::End(Ending::Done),
            (Step::Abandoned, _) => Next::End(Ending::Abandoned),
            (Step::Ended, _) => Next::End(self.failure.clone().unwrap_or(Ending::Cancelled)),
            (Step::Parked { finding, .. }, _) => Next::Park { finding: finding.clone() },
            (_, Some(effect)) => Next::Run { effect, not_before: self.not_before() },
            // Every other step has its effect; should a damaged state ever come here, a person looks at it.
            (step, None) => Next::Park { finding: format!("nothing can be done in step {step:?}") },
        }
    }

    fn effect(&self) -> Option<Effect> {
        let plan = &self.plan;
        let controller = || self.controller.clone();
        Some(match &self.step {
            Step::Preflight => Effect::Preflight {
                place: plan.place.clone(),
                ou: plan.account.ou.clone(),
                groups: plan.groups.clone(),
                managed: plan.account.managed.clone(),
                rotator: plan.rotator,
            },
            Step::CreateSecret => Effect::CreateSecret {
                place: plan.place.clone()?,
                name: self.secret_name(),
                domain: plan.account.domain.clone(),
                username: plan.account.name.clone(),
            },
            Step::AddAccount => Effect::AddAccount {
                controller: controller()?,
                account: plan.account.clone(),
                secret: if self.has_secret() { Some(self.secret.clone()?) } else { None },
            },
            Step::ReplacePassword(_) => Effect::ReplacePassword { secret: self.secret.clone()? },
            Step::Join(index) => Effect::JoinGroup {
                controller: controller()?,
                account: self.account?,
                group: plan.groups.get(*index)?.clone(),
            },
            Step::Verify => Effect::VerifyPassword {
                controller: controller()?,
                account: self.account?,
                secret: self.secret.clone()?,
            },
            Step::Reset => Effect::ResetPassword {
                controller: controller()?,
                account: self.account?,
                secret: self.secret.clone()?,
            },
            Step::Settle => Effect::SettleSecrets {
                place: plan.place.clone()?,
                name: self.secret_name(),
                recorded: self.secret.clone(),
                keep: true,
            },
            Step::Enable => Effect::Change {
                controller: controller()?,
                account: self.account?,
                change: AccountChange {
                    enabled: Some(true),
                    password_change_denied: plan.account.password_change_denied.then_some(true),
                    ..AccountChange::default()
                },
            },
            Step::RemoveAccount => match self.account {
                Some(account) => Effect::DeleteAccount { controller: controller()?, account },
                None => Effect::RemoveByMarker {
                    controller: controller()?,
                    ou: plan.account.ou.clone(),
                    name: plan.account.name.clone(),
                },
            },
            Step::DropSecrets => Effect::SettleSecrets {
                place: plan.place.clone()?,
                name: self.secret_name(),
                recorded: self.secret.clone(),
                keep: false,
            },
            Step::Done | Step::Ended | Step::Abandoned | Step::Parked { .. } => return None,
        })
    }

    fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    fn findings(&self) -> &[String] {
        &self.findings
    }

    fn account(&self) -> Option<ObjectGuid> {
        self.account
    }

    fn secret(&self) -> Option<&SecretId> {
        self.secret.as_ref()
    }

    /// until the commit that says that enabling begins.
    fn can_cancel(&self) -> bool {
        self.failure.is_none()
            && !self.cancel
            && match &self.step {
                Step::Done | Step::Ended | Step::Abandoned | Step::RemoveAccount | Step::DropSecrets => false,
                Step::Enable => !self.maybe_enabled && !self.attempt.in_doubt(),
                Step::Parked { resume, .. } => **resume != Step::Enable,
                _ => true,
            }
    }
}
