//! One entry of a search, read without trusting the server to send what it should.

use std::cmp::Ordering;

use ldap3::{ResultEntry, asn1::StructureTag};

/// An entry: values are bytes, since only the reader of an attribute knows whether it is text.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) dn: String,
    /// In order of their names: a dozen or two are found sooner so than in a map.
    attributes: Vec<Attribute>,
}

#[derive(Debug)]
struct Attribute {
    /// In lower case, with its options.
    name: String,
    values: Vec<Vec<u8>>,
}

impl Entry {
    /// One without attributes.
    pub(super) fn named(dn: String) -> Self {
        Self { dn, attributes: Vec::new() }
    }

    /// `None` when it is not shaped as RFC 4511, 4.5.2 says.
    pub(super) fn read(entry: ResultEntry) -> Option<Self> {
        let mut parts = entry.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
        let read = parts.next()?.expect_constructed()?;
        let mut entry = Self { dn, attributes: Vec::with_capacity(read.len()) };
        for attribute in read {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let mut name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
            name.make_ascii_lowercase();
            let values = parts.next()?.expect_constructed()?;
            let values = values.into_iter().map(StructureTag::expect_primitive).collect::<Option<_>>()?;
            entry.attributes.push(Attribute { name, values });
        }
        entry.attributes.sort_by(|one, other| order(&one.name, &other.name));
        // One that comes twice has the values of both.
        entry.attributes.dedup_by(|next, before| {
            let same = next.name == before.name;
            if same {
                before.values.append(&mut next.values);
            }
            same
        });
        Some(entry)
    }

    /// Where an attribute is, or where it would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.attributes.binary_search_by(|attribute| order(&attribute.name, name))
    }

    fn find(&self, name: &str) -> Option<&Attribute> {
        self.place(name).ok().and_then(|at| self.attributes.get(at))
    }

    /// The values of an attribute, by its lower-case name.
    pub(super) fn values(&self, name: &str) -> &[Vec<u8>] {
        self.find(name).map_or(&[], |attribute| &attribute.values)
    }

    /// Whether the answer names the attribute, with values or without.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().map(Vec::as_slice)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.bytes(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Those of the values that are text.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values(name).iter().filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The names of its attributes, with their options.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|attribute| attribute.name.as_str())
    }

    /// Takes the values of an attribute out.
    pub(super) fn take(&mut self, name: &str) -> Vec<Vec<u8>> {
        self.place(name).map(|at| self.attributes.remove(at).values).unwrap_or_default()
    }

    /// Takes its first value out, if that is text.
    pub(super) fn take_text(&mut self, name: &str) -> Option<String> {
        let at = self.place(name).ok()?;
        let value = self.attributes.get_mut(at)?.values.first_mut()?;
        String::from_utf8(std::mem::take(value)).ok()
    }

    /// Takes those of the values out that are text.
    pub(super) fn take_texts(&mut self, name: &str) -> Vec<String> {
        self.take(name).into_iter().filter_map(|value| String::from_utf8(value).ok()).collect()
    }

    /// Puts an attribute in the place of what was there.
    pub(super) fn put(&mut self, name: String, values: Vec<Vec<u8>>) {
        let at = self.place(&name);
        if let Ok(at) = at {
            self.attributes.remove(at);
        }
        let (Ok(at) | Err(at)) = at;
        self.attributes.insert(at, Attribute { name, values });
    }
}

/// Lengths are compared at once, and most differ.
fn order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}
