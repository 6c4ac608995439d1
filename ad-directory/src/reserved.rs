//! Attributes that cannot be set by name, because a field of this crate or the directory itself keeps them.

use std::collections::BTreeMap;

use crate::{AttributeName, Error, ErrorKind, Result};

const RESERVED: &[&str] = &[
    "accountexpires",
    "admincount",
    "cn",
    "description",
    "displayname",
    "distinguishedname",
    "lockouttime",
    "member",
    "memberof",
    "name",
    "ntsecuritydescriptor",
    "objectcategory",
    "objectclass",
    "objectguid",
    "objectsid",
    "primarygroupid",
    "pwdlastset",
    "samaccountname",
    "samaccounttype",
    "serviceprincipalname",
    "unicodepwd",
    "dbcspwd",
    "supplementalcredentials",
    "useraccountcontrol",
    "userparameters",
    "userpassword",
    "userprincipalname",
];

/// `marker` is the attribute that holds the marker.
pub(crate) fn check(
    attributes: &BTreeMap<AttributeName, Vec<String>>,
    marker: &str,
    operation: &'static str,
    empty_allowed: bool,
) -> Result<()> {
    for (name, values) in attributes {
        let refuse = |why: &'static str| {
            Err(Error::new(ErrorKind::Invalid, operation).with_subject(name).with_reason(why))
        };
        let folded = name.as_str().to_ascii_lowercase();
        if RESERVED.contains(&folded.as_str()) || folded == marker.to_ascii_lowercase() {
            return refuse("this attribute has a field of its own, or is kept by the directory");
        }
        if (values.is_empty() && !empty_allowed) || values.iter().any(String::is_empty) {
            return refuse("an attribute has no empty value");
        }
    }
    Ok(())
}
