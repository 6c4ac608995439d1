//! Search filters that cannot be injected into.

use std::fmt;

use super::{attribute::AttributeName, dn::Dn, guid::ObjectGuid, sid::Sid};

pub(crate) mod matches;
mod parse;

/// A search filter (RFC 4515), built of typed parts: a value that is put into it stays a value, and `Display` escapes it.
///
/// `FromStr` reads a whole filter, such as one from a configuration that an administrator wrote. Never put a filter together as text and
/// parse it: that is what the constructors are for.
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
    Compare(AttributeName, Operator, Vec<u8>),
    /// The beginning, what comes somewhere after it in this order, and the end.
    Parts(AttributeName, Option<Vec<u8>>, Vec<Vec<u8>>, Option<Vec<u8>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    Equals,
    Approximately,
    AtLeast,
    AtMost,
    /// `LDAP_MATCHING_RULE_BIT_AND` (MS-ADTS 3.1.1.3.4.4.1).
    AllBits,
    /// `LDAP_MATCHING_RULE_BIT_OR` (MS-ADTS 3.1.1.3.4.4.2).
    AnyBit,
    /// `LDAP_MATCHING_RULE_TRANSITIVE_EVAL` (MS-ADTS 3.1.1.3.4.4.3).
    LeadsTo,
}

impl Operator {
    const ALL: [Self; 7] = [
        Self::Approximately,
        Self::AtLeast,
        Self::AtMost,
        Self::AllBits,
        Self::AnyBit,
        Self::LeadsTo,
        Self::Equals,
    ];

    const fn text(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::Approximately => "~=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::AllBits => ":1.2.840.113556.1.4.803:=",
            Self::AnyBit => ":1.2.840.113556.1.4.804:=",
            Self::LeadsTo => ":1.2.840.113556.1.4.1941:=",
        }
    }
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

impl From<&Sid> for FilterValue {
    fn from(sid: &Sid) -> Self {
        Self(sid.to_wire())
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
        Self(Node::Compare(attribute, Operator::Equals, value.into().0))
    }

    /// The attribute is this or more.
    pub fn at_least(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self(Node::Compare(attribute, Operator::AtLeast, value.into().0))
    }

    /// The attribute is this or less.
    pub fn at_most(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self(Node::Compare(attribute, Operator::AtMost, value.into().0))
    }

    /// The attribute begins with this.
    pub fn starts_with(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self::parts(attribute, Some(value.into().0), Vec::new(), None)
    }

    /// The attribute ends with this.
    pub fn ends_with(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self::parts(attribute, None, Vec::new(), Some(value.into().0))
    }

    /// The attribute holds this somewhere.
    pub fn contains(attribute: AttributeName, value: impl Into<FilterValue>) -> Self {
        Self::parts(attribute, None, vec![value.into().0], None)
    }

    /// An empty part says nothing, and the protocol has no form for it.
    pub(crate) fn parts(
        attribute: AttributeName,
        first: Option<Vec<u8>>,
        middle: Vec<Vec<u8>>,
        last: Option<Vec<u8>>,
    ) -> Self {
        let some = |part: Option<Vec<u8>>| part.filter(|part| !part.is_empty());
        let (first, last) = (some(first), some(last));
        let middle: Vec<_> = middle.into_iter().filter(|part| !part.is_empty()).collect();
        if first.is_none() && last.is_none() && middle.is_empty() {
            return Self::present(attribute);
        }
        Self(Node::Parts(attribute, first, middle, last))
    }

    /// All of these bits are set.
    pub fn bits_set(attribute: AttributeName, bits: u32) -> Self {
        Self(Node::Compare(attribute, Operator::AllBits, bits.to_string().into_bytes()))
    }

    /// At least one of these bits is set.
    pub fn any_bit_set(attribute: AttributeName, bits: u32) -> Self {
        Self(Node::Compare(attribute, Operator::AnyBit, bits.to_string().into_bytes()))
    }

    /// The attribute leads to this object, through groups within groups too.
    pub fn leads_to(attribute: AttributeName, dn: &Dn) -> Self {
        Self(Node::Compare(attribute, Operator::LeadsTo, dn.to_string().into_bytes()))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = |f: &mut fmt::Formatter<'_>, operator, filters: &[Self]| {
            write!(f, "({operator}")?;
            filters.iter().try_for_each(|filter| filter.fmt(f))?;
            f.write_str(")")
        };
        match &self.0 {
            Node::All(filters) => group(f, '&', filters),
            Node::Any(filters) => group(f, '|', filters),
            Node::Not(filter) => write!(f, "(!{filter})"),
            Node::Present(attribute) => write!(f, "({attribute}=*)"),
            Node::Compare(attribute, operator, value) => {
                write!(f, "({attribute}{}{})", operator.text(), Escaped(value))
            }
            Node::Parts(attribute, first, middle, last) => {
                write!(f, "({attribute}={}*", Escaped(first.as_deref().unwrap_or_default()))?;
                middle.iter().try_for_each(|part| write!(f, "{}*", Escaped(part)))?;
                write!(f, "{})", Escaped(last.as_deref().unwrap_or_default()))
            }
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

super::text_serde!(Filter);

#[cfg(test)]
mod tests;
