//! Search filters that cannot be injected into.

use std::fmt;

use super::{attribute::AttributeName, dn::Dn, guid::ObjectGuid};

/// A search filter (RFC 4515), built of typed parts. There is no way to make one out of text, so there is nothing to inject into;
/// `Display` escapes every value.
///
/// ```
/// # use ad_directory::{AttributeName, Filter};
/// let name: AttributeName = "sAMAccountName".parse()?;
/// let filter = Filter::all([Filter::equals("objectClass".parse()?, "user"), Filter::equals(name, "*)(cn=*")]);
/// assert_eq!(filter.to_string(), r"(&(objectClass=user)(sAMAccountName=\2a\29\28cn=\2a))");
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filter(Node);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Present(AttributeName),
    Compare(AttributeName, &'static str, Vec<u8>),
    StartsWith(AttributeName, Vec<u8>),
}

/// A value to look for: text, or the bytes of a binary attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilterValue(Vec<u8>);

impl From<&str> for FilterValue {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for FilterValue {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&[u8]> for FilterValue {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<ObjectGuid> for FilterValue {
    fn from(guid: ObjectGuid) -> Self {
        Self(guid.to_wire().to_vec())
    }
}

impl From<&Dn> for FilterValue {
    fn from(dn: &Dn) -> Self {
        Self(dn.to_string().into_bytes())
    }
}

impl Filter {
    /// All of these; everything when there are none (RFC 4526).
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::All(filters.into_iter().collect()))
    }

    /// At least one of these; nothing when there are none (RFC 4526).
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::Any(filters.into_iter().collect()))
    }

    /// Not this.
    #[allow(
        clippy::should_implement_trait,
        reason = "a constructor beside `all` and `any`, not an operator on a filter"
    )]
    pub fn not(filter: Self) -> Self {
        Self(Node::Not(Box::new(filter)))
    }

    /// The attribute has some value.
    pub const fn present(attribute: AttributeName) -> Self {
        Self(Node::Present(attribute))
    }

    /// The attribute has this value.
    pub fn equals(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self(Node::Compare(attribute, "=", value.into().0))
    }

    /// The attribute is this or more.
    pub fn at_least(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self(Node::Compare(attribute, ">=", value.into().0))
    }

    /// The attribute is this or less.
    pub fn at_most(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self(Node::Compare(attribute, "<=", value.into().0))
    }

    /// The attribute begins with this.
    pub fn starts_with(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self(Node::StartsWith(attribute, value.into().0))
    }

    /// All of these bits are set (`LDAP_MATCHING_RULE_BIT_AND`, MS-ADTS 3.1.1.3.4.4.1).
    pub fn bits_set(attribute: AttributeName, bits: u32) -> Self {
        Self(Node::Compare(attribute, ":1.2.840.113556.1.4.803:=", bits.to_string().into_bytes()))
    }

    /// The attribute leads to this object, through groups within groups too (`LDAP_MATCHING_RULE_TRANSITIVE_EVAL`, MS-ADTS
    /// 3.1.1.3.4.4.3).
    pub fn leads_to(attribute: AttributeName, dn: &Dn) -> Self {
        Self(Node::Compare(attribute, ":1.2.840.113556.1.4.1941:=", dn.to_string().into_bytes()))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, operator, filters: &[Self]| {
            write!(f, "({operator}")?;
            filters.iter().try_for_each(|filter| filter.fmt(f))?;
            f.write_str(")")
        };
        match &self.0 {
            Node::All(filters) => list(f, '&', filters),
            Node::Any(filters) => list(f, '|', filters),
            Node::Not(filter) => write!(f, "(!{filter})"),
            Node::Present(attribute) => write!(f, "({attribute}=*)"),
            Node::Compare(attribute, operator, value) => {
                write!(f, "({attribute}{operator}{})", Escaped(value))
            }
            Node::StartsWith(attribute, value) => write!(f, "({attribute}={}*)", Escaped(value)),
        }
    }
}

struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    /// RFC 4515, section 3. More is escaped than has to be: every byte outside printable ASCII, so that binary values are safe too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| match byte {
            b'*' | b'(' | b')' | b'\\' => write!(f, "\\{byte:02x}"),
            0x20..=0x7e => write!(f, "{}", char::from(byte)),
            _ => write!(f, "\\{byte:02x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Filter;

    /// Reads the value of `(a=…)` back, by the RFC's rules and nothing of the code above.
    fn unescape(text: &str) -> Option<Vec<u8>> {
        let mut bytes = text.strip_prefix("(a=")?.strip_suffix(')')?.bytes();
        let mut value = Vec::new();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => {
                    let hex = [bytes.next()?, bytes.next()?];
                    value.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
                }
                b'(' | b')' | b'*' | 0 => return None,
                _ => value.push(byte),
            }
        }
        Some(value)
    }

    proptest! {
        #[test]
        fn no_value_gets_out_of_its_place(value: Vec<u8>) {
            let filter = Filter::equals("a".parse().unwrap(), value.as_slice());
            prop_assert_eq!(unescape(&filter.to_string()), Some(value));
        }
    }

    #[test]
    fn every_form() {
        let a = || "a".parse().unwrap();
        let dn = r"CN=x\, y,DC=z".parse().unwrap();
        let filter = Filter::any([
            Filter::not(Filter::present(a())),
            Filter::at_least(a(), "1"),
            Filter::at_most(a(), "2"),
            Filter::starts_with(a(), "s*"),
            Filter::bits_set(a(), 2),
            Filter::leads_to(a(), &dn),
        ]);
        assert_eq!(
            filter.to_string(),
            r"(|(!(a=*))(a>=1)(a<=2)(a=s\2a*)(a:1.2.840.113556.1.4.803:=2)(a:1.2.840.113556.1.4.1941:=CN=x\5c, y,DC=z))"
        );
    }
}
