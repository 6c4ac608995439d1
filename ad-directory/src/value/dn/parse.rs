//! Reading a distinguished name: RFC 4514, with the spaces around `,` `+` `=` that older tools write.

use super::{ParseError, Parts, PartsBuilder};

const fn error(why: &'static str) -> ParseError {
    ParseError::new("distinguished name", why)
}

pub(super) fn dn(text: &str) -> Result<Parts, ParseError> {
    if text.trim().is_empty() {
        return Err(error("it is empty"));
    }
    let mut input = text.chars().peekable();
    let mut parts = PartsBuilder::default();
    loop {
        let (attribute, value, mut end) = pair(&mut input)?;
        parts.level(&attribute, &value)?;
        while end == End::Plus {
            let (attribute, value, then) = pair(&mut input)?;
            parts.join(&attribute, &value)?;
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

type Input<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn pair(input: &mut Input<'_>) -> Result<(String, String, End), ParseError> {
    let mut attribute = String::new();
    loop {
        match input.next() {
            Some('=') => break,
            Some(c) => attribute.push(c),
            None => return Err(error("a level has no `=`")),
        }
    }
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
    let (value, end) = value(input)?;
    Ok((attribute.to_owned(), value, end))
}

fn value(input: &mut Input<'_>) -> Result<(String, End), ParseError> {
    while input.next_if_eq(&' ').is_some() {}
    if input.peek() == Some(&'#') {
        return Err(error("values in the `#hex` form are not supported"));
    }
    let mut bytes: Vec<u8> = Vec::new();
    // Where the value ends if the spaces read last turn out to be padding.
    let mut kept = 0;
    let mut buffer = [0; 4];
    let end = loop {
        match input.next() {
            None => break End::Text,
            Some(',') => break End::Comma,
            Some('+') => break End::Plus,
            Some('\\') => {
                bytes.push_escaped(input)?;
                kept = bytes.len();
            }
            Some('"' | ';' | '<' | '>' | '\0') => {
                return Err(error("a character that must be escaped is not"));
            }
            Some(' ') => bytes.push(b' '),
            Some(c) => {
                bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                kept = bytes.len();
            }
        }
    };
    bytes.truncate(kept);
    if bytes.is_empty() {
        return Err(error("a value is empty"));
    }
    let value = String::from_utf8(bytes).map_err(|_| error("the escaped bytes are not UTF-8"))?;
    Ok((value, end))
}

trait PushEscaped {
    fn push_escaped(&mut self, input: &mut Input<'_>) -> Result<(), ParseError>;
}

impl PushEscaped for Vec<u8> {
    /// What follows a backslash: one special character, or two hex digits.
    fn push_escaped(&mut self, input: &mut Input<'_>) -> Result<(), ParseError> {
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
