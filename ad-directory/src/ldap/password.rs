//! Passwords on their way to the controller.

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

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn is_quoted_utf16() {
        assert_eq!(*encode(&"aä".into()), b"\"\0a\0\xe4\0\"\0");
        let long = encode(&"\u{1f600}\"".into());
        assert_eq!(*long, b"\"\0\x3d\xd8\x00\xde\"\0\"\0");
    }
}
