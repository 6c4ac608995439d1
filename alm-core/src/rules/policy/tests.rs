use super::*;
use crate::model::managed::{PasswordReader, TicketEncryption};
use crate::rules::fixture::{body as users, dn};

fn managed_body() -> TemplateBody {
    let place = DirectoryPlace::new(DomainId::new(Uuid::from_u128(1)), dn("CN=Managed,DC=x"));
    let readers = [PasswordReader::Group(dn("CN=hosts,DC=x"))];
    TemplateBody::managed(EolAction::Disable, place, ManagedTemplate::new(readers))
}

#[test]
fn f_1_of_managed_accounts_a_file_says_who_reads_their_password_and_what_is_no_default() {
    let mut whole = managed_body();
    let said = fields(&whole);
    assert_eq!(said["managed"], json!({ "readers": [{ "group": "CN=hosts,DC=x" }] }));
    assert_eq!(body("web", &said), Ok(whole.clone()));
    whole.managed.as_mut().unwrap().encryption = TicketEncryption::Aes128;
    let said = fields(&whole);
    assert_eq!(said["managed"]["encryption"], "aes128");
    assert_eq!(body("web", &said), Ok(whole));
}

#[test]
fn f_1_null_is_as_if_nothing_were_said() {
    let mut said = fields(&users());
    let approval = |extra: (&str, Value)| {
        let mut step = object(json!({ "name": "line", "required": 2 }));
        step.insert(extra.0.to_owned(), extra.1);
        json!([step])
    };
    said.insert("managed".into(), Value::Null);
    said.insert("approval".into(), approval(("escalate_after_hours", Value::Null)));
    let read = body("web", &said).unwrap();
    assert_eq!((read.managed, read.approval[0].escalate_after_hours), (None, None));
    said.insert("approval".into(), approval(("escalates", json!(1))));
    let refusals = body("web", &said).unwrap_err();
    assert_eq!(refusals[0].message(), "web: there is no field approval[0].escalates");
}

#[test]
fn f_2_only_what_differs_is_said_each_in_a_line() {
    let map = |value| object(value);
    let before = map(json!({
        "a": 1, "same": [1, { "x": 2 }], "list": [1, { "x": 2 }], "longer": [1], "inner": { "b": 1, "c": 2 },
    }));
    assert!(differences(&before, &before).is_empty());
    let after = map(json!({
        "a": 2, "same": [1, { "x": 2 }], "list": [1, { "x": 3 }], "longer": [1, 2], "inner": { "b": 1 },
        "new": { "d": "e" },
    }));
    assert_eq!(
        differences(&before, &after),
        [
            "a: 1 → 2",
            "inner.c: 2 → default",
            "list[1].x: 2 → 3",
            "longer: [1] → [1,2]",
            "new.d: default → \"e\"",
        ]
    );
}

#[test]
fn f_1_names_are_looked_up_wherever_a_file_has_them() {
    let mut said = object(json!({
        "requesters": ["Team"], "vault": { "vault": "Secret Server" }, "directory": { "domain": "corp" },
        "approval": [{ "groups": ["Leads"], "people": ["ann@x"] }, { "groups": "Chiefs", "people": 1 }],
    }));
    let mut seen = Vec::new();
    references(&mut said, |reference, path, text| {
        seen.push(format!("{reference:?} {path} {text}"));
        *text = "found".into();
    });
    assert_eq!(
        seen,
        [
            "Group requesters[0] Team",
            "Vault vault.vault Secret Server",
            "Domain directory.domain corp",
            "Group approval[0].groups[0] Leads",
            "Person approval[0].people[0] ann@x",
            "Group approval[1].groups Chiefs",
        ]
    );
    assert_eq!((&said["requesters"][0], &said["vault"]["vault"]), (&json!("found"), &json!("found")));
}

/// The least that a file says.
fn least() -> Map<String, Value> {
    object(json!({
        "eol_action": "disable",
        "vault": { "vault": Uuid::from_u128(2), "folder": "12", "secret_template": "6001" },
        "directory": { "domain": Uuid::from_u128(1), "ous": ["OU=Services,DC=x"] },
    }))
}

#[test]
fn f_1_what_a_file_does_not_say_has_its_default_but_for_what_it_must_say() {
    let read = body("batch", &least()).unwrap();
    let (vault, place) = (read.vault.clone().unwrap(), read.directory.clone());
    assert_eq!(read, TemplateBody::new(EolAction::Disable, vault, place));
    assert_eq!(fields(&read), least());
    for path in REQUIRED {
        let mut said = least();
        remove(&mut said, path);
        let refusals = body("batch", &said).unwrap_err();
        let field = format!("missing field `{}`", path.last().unwrap());
        assert!(refusals[0].message().contains(&field), "{refusals:?}");
    }
}

#[test]
fn f_1_false_takes_a_default_away_that_is_no_flag() {
    let mut said = least();
    said.insert("reminders".into(), json!({ "every_days": false, "at_renewal_date": false }));
    said.insert("attributes".into(), json!({ "info": { "required": true, "default": false } }));
    let read = body("batch", &said).unwrap();
    assert_eq!((read.reminders.every_days, read.reminders.at_renewal_date), (None, false));
    let attributes = fields(&read)["attributes"].clone();
    assert_eq!(attributes, json!({ "info": { "required": true } }));
}

#[test]
fn f_1_fields_have_names() {
    let mut said = least();
    said.insert("vault".into(), json!([Uuid::from_u128(2), "12", "6001", false]));
    let refusals = body("batch", &said).unwrap_err();
    assert_eq!(refusals[0].message(), "batch: there is no field vault as a list");
}
