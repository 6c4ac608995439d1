//! Security descriptors: who owns an object, and who may do what with it.

use std::fmt;

use super::{ParseError, sid::Sid};

pub(crate) mod ace;
pub(crate) mod acl;

use acl::Acl;

/// A security descriptor in its self-relative form (MS-DTYP 2.4.6), as `nTSecurityDescriptor` and `msDS-GroupMSAMembership` hold it.
///
/// What this crate does not know comes out again as it went in: control bits, entries of other types, and what stands in them.
///
/// ```
/// # use ad_directory::{Ace, Acl, SecurityDescriptor, Sid};
/// let reader: Sid = "S-1-5-21-1-2-3-1104".parse()?;
/// let mut list = Acl::new();
/// list.insert(Ace::allow(0x10, reader))?;
/// let descriptor = SecurityDescriptor::new().with_dacl(list);
/// assert_eq!(SecurityDescriptor::from_wire(&descriptor.to_wire())?, descriptor);
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityDescriptor {
    /// The bits of the control field that do not follow from the parts.
    control: u16,
    /// Meaningful with the resource manager bit only, and kept in any case.
    resource_manager: u8,
    owner: Option<Sid>,
    group: Option<Sid>,
    sacl: List,
    dacl: List,
}

/// An access control list that is absent, present without entries of any kind ("null"), or present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum List {
    #[default]
    Absent,
    Null,
    Present(Acl),
}

impl List {
    const fn get(&self) -> Option<&Acl> {
        match self {
            Self::Present(acl) => Some(acl),
            Self::Absent | Self::Null => None,
        }
    }

    const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

const HEADER: usize = 20;
const DACL_PRESENT: u16 = 0x0004;
const SACL_PRESENT: u16 = 0x0010;
const SELF_RELATIVE: u16 = 0x8000;

const fn error(why: &'static str) -> ParseError {
    ParseError::new("security descriptor", why)
}

impl SecurityDescriptor {
    /// One without owner, group and lists.
    pub fn new() -> Self {
        Self::default()
    }

    /// From the bytes that the directory stores.
    ///
    /// # Errors
    /// When it is not self-relative, when a part lies outside of it, or when a list or an identifier in it is not well-formed.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, ParseError> {
        let head = bytes.first_chunk::<HEADER>().ok_or_else(|| error("it is shorter than its header"))?;
        let [revision, resource_manager, control_0, control_1, offsets @ ..] = head;
        if *revision != 1 {
            return Err(error("its revision is not 1"));
        }
        let control = u16::from_le_bytes([*control_0, *control_1]);
        if control & SELF_RELATIVE == 0 {
            return Err(error("it is not self-relative"));
        }
        let (offsets, _) = offsets.as_chunks::<4>();
        let mut parts = offsets.iter().map(|offset| {
            let offset = usize::try_from(u32::from_le_bytes(*offset)).unwrap_or(usize::MAX);
            match offset {
                0 => Ok(None),
                1..HEADER => Err(error("a part lies in its header")),
                _ => bytes.get(offset..).map(Some).ok_or_else(|| error("a part lies behind its end")),
            }
        });
        let mut part = || parts.next().unwrap_or(Ok(None));
        let owner = part()?.map(Sid::read).transpose()?.map(|(sid, _)| sid);
        let group = part()?.map(Sid::read).transpose()?.map(|(sid, _)| sid);
        let sacl = list(part()?, control & SACL_PRESENT != 0)?;
        let dacl = list(part()?, control & DACL_PRESENT != 0)?;
        let control = control & !(SELF_RELATIVE | DACL_PRESENT | SACL_PRESENT);
        Ok(Self { control, resource_manager: *resource_manager, owner, group, sacl, dacl })
    }

    /// The bytes that the directory stores.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let mut put = |part: Option<Vec<u8>>| {
            let Some(part) = part else { return 0 };
            let offset = HEADER + body.len();
            body.extend(part);
            // Two identifiers and two lists of 64 KiB each: far below 32 bits.
            u32::try_from(offset).unwrap_or_default()
        };
        let offsets = [
            put(self.owner.as_ref().map(Sid::to_wire)),
            put(self.group.as_ref().map(Sid::to_wire)),
            put(self.sacl.get().map(Acl::to_wire)),
            put(self.dacl.get().map(Acl::to_wire)),
        ];
        let mut control = self.control | SELF_RELATIVE;
        control |= if self.dacl.is_absent() { 0 } else { DACL_PRESENT };
        control |= if self.sacl.is_absent() { 0 } else { SACL_PRESENT };
        let mut bytes = vec![1, self.resource_manager];
        bytes.extend(control.to_le_bytes());
        bytes.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        bytes.extend(body);
        bytes
    }

    /// Who owns the object.
    pub const fn owner(&self) -> Option<&Sid> {
        self.owner.as_ref()
    }

    /// Its primary group, which Windows does not use.
    pub const fn group(&self) -> Option<&Sid> {
        self.group.as_ref()
    }

    /// Who may do what. `None` when there is no list, which may mean that everybody may do everything: see
    /// [`is_open`](Self::is_open).
    pub const fn dacl(&self) -> Option<&Acl> {
        self.dacl.get()
    }

    /// What is written into the log of security events.
    pub const fn sacl(&self) -> Option<&Acl> {
        self.sacl.get()
    }

    /// Whether nothing is restricted: there is no access control list, or an empty place for one (MS-DTYP 2.4.6, "NULL DACL"). A list
    /// without entries is the contrary: nobody may do anything.
    pub const fn is_open(&self) -> bool {
        !matches!(self.dacl, List::Present(_))
    }

    /// With this owner.
    #[must_use]
    pub fn with_owner(mut self, owner: Sid) -> Self {
        self.owner = Some(owner);
        self
    }

    /// With this primary group.
    #[must_use]
    pub fn with_group(mut self, group: Sid) -> Self {
        self.group = Some(group);
        self
    }

    /// With this access control list.
    #[must_use]
    pub fn with_dacl(mut self, dacl: Acl) -> Self {
        self.dacl = List::Present(dacl);
        self
    }

    /// With this list of what is logged.
    #[must_use]
    pub fn with_sacl(mut self, sacl: Acl) -> Self {
        self.sacl = List::Present(sacl);
        self
    }

    /// The access control list, to be changed; `None` as for [`dacl`](Self::dacl).
    pub const fn dacl_mut(&mut self) -> Option<&mut Acl> {
        match &mut self.dacl {
            List::Present(acl) => Some(acl),
            List::Absent | List::Null => None,
        }
    }
}

fn list(part: Option<&[u8]>, present: bool) -> Result<List, ParseError> {
    match (part, present) {
        // An offset without the bit is not looked at.
        (_, false) => Ok(List::Absent),
        (None, true) => Ok(List::Null),
        (Some(bytes), true) => Acl::from_wire(bytes).map(List::Present),
    }
}

impl fmt::Display for SecurityDescriptor {
    /// Owner and number of entries; for logs, not a form that can be read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.owner {
            Some(owner) => write!(f, "owner {owner}")?,
            None => f.write_str("no owner")?,
        }
        match self.dacl() {
            Some(dacl) => write!(f, ", {} entries", dacl.entries().len()),
            None => f.write_str(", open to all"),
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(in crate::value) use tests::golden;
