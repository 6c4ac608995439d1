use proptest::prelude::*;

use super::Dn;

fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

#[test]
fn case_and_escaping_do_not_make_another_name() {
    assert_eq!(dn(r"cn=A\2Cb,dc=x"), dn(r"CN=a\,B , DC=X"));
    assert_ne!(dn("CN=a,DC=x"), dn("OU=a,DC=x"));
    assert_eq!(dn("CN=a+OU=b,DC=x"), dn("OU=b+CN=a,DC=x"));
}

#[test]
fn a_deleted_objects_name_survives() {
    let text = r"CN=x\0ADEL:1f0c,CN=Deleted Objects,DC=x";
    assert_eq!(dn(text).name(), "x\nDEL:1f0c");
    assert_eq!(dn(text).to_string(), text);
}

#[test]
fn escaped_bytes_are_utf8() {
    assert_eq!(dn(r"CN=Lu\C4\8Di\C4\87").name(), "Lučić");
    assert!(r"CN=\FF".parse::<Dn>().is_err());
}

#[test]
fn what_is_not_a_name_is_refused() {
    for text in [
        "",
        " ",
        "CN",
        "CN=",
        "=a",
        "CN=a,",
        "CN=a;OU=b",
        "CN=\"a\"",
        r"CN=a\",
        r"CN=a\x",
        "C N=a",
        "CN=#04",
        "CN=a,,DC=x",
        "1.a=x",
    ] {
        assert!(text.parse::<Dn>().is_err(), "{text}");
    }
}

#[test]
fn below_is_strict() {
    let (unit, other) = (dn("OU=a,DC=x"), dn("OU=ba,DC=x"));
    assert!(dn("CN=c,ou=A,dc=X").is_below(&unit));
    assert!(!unit.is_below(&unit));
    assert!(!dn("CN=c,OU=ba,DC=x").is_below(&unit));
    assert!(!dn("DC=x").is_below(&other));
}

#[test]
fn parts() {
    let name = dn("CN=c,OU=a,DC=corp,DC=example");
    assert_eq!(name.parent(), Some(dn("OU=a,DC=corp,DC=example")));
    assert_eq!(name.domain().as_deref(), Some("corp.example"));
    assert_eq!(dn("DC=x").parent(), None);
    assert_eq!(Dn::from_domain("corp.example").unwrap(), dn("DC=corp,DC=example"));
    assert!(Dn::from_domain("a..b").is_err());
    assert!(name.child(&"x".repeat(65)).is_err());
    assert_eq!(name.unit("b").unwrap().name_attribute(), "OU");
}

proptest! {
    #[test]
    fn any_value_survives_text_and_adds_no_level(cn in "\\PC{1,64}|[ #,+\"\\\\<>;=\n]{1,20}") {
        prop_assume!(!cn.trim().is_empty());
        let name = dn("OU=a,DC=x").child(&cn).unwrap();
        let read = dn(&name.to_string());
        prop_assert_eq!(read.name(), cn);
        prop_assert_eq!(read.depth(), 3);
        prop_assert!(read.is_below(&dn("OU=a,DC=x")));
        prop_assert_eq!(read, name);
    }

    #[test]
    fn reading_never_panics(text in "\\PC*") {
        if let Ok(name) = text.parse::<Dn>() {
            prop_assert_eq!(dn(&name.to_string()), name);
        }
    }
}
