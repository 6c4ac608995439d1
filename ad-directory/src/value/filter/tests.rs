use proptest::prelude::*;

use super::Filter;

/// Reads the value of `(a=…)` back, by the RFC's rules and nothing of the code above.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.strip_prefix("(a=")?.strip_suffix(')')?.bytes();
    let mut value = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let hex = [bytes.next()?, bytes.next()?];
                value.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
            }
            b'(' | b')' | b'*' | 0 => return None,
            _ => value.push(byte),
        }
    }
    Some(value)
}

fn leaf() -> impl Strategy<Value = Filter> {
    let name = || "[a-zA-Z][a-zA-Z0-9-]{0,6}".prop_map(|name| name.parse().unwrap());
    let value = || prop::collection::vec(any::<u8>(), 1..6);
    prop_oneof![
        name().prop_map(Filter::present),
        (name(), prop::collection::vec(any::<u8>(), 0..6))
            .prop_map(|(name, value)| Filter::equals(name, value.as_slice())),
        (name(), value()).prop_map(|(name, value)| Filter::at_least(name, value.as_slice())),
        (name(), value()).prop_map(|(name, value)| Filter::at_most(name, value.as_slice())),
        (name(), value()).prop_map(|(name, value)| Filter::starts_with(name, value.as_slice())),
        (name(), value()).prop_map(|(name, value)| Filter::ends_with(name, value.as_slice())),
        (name(), value()).prop_map(|(name, value)| Filter::contains(name, value.as_slice())),
        (name(), any::<u32>()).prop_map(|(name, bits)| Filter::bits_set(name, bits)),
        (name(), any::<u32>()).prop_map(|(name, bits)| Filter::any_bit_set(name, bits)),
        name().prop_map(|name| Filter::leads_to(name, &"CN=x\\, (y)*,DC=z".parse().unwrap())),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::all),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::any),
            inner.prop_map(Filter::not),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_gets_out_of_its_place(value: Vec<u8>) {
        let filter = Filter::equals("a".parse().unwrap(), value.as_slice());
        prop_assert_eq!(unescape(&filter.to_string()), Some(value));
    }

    #[test]
    fn what_is_written_is_read_back(filter in filter()) {
        prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }

    #[test]
    fn no_text_makes_it_panic(text in r"[()&|!a=*:<>~\\0-9]{0,24}", any: String) {
        for text in [text, any] {
            if let Ok(filter) = text.parse::<Filter>() {
                prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
            }
        }
    }
}

#[test]
fn every_form() {
    let a = || "a".parse().unwrap();
    let dn = r"CN=x\, y,DC=z".parse().unwrap();
    let filter = Filter::any([
        Filter::not(Filter::present(a())),
        Filter::at_least(a(), "1"),
        Filter::at_most(a(), "2"),
        Filter::starts_with(a(), "s*"),
        Filter::ends_with(a(), "e"),
        Filter::contains(a(), "("),
        Filter::bits_set(a(), 2),
        Filter::any_bit_set(a(), 3),
        Filter::leads_to(a(), &dn),
    ]);
    assert_eq!(
        filter.to_string(),
        r"(|(!(a=*))(a>=1)(a<=2)(a=s\2a*)(a=*e)(a=*\28*)(a:1.2.840.113556.1.4.803:=2)(a:1.2.840.113556.1.4.804:=3)(a:1.2.840.113556.1.4.1941:=CN=x\5c, y,DC=z))"
    );
}

#[test]
fn texts_of_others() {
    for (text, shown) in [
        ("(cn=Babs Jensen)", "(cn=Babs Jensen)"),
        ("(!(cn=Tim Howes))", "(!(cn=Tim Howes))"),
        ("(o=univ*of*mich*)", "(o=univ*of*mich*)"),
        ("(&)", "(&)"),
        ("(cn=)", "(cn=)"),
        ("(cn~=x)", "(cn~=x)"),
        (r"(cn=a\2Ab\C3\A4)", r"(cn=a\2ab\c3\a4)"),
        ("(cn=\u{e4})", r"(cn=\c3\a4)"),
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", "(userAccountControl:1.2.840.113556.1.4.803:=2)"),
    ] {
        assert_eq!(text.parse::<Filter>().unwrap().to_string(), shown);
    }
}

#[test]
fn nonsense_is_refused() {
    for text in [
        "",
        "cn=x",
        "(cn=x",
        "(cn=x))",
        "(cn)",
        "()",
        "(!)",
        "(!(a=b)(c=d))",
        "(&(a=b)",
        "(=x)",
        "(a=b(c)",
        "(a=b)(c=d)",
        r"(a=\2)",
        r"(a=\zz)",
        "(a>=b*)",
        "(a:dn:=x)",
        "(a:2.5.13.5:=x)",
        "(a:1.2.840.113556.1.4.803:=x)",
        "(a=**)",
        "(a=b**c)",
        "(a=\0)",
        " (a=b)",
        "(a =b)",
    ] {
        assert!(text.parse::<Filter>().is_err(), "{text}");
    }
    let deep = format!("{}(a=b){}", "(!".repeat(10_000), ")".repeat(10_000));
    assert!(deep.parse::<Filter>().unwrap_err().why().contains("deep"));
}
