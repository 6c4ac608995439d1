//! Any text as a distinguished name, as one level of it, as a domain, and as a name with its identity before it: what is read is written and
//! read as the same, nothing that is put into a level becomes another level, and every name lies below those above it.
#![no_main]

use std::{collections::HashSet, sync::LazyLock};

use ad_directory::{Dn, fuzzing};
use fuzz::{must_be_showable, must_come_back};
use libfuzzer_sys::fuzz_target;

static UNIT: LazyLock<Dn> = LazyLock::new(|| "OU=Service Accounts,DC=corp,DC=example".parse().unwrap());

fuzz_target!(|text: &str| {
    match text.parse::<Dn>() {
        Ok(dn) => {
            whole(&dn);
            let folded: Dn = text.to_ascii_uppercase().parse().expect("case decides nothing");
            assert_eq!(folded, dn);
            assert_eq!(HashSet::from([&folded, &dn]).len(), 1, "equal names have one hash");
        }
        Err(error) => must_be_showable(&error.to_string()),
    }
    for level in [UNIT.child(text), UNIT.unit(text)] {
        match level {
            Ok(dn) => {
                assert_eq!((dn.name(), dn.depth()), (text, 4), "a value stays a value");
                assert_eq!(dn.parent().as_ref(), Some(&*UNIT));
                whole(&dn);
            }
            Err(error) => must_be_showable(&error.to_string()),
        }
    }
    if let Ok(domain) = Dn::from_domain(text) {
        assert_eq!(domain.domain().as_deref(), Some(text.trim_end_matches('.')));
        whole(&domain);
    }
    if let Some((dn, guid, sid)) = fuzzing::extended_name(text) {
        whole(&dn);
        let mut again = String::new();
        if let Some(guid) = guid {
            again += &format!("<GUID={guid}>;");
        }
        if let Some(sid) = &sid {
            again += &format!("<SID={sid}>;");
        }
        let read = fuzzing::extended_name(&format!("{again}{dn}"));
        assert_eq!(read, Some((dn, guid, sid)));
    }
});

fn whole(dn: &Dn) {
    let text = must_come_back(dn);
    assert!(!text.contains(char::is_control), "{text:?}");
    let (mut depth, mut above) = (1, dn.parent());
    while let Some(parent) = above {
        assert!(dn.is_below(&parent) && !parent.is_below(dn) && *dn != parent, "{dn} and {parent}");
        assert!(parent < *dn, "a parent comes before its children");
        (depth, above) = (depth + 1, parent.parent());
    }
    assert_eq!(depth, dn.depth());
}
