//! Distinguished names: where an object is.

use std::{cmp::Ordering, fmt, hash, str::FromStr, sync::Arc};

use super::{ParseError, text_serde};

mod parse;

/// A distinguished name (RFC 4514), such as `CN=svc-app,OU=Service Accounts,DC=corp,DC=example`.
///
/// It is kept in parts, not as text, so nothing that is put into it can become another part. `Display` escapes what must be escaped.
/// Names are equal when the directory would find the same object: without regard to case and to how they were escaped.
///
/// A DN is for showing and for saying where to create. An object keeps its [`ObjectGuid`](crate::ObjectGuid) when it moves, and not its DN.
///
/// ```
/// # use ad_directory::Dn;
/// let unit: Dn = "OU=Service Accounts,DC=corp,DC=example".parse()?;
/// let account = unit.child("Smith, John")?;
/// assert_eq!(account.to_string(), r"CN=Smith\, John,OU=Service Accounts,DC=corp,DC=example");
/// assert!(account.is_below(&"dc=CORP,dc=example".parse()?));
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Dn {
    /// Shared, since names are copied far more often than they are made.
    rdns: Arc<[Rdn]>,
}

/// One level of a name; more than one pair only for the rare `CN=a+OU=b`.
#[derive(Clone)]
struct Rdn {
    first: Pair,
    more: Vec<Pair>,
}

#[derive(Clone)]
struct Pair {
    attribute: String,
    value: String,
}

impl Dn {
    /// The name of a domain: `corp.example` is `DC=corp,DC=example`.
    ///
    /// # Errors
    /// When a label is empty.
    pub fn from_domain(domain: &str) -> Result<Self, ParseError> {
        let rdns = domain
            .trim_end_matches('.')
            .split('.')
            .map(|label| {
                if label.is_empty() {
                    return Err(ParseError::new("domain name", "it has an empty label"));
                }
                Ok(Rdn::single("DC", label))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rdns })
    }

    /// The object above, or `None` when there is only one level left.
    pub fn parent(&self) -> Option<Self> {
        match self.rdns.split_first() {
            Some((_, rest)) if !rest.is_empty() => Some(Self { rdns: rest.into() }),
            _ => None,
        }
    }

    /// `CN=cn` below this name.
    ///
    /// # Errors
    /// When `cn` is empty, longer than 64 characters (the schema's limit) or holds a NUL.
    pub fn child(&self, cn: &str) -> Result<Self, ParseError> {
        self.below("CN", cn)
    }

    /// `OU=ou` below this name.
    ///
    /// # Errors
    /// As for [`child`](Self::child).
    pub fn unit(&self, ou: &str) -> Result<Self, ParseError> {
        self.below("OU", ou)
    }

    /// Whether this object lies somewhere below `other`; an object does not lie below itself.
    pub fn is_below(&self, other: &Self) -> bool {
        self.rdns.len() > other.rdns.len()
            && self.rdns.iter().rev().zip(other.rdns.iter().rev()).all(|(a, b)| a == b)
    }

    /// The value of the lowest level: `svc-app` of `CN=svc-app,OU=…`.
    pub fn name(&self) -> &str {
        self.rdns.first().map_or("", |rdn| &rdn.first.value)
    }

    /// The attribute of the lowest level: `CN` of `CN=svc-app,OU=…`.
    pub fn name_attribute(&self) -> &str {
        self.rdns.first().map_or("", |rdn| &rdn.first.attribute)
    }

    /// How many levels the name has.
    pub fn depth(&self) -> usize {
        self.rdns.len()
    }

    /// The domain in dots, made of the `DC` levels at the end; `None` when there are none.
    pub fn domain(&self) -> Option<String> {
        let mut labels: Vec<&str> = self
            .rdns
            .iter()
            .rev()
            .take_while(|rdn| rdn.first.attribute.eq_ignore_ascii_case("DC"))
            .map(|rdn| rdn.first.value.as_str())
            .collect();
        labels.reverse();
        if labels.is_empty() { None } else { Some(labels.join(".")) }
    }

    /// The lowest level alone, as it goes into a move: `CN=svc-app`.
    pub(crate) fn rdn_text(&self) -> String {
        self.rdns.first().map(ToString::to_string).unwrap_or_default()
    }

    fn below(&self, attribute: &str, name: &str) -> Result<Self, ParseError> {
        let length = name.chars().count();
        if length == 0 || name.trim().is_empty() {
            return Err(ParseError::new("common name", "it is empty"));
        }
        if length > 64 {
            return Err(ParseError::new("common name", "it is longer than 64 characters"));
        }
        if name.contains('\0') {
            return Err(ParseError::new("common name", "it holds a NUL"));
        }
        let rdns = std::iter::once(Rdn::single(attribute, name)).chain(self.rdns.iter().cloned());
        Ok(Self { rdns: rdns.collect() })
    }
}

impl Rdn {
    fn single(attribute: &str, value: &str) -> Self {
        Self { first: Pair { attribute: attribute.to_owned(), value: value.to_owned() }, more: Vec::new() }
    }

    /// The pairs in one order, since `CN=a+OU=b` and `OU=b+CN=a` are the same.
    fn pairs(&self) -> Vec<&Pair> {
        let mut pairs: Vec<_> = std::iter::once(&self.first).chain(&self.more).collect();
        pairs.sort();
        pairs
    }
}

impl Ord for Rdn {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.more.is_empty() && other.more.is_empty() {
            self.first.cmp(&other.first)
        } else {
            self.pairs().cmp(&other.pairs())
        }
    }
}

impl hash::Hash for Rdn {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        if self.more.is_empty() { self.first.hash(state) } else { self.pairs().hash(state) }
    }
}

/// A letter at a time, so that nothing has to be allocated to compare.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        let attribute = folded(&self.attribute).cmp(folded(&other.attribute));
        attribute.then_with(|| folded(&self.value).cmp(folded(&other.value)))
    }
}

impl hash::Hash for Pair {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        for text in [&self.attribute, &self.value] {
            for letter in folded(text) {
                state.write_u32(letter.into());
            }
            // No letter has this number: "ab" and "c" is not "a" and "bc".
            state.write_u32(u32::MAX);
        }
    }
}

/// Equality and order by [`Ord`].
macro_rules! ordered {
    ($($type:ty),*) => {$(
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other) == Ordering::Equal
            }
        }

        impl Eq for $type {}

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
    )*};
}

ordered!(Pair, Rdn);

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        // Copies are the same without a look at them.
        Arc::ptr_eq(&self.rdns, &other.rdns) || self.rdns == other.rdns
    }
}

impl Eq for Dn {}

impl hash::Hash for Dn {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        for rdn in &*self.rdns {
            rdn.hash(state);
        }
    }
}

impl Ord for Dn {
    /// From the root down, so that sorting puts a parent before its children.
    fn cmp(&self, other: &Self) -> Ordering {
        self.rdns.iter().rev().cmp(other.rdns.iter().rev())
    }
}

impl PartialOrd for Dn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Dn {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse::dn(text)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            rdn.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({self})")
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.more.iter().try_for_each(|pair| write!(f, "+{pair}"))
    }
}

impl fmt::Display for Pair {
    /// RFC 4514, section 2.4; control characters as hex pairs too, since Active Directory shows them so (`\0ADEL:`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.attribute)?;
        let last = self.value.chars().count().saturating_sub(1);
        for (index, c) in self.value.chars().enumerate() {
            match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(f, "\\{c}")?,
                '#' | ' ' if index == 0 => write!(f, "\\{c}")?,
                ' ' if index == last => write!(f, "\\{c}")?,
                c if u32::from(c) < 0x20 || c == '\x7f' => write!(f, "\\{:02X}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

text_serde!(Dn);

#[cfg(test)]
mod tests;
