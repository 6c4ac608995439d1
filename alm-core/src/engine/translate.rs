//! From the errors of directory and vault to what a saga is told.

use ad_directory::ErrorKind as DirectoryKind;

use crate::error::Outcome;
use crate::port::vault::{VaultError, VaultErrorKind};
use crate::saga::effect::{EffectResult, Found, Reason};

/// How an effect ends, or that this engine must stop because another one has the work (E-5).
#[derive(Debug)]
pub(super) enum Stop {
    /// The effect ends early.
    End(Box<EffectResult>),
    /// A marker with a higher epoch was read: somebody else is at work.
    Superseded,
}

pub(super) type Step<T> = Result<T, Stop>;

pub(super) fn refused<T>(reason: Reason, message: impl Into<String>) -> Step<T> {
    Err(Stop::End(Box::new(EffectResult::Refused { reason, message: message.into() })))
}

pub(super) fn failed<T>(outcome: Outcome, message: impl Into<String>) -> Step<T> {
    Err(Stop::End(Box::new(EffectResult::Failed { outcome, message: message.into() })))
}

pub(super) fn done(found: Found) -> EffectResult {
    EffectResult::Done(found)
}

const fn outcome(outcome: ad_directory::Outcome) -> Outcome {
    match outcome {
        ad_directory::Outcome::NotSent => Outcome::NotSent,
        ad_directory::Outcome::NotDone => Outcome::NotDone,
        ad_directory::Outcome::Unknown => Outcome::Unknown,
        ad_directory::Outcome::Done => Outcome::Done,
    }
}

/// A directory's error: what may pass by itself is a failure, everything else a refusal.
pub(super) fn directory(error: &ad_directory::Error) -> Stop {
    let message = format!("{error}; {}", error.advice());
    let reason = match error.kind() {
        // Somebody wrote a marker between the look and the change: an effect of an engine before us that came late, or a stranger. Nothing was
        // done; the next look tells them apart.
        DirectoryKind::MarkerMismatch => {
            return Stop::End(Box::new(EffectResult::Failed { outcome: Outcome::NotDone, message }));
        }
        _ if error.is_transient()
            || matches!(error.outcome(), ad_directory::Outcome::Unknown | ad_directory::Outcome::Done) =>
        {
            return Stop::End(Box::new(EffectResult::Failed { outcome: outcome(error.outcome()), message }));
        }
        // A handshake that fails says nothing about what was asked, because nothing was; but nobody mends a certificate in a second.
        DirectoryKind::Tls | DirectoryKind::Config | DirectoryKind::Auth => Reason::SignIn,
        DirectoryKind::Forbidden => Reason::Forbidden,
        DirectoryKind::AlreadyExists => Reason::NameTaken,
        DirectoryKind::PasswordPolicy => Reason::PasswordPolicy,
        DirectoryKind::NotFound => Reason::PlaceUnusable,
        _ => Reason::Other,
    };
    Stop::End(Box::new(EffectResult::Refused { reason, message }))
}

/// A vault's error.
pub(super) fn vault(error: &VaultError) -> Stop {
    let message = error.message.clone();
    let reason = match error.kind {
        _ if matches!(error.outcome, Outcome::Unknown | Outcome::Done) => {
            return Stop::End(Box::new(EffectResult::Failed { outcome: error.outcome, message }));
        }
        VaultErrorKind::Unavailable => {
            return Stop::End(Box::new(EffectResult::Failed { outcome: error.outcome, message }));
        }
        VaultErrorKind::SignIn => Reason::SignIn,
        VaultErrorKind::DeniedOrAbsent => Reason::PlaceUnusable,
        VaultErrorKind::NameTaken => Reason::SecretNameTaken,
        VaultErrorKind::Invalid | VaultErrorKind::Protocol => Reason::Other,
    };
    Stop::End(Box::new(EffectResult::Refused { reason, message }))
}
