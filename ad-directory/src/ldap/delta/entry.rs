//! From what a controller says of an object to a change of it.

use crate::{
    AttributeName, AttributeValues, ChangeEvent, Dn, Error, ErrorKind, MemberName, MembersSeen, ObjectChange,
    ObjectGuid, ObjectKind, Result,
    ldap::{call::Call, entry::Entry, extended_dn::ExtendedName},
};

fn name(text: &str) -> Option<MemberName> {
    ExtendedName::read(text).map(|name| MemberName::new(name.dn, name.guid))
}

fn broken(call: &Call, entry: &Entry, what: &'static str) -> Error {
    call.error(ErrorKind::Protocol)
        .with_subject(&entry.dn)
        .with_reason(format!("{what} is missing or cannot be read"))
}

fn names(call: &Call, entry: &Entry, key: &str) -> Result<Vec<MemberName>> {
    let read = |value: &Vec<u8>| std::str::from_utf8(value).ok().and_then(name);
    let all = entry.values(key).iter().map(read).collect::<Option<Vec<_>>>();
    all.ok_or_else(|| broken(call, entry, "the name of a member"))
}

fn parent(entry: &Entry) -> Option<Dn> {
    entry.text("lastknownparent").and_then(name).map(|name| name.dn)
}

fn is_true(entry: &Entry, key: &str) -> bool {
    entry.text(key).is_some_and(|text| text.eq_ignore_ascii_case("TRUE"))
}

fn begin(call: &Call, entry: &Entry) -> Result<ObjectChange> {
    let guid = entry.bytes("objectguid").and_then(|bytes| ObjectGuid::from_wire(bytes).ok());
    let guid = guid.ok_or_else(|| broken(call, entry, "objectGUID"))?;
    let dn = name(&entry.dn).ok_or_else(|| broken(call, entry, "the distinguished name"))?.dn;
    let mut change = ObjectChange::new(guid, dn, ChangeEvent::Changed);
    if entry.has("objectclass") {
        change.kind = Some(ObjectKind::of(&entry.texts("objectclass").collect::<Vec<_>>()));
    }
    change.last_known_parent = parent(entry);
    Ok(change)
}

fn attributes(change: &mut ObjectChange, entry: &Entry, asked: &[AttributeName]) {
    for name in asked {
        let key = name.as_str().to_ascii_lowercase();
        if entry.has(&key) {
            change.attributes.insert(name.clone(), AttributeValues::new(entry.values(&key).to_vec()));
        }
    }
}

/// The object as it is, with all that was asked for.
pub(in crate::ldap) fn whole(call: &Call, entry: &Entry, asked: &[AttributeName]) -> Result<ObjectChange> {
    let mut change = begin(call, entry)?;
    attributes(&mut change, entry, asked);
    change.is_complete = true;
    if is_true(entry, "isdeleted") {
        change.event = ChangeEvent::Deleted;
    } else if change.kind == Some(ObjectKind::Group) {
        change.members = MembersSeen::All(names(call, entry, "member")?);
    }
    Ok(change)
}

/// What DirSync says: only what has changed. The class never changes, so it comes with a new object only.
pub(in crate::ldap) fn partial(call: &Call, entry: &Entry, asked: &[AttributeName]) -> Result<ObjectChange> {
    let mut change = begin(call, entry)?;
    attributes(&mut change, entry, asked);
    let joined = names(call, entry, "member;range=1-1")?;
    let left = names(call, entry, "member;range=0-0")?;
    // A controller that does not know increments gives all of them.
    let all = if entry.has("member") { Some(names(call, entry, "member")?) } else { None };
    if is_true(entry, "isdeleted") {
        change.event = ChangeEvent::Deleted;
    } else if entry.has("objectclass") || entry.has("isdeleted") {
        // New; or the flag of deletion was taken away from it.
        change.event = ChangeEvent::Added;
        change.is_complete = entry.has("objectclass");
    } else {
        change.moved = entry.has("name") || entry.has("parentguid");
    }
    let is_new_group = change.is_complete && change.kind == Some(ObjectKind::Group);
    change.members = match all {
        Some(all) if !all.is_empty() => MembersSeen::All(all),
        _ if is_new_group => MembersSeen::All(joined),
        _ if joined.is_empty() && left.is_empty() => MembersSeen::Unchanged,
        _ => MembersSeen::Changed { joined, left },
    };
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_with_and_without_an_identity() {
        let text = "<GUID=b39b9fe7-020f-4cdf-afac-000102030405>;<SID=S-1-5-21-1-2-3-4>;CN=a\\,b,DC=x";
        let read = name(text).unwrap();
        assert_eq!(read.dn.to_string(), "CN=a\\,b,DC=x");
        assert_eq!(read.guid.unwrap().to_string(), "b39b9fe7-020f-4cdf-afac-000102030405");
        assert_eq!(name("CN=a,DC=x").unwrap().guid, None);
        for text in ["", "<GUID=x>;CN=a,DC=x", "<GUID=b39b9fe7", "CN"] {
            assert!(name(text).is_none(), "{text}");
        }
    }
}
