//! The attributes that a template gives its accounts, and what of them people fill in (T-3, T-13).

use std::collections::{BTreeMap, BTreeSet};

use super::text;
use crate::model::managed::AccountKind;
use crate::model::refusal::Refusal;
use crate::model::template::{TemplateAttribute, TemplateBody};

/// How long a value may be, in characters.
const LONGEST: usize = 1_000;

/// Attributes that a template may give (T-13): descriptive ones. What identifies, secures or links an account is never among them.
pub const ALLOWED_ATTRIBUTES: [&str; 14] = [
    "company",
    "department",
    "departmentNumber",
    "employeeType",
    "extensionAttribute1",
    "extensionAttribute2",
    "extensionAttribute3",
    "extensionAttribute4",
    "extensionAttribute5",
    "info",
    "l",
    "mail",
    "physicalDeliveryOfficeName",
    "title",
];

/// Whether a template, or whoever adopts or migrates an account, may set an attribute (T-13).
pub fn is_allowed(attribute: &str) -> bool {
    ALLOWED_ATTRIBUTES.iter().any(|allowed| allowed.eq_ignore_ascii_case(attribute))
}

/// Everything that is wrong with what a template says of attributes.
pub fn check_template(body: &TemplateBody) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |rule, message: String| refusals.push(Refusal::new(rule, "attributes", message));
    let mut seen = BTreeSet::new();
    for (name, attribute) in &body.attributes {
        if !is_allowed(name) {
            refuse("T-13", format!("{name} cannot be set by a template"));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            refuse("T-3", format!("{name} is there twice"));
        }
        let default = attribute.default.as_deref().unwrap_or_default();
        if attribute.read_only && default.is_empty() {
            refuse("T-3", format!("{name} is read-only and has no value: nobody could give it one"));
        }
        if let Err(refusal) = text::check("T-3", "attributes", default, LONGEST, false, false) {
            refuse("T-3", format!("{name} {}", refusal.message()));
        }
    }
    refusals
}

/// What the template says of an attribute, whatever the case of its name.
fn of<'a>(body: &'a TemplateBody, name: &str) -> Option<&'a TemplateAttribute> {
    body.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, attribute)| attribute)
}

/// The value that was given under this name, whatever its case; an empty one is none.
fn given<'a>(values: &'a BTreeMap<String, String>, name: &str) -> Option<&'a String> {
    values
        .iter()
        .find(|(given, value)| given.eq_ignore_ascii_case(name) && !value.is_empty())
        .map(|(_, value)| value)
}

/// Whatever is wrong with values that somebody filled in, be they the template's own or not; `rule` speaks of texts that nobody could read.
pub fn check_values(
    rule: &'static str,
    body: &TemplateBody,
    values: &BTreeMap<String, String>,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, value) in values {
        if !is_allowed(name) {
            refusals.push(Refusal::new("T-13", "attributes", format!("{name} cannot be set")));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            refusals.push(Refusal::new("T-3", "attributes", format!("{name} is there twice")));
        }
        refusals.extend(text::check(rule, "attributes", value, LONGEST, false, false).err());
        let fixed = of(body, name).filter(|attribute| attribute.read_only);
        if fixed.is_some_and(|fixed| !value.is_empty() && fixed.default.as_ref() != Some(value)) {
            let message = format!("{name} has the same value for all accounts of the template");
            refusals.push(Refusal::new("T-3", "attributes", message));
        }
    }
    if body.kind == AccountKind::GroupManaged && values.values().any(|value| !value.is_empty()) {
        refusals.push(Refusal::new("T-11", "attributes", "a gMSA gets no attributes"));
    }
    refusals
}

/// What must be filled in and is not; `known` are values that the account has already.
pub fn missing(
    body: &TemplateBody,
    values: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
) -> Vec<Refusal> {
    let has = |name: &str, attribute: &TemplateAttribute| {
        attribute.default.as_ref().is_some_and(|value| !value.is_empty())
            || given(values, name).or_else(|| given(known, name)).is_some()
    };
    let missing =
        body.attributes.iter().filter(|(name, attribute)| attribute.required && !has(name, attribute));
    missing.map(|(name, _)| Refusal::new("T-3", "attributes", format!("{name} must be filled in"))).collect()
}

/// Everything that is wrong with the attributes of a request: only the template's may be given.
pub fn check_form(body: &TemplateBody, values: &BTreeMap<String, String>) -> Vec<Refusal> {
    let mut refusals = check_values("R-3", body, values);
    if body.kind == AccountKind::User {
        for name in values.keys().filter(|name| of(body, name).is_none()) {
            let message = format!("the template has no attribute {name}");
            refusals.push(Refusal::new("T-3", "attributes", message));
        }
    }
    refusals.extend(missing(body, values, &BTreeMap::new()));
    refusals
}

/// What is written into the directory: what was given, and the template's own values for the rest. What has no value is left alone.
pub fn values(body: &TemplateBody, chosen: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = body.attributes.iter().filter_map(|(name, attribute)| {
        let value = given(chosen, name).filter(|_| !attribute.read_only).or(attribute.default.as_ref())?;
        (!value.is_empty()).then(|| (name.clone(), value.clone()))
    });
    let others = chosen.iter().filter(|(name, value)| !value.is_empty() && of(body, name).is_none());
    own.chain(others.map(|(name, value)| (name.clone(), value.clone()))).collect()
}

/// Of the values that an account has, those that a requester may give.
pub fn offered(body: &TemplateBody, values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let open = |name: &&String| of(body, name).is_some_and(|attribute| !attribute.read_only);
    let offered = values.iter().filter(|(name, value)| open(name) && !value.is_empty());
    offered.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::fixture::body;

    fn texts(values: &[(&str, &str)]) -> BTreeMap<String, String> {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn t_3_an_empty_default_fills_nothing_in() {
        let mut body = body();
        for (name, default) in [("info", Some("")), ("title", Some("service")), ("l", None)] {
            let default = default.map(str::to_owned);
            let attribute = TemplateAttribute { default, required: true, read_only: false };
            body.attributes.insert(name.to_owned(), attribute);
        }
        let messages = |values: &[(&str, &str)], known: &[(&str, &str)]| {
            let refusals = missing(&body, &texts(values), &texts(known));
            refusals.iter().map(|refusal| refusal.message().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(messages(&[], &[]), ["info must be filled in", "l must be filled in"]);
        assert_eq!(messages(&[("INFO", "x"), ("l", "")], &[]), ["l must be filled in"]);
        assert!(messages(&[("INFO", "x")], &[("L", "Bonn")]).is_empty());
    }

    #[test]
    fn t_13_what_the_template_does_not_name_is_written_when_it_has_a_value() {
        let mut body = body();
        body.attributes.insert("department".into(), "IT".into());
        body.attributes.insert("title".into(), TemplateAttribute::optional());
        let chosen = texts(&[("Department", "HR"), ("info", "batch"), ("l", ""), ("title", "")]);
        assert_eq!(values(&body, &chosen), texts(&[("department", "IT"), ("info", "batch")]));
    }

    fn said(refusals: &[Refusal]) -> Vec<(&'static str, String)> {
        refusals.iter().map(|refusal| (refusal.rule(), refusal.message().to_owned())).collect()
    }

    #[test]
    fn t_13_only_what_is_listed_is_set_by_a_template_each_once_and_with_a_value_where_none_can_be_given() {
        let mut body = body();
        let with_default = TemplateAttribute::with_default;
        body.attributes.insert("title".into(), "service".into());
        body.attributes.insert("info".into(), TemplateAttribute::optional());
        body.attributes.insert("company".into(), with_default("x".repeat(LONGEST)));
        assert_eq!(check_template(&body), []);
        body.attributes.insert("Company".into(), with_default("x".repeat(LONGEST + 1)));
        body.attributes
            .insert("l".into(), TemplateAttribute { read_only: true, ..TemplateAttribute::optional() });
        body.attributes.insert("sIDHistory".into(), TemplateAttribute::optional());
        assert_eq!(
            said(&check_template(&body)),
            [
                ("T-3", "Company has 1001 characters, at most 1000 are allowed".to_owned()),
                ("T-3", "company is there twice".to_owned()),
                ("T-3", "l is read-only and has no value: nobody could give it one".to_owned()),
                ("T-13", "sIDHistory cannot be set by a template".to_owned()),
            ]
        );
    }

    #[test]
    fn t_3_t_13_values_are_of_what_may_be_set_and_do_not_change_what_is_fixed() {
        let mut body = body();
        body.attributes.insert("title".into(), "service".into());
        let wrong =
            |body: &TemplateBody, values: &[(&str, &str)]| said(&check_values("R-3", body, &texts(values)));
        for fits in [vec![("TITLE", "service"), ("info", "x")], vec![("title", "")], vec![]] {
            assert_eq!(wrong(&body, &fits), [], "{fits:?}");
        }
        let fixed = ("T-3", "title has the same value for all accounts of the template".to_owned());
        assert_eq!(wrong(&body, &[("title", "boss")]), [fixed]);
        let not_listed = ("T-13", "memberOf cannot be set".to_owned());
        assert_eq!(wrong(&body, &[("memberOf", "x")]), [not_listed]);
        assert_eq!(
            wrong(&body, &[("INFO", "x"), ("info", "x")]),
            [("T-3", "info is there twice".to_owned())]
        );
        assert_eq!(wrong(&body, &[("info", "a\u{202E}b")])[0].0, "R-3");
        body.kind = AccountKind::GroupManaged;
        assert_eq!(wrong(&body, &[("info", "")]), []);
        assert_eq!(wrong(&body, &[("info", "x")]), [("T-11", "a gMSA gets no attributes".to_owned())]);
    }

    #[test]
    fn t_3_a_request_fills_in_what_the_template_asks_for_and_nothing_else() {
        let mut body = body();
        body.attributes.insert("info".into(), TemplateAttribute::required());
        assert_eq!(check_form(&body, &texts(&[("info", "x")])), []);
        assert_eq!(
            said(&check_form(&body, &texts(&[("title", "x")]))),
            [
                ("T-3", "the template has no attribute title".to_owned()),
                ("T-3", "info must be filled in".to_owned()),
            ]
        );
        (body.kind, body.attributes) = (AccountKind::GroupManaged, BTreeMap::new());
        assert_eq!(check_form(&body, &texts(&[("title", "")])), [], "nothing is given");
    }

    #[test]
    fn t_3_of_an_accounts_values_those_are_offered_that_may_be_changed() {
        let mut body = body();
        body.attributes.insert("title".into(), "service".into());
        for name in ["info", "l"] {
            body.attributes.insert(name.into(), TemplateAttribute::optional());
        }
        let has = texts(&[("title", "boss"), ("Info", "batch"), ("l", ""), ("mail", "a@x")]);
        assert_eq!(offered(&body, &has), texts(&[("Info", "batch")]));
    }
}
