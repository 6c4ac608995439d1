//! Text that people type: bounded, and without characters that hide what it says.

use crate::model::refusal::Refusal;

/// Checks a text of `field`: at most `max` characters, no control characters but line breaks where `lines` allows them, no characters
/// that change the direction of writing or are invisible, and not empty where it is `required`.
///
/// # Errors
/// What is wrong with it, as rule `rule`.
pub fn check(
    rule: &'static str,
    field: &'static str,
    text: &str,
    max: usize,
    required: bool,
    lines: bool,
) -> Result<(), Refusal> {
    if required && text.trim().is_empty() {
        return Err(Refusal::new(rule, field, "must be filled in"));
    }
    let length = text.chars().count();
    if length > max {
        return Err(Refusal::new(rule, field, format!("has {length} characters, at most {max} are allowed")));
    }
    match text.chars().find(|&c| is_hidden(c) && !(lines && (c == '\n' || c == '\t'))) {
        Some(c) => Err(Refusal::new(
            rule,
            field,
            format!("has the character U+{:04X}, which cannot be seen", u32::from(c)),
        )),
        None => Ok(()),
    }
}

/// Control characters, directional marks and overrides, zero-width characters.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{061C}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn hidden_characters_are_named() {
        let refusal = check("R-3", "justification", "pay\u{202E}roll", 100, true, true).unwrap_err();
        assert!(refusal.message().contains("U+202E"), "{refusal}");
        assert!(check("R-3", "justification", "two\nlines", 100, true, true).is_ok());
        assert!(check("R-3", "name", "two\nlines", 100, true, false).is_err());
        assert!(check("R-3", "name", "   ", 100, true, false).is_err());
        assert!(check("R-3", "name", "ééé", 3, true, false).is_ok());
    }
}
