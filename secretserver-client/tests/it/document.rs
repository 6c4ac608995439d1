//! Every operation against the published document that `SECRETSERVER_OPENAPI` names: address, verb, arguments, body.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "it says how much was checked")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use secretserver_client::testing::{CatalogueEntry, catalogue};
use serde_json::Value;

/// Where the document is, if anybody said so. Its absence is a failure where it was promised.
pub(crate) fn document_path() -> Option<PathBuf> {
    if let Ok(path) = std::env::var("SECRETSERVER_OPENAPI") {
        return Some(path.into());
    }
    let promised = std::env::var("CI_REQUIRE_OPENAPI").is_ok_and(|v| v == "1");
    assert!(!promised, "CI_REQUIRE_OPENAPI is set, and SECRETSERVER_OPENAPI does not name the document");
    // For whoever reads the output: a test that did not look must not pass for one that did.
    eprintln!("NOT CHECKED: SECRETSERVER_OPENAPI does not name the published document");
    None
}

/// Operations that the document does not have, with the reason why the client has them.
const NOT_IN_THE_DOCUMENT: &[(&str, &str)] =
    &[("PUT /api/v1/secrets/4/undelete", "replaced by `activate` in 11; servers before know only this one")];

/// Arguments that the document does not name, with the reason why they are sent.
const UNNAMED_ARGUMENTS: &[(&str, &str)] = &[(
    "filter.secretTemplateId",
    "the name in v1, which servers before 11 know; the document has the plural",
)];

/// Arguments that the document wants, with the reason why they are not sent.
const UNSENT_ARGUMENTS: &[(&str, &str)] =
    &[("noBus", "a generated mark: health is asked for before anything is known, and no client sends it")];

/// The entry of the document for a path with values, and the values by name. A path that is written out comes before one with names.
pub(crate) fn find<'d>(
    document: &'d Value,
    entry: &CatalogueEntry,
) -> Option<(&'d Value, Vec<(String, String)>)> {
    let path = entry.path.strip_prefix("/api").unwrap();
    let mut fitting: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(template, operations)| {
            let operation = operations.get(entry.method.to_ascii_lowercase())?;
            let (names, values): (Vec<_>, Vec<_>) =
                (template.split('/').collect(), path.split('/').collect());
            if names.len() != values.len() {
                return None;
            }
            let mut found = Vec::new();
            for (name, value) in names.iter().zip(&values) {
                match name.strip_prefix('{').and_then(|n| n.strip_suffix('}')) {
                    Some(name) => found.push((name.to_owned(), (*value).to_owned())),
                    None if name == value => {}
                    None => return None,
                }
            }
            Some((operation, found))
        })
        .collect();
    fitting.sort_by_key(|(_, found)| found.len());
    fitting.into_iter().next()
}

pub(crate) fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolve(document, document.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

pub(crate) fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value has the shape that the document describes; a name that the document does not have is a mistake.
fn validate(document: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = resolve(document, schema);
    if let Some(words) = schema["enum"].as_array() {
        if !words.contains(value) {
            wrong.push(format!("{at}: {value} is none of {words:?}"));
        }
        return;
    }
    let types = types(schema);
    let fits = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{at}: the document has a type {other}"),
    };
    if !types.is_empty() && !types.iter().any(|name| fits(name)) {
        wrong.push(format!("{at}: {value} is none of {types:?}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        wrong.push(format!("{at}: {number} is less than {least}"));
    }
    match value {
        Value::Array(entries) => {
            for (i, entry) in entries.iter().enumerate() {
                validate(document, &schema["items"], entry, &format!("{at}[{i}]"), wrong);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                match schema["properties"].get(name) {
                    Some(inner) => validate(document, inner, field, &format!("{at}.{name}"), wrong),
                    None => wrong.push(format!("{at}: the document has no {name}")),
                }
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    wrong.push(format!("{at}: {name} is missing"));
                }
            }
        }
        _ => {}
    }
}

/// Checks a value of a path or a query, which is text, against the type that the document gives it.
fn validate_text(document: &Value, schema: &Value, text: &str, at: &str, wrong: &mut Vec<String>) {
    let schema = resolve(document, schema);
    let schema = if schema["type"] == "array" { resolve(document, &schema["items"]) } else { schema };
    let types = types(schema);
    let ok = types.is_empty()
        || types.iter().any(|name| match *name {
            "integer" => text.parse::<i32>().is_ok(),
            "number" => text.parse::<f64>().is_ok(),
            "boolean" => matches!(text, "true" | "false"),
            "string" => true,
            _ => false,
        });
    if !ok {
        wrong.push(format!("{at}: {text} is none of {types:?}"));
    }
}

fn check(document: &Value, entry: &CatalogueEntry, wrong: &mut Vec<String>) {
    let name = format!("{} ({} {})", entry.operation, entry.method, entry.path);
    let Some((operation, values)) = find(document, entry) else {
        wrong.push(format!("{name}: the document does not have it"));
        return;
    };
    let parameters: Vec<&Value> =
        operation["parameters"].as_array().into_iter().flatten().map(|p| resolve(document, p)).collect();
    let known = |place: &str, name: &str| parameters.iter().find(|p| p["in"] == place && p["name"] == name);
    for (parameter, value) in &values {
        match known("path", parameter) {
            Some(p) => validate_text(document, &p["schema"], value, &format!("{name} {parameter}"), wrong),
            None => wrong.push(format!("{name}: the document does not describe {parameter}")),
        }
    }
    for (argument, value) in &entry.query {
        match known("query", argument) {
            Some(p) => validate_text(document, &p["schema"], value, &format!("{name} {argument}"), wrong),
            None if UNNAMED_ARGUMENTS.iter().any(|(n, _)| n == argument) => {}
            None => wrong.push(format!("{name}: the document has no argument {argument}")),
        }
    }
    for parameter in parameters.iter().filter(|p| p["in"] == "query" && p["required"] == true) {
        let wanted = parameter["name"].as_str().unwrap();
        let sent = entry.query.iter().any(|(n, _)| n == wanted);
        if !sent && !UNSENT_ARGUMENTS.iter().any(|(n, _)| *n == wanted) {
            wrong.push(format!("{name}: {wanted} is missing"));
        }
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    match &entry.body {
        Some(_) if schema.is_null() => wrong.push(format!("{name}: the document has no body")),
        Some(body) => validate(document, schema, body, &name, wrong),
        None if operation["requestBody"]["required"] == true => {
            wrong.push(format!("{name}: the body is missing"));
        }
        None => {}
    }
}

#[test]
fn the_published_document_knows_every_operation() {
    let Some(path) = document_path() else { return };
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let (mut checked, mut exempt, mut names) = (0, BTreeSet::new(), BTreeSet::new());
    for entry in catalogue().unwrap() {
        let address = format!("{} {}", entry.method, entry.path);
        if NOT_IN_THE_DOCUMENT.iter().any(|(a, _)| *a == address) {
            exempt.insert(address);
            continue;
        }
        check(&document, &entry, &mut wrong);
        checked += 1;
        names.insert(entry.operation);
    }
    println!("{checked} requests of {} operations checked, {} exempt", names.len(), exempt.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(exempt.len(), NOT_IN_THE_DOCUMENT.len(), "an exemption that nobody needs any more");
}

/// A check that finds nothing wrong with anything is none.
#[test]
fn mistakes_are_found() {
    let Some(path) = document_path() else { return };
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = catalogue().unwrap();
    let spoilt = |operation: &str, spoil: fn(&mut CatalogueEntry)| {
        let mut entry = all.iter().find(|e| e.operation == operation).unwrap().clone();
        spoil(&mut entry);
        let mut wrong = Vec::new();
        check(&document, &entry, &mut wrong);
        assert!(!wrong.is_empty(), "{operation}: {entry:?}");
    };
    spoilt("users.get", |e| e.path = "/api/v1/users/x".to_owned());
    spoilt("users.get", |e| e.path = "/api/v1/user/20".to_owned());
    spoilt("users.get", |e| e.method = "POST");
    spoilt("users.search", |e| e.query.push(("filter.text".to_owned(), "x".to_owned())));
    spoilt("users.search", |e| e.query.push(("filter.domainId".to_owned(), "x".to_owned())));
    spoilt("dependencies.search", |e| e.query.retain(|(n, _)| n != "filter.secretId"));
    spoilt("users.create", |e| e.body = Some(serde_json::json!({ "userName": "x", "displayName": "y" })));
    spoilt("groups.add_member", |e| e.body = Some(serde_json::json!({ "userId": "20" })));
    spoilt("groups.add_member", |e| e.body = Some(serde_json::json!({ "user": 20 })));
    spoilt("users.patch", |e| e.body = Some(serde_json::json!({ "enabled": false })));
}

/// The catalogue is complete: each operation that is named in the sources is in it.
#[test]
fn the_catalogue_has_every_operation() {
    let listed: BTreeSet<String> = catalogue().unwrap().iter().map(|e| e.operation.to_owned()).collect();
    let mut named = BTreeSet::new();
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/resource")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let line = line.trim();
                let declares = line.starts_with("const OPERATION")
                    || line.starts_with("@impl") && line.contains(": ")
                    || line.starts_with('"') && line.contains(" => ");
                if let (true, Some(name)) = (declares, line.split('"').nth(1)) {
                    named.insert(name.to_owned());
                }
            }
        }
    }
    assert!(named.len() > 80, "the sources were read: {}", named.len());
    assert_eq!(named, listed);
}

/// Every operation of the first priority is in the catalogue, the three ways to sign in apart, which are no operations of a signed-in client.
#[test]
fn every_operation_of_the_first_priority_is_there() {
    let Some(path) = document_path() else { return };
    let list = std::fs::read_to_string(path.parent().unwrap().join("operations.md")).unwrap();
    let first = list.split("\n## P1").next().unwrap();
    let wanted: Vec<(&str, &str)> = first
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`')?.split_once(' '))
        .filter(|(_, path)| !path.starts_with("/oauth2/token"))
        .collect();
    assert_eq!(wanted.len(), 119);
    let all = catalogue().unwrap();
    // Both write values of the path as `{name}`, with names of their own; one of them is optional.
    let shape = |path: &str| {
        let names = path.trim_start_matches("/api").split('/');
        names.map(|n| if n.starts_with('{') { "{}" } else { n }).collect::<Vec<_>>().join("/")
    };
    let sent: BTreeSet<(&str, String)> = all
        .iter()
        .flat_map(|e| [(e.method, shape(&e.template)), (e.method, shape(&e.path.replace("/0", "/{id}")))])
        .collect();
    let missing: Vec<_> =
        wanted.iter().filter(|(method, path)| !sent.contains(&(*method, shape(path)))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
