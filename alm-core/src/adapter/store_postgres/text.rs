//! Texts that PostgreSQL cannot keep as they are.

use sha2::{Digest as _, Sha256};

use crate::model::audit::hex;

/// The longest key that is kept as it is. An entry of an index takes at most a third of a page of 8 kB.
const LONGEST: usize = 1000;

/// A text that rows are found by: as it is, or what stands for it and for no other.
///
/// PostgreSQL's indexes take no long texts and its texts no zero. What stands for one begins with a character that no other key begins with.
pub(super) fn key(text: String) -> String {
    if text.len() <= LONGEST && !text.contains('\0') && !text.starts_with('\u{1}') {
        return text;
    }
    format!("\u{1}{}", hex(&Sha256::digest(text.as_bytes())))
}

/// A text that is read back. JSON has no zero in it; what programs say of themselves may.
pub(super) fn kept(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_and_plain_stays_and_all_others_stay_apart() {
        assert_eq!(key("svc-payroll".to_owned()), "svc-payroll");
        assert_eq!(key("x".repeat(LONGEST)), "x".repeat(LONGEST));
        let long = key("x".repeat(LONGEST + 1));
        let others = ["a\0b", "a\0c", "\u{1}", long.as_str(), &"x".repeat(LONGEST + 2)];
        let mut keys: Vec<String> = others.iter().map(|text| key((*text).to_owned())).collect();
        keys.push(long);
        for key in &keys {
            assert!(key.len() == 65 && key.starts_with('\u{1}'), "{key:?}");
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 6);
    }

    #[test]
    fn only_a_zero_is_replaced() {
        assert_eq!(kept("a\u{1}b".to_owned()), "a\u{1}b");
        assert_eq!(kept("a\0b".to_owned()), "a\u{fffd}b");
    }
}
