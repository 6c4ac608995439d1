//! Any text as a sign-in name, a principal name, the name of a group, a service name, an attribute or a marker: what is taken is written as
//! it was, is equal whatever its case, and stays one value in a DN and in a filter.
#![no_main]

use std::{collections::HashSet, hash::Hash};

use ad_directory::{
    AttributeName, Dn, Filter, GroupName, Marker, ParseError, SamAccountName, ServicePrincipalName,
    UserPrincipalName,
};
use fuzz::{must_be_showable, must_come_back};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(name) = read::<SamAccountName>(text) {
        assert!(text.chars().count() <= 20);
        caseless(&name, text);
        in_its_place("sAMAccountName", text);
        assert!(text.parse::<GroupName>().is_ok(), "what an account may be called, a group may");
        let dn: Dn = "DC=corp,DC=example".parse::<Dn>().unwrap().child(text).unwrap();
        assert_eq!(dn.name(), text);
    }
    if let Some(name) = read::<GroupName>(text) {
        caseless(&name, text);
    }
    if let Some(name) = read::<UserPrincipalName>(text) {
        caseless(&name, text);
        in_its_place("userPrincipalName", text);
        assert_eq!(format!("{}@{}", name.name(), name.suffix()), text);
        assert!(!name.suffix().contains('@'));
    }
    if let Some(name) = read::<ServicePrincipalName>(text) {
        caseless(&name, text);
        in_its_place("servicePrincipalName", text);
        let mut parts = format!("{}/{}", name.class(), name.host());
        if let Some(instance) = name.instance() {
            parts += &format!(":{instance}");
        }
        if let Some(service) = name.service() {
            parts += &format!("/{service}");
        }
        assert_eq!(parts, text);
    }
    if let Some(name) = read::<AttributeName>(text) {
        caseless(&name, text);
        must_come_back(&Filter::present(name.clone()));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
    if let Some(marker) = read::<Marker>(text) {
        assert_eq!(must_come_back(&marker), text);
        assert!(marker.matches(&text.to_ascii_uppercase().parse().unwrap()));
        in_its_place("adminDescription", text);
    }
});

fn read<T: std::str::FromStr<Err = ParseError>>(text: &str) -> Option<T> {
    text.parse().map_err(|error: ParseError| must_be_showable(&error.to_string())).ok()
}

fn caseless<T>(name: &T, text: &str)
where
    T: Eq + Hash + Ord + std::fmt::Debug + std::fmt::Display + std::str::FromStr<Err = ParseError>,
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    assert_eq!(must_come_back(name), text, "it is kept as it was written");
    must_be_showable(text);
    let upper: T = text.to_ascii_uppercase().parse().expect("case decides nothing");
    assert_eq!((&upper, upper.cmp(name)), (name, std::cmp::Ordering::Equal));
    assert_eq!(HashSet::from([&upper, name]).len(), 1, "equal names have one hash");
}

fn in_its_place(attribute: &str, text: &str) {
    let shown = Filter::equals(attribute.parse().unwrap(), text).to_string();
    assert_eq!((shown.matches('(').count(), shown.matches('*').count()), (1, 0), "{shown}");
}
