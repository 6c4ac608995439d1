//! Tags of accounts (O-7): words that people sort accounts by.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use super::text;
use crate::model::refusal::Refusal;

/// How many tags an account has at most.
pub const MOST: usize = 20;
/// How many characters a tag has at most.
pub const LONGEST: usize = 50;

/// Tags as they are kept: in Unicode's composed form (NFC), without space at either end, in the case in which they were written.
///
/// # Errors
/// O-7, everything that is wrong with them: too many, too long, empty, with characters that cannot be seen, or two that differ in case alone.
pub fn check(tags: &BTreeSet<String>) -> Result<BTreeSet<String>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    if tags.len() > MOST {
        let message = format!("{} are named, an account has at most {MOST}", tags.len());
        refusals.push(Refusal::new("O-7", "tags", message));
    }
    let mut kept = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for tag in tags.iter().take(MOST) {
        let tag: String = tag.trim().nfc().collect();
        if let Err(refusal) = text::check("O-7", "tags", &tag, LONGEST, true, false) {
            refusals.push(refusal);
        } else if keys.insert(key(&tag)) {
            kept.insert(tag);
        } else {
            let message = format!("{tag:?} is there twice; tags are compared without case");
            refusals.push(Refusal::new("O-7", "tags", message));
        }
    }
    if refusals.is_empty() { Ok(kept) } else { Err(refusals) }
}

/// What a tag is found by: tags are the same when only their case differs, or how their characters are put together.
pub fn key(tag: &str) -> String {
    tag.trim().nfc().collect::<String>().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[&str]) -> BTreeSet<String> {
        tags.iter().map(|&tag| tag.to_owned()).collect()
    }

    #[test]
    fn o_7_tags_are_kept_composed_and_compared_without_case() {
        assert_eq!(check(&tags(&[" Caf\u{65}\u{301} "])).unwrap(), tags(&["Caf\u{e9}"]));
        assert_eq!(key("CAFE\u{301}"), key("caf\u{e9}"));
        assert_eq!(check(&tags(&["PCI", "pci"])).unwrap_err().len(), 1);
        assert!(check(&tags(&["PCI", "payroll"])).is_ok() && check(&tags(&[])).is_ok());
    }

    #[test]
    fn o_7_all_problems_of_tags_are_said_at_once() {
        let long = "x".repeat(LONGEST + 1);
        let wrong = check(&tags(&["", "two\nlines", &long, "back\u{202E}wards"])).unwrap_err();
        assert_eq!(wrong.len(), 4);
        let many: BTreeSet<_> = (0..=MOST).map(|n| n.to_string()).collect();
        assert_eq!(check(&many).unwrap_err().len(), 1);
        assert_eq!(check(&many.into_iter().take(MOST).collect()).unwrap().len(), MOST);
        assert!(check(&tags(&[&"x".repeat(LONGEST)])).is_ok());
    }
}
