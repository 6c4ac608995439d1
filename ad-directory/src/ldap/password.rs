//! Passwords on their way to the controller.

use ldap3::controls::RawControl;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::call::Call;
use crate::{ErrorKind, Result};

/// An empty password signs in as nobody, and successfully so.
pub(super) fn refuse_empty(call: &Call, password: &SecretString) -> Result<()> {
    if password.expose_secret().is_empty() {
        return Err(call.error(ErrorKind::Invalid).with_reason("the password is empty"));
    }
    Ok(())
}

/// The value of `unicodePwd`: in quotation marks, in UTF-16LE (MS-ADTS 3.1.1.3.1.5.1). The protocol's library keeps copies of it in its
/// buffers, which this crate cannot wipe.
pub(super) fn encode(password: &SecretString) -> Zeroizing<Vec<u8>> {
    let password = password.expose_secret();
    let mut encoded = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 4));
    encoded.extend_from_slice(b"\"\0");
    for unit in password.encode_utf16() {
        encoded.extend_from_slice(&unit.to_le_bytes());
    }
    encoded.extend_from_slice(b"\"\0");
    encoded
}

/// The control with which a reset keeps to the history of passwords (MS-ADTS 3.1.1.3.4.1.27), and its first, deprecated number.
const POLICY_HINTS: [&str; 2] = ["1.2.840.113556.1.4.2239", "1.2.840.113556.1.4.2066"];

/// The control to send to a controller that offers these, if it can do it.
pub(super) fn policy_hints(offered: &[String]) -> Option<RawControl> {
    let oid = POLICY_HINTS.into_iter().find(|oid| offered.iter().any(|offered| offered == oid))?;
    // A sequence of the number 1: hold to the policy.
    Some(RawControl { ctype: oid.to_owned(), crit: true, val: Some(vec![0x30, 3, 2, 1, 1]) })
}

#[cfg(test)]
mod tests {
    use super::{encode, policy_hints};

    #[test]
    fn is_quoted_utf16() {
        assert_eq!(*encode(&"aä".into()), b"\"\0a\0\xe4\0\"\0");
        let long = encode(&"\u{1f600}\"".into());
        assert_eq!(*long, b"\"\0\x3d\xd8\x00\xde\"\0\"\0");
    }

    #[test]
    fn the_newer_number_of_the_control_is_used_when_it_is_offered() {
        let offered =
            |oids: &[&str]| oids.iter().map(|oid| format!("1.2.840.113556.1.4.{oid}")).collect::<Vec<_>>();
        let oid = |oids: &[&str]| {
            policy_hints(&offered(oids))
                .map(|control| control.ctype.rsplit('.').next().map(ToOwned::to_owned))
        };
        assert_eq!(oid(&["319", "2066", "2239"]), Some(Some("2239".into())));
        assert_eq!(oid(&["2066"]), Some(Some("2066".into())));
        assert_eq!(oid(&["319"]), None);
    }
}
