//! Passwords on their way to the controller.

use ldap3::{Mod, controls::RawControl};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{
    LdapDirectory,
    call::Call,
    diagnostic::{self, Diagnostic},
    modify,
    pool::Lease,
    root,
};
use crate::{ErrorKind, ObjectGuid, PasswordCheck, Result, SetPasswordOptions};

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

impl LdapDirectory {
    /// Sets it without the old one.
    pub(super) async fn reset(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
        password: &SecretString,
        options: &SetPasswordOptions,
    ) -> Result<()> {
        let account = self.existing(call, lease, id).await?;
        let mut modifications = match &options.marker {
            Some(change) => {
                let have = (account.marker.as_ref(), account.foreign_marker);
                modify::marker(call, &account.dn, have, &self.core.marker_attribute, change)?
            }
            None => Vec::new(),
        };
        let hints = if options.enforce_history {
            let offered = root::controls(call, lease).await?;
            let unsupported = || {
                call.error(ErrorKind::Unsupported)
                    .with_subject(&account.dn)
                    .with_reason("this controller does not enforce the history of passwords when one is set")
            };
            Some(policy_hints(&offered).ok_or_else(unsupported)?)
        } else {
            None
        };
        let value = encode(password).to_vec();
        modifications.push(Mod::Replace(b"unicodePwd".to_vec(), [value].into()));
        if options.must_change {
            modifications.push(modify::replace("pwdLastSet", [0]));
        }
        if options.unlock {
            modifications.push(modify::replace("lockoutTime", [0]));
        }
        let (marker, hints) = (options.marker.as_ref(), hints.into_iter().collect());
        self.modify_with(call, lease, &account, modifications, marker, hints).await
    }

    /// Sets it by proving the old one.
    pub(super) async fn change_own(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        let account = self.existing(call, lease, id).await?;
        let value = |password| [encode(password).to_vec()].into();
        // In this order it is a change and no reset (MS-ADTS 3.1.1.3.1.5.1).
        let modifications = vec![
            Mod::Delete(b"unicodePwd".to_vec(), value(old)),
            Mod::Add(b"unicodePwd".to_vec(), value(new)),
        ];
        self.modify(call, lease, &account, modifications, None).await
    }

    /// Signs in with it, on a connection that nobody else gets.
    pub(super) async fn proved(
        &self,
        call: &Call,
        id: ObjectGuid,
        password: &SecretString,
    ) -> Result<PasswordCheck> {
        refuse_empty(call, password)?;
        let mut lease = self.core.pool.lease(call, self.pinned).await?;
        let account = self.existing(call, &mut lease, id).await?;
        let stranger = lease.stranger(call).await;
        let result = match stranger {
            Ok(mut stranger) => stranger.bind(call, &account.dn.to_string(), password.expose_secret()).await,
            Err(error) => Err(error),
        };
        lease.give_back();
        let result = result.map_err(|error| error.with_subject(&account.dn))?;
        match (result.rc, Diagnostic::parse(result.rc, &result.text).bind) {
            (0, _) => Ok(PasswordCheck::Accepted),
            // A refusal that does not say why proves nothing.
            (diagnostic::INVALID_CREDENTIALS, code) => {
                Ok(code.and_then(PasswordCheck::from_bind_code).unwrap_or(PasswordCheck::Restricted))
            }
            _ => Err(diagnostic::error(call, &result).with_subject(&account.dn)),
        }
    }
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
