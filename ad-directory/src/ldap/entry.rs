//! One entry of a search, read without trusting the server to send what it should.

use std::collections::HashMap;

use ldap3::ResultEntry;

/// An entry: values are bytes, since only the reader of an attribute knows whether it is text.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) dn: String,
    /// By lower-case name, with its options.
    attributes: HashMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    /// One without attributes.
    pub(super) fn named(dn: String) -> Self {
        Self { dn, attributes: HashMap::new() }
    }

    /// `None` when it is not shaped as RFC 4511, 4.5.2 says.
    pub(super) fn read(entry: ResultEntry) -> Option<Self> {
        let mut parts = entry.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
        let mut attributes = HashMap::new();
        for attribute in parts.next()?.expect_constructed()? {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?.to_ascii_lowercase();
            let values = parts.next()?.expect_constructed()?;
            // An attribute that comes twice has the values of both.
            let all: &mut Vec<_> = attributes.entry(name).or_default();
            all.reserve_exact(values.len());
            for value in values {
                all.push(value.expect_primitive()?);
            }
        }
        Some(Self { dn, attributes })
    }

    /// The values of an attribute, by its lower-case name.
    pub(super) fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether the answer names the attribute, with values or without.
    pub(super) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
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
        self.attributes.keys().map(String::as_str)
    }

    /// Takes the values of an attribute out.
    pub(super) fn take(&mut self, name: &str) -> Vec<Vec<u8>> {
        self.attributes.remove(name).unwrap_or_default()
    }

    /// Puts an attribute in the place of what was there.
    pub(super) fn put(&mut self, name: String, values: Vec<Vec<u8>>) {
        self.attributes.insert(name, values);
    }
}
