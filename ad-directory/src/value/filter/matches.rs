//! What a filter says of an object: for backends that hold their objects themselves.

use jiff::Timestamp;

use super::{
    super::{dn::Dn, generalized_time::GeneralizedTime},
    Filter, Node, Operator,
};

/// A value of an object, of the type by which its attribute is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Compared without regard to case.
    Text(String),
    Number(i64),
    Time(Timestamp),
    Name(Dn),
    Bytes(Vec<u8>),
}

/// What a filter can ask of an object.
pub(crate) trait Object {
    /// All values of an attribute, by its lower-case name. None when it has no such attribute.
    fn values(&self, attribute: &str) -> Vec<Value>;

    /// Whether this attribute leads to the object of this name, through others too.
    fn leads_to(&self, attribute: &str, target: &Dn) -> bool;
}

impl Filter {
    /// Whether the object fits. An attribute that it does not have fits nothing, and so everything that is negated: as Active Directory
    /// decides for attributes that its schema knows (MS-ADTS 3.1.1.3.1.3.1).
    pub(crate) fn matches(&self, object: &impl Object) -> bool {
        let values =
            |attribute: &super::AttributeName| object.values(&attribute.as_str().to_ascii_lowercase());
        match &self.0 {
            Node::All(filters) => filters.iter().all(|filter| filter.matches(object)),
            Node::Any(filters) => filters.iter().any(|filter| filter.matches(object)),
            Node::Not(filter) => !filter.matches(object),
            Node::Present(attribute) => !values(attribute).is_empty(),
            Node::Compare(attribute, Operator::LeadsTo, wanted) => text(wanted)
                .and_then(|wanted| wanted.parse().ok())
                .is_some_and(|wanted| object.leads_to(&attribute.as_str().to_ascii_lowercase(), &wanted)),
            Node::Compare(attribute, operator, wanted) => {
                values(attribute).iter().any(|value| compare(value, *operator, wanted))
            }
            Node::Parts(attribute, first, middle, last) => values(attribute)
                .iter()
                .any(|value| has_parts(value, first.as_deref(), middle, last.as_deref())),
        }
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn number(bytes: &[u8]) -> Option<i64> {
    text(bytes)?.parse().ok()
}

fn compare(value: &Value, operator: Operator, wanted: &[u8]) -> bool {
    let order = match value {
        Value::Text(have) => text(wanted).map(|wanted| have.to_lowercase().cmp(&wanted.to_lowercase())),
        Value::Number(have) => number(wanted).map(|wanted| have.cmp(&wanted)),
        Value::Time(have) => text(wanted)
            .and_then(|wanted| wanted.parse().ok())
            .map(|wanted: GeneralizedTime| have.cmp(&wanted.timestamp())),
        Value::Bytes(have) => Some(have.as_slice().cmp(wanted)),
        Value::Name(have) => {
            let wanted = text(wanted).and_then(|wanted| wanted.parse().ok());
            return matches!(operator, Operator::Equals | Operator::Approximately)
                && wanted.as_ref() == Some(have);
        }
    };
    // The bits of a 32-bit attribute, whichever sign it was written with.
    let bits = || match value {
        Value::Number(have) => {
            number(wanted).map(|wanted| (have & wanted & 0xffff_ffff, wanted & 0xffff_ffff))
        }
        _ => None,
    };
    match operator {
        Operator::Equals | Operator::Approximately => order.is_some_and(std::cmp::Ordering::is_eq),
        Operator::AtLeast => order.is_some_and(std::cmp::Ordering::is_ge),
        Operator::AtMost => order.is_some_and(std::cmp::Ordering::is_le),
        Operator::AllBits => bits().is_some_and(|(common, wanted)| common == wanted),
        Operator::AnyBit => bits().is_some_and(|(common, _)| common != 0),
        Operator::LeadsTo => false,
    }
}

/// Numbers and names have no parts (MS-ADTS 3.1.1.3.1.3.1: undefined, which fits nothing).
fn has_parts(value: &Value, first: Option<&[u8]>, middle: &[Vec<u8>], last: Option<&[u8]>) -> bool {
    let folded;
    let fold = |part: &[u8]| match (value, text(part)) {
        (Value::Text(_), Some(text)) => text.to_lowercase().into_bytes(),
        _ => part.to_vec(),
    };
    let mut rest: &[u8] = match value {
        Value::Text(have) => {
            folded = have.to_lowercase().into_bytes();
            &folded
        }
        Value::Bytes(have) => have,
        Value::Number(_) | Value::Time(_) | Value::Name(_) => return false,
    };
    if let Some(first) = first {
        let Some(after) = rest.strip_prefix(fold(first).as_slice()) else { return false };
        rest = after;
    }
    if let Some(last) = last {
        let Some(before) = rest.strip_suffix(fold(last).as_slice()) else { return false };
        rest = before;
    }
    for part in middle {
        let part = fold(part);
        let place = rest.windows(part.len().max(1)).position(|window| window == part);
        let Some(after) = place.and_then(|place| rest.get(place + part.len()..)) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Dn, Filter, Object, Value};

    struct Sample;

    impl Object for Sample {
        fn values(&self, attribute: &str) -> Vec<Value> {
            match attribute {
                "cn" => vec![Value::Text("Änne Svc-Payroll".into())],
                "mail" => vec![Value::Text("a@x".into()), Value::Text("b@y".into())],
                "useraccountcontrol" => vec![Value::Number(66050)],
                "grouptype" => vec![Value::Number(-2_147_483_646)],
                "accountexpires" => vec![Value::Number(i64::MAX)],
                "whencreated" => vec![Value::Time("2026-11-20T18:06:59Z".parse().unwrap())],
                "memberof" => vec![Value::Name("CN=Readers,DC=x".parse().unwrap())],
                "objectguid" => vec![Value::Bytes(vec![0, 0xff, b'*', 3])],
                _ => Vec::new(),
            }
        }

        fn leads_to(&self, attribute: &str, target: &Dn) -> bool {
            attribute == "memberof" && target.name() == "far"
        }
    }

    #[test]
    fn what_fits_and_what_does_not() {
        for (text, fits) in [
            ("(&)", true),
            ("(|)", false),
            ("(cn=änne svc-payroll)", true),
            ("(CN=ÄNNE*)", true),
            ("(cn=*roll)", true),
            ("(cn=ä*svc*roll)", true),
            ("(cn=ä*roll*svc*)", false),
            ("(cn=*svc-payroll*roll)", false),
            ("(cn>=a)", true),
            ("(cn~=ÄNNE SVC-PAYROLL)", true),
            ("(mail=b@y)", true),
            ("(!(mail=b@y))", false),
            ("(!(sn=x))", true),
            ("(sn=*)", false),
            ("(userAccountControl=66050)", true),
            ("(userAccountControl=6*)", false),
            ("(userAccountControl>=1000)", true),
            ("(userAccountControl<=1000)", false),
            ("(userAccountControl:1.2.840.113556.1.4.803:=65538)", true),
            ("(userAccountControl:1.2.840.113556.1.4.803:=3)", false),
            ("(userAccountControl:1.2.840.113556.1.4.804:=3)", true),
            ("(groupType:1.2.840.113556.1.4.803:=2147483648)", true),
            ("(groupType:1.2.840.113556.1.4.803:=-2147483648)", true),
            ("(accountExpires=9223372036854775807)", true),
            ("(whenCreated>=20261120180659.0Z)", true),
            ("(whenCreated>=20261120180700Z)", false),
            ("(whenCreated=now)", false),
            ("(memberOf=cn=READERS,dc=X)", true),
            ("(memberOf=nonsense)", false),
            ("(memberOf:1.2.840.113556.1.4.1941:=CN=far,DC=x)", true),
            ("(memberOf:1.2.840.113556.1.4.1941:=CN=near,DC=x)", false),
            (r"(objectGUID=\00\ff\2a\03)", true),
            (r"(objectGUID=\00*)", true),
        ] {
            assert_eq!(text.parse::<Filter>().unwrap().matches(&Sample), fits, "{text}");
        }
    }
}
