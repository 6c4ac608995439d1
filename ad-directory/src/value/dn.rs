//! Distinguished names: where an object is.

use std::{
    cmp::Ordering,
    fmt,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    str::FromStr,
    sync::{Arc, LazyLock, OnceLock},
};

use super::{ParseError, text_serde};

mod parse;
mod parts;

use parts::{Level, Parts, PartsBuilder};

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
pub struct Dn(
    /// Shared, since names are copied far more often than they are made.
    Arc<Inner>,
);

struct Inner {
    parts: Parts,
    /// Made when it is first asked for: most names are never looked up by.
    hash: OnceLock<u64>,
}

/// One for all names, since the hash of a name is kept with it; random, so that nobody can choose names that collide.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Dn {
    fn of(parts: Parts) -> Self {
        Self(Arc::new(Inner { parts, hash: OnceLock::new() }))
    }

    /// The name of a domain: `corp.example` is `DC=corp,DC=example`.
    ///
    /// # Errors
    /// When a label is empty.
    pub fn from_domain(domain: &str) -> Result<Self, ParseError> {
        let mut parts = PartsBuilder::default();
        for label in domain.trim_end_matches('.').split('.') {
            if label.is_empty() {
                return Err(ParseError::new("domain name", "it has an empty label"));
            }
            parts.level("DC", label)?;
        }
        Ok(Self::of(parts.finish()))
    }

    /// The object above, or `None` when there is only one level left.
    pub fn parent(&self) -> Option<Self> {
        self.0.parts.above().map(Self::of)
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
        let (levels, others) = (self.0.parts.levels(), other.0.parts.levels());
        self.depth() > other.depth() && levels.rev().zip(others.rev()).all(|(a, b)| a == b)
    }

    /// The value of the lowest level: `svc-app` of `CN=svc-app,OU=…`.
    pub fn name(&self) -> &str {
        self.0.parts.levels().next().map_or("", |level| level.first().value)
    }

    /// The attribute of the lowest level: `CN` of `CN=svc-app,OU=…`.
    pub fn name_attribute(&self) -> &str {
        self.0.parts.levels().next().map_or("", |level| level.first().attribute)
    }

    /// How many levels the name has.
    pub fn depth(&self) -> usize {
        self.0.parts.depth()
    }

    /// The domain in dots, made of the `DC` levels at the end; `None` when there are none.
    pub fn domain(&self) -> Option<String> {
        let levels = self.0.parts.levels().rev().map(Level::first);
        let labels = levels.take_while(|pair| pair.attribute.eq_ignore_ascii_case("DC"));
        let mut labels: Vec<&str> = labels.map(|pair| pair.value).collect();
        labels.reverse();
        if labels.is_empty() { None } else { Some(labels.join(".")) }
    }

    /// The lowest level alone, as it goes into a move: `CN=svc-app`.
    pub(crate) fn rdn_text(&self) -> String {
        self.0.parts.levels().next().map(|level| level.to_string()).unwrap_or_default()
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
        let mut parts = PartsBuilder::default();
        parts.level(attribute, name)?;
        parts.all_of(&self.0.parts)?;
        Ok(Self::of(parts.finish()))
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        // Copies, and names that were written alike, are the same without a look at their letters.
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.parts.is_written_as(&other.0.parts)
            || self.0.parts.levels().eq(other.0.parts.levels())
    }
}

impl Eq for Dn {}

impl Hash for Dn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let hash = self.0.hash.get_or_init(|| {
            let mut state = HASHES.build_hasher();
            for level in self.0.parts.levels() {
                level.hash(&mut state);
            }
            state.finish()
        });
        state.write_u64(*hash);
    }
}

impl Ord for Dn {
    /// From the root down, so that sorting puts a parent before its children.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.parts.levels().rev().cmp(other.0.parts.levels().rev())
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
        parse::dn(text).map(Self::of)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, level) in self.0.parts.levels().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            level.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({self})")
    }
}

text_serde!(Dn);

#[cfg(test)]
mod tests;
