//! What was found.

use std::fmt;

use crate::error::Error;

/// What is checked. The codes are those under which the rules of account lifecycle management know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// V-1: reachable, and Secret Server.
    Reachable,
    /// V-2: web services on, credential accepted.
    SignIn,
    /// V-3: new enough.
    Version,
    /// V-4: the user's permissions.
    Permissions,
    /// V-5: the folder.
    Folder,
    /// V-6: the template's fields.
    Template,
    /// V-7: what stands before secrets, and how they may be called.
    Restrictions,
    /// V-8: who else changes passwords.
    Rotation,
}

impl Rule {
    /// All of them, in the order in which they are checked.
    pub const ALL: [Self; 8] = [
        Self::Reachable,
        Self::SignIn,
        Self::Version,
        Self::Permissions,
        Self::Folder,
        Self::Template,
        Self::Restrictions,
        Self::Rotation,
    ];

    /// Its code, such as `V-1`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reachable => "V-1",
            Self::SignIn => "V-2",
            Self::Version => "V-3",
            Self::Permissions => "V-4",
            Self::Folder => "V-5",
            Self::Template => "V-6",
            Self::Restrictions => "V-7",
            Self::Rotation => "V-8",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckResult {
    /// All is well.
    Passed,
    /// It will work, and something is not as it should be or could not be seen.
    Warning,
    /// It will not work.
    Failed,
    /// It could not be found out.
    Unknown,
}

/// One check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Check {
    /// What was checked.
    pub rule: Rule,
    /// How it went.
    pub result: CheckResult,
    /// What was seen. Never holds a secret.
    pub seen: String,
    /// What to do about it; empty when it passed.
    pub to_do: String,
    /// The error that it rests on, when a call failed: tells an outage ([`Error::is_transient`]) from a finding.
    pub error: Option<Error>,
}

impl Check {
    pub(super) fn new(
        rule: Rule,
        result: CheckResult,
        seen: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self { rule, result, seen: seen.into(), to_do: to_do.into(), error: None }
    }

    pub(super) fn passed(rule: Rule, seen: impl Into<String>) -> Self {
        Self::new(rule, CheckResult::Passed, seen, "")
    }

    pub(super) fn failed(rule: Rule, seen: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self::new(rule, CheckResult::Failed, seen, to_do)
    }

    pub(super) fn warning(rule: Rule, seen: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self::new(rule, CheckResult::Warning, seen, to_do)
    }

    /// An error that says nothing about what was asked.
    pub(super) fn unknown(rule: Rule, error: &Error) -> Self {
        Self::new(rule, CheckResult::Unknown, error.to_string(), error.advice()).because(error)
    }

    pub(super) fn because(mut self, error: &Error) -> Self {
        self.error = Some(error.clone());
        self
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = match self.result {
            CheckResult::Passed => "passed",
            CheckResult::Warning => "warning",
            CheckResult::Failed => "failed",
            CheckResult::Unknown => "unknown",
        };
        write!(f, "{} {result}: {}", self.rule, self.seen)?;
        if !self.to_do.is_empty() {
            write!(f, "; to do: {}", self.to_do)?;
        }
        Ok(())
    }
}

/// All checks, in their order.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PreflightReport(Vec<Check>);

impl PreflightReport {
    /// Each check once, in the order of [`Rule::ALL`].
    pub fn checks(&self) -> &[Check] {
        &self.0
    }

    /// The check of this rule.
    pub fn check(&self, rule: Rule) -> Option<&Check> {
        self.0.iter().find(|check| check.rule == rule)
    }

    /// Whether every check passed, or is a warning. What is unknown is not enough to trust a server with passwords.
    pub fn is_usable(&self) -> bool {
        self.0.iter().all(|check| matches!(check.result, CheckResult::Passed | CheckResult::Warning))
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.0.iter().filter(|check| check.result == CheckResult::Failed)
    }

    pub(super) fn add(&mut self, check: Check) {
        self.0.push(check);
    }

    pub(super) fn stops_at(&self, rule: Rule) -> bool {
        self.check(rule).is_some_and(|check| check.result == CheckResult::Failed)
    }

    pub(super) fn rest_unknown(mut self, why: &str) -> Self {
        for rule in Rule::ALL {
            if self.check(rule).is_none() {
                let seen = format!("not looked at: {why}");
                self.add(Check::new(rule, CheckResult::Unknown, seen, "correct that first"));
            }
        }
        self
    }
}

impl fmt::Display for PreflightReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, check) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            check.fmt(f)?;
        }
        Ok(())
    }
}
