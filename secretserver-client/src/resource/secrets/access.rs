//! What stands before a secret, in terms a program decides by. `GET /v1/secrets/{id}/state` says it; refusals say it with codes of which few are known.

use crate::error::{ApiError, Error};
use crate::ids::{SecretId, UserId};
use crate::resource::secrets::{AccessState, RequestStatus, SecretRef, Secrets, State};

impl Secrets<'_> {
    /// What stands before a secret, in terms a program decides by. Needs Secret Server 10.9.32. When approval is due, it is also looked whether
    /// the caller has asked for it already, which costs two more requests.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn access(&self, id: impl Into<SecretRef> + Send) -> Result<Access, Error> {
        let id = id.into();
        let state = self.state(id.clone()).await?;
        let access = state.access();
        let number = state.id.or_else(|| id.id());
        match (access, number) {
            (Access::ApprovalRequired, Some(number)) if self.has_asked(number).await => {
                Ok(Access::ApprovalPending)
            }
            (access, _) => Ok(access),
        }
    }

    /// Whether the caller has asked for access and nobody has decided. Unreadable requests count as none: then asking again is refused or harmless.
    async fn has_asked(&self, id: SecretId) -> bool {
        use futures_util::TryStreamExt as _;
        let Ok(me) = self.0.users().current().await else { return false };
        let mut requests = self.access_requests(id);
        while let Ok(Some(request)) = requests.try_next().await {
            let pending = matches!(request.status, Some(RequestStatus::Pending));
            if pending && request.requesting_user_id == Some(me.id) {
                return true;
            }
        }
        false
    }
}

/// What stands between the caller and the values of a secret. See [`Secrets::access`](crate::resource::secrets::Secrets::access).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Nothing.
    Open,
    /// A comment is due, or a ticket, as the server is configured: read with
    /// [`AccessOptions::comment`](crate::resource::secrets::AccessOptions::comment).
    CommentRequired,
    /// It must be checked out.
    CheckOutRequired {
        /// A comment is due before that, which [`Secrets::check_out`](crate::resource::secrets::Secrets::check_out) gives.
        comment: bool,
    },
    /// The caller has it checked out, so nothing stands before it.
    CheckedOutByMe {
        /// For how many minutes more, as far as the server says.
        minutes: Option<u32>,
    },
    /// Somebody else has it checked out.
    CheckedOutBy {
        /// Who, as far as the server says.
        user: Option<UserId>,
        /// That one's name for people.
        name: Option<String>,
        /// For how many minutes more, as far as the server says.
        minutes: Option<u32>,
    },
    /// Its password is being changed, after which it can be checked out.
    PasswordChanging,
    /// Somebody must approve. Ask with [`Secrets::request_access`](crate::resource::secrets::Secrets::request_access).
    ApprovalRequired,
    /// Somebody must approve, and the caller has asked already.
    ApprovalPending,
    /// A second password is due.
    DoubleLock,
    /// The caller has no second password yet and must make one in the server's own pages.
    DoubleLockUnset,
    /// The caller may not open the second lock.
    DoubleLockDenied,
    /// A second factor is due, which programs cannot give.
    SecondFactorRequired,
    /// It is deactivated.
    Deactivated,
    /// The caller may not see the values.
    Denied,
    /// Something that this version of the crate does not know, in the server's words.
    Other(String),
}

impl Access {
    /// Whether the values can be read as they are.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open | Self::CheckedOutByMe { .. })
    }

    /// What a person or program can do about it, in one sentence.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Open | Self::CheckedOutByMe { .. } => "nothing: read it",
            Self::CommentRequired => "read it with a comment, and a ticket if the server wants one",
            Self::CheckOutRequired { comment: false } => "check it out, read it, and check it in",
            Self::CheckOutRequired { comment: true } => {
                "check it out with a comment, read it, and check it in"
            }
            Self::CheckedOutBy { .. } => "wait until it is checked in, or take it by force if you may",
            Self::PasswordChanging => "wait until its password has been changed",
            Self::ApprovalRequired => "ask for access, and wait until somebody approves",
            Self::ApprovalPending => "wait until somebody approves",
            Self::DoubleLock => "give the password of the second lock",
            Self::DoubleLockUnset => "make a password for the second lock in the server's own pages",
            Self::DoubleLockDenied => "have the user of the client added to the second lock",
            Self::SecondFactorRequired => {
                "have the second factor switched off for this secret, or read it as a person"
            }
            Self::Deactivated => "restore it, or read it with `include_inactive`",
            Self::Denied => "have the user of the client given the right to view it",
            Self::Other(_) => "look at the secret in the server's own pages",
        }
    }
}

impl State {
    /// The same, in terms a program decides by.
    pub fn access(&self) -> Access {
        let minutes = self.check_out_minutes_remaining;
        match &self.secret_state {
            AccessState::RequiresCheckout | AccessState::RequiresCheckoutAndComment
                if self.is_checked_out_by_other() =>
            {
                Access::CheckedOutBy {
                    user: self.checked_out_user_id,
                    name: self.checked_out_user_display_name.clone(),
                    minutes,
                }
            }
            AccessState::None if self.is_checked_out_by_current_user => Access::CheckedOutByMe { minutes },
            // A server that says "nothing" of a secret that is with somebody else speaks of who may see it in spite of that.
            AccessState::None => Access::Open,
            AccessState::RequiresComment => Access::CommentRequired,
            AccessState::RequiresCheckout => Access::CheckOutRequired { comment: false },
            AccessState::RequiresCheckoutAndComment => Access::CheckOutRequired { comment: true },
            AccessState::RequiresCheckoutPendingRpc => Access::PasswordChanging,
            AccessState::RequiresApproval => Access::ApprovalRequired,
            AccessState::RequiresDoubleLockPassword => Access::DoubleLock,
            AccessState::CreateDoubleLockPassword => Access::DoubleLockUnset,
            AccessState::DoubleLockNoAccess => Access::DoubleLockDenied,
            AccessState::RequiresMfaChallenge => Access::SecondFactorRequired,
            AccessState::RequiresUndelete => Access::Deactivated,
            AccessState::CannotView => Access::Denied,
            AccessState::Unknown(word) => Access::Other(word.clone()),
        }
    }

    fn is_checked_out_by_other(&self) -> bool {
        self.is_checked_out && !self.is_checked_out_by_current_user
    }
}

impl Error {
    /// What stands before the secret, when the server's refusal says so ([`ErrorKind::Restricted`](crate::ErrorKind::Restricted)).
    ///
    /// Few of the server's codes are known, so this is `None` for refusals that mean the same in other words: ask
    /// [`Secrets::access`](crate::resource::secrets::Secrets::access), which always says it.
    pub fn restriction(&self) -> Option<Access> {
        let reason = self.api().and_then(ApiError::restriction)?.to_ascii_lowercase();
        Some(match reason.as_str() {
            r if r.contains("comment") || r.contains("ticket") => Access::CommentRequired,
            r if r.contains("checkout") => Access::CheckOutRequired { comment: false },
            r if r.contains("approval") => Access::ApprovalRequired,
            r if r.contains("doublelock") => Access::DoubleLock,
            _ => Access::Other(reason),
        })
    }
}

/// What became of a check-out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckedOut {
    /// The caller has it, until [`Secrets::check_in`](crate::resource::secrets::Secrets::check_in) or the time is over.
    Done,
    /// The caller does not have it, and this is why.
    Refused(Access),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(state: &str) -> Access {
        serde_json::from_str::<State>(state).unwrap().access()
    }

    #[test]
    fn every_state_has_its_meaning() {
        for (state, expected, open) in [
            ("None", Access::Open, true),
            ("RequiresApproval", Access::ApprovalRequired, false),
            ("RequiresCheckout", Access::CheckOutRequired { comment: false }, false),
            ("RequiresCheckoutAndComment", Access::CheckOutRequired { comment: true }, false),
            ("RequiresComment", Access::CommentRequired, false),
            ("RequiresDoubleLockPassword", Access::DoubleLock, false),
            ("CreateDoubleLockPassword", Access::DoubleLockUnset, false),
            ("DoubleLockNoAccess", Access::DoubleLockDenied, false),
            ("CannotView", Access::Denied, false),
            ("RequiresUndelete", Access::Deactivated, false),
            ("RequiresCheckoutPendingRPC", Access::PasswordChanging, false),
            ("RequiresMfaChallenge", Access::SecondFactorRequired, false),
            ("RequiresTea", Access::Other("RequiresTea".to_owned()), false),
        ] {
            let seen = access(&format!(r#"{{"secretState":"{state}"}}"#));
            assert_eq!((seen.is_open(), &seen), (open, &expected), "{state}");
            assert!(!seen.advice().is_empty());
        }
    }

    #[test]
    fn says_who_has_it() {
        let with_other = r#"{"secretState":"RequiresCheckout","isCheckedOut":true,"checkedOutUserId":9,
            "checkedOutUserDisplayName":"Ann","checkOutMinutesRemaining":12}"#;
        let expected = Access::CheckedOutBy {
            user: UserId::new(9).ok(),
            name: Some("Ann".to_owned()),
            minutes: Some(12),
        };
        assert_eq!(access(with_other), expected);
        let mine = r#"{"secretState":"None","isCheckedOut":true,"isCheckedOutByCurrentUser":true,"checkOutMinutesRemaining":3}"#;
        assert_eq!(access(mine), Access::CheckedOutByMe { minutes: Some(3) });
    }
}
