//! `msDS-GroupMSAMembership`: who may read the password of a managed account.

use std::collections::HashSet;

use crate::value::{
    ParseError,
    security_descriptor::{
        SecurityDescriptor,
        ace::{Ace, AceKind},
        acl::Acl,
    },
    sid::Sid,
};

/// The principals that may retrieve a managed password (`PrincipalsAllowedToRetrieveManagedPassword`; MS-ADTS 3.1.1.4.5.39). They are
/// usually groups of the hosts on which the service runs.
///
/// It is a security descriptor, and what others wrote into it is kept when it is changed.
///
/// ```
/// # use ad_directory::{PasswordReaders, Sid};
/// let hosts: Sid = "S-1-5-21-1-2-3-1104".parse()?;
/// let mut readers = PasswordReaders::new();
/// assert!(readers.add(hosts.clone())?);
/// assert_eq!(readers.principals(), [&hosts]);
/// assert!(readers.remove(&hosts));
/// assert!(readers.principals().is_empty());
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordReaders(SecurityDescriptor);

/// What the tools of Windows grant, and what lets a principal read the password in it: `RIGHT_DS_READ_PROPERTY`.
const GRANTED: u32 = 0x000f_01ff;
const READ_PROPERTY: u32 = 0x10;
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_READ: u32 = 0x8000_0000;

impl Default for PasswordReaders {
    fn default() -> Self {
        Self::new()
    }
}

impl PasswordReaders {
    /// Nobody yet. Its owner is the built-in group of administrators.
    pub fn new() -> Self {
        let descriptor = SecurityDescriptor::new().with_dacl(Acl::new());
        Self(match Sid::new(5, vec![32, 544]) {
            Ok(administrators) => descriptor.with_owner(administrators),
            Err(_) => descriptor,
        })
    }

    /// These principals, and nobody else.
    ///
    /// # Errors
    /// When there are more of them than fit: about 1800.
    pub fn of(principals: impl IntoIterator<Item = Sid>) -> Result<Self, ParseError> {
        let mut readers = Self::new();
        for principal in principals {
            readers.add(principal)?;
        }
        Ok(readers)
    }

    /// From the bytes of `msDS-GroupMSAMembership`.
    ///
    /// # Errors
    /// As [`SecurityDescriptor::from_wire`].
    pub fn from_wire(bytes: &[u8]) -> Result<Self, ParseError> {
        SecurityDescriptor::from_wire(bytes).map(Self)
    }

    /// The bytes of `msDS-GroupMSAMembership`.
    pub fn to_wire(&self) -> Vec<u8> {
        self.0.to_wire()
    }

    /// The security descriptor that it is.
    pub const fn descriptor(&self) -> &SecurityDescriptor {
        &self.0
    }

    /// Whether there is no list, so that everybody may read the password. Replace it with [`of`](Self::of).
    pub const fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// The principals that an entry allows to read, and that no entry before it denies; each once, in the order of the entries. Members of
    /// theirs are not resolved.
    pub fn principals(&self) -> Vec<&Sid> {
        let mut decided = HashSet::new();
        let entries = self.0.dacl().into_iter().flat_map(Acl::entries);
        let deciding = entries.filter_map(|ace| Some((decides(ace)?, ace.trustee()?)));
        deciding.filter(|(allows, sid)| decided.insert(*sid) && *allows).map(|(_, sid)| sid).collect()
    }

    /// What the first entry about this principal says.
    fn decision(&self, principal: &Sid) -> Option<bool> {
        let entries = self.0.dacl().into_iter().flat_map(Acl::entries);
        entries.filter(|ace| ace.trustee() == Some(principal)).find_map(decides)
    }

    /// Lets a principal read the password; `false` when it may already.
    ///
    /// # Errors
    /// When everybody may ([`is_open`](Self::is_open)), when an entry denies it to this principal, or when the list is full.
    pub fn add(&mut self, principal: Sid) -> Result<bool, ParseError> {
        let refuse = |why| Err(ParseError::new("list of password readers", why));
        match self.decision(&principal) {
            Some(true) => return Ok(false),
            Some(false) => return refuse("an entry denies it to this principal; remove the principal first"),
            None => {}
        }
        let Some(dacl) = self.0.dacl_mut() else {
            return refuse("it is open to everybody; replace it as a whole");
        };
        dacl.insert(Ace::allow(GRANTED, principal))?;
        Ok(true)
    }

    /// Removes the entries that speak of this principal and of reading; `false` when there was none. It may still read through a group.
    pub fn remove(&mut self, principal: &Sid) -> bool {
        let other = |ace: &Ace| decides(ace).is_none() || ace.trustee() != Some(principal);
        self.0.dacl_mut().is_some_and(|dacl| dacl.retain(other) > 0)
    }

    /// Makes it these principals and nobody else. What is not about reading is kept.
    ///
    /// # Errors
    /// When there are too many.
    pub fn set(&mut self, principals: impl IntoIterator<Item = Sid>) -> Result<(), ParseError> {
        let mut changed = self.clone();
        match changed.0.dacl_mut() {
            Some(dacl) => {
                dacl.retain(|ace| decides(ace).is_none());
            }
            None => changed.0 = changed.0.with_dacl(Acl::new()),
        }
        for principal in principals {
            changed.add(principal)?;
        }
        *self = changed;
        Ok(())
    }
}

impl serde::Serialize for PasswordReaders {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_wire().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for PasswordReaders {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <Vec<u8> as serde::Deserialize>::deserialize(deserializer)?;
        Self::from_wire(&bytes).map_err(serde::de::Error::custom)
    }
}

/// Whether the entry allows or denies reading; `None` when it is about something else.
const fn decides(ace: &Ace) -> Option<bool> {
    if ace.flags() & Ace::INHERIT_ONLY != 0 {
        return None;
    }
    match (ace.kind(), ace.mask()) {
        (AceKind::Allow, Some(mask)) if mask & (READ_PROPERTY | GENERIC_ALL | GENERIC_READ) != 0 => {
            Some(true)
        }
        (AceKind::Deny, Some(mask)) if mask & (READ_PROPERTY | GENERIC_ALL | GENERIC_READ) != 0 => {
            Some(false)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Ace, Acl, PasswordReaders, SecurityDescriptor, Sid};

    fn sid(rid: u32) -> Sid {
        Sid::new(5, vec![21, 678_829_047, 4_203_559_871, 263_114_962, rid]).unwrap()
    }

    #[test]
    fn is_what_the_tools_of_windows_write() {
        let readers = PasswordReaders::of([sid(512)]).unwrap();
        assert_eq!(readers.to_wire(), crate::value::security_descriptor::golden());
    }

    #[test]
    fn what_denies_first_decides() {
        let mut dacl = Acl::new();
        dacl.insert(Ace::allow(0x10, sid(1))).unwrap();
        dacl.insert(Ace::deny(0x10, sid(1))).unwrap();
        dacl.insert(Ace::allow(0x20, sid(2))).unwrap();
        dacl.insert(Ace::allow(0x10, sid(3)).with_flags(Ace::INHERIT_ONLY)).unwrap();
        dacl.insert(Ace::allow(0x8000_0000, sid(4))).unwrap();
        let bytes = SecurityDescriptor::new().with_dacl(dacl).to_wire();
        let mut readers = PasswordReaders::from_wire(&bytes).unwrap();
        assert_eq!(readers.principals(), [&sid(4)]);
        assert!(readers.add(sid(1)).is_err());
        assert!(readers.remove(&sid(1)));
        assert!(readers.add(sid(1)).unwrap());
        assert!(!readers.remove(&sid(2)), "it was never about reading");
        readers.set([sid(5)]).unwrap();
        assert_eq!(readers.principals(), [&sid(5)]);
        assert_eq!(readers.descriptor().dacl().unwrap().entries().len(), 3);
    }

    #[test]
    fn open_to_everybody_is_not_narrowed_by_accident() {
        let mut readers = PasswordReaders::from_wire(&SecurityDescriptor::new().to_wire()).unwrap();
        assert!(readers.is_open());
        assert!(readers.add(sid(1)).is_err());
        readers.set([sid(1)]).unwrap();
        assert!(!readers.is_open());
        assert_eq!(readers.principals(), [&sid(1)]);
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut readers = PasswordReaders::of([sid(1)]).unwrap();
        assert!(readers.set((0..3000).map(sid)).is_err());
        assert_eq!(readers.principals(), [&sid(1)]);
    }

    proptest! {
        #[test]
        fn is_a_set(rids in prop::collection::vec(0u32..6, 0..20)) {
            let mut readers = PasswordReaders::new();
            let mut wanted = Vec::new();
            for rid in rids {
                // Odd ones go, even ones come.
                if rid % 2 == 0 {
                    prop_assert_eq!(readers.add(sid(rid)).unwrap(), !wanted.contains(&rid));
                    if !wanted.contains(&rid) { wanted.push(rid); }
                } else {
                    prop_assert_eq!(readers.remove(&sid(rid - 1)), wanted.contains(&(rid - 1)));
                    wanted.retain(|have| *have != rid - 1);
                }
                readers = PasswordReaders::from_wire(&readers.to_wire()).unwrap();
            }
            let have: Vec<_> = readers.principals().into_iter().filter_map(Sid::rid).collect();
            prop_assert_eq!(have, wanted);
        }
    }
}
