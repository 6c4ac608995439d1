//! From what a directory tells of an object to its place in the mirror (O-12, S-2).

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::NamePattern;
use uuid::Uuid;

use crate::model::ids::{DomainId, SagaId};
use crate::model::mirror::{MembersRead, MirrorChange, MirrorEntry, MirrorKind};
use crate::model::refusal::Refusal;

/// How many attributes a domain's mirror keeps beside those it needs.
const MOST_ATTRIBUTES: usize = 50;

/// What has become of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Merged {
    /// It is like this.
    Entry(MirrorEntry),
    /// It is gone.
    Gone,
    /// What was told is not enough to say; why. Everything has to be read anew.
    Unclear(&'static str),
}

/// The object after a change; `before` is what was known of it. Telling the same twice is telling it once.
pub fn merge(domain: DomainId, before: Option<&MirrorEntry>, change: &MirrorChange) -> Merged {
    if change.gone {
        return Merged::Gone;
    }
    let Some(kind) = change.kind.or_else(|| before.map(|before| before.kind)) else {
        return Merged::Unclear("an object was told of, but not what it is");
    };
    if !change.whole && before.is_none() {
        // Restored, or once out of sight: what has not changed is not told.
        return Merged::Unclear("a part of an object was told of that is not known");
    }
    let mut entry = MirrorEntry::new(domain, change.guid, kind, change.dn.clone());
    if let Some(before) = before {
        entry.announced = before.announced;
        entry.members.clone_from(&before.members);
        if !change.whole {
            entry.attributes.clone_from(&before.attributes);
        }
    }
    write(&mut entry.attributes, &change.attributes);
    match &change.members {
        MembersRead::Unchanged => {}
        MembersRead::Changed { joined, left } => {
            for member in left {
                entry.members.remove(member);
            }
            entry.members.extend(joined);
        }
        MembersRead::All(members) => entry.members = members.iter().copied().collect(),
    }
    Merged::Entry(entry)
}

fn write(attributes: &mut BTreeMap<String, Vec<String>>, changed: &BTreeMap<String, Vec<String>>) {
    for (name, values) in changed {
        if values.is_empty() {
            attributes.remove(name);
        } else {
            attributes.insert(name.clone(), values.clone());
        }
    }
}

/// Whether a place was renamed or moved, and all that lies in it with it, of which nobody tells.
pub fn takes_others_along(before: &MirrorEntry, after: &MirrorEntry) -> bool {
    before.kind == MirrorKind::Container && before.dn.to_string() != after.dn.to_string()
}

/// What nobody may have kept: passwords, and what they can be made from.
const SECRET: [&str; 12] = [
    "unicodepwd",
    "userpassword",
    "dbcspwd",
    "ntpwdhistory",
    "lmpwdhistory",
    "supplementalcredentials",
    "ms-mcs-admpwd",
    "mslaps-password",
    "mslaps-encryptedpassword",
    "msds-managedpassword",
    "msfve-recoverypassword",
    "unixuserpassword",
];

/// Everything that speaks against keeping these attributes (O-12).
pub fn check_attributes(names: &[String]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |message: String| refusals.push(Refusal::new("O-12", "attributes", message));
    if names.len() > MOST_ATTRIBUTES {
        refuse(format!("{} attributes are named, {MOST_ATTRIBUTES} at most are kept", names.len()));
    }
    for name in names.iter().take(MOST_ATTRIBUTES) {
        let low = name.to_ascii_lowercase();
        if name.parse::<ad_directory::AttributeName>().is_err() {
            refuse(format!("{name:?} is no name of an attribute"));
        } else if SECRET.contains(&low.as_str()) || low.contains("password") || low.contains("encryptedpwd") {
            refuse(format!("{name} holds secrets, and those are never kept"));
        }
    }
    refusals
}

/// The sagas that a marker as we write them names, in whatever attribute: anybody could have written it, so that it says nothing by itself (I-3).
pub fn marked_by(entry: &MirrorEntry) -> BTreeSet<SagaId> {
    let values = entry.attributes.values().flatten();
    let named = values.filter_map(|value| value.strip_prefix("alm1:")?.split(':').nth(1));
    named.filter_map(|saga| Uuid::try_parse(saga).ok()).map(SagaId::new).collect()
}

/// Whether it looks like a service account (S-7): it is enabled, and has service names, is called like one, or is a managed one.
pub fn looks_like_service(entry: &MirrorEntry, patterns: &[NamePattern]) -> bool {
    if entry.is_enabled() == Some(false) {
        return false;
    }
    match entry.kind {
        MirrorKind::ManagedAccount => true,
        MirrorKind::Account => {
            let called =
                entry.name().is_some_and(|name| patterns.iter().any(|pattern| pattern.matches(name)));
            called || entry.attributes.contains_key("serviceprincipalname")
        }
        MirrorKind::Group | MirrorKind::Container => false,
    }
}

#[cfg(test)]
mod tests {
    use ad_directory::ObjectGuid;

    use super::*;

    fn guid(n: u128) -> ObjectGuid {
        ObjectGuid::new(Uuid::from_u128(n))
    }

    fn change(attributes: &[(&str, &str)]) -> MirrorChange {
        let dn = "CN=a,DC=corp,DC=example".parse().unwrap();
        let mut change = MirrorChange::new(guid(1), Some(MirrorKind::Account), dn);
        for (name, value) in attributes {
            let values = if value.is_empty() { vec![] } else { vec![(*value).to_owned()] };
            change.attributes.insert((*name).to_owned(), values);
        }
        change
    }

    fn merged(before: Option<&MirrorEntry>, change: &MirrorChange) -> MirrorEntry {
        match merge(Uuid::nil().into(), before, change) {
            Merged::Entry(entry) => entry,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn s_2_a_part_changes_a_part_and_the_whole_replaces() {
        let mut whole = change(&[("samaccountname", "a"), ("mail", "a@x")]);
        whole.whole = true;
        let first = merged(None, &whole);
        let part = change(&[("mail", ""), ("displayname", "A")]);
        let second = merged(Some(&first), &part);
        assert_eq!((second.name(), second.email(), second.display_name()), (Some("a"), None, "A"));
        // Telling the same twice is telling it once.
        assert_eq!(merged(Some(&second), &part), second);
        assert_eq!(merged(Some(&second), &whole), first);
    }

    #[test]
    fn s_2_what_is_not_enough_is_never_guessed() {
        let unclear = |before, change: &MirrorChange| {
            assert!(matches!(merge(Uuid::nil().into(), before, change), Merged::Unclear(_)), "{change:?}");
        };
        unclear(None, &change(&[("mail", "a@x")]));
        let mut kindless = change(&[]);
        (kindless.kind, kindless.whole) = (None, true);
        unclear(None, &kindless);
        kindless.gone = true;
        assert_eq!(merge(Uuid::nil().into(), None, &kindless), Merged::Gone);
    }

    #[test]
    fn s_2_members_join_and_leave_by_identity() {
        let mut group = change(&[]);
        (group.kind, group.whole) = (Some(MirrorKind::Group), true);
        group.members = MembersRead::All(vec![guid(2), guid(3)]);
        let first = merged(None, &group);
        let mut part = change(&[]);
        part.kind = None;
        part.members = MembersRead::Changed { joined: vec![guid(4)], left: vec![guid(2)] };
        let second = merged(Some(&first), &part);
        assert_eq!(second.members, BTreeSet::from([guid(3), guid(4)]));
        assert_eq!(merged(Some(&second), &part), second);
    }

    #[test]
    fn s_7_a_marker_names_its_saga() {
        let of = |value: &str| {
            let mut change = change(&[("description", value)]);
            change.whole = true;
            marked_by(&merged(None, &change))
        };
        let saga = Uuid::from_u128(7);
        let text = format!("alm1:{}:{}:1f:00", Uuid::from_u128(1).simple(), saga.simple());
        assert_eq!(of(&text), BTreeSet::from([SagaId::new(saga)]));
        for text in ["alm1:", "alm1:x", "alm1:x:y:z", "an account", &text.replace("alm1", "alm2")] {
            assert_eq!(of(text), BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn o_12_secrets_are_never_kept() {
        let named = |name: &str| check_attributes(&[name.to_owned()]).len();
        assert_eq!(named("department"), 0);
        for name in
            ["unicodePwd", "ms-Mcs-AdmPwd", "msLAPS-EncryptedPassword", "not an attribute", "x-Password2"]
        {
            assert_eq!(named(name), 1, "{name}");
        }
        assert_eq!(check_attributes(&vec!["department".to_owned(); 50]), []);
        assert_eq!(check_attributes(&vec!["department".to_owned(); 51]).len(), 1);
    }

    #[test]
    fn s_2_a_place_that_is_called_otherwise_takes_along_what_lies_in_it() {
        let at = |kind, dn: &str| MirrorEntry::new(Uuid::nil().into(), guid(1), kind, dn.parse().unwrap());
        let before = at(MirrorKind::Container, "OU=a,DC=x");
        assert!(takes_others_along(&before, &at(MirrorKind::Container, "OU=b,DC=x")));
        // What lies in it is written with its name, so that another case is another name.
        assert!(takes_others_along(&before, &at(MirrorKind::Container, "OU=A,DC=x")));
        assert!(!takes_others_along(&before, &before));
        let group = at(MirrorKind::Group, "CN=a,DC=x");
        assert!(!takes_others_along(&group, &at(MirrorKind::Group, "CN=b,DC=x")));
        assert!(!takes_others_along(&group, &group));
    }

    #[test]
    fn s_7_a_service_account_is_known_by_name_by_service_names_or_by_kind() {
        let patterns: [NamePattern; 2] = ["svc-*".parse().unwrap(), "*_batch".parse().unwrap()];
        let looks = |kind, attributes: &[(&str, &str)]| {
            let mut change = change(attributes);
            (change.kind, change.whole) = (Some(kind), true);
            looks_like_service(&merged(None, &change), &patterns)
        };
        let (enabled, disabled) = (("useraccountcontrol", "512"), ("useraccountcontrol", "514"));
        let service = ("serviceprincipalname", "HTTP/web.x");
        for (attributes, expected) in [
            (vec![("samaccountname", "ann"), enabled], false),
            (vec![("samaccountname", "SVC-pay"), enabled], true),
            (vec![("samaccountname", "night_batch")], true),
            (vec![("samaccountname", "svc-pay"), disabled], false),
            (vec![("samaccountname", "ann"), service, enabled], true),
            (vec![service], true),
            (vec![service, disabled], false),
        ] {
            assert_eq!(looks(MirrorKind::Account, &attributes), expected, "{attributes:?}");
        }
        assert!(looks(
            MirrorKind::ManagedAccount,
            &[("samaccountname", "web$"), ("useraccountcontrol", "4096")]
        ));
        assert!(!looks(MirrorKind::ManagedAccount, &[("useraccountcontrol", "4098")]));
        for kind in [MirrorKind::Group, MirrorKind::Container] {
            assert!(!looks(kind, &[("samaccountname", "svc-pay"), service]), "{kind:?}");
        }
    }
}
