//! Any entry of a search as an account, a managed account, a group, a member, a container, a deleted account, a change and a policy: no panic;
//! what is read is what the entry says; and an error that can be shown and quotes no value.
//!
//! The input is lines: the name of the entry, then `attribute: value`, or `attribute:: value in hex`.
#![no_main]

use std::collections::BTreeMap;

use ad_directory::{
    ChangeEvent, ErrorKind, MembersSeen,
    fuzzing::{self, Readings},
};
use fuzz::must_be_showable;
use libfuzzer_sys::fuzz_target;

const CANARY: &str = "Canary-hunter2";

type Attributes = Vec<(Vec<u8>, Vec<Vec<u8>>)>;

fuzz_target!(|bytes: &[u8]| {
    let (dn, attributes) = lines(bytes);
    let tag = fuzzing::entry_tag(dn, &attributes);
    let Some(read) = fuzzing::entry(tag) else {
        assert!(
            std::str::from_utf8(dn).is_err()
                || attributes.iter().any(|(name, _)| std::str::from_utf8(name).is_err())
        );
        return;
    };
    let dn = std::str::from_utf8(dn).unwrap();
    for error in read.errors() {
        must_be_showable(&error.to_string());
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    }
    says_the_same(&read, dn, &attributes);
    // Every value is something else than it should be, and secret at that.
    let secret: Attributes = attributes.iter().map(|(name, _)| (name.clone(), vec![CANARY.into()])).collect();
    if !dn.contains(CANARY)
        && let Some(read) = fuzzing::entry(fuzzing::entry_tag(dn.as_bytes(), &secret))
    {
        for error in read.errors() {
            assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
        }
    }
});

fn says_the_same(read: &Readings, dn: &str, attributes: &Attributes) {
    let mut values: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for (name, all) in attributes {
        let name = String::from_utf8(name.to_ascii_lowercase()).unwrap();
        values.entry(name).or_default().extend(all.iter().map(Vec::as_slice));
    }
    let first = |name: &str| values.get(name).and_then(|all| all.first().copied());
    let text = |name: &str| first(name).and_then(|value| std::str::from_utf8(value).ok());
    let name = dn.parse().ok();
    if let Ok(account) = &read.account {
        assert_eq!(
            (Some(&account.dn), first("objectguid")),
            (name.as_ref(), Some(&account.guid.to_wire()[..]))
        );
        assert_eq!(text("samaccountname"), Some(account.sam_account_name.as_str()));
        assert_eq!(text("useraccountcontrol").unwrap().parse(), Ok(account.user_account_control));
        assert_eq!(
            account.sid.as_ref().map(|sid| sid.to_wire()).as_deref(),
            first("objectsid").filter(|_| account.sid.is_some())
        );
        assert!(!(account.foreign_marker && account.marker.is_some()));
        assert_eq!(account.foreign_marker || account.marker.is_some(), first("admindescription").is_some());
        assert!(account.member_of.is_sorted() && account.service_principal_names.is_sorted());
        assert_eq!(
            account.member_of.len(),
            values
                .get("memberof")
                .map_or(0, |all| all.iter().filter(|value| std::str::from_utf8(value).is_ok()).count())
        );
        // A managed account has fewer of the fields, so that it is refused for its own ones only.
        if let Ok(managed) = &read.managed {
            assert_eq!((managed.guid, &managed.dn, &managed.sid), (account.guid, &account.dn, &account.sid));
        }
    }
    if let Ok(managed) = &read.managed {
        assert_eq!(
            managed.readers.is_some(),
            first("msds-groupmsamembership").is_some(),
            "a list is read or refused"
        );
    }
    if let Ok(deleted) = &read.deleted {
        assert!(!deleted.cn.contains("\nDEL:"));
    }
    if let Ok(raw) = &read.raw {
        let all = raw
            .attributes
            .values()
            .next()
            .map(|values| values.bytes().map(<[u8]>::to_vec).collect::<Vec<_>>());
        let given = values.get("department").filter(|all| !all.is_empty());
        assert_eq!(all.as_deref().map(<[_]>::len), given.map(Vec::len), "no value is lost");
    }
    for change in [&read.whole, &read.partial].into_iter().flatten() {
        assert_eq!(Some(&change.guid.to_wire()[..]), first("objectguid"));
        let deleted = text("isdeleted").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        assert_eq!(change.event == ChangeEvent::Deleted, deleted);
        if let MembersSeen::All(members) = &change.members {
            let named = |key: &str| values.get(key).map_or(0, Vec::len);
            assert!(
                members.len() == named("member") || members.len() == named("member;range=1-1"),
                "no member is lost"
            );
        }
    }
    for policy in [&read.domain_policy, &read.fine_grained_policy].into_iter().flatten() {
        assert!(policy.maximum_age.is_none_or(|age| !age.is_zero()), "no end is said as none, not as nought");
    }
}

fn lines(bytes: &[u8]) -> (&[u8], Attributes) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let dn = lines.next().unwrap_or_default();
    let mut attributes: Attributes = Vec::new();
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        let values = parts.next().map(|value| match value.strip_prefix(b":") {
            Some(hex) => unhex(hex),
            None => value.strip_prefix(b" ").unwrap_or(value).to_vec(),
        });
        match attributes.iter_mut().find(|(have, _)| have == name) {
            Some((_, all)) => all.extend(values),
            None => attributes.push((name.to_vec(), values.into_iter().collect())),
        }
    }
    (dn, attributes)
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u32> = text.iter().filter_map(|digit| char::from(*digit).to_digit(16)).collect();
    digits.as_chunks::<2>().0.iter().map(|[high, low]| u8::try_from(high << 4 | low).unwrap()).collect()
}
