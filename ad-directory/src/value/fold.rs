//! Names as a directory compares them: letter by letter, without regard to case. Nothing is copied for it.

use std::{cmp::Ordering, hash::Hasher};

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

pub(crate) fn eq(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { letters(a).eq(letters(b)) }
}

pub(crate) fn cmp(a: &str, b: &str) -> Ordering {
    letters(a).cmp(letters(b))
}

/// The same for what [`eq`] says is the same. What is outside of ASCII may fold into it (the Kelvin sign), so that both ways hand the same
/// words to the hasher.
pub(crate) fn hash(text: &str, state: &mut impl Hasher) {
    let mut piece = Piece::default();
    if text.is_ascii() {
        let (words, rest) = text.as_bytes().as_chunks();
        for word in words {
            state.write_u64(u64::from_be_bytes(word.map(|byte| byte.to_ascii_lowercase())));
        }
        for byte in rest {
            piece.push(byte.to_ascii_lowercase(), state);
        }
    } else {
        for letter in letters(text) {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                piece.push(byte, state);
            }
        }
    }
    // "ab" and "c" is not "a" and "bc".
    let left = piece.count;
    piece.flush(state);
    state.write_u32(left);
}

/// Eight bytes at a time: a hasher takes a word as quickly as a byte.
#[derive(Default)]
struct Piece {
    bytes: u64,
    count: u32,
}

impl Piece {
    fn push(&mut self, byte: u8, state: &mut impl Hasher) {
        self.bytes = self.bytes << 8 | u64::from(byte);
        self.count += 1;
        if self.count == u64::BITS / u8::BITS {
            self.flush(state);
        }
    }

    fn flush(&mut self, state: &mut impl Hasher) {
        state.write_u64(self.bytes);
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hasher};

    use proptest::prelude::*;

    use super::{Ordering, cmp, eq, hash, letters};

    fn hashed(text: &str) -> u64 {
        let mut state = DefaultHasher::new();
        hash(text, &mut state);
        state.finish()
    }

    #[test]
    fn case_decides_nothing() {
        let kelvins = "\u{212a}".repeat(17);
        for (a, b) in [
            ("svc-A", "SVC-a"),
            ("a longer name", "A Longer Name"),
            ("Änne", "ÄNNE"),
            (&kelvins, "KKKKkkkkKKKKkkkkk"),
            ("", ""),
        ] {
            assert!(eq(a, b) && cmp(a, b) == Ordering::Equal && hashed(a) == hashed(b), "{a} {b}");
        }
        for (a, b) in [("a", "b"), ("a", "ab"), ("a", "\u{e4}"), ("", "a"), ("\0", "")] {
            assert!(!eq(a, b) && cmp(a, b) != Ordering::Equal && hashed(a) != hashed(b), "{a:?} {b:?}");
        }
    }

    proptest! {
        #[test]
        fn all_three_say_the_same(a in "[aAbBkK\u{212a}\u{130}]{0,9}|\\PC{0,20}", b in "[aAbBkK\u{212a}\u{130}]{0,9}") {
            let same = letters(&a).eq(letters(&b));
            prop_assert_eq!(eq(&a, &b), same);
            prop_assert_eq!(cmp(&a, &b) == Ordering::Equal, same);
            prop_assert!(!same || hashed(&a) == hashed(&b));
            prop_assert_eq!(hashed(&a), hashed(&a.to_ascii_uppercase()));
        }
    }
}
