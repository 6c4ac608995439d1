//! The sorts of failure, what each usually means for a change, and what to do.

use serde::{Deserialize, Serialize};

/// What is known of a change that failed.
///
/// Whoever repeats a change decides by this, never by the [`ErrorKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    clippy::exhaustive_enums,
    reason = "a caller must decide on every one of them; a fifth would be a breaking change"
)]
pub enum Outcome {
    /// It never left this process.
    NotSent,
    /// The directory refused it.
    NotDone,
    /// It may have been done, or may still be: look before you repeat it.
    Unknown,
    /// It was done; only its answer could not be read.
    Done,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: $name:literal, $outcome:ident, $summary:literal, $advice:literal;)*) => {
        /// What sort of failure an [`Error`](crate::Error) is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $kind,)* }

        impl ErrorKind {
            /// A short name that does not change, for metrics and logs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            pub(crate) const fn usual_outcome(self) -> Outcome {
                match self { $(Self::$kind => Outcome::$outcome,)* }
            }

            pub(crate) const fn summary(self) -> &'static str {
                match self { $(Self::$kind => $summary,)* }
            }

            pub(crate) const fn advice(self) -> &'static str {
                match self { $(Self::$kind => $advice,)* }
            }
        }
    };
}

kinds! {
    /// The configuration is wrong: an address, a file, a certificate that cannot be read.
    Config: "config", NotSent, "the configuration is not usable", "correct the configuration; nothing was sent";
    /// No controller could be reached: name resolution, routing, or nobody listens.
    Connect: "connect", NotSent, "no controller could be reached",
        "check the host name, the port (636 for LDAPS) and the firewall; nothing was sent";
    /// The controller's certificate was not accepted, or the handshake failed.
    Tls: "tls", NotSent, "the TLS handshake failed",
        "give the CA that issued the controller's certificate, and address the controller by a name that is in it";
    /// No answer within the time limit.
    Timeout: "timeout", Unknown, "no answer within the time limit",
        "a change may have been done or may still be: read the object before you repeat it";
    /// The connection was lost under way.
    Interrupted: "interrupted", Unknown, "the connection was lost",
        "a change may have been done: read the object before you repeat it";
    /// The account this program signs in with was refused.
    Auth: "auth", NotSent, "the sign-in was refused",
        "check the name and password of the account that signs in, and whether it is locked, disabled or expired; do not repeat a refused sign-in";
    /// The account this program signs in with may not do this.
    Forbidden: "forbidden", NotDone, "access was denied",
        "delegate the right on the organizational unit or group to the account that signs in";
    /// The object, or the place it should go to, does not exist.
    NotFound: "not_found", NotDone, "there is no such object", "check the identity; an object that moved keeps its objectGUID, not its DN";
    /// The name, sign-in name or principal name is taken.
    AlreadyExists: "already_exists", NotDone, "the name is taken",
        "look at the object that has the name; never take it over unless its marker is yours";
    /// More than one object fits.
    Ambiguous: "ambiguous", NotDone, "more than one object fits", "ask by objectGUID";
    /// The marker is not the one that was expected: somebody else has changed the account since.
    MarkerMismatch: "marker_mismatch", NotDone, "the marker is not the expected one",
        "stop: another worker has taken over; read the account anew";
    /// The password breaks the domain's policy, or there is none where one is needed.
    PasswordPolicy: "password_policy", NotDone, "the password policy was not met",
        "make a longer password with more kinds of characters; the policy may be a fine-grained one";
    /// The old password of an account is not the one that was given.
    WrongPassword: "wrong_password", NotDone, "the old password is not right",
        "read the account's password anew; do not guess, each try counts towards its lock-out";
    /// The directory refused a value or a change for a reason of its schema or its rules.
    Constraint: "constraint", NotDone, "the directory refused the change", "see the codes for the rule that was broken";
    /// The controller is busy, or about to stop.
    Busy: "busy", NotDone, "the controller is busy", "wait and try again, or use another controller";
    /// This backend, or this controller, cannot do it.
    Unsupported: "unsupported", NotSent, "this directory cannot do that", "ask `capabilities()` first";
    /// Another controller answers under the recorded address.
    WrongController: "wrong_controller", NotSent, "another controller answers at this address",
        "a controller was rebuilt or replaced; find out what it knows before you go on";
    /// What has changed since a token cannot be told any more.
    ResyncNeeded: "resync_needed", NotDone, "what has changed since the token cannot be told any more",
        "read everything anew, without a token; what is not named by its end is gone";
    /// The answer makes no sense.
    Protocol: "protocol", Unknown, "the answer could not be understood", "read the object before you repeat a change; report the message";
    /// An argument is wrong; nothing was sent.
    Invalid: "invalid", NotSent, "an argument is not right", "correct the argument; nothing was sent";
    /// The in-memory directory could not write its file; the change was not made.
    Storage: "storage", NotDone, "the file could not be written", "check the disk and the permissions of the file";
}
