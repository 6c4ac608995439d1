//! Signatures as Standard Webhooks have them (version `v1`): HMAC-SHA256 over `{id}.{timestamp}.{body}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The value of the header `webhook-signature`; `None` when the key is none: `whsec_` and 24 to 64 bytes in base64.
pub(super) fn sign(key: &SecretString, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let encoded = key.expose_secret().strip_prefix("whsec_")?;
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    if !(24..=64).contains(&bytes.len()) {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).ok()?;
    mac.update(id.as_bytes());
    mac.update(format!(".{timestamp}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_3_signatures_are_those_that_others_compute() {
        let key = SecretString::from("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3");
        let signature = sign(&key, "msg_1", 1_700_000_000, br#"{"type":"a.b"}"#);
        assert_eq!(signature.as_deref(), Some("v1,qUURnoRiPbWw1xPGU6cS3JAJVvUG3WzZyzxSB4CG8D0="));
        for unfit in ["", "whsec_", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", "whsec_MDEy", "whsec_?"] {
            assert_eq!(sign(&SecretString::from(unfit), "x", 0, b""), None, "{unfit}");
        }
    }
}
