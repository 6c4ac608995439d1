//! Entries of access control lists.

use uuid::Uuid;

use super::super::{ParseError, sid::Sid};

/// One entry of an access control list (MS-DTYP 2.4.4). Types that have no name here, and forms that do not fit their type, are kept byte
/// by byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ace {
    kind: u8,
    flags: u8,
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Body {
    Plain { mask: u32, trustee: Sid },
    Object { mask: u32, object: Option<Uuid>, inherited: Option<Uuid>, trustee: Sid },
    Raw(Vec<u8>),
}

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AceKind {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
    /// It allows something with one property, class or extended right.
    AllowObject,
    /// It denies something with one property, class or extended right.
    DenyObject,
    /// Something else: it audits, or is conditional. Its number.
    Other(u8),
}

const ALLOW: u8 = 0;
const DENY: u8 = 1;
const ALLOW_OBJECT: u8 = 5;
const DENY_OBJECT: u8 = 6;
const OBJECT_TYPE_PRESENT: u32 = 1;
const INHERITED_TYPE_PRESENT: u32 = 2;
const HEADER: usize = 4;

const fn error(why: &'static str) -> ParseError {
    ParseError::new("access control entry", why)
}

impl Ace {
    /// The entry is for what is below, not for the object itself.
    pub const INHERIT_ONLY: u8 = 0x08;
    /// The entry came from above.
    pub const INHERITED: u8 = 0x10;

    /// Allows the trustee the rights of `mask` (MS-ADTS 5.1.3.2).
    pub const fn allow(mask: u32, trustee: Sid) -> Self {
        Self { kind: ALLOW, flags: 0, body: Body::Plain { mask, trustee } }
    }

    /// Denies the trustee the rights of `mask`.
    pub const fn deny(mask: u32, trustee: Sid) -> Self {
        Self { kind: DENY, flags: 0, body: Body::Plain { mask, trustee } }
    }

    /// Allows the trustee the rights of `mask` with one property, class or extended right, named by its schema or rights GUID.
    pub const fn allow_object(mask: u32, object: Uuid, trustee: Sid) -> Self {
        let body = Body::Object { mask, object: Some(object), inherited: None, trustee };
        Self { kind: ALLOW_OBJECT, flags: 0, body }
    }

    /// Denies the trustee the rights of `mask` with one property, class or extended right, named by its schema or rights GUID.
    pub const fn deny_object(mask: u32, object: Uuid, trustee: Sid) -> Self {
        let body = Body::Object { mask, object: Some(object), inherited: None, trustee };
        Self { kind: DENY_OBJECT, flags: 0, body }
    }

    /// With these flags (MS-DTYP 2.4.4.1).
    #[must_use]
    pub fn with_flags(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    /// What it does.
    pub const fn kind(&self) -> AceKind {
        match self.kind {
            ALLOW => AceKind::Allow,
            DENY => AceKind::Deny,
            ALLOW_OBJECT => AceKind::AllowObject,
            DENY_OBJECT => AceKind::DenyObject,
            other => AceKind::Other(other),
        }
    }

    /// Its flags (MS-DTYP 2.4.4.1).
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether it came from above.
    pub const fn is_inherited(&self) -> bool {
        self.flags & Self::INHERITED != 0
    }

    /// The rights, unless it is of a form that is not known here.
    pub const fn mask(&self) -> Option<u32> {
        match self.body {
            Body::Plain { mask, .. } | Body::Object { mask, .. } => Some(mask),
            Body::Raw(_) => None,
        }
    }

    /// For whom it is, unless it is of a form that is not known here.
    pub const fn trustee(&self) -> Option<&Sid> {
        match &self.body {
            Body::Plain { trustee, .. } | Body::Object { trustee, .. } => Some(trustee),
            Body::Raw(_) => None,
        }
    }

    /// The property, class or extended right it is about; `None` when it is about all.
    pub const fn object_type(&self) -> Option<Uuid> {
        match self.body {
            Body::Object { object, .. } => object,
            _ => None,
        }
    }

    /// The class of objects that inherit it; `None` when all do.
    pub const fn inherited_object_type(&self) -> Option<Uuid> {
        match self.body {
            Body::Object { inherited, .. } => inherited,
            _ => None,
        }
    }

    /// The first entry of `bytes`, and what follows it.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let head = bytes.first_chunk::<HEADER>().ok_or_else(|| error("it is shorter than its header"))?;
        let [kind, flags, size @ ..] = *head;
        let size = usize::from(u16::from_le_bytes(size));
        if size < HEADER {
            return Err(error("its size is less than that of its header"));
        }
        let (entry, rest) = bytes.split_at_checked(size).ok_or_else(|| error("it is cut off"))?;
        let body = entry.get(HEADER..).unwrap_or_default();
        let known = match kind {
            ALLOW | DENY => plain(body),
            ALLOW_OBJECT | DENY_OBJECT => object(body),
            _ => None,
        };
        Ok((Self { kind, flags, body: known.unwrap_or_else(|| Body::Raw(body.to_vec())) }, rest))
    }

    /// How many bytes [`to_wire`](Self::to_wire) makes.
    pub(super) fn size(&self) -> usize {
        let guid = |guid: &Option<Uuid>| if guid.is_some() { 16 } else { 0 };
        HEADER
            + match &self.body {
                Body::Plain { trustee, .. } => 4 + trustee.wire_len(),
                Body::Object { object, inherited, trustee, .. } => {
                    8 + guid(object) + guid(inherited) + trustee.wire_len()
                }
                Body::Raw(body) => body.len(),
            }
    }

    pub(super) fn to_wire(&self) -> Vec<u8> {
        let body = match &self.body {
            Body::Plain { mask, trustee } => [mask.to_le_bytes().to_vec(), trustee.to_wire()].concat(),
            Body::Object { mask, object, inherited, trustee } => {
                let present = [(object, OBJECT_TYPE_PRESENT), (inherited, INHERITED_TYPE_PRESENT)];
                let flags: u32 = present.iter().filter(|(guid, _)| guid.is_some()).map(|(_, bit)| bit).sum();
                let mut body = [mask.to_le_bytes(), flags.to_le_bytes()].concat();
                body.extend([object, inherited].into_iter().flatten().flat_map(Uuid::to_bytes_le));
                body.extend(trustee.to_wire());
                body
            }
            Body::Raw(body) => body.clone(),
        };
        // A raw body came out of 16 bits, and the others have at most 112 bytes.
        let size = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
        let mut bytes = vec![self.kind, self.flags];
        bytes.extend(size.to_le_bytes());
        bytes.extend(body);
        bytes
    }
}

/// `None` when something follows the identifier: to be kept, the entry must then stay raw.
fn plain(body: &[u8]) -> Option<Body> {
    let (mask, rest) = body.split_first_chunk()?;
    let trustee = Sid::from_wire(rest).ok()?;
    Some(Body::Plain { mask: u32::from_le_bytes(*mask), trustee })
}

fn object(body: &[u8]) -> Option<Body> {
    let (mask, rest) = body.split_first_chunk()?;
    let (flags, mut rest) = rest.split_first_chunk()?;
    let flags = u32::from_le_bytes(*flags);
    if flags & !(OBJECT_TYPE_PRESENT | INHERITED_TYPE_PRESENT) != 0 {
        return None;
    }
    let mut guid = |bit| {
        if flags & bit == 0 {
            return Some(None);
        }
        let (guid, after) = rest.split_first_chunk()?;
        rest = after;
        Some(Some(Uuid::from_bytes_le(*guid)))
    };
    let object = guid(OBJECT_TYPE_PRESENT)?;
    let inherited = guid(INHERITED_TYPE_PRESENT)?;
    let trustee = Sid::from_wire(rest).ok()?;
    Some(Body::Object { mask: u32::from_le_bytes(*mask), object, inherited, trustee })
}
