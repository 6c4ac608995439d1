//! What a controller's refusal means. Decided by the Win32 code in its text where there is one: the LDAP codes differ between
//! Windows and Samba for the same thing.

use ldap3::LdapResult;

use super::call::Call;
use crate::{Error, ErrorKind};

/// The codes in the text of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Diagnostic {
    pub(super) win32: Option<u32>,
    pub(super) bind: Option<u32>,
}

impl Diagnostic {
    /// Windows writes `80090308: LdapErr: DSID-…, comment: …, data 52e, v1db1` for a sign-in and `0000052D: SvcErr: DSID-…, problem 5003
    /// (…), data 0` for the rest; Samba writes `0000052D: its own words`, or no code at all.
    pub(super) fn parse(code: u32, text: &str) -> Self {
        let head = text.split_once(':').map(|(head, _)| head.trim());
        // Digits only: `from_str_radix` takes a leading `+` too.
        let hex = head.filter(|head| head.len() == 8 && head.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let win32 = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if code != INVALID_CREDENTIALS {
            return Self { win32, bind: None };
        }
        let data = text
            .split("data ")
            .nth(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>());
        Self { win32: None, bind: data.and_then(|hex| u32::from_str_radix(&hex, 16).ok()) }
    }
}

pub(super) const NO_SUCH_ATTRIBUTE: u32 = 16;
pub(super) const CONSTRAINT_VIOLATION: u32 = 19;
pub(super) const ATTRIBUTE_OR_VALUE_EXISTS: u32 = 20;
pub(super) const NO_SUCH_OBJECT: u32 = 32;
pub(super) const INVALID_CREDENTIALS: u32 = 49;
pub(super) const UNWILLING_TO_PERFORM: u32 = 53;
pub(super) const NOT_A_LEAF: u32 = 66;
pub(super) const ALREADY_EXISTS: u32 = 68;

/// Samba has the one code 202F for names that are taken and for values that the schema refuses, and says which only in words.
fn is_conflict(text: &str) -> bool {
    ["conflict", "already in use", "already exists", "not unique"].iter().any(|words| text.contains(words))
}

pub(super) fn kind(code: u32, win32: Option<u32>, text: &str) -> ErrorKind {
    match win32 {
        Some(0x52d) => return ErrorKind::PasswordPolicy,
        Some(0x56) => return ErrorKind::WrongPassword,
        Some(0x5 | 0x2098) => return ErrorKind::Forbidden,
        Some(0x524 | 0x2071 | 0x21c7 | 0x21c8) => return ErrorKind::AlreadyExists,
        Some(0x202f) if is_conflict(text) => return ErrorKind::AlreadyExists,
        Some(0x525 | 0x2030 | 0x2089 | 0x208d | 0x2095) => return ErrorKind::NotFound,
        _ => {}
    }
    match code {
        3 | 11 | 51 | 52 => ErrorKind::Busy,
        8 | 12 | 13 => ErrorKind::Unsupported,
        NO_SUCH_OBJECT => ErrorKind::NotFound,
        INVALID_CREDENTIALS => ErrorKind::Auth,
        50 => ErrorKind::Forbidden,
        ALREADY_EXISTS => ErrorKind::AlreadyExists,
        // What a controller says of a request that it did understand.
        NO_SUCH_ATTRIBUTE..=21 | UNWILLING_TO_PERFORM | 64..=67 | 69 => ErrorKind::Constraint,
        _ => ErrorKind::Protocol,
    }
}

/// The error of a refused change or search. Its text never goes in: it may quote what was written.
pub(super) fn error(call: &Call, result: &LdapResult) -> Error {
    let Diagnostic { win32, bind } = Diagnostic::parse(result.rc, &result.text);
    let kind = kind(result.rc, win32, &result.text);
    call.error(kind).with_outcome(crate::Outcome::NotDone).with_codes(Some(result.rc), win32, bind)
}

/// What a refused sign-in of this program says to the person who has to repair it.
pub(super) const fn explain_sign_in(bind: Option<u32>) -> &'static str {
    match bind {
        Some(0x525 | 0x52e) => {
            "the name or the password of the account that signs in is wrong; it will not be sent again"
        }
        Some(0x530 | 0x531) => "the account that signs in may not do so at this hour or from here",
        Some(0x532 | 0x773) => "the password of the account that signs in has expired; set a new one",
        Some(0x533) => "the account that signs in is disabled; enable it",
        Some(0x701) => "the account that signs in has expired; extend it",
        Some(0x775) => {
            "the account that signs in is locked out; unlock it, and look for another program with an old password"
        }
        _ => "the sign-in was refused",
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, ErrorKind, kind};

    #[test]
    fn the_forms_of_windows_and_samba() {
        let windows =
            "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1\0";
        assert_eq!(Diagnostic::parse(49, windows), Diagnostic { win32: None, bind: Some(0x52e) });
        let policy = "0000052D: SvcErr: DSID-031A120C, problem 5003 (WILL_NOT_PERFORM), data 0\n\0";
        assert_eq!(Diagnostic::parse(53, policy), Diagnostic { win32: Some(0x52d), bind: None });
        assert_eq!(Diagnostic::parse(19, "0000052D: Constraint violation - too short").win32, Some(0x52d));
        for text in ["", "Transport encryption required", "no: code", "ä: x", "0000052D", "+000052D: x"] {
            assert_eq!(Diagnostic::parse(53, text), Diagnostic::default(), "{text}");
        }
    }

    #[test]
    fn the_hex_decides_and_not_the_code() {
        for code in [19, 53] {
            assert_eq!(kind(code, Some(0x52d), ""), ErrorKind::PasswordPolicy);
        }
        assert_eq!(kind(19, Some(0x56), ""), ErrorKind::WrongPassword);
        assert_eq!(kind(19, Some(0x21c8), ""), ErrorKind::AlreadyExists);
        assert_eq!(kind(80, Some(0x2095), ""), ErrorKind::NotFound);
        assert_eq!(kind(19, Some(0x202f), "a value is too long"), ErrorKind::Constraint);
        assert_eq!(kind(53, None, ""), ErrorKind::Constraint);
        assert_eq!(kind(50, None, ""), ErrorKind::Forbidden);
        assert_eq!(kind(52, None, ""), ErrorKind::Busy);
        assert_eq!(kind(1, None, ""), ErrorKind::Protocol);
    }
}
