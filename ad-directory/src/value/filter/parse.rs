//! From text to a filter (RFC 4515, section 3).

use std::str::FromStr;

use super::{super::ParseError, Filter, Node, Operator};

/// Deeper than any filter a person writes, and shallow enough for any stack.
const MAX_DEPTH: usize = 64;

const fn error(why: &'static str) -> ParseError {
    ParseError::new("search filter", why)
}

impl FromStr for Filter {
    type Err = ParseError;

    /// Of the matching rules, only the three of Active Directory are known.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        match filter(text, 0)? {
            (filter, "") => Ok(filter),
            _ => Err(error("something follows its end")),
        }
    }
}

/// A filter, and what follows it.
fn filter(text: &str, depth: usize) -> Result<(Filter, &str), ParseError> {
    if depth > MAX_DEPTH {
        return Err(error("it is nested too deep"));
    }
    let inner = text.strip_prefix('(').ok_or_else(|| error("a part does not begin with a parenthesis"))?;
    let (node, rest) = if let Some(list) = inner.strip_prefix('&') {
        let (filters, rest) = filters(list, depth)?;
        (Node::All(filters), rest)
    } else if let Some(list) = inner.strip_prefix('|') {
        let (filters, rest) = filters(list, depth)?;
        (Node::Any(filters), rest)
    } else if let Some(negated) = inner.strip_prefix('!') {
        let (filter, rest) = filter(negated, depth + 1)?;
        (Node::Not(Box::new(filter)), rest)
    } else {
        let end = inner.find([')', '(']).ok_or_else(|| error("a parenthesis is not closed"))?;
        let (item, rest) = inner.split_at_checked(end).ok_or_else(|| error("a parenthesis is not closed"))?;
        (self::item(item)?, rest)
    };
    let rest = rest.strip_prefix(')').ok_or_else(|| error("a parenthesis is not closed"))?;
    Ok((Filter(node), rest))
}

fn filters(mut text: &str, depth: usize) -> Result<(Vec<Filter>, &str), ParseError> {
    let mut filters = Vec::new();
    while text.starts_with('(') {
        let (filter, rest) = filter(text, depth + 1)?;
        filters.push(filter);
        text = rest;
    }
    Ok((filters, text))
}

fn item(text: &str) -> Result<Node, ParseError> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .ok_or_else(|| error("a part has no operator"))?;
    let (name, rest) = text.split_at_checked(end).ok_or_else(|| error("a part has no operator"))?;
    let attribute = name.parse().map_err(|_| error("a part has no attribute, or one with options"))?;
    let found =
        Operator::ALL.iter().find_map(|operator| Some((*operator, rest.strip_prefix(operator.text())?)));
    let (operator, value) = found.ok_or_else(|| error("an operator is not known"))?;
    if value == "*" && operator == Operator::Equals {
        return Ok(Node::Present(attribute));
    }
    if !value.contains('*') {
        let value = unescape(value)?;
        let is_number = || {
            std::str::from_utf8(&value)
                .is_ok_and(|text| text.parse::<u32>().is_ok() || text.parse::<i32>().is_ok())
        };
        if matches!(operator, Operator::AllBits | Operator::AnyBit) && !is_number() {
            return Err(error("bits are not a 32-bit number"));
        }
        return Ok(Node::Compare(attribute, operator, value));
    }
    if operator != Operator::Equals {
        return Err(error("an asterisk stands behind an operator that has no parts"));
    }
    let mut parts = value.split('*').map(unescape).collect::<Result<Vec<_>, _>>()?;
    let last = parts.pop().filter(|part| !part.is_empty());
    let middle = parts.split_off(1.min(parts.len()));
    let first = parts.pop().filter(|part| !part.is_empty());
    if middle.iter().any(Vec::is_empty) || (first.is_none() && last.is_none() && middle.is_empty()) {
        return Err(error("two asterisks follow each other"));
    }
    Ok(Node::Parts(attribute, first, middle, last))
}

fn unescape(text: &str) -> Result<Vec<u8>, ParseError> {
    let mut bytes = text.bytes();
    let mut value = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        value.push(match byte {
            b'\\' => {
                let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                let both = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
                both.ok_or_else(|| error("a backslash is not followed by two hex digits"))?
            }
            0 => return Err(error("it holds a NUL")),
            other => other,
        });
    }
    Ok(value)
}
