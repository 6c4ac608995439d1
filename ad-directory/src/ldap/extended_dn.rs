//! Names with the identity before them: `<GUID=…>;<SID=…>;CN=…` (MS-ADTS 3.1.1.3.4.1.5).

use ldap3::controls::RawControl;

use super::ber;
use crate::{Dn, ObjectGuid, Sid};

const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";

/// Asks for names with the identity before them, in words.
pub(super) fn asked() -> RawControl {
    RawControl { ctype: EXTENDED_DN.to_owned(), crit: false, val: Some(ber::number(1)) }
}

/// A name, with what stood before it. Both forms are read, whatever was asked for: DirSync gives the longer one for some attributes in any case.
pub(super) struct ExtendedName {
    pub(super) dn: Dn,
    pub(super) guid: Option<ObjectGuid>,
    pub(super) sid: Option<Sid>,
}

impl ExtendedName {
    /// `None` when it is neither form.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (mut guid, mut sid) = (None, None);
        let mut rest = text;
        while let Some(tagged) = rest.strip_prefix('<') {
            let (tag, after) = tagged.split_once('>')?;
            match tag.split_once('=') {
                Some(("GUID", value)) => guid = Some(value.parse().ok()?),
                Some(("SID", value)) => sid = Some(value.parse().ok()?),
                _ => {}
            }
            rest = after.strip_prefix(';').unwrap_or(after);
        }
        Some(Self { dn: rest.parse().ok()?, guid, sid })
    }
}

#[cfg(test)]
mod tests {
    use super::ExtendedName;

    #[test]
    fn both_forms_are_read() {
        let read =
            |text: &str| ExtendedName::read(text).map(|name| (name.dn.to_string(), name.guid, name.sid));
        assert_eq!(read("CN=a,DC=x"), Some(("CN=a,DC=x".to_owned(), None, None)));
        let guid = "00112233-4455-6677-8899-aabbccddeeff";
        let sid = "S-1-5-21-1-2-3-1104";
        let whole = read(&format!("<GUID={guid}>;<SID={sid}>;CN=a\\,b,DC=x"));
        let wanted = ("CN=a\\,b,DC=x".to_owned(), guid.parse().ok(), sid.parse().ok());
        assert_eq!(whole, Some(wanted));
        for broken in ["", "<GUID=1>;CN=a,DC=x", "<SID=x>;CN=a,DC=x", "<GUID=", "<GUID=x"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
