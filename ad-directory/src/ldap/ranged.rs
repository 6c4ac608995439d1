//! Attributes with so many values that a controller sends them in parts (MS-ADTS 3.1.1.3.1.3.3).

use std::collections::HashSet;

use ldap3::{Scope, controls::RawControl};

use super::{
    call::Call,
    connection::{Connection, Question},
    entry::Entry,
};
use crate::{ErrorKind, Result};

/// More parts than any attribute has: 1500 values in each.
const MAX_PARTS: usize = 10_000;

/// A part of the values, as its option says: `member;range=0-1499`, or `member;range=1500-*` for the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) attribute: String,
    /// The number of the first value that is not in it; `None` when it is the last.
    pub(super) next: Option<u64>,
}

impl Part {
    /// `key` is in lower case.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let (attribute, option) = key.rsplit_once(';')?;
        let (_, end) = option.strip_prefix("range=")?.split_once('-')?;
        let next = if end == "*" { None } else { Some(end.parse::<u64>().ok()?.checked_add(1)?) };
        Some(Self { attribute: attribute.to_owned(), next })
    }
}

/// Reads the rest of what was cut, from the same controller and with the same controls, and puts all values where they would have been.
///
/// # Errors
/// `Protocol` when the parts do not end, or the object is gone meanwhile; `Interrupted` when the connection is lost between two parts.
pub(super) async fn complete(
    call: &Call,
    connection: &mut Connection,
    entry: &mut Entry,
    controls: &[RawControl],
) -> Result<()> {
    let cut: Vec<(String, Part)> =
        entry.names().filter_map(|key| Part::parse(key).map(|part| (key.to_owned(), part))).collect();
    for (key, part) in cut {
        let mut values = entry.take(&key);
        let mut next = part.next;
        let mut parts = 0;
        while let Some(start) = next {
            parts += 1;
            if parts > MAX_PARTS {
                return Err(broken(call, entry, "the parts of an attribute do not end"));
            }
            let asked = format!("{};range={start}-*", part.attribute);
            let question = Question {
                base: &entry.dn,
                scope: Scope::Base,
                filter: "(objectClass=*)",
                attributes: &[&asked],
                controls: controls.to_vec(),
                // Another controller has the values in another order: going on there would leave some out.
                repeatable: false,
            };
            let found = connection.found(call, &question).await?;
            let gone = || broken(call, entry, "it went while its values were read");
            let mut more = found.and_then(|mut entries| entries.pop()).ok_or_else(gone)?;
            let answer = more.names().find_map(|key| Some((key.to_owned(), Part::parse(key)?)));
            let Some((key, answered)) = answer.filter(|(_, answered)| answered.attribute == part.attribute)
            else {
                // Fewer values are left than one part holds, and they come without a range.
                values.extend(more.take(&part.attribute));
                break;
            };
            let new = more.take(&key);
            if answered.next.is_some_and(|next| next <= start) {
                return Err(broken(call, entry, "the parts of an attribute do not lead further"));
            }
            // A part without values lies behind the end, as Samba shows it.
            next = answered.next.filter(|_| !new.is_empty());
            values.extend(new);
        }
        // The group may have changed between two parts, and then a value is in both.
        let mut seen = HashSet::new();
        values.retain(|value| seen.insert(value.clone()));
        entry.put(part.attribute, values);
    }
    Ok(())
}

fn broken(call: &Call, entry: &Entry, reason: &'static str) -> crate::Error {
    call.error(ErrorKind::Protocol).with_subject(&entry.dn).with_reason(reason)
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn the_forms_of_the_option() {
        let part = |key: &str| Part::parse(key).map(|part| (part.attribute, part.next));
        assert_eq!(part("member;range=0-1499"), Some(("member".into(), Some(1500))));
        assert_eq!(part("member;range=1500-*"), Some(("member".into(), None)));
        for key in [
            "member",
            "member;binary",
            "member;range=",
            "member;range=5",
            "member;range=0-x",
            "member;range=0-18446744073709551615",
        ] {
            assert_eq!(part(key), None, "{key}");
        }
    }
}
