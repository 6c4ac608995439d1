//! Access control lists.

use super::{
    super::ParseError,
    ace::{Ace, AceKind},
};

/// A list of entries (MS-DTYP 2.4.5). The order counts: the first entry that speaks of a right decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl {
    /// 2, or 4 when entries about single properties are allowed in it.
    revision: u8,
    entries: Vec<Ace>,
}

const HEADER: usize = 8;
/// `ACL_REVISION_DS`: what Active Directory writes.
const REVISION_DS: u8 = 4;
const REVISION: u8 = 2;

const fn error(why: &'static str) -> ParseError {
    ParseError::new("access control list", why)
}

impl Default for Acl {
    fn default() -> Self {
        Self { revision: REVISION_DS, entries: Vec::new() }
    }
}

impl Acl {
    /// A list without entries: nobody may do anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries, in their order.
    pub fn entries(&self) -> &[Ace] {
        &self.entries
    }

    /// Its revision: 2 or 4.
    pub const fn revision(&self) -> u8 {
        self.revision
    }

    /// Puts an entry where it belongs: what denies before what allows, and both before what came from above (MS-ADTS 5.1.3.3). The order
    /// of the others stays as it is.
    ///
    /// # Errors
    /// When the list would not fit into its 16-bit size any more.
    pub fn insert(&mut self, ace: Ace) -> Result<(), ParseError> {
        if HEADER + self.size() + ace.size() > usize::from(u16::MAX) {
            return Err(error("it would be longer than 65535 bytes"));
        }
        if matches!(ace.kind(), AceKind::AllowObject | AceKind::DenyObject) {
            self.revision = REVISION_DS;
        }
        let rank = rank(&ace);
        let place = self.entries.iter().position(|have| self::rank(have) > rank);
        self.entries.insert(place.unwrap_or(self.entries.len()), ace);
        Ok(())
    }

    /// Keeps the entries that `keep` says yes to, and tells how many went.
    pub fn retain(&mut self, keep: impl FnMut(&Ace) -> bool) -> usize {
        let before = self.entries.len();
        self.entries.retain(keep);
        before - self.entries.len()
    }

    /// A list at the beginning of `bytes`; what follows it is another part.
    pub(super) fn from_wire(bytes: &[u8]) -> Result<Self, ParseError> {
        let head = bytes.first_chunk::<HEADER>().ok_or_else(|| error("it is shorter than its header"))?;
        let [revision, _, size_0, size_1, count_0, count_1, _, _] = *head;
        if !matches!(revision, REVISION | REVISION_DS) {
            return Err(error("its revision is neither 2 nor 4"));
        }
        let size = usize::from(u16::from_le_bytes([size_0, size_1]));
        let mut rest = bytes.get(HEADER..size).ok_or_else(|| error("its size does not fit"))?;
        let mut entries = Vec::new();
        for _ in 0..u16::from_le_bytes([count_0, count_1]) {
            let (ace, after) = Ace::read(rest)?;
            entries.push(ace);
            rest = after;
        }
        Ok(Self { revision, entries })
    }

    pub(super) fn to_wire(&self) -> Vec<u8> {
        // `insert` and `from_wire` keep both within 16 bits.
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
        let [size_0, size_1] = short(HEADER + self.size());
        let [count_0, count_1] = short(self.entries.len());
        let mut bytes = vec![self.revision, 0, size_0, size_1, count_0, count_1, 0, 0];
        bytes.extend(self.entries.iter().flat_map(Ace::to_wire));
        bytes
    }

    fn size(&self) -> usize {
        self.entries.iter().map(Ace::size).sum()
    }
}

fn rank(ace: &Ace) -> u8 {
    match ace.kind() {
        _ if ace.is_inherited() => 2,
        AceKind::Deny | AceKind::DenyObject => 0,
        _ => 1,
    }
}
