//! What the simulator answers, against the published document that `SECRETSERVER_OPENAPI` names. (The published examples: `replay.rs`.)
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "it says how much was checked")]

use std::collections::BTreeSet;

use serde_json::Value;

use crate::it::document::{document_path, resolve, types};

/// Operations that the document does not have, with the reason why they are answered.
const NOT_IN_THE_DOCUMENT: &[(&str, &str)] = &[
    (
        "POST /oauth2/token",
        "not under /api, and described in words only; its shape is held against the examples",
    ),
    ("PUT /api/v1/secrets/{id}/undelete", "replaced by `activate` in 11; servers before know only this one"),
    (
        "GET /api/v1/secrets/search-total",
        "the form in v1, which a widely used client asks for; a bare number as in v2",
    ),
    ("GET /api/v1/templates", "the document writes the folder as optional, and only the path with one"),
];

/// Members that the document does not name, with the reason why they are answered: operation (empty: any) and member.
const UNNAMED: &[(&str, &str, &str)] = &[
    ("GET /api/v1/healthcheck", "Healthy", "one widely used client only finds it large"),
    ("GET /api/v1/version", "model", "recorded in this envelope (example 12)"),
    ("GET /api/v1/secret-templates/{id}", "fields", "v1 has them (example 30); the document took v2's shape"),
    ("GET /api/v1/secret-templates/{id}", "passwordTypeId", "as above"),
];

/// Members that are null although the document has no null for them, with the recording that has it so.
const NULLS: &[(&str, &str)] = &[
    ("responseCodes", "examples 17 and 27"),
    ("extendedFields", "example 27"),
    ("childFolders", "example 21"),
    ("secretTemplates", "example 21"),
    ("ipAddressRestrictions", "example 13"),
    ("isCheckedOut", "example 28"),
    ("isCheckedOutByCurrentUser", "example 28"),
    ("groupId", "example 22, the other way round"),
    ("userId", "example 22"),
    ("enableInheritSecretPolicy", "a setting that was never sent"),
    ("runScript", "example 32"),
    ("dependencyTemplate", "as runScript: a dependency has one of both"),
    ("secretCount", "counted on request only"),
];

/// Answers where the document has another type, with the reason.
const OTHER_TYPE: &[(&str, &str)] = &[(
    "GET /api/v1/templates/{folderId}",
    "a list, as its name and summary say; the document shows one entry",
)];

fn validate(
    document: &Value,
    schema: &Value,
    value: &Value,
    operation: &str,
    at: &str,
    wrong: &mut Vec<String>,
) {
    let schema = resolve(document, schema);
    let name = at.rsplit('.').next().unwrap_or_default().trim_end_matches("[]");
    let types = types(schema);
    if value.is_null() {
        let allowed = types.is_empty() || types.contains(&"null") || NULLS.iter().any(|(n, _)| *n == name);
        if !allowed {
            wrong.push(format!("{operation} {at}: null is none of {types:?}"));
        }
        return;
    }
    if let Some(words) = schema["enum"].as_array() {
        if !words.contains(value) {
            wrong.push(format!("{operation} {at}: {value} is none of {words:?}"));
        }
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = types.contains(&kind) || kind == "integer" && types.contains(&"number");
    if !types.is_empty() && !fits {
        wrong.push(format!("{operation} {at}: {value} is none of {types:?}"));
        return;
    }
    match value {
        Value::Array(entries) => {
            for entry in entries {
                validate(document, &schema["items"], entry, operation, &format!("{at}[]"), wrong);
            }
        }
        Value::Object(members) if schema["properties"].is_object() => {
            for (member, inner) in members {
                match schema["properties"].get(member) {
                    Some(schema) => {
                        validate(document, schema, inner, operation, &format!("{at}.{member}"), wrong);
                    }
                    None if UNNAMED.iter().any(|(o, m, _)| *o == operation && m == member) => {}
                    None => wrong.push(format!("{operation} {at}: the document has no {member}")),
                }
            }
            for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !members.contains_key(required) {
                    wrong.push(format!("{operation} {at}: {required} is missing"));
                }
            }
        }
        _ => {}
    }
}

/// The schema of an answer. What the document does not say of other errors is what it says of 400.
fn schema<'d>(document: &'d Value, method: &str, path: &str, status: u64) -> Option<&'d Value> {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let operation = &document["paths"][path][method.to_ascii_lowercase()];
    operation.as_object()?;
    let responses = &operation["responses"];
    let named = &responses[status.to_string()];
    let response = if named.is_null() { &responses["400"] } else { named };
    let content = response["content"].as_object()?;
    content.iter().find(|(kind, _)| kind.contains("json")).map(|(_, c)| &c["schema"])
}

/// What a check of a record found.
#[derive(Default)]
struct Checked {
    answers: usize,
    operations: BTreeSet<String>,
    exempt: BTreeSet<String>,
    wrong: Vec<String>,
}

fn check(document: &Value, record: &str) -> Checked {
    let mut checked = Checked::default();
    for line in record.lines().collect::<BTreeSet<_>>() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let (method, path) = (line["method"].as_str().unwrap(), line["path"].as_str().unwrap());
        let status = line["status"].as_u64().unwrap();
        let operation = format!("{method} {path}");
        match schema(document, method, path, status) {
            Some(_) if status == 200 && OTHER_TYPE.iter().any(|(o, _)| *o == operation) => {
                checked.exempt.insert(operation);
            }
            Some(schema) => {
                validate(
                    document,
                    schema,
                    &line["body"],
                    &operation,
                    &status.to_string(),
                    &mut checked.wrong,
                );
                checked.answers += 1;
                checked.operations.insert(operation);
            }
            None if NOT_IN_THE_DOCUMENT.iter().any(|(o, _)| *o == operation) => {
                checked.exempt.insert(operation);
            }
            None => checked.wrong.push(format!("{operation}: the document does not have it")),
        }
    }
    checked
}

/// Last step of `.ci/test`: `SECRETSERVER_SIMULATOR_ANSWERS` names what all simulators of the run recorded.
#[test]
fn recorded_answers_fit_the_document() {
    let Some(path) = document_path() else { return };
    let Ok(record) = std::env::var("SECRETSERVER_SIMULATOR_ANSWERS") else {
        eprintln!("NOT CHECKED: SECRETSERVER_SIMULATOR_ANSWERS does not name a record of answers");
        return;
    };
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let checked = check(&document, &std::fs::read_to_string(record).unwrap());
    println!(
        "{} different answers of {} operations checked, {} operations exempt",
        checked.answers,
        checked.operations.len(),
        checked.exempt.len()
    );
    assert!(checked.wrong.is_empty(), "{}", checked.wrong.join("\n"));
    assert!(checked.operations.len() > 100, "{:?}", checked.operations);
}

/// A check that finds nothing wrong with anything is none.
#[test]
fn wrong_answers_are_found() {
    let Some(path) = document_path() else { return };
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let line = |path: &str, status: u16, body: &str| {
        format!(r#"{{"method":"GET","path":"{path}","status":{status},"body":{body}}}"#)
    };
    for (bad, good) in [
        (line("/api/v1/users/{id}", 200, r#"{"id":"1"}"#), line("/api/v1/users/{id}", 200, r#"{"id":1}"#)),
        (
            line("/api/v1/users/{id}", 200, r#"{"name":"x"}"#),
            line("/api/v1/users/{id}", 200, r#"{"userName":"x"}"#),
        ),
        (
            line("/api/v1/users/{id}", 200, r#"{"id":null}"#),
            line("/api/v1/users/{id}", 200, r#"{"emailAddress":null}"#),
        ),
        (
            line("/api/v1/users/{id}", 200, r#"{"externalUserSource":"Moon"}"#),
            line("/api/v1/users/{id}", 200, r#"{"externalUserSource":"None"}"#),
        ),
        (line("/api/v1/users/{id}", 400, "{}"), line("/api/v1/users/{id}", 400, r#"{"message":"x"}"#)),
        (line("/api/v1/moon", 200, "{}"), line("/api/v1/groups", 200, r#"{"records":[{"id":1}]}"#)),
        (
            line("/api/v1/groups", 200, r#"{"records":[{"id":"x"}]}"#),
            line("/api/v1/groups", 401, r#"{"message":"x"}"#),
        ),
    ] {
        assert!(!check(&document, &bad).wrong.is_empty(), "{bad}");
        let found = check(&document, &good);
        assert!(found.wrong.is_empty() && found.answers == 1, "{good}: {:?}", found.wrong);
    }
}

/// For `everything.rs`: the record of one run.
pub(crate) fn check_record(record: &str) -> Option<(usize, usize)> {
    let path = document_path()?;
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let checked = check(&document, record);
    assert!(checked.wrong.is_empty(), "{}", checked.wrong.join("\n"));
    Some((checked.answers, checked.operations.len()))
}
