//! Which objects' changes are asked for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::ObjectKind;
#[cfg(any(feature = "ldap", test))]
use crate::Filter;
use crate::{AttributeName, ChangesOptions, Result};

#[cfg(any(feature = "ldap", test))]
pub(crate) const MANAGED: [&str; 3] =
    ["msDS-GroupManagedServiceAccount", "msDS-ManagedServiceAccount", "msDS-DelegatedManagedServiceAccount"];

/// What is told when nothing else was asked for.
const USUAL: [ObjectKind; 3] = [ObjectKind::Account, ObjectKind::ManagedAccount, ObjectKind::Group];

pub(crate) fn kinds(options: &ChangesOptions) -> Vec<ObjectKind> {
    let mut kinds = if options.kinds.is_empty() { USUAL.to_vec() } else { options.kinds.clone() };
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The attributes, the usual ones among them, each once.
pub(crate) fn attributes(options: &ChangesOptions, marker: &AttributeName) -> Result<Vec<AttributeName>> {
    let mut all = super::ATTRIBUTES.iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>()?;
    all.push(marker.clone());
    all.extend(options.attributes.iter().cloned());
    all.sort();
    all.dedup();
    Ok(all)
}

/// What tells one question from another: a token that was given for fewer attributes would hide what was never read.
pub(crate) fn fingerprint(options: &ChangesOptions, attributes: &[AttributeName]) -> String {
    let mut hash = Sha256::new();
    for kind in kinds(options) {
        hash.update(format!("{kind:?};"));
    }
    for name in attributes {
        hash.update(name.as_str().to_ascii_lowercase());
        hash.update(";");
    }
    if let Some(below) = &options.below {
        hash.update(below.to_string().to_lowercase());
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The classes only: a deleted object has no category any more (MS-ADTS 3.1.1.5.5.1.1). What it lets through too much, the kind tells.
#[cfg(any(feature = "ldap", test))]
pub(crate) fn filter(kinds: &[ObjectKind]) -> Result<Filter> {
    let class = |name: &str| Ok::<_, crate::Error>(Filter::equals("objectClass".parse()?, name));
    let mut any = Vec::new();
    for kind in kinds {
        match kind {
            ObjectKind::Account => any.push(Filter::all([class("user")?, Filter::not(class("computer")?)])),
            ObjectKind::ManagedAccount => {
                for name in MANAGED {
                    any.push(class(name)?);
                }
            }
            ObjectKind::Computer => any.push(class("computer")?),
            ObjectKind::Group => any.push(class("group")?),
            ObjectKind::Container => {
                for name in ["organizationalUnit", "container", "domainDNS"] {
                    any.push(class(name)?);
                }
            }
            ObjectKind::Other => any.push(Filter::present("objectClass".parse()?)),
        }
    }
    Ok(Filter::any(any))
}
