//! Reading a distinguished name: RFC 4514, with the spaces around `,` `+` `=` that older tools write.

use std::{borrow::Cow, str::Chars};

use super::{ParseError, Parts, PartsBuilder};

const fn error(why: &'static str) -> ParseError {
    ParseError::new("distinguished name", why)
}

pub(super) fn dn(text: &str) -> Result<Parts, ParseError> {
    if text.trim().is_empty() {
        return Err(error("it is empty"));
    }
    let mut input = text;
    let mut parts = PartsBuilder::for_text(text);
    loop {
        let (attribute, value, mut end) = pair(&mut input)?;
        parts.level(attribute, &value)?;
        while end == End::Plus {
            let (attribute, value, then) = pair(&mut input)?;
            parts.join(attribute, &value)?;
            end = then;
        }
        if end == End::Text {
            return Ok(parts.finish());
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Comma,
    Plus,
    Text,
}

/// Takes a pair off the beginning of `input`.
fn pair<'a>(input: &mut &'a str) -> Result<(&'a str, Cow<'a, str>, End), ParseError> {
    let (attribute, rest) = input.split_once('=').ok_or_else(|| error("a level has no `=`"))?;
    let attribute = attribute.trim();
    let named = attribute.starts_with(|c: char| c.is_ascii_alphabetic());
    let numbered = attribute.starts_with(|c: char| c.is_ascii_digit());
    let legal = match (named, numbered) {
        (true, _) => attribute.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        (_, true) => attribute.bytes().all(|b| b.is_ascii_digit() || b == b'.'),
        _ => false,
    };
    if !legal {
        return Err(error("the part before `=` is not an attribute"));
    }
    *input = rest.trim_start_matches(' ');
    let (value, end) = value(input)?;
    Ok((attribute, value, end))
}

/// What ends a value, or makes it more than the letters that it is written with.
const SPECIAL: &[char] = &[',', '+', '\\', '"', ';', '<', '>', '\0'];

fn value<'a>(input: &mut &'a str) -> Result<(Cow<'a, str>, End), ParseError> {
    if input.starts_with('#') {
        return Err(error("values in the `#hex` form are not supported"));
    }
    let (plain, special) = input.split_at(input.find(SPECIAL).unwrap_or(input.len()));
    let mut rest = special.chars();
    let end = match rest.next() {
        None => End::Text,
        Some(',') => End::Comma,
        Some('+') => End::Plus,
        Some('\\') => return escaped(input).map(|(value, end)| (Cow::Owned(value), end)),
        Some(_) => return Err(error(UNESCAPED)),
    };
    *input = rest.as_str();
    match plain.trim_end_matches(' ') {
        "" => Err(error(NO_VALUE)),
        value => Ok((Cow::Borrowed(value), end)),
    }
}

const UNESCAPED: &str = "a character that must be escaped is not";
const NO_VALUE: &str = "a value is empty";

fn escaped(input: &mut &str) -> Result<(String, End), ParseError> {
    let mut rest = input.chars();
    let mut bytes: Vec<u8> = Vec::new();
    // Where the value ends if the spaces read last turn out to be padding.
    let mut kept = 0;
    let mut buffer = [0; 4];
    let end = loop {
        match rest.next() {
            None => break End::Text,
            Some(',') => break End::Comma,
            Some('+') => break End::Plus,
            Some('\\') => {
                bytes.push_escaped(&mut rest)?;
                kept = bytes.len();
            }
            Some('"' | ';' | '<' | '>' | '\0') => return Err(error(UNESCAPED)),
            Some(' ') => bytes.push(b' '),
            Some(c) => {
                bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                kept = bytes.len();
            }
        }
    };
    *input = rest.as_str();
    bytes.truncate(kept);
    if bytes.is_empty() {
        return Err(error(NO_VALUE));
    }
    let value = String::from_utf8(bytes).map_err(|_| error("the escaped bytes are not UTF-8"))?;
    Ok((value, end))
}

trait PushEscaped {
    fn push_escaped(&mut self, input: &mut Chars<'_>) -> Result<(), ParseError>;
}

impl PushEscaped for Vec<u8> {
    /// What follows a backslash: one special character, or two hex digits.
    fn push_escaped(&mut self, input: &mut Chars<'_>) -> Result<(), ParseError> {
        let bad = || error("a backslash is not followed by a special character or two hex digits");
        let first = input.next().ok_or_else(bad)?;
        if let Some(high) = first.to_digit(16) {
            let low = input.next().and_then(|c| c.to_digit(16)).ok_or_else(bad)?;
            self.push(u8::try_from(high * 16 + low).map_err(|_| bad())?);
            return Ok(());
        }
        if matches!(first, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' | '#' | ' ') {
            self.push(u8::try_from(u32::from(first)).map_err(|_| bad())?);
            return Ok(());
        }
        Err(bad())
    }
}
