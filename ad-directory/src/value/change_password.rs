//! Whether an account may change its own password: no flag, but entries in its security descriptor.
//!
//! What the tools of Windows show as "User cannot change password" are two entries that deny the extended right Change Password, one to the account
//! itself and one to everybody (MS-ADTS 5.1.3.2.1 names the right; the bit `PASSWD_CANT_CHANGE` of userAccountControl is computed from them, and
//! writing it does nothing: MS-ADTS 2.2.16).

use uuid::Uuid;

use super::security_descriptor::SecurityDescriptor;
use super::security_descriptor::ace::{Ace, AceKind};
use super::{ParseError, sid::Sid};

/// User-Change-Password (MS-ADTS 5.1.3.2.1).
const CHANGE_PASSWORD: Uuid = Uuid::from_u128(0xab72_1a53_1e2f_11d0_9819_00aa_0040_529b);
/// `RIGHT_DS_CONTROL_ACCESS`: an extended right (MS-ADTS 5.1.3.2).
const CONTROL_ACCESS: u32 = 0x100;

/// The account itself, and everybody (MS-DTYP 2.4.2.4).
fn trustees() -> Result<[Sid; 2], ParseError> {
    Ok([Sid::new(5, vec![10])?, Sid::new(1, vec![0])?])
}

fn denies(entry: &Ace, trustee: &Sid) -> bool {
    entry.kind() == AceKind::DenyObject
        && entry.flags() & Ace::INHERIT_ONLY == 0
        && entry.object_type() == Some(CHANGE_PASSWORD)
        && entry.mask().is_some_and(|mask| mask & CONTROL_ACCESS != 0)
        && entry.trustee() == Some(trustee)
}

/// Whether both are denied to change the password.
pub(crate) fn is_denied(descriptor: &SecurityDescriptor) -> Result<bool, ParseError> {
    let entries = descriptor.dacl().map(super::security_descriptor::acl::Acl::entries).unwrap_or_default();
    Ok(trustees()?.iter().all(|trustee| entries.iter().any(|entry| denies(entry, trustee))))
}

/// Denies it, or takes the entries away again; every other entry stays as it is. Tells whether anything changed.
pub(crate) fn set(descriptor: &mut SecurityDescriptor, denied: bool) -> Result<bool, ParseError> {
    if is_denied(descriptor)? == denied && denied {
        return Ok(false);
    }
    let Some(list) = descriptor.dacl_mut() else {
        // Without a list everybody may do everything, so there is nothing to take away; but one entry alone would forbid the rest.
        if !denied {
            return Ok(false);
        }
        return Err(ParseError::new("access control list", "there is none"));
    };
    let mut changed = false;
    for trustee in trustees()? {
        let has = list.entries().iter().any(|entry| denies(entry, &trustee));
        if denied && !has {
            list.insert(Ace::deny_object(CONTROL_ACCESS, CHANGE_PASSWORD, trustee))?;
            changed = true;
        } else if !denied {
            // What came from above is not ours to take away.
            changed |= list.retain(|entry| entry.is_inherited() || !denies(entry, &trustee)) > 0;
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::super::security_descriptor::acl::Acl;
    use super::*;

    fn usual() -> SecurityDescriptor {
        let mut list = Acl::new();
        for trustee in trustees().unwrap() {
            list.insert(Ace::allow_object(CONTROL_ACCESS, CHANGE_PASSWORD, trustee)).unwrap();
        }
        list.insert(Ace::allow(0xf01ff, "S-1-5-32-544".parse().unwrap())).unwrap();
        SecurityDescriptor::new().with_dacl(list)
    }

    #[test]
    fn t_15_it_is_denied_before_it_is_allowed_and_given_back_as_it_was() {
        let before = usual();
        let mut descriptor = before.clone();
        assert!(!is_denied(&descriptor).unwrap());
        assert!(!set(&mut descriptor, false).unwrap());
        assert!(set(&mut descriptor, true).unwrap());
        assert!(is_denied(&descriptor).unwrap());
        let entries = descriptor.dacl().unwrap().entries();
        assert!(entries.iter().take(2).all(|entry| entry.kind() == AceKind::DenyObject), "{entries:?}");
        assert!(!set(&mut descriptor, true).unwrap(), "twice is once");
        let read = SecurityDescriptor::from_wire(&descriptor.to_wire()).unwrap();
        assert!(is_denied(&read).unwrap());
        assert!(set(&mut descriptor, false).unwrap());
        assert_eq!(descriptor, before, "every other entry is as it was");
    }

    #[test]
    fn one_of_the_two_is_not_enough_and_what_came_from_above_stays() {
        let mut descriptor = usual();
        let [own, everybody] = trustees().unwrap();
        let inherited =
            Ace::deny_object(CONTROL_ACCESS, CHANGE_PASSWORD, everybody).with_flags(Ace::INHERITED);
        descriptor.dacl_mut().unwrap().insert(inherited).unwrap();
        assert!(!is_denied(&descriptor).unwrap());
        assert!(set(&mut descriptor, true).unwrap());
        assert!(is_denied(&descriptor).unwrap());
        assert!(set(&mut descriptor, false).unwrap());
        let left =
            descriptor.dacl().unwrap().entries().iter().filter(|entry| entry.kind() == AceKind::DenyObject);
        assert!(left.clone().all(Ace::is_inherited) && left.count() == 1);
        let _ = own;
        assert!(set(&mut SecurityDescriptor::new(), true).is_err(), "nobody opens an account by closing it");
    }
}
